"""What a server that was installed by the guide must do."""

import asyncio
import time

import httpx

from tests.fresh_machines.booted import BootedMachine
from tests.integrations.smtp_server import Mailbox

_COMMON = " KillMode=mixed ProtectSystem=strict User=gatehouse "
_COUNT = "runuser -u postgres -- psql -qAtc 'SELECT count(*) FROM transition_log'"
_DUE = (
    "runuser -u postgres -- psql -qd gatehouse -c \"UPDATE schedule SET next_run_at = now() WHERE name = 'audit.seal'\""
)
_WITHIN = 90  # seconds, for what takes the services a moment

_UNITS = (
    "gatehouse-api@8001 gatehouse-api@8002 gatehouse-dispatcher gatehouse-worker@links gatehouse-worker@charges "
    "gatehouse-worker@emails gatehouse-worker@webhooks gatehouse-worker@documents gatehouse-worker@sweeps"
)


class ServerWrong(Exception):
    """Raised when the server does not do what it must."""


async def check_server(server: BootedMachine, domain: str, mailbox: Mailbox) -> None:
    """The pages answer over TLS, hide what is inside, believe their proxy only, and e-mails leave."""
    await _until(server, f"systemctl is-active {_UNITS}")
    await _until(server, "curl -sf http://127.0.0.1:8001/health/ready && curl -sf http://127.0.0.1:8002/health/ready")
    public = f"curl -sk --max-time 20 --resolve {domain}:443:127.0.0.1 https://{domain}"
    await _until(server, f"{public}/portal/harbour | grep 'Harbour Records' >/dev/null")
    await _holds(server, f"test $({public}/metrics -o /dev/null -w '%{{http_code}}') = 404")
    await _holds(server, "curl -sf http://127.0.0.1:8001/metrics | grep '^gatehouse_' >/dev/null")
    await _holds(server, "! runuser -u gatehouse -- touch /opt/gatehouse/x /etc/gatehouse/x 2>/dev/null")
    await _holds(server, f"systemctl show -p KillMode,ProtectSystem,User {_UNITS} | sort -u | tr '\\n' ' '", _COMMON)
    await _signs_in(server, public, mailbox)


async def seal(server: BootedMachine) -> None:
    """Seals the log as an hour's passing does, so that what is dumped and restored can be proven whole."""
    await _holds(server, "install -m 0644 /etc/gatehouse/audit.key.pub /var/lib/gatehouse/sealed.pub")
    verify = "gatehouse audit export --output sealed.csv && gatehouse audit verify sealed.csv --key sealed.pub"
    await _until(server, f"{_DUE}; sleep 3; {verify}")


async def check_dump(server: BootedMachine) -> None:
    """What the guide says of a dump as the application's role is so; the restored database holds what was dumped."""
    await _holds(server, '. /etc/gatehouse/gatehouse.env; ! pg_dump "$DATABASE_URL" --file=/dev/null 2>&1')
    await _holds(server, f'test "$({_COUNT} gatehouse)" -ge "$({_COUNT} gatehouse_before)"')


async def check_client_address(domain: str) -> None:
    """A client that invents an address for each request is still one client: the limit of 30 an hour stops it."""
    statuses: list[int] = []
    async with httpx.AsyncClient(verify=False) as client:  # noqa: S501 - the certificate is the machine's own
        for number in range(31):
            answer = await client.post(
                "https://127.0.0.1/api/v1/console/access-links",
                json={"marketplace": "harbour", "email": f"nobody{number}@example.com"},
                headers={"Host": domain, "X-Forwarded-For": f"6.6.{number}.6"},
                extensions={"sni_hostname": domain},
            )
            statuses.append(answer.status_code)
    if set(statuses[:10]) != {202} or statuses[-1] != 429:
        raise ServerWrong(f"31 requests of one client were answered {statuses}")


async def check_stop(server: BootedMachine) -> None:
    """Stopping ends every service in order, none by SIGKILL."""
    began = time.monotonic()
    await _holds(server, "systemctl stop 'gatehouse*'")
    states = f"systemctl show -p ActiveState {_UNITS} | grep -v '^$' | sort -u"
    await _holds(server, states, "ActiveState=inactive\n")
    await _holds(server, f"test -z \"$(systemctl show -p Result {_UNITS} | grep -v '^$' | grep -v Result=success)\"")
    print(f"  {time.monotonic() - began:5.1f} s  systemctl stop 'gatehouse*'", flush=True)


async def _signs_in(server: BootedMachine, public: str, mailbox: Mailbox) -> None:
    before = len(mailbox.raw)
    ask = '\'{"marketplace": "harbour", "email": "owner@example.com"}\''
    forged = "-H 'X-Forwarded-For: 6.6.6.6'"
    await _holds(
        server, f"{public}/api/v1/console/access-links {forged} -H 'Content-Type: application/json' -d {ask} -f"
    )
    async with asyncio.timeout(_WITHIN):
        while len(mailbox.raw) == before:  # noqa: ASYNC110 - the mailbox has no event
            await asyncio.sleep(0.2)


async def _until(server: BootedMachine, command: str) -> None:
    give_up_at = time.monotonic() + _WITHIN
    while (done := await asyncio.to_thread(server.run, command)).returncode != 0:
        if time.monotonic() > give_up_at:
            journal = await asyncio.to_thread(
                server.run, "journalctl --no-pager -n 40 -u 'gatehouse*' -u caddy -u nginx"
            )
            raise ServerWrong(f"{command}\n{done.stdout[-1500:]}\n{journal.stdout[-6000:]}")
        await asyncio.sleep(1)


async def _holds(server: BootedMachine, command: str, answer: str | None = None) -> None:
    done = await asyncio.to_thread(server.run, command)
    if done.returncode != 0 or answer not in {None, done.stdout}:
        raise ServerWrong(f"{command}\n{done.stdout[-2000:]}")

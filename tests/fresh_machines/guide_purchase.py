"""A purchase on a server that was installed by the guide: everything from the API to the PDF has its part in it."""

import asyncio
from typing import Any

import httpx

from tests.fresh_machines.booted import BootedMachine
from tests.integrations.smtp_server import Mailbox

_API = "http://127.0.0.1:8001/api/v1"
_CARD = {"gateway": "sandbox", "number": "4242424242424242", "exp_month": 12, "exp_year": 2033}
_PRODUCT = {"name": "Monthly box", "kind": "recurring", "amount_minor": 2400, "interval_unit": "month"}
_RENDERED = (
    """runuser -u postgres -- psql -qAtd gatehouse -c "SELECT count(*) FROM document WHERE state = 'rendered'" """
)
_WITHIN = 120  # seconds


async def buy(server: BootedMachine, api_key: str, mailbox: Mailbox) -> None:
    """Order a subscription, and wait for the receipt's e-mail and the invoice's PDF. Raises TimeoutError."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {api_key}"}) as api:
        customer = await _made(api, "customers", {"email": "jane@example.com", "name": "Jane"})
        product = await _made(api, "products", _PRODUCT)
        order = {"customer": customer["number"], "product": product["id"], "card": _CARD}
        assert (await _made(api, "orders", order))["state"] == "paid"
    async with asyncio.timeout(_WITHIN):
        while not any("jane@example.com" in to for _, to in mailbox.envelopes):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.2)
        while (await asyncio.to_thread(server.run, _RENDERED)).stdout.strip() != "1":  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def _made(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await api.post(f"{_API}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()

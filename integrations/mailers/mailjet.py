"""E-mail by Mailjet's Send API v3.1, through `mailjet-rest`: one message a call, one POST a try.

Its client repeats a POST by itself after a time-out over https, as if it had not been sent: that is taken out. Whether
a message arrived is asked by its CustomID, which is the e-mail's id (docs/decisions/0022). The client blocks: each
call runs in a thread of the mailer's own.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import requests
from mailjet_rest import Client

from integrations.mailers.mailjet_answers import found_in, reference_in, why_not_asked, why_not_sent
from integrations.mailers.mailjet_network import OneTryAdapter, Patience, begin_before
from integrations.mailers.mime import checked_address, list_unsubscribe
from workflows.emails.delivery.mailer import Message, MessageRefused
from workflows.runtime.errors import InDoubt

API_BASE = "https://api.mailjet.com/"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_LOOK_UP_LAG = timedelta(seconds=15)  # its look-ups know of a message some seconds after it was taken
_AT_ONCE = 8  # calls; as many as a worker has threads
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_SUBJECT = 255  # characters (mj-0006)
# No vacation notice in answer: RFC 3834, and the same for Exchange.
_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class MailjetMailer:
    """Sends from `mail_from`, which the account must know. `look_up_lag` is how late Mailjet knows what it took.

    Raises ValueError for missing keys, and an `api_base` to which they must not go.
    """

    def __init__(
        self,
        api_key: str,
        secret_key: str,
        mail_from: str,
        api_base: str = "",
        *,
        patience: Patience = Patience(),  # noqa: B008 - it is frozen
        look_up_lag: timedelta = _LOOK_UP_LAG,
    ) -> None:
        if not (api_key and secret_key):
            raise ValueError("MAILER=mailjet needs MAILJET_API_KEY and MAILJET_SECRET_KEY")
        if not _may_have_the_keys(api_base or API_BASE):
            raise ValueError("MAILJET_API_BASE must be https://, or a loopback address: the secret key is sent there")
        self._mail_from, self._patience = mail_from, patience
        self.doubt_lasts = patience.in_all + look_up_lag
        self._adapter = OneTryAdapter()
        self._send, self._look_up = (
            self._client((api_key, secret_key), version, api_base or API_BASE) for version in ("v3.1", "v3")
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, "mailjet")
        # At ERROR the SDK logs each time-out with its traceback; what there is to say of one is said by its row.
        logging.getLogger("mailjet_rest").setLevel(logging.CRITICAL)

    async def send(self, message: Message) -> str:
        """Hands the message over; answers with Mailjet's id of it.

        Raises MessageRefused, InDoubt, and MailjetUnavailable when it was surely not taken.
        """
        payload = self._payload(message)
        key = {"Idempotency-Key": str(message.id)}  # else the client's own: a digest that leaves out the CustomID

        def post() -> requests.Response:
            return self._send.send.create(data=payload, headers=key, allow_redirects=False)

        answer = await self._ask(post, why_not_sent)
        return reference_in(answer, message.id)

    async def find(self, message_id: UUID) -> str | None:
        """Mailjet's id of the message with that CustomID, None where it knows of none (yet). Raises InDoubt."""
        filters = {"CustomID": str(message_id), "ShowCustomID": "true"}

        def get() -> requests.Response:
            return self._look_up.message.get(filters=filters, allow_redirects=False)

        return found_in(await self._ask(get, why_not_asked), message_id)

    async def _ask(self, call: Callable[[], requests.Response], why: Callable[[Exception], Exception]) -> Any:
        """The JSON of the answer. `why` turns what the client raises into what it means."""
        latest = time.monotonic() + self._patience.begin_within.total_seconds()

        def done() -> Any:
            begin_before(latest)
            try:
                response = call()
                if response.status_code != 200:  # a redirect: nobody follows one with a secret key
                    raise InDoubt(f"mailjet_{response.status_code}")
                return response.json()
            except InDoubt:
                raise
            except Exception as error:  # noqa: BLE001 - the client raises what it likes
                raise why(error) from None

        try:
            async with asyncio.timeout(self._patience.in_all.total_seconds()):
                return await asyncio.get_running_loop().run_in_executor(self._threads, done)
        except TimeoutError:
            raise InDoubt("mailjet_no_end") from None

    def _client(self, keys: tuple[str, str], version: str, api_base: str) -> Client:
        client = Client(auth=keys, version=version, api_url=api_base, timeout=self._patience.for_the_client)
        client.session.mount("https://", self._adapter)
        client.session.mount("http://", self._adapter)
        return client

    def _payload(self, message: Message) -> dict[str, Any]:
        if _CONTROL.search(message.subject + message.sender_name):
            raise MessageRefused("malformed_header")
        one: dict[str, Any] = {
            "From": {"Email": self._mail_from, "Name": message.sender_name},
            "To": [{"Email": _address(message.recipient)}],
            "Subject": message.subject[:_LONGEST_SUBJECT],
            "TextPart": message.text,
            "HTMLPart": message.html,
            "CustomID": str(message.id),
            # Links hold secrets, and who opens what is nobody's business.
            "TrackClicks": "disabled",
            "TrackOpens": "disabled",
            "Headers": {**_HEADERS, **list_unsubscribe(message)},
        }
        if message.reply_to:
            one["ReplyTo"] = {"Email": _address(message.reply_to)}
        return {"Messages": [one]}


def _address(text: str) -> str:
    local, domain = checked_address(text)
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise MessageRefused("malformed_address") from None


def _may_have_the_keys(api_base: str) -> bool:
    parts = urlsplit(api_base)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)

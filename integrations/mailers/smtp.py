"""E-mail by SMTP (aiosmtplib), one connection a message. An error never carries the server's words: they may quote the
body, and the body has the link.

`smtp://user:password@host:587?timeout=10` upgrades to TLS where the server offers it and insists on it before a
password; `smtps://` begins with it. `timeout` is in seconds, for each answer of the server, three times for the last.
"""

from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from integrations.mailers.mime import as_bytes, as_mime, message_id
from workflows.emails.delivery.mailer import Message, MessageRefused
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt, WorkflowError

_TIMEOUT = 10.0  # seconds; longer than a healthy server takes, short enough for somebody waiting for a link
_DATA_PATIENCE = 3  # times as long for the body: filters read it first, and giving up here means doubt
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PERMANENT = 500


class SmtpUnavailable(WorkflowError):
    """Raised when the server surely has not taken the message: no connection, "try again later", our own set-up."""

    code = "smtp_unavailable"


class SmtpMailer:
    """Sends from `mail_from` through the server of `url`. Raises ValueError for a URL that is not an SMTP server's."""

    doubt_lasts = timedelta(seconds=10)  # waiting teaches nothing here; this only keeps two workers apart

    def __init__(self, url: str, mail_from: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or "@" not in mail_from:
            raise ValueError("SMTP_URL must be smtp://[user:password@]host[:port] or smtps://, MAIL_FROM an address")
        self._mail_from = mail_from
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._timeout = float(parse_qs(parts.query).get("timeout", [_TIMEOUT])[0])

    async def send(self, message: Message) -> str:
        """Hands the message over; answers with its Message-ID. Raises MessageRefused, InDoubt, SmtpUnavailable."""
        mime = as_mime(message, self._mail_from, now())
        server = self._server()
        try:
            await self._reach(server)
            utf8 = await self._envelope(server, message.recipient)
            await self._data(server, mime, utf8=utf8)
        finally:
            await _leave(server)
        return message_id(message, self._mail_from)

    async def find(self, message_id: UUID) -> str | None:  # noqa: ARG002  # the port's signature
        """Always None: SMTP cannot tell what became of a message."""
        return None

    def _server(self) -> SMTP:
        # On the loopback there is nothing to hide from, and its certificate is for another name.
        start_tls = False if self._tls or self._host in _LOOPBACK else (True if self._username else None)
        return SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            local_hostname=self._mail_from.rpartition("@")[2],
            timeout=self._timeout,
            use_tls=self._tls,
            start_tls=start_tls,
        )

    async def _reach(self, server: SMTP) -> None:
        try:
            await server.connect()
            await server.ehlo()  # says which extensions there are
        except (SMTPException, OSError) as error:
            raise SmtpUnavailable(_code("connect", error)) from None

    async def _envelope(self, server: SMTP, recipient: str) -> bool:
        """MAIL and RCPT; True when the addresses needed SMTPUTF8."""
        local, _, domain = recipient.rpartition("@")
        try:
            address = f"{local}@{domain.encode('idna').decode()}"
            utf8 = not address.isascii()
            if utf8 and not server.supports_extension("smtputf8"):
                raise MessageRefused("smtputf8_not_supported")
            options, encoding = (["SMTPUTF8"], "utf-8") if utf8 else ([], "ascii")
            await server.mail(self._mail_from, options=options, encoding=encoding)
            await server.rcpt(address, encoding=encoding)
        except UnicodeError:
            raise MessageRefused("malformed_address") from None
        except SMTPRecipientRefused as refusal:
            if refusal.code >= _PERMANENT:
                raise MessageRefused(_code("rcpt", refusal)) from None
            raise SmtpUnavailable(_code("rcpt", refusal)) from None
        except (SMTPException, OSError) as error:
            raise SmtpUnavailable(_code("mail", error)) from None
        return utf8

    async def _data(self, server: SMTP, mime: EmailMessage, *, utf8: bool) -> None:
        try:
            await server.data(as_bytes(mime, utf8=utf8), timeout=self._timeout * _DATA_PATIENCE)
        except SMTPDataError as refusal:
            if refusal.code >= _PERMANENT:
                raise MessageRefused(_code("data", refusal)) from None
            raise SmtpUnavailable(_code("data", refusal)) from None
        except (SMTPException, OSError) as error:
            # The server has the message and did not say so; or it has not.
            raise InDoubt(_code("data", error)) from None


async def _leave(server: SMTP) -> None:
    # What QUIT meets changes nothing any more: the message was taken, or not, before it.
    if server.is_connected:
        try:
            await server.quit(timeout=1)
        except (SMTPException, OSError):
            server.close()


def _code(command: str, error: BaseException) -> str:
    return f"smtp_{command}_{error.code if isinstance(error, SMTPResponseException) else type(error).__name__}"

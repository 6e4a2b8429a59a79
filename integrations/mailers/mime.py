"""A message as it travels: headers and two bodies (RFC 5322, RFC 2046), the same at every try but for the date."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from workflows.emails.delivery.mailer import Message, MessageRefused

# Quoted local parts are left out: no mailbox that people use has one, and they are how addresses are smuggled.
_ADDRESS = re.compile(r"""[^\s@<>()\[\]\\,;:"\x00-\x20\x7f]+@[^\s@<>()\\,;"\x00-\x20\x7f]+""")


def message_id(message: Message, mail_from: str) -> str:
    """What every try of this e-mail is known by, so that a mailbox can drop the second one."""
    return f"<{message.id}@{mail_from.rpartition('@')[2]}>"


def as_mime(message: Message, mail_from: str, sent_at: datetime) -> EmailMessage:
    """The message as multipart/alternative, plain text first. Nothing in it tracks anybody.

    Raises MessageRefused for addresses that no mail can be sent to.
    """
    mime = EmailMessage(policy=SMTP)
    try:
        mime["From"] = _address(mail_from, message.sender_name)
        mime["To"] = _address(message.recipient)
        if message.reply_to:
            mime["Reply-To"] = _address(message.reply_to)
        mime["Subject"] = message.subject
    except ValueError as error:  # a line break: what would begin a header of its own
        raise MessageRefused("malformed_header") from error
    mime["Date"] = format_datetime(sent_at)
    mime["Message-ID"] = message_id(message, mail_from)
    mime["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice in answer
    for name, value in list_unsubscribe(message).items():
        mime[name] = value
    mime["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    mime.set_content(message.text)
    mime.add_alternative(message.html, subtype="html")
    return mime


def list_unsubscribe(message: Message) -> dict[str, str]:
    """The header of a message that its reader can choose to have no more of (RFC 2369); none for any other."""
    return {"List-Unsubscribe": f"<{message.unsubscribe_url}>"} if message.unsubscribe_url else {}


def checked_address(text: str) -> tuple[str, str]:
    """The two parts of an address. Raises MessageRefused for what no mail can be sent to."""
    if not _ADDRESS.fullmatch(text):
        raise MessageRefused("malformed_address")
    local, _, domain = text.rpartition("@")
    return local, domain


def _address(text: str, name: str = "") -> Address:
    local, domain = checked_address(text)
    return Address(name, username=local, domain=domain)


def as_bytes(mime: EmailMessage, *, utf8: bool) -> bytes:
    """The bytes for DATA; `utf8` only for a server that takes addresses beyond ASCII (SMTPUTF8, RFC 6531)."""
    return mime.as_bytes(policy=SMTPUTF8 if utf8 else SMTP)

"""A message as it travels: headers and two bodies (RFC 5322, RFC 2046), the same at every try but for the date."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from workflows.ports import Message, MessageRefused


def message_id(message: Message, mail_from: str) -> str:
    """What every try of this e-mail is known by, so that a mailbox can drop the second one."""
    return f"<{message.id}@{mail_from.rpartition('@')[2]}>"


def as_mime(message: Message, mail_from: str, sent_at: datetime) -> EmailMessage:
    """The message as multipart/alternative, plain text first. Nothing in it tracks anybody.

    Raises MessageRefused for addresses that no mail can be sent to.
    """
    mime = EmailMessage(policy=SMTP)
    try:
        mime["From"] = Address(message.sender_name, addr_spec=mail_from)
        mime["To"] = Address(addr_spec=message.recipient)
        if message.reply_to:
            mime["Reply-To"] = Address(addr_spec=message.reply_to)
        mime["Subject"] = message.subject
    except (ValueError, IndexError) as error:  # IndexError: how the parser of the standard library meets ""
        raise MessageRefused("malformed_address") from error
    mime["Date"] = format_datetime(sent_at)
    mime["Message-ID"] = message_id(message, mail_from)
    mime["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice in answer
    mime["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    mime.set_content(message.text)
    mime.add_alternative(message.html, subtype="html")
    return mime


def as_bytes(mime: EmailMessage, *, utf8: bool) -> bytes:
    """The bytes for DATA; `utf8` only for a server that takes addresses beyond ASCII (SMTPUTF8, RFC 6531)."""
    return mime.as_bytes(policy=SMTPUTF8 if utf8 else SMTP)

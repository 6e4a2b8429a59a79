"""What Mailjet's answers mean for an e-mail: taken, never to be taken, surely not taken, or nobody knows.

Only Mailjet's own refusals say that a message was not taken, and only those of its recipient or its content are about
the message: what is wrong with our keys or our sender is ours to mend, and the message is tried again. Everything else
(a time-out while it was on its way, 5xx, a proxy's HTML, JSON of another shape) is doubt. Errors carry Mailjet's codes,
never its sentences: they quote what was sent.
"""

import re
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import msgspec
import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from workflows.emails.delivery.mailer import MessageRefused
from workflows.runtime.errors import InDoubt, WorkflowError
from workflows.runtime.logs import logger

log = logger("mailers.mailjet")
T = TypeVar("T")
_CODE = re.compile(r"[a-z]+-[0-9]{1,6}")
# Of the account: a suspended or wrong key, a sender that is not validated.
_OURS = frozenset({"mj-0001", "mj-0015", "send-0006", "send-0007", "send-0008"})
_OUR_FIELDS = ("From", "Sender")


class MailjetUnavailable(WorkflowError):
    """Raised when Mailjet surely has not taken the message: no connection, too many calls, our own set-up."""

    code = "mailjet_unavailable"


class _Recipient(msgspec.Struct, frozen=True):
    MessageID: int


class _Sent(msgspec.Struct, frozen=True):
    Status: str
    To: list[_Recipient]
    CustomID: str = ""


class _AnswerToSend(msgspec.Struct, frozen=True):
    Messages: list[_Sent]


class _Error(msgspec.Struct, frozen=True):
    ErrorCode: str = ""
    ErrorRelatedTo: list[str] = []


class _NotSent(msgspec.Struct, frozen=True):
    Errors: list[_Error]


class _Refusal(msgspec.Struct, frozen=True):
    """Either about messages, or about the whole request."""

    Messages: list[_NotSent] = []
    ErrorCode: str = ""
    ErrorMessage: str = ""


class _Known(msgspec.Struct, frozen=True):
    ID: int
    CustomID: str | None = None


class _AnswerToLookUp(msgspec.Struct, frozen=True):
    Data: list[_Known]


def reference_in(answer: Any, message_id: UUID) -> str:
    """Mailjet's id of the message that was sent. Raises InDoubt for an answer about anything else."""
    sent = _read(answer, _AnswerToSend).Messages
    if len(sent) != 1 or sent[0].Status != "success" or len(sent[0].To) != 1 or sent[0].To[0].MessageID <= 0:
        _nonsense("send")
    if sent[0].CustomID not in ("", str(message_id)):
        _nonsense("send")
    return str(sent[0].To[0].MessageID)


def found_in(answer: Any, message_id: UUID) -> str | None:
    """Mailjet's id of the message with that CustomID. A filter that it does not know, Mailjet leaves out: then the
    answer is of other messages."""
    known = _read(answer, _AnswerToLookUp).Data
    ours = sorted(one.ID for one in known if one.CustomID == str(message_id))
    if not ours and len(known) == 1 and known[0].CustomID is None:  # it filtered, and does not show by what
        ours = [known[0].ID]
    if len(ours) > 1:
        log.error("mailjet has an e-mail more than once", email=str(message_id), messages=ours)
    return str(ours[0]) if ours else None


def why_not_sent(error: Exception) -> Exception:
    """What it means that the client raised this for a POST."""
    status, refusal = _answered(error)
    if status == 429:
        return MailjetUnavailable("mailjet_429")
    if refusal is not None and 400 <= status < 500:
        return _refused(status, refusal)
    if status == 0 and _never_left(error):
        return MailjetUnavailable(f"mailjet_{_cause(error)}")
    return InDoubt(f"mailjet_{status or _cause(error)}")


def why_not_asked(error: Exception) -> Exception:
    """What it means for a look-up: whatever it was, that nobody knows."""
    status, _ = _answered(error)
    return InDoubt(f"mailjet_look_up_{status or _cause(error)}")


def _refused(status: int, refusal: _Refusal) -> Exception:
    errors = [error for message in refusal.Messages for error in message.Errors]
    codes = [error.ErrorCode for error in errors if _CODE.fullmatch(error.ErrorCode)]
    about_us = not errors or any(
        error.ErrorCode in _OURS or any(field.startswith(_OUR_FIELDS) for field in error.ErrorRelatedTo)
        for error in errors
    )
    if about_us or not codes:
        code = next(iter(codes), refusal.ErrorCode if _CODE.fullmatch(refusal.ErrorCode) else str(status))
        log.error("mailjet refused us", status=status, code=code)
        return MailjetUnavailable(f"mailjet_{code}")
    return MessageRefused(f"mailjet_{codes[0]}")


def _answered(error: Exception) -> tuple[int, _Refusal | None]:
    """The status of the answer that the client made an error of (0: there was none), and what Mailjet said in it."""
    response = getattr(error.__cause__, "response", None)
    if not isinstance(response, requests.Response):
        return 0, None
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return response.status_code, None
    # Any JSON object would pass for one that says nothing.
    says_something = refusal.Messages or refusal.ErrorCode or refusal.ErrorMessage
    return response.status_code, refusal if says_something else None


def _never_left(error: Exception) -> bool:
    """Whether it failed before there was a connection to send by."""
    cause: Any = error.__cause__
    if isinstance(cause, requests.ConnectTimeout):
        return True
    reason = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    reason = reason.reason if isinstance(reason, MaxRetryError) else reason
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def _cause(error: Exception) -> str:
    return type(error.__cause__ or error).__name__


def _read(answer: Any, shape: type[T]) -> T:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError:
        _nonsense(shape.__name__)


def _nonsense(to: str) -> NoReturn:
    log.error("mailjet answered nonsense", to=to)
    raise InDoubt("mailjet_nonsense") from None

"""The moves of a subscription as sentences: what happened, and who did it. One table a machine, for staff to read."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from web.pages.show import Show
from workflows.audit.review.entries import Entry


class TimelineSentence(NamedTuple):
    """An entry as it is shown: `tone` is good, bad or nothing."""

    at: datetime
    says: str
    who: str
    tone: str


# fmt: off
_CAME_BACK = {
    "soft_bounce": "came back for now",
    "hard_bounce": "came back for good",
    "blocked":     "was held back by the mail provider",
    "complaint":   "was reported as spam",
    "refused":     "was refused by the mail provider",
}
_NOT_SENT = {
    "too_late":             "it would have come too late",
    "link_no_longer_works": "its link would no longer have worked",
    "address_hard_bounce":  "e-mails to this address come back",
    "address_complaint":    "the customer reported an e-mail as spam",
}
# fmt: on
_Words = Callable[[Entry, Show], str]

_CANCELLED = {
    "self_cancellation": "Cancelled by its customer",
    "scheduled_cancellation": "Cancelled, as it was arranged",
    "dunning_exhausted": "Cancelled: the attempts to charge it were used up",
}
_BEGUN = {
    "order": "First charge of {amount} begun",
    "schedule": "Charge of {amount} begun",
    "retry": "Charge of {amount} tried again",
    "new_card": "Charge of {amount} begun with the new card",
    "staff": "Charge of {amount} tried again by hand",
}


def _amount(entry: Entry, show: Show, minor: int | None = None) -> str:
    given = entry.amount_minor if minor is None else minor
    return "" if given is None or entry.currency is None else show.money(given, entry.currency)


def _day(entry: Entry, show: Show, name: str) -> str:
    return show.day(datetime.fromisoformat(entry.details[name])) if name in entry.details else "another day"


def _declined(entry: Entry, show: Show) -> str:
    return f"Charge of {_amount(entry, show)} failed{_because(entry)}"


def _because(entry: Entry) -> str:
    code: str = entry.details.get("decline_code") or ""
    return f": {code.replace('_', ' ')}" if code else ""


def _restarted(entry: Entry, show: Show) -> str:
    return f"Restarted, next charge on {_day(entry, show, 'next_charge_at')}"


def _started(entry: Entry, _: Show) -> str:
    return f"Started with order {entry.details['order']}" if "order" in entry.details else "Started"


def _moved(entry: Entry, show: Show) -> str:
    return f"Next billing date moved from {_day(entry, show, 'from')} to {_day(entry, show, 'to')}"


def _begun(entry: Entry, show: Show) -> str:
    return _BEGUN.get(entry.reason, _BEGUN["schedule"]).format(amount=_amount(entry, show))


def _imported(entry: Entry, show: Show) -> str:
    return f"Charge of {_amount(entry, show)} imported, {entry.to_state.replace('_', ' ')}"


def _refunded(entry: Entry, show: Show) -> str:
    return f"{_amount(entry, show, entry.details.get('amount_minor'))} refunded"


def _came_back(entry: Entry, _: Show) -> str:
    why = entry.details.get("reason") or entry.details.get("answer") or ""
    how = _CAME_BACK.get(entry.reason, "came back")
    return f"E-mail “{_letter(entry)}” {how}" + (f": {why.replace('_', ' ')}" if why else "")


def _not_sent(entry: Entry, _: Show) -> str:
    return f"E-mail “{_letter(entry)}” not sent: {_NOT_SENT.get(entry.reason, entry.reason.replace('_', ' '))}"


def _letter(entry: Entry) -> str:
    return (entry.what or "").replace("_", " ").capitalize()


# fmt: off
_SAYS: dict[tuple[str, str], _Words] = {
    ("subscription", "start"):         _started,
    ("subscription", "import"):        lambda e, _: f"Imported, {e.to_state.replace('_', ' ')}",
    ("subscription", "charge_failed"): lambda e, _: f"Waits for payment: a charge failed{_because(e)}",
    ("subscription", "recovered"):     lambda *_: "Paid again: active",
    ("subscription", "complete"):      lambda *_: "All payments made: complete",
    ("subscription", "cancel"):        lambda e, _: _CANCELLED.get(e.reason, "Cancelled"),
    ("subscription", "restart"):       _restarted,
    ("subscription", "reschedule"):    _moved,
    ("subscription", "cancel_later"):  lambda e, s: f"Cancellation arranged for {_day(e, s, 'cancel_at')}",
    ("subscription", "undo_cancel"):   lambda *_: "The arranged cancellation was undone",
    ("dunning_case", "open"):          lambda e, s: f"Subscription Saver case opened: {_amount(e, s)} owed",
    ("dunning_case", "import"):        lambda e, _: f"Subscription Saver case imported, {e.to_state}",
    ("dunning_case", "attempt_failed"): lambda *_: "Another attempt of the case failed",
    ("dunning_case", "stop_trying"):   lambda *_: "No attempts left: the case waits for a new card",
    ("dunning_case", "recover"):       lambda e, s: f"{_amount(e, s)} won back: the case is closed",
    ("dunning_case", "exhaust"):       lambda *_: "No attempts left: the case is closed",
    ("dunning_case", "abandon"):       lambda *_: "The case was dropped",
    ("charge", "attempt"):             _begun,
    ("charge", "import"):              _imported,
    ("charge", "succeed"):             lambda e, s: f"{_amount(e, s)} paid",
    ("charge", "decline"):             _declined,
    ("charge", "require_action"):      lambda e, s: f"The bank wants the customer to confirm {_amount(e, s)}",
    ("charge", "withdraw"):            lambda e, s: f"Charge of {_amount(e, s)} withdrawn before any money moved",
    ("charge", "refund"):              _refunded,
    ("charge", "dispute"):             lambda e, s: f"The customer’s bank disputes {_amount(e, s)}",
    ("charge", "win_dispute"):         lambda e, s: f"The dispute over {_amount(e, s)} was won",
    ("outgoing_email", "bounce"):      _came_back,
    ("outgoing_email", "drop"):        _not_sent,
}
_GOOD = {("charge", "succeed"), ("dunning_case", "recover"), ("subscription", "recovered"), ("subscription", "start")}
_BAD = {("charge", "decline"), ("charge", "dispute"), ("subscription", "charge_failed"), ("dunning_case", "exhaust"),
        ("outgoing_email", "bounce")}
_WHO = {
    "customer": "Customer",
    "worker":   "Background job",
    "clock":    "Schedule",
    "mailer":   "Mail provider",
    "import":   "Import",
}
# fmt: on


def timeline_sentence(entry: Entry, show: Show) -> TimelineSentence:
    """The entry in words."""
    kind = (entry.machine, entry.trigger)
    says = _SAYS[kind](entry, show) if kind in _SAYS else f"{entry.machine}: {entry.trigger}".replace("_", " ")
    return TimelineSentence(entry.at, says, _who(entry), "good" if kind in _GOOD else "bad" if kind in _BAD else "")


def _who(entry: Entry) -> str:
    match entry.actor_kind:
        case "staff":
            return entry.actor_name or "Staff"
        case "api_key":
            return f"API key “{entry.actor_name}”" if entry.actor_name else "API key"
        case "gateway":
            return f"Gateway ({entry.actor_id})"
        case kind:
            return _WHO.get(kind, kind)

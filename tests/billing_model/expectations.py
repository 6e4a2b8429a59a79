"""The model: how each subscription must stand once everything under way is done, told from the gateway's books, what
people did, and the time. Written from PRODUCT.md 2.3, 4.1-4.6 and 4.9; reads no state that it predicts."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any

from models.database import Record
from tests.billing_model.books import Books
from tests.billing_model.history import History
from tests.billing_model.promises import BY_POLICY, DAY, MOVED, NEEDS_NEW_CARD, card_is_free_at

_MADE_AT_ONCE = timedelta(minutes=1)  # of real time: what a run of the test takes while the shop's clock stands


def check_settled(books: Books, history: History) -> None:
    """Raises AssertionError where a subscription, a charge or a refund does not stand as it must."""
    in_trouble = {one["id"] for one in books.subscriptions if one["state"] == "failed_charge"}
    for charge in books.charges:
        _check_charge(charge)
        if charge["state"] == "action_required":
            assert charge["subscription_id"] in in_trouble, f"nobody is asked to confirm it: {charge}"
    for refund in books.refunds:
        assert refund["status"] != "pending", f"never given back: {refund}"
    for charge in books.charges:
        sent = [one for one in books.refunds if one["charge_id"] == charge["id"] and one["status"] == "succeeded"]
        assert charge["refunded_minor"] >= sum(one["amount_minor"] for one in sent), charge
        if charge["state"] in MOVED and charge["state"] != "disputed":
            assert charge["state"] == _by_refunds(charge), charge
    for subscription in books.subscriptions:
        expected = _expected_state(books, history, subscription)
        assert subscription["state"] == expected, f"expected {expected}: {subscription}"
        if expected == "active":
            _check_next_charge(books, subscription)
        if expected == "failed_charge":
            _check_case(books, history, subscription)
        told = sum(cause.split(":")[1] == str(subscription["id"]) for cause in books.sent("subscription_cancelled"))
        assert told == (expected == "cancelled"), f"told {told} times: {subscription}"


def _check_charge(charge: Record) -> None:
    """What the gateway says is what our books say, and nothing is left under way."""
    if charge["state"] == "failed":
        # Confirmed by the customer after it was given up: not mended, but staff are told (6.6).
        assert charge["taken"] in (None, "failed") or charge["is_before_staff"], f"the gateway took it: {charge}"
    elif charge["state"] == "action_required":
        assert charge["taken"] == "action_required", charge
        assert charge["initiator"] != "order", f"an order waits for its customer for ever: {charge}"
    else:
        assert charge["state"] in MOVED, f"never settled: {charge}"


def _by_refunds(charge: Record) -> str:
    back: int = charge["refunded_minor"]
    return "succeeded" if back == 0 else "refunded" if back == charge["amount_minor"] else "partially_refunded"


def _expected_state(books: Books, history: History, subscription: Record) -> str:
    if subscription["id"] in history.cancelled:
        return "cancelled"
    total = subscription["payments_total"]
    if total is not None and len(_paid_periods(books, subscription)) >= total:
        return "completed"
    if (owed := _owed(books, subscription)) == []:
        return "active"
    case = books.cases_of[subscription["id"]][-1]
    return "cancelled" if case["policy"]["end"] == "cancel" and _is_through(books, case, owed) else "failed_charge"


def _paid_periods(books: Books, subscription: Record) -> set[int]:
    """Regular periods, the first is 0; the price of a trial is before them."""
    charges = books.charges_of[subscription["id"]]
    return {one["period"] for one in charges if _is_paid(one) and one["period"] >= 0}


def _owed(books: Books, subscription: Record) -> list[Record]:
    """The attempts at the latest period, where none of them succeeded; nothing when nothing is owed."""
    charges = [one for one in books.charges_of[subscription["id"]] if one["submitted_at"] and one["period"] >= 0]
    latest = max((one["period"] for one in charges), default=None)
    attempts = [one for one in charges if one["period"] == latest]
    return [] if any(map(_is_paid, attempts)) else attempts


def _is_through(books: Books, case: Record, attempts: list[Record]) -> bool:
    """Whether the policy has no attempt left, or its last day has come for a card that cannot be tried again."""
    days: list[int] = case["policy"]["attempt_days"]
    last_day = case["opened_at"] + (days[-1] - 1) * DAY
    used = sum(one["initiator"] in BY_POLICY for one in attempts)
    return used >= len(days) or (not _is_soft(attempts[-1]) and books.now >= last_day)


def _is_paid(charge: Record) -> bool:
    given_up = charge["state"] == "failed" and charge["is_before_staff"]
    return charge["taken"] == "succeeded" and not given_up


def _is_soft(attempt: Record) -> bool:
    return attempt["decline_code"] not in {*NEEDS_NEW_CARD, "authentication_required"}


def _check_next_charge(books: Books, subscription: Record) -> None:
    paid = _paid_periods(books, subscription)
    period = max(paid, default=-1) + 1
    due = due_at(subscription["anchor_at"], period, subscription["interval_unit"], subscription["interval_count"])
    assert subscription["next_charge_at"] == due, f"due {due}: {subscription}"
    assert due > books.now - _MADE_AT_ONCE, f"never charged: {subscription}"
    anchor = subscription["started_at"] + timedelta(days=_trial_days(subscription))
    assert subscription["anchor_at"] == anchor, subscription
    assert subscription["payments_made"] == len(paid), (subscription, paid)


def _trial_days(subscription: Record) -> int:
    return 5 if subscription["trial_ends_at"] is not None else 0


def due_at(anchor: datetime, period: int, unit: str, count: int) -> datetime:
    """By the calendar: the anchor's day of the month, or the last one of a shorter month."""
    if unit in ("day", "week"):
        return anchor + period * count * timedelta(days=1 if unit == "day" else 7)
    months = anchor.month - 1 + period * count
    year, month = anchor.year + months // 12, months % 12 + 1
    day = min(anchor.day, monthrange(year, month)[1])
    return datetime.combine(date(year, month, day), anchor.timetz())


def _check_case(books: Books, history: History, subscription: Record) -> None:
    """4.3, 4.5: one final notice when the policy is through; until then nothing that is due was left undone."""
    case: Any = books.cases_of[subscription["id"]][-1]
    attempts = _owed(books, subscription)
    notices = [step for step in books.steps_of[case["id"]] if step["channel"] == "final_notice"]
    was_through = bool(notices) and case["policy"]["end"] == "leave"
    if _is_through(books, case, attempts):
        assert len(notices) == 1, f"{len(notices)} final notices of {case}"
    elif not was_through and _is_soft(attempts[-1]):
        used = sum(one["initiator"] in BY_POLICY for one in attempts)
        due = case["opened_at"] + (case["policy"]["attempt_days"][used] - 1) * DAY
        known_since = max(step["at"] for step in books.steps_of[case["id"]] if step["channel"] != "final_notice")
        known_since = max(known_since, history.declined_at.get(attempts[-1]["id"], known_since))
        due = max(due, known_since + DAY)  # at most one a day
        due = card_is_free_at(books, attempts[-1]["card_fingerprint"], due)
        assert books.now <= due + DAY, f"attempt {used + 1} was due at {due}: {case}"
        assert case["next_attempt_at"] is not None, f"nobody will try again: {case}"

"""The Subscription Saver's next step, for facts and policies typed by hand from PRODUCT.md 4.3 and 4.5."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.billing.charges.declines import effective_code, severity
from workflows.billing.dunning.next_step import (
    Action,
    Attempt,
    CaseState,
    Exhaust,
    WaitForOutcome,
    WaitUntil,
    decide,
)
from workflows.billing.dunning.retry_policy import Policy

_OPENED = datetime(2026, 3, 1, 9, tzinfo=UTC)


def _day(day: int) -> datetime:
    return _OPENED + timedelta(days=day - 1)


def _decided(now: datetime, policy: Policy | None = None, **facts: Any) -> Action:
    given: dict[str, Any] = {
        "opened_at": _OPENED,
        "attempts_made": 1,
        "last_decline": "soft",
        "charge_under_way": False,
        **facts,
    }
    return decide(CaseState(**given), policy or Policy(), now)


@pytest.mark.parametrize(
    ("attempts_made", "now", "expected"),
    [
        (1, _day(1), WaitUntil(_day(4))),
        (1, _day(4) - timedelta(seconds=1), WaitUntil(_day(4))),
        (1, _day(4), Attempt()),
        (2, _day(4), WaitUntil(_day(8))),
        (2, _day(8), Attempt()),
        (3, _day(8), WaitUntil(_day(15))),
        (3, _day(15), Attempt()),
        (4, _day(15), Exhaust()),
        (3, _day(40), Attempt()),  # a worker that stood still: late, not skipped
    ],
)
def test_the_default_policy_tries_on_days_1_4_8_and_15(attempts_made: int, now: datetime, expected: Action) -> None:
    assert _decided(now, attempts_made=attempts_made) == expected


@pytest.mark.parametrize("last_decline", ["hard", "customer"])
def test_a_card_that_will_not_pay_is_not_tried_and_the_case_ends_on_the_last_day(last_decline: str) -> None:
    for day in (1, 4, 8, 14):
        assert _decided(_day(day), last_decline=last_decline) == WaitUntil(_day(15))
    assert _decided(_day(15), last_decline=last_decline) == Exhaust()


def test_a_charge_under_way_decides_first() -> None:
    assert _decided(_day(4), charge_under_way=True) == WaitForOutcome()
    assert _decided(_day(30), charge_under_way=True, attempts_made=4) == WaitForOutcome()


def test_one_card_is_tried_once_a_day_across_subscriptions() -> None:
    elsewhere = _day(4) - timedelta(hours=3)

    assert _decided(_day(4), card_last_automatic_at=elsewhere) == WaitUntil(elsewhere + timedelta(days=1))
    assert _decided(elsewhere + timedelta(days=1), card_last_automatic_at=elsewhere) == Attempt()


def test_one_card_is_tried_eight_times_in_thirty_days_staffs_own_included() -> None:
    tries = tuple(_day(4) - timedelta(days=10 + n) for n in range(8))

    assert _decided(_day(4), card_retries_at=tries[:7]) == Attempt()
    assert _decided(_day(4), card_retries_at=tries) == WaitUntil(min(tries) + timedelta(days=30))


def test_a_policy_of_one_day_is_through_after_the_first_failure() -> None:
    assert _decided(_day(1), Policy(attempt_days=(1,))) == Exhaust()


# Typed from Stripe's and the networks' lists: what must never be tried again, and what is useless with the same card.
_NEVER = [
    *("incorrect_number", "lost_card", "stolen_card", "pickup_card", "highest_risk_level", "transaction_not_allowed"),
    *("revocation_of_authorization", "revocation_of_all_authorizations"),
]
_NEEDS_A_NEW_CARD = ["expired_card", "invalid_account", "fraudulent", "restricted_card", "do_not_try_again"]
_SOFT = ["insufficient_funds", "generic_decline", "processing_error", "card_velocity_exceeded", "a_code_of_tomorrow"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *((code, "soft") for code in (*_SOFT, None, "", "try_again_later")),
        *((code, "hard") for code in (*_NEVER, *_NEEDS_A_NEW_CARD, "no_card_on_file")),
        ("authentication_required", "customer"),
    ],
)
def test_decline_codes_decide(code: str | None, expected: str) -> None:
    assert severity(code) == expected


@pytest.mark.parametrize(
    ("code", "advice", "expected"),
    [
        *((code, "do_not_try_again", "hard") for code in (*_SOFT, *_NEVER, *_NEEDS_A_NEW_CARD)),
        *((code, "confirm_card_data", "hard") for code in _SOFT),
        *((code, "try_again_later", "soft") for code in (*_SOFT, *_NEEDS_A_NEW_CARD)),
        *((code, "try_again_later", "hard") for code in _NEVER),  # the networks forbid it, whatever the bank says
        *((code, "an_advice_of_tomorrow", "hard") for code in (*_NEVER, *_NEEDS_A_NEW_CARD)),
        ("authentication_required", "try_again_later", "customer"),
    ],
)
def test_the_banks_advice_is_believed_before_its_code(code: str, advice: str, expected: str) -> None:
    assert severity(effective_code(code, advice)) == expected


def test_a_policy_of_other_days_tries_on_those() -> None:
    policy = Policy(attempt_days=(1, 2, 3, 30), end="leave")

    assert _decided(_day(1), policy) == WaitUntil(_day(2))
    assert _decided(_day(2), policy) == Attempt()
    assert _decided(_day(3), policy, attempts_made=3) == WaitUntil(_day(30))
    assert _decided(_day(30), policy, attempts_made=3) == Attempt()
    assert _decided(_day(30), policy, attempts_made=4) == Exhaust()
    assert _decided(_day(29), policy, last_decline="hard") == WaitUntil(_day(30))
    assert _decided(_day(30), policy, last_decline="hard") == Exhaust()

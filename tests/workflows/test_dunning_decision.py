"""The Subscription Saver's next step, for facts and policies typed by hand from PRODUCT.md 4.3 and 4.5."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.decline_codes import severity
from workflows.dunning_decision import Action, Attempt, CaseFacts, Exhaust, Policy, WaitForOutcome, WaitUntil, decide

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
    return decide(CaseFacts(**given), policy or Policy(), now)


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


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("insufficient_funds", "soft"),
        ("generic_decline", "soft"),
        ("processing_error", "soft"),
        ("a_code_of_tomorrow", "soft"),
        (None, "soft"),
        ("stolen_card", "hard"),
        ("lost_card", "hard"),
        ("expired_card", "hard"),
        ("invalid_account", "hard"),
        ("do_not_try_again", "hard"),
        ("authentication_required", "customer"),
    ],
)
def test_decline_codes_decide(code: str | None, expected: str) -> None:
    assert severity(code) == expected

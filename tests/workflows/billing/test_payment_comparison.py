"""What counts as a difference in one payment, and what is only on its way."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from workflows.billing.gateway import GatewayPayment
from workflows.billing.reconciliation.compare import CUSTOMERS_TURN, IN_FLIGHT, OurCharge, compare

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
LONG_AGO = AT - timedelta(days=2)


def ours(**facts: Any) -> OurCharge:
    """A charge of 19.99 that was paid two days ago."""
    given: dict[str, Any] = {
        "id": UUID(int=1),
        "marketplace_id": UUID(int=2),
        "idempotency_key": "key",
        "gateway_reference": "pi_1",
        "amount_minor": 1999,
        "refunded_minor": 0,
        "currency": "EUR",
        "state": "succeeded",
        "settled_at": LONG_AGO,
        "refund_pending": False,
    }
    return OurCharge(**{**given, **facts})


def theirs(**facts: Any) -> GatewayPayment:
    """The same at the gateway."""
    given: dict[str, Any] = {
        "reference": "pi_1",
        "idempotency_key": "key",
        "amount_minor": 1999,
        "refunded_minor": 0,
        "currency": "EUR",
        "state": "succeeded",
        "created_at": LONG_AGO,
    }
    return GatewayPayment(**{**given, **facts})


# fmt: off
THE_SAME = [
    ({},                                                          {}),
    ({"state": "refunded", "refunded_minor": 1999},               {"refunded_minor": 1999}),
    ({"state": "partially_refunded", "refunded_minor": 5},        {"refunded_minor": 5}),
    ({"state": "disputed"},                                       {"disputed": True}),
    ({"state": "failed", "gateway_reference": None},              {"state": "failed"}),
    ({"state": "failed"},                                         {"state": "pending"}),
    ({"state": "action_required"},                                {"state": "action_required"}),
]
IN_THE_AIR = [
    ({"state": "pending"},                                        {}),
    ({"state": "pending"},                                        {"amount_minor": 1}),
    ({"state": "failed", "settled_at": AT - IN_FLIGHT / 2},       {}),
    ({"settled_at": AT - IN_FLIGHT / 2},                          {"state": "action_required"}),
    ({"refund_pending": True},                                    {"refunded_minor": 500}),
    ({"state": "action_required", "settled_at": AT - CUSTOMERS_TURN / 2}, {}),
]
FIVE_BACK = "1999 EUR, 500 refunded"
DIFFERENT = [
    ({},                           {"amount_minor": 1998},       [("amount", "1999 EUR", "1998 EUR")]),
    ({},                           {"currency": "USD"},          [("amount", "1999 EUR", "1999 USD")]),
    ({},                           {"refunded_minor": 500},      [("amount", "1999 EUR", FIVE_BACK)]),
    ({"refunded_minor": 500},      {},                           [("amount", FIVE_BACK, "1999 EUR")]),
    ({},                           {"state": "failed"},          [("state", "succeeded", "failed")]),
    ({},                           {"state": "pending"},         [("state", "succeeded", "pending")]),
    ({"state": "failed"},          {},                           [("state", "failed", "succeeded")]),
    ({"state": "failed"},          {"state": "action_required"}, [("state", "failed", "action_required")]),
    ({"state": "action_required"}, {},                           [("state", "action_required", "succeeded")]),
    ({"state": "failed"},          {"amount_minor": 5},          [("state", "failed", "succeeded"),
                                                                  ("amount", "1999 EUR", "5 EUR")]),
]
# fmt: on


@pytest.mark.parametrize(("here", "there"), THE_SAME)
def test_books_that_agree(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert compare(ours(**here), theirs(**there), AT) == []


@pytest.mark.parametrize(("here", "there"), IN_THE_AIR)
def test_what_is_in_flight_is_no_difference(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert compare(ours(**here), theirs(**there), AT) == []


@pytest.mark.parametrize(("here", "there", "found"), DIFFERENT)
def test_books_that_differ(here: dict[str, Any], there: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert compare(ours(**here), theirs(**there), AT) == found


def test_money_that_we_do_not_know_of_is_a_difference_where_gatehouse_took_it() -> None:
    assert compare(None, theirs(), AT) == [("unknown_here", "nothing", "1999 EUR")]
    assert compare(None, theirs(state="failed"), AT) == []
    assert compare(None, theirs(created_at=AT - IN_FLIGHT / 2), AT) == []
    assert compare(None, theirs(idempotency_key=None), AT) == []  # the merchant's own till


def test_money_that_they_do_not_know_of_is_one_where_we_say_paid() -> None:
    assert compare(ours(), None, AT) == [("unknown_there", "1999 EUR", "nothing")]
    assert compare(ours(state="failed"), None, AT) == []
    assert compare(ours(state="pending"), None, AT) == []
    assert compare(ours(amount_minor=0), None, AT) == []
    assert compare(ours(settled_at=AT - IN_FLIGHT / 2), None, AT) == []
    assert compare(None, None, AT) == []

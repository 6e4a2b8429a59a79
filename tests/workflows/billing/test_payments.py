"""The payment history: what is a payment, in which order, page by page."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest

from models.database import Record, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_marketplace, a_product, an_order
from workflows.billing.charges import history as payments
from workflows.billing.charges.history import Direction, PaymentPage, PaymentSort, list_payments
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput

_SORTED_BY = {
    "date": lambda payment: payment.paid_at,
    "price": lambda payment: payment.amount_minor,
    "order": lambda payment: payment.order_number,
    "status": lambda payment: payment.status,
}


async def test_money_that_moved_is_listed_and_failed_or_unfinished_attempts_are_not(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    order = await an_order(marketplace, customer)
    for state in ("succeeded", "refunded", "partially_refunded", "disputed", "failed", "pending", "action_required"):
        await a_charge(marketplace, order=order, state=state)

    page = await list_payments(marketplace.id, customer["id"])

    assert {payment.status for payment in page.payments} == {"paid", "refunded", "partially refunded", "disputed"}
    assert len(page.payments) == 4


async def test_a_pay_what_you_want_purchase_of_nothing_is_listed(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    product = await a_product(marketplace, kind="pay_what_you_want", amount_minor=0)
    await a_charge(marketplace, order=await an_order(marketplace, customer, product), amount_minor=0)

    page = await list_payments(marketplace.id, customer["id"])

    assert [(payment.amount_minor, payment.status) for payment in page.payments] == [(0, "paid")]


async def test_nobody_elses_payments_are_listed(database: FreshDatabase) -> None:
    marketplace, other = await a_marketplace(), await a_marketplace()
    customer = await a_customer(marketplace)
    await a_charge(marketplace)
    await a_charge(other)

    assert (await list_payments(marketplace.id, customer["id"])).payments == []
    assert (await list_payments(other.id, customer["id"])).payments == []


@pytest.mark.parametrize("sort", ["date", "price", "order", "status"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_every_sort_pages_through_everything_once_and_back(
    database: FreshDatabase, sort: PaymentSort, order: Direction
) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    await _twenty_three_payments(marketplace, customer)

    async def page(after: str | None = None, before: str | None = None) -> PaymentPage:
        return await list_payments(marketplace.id, customer["id"], sort, order, after, before, page_size=5)

    pages = [await page()]
    while (after := pages[-1].after) is not None:
        pages.append(await page(after=after))
    back = [pages[-1]]
    while (before := back[-1].before) is not None:
        back.append(await page(before=before))

    listed = [payment for page in pages for payment in page.payments]
    assert [len(page.payments) for page in pages] == [5, 5, 5, 5, 3]
    assert len({payment.id for payment in listed}) == 23
    values = [_SORTED_BY[sort](payment) for payment in listed]
    assert all(one <= two if order == "asc" else one >= two for one, two in pairwise(values))
    assert [page.payments for page in reversed(back)] == [page.payments for page in pages]
    assert pages[0].before is None


async def test_the_page_is_read_from_its_index_at_any_depth(
    database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    await _twenty_three_payments(marketplace, customer)

    for sort in get_args(PaymentSort):
        deep = (await list_payments(marketplace.id, customer["id"], sort, "desc", page_size=20)).after
        places: list[tuple[Direction, str | None]] = [("desc", None), ("asc", None), ("desc", deep), ("asc", deep)]
        for order, after in places:
            sql, given = await _statement_behind(monkeypatch, marketplace, customer, sort, order, after)
            (plan,) = json.loads(await fetch_value(f"EXPLAIN (FORMAT JSON) {sql}", *given))

            limit = next(node for node in _nodes(plan["Plan"]) if node["Node Type"] == "Limit")
            (picked,) = limit["Plans"]
            assert (picked["Node Type"], picked["Index Name"]) == ("Index Scan", f"charge_by_{sort}"), plan
            assert ("ROW(" in picked["Index Cond"]) == (after is not None), plan
            assert "Filter" not in picked, plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


async def _statement_behind(
    monkeypatch: pytest.MonkeyPatch,
    marketplace: Marketplace,
    customer: Record,
    sort: PaymentSort,
    order: Direction,
    after: str | None,
) -> tuple[str, tuple[object, ...]]:
    """The SQL that a page runs, with its arguments."""
    ran: list[tuple[str, tuple[object, ...]]] = []

    async def note(_: object, sql: str, *given: object) -> list[Record]:
        ran.append((sql, given))
        return []

    with monkeypatch.context() as patched:
        patched.setattr(payments, "fetch_all", note)
        await list_payments(marketplace.id, customer["id"], sort, order, after, page_size=20)
    return ran[0]


@pytest.mark.parametrize("cursor", ["", "x", "WzFd", "bm9uc2Vuc2U", "=" * 8, "W10", "é"])
async def test_a_cursor_that_nobody_gave_is_refused(database: FreshDatabase, cursor: str) -> None:
    marketplace = await a_marketplace()

    with pytest.raises(InvalidInput):
        await list_payments(marketplace.id, marketplace.id, after=cursor)


async def test_a_cursor_of_another_sort_is_refused(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    await _twenty_three_payments(marketplace, customer)
    page = await list_payments(marketplace.id, customer["id"], "price", page_size=5)

    with pytest.raises(InvalidInput):
        await list_payments(marketplace.id, customer["id"], "order", after=page.after)
    with pytest.raises(InvalidInput):
        await list_payments(marketplace.id, customer["id"], "price", after=page.after, before=page.after)


async def _twenty_three_payments(marketplace: Marketplace, customer: Record) -> None:
    for position in range(23):  # with ties in every column but the order's number
        await a_charge(
            marketplace,
            order=await an_order(marketplace, customer),
            state=("succeeded", "refunded", "partially_refunded", "disputed")[position % 4],
            amount_minor=(500, 1200, 3)[position % 3],
            paid_at=now() - timedelta(days=position % 6),
        )

"""Each fact of workflows/audit/invariants/ sees what breaks it, exactly that, and nothing where all went well.

What breaks one is done as the database's superuser with every trigger switched off, and undone after each test: the
application could not do it.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cli.embedded import EmbeddedPostgres
from models.database import close_pool, execute, fetch, fetch_value, open_pool, single_connection
from tests.conftest import SETTINGS, FreshDatabase, made_database
from tests.workflows.billing.lived_shop import a_lived_shop
from workflows.audit.invariants import INVARIANTS, INVARIANTS_BY_NAME
from workflows.audit.invariants.check import check_invariants
from workflows.machines import MACHINES
from workflows.runtime.settings import settings

_PAID = "(SELECT id FROM charge WHERE state = 'succeeded' ORDER BY id LIMIT 1)"
_FAILED = "(SELECT id FROM charge WHERE state = 'failed' ORDER BY id LIMIT 1)"
_RECEIPT = "(SELECT id FROM outgoing_email WHERE template = 'renewal_receipt' AND state = 'queued' ORDER BY id LIMIT 1)"
_CASE = "(SELECT id FROM dunning_case)"
_ACTIVE = "(SELECT id FROM subscription WHERE state = 'active')"
_CANCELLED = "(SELECT id FROM subscription WHERE state = 'cancelled')"
_IN_TROUBLE = "(SELECT id FROM subscription WHERE state = 'failed_charge')"
_LAST_INVOICE = "(SELECT id FROM invoice ORDER BY sequence DESC LIMIT 1)"
_JOB = "(SELECT min(id) FROM outbox)"
_DELIVERY, _DOCUMENT = "(SELECT id FROM webhook_delivery)", "(SELECT id FROM document ORDER BY id LIMIT 1)"
_LINK = "(SELECT id FROM access_token WHERE state = 'issued' ORDER BY id LIMIT 1)"
_SESSION = "(SELECT id FROM portal_session)"
_WAITING = "(SELECT id FROM charge WHERE state = 'pending')"
_ERASED = "(SELECT id FROM customer WHERE erased_at IS NOT NULL)"
_SHOP = "(SELECT id FROM marketplace)"


def _waits_since(table: str, which: str) -> str:
    """Makes a row, and its last move in the log, twenty minutes old, and takes its job away."""
    return (
        f"UPDATE transition_log SET at = at - interval '20 minutes' WHERE machine = '{table}' AND entity_id = {which};"
        f" UPDATE {table} SET moved_at = moved_at - interval '20 minutes' WHERE id = {which};"
        f" DELETE FROM outbox WHERE args ->> 'id' = {which}::text"
    )


_LATE = "now() - interval '16 minutes'"
_LATE_IN_SHOP = f"{_LATE} + (SELECT clock_offset FROM marketplace)"
_CHARGES_OF_ACTIVE = f"FROM charge WHERE subscription_id = {_ACTIVE}"
_ANOTHER_MOVE = f"""
INSERT INTO transition_log
SELECT marketplace_id, machine, entity_id, seq + 1, 'deliver', 'queued', 'sent', actor_kind, actor_id, reason,
       request_id, details, at, hash, '\\x01', xid FROM transition_log WHERE entity_id = {_RECEIPT}
"""
_A_REFUND = f"""
INSERT INTO refund (marketplace_id, charge_id, amount_minor, status, requested_by)
VALUES ({_SHOP}, {_PAID}, 100, 'succeeded', 'staff:x')
"""
_A_FINDING = (
    f"INSERT INTO audit_finding (marketplace_id, kind, number, details) VALUES ({_SHOP}, 'published_ahead', 7, '{{}}')"
)
_STANDS_STILL = f"INSERT INTO schedule VALUES ('tally.sum', 'tally.sum', 'sweeps', '30 seconds', {_LATE})"
_LAST_OF_CANCELLED = f"(SELECT max(id::text)::uuid FROM charge WHERE subscription_id = {_CANCELLED})"
_ANOTHER_CUSTOMER = f"(SELECT customer_id FROM subscription WHERE id = {_IN_TROUBLE})"


def _set(table: str, change: str, which: str = "") -> str:
    return f"UPDATE {table} SET {change}" + (f" WHERE id = {which}" if which else "")


# fmt: off
# fact, what breaks it, and what it then names
BREAKS = [
    ("state_as_logged", _set("outgoing_email", "state = 'delivered'", _RECEIPT), [_RECEIPT]),
    ("state_as_logged", f"UPDATE transition_log SET hash = '\\x00' WHERE entity_id = {_RECEIPT}", [_RECEIPT]),
    ("state_as_logged", f"DELETE FROM transition_log WHERE entity_id = {_LINK}", [_LINK]),
    ("log_ends_with_row", _ANOTHER_MOVE, [_RECEIPT]),
    ("open_case_of_failed_charge", "DELETE FROM dunning_case", [_IN_TROUBLE]),
    ("paid_charge_has_invoice", f"UPDATE invoice SET charge_id = {_FAILED} WHERE charge_id = {_PAID}",
        [_FAILED, _PAID]),
    ("period_is_paid_once", f"DROP INDEX charge_period; UPDATE charge SET period = 0 WHERE subscription_id = {_ACTIVE}",
        [f"(SELECT min(id::text) {_CHARGES_OF_ACTIVE})", f"(SELECT max(id::text) {_CHARGES_OF_ACTIVE})"]),
    ("refunds_add_up", _set("charge", "refunded_minor = 5", _PAID), [_PAID]),
    ("refunds_add_up", _A_REFUND, [_PAID]),
    ("nothing_after_cancellation", _set("charge", "submitted_at = now() + interval '2 minutes'", _LAST_OF_CANCELLED),
        [_CANCELLED]),
    ("nothing_waits_at_the_end", _set("subscription", "next_charge_at = now() + interval '40 days'", _CANCELLED),
        [_CANCELLED]),
    ("paid_off_is_completed", _set("subscription", "payments_total = payments_made", _ACTIVE), [_ACTIVE]),
    ("invoice_numbers_have_no_gaps", _set("invoice", "sequence = sequence + 2", _LAST_INVOICE), [_LAST_INVOICE, _SHOP]),
    ("invoice_numbers_have_no_gaps", "UPDATE number_series SET last_number = 99 WHERE series = 'invoice'", [_SHOP]),
    ("dunning_steps_were_mailed", f"UPDATE dunning_step SET outgoing_email_id = {_RECEIPT} WHERE channel = 'email'",
        [_CASE]),
    ("dunning_steps_were_mailed", "UPDATE dunning_step SET outgoing_email_id = NULL WHERE channel = 'email'", [_CASE]),
    ("link_of_the_same_person", _set("outgoing_email", f"customer_id = {_ANOTHER_CUSTOMER}", _RECEIPT), [_RECEIPT]),
    ("billing_on_time", _set("subscription", f"next_charge_at = {_LATE_IN_SHOP}", _ACTIVE), [_ACTIVE]),
    ("billing_on_time", _set("subscription", f"cancel_at = {_LATE}", _ACTIVE), [_ACTIVE]),
    ("billing_on_time", _set("dunning_case", f"next_attempt_at = {_LATE}"), [_IN_TROUBLE]),
    ("jobs_on_time", _set("outbox", f"wanted_at = {_LATE}, due_at = {_LATE}", _JOB), [_JOB]),
    ("jobs_on_time", _set("outbox", f"wanted_at = {_LATE}, due_at = now(), status = 'sent'", _JOB), [_JOB]),
    ("schedule_on_time", _STANDS_STILL, ["'tally.sum'"]),
    ("links_end", _set("access_token", f"expires_at = {_LATE}", _LINK), [_LINK]),
    ("sessions_end", _set("portal_session", f"expires_at = {_LATE}"), [_SESSION]),
    ("charges_have_jobs", _waits_since("charge", _WAITING), [_WAITING]),
    ("emails_have_jobs", _waits_since("outgoing_email", _RECEIPT), [_RECEIPT]),
    ("documents_have_jobs", _waits_since("document", _DOCUMENT), [_DOCUMENT]),
    ("deliveries_have_jobs", _waits_since("webhook_delivery", _DELIVERY), [_DELIVERY]),
    ("erased_stay_erased", _set("customer", "name = 'Jane'", _ERASED), [_ERASED]),
    ("published_as_sealed", _A_FINDING, ["'7'"]),
    ("cards_count_right", "UPDATE tally SET value = value + 1 WHERE name = 'active'", [f"{_SHOP}::text || ':active'"]),
]
# fmt: on


@pytest.fixture(scope="module")
async def lived(
    postgres_server: EmbeddedPostgres, administrator: Any, template_database: str
) -> AsyncIterator[FreshDatabase]:
    """The database of the shop; its month of the log before this one has a partition, for what is made older."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in SETTINGS.items():
            environment.setenv(name, value)
        settings.cache_clear()
        async with made_database(postgres_server, administrator, template_database) as fresh:
            await open_pool(fresh.app_url, min_size=1, max_size=2)
            await a_lived_shop()
            await close_pool()
            async with single_connection(fresh.superuser_url):
                await execute("CREATE TABLE before_now PARTITION OF transition_log DEFAULT")
            yield fresh


@asynccontextmanager
async def undone(lived: FreshDatabase) -> AsyncGenerator[None]:
    """The shop, as it was again when the block ends."""
    async with single_connection(lived.superuser_url) as connection:
        change = connection.transaction()
        await change.start()
        try:
            yield
        finally:
            await change.rollback()


async def with_no_trigger(sql: str) -> None:
    """Runs statements with nothing that could hold anybody back."""
    tables = [*(machine.name for machine in MACHINES), "transition_log", "dunning_step", "refund", "tally"]
    off, on = (";".join(f"ALTER TABLE {table} {do} TRIGGER ALL" for table in tables) for do in ("DISABLE", "ENABLE"))
    await execute(f"{off}; {sql}; {on}")


async def found(*, full: bool = True) -> dict[str, list[str]]:
    """What breaks which fact."""
    return {
        one.fact.name: sorted(breach.entity for breach in one.breaches)
        for one in await check_invariants(full=full)
        if one.breaches
    }


async def test_every_fact_holds_of_a_shop_where_all_went_well(lived: FreshDatabase) -> None:
    async with undone(lived):
        checked = await check_invariants(full=True)

        assert {one.fact.name for one in checked} == set(INVARIANTS_BY_NAME)
        assert [breach for one in checked for breach in one.breaches] == []
        assert all(one.looked_at for one in checked if one.fact.tables), "a fact that was asked of nothing"
        states = {row["machine"] for row in await fetch("SELECT DISTINCT machine FROM transition_log")}
        assert states == {machine.name for machine in MACHINES}


def test_every_fact_has_something_that_breaks_it() -> None:
    assert {name for name, _, _ in BREAKS} == {fact.name for fact in INVARIANTS}


@pytest.mark.parametrize(
    ("fact", "broken_by", "named"), BREAKS, ids=[f"{at}:{one[0]}" for at, one in enumerate(BREAKS)]
)
async def test_a_fact_sees_what_breaks_it_and_no_other_does(
    lived: FreshDatabase, fact: str, broken_by: str, named: list[str]
) -> None:
    async with undone(lived):
        entities = sorted([str(await fetch_value(f"SELECT {one}")) for one in named])
        await with_no_trigger(broken_by)

        assert await found() == {fact: entities}
        written = await fetch("SELECT fact, entity FROM fact_breach WHERE gone_at IS NULL ORDER BY entity")
        assert [row["entity"] for row in written] == entities


async def test_a_look_at_what_moved_sees_what_moved_and_what_is_broken_still(lived: FreshDatabase) -> None:
    async with undone(lived):
        await found()
        await execute("UPDATE fact_check SET checked_at = now() + interval '1 day', full_at = now()")
        await with_no_trigger(f"UPDATE charge SET refunded_minor = 5 WHERE id = {_PAID}")
        assert await found(full=False) == {}, "it did not move"

        await execute("UPDATE fact_check SET checked_at = now() - interval '1 day'")
        paid = str(await fetch_value(f"SELECT {_PAID}"))
        assert await found(full=False) == {"refunds_add_up": [paid]}

        await execute("UPDATE fact_check SET checked_at = now() + interval '1 day'")
        assert await found(full=False) == {"refunds_add_up": [paid]}, "it is looked at again until it is gone"
        assert await fetch_value("SELECT times FROM fact_breach") == 2


async def test_a_breach_is_opened_seen_again_gone_and_another_one_when_it_comes_back(lived: FreshDatabase) -> None:
    async def written() -> list[tuple[int, bool]]:
        rows = await fetch("SELECT times, gone_at IS NOT NULL AS gone FROM fact_breach ORDER BY opened_at")
        return [(row["times"], row["gone"]) for row in rows]

    async with undone(lived):
        for refunded, expected in (
            (5, [(1, False)]),
            (5, [(2, False)]),
            (0, [(2, True)]),
            (7, [(2, True), (1, False)]),
        ):
            await with_no_trigger(f"UPDATE charge SET refunded_minor = {refunded} WHERE id = {_PAID}")
            await check_invariants(full=True)
            assert await written() == expected
        assert await fetch_value(f"SELECT refunded_minor FROM charge WHERE id = {_PAID}") == 7, "nothing is mended"


async def test_staff_who_want_to_hear_of_broken_facts_do_when_one_opens(lived: FreshDatabase) -> None:
    async with undone(lived):
        await with_no_trigger(f"UPDATE charge SET refunded_minor = 5 WHERE id = {_PAID}")
        await check_invariants(full=True)
        await check_invariants(full=True)

        told = await fetch("SELECT recipient, context FROM outgoing_email WHERE template = 'staff_broken_fact'")
        assert [row["recipient"] for row in told] == ["ada@audit.example"]
        assert told[0]["context"]["tells"].startswith("refunded 5 of 1999")


async def test_a_row_in_the_log_that_its_table_has_lost_is_seen_when_it_moved(lived: FreshDatabase) -> None:
    async with undone(lived):
        session = str(await fetch_value(f"SELECT {_SESSION}"))
        await found()
        await with_no_trigger("DELETE FROM portal_session")

        assert await found(full=False) == {"state_as_logged": [session]}


async def test_a_delivery_that_arrived_may_be_forgotten_after_its_time_and_no_other(lived: FreshDatabase) -> None:
    async with undone(lived):
        delivery = str(await fetch_value(f"SELECT {_DELIVERY}"))
        await found()
        await with_no_trigger("DELETE FROM webhook_delivery")
        assert await found(full=False) == {"state_as_logged": [delivery]}

        for state, days, breaches in (("delivered", 89, [delivery]), ("failed", 91, [delivery]), ("delivered", 91, [])):
            await with_no_trigger(
                f"UPDATE transition_log SET to_state = '{state}', at = now() - interval '{days} days'"
                " WHERE machine = 'webhook_delivery'"
            )
            assert (await found(full=False)).get("state_as_logged", []) == breaches, (state, days)

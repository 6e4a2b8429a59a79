"""Who works for a merchant: always an owner, out at once when removed, mail limits, who wants to hear of what."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from models.database import execute, fetch_row, fetch_value
from tests.changes_made import changes_of
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_staff_link, a_staff_member, a_staff_session
from workflows.access.link_requests import ask_for_link, handle_link_request
from workflows.access.own_account import AccountChange, change_account
from workflows.access.sessions import find_staff_session
from workflows.access.staff_sign_in import redeem_staff_link
from workflows.access.team import LastOwner, NewPerson, change_role, invite, list_people, remove_person
from workflows.access_tokens.one_time_links import link_text
from workflows.access_tokens.sites import CONSOLE
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.staff import who_wants
from workflows.runtime.errors import LinkUnusable, NotSignedIn, WorkflowError

pytestmark = pytest.mark.usefixtures("database")
BY = Actor("staff", UUID(int=1))


async def test_two_owners_who_remove_each_other_at_once_leave_one() -> None:
    for _ in range(5):
        marketplace = await a_marketplace()
        first, second = await a_staff_member(marketplace), await a_staff_member(marketplace)

        came = await asyncio.gather(
            remove_person(marketplace.id, first["id"], BY),
            change_role(marketplace.id, second["id"], "support", BY),
            return_exceptions=True,
        )

        assert [type(one) for one in came if isinstance(one, Exception)] == [LastOwner]
        owners = "SELECT count(*) FROM staff WHERE marketplace_id = $1 AND role = 'owner' AND removed_at IS NULL"
        assert await fetch_value(owners, marketplace.id) == 1


async def test_whoever_signs_in_while_being_removed_is_not_in() -> None:
    marketplace = await a_marketplace()
    await a_staff_member(marketplace)
    for _ in range(5):
        member = await a_staff_member(marketplace, role="support")
        text = link_text(await a_staff_link(marketplace, member))

        redeemed, _removed = await asyncio.gather(
            redeem_staff_link(marketplace.id, text, ""),
            remove_person(marketplace.id, member["id"], BY),
            return_exceptions=True,
        )

        assert isinstance(redeemed, LinkUnusable) or not isinstance(redeemed, BaseException)
        live = "SELECT count(*) FROM portal_session WHERE staff_id = $1 AND state = 'active'"
        assert await fetch_value(live, member["id"]) == 0


async def test_a_session_of_somebody_removed_counts_for_nothing_even_if_it_were_active() -> None:
    marketplace = await a_marketplace()
    member = await a_staff_member(marketplace)
    token, _ = await a_staff_session(marketplace, member)
    await execute("UPDATE staff SET removed_at = now() WHERE id = $1", member["id"])

    with pytest.raises(NotSignedIn):
        await find_staff_session(marketplace.id, token)


async def test_past_the_hours_share_no_further_link_is_sent_and_earlier_ones_work() -> None:
    marketplace = await a_marketplace()
    member = await a_staff_member(marketplace)
    for _ in range(7):
        await ask_for_link(marketplace.id, member["email"], "n" * 22, None, CONSOLE)
        await handle_link_request(marketplace.id, await fetch_value("SELECT id FROM link_request"))

    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE staff_id = $1", member["id"]) == 5
    assert await fetch_value("SELECT count(*) FROM access_token WHERE state = 'issued'") == 5


async def test_a_notice_goes_to_who_wants_it_and_may_see_what_it_is_about() -> None:
    marketplace, elsewhere = await a_marketplace(), await a_marketplace()
    owner, support, auditor = [
        await a_staff_member(marketplace, role=role, wants_failed_charge=True, wants_failed_job=True)
        for role in ("owner", "support", "auditor")
    ]
    await a_staff_member(marketplace, role="support")
    await a_staff_member(marketplace, role="support", wants_failed_charge=True, removed_at=owner["created_at"])
    await a_staff_member(elsewhere, wants_failed_charge=True)

    wanting = [row["id"] for row in await who_wants(marketplace.id, "failed_charge")]

    assert wanting == [owner["id"], support["id"]]
    assert [row["id"] for row in await who_wants(marketplace.id, "failed_job")] == [*wanting, auditor["id"]]
    assert await who_wants(marketplace.id, "self_cancellation") == []


async def test_one_changes_ones_own_account_only() -> None:
    marketplace = await a_marketplace()
    member, other = await a_staff_member(marketplace), await a_staff_member(marketplace)
    token, _ = await a_staff_session(marketplace, member)

    account = await change_account(
        await find_staff_session(None, token), AccountChange(name=" Ann\r\nBcc: x ", wants_self_cancellation=True)
    )

    assert (account.name, account.wants_self_cancellation, account.wants_failed_charge) == ("Ann Bcc: x", True, False)
    kept = await fetch_row("SELECT name, wants_self_cancellation FROM staff WHERE id = $1", other["id"])
    assert kept is not None
    assert tuple(kept) == ("Sam Staff", False)
    (change,) = await changes_of(marketplace.id, f"staff:{member['id']}")
    assert (change.actor_id, change.before["name"], change.after["name"]) == (
        str(member["id"]),
        "Sam Staff",
        "Ann Bcc: x",
    )


async def test_people_are_those_of_their_own_marketplace() -> None:
    marketplace, elsewhere = await a_marketplace(), await a_marketplace()
    stranger = await a_staff_member(elsewhere)
    await invite(marketplace, NewPerson(email=stranger["email"], role="owner"), BY)

    assert [person.email for person in await list_people(marketplace.id)] == [stranger["email"]]
    for act in (
        remove_person(marketplace.id, stranger["id"], BY),
        change_role(marketplace.id, stranger["id"], "x", BY),
    ):
        with pytest.raises(WorkflowError, match="no such person"):
            await act


async def test_the_log_of_changes_holds_what_differs_and_cannot_be_changed(fresh_database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    before, after = {"name": "Ada", "country": "US"}, {"name": "Ada's", "country": "US"}

    await record_change(marketplace.id, BY, "marketplace", "changed", before, after)
    await record_change(marketplace.id, BY, "marketplace", "changed", before, before)

    changes = await changes_of(marketplace.id, "marketplace")
    assert [(one.before, one.after) for one in changes] == [({"name": "Ada"}, {"name": "Ada's"})]
    for url in (fresh_database.app_url, fresh_database.owner_url):
        connection = await asyncpg.connect(url)
        try:
            for sql in ("UPDATE change_log SET act = 'x'", "DELETE FROM change_log", "TRUNCATE change_log"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(sql)
        finally:
            await connection.close()

"""A customer who is erased is nowhere but in invoices, and every chain of the log stays whole (docs/data.md)."""

import asyncio
from typing import Any

import pytest

from integrations.gateways import gateway_for
from integrations.gateways.sandbox import SandboxGateway
from integrations.mailers.capture import CaptureMailer
from integrations.rate_limits import limiter
from models.database import DB, Record, execute, fetch, fetch_row, fetch_value, transaction
from tests.chains import flaws, story
from tests.factories import (
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_product,
    a_refund,
    a_session,
    a_staff_member,
    a_subscription,
    an_import,
    an_order,
)
from tests.webhook_rows import an_endpoint
from tests.workflows.billing.billed import FAILS, billed, run
from workflows.access.link_requests import ask_again, ask_for_link, handle_link_request, send_login_email
from workflows.access_tokens.one_time_links import link_text
from workflows.audit.invariants.check import check_facts
from workflows.billing.cards.hosted_form import open_card_form
from workflows.billing.charges.refunds import refund_charge
from workflows.billing.orders import NewOrder, OrderCard, place_order
from workflows.billing.subscriptions.cancel import cancel_by_staff
from workflows.billing.subscriptions.restart import restart
from workflows.customers.addresses import CustomerErased
from workflows.customers.language import LanguageChoice, choose_language
from workflows.customers.records import CustomerChange, NewCustomer, change_customer, create_customer
from workflows.emails.delivery.deliver import deliver_email
from workflows.emails.notices_for_staff import tell_of_dead_jobs
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import CHARGE, MACHINES
from workflows.marketplaces.tenant import Marketplace
from workflows.privacy.erasure import ErasureRefused, erase_customer, look_before_erasing
from workflows.runtime.clock import now
from workflows.runtime.errors import DefinitionError, NotFound, NotNow
from workflows.runtime.ports import CardSetup
from workflows.runtime.settings import settings
from workflows.webhooks.publish import publish_event

pytestmark = pytest.mark.usefixtures("database")
BY = Actor("staff", "owner")
# What only this person's rows hold.
WORDS = ("zebedee", "quixote", "ESX9999", "windmill", "Rocinante/5.0", "cus_zebedee", "ref-zebedee", "+4917")
_INVOICES = {"invoice", "document_file"}  # kept by law


async def a_person(shop: Marketplace) -> Record:
    """Somebody with a history: charged, failed, mailed, signed in, told of; their last subscription cancelled."""
    paying, failing = await billed(shop), await billed(shop, FAILS)
    await execute("UPDATE subscription SET customer_id = $1 WHERE id = $2", paying["customer_id"], failing["id"])
    await execute("UPDATE customer_order SET customer_id = $1", paying["customer_id"])
    await execute(
        "UPDATE customer SET email = 'Zebedee@quixote.example', name = 'Zebedee Quixote', address = '1 windmill lane',"
        " tax_id = 'ESX9999', reference = 'ref-zebedee', gateway_reference = 'cus_zebedee' WHERE id = $1",
        paying["customer_id"],
    )
    await run(shop)
    return await of(shop, paying["customer_id"])


async def with_traces(shop: Marketplace, customer: Record) -> None:
    """Something of the person wherever something of a person can be."""
    await a_session(shop, customer, user_agent="Rocinante/5.0")
    link = await a_link(shop, customer=customer, return_to="/portal/x/payments?for=zebedee", browser_digest=b"zebedee")
    await ask_for_link(shop.id, "ZEBEDEE@quixote.example", "nonce", None)
    await ask_again(shop.id, link["id"], "nonce")
    for email in await fetch("SELECT id FROM outgoing_email WHERE template = 'renewal_receipt'"):
        await deliver_email(shop.id, email["id"], CaptureMailer("portal@gatehouse.example"))
    await execute(
        'UPDATE outgoing_email SET context = context || \'{"product": "For Zebedee"}\' WHERE customer_id = $1',
        customer["id"],
    )
    await execute("UPDATE payment_method SET reference = 'pm_zebedee' WHERE customer_id = $1", customer["id"])
    await execute("UPDATE charge SET card_fingerprint = 'zebedee' WHERE customer_id = $1", customer["id"])
    run_ = await an_import(shop, ended_at=now(), outcome="done")
    await execute(
        "INSERT INTO import_row (marketplace_id, run_id, kind, reference, refused_column, refused_reason)"
        " VALUES ($1, $2, 'customers', 'r', 'email', 'zebedee@Quixote.example is taken'),"
        " ($1, $2, 'customers', 's', 'email', 'once@windmill.example is taken'),"
        " ($1, $2, 'customers', 'ref-zebedee', '', 'was deleted'), ($1, $2, 'customers', 'cus_zebedee', '', 'was too'),"
        " ($1, $2, 'orders', 'o', 'customer', 'is no known customer''s reference: cus_Zebedee')",
        shop.id,
        run_["id"],
    )
    await execute(
        "UPDATE outgoing_email SET recipient = 'Once@windmill.example' WHERE id ="
        " (SELECT id FROM outgoing_email WHERE customer_id = $1 ORDER BY id LIMIT 1)",
        customer["id"],
    )
    await execute(
        "UPDATE outbox SET status = 'dead', last_error = 'refused: Zebedee@quixote.example' WHERE id ="
        " (SELECT max(id) FROM outbox WHERE actor = 'email.deliver')"
    )
    await a_staff_member(shop, wants_failed_job=True)
    await tell_of_dead_jobs()
    [notice] = await fetch("SELECT id FROM outgoing_email WHERE template = 'staff_failed_job'")
    await deliver_email(shop.id, notice["id"], CaptureMailer("portal@gatehouse.example"))
    await execute(
        "INSERT INTO idempotent_request (marketplace_id, scope, principal, route, fingerprint, key_id, claim,"
        " claimed_until, status, headers, body, created_at) VALUES ($1, 'x', 'api_key:1', '/customers', 'x', '1',"
        " $2, now(), 201, '{}', $3, now())",
        shop.id,
        customer["id"],
        b'{"email":"zebedee@quixote.example","name":"Zebedee"}',
    )
    await execute(
        "INSERT INTO idempotent_request SELECT marketplace_id, 'y', uuidv7(), principal,"
        " 'PATCH /api/v1/customers/{customer}/billing-details', fingerprint, key_id, claim, claimed_until, status,"
        " headers, $1, created_at FROM idempotent_request",
        b'{"name":"Zebedee","address":"1 windmill lane","country":null,"tax_id":null,"corrected":[]}',
    )


async def of(shop: Marketplace, customer_id: Any) -> Record:
    row = await fetch_row("SELECT * FROM customer WHERE marketplace_id = $1 AND id = $2", shop.id, customer_id)
    assert row is not None
    return row


async def where_they_are() -> set[str]:
    """The tables in which a word of the person stands, whatever the column."""
    tables = await fetch(
        "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    found = set[str]()
    for table in tables:
        # bytea too: as text it is hexadecimal
        words = [word for plain in WORDS for word in (plain, plain.encode().hex(), plain.capitalize().encode().hex())]
        if await fetch_value(
            f"SELECT EXISTS (SELECT FROM {table['name']} AS held, unnest($1::text[]) AS word"
            " WHERE position(lower(word) IN lower(held::text)) > 0)",
            words,
        ):
            found.add(table["name"])
    return found


async def cancel_all(shop: Marketplace) -> None:
    for row in await fetch("SELECT number FROM subscription WHERE state IN ('active', 'failed_charge')"):
        await cancel_by_staff(shop, row["number"], BY)


async def test_an_erased_person_is_in_invoices_alone_and_every_chain_is_whole() -> None:
    shop = await a_marketplace()
    endpoint, _ = await an_endpoint(shop)
    customer = await a_person(shop)
    other = await a_customer(shop, email="other@elsewhere.example", name="Somebody Else")
    await with_traces(shop, customer)
    for event in await fetch("SELECT id FROM webhook_event"):
        await publish_event(shop.id, event["id"])
    await execute(
        "INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status, answer)"
        " SELECT marketplace_id, id, 1, now(), 5, 200, 'thanks, Zebedee' FROM webhook_delivery WHERE endpoint_id = $1"
        " AND event_id IN (SELECT id FROM webhook_event WHERE data ->> 'customer' = $2::bigint::text)",
        endpoint["id"],
        customer["number"],
    )
    await cancel_all(shop)
    before = await where_they_are()
    assert before > {"customer", "outgoing_email", "captured_email", "link_request", "access_token", "portal_session"}
    assert before > {"payment_method", "charge", "import_row", "outbox", "idempotent_request", "webhook_attempt"}

    erased = await erase_customer(shop.id, str(customer["number"]), BY)

    assert await where_they_are() <= _INVOICES
    assert erased.erased_at is not None
    assert await fetch_value("SELECT name FROM customer WHERE id = $1", other["id"]) == "Somebody Else"
    for table in [machine.name for machine in MACHINES]:
        for row in await fetch(f"SELECT id FROM {table}"):
            assert flaws(await story(table, row["id"])) == [], table
    assert [one.breaches for one in await check_facts(full=True) if one.breaches] == []
    states = await fetch("SELECT DISTINCT state FROM access_token UNION SELECT DISTINCT state FROM portal_session")
    assert not {"issued", "active"} & {row["state"] for row in states}
    assert await fetch_value("SELECT act FROM change_log WHERE subject = $1", f"customer:{customer['id']}") == "erased"


# What is said, and whether ann@x.example was meant.
_SAID = {
    "ann@x.example": True,
    "'Ann@X.example' is taken.": True,
    'to "<ann@x.example>": refused': True,
    "?email=ann@x.example&as=other": True,
    "so says ann@x.example.": True,
    '{"address":"1 lane\\nann@x.example"}': True,
    "see *_ <ann@x.example>_": True,
    "joann@x.example": False,
    "jo.ann@x.example": False,
    "jo+ann@x.example": False,
    "o'ann@x.example": False,
    "ann@x.example.org": False,
    "ann@x.example-shop.org": False,
    "ann@xaexample": False,
    "so says jann@x.example, and Ann@x.example": True,
    "was deleted: cus_1": True,
    "was deleted: cus_12": False,
    "was deleted: cus_1_2": False,
}


async def test_only_what_names_the_person_is_taken_away_and_not_who_is_called_alike() -> None:
    shop = await a_marketplace()
    customer = await a_customer(shop, email="Ann@x.example", reference="7", gateway_reference="cus_1")
    run_ = await an_import(shop, ended_at=now(), outcome="done")
    kept = [said for said, meant in _SAID.items() if not meant]
    for place, said in enumerate(_SAID):
        await execute(
            "INSERT INTO import_row (marketplace_id, run_id, kind, reference, refused_column, refused_reason)"
            " VALUES ($1, $2, 'charges', $3, 'email', $4)",
            *(shop.id, run_["id"], f"ch_{place}", said),
        )
        await execute(
            "INSERT INTO outbox (queue, actor, args, marketplace_id, status, last_error)"
            " VALUES ('emails', 'email.deliver', '{}', $1, 'dead', $2)",
            *(shop.id, said),
        )
        await execute(
            "INSERT INTO idempotent_request (marketplace_id, scope, principal, route, fingerprint, key_id, claim,"
            " claimed_until, status, headers, body, created_at) VALUES ($1, $2, 'api_key:1', '/orders', 'x', '1',"
            " uuidv7(), now(), 201, '{}', $3, now())",
            *(shop.id, said.encode(), said.encode()),
        )
    await execute(
        "INSERT INTO import_row (marketplace_id, run_id, kind, reference, refused_column, refused_reason)"
        " VALUES ($1, $2, 'products', '7', '', 'is nobody')",
        *(shop.id, run_["id"]),
    )

    await erase_customer(shop.id, str(customer["id"]), BY)

    reasons = {row["refused_reason"] for row in await fetch("SELECT refused_reason FROM import_row")}
    errors = {row["last_error"] for row in await fetch("SELECT last_error FROM outbox WHERE status = 'dead'")}
    bodies = {row["body"].decode() for row in await fetch("SELECT body FROM idempotent_request WHERE body IS NOT NULL")}
    assert reasons == {*kept, "is nobody"}
    by_address = {said for said in _SAID if "cus_" in said} | set(
        kept
    )  # a name of the gateway's is in no error of ours
    assert errors - {"erased"} == bodies == by_address


async def test_the_log_of_a_lived_shop_names_no_person() -> None:
    shop = await a_marketplace()
    await with_traces(shop, await a_person(shop))
    await cancel_all(shop)

    rows = await fetch("SELECT log::text AS whole FROM transition_log AS log")
    assert len(rows) > 20
    assert not [row for row in rows if "@" in row["whole"] or any(word in row["whole"].lower() for word in WORDS)]


@pytest.mark.parametrize("words", ["jane@example.com", "because she moved", "Ünter den Linden"])
def test_a_move_refuses_words_of_a_person_in_its_details(words: str) -> None:
    with pytest.raises(DefinitionError, match="no id and no code"):
        Move(BY, "refused", {"answer": words}).columns()


async def test_erasing_twice_is_erasing_once_also_when_two_do_it_at_once() -> None:
    shop = await a_marketplace()
    subscription = await a_subscription(shop, state="cancelled")
    number = str((await of(shop, subscription["customer_id"]))["number"])

    answers = await asyncio.gather(*(erase_customer(shop.id, number, BY) for _ in range(5)))

    assert len({answer.erased_at for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM change_log WHERE act = 'erased'") == 1


async def test_what_lives_or_is_not_settled_is_in_the_way_and_nothing_is_touched() -> None:
    shop = await a_marketplace()
    live = await a_subscription(shop)
    customer = await of(shop, live["customer_id"])
    order = await an_order(shop, customer)
    refunded = await a_charge(shop, order=order)
    await a_charge(shop, order=order, state="pending")
    await a_charge(shop, order=order, state="disputed")
    await a_refund(refunded)
    await an_import(shop)

    with pytest.raises(ErasureRefused) as refused:
        await erase_customer(shop.id, str(customer["number"]), BY)

    begins = ["Subscription 1 is not ended", "A charge", "A payment is disputed", "A refund", "An import"]
    assert [one[: len(begin)] for one, begin in zip(refused.value.hindrances, begins, strict=True)] == begins
    assert (await look_before_erasing(shop.id, str(customer["id"]))).hindrances == refused.value.hindrances
    assert (await of(shop, customer["id"]))["email"] == customer["email"]


async def test_a_lost_dispute_is_in_nobodys_way() -> None:
    shop = await a_marketplace()
    charge = await a_charge(shop)
    await fire(CHARGE, shop.id, charge["id"], "dispute", Move(BY, "dispute_opened", {"dispute": "dp_1"}))
    customer = str((await of(shop, charge["customer_id"]))["number"])
    assert len((await look_before_erasing(shop.id, customer)).hindrances) == 1

    await execute(
        "INSERT INTO gateway_event (marketplace_id, gateway, event_id, type, subject, created_at)"
        " VALUES ($1, 'sandbox', 'e', 'DisputeLost', 'dp_1', now())",
        shop.id,
    )

    assert (await erase_customer(shop.id, customer, BY)).erased_at is not None


async def test_their_address_is_free_and_nothing_leads_back_to_them() -> None:
    shop = await a_marketplace()
    subscription = await a_subscription(shop, state="cancelled")
    customer = await of(shop, subscription["customer_id"])
    old = await a_link(shop, customer=customer)
    await erase_customer(shop.id, str(customer["number"]), BY)

    again = await create_customer(shop.id, NewCustomer(email=customer["email"], name="Jane again"))
    assert again.number != customer["number"]
    await ask_again(shop.id, old["id"], "nonce")
    await handle_link_request(shop.id, await fetch_value("SELECT id FROM link_request"))
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0
    with pytest.raises(NotFound):
        await send_login_email(shop, subscription["number"], BY)
    with pytest.raises(NotNow, match="erased"):
        await restart(shop, subscription["number"], BY)
    with pytest.raises(CustomerErased):
        await change_customer(shop.id, str(customer["number"]), CustomerChange(name="Jane"), BY)
    with pytest.raises(NotFound):
        await erase_customer((await a_marketplace()).id, str(customer["id"]), BY)


async def test_money_given_back_later_writes_to_nobody() -> None:
    shop = await a_marketplace()
    customer = await a_person(shop)
    await cancel_all(shop)
    await erase_customer(shop.id, str(customer["number"]), BY)
    paid = await fetch_value("SELECT id FROM charge WHERE state = 'succeeded' LIMIT 1")

    refund = await refund_charge(shop, paid, None, gateway_for("sandbox"), BY)

    assert refund.status == "succeeded"
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'refund'") == 0
    assert [one.breaches for one in await check_facts(full=True) if one.breaches] == []


async def test_an_order_that_races_an_erasure_is_placed_before_it_or_not_at_all() -> None:
    """Whichever comes first: never an order of somebody who was erased before it."""
    shop = await a_marketplace()
    product = await a_product(shop, kind="one_off")
    card = OrderCard(gateway="sandbox", number="4242424242424242", exp_month=12, exp_year=2040)
    for _ in range(6):
        customer = await a_customer(shop)
        order = NewOrder(customer=customer["number"], product=str(product["id"]), card=card)
        outcomes = await asyncio.gather(
            place_order(shop, order, gateway_for("sandbox"), BY),
            erase_customer(shop.id, str(customer["number"]), BY),
            return_exceptions=True,
        )
        placed = await fetch_row("SELECT * FROM customer_order WHERE customer_id = $1", customer["id"])
        now_ = await of(shop, customer["id"])
        assert not [one for one in outcomes if isinstance(one, Exception) and not _expected(one)], outcomes
        if placed is None:
            assert isinstance(outcomes[0], CustomerErased)
        elif now_["erased_at"] is not None:
            paid = await fetch_value("SELECT paid_at FROM charge WHERE order_id = $1", placed["id"])
            assert paid < now_["erased_at"], "erased while money was under way"


def _expected(error: Exception) -> bool:
    return isinstance(error, CustomerErased | ErasureRefused)


async def test_an_erasure_waits_for_an_order_that_is_being_written_and_then_sees_it() -> None:
    shop = await a_marketplace()
    customer = await a_customer(shop)
    async with transaction():
        order = await an_order(shop, customer)
        erasing = asyncio.create_task(_from_outside(erase_customer(shop.id, str(customer["number"]), BY)))
        await _until_it_waits()
        await a_charge(shop, order=order, state="pending")
    with pytest.raises(ErasureRefused, match="not settled"):
        await erasing


async def _from_outside(act: Any) -> Any:
    DB.current_transaction.set(None)
    return await act


async def _until_it_waits() -> None:
    async with asyncio.timeout(10):
        while not await _somebody_waits():  # noqa: ASYNC110 - the database sets no event
            await asyncio.sleep(0.01)


async def _somebody_waits() -> bool:
    return await fetch_value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")


class FormOpenedTooLate(SandboxGateway):
    """A gateway that opens its form when the customer has been erased."""

    def __init__(self, shop: Marketplace, customer: str) -> None:
        super().__init__()
        self.shop, self.customer = shop, customer

    async def start_card_setup(self, **asked: Any) -> CardSetup:
        await cancel_all(self.shop)
        await erase_customer(self.shop.id, self.customer, BY)
        return CardSetup(url=asked["return_url"], reference="seti_1", customer_reference="cus_late")


async def test_what_began_before_and_ends_later_leaves_nothing_of_the_person(valkey_url: str) -> None:
    shop = await a_marketplace()
    subscription = await a_subscription(shop)
    customer = await of(shop, subscription["customer_id"])
    link = await a_link(shop, customer=customer, purpose="card_update", subscription_id=subscription["id"])
    gateway, urls = FormOpenedTooLate(shop, str(customer["number"])), {"return_url": "/saved", "cancel_url": "/form"}

    await open_card_form(shop, link_text(link), gateway, "192.0.2.1", limiter(settings()), **urls)
    await choose_language(shop.id, customer["id"], LanguageChoice(language="de"), Actor("customer", customer["id"]))

    after = await of(shop, customer["id"])
    assert after["erased_at"] is not None
    assert (after["gateway_reference"], after["locale"]) == (None, None)

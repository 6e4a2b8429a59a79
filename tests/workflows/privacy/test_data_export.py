"""All that is here about a person, given to them: every section, no secret, nobody else's, in pieces (docs/data.md)."""

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest

from models.database import Record, execute, fetch
from tests.factories import a_customer, a_link, a_marketplace, a_refund, a_session, a_subscription
from tests.workflows.billing.billed import FAILS, billed, run
from workflows.customers.records import find_customer
from workflows.marketplaces.tenant import Marketplace
from workflows.privacy.data_export import customer_archive, customer_data
from workflows.privacy.data_export_sections import AT_ONCE, SECTIONS

pytestmark = pytest.mark.usefixtures("database")


async def a_person(shop: Marketplace) -> Record:
    """One who has something in every section."""
    paying, failing = await billed(shop), await billed(shop, FAILS)
    person = paying["customer_id"]
    await execute("UPDATE subscription SET customer_id = $1 WHERE id = $2", person, failing["id"])
    await run(shop)
    paid = await fetch("SELECT * FROM charge WHERE state = 'succeeded'")
    await a_refund(paid[0])
    customer = (await fetch("SELECT * FROM customer WHERE id = $1", person))[0]
    await a_session(shop, customer, user_agent="Their browser")
    await a_link(shop, customer=customer)
    await execute(
        "INSERT INTO change_log (marketplace_id, actor_kind, actor_id, subject, act, after)"
        " VALUES ($1, 'staff', 'x', $2, 'changed', $3)",
        shop.id,
        f"customer:{person}",
        {"fields": ["name"]},
    )
    return customer


async def told(shop: Marketplace, customer: Record) -> tuple[dict[str, Any], list[bytes]]:
    pieces = [piece async for piece in customer_data(shop.id, await find_customer(shop.id, str(customer["number"])))]
    return json.loads(b"".join(pieces)), pieces


async def test_every_section_is_told_and_no_secret_and_nobody_elses() -> None:
    shop = await a_marketplace()
    customer = await a_person(shop)
    other = await a_subscription(shop, state="cancelled")
    await a_session(shop, (await fetch("SELECT * FROM customer WHERE id = $1", other["customer_id"]))[0])

    data, _ = await told(shop, customer)

    assert (data["format"], data["customer"]["email"]) == ("gatehouse-customer-1", customer["email"])
    assert [name for name in (*SECTIONS, "log") if not data[name]] == []
    assert {one["state"] for one in data["subscriptions"]} == {"active", "failed_charge"}
    assert data["sessions"][0]["user_agent"] == "Their browser"
    ours = set[str]()
    for table in ("subscription", "charge", "invoice", "access_token", "portal_session", "outgoing_email"):
        rows = await fetch(f"SELECT id FROM {table} WHERE customer_id = $1", customer["id"])
        ours |= {str(row["id"]) for row in rows}
    ours |= {str(row["id"]) for row in await fetch("SELECT id FROM dunning_case UNION ALL SELECT id FROM document")}
    assert {row["entity_id"] for row in data["log"]} == ours
    written = json.dumps(data)
    assert str(other["id"]) not in written
    secrets = await fetch(
        "SELECT encode(nonce, 'hex') FROM access_token UNION ALL SELECT encode(digest, 'hex') FROM portal_session"
        " UNION ALL SELECT reference FROM payment_method UNION ALL SELECT idempotency_key FROM charge"
    )
    assert not [row for row in secrets if row[0] in written]


async def test_a_long_history_is_told_whole_in_pieces() -> None:
    shop = await a_marketplace()
    customer = await a_customer(shop)
    await execute(
        "INSERT INTO payment_method (marketplace_id, customer_id, gateway, reference, fingerprint, brand, last_four,"
        " exp_month, exp_year) SELECT $1, $2, 'sandbox', n, n, 'visa', '4242', 1, 2030"
        " FROM generate_series(1, $3) AS n",
        shop.id,
        customer["id"],
        AT_ONCE * 2 + 1,
    )

    data, pieces = await told(shop, customer)

    assert len({card["id"] for card in data["cards"]}) == AT_ONCE * 2 + 1
    assert max(map(len, pieces)) < len(b"".join(pieces)) / 2
    assert data["log"] == data["charges"] == []


async def test_the_archive_holds_the_document_and_the_invoices_that_have_a_pdf() -> None:
    shop = await a_marketplace()
    customer = await a_person(shop)
    invoice = (await fetch("SELECT * FROM invoice"))[0]
    pdf = b"%PDF-1.7 " + uuid4().bytes
    await execute(
        "INSERT INTO document_file (marketplace_id, document_id, pdf) SELECT marketplace_id, id, $1 FROM document", pdf
    )
    record = await find_customer(shop.id, str(customer["id"]))

    raw = b"".join([piece async for piece in customer_archive(shop.id, record)])

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["data.json", f"invoices/{invoice['number']}.pdf"]
        assert archive.read(f"invoices/{invoice['number']}.pdf") == pdf
        assert json.loads(archive.read("data.json"))["customer"]["number"] == customer["number"]

"""The demo's people as rows for the importer, by the same columns as a merchant's CSV files."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.demo.catalogue import sold
from cli.demo.dates import Life
from cli.demo.people import Person, Subscribed
from workflows.billing.gateway import Card
from workflows.importing.customers import CUSTOMERS
from workflows.importing.kind import Kind
from workflows.importing.orders import ORDERS
from workflows.importing.shapes import RawRow
from workflows.importing.subscriptions import SUBSCRIPTIONS
from workflows.marketplaces.tenant import Marketplace

PREFIX = "demo"
SAMPLE_PREFIX = "sample"  # of the references of CDNOW's customers
CURRENCY = "USD"
_HOLD_UP = timedelta(days=3)  # from the first failed attempt to the second: days 1 and 4 of the policy

Row = Mapping[str, str]


class HandMadeRows:
    """Rows made here, as an importer's source."""

    bytes_read = 0

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name = name
        self._rows = rows

    def __iter__(self) -> Iterator[RawRow]:
        return iter(enumerate(self._rows, 1))


def sources(
    marketplace: Marketplace, people: Sequence[Person], cards: Mapping[str, Card], made_at: datetime
) -> list[tuple[Kind[Any], HandMadeRows]]:
    """Everything of the people but products and payments. `cards` by subscription's reference: one without is there
    already, and left out."""
    lives = [
        (person, place, subscribed, Life(marketplace, subscribed, made_at))
        for person in people
        for place, subscribed in enumerate(person.subscribed, 1)
    ]
    orders = [_subscription_order(*life) for life in lives]
    orders += [row for person in people for row in _single_orders(person, made_at)]
    subscriptions = [
        _subscription(*life, cards[reference])
        for life in lives
        if (reference := subscription_reference(life[0], life[1])) in cards
    ]
    named = (
        (CUSTOMERS, [_customer(person) for person in people if person.cdnow is None]),
        (ORDERS, orders),
        (SUBSCRIPTIONS, subscriptions),
    )
    return [(kind, HandMadeRows(f"demo {kind.name}", rows)) for kind, rows in named]


def subscription_reference(person: Person, place: int) -> str:
    """Of a person's subscription and of the order that started it. `place` counts from 1."""
    return f"{PREFIX}-{person.persona}-{place}"


def single_order_reference(person: Person, place: int) -> str:
    """Of something that a person bought once."""
    return f"{PREFIX}-{person.persona}-once-{place}"


def _customer_reference(person: Person) -> str:
    return f"{SAMPLE_PREFIX}-{person.cdnow}" if person.cdnow else f"{PREFIX}-{person.persona}"


def _customer(person: Person) -> Row:
    return {
        "reference": _customer_reference(person),
        "email": person.email,
        "name": person.name,
        "address": person.address,
        "country": person.country,
        "locale": person.locale,
    }


def _subscription_order(person: Person, place: int, subscribed: Subscribed, life: Life) -> Row:
    return _order(person, subscription_reference(person, place), subscribed.product, _started_at(subscribed, life))


def _single_orders(person: Person, made_at: datetime) -> Iterator[Row]:
    for place, bought in enumerate(person.bought, 1):
        at = made_at - timedelta(days=bought.days_ago)
        yield {**_order(person, single_order_reference(person, place), bought.product, at), "amount": bought.amount}


def _order(person: Person, reference: str, product: str, at: datetime) -> Row:
    return {
        "reference": reference,
        "customer": _customer_reference(person),
        "product": f"{PREFIX}-{product}",
        "amount": sold(product).amount,
        "currency": CURRENCY,
        "placed_at": _text(at),
    }


def _started_at(subscribed: Subscribed, life: Life) -> datetime:
    return life.anchor_at - timedelta(days=sold(subscribed.product).trial_days)


def _subscription(person: Person, place: int, subscribed: Subscribed, life: Life, card: Card) -> Row:
    reference = subscription_reference(person, place)
    row = {
        "reference": reference,
        "order": reference,
        "state": subscribed.state,
        "amount": sold(subscribed.product).amount,
        "currency": CURRENCY,
        "payments_made": str(subscribed.paid),
        "started_at": _text(_started_at(subscribed, life)),
        "anchor_at": _text(life.anchor_at),
        "trial_ends_at": _text(life.anchor_at) if sold(subscribed.product).trial_days else "",
        **_card(card),
    }
    match subscribed.state:
        case "active":
            row["next_charge_at"] = _text(life.instalment(subscribed.paid))
        case "failed_charge":
            row["failed_at"] = _text(life.days_ago(subscribed.failed))
            row |= {"attempts_made": str(len(failed_attempts(subscribed, life))), "decline_code": "insufficient_funds"}
        case _:
            row["ended_at"] = _text(life.days_ago(subscribed.ended))
    return row


def failed_attempts(subscribed: Subscribed, life: Life) -> list[datetime]:
    """When charges of a subscription in `failed_charge` failed."""
    first = life.days_ago(subscribed.failed)
    return [first, first + _HOLD_UP] if subscribed.state == "failed_charge" else []


def _card(card: Card) -> Row:
    return {
        "card_reference": card.reference,
        "card_fingerprint": card.fingerprint,
        "card_brand": card.brand,
        "card_last_four": card.last_four,
        "card_exp_month": str(card.exp_month),
        "card_exp_year": str(card.exp_year),
    }


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

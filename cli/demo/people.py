"""Who is in the demo and what they subscribed to, typed by hand. Data only; cli/demo/load.py brings it to life.

Days count from the day on which the demo marketplace was made; instalments from each subscription's next charge
backwards, so that every subscription is in the middle of its life whenever the demo is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

DOMAIN = "harbour-records.example"
LONG_HISTORY_CUSTOMER = "14048"  # of CDNOW: 217 purchases

PAYS = "4242424242424242"
PAYS_TOO = "5555555555554444"
DECLINES = "9990000000000011"  # it was good when it was saved: no money left


@dataclass(frozen=True)
class Subscribed:
    """One subscription. `paid` instalments, the next due in `next_in` days; `ended` (days ago) and `failed` (days ago)
    where the state says so. `turned` maps an instalment to what became of it: a state of charge."""

    product: str
    paid: int
    next_in: int = 12
    state: str = "active"
    ended: int = 0
    failed: int = 0
    card: str = PAYS
    card_expires_in: int = 900  # days
    turned: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True)
class Bought:
    """Something bought once, so many days ago, for what the customer wanted to pay."""

    product: str
    amount: str
    days_ago: int


@dataclass(frozen=True)
class Person:
    """A customer of the demo. `persona` is the name in demo.json; `cdnow` a customer of the sample, known already."""

    persona: str
    name: str
    email: str
    subscribed: tuple[Subscribed, ...]
    bought: tuple[Bought, ...] = ()
    address: str = ""
    country: str = "US"
    locale: str = ""  # as the browser asks
    cdnow: str | None = None


PEOPLE = (
    Person(
        "active",
        "Amelia Hart",
        "amelia.hart@example.com",
        (Subscribed("magazine", paid=9),),
        address="17 Quay Street\nPortland, ME 04101",
    ),
    Person(
        "failed_charge",
        "Felix Brandt",
        "felix.brandt@example.com",
        # Two of the policy's four attempts (days 1 and 4) have failed; the next one comes on day 8.
        (Subscribed("magazine", paid=5, state="failed_charge", failed=4, card=DECLINES),),
        address="Speicherstraße 8\n20457 Hamburg",
        country="DE",
    ),
    Person(
        "cancelled",
        "Carmen Ruiz",
        "carmen.ruiz@example.com",
        (Subscribed("vinyl", paid=4, state="cancelled", ended=20),),
        country="ES",
    ),
    Person(
        "completed",
        "Colin Baker",
        "colin.baker@example.com",
        (Subscribed("course", paid=3, state="completed", ended=18),),
        country="GB",
        locale="en-GB",
    ),
    Person("trial", "Tara Osei", "tara.osei@example.com", (Subscribed("radio", paid=0, next_in=9),)),
    Person(
        "pay_what_you_want",
        "Paul Wayne",
        "paul.wayne@example.com",
        # A link goes to those who have subscribed: so he did, too.
        (Subscribed("archive", paid=1, next_in=200),),
        (Bought("live", "0", 40), Bought("live", "15.00", 12)),
    ),
    Person(
        "limited",
        "Lena Moreau",
        "lena.moreau@example.com",
        (Subscribed("player", paid=2),),
        country="FR",
        locale="fr-FR",  # she reads French; those that every guide names read English
    ),
    Person(
        "several_subscriptions",
        "Sofia Lindqvist",
        "sofia.lindqvist@example.com",
        (
            Subscribed("magazine", paid=14, next_in=5),
            Subscribed("vinyl", paid=3, next_in=48, card=PAYS_TOO),
            Subscribed("archive", paid=2, next_in=90, state="cancelled", ended=75),
        ),
    ),
    Person(
        "long_history",
        "Customer 14048",
        f"customer-{LONG_HISTORY_CUSTOMER}@{DOMAIN}",
        (Subscribed("magazine", paid=24, next_in=20),),
        cdnow=LONG_HISTORY_CUSTOMER,
    ),
    Person(
        "refunded",
        "Robin Fischer",
        "robin.fischer@example.com",
        (Subscribed("magazine", paid=6, turned={2: "refunded", 4: "partially_refunded"}),),
    ),
    Person(
        "disputed",
        "Dana Whitfield",
        "dana.whitfield@example.com",
        (Subscribed("vinyl", paid=3, next_in=60, turned={1: "disputed"}),),
    ),
    Person(
        "expiring_card",
        "Edith Nakamura",
        "edith.nakamura@example.com",
        (Subscribed("archive", paid=2, next_in=75, card=PAYS_TOO, card_expires_in=30),),
    ),
)

STAFF = {role: f"{role}@{DOMAIN}" for role in ("owner", "support", "analyst", "auditor")}
SOCIAL_LINKS = ("https://www.instagram.com/harbourrecords.example", "https://www.youtube.com/@harbourrecords.example")

"""Merchants, their logos, and the counters of what people call things by."""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Bytea, Integer, Interval, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class Marketplace(Table, db=DB):
    """One merchant's tenant and its settings; `clock_offset` moves the billing facts of a sandbox only."""

    id = UUID(primary_key=True, default=UUID7())
    slug = Text()
    name = Text()
    address = Text()
    support_email = Text(null=True, default=None)
    country = Text(default="US")
    time_zone = Text(default="UTC")
    currency = Text(default="USD")
    language = Text(default="en")
    invoice_prefix = Text(default="INV-")
    tax_id = Text(null=True, default=None)
    sandbox = Boolean()
    gateway = Text(default="sandbox")
    clock_offset = Interval()
    logo_digest = Text(null=True, default=None)
    email_button = Boolean()
    self_cancellation = Boolean()
    show_address = Boolean()
    show_support_email = Boolean()
    social_links = JSONB()
    link_lifetime_minutes = Integer()
    created_at = Timestamptz()
    dunning_policy = JSONB()
    tax_basis_points = Integer(null=True, default=None)
    reverse_charge = Boolean()
    tax_note = Text()
    clock_moved_at = Timestamptz(null=True, default=None)
    accent_color = Text(null=True, default=None)


class MarketplaceLogo(Table, db=DB):
    """A logo as it is served, by the digest of its bytes; the marketplace's `logo_digest` points at the one shown."""

    marketplace_id = UUID()
    digest = Text(primary_key=True)
    media_type = Text()
    image = Bytea()
    created_at = Timestamptz()


class NumberSeries(Table, db=DB):
    """The last number given in one series of a marketplace: customer, order, subscription, invoice."""

    marketplace_id = UUID()
    series = Text(primary_key=True)
    last_number = BigInt()

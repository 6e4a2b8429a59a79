"""What pages and the API show of a card and of a card-update link: shapes only, no rules, no SQL."""

from datetime import datetime
from uuid import UUID

import msgspec

from workflows.billing.subscriptions.views import CardShown


class CardReplaced(msgspec.Struct, frozen=True, kw_only=True):
    """A saved card, and whether what was owed is being charged to it now."""

    subscription_number: int
    card: CardShown
    charging_now: bool


class CardLinkShown(msgspec.Struct, frozen=True, kw_only=True):
    """A usable card-update link: the one subscription that it is for."""

    token_id: UUID
    subscription_id: UUID
    subscription_number: int
    product: str
    masked_email: str
    locale: str | None = None
    card: CardShown | None
    owed_minor: int | None  # charged at once when a card is saved; None when nothing is owed
    currency: str
    expires_at: datetime

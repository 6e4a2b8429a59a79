"""What pages and the API show of one-time links and sessions: shapes only, no rules, no SQL."""

from datetime import datetime
from uuid import UUID

import msgspec

from workflows.engine.actor import Actor


class LinkShown(msgspec.Struct, frozen=True, kw_only=True):
    """A usable one-time link, opened and not spent. `same_browser`: opened where it was asked for."""

    token_id: UUID
    masked_email: str  # "j•••@example.com"
    locale: str | None = None  # the customer's own setting
    expires_at: datetime
    same_browser: bool


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """One of a person's live sessions, for "where am I signed in"."""

    id: UUID
    started_at: datetime
    expires_at: datetime
    user_agent: str
    current: bool


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with a live session."""

    session_id: UUID
    marketplace_id: UUID
    customer_id: UUID
    email: str
    name: str
    locale: str | None = None  # the customer's own setting
    expires_at: datetime
    form_token: str  # bound to the session; every form carries it back

    @property
    def actor(self) -> Actor:
        """The customer, as the log names them."""
        return Actor("customer", self.customer_id)

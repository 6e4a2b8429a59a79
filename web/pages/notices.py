"""What a page tells of the page before: in a short-lived signed cookie, never in the URL (PRODUCT.md 1.5).

The words are in web/templates/portal/notice.html and console/notice.html.
"""

from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from litestar.datastructures import Cookie

from web.requests.connection import Connection
from web.requests.cookies import NOTICE, gone, signed_cookie, signed_payload

__all__ = ["Notice", "clear_notice", "notice_cookie", "notice_of"]

Kind = Literal[
    "link_sent",
    "link_sent_again",
    "link_unusable",
    "session_over",
    "sign_in_first",
    "signed_out",
    "cancelled",
    "card_link_sent",
    "card_updated",
    "payment_confirmed",
    "payment_refused",
    "session_ended",
    "billing_saved",
    "billing_corrected",
    "done",  # of the console: `detail` is the whole sentence
    "not_done",
]
# fmt: off
_LIFETIME = timedelta(minutes=2)  # a redirect's worth, on a bad train connection
_LONGER: dict[Kind, timedelta] = {
    "link_unusable": timedelta(minutes=15),  # its offer is on the page for as long as somebody may think about it
    "card_updated":  timedelta(minutes=15),  # the page can be reloaded, and returned to
}
# fmt: on


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to tell. `detail` fills the sentence: an address, a product, why a link is unusable."""

    kind: Kind
    detail: str = ""
    access_token_id: UUID | None = None  # of link_unusable, when the link was real
    card: str = ""  # of card_updated: the card as shown
    charging_now: bool = False  # of card_updated
    locale: str = ""  # of card_updated: the setting of the customer, who is not signed in

    @property
    def stays(self) -> bool:
        """Whether it is told until it is too old, not once."""
        return self.kind in _LONGER


def notice_cookie(home: str, notice: Notice) -> Cookie:
    """The cookie that carries it to the next page."""
    lifetime = _LONGER.get(notice.kind, _LIFETIME)
    return signed_cookie(NOTICE, home, f"notice:{home}", msgspec.json.encode(notice), lifetime)


def notice_of(connection: Connection, home: str) -> Notice | None:
    """What the page before left to tell."""
    payload = signed_payload(connection, NOTICE, f"notice:{home}")
    return None if payload is None else msgspec.json.decode(payload, type=Notice)


def clear_notice(notice: Notice | None, home: str) -> list[Cookie]:
    """Told once, it is gone; unless it stays."""
    return [] if notice is None or notice.stays else [gone(NOTICE, home)]

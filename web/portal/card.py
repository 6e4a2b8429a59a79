"""The page where a card is replaced, by its own one-time link and without a session (PRODUCT.md 2.4 to 2.6).

With the sandbox gateway only: where the gateway has a form of its own, hosted_card.py answers here instead. What is
typed lives as long as the request: it is never shown again, kept or logged.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.access.unusable_link import to_login
from web.pages.notices import Notice, notice_cookie, notice_of
from web.pages.rendering import page, see_other
from web.portal.hosted_card import is_hosted, offer_form
from web.requests.connection import WebRequest
from web.requests.forms import read_form
from web.requests.visit import SiteContext, in_language_of
from workflows.access.access_log import note_refusal
from workflows.billing.cards.card_links import look_at_card_link
from workflows.billing.cards.replace_card import replace_card
from workflows.billing.gateway import CardDetails
from workflows.languages.sentences import sentence
from workflows.runtime.errors import CardRefused, GatewayUnavailable, InvalidInput, LinkUnusable

_EXPIRY = re.compile(r"\s*([0-9]{1,2})\s*[/.\- ]\s*([0-9]{2}|[0-9]{4})\s*|\s*([0-9]{2})([0-9]{2})\s*")
_FIELDS = ("number", "expiry", "cvc")
_NO_ERRORS: dict[str, str] = dict.fromkeys(_FIELDS, "")
# fmt: off
_TEST_NUMBERS = (
    ("4242 4242 4242 4242", sentence("Visa: every payment works")),
    ("5555 5555 5555 4444", sentence("Mastercard: every payment works")),
    ("3782 822463 10005",   sentence("American Express: every payment works")),
    ("4000 0000 0000 0002", sentence("Declined: cannot be saved")),
    ("4000 0000 0000 0069", sentence("Expired: cannot be saved")),
    ("4000 0000 0000 0341", sentence("Can be saved, then every payment fails")),
)
# fmt: on


class CardPages(Controller):
    """A card-update link, opened and used; and what is shown after."""

    @route("/card/{token:str}", http_method=["GET", "HEAD"])
    async def look(
        self, request: WebRequest, door: NamedDependency[SiteContext], token: FromPath[str]
    ) -> Response[Any]:
        """Changes nothing, however often it is opened."""
        try:
            return await (offer_form(request, door, token) if is_hosted(request, door) else _form(request, door, token))
        except LinkUnusable as unusable:
            return to_login(door, unusable)

    @post("/card/{token:str}", status_code=303)
    async def replace(
        self, request: WebRequest, door: NamedDependency[SiteContext], token: FromPath[str]
    ) -> Response[Any]:
        """Saves the card and spends the link; whatever fails keeps both as they were."""
        if is_hosted(request, door):
            return see_other(f"{door.home}/card/{quote(token)}")  # a page from before; what it sent is not even read
        form = await read_form(request)
        state, gateway = request.app.state, door.marketplace.gateway
        try:
            link = await look_at_card_link(door.marketplace.id, token)
            details, client = _details(form), state.client_address(request)
            saved = await replace_card(
                door.marketplace, token, details, state.gateway_for(gateway), client, state.limiter
            )
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        except InvalidInput as refused:
            return await _form(request, door, token, status=422, errors=_beside_fields(refused.fields))
        except CardRefused as refused:
            note_refusal(refused)
            problem = sentence("The card was not accepted. Check the details or use another card.")
            return await _form(request, door, token, status=422, problem=problem)
        except GatewayUnavailable:
            problem = sentence("The payment service did not answer. Try again in a minute.")
            return await _form(request, door, token, status=503, problem=problem)
        notice = Notice(
            kind="card_updated",
            detail=link.product,
            card=in_language_of(request, door, link.locale).show.card(saved.card),
            locale=link.locale or "",
            charging_now=saved.charging_now,
        )
        return see_other(f"{door.home}/card-updated", [notice_cookie(door.home, notice)])

    @route("/card-updated", http_method=["GET", "HEAD"])
    async def done(self, request: WebRequest, door: NamedDependency[SiteContext]) -> Response[Any]:
        """What was saved. The link in the address bar is spent, so this page has an address of its own."""
        notice = notice_of(request, door.home)
        if notice is None or notice.kind != "card_updated":
            return see_other(door.home)
        return page(
            "portal/card_updated.html",
            in_language_of(request, door, notice.locale),
            card=notice.card,
            product=notice.detail,
            charging_now=notice.charging_now,
        )


async def _form(
    request: WebRequest,
    door: SiteContext,
    token: str,
    *,
    status: int = 200,
    errors: Mapping[str, str] = _NO_ERRORS,
    problem: str = "",
) -> Response[str]:
    link = await look_at_card_link(door.marketplace.id, token)
    headers = {"Retry-After": "60"} if status == 503 else None
    return page(
        "portal/card.html",
        in_language_of(request, door, link.locale),
        status=status,
        headers=headers,
        link=link,
        token=token,
        errors=errors,
        problem=problem,
        test_numbers=_TEST_NUMBERS,
    )


def _details(form: Mapping[str, str]) -> CardDetails:
    """The form as a card. Raises InvalidInput for what cannot be read as one."""
    problems: dict[str, str] = {}
    expiry = _EXPIRY.fullmatch(form.get("expiry", ""))
    if expiry is None:
        problems["expiry"] = sentence("Enter the expiry as month and year, like 04 / 29.")
    if not form.get("cvc", "").strip():
        problems["cvc"] = sentence("Enter the security code: 3 or 4 digits.")
    if not form.get("number", "").strip():
        problems["number"] = sentence("Enter the card number: 12 to 19 digits.")
    if expiry is None or problems:
        raise InvalidInput(problems)
    month, year = (int(part) for part in expiry.groups() if part is not None)
    return CardDetails(
        number=form["number"], exp_month=month, exp_year=year + 2000 if year < 100 else year, cvc=form["cvc"]
    )


def _beside_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """The workflow knows month and year apart; on the page they are one field."""
    beside = dict(_NO_ERRORS)
    for name, problem in fields.items():
        beside["expiry" if name.startswith("exp_") else name] = problem
    return beside

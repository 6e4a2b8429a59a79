"""Asking Stripe for what an import reads: lists page by page, and single objects.

A page is read object by object: one that is not as Stripe describes it is refused alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import stripe

from integrations.gateways.stripe_calls import ask, error_of, log_refusal
from integrations.stripe_objects.lists import Page
from workflows.importing.account.run import AccountRefused
from workflows.importing.account.source import AccountObjects, Cursor
from workflows.importing.shapes import Problem
from workflows.runtime.errors import InDoubt

T = TypeVar("T")
Json = dict[str, Any]
PAGE = 100  # objects: Stripe's most


class Gone(Exception):
    """Raised when the object after which a list goes on is not there any more."""


async def asked(call: Awaitable[object], shape: type[T]) -> T:
    """The answer to a call. Raises InDoubt, GatewayBusy, Gone, AccountRefused (the key may not, or Stripe refuses)."""
    try:
        return await ask(_permitted(call), shape)
    except stripe.InvalidRequestError as refusal:
        if error_of(refusal).get("param") == "starting_after":
            raise Gone from None
        log_refusal(refusal)
        raise AccountRefused(f"Stripe refuses what is asked: {refusal.code or 'invalid request'}") from None


async def _permitted(call: Awaitable[object]) -> object:
    try:
        return await call
    except (stripe.AuthenticationError, stripe.PermissionError) as refusal:
        raise AccountRefused(f"Stripe refuses the key: {type(refusal).__name__} (docs/import.md: rights)") from None


async def page_of(
    list_async: Callable[[Any], Awaitable[object]], wanted: Json, cursor: Cursor | None, until: int
) -> tuple[list[Json], Cursor | None]:
    """A page of what was made at or before `until` (seconds since 1970), newest first, and where the list goes on."""
    params = {**wanted, "limit": PAGE, "created": {"lte": until}}
    if cursor is None:
        page = await asked(list_async(params), Page[Json])
    else:
        try:
            page = await asked(list_async({**params, "starting_after": cursor.after}), Page[Json])
        except Gone:
            # Deleted meanwhile. What is as old is read once more: a row is kept once.
            page = await asked(list_async({**params, "created": {"lte": cursor.created}}), Page[Json])
    if not page.has_more:
        return page.data, None
    try:
        last = Cursor(after=page.data[-1]["id"], created=int(page.data[-1]["created"]))
    except (IndexError, KeyError, TypeError, ValueError):
        raise InDoubt("Stripe's list does not go on") from None
    if last == cursor:
        raise InDoubt("Stripe's list does not go on")
    return page.data, last


def known(kind: Any, raw: Json, shape: type[T]) -> T | AccountObjects:
    """An object in its shape; a refused row where it does not have it."""
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError:
        return AccountObjects(
            kind=kind, reference=str(raw.get("id")), problem=Problem("", "is not as Stripe describes it")
        )

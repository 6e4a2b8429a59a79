"""Lists, which are as fresh as the books, and searches, which lag behind them."""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.stripe.books import Books, snapshot
from tests.fakes.stripe.errors import Json, invalid

_QUERY = re.compile(r"^metadata\['((?:[^'\\]|\\.)+)'\]:'((?:[^'\\]|\\.)*)'$")
_LEVELS = 4  # https://docs.stripe.com/api/expanding_objects
_EXACT = ("customer", "payment_intent", "charge", "active", "status")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def page(books: Books, kind: str, given: Json, url: str) -> Json:
    """Newest first, filtered by whatever fields were given."""
    found = [one for one in books.all(kind) if _listed(one, given)]
    after = given.get("starting_after")
    if after is not None:
        places = [place for place, one in enumerate(found) if one["id"] == after]
        if not places:
            raise invalid(f"No such {kind}: '{after}'", param="starting_after", code="resource_missing")
        found = found[places[0] + 1 :]
    size = given.get("limit", 10)
    data = [expanded(books, one, _of_items(given.get("expand", []))) for one in found[:size]]
    return {"object": "list", "url": url, "has_more": len(found) > size, "data": data}


def search(books: Books, given: Json, lag: float) -> Json:
    """Exact metadata, whatever its case; what is younger than `lag` seconds is not known yet."""
    match = _QUERY.match(given["query"])
    if match is None:
        raise invalid("We were unable to parse your search query.", param="query")
    name, value = (re.sub(r"\\(.)", r"\1", part) for part in match.groups())
    known = [one for one in books.all("payment_intent") if one["created"] <= books.now() - lag]
    found = [one for one in known if str(one["metadata"].get(name, "")).lower() == value.lower()]
    size = given.get("limit", 10)
    first = int(given.get("page", "0"))
    more = len(found) > first + size
    return {
        "object": "search_result",
        "url": "/v1/payment_intents/search",
        "has_more": more,
        "next_page": str(first + size) if more else None,
        "data": [snapshot(one) for one in found[first : first + size]],
    }


def expanded(books: Books, subject: Json, names: list[str]) -> Json:
    """A copy with ids replaced by their objects; refuses what cannot be."""
    shown: Json = snapshot(subject)
    if shown["object"] == "customer" and "tax_ids" not in names:
        shown.pop("tax_ids", None)
    for name in names:
        place: Any = shown
        for step in name.split("."):
            if place is None or (isinstance(place, dict) and place.get("deleted")):
                break
            if not isinstance(place, dict) or step not in place:
                raise invalid(f"This property cannot be expanded ({name}).", param="expand")
            if isinstance(place[step], str):
                if place[step] not in books.objects:
                    raise invalid(f"This property cannot be expanded ({name}).", param="expand")
                place[step] = snapshot(books.objects[place[step]])
            place = place[step]
    return shown


def _of_items(names: list[str]) -> list[str]:
    for name in names:
        if name.count(".") >= _LEVELS:
            raise invalid(
                f"You cannot expand more than {_LEVELS} levels of a property. Property: {name}", param="expand"
            )
        if not name.startswith("data."):
            raise invalid(f"This property cannot be expanded ({name}).", param="expand")
    return [name.removeprefix("data.") for name in names]


def _listed(one: Json, given: Json) -> bool:
    if one.get("deleted") or one["id"] not in given.get("ids", [one["id"]]):
        return False
    if one["object"] == "subscription" and "status" not in given and one["status"] == "canceled":
        return False
    return _matches(one, given)


def _matches(one: Json, given: Json) -> bool:
    times = given.get("created", {})
    fields = {name: given[name] for name in _EXACT if name in given and given[name] != "all"}
    return all(_COMPARE[name](one["created"], bound) for name, bound in times.items()) and all(
        one.get(name) == value for name, value in fields.items()
    )

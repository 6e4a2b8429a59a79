"""Parameters as Stripe takes them: form-encoded, nested by brackets, and nothing that the endpoint does not name.

>>> parse("metadata[a]=1&expand[0]=x")
{'metadata': {'a': '1'}, 'expand': {'0': 'x'}}
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.stripe.errors import invalid

Check = Callable[[str, Any], Any]
_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def parse(text: str) -> dict[str, Any]:
    """Nested dictionaries of text."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        match = _NAME.match(name)
        if match is None:
            raise invalid(f"Invalid parameter name: {name}", param=name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        place = found
        for step in path[:-1]:
            place = place.setdefault(step, {})
        last = path[-1] or str(len(place))
        if last in place:
            raise invalid(f"Repeated parameter: {name}", param=name)
        place[last] = value
    return found


def take(given: Mapping[str, Any], required: Mapping[str, Check], optional: Mapping[str, Check]) -> dict[str, Any]:
    """The checked parameters. Refuses unknown, missing and malformed ones as Stripe does."""
    for name in given:
        if name not in required and name not in optional:
            raise invalid(f"Received unknown parameter: {name}", param=name, code="parameter_unknown")
    for name in required:
        if name not in given:
            raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
    return {name: (required.get(name) or optional[name])(name, value) for name, value in given.items()}


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {name}", param=name)
    if not value:
        raise invalid(f"You passed an empty string for '{name}'.", param=name, code="parameter_invalid_empty")
    return value


def whole(name: str, value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,12}", value):
        raise invalid(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer")
    return int(value)


def yes_or_no(name: str, value: Any) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param=name)
    return value == "true"


def texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, dict) or list(value) != [str(place) for place in range(len(value))]:
        raise invalid(f"Invalid array: {name}", param=name)
    return [text(name, one) for one in value.values()]


def metadata(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > 50:
        raise invalid("Metadata is a hash of at most 50 keys.", param=name)
    for key, one in value.items():
        if not isinstance(one, str) or len(key) > 40 or len(one) > 500:
            raise invalid(f"Metadata key or value too long: {key}", param=f"{name}[{key}]")
    return dict(value)


def between(name: str, value: Any) -> dict[str, int]:
    """A filter on a time: created[gte]=…"""
    if not isinstance(value, dict):
        raise invalid(f"Invalid hash: {name}", param=name)
    bounds: dict[str, Check] = {"gt": whole, "gte": whole, "lt": whole, "lte": whole}
    return take(value, {}, bounds)


def url(name: str, value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^https?://[^\s/]", value):
        raise invalid("Not a valid URL", param=name, code="url_invalid")
    return value


def one_of(*choices: str) -> Check:
    def check(name: str, value: Any) -> str:
        if value not in choices:
            raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
        return value

    return check


def page_size(name: str, value: Any) -> int:
    size = whole(name, value)
    if not 1 <= size <= 100:
        raise invalid("This value must be between 1 and 100", param=name, code="parameter_invalid_integer")
    return size

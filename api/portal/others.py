"""What another customer's thing answers to methods that the API does not have: the same 404 as what never was.

PRODUCT.md 2.11. One's own answers 405, with the methods that there are.
"""

from litestar.exceptions import MethodNotAllowedException
from litestar.types import Method

_ALL: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def all_but(*there: Method) -> list[Method]:
    """The methods that a path does not have; but OPTIONS, which Litestar answers alike for whatever is asked about."""
    return [method for method in _ALL if method not in there]


def not_allowed(*there: Method) -> MethodNotAllowedException:
    """For something that is the customer's own."""
    return MethodNotAllowedException(headers={"allow": ", ".join(there)})

"""What another customer's thing answers to methods that no page uses: the same 404 as something that never was.

PRODUCT.md 2.11. One's own answers 405, with the methods that there are.
"""

from litestar.exceptions import MethodNotAllowedException
from litestar.types import Method

ODD_METHODS: list[Method] = ["PUT", "PATCH", "DELETE", "TRACE"]  # Litestar answers OPTIONS, alike for all


def not_allowed(*methods: str) -> MethodNotAllowedException:
    """For something that is the visitor's own."""
    return MethodNotAllowedException(headers={"allow": ", ".join(methods)})

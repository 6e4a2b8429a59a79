"""Which page of a list a request asks for: the query parameters that every list of the merchant's API has."""

from typing import Annotated

from litestar.params import QueryParameter

from workflows.requests.pagination import LARGEST_PAGE, PAGE_SIZE, PageRequest

After = Annotated[str | None, QueryParameter(description="`after` of an earlier page, as it was given: the next page.")]
Before = Annotated[
    str | None, QueryParameter(description="`before` of an earlier page, as it was given: the previous page.")
]
Limit = Annotated[
    int | None, QueryParameter(ge=1, le=LARGEST_PAGE, description=f"How many a page has; {PAGE_SIZE} unless told.")
]


def asked(after: str | None, before: str | None, limit: int | None) -> PageRequest:
    """The page. Raises InvalidInput for two cursors at once, or a size that no page has."""
    return PageRequest(after=after, before=before, limit=PAGE_SIZE if limit is None else limit)

"""What the OpenAPI document says of errors and examples: each handler names the statuses that it may answer with."""

from typing import Annotated, Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter

from api.problems import MEDIA_TYPE, Problem

# fmt: off
_MEANING = {
    400: "The body is not JSON.",
    401: "No live API key or session came with the request.",
    402: "The card was not accepted; the old one is kept.",
    403: "The key has no scope for it, or the marketplace does not offer it.",
    404: "Nothing of that number or id belongs to the caller.",
    409: "The present state does not allow it; nothing was changed.",
    410: "The link is expired, used or invented.",
    412: "Changed since you read it; `current` is what it is now. Nothing was changed.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "A field breaks its rule; `errors` names each with the rule.",
    429: "Too many requests; `Retry-After` says in how many seconds to try again.",
    503: "The payment gateway did not answer; nothing was changed.",
}
# fmt: on


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """`responses=problems(401, 404)` on a handler."""
    return {
        status: ResponseSpec(
            Problem,
            description=_MEANING[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,  # type: ignore[arg-type]
        )
        for status in statuses
    }


BAD_BODY = (400, 413, 415, 422)  # what any JSON body may meet


def example(value: dict[str, Any]) -> Any:
    """A request's body as the document shows it; annotates the handler's `data`."""
    return Body(examples=[Example(value=value)])


SubscriptionNumber = Annotated[str, PathParameter(description="The subscription's number, as people see it.")]

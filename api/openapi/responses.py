"""What the OpenAPI document says of errors and examples: each handler names the statuses that it may answer with.

What holds for all of them is added in document.py.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter

from api.requests.media_types import UnsupportedMediaType
from api.requests.problems import MEDIA_TYPE, Problem, problem_response, status_of
from workflows.marketplaces.callers import ActForbidden
from workflows.marketplaces.contact import Contact
from workflows.requests.versions import ChangedMeanwhile
from workflows.runtime import errors

# fmt: off
MEANING = {
    304: "It is what you have.",
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


_NO_REQUEST = cast("Request[Any, Any, Any]", None)  # these errors need none
_NOW = Contact(name="Ada's Books", address=None, support_email=None, social_links=[])
# fmt: off
PROBLEM_EXAMPLES: dict[int, dict[str, Any]] = {
    status: msgspec.to_builtins(problem_response(_NO_REQUEST, error).content)
    for status, error in {
        400: ClientException("The body is not JSON: …"),
        401: errors.NotSignedIn(""),
        402: errors.CardRefused("insufficient_funds"),
        403: ActForbidden("this API key has no scope settings:write"),
        404: errors.NotFound(""),
        409: errors.TransitionRefused("subscription", UUID(int=0), "cancel", "cancelled", "no rule"),
        410: errors.LinkUnusable("expired"),
        412: ChangedMeanwhile(_NOW),
        413: HTTPException("", status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        415: UnsupportedMediaType("Send the body as application/json."),
        422: errors.InvalidInput({"email": "Enter an e-mail address, like name@example.com."}),
        429: errors.TooManyRequests("links", 1200),
        503: errors.GatewayUnavailable(""),
    }.items()
}
# fmt: on


Told = Sequence[tuple[errors.WorkflowError, str]]


def problems(*statuses: int, told: Told = ()) -> dict[int, ResponseSpec]:
    """`responses=problems(401, 404)` on a handler. `told`: errors of the route's own, and when it answers with each.

    >>> problems(401, 402, told=[(OrderDeclined("insufficient_funds"), "The first payment was declined.")])
    """
    own = {status_of(error): (meaning, [_shown(error)]) for error, meaning in told}
    return {status: _problem(*own.get(status, (MEANING[status], []))) for status in statuses}


def _shown(error: errors.WorkflowError) -> Example:
    return Example(value=msgspec.to_builtins(problem_response(_NO_REQUEST, error).content))


def _problem(meaning: str, examples: list[Example]) -> ResponseSpec:
    return ResponseSpec(
        Problem,
        description=meaning,
        media_type=MEDIA_TYPE,
        generate_examples=False,
        examples=examples,
    )


BAD_BODY = (400, 413, 415, 422)  # what any JSON body may meet


def example(value: dict[str, Any]) -> Any:
    """A request's body as the document shows it; annotates the handler's `data`."""
    return Body(examples=[Example(value=value)])


SubscriptionNumber = Annotated[str, PathParameter(description="The subscription's number, as people see it.")]

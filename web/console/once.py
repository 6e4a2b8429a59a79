"""Forms whose answer shows a secret, once: sent again, by a reload or a second press, they make no second one.

Each time that such a form is shown it carries another `once`, under which the act is done (docs/decisions/0020).
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.requests.idempotency import (
    Claim,
    KeyBusy,
    RepeatableRequest,
    ShownOnce,
    claim_request,
    keep_answer,
    release_claim,
)
from workflows.runtime.errors import WorkflowError

T = TypeVar("T")


class SentBefore(Exception):
    """Raised when a form was sent before: what it was for is done, or being done."""


def new_once() -> str:
    """What a form carries in its hidden field `once`, as long as it is shown."""
    return secrets.token_urlsafe(16)


async def once(
    request: WebRequest, visit: StaffContext, form: Mapping[str, str], act: Callable[[UUID], Awaitable[T]]
) -> T:
    """Does the act, with an id for what it makes, and answers as it does. Raises SentBefore, and what the act raises.

    The whole form is what makes it the same: whoever went back, and corrected what they had typed, wants another one.
    """
    asked = RepeatableRequest(
        marketplace_id=visit.marketplace.id,
        principal=str(visit.actor),
        method=request.method,
        path=request.scope["path"],
        route=f"{request.method} {request.scope['path_template']}",
        key=urlencode(sorted(form.items())),
        content=(),
    )
    try:
        claim = await claim_request(asked)
    except (ShownOnce, KeyBusy):
        raise SentBefore from None
    assert isinstance(claim, Claim)  # its answers are never kept
    try:
        made = await act(claim.id)
    except WorkflowError:
        await release_claim(claim, nothing_done=True)
        raise
    await keep_answer(claim, 200, {}, None)
    return made

"""Errors as RFC 9457 problem details: one table from what went wrong to its status and title.

web/pages/errors.py shows the same errors to people; which of the two answers is chosen by path in api/app.py.
Nothing internal leaves: an unexpected error is logged with its request id, and only the id is told.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import inspect

from api.requests.strict_json import EMPTY_BODY, NO_CHOICE, one_of
from workflows.access.access_log import note_refusal
from workflows.access.second_factor_setup import FactorStands
from workflows.access.team import LastOwner
from workflows.billing.gateway_events.events import EventRefused
from workflows.billing.orders import OrderDeclined, OrderUnsettled
from workflows.billing.run.sandbox_clock import ClockBusy
from workflows.customers.addresses import CustomerErased
from workflows.customers.records import CustomerAmbiguous, CustomerExists
from workflows.emails.delivery.events import MailEventsRefused, MailEventsUnsigned
from workflows.importing.account.run import AccountRefused
from workflows.importing.shapes import ImportUnderWay
from workflows.privacy.erasure import ErasureRefused
from workflows.requests.idempotency import KeyBusy, KeyReused, ShownOnce
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime import errors
from workflows.runtime.errors import InDoubt
from workflows.runtime.logs import logger
from workflows.runtime.request import request_id
from workflows.webhooks.endpoints import TooManyEndpoints

MEDIA_TYPE = "application/problem+json"
_LOG = logger("gatehouse.api")

# fmt: off
STATUS: dict[type[errors.WorkflowError], tuple[int, str]] = {
    errors.NotFound:            (404, "Not found"),
    errors.TransitionRefused:   (409, "Not possible in the present state"),
    errors.InvalidInput:        (422, "Invalid input"),
    errors.NotSignedIn:         (401, "Not signed in"),
    errors.SelfCancellationOff: (403, "Cancelling in the portal is not offered"),
    errors.Forbidden:           (403, "Not allowed"),
    errors.LinkUnusable:        (410, "The link cannot be used"),
    errors.CardRefused:         (402, "The card was not accepted"),
    errors.TooManyRequests:     (429, "Too many requests"),
    errors.GatewayUnavailable:  (503, "The payment gateway did not answer"),
    OrderUnsettled:             (503, "Whether the order was paid is not known yet"),
    InDoubt:                    (503, "A provider did not answer"),
    errors.InvoiceUnprepared:   (503, "The invoice could not be prepared"),
    OrderDeclined:              (402, "The payment was declined"),
    CustomerExists:             (409, "There is such a customer already"),
    CustomerErased:             (409, "The customer was erased"),
    CustomerAmbiguous:          (409, "This may be either of two customers"),
    ErasureRefused:             (409, "The customer cannot be erased yet"),
    LastOwner:                  (409, "A marketplace needs an owner"),
    FactorStands:               (409, "There is a second factor already"),
    EventRefused:               (400, "The event is not believed"),
    MailEventsUnsigned:         (401, "The events are not believed"),
    MailEventsRefused:          (400, "The events are not believed"),
    errors.AddressUndeliverable: (409, "Mail to this address stopped"),
    ClockBusy:                  (409, "The clock is being moved"),
    TooManyEndpoints:           (409, "Too many webhook endpoints"),
    AccountRefused:             (409, "Nothing can be imported from that account"),
    ImportUnderWay:             (409, "Another import has not ended"),
    KeyReused:                  (422, "The idempotency key came with another request"),
    KeyBusy:                    (409, "The first request under this key is not answered yet"),
    ShownOnce:                  (409, "Done before; its answer was shown once"),
    ChangedMeanwhile:           (412, "Changed meanwhile"),
}
# fmt: on

# Our own words: Python renames its own (413 is another one since 3.13).
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}

_BODY = "data"  # what Litestar calls it in a handler
_HTTP_DETAIL = {404: "There is no such page.", 413: "The body is larger than what is taken here."}

# Seconds.
_TRY_AGAIN_AFTER: dict[type[errors.WorkflowError], int] = {
    errors.InvoiceUnprepared: 600,
    errors.GatewayUnavailable: 60,
    InDoubt: 60,
    KeyBusy: 1,
}

# A sentence for people where the error's own text is for the log: ids, decline codes, rules.
_DETAIL: dict[type[errors.WorkflowError], str] = {
    errors.NotFound: "There is nothing here, or it belongs to somebody else.",
    errors.NotSignedIn: "Send a live API key or session as: Authorization: Bearer …",
    errors.SelfCancellationOff: "This marketplace does not offer cancelling in the portal. Contact it instead.",
    errors.CardRefused: "The card was not accepted. Check the details or use another card; the old one is kept.",
    errors.GatewayUnavailable: "Nothing was changed. Try again in a minute.",
    OrderUnsettled: "The payment gateway did not answer. It is asked until it is known, and the order goes on."
    " Sent again under the same Idempotency-Key or reference it tells how it went; under another it is another order.",
    InDoubt: "Try again in a minute.",
    errors.InvoiceUnprepared: "It is tried again later. Ask again in ten minutes.",
    OrderDeclined: "The card was not charged, and nothing was started.",
    KeyReused: "Send another request under another key. Nothing was done.",
    KeyBusy: "Send it again in a moment, under the same key: it will be answered as the first one is.",
    ChangedMeanwhile: "Somebody changed it since you read it; `current` is what it is now. Nothing was changed.",
    ShownOnce: "The request was carried out, once. Its answer held a secret, which is not kept: make another.",
    LastOwner: "This is the last owner. Make somebody else an owner first.",
    FactorStands: "Remove it before you set up another.",
    errors.AddressUndeliverable: "An e-mail came back for good, or its owner complained. Correct the address, or try it"
    " again: POST /api/v1/customers/{customer}/try-again.",
    CustomerAmbiguous: "It is one customer's number and another's reference: name the customer by their id.",
    CustomerErased: "Nothing of this person is here any more, and nothing new can be made for them.",
    CustomerExists: "The marketplace has a customer of this e-mail, whatever its case.",
}


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One field and the rule that it breaks."""

    field: str
    rule: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457). `code` is stable, for programs; `errors` names the fields of a 400 or 422."""

    type: str
    title: str
    status: int
    detail: str = ""
    code: str = ""
    errors: list[FieldProblem] = []
    decline_code: str | None = None  # the gateway's, of an order that was declined
    request_id: str | None = None
    current: dict[str, Any] | None = None  # of a 412: the thing as it is now


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The answer to an error, for programs."""
    note_refusal(error)
    if isinstance(error, errors.WorkflowError):
        return _of_workflow(error)
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_http(request, error)
    log_unexpected(request, error)
    return _answer(500, "Something went wrong here", "internal_error", "It was noted under this request id.")


def log_unexpected(request: Request[Any, Any, Any], error: Exception) -> None:
    """Writes an error that nobody foresaw to the log, by route and not by path: a path may hold a token."""
    route = request.scope.get("path_template") or "no route"
    _LOG.error("unexpected error", route=route, method=request.method, exc_info=error)


def status_of(error: Exception) -> int:
    """The status of an error, by the table; 500 for one that nobody foresaw."""
    if isinstance(error, errors.WorkflowError):
        return next((STATUS[kind][0] for kind in type(error).__mro__ if kind in STATUS), 500)
    return error.status_code if isinstance(error, HTTPException) else 500


def headers_of(error: Exception) -> dict[str, str]:
    """The headers that belong to an error's status."""
    match error:
        case errors.TooManyRequests():
            return {"Retry-After": str(error.retry_after)}
        case errors.NotSignedIn():
            return {"WWW-Authenticate": 'Bearer realm="gatehouse"'}
        case MailEventsUnsigned():
            return {"WWW-Authenticate": 'Basic realm="gatehouse"'}
        case ChangedMeanwhile():
            return {"ETag": f'"{version(error.current)}"'}
        case HTTPException():
            return {str(name): str(value) for name, value in (error.headers or {}).items()}
        case _:
            seconds = next((wait for kind, wait in _TRY_AGAIN_AFTER.items() if isinstance(error, kind)), None)
            return {"Retry-After": str(seconds)} if seconds else {}


def _of_workflow(error: errors.WorkflowError) -> Response[Problem]:
    kind = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
    if kind is None:
        _LOG.error("an error without a status", exc_info=error)
        return _answer(500, "Something went wrong here", "internal_error", "It was noted under this request id.")
    status, title = STATUS[kind]
    fields = [FieldProblem(field=name, rule=rule) for name, rule in getattr(error, "fields", {}).items()]
    return _answer(status, title, error.code, _detail(kind, error), fields, headers_of(error), **_members(error))


def _members(error: errors.WorkflowError) -> dict[str, Any]:
    """What a problem says beyond what all of them say."""
    if isinstance(error, OrderDeclined):
        return {"decline_code": error.decline_code}
    if isinstance(error, ChangedMeanwhile):
        return {"current": msgspec.to_builtins(error.current)}
    return {}


def _detail(kind: type[errors.WorkflowError], error: errors.WorkflowError) -> str:
    if isinstance(error, errors.NotNow):
        return error.says
    if isinstance(error, errors.TransitionRefused):
        return f"The {error.machine.replace('_', ' ')} is {error.state.replace('_', ' ')}."
    if isinstance(error, errors.TooManyRequests):
        return f"Try again in {error.retry_after} seconds."
    return _DETAIL.get(kind, str(error))


def _of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    status = HTTPStatus(error.status_code)
    code = _CODES.get(status, "bad_request")
    if isinstance(error, ValidationException):
        extra: list[Any] = error.extra if isinstance(error.extra, list) else []
        if any(e.get("key") == _BODY for e in extra):  # none came; what cannot be read says so itself: strict_json.py
            return _of_workflow(errors.InvalidInput({"": EMPTY_BODY}))
        rules = dict(_parameter_problem(request, told) for told in extra) or {"": "A value breaks its rule."}
        return _of_workflow(errors.InvalidInput(rules))
    detail = _HTTP_DETAIL.get(status, error.detail)
    return _answer(status, status.phrase, code, detail, headers=headers_of(error))


def _parameter_problem(request: Request[Any, Any, Any], told: dict[str, Any]) -> tuple[str, str]:
    """What a caller calls a handler's parameter, which may have another name in Python, and the rule that it breaks."""
    key, message = told.get("key", ""), str(told.get("message", ""))
    known = request.route_handler.parsed_fn_signature.parameters.get(key)
    if known is None:
        return key, message
    name = getattr(known.kwarg_definition, "name", None) or key
    choices = one_of(inspect.type_info(known.annotation)) if message.startswith(NO_CHOICE) else None
    return name, choices or f"{message.replace('`', '')}."


def _answer(
    status: int,
    title: str,
    code: str,
    detail: str,
    fields: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> Response[Problem]:
    problem = Problem(
        type=f"urn:gatehouse:problem:{code}",
        title=title,
        status=int(status),
        detail=detail,
        code=code,
        errors=fields or [],
        request_id=request_id.get(),
        **members,
    )
    return Response(problem, status_code=int(status), media_type=MEDIA_TYPE, headers=headers or {})

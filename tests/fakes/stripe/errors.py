"""How Stripe refuses: https://docs.stripe.com/api/errors. Each carries the status and the body of its answer."""

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """An answer with an error. `kept` ones are the stored answer of their idempotency key."""

    def __init__(self, status: int, error: Json, *, kept: bool = False) -> None:
        super().__init__(error.get("message"))
        self.status, self.error, self.kept = status, error, kept

    @property
    def body(self) -> Json:
        return {"error": self.error}


def invalid(message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> Refusal:
    """Parameters that Stripe will not have."""
    error: Json = {"type": "invalid_request_error", "message": message}
    if param is not None:
        error["param"] = param
    if code is not None:
        error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
    return Refusal(status, error)


def missing(kind: str, reference: str, param: str) -> Refusal:
    """No such object. 404 where it is the object of the URL (param `id`), else 400."""
    status = 404 if param == "id" else 400
    return invalid(f"No such {kind}: '{reference}'", param=param, code="resource_missing", status=status)


def card_error(error: Json) -> Refusal:
    """The bank said no. Stored under the idempotency key: the same key gets the same no for a day."""
    return Refusal(402, {"type": "card_error", **error}, kept=True)


KEY_REUSED = Refusal(
    400,
    {
        "type": "idempotency_error",
        "message": "Keys for idempotent requests can only be used with the same parameters they were first used with.",
    },
)
KEY_IN_USE = Refusal(
    409,
    {
        "type": "idempotency_error",
        "code": "idempotency_key_in_use",
        "message": "There is currently another in-progress request using this Idempotent Key.",
    },
)
NO_KEY = Refusal(401, {"type": "invalid_request_error", "message": "Invalid API Key provided."})
BUSY = Refusal(429, {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."})
BROKEN = Refusal(500, {"type": "api_error", "message": "An unknown error occurred."}, kept=True)

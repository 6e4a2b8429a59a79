"""What can go wrong, one tree. api/ and web/ turn each class into an HTTP answer in one table each.

Definition-time errors (a state machine that contradicts itself) and run-time errors are different families.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID


class DefinitionError(Exception):
    """Raised while the process starts, when a state machine's table contradicts itself."""


class WorkflowError(Exception):
    """Root of everything that a caller may have done wrong or may meet; `code` is stable, for programs."""

    code = "error"


class NotFound(WorkflowError):
    """Raised when nothing of that kind and id belongs to this marketplace and this person."""

    code = "not_found"


class TransitionRefused(WorkflowError):
    """Raised when a state machine does not allow a move now.

    `state` is the state found (another caller may have won the race), `rule` the guard that said no, or "no rule".
    """

    code = "transition_refused"

    def __init__(self, machine: str, entity_id: UUID, trigger: str, state: str, rule: str) -> None:
        super().__init__(f"{machine} {entity_id}: {trigger} refused in state {state} ({rule})")
        self.machine, self.entity_id, self.trigger, self.state, self.rule = machine, entity_id, trigger, state, rule


class NotNow(TransitionRefused):
    """Raised when the state is right for an act and something else is not; `says` is a sentence for people."""

    code = "not_now"

    def __init__(self, row: Any, trigger: str, says: str) -> None:
        super().__init__("subscription", row["id"], trigger, row["state"], says)
        self.says = says


class InvalidInput(WorkflowError):
    """Raised when a field breaks its rule. `fields` maps the field's name to a sentence for people."""

    code = "invalid_input"

    def __init__(self, fields: Mapping[str, str]) -> None:
        # A name that is empty is the whole of what was sent.
        super().__init__("; ".join(f"{name}: {problem}" if name else problem for name, problem in fields.items()))
        self.fields = dict(fields)

    def within(self, part: str) -> "InvalidInput":
        """The same of fields that came inside another one: `number` within `card` is `card.number`."""
        return InvalidInput({f"{part}.{name}": problem for name, problem in self.fields.items()})


class NotSignedIn(WorkflowError):
    """Raised when no live session comes with a request that needs one."""

    code = "not_signed_in"


class Forbidden(WorkflowError):
    """Raised when the person or key is known and may not do this."""

    code = "forbidden"


class SelfCancellationOff(Forbidden):
    """Raised when a customer asks to cancel where the marketplace does not offer it."""

    code = "self_cancellation_off"


class LinkUnusable(WorkflowError):
    """Raised when a one-time link is expired, used or invented.

    `access_token_id` is set only when the link was real, within the last 30 days.
    """

    code = "link_unusable"

    def __init__(self, because: str, access_token_id: UUID | None = None) -> None:
        super().__init__(f"the link is {because}")
        self.because, self.access_token_id = because, access_token_id


class CardRefused(WorkflowError):
    """Raised when the gateway did not take a new card. `decline_code` is for staff, never for the page."""

    code = "card_refused"

    def __init__(self, decline_code: str) -> None:
        super().__init__(f"card refused: {decline_code}")
        self.decline_code = decline_code


class AddressUndeliverable(WorkflowError):
    """Raised when staff would send an e-mail to where mail stopped. `cause`: hard_bounce or complaint."""

    code = "address_undeliverable"

    def __init__(self, cause: str) -> None:
        super().__init__(f"mail to this address stopped: {cause}")
        self.cause = cause


class TooManyRequests(WorkflowError):
    """Raised beyond a limit; `retry_after` is in whole seconds."""

    code = "too_many_requests"

    def __init__(self, limit: str, retry_after: int) -> None:
        super().__init__(f"{limit}: try again in {retry_after} s")
        self.limit, self.retry_after = limit, retry_after


class GatewayUnavailable(WorkflowError):
    """Raised when the payment gateway did not answer or answered nonsense, and nothing was changed."""

    code = "gateway_unavailable"


class InvoiceUnprepared(WorkflowError):
    """Raised when an invoice's PDF was given up for now; it is asked for again when somebody looks later."""

    code = "invoice_unprepared"


class InDoubt(WorkflowError):
    """Raised when a vendor may or may not have done what was asked (time-out, broken answer): ask before retrying."""

    code = "in_doubt"

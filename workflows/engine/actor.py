"""Who moves something, and within which request: what every row of the transition log names."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ActorKind = Literal["customer", "staff", "api_key", "worker", "gateway", "mailer", "clock", "import"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts, e.g. `Actor("customer", customer.id)`; written `customer:<id>` in the log."""

    kind: ActorKind
    id: UUID | str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


CLOCK = Actor("clock", "schedule")


def worker(job: str) -> Actor:
    """The background job of that name, e.g. `worker("link.request")`."""
    return Actor("worker", job)

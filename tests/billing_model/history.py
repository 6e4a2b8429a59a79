"""What was done to the shop, as the person who did it remembers it: what the books cannot tell about the past."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass
class History:
    """`overtaken`: charges under way when their subscription was cancelled or got a new card. Their failure is no news
    to the customer: nothing is tried again, or the new card is tried at once and its outcome is told.

    `declined_at`: when an attempt that had waited for its customer was seen to have failed."""

    cancelled: set[UUID] = field(default_factory=set[UUID])
    cancel_on: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    overtaken: set[UUID] = field(default_factory=set[UUID])
    declined_at: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])

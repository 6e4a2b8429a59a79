"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class OutboxRow(Row, frozen=True):
    """A row of outbox."""

    TABLE: ClassVar = "outbox"

    id: int
    marketplace_id: UUID | None
    queue: str
    actor: str
    args: dict[str, Any]
    status: str
    wanted_at: datetime
    due_at: datetime
    attempts: int
    lease: UUID | None
    request_id: str | None
    last_error: str | None
    created_at: datetime
    told_at: datetime | None


class ScheduleRow(Row, frozen=True):
    """A row of schedule."""

    TABLE: ClassVar = "schedule"

    name: str
    actor: str
    queue: str
    every: timedelta
    next_run_at: datetime


class HeartbeatRow(Row, frozen=True):
    """A row of heartbeat."""

    TABLE: ClassVar = "heartbeat"

    process: str
    kind: str
    at: datetime


class MachineRuleRow(Row, frozen=True):
    """A row of machine_rule."""

    TABLE: ClassVar = "machine_rule"

    machine: str
    from_state: str
    trigger: str
    to_state: str


class TransitionLogRow(Row, frozen=True):
    """A row of transition_log."""

    TABLE: ClassVar = "transition_log"

    marketplace_id: UUID
    machine: str
    entity_id: UUID
    seq: int
    trigger: str
    from_state: str | None
    to_state: str
    actor_kind: str
    actor_id: str
    reason: str
    request_id: str | None
    details: dict[str, Any] | None
    at: datetime
    previous_hash: bytes | None
    hash: bytes
    xid: int
    system_identifier: int


class LogDayRow(Row, frozen=True):
    """A row of log_day."""

    TABLE: ClassVar = "log_day"

    marketplace_id: UUID
    day: date
    machine: str
    trigger: str
    from_state: str
    to_state: str
    actor_kind: str
    moves: int


class LogTotalRow(Row, frozen=True):
    """A row of log_total."""

    TABLE: ClassVar = "log_total"

    marketplace_id: UUID
    machine: str
    trigger: str
    from_state: str
    to_state: str
    actor_kind: str
    moves: int


class LogCountedRow(Row, frozen=True):
    """A row of log_counted."""

    TABLE: ClassVar = "log_counted"

    system_identifier: int
    below: int
    since: datetime
    seen_xid: int
    seen_at: datetime
    counted_at: datetime

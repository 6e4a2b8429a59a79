"""What a review of the log filters by, read from a URL's query: the same for the pages and for the API.

Nonsense is refused beside its field; what stays is a filter whose rules (machine, trigger, from, to) are known.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, get_args
from uuid import UUID

import msgspec

from models.database import fetch
from workflows.engine.actor import ActorKind
from workflows.engine.machine import NEW
from workflows.machines import MACHINES
from workflows.runtime.errors import InvalidInput

MADE = "new"  # how a filter calls the state before the first
ACTOR_KINDS: tuple[ActorKind, ...] = get_args(ActorKind)
FIELDS = ("machine", "entity", "actor_kind", "actor_id", "trigger", "from_state", "to_state", "from", "to")
_LONGEST = 100  # characters: a state, an id
_ACTOR_ID = re.compile(r"[A-Za-z0-9._:@-]{1,100}")
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WHEN = "Enter a day as YYYY-MM-DD, or an instant like 2026-12-31T18:00:00Z, of the years 2000 to 2199."


class KnownRule(NamedTuple):
    """A move that a definition allows, or that the log has seen. `from_state` NEW ("new"): the row was made by it."""

    machine: str
    trigger: str
    from_state: str
    to_state: str


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; None: whatever. `since` is included, `until` is not."""

    machine: str | None = None
    entity: UUID | None = None
    actor_kind: ActorKind | None = None
    actor_id: str | None = None
    trigger: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def by_rule(self) -> bool:
        """Whether only moves by some rules are wanted."""
        return any((self.machine, self.trigger, self.from_state, self.to_state))

    def fits(self, rule: KnownRule) -> bool:
        """Whether moves by that rule are wanted."""
        asked = (self.machine, self.trigger, self.from_state, self.to_state)
        return all(wanted in (None, given) for wanted, given in zip(asked, rule, strict=True))


def defined_rules() -> frozenset[KnownRule]:
    """Every rule of every definition, imports included."""
    return frozenset(
        KnownRule(machine.name, rule.trigger, MADE if rule.source == NEW else rule.source, rule.target)
        for machine in MACHINES
        for rule in (*machine.creations, *(rule for rule in machine.rules if rule.source != NEW))
    )


async def known_rules(marketplace_id: UUID) -> frozenset[KnownRule]:
    """Those, and what the marketplace's log has seen by rules that are no longer there."""
    seen = await fetch(
        "SELECT DISTINCT machine, trigger, from_state, to_state FROM log_total WHERE marketplace_id = $1",
        marketplace_id,
    )
    return defined_rules() | {
        KnownRule(machine, trigger, from_state or MADE, to_state) for machine, trigger, from_state, to_state in seen
    }


def read_filter(given: Mapping[str, str], rules: Iterable[KnownRule]) -> LogFilter:
    """The filter of a query; a field left out or empty stands for whatever. Raises InvalidInput naming the fields."""
    asked = {name: given.get(name, "").strip() for name in FIELDS}
    problems = {name: f"Too long: at most {_LONGEST} characters." for name in FIELDS if len(asked[name]) > _LONGEST}
    for name in problems:
        asked[name] = ""
    problems |= _unknown(asked, list(rules))
    entity = _entity(asked["entity"], problems)
    kind = _actor(asked, problems)
    since, until = _instant(asked, "from", problems), _instant(asked, "to", problems)
    if since and until and since >= until:
        problems["to"] = "Lies before From: nothing can be found."
    if problems:
        raise InvalidInput(problems)
    return LogFilter(
        machine=asked["machine"] or None,
        entity=entity,
        actor_kind=kind,
        actor_id=asked["actor_id"] or None,
        trigger=asked["trigger"] or None,
        from_state=asked["from_state"] or None,
        to_state=asked["to_state"] or None,
        since=since,
        until=until,
    )


def _unknown(asked: Mapping[str, str], rules: list[KnownRule]) -> dict[str, str]:
    """What no rule knows; and where each is known, whether any rule has them all."""
    problems: dict[str, str] = {}
    names = dict(zip(("machine", "trigger", "from_state", "to_state"), zip(*rules, strict=True), strict=True))
    called = {"machine": "life cycle", "trigger": "trigger", "from_state": "state", "to_state": "state"}
    for field, known in names.items():
        if asked[field] and asked[field] not in known:
            problems[field] = f"There is no such {called[field]}."
    wanted = LogFilter(
        machine=asked["machine"] or None,
        trigger=asked["trigger"] or None,
        from_state=asked["from_state"] or None,
        to_state=asked["to_state"] or None,
    )
    if not problems and not any(wanted.fits(rule) for rule in rules):
        field = next(name for name in ("trigger", "to_state", "from_state") if asked[name])
        problems[field] = "No rule has all of these together: nothing can be found."
    return problems


def _entity(text: str, problems: dict[str, str]) -> UUID | None:
    with suppress(ValueError):
        return UUID(text) if text else None
    problems["entity"] = "Enter the id of a row, like 0198c2a4-5f6e-7000-8000-000000000001."
    return None


def _actor(asked: Mapping[str, str], problems: dict[str, str]) -> ActorKind | None:
    kind: ActorKind | None = next((known for known in ACTOR_KINDS if known == asked["actor_kind"]), None)
    if asked["actor_kind"] and kind is None:
        problems["actor_kind"] = "There is no such kind of actor."
    if asked["actor_id"] and not asked["actor_kind"]:
        problems["actor_kind"] = "Choose the kind of actor whose id it is."
    if asked["actor_id"] and not _ACTOR_ID.fullmatch(asked["actor_id"]):
        problems["actor_id"] = "Enter an id as the log shows it."
    elif asked["actor_id"] and kind == "customer" and not _is_uuid(asked["actor_id"]):
        problems["actor_id"] = "Enter the customer's id, like 0198c2a4-5f6e-7000-8000-000000000001."
    return kind


def _is_uuid(text: str) -> bool:
    with suppress(ValueError):
        return bool(UUID(text))
    return False


def _instant(asked: Mapping[str, str], field: str, problems: dict[str, str]) -> datetime | None:
    """A day's beginning, of `to` its end; or an instant, in UTC where it does not say."""
    text = asked[field]
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        if _DAY.fullmatch(text):
            at = datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=field == "to")
        else:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        if _FIRST <= at <= _LAST:
            return at
    problems[field] = _WHEN
    return None

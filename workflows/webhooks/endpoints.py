"""Where a marketplace's events are sent: seen, made, changed and removed by its staff and its keys.

The secret is shown once, when it is made. What is sent and what came of it is in deliver.py and deliveries.py.
"""

from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from models.database import Record, execute, fetch, fetch_row, fetch_value, transaction
from workflows.engine.actor import Actor
from workflows.engine.event_types import SUBSCRIBABLE
from workflows.engine.fire import Move, create, fire
from workflows.languages.typed_text import one_line
from workflows.machines import WEBHOOK_ENDPOINT
from workflows.marketplaces.change_log import record_change
from workflows.requests.versions import check_version
from workflows.runtime.clock import now
from workflows.runtime.encryption import Encrypted
from workflows.runtime.errors import InvalidInput, NotFound, WorkflowError
from workflows.webhooks.secrets import (
    decrypt_secret,
    encrypt_secret,
    new_secret,
    shown,
)
from workflows.webhooks.sender import WebhookSender
from workflows.webhooks.urls import UNREACHABLE, url_problem

MOST_ENDPOINTS = 20  # a marketplace; every event is sent to each that wants it
ROTATION = timedelta(hours=24)  # both secrets sign for so long: a working day to put the new one in everywhere

State = Literal["enabled", "disabled"]
Reason = Literal["disable", "gone", "give_up"]


class TooManyEndpoints(WorkflowError):
    """Raised when the marketplace has as many endpoints as it may have."""

    code = "too_many_endpoints"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. `event_types` None: all. `disabled_by`: by staff (`disable`), by answering 410 (`gone`), by failing
    for three days (`give_up`). `rotation_ends_at`: until then the secret before the present one signs too."""

    id: UUID
    url: str
    description: str
    event_types: list[str] | None
    state: State
    disabled_by: Reason | None
    failing_since: datetime | None
    rotation_ends_at: datetime | None
    created_at: datetime

    @property
    def name(self) -> str:
        """What people call it: as they described it, else its host."""
        return self.description or urlsplit(self.url).netloc


class EndpointMade(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint and its new secret, `whsec_…`: the only time that it is seen."""

    endpoint: Endpoint
    secret: str


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint to be made; all events when none are named."""

    url: str
    description: str = ""
    event_types: list[str] | None = None


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; a field left out stays as it is. `event_types` null: all."""

    url: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    event_types: list[str] | UnsetType | None = UNSET
    state: State | UnsetType = UNSET


_LIVING = "SELECT * FROM webhook_endpoint WHERE marketplace_id = $1 AND state <> 'removed'"


async def list_endpoints(marketplace_id: UUID) -> list[Endpoint]:
    """The marketplace's endpoints, oldest first."""
    return [_shown(row) for row in await fetch(f"{_LIVING} ORDER BY id", marketplace_id)]


async def get_endpoint(marketplace_id: UUID, endpoint_id: UUID) -> Endpoint:
    """One of them. Raises NotFound, also for one that was removed."""
    row = await fetch_row(f"{_LIVING} AND id = $2", marketplace_id, endpoint_id)
    if row is None:
        raise NotFound(f"no endpoint {endpoint_id}")
    return _shown(row)


async def create_endpoint(
    marketplace_id: UUID, new: NewEndpoint, by: Actor, sender: WebhookSender, new_id: UUID | None = None
) -> EndpointMade:
    """Makes an enabled endpoint; with `new_id` once under that id. Must not be called inside a transaction: its host
    is looked up.

    Raises InvalidInput naming every field that breaks its rule, TooManyEndpoints.
    """
    columns = await _checked(msgspec.structs.asdict(new), sender)
    secret = new_secret()
    encrypted = encrypt_secret(marketplace_id, secret)
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"webhook_endpoint:{marketplace_id}")
        if known := await fetch_row(f"{_LIVING} AND id = $2", marketplace_id, new_id):  # its answer was lost
            kept = Encrypted(known["sealed_secret"], known["key_id"])
            return EndpointMade(endpoint=_shown(known), secret=shown(decrypt_secret(marketplace_id, kept)))
        if await fetch_value(f"SELECT count(*) FROM ({_LIVING})", marketplace_id) >= MOST_ENDPOINTS:
            raise TooManyEndpoints(f"a marketplace has at most {MOST_ENDPOINTS} endpoints: remove one first")
        row = await create(
            WEBHOOK_ENDPOINT,
            {
                **({} if new_id is None else {"id": new_id}),
                "marketplace_id": marketplace_id,
                **columns,
                "sealed_secret": encrypted.box,
                "key_id": encrypted.key_id,
            },
            Move(by, "asked"),
        )
        await record_change(marketplace_id, by, _subject(row["id"]), "made", after=columns)
    return EndpointMade(endpoint=_shown(row), secret=shown(secret))


async def change_endpoint(
    marketplace_id: UUID,
    endpoint_id: UUID,
    change: EndpointChange,
    by: Actor,
    sender: WebhookSender,
    expected: frozenset[str] | None = None,
) -> Endpoint:
    """Changes what was given, or nothing. Enabling forgets that it failed. Must not be called inside a transaction.

    Raises NotFound, InvalidInput naming every field that breaks its rule, and ChangedMeanwhile when the endpoint is
    none of the `expected` versions.
    """
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    state = given.pop("state", None)
    await get_endpoint(marketplace_id, endpoint_id)  # another's is not looked up in the network either
    columns = await _checked(given, sender)
    async with transaction():
        row = await _lock(marketplace_id, endpoint_id)
        check_version(_shown(row), expected)
        if columns:
            places = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=3))
            await execute(
                f"UPDATE webhook_endpoint SET {places} WHERE marketplace_id = $1 AND id = $2",
                marketplace_id,
                endpoint_id,
                *columns.values(),
            )
            before = {name: row[name] for name in columns}
            await record_change(marketplace_id, by, _subject(endpoint_id), "changed", before, columns)
        if state is not None and state != row["state"]:
            trigger = "enable" if state == "enabled" else "disable"
            anew = {"failing_since": None}
            await fire(WEBHOOK_ENDPOINT, marketplace_id, endpoint_id, trigger, Move(by, "asked"), set_=anew)
    return await get_endpoint(marketplace_id, endpoint_id)


async def remove_endpoint(marketplace_id: UUID, endpoint_id: UUID, by: Actor) -> None:
    """Removes an endpoint and its secrets; what was sent to it stays in the log. Raises NotFound."""
    async with transaction():
        row = await _lock(marketplace_id, endpoint_id)
        nothing = {"sealed_secret": b"", "key_id": "", **dict.fromkeys(_PREVIOUS)}
        await fire(WEBHOOK_ENDPOINT, marketplace_id, endpoint_id, "remove", Move(by, "asked"), set_=nothing)
        await record_change(marketplace_id, by, _subject(endpoint_id), "removed", before={"url": row["url"]})


async def rotate_secret(marketplace_id: UUID, endpoint_id: UUID, by: Actor) -> EndpointMade:
    """Gives the endpoint a new secret; the one before signs too for a day. Rotated twice in a day: the last two do.

    Raises NotFound.
    """
    secret = new_secret()
    encrypted = encrypt_secret(marketplace_id, secret)
    async with transaction():
        await _lock(marketplace_id, endpoint_id)
        await execute(
            "UPDATE webhook_endpoint SET sealed_secret = $3, key_id = $4, previous_secret = sealed_secret,"
            " previous_key_id = key_id, previous_until = $5 WHERE marketplace_id = $1 AND id = $2",
            marketplace_id,
            endpoint_id,
            *encrypted,
            now() + ROTATION,
        )
        await record_change(marketplace_id, by, _subject(endpoint_id), "secret_rotated")
    return EndpointMade(endpoint=await get_endpoint(marketplace_id, endpoint_id), secret=shown(secret))


_PREVIOUS = ("previous_secret", "previous_key_id", "previous_until")


def _subject(endpoint_id: UUID) -> str:
    return f"webhook_endpoint:{endpoint_id}"


async def _lock(marketplace_id: UUID, endpoint_id: UUID) -> Record:
    row = await fetch_row(f"{_LIVING} AND id = $2 FOR UPDATE", marketplace_id, endpoint_id)
    if row is None:
        raise NotFound(f"no endpoint {endpoint_id}")
    return row


async def _checked(given: dict[str, Any], sender: WebhookSender) -> dict[str, Any]:
    """The columns as they are stored. The network is asked only about a URL with which nothing else is wrong."""
    columns = {name: value.strip() if name == "url" else value for name, value in given.items()}
    if "description" in columns:
        columns["description"] = one_line(columns["description"])
    problems = {name: problem for name, value in columns.items() if (problem := _problem(name, value))}
    if "url" in columns and "url" not in problems and not await sender.reaches(columns["url"]):
        problems["url"] = UNREACHABLE
    if problems:
        raise InvalidInput(problems)
    if columns.get("event_types"):
        columns["event_types"] = [name for name in SUBSCRIBABLE if name in columns["event_types"]]
    return columns


def _problem(name: str, value: Any) -> str | None:
    match name:
        case "url":
            return url_problem(value)
        case "description":
            return None if len(value) <= 200 else "must have at most 200 characters."
        case _:
            return _types_problem(value)


def _types_problem(event_types: list[str] | None) -> str | None:
    if event_types is None:
        return None
    if unknown := [name for name in event_types if name not in SUBSCRIBABLE]:
        return f"there is no event type {unknown[0]!r}."
    return None if event_types else "must name at least one event type."


def _shown(row: Any) -> Endpoint:
    until = row["previous_until"]
    return Endpoint(
        **{name: row[name] for name in ("id", "url", "description", "event_types", "state", "created_at")},
        disabled_by=row["moved_trigger"] if row["state"] == "disabled" else None,
        failing_since=row["failing_since"] if row["state"] == "enabled" else None,
        rotation_ends_at=until if until is not None and until > now() else None,
    )

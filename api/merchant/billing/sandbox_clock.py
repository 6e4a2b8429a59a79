"""A sandbox marketplace's clock."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post

from api.openapi.responses import BAD_BODY, example, problems
from api.requests.provided import Asking, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.billing.run.sandbox_clock import (
    Advanced,
    ClockBusy,
    ClockShown,
    Target,
    advance,
    by_days,
    read_clock,
    to_instant,
    to_next_event,
)
from workflows.runtime.errors import Forbidden, InvalidInput


class ClockMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to: exactly one of the three. `to` is an instant with its offset, by the marketplace's clock."""

    advance_days: int | None = None
    to: datetime | None = None
    to_next_event: bool | None = None

    def target(self) -> Target:
        """What it says. Raises InvalidInput unless it says one thing."""
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            raise InvalidInput({"advance_days": "Give exactly one of advance_days, to, to_next_event."})
        if self.advance_days is not None:
            return by_days(self.advance_days)
        if self.to is None:
            if not self.to_next_event:
                raise InvalidInput({"to_next_event": "Give true, or another way to say where to."})
            return to_next_event
        if self.to.tzinfo is None:
            raise InvalidInput({"to": "Give the instant with its offset, like 2026-12-01T00:00:00Z."})
        return to_instant(self.to)


_TOLD = [
    (Forbidden("only a sandbox marketplace has a clock that moves"), "Not for this key, or the marketplace is live."),
    (ClockBusy("somebody else is moving this clock"), "Somebody else moves it, or the workers do not get on."),
    (InvalidInput({"to": "The clock only moves ahead: this instant has passed."}), "It would move back, or too far."),
]


class SandboxRoutes(Controller):
    """Time, moved."""

    path = "/sandbox"
    tags = ("Sandbox",)

    @get("/clock", opt={"act": "sandbox.clock"}, responses=problems(401, 403, told=_TOLD[:1]))
    async def read(self, marketplace: OwnMarketplace) -> ClockShown:
        """See where the clock stands, and when the next thing falls due by it; 403 when live."""
        return await read_clock(marketplace.id)

    @post(
        "/clock",
        dto=StrictJSON[ClockMove],
        return_dto=None,
        status_code=200,
        opt={"act": "sandbox.clock"},
        responses=problems(401, 403, 409, *BAD_BODY, told=_TOLD),
    )
    async def move(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        data: Annotated[ClockMove, example({"advance_days": 1})],
    ) -> Advanced:
        """Move the clock ahead. Everything due in between is done, in order, before this answers; 403 when live."""
        return await advance(marketplace.id, data.target(), caller.actor)

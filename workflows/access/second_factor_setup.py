"""The second factor of staff: an authenticator app (TOTP, RFC 6238), and recovery codes that stand for it once each.

Setting one up, removing it, having it reset by an owner. How codes are taken is in second_factor_codes.py, asking
for one at sign-in in staff_sign_in.py.
"""

from datetime import datetime
from uuid import UUID

import msgspec
import pyotp
from pyotp.totp import TOTP

from models.database import execute, fetch_value, transaction
from workflows.access.rate_limiter import RateLimiter
from workflows.access.request_limits import check_second_factor
from workflows.access.second_factor_codes import (
    WRONG,
    app_secret_of,
    check_code,
    encrypt_app_secret,
    find_factor,
    new_recovery_codes,
    note,
    take_app_code,
)
from workflows.engine.actor import Actor
from workflows.marketplaces.staff import SignedInStaff, lock_member
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput, NotFound, WorkflowError


class FactorStands(WorkflowError):
    """Raised when a second factor is asked for already: it must be removed before another is set up."""

    code = "second_factor_stands"


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator app is told: `secret` to be typed, `uri` to be shown as a picture."""

    secret: str
    uri: str


class FactorShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a second factor is asked for, since when, and how many recovery codes are left."""

    confirmed_at: datetime | None
    recovery_codes_left: int


async def factor_of(signed_in: SignedInStaff) -> FactorShown:
    """The person's own second factor."""
    where = (signed_in.marketplace_id, signed_in.staff_id)
    return FactorShown(
        confirmed_at=await fetch_value(
            "SELECT confirmed_at FROM second_factor WHERE marketplace_id = $1 AND staff_id = $2", *where
        ),
        recovery_codes_left=await fetch_value(
            "SELECT count(*) FROM recovery_code WHERE marketplace_id = $1 AND staff_id = $2 AND used_at IS NULL", *where
        ),
    )


async def begin_enrolment(signed_in: SignedInStaff, issuer: str) -> Enrolment:
    """Makes a secret, or a new one in place of one that was never confirmed. Raises FactorStands."""
    secret = pyotp.random_base32()
    made = await fetch_value(
        "INSERT INTO second_factor AS factor (marketplace_id, staff_id, sealed_secret, key_id)"
        " VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (marketplace_id, staff_id) DO UPDATE SET sealed_secret = excluded.sealed_secret,"
        " key_id = excluded.key_id, created_at = now() WHERE factor.confirmed_at IS NULL RETURNING true",
        signed_in.marketplace_id,
        signed_in.staff_id,
        *encrypt_app_secret(signed_in.marketplace_id, signed_in.staff_id, secret),
    )
    if made is None:
        raise FactorStands("remove the second factor before setting up another")
    return _enrolment(signed_in, issuer, secret)


async def enrolment_of(signed_in: SignedInStaff, issuer: str) -> Enrolment | None:
    """An enrolment that waits for its first code; None when there is none, or it was confirmed."""
    factor = await find_factor(signed_in.marketplace_id, signed_in.staff_id)
    if factor is None or factor["confirmed_at"] is not None:
        return None
    secret = app_secret_of(factor)
    return None if secret is None else _enrolment(signed_in, issuer, secret)


def _enrolment(signed_in: SignedInStaff, issuer: str, secret: str) -> Enrolment:
    uri = TOTP(secret).provisioning_uri(name=signed_in.email, issuer_name=issuer)
    return Enrolment(secret=secret, uri=uri)


async def confirm_enrolment(signed_in: SignedInStaff, code: str, limiter: RateLimiter) -> list[str]:
    """Takes the app's first code; from now on one is asked for at sign-in. Answers with the recovery codes: the only
    time that they are seen. Raises InvalidInput, TooManyRequests, NotFound when nothing was begun."""
    await check_second_factor(limiter, str(signed_in.staff_id))
    async with transaction():
        factor = await find_factor(signed_in.marketplace_id, signed_in.staff_id, lock=True)
        if factor is None or factor["confirmed_at"] is not None:
            raise NotFound("no enrolment under way")
        if not await take_app_code(factor, code):
            raise InvalidInput({"code": WRONG})
        await execute(
            "UPDATE second_factor SET confirmed_at = $3 WHERE marketplace_id = $1 AND staff_id = $2",
            signed_in.marketplace_id,
            signed_in.staff_id,
            now(),
        )
        codes = await new_recovery_codes(signed_in.marketplace_id, signed_in.staff_id)
        await note(signed_in.marketplace_id, signed_in.actor, signed_in.staff_id, "second_factor_set_up")
    return codes


async def remove_own_factor(signed_in: SignedInStaff, code: str, limiter: RateLimiter) -> None:
    """Removes the person's own second factor, for a code. Raises InvalidInput, TooManyRequests, NotFound."""
    async with transaction():
        await check_code(signed_in.marketplace_id, signed_in.staff_id, code, limiter)
        await remove_factor(signed_in.marketplace_id, signed_in.staff_id)
        await note(signed_in.marketplace_id, signed_in.actor, signed_in.staff_id, "second_factor_removed")


async def reset_factor(marketplace_id: UUID, staff_id: UUID, by: Actor) -> None:
    """Removes somebody's second factor who lost it, by an owner. Raises NotFound."""
    async with transaction():
        if await lock_member(marketplace_id, staff_id) is None:
            raise NotFound("no such person")
        if not await remove_factor(marketplace_id, staff_id):
            raise NotFound("no second factor")
        await note(marketplace_id, by, staff_id, "second_factor_reset")


async def remove_factor(marketplace_id: UUID, staff_id: UUID) -> int:
    """Deletes secret and recovery codes, in the caller's transaction; answers 0 when there was none."""
    await execute("DELETE FROM recovery_code WHERE marketplace_id = $1 AND staff_id = $2", marketplace_id, staff_id)
    return await execute(
        "DELETE FROM second_factor WHERE marketplace_id = $1 AND staff_id = $2", marketplace_id, staff_id
    )

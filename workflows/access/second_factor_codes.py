"""Codes of the second factor, each taken once: an authenticator app's (TOTP, RFC 6238), and recovery codes.

The app's secret is stored encrypted (workflows/runtime/encryption.py), recovery codes as digests. How a factor
is set up and removed is in second_factor_setup.py.
"""

import hmac
import secrets
from base64 import b32encode
from uuid import UUID

from pyotp.totp import TOTP

from models.database import Record, execute, fetch, fetch_row
from workflows.access.access_log import note_refusal
from workflows.access.rate_limiter import RateLimiter
from workflows.access.request_limits import check_second_factor
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.requests.attempt import note_person
from workflows.runtime.clock import now
from workflows.runtime.encryption import Encrypted, decrypt, decrypt_fernet, encrypt
from workflows.runtime.errors import InvalidInput, NotFound
from workflows.runtime.keys import UnknownKey, current_key_id, token_digest

RECOVERY_CODES = 10
WRONG = "This code is not right. Use the newest one that your app shows, or a recovery code that you have not used."
_PURPOSE, _FERNET_PURPOSE = "second-factor", "second_factor"
_STEP = 30  # seconds; what every authenticator app assumes
_DRIFT = 1  # steps before and after: a phone's clock is rarely further off (RFC 6238, 5.2)


async def is_required(marketplace_id: UUID, staff_id: UUID) -> bool:
    """Whether the person has a second factor that was confirmed."""
    factor = await find_factor(marketplace_id, staff_id)
    return factor is not None and factor["confirmed_at"] is not None


async def check_code(marketplace_id: UUID, staff_id: UUID, code: str, limiter: RateLimiter) -> None:
    """Takes a code of the app or a recovery code, once each, in the caller's transaction; locks the factor's row.

    Raises TooManyRequests past five wrong ones in a quarter of an hour, InvalidInput, NotFound without a factor.
    """
    factor = await find_factor(marketplace_id, staff_id, lock=True)
    if factor is None or factor["confirmed_at"] is None:
        raise NotFound("no second factor")
    await check_second_factor(limiter, str(staff_id))
    if not (await take_app_code(factor, code) or await _take_recovery_code(marketplace_id, staff_id, code)):
        wrong = InvalidInput({"code": WRONG})
        note_person(marketplace_id, Actor("staff", staff_id))
        note_refusal(wrong, "wrong_second_factor")
        raise wrong


async def take_app_code(factor: Record, code: str) -> bool:
    """Takes a code of the app, in the caller's transaction; False for a wrong one, and for one that was taken."""
    typed = "".join(code.split())
    secret = app_secret_of(factor)
    if secret is None:
        return False
    present = int(now().timestamp()) // _STEP
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        if step > factor["last_step"] and hmac.compare_digest(
            TOTP(secret).generate_otp(step).encode(), typed.encode("utf-8", "surrogatepass")
        ):
            await execute(
                "UPDATE second_factor SET last_step = $3 WHERE marketplace_id = $1 AND staff_id = $2",
                factor["marketplace_id"],
                factor["staff_id"],
                step,
            )
            return True
    return False


async def _take_recovery_code(marketplace_id: UUID, staff_id: UUID, code: str) -> bool:
    used = await execute(
        "UPDATE recovery_code SET used_at = $4 WHERE marketplace_id = $1 AND staff_id = $2 AND digest = $3"
        " AND used_at IS NULL",
        marketplace_id,
        staff_id,
        _recovery_digest(code),
        now(),
    )
    if used:
        await note(marketplace_id, Actor("staff", staff_id), staff_id, "recovery_code_used")
    return used == 1


async def new_recovery_codes(marketplace_id: UUID, staff_id: UUID) -> list[str]:
    """Makes new ones in place of any before, in the caller's transaction: the only time that they are seen."""
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    await execute("DELETE FROM recovery_code WHERE marketplace_id = $1 AND staff_id = $2", marketplace_id, staff_id)
    await execute(
        "INSERT INTO recovery_code (marketplace_id, staff_id, digest) SELECT $1, $2, unnest($3::bytea[])",
        marketplace_id,
        staff_id,
        [_recovery_digest(code) for code in codes],
    )
    return codes


def _recovery_code() -> str:
    """`k3wq-…`: 80 random bits, so that a plain digest cannot be guessed back."""
    text = b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))


def _recovery_digest(code: str) -> bytes:
    return token_digest("".join(letter for letter in code.lower() if letter.isalnum()))


async def find_factor(marketplace_id: UUID, staff_id: UUID, *, lock: bool = False) -> Record | None:
    """A person's second factor, confirmed or not."""
    return await fetch_row(
        f"SELECT * FROM second_factor WHERE marketplace_id = $1 AND staff_id = $2{' FOR UPDATE' if lock else ''}",
        marketplace_id,
        staff_id,
    )


async def note(marketplace_id: UUID, by: Actor, staff_id: UUID, act: str) -> None:
    """Writes down what became of somebody's second factor."""
    await record_change(marketplace_id, by, f"staff:{staff_id}", act)


def encrypt_app_secret(marketplace_id: UUID, staff_id: UUID, secret: str) -> Encrypted:
    """The app's secret as it is stored. It decrypts for the same person only."""
    return encrypt(_PURPOSE, marketplace_id.bytes + staff_id.bytes, secret.encode())


def app_secret_of(factor: Record) -> str | None:
    """The app's secret; None when its server key is gone: recovery codes still work, and an owner can reset it."""
    if factor["key_id"] is None:
        secret = decrypt_fernet(_FERNET_PURPOSE, factor["sealed_secret"])
        return None if secret is None else secret.decode()
    context = factor["marketplace_id"].bytes + factor["staff_id"].bytes
    try:
        return decrypt(_PURPOSE, context, Encrypted(factor["sealed_secret"], factor["key_id"])).decode()
    except UnknownKey:
        return None


async def reencrypt_app_secrets() -> int:
    """Encrypts with the current server key what an earlier one, or Fernet, encrypted; returns how many.

    In the caller's transaction. Values whose key is gone stay as they are.
    """
    reencrypted = 0
    for factor in await fetch(
        "SELECT * FROM second_factor WHERE key_id IS DISTINCT FROM $1 ORDER BY marketplace_id, staff_id FOR UPDATE",
        current_key_id(),
    ):
        secret = app_secret_of(factor)
        if secret is not None:
            reencrypted += await execute(
                "UPDATE second_factor SET sealed_secret = $3, key_id = $4 WHERE marketplace_id = $1 AND staff_id = $2",
                factor["marketplace_id"],
                factor["staff_id"],
                *encrypt_app_secret(factor["marketplace_id"], factor["staff_id"], secret),
            )
    return reencrypted

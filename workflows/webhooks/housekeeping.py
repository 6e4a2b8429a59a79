"""What is done for webhooks every night."""

from datetime import timedelta

from models.database import execute, fetch
from workflows.runtime.clock import now
from workflows.runtime.encryption import Encrypted
from workflows.runtime.keys import current_key_id
from workflows.webhooks.secrets import decrypt_secret, encrypt_secret

WEBHOOKS_KEPT_FOR = timedelta(days=90)  # receivers keep ids for four days; three months are for who looks into a bug

ATTEMPTS_KEPT_FOR = timedelta(days=30)  # long enough to mend what failed; what endpoints answer may be anything
_AT_ONCE = 5_000


async def purge_attempts() -> int:
    """Deletes what endpoints answered a month ago, in batches; answers how many."""
    forgotten = 0
    while True:
        batch = await execute(
            "DELETE FROM webhook_attempt WHERE ctid IN (SELECT ctid FROM webhook_attempt WHERE at < $1 LIMIT $2)",
            now() - ATTEMPTS_KEPT_FOR,
            _AT_ONCE,
        )
        forgotten += batch
        if batch < _AT_ONCE:
            return forgotten


async def reencrypt_secrets() -> int:
    """Encrypts with the current server key what an earlier one encrypted, so that it can be retired; returns how many.

    Secrets whose day of rotation is over are forgotten instead.
    """
    await execute(
        "UPDATE webhook_endpoint SET previous_secret = NULL, previous_key_id = NULL, previous_until = NULL"
        " WHERE previous_until <= $1",
        now(),
    )
    encrypted = await fetch(
        "SELECT marketplace_id, id, sealed_secret, key_id FROM webhook_endpoint"
        " WHERE key_id <> $1 AND state <> 'removed'",
        current_key_id(),
    )
    for row in encrypted:
        secret = decrypt_secret(row["marketplace_id"], Encrypted(row["sealed_secret"], row["key_id"]))
        anew = encrypt_secret(row["marketplace_id"], secret)
        await execute(
            "UPDATE webhook_endpoint SET sealed_secret = $4, key_id = $5"
            " WHERE marketplace_id = $1 AND id = $2 AND sealed_secret = $3",
            row["marketplace_id"],
            row["id"],
            row["sealed_secret"],
            *anew,
        )
    return len(encrypted)

"""The demo's API key: kept in a file beside demo.json, since the database knows its digest only."""

import os
from pathlib import Path

from workflows.access.api_keys import authenticate, create_key, list_keys, revoke_key
from workflows.marketplaces.tenant import Marketplace
from workflows.operations.marketplace_setup import FIRST_KEY
from workflows.runtime.errors import NotSignedIn

_NAME = FIRST_KEY


async def demo_key(marketplace: Marketplace, file: Path) -> str:
    """The key kept in `file` (0600) while it works; otherwise a new one, the old one revoked."""
    kept = _kept(file)
    if kept and await _works(kept, marketplace):
        return kept
    for key in await list_keys(marketplace.id):
        if key.name == _NAME and key.revoked_at is None:
            await revoke_key(marketplace.id, key.id)
    made = await create_key(marketplace.id, _NAME)
    keep_key(made.key, file)
    return made.key


def _kept(file: Path) -> str:
    return file.read_text().strip() if file.exists() else ""


async def _works(key: str, marketplace: Marketplace) -> bool:
    try:
        return (await authenticate(key)).marketplace_id == marketplace.id
    except NotSignedIn:
        return False


def keep_key(key: str, file: Path) -> None:
    """Keeps a key for the next start."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(key + "\n")
    unfinished.rename(file)

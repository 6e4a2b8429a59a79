"""What a superuser does to rows under a checkpoint that is held outside the database is found and named."""

from pathlib import Path
from random import Random

from models.database import single_connection
from tests.audit.damages import DAMAGES, disarm
from tests.audit.sealed_log import SealedLog, exported
from verifier.verify import verify

TRIES = 50


async def _found(log: SealedLog, number: int, file: Path) -> tuple[str, str, str | None]:
    """What one damage is, what it has to be called, and what it is called."""
    chance = Random(number)
    damage = DAMAGES[number % len(DAMAGES)]
    async with single_connection(log.database.superuser_url) as own:
        undo = own.transaction()
        await undo.start()
        await disarm()
        expected = await damage(log.marketplace, chance)
        report = verify(await exported(log, file), log.public, log.held)
        await undo.rollback()
    return damage.__name__, expected, report.first.kind if report.first else None


async def test_every_damage_is_found_and_called_by_its_name(shared_log: SealedLog, file: Path) -> None:
    tried = [await _found(shared_log, number, file) for number in range(TRIES)]

    wrong = {number: one for number, one in enumerate(tried) if one[1] != one[2]}
    assert wrong == {}

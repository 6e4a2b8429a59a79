"""Publishing a checkpoint: to every target, once each; what a target already holds otherwise is a finding.

Outside of any transaction. Doubt does no harm: targets take the same object twice and keep it once.
"""

from uuid import UUID

from models.database import execute, fetch_all, fetch_value, fetch_values, transaction
from models.row import Row
from workflows.audit.proof.checkpoints import Checkpoint, checkpoint_by_id
from workflows.audit.proof.findings import record_finding
from workflows.audit.proof.signing import known_keys
from workflows.audit.proof.targets import PublishedOtherwise, Target, Targets, as_object, key_name, name_of
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import worker
from workflows.runtime.settings import settings

_BY = worker("checkpoint.publish")
MAILBOX = "mailbox"


class _Auditor(Row, frozen=True):
    id: UUID
    email: str


async def publish_checkpoint(marketplace_id: UUID, checkpoint_id: UUID, targets: Targets) -> None:
    """Publishes to the targets that have it not yet. Raises TargetAway: the others are done, try this one again."""
    made = await checkpoint_by_id(marketplace_id, checkpoint_id)
    done = await _published_to(made)
    away: Exception | None = None
    for name, target in targets.items():
        if name in done:
            continue
        try:
            await _put(made, name, target)
        except PublishedOtherwise as other:
            details = {"target": name, "published": other.held.decode(errors="replace")}
            await record_finding(marketplace_id, "published_otherwise", made.number, details)
        except Exception as error:  # noqa: BLE001 - whatever ails one target, the next gets its turn
            away = error
    if MAILBOX not in done:
        await _write_to_auditors(made)
    if away is not None:
        raise away


async def _put(made: Checkpoint, name: str, target: Target) -> None:
    for key in await known_keys():
        await target.put(key_name(key.key_id), as_object(key.published()))
    reference = await target.put(name_of(made.marketplace_id, made.number), as_object(made.published()))
    await _record(made, name, reference)


async def _published_to(made: Checkpoint) -> set[str]:
    found = await fetch_values(
        "SELECT target FROM checkpoint_publication WHERE marketplace_id = $1 AND number = $2",
        made.marketplace_id,
        made.number,
    )
    return set(found)


async def _record(made: Checkpoint, target: str, reference: str) -> None:
    await execute(
        "INSERT INTO checkpoint_publication (marketplace_id, number, target, reference) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (marketplace_id, number, target) DO NOTHING",
        made.marketplace_id,
        made.number,
        target,
        reference,
    )


async def _write_to_auditors(made: Checkpoint) -> None:
    """E-mails it to the marketplace's auditors, as often as the deployment wants; once however often it is called."""
    if settings().audit_email == "none" or (settings().audit_email == "daily" and await _written_today(made)):
        return
    auditors = await fetch_all(
        _Auditor,
        "SELECT id, email FROM staff WHERE marketplace_id = $1 AND role = 'auditor' AND removed_at IS NULL",
        made.marketplace_id,
    )
    async with transaction():
        for auditor in auditors:
            await stage_email(
                made.marketplace_id,
                template="staff_checkpoint",
                recipient=auditor.email,
                staff_id=auditor.id,
                cause=f"checkpoint:{made.id}",
                by=_BY,
                context={
                    "number": made.number,
                    "rows": made.size,
                    "sealed_at": made.sealed_at.isoformat(),
                    "published": as_object(made.published()).decode().strip(),
                },
            )
        if auditors:
            await _record(made, MAILBOX, f"{len(auditors)} e-mails")


async def _written_today(made: Checkpoint) -> bool:
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM checkpoint_publication WHERE marketplace_id = $1 AND target = $2"
        " AND published_at >= date_trunc('day', $3::timestamptz, 'UTC'))",
        made.marketplace_id,
        MAILBOX,
        made.sealed_at,
    )

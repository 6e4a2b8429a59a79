"""Jobs of the log's proof."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.audit.proof.publish import publish_checkpoint
from workflows.audit.proof.seal import seal_all


# Ten million rows that were never sealed take some minutes; a run that fails is made good by the next one.
@job("audit.seal", lease=timedelta(hours=1), attempts=3)
async def seal() -> None:
    """Seals what every marketplace has below the horizon."""
    await seal_all(ports.checkpoint_targets())


# 20 attempts reach half a day ahead: an object store's bad night.
@job("checkpoint.publish", lease=timedelta(minutes=2), attempts=30, first_pause=timedelta(seconds=5))
async def publish(marketplace_id: UUID, id: UUID) -> None:
    """Publishes one checkpoint."""
    await publish_checkpoint(marketplace_id, id, ports.checkpoint_targets())

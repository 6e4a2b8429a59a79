"""Where checkpoints are published, behind `workflows.audit.proof.targets.Target`: a directory, an object store."""

from pathlib import Path

from integrations.checkpoint_targets.directory import Directory
from integrations.checkpoint_targets.object_store import ObjectStore
from workflows.audit.proof.targets import Target, Targets
from workflows.runtime.settings import Settings

__all__ = ["Directory", "ObjectStore", "targets_of"]


def targets_of(settings: Settings) -> Targets:
    """The targets that the deployment chose."""
    chosen: dict[str, Target] = {}
    if settings.audit_directory:
        chosen["directory"] = Directory(Path(settings.audit_directory))
    if settings.audit_bucket:
        chosen["object_store"] = ObjectStore(
            settings.audit_bucket,
            endpoint=settings.audit_s3_endpoint or None,
            retention_days=settings.audit_retention_days,
        )
    return chosen

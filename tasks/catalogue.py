"""Every job there is. A name that workflows stage and no job does, or the other way round, stops the process here."""

from collections.abc import Sequence

from tasks.job import Job
from tasks.jobs import access_links as links
from tasks.jobs import audit_proof as audit
from tasks.jobs import billing_run as billing
from tasks.jobs import charges, documents, emails, sweeps, webhooks
from tasks.jobs import importing as imports
from tasks.jobs import invariants as facts
from tasks.jobs import reconciliation as books
from workflows.engine.job_names import ACTORS
from workflows.runtime.errors import DefinitionError

JOBS: tuple[Job, ...] = (
    links.handle,
    links.deliver,
    billing.run,
    charges.submit,
    charges.settle,
    charges.give_back,
    charges.withdraw,
    charges.apply_event,
    emails.deliver,
    emails.apply_event,
    documents.render,
    webhooks.publish,
    webhooks.deliver,
    webhooks.sweep,
    sweeps.expire_links,
    sweeps.expire_sessions,
    sweeps.settle_charges,
    sweeps.listen,
    sweeps.announce_cards,
    sweeps.forget,
    sweeps.notify_staff_of_dead_jobs,
    sweeps.purge_requests_done,
    sweeps.sum_tallies,
    imports.step,
    books.compare,
    facts.check_moved,
    facts.check_all,
    sweeps.extend_log,
    audit.seal,
    audit.publish,
    sweeps.sum_log,
    sweeps.purge_old_accesses,
    sweeps.reencrypt_second_factors,
    sweeps.purge_finished_data,
)


def check_names(jobs: Sequence[Job]) -> None:
    """Raises DefinitionError unless `jobs` are exactly the actors of workflows/engine/job_names.py, each once."""
    names = [job.name for job in jobs]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise DefinitionError(f"more than one job is called {', '.join(doubled)}")
    if undone := sorted(set(ACTORS) - set(names)):
        raise DefinitionError(f"staged by workflows, done by no job: {', '.join(undone)}")
    if unknown := sorted(set(names) - set(ACTORS)):
        raise DefinitionError(f"no workflow stages {', '.join(unknown)}")

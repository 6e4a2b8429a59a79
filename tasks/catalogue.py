"""Every job there is. A name that workflows stage and no job does, or the other way round, stops the process here."""

from collections.abc import Sequence

from tasks import audit, billing, books, charges, documents, emails, facts, imports, links, sweeps, webhooks
from tasks.job import Job
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
    sweeps.tell_of_deaths,
    sweeps.forget_requests_done,
    sweeps.sum_tallies,
    imports.step,
    books.compare,
    facts.check_moved,
    facts.check_all,
    sweeps.extend_log,
    audit.seal,
    audit.publish,
    sweeps.sum_log,
    sweeps.forget_old_accesses,
    sweeps.reencrypt_second_factors,
    sweeps.forget_old_traces,
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

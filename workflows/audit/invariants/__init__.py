"""What must always hold (PRODUCT.md 6.6), one fact a file, and the list of them all. invariant.py says what a fact
is.
"""

from workflows.audit.invariants.access.erased_stay_erased import ERASED_STAY_ERASED
from workflows.audit.invariants.access.link_of_the_same_person import LINK_OF_THE_SAME_PERSON
from workflows.audit.invariants.access.links_end import LINKS_END
from workflows.audit.invariants.access.sessions_end import SESSIONS_END
from workflows.audit.invariants.billing.billing_on_time import BILLING_ON_TIME
from workflows.audit.invariants.billing.charges_have_jobs import CHARGES_HAVE_JOBS
from workflows.audit.invariants.billing.data_cards_add_up import CARDS_COUNT_RIGHT
from workflows.audit.invariants.billing.dunning_steps_were_mailed import DUNNING_STEPS_WERE_MAILED
from workflows.audit.invariants.billing.nothing_after_cancellation import NOTHING_AFTER_CANCELLATION
from workflows.audit.invariants.billing.nothing_waits_at_the_end import NOTHING_WAITS_AT_THE_END
from workflows.audit.invariants.billing.open_case_of_failed_charge import OPEN_CASE_OF_FAILED_CHARGE
from workflows.audit.invariants.billing.paid_charge_has_invoice import PAID_CHARGE_HAS_INVOICE
from workflows.audit.invariants.billing.paid_off_is_completed import PAID_OFF_IS_COMPLETED
from workflows.audit.invariants.billing.period_is_paid_once import PERIOD_IS_PAID_ONCE
from workflows.audit.invariants.billing.refunds_add_up import REFUNDS_ADD_UP
from workflows.audit.invariants.documents.documents_have_jobs import DOCUMENTS_HAVE_JOBS
from workflows.audit.invariants.documents.invoice_numbers_have_no_gaps import INVOICE_NUMBERS_HAVE_NO_GAPS
from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.jobs.deliveries_have_jobs import DELIVERIES_HAVE_JOBS
from workflows.audit.invariants.jobs.emails_have_jobs import EMAILS_HAVE_JOBS
from workflows.audit.invariants.jobs.jobs_on_time import JOBS_ON_TIME
from workflows.audit.invariants.jobs.schedule_on_time import SCHEDULE_ON_TIME
from workflows.audit.invariants.log.log_ends_with_row import LOG_ENDS_WITH_ROW
from workflows.audit.invariants.log.published_as_sealed import PUBLISHED_AS_SEALED
from workflows.audit.invariants.log.state_as_logged import STATE_AS_LOGGED

__all__ = ["INVARIANTS", "INVARIANTS_BY_NAME", "Invariant"]

INVARIANTS: tuple[Invariant, ...] = (
    STATE_AS_LOGGED,
    LOG_ENDS_WITH_ROW,
    OPEN_CASE_OF_FAILED_CHARGE,
    PAID_CHARGE_HAS_INVOICE,
    PERIOD_IS_PAID_ONCE,
    REFUNDS_ADD_UP,
    NOTHING_AFTER_CANCELLATION,
    NOTHING_WAITS_AT_THE_END,
    PAID_OFF_IS_COMPLETED,
    INVOICE_NUMBERS_HAVE_NO_GAPS,
    DUNNING_STEPS_WERE_MAILED,
    LINK_OF_THE_SAME_PERSON,
    BILLING_ON_TIME,
    JOBS_ON_TIME,
    SCHEDULE_ON_TIME,
    LINKS_END,
    SESSIONS_END,
    CHARGES_HAVE_JOBS,
    EMAILS_HAVE_JOBS,
    DOCUMENTS_HAVE_JOBS,
    DELIVERIES_HAVE_JOBS,
    CARDS_COUNT_RIGHT,
    ERASED_STAY_ERASED,
    PUBLISHED_AS_SEALED,
)
INVARIANTS_BY_NAME = {fact.name: fact for fact in INVARIANTS}

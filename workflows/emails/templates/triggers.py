"""What each e-mail is called and when it is sent, in words for staff."""

from collections.abc import Mapping
from typing import NamedTuple


class EmailTrigger(NamedTuple):
    """Its name in the console, and what causes it."""

    name: str
    sent_when: str


# fmt: off
OCCASIONS: Mapping[str, EmailTrigger] = {
    "access_link":             EmailTrigger("Access link", "A customer asks for a link at the Login URL, or staff send them one. Once per request, five an hour at most."),
    "card_update_link":        EmailTrigger("Card-update link", "A customer presses “Update Credit Card”, or staff send them the link. Five an hour at most."),
    "order_receipt":           EmailTrigger("Order receipt", "An order is paid, or needs no payment: a free trial begins, the price is nothing."),
    "renewal_receipt":         EmailTrigger("Renewal receipt", "A subscription’s payment succeeds: a renewal, the first one after a trial, or one that had failed."),
    "trial_ending":            EmailTrigger("Trial ending", "Three days before the first payment after a trial, once."),
    "failed_charge":           EmailTrigger("Failed charge", "A subscription’s charge fails: the first time, and at each attempt after it."),
    "final_notice":            EmailTrigger("Final notice", "The last attempt of the retry policy has failed, once."),
    "card_expiring":           EmailTrigger("Card expiring", "Seven days before a charge that its card will not live to see, once per charge."),
    "card_updated":            EmailTrigger("Card updated", "A new card is saved for a subscription."),
    "subscription_cancelled":  EmailTrigger("Subscription cancelled", "A subscription ends because the customer or staff cancelled it."),
    "refund":                  EmailTrigger("Refund", "Money goes back to a customer, in full or in part."),
    "staff_access_link":       EmailTrigger("Access link to the console", "One of your people asks for a link to the console."),
    "staff_invitation":        EmailTrigger("Invitation", "Somebody is invited to the console."),
    "staff_failed_charge":     EmailTrigger("Notice of a failed charge", "A charge fails for the first time; to those who chose it."),
    "staff_self_cancellation": EmailTrigger("Notice of a self cancellation", "A customer cancels in the portal; to those who chose it."),
    "staff_failed_job":        EmailTrigger("Notice of a failed job", "A job is given up; to those who chose it."),
    "staff_failed_document":   EmailTrigger("Notice of a PDF that could not be made", "An invoice's PDF was given up; to those who chose to hear of jobs."),
    "staff_broken_fact":       EmailTrigger("Notice of a broken fact", "A check of the books finds what must never be; to those who chose it."),
    "staff_checkpoint":        EmailTrigger("Checkpoint of the log", "The log is sealed under a checkpoint; to your auditors, as proof outside this house."),
    "staff_more":              EmailTrigger("There are more", "Instead of a sixth notice of one kind within an hour."),
    "webhook_disabled":        EmailTrigger("Webhooks switched off", "An endpoint failed for three days, or wants no more; to those who chose failed jobs, else to the owners."),
}
# fmt: on

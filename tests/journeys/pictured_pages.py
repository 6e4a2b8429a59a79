"""Which pages docs/console.md shows, in its order, and which it does not, with the reason."""

from typing import NamedTuple

SIZES = {1280: 860, 360: 760}  # pixels: a desk, a phone


class Pictured(NamedTuple):
    """A page: the name of its pictures, its path under /console/{slug} with fields of PicturedShop, what it is for."""

    name: str
    path: str
    says: str
    of: str = ""  # words that are scrolled to: what matters most is not at the top


AT_THE_DOOR = (
    Pictured("login", "", "Getting in: an access link by e-mail, as customers do."),
    Pictured("access", "/access/{link}", "The link is spent by Continue, not by whoever opens it."),
)
INSIDE = (
    Pictured("subscriptions", "/subscriptions", "Three data cards, and the list by start, state and search."),
    Pictured(
        "summary",
        "/subscriptions/{failed[number]}",
        "One subscription: what is owed, what can be done, every charge, its story.",
    ),
    Pictured(
        "cancel",
        "/subscriptions/{active[number]}/cancel",
        "Cancelling asks when, and says what it does and does not do.",
    ),
    Pictured("next-charge", "/subscriptions/{active[number]}/next-charge", "The next billing date, moved."),
    Pictured("retry", "/subscriptions/{failed[number]}/retry", "What is owed, charged now."),
    Pictured(
        "restart",
        "/subscriptions/{cancelled[number]}/restart",
        "A cancelled one is restarted: what is charged is said first.",
    ),
    Pictured(
        "refund",
        "/subscriptions/{cancelled[number]}/charges/{payment[id]}/refund",
        "A payment given back, in full or in part.",
    ),
    Pictured(
        "invoice-waits",
        "/subscriptions/{active[number]}/invoices/{waiting}.pdf",
        "An invoice that is being prepared: the page opens it by itself.",
    ),
    Pictured("customer", "/subscriptions/{active[number]}/customer", "A customer's address, corrected."),
    Pictured(
        "billing-details",
        "/subscriptions/{active[number]}/billing-details",
        "Who is billed, and which invoices are made out anew.",
    ),
    Pictured("documents", "/documents", "Invoices and credit notes of some days, as one file."),
    Pictured(
        "documents-waiting", "/documents.zip", "The file waits for PDFs that are being prepared, and opens by itself."
    ),
    Pictured("apps", "/apps", "The apps of the marketplace."),
    Pictured(
        "portal-settings",
        "/apps/customer-portal",
        "Customer Portal settings, with the portal as customers would see it.",
    ),
    Pictured("saver", "/saver", "The Subscription Saver: the retry policy, drawn as a schedule."),
    Pictured("saver-texts", "/saver/texts", "Its e-mails."),
    Pictured("saver-report", "/saver/report", "What failed, was recovered and was lost, by month and by attempt."),
    Pictured("general", "/general", "The marketplace itself, and its logo."),
    Pictured("emails", "/emails", "Every e-mail, and when it is sent."),
    Pictured("email", "/emails/failed_charge", "One, in the merchant's own words, with preview and test."),
    Pictured("email-reset", "/emails/failed_charge/reset", "Going back to the default's words is asked about."),
    Pictured("email-to-staff", "/emails/staff_more", "One of those that the merchant's own people get."),
    Pictured("people", "/people", "Who works here, and an invitation."),
    Pictured("person", "/people/{support[id]}", "One person and their role."),
    Pictured("person-remove", "/people/{support[id]}/remove", "Removing somebody says what ends."),
    Pictured(
        "person-second-factor",
        "/people/{support[id]}/second-factor",
        "Removing somebody's second factor: only when it is they who ask.",
    ),
    Pictured("api-keys", "/api-keys", "API keys, with their last use."),
    Pictured("api-key-new", "/api-keys/new", "A key is made with the scopes that its program needs."),
    Pictured("api-key-revoke", "/api-keys/{key.id}/revoke", "A key is revoked for good."),
    Pictured("webhooks", "/webhooks", "Where events are sent."),
    Pictured("webhook-new", "/webhooks/new", "A new endpoint chooses its events."),
    Pictured("webhook", "/webhooks/{endpoint[id]}", "One endpoint, and the log of what was sent to it."),
    Pictured("webhook-edit", "/webhooks/{endpoint[id]}/edit", "Its address and its events, changed."),
    Pictured(
        "webhook-delivery",
        "/webhooks/deliveries/{delivery[id]}",
        "One delivery: its body, its tries, and what came back.",
    ),
    Pictured("webhook-remove", "/webhooks/{endpoint[id]}/remove", "Removing an endpoint says what stops."),
    Pictured("import", "/imports/{run[id]}", "How far an import is, and what was refused."),
    Pictured("facts", "/facts", "Facts that must always hold, and whether they did."),
    Pictured("account", "/account", "One's own account: the notices that one gets."),
    Pictured("second-factor", "/account/second-factor", "An authenticator app as second factor."),
    Pictured("sessions", "/sessions", "Where one is signed in."),
    Pictured("audit", "/audit", "The audit: every move of everything, by filters that stand in the address."),
    Pictured("audit-row", "/audit/rows/subscription/{cancelled[id]}/1", "One row of the log, and its hash."),
    Pictured("audit-stories", "/audit/stories", "A story is asked for by number or by address."),
    Pictured("audit-subscription", "/audit/subscriptions/{failed[number]}", "A subscription's story, in sentences."),
    Pictured("audit-customer", "/audit/customers/{customer[number]}", "A customer's."),
    Pictured("audit-cycles", "/audit/cycles", "Every life cycle."),
    Pictured(
        "audit-cycle", "/audit/cycles/charge", "One, drawn: each arrow and each state leads to its rows.", "succeeded"
    ),
    Pictured("audit-seals", "/audit/seals", "The log's seals, and what did not fit."),
    Pictured("audit-access", "/audit/access", "Who came to the door, and who was refused."),
    Pictured("audit-readings", "/audit/readings", "Who read the log, and what they looked for."),
)
IN_BETWEEN = (
    Pictured("clock", "/clock", "A sandbox's clock, moved ahead to watch what a year brings."),
    Pictured("api-key-made", "", "The key, shown this once."),
    Pictured("imports", "/imports", "A merchant's past, from Stripe: the ways to begin, and what was begun."),
    Pictured("import-take-over", "", "Taking over from Stripe is asked about."),
    Pictured(
        "erase",
        "/subscriptions/{cancelled[number]}/customer/erase",
        "Erasing a customer says what goes, what stays, and why.",
    ),
    Pictured("second-factor-set-up", "", "The app's secret, to be scanned or typed."),
    Pictured("recovery-codes", "", "Recovery codes, shown this once."),
    Pictured("second-factor-asked", "/second-factor", "At the next sign-in its code is asked for."),
)
EVERY = (*AT_THE_DOOR, *INSIDE, *IN_BETWEEN)
NOT_PICTURED = {
    "/access-links": "sends on to the login page",
    "/sign-out": "sends on to the login page",
    "/sessions/{session_id}/end": "says 405: a session is ended by its button",
    "/subscriptions.csv": "a file",
    "/audit/log.csv": "a file",
    "/audit/log.ndjson": "a file",
    "/subscriptions/{number}/customer/data.zip": "a file",
    "/apps/customer-portal/preview": "the frame within the picture of portal-settings",
    "/emails/{template}/preview": "the frame within the picture of email",
}

"""What PRODUCT.md promises at every instant, crashes and unheard answers included. Each promise is one function, named
in ALWAYS; it raises AssertionError when our books and the gateway's show that it was broken."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from models.database import Record
from tests.billing_model.books import Books
from tests.billing_model.history import History

DAY = timedelta(days=1)
MOVED = ("succeeded", "refunded", "partially_refunded", "disputed")
# "Never retry" and "treat as needing a new card" (docs/dependencies.md, Stripe), as far as the test numbers know them.
NEEDS_NEW_CARD = {"expired_card", "stolen_card", "lost_card", "do_not_try_again"}
BY_POLICY = ("schedule", "retry")


def each_period_is_charged_once(books: Books, _: History) -> None:
    """4.2, in our books and in the gateway's."""
    ours, theirs = Counter[object](), Counter[object]()
    for charge in books.charges:
        what = (charge["subscription_id"], charge["period"]) if charge["subscription_id"] else charge["order_id"]
        ours[what] += charge["state"] in MOVED
        theirs[what] += charge["taken"] == "succeeded"
    assert max(ours.values(), default=0) <= 1, f"our books: {ours.most_common(1)}"
    assert max(theirs.values(), default=0) <= 1, f"the gateway's: {theirs.most_common(1)}"


def money_in_our_books_moved_at_the_gateway(books: Books, _: History) -> None:
    for charge in books.charges:
        if charge["state"] in MOVED and charge["amount_minor"] > 0:
            assert charge["taken"] == "succeeded", charge
            assert charge["taken_minor"] == charge["amount_minor"], charge


def automatic_attempts_keep_to_the_policy(books: Books, _: History) -> None:
    """4.3, 4.5: never more than the policy's days, none before its day, none with a card that needs replacing, none
    after the final notice."""
    for case in books.cases:
        days: list[int] = case["policy"]["attempt_days"]
        attempts = [one for one in books.charges_of[case["subscription_id"]] if one["period"] == case["period"]]
        automatic = [one for one in attempts if one["initiator"] in BY_POLICY]
        assert sum(1 for one in automatic if one["submitted_at"]) <= len(days), f"too many attempts: {automatic}"
        put = [one for one in automatic if one["submitted_at"]]
        for number, attempt in enumerate(put[1:], 1):
            due = case["opened_at"] + (days[number] - 1) * DAY
            assert attempt["attempted_at"] >= due, f"attempt {number + 1} before its day: {attempt}"
        ended = [step["at"] for step in books.steps_of[case["id"]] if step["channel"] == "final_notice"]
        for before, attempt in pairwise(attempts):
            if attempt["initiator"] != "retry" or not before["submitted_at"]:
                continue
            same_card = before["payment_method_id"] == attempt["payment_method_id"]
            hopeless = before["decline_code"] in {*NEEDS_NEW_CARD, "authentication_required"}
            assert not (same_card and hopeless), f"retried after {before['decline_code']}: {attempt}"
            assert not ended or attempt["attempted_at"] < ended[0], f"retried after the final notice: {attempt}"


def cards_are_not_tried_too_often(books: Books, _: History) -> None:
    """4.5: one automatic retry a day, 8 in 30 days with staff's, across the subscriptions of one card."""
    for fingerprint in {charge["card_fingerprint"] for charge in books.charges} - {None}:
        of_card = [charge for charge in books.charges if charge["card_fingerprint"] == fingerprint]
        automatic = [charge["attempted_at"] for charge in of_card if charge["initiator"] == "retry"]
        counted = [charge["attempted_at"] for charge in of_card if charge["initiator"] in ("retry", "staff")]
        for earlier, later in pairwise(automatic):
            assert later - earlier >= DAY, f"two automatic retries within a day: {earlier}, {later}"
        for first, ninth in zip(counted, counted[8:], strict=False):
            assert ninth - first >= 30 * DAY, f"nine retries in 30 days: {first} to {ninth}"


def emails_match_the_steps_one_to_one(books: Books, history: History) -> None:
    """4.3: an e-mail after each failure, and one final notice; each is a step of its case, and each step is one."""
    failures = books.sent("failed_charge")
    for charge in books.charges:
        if charge["subscription_id"] is None or charge["initiator"] == "order":
            continue
        told = len(failures.get(f"charge:{charge['id']}", ()))
        failed = charge["state"] in ("failed", "action_required") and charge["submitted_at"] is not None
        if failed and charge["id"] not in history.overtaken:
            assert told == 1, f"{told} e-mails about {charge}"
        assert told <= (1 if charge["submitted_at"] else 0), f"{told} e-mails about {charge}"
    emails = {email["id"]: email for email in books.emails if email["template"] in ("failed_charge", "final_notice")}
    mailed = [step for step in books.steps if step["channel"] != "charge"]
    told_of = Counter(step["outgoing_email_id"] for step in mailed)
    assert set(told_of) == set(emails), [step for step in mailed if step["outgoing_email_id"] not in emails]
    assert set(told_of.values()) <= {1}, f"one e-mail for two steps: {told_of.most_common(1)}"
    stage_of_charge = {step["charge_id"]: step["stage"] for step in books.steps if step["channel"] == "charge"}
    for step in mailed:
        email = emails[step["outgoing_email_id"]]
        if step["channel"] == "email":
            charge_id = next(id_ for id_ in stage_of_charge if email["cause"] == f"charge:{id_}")
            assert stage_of_charge[charge_id] == step["stage"], f"the e-mail of another stage: {step}"


def every_attempt_of_a_case_is_a_step(books: Books, _: History) -> None:
    tried = {step["charge_id"] for step in books.steps if step["channel"] == "charge"}
    assert len(tried) == sum(step["channel"] == "charge" for step in books.steps)
    in_cases = {
        charge["id"]
        for case in books.cases
        for charge in books.charges_of[case["subscription_id"]]
        if charge["period"] == case["period"] and charge["initiator"] != "order"
        if charge["dunning_case_id"] == case["id"]
    }
    assert in_cases <= tried, "an attempt without its step"


def failed_charge_has_one_open_case(books: Books, _: History) -> None:
    """6.6, and 4.3: no other subscription has one."""
    for subscription in books.subscriptions:
        open_cases = [case for case in books.cases_of[subscription["id"]] if case["state"] == "open"]
        assert len(open_cases) == (subscription["state"] == "failed_charge"), (subscription, open_cases)


def a_paid_charge_has_one_invoice(books: Books, _: History) -> None:
    for charge in books.charges:
        assert charge["invoices"] == (charge["state"] in MOVED), charge


def refunds_stay_below_what_was_paid(books: Books, _: History) -> None:
    """4.9, in our books, promised ones included, and in the gateway's."""
    for charge in books.charges:
        ours = [one for one in books.refunds if one["charge_id"] == charge["id"] and one["status"] != "failed"]
        promised = sum(one["amount_minor"] for one in ours)
        assert promised <= charge["amount_minor"], (charge, ours)
        assert charge["refunded_minor"] <= (charge["given_back"] or 0) <= charge["amount_minor"], charge


def receipts_are_sent_once(books: Books, _: History) -> None:
    for template in ("renewal_receipt", "order_receipt", "subscription_cancelled", "refund", "final_notice"):
        for cause, emails in books.sent(template).items():
            assert len(emails) == 1, (template, cause)
    receipts = books.sent("renewal_receipt")
    for charge in books.charges:
        if charge["subscription_id"] is not None and charge["initiator"] != "order":
            assert (f"charge:{charge['id']}" in receipts) == (charge["state"] in MOVED), charge


def ended_subscriptions_wait_for_nothing(books: Books, _: History) -> None:
    """2.3, 4.6: nothing is due any more, and no attempt waits to be submitted."""
    for subscription in books.subscriptions:
        if subscription["state"] in ("cancelled", "completed"):
            assert subscription["next_charge_at"] is None, subscription
            waiting = [one for one in books.charges_of[subscription["id"]] if one["state"] == "pending"]
            assert all(one["submitted_at"] for one in waiting), waiting


ALWAYS: Sequence[Callable[[Books, History], None]] = (
    each_period_is_charged_once,
    money_in_our_books_moved_at_the_gateway,
    automatic_attempts_keep_to_the_policy,
    cards_are_not_tried_too_often,
    emails_match_the_steps_one_to_one,
    every_attempt_of_a_case_is_a_step,
    failed_charge_has_one_open_case,
    a_paid_charge_has_one_invoice,
    refunds_stay_below_what_was_paid,
    receipts_are_sent_once,
    ended_subscriptions_wait_for_nothing,
)


def check_always(books: Books, history: History) -> None:
    """Raises AssertionError naming the promise that was broken."""
    for promise in ALWAYS:
        try:
            promise(books, history)
        except AssertionError as broken:
            raise AssertionError(f"{promise.__name__}: {broken}") from None


def card_is_free_at(books: Books, fingerprint: str | None, at: datetime) -> datetime:
    """The earliest instant from `at` at which the card may be tried automatically."""
    of_card: list[Record] = [charge for charge in books.charges if charge["card_fingerprint"] == fingerprint]
    automatic = [charge["attempted_at"] for charge in of_card if charge["initiator"] == "retry"]
    counted = sorted(charge["attempted_at"] for charge in of_card if charge["initiator"] in ("retry", "staff"))
    free = at
    if automatic:
        free = max(free, max(automatic) + DAY)
    if len(counted) >= 8:
        free = max(free, counted[-8] + 30 * DAY)
    return free

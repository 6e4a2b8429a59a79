"""What the auditor's pages call things: moves as sentences, who did them, when (UTC), and short names of long ids."""

from datetime import UTC, datetime
from typing import NamedTuple

from web.console.subscriptions import timeline_words
from web.pages.show import Show
from workflows.audit.review.accesses import AccessEntry
from workflows.audit.review.history import HistoryEntry
from workflows.audit.review.rows import LoggedTransition
from workflows.marketplaces.permissions import ACTS

# fmt: off
# Of the life cycles that the Summary's timeline does not tell of. {who} is who did it, {what} a number or a name.
_SAYS: dict[tuple[str, str], str] = {
    ("access_token", "issue"):        "{who} issued {link}",
    ("access_token", "redeem"):       "{who} redeemed {link}",
    ("access_token", "expire"):       "{Link} expired",
    ("access_token", "supersede"):    "{Link} ended, because another one was redeemed",
    ("access_token", "revoke"):       "{who} revoked {link}",
    ("portal_session", "start"):      "{who} signed in: a session began",
    ("portal_session", "expire"):     "A session reached its end",
    ("portal_session", "sign_out"):   "{who} signed out",
    ("portal_session", "revoke"):     "{who} ended a session from elsewhere",
    ("invoice", "issue"):             "Invoice {what} was issued",
    ("invoice", "import"):            "Invoice {what} was imported",
    ("invoice", "correct"):           "Invoice {what} was corrected by a credit note",
    ("document", "request"):          "The PDF of invoice {what} was asked for",
    ("document", "render"):           "The PDF of invoice {what} was made",
    ("document", "give_up"):          "The PDF of invoice {what} could not be made",
    ("document", "ask_again"):        "The PDF of invoice {what} was asked for again",
    ("outgoing_email", "queue"):      "An e-mail ({what}) was written",
    ("outgoing_email", "deliver"):    "An e-mail ({what}) was sent",
    ("outgoing_email", "confirm"):    "An e-mail ({what}) arrived",
}
_LINKS = {"portal": "an access link", "card_update": "a link to replace the card", "staff": "a link for staff"}
_BAD = {("document", "give_up")}
_GOOD = {("access_token", "redeem"), ("portal_session", "start"), ("outgoing_email", "confirm")}
_WHO = {
    "customer": "The customer",
    "staff":    "Somebody of the staff",
    "api_key":  "An API key",
    "worker":   "A background job",
    "gateway":  "The gateway",
    "mailer":   "The mail provider",
    "clock":    "The schedule",
    "import":   "An import",
}
# What is asked for at a door, where no act of the table is declared: by the end of the route.
_DOORS = {
    "/access/{token}":         "Use an access link",
    "/access-links":           "Ask for an access link",
    "/access-links/look":      "Look at an access link",
    "/access-links/renew":     "Ask for a new access link",
    "/card/{token}":           "Replace a card by its link",
    "/second-factor":          "Give a code of the second factor",
    "/sessions":               "Use an access link",
    "/sessions/second-factor": "Give a code of the second factor",
    "/sign-out":               "Sign out",
}
# fmt: on


class Sentence(NamedTuple):
    """A move in words; `tone` is good, bad or nothing."""

    says: str
    tone: str


def sentence(move: HistoryEntry, show: Show) -> Sentence:
    """The move as a person would tell it."""
    kind = (move.machine, move.trigger)
    if kind in _SAYS:
        link = _LINKS.get(move.what or "", "a link")
        named = {"who": who_begins(move), "what": words(move.what or ""), "link": link, "Link": link.capitalize()}
        tone = "good" if kind in _GOOD else "bad" if kind in _BAD else ""
        return Sentence(_SAYS[kind].format(**named), tone)
    told = timeline_words.timeline_sentence(move, show)
    return Sentence(told.says, told.tone)


def who_begins(move: LoggedTransition) -> str:
    """Who it was, as the beginning of a sentence."""
    return move.actor_name or _WHO.get(move.actor_kind, move.actor_kind)


def words(code: str) -> str:
    """A code as words: `charge failed`."""
    return code.replace("_", " ")


def moment(at: datetime) -> str:
    """`2026-11-26 14:25:31`, UTC: as the log has it, in a form that sorts."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def short(text: object) -> str:
    """The end of an id or a hash, which tells two apart; the beginning of ids is their time."""
    return f"…{str(text)[-8:]}"


def filter_sentence(access: AccessEntry) -> str:
    """An act in words: of the table of acts, of a door; else the route."""
    if access.act in ACTS:
        return ACTS[access.act].says
    _, _, path = access.route.partition(" ")
    ends = [end for end in _DOORS if path.endswith(end)]
    return _DOORS[max(ends, key=len)] if ends else access.route

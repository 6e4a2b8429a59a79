"""The table of acts says what PRODUCT.md 3.7 says of roles, and what scopes API keys have always had."""

from uuid import UUID

import pytest

from cli.roles import FILE, document
from workflows.marketplaces.callers import ActForbidden, Caller
from workflows.marketplaces.permissions import ACTS, ROLES, SCOPES

_ID = UUID(int=1)

# Typed by hand from PRODUCT.md 3.7. Owner: all. What is missing here, a role may not.
SUPPORT = {
    "account.own",
    "customers.write",
    "subscriptions.read",
    "subscriptions.send",
    "subscriptions.change",
    "subscriptions.cancel",
    "subscriptions.retry",
    "subscriptions.refund",
    "differences.read",
    "sandbox.clock",
}  # subscriptions, no settings
ANALYST = {
    "account.own",
    "settings.read",
    "subscriptions.read",
    "differences.read",
    "reports.read",
    "export",
}  # read and export
AUDITOR = {"account.own", "audit.read"}  # the log and its proofs, read only


def test_each_role_may_what_the_product_says() -> None:
    allowed = {role: {name for name, act in ACTS.items() if act.allows(role)} for role in ROLES}

    assert allowed == {"owner": set(ACTS), "support": SUPPORT, "analyst": ANALYST, "auditor": AUDITOR}


def test_a_role_that_there_is_not_may_nothing() -> None:
    assert not [act for act in ACTS.values() if act.allows("guest") or act.allows("")]


def test_scopes_that_were_given_out_keep_their_names() -> None:
    given_out = {
        "settings:read",
        "settings:write",
        "customers:write",
        "products:write",
        "orders:write",
        "subscriptions:read",
        "subscriptions:write",
        "refunds:write",
        "sandbox:write",
    }
    assert given_out <= set(SCOPES)


def test_a_key_may_what_its_scopes_say_and_nothing_of_a_persons_own() -> None:
    everything = Caller(kind="api_key", id=_ID, marketplace_id=_ID, scopes=list(SCOPES))
    one = Caller(kind="api_key", id=_ID, marketplace_id=_ID, scopes=["refunds:write"])

    assert {name for name in ACTS if not everything.may(name)} == {"account.own"}
    assert {name for name in ACTS if one.may(name)} == {"subscriptions.refund"}
    with pytest.raises(ActForbidden, match="no scope settings:write"):
        one.require("settings.write")


def test_an_act_that_is_not_in_the_table_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Caller(kind="staff", id=_ID, marketplace_id=_ID, role="owner").may("everything")


def test_the_page_is_up_to_date() -> None:
    assert FILE.read_text() == document(), "run ./gatehouse roles"

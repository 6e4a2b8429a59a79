"""What can be done on the merchant's side, by which role, and which scope of an API key stands for it: one table.

The guards of the console's pages and of the API's routes, docs/roles.md and the test of every route × role are made
from it. A page or route names its act (`act="people.manage"`); what a role may do is written here and nowhere else.
"""

from typing import Literal, NamedTuple, get_args

Role = Literal["owner", "support", "analyst", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)


class Act(NamedTuple):
    """One row. `may` says yes or no for each of ROLES; `scope` None: it is a person's own, no key can do it."""

    name: str
    may: tuple[bool, bool, bool, bool]
    scope: str | None
    says: str

    def allows(self, role: str) -> bool:
        """Whether people of that role may."""
        return role in ROLES and self.may[ROLES.index(role)]


X, _ = True, False
# fmt: off
_TABLE = (
    #    act                        owner support analyst auditor  scope
    Act("account.own",             (X,    X,      X,      X),      None,                  "See and change one's own account: notices, second factor, sessions"),
    Act("settings.read",           (X,    _,      X,      _),      "settings:read",       "See the settings and the apps"),
    Act("settings.write",          (X,    _,      _,      _),      "settings:write",      "Change the settings of the marketplace and its apps"),
    Act("people.manage",           (X,    _,      _,      _),      "people:manage",       "Invite people, change their roles, remove them"),
    Act("keys.manage",             (X,    _,      _,      _),      "keys:manage",         "Make and revoke API keys"),
    Act("webhooks.manage",         (X,    _,      _,      _),      "webhooks:manage",     "Say where events are sent, see and repeat deliveries"),
    Act("customers.write",         (X,    X,      _,      _),      "customers:write",     "Make customers and correct their e-mail addresses"),
    Act("customers.erase",         (X,    _,      _,      _),      "customers:erase",     "Erase a customer: forget who they were"),
    Act("products.write",          (X,    _,      _,      _),      "products:write",      "Make products"),
    Act("orders.write",            (X,    _,      _,      _),      "orders:write",        "Place orders"),
    Act("subscriptions.read",      (X,    X,      X,      _),      "subscriptions:read",  "See subscriptions, their customers and charges"),
    Act("subscriptions.send",      (X,    X,      _,      _),      "subscriptions:write", "E-mail a customer a login link, a card link, a receipt"),
    Act("subscriptions.change",    (X,    X,      _,      _),      "subscriptions:write", "Change the next billing date, restart"),
    Act("subscriptions.cancel",    (X,    X,      _,      _),      "subscriptions:write", "Cancel, now or later, and undo that"),
    Act("subscriptions.retry",     (X,    X,      _,      _),      "subscriptions:write", "Charge what is owed now"),
    Act("subscriptions.refund",    (X,    X,      _,      _),      "refunds:write",       "Give a charge back, in full or in part"),
    Act("differences.read",        (X,    X,      X,      _),      "subscriptions:read",  "See where our books and the gateway's differ"),
    Act("reports.read",            (X,    _,      X,      _),      "reports:read",        "See the reports"),
    Act("export",                  (X,    _,      X,      _),      "export:read",         "Export lists as CSV"),
    Act("import",                  (X,    _,      _,      _),      "import:write",        "Import from CSV or from a gateway"),
    Act("sandbox.clock",           (X,    X,      _,      _),      "sandbox:write",       "Move a sandbox's clock"),
    Act("audit.read",              (X,    _,      _,      X),      "audit:read",          "Read the log and its proofs"),
)
# fmt: on

ACTS: dict[str, Act] = {act.name: act for act in _TABLE}
# Every scope that an API key can have, in the table's order.
SCOPES: tuple[str, ...] = tuple(dict.fromkeys(act.scope for act in _TABLE if act.scope is not None))

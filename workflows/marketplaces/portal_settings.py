"""The settings of the Customer Portal, each declared once (PRODUCT.md 3.2): name, type, default, words for the page.

A new setting is a field of PortalChoices and a column of the marketplace (a migration, and the table's class in
models/). The API, the settings page, the change log, new marketplaces and `Marketplace` take it from here.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from workflows.marketplaces.link_lifetime import LINK_LIFETIME


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a field of PortalChoices is called and begins with.

    `label` is its name on the page and in the list of changes; `default` its value in a new marketplace. A boolean is a
    switch in the `section` of the page, with `help` under it or, where `helps_with` names a field of the marketplace,
    that field's value.
    """

    label: str
    default: Any
    section: Literal["basic", "subscription", "contact"]
    help: str = ""
    helps_with: str = ""


class PortalChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What staff choose about their portal."""

    email_button: Annotated[
        bool,
        Setting(
            label="Email Button",
            default=True,
            section="basic",
            help="A button in product e-mails that signs your customers in.",
        ),
    ]
    self_cancellation: Annotated[
        bool,
        Setting(
            label="Self Cancellation",
            default=False,  # a merchant decides this knowingly (PRODUCT.md 2.3)
            section="subscription",
            help="Customers can cancel their subscription in the portal, at once. Nothing is refunded by it.",
        ),
    ]
    show_address: Annotated[
        bool, Setting(label="Marketplace Address", default=False, section="contact", helps_with="address")
    ]
    show_support_email: Annotated[
        bool, Setting(label="Support Email Address", default=False, section="contact", helps_with="support_email")
    ]
    social_links: Annotated[list[str], Setting(label="Social Links", default=[], section="contact")]
    link_lifetime_minutes: Annotated[
        int,
        Setting(
            label="Lifetime of access links, in minutes",
            default=LINK_LIFETIME // timedelta(minutes=1),
            section="basic",
        ),
    ]


_HINTS = {name: get_args(hint) for name, hint in get_type_hints(PortalChoices, include_extras=True).items()}
SETTINGS: Mapping[str, Setting] = {name: setting for name, (_, setting) in _HINTS.items()}
SWITCHES = tuple(name for name, (kind, _) in _HINTS.items() if kind is bool)
DEFAULTS: Mapping[str, Any] = {name: setting.default for name, setting in SETTINGS.items()}

# The two shapes of the API are made from the fields above; the type checker is told what they come to.
_SHOWN = "The settings as they are. `login_url` can never be edited."
_CHANGE = "What to change; a field left out stays as it is."
if TYPE_CHECKING:

    class PortalSettings(PortalChoices, frozen=True, kw_only=True):
        """The settings as they are."""

        login_url: str

    class PortalSettingsChange(PortalChoices, frozen=True, kw_only=True):
        """What to change."""

        def __init__(self, **given: bool | int | list[str]) -> None: ...

else:
    PortalSettings = msgspec.defstruct(
        "PortalSettings",
        [("login_url", str), *((name, kind) for name, (kind, _) in _HINTS.items())],
        namespace={"__doc__": _SHOWN},
        module=__name__,
        frozen=True,
        kw_only=True,
    )
    PortalSettingsChange = msgspec.defstruct(
        "PortalSettingsChange",
        [(name, kind | UnsetType, UNSET) for name, (kind, _) in _HINTS.items()],
        namespace={"__doc__": _CHANGE},
        module=__name__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )

"""Customer Portal settings (PRODUCT.md 3.2): how the portal behaves, and what it looks like with settings as typed."""

from typing import Any, NamedTuple

import msgspec
from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.console.answers import done, show_page
from web.console.changed import change_entry, differences
from web.console.marketplaces.portal_preview import preview_page
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.headers import content_policy
from web.requests.visit import StaffContext
from workflows.marketplaces.named_changes import named_changes
from workflows.marketplaces.portal_settings import (
    SETTINGS,
    SWITCHES,
    PortalSettings,
    PortalSettingsChange,
    Setting,
)
from workflows.marketplaces.portal_settings_change import (
    LONGEST_MINUTES,
    SHORTEST_MINUTES,
    change_portal_settings,
    settings_of,
)
from workflows.marketplaces.social_links import LONGEST_URL, MOST_LINKS
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput

# What the page calls each setting; also in the list of what changed.
LABELS = {name: setting.label for name, setting in SETTINGS.items()}
_PATH = "apps/customer-portal"
_BLANK_LINKS = 2  # fields to fill in beside those that are


class Typed(NamedTuple):
    """The form as it was sent: what it changes, and in which fields the links stood."""

    change: PortalSettingsChange
    links: list[str]  # of all fields, empty ones too

    def errors(self, refused: InvalidInput) -> dict[str, str]:
        """The reasons by field of the form: the change has no empty links, the form may have."""
        places = [place for place, link in enumerate(self.links) if link.strip()]
        fields = {f"social_links[{number}]": f"social_links[{place}]" for number, place in enumerate(places)}
        return {fields.get(name, name): problem for name, problem in refused.fields.items()}


class Switch(NamedTuple):
    """A boolean setting as the page offers it."""

    name: str
    label: str
    on: bool
    help: str


class PortalSettingsPages(Controller):
    """The settings and their preview."""

    @route(f"/{_PATH}", http_method=["GET", "HEAD"], act="settings.read")
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """The settings as they are."""
        return await _page(request, visit)

    @post(f"/{_PATH}", status_code=303, act="settings.write", stands_on=_PATH)
    async def change(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[Any]:
        """Saves them; 422 with the reasons beside the fields, 409 with what changed when somebody else was faster."""
        form = await read_form_of(request, visit)
        typed, expected = _typed(form), frozenset({form.get("version", "")})
        try:
            await change_portal_settings(visit.marketplace.id, typed.change, visit.actor, expected)
        except InvalidInput as refused:
            return await _page(request, visit, status=422, typed=typed, errors=typed.errors(refused))
        except ChangedMeanwhile as changed:
            return await _page(request, visit, status=409, typed=typed, current=changed.current)
        return done(visit, _PATH, "The settings are saved. Customers see them from now on.")

    @route(f"/{_PATH}/preview", http_method=["GET", "HEAD"], act="settings.read")
    async def preview(self, visit: NamedDependency[StaffContext]) -> Response[str]:
        """The portal with the saved settings, for the frame."""
        return preview_page(visit.marketplace, "subscriptions")

    @post(f"/{_PATH}/preview", status_code=200, act="settings.write", stands_on=_PATH)
    async def preview_typed(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """The portal with settings that are not saved yet: for the frame, which the form names as its target."""
        form = await read_form_of(request, visit)
        given = msgspec.structs.asdict(_typed(form).change)
        marketplace = msgspec.structs.replace(visit.marketplace, **given)
        return preview_page(marketplace, form.get("preview_page", ""))


def _typed(form: dict[str, str]) -> Typed:
    """A whole form: what is not ticked is off. A lifetime that is no number is none."""
    links = [form.get(f"social_links[{place}]", "") for place in range(MOST_LINKS)]
    minutes = form.get("link_lifetime_minutes", "").strip()
    change = PortalSettingsChange(
        **{name: form.get(name) == "yes" for name in SWITCHES},
        social_links=[link.strip() for link in links if link.strip()],
        link_lifetime_minutes=int(minutes) if minutes.isascii() and minutes.isdecimal() and len(minutes) < 5 else 0,
    )
    return Typed(change, links)


async def _page(
    request: WebRequest,
    visit: StaffContext,
    *,
    status: int = 200,
    typed: Typed | None = None,
    errors: dict[str, str] | None = None,
    current: Any = None,
) -> Response[str]:
    stored: PortalSettings = current or settings_of(visit.marketplace)
    shown = msgspec.structs.asdict(typed.change if typed else stored)
    answer = show_page(
        request,
        visit,
        "marketplaces/portal_settings",
        "apps",
        status=status,
        settings=stored,
        version=version(stored),
        typed=shown,
        links=_fields(typed.links if typed else stored.social_links),
        errors=errors or {},
        differences=differences(shown, msgspec.structs.asdict(stored), LABELS) if current else None,
        labels=LABELS,
        switches=_switches(visit.marketplace, shown),
        shortest=SHORTEST_MINUTES,
        longest=LONGEST_MINUTES,
        longest_url=LONGEST_URL,
        changes=change_entry(await named_changes(visit.marketplace.id, "portal_settings"), LABELS),
    )
    answer.headers["Content-Security-Policy"] = content_policy(frame_src="'self'")
    return answer


def _fields(links: list[str]) -> list[str]:
    """The fields of the form: the links, with some empty ones to fill in."""
    filled = max((place + 1 for place, link in enumerate(links) if link.strip()), default=0)
    return [*links[:filled], *[""] * min(_BLANK_LINKS, MOST_LINKS - filled)]


def _switches(marketplace: Marketplace, shown: dict[str, Any]) -> dict[str, list[Switch]]:
    """The switches of each section, in the order of their declaration."""
    sections: dict[str, list[Switch]] = {}
    for name in SWITCHES:
        setting = SETTINGS[name]
        switch = Switch(name, setting.label, shown[name], _help(marketplace, setting))
        sections.setdefault(setting.section, []).append(switch)
    return sections


def _help(marketplace: Marketplace, setting: Setting) -> str:
    if not setting.helps_with:
        return setting.help
    return getattr(marketplace, setting.helps_with) or "There is none yet."

"""A new page of the console joins docs/console.md, or says why not, in tests/journeys/pictured_pages.py."""

import re

from litestar import Litestar

from cli.paths import ROOT
from tests.journeys.pictured_pages import EVERY, NOT_PICTURED, SIZES

_HOME = "/console/{slug}"


def _pages(application: Litestar) -> set[str]:
    found = {
        re.sub(r":\w+}", "}", route.path)
        for route in application.routes
        for handler in getattr(route, "route_handlers", ())
        if "GET" in handler.http_methods
    }
    return {path.removeprefix(_HOME) or "/" for path in found if path.startswith(_HOME)}


def _page_at(pages: set[str], path: str) -> str:
    """The page that answers there: of those that could, the one with the fewest parameters."""
    path = re.sub(r"{.*?}", "x", path) or "/"
    could = [page for page in pages if re.fullmatch(re.sub(r"{\w+}", "[^/]+", re.sub(r"\.", r"\.", page)), path)]
    return min(could, key=lambda page: page.count("{"))


def test_every_page_of_the_console_is_pictured_or_has_a_reason_not_to_be(application: Litestar) -> None:
    pages = _pages(application)
    pictured = {_page_at(pages, one.path) for one in EVERY if one.path or one.name == "login"}

    assert len(pages) > 40
    assert pages - pictured - NOT_PICTURED.keys() == set()
    assert NOT_PICTURED.keys() & pictured == set()
    assert NOT_PICTURED.keys() - pages == set()


def test_each_picture_is_there_and_shown_on_the_page() -> None:
    kept = {f"{one.name}-{width}.png" for one in EVERY for width in SIZES}
    folder, shown = ROOT / "docs" / "pictures" / "console", (ROOT / "docs" / "console.md").read_text()

    assert {file.name for file in folder.iterdir()} == kept
    assert set(re.findall(r"pictures/console/([\w-]+\.png)", shown)) == kept

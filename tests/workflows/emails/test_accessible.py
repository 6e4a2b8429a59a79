"""E-mails in a real browser: contrast and structure, in light and dark, on a phone, with the longest names."""

import shutil
from collections.abc import AsyncGenerator, Iterator
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from tests.workflows.emails.written_emails import an_email, every_case
from workflows.emails.delivery.message import write_message
from workflows.marketplaces.colors import READABLE

# All e-mails share one frame; these four have each of its parts, and lack each, between them.
_SHAPES = ("access_link", "card_updated", "failed_charge", "order_receipt")
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
_LONG = "Gesellschaft" * 9
_LOOKS: dict[str, dict[str, Any]] = {
    "short": {"accent_color": "#ffd400"},
    "long": {
        "accent_color": "#060606",
        "name": _LONG,
        "address": _LONG * 4,
        "support_email": f"{'a' * 60}@{'b' * 60}.example",
    },
}
# The contrast of every text that shows, with the ground that it stands on: [ratio, text], the worst first.
_CONTRASTS = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    const own = getComputedStyle(element).backgroundColor;
    return channels(own)[3] === 0 ? ground(element.parentElement) : own;
  };
  const shown = [...document.body.querySelectorAll("*")].filter((element) => element.getClientRects().length &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  return shown.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.textContent];
  }).sort((one, other) => one[0] - other[0]);
}"""


# Words of labels that a line ends within.
_BROKEN_WORDS = """() => [...document.querySelectorAll("td.label")].flatMap((label) => {
  const text = label.firstChild, words = [...text.data.matchAll(/\\S+/g)];
  return words.map((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return [word[0], new Set([...range.getClientRects()].map((line) => line.top)).size];
  }).filter(([, lines]) => lines > 1);
})"""


class _Look(NamedTuple):
    name: str
    html: str


def _looks() -> Iterator[_Look]:
    for template, case, context in every_case():
        for look, marketplace in _LOOKS.items():
            given = context | ({"product": _LONG} if look == "long" and "product" in context else {})
            message = write_message(an_email(template, given, **marketplace), None)
            yield _Look(f"{template}, {case}, {look}", message.html)


@pytest.fixture
async def page() -> AsyncGenerator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield await browser.new_page(viewport={"width": 320, "height": 800})
        await browser.close()


async def test_no_email_has_a_fault_that_axe_finds(page: Page) -> None:
    first_cases = {template: context for template, _, context in reversed(list(every_case()))}
    for template in _SHAPES:
        await page.set_content(write_message(an_email(template, first_cases[template]), None).html)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            found = await Axe().run(page, options=_RULES)
            assert found.violations_count == 0, f"{template}, {scheme}: {found.generate_report()}"


async def test_every_text_of_every_email_reads_and_none_is_wider_than_a_phone(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for look in _looks():
        await page.set_content(look.html)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, look.name
        assert await page.evaluate(_BROKEN_WORDS) == [], look.name
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            contrasts = await page.evaluate(_CONTRASTS)
            assert len(contrasts) > 3, look.name
            assert contrasts[0][0] >= READABLE, (look.name, scheme, contrasts[0])
    assert asked == []

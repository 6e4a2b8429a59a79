"""What every page is judged by: no accessibility violation (axe-core, WCAG 2.2 AA), nothing from elsewhere, at most
30 KB over the wire, targets for thumbs, nothing that scrolls sideways or is cut off."""

from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Response

from tests.journeys.conftest import Deployment

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (320, 1280)
LIMIT = 30_000  # bytes over the wire, headers and all
TARGET = 44  # pixels: what a thumb needs


class Wire:
    """What a page costs: every response's bytes, and where it came from."""

    def __init__(self, page: Page) -> None:
        self.responses: list[Response] = []
        page.on("response", self._keep)

    def _keep(self, response: Response) -> None:
        self.responses.append(response)

    async def bytes(self) -> int:
        sizes = [await response.request.sizes() for response in self.responses]
        return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)

    def hosts(self) -> set[str]:
        return {urlsplit(response.url).netloc for response in self.responses}


async def judge(
    page: Page, address: str | None, deployment: Deployment, limit: int = LIMIT, widths: tuple[int, ...] = WIDTHS
) -> None:
    """Looks at an address, or at what the page shows now, at each width."""
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 800})
        if address is not None:
            await _weigh(page, address, deployment, limit)
        where = f"{page.url} at {width}"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{where} scrolls sideways"
        assert await page.evaluate(_CUT_OFF) == [], f"{where} shows less than it holds"
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARD}})
        assert found.violations_count == 0, f"{where}: {found.generate_report()}"
        assert await page.evaluate(_SMALL_TARGETS, TARGET) == [], f"{where} has targets too small for a thumb"


async def _weigh(page: Page, address: str, deployment: Deployment, limit: int) -> None:
    wire = Wire(page)
    network = await page.context.new_cdp_session(page)
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})  # as at the first visit
    await page.context.clear_cookies(name="gatehouse_notice")
    await page.goto(address, wait_until="load")
    await network.detach()
    assert wire.hosts() == {urlsplit(deployment.url).netloc}, address
    assert await wire.bytes() <= limit, f"{address}: {await wire.bytes()} bytes"


# What stands out of a box that does not scroll cannot be seen.
_CUT_OFF = """
() => [...document.querySelectorAll(".card.table")]
  .filter((box) => getComputedStyle(box).overflowX === "clip")
  .flatMap((box) => [...box.querySelectorAll("th, td")].filter(
    (cell) => cell.getBoundingClientRect().right > box.getBoundingClientRect().right + 0.5))
  .map((cell) => cell.outerHTML.slice(0, 80))
"""

# Links inside a sentence are exempt (WCAG 2.5.8); a check box counts with its label.
_SMALL_TARGETS = """
(least) => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((element) => element.checkVisibility() && element.type !== "hidden")
  .filter((element) => !element.closest("p, .plain-text") || element.matches(".button, .target"))
  .filter((element) => !element.matches(".skip"))
  .map((element) => [element.outerHTML.slice(0, 80), (element.closest("label") ?? element).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least - 0.5))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)
"""

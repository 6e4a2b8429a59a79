"""The report as a page: charts without script, each beside its figures."""

from xml.etree import ElementTree as ET

from tests.factories import a_marketplace, a_subscription, an_open_case
from tests.web.browsing import Browser, text_of
from web.console.charts import Series, bars
from workflows.marketplaces.tenant import Marketplace


async def test_what_was_won_back_is_drawn_and_written(browser: Browser, marketplace: Marketplace) -> None:
    await an_open_case(await a_subscription(marketplace), state="recovered")
    await an_open_case(await a_subscription(marketplace), state="exhausted")
    await browser.sign_in_staff(marketplace, "analyst")

    page = await browser.get(f"/console/{marketplace.slug}/saver/report", params={"months": "3"})

    assert page.status_code == 200
    assert "Together 2 1 1 0 50%" in text_of(page)
    assert "$19.99" in text_of(page)
    assert page.text.count('role="img"') >= 2
    assert "Failed charges by month: 2 in all, 1 recovered, 1 lost, 0 still open" in page.text
    assert "<style" not in page.text
    assert page.text.count("<script") == 1  # the pages' own


async def test_without_failed_charges_it_says_what_will_be_here(browser: Browser, marketplace: Marketplace) -> None:
    await an_open_case(await a_subscription(await a_marketplace(), state="failed_charge"))
    await browser.sign_in_staff(marketplace)

    page = await browser.get(f"/console/{marketplace.slug}/saver/report", params={"months": "7 or so"})

    assert "No charge failed in these 12 months" in text_of(page)


async def test_who_may_not_see_reports_does_not(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")

    assert (await browser.get(f"/console/{marketplace.slug}/saver/report")).status_code == 403


def test_a_chart_is_one_picture_with_a_name_and_without_anything_that_runs() -> None:
    drawn = bars('<b> & "q"', ["Jan", "<Feb>"], [Series("One", "good", [3, 40])], lambda value: f"{value:g}")

    root = ET.fromstring(drawn)  # noqa: S314 - our own
    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", '<b> & "q"')
    assert {part.tag for part in root.iter()} == {"svg", "g", "rect", "path", "text"}
    assert {name for part in root.iter() for name in part.attrib} <= {
        *("class", "d", "x", "y", "width", "height", "transform", "role", "aria-label", "viewBox"),
    }
    assert "<Feb>" in [part.text for part in root.iter("text")]
    assert len([part for part in root.iter("rect") if "rect" in part.attrib["class"].split()]) == 2


def test_a_scale_has_round_steps_and_holds_the_highest_bar() -> None:
    def scale(*values: float) -> list[str | None]:
        drawn = bars("x", ["a"] * len(values), [Series("One", "good", values)], lambda value: f"{value:g}")
        root = ET.fromstring(drawn)  # noqa: S314 - our own
        axis = next(part for part in root.iter("g") if part.attrib.get("class", "").startswith("axis y"))
        return [part.text for part in axis.iter("text")]

    assert scale(0) == ["0", "1"]
    assert scale(3) == ["0", "1", "2", "3"]
    assert scale(41) == ["0", "20", "40", "60"]
    assert scale(1234567) == ["0", "500000", "1e+06", "1.5e+06"]

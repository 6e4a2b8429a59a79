"""A merchant's colour: whatever it is, what is written in it or on it reads."""

import pytest

from workflows.marketplaces.colors import READABLE, contrast, palette

# Corners and edges of the cube of colours, and what shops choose: yellow, mint, grey, near-white, near-black.
COLORS = [
    f"#{red}{green}{blue}" for red in ("00", "80", "ff") for green in ("00", "80", "ff") for blue in ("00", "80", "ff")
]
BRANDS = ["#ffd400", "#0a7f5a", "#777777", "#767676", "#fefefe", "#010101", "#3a47b5", "#b0e0c8"]
# The grounds of portal.css and of the e-mails, typed by hand: none of workflows/marketplaces/colors.py's own.
LIGHT = ("#ffffff", "#f5f6f8", "#f4f5f7")
DARK = ("#11141b", "#1a1f2a", "#16181d", "#22252c")


@pytest.mark.parametrize("color", [*COLORS, *BRANDS])
def test_of_any_color_links_and_buttons_read_on_every_ground(color: str) -> None:
    found = palette(color)

    for tones, grounds in ((found.light, LIGHT), (found.dark, DARK)):
        for ground in (*grounds, tones.tint):
            assert contrast(tones.link, ground) >= READABLE
            assert contrast(tones.link_hover, ground) >= READABLE
        assert contrast(tones.on_button, tones.button) >= READABLE
        assert contrast(tones.on_link, tones.link) >= READABLE
        assert contrast(tones.on_link, tones.link_hover) >= READABLE


def test_a_color_that_reads_stays_what_it_is() -> None:
    assert palette("#0a6b4c").light.link == "#0a6b4c"
    assert palette("#ffd400").light.button == "#ffd400"
    assert palette("#ffd400").light.on_button == "#000000"


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.01)

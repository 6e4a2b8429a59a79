"""A merchant's colour where text must stay readable: its contrast is computed, never trusted (WCAG 2.2, 1.4.3: 4.5).

One colour becomes what pages and e-mails need of it, in light and in dark: a ground for buttons with black or white on
it, whichever reads better (one of them always has 4.58 and more), and a tone for links, darkened or lightened until it
reads on every ground that pages have.
"""

import re
from functools import lru_cache

import msgspec

DEFAULT_ACCENT = "#3a47b5"
READABLE = 4.5
BLACK, WHITE = "#000000", "#ffffff"
_COLOR = re.compile("#[0-9a-f]{6}")
_STEPS = 50  # of two per cent
# The grounds that text stands on: the darkest of the light ones, the lightest of the dark ones.
_LIGHT_GROUND, _DARK_GROUND = "#f4f5f7", "#262d3a"
_LIGHT_SHEET, _DARK_SHEET = "#ffffff", "#1a1f2a"


class Tones(msgspec.Struct, frozen=True, kw_only=True):
    """What one scheme needs. `tint` is the ground of what is marked, for `link` to stand on."""

    button: str
    on_button: str
    link: str
    link_hover: str
    on_link: str
    tint: str


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """Both schemes."""

    light: Tones
    dark: Tones


def accent_problem(color: str) -> str | None:
    """Why that is no colour, as the end of a sentence; None when it is one."""
    return None if _COLOR.fullmatch(color) else "must be a color like #0a7f5a: a # and six of 0-9 and a-f."


@lru_cache(maxsize=256)
def palette(accent: str | None) -> Palette:
    """The palette of a colour like "#3a47b5"; None: ours. Raises ValueError for what is no colour."""
    color = accent or DEFAULT_ACCENT
    if accent_problem(color):
        raise ValueError(f"no colour: {color!r}")
    return Palette(
        light=_tones(color, color, BLACK, _LIGHT_GROUND, _LIGHT_SHEET, 0.08),
        dark=_tones(None, color, WHITE, _DARK_GROUND, _DARK_SHEET, 0.14),
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").

    >>> round(contrast("#ffffff", "#000000"), 1), round(contrast("#ffd400", "#ffffff"), 1)
    (21.0, 1.4)
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(ground: str) -> str:
    """White where it reads on that ground, else black."""
    return WHITE if contrast(WHITE, ground) >= READABLE else BLACK


def _tones(button: str | None, color: str, towards: str, ground: str, sheet: str, tinted: float) -> Tones:
    """`button` None: the readable tone serves for buttons too, since a dark colour would drown in a dark page."""
    link = _readable(color, towards, ground, sheet, tinted)
    return Tones(
        button=button or link,
        on_button=text_on(button or link),
        link=link,
        link_hover=_mixed(link, towards, 0.2),
        on_link=text_on(link),
        tint=_mixed(sheet, link, tinted),
    )


def _readable(color: str, towards: str, ground: str, sheet: str, tinted: float) -> str:
    tones = (_mixed(color, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(tone for tone in tones if _reads(tone, ground) and _reads(tone, _mixed(sheet, tone, tinted)))


def _reads(tone: str, ground: str) -> bool:
    return contrast(tone, ground) >= READABLE


def _mixed(color: str, other: str, share: float) -> str:
    """`share` of the other colour in it."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)

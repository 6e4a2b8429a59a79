"""The demo marketplace's logo, drawn here: a record above two waves."""

import io
from math import pi, sin

from PIL import Image, ImageDraw

_SIDE = 960  # pixels; drawn large and shrunk, for smooth edges
_SHOWN = 240
_NAVY, _CREAM, _CORAL = (18, 42, 66), (250, 244, 232), (226, 98, 72)


def demo_logo() -> bytes:
    """A PNG."""
    picture = Image.new("RGBA", (_SIDE, _SIDE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, _SIDE - 1, _SIDE - 1), radius=180, fill=_NAVY)
    for radius, colour in ((300, _CREAM), (270, _NAVY), (255, _CREAM), (225, _NAVY), (110, _CORAL), (24, _NAVY)):
        _disc(draw, radius, colour)
    for level in (730, 840):
        shore = [(x, level + 34 * sin(x / _SIDE * 4 * pi)) for x in range(0, _SIDE + 8, 8)]
        draw.line(shore, fill=_CREAM, width=40, joint="curve")
    out = io.BytesIO()
    picture.resize((_SHOWN, _SHOWN), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _disc(draw: ImageDraw.ImageDraw, radius: int, colour: tuple[int, int, int]) -> None:
    x, y = _SIDE // 2, 350
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

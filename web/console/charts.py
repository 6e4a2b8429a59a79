"""Charts as SVG inside the page: drawn by pygal, coloured by our stylesheet; no script, style or tooltip of theirs.

Why pygal: docs/decisions/0014. Each chart is one picture to a screen reader, its name a sentence; the figures stand in
a table beside it.
"""

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import NamedTuple
from xml.etree.ElementTree import Element, tostring

import pygal
from markupsafe import Markup
from pygal.style import Style

_SIZE = {"width": 400, "height": 240}  # of the drawing; small, so that its letters can be read on a phone
_LETTERS = 13  # what room is left for: saver.css sets 11, and 13 on a phone
_KEPT = {"class", "d", "x", "y", "width", "height", "transform"}
_SCALE_STEPS = (1, 2, 5, 10)


class Series(NamedTuple):
    """One row of bars. `tone` is a class of console.css's charts: good, bad, open, plain."""

    name: str
    tone: str
    values: Sequence[float]


def bars(
    says: str,
    labels: Sequence[str],
    series: Sequence[Series],
    written: Callable[[float], str],
    top: float | None = None,
) -> Markup:
    """A bar chart, its series stacked. `says` is what a screen reader reads; `written` puts a value of the scale into
    words; `top` is the scale's end where it is known, e.g. 100 for per cent."""
    highest = max((sum(column) for column in zip(*(one.values for one in series), strict=True)), default=0)
    scale = _scale(top or highest or 1)
    chart = pygal.StackedBar(
        **_SIZE,
        style=Style(label_font_size=_LETTERS, major_label_font_size=_LETTERS),
        js=[],
        css=[],
        classes=["chart"],
        show_legend=False,
        truncate_label=-1,
        margin=4,
        spacing=4,
        range=(0, scale[-1]),
    )
    chart.x_labels = list(labels)
    chart.y_labels = [{"label": written(value), "value": value} for value in scale]
    for one in series:
        chart.add(one.name, list(one.values))
    return _as_picture(chart.render_tree(), says, [one.tone for one in series])


def _scale(top: float) -> list[float]:
    """Round values from 0 to `top` or just above, at most six, whole numbers."""
    rough = max(top / 4, 1)
    unit = 10 ** floor(log10(rough))
    step = next(unit * factor for factor in _SCALE_STEPS if unit * factor >= rough)
    return [step * number for number in range(int(-(-top // step)) + 1)]


def _as_picture(root: Element, says: str, tones: list[str]) -> Markup:
    """What is drawn, and nothing else: no style, script, title or description of the library's."""
    _strip(root)
    for part in root.iter():
        kept = {name: value for name, value in part.attrib.items() if name in _KEPT}
        names = kept.get("class", "").split()
        kept["class"] = " ".join(f"tone-{tones[int(n[6:])]}" if n.startswith("color-") else n for n in names)
        part.attrib.clear()
        part.attrib.update({name: value for name, value in kept.items() if value})
    viewed = f"0 0 {_SIZE['width']} {_SIZE['height']}"
    root.attrib.update({"class": "chart", "viewBox": viewed, "role": "img", "aria-label": says})
    return Markup(tostring(root, encoding="unicode"))  # noqa: S704 - written by ElementTree, which escapes


def _strip(part: Element) -> None:
    for child in list(part):
        drawn = child.tag in ("g", "rect", "path", "text")
        if (
            not drawn
            or "tooltip" in child.attrib.get("class", "").split()
            or "overlay" in child.attrib.get("class", "")
        ):
            part.remove(child)
        else:
            _strip(child)

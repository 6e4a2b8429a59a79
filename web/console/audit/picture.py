"""A life cycle as a picture, drawn from its definition: states, the arrows between them, and how many passed there.

No script, no style of its own: classes of audit.css. Each arrow and state is a link; a table beside it says the same.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from web.console.audit.layered import Box, Drawing, Path, lay_out
from workflows.engine.machine import NEW, StateMachine
from workflows.engine.rules import IMPORT

_MARGIN = 12.0
_LETTER, _BOLD = 7.3, 8.0  # pixels a letter takes at most, at 13 px
_LINE, _TARGET = 20.0, 44.0  # a line of a label; what a thumb needs
_STATE_HEIGHT, _DOT = 48.0, 16.0
_LOOP = 30.0  # how far an arrow to its own state leads out
_HEAD = 6.0  # of an arrow
_BEGIN = "(begin)"


class Figures(NamedTuple):
    """What is written in: things now in each state; moves of the period by (trigger, from, to), from "" if made."""

    states: Mapping[str, int]
    moves: Mapping[tuple[str, str, str], int]


Links = Callable[[str, str], str]  # from state and to state, "" for whatever: where a click leads


def picture(machine: StateMachine, figures: Figures, links: Links, says: str) -> Markup:
    """The SVG. `says` is its name to a screen reader."""
    labels = _labels(machine, figures)
    boxes = {_BEGIN: Box(_DOT, _DOT)} | {name: _state_box(name, figures, labels) for name in machine.states}
    paths = [
        Path(source, target, Box(_wide(lines), max(_TARGET, _LINE * len(lines) + 6), pull=3.0))
        for (source, target), lines in labels.items()
        if source != target
    ]
    drawing = lay_out(boxes, paths, _BEGIN)
    parts = [_arrow(drawing, path) for path in paths]
    parts += [_label(path.label, labels[path.source, path.target], path.source, path.target, links) for path in paths]
    parts += [_loop(boxes[name], labels[name, name], name, links) for name in machine.states if (name, name) in labels]
    parts += [_state(name, boxes[name], machine, figures, links) for name in machine.states]
    begin = boxes[_BEGIN]
    parts.append(
        Markup('<circle class="begin" cx="{}" cy="{}" r="{}"/>').format(_n(begin.x), _n(begin.y + _DOT / 2), _DOT / 2)
    )
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    return Markup(
        '<svg class="cycle" role="group" aria-label="{}" width="{}" height="{}" viewBox="{} {} {} {}">{}</svg>'
    ).format(says, _n(width), _n(height), -_MARGIN, -_MARGIN, _n(width), _n(height), Markup("").join(parts))


def _labels(machine: StateMachine, figures: Figures) -> dict[tuple[str, str], list[str]]:
    """What stands on the arrow between two states: each trigger and how often. Imports, which begin anywhere, are left
    to the table."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for rule in machine.rules:
        if rule.trigger == IMPORT:
            continue
        source = "" if rule.source == NEW else rule.source
        moves = figures.moves.get((rule.trigger, source, rule.target), 0)
        found.setdefault((source or _BEGIN, rule.target), {})[rule.trigger] = moves
    return {
        ends: [f"{trigger.replace('_', ' ')} {moves:,}" for trigger, moves in triggers.items()]
        for ends, triggers in found.items()
    }


def _state_box(name: str, figures: Figures, labels: Mapping[tuple[str, str], list[str]]) -> Box:
    written = max(len(name), len(_now(name, figures)))
    loop = labels.get((name, name))
    return Box(max(104.0, written * _BOLD + 28), _STATE_HEIGHT, beside=_LOOP + _wide(loop) if loop else 0.0)


def _now(name: str, figures: Figures) -> str:
    return f"{figures.states.get(name, 0):,} now"


def _wide(lines: Sequence[str]) -> float:
    return max(len(line) for line in lines) * _LETTER + 12


def _arrow(drawing: Drawing, path: Path) -> Markup:
    """Curves from point to point, each upright where it meets one; the label stands in the line's way."""
    upper, lower = (drawing.states[_end(path, upper=side)] for side in (True, False))
    start, end = _port(drawing, path, upper, below=True), _port(drawing, path, lower, below=False)
    stations = [start]
    for point in path.points:
        stations += [(point.x, point.y), (point.x, point.bottom)] if point.height else [(point.x, point.y)]
    stations.append(end)
    head = start if path.up else end
    line = [f"M{_n(stations[0][0])} {_n(stations[0][1])}"]
    for (x1, y1), (x2, y2) in pairwise(stations):
        middle = (y1 + y2) / 2
        line.append(f"C{_n(x1)} {_n(middle)} {_n(x2)} {_n(middle)} {_n(x2)} {_n(y2)}")
    tip = -_HEAD if not path.up else _HEAD
    return Markup('<path class="line" d="{}"/><path class="tip" d="M{} {}l-5 {}h10z"/>').format(
        "".join(line), _n(head[0]), _n(head[1]), _n(tip * 1.4)
    )


def _port(drawing: Drawing, path: Path, box: Box, *, below: bool) -> tuple[float, float]:
    """Where an arrow meets a state: those at one side stand next to each other, in the order of where they lead."""
    meeting = [
        (other.points[0 if below else -1].x, number)
        for number, other in enumerate(drawing.paths)
        if drawing.states[_end(other, upper=below)] is box
    ]
    place = sorted(meeting).index((path.points[0 if below else -1].x, drawing.paths.index(path)))
    share = (place + 1) / (len(meeting) + 1)
    return box.left + box.width * share, box.bottom if below else box.y


def _end(path: Path, *, upper: bool) -> str:
    return path.source if path.up is not upper else path.target


def _label(box: Box, lines: Sequence[str], source: str, target: str, links: Links) -> Markup:
    begins = source == _BEGIN
    title = f"{', '.join(lines)}: {'new' if begins else _words(source)} to {_words(target)}"
    return _link(links("new" if begins else source, target), title, box.left, box, lines)


def _loop(box: Box, lines: Sequence[str], name: str, links: Links) -> Markup:
    """An arrow out of a state's right side and back into it, its label beside."""
    y, out = box.y + box.height / 2, box.right + _LOOP
    line = Markup(
        '<path class="line" d="M{0} {1}C{2} {3} {2} {4} {0} {5}"/><path class="tip" d="M{0} {5}l8 -5v10z"/>'
    ).format(_n(box.right), _n(y - 10), _n(out), _n(y - 18), _n(y + 18), _n(y + 10))
    label = Box(_wide(lines), max(_TARGET, _LINE * len(lines) + 6))
    label.x, label.y = box.right + _LOOP - 4 + label.width / 2, y - label.height / 2
    title = f"{', '.join(lines)}: stays {_words(name)}"
    return line + _link(links(name, name), title, label.left, label, lines)


def _link(href: str, title: str, left: float, box: Box, lines: Sequence[str]) -> Markup:
    top = box.y + box.height / 2 - _LINE * len(lines) / 2 + 14
    texts = Markup("").join(
        Markup('<text x="{}" y="{}">{}</text>').format(_n(box.x), _n(top + _LINE * place), line)
        for place, line in enumerate(lines)
    )
    return Markup(
        '<a href="{}"><title>{}</title><rect class="label" x="{}" y="{}" width="{}" height="{}" rx="6"/>{}</a>'
    ).format(href, title, _n(left), _n(box.y), _n(box.width), _n(box.height), texts)


def _state(name: str, box: Box, machine: StateMachine, figures: Figures, links: Links) -> Markup:
    ends = name in machine.terminal
    now = _now(name, figures)
    kind = "state ends" if ends else "state"
    inner = (
        Markup('<rect class="inner" x="{}" y="{}" width="{}" height="{}" rx="6"/>').format(
            _n(box.left + 3), _n(box.y + 3), _n(box.width - 6), _n(box.height - 6)
        )
        if ends
        else ""
    )
    return Markup(
        '<a href="{}" class="{}"><title>{}, {}{}</title><rect x="{}" y="{}" width="{}" height="{}" rx="9"/>{}'
        '<text class="name" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text></a>'
    ).format(
        links("", name), kind, _words(name), now, ", an end" if ends else "",
        _n(box.left), _n(box.y), _n(box.width), _n(box.height), inner,
        _n(box.x), _n(box.y + 20), _words(name), _n(box.x), _n(box.y + 37), now,
    )  # fmt: skip


def _words(state: str) -> str:
    return state.replace("_", " ")


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")

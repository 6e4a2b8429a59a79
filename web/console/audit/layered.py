"""Places a small graph in layers, top to bottom: states in even layers, what is written on arrows in odd ones.

The classic way (Sugiyama): arrows that lead back are turned for the while, long ones get a point in each layer that
they cross, each layer is sorted by where its neighbours stand, and put where these are, without overlap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["Box", "Drawing", "Path", "lay_out"]

GAP_X, GAP_Y = 28.0, 26.0  # pixels between boxes, and between layers
_POINT = 18.0  # the width that an arrow needs where it passes a layer
_SWEEPS = 12


@dataclass(slots=True)
class Box:
    """Something with a place: `x` its middle, `y` its top. `beside` is room on its right, for an arrow to itself."""

    width: float
    height: float
    beside: float = 0.0
    pull: float = 1.0  # how much it wants to stand where its neighbours are
    x: float = 0.0
    y: float = 0.0

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


@dataclass(slots=True)
class Path:
    """An arrow from `source` to `target`: through `points`, one of which is the `label`'s box. `up`: it leads back."""

    source: str
    target: str
    label: Box
    up: bool = False
    points: list[Box] = field(default_factory=list[Box])  # from the upper end to the lower one


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it, and its size."""

    states: Mapping[str, Box]
    paths: Sequence[Path]
    width: float
    height: float


def lay_out(states: Mapping[str, Box], arrows: Iterable[Path], first: str) -> Drawing:
    """Puts each state, and each arrow with its label, in its place; `first` is where everything begins."""
    paths = list(arrows)
    ranks = _ranks(list(states), [(path.source, path.target) for path in paths], first)
    layers: list[list[Box]] = [[] for _ in range(2 * max(ranks.values()) + 1)]
    for name, box in states.items():
        layers[2 * ranks[name]].append(box)
    for path in paths:
        _thread(path, ranks, layers)
    above, below = _neighbours(states, paths)
    _sort(layers, above, below)
    _place(layers, above, below)
    return Drawing(states, paths, *_fit(layers))


def _ranks(names: list[str], arrows: list[tuple[str, str]], first: str) -> dict[str, int]:
    """The longest way from the first state, not counting arrows that lead back to where a way came from."""
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in arrows:
        after[source].append(target)
    ranks = dict.fromkeys(names, 0)
    order, back = list[str](), set[tuple[str, str]]()
    _walk(first, (first,), after, order, back)
    for name in reversed(order):
        for target in after[name]:
            if (name, target) not in back:
                ranks[target] = max(ranks[target], ranks[name] + 1)
    return ranks


def _walk(
    name: str, way: tuple[str, ...], after: Mapping[str, list[str]], order: list[str], back: set[tuple[str, str]]
) -> None:
    """Depth first: `order` gets each state after all that it leads to, `back` the arrows that close a circle."""
    for target in after[name]:
        if target in way:
            back.add((name, target))
        elif target not in order:
            _walk(target, (*way, target), after, order, back)
    order.append(name)


def _thread(path: Path, ranks: Mapping[str, int], layers: list[list[Box]]) -> None:
    """Gives an arrow its points between its ends, its label in the middle one."""
    upper, lower = sorted((ranks[path.source], ranks[path.target]))
    path.up = ranks[path.source] > ranks[path.target]
    crossed = range(2 * upper + 1, 2 * lower)
    labelled = crossed[len(crossed) // 2 // 2 * 2]
    for layer in crossed:
        point = path.label if layer == labelled else Box(_POINT, 0.0, pull=4.0)
        path.points.append(point)
        layers[layer].append(point)


_Near = dict[int, list[Box]]  # by id(): boxes are mutable


def _neighbours(states: Mapping[str, Box], paths: Sequence[Path]) -> tuple[_Near, _Near]:
    above, below = _Near(), _Near()
    for path in paths:
        ends = (path.target, path.source) if path.up else (path.source, path.target)
        for upper, lower in pairwise([states[ends[0]], *path.points, states[ends[1]]]):
            above.setdefault(id(lower), []).append(upper)
            below.setdefault(id(upper), []).append(lower)
    return above, below


def _sort(layers: list[list[Box]], above: _Near, below: _Near) -> None:
    """Sorts each layer by the middle of its neighbours' places, down and up; keeps the order that crosses least."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below)
    for sweep in range(_SWEEPS):
        near, walk = (above, layers) if sweep % 2 == 0 else (below, layers[::-1])
        places: dict[int, float] = {}
        for layer in walk:
            own = {id(box): place / max(len(layer) - 1, 1) for place, box in enumerate(layer)}
            wanted = {key: _mean([places[id(one)] for one in near.get(key, [])], own[key]) for key in own}
            layer.sort(key=lambda box, wanted=wanted: wanted[id(box)])
            places |= {id(box): place / max(len(layer) - 1, 1) for place, box in enumerate(layer)}
        if (crossed := _crossings(layers, below)) < fewest:
            best, fewest = [list(layer) for layer in layers], crossed
    layers[:] = best


def _crossings(layers: list[list[Box]], below: _Near) -> int:
    count = 0
    for upper, lower in pairwise(layers):
        place = {id(box): number for number, box in enumerate(lower)}
        ends = [[place[id(one)] for one in below.get(id(box), [])] for box in upper]
        count += sum(a > b for left, one in enumerate(ends) for other in ends[left + 1 :] for a in one for b in other)
    return count


def _place(layers: list[list[Box]], above: _Near, below: _Near) -> None:
    for layer in layers:
        _apart(layer, [0.0] * len(layer))
    for sweep in range(_SWEEPS):
        near, walk = (above, layers) if sweep % 2 == 0 else (below, layers[::-1])
        for layer in walk:
            _apart(layer, [_mean([one.x for one in near.get(id(box), [])], box.x) for box in layer])


def _apart(layer: list[Box], wanted: list[float]) -> None:
    """As near to where they want to be as can be without overlap: least squares, by pooling those that push."""
    offsets = [0.0]
    for left, right in pairwise(layer):
        offsets.append(offsets[-1] + left.width / 2 + left.beside + GAP_X + right.width / 2)
    pools: list[tuple[float, float, int]] = []  # where, how heavy, how many
    for box, want, offset in zip(layer, wanted, offsets, strict=True):
        where, weight, count = want - offset, box.pull, 1
        while pools and pools[-1][0] > where:
            last = pools.pop()
            where = (last[0] * last[1] + where * weight) / (last[1] + weight)
            weight, count = last[1] + weight, last[2] + count
        pools.append((where, weight, count))
    starts = [where for where, _, count in pools for _ in range(count)]
    for box, start, offset in zip(layer, starts, offsets, strict=True):
        box.x = start + offset


def _fit(layers: list[list[Box]]) -> tuple[float, float]:
    """Moves all to the upper left, each layer below the one before; answers with the size."""
    boxes = [box for layer in layers for box in layer]
    left = min(box.left for box in boxes)
    top = 0.0
    for layer in layers:
        tallest = max(box.height for box in layer)
        for box in layer:
            box.x -= left
            box.y = top + (tallest - box.height) / 2
        top += tallest + GAP_Y
    return max(box.right + box.beside for box in boxes), top - GAP_Y


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise

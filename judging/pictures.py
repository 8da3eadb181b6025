"""How a picture of gradients is judged: by what can be seen of it, and by nothing else.

Lines show on what is behind them and can be told apart; they lie in the view, on one logarithmic
scale; and what is written ties each name to its line. Styles, markers, grids, legends or names
beside the lines, one axes or several are all the same here.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from answering.questions import Colour, Line, Look, Word
from judging.live import Figure
from judging.verdict import Wrong, holds, shown

Comparison = dict[str, list[float]]
"""Variant → the gradients of its layers, from input to output."""

NOTICEABLE = 7.0
"""Distance in CIELAB from which colours are told apart: three times that of large areas side by
side, of which 2.3 is just noticeable (Mahy, Van Eycken & Oosterlinck 1994)."""

SMALLEST = 3.0
"""Points below which letters cannot be read."""

LEAST_STYLES = 4
"""So many lines in one axes look different; with more, the styles may begin again: the colours of
matplotlib's style sheets do so after ten or six, the greys after four."""

LEAST_SEEN = 1 / 8
"""Of the way between two layers, what is to be seen: dots with gaps between them cover more."""

NEAR = 0.05
"""Of the axes, by which a name may be closer to another line: it stands beside, not upon, its own.
"""


@lru_cache(maxsize=4096)
def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """CIELAB of an sRGB colour from 0 to 1, under D65 (IEC 61966-2-1, CIE 15)."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (v ** (1 / 3) if v > (6 / 29) ** 3 else v * 841 / 108 + 4 / 29 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """How far apart two opaque colours are, in CIELAB."""
    return math.dist(lab(tuple(one[:3])), lab(tuple(other[:3])))


def on(paper: Colour, colour: Colour) -> tuple[float, ...]:
    """What is seen of a colour on another one, which lies on white."""
    white = (1.0, 1.0, 1.0)
    opacity = paper[3]
    under = [opacity * p + (1 - opacity) * w for p, w in zip(paper[:3], white, strict=True)]
    return tuple(
        colour[3] * c + (1 - colour[3]) * u for c, u in zip(colour[:3], under, strict=True)
    )


def alike(one: Look, other: Look) -> bool:
    """Whether two lines look the same."""
    white = (1.0, 1.0, 1.0, 1.0)
    return (
        one[1:] == other[1:]
        and distance(on(white, one.colour), on(white, other.colour)) < NOTICEABLE
    )


class Seen:
    """A figure as it shows a comparison: a line for each variant, or Wrong."""

    def __init__(self, figure: Figure, comparison: Comparison) -> None:
        self.figure, self.comparison = figure, comparison
        self.lines = figure.lines()
        positive = [value for values in comparison.values() for value in values if value > 0]
        least, most = min(positive), max(positive)
        factor = (most / least) ** 0.25 if most > least else 2.0
        self.probes = [least * factor**k for k in range(5)]
        rises = figure.rises([*self.probes, *positive])
        self.scales = [heights[:5] for heights in rises]
        self.heights = [dict(zip(positive, heights[5:], strict=True)) for heights in rises]
        """Axes → value → where it is in the view, from 0 to 1."""
        self.line = self._chosen()

    def _chosen(self) -> dict[str, Line]:
        """For each variant a line through its values, all on one logarithmic scale."""
        candidates = {name: self._through(name) for name in self.comparison}
        for name, lines in candidates.items():
            holds(
                any(map(self._is_logarithmic, lines)),
                f"drew {name!r} on a scale on which equal factors are not equal distances",
                "a logarithmic scale, on which a constant factor per layer is a straight line",
            )
        logarithmic = [
            line for lines in candidates.values() for line in lines if self._is_logarithmic(line)
        ]
        for scale in [self.scales[line.axes] for line in logarithmic]:
            common = {
                name: [line for line in lines if _same(self.scales[line.axes], scale)]
                for name, lines in candidates.items()
            }
            if all(common.values()):
                return {
                    name: next((one for one in lines if one.label == name), lines[-1])
                    for name, lines in common.items()
                }
        raise Wrong(
            "drew the variants on different scales",
            "one scale for all of them, so that the same height is the same gradient: for axes "
            "of their own, sharey=True",
        )

    def _through(self, name: str) -> list[Line]:
        values = self.comparison[name]
        lines = [line for line in self.lines if _is_through(line, values)]
        holds(
            bool(lines),
            f"drew lines through {shown([line.ys for line in self.lines])}",
            f"a line through {shown(values)}, the layers of the variant {name!r}",
        )
        holds(
            any(line.look.dashes != "none" for line in lines),
            f"drew points for {name!r}, without a line that joins them",
            f"a line through {shown(values)}: its slope is how fast the gradient vanishes",
        )
        return lines

    def _is_logarithmic(self, line: Line) -> bool:
        steps = [b - a for a, b in pairwise(self.scales[line.axes])]
        # Rounding leaves some 1e-13 of the height; NaN is where the scale has no place for a value.
        return steps[0] != 0 and all(abs(step - steps[0]) <= 1e-6 for step in steps)

    def beside(self, line: Line) -> list[Line]:
        """The other variants' lines in the same axes."""
        return [one for one in self.line.values() if one.axes == line.axes and one is not line]

    def path(self, line: Line, name: str) -> list[tuple[float, float]]:
        """Where a variant's line goes in its axes, zero gradients left out."""
        heights = self.heights[line.axes]
        places = zip(line.across, line.ys, strict=False)
        return [(x, heights[y]) for x, y in places if y in heights]


def _same(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(a - b) <= 1e-6 for a, b in zip(one, other, strict=True))


def _is_through(line: Line, values: list[float]) -> bool:
    """Whether a line has these values. A zero has no place on the scale: whatever is done is right
    if it is not above the others."""
    ys = [y for y in line.ys if not math.isnan(y)]
    positive = [value for value in values if value > 0]
    if len(positive) == len(values):
        return ys == values
    return [y for y in ys if y > 0] == positive or (
        len(ys) == len(values)
        and all(
            y == value if value > 0 else y <= min(positive)
            for y, value in zip(ys, values, strict=True)
        )
    )


def judge(figure: Figure, comparison: Comparison) -> Seen:
    """Every variant is a line over its layers, in the view, of a look and a name of its own."""
    seen = Seen(figure, comparison)
    for name, line in seen.line.items():
        holds(
            all(a < b for a, b in pairwise(line.xs)),
            f"drew {name!r} over the places {shown(line.xs)}",
            "the layers side by side, from left to right",
        )
        holds(
            all(-1e-6 <= share <= 1 + 1e-6 for place in seen.path(line, name) for share in place),
            f"drew a part of the line of {name!r} outside the limits of its axes",
            "limits that hold every layer of every variant",
        )
    for axes in {line.axes for line in seen.line.values()}:
        together = {n: one.look for n, one in seen.line.items() if one.axes == axes}
        looks: list[Look] = []
        for look in together.values():
            if not any(alike(look, known) for known in looks):
                looks.append(look)
        holds(
            len(looks) >= min(len(together), LEAST_STYLES),
            f"drew {len(together)} lines, the variants {shown([*together])}, of which "
            f"{'all look' if len(looks) == 1 else f'only {len(looks)} do not look'} the same",
            "lines that can be told apart, by colour, dashes or marker",
        )
    words = [word for word in figure.words() if _can_be_read(word)]
    for name, line in seen.line.items():
        if not any(_ties(word, name, line, seen) for word in words):
            texts = sorted({word.text for word in words})
            raise Wrong(
                f"drew {name!r} so that nothing written tells which line it is; what can be read "
                f"is {shown(texts)}",
                f"the name {name!r} beside a sample of its line in a legend, or at its line",
            )
    return seen


def _can_be_read(word: Word) -> bool:
    opaque = (*on(word.paper, (0, 0, 0, 0)), 1.0)
    return (
        word.size >= SMALLEST and distance(on(opaque, word.ink), opaque) >= NOTICEABLE  # type: ignore[arg-type]
    )


def _named(text: str, names: Sequence[str]) -> list[str]:
    """The names in a text, those left out that are part of another one there."""
    text = " ".join(text.split())
    found = [name for name in names if name in text]
    return [name for name in found if not any(name in one and name != one for one in found)]


def _ties(word: Word, name: str, line: Line, seen: Seen) -> bool:
    """Whether a word says that this line is the variant of this name."""
    if _named(word.text, [*seen.line]) != [name]:
        return False
    if len(seen.line) == 1:
        return True
    if word.kind == "legend":
        return _is_sample(word, line, seen)
    if word.axes == line.axes and not seen.beside(line) and word.kind != "text":
        return True
    others = [one for one in seen.line.values() if one is not line]
    if distance(word.ink, line.look.colour) < NOTICEABLE and not any(
        distance(word.ink, one.look.colour) < NOTICEABLE for one in others
    ):
        return True
    return word.kind == "text" and word.axes == line.axes and _is_beside(word, name, seen)


def _is_sample(word: Word, line: Line, seen: Seen) -> bool:
    """Whether a legend shows the line of this name: the same hue, and the same style if it counts.

    A sample may be thicker or more opaque than its line, and it may be a patch of its colour.
    """
    sample = word.look
    opaque = (*on(word.paper, (0, 0, 0, 0)), 1.0)
    if distance(on(opaque, sample.colour), opaque) < NOTICEABLE:  # type: ignore[arg-type]
        return False
    if distance(sample.colour, line.look.colour) >= NOTICEABLE:
        return False
    rivals = [
        one.look
        for one in seen.line.values()
        if one is not line
        and word.axes in (-1, one.axes)
        and distance(one.look.colour, line.look.colour) < NOTICEABLE
        and one.look[1:] != line.look[1:]
    ]
    return not any(sample[1:] == look[1:] for look in rivals)


def _is_beside(word: Word, name: str, seen: Seen) -> bool:
    """Whether a name stands at its line, and not clearly closer to another one."""
    own = seen.line[name]
    distances = {
        variant: _from_path(word.at, seen.path(line, variant))
        for variant, line in seen.line.items()
        if line.axes == own.axes
    }
    return distances[name] <= min(distances.values()) + NEAR


Place = tuple[float, float]


def _from_path(place: Place, path: list[Place]) -> float:
    ways = [*pairwise(path)] or [(one, one) for one in path]
    return min((_from_way(place, a, b) for a, b in ways), default=math.inf)


def _from_way(place: Place, a: Place, b: Place) -> float:
    along = [end - begin for begin, end in zip(a, b, strict=True)]
    away = [p - begin for begin, p in zip(a, place, strict=True)]
    length = sum(part * part for part in along)
    share = sum(x * y for x, y in zip(along, away, strict=True)) / length if length else 0.0
    share = min(1.0, max(0.0, share))
    return math.dist(away, [share * part for part in along])


def judge_lines(seen: Seen) -> None:
    """Every line shows on what is behind it, from each layer to the next."""
    ways = dict(zip(map(id, seen.lines), seen.figure.seen(), strict=False))
    for name, line in seen.line.items():
        way = ways.get(id(line))
        if way is None:
            continue
        hidden = sum(
            sum(distance(*pair) >= NOTICEABLE for pair in pairs) < LEAST_SEEN * len(pairs)
            for pairs in (way.double() / 255).tolist()
        )
        holds(
            not hidden,
            f"drew {name!r} so that nothing is seen on {hidden} of the ways between its "
            f"{len(line.ys)} layers: drawn without the line, the picture looks the same there",
            "a line that differs from what is behind it, and that nothing covers",
        )

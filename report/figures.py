"""The figures, drawn by matplotlib once, as SVG for the page and the PDF alike."""

import json
import math
import re
import warnings
from collections.abc import Sequence
from functools import cache, lru_cache
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report.text import clipped, number, ten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 400
"""Units across a figure. Its letters, 11 units high, are 9 px on a phone and 14 px on a desk."""

LETTERS = 11
"""Units of the height of letters."""

MOST_LETTERS = 56
"""Letters of a name, in a legend or at an axis, that a figure shows: as many as fit into it."""

MOST_POINTS = 500
"""Points of a line that are drawn: more do not show in this width."""

MANY = 24
"""Points on a line above which it goes without markers."""

MOST_SERIES = 40
"""Lines in a figure: above this number no two can be told apart."""

MOST_ROWS = 256
"""Rows and columns of a matrix above which a heat map shows its corner."""

MOST_PICTURES = 100

DRAWABLE = 1e100
"""Numbers from here on, and positive ones below its inverse, leave a gap."""

COLOURS = 8
MARKERS = "osDv^"
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 2)))
"""Each repeats with another period, so that two lines agree in all three only after 40: a marker or
a dash tells lines apart for those who do not tell the colours."""

ABOVE, BELOW, NEITHER = (47, 111, 176), (200, 85, 61), (128, 128, 128)

Pairs = tuple[Sequence[Any], Sequence[Any]]


@cache
def palette() -> dict[str, str]:
    """The colours of figures on white paper, by the names that the page has for them."""
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8").partition("@media")[0]
    return dict(re.findall(r"--(ink|muted|rule|line-\d): (#[0-9a-f]{6});", css))


def draw(item: dict[str, Any]) -> str | None:
    """The figure of an item of evidence as SVG in the palette; None if there is nothing to draw.

    Args: item, of one of the kinds "lines", "scatter", "images" and "heatmap", as recorded.
    """
    return _drawn(json.dumps(item))


@lru_cache(32)
def _drawn(recorded: str) -> str | None:
    """The page and the PDF of a run show the same figures: each is drawn once."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name may hold letters that matplotlib's font lacks; whoever shows the SVG has others.
        warnings.simplefilter("ignore")
        # An answer may have set anything.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": "",
                "text.parse_math": False,
                "font.size": LETTERS,
                "text.color": palette()["ink"],
            }
        )
        item = json.loads(recorded)
        figure = _DRAWN[item["kind"]](item)
        if figure is None:
            return None
        written = StringIO()
        figure.savefig(written, format="svg")
    return _bare(written.getvalue())


def _bare(svg: str) -> str:
    """The SVG without what would leak into a page: styles, the names of groups, a date.

    And without clipping: nothing lies outside of its axes.
    """
    svg = re.sub(r"(?s)<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", "", svg)
    svg = re.sub(r'(?s)<clipPath.*?</clipPath>| clip-path="[^"]*"', "", svg)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg[svg.index("<svg") :])
    return re.sub(r">\s+<", "><", svg).replace("xlink:href", "href").replace("<defs></defs>", "")


def inline(svg: str, kind: str, prefix: str, alt: str) -> str:
    """The SVG as an element of the page: in the page's colours, its ids begun with a prefix."""
    for name, colour in palette().items():
        svg = svg.replace(f": {colour}", f": var(--{name})")
    svg = re.sub(r'(<\w[^<>]*? (?:id="|href="#))', rf"\1{prefix}", svg)
    size = re.search(r'viewBox="[^"]*"', svg)
    start = f'<svg class="figure {kind}" {size and size[0]} role="img" aria-label="{escape(alt)}">'
    return re.sub(r"<svg[^>]*>", lambda _: start, svg, count=1)


# Lines and points


def _lines(item: dict[str, Any]) -> "Figure | None":
    at = item.get("at")
    lines = {
        name: (at[: len(values)] if at else [*range(1, len(values) + 1)], values)
        for name, values in item["series"].items()
    }
    return _plot(item, {}, lines, log=bool(item.get("log")), whole=not at)


def _scatter(item: dict[str, Any]) -> "Figure | None":
    return _plot(item, item["points"], item["lines"])


def _plot(
    item: dict[str, Any],
    points: dict[str, Pairs],
    lines: dict[str, Pairs],
    *,
    log: bool = False,
    whole: bool = False,
) -> "Figure | None":
    """Panels of points and lines on axes of one scale, and one legend below them."""
    shown = {
        name: _numbers(pair, log) for name, pair in [*points.items(), *lines.items()][:MOST_SERIES]
    }
    drawable = [(x, y) for pair in shown.values() for x, y in zip(*pair, strict=True)]
    drawable = [point for point in drawable if not math.isnan(point[1])]
    if not drawable:
        return None
    panels = {title: [n for n in names if n in shown] for title, names in _panels(item, shown)}
    panels = {title: names for title, names in panels.items() if names}
    across, high = (1, 190) if len(panels) == 1 else (2, 105)
    longest = max(min(len(name), MOST_LETTERS) for name in shown)
    columns = max(1, min(3, len(shown), WIDTH // (46 + 6 * longest)))
    entries = math.ceil(len(shown) / columns) if len(shown) > 1 else 0
    rows = math.ceil(len(panels) / across)
    # A panel's title stands below the name of the axis.
    left, above, top, under = 48, 16 if len(panels) > 1 else 0, 26, 38
    legend = 16 * entries + (8 if entries else 0)
    height = above + rows * (top + high) + (rows - 1) * 18 + under + legend
    figure = _figure(height)
    wide = (WIDTH - left - 10 - (across - 1) * 16) / across
    artists: dict[str, Any] = {}
    for i, (title, names) in enumerate(panels.items()):
        row, column = divmod(i, across)
        axes = _axes(
            figure,
            left + column * (wide + 16),
            height - above - (row + 1) * (top + high) - row * 18,
            wide,
            high,
        )
        _scale(axes, drawable, log=log, whole=whole)
        axes.tick_params(labelleft=column == 0)
        if title:
            axes.set_title(_name(title), loc="left", fontsize=LETTERS, pad=4)
        for name in names:
            style = [*shown].index(name)
            artists[name] = _line(axes, *shown[name], style, joined=name not in points)
    # Both names lie flat: an upright one would have to be read with the head on the side.
    colour = palette()["muted"]
    x, y = (_name(item.get(axis, "")) for axis in "xy")
    figure.text(0, 1 - 11 / height, y, color=colour)
    figure.text(1 - 10 / WIDTH, (legend + 4) / height, x, color=colour, ha="right")
    if entries:
        texts = figure.legend(
            [*artists.values()],
            ["·"] * len(artists),
            loc="lower left",
            bbox_to_anchor=((left - 6) / WIDTH, 0),
            ncols=columns,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=2.6,
            labelspacing=0.35,
            columnspacing=1.5,
        ).get_texts()
        # Set afterwards: an older matplotlib leaves out a name that begins with "_".
        for text, name in zip(texts, artists, strict=True):
            text.set_text(_name(name))
    return figure


def _panels(item: dict[str, Any], shown: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Each panel's title and the names in it; what is in none is shown in one of its own."""
    panels = [*(item.get("panels") or {}).items()]
    rest = [name for name in shown if all(name not in names for _, names in panels)]
    return [*panels, ("Others" if panels else "", rest)]


def _numbers(pair: Pairs, log: bool) -> tuple[list[float], list[float]]:
    """Coordinates; where either has no place on its axis, both are NaN, a gap."""
    points = [*zip(*pair, strict=False)]
    points = points[:: 1 + len(points) // MOST_POINTS]
    both = [
        (float(x), float(y))
        if _drawable(x) and _drawable(y) and (y > 1 / DRAWABLE or not log)
        else (math.nan, math.nan)
        for x, y in points
    ]
    return [x for x, _ in both], [y for _, y in both]


def _line(axes: "Axes", x: list[float], y: list[float], i: int, *, joined: bool) -> Any:
    gap = [True, *map(math.isnan, y), True]
    alone = [k for k in range(len(y)) if gap[k] and gap[k + 2]]
    (line,) = axes.plot(
        x,
        y,
        color=palette()[f"line-{i % COLOURS}"],
        linestyle=DASHES[i % len(DASHES)] if joined else "none",
        marker=MARKERS[i % len(MARKERS)] if joined else "o",
        markersize=4.5,
        markeredgewidth=0,
        # A point between two gaps would be a line without length.
        markevery=None if len(y) <= MANY or not joined else alone,
        alpha=None if joined else 0.75,
        linewidth=1.6,
    )
    return line


def _scale(axes: "Axes", drawn: list[tuple[float, float]], *, log: bool, whole: bool) -> None:
    """Limits that hold everything, and ticks at round numbers."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    xs, ys = zip(*drawn, strict=True)
    axes.set_xlim(*_limits(xs))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=whole, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: _tick(value))
    if not log:
        axes.set_ylim(*_limits(ys))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: _tick(value))
        return
    low, high = math.log10(min(ys)), math.log10(max(ys))
    margin = max(0.1, 0.04 * (high - low))
    axes.set_yscale("log")
    axes.set_ylim(10 ** (low - margin), 10 ** (high + margin))
    few = math.floor(high) - math.ceil(low) < 1
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=8))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda v, _: _tick(v) if few else ten(round(math.log10(v))))


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    # Values that hardly differ make a level line.
    least = 1e-3 * max(abs(low), abs(high)) or 1e-12
    margin = 0.03 * (high - low) if high - low > least else max(least, abs(low) / 2)
    return low - margin, high + margin


def _tick(value: float) -> str:
    """A tick's number: sums of the locator's steps miss round numbers by an ulp."""
    return number(float(f"{value:.6g}"))


def _axes(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Axes at a place given in units."""
    across, up = figure.get_size_inches() * 72
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    colours = palette()
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(colours["muted"])
    axes.grid(axis="y", color=colours["rule"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(color=colours["muted"], labelcolor=colours["ink"], length=3)
    axes.tick_params(axis="y", length=0)
    return axes


def _figure(height: float) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72))
    figure.patch.set_visible(False)
    return figure


def _name(name: Any) -> str:
    text = visible(str(name)[: MOST_LETTERS + 1]).replace("\n", " ")
    return clipped(text, MOST_LETTERS)


def _drawable(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < DRAWABLE


# Pictures


def _images(item: dict[str, Any]) -> "Figure | None":
    """Grey pictures side by side as ink on paper, each over its label."""
    import numpy as np

    pictures = item["images"][:MOST_PICTURES]
    if not pictures or not pictures[0] or not pictures[0][0]:
        return None
    rows, columns = len(pictures[0]), len(pictures[0][0])
    # Ten to a row, if that fills the rows: digits often come as tens.
    across = 10 if len(pictures) % 10 == 0 else 8 if len(pictures) > 8 else max(5, len(pictures))
    down = math.ceil(len(pictures) / across)
    gap, caption = 4, 14
    sheet = np.zeros((down, rows + caption, across, columns + gap, 4), np.uint8)
    for i, picture in enumerate(pictures):
        grey = [[min(255, max(0, int(v))) if _drawable(v) else 0 for v in row] for row in picture]
        # Ink that is more or less opaque: the page turns it white where paper is dark.
        sheet[i // across, :rows, i % across, gap // 2 : -gap // 2, 3] = grey
    height, width = down * (rows + caption), across * (columns + gap)
    scale = WIDTH / width
    figure = _figure(height * scale)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(sheet.reshape(height, width, 4), interpolation="none", aspect="auto")
    for i, label in zip(range(len(pictures)), item["labels"], strict=False):
        x, y = (i % across + 0.5) * (columns + gap), i // across * (rows + caption) + rows
        axes.text(x, y + 11 / scale, _name(label), ha="center")
    return figure


def _heatmap(item: dict[str, Any]) -> "Figure | None":
    """A matrix as colours: none for 0, one for what is above it and one for what is below."""
    import numpy as np

    values = item["values"]
    if not values or not isinstance(values[0], list) or not values[0]:
        return None
    of = (len(values), len(values[0]))
    values = [row[:MOST_ROWS] for row in values[:MOST_ROWS]]
    rows, columns = len(values), len(values[0])
    entries = [v for row in values for v in row if _drawable(v)]
    largest = max((abs(v) for v in entries), default=0) or 1.0
    size = min(WIDTH / columns, 260 / rows, 46)
    wide, high, room = size * columns, size * rows, 20
    figure = _figure(high + room)
    axes = _axes(figure, (WIDTH - wide) / 2, room, wide, high)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=palette()["muted"])
    shades = [[shade(v / largest if _drawable(v) else None) for v in row] for row in values]
    axes.imshow(np.array(shades, np.uint8), interpolation="none", aspect="auto")
    if size >= 20:
        for i, row in enumerate(values):
            for j, v in enumerate(row):
                if v != 0:
                    text = number(v) if _drawable(v) else "nan"
                    axes.text(j, i, text, ha="center", va="center_baseline")
    shape = f"{of[0]} × {of[1]}"
    if of != (rows, columns):
        shape += f", the first {rows} × {columns}"
    span = f"from {number(min(entries, default=0))} to {number(max(entries, default=0))}"
    for x, text, side in ((0, shape, "left"), (1, span, "right")):
        axes.text(x, -4 / high, text, ha=side, va="top", transform=axes.transAxes)
    return figure


def shade(value: float | None) -> tuple[int, ...]:
    """A pixel for a value from −1 to 1. On light and on dark paper alike, 0 is the paper."""
    if value is None:
        return (*NEITHER, 90)
    opaque = 0 if value == 0 else round(40 + 140 * abs(value))
    return (*(ABOVE if value > 0 else BELOW), opaque)


_DRAWN = {"lines": _lines, "scatter": _scatter, "images": _images, "heatmap": _heatmap}

"""Figures as SVG to be set into a page: small, sharp at any size, in the page's own colours.

They are written out here and not with matplotlib because the page needs what it cannot give: text
and axes in ``currentColor``, lines in colours that follow a dark theme, no styles or ids that leak
into the page, and no second of a run spent on importing and laying out.
"""

import base64
import math
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH = 400
"""Units across a figure. Its letters, 11 units high, are 9 px on a phone and 15 px on a desk."""

COLOURS = 8
"""Colours that a page has for lines, as ``--line-0`` to ``--line-7``."""

MOST_LETTERS = 80
"""Letters of a name, in a legend or at an axis, that a figure shows."""

Point = tuple[float, float]


def render(item: dict[str, Any]) -> str | None:
    """The figure of an item of evidence, with its legend; None if there is nothing to draw.

    Args: item, of one of the kinds "lines", "scatter", "images" and "heatmap", as recorded.
    """
    drawn = _DRAWN.get(item["kind"])
    return drawn(item) if drawn else None


def number(value: float) -> str:
    """A number as it is set: four significant digits, 1,234, −0.5, 1.2·10⁻⁷."""
    if not math.isfinite(value):
        return str(value).replace("-", "−")
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e7):
        return f"{int(value):,}".replace("-", "−")
    return typeset(f"{value:.4g}")


def typeset(text: str) -> str:
    """A number as Python writes it, -1.2e-07, as it is set: −1.2·10⁻⁷."""
    mantissa, e, power = text.partition("e")
    return (f"{mantissa}·{_ten(int(power))}" if e else mantissa).replace("-", "−")


def _ten(power: int) -> str:
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


# Scales


@dataclass(frozen=True)
class Scale:
    """An axis: which values it spans, and where it has ticks."""

    low: float
    high: float
    ticks: list[tuple[float, str]]
    log: bool = False

    def at(self, value: float) -> float:
        """Where on the axis a value lies, from 0 to 1."""
        value = math.log10(value) if self.log else value
        return (value - self.low) / (self.high - self.low)


def linear(values: Sequence[float], *, whole: bool = False) -> Scale:
    """An axis with ticks at round numbers, only whole ones for what is counted."""
    low, high = min(values), max(values)
    # Where values hardly differ there are no floats between them to put ticks at.
    least = max(abs(low), abs(high)) * 1e-6 or 1e-12
    if high - low < least:
        low, high = low - max(least, abs(low) / 2), high + max(least, abs(high) / 2)
    step = max(1.0, _step((high - low) / 8)) if whole else _step((high - low) / 5)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = [(k * step, number(float(f"{k * step:.6g}"))) for k in range(first, last + 1)]
    margin = (high - low) * 0.03
    return Scale(low - margin, high + margin, ticks)


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(lead * power for lead in (1, 2, 5, 10) if lead * power >= least * (1 - 1e-9))


def logarithmic(values: Sequence[float]) -> Scale:
    """An axis for positive values, with ticks at powers of ten, or at 1, 2, 5 within a few."""
    low, high = math.log10(min(values)), math.log10(max(values))
    if high - low < 0.2:
        low, high = low - 0.1, high + 0.1
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if len(powers) > 2:
        every = math.ceil(len(powers) / 7)
        ticks = [(10.0**power, _ten(power)) for power in powers if power % every == 0]
    else:
        leads = [
            lead * 10.0**power
            for power in range(math.floor(low), math.ceil(high) + 1)
            for lead in (1, 2, 5)
        ]
        ticks = [(v, number(v)) for v in leads if low - 1e-9 <= math.log10(v) <= high + 1e-9]
    margin = (high - low) * 0.04
    return Scale(low - margin, high + margin, ticks, log=True)


# Lines and points

TOP, BOTTOM, RIGHT, HEIGHT = 26, 36, 12, 250
MARKERS = (
    "M-3,0a3,3 0 1 0 6,0a3,3 0 1 0 -6,0z",
    "M-2.6,-2.6h5.2v5.2h-5.2z",
    "M0,-3.6L3.4,2.6H-3.4z",
    "M0,-3.8L3.8,0L0,3.8L-3.8,0z",
    "M0,3.6L3.4,-2.6H-3.4z",
)
DASHES = ("", "7 3", "2 2.5", "8 3 2 3", "12 3")
"""A marker or a dash tells lines apart for those who do not tell the colours."""

MANY = 24
"""Points on a line above which it goes without markers."""

MOST_POINTS = 500
"""Points of a line that are drawn: more do not show in this width."""

MOST_SERIES = 40
"""Lines in a figure: above this number no two can be told apart."""


def _lines(item: dict[str, Any]) -> str | None:
    series = {}
    for name, values in [*item["series"].items()][:MOST_SERIES]:
        line: list[Point] = list(enumerate(values, start=1))
        series[name] = line[:: 1 + len(line) // MOST_POINTS]
    return _plot(item, {}, series, log=bool(item.get("log")), whole=True)


def _scatter(item: dict[str, Any]) -> str | None:
    def pairs(of: dict[str, Any]) -> dict[str, list[Point]]:
        first = [*of.items()][:MOST_SERIES]
        return {name: list(zip(*p, strict=False))[:MOST_POINTS] for name, p in first}

    return _plot(item, pairs(item["points"]), pairs(item["lines"]))


def _plot(
    item: dict[str, Any],
    points: dict[str, list[Point]],
    lines: dict[str, list[Point]],
    *,
    log: bool = False,
    whole: bool = False,
) -> str | None:
    """Axes with points and lines. What has no place on them, NaN say, leaves a gap."""

    def runs(line: Iterable[Point]) -> list[list[Point]]:
        pieces: list[list[Point]] = [[]]
        for x, y in line:
            if _drawable(x) and _drawable(y) and (y > 0 or not log):
                pieces[-1].append((x, y))
            elif pieces[-1]:
                pieces.append([])
        return [piece for piece in pieces if piece]

    drawn_points = {name: runs(ps) for name, ps in points.items()}
    drawn_lines = {name: runs(ps) for name, ps in lines.items()}
    everything = [
        p for runs in (*drawn_points.values(), *drawn_lines.values()) for run in runs for p in run
    ]
    if not everything:
        return None
    across = linear([x for x, _ in everything], whole=whole)
    up = (logarithmic if log else linear)([y for _, y in everything])

    left = 14 + 6.2 * max((len(label) for _, label in up.ticks), default=2)
    wide, high = WIDTH - left - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x: float, y: float) -> Point:
        return left + wide * across.at(x), TOP + high * (1 - up.at(y))

    markers = not points and max(map(len, lines.values()), default=0) <= MANY
    parts = [_axes(item, across, up, left)]
    for i, runs_of in enumerate(drawn_points.values()):
        circles = "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>'
            for run in runs_of
            for x, y in (place(*p) for p in run)
        )
        parts.append(f'<g class="points line-{i % COLOURS}">{circles}</g>')
    for i, runs_of in enumerate(drawn_lines.values(), start=len(points)):
        for run in runs_of:
            placed = [place(*p) for p in run]
            path = "L".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            # A point between two gaps would be a line without length.
            marked = placed if markers or len(run) == 1 else []
            parts.append(_Style.of(i).drawn(f"M{path}", marked))
    figure = _svg(HEIGHT, item.get("alt", ""), "".join(parts))
    names = [*points, *lines]
    return figure + _legend(names, len(points), markers) if len(names) > 1 else figure


@dataclass(frozen=True)
class _Style:
    colour: int
    dash: str
    marker: str

    @classmethod
    def of(cls, i: int) -> "_Style":
        # Each repeats with another period, so that two lines agree in all three only after 40.
        return cls(i % COLOURS, DASHES[i % len(DASHES)], MARKERS[i % len(MARKERS)])

    def drawn(self, path: str, marked: Iterable[Point]) -> str:
        dash = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        line = f'<path class="stroke" d="{path}"{dash}/>'
        markers = "".join(
            f'<path class="marker" d="{self.marker}" transform="translate({x:.1f} {y:.1f})"/>'
            for x, y in marked
        )
        return f'<g class="line-{self.colour}">{line}{markers}</g>'


def _axes(item: dict[str, Any], across: Scale, up: Scale, left: float) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value, label in up.ticks:
        y = TOP + (bottom - TOP) * (1 - up.at(value))
        parts.append(f'<path class="grid" d="M{left:.1f},{y:.1f}H{right}"/>')
        parts.append(f'<text x="{left - 6:.1f}" y="{y + 3.6:.1f}" class="end">{label}</text>')
    for value, label in across.ticks:
        x = left + (right - left) * across.at(value)
        parts.append(f'<path class="axis" d="M{x:.1f},{bottom}v4"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" class="middle">{label}</text>')
    parts.append(f'<path class="axis" d="M{left:.1f},{bottom}H{right}"/>')
    # Both names lie flat: an upright one would have to be read with the head on the side.
    x_name, y_name = (_name(item.get(axis, "")) for axis in "xy")
    parts.append(f'<text x="0" y="11" class="name">{y_name}</text>')
    parts.append(f'<text x="{right}" y="{HEIGHT - 4}" class="name end">{x_name}</text>')
    return "".join(parts)


def _legend(names: Sequence[str], points: int, markers: bool) -> str:
    """A list under the figure: it wraps where the page is narrow, and is read as text."""
    entries = []
    for i, name in enumerate(names):
        if i < points:
            inside = f'<g class="points line-{i % COLOURS}"><circle cx="16" cy="6" r="2.6"/></g>'
        else:
            inside = _Style.of(i).drawn("M1,6H31", [(16, 6)] if markers else [])
        swatch = f'<svg class="swatch" viewBox="0 0 32 12" aria-hidden="true">{inside}</svg>'
        entries.append(f"<li>{swatch}{_name(name)}</li>")
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _name(name: Any) -> str:
    text = str(name)
    return escape(text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…")


def _drawable(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e300


# Pictures

MOST_ROWS = 256
"""Rows and columns of a matrix above which a heat map shows its corner."""

MOST_PICTURES = 100


def _images(item: dict[str, Any]) -> str | None:
    """Grey pictures side by side as ink on paper, each over its label."""
    pictures, labels = item["images"][:MOST_PICTURES], item["labels"]
    if not pictures or not pictures[0] or not pictures[0][0]:
        return None
    rows, columns = len(pictures[0]), len(pictures[0][0])
    # Ten to a row, if that fills the rows: digits often come as tens.
    across = 10 if len(pictures) % 10 == 0 else 8 if len(pictures) > 8 else max(5, len(pictures))
    gap, caption = 4, 14
    cell_width, cell_height = columns + gap, rows + caption
    down = math.ceil(len(pictures) / across)
    # Ink that is more or less opaque: the page turns it white where paper is dark.
    sheet = bytearray(2 * across * cell_width * down * cell_height)
    for i, picture in enumerate(pictures):
        corner = (i // across * cell_height * across + i % across) * cell_width + gap // 2
        for y, row in enumerate(picture):
            start = 2 * (corner + y * across * cell_width)
            sheet[start + 1 : start + 2 * len(row) : 2] = bytes(_byte(v) for v in row)
    scale = WIDTH / (across * cell_width)
    image = _image(
        bytes(sheet), (across * cell_width, down * cell_height), "ink", x=0, y=0, scale=scale
    )
    text = "".join(
        f'<text class="middle" x="{(i % across + 0.5) * cell_width * scale:.1f}" '
        f'y="{(i // across * cell_height + rows) * scale + 11:.1f}">{_name(label)}</text>'
        for i, label in enumerate(labels[: len(pictures)])
    )
    return _svg(math.ceil(down * cell_height * scale), item.get("alt", ""), image + text)


def _byte(value: Any) -> int:
    return min(255, max(0, int(value))) if _drawable(value) else 0


def _heatmap(item: dict[str, Any]) -> str | None:
    """A matrix as colours: none for 0, one for what is above it and one for what is below."""
    values = item["values"]
    if not values or not isinstance(values[0], list) or not values[0]:
        return None
    of = (len(values), len(values[0]))
    values = [row[:MOST_ROWS] for row in values[:MOST_ROWS]]
    rows, columns = len(values), len(values[0])
    entries = [v for row in values for v in row if _drawable(v)]
    largest = max((abs(v) for v in entries), default=0) or 1.0
    size = min(WIDTH / columns, 260 / rows, 46)
    left, room = (WIDTH - size * columns) / 2, 20
    pixels = b"".join(_shade(v / largest if _drawable(v) else None) for row in values for v in row)
    parts = [
        _image(pixels, (columns, rows), "crisp", x=left, y=1, scale=size),
        f'<rect class="frame" x="{left:.1f}" y="1" width="{size * columns:.1f}" '
        f'height="{size * rows:.1f}"/>',
    ]
    if size >= 24:
        parts += [
            f'<text class="middle" x="{left + (j + 0.5) * size:.1f}" '
            f'y="{1 + (i + 0.5) * size + 3.8:.1f}">{number(v) if _drawable(v) else "nan"}</text>'
            for i, row in enumerate(values)
            for j, v in enumerate(row)
        ]
    shape = f"{of[0]} × {of[1]}"
    if of != (rows, columns):
        shape += f", the first {rows} × {columns}"
    height = size * rows + room
    least, most = min(entries, default=0), max(entries, default=0)
    parts.append(f'<text x="{left:.1f}" y="{height - 2:.1f}">{shape}</text>')
    parts.append(
        f'<text class="end" x="{WIDTH - left:.1f}" y="{height - 2:.1f}">'
        f"from {number(least)} to {number(most)}</text>"
    )
    return _svg(math.ceil(height + 2), item.get("alt", ""), "".join(parts))


ABOVE, BELOW, NEITHER = (47, 111, 176), (200, 85, 61), (128, 128, 128)


def _shade(value: float | None) -> bytes:
    """A pixel for a value from −1 to 1. On light and on dark paper alike, 0 is the paper."""
    if value is None:
        return bytes((*NEITHER, 90))
    opaque = 0 if value == 0 else round(40 + 140 * abs(value))
    return bytes((*(ABOVE if value > 0 else BELOW), opaque))


def _image(
    pixels: bytes, size: tuple[int, int], kind: str, *, x: float, y: float, scale: float
) -> str:
    """Pixels as a PNG within the figure: grey with opacity, two bytes each, or RGB with it."""
    width, height = size
    depth = len(pixels) // (width * height)
    lines = b"".join(
        b"\0" + pixels[i * width * depth : (i + 1) * width * depth] for i in range(height)
    )

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">2I5B", width, height, 8, 4 if depth == 2 else 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*c) for c in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    )
    return (
        f'<image class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width * scale:.1f}" '
        f'height="{height * scale:.1f}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{base64.b64encode(png).decode()}"/>'
    )


def _svg(height: float, alt: str, inside: str) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(alt[:2000])}">{inside}</svg>'
    )


_DRAWN: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "lines": _lines,
    "scatter": _scatter,
    "images": _images,
    "heatmap": _heatmap,
}

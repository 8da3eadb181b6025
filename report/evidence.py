"""What the checks recorded, made ready to be set: cells as text, figures as SVG.

Items come from answers under test. What is made of them is bounded, and whatever cannot be set has
become a line of text.
"""

import base64
import math
import re
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from report import figures
from report.run import Result
from report.text import clipped, number, signed, typeset

Item = dict[str, Any]

MOST_ROWS = 60
"""Rows and columns of a tensor, and rows of a table, that are shown."""

MOST_COLUMNS = 20
"""Columns of a table that are shown."""

MOST_CELL = 400
"""Letters of a title or a cell that are shown."""

_NUMBER = re.compile(r"[−+-]?(\d[\d,]*(\.\d*)?(·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|e[+-]?\d+)?|nan|inf)|[–—]|")


def recorded(results: Iterable[Result]) -> dict[str, Item]:
    """ "kind: title" → item. A check may record for each of its cases: the last stands for all."""
    return {f"{item['kind']}: {item['title']}": item for r in results for item in r.evidence}


def ready(item: Item, decimals: int) -> Item:
    """An item as it is set, of kind "text", "tensor", "table" or "figure".

    Args: decimals, those of a tensor's entries that are no whole numbers.
    """
    title = clipped(item["title"], MOST_CELL)
    try:
        made = _READY[item["kind"]](item, decimals)
    except (LookupError, ValueError, ArithmeticError, TypeError):
        made = {"kind": "text", "text": "There is nothing that could be drawn."}
    return {"kind": item["kind"], "title": title, **made}


def _text(item: Item, _: int) -> Item:
    return {"text": str(item["text"])}


def _tensor(item: Item, decimals: int) -> Item:
    shape, values = item["shape"], item["values"]
    rows = {0: [[values]], 1: [values], 2: values}.get(len(shape), [])
    shown = [row[:MOST_ROWS] for row in rows[:MOST_ROWS]]
    form = _form([value for row in shown for value in row], decimals)
    return {
        "shape": "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")",
        "dtype": clipped(item["dtype"], MOST_CELL),
        "vector": len(shape) == 1,
        "rows": [[signed(f"{value:{form}}") for value in row] for row in shown],
        # Above two dimensions, or without entries, there is nothing to lay out.
        "text": "" if any(rows) else clipped(str(values), MOST_CELL),
        "cut": len(rows) > MOST_ROWS or any(len(row) > MOST_ROWS for row in rows),
    }


def _form(values: Sequence[float], decimals: int) -> str:
    """One form for all entries of a tensor, as PyTorch prints them."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    if all(value == int(value) and value < 1e6 for value in finite):
        return ".0f"
    nonzero = [value for value in finite if value]
    readable = min(nonzero) >= 1e-4 and max(nonzero) < 1e5
    return f".{decimals}f" if readable else f".{decimals - 1}e"


def _table(item: Item, _: int) -> Item:
    header = [clipped(str(name), MOST_CELL) for name in item["header"][:MOST_COLUMNS]]
    rows = [[*map(_cell, row[:MOST_COLUMNS])] for row in item["rows"][:MOST_ROWS]]
    columns = max(map(len, [header, *rows]))
    rows = [row + [""] * (columns - len(row)) for row in rows]
    return {
        "header": header + [""] * (columns - len(header)),
        "rows": rows,
        "left_out": len(item["rows"]) - len(rows),
        "numeric": [all(map(_NUMBER.fullmatch, column)) for column in zip(*rows, strict=True)]
        or [False] * columns,
    }


def _cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    text = "" if value is None else str(value)
    return typeset(text) if len(text) < 40 and _NUMBER.fullmatch(text) else clipped(text, MOST_CELL)


def _figure(item: Item, _: int) -> Item:
    svg = figures.draw(item)
    if svg is None:
        raise ValueError("no numbers to draw")
    return {"kind": "figure", "of": item["kind"], "svg": svg, "alt": clipped(item["alt"], 2000)}


def _picture(item: Item, _: int) -> Item:
    """A picture that a hand-in drew: its bytes were looked at before they were recorded."""
    content = base64.b64decode(item["png"], validate=True)
    # A PNG begins with its signature and the header: width and height, four bytes each.
    width, height = struct.unpack(">II", content[16:24])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,'
        f'{base64.b64encode(content).decode()}"/></svg>'
    )
    return {"kind": "figure", "of": "picture", "svg": svg, "alt": clipped(item["alt"], 2000)}


_READY = {
    "text": _text,
    "tensor": _tensor,
    "table": _table,
    "picture": _picture,
    **dict.fromkeys(("lines", "scatter", "images", "heatmap"), _figure),
}

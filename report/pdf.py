"""The report as a PDF: what a run recorded, typeset by Typst from ``report.typ``.

The prose and the derivations stand in the template; what the run recorded reaches it as JSON, so
that no text of an answer under test is ever read as markup. Every number in the prose is computed
here, from the run.
"""

from __future__ import annotations

import functools
import json
import math
import os
import textwrap
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homework import points
from report import evidence
from report.listing import listed, needed, without_docstrings
from report.run import Result, Row, Run, total
from report.text import clipped, signed, visible

if TYPE_CHECKING:
    import typst

TEMPLATE = Path(__file__).with_name("report.typ")

COLUMNS = 100
"""Characters in a line of code: what fits between the margins."""
MOST_CODE = 200
"""Lines of code shown per exercise."""
MOST_MESSAGE = 24
"""Lines shown of a learner's message."""
MOST_TEXT = 1200
"""Characters shown of a paragraph."""
MOST_CELL = 300
"""Characters shown of a claim, or of what is said of the run."""
MOST_NAME = 48
"""Characters shown of a name of what is said of the run."""
MOST_ENTRIES = 64
"""Entries up to which a tensor is printed."""

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}

Item = dict[str, Any]
Seen = dict[str, dict[str, Item]]
"""Exercise number → "kind: title" → item of evidence."""


class ReportError(Exception):
    """The PDF could not be made. The run and its verdict are not touched by that."""


def write(run: Run, path: Path) -> None:
    """Typeset the run as a PDF at path, which holds the whole report or what it held before.

    Raises: ReportError, saying why.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    pdf = typeset(run)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(pdf)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"the report could not be written to {path}: {error}") from error


def typeset(run: Run) -> bytes:
    """The report as the bytes of a PDF, the same bytes for the same run.

    Raises: ReportError, saying why.
    """
    try:
        return compiler(run).compile(format="pdf")  # type: ignore[return-value]
    except (KeyboardInterrupt, SystemExit, GeneratorExit, ReportError):
        raise
    # A panic inside the compiler arrives as an exception that is no Exception.
    except BaseException as error:
        reason = getattr(error, "message", None) or str(error) or type(error).__name__
        raise ReportError(f"the report could not be typeset: {reason}") from error


def compiler(run: Run) -> typst.Compiler:
    """A Typst compiler that holds the template and the run, and knows no fonts but its own."""
    try:
        import typst
    except ImportError as error:
        raise ReportError("the PDF needs the package typst: pip install typst") from error
    return typst.Compiler(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"run": json.dumps(document(run), allow_nan=False)},
    )


@functools.cache
def _fonts() -> typst.Fonts:
    """The fonts that Typst carries: the same report on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False)


def document(run: Run) -> Item:
    """All that the template needs, as data that JSON can hold."""
    rows = {row.exercise.number: row for row in run.score()}
    all_in_all = total([*rows.values()])
    results, told = list(run.results.values()), set[str]()
    recorded = {number: evidence.recorded(run.of_exercise(number)) for number in rows}
    shown = {
        number: {key: _shown(item) for key, item in items.items()}
        for number, items in recorded.items()
    }
    # The prose speaks of what is shown, and refers to its figures.
    seen = {
        number: {
            key: item
            for key, item in items.items()
            if item["kind"] == "text" or shown[number][key]["kind"] != "text"
        }
        for number, items in recorded.items()
    }
    return _plain(
        {
            "environment": [
                [clipped(key, MOST_NAME), clipped(str(value), MOST_CELL)]
                for key, value in run.environment.items()
            ],
            "total": {
                "earned": points(all_in_all.earned),
                "possible": points(all_in_all.possible),
                "decided": points(all_in_all.decided),
                "undecided": points(all_in_all.undecided),
                "checks": len(results),
                "failed": sum(result.outcome == "failed" for result in results),
                "skipped": sum(result.outcome in ("skipped", "not tried") for result in results),
                "not_decided": sum(result.outcome == "not decided" for result in results),
                "examples": sum(result.examples for result in results),
            },
            "exercises": {
                number: _exercise(run, row, shown[number], told) for number, row in rows.items()
            },
            "answers": _code(run.code, ["objective_questions.answers"]),
            "facts": facts(seen),
        }
    )


def _new(run: Run, row: Row, told: set[str]) -> list[str]:
    """The names of an exercise's code that were not told before, and now are."""
    parts = [f"{row.exercise.module}.{part}" for part in row.exercise.parts if part != "answers"]
    names = dict.fromkeys(one for part in parts for one in needed(run.code, part))
    new = [name for name in names if name not in told]
    told.update(new)
    return new


def _exercise(run: Run, row: Row, shown: dict[str, Item], told: set[str]) -> Item:
    exercise, results = row.exercise, run.of_exercise(row.exercise.number)
    given = run.by_hand.get(exercise.number)
    ran = {result.part for result in results}
    return {
        "number": exercise.number,
        "title": exercise.title,
        "asked": exercise.asked,
        "module": exercise.module,
        "possible": points(exercise.points),
        "earned": points(row.earned),
        "undecided": points(row.undecided) if row.undecided else None,
        "open": row.open,
        "full": row.earned == exercise.points,
        "by_reader": not exercise.parts,
        "by_hand": {"remark": clipped(given.remark, MOST_TEXT)} if given else None,
        "passed": row.passed,
        "checks": row.checks,
        "examples": row.examples,
        "failures": _failures(results, "failed"),
        "undecided_checks": _failures(results, "not decided"),
        "unchecked": [part for part in exercise.parts if part not in ran],
        "results": [[clipped(r.claim, MOST_CELL), r.outcome, r.examples] for r in results],
        "code": _code(run.code, _new(run, row, told)),
        "evidence": shown,
        "by_work": exercise.module == exercise.number,
        "pictures": [item for item in shown.values() if item.get("of") == "picture"][:4],
    }


def _failures(results: Iterable[Result], outcome: str) -> list[Item]:
    """The learner's messages, one for all checks of a function that end in the same way.

    A message begins with the call, which differs from check to check; the rest says what happened.
    """
    alike: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.outcome == outcome:
            call, _, what = result.message.partition("\n")
            alike.setdefault((result.part, what or call), []).append(result)
    return [
        {
            "claim": clipped(first.claim, MOST_CELL),
            "others": len(others),
            "message": wrapped(first.message, MOST_MESSAGE),
        }
        for first, *others in alike.values()
    ]


# Text


def wrapped(text: str, most: int) -> str:
    """The text in lines of at most COLUMNS characters, and no more lines than ``most``."""
    lines = visible(text).strip("\n").split("\n")
    shown = []
    for line in lines[:most]:
        indent = line[: len(line) - len(line.lstrip())][: COLUMNS // 2]
        shown += textwrap.wrap(
            line[: COLUMNS * most],
            COLUMNS,
            subsequent_indent=indent + "    ",
            break_on_hyphens=False,
            replace_whitespace=False,
        ) or [""]
    if len(shown) > most or len(lines) > most:
        more = max(len(shown), len(lines)) - most
        shown = [*shown[:most], f"… {more} more lines" if more > 1 else "… 1 more line"]
    return "\n".join(shown)


def _code(code: dict[str, str], names: Iterable[str]) -> list[str]:
    """The sources of these names, without docstrings, up to MOST_CODE lines of them."""
    listings: list[str] = []
    left, sources = MOST_CODE, listed(code, names)
    for i, source in enumerate(sources):
        listings.append(wrapped(without_docstrings(source), left))
        left -= listings[-1].count("\n") + 1
        if left <= 0 and i + 1 < len(sources):
            return [*listings, f"# … and {len(sources) - i - 1} more, which are not shown here"]
    return listings


# Data


def _plain(value: Any) -> Any:
    """The value as JSON holds it: text made visible, numbers finite or None."""
    if isinstance(value, dict):
        return {visible(str(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    # Typst counts in 64 bits.
    return value if value is None or abs(value) < 2**63 else float(value)


def _shown(item: Item) -> Item:
    """The item in the form in which the template sets it."""
    made = evidence.ready(item, 3)
    if made["kind"] == "figure":
        # The letters of the report, which Typst carries.
        made["svg"] = made["svg"].replace("DejaVu Sans", "Libertinus Serif")
    elif made["kind"] == "table":
        made["readings"] = _readings(made["rows"]) if len(made["header"]) == 4 else []
    elif made["kind"] == "tensor" and (made["text"] or math.prod(item["shape"]) > MOST_ENTRIES):
        made |= {"kind": "text", "text": f"a {made['dtype']} tensor of shape {made['shape']}"}
    if made["kind"] == "text":
        made["text"] = clipped(made["text"], MOST_TEXT)
    return made


def _readings(rows: list[list[str]]) -> list[Item]:
    """The options of a question, divided where it is read in another way and they start again.

    Every note of a reading then begins with the sentence that says how the question is read.
    """
    letters = [row[0] for row in rows]
    if len(set(letters)) == len(letters):
        return [{"words": "", "rows": rows}]
    readings: list[Item] = []
    for letter, statement, verdict, note in rows:
        words, _, rest = note.strip().partition(". ")
        words = words.rstrip(".")
        if not readings or readings[-1]["words"] != words:
            readings.append({"words": words, "rows": []})
        readings[-1]["rows"].append([letter, statement, verdict, rest])
    return readings


# Facts: the numbers in the prose


def facts(seen: Seen) -> dict[str, Any]:
    """Each fact by name, or None where the run did not record what it follows from."""
    found: dict[str, Any] = {}
    for fact in FACTS:
        try:
            value = fact(seen)
            # A number that JSON cannot hold is none that prose can tell.
            json.dumps(value, allow_nan=False)
        except (LookupError, ValueError, ArithmeticError, TypeError):
            value = None
        found[fact.__name__] = value
    return found


def confident(seen: Seen) -> Item:
    """1.1: δ at the largest confidence in the wrong class, with either loss."""
    series = seen["1.1"]["lines: δ of a confidently wrong network"]["series"]
    mse = series["softmax with MSE"][-1]
    cross_entropy = series["softmax with cross-entropy"][-1]
    return {"mse": mse, "cross_entropy": cross_entropy, "ratio": cross_entropy / mse}


def sparsity(seen: Seen) -> Item:
    """1.5: how many entries of the convolution's matrix are not zero, and how many differ."""
    rows = seen["1.5"]["heatmap: A convolution as a dense matrix"]["values"]
    entries = [value for row in rows for value in row if value != 0]
    return {
        "rows": len(rows),
        "columns": len(rows[0]),
        "entries": sum(map(len, rows)),
        "nonzero": len(entries),
        "per_row": max(sum(value != 0 for value in row) for row in rows),
        "different": len(set(entries)),
    }


def growth(seen: Seen) -> Item:
    """1.6: the first layer's parameters for the smallest and the largest image in the table."""
    rows = seen["1.6"]["table: Parameters of the first layer as the image grows"]["rows"]
    first, last = (int(str(rows[i][1]).replace(",", "")) for i in (0, -1))
    return {"from": rows[0][0], "to": rows[-1][0], "factor": last / first, "last": last}


def product(seen: Seen) -> Item:
    """2.1: one entry of A @ B, term by term, and how far rounding moved the product at all."""
    A, B, AB = (seen["2.1"][f"tensor: {name}"]["values"] for name in ("A", "B", "A @ B"))
    dtype, n = seen["2.1"]["tensor: A @ B"]["dtype"], len(B)
    u = UNIT_ROUNDOFF[dtype]
    gamma = n * u / (1 - n * u)
    entries = []
    for i, row in enumerate(A):
        for j in range(len(B[0])):
            # Fractions, because the exact product of two floats is not a float.
            terms = [Fraction(row[k]) * Fraction(B[k][j]) for k in range(n)]
            error = float(abs(Fraction(AB[i][j]) - sum(terms)))
            entries.append((error, gamma * float(sum(map(abs, terms)))))
    error, bound = max(entries, key=lambda entry: entry[0] / (entry[1] or 1.0))
    return {
        "terms": [[_short(A[0][k]), _short(B[k][0])] for k in range(n)],
        "entry": _short(AB[0][0]),
        "dtype": dtype,
        "n": n,
        "gamma": gamma,
        "error": error,
        "bound": bound,
        "within": error <= bound,
    }


def centre(seen: Seen) -> bool:
    """2.2: whether the block is that of rows 1–4 and columns 1–2 of x."""
    x, middle = (seen["2.2"][f"tensor: {name}"]["values"] for name in ("x", "the middle of x"))
    return middle == [row[1:3] for row in x[1:5]]


def row_sums(seen: Seen) -> list[str]:
    """2.3: the sum of each row of M."""
    return [_short(math.fsum(row)) for row in seen["2.3"]["tensor: M"]["values"]]


def layers(seen: Seen) -> Item:
    """2.4: how the gradient changes from layer to layer, for each network.

    ``factor`` is what one hidden layer multiplies the gradient by on its way to the input: the
    geometric mean between hidden layers of one shape, without the first and the last layer.
    """
    series = seen["2.4"]["lines: gradient of each layer"]["series"]
    if not series or not all(0 < value < math.inf for v in series.values() for value in v):
        raise ValueError("not positive")
    rows = {}
    for name, values in series.items():
        steps = len(values) - 3
        rows[name] = {
            "name": name,
            "first": values[0],
            "last": values[-1],
            "ratio": values[-1] / values[0],
            "factor": (values[1] / values[-2]) ** (1 / steps) if steps > 0 else None,
        }
    shallow, deep, he = map(series.get, ("ReLU, 2 hidden layers", "ReLU", "ReLU, He"))
    more = len(deep) - len(shallow) if deep and shallow else 0
    return {
        "rows": [*rows.values()],
        "sigmoid": rows.get("sigmoid"),
        "depth": more
        and {"more": more, "factor": deep[0] / shallow[0], "theory": 6 ** (-more / 2)},
        "he": he and deep and he[0] / deep[0],
    }


def training(seen: Seen) -> Item:
    """2.4: where each series of the figure on training begins and ends."""
    series = seen["2.4"]["lines: gradients while training"]["series"]
    return {
        "steps": max(map(len, series.values())),
        "series": [[name, values[0], values[-1]] for name, values in series.items()],
    }


def fit(seen: Seen) -> Item:
    """2.5: slope and intercept of each line, and of the least-squares line through the points.

    The loss mean((w·x + b − y)²) has the Hessian 2·[[mean x², mean x], [mean x, 1]]; gradient
    descent converges if and only if lr < 2/λ, λ its largest eigenvalue.
    """
    item = seen["2.5"]["scatter: data and line"]
    lines = []
    for name, (xs, ys) in item["lines"].items():
        slope = (ys[-1] - ys[0]) / (xs[-1] - xs[0])
        lines.append({"name": name, "slope": slope, "intercept": ys[0] - slope * xs[0]})
    if not lines:
        raise ValueError("no lines")
    ((xs, ys),) = item["points"].values()
    n = len(xs)
    mean_x, mean_y = math.fsum(xs) / n, math.fsum(ys) / n
    square = math.fsum(x * x for x in xs) / n
    spread = math.fsum((x - mean_x) ** 2 for x in xs)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    largest = (square + 1) + math.hypot(square - 1, 2 * mean_x)
    return {
        "lines": lines,
        "n": n,
        "slope": slope,
        "intercept": mean_y - slope * mean_x,
        "curvature": largest,
        "limit": 2 / largest,
    }


def loss(seen: Seen) -> Item:
    """2.5: the loss before the first epoch, after it, and at the end."""
    (values,) = seen["2.5"]["lines: loss"]["series"].values()
    return {"epochs": len(values), "first": values[0], "second": values[1], "last": values[-1]}


FACTS: tuple[Callable[[Seen], Any], ...] = (
    confident,
    sparsity,
    growth,
    product,
    centre,
    row_sums,
    layers,
    training,
    fit,
    loss,
)


def _short(value: float) -> str:
    return signed(f"{value:.4f}".rstrip("0").rstrip("."))

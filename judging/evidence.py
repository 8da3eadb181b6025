"""What a check saw and wants to show: one mechanism for the page and the PDF.

A check calls one of the words here with plain data. Where no report was asked for, nothing is kept
and nothing is computed: pass a function where the value costs something. Items are dicts that JSON
can hold; ``report`` turns them into tables, pictures and typeset mathematics.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor

_kept: list[dict[str, Any]] | None = None


@contextmanager
def recording() -> Iterator[list[dict[str, Any]]]:
    """Keep what is shown while the context lasts."""
    global _kept  # noqa: PLW0603 - one check runs at a time
    before, _kept = _kept, []
    try:
        yield _kept
    finally:
        _kept = before


def wanted() -> bool:
    """Whether anybody will look."""
    return _kept is not None


def _keep(kind: str, title: str, **content: Any) -> None:
    if _kept is not None:
        # A generated check shows its item for every case; the last one stands.
        _kept[:] = [item for item in _kept if (item["kind"], item["title"]) != (kind, title)]
        _kept.append({"kind": kind, "title": title, **content})


def show_text(title: str, text: str) -> None:
    """A sentence or a few lines as they were printed; what no file can hold is escaped."""
    _keep("text", title, text=text.encode(errors="backslashreplace").decode())


def show_tensor(title: str, value: Tensor) -> None:
    """A vector or matrix, entry by entry."""
    if _kept is not None:
        _keep(
            "tensor",
            title,
            values=value.detach().double().tolist(),
            shape=list(value.shape),
            dtype=str(value.dtype).removeprefix("torch."),
        )


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows of strings and numbers."""
    _keep("table", title, header=list(header), rows=[list(row) for row in rows])


def show_lines(
    title: str,
    series: Mapping[str, Sequence[float]],
    *,
    x: str,
    y: str,
    log: bool = False,
    at: Sequence[float] | None = None,
    panels: Mapping[str, Sequence[str]] | None = None,
    alt: str,
) -> None:
    """A figure of lines, each over ``at``, or over 1, 2, 3, …; alt says what is to be seen.

    ``panels`` spreads them over panels of one scale: the title of each, and the lines in it.
    """
    lines = {name: [float(v) for v in values] for name, values in series.items()}
    _keep("lines", title, series=lines, x=x, y=y, log=log, at=at, panels=panels, alt=alt)


def show_scatter(
    title: str,
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x: str,
    y: str,
    alt: str,
) -> None:
    """A figure of points with lines through them, each a pair of lists (x, y)."""
    _keep(
        "scatter",
        title,
        points={name: [list(p[0]), list(p[1])] for name, p in points.items()},
        lines={name: [list(p[0]), list(p[1])] for name, p in lines.items()},
        x=x,
        y=y,
        alt=alt,
    )


def show_images(
    title: str, images: Callable[[], Tensor], labels: Sequence[int], *, alt: str
) -> None:
    """Grey pictures, (N, H, W) of bytes 0…255, with a label each."""
    if _kept is not None:
        _keep("images", title, images=images().tolist(), labels=[*labels], alt=alt)


def show_matrix(title: str, value: Callable[[], Tensor], *, alt: str) -> None:
    """A matrix that is looked at rather than read: a heat map."""
    if _kept is not None:
        _keep("heatmap", title, values=value().detach().double().tolist(), alt=alt)

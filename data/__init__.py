"""The digits of exercise 2.4: MNIST itself where its files are, drawn digits where they are not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from data import drawn, idx

DATA = Path(__file__).resolve().parent
DRAWN = DATA / "drawn"

# Fashion-MNIST and its kin share MNIST's file names and sizes, but their test sets are balanced.
MNIST_SIZES = (60_000, 28, 28), (10_000, 28, 28)
MNIST_TEST_DIGITS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


class DataSet(NamedTuple):
    """`root` is what `torchvision.datasets.MNIST` takes; `name` is what results are shown with."""

    root: Path
    name: str


def available(root: Path | str | None = None) -> DataSet:
    """The data set in `root`, else MNIST in `data/`, else the drawn digits, made now if need be.

    Raises FileNotFoundError where `root` lacks any of MNIST's four files, ValueError where one of
    them is truncated, foreign, or does not match its pair, TypeError where `root` is no path.
    """
    if root is not None:
        return describe(root)
    if not idx.missing(DATA):
        return describe(DATA)
    drawn.make(DRAWN)
    return describe(DRAWN)


def describe(root: Path | str) -> DataSet:
    """Name the data set in `root` from its headers; makes nothing, and raises as `available`."""
    if not isinstance(root, (str, os.PathLike)):
        raise TypeError(f"root must be a path or a string, not {type(root).__name__}: {root!r}")
    root = Path(root)
    raw = idx.raw_folder(root)
    if missing := idx.missing(root):
        raise FileNotFoundError(
            f"no data set in {raw}: it lacks {', '.join(missing)}. Two ways to get one: "
            f"`python -m data` draws digits into {DRAWN}, without a network; "
            f"`python -m data --download` fetches MNIST into {DATA}."
        )
    sizes = [idx.split_sizes(root, split) for split in idx.FILES]
    train, test = sizes[0][0], sizes[1][0]
    if (raw / idx.MARKER).exists():
        name = f"drawn digits ({train:,} train, {test:,} test; not MNIST)"
    elif tuple(sizes) == MNIST_SIZES and idx.digit_counts(root, "test") == MNIST_TEST_DIGITS:
        name = f"MNIST ({train:,} train, {test:,} test)"
    else:
        name = f"MNIST-format files ({train:,} train, {test:,} test)"
    return DataSet(root, name)

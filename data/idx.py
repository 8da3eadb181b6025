"""MNIST's file format, IDX: a magic number, big-endian sizes, then one byte a pixel or a label."""

from __future__ import annotations

import math
import os
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
NAMES = [name for pair in FILES.values() for name in pair]
MARKER = "NOT-MNIST.txt"


def raw_folder(root: Path | str) -> Path:
    """Where `torchvision.datasets.MNIST(root)` looks for its four files."""
    return Path(root) / "MNIST" / "raw"


def missing(root: Path | str) -> list[str]:
    """Which of MNIST's four files `root` lacks, by name."""
    return [name for name in NAMES if not (raw_folder(root) / name).is_file()]


def sizes(path: Path | str) -> tuple[int, ...]:
    """The shape of what an IDX file holds, from its header: (N, H, W) or (N,).

    Raises ValueError where the file is no IDX file of bytes or not as long as its header says.
    """
    with Path(path).open("rb") as file:
        header, length = file.read(16), os.fstat(file.fileno()).st_size
    dimensions = header[3] if header[:3] == b"\0\0\x08" and len(header) > 3 else 0
    start = 4 + 4 * dimensions
    if dimensions not in (1, 3) or len(header) < start:
        raise ValueError(f"{path} is no IDX file of images or labels: it begins {header[:4]!r}")
    shape = struct.unpack_from(f">{dimensions}I", header, 4)
    if length != start + math.prod(shape):
        raise ValueError(
            f"{path} is damaged: its header promises {start + math.prod(shape):,} bytes, "
            f"it has {length:,}"
        )
    return shape


def count(path: Path | str) -> int:
    """How many images or labels the file holds. Reads the header only; raises as `sizes`."""
    return sizes(path)[0]


def split_sizes(root: Path | str, split: str) -> tuple[int, ...]:
    """The shape (N, H, W) of the images of "train" or "test" in `root`, which have N labels.

    Raises ValueError as `sizes`, or where the two files do not match.
    """
    images, labels = (raw_folder(root) / name for name in FILES[split])
    shape = sizes(images)
    if len(shape) != 3 or sizes(labels) != shape[:1]:
        raise ValueError(
            f"{images} and {labels.name} must hold images (N, H, W) and labels (N,), "
            f"not {shape} and {sizes(labels)}"
        )
    return shape


def digit_counts(root: Path | str, split: str) -> list[int]:
    """How many labels of `split` ("train" or "test") are 0, 1, ... 9."""
    labels = (raw_folder(root) / FILES[split][1]).read_bytes()[8:]
    return [labels.count(digit) for digit in range(10)]


def read_dataset(root: Path | str, split: str) -> tuple[Tensor, Tensor]:
    """The images (N, H, W) and the labels (N,) of "train" or "test" in `root`, uint8.

    Raises FileNotFoundError where there is no such file, ValueError as `split_sizes`.
    """
    import numpy
    import torch

    shape = split_sizes(root, split)
    images, labels = ((raw_folder(root) / name).read_bytes() for name in FILES[split])
    # The header has four bytes, and four for each dimension.
    return (
        torch.from_numpy(numpy.frombuffer(images, numpy.uint8)[16:].reshape(shape).copy()),
        torch.from_numpy(numpy.frombuffer(labels, numpy.uint8)[8:].reshape(shape[:1]).copy()),
    )


def write_images(path: Path | str, images: Tensor) -> None:
    """Write a uint8 tensor (N, H, W); TypeError or ValueError for anything else."""
    _check("images", images, dimensions=3)
    _write(Path(path), images)


def write_labels(path: Path | str, labels: Tensor) -> None:
    """Write a uint8 tensor (N,) of digits 0-9; TypeError or ValueError for anything else."""
    _check("labels", labels, dimensions=1)
    _write(Path(path), labels)


def write_dataset(
    root: Path | str,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    marker: str | None = None,
) -> None:
    """Make `root` a folder that `torchvision.datasets.MNIST(root)` reads: all four files or none.

    `train` and `test` are (images, labels) as `write_images` and `write_labels` take them.
    `marker` is the text of a file beside them that says they are not MNIST.
    Raises FileExistsError where `root` has such a folder already, and leaves that as it is.
    """
    splits = {"train": train, "test": test}
    for split, (images, labels) in splits.items():
        _check(f"{split} images", images, dimensions=3)
        _check(f"{split} labels", labels, dimensions=1)
        if len(images) != len(labels):
            raise ValueError(
                f"{split} must have as many labels as images, not "
                f"{len(labels)} labels for {len(images)} images"
            )
    raw = raw_folder(root)
    raw.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=raw.parent) as beside:
        # One level down: the temporary folder itself is closed to other users, and would stay so.
        staged = Path(beside) / "raw"
        staged.mkdir()
        for split, (images, labels) in splits.items():
            write_images(staged / FILES[split][0], images)
            write_labels(staged / FILES[split][1], labels)
        if marker is not None:
            (staged / MARKER).write_text(marker, encoding="utf-8")
        try:
            staged.rename(raw)
        except OSError:
            if raw.exists():
                raise FileExistsError(f"{raw} is there already") from None
            raise


def _check(name: str, tensor: Tensor, dimensions: int) -> None:
    import torch

    shape = {3: "(N, H, W)", 1: "(N,)"}[dimensions]
    if not isinstance(tensor, torch.Tensor) or tensor.dtype != torch.uint8:
        given = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise TypeError(f"{name} must be a torch.uint8 tensor {shape}, not {given}")
    if tensor.ndim != dimensions or tensor.numel() == 0:
        raise ValueError(f"{name} must have shape {shape}, none empty, not {tuple(tensor.shape)}")
    if dimensions == 1 and tensor.max() > 9:
        raise ValueError(f"{name} must be digits 0-9, not {tensor.max().item()}")


def _write(path: Path, tensor: Tensor) -> None:
    header = struct.pack(f">HBB{tensor.ndim}I", 0, 8, tensor.ndim, *tensor.shape)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            file.write(header + tensor.cpu().numpy().tobytes())
            file.flush()
            # A rename can reach the disk before the bytes do: half a file after a power cut.
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

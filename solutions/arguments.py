"""What the functions of this package accept, said once.

Each function here takes its subjects by name, as in ``matrix(A=A, B=B)``, and refuses the first
that does not fit with a ``TypeError`` or ``ValueError`` naming it, what it is, and what it must be.
"""

from typing import Any

import torch
from torch import Tensor


def tensor(**named: Any) -> None:
    """Each is a non-empty ``torch.Tensor``."""
    for name, value in named.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, but is a {type(value).__name__}")
        if value.numel() == 0:
            raise ValueError(f"{name} must not be empty, but has shape {tuple(value.shape)}")


def matrix(**named: Any) -> None:
    """Each is a tensor of two dimensions."""
    tensor(**named)
    for name, value in named.items():
        if value.dim() != 2:
            raise ValueError(
                f"{name} must be a matrix (two dimensions), but has shape {tuple(value.shape)}"
            )


def floating(**named: Any) -> None:
    """Each is a tensor of real numbers in floating point, so that a gradient exists."""
    tensor(**named)
    for name, value in named.items():
        if not value.is_floating_point():
            raise TypeError(
                f"{name} must have a floating-point dtype, for only real numbers have a gradient, "
                f"but has {value.dtype}"
            )


def alike(**named: Any) -> None:
    """All have one shape and one dtype."""
    tensor(**named)
    (first, model), *others = named.items()
    for name, value in others:
        if value.shape != model.shape:
            raise ValueError(
                f"{name} must have the shape of {first}, {tuple(model.shape)}, "
                f"but has shape {tuple(value.shape)}"
            )
        if value.dtype != model.dtype:
            raise TypeError(
                f"{name} must have the dtype of {first}, {model.dtype}, but has {value.dtype}"
            )


def scores(**named: Any) -> None:
    """All are (K,) or (N, K), floating point, of one shape and dtype."""
    floating(**named)
    alike(**named)
    for name, value in named.items():
        if value.dim() not in (1, 2):
            raise ValueError(
                f"{name} must have shape (K,) or (N, K), but has shape {tuple(value.shape)}"
            )


def count(**named: Any) -> None:
    """Each is an integer of at least 1."""
    for name, value in named.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, but is a {type(value).__name__}: {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, but is {value}")


def positive(**named: Any) -> None:
    """Each is a finite real number greater than 0."""
    for name, value in named.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{name} must be a number, but is a {type(value).__name__}: {value!r}")
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be positive and finite, but is {value}")


def batch(images: Any, labels: Any) -> None:
    """Images (N, 1, 28, 28) in floating point with labels (N,), int64, each from 0 to 9."""
    floating(images=images)
    tensor(labels=labels)
    if images.dim() != 4 or images.shape[1:] != (1, 28, 28):
        raise ValueError(f"images must have shape (N, 1, 28, 28), but has {tuple(images.shape)}")
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(images)},), one for each image, "
            f"but has {tuple(labels.shape)}"
        )
    if labels.dtype != torch.int64:
        raise TypeError(f"labels must have dtype torch.int64, but has {labels.dtype}")
    if labels.min() < 0 or labels.max() > 9:
        raise ValueError(
            f"labels must lie from 0 to 9, but reach from {labels.min()} to {labels.max()}"
        )

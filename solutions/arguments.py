"""What the functions of this package accept, said once.

Each function here takes its subjects by name, as in ``matrix(A=A, B=B)``, and refuses the first
that does not fit with a ``TypeError`` or ``ValueError`` naming it, what it is, and what it must be.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from reprlib import repr as brief
from typing import Any

import torch
from torch import Tensor, nn

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
NUMBERS = (*FLOATS, *INTEGERS, torch.complex64, torch.complex128)
"""The dtypes with which torch computes everywhere; bool and its newest dtypes lack operations."""


def instance(kind: type | tuple[type, ...], what: str, **named: Any) -> None:
    """Each is of that kind, which the message calls ``what``. True and False are no numbers."""
    for name, value in named.items():
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            words = " ".join(brief(value).split())
            raise TypeError(
                f"{name} must be {what}, but is of type {type(value).__name__}: {words}"
            )


# Tensors


def tensor(**named: Any) -> None:
    """Each is a ``torch.Tensor``, dense and not empty."""
    instance(Tensor, "a torch.Tensor", **named)
    for name, value in named.items():
        if value.layout != torch.strided:
            raise TypeError(f"{name} must be a dense tensor, but has layout {value.layout}")
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


def numeric(**named: Any) -> None:
    """Each is a tensor of numbers, which can be added and multiplied."""
    tensor(**named)
    for name, value in named.items():
        if value.dtype not in NUMBERS:
            raise TypeError(f"{name} must have a dtype of numbers, but has {value.dtype}")


def floating(**named: Any) -> None:
    """Each is a tensor of real numbers in floating point, so that a gradient exists."""
    tensor(**named)
    for name, value in named.items():
        if value.dtype not in FLOATS:
            raise TypeError(
                f"{name} must have a floating-point dtype, for only real numbers have a gradient, "
                f"but has {value.dtype}"
            )


def akin(**named: Any) -> None:
    """All have one dtype and one device."""
    tensor(**named)
    (first, model), *others = named.items()
    for name, value in others:
        if value.dtype != model.dtype:
            raise TypeError(
                f"{name} must have the dtype of {first}, {model.dtype}, but has {value.dtype}"
            )
        if value.device != model.device:
            raise ValueError(
                f"{name} must be on the device of {first}, {model.device}, but is on {value.device}"
            )


def alike(**named: Any) -> None:
    """All have one shape, one dtype and one device."""
    tensor(**named)
    (first, model), *others = named.items()
    for name, value in others:
        if value.shape != model.shape:
            raise ValueError(
                f"{name} must have the shape of {first}, {tuple(model.shape)}, "
                f"but has shape {tuple(value.shape)}"
            )
    akin(**named)


def scores(**named: Any) -> None:
    """All are (K,) or (N, K), floating point, of one shape and dtype."""
    floating(**named)
    for name, value in named.items():
        if value.dim() not in (1, 2):
            raise ValueError(
                f"{name} must have shape (K,) or (N, K), but has shape {tuple(value.shape)}"
            )
    alike(**named)


def distribution(**named: Any) -> None:
    """Along the last dimension each is not negative and sums to 1, give or take a hundredth."""
    tensor(**named)
    for name, value in named.items():
        if not (value >= 0).all():
            raise ValueError(f"{name} must not be negative, but reaches down to {value.min():g}")
        sums = value.detach().double().sum(dim=-1).flatten()
        furthest = sums[(sums - 1).abs().argmax()]
        if not abs(furthest - 1) <= 0.01:
            raise ValueError(
                f"{name} must sum to 1 along its last dimension, but sums to {furthest:g}"
            )


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
    if labels.device != images.device:
        raise ValueError(
            f"labels must be on the device of images, {images.device}, but is on {labels.device}"
        )
    if labels.min() < 0 or labels.max() > 9:
        raise ValueError(
            f"labels must lie from 0 to 9, but reach from {labels.min()} to {labels.max()}"
        )


# Models


def module(**named: Any) -> None:
    """Each is a ``torch.nn.Module``: an instance, not a class."""
    instance(nn.Module, "a torch.nn.Module", **named)


def trainable(**named: Any) -> None:
    """Each is a module with a parameter that can learn."""
    module(**named)
    for name, value in named.items():
        if not any(parameter.requires_grad for parameter in value.parameters()):
            raise ValueError(f"{name} must have a parameter that requires a gradient, but has none")


def suited(model: nn.Module, **named: Any) -> None:
    """Each tensor has a dtype and a device that the model's parameters have."""
    for trait in ("dtype", "device"):
        known = {getattr(parameter, trait) for parameter in model.parameters()}
        for name, value in named.items():
            given = getattr(value, trait)
            if known and given not in known:
                error = TypeError if trait == "dtype" else ValueError
                raise error(
                    f"{name} must have the {trait} of the model, "
                    f"{' or '.join(map(str, known))}, but has {given}"
                )


# Numbers, words and the rest


def count(**named: Any) -> None:
    """Each is an integer of at least 1."""
    instance(int, "an int", **named)
    for name, value in named.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, but is {value}")


def counts(**named: Any) -> None:
    """Each is a sequence, empty or not, of integers of at least 1."""
    instance(Sequence, "a sequence of ints", **named)
    for name, value in named.items():
        count(**{f"{name}[{index}]": entry for index, entry in enumerate(value)})


def number(**named: Any) -> None:
    """Each is a finite real number, of a size that every dtype of a model can take."""
    instance((int, float), "a number", **named)
    for name, value in named.items():
        if not abs(value) < 2.0**63:
            raise ValueError(f"{name} must be finite and smaller than 2**63, but is {value}")


def positive(**named: Any) -> None:
    """Each is a number greater than 0."""
    number(**named)
    for name, value in named.items():
        if value <= 0:
            raise ValueError(f"{name} must be positive, but is {value}")


def flag(**named: Any) -> None:
    """Each is True or False, not something that counts as true or false."""
    instance(bool, "True or False", **named)


def choice(options: Collection[str], **named: Any) -> None:
    """Each is one of the words."""
    instance(str, f"one of {[*options]}", **named)
    for name, value in named.items():
        if value not in options:
            raise ValueError(f"{name} must be one of {[*options]}, but is {brief(value)}")


def pair(**named: Any) -> None:
    """Each is a tuple or list of two."""
    instance((tuple, list), "a pair", **named)
    for name, value in named.items():
        if len(value) != 2:
            raise ValueError(f"{name} must be a pair, but has {len(value)} entries: {brief(value)}")


def mapping(**named: Any) -> None:
    """Each maps at least one key to something."""
    instance(Mapping, "a mapping", **named)
    for name, value in named.items():
        if not value:
            raise ValueError(f"{name} must hold at least one entry, but is empty")


def iterable(**named: Any) -> None:
    """Each can be gone through with a for loop."""
    instance(Iterable, "an iterable", **named)


def generator(**named: Any) -> None:
    """Each is a ``torch.Generator``, or None for torch's own."""
    instance((torch.Generator, type(None)), "a torch.Generator or None", **named)


def path(**named: Any) -> None:
    """Each is the path of a file or folder, which need not be there."""
    instance((str, os.PathLike), "a str or a path", **named)
    for name, value in named.items():
        if not os.fspath(value) or "\0" in os.fspath(value):
            raise ValueError(f"{name} must name a file or folder, but is {value!r}")

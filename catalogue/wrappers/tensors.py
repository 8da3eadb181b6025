"""What wrappers have in common: which functions take tensors, and how to change all of a result."""

from torch import Tensor

GIVEN = (
    "softmax_mse_delta",
    "sigmoid_layer_delta",
    "euclidean_delta",
    "softmax_cross_entropy_delta",
    "convolution_matrix",
    "arithmetic",
    "flatten",
    "middle",
    "gradient",
)
"""The functions of sections 1 to 2.3 that are given tensors, and return others."""

PLACED = ("flatten", "middle")
"""Those that move entries, and compute none."""

COUNTS = ("convolution_parameter_count", "dense_parameter_count")
"""Those that count."""

DRAWN = ("random_matrices",)
"""Those that draw."""

NO_TENSORS = "it is given no tensors of numbers, or is judged by what its networks do with them"


def mapped(change, value):
    """The value with a change made to each tensor in it."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        entries = [mapped(change, entry) for entry in value]
        return type(value)(*entries) if hasattr(value, "_fields") else tuple(entries)
    return value

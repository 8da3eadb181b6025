"""What is asked of work as it is handed in, a notebook or a script: the parts of each exercise.

A part is something that such work computes and shows. An exercise's points are shared evenly by its
parts, as they are by its functions where it is handed in as functions.
"""

from typing import NamedTuple


class Part(NamedTuple):
    """A part of an exercise: its name, and the claim that is judged."""

    name: str
    claim: str


_LETTERS = Part("letters", "The letters of the right options stand somewhere in what is handed in.")

PARTS: dict[str, tuple[Part, ...]] = {
    **{f"1.{number}": (_LETTERS,) for number in range(1, 6)},
    "1.6": (Part("prose", "Two weaknesses of the MLP on images are named."),),
    "2.1": (
        Part("random", "A and B are random, (5, 5), of one dtype, and differ from each other."),
        Part("zeros", "A zero tensor has the shape and the dtype of A."),
        Part("sum", "A + B is shown."),
        Part("difference", "A − B is shown."),
        Part("product", "The product of A and B, element by element, is shown."),
        Part("matmul", "The matrix product A @ B is shown."),
    ),
    "2.2": (
        Part("flatten", "A random (6, 4) tensor is shown as (24,), row by row."),
        Part("middle", "Rows 1 to 4, columns 1 and 2, of the (6, 4) tensor are shown."),
    ),
    "2.3": (
        Part("gradient", "The gradient of Σ(X @ M) for a leaf X of (3, 3) is shown: ones @ Mᵀ."),
    ),
    "2.4": (
        Part("data", "MNIST is loaded with torchvision, through transforms."),
        Part("gradients", "A size of the gradient is taken for each layer, as backward left it."),
        Part("picture", "A figure compares the layers by these numbers."),
        Part("changes", "Two or more settings of the network or of its training are compared."),
    ),
    "2.5": (
        Part("model", "A Module of its own consists of one Linear(1, 1)."),
        Part("step", "Forward, mean squared error, backward and a step of SGD change the weights."),
        Part("save", "The weights are saved in a file after that step."),
        Part("load", "They are loaded into a new model, equal bit for bit."),
        Part("apply", "The loaded model is applied to data, and its result is shown."),
    ),
}
"""Exercise → its parts, in the order in which they are told."""

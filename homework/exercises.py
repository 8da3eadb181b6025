"""The homework's exercises: what each asks, its points, and the functions that answer it."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Exercise:
    """One exercise. Its points are shared evenly by its parts, each a function of the contract.

    A part earns its share when every one of its checks passes: a skipped check, or one that did
    not run, earns nothing. The report has no part, for only a reader can judge it.
    """

    number: str
    title: str
    points: Fraction
    asked: str
    module: str
    parts: tuple[str, ...]


def _questions(*rows: tuple[str, str, str, tuple[str, ...]]) -> list[Exercise]:
    return [
        Exercise(number, title, Fraction(1, 2), asked, "objective_questions", ("answers", *parts))
        for number, title, asked, parts in rows
    ]


EXERCISES: dict[str, Exercise] = {
    exercise.number: exercise
    for exercise in [
        *_questions(
            (
                "1.1",
                "Softmax with the mean squared error",
                "May a network that ends in a softmax be trained on the mean squared error? "
                "A: yes, B: no.",
                ("softmax_mse_delta",),
            ),
            (
                "1.2",
                "Backpropagation through a sigmoid layer",
                "Layer l applies the sigmoid f to each element of y^(l-1). Does δ go back as "
                "δ^(l-1) = δ^(l) ⊙ f'(y^(l-1))? A: yes, B: no.",
                ("sigmoid_layer_delta",),
            ),
            (
                "1.3",
                "δ of the Euclidean loss",
                "With E = ½‖y^(L) − t‖², which holds? A: δ^(L) = y^(L) − t, "
                "B: δ^(L-1) = y^(L) − t, C: δ^(L-1) = (y^(L) − t) ⊙ f'(y^(L-1)).",
                ("euclidean_delta",),
            ),
            (
                "1.4",
                "δ of softmax with cross-entropy",
                "With E = −Σ t ln f, f the softmax at the output, which holds? "
                "A: δ^(L) = y^(L) − t, B: δ^(L-1) = y^(L) − t, "
                "C: δ^(L-1) = (y^(L) − t) ⊙ f'(y^(L-1)).",
                ("softmax_cross_entropy_delta",),
            ),
            (
                "1.5",
                "What makes a layer convolutional",
                "Which two properties set a convolutional layer apart from a fully connected one? "
                "A: it is faster, B: it connects locally, C: it has feature maps, "
                "D: it shares weights.",
                ("convolution_matrix", "convolution_parameter_count"),
            ),
            (
                "1.6",
                "Where the MLP falls short on images",
                "Name two or more weaknesses of a multilayer perceptron as a classifier of images.",
                ("dense_parameter_count",),
            ),
        ),
        Exercise(
            "2.1",
            "Tensor operations 1",
            Fraction(1),
            "Fill A and B, both (5, 5), at random; make a zero tensor C like them; print A + B, "
            "A − B, the product element by element and the matrix product.",
            "tensor_operations",
            ("random_matrices", "arithmetic"),
        ),
        Exercise(
            "2.2",
            "Tensor operations 2",
            Fraction(1),
            "Fill a (6, 4) tensor at random; print it reshaped to (24,), and print the (4, 2) "
            "block at its centre.",
            "tensor_operations",
            ("flatten", "middle"),
        ),
        Exercise(
            "2.3",
            "Autograd",
            Fraction(1),
            "Multiply a (3, 3) tensor that requires a gradient by the given matrix M, sum the "
            "result, and print the gradient of the sum with respect to the tensor.",
            "autograd",
            ("gradient",),
        ),
        Exercise(
            "2.4",
            "Observing gradients",
            Fraction(1),
            "Load MNIST with torchvision and its transforms, compare the gradients of a network's "
            "layers in a picture, and watch what changes with the network's parameters.",
            "gradient_comparison",
            ("mnist", "MLP", "layer_gradients", "train", "compare", "plot"),
        ),
        Exercise(
            "2.5",
            "Linear regression",
            Fraction(2),
            "Write a module with one linear layer from one input to one output; on random data "
            "run forward, the mean squared error, backward and one SGD step; save the weights, "
            "load them into a new model, and apply it.",
            "linear_regression",
            ("LinearRegression", "random_data", "train_epoch", "save_weights", "load_weights"),
        ),
        Exercise(
            "Report",
            "The report",
            Fraction(1),
            "Hand in a report as a PDF.",
            "",
            (),
        ),
    ]
}

MODULES: tuple[str, ...] = tuple(
    dict.fromkeys(exercise.module for exercise in EXERCISES.values() if exercise.module)
)
"""The modules of the contract, in the homework's order."""


def points(value: Fraction) -> str:
    """Points with no more decimals than they need, at most two: 2, 0.5, 0.83.

    Rounded down: what was not earned in full never looks as if it were.
    """
    return f"{value * 100 // 1 / 100:.2f}".rstrip("0").rstrip(".")

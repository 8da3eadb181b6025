"""Section 1: the letters against autograd, the formulas against derivations, the prose.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import re
from collections.abc import Iterator

import torch
from torch import Tensor

from judging.answers import Answers
from judging.checks import check
from judging.choices import Draw, composite, integers, sampled_from
from judging.evidence import show_lines, show_matrix, show_table, show_text, wanted
from judging.options import QUESTIONS, accepted, expected
from judging.oracles import gamma, softmax, softmax_error, unit_roundoff
from judging.prose import IDEAS, read
from judging.strategies import (
    alike,
    alike_or_more,
    floats,
    in_each_dtype,
    lattice,
    layouts,
    lengths,
    magnitudes,
    scores_and_targets,
    scores_or_more,
    seeded,
    seeds,
)
from judging.verdict import (
    ForReader,
    Wrong,
    holds,
    line,
    same_number,
    shown,
    undefined,
    within,
    wrong,
)


def answer(solutions: Answers, question: str) -> str:
    """The answer to one question, or Wrong."""
    answers = solutions.objective_questions.answers()
    if not isinstance(answers, dict):
        wrong(answers, 'a dict from "1.1" … "1.6" to the answers')
    if not isinstance(answers.get(question), str):
        wrong(answers.get(question), f'a string under the key "{question}"')
    given = answers[question]
    holds(
        len(given) <= LONGEST_ANSWER,
        f"answered question {question} with {len(given):,} characters",
        f"at most {LONGEST_ANSWER:,}",
    )
    show_text("answer", given)
    return given


LONGEST_ANSWER = 10_000
"""Characters of an answer, prose included."""


def judge_letters(solutions: Answers, question: str) -> None:
    """The letters are those that autograd confirms, under a reading of the question."""
    if wanted():
        show_options(question)
    given = answer(solutions, question)
    if not re.fullmatch(r"[\s,;&+./()]*([A-Da-d][\s,;&+./()]*)+", given):
        wrong(given, f'the letters of the right options alone, as in "AB": question {question}')
    letters = "".join(sorted(set(re.findall(r"[A-D]", given.upper()))))
    if letters not in accepted(question):
        raise Wrong(f'answered "{line(given)}" to question {question}', expected(question, letters))


def show_options(question: str) -> None:
    """Record how each option was decided, reading by reading."""
    show_table(
        "Each option, decided",
        ["option", "statement", "verdict", "note"],
        [
            [
                option.letter,
                option.statement,
                "holds" if case is None else "fails",
                (f"{reading.words} " if len(QUESTIONS[question]) > 1 else "") + (case or ""),
            ]
            for reading in QUESTIONS[question]
            for option, case in zip(
                reading.options, reading.counterexamples().values(), strict=True
            )
        ],
    )


@check("1.1", "answers")
def test_letters_of_1_1(solutions: Answers) -> None:
    """Softmax and the mean squared error work together: the error falls along −δ."""
    judge_letters(solutions, "1.1")
    if wanted():
        confidence = torch.arange(0.0, 12.5, 0.5, dtype=torch.float64)
        wrong_scores = torch.stack((-confidence / 2, confidence / 2), dim=1)
        t = torch.tensor([1.0, 0.0], dtype=torch.float64)
        s = softmax(wrong_scores)
        g = s - t
        mse = s * (g - (g * s).sum(dim=1, keepdim=True))
        show_lines(
            "δ of a confidently wrong network",
            {
                "softmax with MSE": mse[:, 0].abs().tolist(),
                "softmax with cross-entropy": (s - t)[:, 0].abs().tolist(),
            },
            x="score of the wrong class above the right one",
            at=confidence.tolist(),
            y="|δ| of the right class",
            log=True,
            alt="With growing confidence in the wrong class, the delta of the mean squared error "
            "falls towards zero while that of cross-entropy rises to one.",
        )


@check("1.2", "answers")
def test_letters_of_1_2(solutions: Answers) -> None:
    """δ goes back through a sigmoid layer as δ ⊙ f'(y^(l-1))."""
    judge_letters(solutions, "1.2")


@check("1.3", "answers")
def test_letters_of_1_3(solutions: Answers) -> None:
    """δ^(L) = y^(L) − t always; the form with f' only where layer L is an activation."""
    judge_letters(solutions, "1.3")


@check("1.4", "answers")
def test_letters_of_1_4(solutions: Answers) -> None:
    """δ^(L-1) = y^(L) − t, one layer before the softmax output."""
    judge_letters(solutions, "1.4")


@check("1.5", "answers")
def test_letters_of_1_5(solutions: Answers) -> None:
    """Local connection and weight sharing hold for every convolution; the others do not."""
    judge_letters(solutions, "1.5")


@check("1.6", "answers")
def test_prose_of_1_6_names_two_shortcomings(solutions: Answers) -> None:
    """The answer names two different shortcomings of the MLP, as far as words can tell."""
    prose = answer(solutions, "1.6")
    reading = read(prose)
    if wanted():
        rows = []
        for side in (28, 64, 224):
            dense = 3 * side * side * 100 + 100
            rows.append([f"{side} × {side} × 3", f"{dense:,}", f"{100 * 3 * 9 + 100:,}"])
        show_table(
            "Parameters of the first layer as the image grows",
            ["image", "100 fully connected units", "100 maps of 3 × 3 kernels"],
            rows,
        )
    so_far = "; ".join(IDEAS[idea] for idea in reading.ideas)
    if reading.verdict == "for a reader":
        raise ForReader(
            f"the prose of 1.6 is for a human reader: {reading.because}. A reader will look for "
            "two or more shortcomings that differ, each said of the MLP"
            + (f"; there are words on {so_far}" if so_far else "")
        )
    holds(
        reading.verdict == "right",
        f"answered {shown(prose)}, which {reading.because}",
        f"two or more shortcomings of the MLP, such as {'; '.join(IDEAS.values())}",
    )


def judge_softmax_mse_delta(solutions: Answers, y: Tensor, t: Tensor) -> None:
    s, n = softmax(y), y.numel()
    g = 2 * (s - t.double()) / n
    # Four terms |s||g| of size at most 2/n each, through a softmax, K products and a sum of K.
    bound = softmax_error(y, 2 * y.shape[-1] + 8) * 4 * s * (2 / n)
    within(
        solutions.objective_questions.softmax_mse_delta(y, t),
        s * (g - (g * s).sum(dim=-1, keepdim=True)),
        bound + torch.finfo(y.dtype).tiny,
        "s ⊙ (g − Σ g ⊙ s), where s = softmax(y), g = 2(s − t)/n and n counts all elements",
        y.dtype,
    )


@check("1.1", "softmax_mse_delta", pair=scores_or_more())
def test_softmax_mse_delta_is_the_gradient(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """δ = s ⊙ (g − Σ g ⊙ s) with s = softmax(y), g = 2(s − t)/n, n the number of elements."""
    for y, t in in_each_dtype(*pair):
        judge_softmax_mse_delta(solutions, y, t)


def long_scores(sizes: tuple[int, int], seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """y and t of many examples, of many classes, and one long vector; the longest in float64."""
    generator = torch.Generator().manual_seed(seed)
    for size, dtype in zip(sizes, (torch.float32, torch.float64), strict=True):
        for shape in ((size, 3), (2, size), (size,), (129, 65)):
            t = seeded(shape, generator, -8, 0).abs()
            t = t / t.sum(dim=-1, keepdim=True)
            yield seeded(shape, generator, -8, 5).to(dtype), t.to(dtype)


@check("1.1", "softmax_mse_delta", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_softmax_mse_delta_of_many_examples_or_classes(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """The formula holds for any number of examples and of classes."""
    for y, t in long_scores(sizes, seed):
        judge_softmax_mse_delta(solutions, y, t)


@check("1.1", "softmax_mse_delta", pair=scores_and_targets(), shift=integers(-4, 4))
def test_softmax_mse_delta_does_not_depend_on_a_common_shift(
    solutions: Answers, pair: tuple[Tensor, Tensor], shift: int
) -> None:
    """Softmax forgets what is added to all scores, so each row of δ sums to 0."""
    y, t = pair
    delta = solutions.objective_questions.softmax_mse_delta(y + shift, t)
    holds(
        isinstance(delta, Tensor) and delta.shape == y.shape,
        f"returned {shown(delta)}",
        f"a tensor of the shape of y, {tuple(y.shape)}",
    )
    # K terms of size at most 4/n·s, and Σ s = 1.
    error = softmax_error(y + shift, 3 * y.shape[-1] + 8).amax(dim=-1)
    within(
        delta.double().sum(dim=-1),
        torch.zeros(y.shape[:-1], dtype=torch.float64),
        error * 16 / y.numel() + torch.finfo(y.dtype).tiny * y.shape[-1],
        "the sum of δ over the classes, for the error does not change when all scores rise",
        torch.float64,
    )


def with_a_nan(x: Tensor) -> Tensor:
    """A copy of x whose first entry is NaN."""
    x = x.clone()
    x[(0,) * x.dim()] = torch.nan
    return x


@check("1.1", "softmax_mse_delta", cost=25, enough=1, pair=scores_and_targets())
def test_softmax_mse_delta_hides_no_nan(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """Where a score is NaN, the softmax of its example is undefined, and so is δ."""
    y, t = with_a_nan(pair[0]), pair[1]
    undefined(
        solutions.objective_questions.softmax_mse_delta(y, t),
        y.isnan().any(dim=-1, keepdim=True).expand(y.shape),
        "the softmax of scores of which one is NaN",
    )


def judge_sigmoid_layer_delta(solutions: Answers, delta: Tensor, y: Tensor) -> None:
    f = torch.sigmoid(y.double())
    # f and 1 − f are at most 1 and known to within 4u each, the two products to within u each.
    bound = 16 * unit_roundoff(y.dtype) * delta.double().abs()
    within(
        solutions.objective_questions.sigmoid_layer_delta(delta, y),
        delta.double() * f * (1 - f),
        bound + torch.finfo(y.dtype).tiny,
        "δ ⊙ f(y)(1 − f(y)), the derivative of the sigmoid at the layer's input y",
        y.dtype,
    )


@check("1.2", "sigmoid_layer_delta", pair=alike_or_more(100))
def test_sigmoid_layer_delta_is_the_chain_rule(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """δ^(l-1) = δ^(l) ⊙ f(y)(1 − f(y)) at the layer's input y = y^(l-1)."""
    for delta, y in in_each_dtype(*pair):
        judge_sigmoid_layer_delta(solutions, delta, y)


def long_pairs(sizes: tuple[int, int], seed: int, most: float) -> Iterator[tuple[Tensor, Tensor]]:
    """Two tensors of one shape up to 2^7 and 2^most, one dimension long; the longest: float64."""
    generator = torch.Generator().manual_seed(seed)
    for size, dtype in zip(sizes, (torch.float32, torch.float64), strict=True):
        for shape in ((size,), (size, 3), (2, size)):
            one, other = seeded(shape, generator, -7, 7), seeded(shape, generator, -7, most)
            yield one.to(dtype), other.to(dtype)


@check("1.2", "sigmoid_layer_delta", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_sigmoid_layer_delta_of_many_units(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """The formula holds for layers and batches of any size."""
    for delta, y in long_pairs(sizes, seed, 5.3):
        judge_sigmoid_layer_delta(solutions, delta, y)


@check("1.2", "sigmoid_layer_delta", pair=alike())
def test_sigmoid_layer_delta_never_grows_beyond_a_quarter(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """|δ^(l-1)| ≤ |δ^(l)|/4 with the same sign: f' lies between 0 and f'(0) = 1/4."""
    delta, y = pair
    back = solutions.objective_questions.sigmoid_layer_delta(delta, y)
    # Three roundings of a product that the theory bounds by 1/4.
    limit = delta.double().abs() / 4 * (1 + gamma(8, y.dtype))
    holds(
        isinstance(back, Tensor)
        and back.shape == delta.shape
        and bool((back.double().abs() <= limit).all())
        and bool((back.double() * delta.double() >= 0).all()),
        f"returned {shown(back)}",
        "values of the sign of δ and at most |δ|/4, since 0 ≤ f' ≤ 1/4",
    )


@check("1.2", "sigmoid_layer_delta", cost=25, enough=1, pair=alike())
def test_sigmoid_layer_delta_hides_no_nan(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """Where δ^(l) or y^(l-1) is NaN, δ^(l-1) is."""
    for delta, y in ((with_a_nan(pair[0]), pair[1]), (pair[0], with_a_nan(pair[1]))):
        undefined(
            solutions.objective_questions.sigmoid_layer_delta(delta, y),
            delta.isnan() | y.isnan(),
            "a product with a factor that is NaN",
        )


def judge_euclidean_delta(solutions: Answers, y: Tensor, t: Tensor) -> None:
    # Where autograd adds the gradient up from parts, ½y + ½y − t say, each of them is rounded; a
    # factor and its inverse, 2 and ½ or ‖y − t‖ and 1/‖y − t‖, round twice. 16 is more than that.
    within(
        solutions.objective_questions.euclidean_delta(y, t),
        y.double() - t.double(),
        gamma(16, y.dtype) * (y.double().abs() + t.double().abs()),
        "y − t, the gradient of ½‖y − t‖², summed over the batch",
        y.dtype,
    )


# The squares of such numbers, and of their differences, are far from both ends of float32.
@check("1.3", "euclidean_delta", pair=alike_or_more(30))
def test_euclidean_delta_is_the_difference(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """∂/∂y of ½‖y − t‖², summed over the batch, is y − t."""
    for y, t in in_each_dtype(*pair):
        judge_euclidean_delta(solutions, y, t)


@check("1.3", "euclidean_delta", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_euclidean_delta_of_many_outputs(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """The formula holds for outputs and batches of any size."""
    for y, t in long_pairs(sizes, seed, 7):
        judge_euclidean_delta(solutions, y, t)


@check("1.3", "euclidean_delta", cost=25, enough=1, pair=alike())
def test_euclidean_delta_hides_no_nan(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """Where y or t is NaN, δ is."""
    for y, t in ((with_a_nan(pair[0]), pair[1]), (pair[0], with_a_nan(pair[1]))):
        undefined(
            solutions.objective_questions.euclidean_delta(y, t),
            y.isnan() | t.isnan(),
            "a difference from NaN",
        )


def judge_softmax_cross_entropy_delta(solutions: Answers, y: Tensor, t: Tensor) -> None:
    s = softmax(y)
    # s has the relative error of a softmax; t, and the difference, are rounded once each.
    bound = softmax_error(y) * s + gamma(y.shape[-1] + 4, y.dtype) * (s + t.double())
    within(
        solutions.objective_questions.softmax_cross_entropy_delta(y, t),
        s - t.double(),
        bound + torch.finfo(y.dtype).tiny,
        "softmax(y) − t, the gradient of −Σ t ln softmax(y), summed over the batch",
        y.dtype,
    )


@check("1.4", "softmax_cross_entropy_delta", pair=scores_or_more())
def test_softmax_cross_entropy_delta_is_the_gradient(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """∂/∂y of −Σ t ln softmax(y), summed over the batch, is softmax(y) − t."""
    for y, t in in_each_dtype(*pair):
        judge_softmax_cross_entropy_delta(solutions, y, t)


@check("1.4", "softmax_cross_entropy_delta", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_softmax_cross_entropy_delta_of_many_examples_or_classes(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """The formula holds for any number of examples and of classes."""
    for y, t in long_scores(sizes, seed):
        judge_softmax_cross_entropy_delta(solutions, y, t)


@check("1.4", "softmax_cross_entropy_delta", cost=25, enough=1, pair=scores_and_targets())
def test_softmax_cross_entropy_delta_hides_no_nan(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """Where a score is NaN, the softmax of its example is undefined, and so is δ."""
    y, t = with_a_nan(pair[0]), pair[1]
    undefined(
        solutions.objective_questions.softmax_cross_entropy_delta(y, t),
        y.isnan().any(dim=-1, keepdim=True).expand(y.shape),
        "the softmax of scores of which one is NaN",
    )


@composite
def windows(draw: Draw) -> tuple[Tensor, Tensor]:
    """A kernel (kh, kw) of distinct integers and an integer image that it fits into."""
    kh, kw = draw(sampled_from([(2, 2), (1, 2), (2, 1), (1, 1), (2, 3), (3, 2), (1, 3), (3, 3)]))
    below, beside = draw(sampled_from([(1, 1), (0, 0), (1, 0), (0, 1), (1, 2), (2, 1), (3, 0)]))
    dtype = draw(floats)
    kernel = torch.arange(1, kh * kw + 1, dtype=dtype).reshape(kh, kw)
    sign = draw(sampled_from([1, -1]))
    return draw(layouts)(sign * kernel), draw(lattice((kh + below, kw + beside), dtype))


CONVOLUTION = "the cross-correlation Σ kernel[a, b]·image[i + a, j + b], without padding"


def matrix_of(kernel: Tensor, height: int, width: int) -> Tensor:
    """The matrix of CONVOLUTION, row by row."""
    kh, kw = kernel.shape
    rows, columns = height - kh + 1, width - kw + 1
    W = torch.zeros(rows * columns, height, width, dtype=kernel.dtype)
    for pixel, row in enumerate(W):
        i, j = divmod(pixel, columns)
        row[i : i + kh, j : j + kw] = kernel
    return W.flatten(start_dim=1)


def judge_convolution_matrix(solutions: Answers, kernel: Tensor, height: int, width: int) -> Tensor:
    """The matrix, which is right; returned in float64."""
    matrix = solutions.objective_questions.convolution_matrix(kernel, height, width)
    # The kernel is copied, or multiplied by ones and zeros, and neither rounds. A fast convolution
    # errs by 3·log₂ n·√2·γ_4·‖kernel‖ and little more (Higham, theorem 24.2), for n up to 2^14.
    within(
        matrix,
        matrix_of(kernel, height, width).double(),
        gamma(256, kernel.dtype) * float(kernel.double().norm()),
        f"the matrix of {CONVOLUTION}",
        kernel.dtype,
    )
    return matrix.detach().double()


@check("1.5", "convolution_matrix", window=windows())
def test_convolution_matrix_does_what_the_convolution_does(
    solutions: Answers, window: tuple[Tensor, Tensor]
) -> None:
    """W @ image.flatten() is the valid, stride-1 cross-correlation of image and kernel."""
    kernel, image = window
    matrix = judge_convolution_matrix(solutions, kernel, *image.shape)
    pixels = image.double()
    result = torch.nn.functional.conv2d(pixels[None, None], kernel.double()[None, None])
    # Each entry of W may be off by as much as it may be above, and meets a pixel.
    within(
        matrix @ pixels.flatten(),
        result.flatten(),
        gamma(256, kernel.dtype) * float(kernel.double().norm() * pixels.abs().sum()),
        CONVOLUTION,
        torch.float64,
    )
    if wanted():
        shown = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        example = solutions.objective_questions.convolution_matrix(shown, 4, 4)
        show_matrix(
            "A convolution as a dense matrix",
            lambda: example,
            alt="The 9 by 16 matrix of a 2 by 2 kernel on a 4 by 4 image: zero but for four "
            "diagonals, each of one value.",
        )


@composite
def kernels(draw: Draw) -> Tensor:
    """A kernel (kh, kw), float64, of any magnitude: no lattice, every bit."""
    kh, kw = draw(sampled_from([(2, 2), (1, 2), (3, 2), (2, 3), (1, 1), (3, 3)]))
    scale = draw(magnitudes((1, 1), -100, 100))
    return scale * draw(magnitudes((kh, kw), -3, 0))


@check("1.5", "convolution_matrix", cost=2, kernel=kernels())
def test_convolution_matrix_has_the_weights_of_the_kernel(
    solutions: Answers, kernel: Tensor
) -> None:
    """W holds the weights of the kernel, of any magnitude and to the last digit."""
    kh, kw = kernel.shape
    for (weights,) in in_each_dtype(kernel):
        judge_convolution_matrix(solutions, weights, kh + 1, kw + 2)


@check("1.5", "convolution_matrix", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_convolution_matrix_of_a_large_kernel_or_image(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """The formula holds for kernels and images of any size."""
    generator = torch.Generator().manual_seed(seed)
    near, far = sizes
    # A matrix of 129 rows and columns has as many entries as one of 2 rows and 8,000 columns.
    side = min(near, 129)
    for (kh, kw), (height, width), dtype in (
        ((2, 1), (side, 1), torch.float64),
        ((1, 2), (1, side), torch.float32),
        ((near, 2), (near + 1, 3), torch.float32),
        ((2, near), (3, near + 1), torch.float64),
        ((far, 1), (far + 1, 1), torch.float64),
        ((1, far), (1, far + 1), torch.float32),
    ):
        kernel = seeded((kh, kw), generator, -3, 0).to(dtype)
        judge_convolution_matrix(solutions, kernel, height, width)


@check(
    "1.5",
    "convolution_parameter_count",
    kernel_size=integers(1, 7),
    in_channels=integers(1, 24),
    out_channels=integers(1, 24),
)
def test_convolution_parameter_count_is_what_pytorch_allocates(
    solutions: Answers, kernel_size: int, in_channels: int, out_channels: int
) -> None:
    """One kernel_size² window for each pair of channels and one bias for each output channel."""
    count = solutions.objective_questions.convolution_parameter_count
    layer = torch.nn.Conv2d(in_channels, out_channels, kernel_size)
    same_number(
        count(kernel_size, in_channels, out_channels),
        sum(parameter.numel() for parameter in layer.parameters()),
        f"{out_channels}·{in_channels}·{kernel_size}² weights + {out_channels} biases",
    )
    if wanted():
        show_table(
            "Parameters of one layer",
            ["layer on a 28 × 28 image", "weights and biases"],
            [
                ["fully connected, to one 26 × 26 map", f"{28 * 28 * 676 + 676:,}"],
                ["3 × 3 convolution, to one 26 × 26 map", f"{count(3, 1, 1):,}"],
            ],
        )


@check("1.5", "convolution_parameter_count", cost=25, enough=1, sizes=lengths())
def test_convolution_parameter_count_of_a_large_layer(
    solutions: Answers, sizes: tuple[int, int]
) -> None:
    """The count holds for layers of any size: out·in·size² weights and out biases."""
    near, far = sizes
    # The last count is odd and above 2^24: float32 has no such number.
    for kernel_size, channels, maps in (
        (near, 1, 2),
        (far, 2, 1),
        (1, far, 3),
        (3, 2, far),
        (5, 822, 821),
    ):
        same_number(
            solutions.objective_questions.convolution_parameter_count(kernel_size, channels, maps),
            maps * channels * kernel_size**2 + maps,
            f"{maps}·{channels}·{kernel_size}² weights + {maps} biases",
        )


@check("1.6", "dense_parameter_count", inputs=integers(1, 60), outputs=integers(1, 60))
def test_dense_parameter_count_is_what_pytorch_allocates(
    solutions: Answers, inputs: int, outputs: int
) -> None:
    """One weight for each pair of input and output, and one bias for each output."""
    layer = torch.nn.Linear(inputs, outputs)
    same_number(
        solutions.objective_questions.dense_parameter_count(inputs, outputs),
        sum(parameter.numel() for parameter in layer.parameters()),
        f"{inputs}·{outputs} weights + {outputs} biases",
    )


@check("1.6", "dense_parameter_count", cost=25, enough=1, sizes=lengths())
def test_dense_parameter_count_of_a_large_layer(solutions: Answers, sizes: tuple[int, int]) -> None:
    """The count holds for layers of any size: inputs·outputs weights and outputs biases."""
    near, far = sizes
    # The last count is odd and above 2^24: float32 has no such number.
    for inputs, outputs in ((near, 3), (2, near), (far, near), (150_528, 10), (4100, 4097)):
        same_number(
            solutions.objective_questions.dense_parameter_count(inputs, outputs),
            inputs * outputs + outputs,
            f"{inputs}·{outputs} weights + {outputs} biases",
        )

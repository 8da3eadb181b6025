"""Section 1: the letters against autograd, the formulas against derivations, the prose.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import re

import torch
from torch import Tensor

from judging.answers import Answers
from judging.checks import check
from judging.choices import Draw, composite, integers, sampled_from
from judging.evidence import show_lines, show_matrix, show_table, show_text, wanted
from judging.options import QUESTIONS, accepted
from judging.oracles import gamma, softmax, softmax_steps, unit_roundoff
from judging.strategies import alike, floats, in_each_dtype, lattice, scores_and_targets
from judging.verdict import equal, holds, line, same_number, shown, within, wrong


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
    right = accepted(question)
    if letters in right:
        return
    reading = next(iter(right.values()))
    counterexamples = reading.counterexamples()
    reasons = [
        f"{option.letter} ({option.statement}) "
        + (
            f"fails: {counterexamples[option.letter]}"
            if option.letter in letters
            else "holds for every network that was tried"
        )
        for option in reading.options
        if (option.letter in letters) != (counterexamples[option.letter] is None)
    ]
    holds(
        False,
        f'answered "{line(given)}" to question {question}',
        " or ".join(f'"{letters}"' for letters in right) + "\n" + "\n".join(reasons),
    )


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


SHORTCOMINGS = {
    "the number of parameters": (
        r"param|weights|coefficient|connection|memory|comput|cost|slow|expens|overfit|generali[sz]|"
        r"size of the (network|model)|scal(es|ing) |capacity|memori[sz]|dense",
        r"\b(too|many|much|huge|large|big|high\w*|million\w*|thousand\w*|enormous|excessive\w*|"
        r"heavy|hungry|slow\w*|prone|needs?|more|out of hand)\b|grow|explo[ds]|increas|expens|"
        r"overfit|costly|redundan|inefficien|wast|quadratic|memori[sz]es|(poor|bad)\w* general|"
        r"\blong\b|n't\b",
    ),
    "the structure of the image": (
        r"spatial|flatten|unroll|neighbo|local|adjacen|nearby|2-?d\b|two[- ]dimension|"
        r"one[- ]dimension|structure|topolog|vector|layout|geometr|arrange|shuffl|permut|hierarch|"
        r"edges|far apart|distant|proximity|surrounding|relation|\bflat\b",
        r"\b(no|not|no longer|never|nothing|cannot|without|fails?|far)\b|n't\b|los[est]|lack|ignor|"
        r"discard|destroy|thrown?|unaware|blind|disregard|miss|disappear|gone|forget|remov|break|"
        r"broken|unable|treat|same way|limit|\bflat\b",
    ),
    "where things are in the image": (
        r"translat|shift|invarian|equivarian|mov(e|es|ed|ing)\b|position|location|\bplaces?\b|"
        r"elsewhere|corner|distort|rotat|shared|sharing",
        r"\b(no|not|never|nothing|cannot|without|again|anew|separate\w*|different\w*|fails?)\b|"
        r"n't\b|lack|chang|whole|sensitiv|relearn|unable|miss|"
        r"must (be )?learn|has to (be )?learn|own weight",
    ),
    "the size of the image": (
        r"resolution|(fixed|variable|other|different|any|one)[- ](input |image )?(size|length)|"
        r"(input|image|picture) sizes?\b",
        r"\b(no|not|only|cannot|fixed|again|retrain\w*|fails?)\b|n't\b|unable|limit",
    ),
}
"""What can be named, each by the words that speak of it and those that find fault with it."""


@check("1.6", "answers")
def test_prose_of_1_6_names_two_shortcomings(solutions: Answers) -> None:
    """The answer names at least two different shortcomings, each in a sentence that finds fault."""
    prose = answer(solutions, "1.6")
    sentences = [
        sentence
        for sentence in re.split(r"[.;\n!?•]", prose.lower().replace("’", "'"))
        # What is said of convolutional networks alone is not said of the MLP.
        if not re.search(r"convol|cnn", sentence)
        or re.search(r"mlp|perceptron|fully|unlike|than|compar", sentence)
    ]
    named = [
        shortcoming
        for shortcoming, (topic, fault) in SHORTCOMINGS.items()
        if any(re.search(topic, s) and re.search(fault, s) for s in sentences)
    ]
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
    holds(
        len(named) >= 2,
        f"answered {shown(prose)}, which speaks of {', '.join(named) or 'none of them'}",
        f"two or more shortcomings, such as {'; '.join(SHORTCOMINGS)}",
    )


@check("1.1", "softmax_mse_delta", pair=scores_and_targets())
def test_softmax_mse_delta_is_the_gradient(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """δ = s ⊙ (g − Σ g ⊙ s) with s = softmax(y), g = 2(s − t)/n, n the number of elements."""
    for y, t in in_each_dtype(*pair):
        s, n = softmax(y), y.numel()
        g = 2 * (s - t.double()) / n
        expected = s * (g - (g * s).sum(dim=-1, keepdim=True))
        # Four terms |s||g| of size at most 2/n each, through a softmax, K products and a sum of K.
        steps = softmax_steps(y) + 2 * y.shape[-1] + 8
        bound = gamma(steps, y.dtype) * 4 * s * (2 / n)
        within(
            solutions.objective_questions.softmax_mse_delta(y, t),
            expected,
            bound + torch.finfo(y.dtype).tiny,
            "s ⊙ (g − Σ g ⊙ s), where s = softmax(y), g = 2(s − t)/n and n counts all elements",
            y.dtype,
        )


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
    steps = softmax_steps(y + shift) + 3 * y.shape[-1] + 8
    within(
        delta.double().sum(dim=-1),
        torch.zeros(y.shape[:-1], dtype=torch.float64),
        gamma(steps, y.dtype) * 16 / y.numel() + torch.finfo(y.dtype).tiny * y.shape[-1],
        "the sum of δ over the classes, for the error does not change when all scores rise",
        torch.float64,
    )


@check("1.2", "sigmoid_layer_delta", pair=alike())
def test_sigmoid_layer_delta_is_the_chain_rule(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """δ^(l-1) = δ^(l) ⊙ f(y)(1 − f(y)) at the layer's input y = y^(l-1)."""
    for delta, y in in_each_dtype(*pair):
        f = torch.sigmoid(y.double())
        # f and 1 − f are at most 1 and known to within 4u each, the two products to within u each.
        bound = 16 * unit_roundoff(y.dtype) * delta.double().abs()
        within(
            solutions.objective_questions.sigmoid_layer_delta(delta, y),
            delta.double() * f * (1 - f),
            bound,
            "δ ⊙ f(y)(1 − f(y)), the derivative of the sigmoid at the layer's input y",
            y.dtype,
        )


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


@check("1.3", "euclidean_delta", pair=alike(most=127, unit=1 / 16))
def test_euclidean_delta_is_the_difference(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """∂/∂y of ½‖y − t‖², summed over the batch, is y − t exactly."""
    for y, t in in_each_dtype(*pair):
        equal(
            solutions.objective_questions.euclidean_delta(y, t),
            y - t,
            "y − t, the gradient of ½‖y − t‖², summed over the batch",
        )


@check("1.4", "softmax_cross_entropy_delta", pair=scores_and_targets())
def test_softmax_cross_entropy_delta_is_the_gradient(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """∂/∂y of −Σ t ln softmax(y), summed over the batch, is softmax(y) − t."""
    for y, t in in_each_dtype(*pair):
        s = softmax(y)
        # s has the relative error of a softmax; t, and the difference, are rounded once each.
        bound = gamma(softmax_steps(y), y.dtype) * s + gamma(y.shape[-1] + 4, y.dtype) * (
            s + t.double()
        )
        within(
            solutions.objective_questions.softmax_cross_entropy_delta(y, t),
            s - t.double(),
            bound + torch.finfo(y.dtype).tiny,
            "softmax(y) − t, the gradient of −Σ t ln softmax(y), summed over the batch",
            y.dtype,
        )


@composite
def windows(draw: Draw) -> tuple[Tensor, Tensor]:
    """A kernel (kh, kw) of distinct integers and an integer image that it fits into."""
    kh, kw = draw(sampled_from([(2, 2), (1, 2), (2, 1), (1, 1), (2, 3), (3, 2), (1, 3), (3, 3)]))
    below, beside = draw(sampled_from([(1, 1), (0, 0), (1, 0), (0, 1), (1, 2), (2, 1), (3, 0)]))
    dtype = draw(floats)
    kernel = torch.arange(1, kh * kw + 1, dtype=dtype).reshape(kh, kw)
    sign = draw(sampled_from([1, -1]))
    return sign * kernel, draw(lattice((kh + below, kw + beside), dtype))


CONVOLUTION = "the cross-correlation Σ kernel[a, b]·image[i + a, j + b], without padding"


@check("1.5", "convolution_matrix", window=windows())
def test_convolution_matrix_does_what_the_convolution_does(
    solutions: Answers, window: tuple[Tensor, Tensor]
) -> None:
    """W @ image.flatten() is the valid, stride-1 cross-correlation of image and kernel."""
    kernel, image = window
    (kh, kw), (height, width) = kernel.shape, image.shape
    rows, columns = height - kh + 1, width - kw + 1
    W = torch.zeros(rows, columns, height, width, dtype=torch.float64)
    for i in range(rows):
        for j in range(columns):
            for a in range(kh):
                for b in range(kw):
                    W[i, j, i + a, j + b] = kernel[a, b]
    W = W.reshape(rows * columns, height * width)
    matrix = solutions.objective_questions.convolution_matrix(kernel, height, width)
    equal(matrix, W.to(kernel.dtype), f"the matrix of {CONVOLUTION}")
    result = torch.nn.functional.conv2d(image.double()[None, None], kernel.double()[None, None])
    equal(matrix.double() @ image.double().flatten(), result.flatten(), CONVOLUTION)
    if wanted():
        shown = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        example = solutions.objective_questions.convolution_matrix(shown, 4, 4)
        show_matrix(
            "A convolution as a dense matrix",
            lambda: example,
            alt="The 9 by 16 matrix of a 2 by 2 kernel on a 4 by 4 image: zero but for four "
            "diagonals, each of one value.",
        )


@check(
    "1.5",
    "convolution_parameter_count",
    kernel_size=integers(1, 7),
    in_channels=integers(1, 64),
    out_channels=integers(1, 64),
)
def test_convolution_parameter_count_is_what_pytorch_allocates(
    solutions: Answers, kernel_size: int, in_channels: int, out_channels: int
) -> None:
    """One kernel_size² window for each pair of channels and one bias for each output channel."""
    count = solutions.objective_questions.convolution_parameter_count
    layer = torch.nn.Conv2d(in_channels, out_channels, kernel_size, device="meta")
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


@check("1.6", "dense_parameter_count", inputs=integers(1, 3000), outputs=integers(1, 3000))
def test_dense_parameter_count_is_what_pytorch_allocates(
    solutions: Answers, inputs: int, outputs: int
) -> None:
    """One weight for each pair of input and output, and one bias for each output."""
    layer = torch.nn.Linear(inputs, outputs, device="meta")
    same_number(
        solutions.objective_questions.dense_parameter_count(inputs, outputs),
        sum(parameter.numel() for parameter in layer.parameters()),
        f"{inputs}·{outputs} weights + {outputs} biases",
    )

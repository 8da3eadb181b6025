"""2.4: MNIST and its transforms, the network, and the gradients of its layers.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from answering.own import Loader
from answering.values import same_bits
from data import DataSet, idx
from judging import pictures
from judging.answers import Answers
from judging.chance import SIDE, independent, unordered
from judging.checks import check
from judging.choices import (
    Draw,
    booleans,
    composite,
    integers,
    lists,
    now_and_then,
    sampled_from,
    several_of,
)
from judging.digits import digits
from judging.evidence import show_images, show_lines, show_table, show_text, wanted
from judging.live import Digits, Figure, Network
from judging.networks import (
    Condition,
    Plan,
    derived,
    large_plans,
    linear_layers,
    mlp,
    plans,
    steps_through,
    widths,
)
from judging.oracles import Backpropagation, Bounded, backpropagate, gamma
from judging.pictures import Comparison
from judging.sides import Raised
from judging.strategies import seeds
from judging.verdict import (
    Wrong,
    equal,
    holds,
    near,
    positive,
    refuses,
    same_form,
    shown,
    within,
    wrong,
)


@cache
def every_byte() -> dict[bool, tuple[Tensor, Tensor]]:
    """Three training (True) and two test images with their labels; each image holds all bytes."""
    pixels = torch.arange(28 * 28).reshape(28, 28)
    train = torch.stack([(pixels + shift) % 256 for shift in (0, 1, 100)]).to(torch.uint8)
    test = torch.stack([(pixels * 3 + shift) % 256 for shift in (7, 50)]).to(torch.uint8)
    return {
        True: (train, torch.tensor([5, 0, 4], dtype=torch.uint8)),
        False: (test, torch.tensor([7, 2], dtype=torch.uint8)),
    }


def on_the_shelf(solutions: Answers) -> Path:
    """A folder in MNIST's format with the images of every_byte."""
    root = solutions.shelf / "every-byte"
    if not root.exists():
        idx.write_dataset(root, train=every_byte()[True], test=every_byte()[False])
    return root


@check(
    "2.4",
    "mnist",
    train=sampled_from([True, False, None]),
    kind=sampled_from([Path, str]),
    download=sampled_from([None, False]),
)
def test_mnist_is_read_and_normalised_bit_for_bit(
    solutions: Answers, train: bool | None, kind: type, download: bool | None
) -> None:
    """Each byte b becomes (b/255 − 0.1307)/0.3081, in a tensor (1, 28, 28), float32."""
    asked = {"train": train, "download": download}
    asked = {name: value for name, value in asked.items() if value is not None}
    train = train is not False
    for part in (asked, {"train": not train}, asked):  # the other set in between
        dataset = solutions.gradient_comparison.mnist(kind(on_the_shelf(solutions)), **part)
        if not isinstance(dataset, Digits):
            wrong(dataset, "an instance of torchvision.datasets.MNIST")
    images, labels = every_byte()[train]
    which = "training" if train else "test"
    holds(
        len(dataset) == len(images),
        f"returned {len(dataset)} examples",
        f"the {len(images)} of the {which} set",
    )
    mean, deviation = torch.tensor(0.1307), torch.tensor(0.3081)
    for index, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        with solutions.calling(f"mnist(root)[{index}]"):
            example = dataset[index]
        holds(
            isinstance(example, tuple) and len(example) == 2 and int(example[1]) == label,
            f"returned {shown(example)} as example {index} of the {which} set",
            f"an image with the label {label}",
        )
        scaled = image[None].float().div(255)
        equal(
            example[0],
            (scaled - mean) / deviation,
            "(b/255 − 0.1307)/0.3081 for each byte b: ToTensor, then Normalize",
            said=f"gives as image {index} ",
        )


@check("2.4", "mnist")
def test_mnist_says_how_to_fill_an_empty_folder(solutions: Answers) -> None:
    """Where the files are missing, the error names the folder and both ways to fill it."""
    root = solutions.shelf / "empty-folder"
    root.mkdir(exist_ok=True)
    error = refuses(
        solutions.gradient_comparison.mnist,
        root,
        error=Exception,
        because="there are no MNIST files in the folder",
    )
    words = str(error)
    holds(
        "empty-folder" in words
        and "download" in words
        and "python -m data" in words.replace("python -m data --download", ""),
        f"raised {error.type_name}: {error}",
        "an error that names the folder, `python -m data` and `python -m data --download`",
    )


@check("2.4", "mnist")
def test_mnist_reads_the_digits_of_this_run(solutions: Answers) -> None:
    """The whole data set is read: images (1, 28, 28) of the ten classes."""
    chosen = digits()
    dataset = solutions.gradient_comparison.mnist(chosen.root)
    if not isinstance(dataset, Digits):
        wrong(dataset, "an instance of torchvision.datasets.MNIST")
    example = dataset[0]
    holds(
        isinstance(example, tuple) and len(example) == 2,
        f"returned {shown(example)} as example 0",
        "an image with its label",
    )
    same_form(example[0], (1, 28, 28), torch.float32, "an image of one channel")
    data, targets = dataset.stored()
    classes = sorted(set(targets.tolist()))
    holds(classes == [*range(10)], f"returned the classes {classes}", "the digits 0 to 9")
    pixels, labels = idx.read_dataset(chosen.root, "train")
    holds(
        len(dataset) == len(labels),
        f"returned {len(dataset)} examples",
        f"the {len(labels)} of the training set",
    )
    equal(data, pixels, "the bytes in the files, in their order", said="holds the images ")
    equal(targets, labels.long(), "the labels in the files", said="holds the labels ")
    if wanted():
        show_text("data set", chosen.name)
        first = [(targets == digit).nonzero().flatten()[:3] for digit in range(10)]
        chosen_ones = torch.stack(first, dim=1).flatten()
        show_images(
            "digits of the data set",
            lambda: data[chosen_ones],
            [int(label) for label in targets[chosen_ones]],
            alt="Three examples of each digit from 0 to 9.",
        )


activations = sampled_from(["relu", "tanh", "sigmoid"])


def network(solutions: Answers, *args: Any, **kwargs: Any) -> Network:
    """The learner's MLP, a new one that can be trained, or Wrong."""
    model = solutions.gradient_comparison.MLP(*args, **kwargs)
    if not isinstance(model, Network):
        wrong(model, "an instance of torch.nn.Module")
    for name, parameter in model.parameters().items():
        holds(
            parameter.dtype == torch.float32,
            f"made a network whose {name} is {parameter.dtype}",
            "weights in float32, as PyTorch makes them",
        )
        holds(
            parameter.requires_grad and parameter.grad is None,
            f"made a network whose {name} "
            f"{'has a .grad already' if parameter.requires_grad else 'requires no gradient'}",
            "a new network, all of whose parameters can be trained",
        )
    resting = [name or "the network" for name, training in model.modes().items() if not training]
    holds(
        not resting,
        f"made a network with {', '.join(resting[:3])} in evaluation mode",
        "a network in training mode, as every new nn.Module is",
    )
    holds(not model.hooks(), "made a network with hooks on it", "layers alone")
    return model


def judge_computed(
    model: Network, activation: str, plan: Plan, *, norm_last: Sequence[bool] = (False,)
) -> None:
    """Wrong unless the network computes its layers, in its mode, and hands the gradient back."""
    path = model.path(plan.images())
    scores = model(plan.images())
    x, labels = plan.images().flatten(1), plan.labels()
    truths = [
        backpropagate(steps_through(path, activation, norm_last=last), x, labels)
        for last in norm_last
    ]
    linear = [used for used in path if used.kind == "linear"]
    norms = len(path) - len(linear) and [used for used in path if used.kind == "batch norm"]
    formula = (
        f"linear, then batch norm and {activation} in either order, in each hidden layer"
        if norms
        else f"W y + b of the last layer, with {activation} after each layer before it"
    )
    same_form(scores, (plan.batch, 10), torch.float64, "10 scores for each image", said="gave ")
    fits = [t for t in truths if bool(((scores - t.logits[0]).abs() <= t.logits[1]).all())]
    if not fits:
        within(scores, *truths[0].logits, formula, torch.float64, said="gave ")
    # A linear layer may have no bias, and a batch norm neither weight nor bias.
    slots = [
        f"{used.name}.{part}" if getattr(used, part) is not None else ""
        for used in path
        if used.kind in ("linear", "batch norm")
        for part in ("weight", "bias")
        if used.kind == "batch norm" or getattr(used, part) is not None
    ]
    named = [*filter(None, slots)]
    through = model.backward(plan.images(), fits[0].delta)
    holds(
        set(through) == set(named),
        f"has the parameters {sorted(set(through) ^ set(named))[:4]} besides",
        "those of its layers, each used once",
    )
    failures = []
    for fit in fits:
        try:
            return judge_handed_back(through, slots, fit.parameters)
        except Wrong as failure:
            failures.append(failure)
    raise failures[0]


def judge_handed_back(
    through: Mapping[str, Tensor | None], slots: Sequence[str], parameters: Sequence[Bounded]
) -> None:
    """Wrong unless these are the gradients of the parameters of these names; "" stands for none."""
    for name, (expected, bound) in zip(slots, parameters, strict=True):
        if not name:
            continue
        found = through[name]
        if found is None:
            raise Wrong(
                f"hands no gradient back to {name}",
                "scores that autograd can follow to every parameter",
            )
        within(
            found,
            expected,
            bound,
            f"∂E/∂{name} through the network's own forward, E the mean cross-entropy",
            torch.float64,
            said=f"hands back to {name} ",
        )


@check(
    "2.4",
    "MLP",
    hidden=widths,
    activation=activations,
    n=integers(1, 4),
    seed=seeds,
    size=sampled_from([1.0, 100.0, 1e-3]),
    kind=sampled_from([tuple, list]),
)
def test_MLP_computes_its_layers_in_order(
    solutions: Answers,
    hidden: list[int],
    activation: str,
    n: int,
    seed: int,
    size: float,
    kind: type,
) -> None:
    """Linear layers of the widths asked for, the activation between them, plain scores at last."""
    solutions.seed(seed)
    model = network(solutions, kind(hidden), activation=activation).double()
    plan = Plan(tuple(hidden), activation, n, seed, size=size)
    call = f"MLP({kind(hidden)}, activation={activation!r}) applied to {n} images"
    with solutions.calling(call):
        path = model.path(plan.images())
        sizes = [used.sizes for used in path if used.kind == "linear"]
        expected = [*zip((784, *hidden), (*hidden, 10), strict=True)]
        holds(
            sizes == expected,
            f"went through linear layers of the sizes {sizes}",
            f"{expected}: 784 pixels, the hidden widths, 10 classes",
        )
        judge_computed(model, activation, plan)


@check("2.4", "MLP", cost=3, plan=large_plans(), kind=sampled_from([tuple, list]))
def test_MLP_computes_its_layers_however_large(solutions: Answers, plan: Plan, kind: type) -> None:
    """Wide layers, many of them and large batches are computed like narrow, few and small ones."""
    solutions.seed(plan.seed)
    asked = {"activation": plan.activation, "batch_norm": plan.batch_norm}
    model = network(solutions, kind(plan.hidden), **asked).double()
    described = ", ".join(f"{name}={value!r}" for name, value in asked.items())
    call = f"MLP({kind(plan.hidden)}, {described}) applied to {plan.batch} images"
    with solutions.calling(call):
        sizes = [used.sizes for used in model.path(plan.images()) if used.kind == "linear"]
        expected = [*zip((784, *plan.hidden), (*plan.hidden, 10), strict=True)]
        holds(
            sizes == expected,
            f"went through linear layers of the sizes {sizes}",
            f"{expected}: 784 pixels, the hidden widths, 10 classes",
        )
        judge_computed(model.eval(), plan.activation, plan, norm_last=[False, True])


@check("2.4", "MLP")
def test_MLP_has_four_layers_of_128_with_relu_by_default(solutions: Answers) -> None:
    """MLP() maps (N, 1, 28, 28) to (N, 10) through four hidden ReLU layers of width 128."""
    solutions.seed(0)
    model = network(solutions).double()
    plan = Plan((128,) * 4, "relu", 2, 0)
    with solutions.calling("MLP() applied to 2 images"):
        layers = [used for used in model.path(plan.images()) if used.kind == "linear"]
        sizes = [layer.sizes[-1] for layer in layers]
        holds(
            sizes == [128, 128, 128, 128, 10],
            f"went through linear layers with {sizes} outputs",
            "[128, 128, 128, 128, 10]",
        )
        holds(
            len({layer.which for layer in layers}) == len(layers),
            "went through one and the same layer more than once",
            "a layer with weights of its own in each place",
        )
        judge_computed(model, "relu", plan)


@check("2.4", "MLP", cost=3, hidden=lists(integers(1, 6), 0, 3), batch_norm=booleans())
def test_MLP_makes_a_new_network_each_time(
    solutions: Answers, hidden: list[int], batch_norm: bool
) -> None:
    """Two networks share nothing, and each draws weights of its own."""
    made = [network(solutions, tuple(hidden), batch_norm=batch_norm) for _ in range(2)]
    before = [model.parameters() for model in made]
    for name, value in before[0].items():
        # Of the biases and of batch norm's weights, how they begin is free.
        drawn = value.dim() == 2
        holds(
            not drawn or not torch.equal(value, before[1].get(name, value)),
            f"made two networks with the same {name}",
            "weights drawn anew for each network",
        )
    made[0].add(1)
    for name, value in made[1].parameters().items():
        holds(
            torch.equal(value, before[1][name]),
            f"made a network whose change reached {name} of another one",
            "layers of its own for each network",
        )


VARIANCES = {
    "default": ("1/(3·inputs), PyTorch's own", lambda inputs, outputs: 1 / (3 * inputs)),
    "xavier": ("2/(inputs + outputs)", lambda inputs, outputs: 2 / (inputs + outputs)),
    "he": ("2/inputs", lambda inputs, outputs: 2 / inputs),
}


@check(
    "2.4",
    "MLP",
    cost=5,
    seed=seeds,
    hidden=sampled_from([(96, 128), (128, 64, 96), (200, 100), (100,)]),
    batch_norm=booleans(),
)
def test_MLP_initialises_with_the_variance_asked_for(
    solutions: Answers, seed: int, hidden: tuple[int, ...], batch_norm: bool
) -> None:
    """Weights have mean 0 and variance 2/(in + out) for Xavier, 2/in for He."""
    for init, (formula, variance) in VARIANCES.items():
        solutions.seed(seed)
        # With a sigmoid the gain of Xavier's rule is 1 in every convention; He's is for ReLU.
        activation = "sigmoid" if init == "xavier" else "relu"
        asked = {"activation": activation, "init": init, "batch_norm": batch_norm}
        model = network(solutions, hidden, **asked)
        images = Plan(hidden, activation, 2, seed, torch.float32).images()
        with solutions.calling(f"MLP({hidden}, activation={activation!r}) applied to 2 images"):
            layers = [used for used in model.path(images) if used.kind == "linear"]
        for layer in layers:
            assert layer.weight is not None
            weights = layer.weight.double()
            inputs, outputs = layer.sizes
            expected = variance(inputs, outputs)
            holds(
                len(weights.unique(dim=0)) == len(weights),
                f"drew the same weights for two units with init={init!r}",
                "weights of its own for each unit: equal units learn the same",
            )
            # The mean of n squares deviates by √((κ − 1)/n) of itself, κ ≤ 3 for a uniform, normal
            # or orthogonal rule; eight standard deviations do not happen by chance (p < 10⁻¹⁴).
            n = weights.numel()
            near(
                float((weights**2).mean()),
                expected,
                8 * math.sqrt(2 / n) * expected,
                f"{formula}, the mean square of the weights of a layer "
                f"({inputs} → {outputs}) with init={init!r}",
                said="drew weights whose mean square is ",
            )
            near(
                float(weights.mean()),
                0.0,
                8 * math.sqrt(expected / n),
                f"the mean of the weights with init={init!r}",
                said="drew weights whose mean is ",
            )


@check("2.4", "MLP", cost=5, init=sampled_from(sorted(VARIANCES)), seed=seeds)
def test_MLP_draws_all_weights_independently(solutions: Answers, init: str, seed: int) -> None:
    """No weight follows from another one: not within a layer, not from layer to layer or model."""
    solutions.seed(seed)
    hidden = (SIDE,) * 4
    images = Plan(hidden, "relu", 1, seed).images().float()
    models = []
    for _ in range(2):
        model = network(solutions, hidden, init=init)
        with solutions.calling(f"MLP({hidden}, init={init!r}) applied to an image"):
            used = [layer.weight for layer in model.path(images) if layer.kind == "linear"]
        layers = [weight.detach() for weight in used if weight is not None]
        holds(
            [tuple(W.shape) for W in layers[1:-1]] == [(SIDE, SIDE)] * 3,
            f"went through linear layers of the shapes {[tuple(W.shape) for W in layers]}",
            f"a layer for each width in {hidden}, and one for the 10 classes",
        )
        models.append([layers[0].flatten()[: SIDE * SIDE].reshape(SIDE, SIDE), *layers[1:-1]])
    first, second = models
    for place, W in enumerate(first[1:], start=2):
        unordered(f"weights of layer {place}", W)
    for one, other in combinations(range(4), 2):
        independent(f"weights of layers {one + 1} and {other + 1}", first[one], first[other])
    for place, pair in enumerate(zip(first, second, strict=True), start=1):
        independent(f"weights of layer {place} and of that of the next model", *pair)


@check("2.4", "MLP", hidden=widths, batch_norm=booleans(), activation=activations, seed=seeds)
def test_MLP_normalises_each_hidden_layer_if_asked(
    solutions: Answers, hidden: list[int], batch_norm: bool, activation: str, seed: int
) -> None:
    """With batch_norm=True every hidden layer goes through a BatchNorm of its width; else none."""
    model = network(solutions, tuple(hidden), activation=activation, batch_norm=batch_norm)
    plan = Plan(tuple(hidden), activation, 4, seed)
    call = f"MLP({tuple(hidden)}, batch_norm={batch_norm}) applied to 4 images"
    with solutions.calling(call):
        model = model.double()
        norms = [used for used in model.path(plan.images()) if used.kind == "batch norm"]
        used = [norm.sizes[0] for norm in norms]
        expected = hidden if batch_norm else []
        holds(
            used == expected,
            f"sent its input through batch norm layers of the widths {used}, its layers being "
            f"{model.leaves()}",
            f"batch norm of the widths {expected}: batch_norm={batch_norm}, hidden={tuple(hidden)}",
        )
        # While it trains, and then with the statistics of what it has seen.
        judge_computed(model, activation, plan, norm_last=[False, True])
        after = [used for used in model.path(plan.images()) if used.kind == "batch norm"]
        for one, other in zip(norms, after, strict=True):
            # A unit that is dead on this batch leaves the mean at 0, and not the variance at 1.
            moved = [
                before is not None and now is not None and not torch.equal(before, now)
                for before, now in ((one.mean, other.mean), (one.variance, other.variance))
            ]
            holds(
                any(moved),
                "has batch norm that goes on as if it had seen no batch",
                "batch norm that keeps a running mean and variance while it trains",
            )
        judge_computed(model.eval(), activation, plan, norm_last=[False, True])


def judge_names(found: Mapping, model: nn.Module, what: str) -> None:
    """Wrong unless there are so many names, and those of the model's layers stand for these."""
    layers = linear_layers(model)
    if len(found) != len(layers):
        raise Wrong(
            f"{what} for the layers {shown([*found])}",
            f"one for each nn.Linear, of which there are {len(layers)}",
        )
    modules = dict(model.named_modules())
    for name, layer in zip(found, layers, strict=True):
        holds(
            isinstance(name, str),
            f"{what} under the key {shown(name)}",
            "the name of a layer, a str, for each",
        )
        # Names are free, but one that is a layer's must stand for that layer.
        named = modules.get(name.removesuffix(".weight"))
        holds(
            not isinstance(named, nn.Linear) or named is layer,
            f"{what} for the layers in the order {shown([*found])}",
            "forward order, each under the name of its layer",
        )


def by_layer(gradients: Any, model: nn.Module) -> list[Tensor]:
    """The gradients in their order, one for each linear layer, or Wrong."""
    if not isinstance(gradients, Mapping) or not all(
        isinstance(value, Tensor) for value in gradients.values()
    ):
        wrong(gradients, "a dict from the name of each layer to a tensor")
    judge_names(gradients, model, "returned gradients")
    return [*gradients.values()]


def gradients_of(solutions: Answers, model: nn.Module, plan: Plan) -> list[Tensor]:
    """The learner's gradients on the plan's batch, one for each linear layer, or Wrong."""
    images, labels = plan.images(), plan.labels()
    return by_layer(solutions.gradient_comparison.layer_gradients(model, images, labels), model)


def unless_frozen(plan: Plan, function: Any, *args: Any, **kwargs: Any) -> Any:
    """What the call returns; None if it refuses a network that is frozen in part, which it may."""
    outcome = function.outcome(*args, **kwargs) if plan.frozen else None
    if outcome is None:
        return function(*args, **kwargs)
    if not isinstance(outcome, Raised):
        return outcome
    if outcome.is_a(NotImplementedError):
        raise function.unwritten()
    return None


RECURSION = "∂E/∂W = δ yᵀ by the recursion δ^(l-1) = Wᵀδ^(l) ⊙ f', E the mean cross-entropy"


@check("2.4", "layer_gradients", cost=2, plan=plans(all_sizes=True))
def test_layer_gradients_equal_the_delta_recursion(solutions: Answers, plan: Plan) -> None:
    """They are those of section 1's recursion, for every depth, width, activation and size."""
    model = plan.model()
    truth = derived(model, plan.images(), plan.labels())
    judge_gradients(gradients_of(solutions, model, plan), truth, plan)


@check("2.4", "layer_gradients", cost=3, plan=large_plans())
def test_layer_gradients_of_large_networks(solutions: Answers, plan: Plan) -> None:
    """Wide layers, many of them and large batches have the gradients of the recursion, too."""
    model = plan.model()
    truth = derived(model, plan.images(), plan.labels())
    judge_gradients(gradients_of(solutions, model, plan), truth, plan)


def judge_gradients(gradients: Sequence[Tensor], truth: Backpropagation, plan: Plan) -> None:
    for index, (gradient, (expected, bound)) in enumerate(
        zip(gradients, truth.weights, strict=True), start=1
    ):
        within(
            gradient,
            expected,
            bound,
            f"{RECURSION} (layer {index} of {len(gradients)} of a {plan})",
            plan.dtype,
        )


@check("2.4", "layer_gradients", cost=3, plan=plans(activations=("relu",), depths=(1, 4)))
def test_relu_networks_obey_eulers_theorem(solutions: Answers, plan: Plan) -> None:
    """Without biases a ReLU network is homogeneous in each W: ⟨W, ∂E/∂W⟩ is the same for all."""
    model = plan.model(bias=False)
    bounds = [bound for _, bound in derived(model, plan.images(), plan.labels()).weights]
    gradients = gradients_of(solutions, model, plan)
    weights = [layer.weight.detach() for layer in linear_layers(model)]
    same_form(gradients[-1], tuple(weights[-1].shape), torch.float64, RECURSION)
    expected = float((weights[-1] * gradients[-1]).sum())
    for index, (W, gradient) in enumerate(zip(weights, gradients, strict=True), start=1):
        same_form(gradient, tuple(W.shape), torch.float64, RECURSION)
        # The bounds on both gradients, weighed by |W|, and the rounding of the two sums.
        bound = sum(
            float((w.abs() * b).sum()) + gamma(w.numel(), w.dtype) * float((w * g).abs().sum())
            for w, b, g in (
                (W, bounds[index - 1], gradient),
                (weights[-1], bounds[-1], gradients[-1]),
            )
        )
        near(
            (W * gradient).sum(),
            expected,
            bound,
            f"⟨W, ∂E/∂W⟩ of every layer, for E(cW) has one slope in c whichever W is scaled "
            f"(layer {index} against the last, in a {plan} without biases)",
        )


@check(
    "2.4",
    "layer_gradients",
    cost=3,
    plan=plans(activations=("sigmoid",), depths=(1, 4), batch=(1, 1)),
)
def test_sigmoid_layers_shrink_delta(solutions: Answers, plan: Plan) -> None:
    """Back through a linear and a sigmoid layer, ‖δ‖ grows at most by ‖W‖₂/4."""
    model = plan.model()
    truth = derived(model, plan.images(), plan.labels())
    gradients = gradients_of(solutions, model, plan)
    y, norms, errors = plan.images().flatten(1), [], []
    layers = linear_layers(model)
    for layer, gradient, (_, bound) in zip(layers, gradients, truth.weights, strict=True):
        same_form(gradient, tuple(layer.weight.shape), torch.float64, RECURSION)
        # For one image ∂E/∂W = δ yᵀ, so ‖∂E/∂W‖ = ‖δ‖·‖y‖.
        norms.append(float(gradient.norm() / y.norm()))
        errors.append(float(bound.norm() / y.norm()))
        with torch.no_grad():
            y = torch.sigmoid(layer(y))
    for index in range(len(layers) - 1):
        growth = float(torch.linalg.matrix_norm(layers[index + 1].weight.detach(), 2)) / 4
        limit = growth * (norms[index + 1] + errors[index + 1]) + errors[index]
        holds(
            norms[index] <= limit * (1 + gamma(1000, torch.float64)),
            f"returned a gradient of layer {index + 1} that means ‖δ‖ = {norms[index]:.6g}",
            f"at most ‖W‖₂/4·‖δ‖ of the next layer, {limit:.6g}, since f' ≤ 1/4",
        )


@check("2.4", "layer_gradients", cost=3, plan=plans(batch=(2, 4)))
def test_the_gradient_of_a_batch_is_the_mean(solutions: Answers, plan: Plan) -> None:
    """E is the mean over the batch, so its gradient is the mean of the samples' gradients."""
    model, images, labels = plan.model(), plan.images(), plan.labels()
    layer_gradients = solutions.gradient_comparison.layer_gradients
    single = [
        by_layer(layer_gradients(model, images[i : i + 1], labels[i : i + 1]), model)
        for i in range(plan.batch)
    ]
    whole = by_layer(layer_gradients(model, images, labels), model)
    truth = derived(model, images, labels)
    for index, (gradient, (expected, bound)) in enumerate(zip(whole, truth.weights, strict=True)):
        parts = [gradients[index] for gradients in single]
        for part in parts:
            same_form(part, tuple(expected.shape), torch.float64, RECURSION)
        # The mean of the samples' bounds is at most N times the bound of the batch.
        within(
            gradient,
            torch.stack(parts).mean(dim=0),
            (1 + plan.batch) * bound,
            "the mean of the gradients of its samples, each taken alone",
            torch.float64,
        )


MODES = ("training", "evaluation", "mixed")


@check(
    "2.4",
    "layer_gradients",
    cost=2,
    plan=plans(depths=(1, 3), batch=(2, 4), modes=MODES),
    had=booleans(),
)
def test_layer_gradients_take_the_model_as_it_is(solutions: Answers, plan: Plan, had: bool) -> None:
    """Each module is in the mode in which it came; all of the model stays as it was."""
    model = plan.model()
    leave_gradients(model, had)
    truth, before = derived(model, plan.images(), plan.labels()), Condition(model)
    layer_gradients = solutions.gradient_comparison.layer_gradients
    found = unless_frozen(plan, layer_gradients, model, plan.images(), plan.labels())
    if found is not None:
        judge_gradients(by_layer(found, model), truth, plan)
        before.judge_kept(model)


def leave_gradients(model: nn.Module, had: bool) -> None:
    """Let parameters have a .grad from an earlier call, or none."""
    for parameter in model.parameters():
        if had and parameter.requires_grad:
            parameter.grad = torch.full_like(parameter, 7.0)


DEFAULT = 0.01
RATES = [None, 1 / 4, 1, 1e-6, 0.1, 3, 50.0, 1 / 32]
"""Learning rates of every size, as float and int."""


@check(
    "2.4",
    "train",
    plan=plans(depths=(0, 2), modes=("training",), all_sizes=True),
    lr=sampled_from(RATES),
    had=booleans(),
)
def test_train_takes_the_step_that_the_gradient_says(
    solutions: Answers, plan: Plan, lr: float | None, had: bool
) -> None:
    """One step of plain SGD: W ← W − lr·∂E/∂W and b ← b − lr·∂E/∂b; the history says ∂E/∂W."""
    judge_step(solutions, plan, lr, had)


@check("2.4", "train", cost=3, plan=large_plans(), lr=sampled_from(RATES[1:]))
def test_train_takes_the_step_of_large_networks(solutions: Answers, plan: Plan, lr: float) -> None:
    """Wide layers, many of them and large batches take the step that the gradient says, too."""
    judge_step(solutions, plan._replace(modes="training", batch_norm=False), lr, had=False)


def judge_step(solutions: Answers, plan: Plan, lr: float | None, had: bool) -> None:
    """Wrong unless one step of training is plain SGD's, and is recorded as it was."""
    model = plan.model()
    leave_gradients(model, had)
    images, labels = plan.images(), plan.labels()
    truth, condition = derived(model, images, labels), Condition(model)
    rate = {} if lr is None else {"lr": lr}
    loader = Loader([(images, labels)])
    train = solutions.gradient_comparison.train
    history = unless_frozen(plan, train, model, loader, **rate, steps=1)
    if history is None:
        return
    lr = DEFAULT if lr is None else lr
    judge_history(history, 1, model)
    condition.judge_form(model)
    for (name, parameter), (gradient, bound) in zip(
        model.named_parameters(), truth.parameters, strict=True
    ):
        was = condition.values[name].double()
        if not parameter.requires_grad:
            equal(
                parameter.detach(),
                condition.values[name],
                f"{name} as it was, which requires no gradient",
                said=f"left in {name} ",
            )
            continue
        within(
            parameter.detach(),
            was - lr * gradient,
            # The gradient's own bound, and one product and one difference, each rounded.
            lr * bound + gamma(3, plan.dtype) * (was.abs() + lr * gradient.abs()),
            f"{name} before the step − lr·∂E/∂{name}, with lr={lr:g} and E the mean cross-entropy"
            f" of a {plan}",
            plan.dtype,
            said=f"left in {name} ",
        )
    judge_statistics(model, condition, truth, plan)
    for index, (value, weight) in enumerate(
        zip(history[0].values(), truth.weights, strict=True), start=1
    ):
        near(
            value,
            *mean_absolute(weight, plan.dtype),
            f"mean |∂E/∂W| of linear layer {index} at the step",
            said="recorded ",
        )


def mean_absolute(gradient: Bounded, dtype: torch.dtype) -> tuple[float, float]:
    """The mean |∂E/∂W|, and its bound: the entries' own, and the rounding of a sum of n terms."""
    size = float(gradient.value.abs().mean())
    moved = float(gradient.bound.mean())
    return size, moved + gamma(gradient.value.numel() + 2, dtype) * (size + moved)


def judge_statistics(
    model: nn.Module, before: Condition, truth: Backpropagation, plan: Plan
) -> None:
    """Batch norm has seen one batch: its running statistics moved by a tenth towards that."""
    names = [name for name, m in model.named_modules() if isinstance(m, nn.BatchNorm1d)]
    now = model.state_dict()
    unbiased = plan.batch / max(1, plan.batch - 1)
    for name, (mean, variance) in zip(names, truth.statistics, strict=True):
        for buffer, (value, bound), factor in (
            (f"{name}.running_mean", mean, 1.0),
            (f"{name}.running_var", variance, unbiased),
        ):
            was = before.values[buffer].double()
            expected = 0.9 * was + 0.1 * factor * value
            within(
                now[buffer],
                expected,
                0.1 * factor * bound + gamma(8, plan.dtype) * (was.abs() + expected.abs()),
                f"0.9·{buffer} + 0.1·that of the batch, which the model saw once, in training mode",
                plan.dtype,
                said=f"left in {buffer} ",
            )


def judge_history(history: Any, steps: int, model: nn.Module) -> None:
    """A list with a dict for each step that holds a number for each layer, or Wrong."""
    if not isinstance(history, Sequence) or len(history) != steps:
        wrong(history, f"a list of {steps} dicts, one for each step")
    for entry in history:
        if not isinstance(entry, Mapping):
            wrong(entry, "a dict with a number for each linear layer")
        judge_names(entry, model, "recorded numbers")


@check(
    "2.4",
    "train",
    cost=2,
    plan=plans(depths=(0, 2), batch=(2, 4), modes=("training",)),
    steps=integers(2, 5),
    lr=sampled_from([1 / 4, 1 / 32, 1, 0.1]),
    kind=sampled_from([Loader, list]),
)
def test_train_goes_on_step_by_step(
    solutions: Answers, plan: Plan, steps: int, lr: float, kind: type
) -> None:
    """Many steps are as many single steps, each with a gradient of its own, round the loader."""
    plan = plan._replace(frozen=False)
    batches = plan.batches()
    at_once, one_by_one = plan.model(), plan.model()
    train = solutions.gradient_comparison.train
    single: list[Any] = []
    for index in range(steps):
        part = train(one_by_one, kind([batches[index % 2]]), lr=lr, steps=1)
        judge_history(part, 1, one_by_one)
        single += part
    history = train(at_once, kind(batches), lr=lr, steps=steps)
    judge_history(history, steps, at_once)
    judge_alike(history, single, at_once, one_by_one, f"those that {steps} single steps leave")


@check("2.4", "train")
def test_train_goes_on_for_many_steps(solutions: Answers) -> None:
    """Two hundred steps at once are a hundred and a hundred more: nothing changes on the way."""
    plan = Plan((), "relu", 2, 0)
    at_once, in_two = plan.model(), plan.model()
    train = solutions.gradient_comparison.train
    history = train(at_once, Loader(plan.batches()), lr=1 / 32, steps=202)
    parts = [train(in_two, Loader(plan.batches()), lr=1 / 32, steps=n) for n in (102, 100)]
    for record, steps in zip([history, *parts], (202, 102, 100), strict=True):
        judge_history(record, steps, at_once)
    left = "those that 102 steps leave and 100 after them"
    judge_alike(history, [*parts[0], *parts[1]], at_once, in_two, left)


def judge_alike(
    history: Sequence[Mapping],
    parts: Sequence[Mapping],
    model: nn.Module,
    other: nn.Module,
    left: str,
) -> None:
    """Wrong unless steps at once record and leave what the same steps in several calls do."""
    steps = len(history)
    for index, (whole, alone) in enumerate(zip(history, parts, strict=True)):
        holds(
            [*whole.items()] == [*alone.items()],
            f"recorded {shown(dict(whole))} at step {index + 1} of {steps}",
            f"{shown(dict(alone))}, the gradients of the batch whose turn it is at the "
            "weights that the step before left, and of nothing else",
        )
    for (name, one), two in zip(
        model.state_dict().items(), other.state_dict().values(), strict=True
    ):
        holds(
            same_bits(one, two),
            f"left other values in {name} after {steps} steps",
            f"{left}, going round the loader",
        )


@check("2.4", "train")
def test_train_on_the_digits_of_this_run(solutions: Answers) -> None:
    """On real images each step records a positive, finite mean gradient for each layer."""
    chosen = digits()
    generator = torch.Generator().manual_seed(0)
    images, labels = batch_of(chosen, torch.randperm(1280, generator=generator).tolist())
    loader = Loader([*zip(images.split(64), labels.split(64), strict=True)])
    steps = 60 if wanted() else 20
    series = {}
    for name in ("sigmoid", "sigmoid, batch norm"):
        torch.default_generator.manual_seed(0)
        model = mlp((64,) * 3, "sigmoid", batch_norm="batch norm" in name)
        history = solutions.gradient_comparison.train(model, loader, lr=0.5, steps=steps)
        judge_history(history, steps, model)
        for step in history:
            for value in step.values():
                positive(value, "the mean |∂E/∂W| of a layer", said="recorded ")
        series[f"{name}: first layer"] = [float(next(iter(step.values()))) for step in history]
        series[f"{name}: last layer"] = [float([*step.values()][-1]) for step in history]
    if wanted():
        show_lines(
            "gradients while training",
            series,
            x="step",
            y="mean |∂E/∂W|",
            log=True,
            alt="Over 60 steps of SGD the first layer's gradient of the sigmoid network stays far "
            "below its last layer's; with batch norm the two are close.",
        )


VARIANTS = ["sigmoid", "ReLU, He", "α", " a ", "A", "a", "0", "", "1", "linear1", "a.b", "tanh/2"]
"""Names as a learner may choose them: alike but for a space or a capital, too."""


@composite
def named_plans(draw: Draw) -> dict[str, Plan]:
    """One to three networks that differ, with names; now and then a dozen."""
    names = draw(now_and_then(several_of(VARIANTS, 1, 3), several_of(VARIANTS, 9, 12), 4))
    first = draw(plans(depths=(0, 3), batch=(2, 3), modes=MODES, all_sizes=True))
    first = first._replace(frozen=False)
    if len(names) > 3:
        # It is the number of variants that counts.
        first = first._replace(hidden=(), batch_norm=False, dropout=False)
    return {
        name: first._replace(hidden=first.hidden + (3,) * (index % 3), seed=first.seed + 10 * index)
        for index, name in enumerate(names)
    }


@check("2.4", "compare", cost=3, plan=large_plans())
def test_compare_of_large_networks(solutions: Answers, plan: Plan) -> None:
    """Large batches, wide layers and many of them are compared all the same."""
    judge_comparison(solutions, {"large": plan}, had=False)


@check("2.4", "compare", cost=3, named=named_plans(), had=booleans())
def test_compare_gives_the_mean_absolute_gradient(
    solutions: Answers, named: dict[str, Plan], had: bool
) -> None:
    """Variant name → layer → mean |∂E/∂W|, each variant on the same batch, and left as it was."""
    judge_comparison(solutions, named, had)


def judge_comparison(solutions: Answers, named: dict[str, Plan], had: bool) -> None:
    models = {name: plan.model() for name, plan in named.items()}
    for model in models.values():
        leave_gradients(model, had)
    first = next(iter(named.values()))
    images, labels = first.images(), first.labels()
    truths = {name: derived(model, images, labels) for name, model in models.items()}
    conditions = {name: Condition(model) for name, model in models.items()}
    comparison = solutions.gradient_comparison.compare(models, images, labels)
    if not isinstance(comparison, Mapping) or set(comparison) != set(named):
        wrong(comparison, f"a dict with the keys {[*named]}, the names of the variants")
    for name, plan in named.items():
        layers = comparison[name]
        if not isinstance(layers, Mapping):
            wrong(layers, "a dict with a number for each linear layer")
        judge_names(layers, models[name], "returned numbers")
        for index, (value, gradient) in enumerate(
            zip(layers.values(), truths[name].weights, strict=True), start=1
        ):
            near(
                value,
                *mean_absolute(gradient, plan.dtype),
                f"mean |∂E/∂W| of linear layer {index} of the variant {name!r}, a {plan}",
            )
        conditions[name].judge_kept(models[name])


@check("2.4", "compare")
def test_compare_on_the_digits_of_this_run(solutions: Answers) -> None:
    """On real images, each layer of each variant has a positive, finite mean gradient."""
    chosen = digits()
    images, labels = batch_of(chosen, range(64 if wanted() else 16))
    torch.default_generator.manual_seed(0)
    deep = (64,) * 5
    # The suite's own networks: that MLP is right is for its own checks to say.
    models = {
        "sigmoid": mlp(deep, "sigmoid"),
        "tanh": mlp(deep, "tanh"),
        "ReLU": mlp(deep, "relu"),
        "ReLU, 2 hidden layers": mlp((64, 64), "relu"),
        "ReLU, 4 × as wide": mlp((256,) * 5, "relu"),
        "sigmoid, Xavier": mlp(deep, "sigmoid", initialise=nn.init.xavier_uniform_),
        "ReLU, He": mlp(
            deep, "relu", initialise=partial(nn.init.kaiming_uniform_, nonlinearity="relu")
        ),
        "sigmoid, batch norm": mlp(deep, "sigmoid", batch_norm=True),
    }
    if not wanted():
        models = {name: models[name] for name in ("sigmoid", "ReLU, He")}
    comparison = solutions.gradient_comparison.compare(models, images, labels)
    if not isinstance(comparison, Mapping) or set(comparison) != set(models):
        wrong(comparison, f"a dict with the keys {[*models]}, the names of the variants")
    for name, layers in comparison.items():
        if not isinstance(layers, Mapping):
            wrong(layers, "a dict with a number for each linear layer")
        for layer, value in layers.items():
            positive(value, f"mean |∂E/∂W| of layer {layer!r} of the variant {name!r}")
    if wanted():
        show_gradients(
            chosen.name,
            {name: [float(v) for v in layers.values()] for name, layers in comparison.items()},
        )


def show_gradients(name: str, values: dict[str, list[float]]) -> None:
    show_lines(
        "gradient of each layer",
        values,
        x="linear layer, from input to output",
        y="mean |∂E/∂W|",
        log=True,
        panels={
            "Activation": ["sigmoid", "tanh", "ReLU"],
            "Depth and width": ["ReLU", "ReLU, 2 hidden layers", "ReLU, 4 × as wide"],
            "Initialisation": ["sigmoid", "sigmoid, Xavier", "ReLU", "ReLU, He"],
            "Batch norm": ["sigmoid", "sigmoid, batch norm"],
        },
        alt="Mean absolute weight gradient of each layer, one line a variant. With a sigmoid it "
        "falls by orders of magnitude towards the input; with ReLU, Xavier's or He's weights or "
        "batch norm it stays nearly level.",
    )
    layers = max(map(len, values.values()))
    show_table(
        "gradient of each layer",
        [f"mean |∂E/∂W| on {name}", *(f"layer {index + 1}" for index in range(layers))],
        [
            [name, *(f"{v:.1e}" for v in row), *[""] * (layers - len(row))]
            for name, row in values.items()
        ],
    )


def batch_of(chosen: DataSet, indices: Iterable[int]) -> tuple[Tensor, Tensor]:
    """Images of the data set, normalised as 2.4 asks, and their labels."""
    pixels, labels = idx.read_dataset(chosen.root, "train")
    order = torch.tensor([*indices])
    return (pixels[order][:, None].float().div(255) - 0.1307) / 0.3081, labels[order].long()


LABELS = ["sigmoid", "tanh", "ReLU", "deep <&> wide", "sigmoid, Xavier", "sigmoid, batch norm"]
LABELS += ["ReLU, He", "ReLU, 2 layers", "ReLU 4 × as wide", "tanh, Xavier", "GELU", "narrow"]


@composite
def comparisons(draw: Draw) -> Comparison:
    """One to four variants, or twelve; a power of two for each of their one to six, or 12, layers.

    No two have the same values.
    """
    many = draw(sampled_from([False, False, False, True]))
    names = draw(several_of(LABELS, 12, 12) if many else several_of(LABELS, 1, 4))
    powers = lists(integers(-12, 3).map(lambda k: 2.0**k), 12 if many else 1, 12 if many else 6)
    comparison: Comparison = {}
    for name in names:
        values = draw(powers)
        while values in comparison.values():
            values = [value / 2 for value in values]
        comparison[name] = values
    return comparison


CROWD: Comparison = {
    name: [2.0 ** (layer * (1 if number % 2 else -1) - 2 * number) for layer in range(layers)]
    for number, (name, layers) in enumerate(
        zip(LABELS, (6, 2, 3, 6, 5, 7, 12, 2, 6, 4, 3, 6), strict=True)
    )
}
"""Twelve variants of two to twelve layers, no two of which go the same way."""


def draw(solutions: Answers, comparison: Comparison) -> Any:
    """The learner's picture of a comparison, or Wrong."""
    figure = solutions.gradient_comparison.plot(
        {
            name: {f"layer {index}": value for index, value in enumerate(values)}
            for name, values in comparison.items()
        }
    )
    if not isinstance(figure, Figure):
        wrong(figure, "a matplotlib.figure.Figure")
    return figure


@check("2.4", "plot", cost=10, enough=4, comparison=comparisons())
def test_plot_draws_one_line_a_variant_on_a_log_scale(
    solutions: Answers, comparison: Comparison
) -> None:
    """Each variant is a line over its layers, with a name and a look, on one logarithmic scale."""
    pictures.judge(draw(solutions, comparison), comparison)


@check("2.4", "plot")
def test_plot_shows_every_line(solutions: Answers) -> None:
    """With twelve variants of up to twelve layers, each line shows on what is behind it."""
    pictures.judge_lines(pictures.judge(draw(solutions, CROWD), CROWD))


@check("2.4", "plot")
def test_plot_draws_a_new_figure_each_time(solutions: Answers) -> None:
    """A second picture is a figure of its own, without what the first one shows; a gradient of 0,
    which has no place on the scale, spoils neither."""
    one, other = {"first": [1.0, 2.0]}, {"second": [0.0, 3.0, 4.0]}
    first = draw(solutions, one)
    pictures.judge(first, one)
    before = first.lines()
    second = draw(solutions, other)
    pictures.judge(second, other)
    heights = [line.ys for line in second.lines()]
    holds(
        [1.0, 2.0] not in heights and first.lines() == before,
        "drew into the picture of an earlier call",
        "a new figure",
    )

"""2.4: MNIST and its transforms, the network, and the gradients of its layers.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from answering.own import Loader
from data import DataSet, idx
from judging import pictures
from judging.answers import Answers
from judging.checks import check
from judging.choices import Draw, booleans, composite, integers, lists, sampled_from, several_of
from judging.digits import digits
from judging.evidence import show_images, show_lines, show_table, show_text, wanted
from judging.live import Digits, Figure, Network
from judging.networks import Plan, derived, linear_layers, mlp, plans
from judging.oracles import gamma
from judging.pictures import Comparison
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


@check("2.4", "mnist", train=sampled_from([True, False, None]))
def test_mnist_is_read_and_normalised_bit_for_bit(solutions: Answers, train: bool | None) -> None:
    """Each byte b becomes (b/255 − 0.1307)/0.3081, in a tensor (1, 28, 28), float32."""
    asked = {} if train is None else {"train": train}
    dataset = solutions.gradient_comparison.mnist(on_the_shelf(solutions), **asked)
    train = train is not False
    if not isinstance(dataset, Digits):
        wrong(dataset, "an instance of torchvision.datasets.MNIST")
    images, labels = every_byte()[train]
    part = "training" if train else "test"
    holds(
        len(dataset) == len(images),
        f"returned {len(dataset)} examples",
        f"the {len(images)} of the {part} set",
    )
    mean, deviation = torch.tensor(0.1307), torch.tensor(0.3081)
    for index, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        with solutions.calling(f"mnist(root)[{index}]"):
            example = dataset[index]
        holds(
            isinstance(example, tuple) and len(example) == 2 and int(example[1]) == label,
            f"returned {shown(example)} as example {index} of the {part} set",
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


widths = lists(integers(1, 6), 0, 4)
activations = sampled_from(["relu", "tanh", "sigmoid"])


def network(solutions: Answers, *args: Any, **kwargs: Any) -> Network:
    """The learner's MLP, or Wrong."""
    model = solutions.gradient_comparison.MLP(*args, **kwargs)
    if not isinstance(model, Network):
        wrong(model, "an instance of torch.nn.Module")
    return model


@check("2.4", "MLP", hidden=widths, activation=activations, n=integers(1, 4), seed=seeds)
def test_MLP_computes_its_layers_in_order(
    solutions: Answers, hidden: list[int], activation: str, n: int, seed: int
) -> None:
    """Linear layers of the widths asked for, the activation between them, plain scores at last."""
    solutions.seed(seed)
    model = network(solutions, tuple(hidden), activation=activation).double()
    plan = Plan(tuple(hidden), activation, n, seed)
    call = f"MLP({tuple(hidden)}, activation={activation!r}) applied to {n} images"
    with solutions.calling(call):
        layers = linear_layers(model, plan.images())
        sizes = [(layer.in_features, layer.out_features) for layer in layers]
        expected = [*zip((784, *hidden), (*hidden, 10), strict=True)]
        holds(
            sizes == expected,
            f"went through linear layers of the sizes {sizes}",
            f"{expected}: 784 pixels, the hidden widths, 10 classes",
        )
        scores = model(plan.images())
        truth = derived(model, activation, plan.images(), plan.labels())
        within(
            scores,
            truth.logits,
            truth.logits_bound,
            f"W y + b of the last layer, with {activation} after each layer before it",
            torch.float64,
            said="gave ",
        )


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
        truth = derived(model, "relu", plan.images(), plan.labels())
        scores = model(plan.images())
        within(
            scores, truth.logits, truth.logits_bound, "ReLU after each", torch.float64, said="gave "
        )


VARIANCES = {
    "default": ("1/(3·inputs), PyTorch's own", lambda inputs, outputs: 1 / (3 * inputs)),
    "xavier": ("2/(inputs + outputs)", lambda inputs, outputs: 2 / (inputs + outputs)),
    "he": ("2/inputs", lambda inputs, outputs: 2 / inputs),
}


@check("2.4", "MLP", cost=5, seed=seeds)
def test_MLP_initialises_with_the_variance_asked_for(solutions: Answers, seed: int) -> None:
    """Weights have mean 0 and variance 2/(in + out) for Xavier, 2/in for He."""
    for init, (formula, variance) in VARIANCES.items():
        solutions.seed(seed)
        # With a sigmoid the gain of Xavier's rule is 1 in every convention; He's is for ReLU.
        activation = "sigmoid" if init == "xavier" else "relu"
        model = network(solutions, (96, 128), activation=activation, init=init)
        images = Plan((96, 128), activation, 1, seed).images()
        with solutions.calling(f"MLP((96, 128), activation={activation!r}) applied to an image"):
            layers = linear_layers(model.double(), images)
        for layer in layers:
            weights = layer.weight.detach()
            expected = variance(layer.in_features, layer.out_features)
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
                f"({layer.in_features} → {layer.out_features}) with init={init!r}",
                said="drew weights whose mean square is ",
            )
            near(
                float(weights.mean()),
                0.0,
                8 * math.sqrt(expected / n),
                f"the mean of the weights with init={init!r}",
                said="drew weights whose mean is ",
            )


@check("2.4", "MLP", hidden=widths, batch_norm=booleans(), activation=activations)
def test_MLP_normalises_each_hidden_layer_if_asked(
    solutions: Answers, hidden: list[int], batch_norm: bool, activation: str
) -> None:
    """With batch_norm=True every hidden layer goes through a BatchNorm of its width; else none."""
    model = network(solutions, tuple(hidden), activation=activation, batch_norm=batch_norm)
    plan = Plan(tuple(hidden), activation, 4, 0)
    call = f"MLP({tuple(hidden)}, batch_norm={batch_norm}) applied to 4 images"
    with solutions.calling(call):
        model = model.double().eval()
        norms = [used for used in model.path(plan.images()) if used.kind == "batch norm"]
        scores = model(plan.images())
        found = model.leaves()
    used = [norm.sizes[0] for norm in norms]
    expected = hidden if batch_norm else []
    holds(
        used == expected,
        f"sent its input through batch norm layers of the widths {used}, its layers being {found}",
        f"batch norm of the widths {expected}: batch_norm={batch_norm}, hidden={tuple(hidden)}",
    )
    # Batch norm that has seen no batch divides by √(1 + eps), before the activation or after it.
    factor = 1 / math.sqrt(1 + norms[0].eps) if norms else 1.0
    truths = [
        derived(model, activation, plan.images(), plan.labels(), before=factor),
        derived(model, activation, plan.images(), plan.labels(), after=factor),
    ]
    same_form(scores, (4, 10), torch.float64, "10 scores for each of 4 images")
    holds(
        any(bool(((scores - t.logits).abs() <= t.logits_bound).all()) for t in truths),
        f"computes other scores than its layers, batch norm and {activation} give",
        f"linear, then batch norm and {activation} in either order, in each hidden layer",
    )


def by_layer(gradients: Any, model: nn.Module, images: Tensor) -> list[Tensor]:
    """The gradients in their order, one for each linear layer, or Wrong."""
    layers = linear_layers(model, images)
    if not isinstance(gradients, Mapping) or not all(
        isinstance(value, Tensor) for value in gradients.values()
    ):
        wrong(gradients, "a dict from the name of each layer to a tensor")
    if len(gradients) != len(layers):
        raise Wrong(
            f"returned gradients for the layers {[*gradients]}",
            f"one for each nn.Linear, of which there are {len(layers)}",
        )
    modules = dict(model.named_modules())
    for name, layer in zip(gradients, layers, strict=True):
        # Names are free, but one that is a layer's must stand for that layer.
        named = modules.get(str(name).removesuffix(".weight"))
        holds(
            not isinstance(named, nn.Linear) or named is layer,
            f"returned the layers in the order {[*gradients]}",
            "forward order, each gradient under the name of its layer",
        )
    return [*gradients.values()]


def gradients_of(solutions: Answers, model: nn.Module, plan: Plan) -> list[Tensor]:
    """The learner's gradients on the plan's batch, one for each linear layer, or Wrong."""
    images, labels = plan.images(), plan.labels()
    found = solutions.gradient_comparison.layer_gradients(model, images, labels)
    return by_layer(found, model, images)


RECURSION = "∂E/∂W = δ yᵀ by the recursion δ^(l-1) = Wᵀδ^(l) ⊙ f', E the mean cross-entropy"


@check("2.4", "layer_gradients", cost=3, plan=plans())
def test_layer_gradients_equal_the_delta_recursion(solutions: Answers, plan: Plan) -> None:
    """In float64 they are those of section 1's recursion, for every depth, width, activation."""
    model = plan.model()
    truth = derived(model, plan.activation, plan.images(), plan.labels())
    gradients = gradients_of(solutions, model, plan)
    for index, (gradient, expected, bound) in enumerate(
        zip(gradients, truth.gradients, truth.bounds, strict=True), start=1
    ):
        within(
            gradient,
            expected,
            bound,
            f"{RECURSION} (layer {index} of {len(gradients)} of a {plan})",
            torch.float64,
        )


@check("2.4", "layer_gradients", cost=3, plan=plans(activations=("relu",), depths=(1, 4)))
def test_relu_networks_obey_eulers_theorem(solutions: Answers, plan: Plan) -> None:
    """Without biases a ReLU network is homogeneous in each W: ⟨W, ∂E/∂W⟩ is the same for all."""
    model = plan.model(bias=False)
    truth = derived(model, "relu", plan.images(), plan.labels())
    gradients = gradients_of(solutions, model, plan)
    weights = [layer.weight.detach() for layer in linear_layers(model, plan.images())]
    same_form(gradients[-1], tuple(weights[-1].shape), torch.float64, RECURSION)
    expected = float((weights[-1] * gradients[-1]).sum())
    for index, (W, gradient) in enumerate(zip(weights, gradients, strict=True), start=1):
        same_form(gradient, tuple(W.shape), torch.float64, RECURSION)
        # The bounds on both gradients, weighed by |W|, and the rounding of the two sums.
        bound = sum(
            float((w.abs() * b).sum()) + gamma(w.numel(), w.dtype) * float((w * g).abs().sum())
            for w, b, g in (
                (W, truth.bounds[index - 1], gradient),
                (weights[-1], truth.bounds[-1], gradients[-1]),
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
    truth = derived(model, "sigmoid", plan.images(), plan.labels())
    gradients = gradients_of(solutions, model, plan)
    y, norms, errors = plan.images().flatten(1), [], []
    layers = linear_layers(model, plan.images())
    for layer, gradient, bound in zip(layers, gradients, truth.bounds, strict=True):
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
        by_layer(layer_gradients(model, images[i : i + 1], labels[i : i + 1]), model, images)
        for i in range(plan.batch)
    ]
    whole = by_layer(layer_gradients(model, images, labels), model, images)
    truth = derived(model, plan.activation, images, labels)
    for index, gradient in enumerate(whole):
        parts = [gradients[index] for gradients in single]
        for part in parts:
            same_form(part, tuple(truth.gradients[index].shape), torch.float64, RECURSION)
        # The mean of the samples' bounds is at most N times the bound of the batch.
        within(
            gradient,
            torch.stack(parts).mean(dim=0),
            (1 + plan.batch) * truth.bounds[index],
            "the mean of the gradients of its samples, each taken alone",
            torch.float64,
        )


@check(
    "2.4",
    "layer_gradients",
    cost=3,
    plan=plans(depths=(1, 2), batch=(2, 4)),
    training=booleans(),
    had=booleans(),
)
def test_layer_gradients_leave_the_model_alone(
    solutions: Answers, plan: Plan, training: bool, had: bool
) -> None:
    """Parameters, buffers, mode and .grad stay as they were."""
    model = plan.model(batch_norm=True).train(training)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 7.0) if had else None
    before = copy.deepcopy(model.state_dict())
    found = solutions.gradient_comparison.layer_gradients(model, plan.images(), plan.labels())
    if training:
        judge_mode(found, model, plan)
    else:
        judge_normalised_gradients(found, model, plan)
    for name, value in model.state_dict().items():
        holds(torch.equal(value, before[name]), f"changed {name} of the model", "it as it was")
    holds(
        all(module.training is training for module in model.modules()),
        f"left the model in {'training' if model.training else 'evaluation'} mode",
        f"the mode in which it came, {'training' if training else 'evaluation'}",
    )
    for name, parameter in model.named_parameters():
        holds(
            bool((parameter.grad == 7).all())
            if parameter.grad is not None and had
            else parameter.grad is None and not had,
            f"changed the .grad of {name}",
            "the .grad that was there before the call, or none where there was none",
        )
        holds(parameter.requires_grad, f"froze {name}", "a parameter that can be trained")


def judge_mode(found: Any, model: nn.Module, plan: Plan) -> None:
    """In training mode batch norm takes the batch's own mean: the gradient is that of this mode."""
    distances = {}
    for training in (True, False):
        twin = copy.deepcopy(model).train(training)
        E = nn.functional.cross_entropy(twin(plan.images()), plan.labels())
        weights = [layer.weight for layer in linear_layers(twin, plan.images())]
        truth = torch.autograd.grad(E, weights)
        pairs = zip(by_layer(found, model, plan.images()), truth, strict=True)
        distances[training] = sum(float((one - other).norm()) for one, other in pairs)
    holds(
        distances[True] < distances[False],
        "returned the gradients of the model in evaluation mode",
        "those in training mode, in which the model came",
    )


def judge_normalised_gradients(found: Any, model: nn.Module, plan: Plan) -> None:
    """Batch norm that has seen no batch divides by √(1 + eps), so W acts as W/√(1 + eps)."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    factor = 1 / math.sqrt(1 + norms[0].eps)
    truth = derived(model, plan.activation, plan.images(), plan.labels(), before=factor)
    gradients = by_layer(found, model, plan.images())
    for index, (gradient, expected, bound) in enumerate(
        zip(gradients, truth.gradients, truth.bounds, strict=True)
    ):
        inner = factor if index < len(norms) else 1.0
        within(
            gradient,
            inner * expected,
            2 * bound,
            f"{RECURSION} (layer {index + 1} with batch norm, which came in evaluation mode)",
            torch.float64,
        )


RATES = [1 / 4, 1 / 32, 1.0]
DEFAULT = 0.01


@check("2.4", "train", cost=3, plan=plans(depths=(0, 2)), lr=sampled_from([None, *RATES]))
def test_train_takes_the_step_that_the_gradient_says(
    solutions: Answers, plan: Plan, lr: float | None
) -> None:
    """One step of plain SGD: W ← W − lr·∂E/∂W and b ← b − lr·∂E/∂b; the history says ∂E/∂W."""
    model = plan.model()
    images, labels = plan.images(), plan.labels()
    truth = derived(model, plan.activation, images, labels)
    layers = linear_layers(model, images)
    before = copy.deepcopy(layers)
    rate = {} if lr is None else {"lr": lr}
    loader = Loader([(images, labels)])
    history = solutions.gradient_comparison.train(model, loader, **rate, steps=1)
    lr = DEFAULT if lr is None else lr
    judge_history(history, 1, len(layers))
    for index, (layer, old) in enumerate(zip(layers, before, strict=True)):
        for name, gradient, bound in (
            ("weight", truth.gradients[index], truth.bounds[index]),
            ("bias", truth.bias_gradients[index], truth.bias_bounds[index]),
        ):
            was = getattr(old, name).detach()
            within(
                getattr(layer, name).detach(),
                was - lr * gradient,
                # The gradient's own bound, and one product and one difference, each rounded.
                lr * bound + gamma(3, was.dtype) * (was.abs() + lr * gradient.abs()),
                f"the {name} before the step − lr·∂E/∂{name}, with lr={lr:g} and E the mean "
                "cross-entropy",
                torch.float64,
                said=f"left in the {name} of linear layer {index + 1} ",
            )
        near(
            [*history[0].values()][index],
            float(truth.gradients[index].abs().mean()),
            float(truth.bounds[index].mean()) * 2,
            f"mean |∂E/∂W| of linear layer {index + 1} at the step",
            said="recorded ",
        )


def judge_history(history: Any, steps: int, layers: int) -> None:
    """A list with a dict for each step that holds a number for each layer, or Wrong."""
    if not isinstance(history, Sequence) or len(history) != steps:
        wrong(history, f"a list of {steps} dicts, one for each step")
    for entry in history:
        if not isinstance(entry, Mapping) or len(entry) != layers:
            wrong(entry, f"a dict with a number for each of the {layers} linear layers")


@check(
    "2.4", "train", cost=3, plan=plans(depths=(0, 2)), steps=integers(2, 5), lr=sampled_from(RATES)
)
def test_train_goes_on_step_by_step(solutions: Answers, plan: Plan, steps: int, lr: float) -> None:
    """Many steps are as many single steps, each with a gradient of its own, round the loader."""
    batches = plan.batches()
    at_once, one_by_one = plan.model(), plan.model()
    train = solutions.gradient_comparison.train
    single: list[Any] = []
    for index in range(steps):
        one_by_one.zero_grad()
        part = train(one_by_one, Loader([batches[index % 2]]), lr=lr, steps=1)
        judge_history(part, 1, len(plan.hidden) + 1)
        single += part
    history = train(at_once, Loader(batches), lr=lr, steps=steps)
    judge_history(history, steps, len(plan.hidden) + 1)
    for index, (whole, alone) in enumerate(zip(history, single, strict=True)):
        holds(
            [*whole.values()] == [*alone.values()],
            f"recorded {shown([*whole.values()])} at step {index + 1} of {steps}",
            f"{shown([*alone.values()])}, the gradients of the batch whose turn it is at the "
            "weights that the step before left, and of nothing else",
        )
    for (name, one), other in zip(at_once.named_parameters(), one_by_one.parameters(), strict=True):
        holds(
            torch.equal(one, other),
            f"left other values in {name} after {steps} steps",
            f"those that {steps} single steps leave, going round the loader",
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
        judge_history(history, steps, 4)
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


@composite
def named_plans(draw: Draw) -> dict[str, Plan]:
    """One to three networks that differ, with names."""
    names = draw(several_of("αβγδ", 1, 3))
    first = draw(plans(depths=(0, 3), batch=(2, 3)))
    return {
        name: first._replace(hidden=first.hidden + (3,) * index, seed=first.seed + 10 * index)
        for index, name in enumerate(names)
    }


@check("2.4", "compare", cost=3, named=named_plans())
def test_compare_gives_the_mean_absolute_gradient(
    solutions: Answers, named: dict[str, Plan]
) -> None:
    """Variant name → layer → mean |∂E/∂W|, each variant on the same batch."""
    models = {name: plan.model() for name, plan in named.items()}
    first = next(iter(named.values()))
    images, labels = first.images(), first.labels()
    comparison = solutions.gradient_comparison.compare(models, images, labels)
    if not isinstance(comparison, Mapping) or set(comparison) != set(named):
        wrong(comparison, f"a dict with the keys {[*named]}, the names of the variants")
    for name, plan in named.items():
        truth = derived(models[name], plan.activation, images, labels)
        layers = comparison[name]
        if not isinstance(layers, Mapping) or len(layers) != len(truth.gradients):
            wrong(layers, f"a dict with a number for each of {len(truth.gradients)} linear layers")
        for index, value in enumerate(layers.values()):
            near(
                value,
                float(truth.gradients[index].abs().mean()),
                float(truth.bounds[index].mean()) * 2,
                f"mean |∂E/∂W| of linear layer {index + 1} of the variant {name!r}, a {plan}",
            )


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


VARIANTS = ["sigmoid", "tanh", "ReLU", "deep <&> wide", "sigmoid, Xavier", "sigmoid, batch norm"]
VARIANTS += ["ReLU, He", "ReLU, 2 layers", "ReLU 4 × as wide", "tanh, Xavier", "GELU", "narrow"]


@composite
def comparisons(draw: Draw) -> Comparison:
    """One to four variants, or twelve; a power of two for each of their one to six, or 12, layers.

    No two have the same values. Now and then a gradient is zero.
    """
    many = draw(sampled_from([False, False, False, True]))
    names = draw(several_of(VARIANTS, 12, 12) if many else several_of(VARIANTS, 1, 4))
    powers = lists(integers(-12, 3).map(lambda k: 2.0**k), 12 if many else 1, 12 if many else 6)
    comparison: Comparison = {}
    for name in names:
        values = draw(powers)
        while values in comparison.values():
            values = [value / 2 for value in values]
        comparison[name] = values
    if len(comparison[names[0]]) > 2 and draw(sampled_from([False, False, True])):
        comparison[names[0]][0] = 0.0
    return comparison


CROWD: Comparison = {
    name: [2.0 ** (layer * (1 if number % 2 else -1) - 2 * number) for layer in range(layers)]
    for number, (name, layers) in enumerate(
        zip(VARIANTS, (6, 2, 3, 6, 5, 7, 12, 2, 6, 4, 3, 6), strict=True)
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


@check("2.4", "plot", cost=10, comparison=comparisons())
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
    """A second picture is a figure of its own, without what the first one shows."""
    first = draw(solutions, {"first": [1.0, 2.0]})
    before = first.lines()
    second = draw(solutions, {"second": [3.0, 4.0]})
    heights = [line.ys for line in second.lines()]
    holds(
        [1.0, 2.0] not in heights and first.lines() == before,
        "drew into the picture of an earlier call",
        "a new figure",
    )

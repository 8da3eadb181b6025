"""2.5 as it was recorded: a line is trained for a step, saved, loaded into a new model, applied."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor

from answering.events import At, Backward, Called, Layer, Loaded, Operation, Saved, Step
from judging.history import (
    Content,
    History,
    Network,
    entries_of,
    is_zero,
    offspring,
    passes_over,
    shown,
    size_of,
    steps_over,
)
from judging.oracles import gamma
from judging.work import Finding, Work

MOST_CHECKED = 8
"""Passes whose loss, and calls whose result, are computed again."""

ACTIVATIONS = {
    *("relu", "relu_", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "mish"),
    *("sigmoid", "sigmoid_", "tanh", "tanh_", "hardtanh", "softmax", "logsigmoid", "clamp"),
}
"""Functions that bend a line."""

RIGHT = Finding("right")


def judge_regression(work: Work, history: History, other: History | None) -> dict[str, Finding]:
    """The verdict on each part of 2.5 in one run; ``other`` is the run with other seeds."""
    lines = [network for network in history.networks.values() if _few_numbers(history, network)]
    lines.sort(key=lambda one: -len(passes_over(history, one.parameters)))
    trained = [one for one in lines if passes_over(history, one.parameters)]
    loaded, load = _load(work, history, lines, trained)
    return {
        "model": _best([_model(work, history, one) for one in lines]) or _no_model(history),
        "step": _best([_step(work, history, one, other) for one in trained or lines])
        or Finding("missing", "Looked for a forward pass of a model of 2.5: none was called."),
        "save": _save(work, history, trained or lines),
        "load": load,
        "apply": _apply(work, history, lines, loaded),
    }


def _best(findings: list[Finding]) -> Finding | None:
    """The reading that is best for the work."""
    order = ("right", "for a reader", "wrong", "missing")
    return min(findings, key=lambda one: order.index(one.outcome), default=None)


def _few_numbers(history: History, network: Network) -> bool:
    """Whether a network could be meant for 2.5: few numbers a sample, unlike pictures.

    A digit has 784 pixels and ten classes; a regression with one input and one output, however
    wrong it is built, has far fewer.
    """
    for _, call in network.calls[:1]:
        for indices, most in ((call.inputs, 64), (call.outputs, 8)):
            for index in indices[:1]:
                value = history.values[index]
                samples = value.shape[0] if len(value.shape) > 1 else 1
                if len(value.shape) > 1 and size_of(value) > most * max(samples, 1):
                    return False
    for layer in network.layers:
        if len(layer.shape) == 2 and (layer.shape[0] > 256 or layer.kind.startswith("Conv")):
            return False
    return not any(layer.kind.startswith("Conv") for layer in network.layers)


def _no_model(history: History) -> Finding:
    by_hand = history.all(Backward)
    hint = ""
    if by_hand and not history.networks:
        hint = " Weights were trained that are in no Module: the exercise asks for a class."
    return Finding(
        "missing",
        "Looked for a network with one input and one output that was called, of a class that "
        f"inherits from torch.nn.Module: none was.{hint}",
    )


def _model(work: Work, history: History, network: Network) -> Finding:
    """One Linear(1, 1) in a class of its own, and nothing else: y = w·x + b."""
    module = network.described
    where = work.where(module.at)
    expected = "a class that inherits from torch.nn.Module and consists of one nn.Linear(1, 1)"

    def is_wrong(mistake: str, what: str, look: str) -> Finding:
        return Finding(
            "wrong",
            f"{where}\n  called {what}\n  expected {expected}: y = w·x + b\n{look}",
            (module.at,),
            mistake,
        )

    names = ", ".join(_told(layer) for layer in network.layers)
    if not module.own and module.kind != "Linear" and "Module" in module.bases:
        return is_wrong(
            f"{module.kind} in place of a class",
            f"a model of torch's own class {module.kind}: {names}",
            f"This is nn.{module.kind} itself. Write a class: its layer in __init__, what it does "
            "in forward.",
        )
    if not module.own:
        return is_wrong(
            "nn.Linear itself in place of a class",
            f"nn.Linear itself: {names}",
            "Write a class of your own around the layer: the layer in __init__, the call in "
            "forward.",
        )
    if bare := [layer for layer in network.layers if not layer.is_linear]:
        own = [layer for layer in bare if layer.name == "" or layer.kind == module.kind]
        if len(own) == len(network.layers):
            return is_wrong(
                "weights as bare parameters",
                f"{module.kind}, whose weights are nn.Parameter of its own",
                "w·x + b by hand is right arithmetic, but the exercise asks for torch.nn.Linear.",
            )
        return is_wrong(
            f"{bare[0].kind} beside or in place of a linear layer",
            f"{module.kind} with {names}",
            f"{_told(bare[0])} has parameters, too: one nn.Linear(1, 1) is all there should be.",
        )
    if len(network.layers) > 1:
        hidden = any(_shape(history, network, layer) != (1, 1) for layer in network.layers)
        return is_wrong(
            "hidden layers" if hidden else "two linear layers",
            f"{module.kind} with {len(network.layers)} layers: {names}",
            "These are hidden layers: linear regression is one line, w·x + b."
            if hidden
            else "Two linear maps in a row are one: a single nn.Linear(1, 1).",
        )
    shape = _shape(history, network, network.layers[0])
    if shape != (1, 1):
        return is_wrong(
            "a layer of another size",
            f"{module.kind} with {names}",
            f"The layer takes {shape[0]} and gives {shape[1]} numbers; one input and one output "
            "are asked for.",
        )
    return _line(work, history, network, is_wrong)


def _told(layer: Layer) -> str:
    return f"{layer.kind}({layer.settings})" + (f" as {layer.name}" if layer.name else "")


def _shape(history: History, network: Network, layer: Layer) -> tuple[int, int]:
    """(inputs, outputs) of a linear layer, as its weight has it when it is used."""
    numbers = {number for _, number in layer.parameters}
    for _, call in network.calls:
        for index in call.parameters.values():
            value = history.values[index]
            if value.object in numbers and len(value.shape) == 2:
                return value.shape[1], value.shape[0]
    return (layer.shape[0], layer.shape[1]) if len(layer.shape) == 2 else (0, 0)


def _line(work: Work, history: History, network: Network, is_wrong) -> Finding:
    """What was called gave w·x + b: two roundings, and as many again for the oracle (γ_2)."""
    values = history.values
    for place, call in network.calls[:MOST_CHECKED]:
        if name := _activation(history, place, call):
            return is_wrong(
                "an activation after the layer",
                f"{network.described.kind}, which returned what {name} gave",
                f"{name} follows the linear layer: a line has no activation.",
            )
        weights = [values[index] for index in call.parameters.values()]
        w = next((entries_of(one) for one in weights if len(one.shape) == 2), None)
        b = next((entries_of(one) for one in weights if len(one.shape) == 1), None)
        if not call.inputs or not call.outputs or w is None:
            continue
        x, y = values[call.inputs[0]], values[call.outputs[0]]
        given, returned = entries_of(x), entries_of(y)
        if given is None or returned is None or len(given) != len(returned) or not len(given):
            continue
        b = torch.zeros(1, dtype=torch.float64) if b is None else b
        line = w * given + b
        bound = 2 * gamma(2, _dtype(y.dtype)) * ((w * given).abs() + b.abs())
        off = (returned - line).abs() > bound
        if off.any():
            at = int(off.nonzero()[0])
            what = (
                f"{network.described.kind} with w = {float(w):.6g}, b = {float(b):.6g} on "
                f"x = {float(given[at]):.6g}, which returned {float(returned[at]):.6g}"
            )
            at_most = bool((returned >= 0).all()) and bool((line < 0).any())
            look = (
                f"w·x + b is {float(line[at]):.6g}. Something follows the linear layer: a line has "
                "no activation."
            )
            if at_most:
                look += " Nothing returned is negative, as after ReLU or a sigmoid."
            return is_wrong("an activation after the layer", what, look)
    return RIGHT


def _activation(history: History, place: int, call: Called) -> str:
    """The activation that a call returned the result of; "" if it did not."""
    returned = {history.values[index].object for index in call.outputs}
    for event in reversed(history.events[max(0, place - 40) : place]):
        if isinstance(event, Operation):
            if event.name in ACTIVATIONS and returned & {
                history.values[index].object for index in event.results
            }:
                return event.name
        elif isinstance(event, Called):
            break
    return ""


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name, torch.float32)
    return found if isinstance(found, torch.dtype) and found.is_floating_point else torch.float32


def _step(work: Work, history: History, network: Network, other: History | None) -> Finding:
    """Forward, mean squared error, backward, a step of SGD, and gradients cleared in between."""
    if not network.calls:
        return Finding("missing", "Looked for a forward pass: the model was never called.")
    passes = passes_over(history, network.parameters)
    steps = steps_over(history, network.parameters)
    if not passes:
        return _no_pass(work, history, network, steps)
    # The loss first: all that follows is in vain if it is another.
    for finding in (
        _loss(work, history, network, passes),
        _update(work, history, network, passes, steps),
        _cleared(work, history, network, passes, steps),
        _random(work, history, network, passes, other),
    ):
        if finding.outcome != "right":
            return finding
    return RIGHT


def _no_pass(
    work: Work, history: History, network: Network, steps: list[tuple[int, Step]]
) -> Finding:
    if steps:
        at = steps[0][1].at
        return Finding(
            "wrong",
            f"{work.where(at)}\n  stepped without a gradient: no weight changed by it\n"
            "  expected loss.backward() before it, which fills .grad of each weight\n"
            "backward() was never called on a loss of this model.",
            (at,),
            "no backward",
        )
    at = network.calls[0][1].at
    elsewhere = history.all(Backward)
    if elsewhere and not any(_owned(history, event) for _, event in elsewhere):
        at = elsewhere[0][1].at
        return Finding(
            "wrong",
            f"{work.where(at)}\n  backward left no gradient in the weights of the model\n"
            "  expected a loss that is computed from the model's output\n"
            "The loss does not depend on the model: was its output detached, or another used?",
            (at,),
            "no backward",
        )
    return Finding(
        "missing",
        f"{work.where(at)}\n  called the model; looked for backward() on a loss of its output and "
        "for a step of SGD: there is neither.",
        (at,),
        "no backward",
    )


def _owned(history: History, event: Backward) -> bool:
    return any(history.values[one.of].object in history.owners for one in event.gradients)


def _loss(
    work: Work, history: History, network: Network, passes: list[tuple[int, Backward]]
) -> Finding:
    """What backward was called on is mean((ŷ − y)²) for some y that was recorded."""
    stride = max(1, len(passes) // MOST_CHECKED)
    sample = [*passes[:2], *passes[2::stride]][:MOST_CHECKED]
    decided = False
    for place, event in sample:
        outputs = _outputs_before(history, network, place, passes)
        loss = history.values[event.loss]
        value = entries_of(loss)
        known = [index for index in outputs if entries_of(history.values[index]) is not None]
        if value is None or len(value) != 1 or not known:
            continue
        decided = True
        if not any(_is_mean_square(history, index, place, float(value)) for index in known):
            return _another_loss(work, history, known, place, event, float(value))
    if not decided:
        return _loss_by_name(work, history, passes[0])
    return RIGHT


def _outputs_before(
    history: History, network: Network, place: int, passes: list[tuple[int, Backward]]
) -> list[int]:
    """What the network returned between the backward pass before and this one, the last first."""
    since = max((before for before, _ in passes if before < place), default=-1)
    calls = [call for at, call in network.calls if since < at < place]
    if not calls:
        calls = [call for at, call in network.calls if at < place][-1:]
    return [index for call in reversed(calls[-4:]) for index in call.outputs]


def _labels(history: History, output: int, place: int) -> Iterator[Tensor]:
    """What could be the labels: recorded before, with as many entries as the output."""
    values = history.values
    size, number = size_of(values[output]), values[output].object
    since = next(
        (at for at in range(place - 1, -1, -1) if output in _outputs(history.events[at])), 0
    )
    backward = history.events[place]
    assert isinstance(backward, Backward)
    loss, near = backward.loss, list[int]()
    for event in history.events[since:place]:
        if isinstance(event, Operation):
            near.extend(event.operands)
        elif isinstance(event, Called):
            near.extend(event.inputs)
    seen: set[str] = set()
    for index in (*near, *range(loss)):
        value = values[index]
        if value.object == number or size_of(value) != size or value.digest in seen:
            continue
        seen.add(value.digest)
        entries = entries_of(value)
        if entries is not None:
            yield entries
        if len(seen) > 600:
            return


def _outputs(event: object) -> tuple[int, ...]:
    return event.outputs if isinstance(event, Called) else ()


def _is_mean_square(history: History, output: int, place: int, loss: float) -> bool:
    value = history.values[output]
    predicted = entries_of(value)
    assert predicted is not None
    for labels in _labels(history, output, place):
        true = float((predicted - labels).square().mean())
        if abs(loss - true) <= _loss_bound(predicted, labels, value.dtype):
            return True
    return False


def _loss_bound(predicted: Tensor, labels: Tensor, dtype: str) -> float:
    """γ_{n+4}·mean((|ŷ| + |y|)²): n terms are summed, each of a difference, a square and a
    quotient, by any route that squares ŷ − y, or multiplies it out."""
    n = min(len(predicted) + 4, 2**20)
    return gamma(n, _dtype(dtype)) * float((predicted.abs() + labels.abs()).square().mean())


def _another_loss(
    work: Work, history: History, outputs: list[int], place: int, event: Backward, loss: float
) -> Finding:
    at, mistake, look, expected = event.at, "", "", None
    for output in outputs:
        value = history.values[output]
        predicted = entries_of(value)
        assert predicted is not None
        for labels in _labels(history, output, place):
            bound = max(_loss_bound(predicted, labels, value.dtype), 1e-12)
            off = predicted - labels
            mean = float(off.square().mean())
            mistakes = {
                "L1, the mean of the absolute errors, in place of the mean squared error": float(
                    off.abs().mean()
                ),
                "the sum in place of the mean": float(off.square().sum()),
                "the root of the mean squared error": mean**0.5,
                "half of the mean squared error": mean / 2,
                "the sum of the absolute errors": float(off.abs().sum()),
                "half of the sum of squares": float(off.square().sum()) / 2,
                "the mean of the errors, without the square": float(off.mean()),
                "the sum of the errors, without the square": float(off.sum()),
                "broadcasting: (N, 1) against (N,)": (
                    float((predicted[:, None] - labels[None]).square().mean())
                    if len(predicted) <= 1024
                    else float("nan")
                ),
            }
            # A sum is as much larger than a mean, and so is what rounding makes of it.
            bounds = bound * max(1.0, len(predicted) / 2)
            for name, number in mistakes.items():
                reach = bounds if "sum" in name else bound
                if abs(loss - number) <= min(reach, 1e-3 * abs(number) + 1e-9):
                    mistake, expected = name, mean
                    break
            if mistake:
                break
        if mistake:
            break
    maker = _made_by(history, event.loss)
    if not mistake and maker in _OTHER_LOSSES:
        mistake = f"{_OTHER_LOSSES[maker]} in place of the mean squared error"
    if mistake:
        look = f"This is {mistake}."
        if mistake.startswith("broadcasting"):
            look += (
                " The output has shape (N, 1) and the labels (N,), so each of the N outputs is "
                "compared with all N labels: give both one shape."
            )
    else:
        look = (
            "It is that for no labels that were recorded"
            + (f"; it came from {maker}" if maker else "")
            + ". Is every output compared with the label of its own x?"
        )
    formula = "mean((ŷ − y)²), ŷ the model's output"
    if expected is not None:
        formula = f"{expected:.6g} = {formula}"
    return Finding(
        "wrong",
        f"{work.where(at)}\n  called backward on a loss of {loss:.6g}\n  expected {formula}\n"
        f"{look}",
        (at,),
        mistake,
    )


_OTHER_LOSSES = {
    "l1_loss": "L1",
    "smooth_l1_loss": "smooth L1",
    "huber_loss": "Huber's loss",
    "cross_entropy": "cross-entropy",
    "binary_cross_entropy": "binary cross-entropy",
    "binary_cross_entropy_with_logits": "binary cross-entropy",
    "nll_loss": "the negative log-likelihood",
    "poisson_nll_loss": "Poisson's negative log-likelihood",
    "gaussian_nll_loss": "Gauss's negative log-likelihood",
    "kl_div": "the Kullback-Leibler divergence",
}


def _made_by(history: History, index: int) -> str:
    """The name of the operation that a value came from, "" if none was recorded."""
    number = history.values[index].object
    for _, event in reversed(history.all(Operation)):
        if any(history.values[result].object == number for result in event.results):
            return event.name
    return ""


def _loss_by_name(work: Work, history: History, one: tuple[int, Backward]) -> Finding:
    """Where the data are too many to have been kept: by what the loss was made."""
    event = one[1]
    maker = _made_by(history, event.loss)
    if maker in _OTHER_LOSSES:
        mistake = f"{_OTHER_LOSSES[maker]} in place of the mean squared error"
        return Finding(
            "wrong",
            f"{work.where(event.at)}\n  called backward on what {maker} returned\n"
            f"  expected mean((ŷ − y)²)\nThis is {mistake}.",
            (event.at,),
            mistake,
        )
    return RIGHT


def _update(
    work: Work,
    history: History,
    network: Network,
    passes: list[tuple[int, Backward]],
    steps: list[tuple[int, Step]],
) -> Finding:
    """The first step after a backward pass changed the weights by −lr·gradient."""
    first = passes[0][0]
    at = passes[0][1].at
    expected = "  expected w ← w − lr·∂E/∂w, by step() of torch.optim.SGD"
    if not steps:
        return _no_step(work, history, network, first, at, expected)
    strange = next((step for _, step in steps if not _is_sgd(step)), None)
    if strange is not None and not any(_is_sgd(step) for _, step in steps):
        kind = strange.kinds[0] if strange.kinds else "another optimizer"
        return Finding(
            "wrong",
            f"{work.where(strange.at)}\n  stepped with {kind}\n{expected}\n"
            f"This is {kind} in place of SGD.",
            (strange.at,),
            f"{kind} in place of SGD",
        )
    tried = [(place, step) for place, step in steps if place > first and _is_sgd(step)]
    if not tried:
        # step(closure) is noted when it ends, so after the pass in it: this one came too early.
        step = steps[0][1]
        return Finding(
            "wrong",
            f"{work.where(step.at)}\n  stepped before backward had been called\n{expected}\n"
            "step() comes after loss.backward(): before it, there is no gradient yet.",
            (step.at,),
            "step before backward",
        )
    findings = [_one_step(work, history, network, passes, *one, expected) for one in tried[:4]]
    return _best(findings) or RIGHT


def _no_step(
    work: Work, history: History, network: Network, first: int, at: At, expected: str
) -> Finding:
    others = history.all(Step)
    foreign = [
        step
        for _, step in others
        if not any(history.values[one].object in history.owners for one, _, _ in step.parameters)
    ]
    if _changes(history, network, first):
        return Finding(
            "wrong",
            f"{work.where(at)}\n  called backward; the weights were then changed without an "
            f"optimizer\n{expected}\nThis is an update by hand: the exercise asks for the "
            "optimizer SGD.",
            (at,),
            "an update by hand, without an optimizer",
        )
    if foreign:
        return Finding(
            "wrong",
            f"{work.where(foreign[0].at)}\n  stepped, but changed nothing in the model\n"
            f"{expected}\n"
            "The optimizer holds other parameters than the model's: give it model.parameters().",
            (foreign[0].at,),
            "an optimizer of other parameters than the model's",
        )
    call = _written(work, r"\.step\b(?!\s*\()")
    return Finding(
        "wrong",
        f"{work.where(at)}\n  called backward, and the weights stayed as they were\n{expected}\n"
        + (
            f"{call} names step without parentheses, so it is not called: optimizer.step()."
            if call
            else "step() was never called: backward() computes gradients, and changes no weight."
        ),
        (at,),
        "step() never called",
    )


def _is_sgd(step: Step) -> bool:
    return "SGD" in step.kinds


def _changes(history: History, network: Network, since: int) -> list[int]:
    """Where, after a place, a parameter of the network first was another than there."""
    found = []
    for number in network.parameters:
        states = history.states.get(number, [])
        before = [state for state in states if state.place <= since]
        was = before[-1] if before else (states[0] if states else None)
        for state in states:
            if was is None or state.place <= since:
                continue
            if history.content(state.value) != history.content(was.value):
                found.append(state.place)
                break
    return found


def _written(work: Work, pattern: str) -> str:
    """The first line of the work that has this in it, told as a place; "" if none has."""
    for cell, one in enumerate(work.cells):
        for number, line in enumerate(one.source.split("\n"), 1):
            if one.is_code and re.search(pattern, line.partition("#")[0]):
                return work.where(At(cell, number))
    return ""


def _one_step(
    work: Work,
    history: History,
    network: Network,
    passes: list[tuple[int, Backward]],
    place: int,
    step: Step,
    expected: str,
) -> Finding:
    values = history.values
    lr = step.settings.get("lr")
    left = _left_before(history, passes, place)
    changed, cleared, followed = False, False, True
    for before, gradient, after in step.parameters:
        if values[before].object not in network.parameters:
            continue
        was, now = entries_of(values[before]), entries_of(values[after])
        if was is None or now is None:
            continue
        changed |= history.content(before) != history.content(after)
        latest = left.get(values[before].object)
        seen = [index for index in (gradient, latest) if index is not None]
        if gradient is None or is_zero(values[gradient]):
            cleared |= latest is not None and not is_zero(values[latest])
        gradients = [entries_of(values[index]) for index in seen]
        bound_in = _dtype(values[before].dtype)
        followed &= any(
            one is not None and _is_sgd_step(was, one, now, step.settings, bound_in)
            for one in gradients
        ) or (not gradients and bool((was == now).all()))
    if not changed:
        why, look = "step() changed nothing", "Is the gradient of the loss 0 here?"
        if lr == 0:
            why, look = "lr = 0", "The learning rate lr is 0: no step moves anything."
        elif cleared:
            why = "zero_grad between backward and step"
            look = "The gradients were cleared between backward() and step(): clear them before."
        return Finding(
            "wrong",
            f"{work.where(step.at)}\n  stepped, and the weights stayed as they were\n{expected}\n"
            f"{look}",
            (step.at,),
            why,
        )
    if not followed and lr is not None and not _has_groups(history, step):
        return Finding(
            "wrong",
            f"{work.where(step.at)}\n  changed the weights by something else than −lr·gradient, "
            f"lr = {lr:g}\n{expected}\nDo lr and gradient stay what they are until the step?",
            (step.at,),
        )
    return RIGHT


def _has_groups(history: History, step: Step) -> bool:
    """Whether the step fits its rule with one lr for each parameter: a group has its own."""
    values = history.values
    for before, gradient, after in step.parameters:
        if gradient is None:
            continue
        was, g, now = (entries_of(values[index]) for index in (before, gradient, after))
        if was is None or g is None or now is None or bool(((was - now) * g < 0).any()):
            return False
    return True


def _left_before(
    history: History, passes: list[tuple[int, Backward]], place: int
) -> dict[int, int]:
    """What the last backward pass before a place left in each leaf."""
    left: dict[int, int] = {}
    for at, event in passes:
        if at > place:
            break
        for gradient in event.gradients:
            left[history.values[gradient.of].object] = gradient.after
    return left


def _is_sgd_step(
    was: Tensor, gradient: Tensor, now: Tensor, settings: dict[str, float], dtype: torch.dtype
) -> bool:
    """Whether now = was − lr·(g + λ·was), as torch.optim.SGD's first step is: its first momentum
    is the gradient itself; with Nesterov's it is (1 + μ) times that.

    Of λ·w, g + λ·w, 1 + μ, its product, lr·d and the difference each is rounded once: γ_6.
    """
    lr = settings.get("lr", 0.0)
    decay, momentum = settings.get("weight_decay", 0.0), settings.get("momentum", 0.0)
    sign = -1.0 if settings.get("maximize") else 1.0
    direction = sign * gradient + decay * was
    for factor in {1.0, 1.0 + momentum}:
        bound = gamma(6, dtype) * (
            was.abs() + abs(lr) * factor * (gradient.abs() + abs(decay) * was.abs())
        )
        if bool(((now - (was - lr * factor * direction)).abs() <= bound).all()):
            return True
    return False


def _cleared(
    work: Work,
    history: History,
    network: Network,
    passes: list[tuple[int, Backward]],
    steps: list[tuple[int, Step]],
) -> Finding:
    """At the first backward pass after each step, there is no gradient left of the one before."""
    values = history.values
    places = [place for place, _ in passes]
    for place, _ in steps:
        following = next((one for one in passes if one[0] > place), None)
        if following is None or not any(one < place for one in places):
            continue
        for gradient in following[1].gradients:
            if values[gradient.of].object not in network.parameters or gradient.before is None:
                continue
            if is_zero(values[gradient.before]):
                continue
            at = following[1].at
            named = _written(work, r"\.zero_grad\b(?!\s*\()")
            look = (
                f"{named} names zero_grad without parentheses, so it is not called: zero_grad()."
                if named
                else "zero_grad() is not called between a step and the next backward(): gradients "
                "add up, and each step moves by the sum of all before."
            )
            mistake = "zero_grad without parentheses" if named else "zero_grad forgotten"
            return Finding(
                "wrong",
                f"{work.where(at)}\n  called backward while .grad still held that of the step "
                "before\n  expected .grad cleared between a step and the next backward, so that "
                f"the step is −lr·∂E/∂w of one pass\n{look}",
                (at,),
                mistake,
            )
    return RIGHT


def _random(
    work: Work,
    history: History,
    network: Network,
    passes: list[tuple[int, Backward]],
    other: History | None,
) -> Finding:
    """The data of the training differ from run to run: the exercise asks for random ones."""
    if other is None:
        return RIGHT
    mine = _data(history, network, passes[0][0])
    theirs: set[Content] = set()
    at = network.calls[0][1].at
    twins = [one for one in other.networks.values() if one.form == network.form]
    for twin in twins:
        for place, _ in passes_over(other, twin.parameters)[:1]:
            theirs |= _data(other, twin, place)
    if mine and theirs and mine <= theirs:
        return Finding(
            "wrong",
            f"{work.where(at)}\n  trained on the same x and y under two seeds\n"
            "  expected random data, as torch.randn or torch.rand draws them\n"
            "The data are not random: they are typed in, or computed without chance.",
            (at,),
            "data that are not random",
        )
    return RIGHT


def _data(history: History, network: Network, place: int) -> set[Content]:
    """The x of the last call before a backward pass, and what could be the y beside it."""
    before = [(at, call) for at, call in network.calls if at < place]
    if not before:
        return set()
    at, call = before[-1]
    found = {history.content(index) for index in call.inputs[:1]}
    made = {history.values[index].object for index in call.outputs}
    outputs = {size_of(history.values[index]) for index in call.outputs}
    for event in history.events[at + 1 : place]:
        indices: tuple[int, ...] = ()
        if isinstance(event, Operation):
            indices, results = event.operands, event.results
        elif isinstance(event, Called):
            indices, results = event.inputs, event.outputs
        else:
            continue
        for index in indices:
            value = history.values[index]
            if value.object not in made and size_of(value) in outputs and value.kind != "number":
                found.add(history.content(index))
        # What came of the model's output moves with its weights, and is no data.
        made |= {history.values[index].object for index in results}
    return found


def _contents(history: History, tensors: dict[str, int]) -> set[Content]:
    return {history.content(index) for index in tensors.values()}


def _known_states(
    history: History, network: Network, first: int, last: int
) -> Iterator[set[Content]]:
    """For each parameter, what it was at one of the places from first to last."""
    for number in network.parameters:
        states = history.states.get(number, [])
        before = [state for state in states if state.place < first]
        within = [state for state in states if first <= state.place <= last]
        yield {history.content(state.value) for state in (*before[-1:], *within)}


def _saver(history: History, networks: list[Network], place: int, saved: Saved) -> Network | None:
    """The network whose parameters these are, now or, as a copy, at any time before."""
    contents = _contents(history, saved.tensors)
    for network in networks:
        # A parameter that is first seen after the file was written was that already.
        known = [*_known_states(history, network, 0, place)]
        later = [*_known_states(history, network, place, len(history.events))]
        if known and all((a | b) & contents for a, b in zip(known, later, strict=True)):
            return network
    return None


def _save(work: Work, history: History, networks: list[Network]) -> Finding:
    """The weights of a trained model, bit for bit as they are after a step, are in a file."""
    saves = [(place, saved) for place, saved in history.all(Saved) if saved.tensors]
    if not saves:
        return Finding(
            "missing",
            "Looked for torch.save of the weights, torch.save(model.state_dict(), path): nothing "
            "was saved.",
        )
    return _best([_one_save(work, history, networks, *one) for one in saves]) or RIGHT


def _one_save(
    work: Work, history: History, networks: list[Network], place: int, saved: Saved
) -> Finding:
    where = work.where(saved.at)
    expected = "  expected the weights after the step: torch.save(model.state_dict(), path)"

    def is_wrong(mistake: str, what: str, look: str) -> Finding:
        return Finding(
            "wrong", f"{where}\n  saved {what}\n{expected}\n{look}", (saved.at,), mistake
        )

    if saved.what == "module":
        return is_wrong(
            "the whole model saved",
            "the whole model",
            "That is the model with its class, not its weights: save model.state_dict().",
        )
    network = _saver(history, networks, place, saved)
    if network is None:
        part = _part_of(history, networks, place, saved)
        if part:
            return is_wrong("a part of the weights saved", f"only {part} of the weights", part)
        what = ", ".join(saved.tensors) or "no tensor"
        trained = any(_shapes(history, one) == _held(history, saved) for one in networks)
        return is_wrong(
            "something else saved",
            f"{saved.what} with {what[:200]}",
            "These are the names of the weights, with other values than the trained model has."
            if trained
            else "These are not the weights of the model that was trained.",
        )
    passes = passes_over(history, network.parameters)
    changes = _changes(history, network, passes[0][0]) if passes else []
    first = min(changes, default=passes[0][0] if passes else -1)
    if place < first:
        return is_wrong(
            "saved before the step",
            "the weights as they were before the step",
            "The step comes afterwards, so what was learned is not in the file: save after it.",
        )
    if changes:
        contents = _contents(history, saved.tensors)
        after = [*_known_states(history, network, first, len(history.events))]
        if not all(one & contents for one in after) and not history.record.cut:
            return is_wrong(
                "saved before the step",
                "a copy of the weights from before the step",
                "What is in the file is what the model was before it was trained.",
            )
        was = _starting(history, network, passes[0][0])
        if was and was <= contents and not (contents - was):
            return is_wrong(
                "saved before the step",
                "the weights as they were before the step",
                "What is in the file is what the model was before it was trained.",
            )
    return RIGHT


def _starting(history: History, network: Network, place: int) -> set[Content]:
    """What the parameters of a network were at its first backward pass."""
    found = set()
    for number in network.parameters:
        states = [state for state in history.states.get(number, []) if state.place <= place]
        if not states:
            return set()
        found.add(history.content(states[-1].value))
    return found


def _part_of(history: History, networks: list[Network], place: int, saved: Saved) -> str:
    contents = _contents(history, saved.tensors)
    for network in networks:
        known = [*_known_states(history, network, 0, len(history.events))]
        held = sum(bool(one & contents) for one in known)
        if 0 < held < len(known):
            return f"{held} of {len(known)}"
    return ""


def _shapes(history: History, network: Network) -> list[tuple[int, ...]]:
    return sorted(
        history.values[history.states[number][0].value].shape
        for number in network.parameters
        if history.states.get(number)
    )


def _held(history: History, saved: Saved) -> list[tuple[int, ...]]:
    return sorted(history.values[index].shape for index in saved.tensors.values())


def _load(
    work: Work, history: History, lines: list[Network], trained: list[Network]
) -> tuple[list[tuple[int, Network]], Finding]:
    """A network other than the one that was saved has its weights, bit for bit, after a load.

    Returns: the loaded networks, each with the place from which it is loaded, and the verdict.
    """
    loads = history.all(Loaded)
    if not loads:
        copies = [one for one in lines if one.loads]
        hint = ""
        at: tuple[At, ...] = ()
        if copies:
            taken = copies[0].loads[0][1]
            at = (taken.at,)
            hint = (
                f"\n{work.where(taken.at)}\n  takes weights, but not from a file: they are handed "
                "over in memory."
            )
        return [], Finding(
            "wrong" if copies else "missing",
            "Looked for torch.load of the saved weights, and a new model that takes them: nothing "
            f"was loaded.{hint}",
            at,
            "nothing loaded from a file" if copies else "nothing loaded",
        )
    savers = _savers(history, lines)
    found: list[tuple[int, Network]] = []
    first, event = loads[0]
    for place, loaded in loads:
        contents = _contents(history, loaded.tensors)
        if not contents:
            continue
        for network in lines:
            if network.module in savers:
                continue
            at_place = _is_loaded(history, network, place, contents)
            if at_place is not None and not _from_memory(history, network, savers, place):
                found.append((at_place, network))
    if found:
        return found, _of_this_work(work, history, lines, loads)
    return _not_loaded(work, history, lines, savers, first, event)


def _savers(history: History, lines: list[Network]) -> set[int]:
    """The networks whose weights were saved, and those that were trained before."""
    saves = history.all(Saved)
    found = set()
    for place, saved in saves:
        trained = [
            one
            for one in lines
            if any(at < place for at, _ in passes_over(history, one.parameters))
        ]
        # The one that was trained, for another that holds the same weights may be a copy of it.
        network = _saver(history, trained, place, saved) or _saver(
            history, [one for one in lines if one not in trained], place, saved
        )
        if network:
            found.add(network.module)
    if not found:
        found = {one.module for one in lines if passes_over(history, one.parameters)}
    return found


def _is_loaded(
    history: History, network: Network, place: int, contents: set[Content]
) -> int | None:
    """The first place after a load at which all parameters of a network are what was loaded."""
    seen: list[tuple[int, dict[str, int]]] = [
        *((at, one.parameters) for at, one in network.loads if at > place),
        *((at, one.parameters) for at, one in network.calls if at > place),
    ]
    for at, parameters in sorted(seen, key=lambda one: one[0]):
        if parameters and all(history.content(index) in contents for index in parameters.values()):
            return at
    return None


def _from_memory(history: History, network: Network, savers: set[int], place: int) -> bool:
    """Whether what the network took is known to be of the trained model, and no file's.

    ``state_dict`` gives parameters that are detached: their origin was recorded.
    """
    if not network.loads:
        return False
    values = history.values
    of_savers = {number for one in savers for number in history.networks[one].parameters}
    from_files = {
        values[index].object for _, one in history.all(Loaded) for index in one.tensors.values()
    }
    in_memory = set(of_savers)
    for _, event in history.all(Operation):
        if event.name in {"detach", "clone"} and any(
            values[index].object in in_memory for index in event.operands
        ):
            in_memory |= {values[index].object for index in event.results}
    for _, saved in history.all(Saved):
        in_memory |= {values[index].object for index in saved.tensors.values()}
    in_memory -= from_files
    return all(
        one.tensors and all(values[index].object in in_memory for index in one.tensors.values())
        for _, one in network.loads
    )


def _of_this_work(
    work: Work, history: History, lines: list[Network], loads: list[tuple[int, Loaded]]
) -> Finding:
    """Whether what was loaded is what this work has saved before."""
    saves = history.all(Saved)
    for place, loaded in loads:
        contents = _contents(history, loaded.tensors)
        for at, saved in saves:
            if at < place and contents and contents <= _contents(history, saved.tensors):
                return RIGHT
    if not saves:
        return RIGHT
    where = loads[0][1].at
    return Finding(
        "wrong",
        f"{work.where(where)}\n  loaded {loads[0][1].path}, with other weights than were saved\n"
        "  expected the file that was written after the step\nIs it the same path?",
        (where,),
        "another file loaded",
    )


def _not_loaded(
    work: Work,
    history: History,
    lines: list[Network],
    savers: set[int],
    place: int,
    event: Loaded,
) -> tuple[list[tuple[int, Network]], Finding]:
    where = work.where(event.at)
    expected = "  expected a new model that takes them: new.load_state_dict(torch.load(path))"
    self_loaded = [
        (at, one) for one in lines if one.module in savers for at, _ in one.loads if at > place
    ]
    tried = [
        (at, one) for one in lines if one.module not in savers for at, _ in one.loads if at > place
    ]
    if tried:
        memory = _from_memory(history, tried[0][1], savers, place)
        into = tried[0][1].loads[0][1]
        look = (
            "Its weights come from the trained model in memory: what was read from the file is "
            "not used."
            if memory
            else "After load_state_dict its weights are not those of the file. With strict=False, "
            "names that do not match are passed over in silence: compare the keys."
        )
        return tried, Finding(
            "wrong",
            f"{work.where(into.at)}\n  loaded into a new model, whose weights then differ from the "
            f"saved ones\n{expected}, equal bit for bit\n{look}"
            if not memory
            else f"{work.where(into.at)}\n  gave a new model weights, but not those of the file\n"
            f"{expected}\n{look}",
            (into.at,),
            "weights handed over in memory" if memory else "keys that match nothing",
        )
    if self_loaded:
        into = self_loaded[0][1].loads[-1][1]
        return self_loaded, Finding(
            "wrong",
            f"{work.where(into.at)}\n  loaded the weights into the model that was trained\n"
            f"{expected}\nThis is the trained model itself: make a new one.",
            (into.at,),
            "loaded into the trained model itself",
        )
    return [], Finding(
        "wrong",
        f"{where}\n  read the file, and no model took what was in it\n{expected}\n"
        "torch.load returns the weights; load_state_dict puts them into a model.",
        (event.at,),
        "a file loaded, but into no model",
    )


def _apply(
    work: Work, history: History, lines: list[Network], loaded: list[tuple[int, Network]]
) -> Finding:
    """The loaded model was called on data after it was loaded, and its result is shown."""
    unseen: list[At] = []
    for place, network in loaded:
        for at, call in network.calls:
            if at < place:
                continue
            if shown(history, at, offspring(history, at, call.outputs)):
                return RIGHT
            unseen.append(call.at)
    if unseen:
        return Finding(
            "wrong",
            f"{work.where(unseen[0])}\n  applied the loaded model; looked for its result, or a "
            "number computed from it, in a print, an output or a figure: it is nowhere shown.",
            (unseen[0],),
            "the result of the loaded model is not shown",
        )
    loads = [place for place, _ in (*history.all(Loaded), *loaded)]
    if not loads:
        return Finding(
            "missing",
            "Looked for a call of a model into which weights were loaded: none were loaded.",
        )
    after = [(at, call) for one in lines for at, call in one.calls if at > min(loads)]
    if after:
        call = min(after, key=lambda one: one[0])[1]
        look = (
            "This is the old model: apply the one into which the weights were loaded."
            if loaded
            else "This model took no weights from the file."
        )
        return Finding(
            "wrong",
            f"{work.where(call.at)}\n  applied a model that was not loaded\n  expected the result "
            f"of the loaded model on some data\n{look}",
            (call.at,),
            "the old model applied",
        )
    return Finding(
        "missing",
        "Looked for a call of the loaded model on data: it is loaded, and never called.",
    )

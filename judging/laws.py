"""What holds for every call of every function, and so belongs to no check.

A result that was returned stays what it was through all later calls. Two results lie in two places.
What a call is given is afterwards what it was, and so is the process. An argument may be passed by
its name or by its place, and left out where it equals its default. An answer depends on what is
asked, and not on what was asked before.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from answering.traces import DRAWN
from answering.values import same_bits
from homework import contract
from judging.verdict import MOST_SHOWN, Wrong, line, shown

if TYPE_CHECKING:
    from judging.answers import Call

PURE = {
    "softmax_mse_delta",
    "sigmoid_layer_delta",
    "euclidean_delta",
    "softmax_cross_entropy_delta",
    "convolution_matrix",
    "answers",
    "dense_parameter_count",
    "convolution_parameter_count",
    "arithmetic",
    "flatten",
    "middle",
    "gradient",
    "layer_gradients",
    "compare",
}
"""The functions whose result follows from their arguments alone: neither drawn, nor from a file."""

OF_NETWORKS = {"layer_gradients", "compare"}
"""Those of PURE that are given networks."""

MAKES = {"MLP", "LinearRegression", "load_weights", "plot"}
"""Those that make what lives on: a new one in each call."""

REHEARSED, REPEATED = 0.5, 0.125
"""The shares of the calls before which another question is asked, almost the same one about what
lies in the same tensors, in other places; and after which the same one is asked AGAIN."""

AGAIN, AGAIN_WITHOUT_ARGUMENTS, AGAIN_WITH_A_NETWORK = 8, 32, 1
"""How often: 25 examples are 60 calls. What is wrong in one of ten passes once in 500 times. A
network's gradients take a hundred times as long as the sum of two tensors."""

LEARNS = {"train", "train_epoch"}
"""Those that change the model that they are given, as they are asked to."""

LEAVES_THE_MODEL = {"layer_gradients", "save_weights"}
"""Those after which the model is what it was, its mode, its buffers and its gradients included."""

OF_ITS_OWN = {"arithmetic"}
"""Those whose results are no views of their arguments."""

SHARED = {"mnist"}
"""Those that may return one and the same object twice."""


class Broken(Wrong):
    """A law is broken: the message names it, and no known mistake says it better."""


def as_asked(
    module: str,
    name: str,
    args: tuple,
    kwargs: Mapping[str, Any],
    luck: Random,
    takes: Sequence[str],
) -> tuple[tuple, dict[str, Any]]:
    """The same call in another form: arguments by name or by place, defaults left out.

    Args: takes, the names that the answer gives its parameters. One that it calls otherwise, and
        that the contract lets pass by place, is never passed by name: only names that stand for
        something else are wrong.
    """
    promise = contract.promises(module).get(name)
    if promise is None or len(args) > promise.by_position or kwargs.keys() - promise.parameters:
        return args, dict(kwargs)
    named = dict(zip(promise.parameters, args, strict=False)) | dict(kwargs)
    places = [*promise.parameters][: promise.by_position]
    other = [place for place, p in enumerate(places, 1) if p in named and p not in takes]
    least = max(other, default=0)
    left_out = {
        parameter
        for parameter, default in promise.parameters.items()
        if parameter in named and _is_default(named[parameter], default) and luck.random() < 0.5
    } - {*places[:least]}
    by_place: list[Any] = []
    most = max(least, int(luck.random() * (promise.by_position + 1)))
    for parameter in [*promise.parameters][:most]:
        if parameter not in named or parameter in left_out:
            break
        by_place.append(parameter)
    by_name = [p for p in promise.parameters if p in named and p not in {*left_out, *by_place}]
    # Of Python's generator, random() alone is promised never to change.
    by_name.sort(key=lambda _: luck.random())
    return tuple(named[p] for p in by_place), {p: named[p] for p in by_name}


def how_asked(name: str, with_arguments: bool, luck: Random) -> dict[str, Any]:
    """What is done beside a call of this function: see Bench.call."""
    how: dict[str, Any] = {}
    share = REHEARSED / 2 if name in OF_NETWORKS else REHEARSED
    if (name in MAKES or (name in PURE and with_arguments)) and luck.random() < share:
        how["rehearsed"] = True
    if name in PURE and not with_arguments:
        how["again"] = AGAIN_WITHOUT_ARGUMENTS
    elif name in PURE and luck.random() < REPEATED:
        how["again"] = AGAIN_WITH_A_NETWORK if name in OF_NETWORKS else AGAIN
    return how


def _is_default(value: Any, default: str) -> bool:
    """Whether a value is what the contract writes as a default, as far as that is a literal."""
    if isinstance(value, torch.dtype):
        return str(value) == default
    if not default or not isinstance(value, int | float | str | tuple | None):
        return False
    known = _literal(default)
    return type(value) is type(known) and value == known


@cache
def _literal(text: str) -> Any:
    """The value of a literal, or an object that nothing equals."""
    try:
        return ast.literal_eval(text)
    except ValueError:
        return object()


class Tracked(NamedTuple):
    """A tensor, as it was: ``view`` is its old place, ``held`` a copy of what its .grad held."""

    name: str
    value: Tensor
    view: Tensor
    copy: Tensor
    requires_grad: bool
    grad: Tensor | None
    held: Tensor | None


def _autograd_of(value: Tensor) -> tuple[bool, Tensor | None, Tensor | None]:
    grad = value.grad if value.is_leaf else None
    return value.requires_grad, grad, None if grad is None else grad.detach().clone()


class Before:
    """What a call was given, as it was."""

    def __init__(self, args: Mapping[str, Any]) -> None:
        self.tensors = [
            Tracked(name, value, value.detach(), value.detach().clone(), *_autograd_of(value))
            for name, value in args.items()
            if isinstance(value, Tensor) and value.layout is torch.strided and not value.is_meta
        ]
        self.networks = [
            (name, network, _state_of(network))
            for name, value in args.items()
            for network in (value.values() if isinstance(value, dict) else [value])
            if isinstance(network, nn.Module)
        ]

    def judge(self, name: str) -> None:
        """Require that the arguments are what they were. They are so again, then."""
        found: Wrong | None = None
        for one in self.tensors:
            if not same_bits(one.value, one.copy):
                found = found or Wrong(
                    f"changed its argument {one.name} to {shown(one.value)}",
                    f"{one.name} as it was: the result goes into new tensors",
                )
                # In its old place and strides, so that the case is the same when it is tried again.
                one.view.copy_(one.copy)
                one.value.data = one.view
        if found:
            raise found
        for one in self.tensors:
            on_a_copy = f"as it was: work on a copy, {one.name}.detach().clone()"
            if one.value.requires_grad is not one.requires_grad:
                raise Wrong(
                    f"changed {one.name}.requires_grad from {one.requires_grad} to "
                    f"{one.value.requires_grad}",
                    f"{one.name} {on_a_copy}",
                )
            grad = one.value.grad if one.value.is_leaf else None
            if not _same_gradient(grad, one.held) and name not in LEARNS:
                raise Wrong(
                    f"wrote into {one.name}.grad"
                    if grad is not None
                    else f"cleared {one.name}.grad",
                    f"{one.name}.grad {on_a_copy}",
                )
        if name not in LEARNS:
            for argument, network, state in self.networks:
                _judge_network(argument, network, state, whole=name in LEAVES_THE_MODEL)

    def undo(self) -> None:
        """Give the tensors back the autograd state that they came with."""
        for one in self.tensors:
            if one.value.is_leaf:
                one.value.requires_grad_(one.requires_grad)
                one.value.grad = one.grad
                if one.grad is not None and one.held is not None:
                    one.grad.copy_(one.held)


def _tensors_of(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from network.named_parameters()
    yield from network.named_buffers()


def _state_of(network: nn.Module) -> dict[str, Any]:
    state: dict[str, Any] = {
        name: (value.detach().clone(), *_autograd_of(value)) for name, value in _tensors_of(network)
    }
    return state | {"modes": [module.training for module in network.modules()]}


def _judge_network(
    argument: str, network: nn.Module, before: Mapping[str, Any], *, whole: bool
) -> None:
    expected = f"{argument} as it was: it is asked about, and not trained"
    now = dict(_tensors_of(network))
    for name, old in before.items():
        if name == "modes":
            continue
        values, requires_grad, _, grad = old
        is_parameter = isinstance(now.get(name), nn.Parameter)
        if name not in now or (
            (whole or is_parameter) and not same_bits(now[name].detach(), values)
        ):
            raise Wrong(f"changed {name} of {argument}", expected)
        if now[name].requires_grad is not requires_grad:
            raise Wrong(f"changed requires_grad of {name} of {argument}", expected)
        if whole and not _same_gradient(now[name].grad, grad):
            raise Wrong(f"left another .grad at {name} of {argument}", expected)
    if whole and before["modes"] != [module.training for module in network.modules()]:
        raise Wrong(f"left {argument} in another mode", f"{argument}.training as it was")


def _same_gradient(one: Tensor | None, other: Tensor | None) -> bool:
    return one is other or (one is not None and other is not None and same_bits(one, other))


def judge(call: "Call", facts: Mapping[str, Any], earlier: Mapping[int, "Call"]) -> None:
    """Require that a call left its process, and what was returned before, as they were.

    Args: facts, what the other side reports; earlier, the calls of this case by the numbers of
        their results there.
    """
    name = call.function.name

    def made(number: Any) -> str:
        known = earlier.get(number) if type(number) is int else None
        return f"{known}" if known else f"{name}, called with the same entries in other places,"

    if other := facts.get("unlike"):
        once, again = _apart(*other)
        raise Broken(
            f"returned {once}, and {again} when the same was asked again",
            "one answer to one question, whenever it is asked",
        )
    for number, was, now in facts.get("changed", ()):
        before, after = _apart(was, now)
        raise Broken(
            f"changed what {made(number)} had returned: it was {before}, and then {after}",
            "a new result for each call: what was returned stays what it was",
        )
    shared = facts.get("shared", ())
    if shared and name not in SHARED:
        raise Broken(
            f"returned what lies in the memory of the result of {made(shared[0])}",
            "a result of its own for each call: who writes into one must not change another",
        )
    if facts.get("aliased") and name in OF_ITS_OWN:
        raise Broken(
            "returned a tensor that shares its memory with an argument",
            "tensors of their own: what is written into a result must not appear in an argument",
        )
    for what, was, now in facts.get("state", ()):
        if what == DRAWN:
            raise Broken(
                "drew from torch's own generator, or seeded it, though another one was passed in",
                "all random numbers from the generator passed in, and torch's own as it was",
            )
        raise Broken(
            f"changed {line(str(what))} from {line(str(was))} to {line(str(now))}",
            "the process as it was, for whoever computes in it next",
        )
    if (hooks := facts.get("hooks", 0)) and type(hooks) is int:
        raise Broken(
            f"left {hooks} hooks on the model" if hooks > 0 else "removed hooks of the model",
            "the model's hooks as they were: handle.remove() when the answer is there",
        )


def _apart(one: Any, other: Any) -> tuple[str, str]:
    """Two values in words that differ: of large tensors, the first entries that do."""
    if isinstance(one, Tensor) and isinstance(other, Tensor) and one.shape == other.shape:
        off = (one != other).nonzero()
        if one.numel() > MOST_SHOWN and len(off):
            at = tuple(off[0].tolist())
            return f"{shown(one[at].item())} at {[*at]}", shown(other[at].item())
    return shown(one), shown(other)

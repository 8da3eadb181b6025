"""What a call leaves behind beside its result: facts, told as they are, which others judge.

A result that an earlier call returned may have changed, two results may lie in one memory, and the
process may be another one than before, for whoever computes in it next.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy
import torch
from torch import Tensor, nn

from answering.questions import kind_of
from answering.values import bases_of, bits, same_bits

MOST_KEPT, MOST_ENTRIES = 32, 2**20
"""Results of one case, and entries of all of them, that are looked at again after each call."""

PLAIN = (Tensor, nn.Parameter)
"""The tensors that are looked into: one of another class may say anything of itself."""

OVERLAP_WORK = 10_000
"""Steps after which two interleaved tensors are taken to be apart."""


class Kept(NamedTuple):
    """A result, as it was when it was returned and as whatever it is now."""

    number: int
    result: Any
    copy: Any
    tensors: list[Tensor]
    given: list[Tensor]
    """The tensors among what the call was given."""
    size: int
    """The entries of its tensors."""


class Traces:
    """What the calls of one case have left behind."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.number = 0

    def begin(self) -> None:
        """A new case: nothing of the one before is looked at any more."""
        self.kept.clear()
        self.number = 0

    def add(self, given: list[Any], result: Any) -> dict[str, Any]:
        """Keep the result of a call. The facts: which earlier ones have changed, or lie in it."""
        facts: dict[str, Any] = {"number": self.number, "changed": self._changed(), "shared": []}
        tensors = list(tensors_in(result))
        size = sum(tensor.numel() for tensor in tensors)
        facts["aliased"] = bool(tensors) and _overlap(tensors, list(tensors_in(given)))
        if not isinstance(result, int | float | str | None) and size <= MOST_ENTRIES:
            new = Kept(self.number, result, copied(result), tensors, list(tensors_in(given)), size)
            facts["shared"] = [old.number for old in self.kept if _share(old, new)]
            self.kept.append(new)
            while len(self.kept) > MOST_KEPT or sum(one.size for one in self.kept) > MOST_ENTRIES:
                del self.kept[0]
        self.number += 1
        return facts

    def _changed(self) -> list[tuple[int, Any, Any]]:
        """The results that are no more what they were: number, what it was, what it is."""
        return [
            (one.number, one.copy, copied(one.result))
            for one in self.kept
            # What is a view of an argument changes with that, and a network when it is trained.
            if not same(one.copy, one.result) and not _overlap(one.tensors, one.given)
        ]


def tensors_in(value: Any, depth: int = 0) -> Iterator[Tensor]:
    """The strided tensors in a value: in its containers, and those that a network is made of."""
    kind = type(value)
    if kind in PLAIN:
        if value.layout is torch.strided and value.device.type == "cpu":
            yield value
    elif depth > 3:
        return
    elif issubclass(kind, tuple | list):
        for entry in (tuple if issubclass(kind, tuple) else list).__iter__(value):
            yield from tensors_in(entry, depth + 1)
    elif issubclass(kind, dict):
        for entry in dict.values(value):
            yield from tensors_in(entry, depth + 1)
    elif nn.Module in bases_of(kind):
        yield from (*value.parameters(), *value.buffers())


def copied(value: Any, depth: int = 0) -> Any:
    """A copy of the tensors in plain containers; None in the place of anything else that lives."""
    kind = type(value)
    if kind in PLAIN:
        return value.detach().clone() if value.layout is torch.strided else None
    if depth <= 3 and issubclass(kind, tuple):
        return tuple(copied(entry, depth + 1) for entry in tuple.__iter__(value))
    if depth <= 3 and issubclass(kind, list):
        return [copied(entry, depth + 1) for entry in list.__iter__(value)]
    if depth <= 3 and issubclass(kind, dict):
        return {key: copied(entry, depth + 1) for key, entry in dict.items(value)}
    return value if kind in (int, float, str, bool) else None


def same(copy: Any, value: Any) -> bool:
    """Whether a value is still what it was when it was copied, as far as a copy can tell."""
    if isinstance(copy, Tensor):
        return isinstance(value, Tensor) and same_bits(copy, value)
    if isinstance(copy, tuple | list):
        return len(copy) == len(value) and all(map(same, copy, value))
    if isinstance(copy, dict):
        return copy.keys() == value.keys() and all(same(copy[key], value[key]) for key in copy)
    return copy is None or copy is value or copy == value


def _share(old: Kept, new: Kept) -> bool:
    """Whether two results lie in one memory, and not because both are views of arguments.

    Of what lives on, such as a picture: whether they are one object. What cannot change, such as
    a path that was given and is returned, may be one.
    """
    if old.result is new.result and kind_of(new.result):
        return True
    return _overlap(old.tensors, new.tensors) and not (
        _overlap(old.tensors, old.given) and _overlap(new.tensors, new.given)
    )


def _overlap(some: list[Tensor], others: list[Tensor]) -> bool:
    places = {one.untyped_storage().data_ptr() for one in some} - {0}
    return any(
        _overlapping(one, other)
        for other in others
        if other.untyped_storage().data_ptr() in places
        for one in some
    )


def _overlapping(one: Tensor, other: Tensor) -> bool:
    if one.untyped_storage().data_ptr() != other.untyped_storage().data_ptr():
        return False
    try:
        return numpy.shares_memory(bits(one).numpy(), bits(other).numpy(), max_work=OVERLAP_WORK)  # type: ignore[arg-type]
    except numpy.exceptions.TooHardError:
        return False


_global_hooks = [
    hooks
    for name, hooks in vars(nn.modules.module).items()
    if name.startswith("_global_") and isinstance(hooks, dict)
]

STATE: Mapping[str, Callable[[], Any]] = {
    "torch's default dtype": torch.get_default_dtype,
    "torch's default device": lambda: torch.empty(0).device,
    "whether torch records gradients": torch.is_grad_enabled,
    "whether torch insists on deterministic algorithms": torch.are_deterministic_algorithms_enabled,
    "the working directory": os.getcwd,
    "the seed of torch's own generator": torch.default_generator.initial_seed,
    "the number of hooks on all modules": lambda: sum(map(len, _global_hooks)),
}
"""What the next caller in the process depends on, by its name."""

DRAWN = "the state of torch's own generator"
"""What else of the process a call has to leave, where it was given a generator."""


def state(*, drawn: bool) -> dict[str, Any]:
    """The state of this process; that of torch's generator, too, if asked for."""
    found = {name: read() for name, read in STATE.items()}
    if drawn:
        found[DRAWN] = torch.default_generator.get_state().numpy().tobytes()
    return found


def changes(before: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What of the state is another now: its name, what it was and what it is."""
    now = state(drawn=DRAWN in before)
    return [
        (name, *(("", "") if name == DRAWN else (str(was), str(now[name]))))
        for name, was in before.items()
        if now[name] != was
    ]


HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
"""Where a torch.nn.Module keeps its hooks."""


def hooks_on(given: list[Any]) -> int:
    """How many hooks the networks among the arguments have."""
    networks = [
        network
        for one in given
        for network in (dict.values(one) if type(one) is dict else [one])
        if isinstance(network, nn.Module)
    ]
    return sum(
        len(getattr(module, kind))
        for network in networks
        for module in network.modules()
        for kind in HOOKS
    )

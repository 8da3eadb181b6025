"""A record of a run, read for what trains: networks, passes, states, and what came of what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from answering.events import (
    Backward,
    Called,
    CellEnd,
    Event,
    Figure,
    Layer,
    LoadedInto,
    Module,
    Operation,
    Record,
    Shown,
    Step,
    Value,
)

E = TypeVar("E", bound=Event)

LEAVING = {"numpy", "tolist", "item", "__array__", "__float__", "__format__", "__repr__", "__str__"}
"""Operations after which a number goes on outside PyTorch, where nobody follows it."""

Content = tuple[tuple[int, ...], str]
"""The shape of a value and the digest of its bytes: equal ones are equal bit for bit."""


@dataclass
class Network:
    """A module with parameters that was called or loaded into: its description and its calls."""

    module: int
    described: Module
    calls: list[tuple[int, Called]] = field(default_factory=list)
    loads: list[tuple[int, LoadedInto]] = field(default_factory=list)

    @cached_property
    def parameters(self) -> set[int]:
        """The object numbers of its parameters."""
        return {number for layer in self.layers for _, number in layer.parameters}

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Those with parameters."""
        return tuple(layer for layer in self.described.layers if layer.parameters)

    @property
    def form(self) -> tuple[object, ...]:
        """What two networks of one architecture share."""
        return tuple((layer.kind, layer.settings) for layer in self.layers)


class State(NamedTuple):
    """What a parameter was at a place in the record: the index of its value."""

    place: int
    value: int


def _told_apart(events: list[Event]) -> list[Event]:
    """The events, with a number of its own for each network: it is described once, so a second
    description under one number is of another one, made when the first was gone."""
    now: dict[int, int] = {}
    found: list[Event] = []
    for event in events:
        if isinstance(event, Module):
            now[event.module] = len(found)
        if isinstance(event, Module | Called | LoadedInto):
            found.append(replace(event, module=now.get(event.module, -1 - event.module)))
        else:
            found.append(event)
    return found


class History:
    """The events of a run by their kinds; a place is an index into ``record.events``."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.values = record.values
        self.events = _told_apart(record.events)
        self._places: dict[type, list[int]] = defaultdict(list)
        for place, event in enumerate(self.events):
            self._places[type(event)].append(place)

    def all(self, kind: type[E]) -> list[tuple[int, E]]:
        """The events of a kind, with their places."""
        return [(place, self.events[place]) for place in self._places[kind]]  # type: ignore[misc]

    @cached_property
    def networks(self) -> dict[int, Network]:
        """The networks with parameters, by the number of the object."""
        found: dict[int, Network] = {}
        for _, module in self.all(Module):
            if any(layer.parameters for layer in module.layers):
                if module.module in found:
                    found[module.module].described = module
                else:
                    found[module.module] = Network(module.module, module)
        for place, call in self.all(Called):
            if call.module in found:
                found[call.module].calls.append((place, call))
        for place, load in self.all(LoadedInto):
            if load.module in found:
                found[load.module].loads.append((place, load))
        return found

    @cached_property
    def owners(self) -> dict[int, tuple[int, Layer]]:
        """Each parameter → the largest network that holds it, and the layer."""
        found: dict[int, tuple[int, Layer]] = {}
        for network in sorted(self.networks.values(), key=lambda one: len(one.layers)):
            for layer in network.layers:
                for _, number in layer.parameters:
                    found[number] = (network.module, layer)
        return found

    @cached_property
    def leaves(self) -> set[int]:
        """The object numbers of parameters and of what else got a gradient."""
        of_passes = (
            self.values[gradient.of].object
            for _, event in self.all(Backward)
            for gradient in event.gradients
        )
        return {*self.owners, *of_passes}

    @cached_property
    def states(self) -> dict[int, list[State]]:
        """What each leaf was, in the order of the record."""
        found: dict[int, list[State]] = defaultdict(list)
        leaves = self.leaves

        def note(place: int, indices: Iterable[int]) -> None:
            for index in indices:
                number = self.values[index].object
                if number in leaves:
                    found[number].append(State(place, index))

        for place, event in enumerate(self.events):
            match event:
                case Operation():
                    note(place, event.operands)
                    note(place, event.results)
                case Called() | LoadedInto():
                    note(place, event.parameters.values())
                case Backward():
                    note(place, (gradient.of for gradient in event.gradients))
                case Step():
                    note(place, (before for before, _, _ in event.parameters))
                    note(place, (after for _, _, after in event.parameters))
        return found

    def content(self, index: int) -> Content:
        """What a value is, bit for bit."""
        value = self.values[index]
        return value.shape, value.digest

    def failures(self) -> list[tuple[CellEnd, str]]:
        """The cells that did not run to their end, and why."""
        ends = [(end, end.ended or end.error) for _, end in self.all(CellEnd)]
        return [(end, why) for end, why in ends if why]


def passes_over(history: History, leaves: set[int]) -> list[tuple[int, Backward]]:
    """The backward passes that left a gradient in one of these leaves."""
    values = history.values
    return [
        (place, event)
        for place, event in history.all(Backward)
        if any(values[gradient.of].object in leaves for gradient in event.gradients)
    ]


def steps_over(history: History, leaves: set[int]) -> list[tuple[int, Step]]:
    """The steps of optimizers that hold one of these leaves."""
    values = history.values
    return [
        (place, event)
        for place, event in history.all(Step)
        if any(values[before].object in leaves for before, _, _ in event.parameters)
    ]


def size_of(value: Value) -> int:
    """The number of its entries."""
    count = 1
    for extent in value.shape:
        count *= extent
    return count


def entries_of(value: Value) -> Tensor | None:
    """Its entries in one row, in float64, None where they were not kept."""
    if value.entries is None:
        return None
    return value.entries.detach().reshape(-1).double()


def is_zero(value: Value) -> bool:
    """Whether all its entries are 0, as far as that was kept."""
    if value.entries is not None:
        return not bool(value.entries.count_nonzero())
    return value.sizes.get("max_abs", 1.0) == 0


@dataclass
class Offspring:
    """What was computed from some values, and shown: see ``offspring``."""

    objects: set[int] = field(default_factory=set)
    contents: set[Content] = field(default_factory=set)
    numbers: list[float] = field(default_factory=list)
    truths: set[bool] = field(default_factory=set)
    left: bool = False
    """Whether something of it went on outside PyTorch."""


def offspring(history: History, start: int, seeds: Iterable[int]) -> Offspring:
    """All that was computed from these values at or after a place, by PyTorch."""
    values = history.values
    found = Offspring()
    kept_out = history.leaves

    def add(index: int) -> None:
        value = values[index]
        if value.object in kept_out:
            return
        found.objects.add(value.object)
        if value.dtype == "bool" and size_of(value) == 1:
            if value.entries is not None:
                found.truths.add(bool(value.entries))
            return
        if value.digest:
            found.contents.add((value.shape, value.digest))
        numbers = entries_of(value)
        if numbers is not None:
            found.numbers.extend(numbers.tolist())

    for index in seeds:
        add(index)
    for event in history.events[start:]:
        if isinstance(event, Operation):
            if any(values[index].object in found.objects for index in event.operands):
                for index in event.results:
                    add(index)
                if event.scalar is not None:
                    found.numbers.append(float(event.scalar))
                    if event.scalar in (0.0, 1.0):
                        found.truths.add(bool(event.scalar))
                found.left |= event.name in LEAVING
        elif (
            isinstance(event, Called)
            and event.module not in history.networks
            and any(values[index].object in found.objects for index in event.inputs)
        ):
            for index in event.outputs:
                add(index)
    return found


def shown(history: History, start: int, what: Offspring) -> Event | None:
    """The first print, display or figure at or after a place in which something of it is shown."""
    known = torch.tensor(what.numbers, dtype=torch.float64)
    for event in history.events[start:]:
        if isinstance(event, Shown):
            if any(_is_of(history.values[index], what) for index in event.values):
                return event
            numbers = list(numbers_in(event.text))
            if any(near_any(number, known) for number in numbers):
                return event
            if what.left and any(number.unit < 1 for number in numbers):
                return event
            if any(re.search(rf"\b{truth}\b", event.text) for truth in what.truths):
                return event
        elif isinstance(event, Figure):
            drawn = [index for plot in event.plots for index in plot.arguments]
            if any(_is_of(history.values[index], what) for index in drawn):
                return event
            rows = [entries_of(history.values[index]) for index in drawn]
            if what.left and rows:
                return event
            if any(row is not None and bool(torch.isin(row, known).any()) for row in rows):
                return event
    return None


def _is_of(value: Value, what: Offspring) -> bool:
    return value.object in what.objects or (value.shape, value.digest) in what.contents


class Number(NamedTuple):
    """A number as it was written, and the unit of its last digit."""

    value: float
    unit: float
    digits: int
    """Its significant digits."""


_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w])")


def numbers_in(text: str) -> Iterator[Number]:
    """The decimal numbers that stand in a text."""
    for found in _NUMBER.finditer(text):
        written = found.group().replace("−", "-")
        mantissa, _, exponent = written.lower().partition("e")
        whole, _, decimals = mantissa.partition(".")
        unit = 10.0 ** (int(exponent or 0) - len(decimals))
        digits = len((whole + decimals).lstrip("+-").lstrip("0"))
        yield Number(float(written), unit, digits)


def near_any(number: Number, known: Tensor) -> bool:
    """Whether a number as it was written is one of these, rounded or cut off at its last digit."""
    # Half a unit where it was rounded; a float32 that is written to its last digit is off by 2⁻²⁴.
    reach = 0.5 * number.unit + 2.0**-23 * abs(number.value)
    return bool(((known - number.value).abs() <= reach).any())

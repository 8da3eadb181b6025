"""What was recorded of a hand-in, read from bytes that a process of a stranger's work has sent."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from math import prod
from typing import Any, get_args, get_origin, get_type_hints

import msgpack
import torch

from answering import events
from answering.events import At, Event, Record, Value
from answering.values import DTYPES


class Forged(ValueError):
    """What came is not what a recorder sends."""


def read(record: Record, part: Any, most: int) -> None:
    """Add a part of a record, as Record.message made it, to the record. Raises Forged.

    Args: most, how many values and events it may have in all.
    """
    try:
        plain = msgpack.unpackb(part)
    except (TypeError, ValueError, msgpack.exceptions.UnpackException) as error:
        raise Forged("bytes that are no record") from error
    if type(plain) is not dict or not {"values", "events"} <= plain.keys():
        raise Forged("a part without values")
    record.values += [_value(one) for one in _list(plain["values"])]
    for pair in _list(plain["events"]):
        if type(pair) is not list or len(pair) != 2 or pair[0] not in KINDS:
            raise Forged("an event of no kind")
        event = _made(KINDS[pair[0]], pair[1])
        if not all(0 <= index < len(record.values) for index in indices(event)):
            raise Forged("an event that speaks of a value that is none")
        record.events.append(event)
    record.cut |= plain.get("cut") is True
    if len(record.values) + len(record.events) > most:
        raise Forged("more than can be taken")


def _list(plain: Any) -> list[Any]:
    if type(plain) is not list:
        raise Forged("a list that is none")
    return plain


def _value(plain: Any) -> Value:
    if type(plain) is not dict:
        raise Forged("a value that is none")
    content = plain.pop("entries", None)
    value: Value = _made(Value, {**plain, "entries": None})
    if content is None:
        return value
    dtype = DTYPES.get(value.dtype)
    if type(content) is not bytes or dtype is None or dtype.is_complex:
        raise Forged("entries that are none")
    if any(size < 0 for size in value.shape) or prod(value.shape) * dtype.itemsize != len(content):
        raise Forged("entries of another shape")
    if dtype is torch.bool:
        flat = torch.frombuffer(bytearray(content), dtype=torch.uint8) != 0 if content else None
    else:
        flat = torch.frombuffer(bytearray(content), dtype=dtype) if content else None
    entries = torch.empty(value.shape, dtype=dtype) if flat is None else flat.reshape(value.shape)
    return replace(value, entries=entries)


KINDS: dict[Any, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}

INDICES = {
    "operands": "values", "results": "values", "values": "values", "loss": "values",
    "of": "values", "before": "values", "after": "values", "inputs": "values",
    "outputs": "values", "arguments": "values",
}  # fmt: skip
"""The fields that hold indices of values; those of dicts and of steps are in ``indices``."""


def indices(event: Any) -> Iterator[int]:
    """The indices of values that an event speaks of."""
    for each in fields(event):
        value = getattr(event, each.name)
        if each.name in INDICES:
            yield from (value,) if type(value) is int else (value or ())
        elif each.name == "tensors" or (each.name == "parameters" and type(value) is dict):
            yield from value.values()
        elif isinstance(event, events.Step) and each.name == "parameters":
            yield from (index for one in value for index in one if index is not None)
        elif each.name in ("gradients", "plots"):
            for inner in value:
                yield from indices(inner)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: Any, plain: Any) -> Any:
    """A value of the type, from plain data that says the same. Raises Forged."""
    made: Any = kind
    if is_dataclass(kind):
        if type(plain) is not dict:
            raise Forged(f"a {kind} that is no dict")
        given = {each.name: _made(_hints(made)[each.name], plain[each.name])
                 for each in fields(kind) if each.name in plain}  # fmt: skip
        lacking = [each.name for each in fields(kind) if each.name not in given
                   and each.default is MISSING and each.default_factory is MISSING]  # fmt: skip
        if lacking:
            raise Forged(f"a {kind} without {lacking[0]}")
        return made(**given)
    if kind is At:
        if type(plain) in (list, tuple) and len(plain) == 2 and {type(n) for n in plain} == {int}:
            return At(*plain)
        raise Forged("a place that is none")
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if plain is None and type(None) in inner:
            return None
        return _made(next(one for one in inner if one is not type(None)), plain)
    if origin is tuple:
        if type(plain) not in (list, tuple):
            raise Forged("a tuple that is none")
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_made(inner[0], one) for one in plain)
        if len(inner) != len(plain):
            raise Forged("a tuple of another length")
        return tuple(_made(one, value) for one, value in zip(inner, plain, strict=True))
    if origin is dict:
        if type(plain) is not dict:
            raise Forged("a dict that is none")
        return {_made(inner[0], key): _made(inner[1], value) for key, value in plain.items()}
    if kind is float and type(plain) in (int, float):
        return float(plain)
    if type(plain) is not kind:
        raise Forged(f"a {type(plain).__name__} where {kind} is said")
    return plain


def joined(first: Record, second: Record) -> Record:
    """Both, one after the other: nothing of the one is anything of the other."""
    values, objects = len(first.values), 1 + max((v.object for v in first.values), default=0)
    numbers = 1 + max((_number_of(event) for event in first.events), default=0)
    moved = [replace(value, object=value.object + objects) for value in second.values]
    later = [_moved(event, values, objects, numbers) for event in second.events]
    return Record(
        first.values + moved,
        first.events + later,
        first.seconds + second.seconds,
        first.cut or second.cut,
    )


NUMBERS = ("module", "optimizer", "figure")
"""The fields that number objects which are no values."""


def _number_of(event: Event) -> int:
    return max((getattr(event, name, 0) for name in NUMBERS), default=0)


def _moved(thing: Any, values: int, objects: int, numbers: int) -> Any:
    changed: dict[str, Any] = {}
    for each in fields(thing):
        value = getattr(thing, each.name)
        if each.name in INDICES:
            changed[each.name] = (
                value + values
                if type(value) is int
                else value and tuple(index + values for index in value)
            )
        elif each.name in NUMBERS:
            changed[each.name] = value + numbers
        elif each.name == "figures":
            changed[each.name] = tuple(one + numbers for one in value)
        elif type(value) is dict and each.name in ("tensors", "parameters"):
            changed[each.name] = {key: index + values for key, index in value.items()}
        elif isinstance(thing, events.Step) and each.name == "parameters":
            changed[each.name] = tuple(
                (a + values, b if b is None else b + values, c + values) for a, b, c in value
            )
        elif isinstance(thing, events.Layer) and each.name == "parameters":
            changed[each.name] = tuple((name, one + objects) for name, one in value)
        elif each.name in ("gradients", "plots", "layers"):
            changed[each.name] = tuple(_moved(one, values, objects, numbers) for one in value)
    return replace(thing, **changed)

"""Values between two processes: from foreign objects to bytes, and from bytes to plain data.

``Packer`` takes what an answer made and never calls a method of it: by their types it copies
numbers, texts, containers and tensors, bit for bit, and reduces everything else to the name of its
type and a few words. ``Unpacker`` builds plain data from bytes: nothing in them can run, and more
than it was told to accept is refused. Tensors that share memory on one side share it on the other.
"""

import os
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from operator import itemgetter
from pathlib import Path, PurePath
from typing import Any, ClassVar

import msgpack
import numpy
import torch
from torch import Tensor, nn

from answering.own import LinearRegression, Loader

MOST_ENTRIES = 200_000
"""Entries of all containers of one message."""

MOST_BYTES = 256 * 2**20
"""Bytes of all that the tensors, arrays and texts of one message hold, and of any tensor in it."""

MOST_TREE = 32 * 2**20
"""Bytes of the rest of a message, which takes up to twenty times as much once it is unpacked."""

MOST_MESSAGE = MOST_BYTES + MOST_TREE + 8 * MOST_ENTRIES
"""Bytes of a whole message, with the lengths of its parts."""

MOST_KEYS = 2_000
"""Entries of a message's sets, and dicts whose keys are no texts: keys can be made to collide."""

MOST_KINDS = 100
"""Named tuples of different kinds in one message: each is a class."""

MOST_BITS = 100_000
"""Bits of an integer."""

MOST_DIMENSIONS = 64
"""Of a tensor: what torch has, too."""

DEEPEST = 40
"""How deep containers may be nested."""

LONGEST_WORDS = 2_000
"""Characters of a name, a repr or a message of an error."""

DTYPES: dict[str, torch.dtype] = {
    name: value
    for value in vars(torch).values()
    if isinstance(value, torch.dtype)
    and not re.fullmatch("q.*|u?int[1-7]", name := str(value).removeprefix("torch."))
}
"""By name, but for the quantized and those of less than a byte: torch cannot even copy them."""


REQUIRES_GRAD: Any = Tensor.requires_grad
IS_LEAF: Any = Tensor.is_leaf
GRAD: Any = Tensor.grad
"""What a tensor says of itself, past what a subclass says in its place."""


class Unfit(Exception):
    """A value that is too large to be passed on, or bytes that are no value."""


@dataclass(frozen=True)
class Foreign:
    """What is passed on of an object that is no plain data: its type's name, and its repr."""

    type_name: str
    words: str

    def __repr__(self) -> str:
        return self.words or f"a {self.type_name}"


@dataclass(frozen=True)
class Handle:
    """An object that stays in its process: its number there, what it is, and its type's name."""

    number: int
    kind: str
    type_name: str

    def __repr__(self) -> str:
        return f"a {self.type_name}"


class Fields(tuple):
    """A named tuple of somebody else's: a tuple whose entries have names."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()


@lru_cache(maxsize=MOST_KINDS)
def fields(name: str, entries: tuple[str, ...]) -> type[Fields]:
    """The named tuples of this name, whose entries are called so."""
    named = {
        entry: property(itemgetter(place))
        for place, entry in enumerate(entries)
        if not entry.startswith("_")
    }
    own = {**named, "__slots__": (), "_fields": entries}
    return type(name if name.isidentifier() else "tuple", (Fields,), own)


def plain_words(text: object, most: int = LONGEST_WORDS) -> str:
    """A text as an exact, bounded str."""
    exact = str.__str__(text) if isinstance(text, str) else ""
    return exact if len(exact) <= most else exact[:most] + "…"


def type_name(value: object) -> str:
    """The name of a value's true type, whatever it says of itself."""
    return plain_words(type.__dict__["__name__"].__get__(type(value)), 200)


def bases_of(kind: type) -> tuple[type, ...]:
    """A class and all its bases, whatever its own class says of them."""
    return type.__dict__["__mro__"].__get__(kind)


def inherited(kind: type, name: str) -> Any:
    """What a class, or the nearest of its bases that has it, holds under a name; None if none."""
    for base in bases_of(kind):
        found = type.__dict__["__dict__"].__get__(base).get(name)
        if found is not None:
            return found
    return None


def words_of(value: object) -> str:
    """The repr of a foreign object, as far as it can be had: "" if it has none of its own."""
    if type(value).__repr__ is object.__repr__:
        return ""
    try:
        text = plain_words(repr(value))
    except BaseException:
        return ""
    return "" if " at 0x" in text else " ".join(text.split())


LENGTH = struct.Struct("!Q")
"""How long the next part of a message is."""


def joined(parts: Iterable[bytes]) -> bytes:
    """One message of several parts, each after its length."""
    return b"".join(piece for part in parts for piece in (LENGTH.pack(len(part)), part))


def parts_of(message: bytes) -> list[bytes]:
    """The parts of a message, each after its length: nothing here can be more than it is."""
    parts: list[bytes] = []
    place = 0
    while place < len(message):
        (length,) = LENGTH.unpack_from(message, place)
        place += LENGTH.size
        if length > len(message) - place or len(parts) > MOST_ENTRIES:
            raise Unfit("bytes that are no message (a part is cut off)")
        parts.append(message[place : place + length])
        place += length
    if not parts:
        raise Unfit("bytes that are no message (of another size)")
    return parts


class Keyed:
    """Counts the keys of one message whose hashes somebody can choose."""

    keys = 0

    def keyed(self, keys: list[Any]) -> None:
        """Raises Unfit where they are too many."""
        if any(type(key) is not str for key in keys):
            self.keys += len(keys)
        if self.keys > MOST_KEYS:
            raise Unfit(f"more than {MOST_KEYS:,} entries of sets, or keys that are no texts")


class Packer(Keyed):
    """Turns one message into bytes.

    Args:
        live: what gives an object that stays here its handle, or None for one that may not.
        most: the bytes that a message may have.
    """

    def __init__(
        self, live: Callable[[Any], Handle | None] = lambda _: None, *, most: int = MOST_BYTES
    ) -> None:
        self.live, self.most = live, most
        self.entries, self.size = 0, 0
        self.contents: list[bytes] = []
        self.places: dict[tuple[int, int], int] = {}
        self.kept: list[torch.UntypedStorage] = []
        """Storages that are packed: a temporary one that was let go would leave its address."""

    def message(self, value: Any) -> bytes:
        """The message. Raises Unfit if the value is too large."""
        tree = msgpack.packb(self.tree(value), strict_types=True, unicode_errors="surrogatepass")
        if len(tree) > MOST_TREE:
            raise Unfit(f"more than {MOST_TREE // 2**20} MiB of numbers and words")
        return joined((tree, *self.contents))

    def _count(self, entries: int = 1, size: int = 0) -> None:
        self.entries += entries
        self.size += size
        if self.entries > MOST_ENTRIES:
            raise Unfit(f"more than {MOST_ENTRIES:,} entries")
        if self.size > self.most:
            raise Unfit(f"more than {self.most // 2**20} MiB")

    def tree(self, value: Any, depth: int = 0) -> Any:
        """The value as lists of what msgpack knows, each with a tag in front."""
        self._count()
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if issubclass(kind, int):
            return self._integer(int.__int__(value))
        if issubclass(kind, str):
            return self._text(str.__str__(value))
        if issubclass(kind, bytes):
            return ["bytes", self._content(bytes.__getitem__(value, slice(None)))]
        if depth > DEEPEST:
            return ["foreign", type_name(value), f"nested more than {DEEPEST} deep"]
        if issubclass(kind, numpy.generic):
            return self._scalar(value)
        if issubclass(kind, float):
            return float.__float__(value)
        if issubclass(kind, complex):
            number = complex.__pos__(value)
            return ["complex", number.real, number.imag]
        if issubclass(kind, Tensor):
            return self._tensor(value, depth)
        if kind is numpy.ndarray:
            return self._array(value)
        if issubclass(kind, tuple):
            entries = [self.tree(entry, depth + 1) for entry in tuple.__iter__(value)]
            names = inherited(kind, "_fields")
            if type(names) is tuple and len(names) == len(entries):
                return ["fields", type_name(value), [plain_words(n, 100) for n in names], entries]
            return ["tuple", entries]
        if issubclass(kind, list):
            return ["list", [self.tree(entry, depth + 1) for entry in list.__iter__(value)]]
        if issubclass(kind, dict):
            return ["dict", self._pairs(value, depth)]
        if issubclass(kind, set | frozenset):
            members = (set if issubclass(kind, set) else frozenset).__iter__(value)
            entries = [self.tree(entry, depth + 1) for entry in members]
            self.keyed(entries)
            return ["set", entries]
        if kind is range:
            return ["range", *map(self._integer, (value.start, value.stop, value.step))]
        if issubclass(kind, PurePath):
            return ["path", plain_words(os.fspath(value))]
        if kind is torch.dtype and (name := str(value).removeprefix("torch.")) in DTYPES:
            return ["dtype", name]
        if issubclass(kind, torch.Generator):
            return ["generator", self._tensor(torch.Generator.get_state(value), depth)]
        if kind is Loader:
            return ["loader", self.tree(value.batches, depth + 1)]
        if kind is Handle:
            return ["handle", value.number, value.kind, value.type_name]
        if handle := self.live(value):
            return ["handle", handle.number, handle.kind, handle.type_name]
        if issubclass(kind, nn.Module):
            return ["module", self.module(value, depth)]
        if kind is Foreign:
            return ["foreign", value.type_name, value.words]
        return ["foreign", type_name(value), words_of(value)]

    def _content(self, content: bytes) -> int:
        """The place of bytes beside the tree."""
        self._count(0, len(content))
        self.contents.append(content)
        return len(self.contents) - 1

    def _text(self, text: str) -> Any:
        if len(text) <= LONGEST_WORDS:
            return text
        self._count(0, len(text))
        return ["text", self._content(text.encode("utf-8", "surrogatepass"))]

    def _integer(self, value: int) -> Any:
        if -(2**63) <= value < 2**63:
            return value
        if value.bit_length() > MOST_BITS:
            raise Unfit(f"an integer of more than {MOST_BITS:,} bits")
        digits = hex(value)
        self._count(0, len(digits))
        return ["integer", digits]

    def _pairs(self, value: dict, depth: int) -> list[Any]:
        pairs = [
            [self.tree(key, depth + 1), self.tree(entry, depth + 1)]
            for key, entry in dict.items(value)
        ]
        self.keyed([key for key, _ in pairs])
        return pairs

    def _scalar(self, value: Any) -> Any:
        if value.dtype.kind not in "biufc":
            return ["foreign", type_name(value), words_of(value)]
        return ["scalar", value.dtype.str, value.tobytes()]

    def _array(self, value: Any) -> Any:
        if value.dtype.kind not in "biufc":
            return ["foreign", "ndarray", f"an array of dtype {value.dtype.kind}"]
        if value.nbytes > self.most:
            raise Unfit(f"an array of shape {value.shape}")
        return ["array", value.dtype.str, [*value.shape], self._content(value.tobytes())]

    def _tensor(self, value: Tensor, depth: int) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            is_parameter = type(value) is nn.Parameter
            requires_grad, is_leaf = (fact.__get__(value) for fact in (REQUIRES_GRAD, IS_LEAF))
            own_gradient = GRAD.__get__(value) if is_leaf else None
            if type(value) is not Tensor:
                if torch._C._dispatch_keys(value).has(torch._C.DispatchKey.Python):
                    return ["foreign", type_name(value), "a tensor that holds no numbers"]
                # What a subclass says of its shape, dtype or .grad is hearsay.
                value = Tensor.as_subclass(value, Tensor)
            name = str(value.dtype).removeprefix("torch.")
            if value.is_nested or name not in DTYPES:
                nested = "nested " if value.is_nested else ""
                return ["foreign", "Tensor", f"a {nested}tensor of dtype {name}"]
            facts = [name, [*value.shape], str(value.layout), str(value.device)]
            if value.layout != torch.strided or value.is_meta:
                return ["odd tensor", *facts]
            if value.numel() * value.element_size() > self.most:
                raise Unfit(f"a tensor of shape {tuple(value.shape)}")
            held = value.detach()
            if held.device.type != "cpu" or held.is_conj() or held.is_neg():
                held = held.cpu().resolve_conj().resolve_neg()
            storage = held.untyped_storage()
            # A small view of large memory is passed on as a copy.
            if storage.nbytes() > 4096 + 8 * held.numel() * held.element_size():
                held = held.contiguous().clone()
                storage = held.untyped_storage()
            place = self._storage(storage)
            # What was given other values behind autograd's back can have a .grad that fits no more.
            fits = own_gradient is not None and (
                (own_gradient.shape, own_gradient.dtype) == (held.shape, held.dtype)
            )
            gradient = self.tree(own_gradient, depth + 1) if fits else None
        return [
            "tensor",
            *facts,
            place,
            [*held.stride()],
            held.storage_offset(),
            bool(requires_grad),
            gradient,
            is_parameter,
        ]

    def _storage(self, storage: torch.UntypedStorage) -> int:
        where = storage.data_ptr(), storage.nbytes()
        if where not in self.places:
            self._count(0, storage.nbytes())
            content = b""
            if storage.nbytes():
                content = torch.empty(0, dtype=torch.uint8).set_(storage).numpy().tobytes()  # type: ignore
            self.places[where] = len(self.contents)
            self.contents.append(content)
            self.kept.append(storage)
        return self.places[where]

    def module(self, value: nn.Module, depth: int = 0) -> Any:
        """A network of the suite's own as a recipe, or what has become of one."""
        if depth > DEEPEST:
            raise Unfit(f"modules nested more than {DEEPEST} deep")
        self._count()
        own = object.__getattribute__(value, "__dict__")
        parameters, buffers, modules = (
            [(plain_words(n), v) for n, v in own.get(f"_{kind}", {}).items()]
            for kind in ("parameters", "buffers", "modules")
        )
        return [
            type_name(value),
            [own.get(name) for name in SIZES.get(type(value), ())],
            own.get("training") is True,
            is_hooked(value),
            [[n, self.tree(p, depth + 1), hasattr(p, GIVEN)] for n, p in parameters],
            [[n, self.tree(b, depth + 1)] for n, b in buffers],
            [
                [n, self.module(m, depth + 1) if isinstance(m, nn.Module) else None]
                for n, m in modules
            ],
        ]


SIZES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features"),
    nn.BatchNorm1d: ("num_features",),
    nn.Dropout: ("p",),
    nn.Flatten: (),
    nn.ReLU: (),
    nn.Tanh: (),
    nn.Sigmoid: (),
    nn.Sequential: (),
    LinearRegression: (),
}
"""The layers of which the suite's own networks are made, with what each is made from."""

RECIPES: dict[str, type[nn.Module]] = {kind.__name__: kind for kind in SIZES}

HOOKS = (
    "_forward_pre_hooks",
    "_forward_hooks",
    "_backward_pre_hooks",
    "_backward_hooks",
    "_post_accumulate_grad_hooks",
)
"""Where modules and tensors keep what runs whenever they are used."""

GIVEN = "_given"
"""What marks a parameter as the one that was handed over, and no other in its place."""


def is_hooked(part: nn.Module) -> bool:
    """Whether something runs whenever this module is used, or one of its own parameters."""
    own = object.__getattribute__(part, "__dict__")
    kept = [own.get(name) for name in HOOKS]
    for parameter in own.get("_parameters", {}).values():
        kept += [getattr(parameter, name, None) for name in HOOKS]
    return any(kept) or "forward" in own


def hooked(module: nn.Module) -> list[str]:
    """The names of the modules in it that have hooks; its own is ""."""
    return [name for name, part in module.named_modules() if is_hooked(part)]


@dataclass(frozen=True)
class Recipe:
    """A network as data: what it is made of, and what its tensors hold."""

    type_name: str
    sizes: Sequence[int]
    training: bool
    hooked: bool
    given: frozenset[str]
    """The parameters that were handed over, and not put in the place of those."""
    parameters: dict[str, Tensor | None]
    buffers: dict[str, Tensor | None]
    children: dict[str, "Recipe | None"]

    def build(self) -> nn.Module:
        """The network. Raises Unfit if it is none of the suite's own."""
        # What it is made with is put in after that: no number is drawn for good, and no size read.
        # On torch's meta device, as skip_init has it, the first layer would cost 2 s, for sympy.
        with torch.random.fork_rng(devices=[]):
            return self._build()

    def _build(self) -> nn.Module:
        if self.type_name not in RECIPES:
            raise Unfit(f"a {self.type_name}, which the suite does not make")
        kind = RECIPES[self.type_name]
        made = kind(*(1 for _ in SIZES[kind]))
        for name, size in zip(SIZES[kind], self.sizes, strict=True):
            setattr(made, name, size)
        for name, value in self.parameters.items():
            made._parameters[name] = None if value is None else as_parameter(value)
            if value is not None:
                setattr(made._parameters[name], GIVEN, True)
        made._buffers.update(self.buffers)
        for name, child in self.children.items():
            made.add_module(name, child._build() if child else None)
        made.training = self.training
        return made

    def update(self, module: nn.Module) -> None:
        """Make a network hold what the recipe holds.

        A layer in the place of another is told by an ``nn.Identity`` there, a hook by one that does
        nothing, and a parameter in the place of another by a new one.
        """
        module.training = self.training
        if self.hooked and not is_hooked(module):
            module.register_forward_hook(lambda *_: None)
        for mine, theirs in (
            (self.parameters, module._parameters),
            (self.buffers, module._buffers),
        ):
            for name in [name for name in theirs if name not in mine]:
                del theirs[name]
            for name, value in mine.items():
                local: Any = theirs.get(name)
                new = theirs is module._parameters and name not in self.given
                if value is not None and local is not None and not new:
                    take_over(local, value)
                elif value is not None and theirs is module._parameters:
                    theirs[name] = as_parameter(value)
                else:
                    theirs[name] = value  # type: ignore[assignment]
        for name in [name for name in module._modules if name not in self.children]:
            del module._modules[name]
        for name, child in self.children.items():
            inner = module._modules.get(name)
            if child is not None and type(inner).__name__ == child.type_name:
                child.update(inner)  # type: ignore[arg-type]
            elif child is not None or inner is not None:
                module._modules[name] = nn.Identity()


def as_parameter(value: Tensor) -> nn.Parameter:
    """A tensor as a parameter, with its .grad."""
    parameter = nn.Parameter(value.detach(), requires_grad=value.requires_grad)
    parameter.grad = value.grad
    return parameter


def take_over(local: Tensor, value: Tensor) -> None:
    """Make a tensor hold what another one holds: values, dtype, requires_grad and .grad.

    Raises RuntimeError where torch has no way to that, from float to a meta tensor for instance.
    """
    if local.is_leaf and local.requires_grad and not value.requires_grad:
        local.requires_grad_(False)
    if local.dtype != value.dtype or local.shape != value.shape or value.is_meta:
        local.data = value.detach()
    elif not same_bits(local, value):
        # Entries that lie in one place, as those of an expanded tensor, are written once.
        once = tuple(slice(0, 1) if step == 0 else slice(None) for step in local.stride())
        local.detach()[once].copy_(value.detach()[once])
    if local.is_leaf:
        if value.requires_grad:
            local.requires_grad_(True)
        if value.grad is None or local.grad is None:
            if value.grad is not local.grad:
                local.grad = value.grad
        elif not same_bits(local.grad, value.grad):
            local.grad = value.grad


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same bit for bit: NaN equals nothing, but its bits do."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.equal(bits(one), bits(other))


WORDS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The integers of so many bytes."""


def bits(value: Tensor) -> Tensor:
    """The bits of a tensor, as integers."""
    value = value.detach().resolve_conj().resolve_neg()
    value = torch.view_as_real(value) if value.is_complex() else value
    return value.view(WORDS[value.element_size()])


class Unpacker(Keyed):
    """Builds plain data from the bytes of one message.

    Args: live, what stands for an object that stays on the other side.
    """

    def __init__(self, live: Callable[[Handle], Any] = lambda handle: handle) -> None:
        self.live = live
        self.lists, self.entries = 0, 0
        self.contents: list[bytes] = []
        self.storages: dict[int, torch.UntypedStorage] = {}
        self.kinds: set[Any] = set()

    def value(self, message: bytes) -> Any:
        """The value. Raises Unfit if the bytes are none."""
        try:
            tree, *self.contents = parts_of(message)
            if len(tree) > MOST_TREE:
                raise Unfit("bytes that are no message (of another size)")
            return self.of(self._lists(tree))
        except Unfit:
            raise
        except Exception as error:
            # Bytes that no Packer wrote can break anywhere; what they are is said once.
            raise Unfit(f"bytes that are no message ({type(error).__name__})") from error

    def _lists(self, message: bytes) -> Any:
        return msgpack.unpackb(
            message,
            unicode_errors="surrogatepass",
            list_hook=self._counted,
            max_array_len=MOST_ENTRIES,
            max_map_len=0,
            max_ext_len=0,
        )

    def _counted(self, entries: list) -> list:
        self.lists += 1
        if self.lists > 4 * MOST_ENTRIES:
            raise Unfit("more entries than a message may have")
        return entries

    def _storage(self, place: int) -> torch.UntypedStorage:
        if place not in self.storages:
            content = bytearray(self.contents[place])
            made = torch.frombuffer(content, dtype=torch.uint8) if content else torch.empty(0)
            self.storages[place] = made.untyped_storage()
        return self.storages[place]

    def of(self, tree: Any) -> Any:
        """The value of one node of the tree."""
        self.entries += 1
        if self.entries > 2 * MOST_ENTRIES:
            raise Unfit("more entries than a message may have")
        if tree is None or type(tree) in (bool, int, float, str):
            return tree
        if type(tree) is not list or not tree or type(tree[0]) is not str:
            raise Unfit("a node without a tag")
        tag, *rest = tree
        return self.READERS[tag](self, *rest)

    def _entries(self, entries: list) -> list[Any]:
        return [self.of(entry) for entry in entries]

    def _dict(self, pairs: list) -> dict[Any, Any]:
        self.keyed([name for name, _ in pairs])
        found = {}
        for name, value in pairs:
            key = self.of(name)
            try:
                hash(key)
            except TypeError:
                key = Foreign(type(key).__name__, "")
            found[key] = self.of(value)
        return found

    def _integer(self, digits: str) -> int:
        if len(digits) > MOST_BITS // 4 + 8:
            raise Unfit("an integer of more digits than it may have")
        return int(digits, 16)

    def _set(self, entries: list) -> Any:
        return {key for key, _ in self._dict([[entry, None] for entry in entries]).items()}

    def _fields(self, name: str, names: list[str], entries: list) -> Any:
        self.kinds.add((name, *names))
        if len(self.kinds) > MOST_KINDS:
            raise Unfit(f"more than {MOST_KINDS} kinds of named tuples")
        return fields(name, tuple(names))(self._entries(entries))

    def _tensor(
        self,
        dtype: str,
        shape: list[int],
        layout: str,
        device: str,
        place: int,
        strides: list[int],
        offset: int,
        requires_grad: bool,
        gradient: Any,
        is_parameter: bool,
    ) -> Tensor:
        sizes = [*shape, *strides, offset]
        if len(sizes) > 2 * MOST_DIMENSIONS or any(type(n) is not int or n < 0 for n in sizes):
            raise Unfit("a tensor without a shape")
        numbers, size = prod(shape), DTYPES[dtype].itemsize
        if numbers * size > MOST_BYTES:
            raise Unfit(f"a tensor of shape {tuple(shape)}")
        # Beyond its end torch would make a storage longer, by memory that may have held anything.
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        storage = self._storage(place)
        if numbers and (last + 1) * size > storage.nbytes():
            raise Unfit("a tensor beyond its storage")
        value = torch.empty(0, dtype=DTYPES[dtype]).set_(
            storage, offset, tuple(shape), tuple(strides)
        )
        if is_parameter:
            value = nn.Parameter(value, requires_grad=requires_grad)
        elif requires_grad:
            value.requires_grad_()
        if gradient is not None:
            value.grad = self.of(gradient)
        return value

    def _odd_tensor(self, dtype: str, shape: list[int], layout: str, device: str) -> Any:
        if layout == "torch.strided" and dtype in DTYPES and len(shape) < 64:
            return torch.empty(tuple(shape), dtype=DTYPES[dtype], device="meta")
        return Foreign("Tensor", f"a tensor of shape {tuple(shape)} with layout {layout}")

    def _generator(self, state: Any) -> torch.Generator:
        generator = torch.Generator()
        generator.set_state(self.of(state))
        return generator

    def _array(self, dtype: str, shape: list[int], place: int) -> Any:
        content = bytearray(self.contents[place])
        return numpy.frombuffer(content, dtype=self._numbers(dtype)).reshape(shape)

    def _scalar(self, dtype: str, content: bytes) -> Any:
        return numpy.frombuffer(content, dtype=self._numbers(dtype))[0]

    def _numbers(self, dtype: str) -> Any:
        kind = numpy.dtype(dtype)
        if kind.kind not in "biufc":
            raise Unfit(f"an array of {dtype!r}")
        return kind

    def recipe(
        self,
        name: str,
        sizes: list[Any],
        training: bool,
        hooked: bool,
        parameters: list,
        buffers: list,
        children: list,
    ) -> Recipe:
        """A network as it was described."""
        self.entries += 1
        return Recipe(
            plain_words(name, 200),
            [size for size in sizes if type(size) is int],
            training is True,
            hooked is True,
            frozenset(plain_words(name) for name, _, given in parameters if given is True),
            self._tensors([pair[:2] for pair in parameters]),
            self._tensors(buffers),
            {plain_words(n): None if m is None else self.recipe(*m) for n, m in children},
        )

    def _tensors(self, pairs: list) -> dict[str, Tensor | None]:
        found = {plain_words(name): self.of(value) for name, value in pairs}
        if not all(value is None or isinstance(value, Tensor) for value in found.values()):
            raise Unfit("a network with other things than tensors for parameters")
        return found

    READERS: ClassVar[dict[str, Callable[..., Any]]] = {
        "list": _entries,
        "tuple": lambda self, entries: tuple(self._entries(entries)),
        "fields": _fields,
        "dict": _dict,
        "set": _set,
        "range": lambda self, *bounds: range(*self._entries([*bounds])),
        "bytes": lambda self, place: self.contents[place],
        "text": lambda self, place: self.contents[place].decode("utf-8", "surrogatepass"),
        "complex": lambda self, real, imaginary: complex(real, imaginary),
        "integer": _integer,
        "path": lambda self, text: Path(text),
        "dtype": lambda self, name: DTYPES[name],
        "generator": _generator,
        "scalar": _scalar,
        "array": _array,
        "tensor": _tensor,
        "odd tensor": _odd_tensor,
        "loader": lambda self, batches: Loader(self.of(batches)),
        "module": lambda self, tree: self.recipe(*tree),
        "handle": lambda self, number, kind, name: self.live(
            Handle(int(number), plain_words(kind, 50), plain_words(name, 200))
        ),
        "foreign": lambda self, name, words: Foreign(plain_words(name, 200), plain_words(words)),
    }

"""Values between two processes: from foreign objects to bytes, and from bytes to plain data.

``Packer`` takes what an answer made and never calls a method of it: by their types it copies
numbers, texts, containers and tensors, bit for bit, and reduces everything else to the name of its
type and a few words. ``Unpacker`` builds plain data from bytes: nothing in them can run, and more
than it was told to accept is refused. Tensors that share memory on one side share it on the other.
"""

import os
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
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
"""Bytes of one message."""

DEEPEST = 40
"""How deep containers may be nested."""

LONGEST_WORDS = 2_000
"""Characters of a name, a repr or a message of an error."""

DTYPES: dict[str, torch.dtype] = {
    str(value).removeprefix("torch."): value
    for value in vars(torch).values()
    if isinstance(value, torch.dtype)
}


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


class Fields(tuple):
    """A named tuple of somebody else's: a tuple whose entries have names."""

    _fields: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:
            return self[self._fields.index(name)]
        raise AttributeError(name)


def plain_words(text: object, most: int = LONGEST_WORDS) -> str:
    """A text as an exact, bounded str."""
    exact = str.__str__(text) if isinstance(text, str) else ""
    return exact if len(exact) <= most else exact[:most] + "…"


def type_name(value: object) -> str:
    """The name of a value's true type, whatever it says of itself."""
    return plain_words(type.__dict__["__name__"].__get__(type(value)), 200)


def words_of(value: object) -> str:
    """The repr of a foreign object, as far as it can be had: "" if it has none of its own."""
    if type(value).__repr__ is object.__repr__:
        return ""
    try:
        text = plain_words(reprlib.repr(value))
    except BaseException:
        return ""
    return "" if " at 0x" in text else " ".join(text.split())


class Packer:
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
        self.storages: list[bytes] = []
        self.places: dict[int, int] = {}

    def bytes(self, value: Any) -> bytes:
        """The message. Raises Unfit if the value is too large."""
        tree = self.tree(value)
        return msgpack.packb(
            [tree, self.storages], strict_types=True, unicode_errors="surrogatepass"
        )

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
        if depth > DEEPEST:
            return ["foreign", type_name(value), f"nested more than {DEEPEST} deep"]
        kind = type(value)
        if issubclass(kind, bool | int):
            return self._integer(int.__int__(value))
        if issubclass(kind, numpy.generic):
            return self._scalar(value)
        if issubclass(kind, float):
            return float.__float__(value)
        if issubclass(kind, complex):
            number = complex.__pos__(value)
            return ["complex", number.real, number.imag]
        if issubclass(kind, str):
            text = str.__str__(value)
            self._count(0, 4 * len(text))
            return text
        if issubclass(kind, bytes):
            self._count(0, len(value))
            return ["bytes", bytes.__getitem__(value, slice(None))]
        if issubclass(kind, Tensor):
            return self._tensor(value, depth)
        if kind is numpy.ndarray:
            return self._array(value)
        if issubclass(kind, tuple):
            entries = [self.tree(entry, depth + 1) for entry in tuple.__iter__(value)]
            fields = kind.__dict__.get("_fields")
            if type(fields) is tuple and len(fields) == len(entries):
                return ["fields", type_name(value), [plain_words(f, 100) for f in fields], entries]
            return ["tuple", entries]
        if issubclass(kind, list):
            return ["list", [self.tree(entry, depth + 1) for entry in list.__iter__(value)]]
        if issubclass(kind, dict):
            return ["dict", self._pairs(value, depth)]
        if issubclass(kind, set | frozenset):
            members = (set if issubclass(kind, set) else frozenset).__iter__(value)
            return ["set", [self.tree(entry, depth + 1) for entry in members]]
        if kind is range:
            return ["range", value.start, value.stop, value.step]
        if issubclass(kind, PurePath):
            return ["path", plain_words(os.fspath(value))]
        if kind is torch.dtype:
            return ["dtype", str(value).removeprefix("torch.")]
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

    def _integer(self, value: int) -> Any:
        if -(2**63) <= value < 2**63:
            return value
        if value.bit_length() > 100_000:
            raise Unfit("an integer of more than 100,000 bits")
        return ["integer", hex(value)]

    def _pairs(self, value: dict, depth: int) -> list[Any]:
        return [
            [self.tree(key, depth + 1), self.tree(entry, depth + 1)]
            for key, entry in dict.items(value)
        ]

    def _scalar(self, value: Any) -> Any:
        if value.dtype.kind not in "biufc":
            return ["foreign", type_name(value), words_of(value)]
        return ["scalar", value.dtype.str, value.tobytes()]

    def _array(self, value: Any) -> Any:
        if value.dtype.kind not in "biufc":
            return ["foreign", "ndarray", f"an array of dtype {value.dtype.kind}"]
        self._count(0, value.nbytes)
        return ["array", value.dtype.str, [*value.shape], value.tobytes()]

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
            facts = [name, [*value.shape], str(value.layout), str(value.device)]
            if (
                value.layout != torch.strided
                or value.device.type == "meta"
                or name not in DTYPES
                or value.is_quantized
            ):
                return ["odd tensor", *facts]
            held = value.detach()
            if held.device.type != "cpu" or held.is_conj() or held.is_neg():
                held = held.cpu().resolve_conj().resolve_neg()
            storage = held.untyped_storage()
            # A small view of large memory is passed on as a copy.
            if storage.nbytes() > 4096 + 8 * held.numel() * held.element_size():
                held = held.contiguous().clone()
                storage = held.untyped_storage()
            place = self._storage(storage)
            gradient = None if own_gradient is None else self.tree(own_gradient, depth + 1)
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
        address = storage.data_ptr()
        if address in self.places:
            return self.places[address]
        size = storage.nbytes()
        self._count(0, size)
        content = b""
        if size:
            content = torch.empty(0, dtype=torch.uint8).set_(storage).numpy().tobytes()  # type: ignore
        if address:
            self.places[address] = len(self.storages)
        self.storages.append(content)
        return len(self.storages) - 1

    def module(self, value: nn.Module, depth: int = 0) -> Any:
        """A network of the suite's own as a recipe, or what has become of one."""
        if depth > DEEPEST:
            raise Unfit(f"modules nested more than {DEEPEST} deep")
        self._count()
        own = object.__getattribute__(value, "__dict__")
        hooks = sum(
            len(own.get(f"_{kind}_hooks") or ())
            for kind in ("forward", "forward_pre", "backward", "backward_pre")
        )
        return [
            type_name(value),
            [own.get(name) for name in SIZES.get(type(value), ())],
            own.get("training") is True,
            [[n, self.tree(p, depth + 1)] for n, p in own.get("_parameters", {}).items()],
            [[n, self.tree(b, depth + 1)] for n, b in own.get("_buffers", {}).items()],
            [
                [n, self.module(m, depth + 1) if isinstance(m, nn.Module) else None]
                for n, m in own.get("_modules", {}).items()
            ],
            hooks,
        ]


SIZES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features"),
    nn.BatchNorm1d: ("num_features",),
    nn.Flatten: (),
    nn.ReLU: (),
    nn.Tanh: (),
    nn.Sigmoid: (),
    nn.Sequential: (),
    LinearRegression: (),
}
"""The layers of which the suite's own networks are made, with what each is made from."""

RECIPES: dict[str, type[nn.Module]] = {kind.__name__: kind for kind in SIZES}


@dataclass(frozen=True)
class Recipe:
    """A network as data: what it is made of, and what its tensors hold."""

    type_name: str
    sizes: Sequence[int]
    training: bool
    parameters: dict[str, Tensor | None]
    buffers: dict[str, Tensor | None]
    children: dict[str, "Recipe | None"]
    hooks: int

    def build(self) -> nn.Module:
        """The network. Raises Unfit if it is none of the suite's own."""
        if self.type_name not in RECIPES:
            raise Unfit(f"a {self.type_name}, which the suite does not make")
        kind = RECIPES[self.type_name]
        made = kind.__new__(kind)
        if kind in (nn.Linear, nn.BatchNorm1d):
            made = nn.utils.skip_init(kind, *self.sizes)  # type: ignore[arg-type]
        else:
            made = kind()
        for name, value in self.parameters.items():
            made._parameters[name] = None if value is None else as_parameter(value)
        made._buffers.update(self.buffers)
        for name, child in self.children.items():
            made.add_module(name, child.build() if child else None)
        made.training = self.training
        return made

    def update(self, module: nn.Module) -> list[str]:
        """Make a network hold what the recipe holds; what cannot be taken over, in words."""
        lost = [] if self.hooks == 0 else [f"{self.hooks} hooks on its {self.type_name}"]
        module.training = self.training
        for kind, mine, theirs in (
            ("parameter", self.parameters, module._parameters),
            ("buffer", self.buffers, module._buffers),
        ):
            for name, value in mine.items():
                local = theirs.get(name)
                if value is None or local is None:
                    if value is not local:
                        lost.append(f"another {kind} {name}")
                else:
                    take_over(local, value)
            lost += [f"no {kind} {name} any more" for name in theirs if name not in mine]
        if [*self.children] != [*module._modules]:
            return [*lost, f"the children {[*self.children]} in place of {[*module._modules]}"]
        for name, child in self.children.items():
            inner = module._modules[name]
            if child is not None and inner is not None:
                lost += child.update(inner)
        return lost


def as_parameter(value: Tensor) -> nn.Parameter:
    """A tensor as a parameter, with its .grad."""
    parameter = nn.Parameter(value.detach(), requires_grad=value.requires_grad)
    parameter.grad = value.grad
    return parameter


def take_over(local: Tensor, value: Tensor) -> None:
    """Make a tensor hold what another one holds: values, dtype, requires_grad and .grad."""
    if local.dtype != value.dtype or local.shape != value.shape:
        local.data = value.detach()
    elif not same_bits(local, value):
        local.detach().copy_(value.detach())
    if local.is_leaf and local.requires_grad != value.requires_grad:
        local.requires_grad_(value.requires_grad)
    if local.is_leaf:
        if value.grad is None or local.grad is None:
            if value.grad is not local.grad:
                local.grad = value.grad
        elif not same_bits(local.grad, value.grad):
            local.grad = value.grad


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same bit for bit: NaN equals nothing, but its bits do."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.equal(_bits(one), _bits(other))


WORDS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The integers of so many bytes."""


def _bits(value: Tensor) -> Tensor:
    value = value.detach()
    value = torch.view_as_real(value) if value.is_complex() else value
    return value.view(WORDS[value.element_size()])


class Unpacker:
    """Builds plain data from the bytes of one message.

    Args: live, what stands for an object that stays on the other side.
    """

    def __init__(self, live: Callable[[Handle], Any] = lambda handle: handle) -> None:
        self.live = live
        self.entries = 0

    def value(self, message: bytes) -> Any:
        """The value. Raises Unfit if the bytes are none."""
        try:
            tree, contents = msgpack.unpackb(
                message,
                unicode_errors="surrogatepass",
                strict_map_key=False,
                max_bin_len=MOST_BYTES * 2,
            )
            self.storages = [self._storage(content) for content in contents]
            return self.of(tree)
        except Unfit:
            raise
        except Exception as error:
            # Bytes that no Packer wrote can break anywhere; what they are is said once.
            raise Unfit(f"bytes that are no message ({type(error).__name__})") from error

    def _storage(self, content: Any) -> torch.UntypedStorage:
        if type(content) is not bytes:
            raise Unfit("a storage that is no bytes")
        if not content:
            return torch.empty(0, dtype=torch.uint8).untyped_storage()
        return torch.frombuffer(bytearray(content), dtype=torch.uint8).untyped_storage()

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
        found = {}
        for name, value in pairs:
            key = self.of(name)
            try:
                hash(key)
            except TypeError:
                key = Foreign(type(key).__name__, "")
            found[key] = self.of(value)
        return found

    def _set(self, entries: list) -> Any:
        return {key for key, _ in self._dict([[entry, None] for entry in entries]).items()}

    def _fields(self, name: str, fields: list[str], entries: list) -> Any:
        kind: Any = type(name if name.isidentifier() else "tuple", (Fields,), {})
        kind._fields = tuple(str(field) for field in fields)
        return kind(self._entries(entries))

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
        if prod(shape) > MOST_BYTES:
            raise Unfit(f"a tensor of shape {tuple(shape)}")
        value = torch.empty(0, dtype=DTYPES[dtype]).set_(
            self.storages[place], offset, tuple(shape), tuple(strides)
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

    def _array(self, dtype: str, shape: list[int], content: bytes) -> Any:
        return numpy.frombuffer(bytearray(content), dtype=self._numbers(dtype)).reshape(shape)

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
        parameters: list,
        buffers: list,
        children: list,
        hooks: int,
    ) -> Recipe:
        """A network as it was described."""
        self.entries += 1
        return Recipe(
            plain_words(name, 200),
            [size for size in sizes if type(size) is int],
            training is True,
            {plain_words(n): self.of(p) for n, p in parameters},
            {plain_words(n): self.of(b) for n, b in buffers},
            {plain_words(n): None if m is None else self.recipe(*m) for n, m in children},
            int(hooks),
        )

    READERS: ClassVar[dict[str, Callable[..., Any]]] = {
        "list": _entries,
        "tuple": lambda self, entries: tuple(self._entries(entries)),
        "fields": _fields,
        "dict": _dict,
        "set": _set,
        "range": lambda self, start, stop, step: range(start, stop, step),
        "bytes": lambda self, content: bytes(content),
        "complex": lambda self, real, imaginary: complex(real, imaginary),
        "integer": lambda self, digits: int(digits, 16),
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

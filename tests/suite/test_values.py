"""Values between two processes: bit for bit there and back, and no bytes that do harm."""

import collections
import enum
import struct
import tracemalloc
import typing
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgpack
import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from answering import values
from answering.own import Loader, regression
from answering.values import (
    DTYPES,
    Foreign,
    Handle,
    Packer,
    Recipe,
    Unfit,
    Unpacker,
    hooked,
    same_bits,
    take_over,
)
from judging.sides import put_back


def there(value: Any) -> Any:
    """What arrives of a value on the other side."""
    return Unpacker().value(Packer().message(value))


# Tensors

sizes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """Any bits in any dtype, in any layout."""
    shape = draw(sizes)
    dtype = DTYPES[draw(st.sampled_from(sorted(DTYPES)))]
    count = torch.Size(shape).numel()
    content = draw(st.binary(min_size=count * dtype.itemsize, max_size=count * dtype.itemsize))
    raw = torch.tensor([*content], dtype=torch.uint8)
    value = (raw & 1 if dtype == torch.bool else raw).view(dtype).reshape(shape)
    how = draw(st.sampled_from(LAYOUTS))
    return how(value) if value.dim() else value


LAYOUTS = [
    lambda x: x,
    lambda x: x.transpose(0, -1),
    lambda x: x[::2],
    lambda x: x[..., 1:],
    lambda x: x.expand(3, *x.shape),
    lambda x: x[:1].expand(2, *x.shape[1:]) if len(x) else x,
    lambda x: x[None, ..., None],
]


@pytest.mark.filterwarnings("ignore:.*omplex.* support is experimental")
@given(value=tensors())
def test_a_tensor_arrives_bit_for_bit_and_as_it_lies(value: Tensor) -> None:
    arrived = there(value)
    assert type(arrived) is Tensor
    assert (arrived.dtype, arrived.shape) == (value.dtype, value.shape)
    assert arrived.stride() == value.stride()
    assert arrived.storage_offset() == value.storage_offset()
    assert same_bits(arrived, value)
    assert not arrived.requires_grad


@given(value=tensors(), place=st.integers(0, 2**10))
def test_one_other_bit_is_seen(value: Tensor, place: int) -> None:
    """So the tests above and below can fail."""
    other = value.clone(memory_format=torch.contiguous_format)
    assert same_bits(value, other)
    if other.numel():
        content = torch.empty(0, dtype=torch.uint8).set_(other.untyped_storage())  # type: ignore
        content[place % len(content)] ^= 1
        assert not same_bits(value, other)


@pytest.mark.filterwarnings("ignore:.*omplex.* support is experimental")
@pytest.mark.parametrize("name", sorted(DTYPES))
def test_every_dtype_arrives(name: str) -> None:
    assert there(DTYPES[name]) is DTYPES[name]
    value = torch.zeros(2, 3, dtype=DTYPES[name])
    assert same_bits(there(value), value)


def test_nan_payloads_and_signs_of_zero_arrive() -> None:
    bits = torch.tensor([0x7FC00001, -0x3FFFFF, -0x80000000, 0x7F800001], dtype=torch.int32)
    assert there(bits.view(torch.float32)).view(torch.int32).tolist() == bits.tolist()
    for number in (-0.0, *struct.unpack("<2d", bytes.fromhex("010000000000f87fefbeadde0000f8ff"))):
        assert struct.pack("<d", there(number)) == struct.pack("<d", number)
    arrived = there(complex(-0.0, -0.0))
    assert (str(arrived.real), str(arrived.imag)) == ("-0.0", "-0.0")


@pytest.mark.parametrize("value", [torch.tensor([1 + 2j]).conj(), torch.tensor([2j]).conj().imag])
def test_a_tensor_that_is_conjugated_lazily_arrives_as_its_values(value: Tensor) -> None:
    assert torch.equal(there(value), value.resolve_conj().resolve_neg())
    assert same_bits(there(value), value)


def test_what_shares_memory_still_does() -> None:
    """Between results, and between a result and the arguments as they are now."""
    whole = torch.arange(6.0)
    reply = there({"result": (whole.view(2, 3), whole[2:]), "given": [whole, whole.clone()]})
    matrix, rest = reply["result"]
    same, other = reply["given"]
    matrix[1, 0] = 9
    assert rest[1] == 9
    assert same[3] == 9
    assert other[3] == 3


def test_what_shares_memory_from_outside_of_torch_arrives() -> None:
    """Two storages can begin at one address and end at different ones."""
    numbers = numpy.arange(6)
    short, long = there([torch.from_numpy(numbers[:2]), torch.from_numpy(numbers)])
    assert (short.tolist(), long.tolist()) == ([0, 1], [0, 1, 2, 3, 4, 5])


def test_temporary_copies_are_not_taken_for_one_another() -> None:
    """Small views of large memory are copied, each to where the last one may have been."""
    large = [torch.full((50_000,), float(number)) for number in range(200)]
    arrived = there([value[:3] for value in large])
    assert [value.tolist() for value in arrived] == [[float(n)] * 3 for n in range(200)]
    assert arrived[0].untyped_storage().nbytes() == 12


def test_a_gradient_goes_along() -> None:
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    (leaf * leaf).sum().backward()
    arrived = there(leaf)
    assert arrived.requires_grad
    assert arrived.grad.tolist() == [2, 4]
    assert there(leaf * 2).requires_grad
    assert there(leaf * 2).grad is None
    parameter = there(nn.Parameter(torch.ones(2), requires_grad=False))
    assert type(parameter) is nn.Parameter
    assert not parameter.requires_grad


UINT4: torch.dtype = vars(torch)["uint4"]

ODD: dict[str, tuple[Callable[[], Tensor], str]] = {
    "sparse": (
        lambda: torch.eye(2).to_sparse(),
        "a tensor of shape (2, 2) with layout torch.sparse_coo",
    ),
    "nested": (
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "a nested tensor of dtype float32",
    ),
    "quantized": (
        lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
        "a tensor of dtype quint8",
    ),
    "of half bytes": (lambda: torch.zeros(2, dtype=UINT4), "a tensor of dtype uint4"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", ODD)
def test_a_tensor_of_another_kind_arrives_in_words(what: str) -> None:
    """And what comes with it arrives as ever."""
    make, words = ODD[what]
    assert there([make(), 1]) == [Foreign("Tensor", words), 1]


def test_a_tensor_without_values_arrives_as_such() -> None:
    arrived = there(torch.ones(2, 3, dtype=torch.int8, device="meta"))
    assert (arrived.shape, arrived.dtype, arrived.is_meta) == ((2, 3), torch.int8, True)


class Wrapper(Tensor):
    """Has a shape and a dtype, and no memory; what is done with it is for it to decide."""

    @staticmethod
    def __new__(cls) -> Any:
        return Tensor._make_wrapper_subclass(cls, (2,))  # type: ignore[attr-defined]

    @classmethod
    def __torch_dispatch__(cls, *args: Any) -> Any:
        raise AssertionError


def test_a_tensor_without_memory_is_no_tensor() -> None:
    assert there(Wrapper()) == Foreign("Wrapper", "a tensor that holds no numbers")


# Numbers, texts, containers

keys = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.builds(range, st.integers(), st.integers(), st.integers(1)),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys | st.tuples(keys), inner, max_size=5)
        | st.sets(keys, max_size=5)
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    """Equal, of the same types, in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return same([*one.items()], [*other.items()])
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and (not isinstance(one, set) or {*map(type, one)} == {*map(type, other)})


@given(value=plain)
def test_plain_data_arrives(value: Any) -> None:
    assert same(there(value), value)


@pytest.mark.parametrize(
    "value", ["\ud800", "x" * 100_000, "é" * 3_000, b"\0" * 10_000, 2**1000, -(2**63), 2**63]
)
def test_large_and_odd_values_arrive(value: Any) -> None:
    assert same(there(value), value)


@given(
    content=st.binary(min_size=32, max_size=64),
    kind=st.sampled_from("?bhilqBHILQefdFDgG"),
    order=st.sampled_from("<>="),
)
def test_numpy_arrives_bit_for_bit(content: bytes, kind: str, order: str) -> None:
    dtype = numpy.dtype(order + kind)
    array = numpy.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)
    for value in (array, array[::2], array[:0].reshape(0, 3), array[0]):
        arrived = there(value)
        assert isinstance(arrived, numpy.ndarray) == isinstance(value, numpy.ndarray)
        assert (arrived.dtype, arrived.shape) == (value.dtype, value.shape)
        assert arrived.tobytes() == value.tobytes()


def test_an_array_of_objects_arrives_in_words() -> None:
    assert there(numpy.array([object()])) == Foreign("ndarray", "an array of dtype O")
    assert there(numpy.datetime64("2020-01-01")).type_name == "datetime64"


class Sums(typing.NamedTuple):
    """As an answer may have it; count and index are also what every tuple has."""

    sum: Tensor
    count: int  # type: ignore[assignment]
    index: int  # type: ignore[assignment]


class MoreSums(Sums):
    pass


@pytest.mark.parametrize("kind", [Sums, MoreSums, collections.namedtuple("Sums", Sums._fields)])
def test_a_named_tuple_keeps_its_names(kind: Any) -> None:
    arrived = there(kind(torch.ones(2), 3, 4))
    assert issubclass(type(arrived), tuple)
    assert type(arrived).__name__ == kind.__name__
    assert arrived._fields == Sums._fields
    assert (arrived.count, arrived.index, arrived[1:]) == (3, 4, (3, 4))
    assert arrived.sum is arrived[0]
    with pytest.raises(AttributeError):
        _ = arrived.mean


def test_a_path_a_set_and_a_loader_arrive() -> None:
    assert there(Path("a") / "b.pt") == Path("a/b.pt")
    assert there(frozenset({1, "x"})) == {1, "x"}
    loader = there(Loader([(torch.ones(2), torch.zeros(1))]))
    assert type(loader) is Loader
    assert [x.tolist() for x, _ in loader] == [[1, 1]]


def test_the_state_of_a_generator_goes_there_and_back() -> None:
    mine = torch.Generator().manual_seed(7)
    torch.rand(3, generator=mine)
    theirs = there([mine])[0]
    drawn = torch.rand(5, generator=theirs)
    untouched = mine.get_state()
    put_back(mine, there(theirs))
    assert not torch.equal(mine.get_state(), untouched)
    mine.set_state(untouched)
    assert torch.equal(torch.rand(5, generator=mine), drawn)


def test_what_lives_on_is_a_handle_there() -> None:
    figure = object()
    live = {id(figure): Handle(3, "figure", "Figure")}
    message = Packer(lambda value: live.get(id(value))).message([figure, object()])
    handle, other = Unpacker().value(message)
    assert handle == Handle(3, "figure", "Figure")
    assert other == Foreign("object", "")
    (back,) = Unpacker(lambda handle: (figure, handle.number)).value(Packer().message([handle]))
    assert back == (figure, 3)


# What a stranger has made


class Int(int):
    def __int__(self) -> int:
        raise AssertionError

    __index__ = __trunc__ = __repr__ = __eq__ = __int__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Text(str):
    def __str__(self) -> str:
        raise AssertionError

    __repr__ = __len__ = __getitem__ = __iter__ = encode = __str__  # type: ignore[assignment]


class Float(float):
    def __float__(self) -> float:
        raise AssertionError

    __repr__ = __eq__ = __float__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Complex(complex):
    @property
    def real(self) -> float:  # type: ignore[override]
        raise AssertionError

    imag = real  # type: ignore[assignment]


class Bytes(bytes):
    def __getitem__(self, key: Any) -> Any:
        raise AssertionError

    __iter__ = __len__ = __bytes__ = __getitem__  # type: ignore[assignment]


class List(list):
    def __iter__(self) -> Any:
        raise AssertionError

    __len__ = __getitem__ = __iter__  # type: ignore[assignment]


class Tuple(tuple):
    def __iter__(self) -> Any:
        raise AssertionError

    __len__ = __getitem__ = __iter__  # type: ignore[assignment]


class Dict(dict):
    def items(self) -> Any:
        raise AssertionError

    __iter__ = __len__ = __getitem__ = keys = items  # type: ignore[assignment]


class Set(set):
    def __iter__(self) -> Any:
        raise AssertionError


class Numbers(enum.IntEnum):
    ONE = 1


SUBCLASSES: dict[str, tuple[Callable[[], Any], Any]] = {
    "int": (lambda: Int(7), 7),
    "a large int": (lambda: Int(2**70), 2**70),
    "an enumeration": (lambda: Numbers.ONE, 1),
    "str": (lambda: Text("A"), "A"),
    "a long str": (lambda: Text("A" * 3_000), "A" * 3_000),
    "numpy's str": (lambda: numpy.str_("A"), "A"),
    "float": (lambda: Float(-0.5), -0.5),
    "complex": (lambda: Complex(1, 2), 1 + 2j),
    "bytes": (lambda: Bytes(b"x"), b"x"),
    "list": (lambda: List([1]), [1]),
    "tuple": (lambda: Tuple([1]), (1,)),
    "dict": (lambda: Dict(a=1), {"a": 1}),
    "an ordered dict": (lambda: collections.OrderedDict(a=1), {"a": 1}),
    "set": (lambda: Set({1}), {1}),
}


@pytest.mark.parametrize("what", SUBCLASSES)
def test_a_subclass_arrives_as_plain_data_and_is_not_asked(what: str) -> None:
    make, expected = SUBCLASSES[what]
    arrived = there(make())
    assert type(arrived) is type(expected)
    assert arrived == expected


class Liar(Tensor):
    """Says of itself what is not so."""

    shape = (9, 9)  # type: ignore[assignment]
    dtype = torch.float64  # type: ignore[assignment]
    requires_grad = True
    grad = torch.ones(9, 9)
    is_leaf = True  # type: ignore[assignment]
    device = "the moon"  # type: ignore[assignment]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return torch.full((9, 9), 9.0)


def test_a_tensor_that_lies_arrives_as_it_is() -> None:
    value = torch.ones(2).as_subclass(Liar)
    arrived = there(value)
    assert type(arrived) is Tensor
    assert (arrived.tolist(), arrived.dtype) == ([1, 1], torch.float32)
    assert not arrived.requires_grad
    assert arrived.grad is None


class Raises:
    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt(name)

    def __repr__(self) -> str:
        raise SystemExit


class Talks:
    def __init__(self, words: Any) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


OTHERS: dict[str, tuple[Any, str]] = {
    "object": (object, ""),
    "Raises": (Raises, ""),
    "Talks": (lambda: Talks("a\n  b"), "a b"),
    "builtin_function_or_method": (lambda: len, "<built-in function len>"),
    "type": (lambda: Talks, "<class 'tests.suite.test_values.Talks'>"),
    "generator": (lambda: (_ for _ in ()), ""),
}


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_object_arrives_as_its_name_and_words(name: str) -> None:
    make, words = OTHERS[name]
    arrived = there(make())
    assert arrived == Foreign(name, words)
    assert repr(arrived) == (words or f"a {name}")


def test_a_repr_that_says_nothing_is_left_out() -> None:
    for words, arrives in ((7, ""), (None, ""), ("<Talks at 0x7f>", ""), (Text("x"), "x")):
        assert there(Talks(words)).words == arrives


def test_words_are_bounded() -> None:
    assert len(there(Talks("x" * 10**7)).words) <= values.LONGEST_WORDS + 1


# Too much


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


def endless() -> list[Any]:
    entries: list[Any] = []
    entries += [entries, entries]
    return entries


TOO_MUCH = {
    "entries": (lambda: [0] * 10**6, "more than 200,000 entries"),
    "a list in itself, twice": (endless, "more than 200,000 entries"),
    "a tensor": (lambda: torch.zeros(2**27, dtype=torch.float32), "a tensor of shape"),
    "an expanded tensor": (lambda: torch.zeros(1).expand(2**14, 2**14), "a tensor of shape"),
    "tensors": (lambda: [torch.empty(2**26, dtype=torch.int8) for _ in range(5)], "256 MiB"),
    "an expanded array": (lambda: numpy.broadcast_to(1.0, (2**14, 2**14)), "an array of shape"),
    "texts": (lambda: [bytes(2**26)] * 5, "256 MiB"),
    "words": (lambda: [Foreign("x", "y" * 1_000)] * 100_000, "32 MiB of numbers and words"),
    "an integer": (lambda: 1 << 10**6, "an integer of more than 100,000 bits"),
    "integers": (lambda: [1 << 10**5 - 1] * 20_000, "MiB"),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_is_told_and_not_passed_on(what: str) -> None:
    make, reason = TOO_MUCH[what]
    with pytest.raises(Unfit, match=reason):
        Packer().message(make())


def test_what_is_nested_deep_arrives_cut() -> None:
    arrived, depth = there(nested(60)), 0
    while isinstance(arrived, list):
        (arrived,), depth = arrived, depth + 1
    assert arrived == Foreign("list", f"nested more than {depth - 1} deep")
    assert there(nested(30)) == nested(30)


def test_a_few_named_tuples_are_no_matter_and_many_kinds_are() -> None:
    kinds: list[Any] = [
        collections.namedtuple(f"Kind{n}", ["x"]) for n in range(values.MOST_KINDS + 1)
    ]
    assert len(there([kinds[0](1)] * 1_000)) == 1_000
    with pytest.raises(Unfit, match="kinds of named tuples"):
        there([kind(1) for kind in kinds])


def test_keys_that_collide_are_no_matter() -> None:
    """Python compares each with all before it: half an hour for 200,000 of them."""
    colliding = {number * (2**61 - 1): None for number in range(3_000)}
    began = monotonic()
    for value in (colliding, {*colliding}):
        with pytest.raises(Unfit, match="more than 2,000 entries of sets, or keys"):
            there(value)
    assert len(there({str(number): None for number in range(3_000)})) == 3_000
    assert monotonic() - began < 5


# Any bytes

READABLE = sorted(Unpacker.READERS)
nodes = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.sampled_from([-1, 0, 1, 2, 3])
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.sampled_from(["float32", "cpu", "torch.strided", "Linear", "<f8", "|b1", "0xff"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(st.sampled_from(READABLE), inner).map(list)
        | st.tuples(st.sampled_from(READABLE), inner, inner).map(list)
        | st.tuples(st.sampled_from(READABLE), inner, inner, inner).map(list)
        | st.tuples(
            st.just("tensor"),
            st.sampled_from(["float32", "int64", "bool", "nothing"]),
            st.lists(st.integers(-1, 5) | st.just(2**62), max_size=3),
            st.just("torch.strided"),
            st.just("cpu"),
            st.integers(-1, 2),
            st.lists(st.integers(-1, 5) | st.just(2**62), max_size=3),
            st.integers(-1, 9) | st.just(2**62),
            st.booleans(),
            inner,
            st.booleans(),
        ).map(list)
    ),
    max_leaves=30,
)


def read(message: bytes) -> Any:
    """What the bytes are, or None if they are nothing: no other error comes of them."""
    try:
        return Unpacker().value(message)
    except Unfit:
        return None


@given(message=st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_are_a_value_or_unfit(message: bytes) -> None:
    read(message)


@given(tree=nodes, contents=st.lists(st.binary(max_size=50), max_size=3) | nodes)
@settings(max_examples=500)
def test_any_tree_is_a_value_or_unfit(tree: Any, contents: Any) -> None:
    value = read(msgpack.packb([msgpack.packb(tree), contents]))
    put_back(torch.ones(2, 3), value)
    read(msgpack.packb([tree, contents]))


WHOLE = Packer().message(
    {
        "result": [torch.eye(3).mT, Sums(torch.ones(2), 1, 2), numpy.ones(3), 2**70, "text", 1.5],
        "given": [regression(1.0, 2.0), torch.Generator(), Path("x"), {1: b"bytes"}, {1, 2}],
        "printed": "x" * 3_000,
    }
)


@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1),
    cut=st.integers(0, len(WHOLE)),
)
@settings(max_examples=500)
def test_a_mutated_message_is_a_value_or_unfit(changes: list[tuple[int, int]], cut: int) -> None:
    assert read(WHOLE) is not None
    message = bytearray(WHOLE)
    for place, byte in changes:
        message[place] = byte
    read(bytes(message))
    assert read(WHOLE[:cut]) is None or cut == len(WHOLE)


MANY = 2_000_000
BOMBS = {
    "lists that promise entries": b"\xdd\x00\x02\xff\xff" * 1_000,
    "lists that promise too many": b"\xdd\x0f\xff\xff\xff" * 1_000,
    "lists in lists": b"\x91" * MANY,
    "empty lists": b"\xdc\xff\xff" + b"\x90" * MANY,
    "a promise of text": b"\xdb\xff\xff\xff\xff",
    "a promise of bytes": b"\xc6\xff\xff\xff\xff",
    "a map": b"\xdf\x0f\xff\xff\xff" + b"\x01\x01" * 1_000,
    "a timestamp": b"\x92\xd6\xff\x00\x00\x00\x00\x90",
    "a tree of empty lists": [msgpack.packb([[[]] * 60_000] * 20), []],
    "a tree of texts": [msgpack.packb(["list", ["ab"] * 150_000]), []],
    "storages": [msgpack.packb(1), [b""] * 150_000],
    "deep lists": [b"\x92\xa4list\x91" * 300 + b"\x01", []],
    "deeper lists": [b"\x92\xa4list\x91" * 100_000 + b"\x01", []],
    "kinds of named tuples": [
        msgpack.packb(["list", [["fields", f"k{n}", ["x"], [1]] for n in range(20_000)]]),
        [],
    ],
    "a wide tensor": [
        msgpack.packb(
            ["tensor", "float32", [2**28], "torch.strided", "cpu", 0, [0], 0, False, None, False]
        ),
        [b"1234"],
    ],
    "a long range": [msgpack.packb(["range", 0, 2**63, 1]), []],
    "a long integer": [msgpack.packb(["integer", "0x" + "f" * MANY]), []],
}


@pytest.mark.parametrize("what", BOMBS)
def test_few_bytes_take_little_memory_and_time(what: str) -> None:
    bomb = BOMBS[what]
    message = bomb if isinstance(bomb, bytes) else msgpack.packb(bomb)
    began = monotonic()
    tracemalloc.start()
    try:
        read(message)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2**27 + 100 * len(message)
    assert monotonic() - began < 30


# Networks


def network() -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2, bias=False)
    )
    made[1].weight.requires_grad_(False)
    made(torch.randn(5, 2, 2)).sum().backward()
    made[2].eval()
    return made


def state(module: nn.Module) -> list[Any]:
    """All that there is to be told of a network."""
    return [
        [(type(m).__name__, m.training) for m in module.modules()],
        [
            (n, type(p), p.requires_grad, p.tolist(), p.grad is not None and p.grad.tolist())
            for n, p in module.named_parameters()
        ],
        [(n, b.dtype, b.tolist()) for n, b in module.named_buffers()],
        hooked(module),
    ]


def test_a_network_is_built_again_from_its_recipe() -> None:
    mine = network()
    recipe = there(mine)
    assert type(recipe) is Recipe
    theirs = recipe.build()
    assert state(theirs) == state(mine)
    assert str(theirs) == str(mine)
    x = torch.randn(5, 2, 2)
    assert torch.equal(theirs(x), mine(x))
    built = there(regression(0.5, -1.0)).build()
    assert (built.linear.weight.item(), built.linear.bias.item()) == (0.5, -1.0)


CHANGES = {
    "nothing": lambda m: None,
    "a weight in place": lambda m: m[1].weight.data.add_(1),
    "a weight anew": lambda m: setattr(m[1], "weight", nn.Parameter(torch.ones(3, 4))),
    "a shape": lambda m: setattr(m[1], "weight", nn.Parameter(torch.ones(7, 4))),
    "the dtype": lambda m: m.double(),
    "no bias": lambda m: setattr(m[1], "bias", None),
    "a bias": lambda m: setattr(m[4], "bias", nn.Parameter(torch.ones(2))),
    "no gradient": lambda m: m.zero_grad(),
    "a gradient": lambda m: m[1].bias.grad.mul_(2),
    "a gradient of its own": lambda m: setattr(m[1].weight, "grad", torch.ones(3, 4)),
    "frozen": lambda m: m.requires_grad_(False),
    "thawed": lambda m: m.requires_grad_(True),
    "its mode": lambda m: m.eval(),
    "a mode within": lambda m: m[2].train(),
    "a step": lambda m: torch.optim.SGD(m.parameters(), 0.1).step(),
    "running means": lambda m: m.train()(torch.arange(8.0).view(2, 2, 2)),
    "no running means": lambda m: setattr(m[2], "running_mean", None),
    "a hook": lambda m: m[2].register_forward_hook(print),
    "a hook on a parameter": lambda m: m[1].bias.register_hook(print),
    "a forward of its own": lambda m: setattr(m[1], "forward", print),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_became_of_a_network_is_taken_over(what: str) -> None:
    mine, expected = network(), network()
    CHANGES[what](expected)
    assert (state(mine) == state(expected)) == (what == "nothing")
    theirs = there(mine).build()
    CHANGES[what](theirs)
    put_back(mine, there(theirs))
    assert state(mine) == state(expected)


def test_what_stands_in_the_place_of_a_part_is_another() -> None:
    """A parameter of the same values, or a layer of another kind, is not the one that was given."""
    mine = network()
    kept, replaced, layer = mine[1].bias, mine[1].weight, mine[3]
    theirs = there(mine).build()
    theirs[1].weight = nn.Parameter(theirs[1].weight.detach().clone())
    theirs[3] = nn.Softmax()
    put_back(mine, there(theirs))
    assert mine[1].bias is kept
    assert mine[1].weight is not replaced
    assert torch.equal(mine[1].weight, replaced)  # type: ignore[arg-type]
    assert (type(layer), type(mine[3])) == (nn.ReLU, nn.Identity)


def test_a_network_that_is_none_of_ours_is_not_built() -> None:
    for stranger in (nn.LSTM(1, 1), nn.Sequential(nn.Conv2d(1, 1, 1))):
        with pytest.raises(Unfit, match="which the suite does not make"):
            there(stranger).build()


def test_a_network_with_something_else_in_it_is_unfit() -> None:
    odd = regression(1.0, 1.0)
    odd.linear._parameters["bias"] = "a text"  # type: ignore[assignment]
    with pytest.raises(Unfit, match="other things than tensors"):
        there(odd)


# What became of an argument

BECOMES = {
    "nothing": lambda x: None,
    "a value": lambda x: x.data.view(-1)[0].add_(1),
    "a NaN": lambda x: x.data.view(-1)[0].fill_(torch.nan),
    "another dtype": lambda x: setattr(x, "data", x.data.double()),
    "integers": lambda x: setattr(x.requires_grad_(False), "data", x.data.long()),
    "another shape": lambda x: setattr(x, "data", torch.ones(5)),
    "a gradient asked for": lambda x: x.requires_grad_(),
    "no gradient asked for": lambda x: x.requires_grad_(False),
    "a gradient": lambda x: setattr(x, "grad", torch.ones_like(x)),
    "no gradient": lambda x: setattr(x, "grad", None),
}


RETYPED = ("another dtype", "integers")
"""A .grad from before is of the wrong dtype then, and torch gives it to no tensor."""


@pytest.mark.parametrize("began", ["plain", "with a gradient"])
@pytest.mark.parametrize("what", BECOMES)
def test_what_became_of_a_tensor_is_taken_over(what: str, began: str) -> None:
    def made() -> Tensor:
        value = torch.tensor([1.0, -0.0])
        if began == "with a gradient":
            value.requires_grad_().mul(2).sum().backward()
        return value

    mine, expected, theirs = made(), made(), there(made())
    BECOMES[what](expected)
    BECOMES[what](theirs)
    take_over(mine, there(theirs))
    assert same_bits(mine, expected)
    assert mine.requires_grad == expected.requires_grad
    if expected.grad is None or expected.grad.shape != expected.shape or what in RETYPED:
        assert mine.grad is None
    else:
        assert mine.grad is not None
        assert same_bits(mine.grad, expected.grad)


def test_a_tensor_stays_where_it_was_if_only_its_values_changed() -> None:
    whole = torch.zeros(6)
    for view, expected in (
        (whole[::2], [1, 0, 1, 0, 1, 0]),
        (whole[:1].expand(3), [1, 0, 0, 0, 0, 0]),
    ):
        whole.zero_()
        take_over(view, torch.ones(3))
        assert whole.tolist() == expected


def test_arguments_in_containers_are_put_back() -> None:
    def given() -> Any:
        return [{"x": torch.zeros(2)}, Loader([(torch.zeros(2), torch.zeros(1))]), 3, "text"]

    mine, theirs = given(), there(given())
    theirs[0]["x"] += 1
    for images, labels in theirs[1]:
        images.add_(2)
        labels.add_(3)
    put_back(mine, there(theirs))
    assert mine[0]["x"].tolist() == [1, 1]
    assert [(x.tolist(), y.tolist()) for x, y in mine[1]] == [([2, 2], [3])]


@pytest.mark.parametrize(
    "after",
    [
        None,
        "text",
        [],
        Foreign("Tensor", ""),
        torch.ones(2, device="meta"),
        torch.ones(2, device="meta", dtype=torch.int8),
        torch.ones(3, dtype=torch.complex64, requires_grad=True),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        torch.ones(2),
        nn.Parameter(torch.ones(2)),
        nn.Parameter(torch.ones(2)) * 1,
        {"x": torch.ones(1)},
        [torch.ones(1)],
        torch.Generator(),
        Loader([]),
        regression(1.0, 1.0),
    ],
)
def test_what_cannot_be_put_back_is_unfit_or_no_matter(before: Any, after: Any) -> None:
    """Which of the two depends on what torch can do with a tensor."""
    with suppress(Unfit):
        put_back(before, after)

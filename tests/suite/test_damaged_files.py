"""What the reference promises of files: damaged or hostile weights, full disks, broken digits."""

import errno
import io
import os
import re
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from answering.own import regression
from data import idx
from judging.answers import Answers
from tests.suite.test_bad_input import folder, function_of

# Weights


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("", OSError),
        ("a-folder.d", OSError),
        ("missing/weights.pt", FileNotFoundError),
        ("weights.pt/weights.pt", NotADirectoryError),
        ("w" * 300, OSError),
        ("a-pipe.p", OSError),
    ],
)
def test_weights_that_cannot_be_written_leave_nothing(
    solutions: Answers, tmp_path: Path, place: str, error: type[OSError]
) -> None:
    """The error names the path; all that was in the folder is as it was, and nothing is new."""
    (tmp_path / "weights.pt").write_bytes(b"precious")
    (tmp_path / "a-folder.d").mkdir()
    os.mkfifo(tmp_path / "a-pipe.p")
    before = sorted(tmp_path.rglob("*"))
    path = tmp_path / place
    with pytest.raises(error) as refusal:
        function_of(solutions, "save_weights")(regression(1.0, 2.0), path)
    assert path.name in str(refusal.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "weights.pt").read_bytes() == b"precious"


def test_the_bytes_are_on_disk_before_they_take_the_name(
    solutions: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss of power never leaves the name with nothing, and a full disk leaves the old file."""
    save, path, done = function_of(solutions, "save_weights"), tmp_path / "weights.pt", []
    replace = os.replace

    def note(source: Any, target: Any) -> None:
        done.append(("replace", os.stat(source).st_size))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", lambda fd: done.append(("fsync", os.fstat(fd).st_size)))
    monkeypatch.setattr(os, "replace", note)
    save(regression(1.0, 2.0), path)
    assert done == [("fsync", path.stat().st_size), ("replace", path.stat().st_size)]

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    old = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(regression(3.0, 4.0), path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"weights.pt": old}


STATE = regression(1.0, 2.0).state_dict()


def saved(value: Any, *, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


class Hostile:
    """What unpickles to a call of print."""

    def __reduce__(self) -> tuple:
        return print, ("this was run",)


NO_WEIGHTS: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "EOFError"),
    "words": (b"weight = 1, bias = 2", "Error"),
    "a tensor": (torch.ones(1, 1), "Tensor"),
    "no entry": ({}, "linear.weight"),
    "no bias": ({"linear.weight": torch.ones(1, 1)}, "linear.bias"),
    "one entry more": (STATE | {"linear.scale": torch.ones(1)}, "linear.scale"),
    "names that are numbers": ({1: torch.ones(1, 1), 2: torch.ones(1)}, "int"),
    "numbers for tensors": ({"linear.weight": 1.0, "linear.bias": 2.0}, "float"),
    "another shape": (STATE | {"linear.bias": torch.ones(2)}, "[2]"),
    "a sparse tensor": (STATE | {"linear.weight": torch.eye(1).to_sparse()}, "linear.weight"),
    "a tensor without values": (STATE | {"linear.bias": torch.ones(1, device="meta")}, "meta"),
    "code": (STATE | {"linear.bias": Hostile()}, "print"),
}


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "pickle"])
@pytest.mark.parametrize("what", NO_WEIGHTS)
def test_a_file_of_something_else_is_refused(
    solutions: Answers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    what: str,
    zipped: bool,
) -> None:
    """The error names the path and the reason, and no word of it advises to trust the file."""
    path = tmp_path / "weights.pt"
    value, said = NO_WEIGHTS[what]
    content = value if isinstance(value, bytes) else saved(value, zipped=zipped)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(path))) as refusal:
        function_of(solutions, "load_weights")(path)
    assert said in str(refusal.value)
    assert "weights_only" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == content
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("place", "said"), [("", "it is a folder"), ("none.pt", "there is no such file")]
)
def test_weights_that_are_not_there_are_refused(
    solutions: Answers, tmp_path: Path, place: str, said: str
) -> None:
    path = tmp_path / place
    with pytest.raises(FileNotFoundError, match=f"{re.escape(str(path))}.* {said}$"):
        function_of(solutions, "load_weights")(path)


FILES = [saved(STATE), saved(STATE, zipped=False)]


def repacked(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A zip file with its pickle changed, and sums that are right again: damage that they hide."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name.endswith("data.pkl") else part)
    return file.getvalue()


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Cut off the end, or put other bytes in the place of some, or between them."""
    place, length = draw(st.integers(0, 2**16)), draw(st.sampled_from([0, 1, 1, 2, 4, 2**16]))
    new = draw(st.binary(max_size=4))

    def change(content: bytes) -> bytes:
        start = place % (len(content) + 1)
        return content[:start] + new + content[start + length :]

    return change


damaged = st.one_of(
    st.binary(max_size=64),
    st.tuples(damage(), st.sampled_from(FILES)).map(lambda drawn: drawn[0](drawn[1])),
    damage().map(lambda change: repacked(FILES[0], change)),
)


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(content=damaged)
def test_whatever_the_bytes_they_are_weights_or_refused(solutions: Answers, content: bytes) -> None:
    """No other kind of error, and no model that cannot be applied, comes of a damaged file."""
    path = folder() / "damaged.pt"
    path.write_bytes(content)
    model, said = None, str(path)
    try:
        model = function_of(solutions, "load_weights")(path)
    except ValueError as error:
        said = str(error)
    assert str(path) in said
    if model is None:
        return
    assert {name: (p.shape, p.dtype, p.requires_grad) for name, p in model.named_parameters()} == {
        "linear.weight": ((1, 1), torch.float32, True),
        "linear.bias": ((1,), torch.float32, True),
    }
    assert model(torch.ones(2, 1)).shape == (2, 1)


def test_weights_that_were_saved_on_a_gpu_are_loaded_without_one(
    solutions: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    cpu, gpu = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    path.write_bytes(repacked(FILES[0], lambda part: part.replace(cpu, gpu)))
    assert path.read_bytes() != FILES[0]
    model = function_of(solutions, "load_weights")(path)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    assert model(torch.ones(1, 1)).item() == 3.0


# Digits


def fewer(content: bytes) -> bytes:
    """An IDX file of three as one of two."""
    start = 4 + 4 * content[3]
    body = content[start:]
    return content[:4] + struct.pack(">I", 2) + content[8:start] + body[: len(body) * 2 // 3]


NO_MNIST: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "cut off in its header": lambda content: content[:6],
    "cut off": lambda content: content[:-5],
    "foreign": lambda content: b"<html>404 Not Found</html>" * 100,
    "of two, not three": fewer,
}


@pytest.mark.parametrize("name", idx.FILES["train"])
@pytest.mark.parametrize("what", NO_MNIST)
def test_digits_that_cannot_be_read_are_refused(
    solutions: Answers, tmp_path: Path, what: str, name: str
) -> None:
    """The error says whether they are missing, and names the folder and both ways to fill it."""
    file = tmp_path / "MNIST" / "raw" / name
    shutil.copytree(folder() / "MNIST", tmp_path / "MNIST")
    content = NO_MNIST[what](file.read_bytes())
    file.unlink() if content is None else file.write_bytes(content)
    kind = FileNotFoundError if what == "missing" else ValueError
    with pytest.raises(kind) as refusal:
        function_of(solutions, "mnist")(tmp_path)
    said, told = "missing" if what == "missing" else "damaged", str(refusal.value)
    assert told.startswith(f"files of MNIST are {said} in {tmp_path}: ")
    assert told.endswith(
        "`python -m data --download`, or draw digits that need no network with "
        "`python -m data` and use data/drawn"
    )


@pytest.mark.parametrize("place", ["none", "weights.pt"], ids=["no folder", "a file"])
def test_a_root_without_digits_is_refused(solutions: Answers, place: str) -> None:
    with pytest.raises(FileNotFoundError, match=place):
        function_of(solutions, "mnist")(folder() / place)
    assert not (folder() / "none").exists()


def test_digits_are_read_from_data_and_downloaded_only_if_asked(
    solutions: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(dataset: Any) -> None:
        asked.append(dataset.root)
        shutil.copytree(folder() / "MNIST", tmp_path / "data" / "MNIST")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", download)
    monkeypatch.chdir(tmp_path)
    mnist = function_of(solutions, "mnist")
    with pytest.raises(FileNotFoundError):
        mnist()
    assert asked == []
    assert len(mnist(download=True)) == 3
    assert asked == ["data"]
    assert len(mnist()) == 3

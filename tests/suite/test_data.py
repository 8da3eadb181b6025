"""The digits that exercise 2.4 learns from: balanced, readable, learnable, and never misnamed."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import Tensor, nn
from torchvision import transforms
from torchvision.datasets import MNIST, mnist

import data
from data import __main__ as command
from data import drawn, idx

Split = tuple[Tensor, Tensor]


def pixels(n: int, side: int = 28, fill: int = 7) -> Tensor:
    return torch.full((n, side, side), fill, dtype=torch.uint8)


def digits(n: int) -> Tensor:
    return torch.arange(n).remainder(10).to(torch.uint8)


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def full() -> Path:
    drawn.make(data.DRAWN)
    return data.DRAWN


@pytest.fixture(scope="module")
def few() -> tuple[Split, Split]:
    return drawn.draw(train=20, test=10)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: tuple[Split, Split]) -> Path:
    """A `data/` with nothing in it yet, where drawing makes 30 digits."""
    monkeypatch.setattr(data, "DATA", tmp_path)
    monkeypatch.setattr(data, "DRAWN", tmp_path / "drawn")
    monkeypatch.setattr(drawn, "draw", lambda *_: few)
    return tmp_path


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Beside another busy process, small steps on every core take a hundred times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class TestDrawnDigits:
    @pytest.mark.parametrize(("train", "n"), [(True, 6_000), (False, 1_000)])
    def test_torchvision_reads_them_balanced_and_bright(
        self, full: Path, train: bool, n: int
    ) -> None:
        dataset = MNIST(full, train=train)
        assert dataset.data.shape == (n, 28, 28), "MNIST images are 28 by 28"
        assert dataset.data.dtype == torch.uint8, "MNIST pixels are bytes"
        assert dataset.targets.bincount().tolist() == [n // 10] * 10, "every digit equally often"
        assert (dataset.data.amax((1, 2)) == 255).all(), "every digit has full white in it"
        border = torch.cat([dataset.data[:, [0, -1]], dataset.data[:, :, [0, -1]].mT], 1)
        assert border.float().mean() < 1, "ink is in the middle, on black, as in MNIST"
        assert dataset.targets[:100].unique().numel() == 10, "the order is shuffled"

    def test_no_image_occurs_twice(self, full: Path) -> None:
        images = torch.cat([MNIST(full, train=True).data, MNIST(full, train=False).data])
        distinct = {image.tobytes() for image in images.numpy()}
        assert len(distinct) == 7_000, "an image in both sets would make the test score a lie"

    @pytest.mark.usefixtures("one_thread")
    def test_a_line_learns_them_and_a_network_learns_more(self, full: Path) -> None:
        line = learn(full, nn.Linear(784, 10))
        network = learn(full, nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        assert 0.9 <= line <= 0.97, f"a linear classifier scores {line:.1%}: too hard or too easy"
        assert network > line + 0.01, f"an MLP's {network:.1%} should clearly beat {line:.1%}"

    def test_same_bytes_on_every_run_and_random_state_untouched(
        self, tmp_path: Path, few: tuple[Split, Split]
    ) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            before = torch.get_rng_state()
            assert drawn.make(tmp_path / "a", train=20, test=10), "made on the first call"
            assert torch.equal(torch.get_rng_state(), before), "the caller's randomness is its own"
        idx.write_dataset(tmp_path / "b", *few, marker=drawn.MARKER_TEXT)
        assert contents(tmp_path / "a") == contents(tmp_path / "b")
        assert not drawn.make(tmp_path / "a"), "kept on the second call"

    @pytest.mark.parametrize("n", [0, -10, 15])
    def test_sizes_that_cannot_be_balanced_are_refused(self, n: int) -> None:
        with pytest.raises(ValueError, match=f"train must be a positive multiple of 10, not {n}"):
            drawn.draw(train=n)

    def test_a_font_that_is_not_there_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(data, "DRAWN", tmp_path)
        monkeypatch.setattr(drawn, "BOLD_FONTS", ["cmti11"])
        assert command.main([]) == 1
        said = capsys.readouterr().err
        assert said.startswith("The digits could not be drawn: matplotlib 3."), said
        assert "lacks cmti11.ttf, one of the fonts" in said, said
        assert idx.missing(tmp_path) == idx.NAMES, "nothing half drawn is left"


def learn(root: Path, *layers: nn.Module) -> float:
    """Accuracy on the test set after five passes of SGD over the training set."""
    normalize = transforms.Normalize((0.1307,), (0.3081,))
    train, test = MNIST(root, train=True), MNIST(root, train=False)
    x, x_test = (normalize(split.data[:, None] / 255).flatten(1) for split in (train, test))
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(*layers)
    for parameter in model.parameters():
        bound = parameter.shape[-1] ** -0.5
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(5):
        for batch in torch.randperm(len(x), generator=generator).split(100):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), train.targets[batch]).backward()
            optimizer.step()
    return float((model(x_test).argmax(1) == test.targets).float().mean())


DAMAGES: dict[str, Callable[[bytes, list[Path]], bytes]] = {
    "truncated": lambda whole, _: whole[:-1],
    "too long": lambda whole, _: whole + b"\0",
    "half a header": lambda whole, _: whole[:6],
    "empty": lambda whole, _: b"",
    "compressed": lambda whole, _: gzip.compress(whole),
    "a page": lambda whole, _: b"<!DOCTYPE html><title>404</title>",
    "another type": lambda whole, _: whole[:2] + b"\x0d" + whole[3:],
    "many dimensions": lambda whole, _: whole[:3] + b"\xff" + whole[4:],
    "a size beyond all bounds": lambda whole, _: whole[:4] + b"\xff" * 4 + whole[8:],
    "the labels twice": lambda whole, files: files[1].read_bytes() if whole[3] == 3 else b"",
    "the images twice": lambda whole, files: files[0].read_bytes() if whole[3] == 1 else b"",
}
"""What can become of a file of a set; the second argument are the set's two files."""


class TestIdxFiles:
    @pytest.mark.parametrize("n", [1, 3])
    def test_what_is_written_is_what_torchvision_reads(self, tmp_path: Path, n: int) -> None:
        images = torch.arange(n * 20, dtype=torch.uint8).view(n, 5, 4).mT
        idx.write_dataset(tmp_path, train=(images, digits(n)), test=(images[:1], digits(1)))
        dataset = MNIST(tmp_path)
        torch.testing.assert_close(dataset.data, images, rtol=0, atol=0)
        torch.testing.assert_close(dataset.targets.to(torch.uint8), digits(n), rtol=0, atol=0)
        for name, expected in zip(idx.NAMES, (n, n, 1, 1), strict=True):
            assert idx.count(idx.raw_folder(tmp_path) / name) == expected

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda whole: whole[:-1], "damaged: its header promises"),
            (lambda whole: whole + b"\0", "damaged: its header promises"),
            (lambda whole: whole[:10], "no IDX file"),
            (lambda whole: b"", "no IDX file"),
            (lambda whole: b"\x1f\x8b" + whole, "no IDX file"),
        ],
        ids=["truncated", "too long", "half a header", "empty", "compressed"],
    )
    def test_a_damaged_file_is_named(
        self, tmp_path: Path, damage: Callable[[bytes], bytes], reason: str
    ) -> None:
        idx.write_dataset(tmp_path, (pixels(1), digits(1)), (pixels(1), digits(1)))
        file = idx.raw_folder(tmp_path) / idx.NAMES[0]
        file.write_bytes(damage(file.read_bytes()))
        for read in (lambda: idx.count(file), lambda: data.available(tmp_path)):
            with pytest.raises(ValueError, match=f"{file.name}.*{reason}"):
                read()

    @pytest.mark.parametrize(
        ("images", "labels", "error", "message"),
        [
            (pixels(2).float(), digits(2), TypeError, r"images must be .*uint8.*not torch.float32"),
            (pixels(2).tolist(), digits(2), TypeError, r"images must be .*uint8.*not list"),
            (pixels(2)[:, None], digits(2), ValueError, r"images .*\(N, H, W\).*\(2, 1, 28, 28\)"),
            (pixels(0), digits(0), ValueError, r"images .*not \(0, 28, 28\)"),
            (pixels(2), digits(2).long(), TypeError, r"labels must be .*uint8.*not torch.int64"),
            (pixels(2), digits(2)[:, None], ValueError, r"labels .*\(N,\).*not \(2, 1\)"),
            (pixels(2), digits(2) + 9, ValueError, "labels must be digits 0-9, not 10"),
            (pixels(2), digits(3), ValueError, "3 labels for 2 images"),
        ],
    )
    def test_bad_input_is_refused_and_nothing_written(
        self, tmp_path: Path, images: Tensor, labels: Tensor, error: type, message: str
    ) -> None:
        with pytest.raises(error, match=message):
            idx.write_dataset(tmp_path, (pixels(1), digits(1)), (images, labels))
        assert not any(tmp_path.iterdir()), "refused input leaves no trace"

    @pytest.mark.parametrize("split", ["train", "test"])
    def test_what_is_written_is_read_back(self, tmp_path: Path, split: str) -> None:
        images = torch.arange(60, dtype=torch.uint8).view(3, 5, 4).mT
        written = {"train": (images, digits(3)), "test": (255 - images, 9 - digits(3))}
        idx.write_dataset(tmp_path, written["train"], written["test"])
        for read, expected in zip(idx.read_dataset(tmp_path, split), written[split], strict=True):
            assert read.dtype == torch.uint8
            assert read.is_contiguous()
            assert torch.equal(read, expected)
            read.add_(1)  # it is the reader's own
        again = idx.read_dataset(str(tmp_path), split)
        assert torch.equal(again[1], written[split][1])

    def test_what_torchvision_reads_is_what_is_read(self, full: Path) -> None:
        for split in ("train", "test"):
            images, labels = idx.read_dataset(full, split)
            dataset = MNIST(full, train=split == "train")
            assert torch.equal(images, dataset.data)
            assert torch.equal(labels, dataset.targets.to(torch.uint8))

    @pytest.mark.parametrize("damage", DAMAGES)
    @pytest.mark.parametrize("which", [0, 1], ids=["images", "labels"])
    def test_a_damaged_set_is_not_read(self, tmp_path: Path, damage: str, which: int) -> None:
        idx.write_dataset(tmp_path, (pixels(2), digits(2)), (pixels(2), digits(2)))
        files = [idx.raw_folder(tmp_path) / name for name in idx.FILES["train"]]
        files[which].write_bytes(DAMAGES[damage](files[which].read_bytes(), files))
        with pytest.raises(ValueError, match=files[which].name):
            idx.read_dataset(tmp_path, "train")
        assert len(idx.read_dataset(tmp_path, "test")[0]) == 2

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        for name in idx.FILES["test"]:
            with pytest.raises(FileNotFoundError, match="t10k-images"):
                idx.read_dataset(tmp_path, "test")
            idx.raw_folder(tmp_path).mkdir(parents=True, exist_ok=True)
            (idx.raw_folder(tmp_path) / name.replace("images", "labels")).write_bytes(b"")

    def test_a_set_of_no_images_is_read_as_such(self, tmp_path: Path) -> None:
        raw = idx.raw_folder(tmp_path)
        raw.mkdir(parents=True)
        (raw / idx.NAMES[0]).write_bytes(struct.pack(">HBB3I", 0, 8, 3, 0, 28, 28))
        (raw / idx.NAMES[1]).write_bytes(struct.pack(">HBBI", 0, 8, 1, 0))
        images, labels = idx.read_dataset(tmp_path, "train")
        assert (images.shape, labels.shape) == ((0, 28, 28), (0,))

    def test_writing_a_single_file_checks_too(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match="images must be"):
            idx.write_images(tmp_path / "images", pixels(1).float())
        with pytest.raises(ValueError, match="labels must be digits"):
            idx.write_labels(tmp_path / "labels", digits(10) + 1)
        assert not any(tmp_path.iterdir()), "refused input leaves no trace"


class TestWholeOrNothing:
    def test_a_crash_halfway_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(idx, "write_labels", crash)
        with pytest.raises(KeyboardInterrupt):
            idx.write_dataset(tmp_path, (pixels(1), digits(1)), (pixels(1), digits(1)))
        assert not contents(tmp_path), "a half set could be taken for a whole one"

    def test_one_writer_wins_a_race_whole(self, tmp_path: Path) -> None:
        def write(n: int) -> int:
            try:
                idx.write_dataset(tmp_path, *[(pixels(n, fill=n), digits(n))] * 2)
            except FileExistsError:
                return 0
            return n

        with ThreadPoolExecutor(8) as pool:
            winners = [n for n in pool.map(write, range(1, 9)) if n]
        assert len(winners) == 1, f"{len(winners)} writers believe that they made the set"
        for file in idx.NAMES:
            assert idx.count(idx.raw_folder(tmp_path) / file) == winners[0], "files were mixed"
        assert len(contents(tmp_path)) == 4, "the losers tidy up"

    def test_the_loser_of_a_race_uses_the_winners_set(
        self, empty: Path, monkeypatch: pytest.MonkeyPatch, few: tuple[Split, Split]
    ) -> None:
        def another_process_is_first(*_: int) -> tuple[Split, Split]:
            idx.write_dataset(data.DRAWN, *few, marker="the winner's")
            return few

        monkeypatch.setattr(drawn, "draw", another_process_is_first)
        assert data.available().root == data.DRAWN
        assert (idx.raw_folder(data.DRAWN) / idx.MARKER).read_text() == "the winner's"

    def test_a_drawn_set_that_lost_a_file_says_what_to_do(self, empty: Path) -> None:
        raw = idx.raw_folder(data.available().root)
        (raw / idx.NAMES[2]).unlink()
        with pytest.raises(FileExistsError, match=f"lacks {idx.NAMES[2]}: delete that folder"):
            data.available()


class TestNames:
    def test_drawn_digits_are_never_called_mnist(self, empty: Path) -> None:
        expected = "drawn digits (20 train, 10 test; not MNIST)"
        assert data.available() == data.DataSet(data.DRAWN, expected)
        assert data.available(str(data.DRAWN)).name == expected, "whoever points at them"

    def test_files_of_another_size_are_not_called_mnist(self, tmp_path: Path) -> None:
        idx.write_dataset(tmp_path, (pixels(3), digits(3)), (pixels(2), digits(2)))
        assert data.available(tmp_path).name == "MNIST-format files (3 train, 2 test)"

    @pytest.mark.parametrize(
        ("digit_counts", "marker", "name"),
        [
            (data.MNIST_TEST_DIGITS, False, "MNIST (60,000 train, 10,000 test)"),
            (data.MNIST_TEST_DIGITS, True, "drawn digits (60,000 train, 10,000 test; not MNIST)"),
            ([1_000] * 10, False, "MNIST-format files (60,000 train, 10,000 test)"),
        ],
        ids=["MNIST", "the marker wins", "Fashion-MNIST"],
    )
    def test_files_of_mnists_size(
        self, tmp_path: Path, digit_counts: list[int], marker: bool, name: str
    ) -> None:
        raw = idx.raw_folder(tmp_path)
        raw.mkdir(parents=True)
        labels = b"".join(bytes([digit]) * n for digit, n in enumerate(digit_counts))
        for (images_file, labels_file), n in zip(idx.FILES.values(), (60_000, 10_000), strict=True):
            with (raw / images_file).open("wb") as file:
                file.write(struct.pack(">4I", 0x803, n, 28, 28))
                file.truncate(16 + n * 784)  # a hole in the file: 55 MB that take no disk
            (raw / labels_file).write_bytes(struct.pack(">2I", 0x801, n) + labels * (n // 10_000))
        if marker:
            (raw / idx.MARKER).touch()
        assert data.available(tmp_path).name == name

    def test_files_in_data_come_before_drawn_ones(self, empty: Path) -> None:
        idx.write_dataset(data.DATA, (pixels(3), digits(3)), (pixels(2), digits(2)))
        assert data.available().root == data.DATA
        assert not data.DRAWN.exists(), "nothing is drawn where files are"

    def test_a_partial_folder_is_not_a_data_set(self, empty: Path) -> None:
        idx.write_dataset(data.DATA, (pixels(3), digits(3)), (pixels(2), digits(2)))
        (idx.raw_folder(data.DATA) / idx.NAMES[3]).unlink()
        assert data.available().root == data.DRAWN

    def test_a_missing_folder_is_named_with_both_ways_to_fill_it(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError) as raised:
            data.available(tmp_path / "nowhere")
        for part in (str(tmp_path / "nowhere"), "`python -m data`", "`python -m data --download`"):
            assert part in str(raised.value), f"the message does not mention {part}"

    def test_images_and_labels_must_pair(self, tmp_path: Path) -> None:
        idx.write_dataset(tmp_path, (pixels(3), digits(3)), (pixels(2), digits(2)))
        idx.write_labels(idx.raw_folder(tmp_path) / idx.NAMES[1], digits(4))
        with pytest.raises(ValueError, match=r"not \(3, 28, 28\) and \(4,\)"):
            data.available(tmp_path)

    def test_a_root_that_is_no_path_is_refused(self) -> None:
        with pytest.raises(TypeError, match="root must be a path or a string, not int: 3"):
            data.available(3)  # type: ignore[arg-type]


class TestCommand:
    def test_makes_once_and_says_what_it_made(
        self, empty: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for state in ("new", "already there"):
            assert command.main([]) == 0
            shown = capsys.readouterr().out
            for part in ("20 train, 10 test", "not MNIST", state, str(data.DRAWN)):
                assert part in shown, f"`python -m data` does not say {part!r}"

    @pytest.mark.parametrize("files_before_failure", [0, 3])
    def test_a_failed_download_is_one_sentence_and_leaves_nothing(
        self,
        empty: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        files_before_failure: int,
    ) -> None:
        served = iter(range(files_before_failure))

        def serve(url: str, download_root: str, filename: str, md5: str) -> None:
            if next(served, None) is None:
                raise URLError("no network here")
            unpack(download_root, filename)

        monkeypatch.setattr(mnist, "download_and_extract_archive", serve)
        assert command.main(["--download"]) == 1, "a script must be able to notice"
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.count("\n") == 1, f"one sentence, not {shown.err}"
        assert "MNIST could not be downloaded" in shown.err
        assert "no network here" in shown.err, "the reason is given"
        assert "`python -m data`" in shown.err, "so is the way out"
        assert not any(empty.iterdir()), "a partial download could be taken for the data set"

    def test_a_download_arrives_whole_and_uses_archives_brought_by_hand(
        self,
        empty: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        raw = idx.raw_folder(empty)
        raw.mkdir(parents=True)
        archive = raw / f"{idx.NAMES[0]}.gz"
        archive.write_bytes(b"brought by hand")
        at_hand: list[Path] = []

        def serve(url: str, download_root: str, filename: str, md5: str) -> None:
            at_hand.extend(Path(download_root).glob(filename))
            unpack(download_root, filename)

        monkeypatch.setattr(mnist, "download_and_extract_archive", serve)
        for state in ("new", "already there"):
            assert command.main(["--download"]) == 0
            assert state in capsys.readouterr().out
        assert [path.name for path in at_hand] == [archive.name]
        assert archive.exists(), "the user's own files stay"
        assert data.available().root == empty
        assert len(MNIST(empty)) == 1

    def test_importing_data_imports_nothing_heavy(self) -> None:
        heavy = "{'torch', 'torchvision', 'matplotlib', 'numpy', 'PIL'}"
        program = f"import sys, data; print(*{heavy}.intersection(sys.modules))"
        shown = subprocess.run(
            [sys.executable, "-c", program],
            cwd=data.DATA.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.split() == [], "names and headers need none of these"


def unpack(folder: str, archive: str) -> None:
    """What torchvision's download leaves, in one image."""
    file = Path(folder) / archive.removesuffix(".gz")
    if "images" in archive:
        idx.write_images(file, pixels(1))
    else:
        idx.write_labels(file, digits(1))

"""What a hand-in finds around it: the places, data sets and services that it was written for.

It was written on another machine: for Colab, for Windows, with the network, with a GPU, with a
person who answers. What it can do without is left out and named; what it needs is here under the
name by which it asks.
"""

from __future__ import annotations

import builtins
import functools
import io
import ntpath
import os
import random
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import torch

from answering.recorder import PLOTS, Recorder

LEFT_OUT = "left out, for nothing of it is needed here"

NOTHING_RECORDED: Any = torch._C.DisableTorchFunction  # type: ignore[attr-defined]
"""In this context PyTorch's operations do not pass through the recorder."""

SIZE_OF_MNIST = {60_000: 6, 10_000: 1}
"""The lengths that work written for MNIST relies on."""


class Surroundings:
    """Makes them, in this process, for as long as it lives.

    Args:
        scratch: the folder that takes the place of all that lie outside of the work.
        digits: the root of the MNIST files of this run, None if there are none.
        shift: is added to each seed that the work sets.
    """

    def __init__(self, recorder: Recorder, scratch: Path, digits: Path | None, shift: int) -> None:
        self.recorder, self.digits, self.shift = recorder, digits, shift
        self.scratch = scratch
        self.elsewhere = scratch / "elsewhere"
        self.home = os.getcwd()

    def install(self) -> None:
        """Put all of it in its place."""
        self.seeds()
        self.saving()
        self.people()
        self.services()
        self.pictures()
        with suppress(ImportError):
            self.data_sets()
        self.files()

    # --- seeds

    def seeds(self) -> None:
        """Where every seed is to be another, let those that the work sets be."""
        shift = self.shift
        if not shift:
            return

        def moved(original: Callable[..., Any], most: int = 2**63) -> Callable[..., Any]:
            @functools.wraps(original)
            def seed(value: Any = None, *args: Any, **kwargs: Any) -> Any:
                if isinstance(value, int | numpy.integer) and not isinstance(value, bool):
                    value = (int(value) + shift) % most
                return original(value, *args, **kwargs)

            return seed

        torch.manual_seed = torch.random.manual_seed = moved(torch.manual_seed)
        numpy.random.seed = moved(numpy.random.seed, 2**32)
        numpy.random.default_rng = moved(numpy.random.default_rng)
        random.seed = moved(random.seed)  # type: ignore[assignment]

        class RandomState(numpy.random.RandomState):
            def __init__(self, seed: Any = None) -> None:
                whole = isinstance(seed, int | numpy.integer)
                super().__init__((int(seed) + shift) % 2**32 if whole else seed)

        numpy.random.RandomState = RandomState  # type: ignore[misc]

        class Generator(torch.Generator):
            def manual_seed(self, seed: int) -> torch.Generator:
                return super().manual_seed((seed + shift) % 2**63)

        torch.Generator = Generator  # type: ignore[misc]

    # --- files

    def place(self, path: Any, *, writing: bool = False) -> Any:
        """Where a path of the work lies here: outside of its folder, in a folder of ours."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str | os.PathLike):
            return path
        name = os.fspath(path)
        if not isinstance(name, str):
            return path
        drive, rest = ntpath.splitdrive(name)
        if drive and sys.platform != "win32":
            inside = self.elsewhere.joinpath(
                drive.strip(":\\/") or "share", *re.split(r"[\\/]+", rest.strip("\\/"))
            )
        elif "\\" in name and sys.platform != "win32":
            inside = Path(name.replace("\\", "/"))
        elif name.startswith("~"):
            return os.path.expanduser(name)
        elif not os.path.isabs(name) or name.startswith((str(self.scratch), "/dev/", "/proc/")):
            inside = Path(name)
        elif not writing and _exists(name):
            return path
        else:
            inside = self.elsewhere.joinpath(*Path(name).parts[1:])
        if writing and str(inside.parent) not in (".", ""):
            # It was there where the work was written: a zip holds no empty folder.
            _make(inside.parent)
        return path if str(inside) == name else str(inside)

    def files(self) -> None:
        """Let the work open, make and look for files outside of its folder, in ours."""
        place = self.place
        opened = builtins.open

        @functools.wraps(opened)
        def open_(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
            if isinstance(file, int):
                return opened(file, mode, *args, **kwargs)
            writing = isinstance(mode, str) and bool(set(mode) & set("wax+"))
            return opened(place(file, writing=writing), mode, *args, **kwargs)

        builtins.open = io.open = open_

        def first(name: str, *, writing: bool = False) -> None:
            original = getattr(os, name)

            @functools.wraps(original)
            def there(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
                return original(place(path, writing=writing), *args, **kwargs)

            setattr(os, name, there)

        first("mkdir", writing=True)
        for name in ("stat", "lstat", "listdir", "scandir", "remove", "unlink", "rmdir", "access"):
            first(name)
        for name in ("rename", "replace"):
            original = getattr(os, name)

            def moved(a: Any, b: Any, original: Any = original, **kwargs: Any) -> Any:
                return original(place(a), place(b, writing=True), **kwargs)

            setattr(os, name, moved)
        change = os.chdir

        def chdir(path: Any) -> None:
            target = place(path, writing=True)
            with suppress(OSError):
                if not _exists(target):
                    _make(target)
            change(target)

        os.chdir = chdir

    def saving(self) -> None:
        """Record what is saved and loaded, in the place where it lies here."""
        import pickle

        recorder, place = self.recorder, self.place
        save, load = torch.save, torch.load

        @functools.wraps(save)
        def saved(obj: Any, f: Any, *args: Any, **kwargs: Any) -> None:
            was, recorder.quiet = recorder.quiet, True
            try:
                save(obj, place(f, writing=True), *args, **kwargs)
            finally:
                recorder.quiet = was
            recorder.saved(obj, f if isinstance(f, str | os.PathLike) else "a file")

        @functools.wraps(load)
        def loaded(f: Any, *args: Any, **kwargs: Any) -> Any:
            was, recorder.quiet = recorder.quiet, True
            if not torch.cuda.is_available() and "map_location" in kwargs:
                kwargs["map_location"] = "cpu"
            try:
                content = load(place(f), *args, **kwargs)
            finally:
                recorder.quiet = was
            recorder.loaded(content, f if isinstance(f, str | os.PathLike) else "a file")
            return content

        torch.save = torch.serialization.save = saved
        torch.load = torch.serialization.load = loaded
        dump, undump = pickle.dump, pickle.load

        def dumped(obj: Any, file: Any, *args: Any, **kwargs: Any) -> None:
            dump(obj, file, *args, **kwargs)
            recorder.saved(obj, getattr(file, "name", "a file"))

        def undumped(file: Any, *args: Any, **kwargs: Any) -> Any:
            content = undump(file, *args, **kwargs)
            recorder.loaded(content, getattr(file, "name", "a file"))
            return content

        pickle.dump, pickle.load = dumped, undumped  # type: ignore[assignment]

    # --- people and services

    def people(self) -> None:
        """Nobody answers: a prompt's default does, where it names one."""
        recorder = self.recorder

        def input_(prompt: object = "") -> str:
            words = prompt if isinstance(prompt, str) else ""
            found = DEFAULT.search(words)
            if found:
                answer = next(filter(None, found.groups()))
                recorder.note(f"input({words!r}) was given {answer!r}, the default that it names")
                return answer
            recorder.note(f"input({words!r}) has nobody to ask: it was given the end of a file")
            raise EOFError("input() has nobody to ask where a hand-in is judged")

        builtins.input = input_

    def services(self) -> None:
        """Google's Colab, as far as work is written for it."""
        note = self.recorder.note

        def nothing(what: str, result: Any = None) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                note(f"{what} was {LEFT_OUT}")
                return result() if callable(result) else result

            return call

        colab = ModuleType("google.colab")
        parts = {
            "files": {
                "upload": nothing("files.upload()", dict),
                "download": nothing("files.download()"),
            },
            "drive": {"mount": nothing("drive.mount()"), "flush_and_unmount": nothing("drive")},
            "output": {"clear": nothing("output.clear()"), "eval_js": nothing("output.eval_js()")},
            "userdata": {"get": nothing("userdata.get()", str)},
        }
        for name, calls in parts.items():
            part = ModuleType(f"google.colab.{name}")
            vars(part).update(calls)
            setattr(colab, name, part)
            sys.modules[part.__name__] = part
        patches = ModuleType("google.colab.patches")
        vars(patches)["cv2_imshow"] = nothing("cv2_imshow()")
        sys.modules["google.colab.patches"] = vars(colab)["patches"] = patches
        try:
            import google  # type: ignore[import-untyped]
        except ImportError:
            google = sys.modules["google"] = ModuleType("google")
            google.__path__ = []
        sys.modules["google.colab"] = colab
        google.colab = colab

    # --- pictures

    def pictures(self) -> None:
        """Keep each picture as it is shown or saved, and let showing it return."""
        import matplotlib

        matplotlib.use("agg", force=True)
        from matplotlib import pyplot as plt
        from matplotlib.axes import Axes
        from matplotlib.figure import Figure

        recorder = self.recorder
        for name in PLOTS:
            original = getattr(Axes, name, None)
            if original is None:
                continue

            def call(
                axes: Any, *args: Any, original: Any = original, name: str = name, **kwargs: Any
            ) -> Any:
                if recorder.drawing:
                    return original(axes, *args, **kwargs)
                recorder.plotted(axes, name, args, kwargs)
                recorder.drawing, was = True, recorder.quiet
                recorder.quiet = True
                try:
                    return original(axes, *args, **kwargs)
                finally:
                    recorder.drawing, recorder.quiet = False, was

            setattr(Axes, name, functools.wraps(original)(call))

        save = Figure.savefig

        @functools.wraps(save)
        def savefig(figure: Any, fname: Any, *args: Any, **kwargs: Any) -> None:
            if recorder.drawing:
                return save(figure, fname, *args, **kwargs)
            is_path = isinstance(fname, str | os.PathLike)
            target = self.place(fname, writing=True) if is_path else fname
            recorder.quiet = recorder.drawing = True
            try:
                save(figure, target, *args, **kwargs)
            finally:
                recorder.quiet = recorder.drawing = False
            recorder.figure(figure, saved=str(fname) if is_path else "a file")

        Figure.savefig = savefig  # type: ignore

        def show(*args: Any, **kwargs: Any) -> None:
            self.show_figures()

        plt.show = show
        Figure.show = lambda figure, *args, **kwargs: recorder.figure(figure)  # type: ignore[method-assign,assignment]
        plt.pause = lambda *args, **kwargs: None  # type: ignore[assignment]

    def show_figures(self) -> None:
        """Keep pyplot's figures as they are now, and close them, as a notebook does."""
        plt = sys.modules.get("matplotlib.pyplot")
        if plt is None:
            return
        at = self.recorder.here()
        for number in plt.get_fignums():
            figure = plt.figure(number)
            if figure.axes:
                self.recorder.figure(figure, at)
        plt.close("all")

    # --- data sets

    def data_sets(self) -> None:
        """torchvision's MNIST and its like have the digits of this run, wherever they look."""
        from torch.utils import data
        from torchvision import datasets, transforms
        from torchvision.datasets import vision

        recorder, digits = self.recorder, self.digits
        mnist: Any = datasets.MNIST
        made = mnist.__init__

        @functools.wraps(made)
        def init(
            self: Any,
            root: Any = None,
            train: bool = True,
            transform: Any = None,
            target_transform: Any = None,
            download: bool = False,
        ) -> None:
            where = root if digits is None else digits
            recorder.quiet, was = True, recorder.quiet
            try:
                made(self, where, bool(train), transform, target_transform, False)
            finally:
                recorder.quiet = was
            recorder.data_set(self)

        mnist.__init__ = init
        mnist.raw_folder = property(lambda self: os.path.join(self.root, "MNIST", "raw"))
        item = mnist.__getitem__

        def get(self: Any, index: Any) -> Any:
            # As long as MNIST itself: work that takes the first 10,000 need not know that the
            # digits of this run are fewer.
            most = 60_000 if self.train else 10_000
            with NOTHING_RECORDED():
                here = index % len(self.data) if len(self.data) <= index < most else index
                return item(self, here)

        mnist.__getitem__ = get
        mnist.__iter__ = lambda self: (self[place] for place in range(len(self.data)))

        loading = data.dataloader._BaseDataLoaderIter
        following = loading.__next__

        def batch(self: Any) -> Any:
            with NOTHING_RECORDED():
                return following(self)

        loading.__next__ = batch  # type: ignore[method-assign]
        split = data.random_split

        @functools.wraps(split)
        def random_split(dataset: Any, lengths: Any, *args: Any, **kwargs: Any) -> Any:
            size, total = len(dataset), sum(lengths)
            if isinstance(dataset, mnist) and total in SIZE_OF_MNIST and total != size:
                scaled = [int(length * size / total) for length in lengths]
                scaled[0] += size - sum(scaled)
                recorder.note(
                    f"random_split into {[*lengths]} became {scaled}: "
                    f"the digits of this run are {size:,}"
                )
                lengths = scaled
            return split(dataset, lengths, *args, **kwargs)

        data.random_split = data.dataset.random_split = random_split
        first = vision.VisionDataset.__init__

        @functools.wraps(first)
        def other(self: Any, *args: Any, **kwargs: Any) -> None:
            first(self, *args, **kwargs)
            if not isinstance(self, mnist):
                recorder.data_set(self)

        vision.VisionDataset.__init__ = other  # type: ignore[method-assign]
        for kind in (transforms.ToTensor, transforms.Normalize, transforms.Compose):
            self._observe(kind)

    def _observe(self, kind: Any) -> None:
        """Record where the work itself calls a transform, not a data set."""
        recorder = self.recorder
        name = "forward" if issubclass(kind, torch.nn.Module) else "__call__"
        original = getattr(kind, name)

        def call(transform: Any, *args: Any, **kwargs: Any) -> Any:
            frame: Any = sys._getframe(1)
            if frame.f_code.co_filename in recorder.files:
                recorder.transformed(transform)
            was, recorder.quiet = recorder.quiet, True
            try:
                return original(transform, *args, **kwargs)
            finally:
                recorder.quiet = was

        setattr(kind, name, functools.wraps(original)(call))


DEFAULT = re.compile(
    r"\[\s*([\w.+-]{1,40})\s*\]|default\w*\W{0,4}([\w.+-]{1,40})|默认\w{0,2}\W{0,3}([\w.+-]{1,40})",
    re.IGNORECASE,
)
"""What a prompt offers where nothing is typed: "epochs [5]: ", "size (default 64)"."""


def _exists(path: Any, stat: Callable[..., Any] = os.stat) -> bool:
    with suppress(OSError, ValueError):
        stat(path)
        return True
    return False


def _make(folder: Path, make: Callable[..., Any] = os.mkdir) -> None:
    for one in [*reversed(folder.parents), folder]:
        with suppress(OSError):
            make(one)

"""Runs the cells of a hand-in as Jupyter does, or a script as Python does, and records it.

IPython's own shell runs them: its magics, its ``_``, its last expression. A script runs statement
by statement, and on after one that fails, as a notebook does after a cell that fails.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from answering import events
from answering.events import At
from answering.recorder import Echo, Recorder, install, watching
from answering.surroundings import LEFT_OUT, Surroundings
from answering.values import plain_words, type_name

LEFT_OUT_MAGICS = {
    "pip",
    "conda",
    "mamba",
    "uv",
    "matplotlib",
    "load_ext",
    "reload_ext",
    "autoreload",
}
LEFT_OUT_MAGICS |= {"tensorboard", "cd", "pylab", "config", "pdb", "debug", "sx", "system", "sc"}
LEFT_OUT_MAGICS |= {
    "bash",
    "sh",
    "script",
    "cmd",
    "js",
    "javascript",
    "ruby",
    "perl",
    "html",
    "svg",
}
LEFT_OUT_MAGICS |= {"latex", "history", "save", "logstart", "edit", "env", "set_env", "gui", "run"}
SILENTLY = {"matplotlib", "config", "pylab", "load_ext", "autoreload", "reload_ext", "gui", "cd"}
"""Magics of which leaving them out changes nothing that would be told."""

TIMED = {"%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3"}
"""Magics of a whole cell whose code is run as it stands."""


class Compiler(CachingCompiler):
    """Names the code of a cell as the recorder knows it."""

    current = "<cell>"

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return self.current


class Formatter(DisplayFormatter):
    """Keeps the object of which it makes words; pictures are kept by the recorder."""

    last: Any = None

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> Any:
        self.last = obj
        return super().format(obj, include=("text/plain",))


class Publisher(DisplayPublisher):
    """Takes what ``display`` shows."""

    recorder: Recorder

    def publish(self, data: Any, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        shell: Any = self.shell
        thing, shell.display_formatter.last = shell.display_formatter.last, None
        words = data.get("text/plain") or data.get("text/markdown") or data.get("text/html") or ""
        self.recorder.show("display", str(words), [thing])


class Hook(DisplayHook):
    """Takes the value of a cell's last expression."""

    recorder: Recorder

    def __call__(self, result: Any = None) -> None:
        self.check_for_underscore()
        if result is None or self.quiet():
            return
        self.recorder.quiet = True
        try:
            words = self.compute_format_data(result)[0].get("text/plain", "")
        finally:
            self.recorder.quiet = False
        self.update_user_ns(result)
        self.recorder.show("last", str(words), [result])


class Shell(InteractiveShell):
    """IPython without a terminal, a history or a start-up file."""

    compiler_class = Type(Compiler)
    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    recorder: Recorder

    def init_display_formatter(self) -> None:
        self.display_formatter = Formatter(parent=self)
        self.configurables.append(self.display_formatter)  # type: ignore[arg-type]

    def init_sys_modules(self) -> None:
        self._main_mod_cache: dict[str, Any] = {}
        sys.modules["__main__"] = self.user_module

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Nobody reads it: the error is in the record."""

    showsyntaxerror = showindentationerror = showtraceback  # type: ignore[assignment]

    def system(self, cmd: str) -> None:  # type: ignore[override]
        self.recorder.note(f"!{cmd[:80]} was {LEFT_OUT}")

    system_raw = system_piped = system  # type: ignore[assignment]

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        self.system(cmd)
        return []

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        if magic_name in LEFT_OUT_MAGICS or self.find_line_magic(magic_name) is None:
            if magic_name not in SILENTLY:
                self.recorder.note(f"%{magic_name} {line[:80]}".rstrip() + f" was {LEFT_OUT}")
            return None
        return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        if magic_name in LEFT_OUT_MAGICS or self.find_cell_magic(magic_name) is None:
            self.recorder.note(f"%%{magic_name} was {LEFT_OUT}")
            return None
        return super().run_cell_magic(magic_name, line, cell)

    def enable_gui(self, gui: Any = None) -> None:
        """There is no screen."""

    def enable_matplotlib(self, gui: Any = None) -> Any:
        return gui, "agg"

    def ask_exit(self) -> None:
        """``exit`` ends what it stands in, and not this process."""
        raise SystemExit


class OptionalImports(ast.NodeTransformer):
    """Lets an import that cannot be had fail alone, and not the rest of its cell."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = [self._guarded(one) for one in node.body]
        return node

    @staticmethod
    def _guarded(statement: ast.stmt) -> ast.stmt:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            return statement
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            return statement
        call = ast.parse("__import_failed__(__import_error__)").body[0]
        handler = ast.ExceptHandler(ast.Name("ImportError", ast.Load()), "__import_error__", [call])
        guarded = ast.Try([statement], [handler], [], [])
        return ast.fix_missing_locations(ast.copy_location(guarded, statement))


class Work:
    """A hand-in at work in this process.

    Args:
        folder: where it lies; its own folder is the scratch folder.
        digits: the root of the MNIST files of this run, None if there are none.
        shift: is added to each seed that the work sets.
        send: takes what was recorded, part by part, and of a script the line that runs now.
    """

    def __init__(
        self,
        folder: Path,
        digits: Path | None,
        shift: int,
        send: Callable[[bytes | int], None],
    ) -> None:
        self.folder, self.send = folder, send
        self.files: dict[str, int] = {}
        self.recorder = Recorder(self.files, send)
        self.printed = sys.stdout
        os.chdir(folder)
        warnings.simplefilter("ignore")
        install(self.recorder)
        self.surroundings = Surroundings(self.recorder, folder.parent, digits, shift)
        self.surroundings.install()
        sys.stdout = Echo(self.recorder, self.printed)  # type: ignore[assignment,arg-type]
        self.shell: Shell | None = None
        self.unit, self.is_script = "", False

    def begin(self, unit: str, *, is_script: bool) -> None:
        """Begin a notebook or script, in its folder, with a name space of its own."""
        place = self.folder / unit
        self.unit, self.is_script = unit, is_script
        os.chdir(place.parent)
        sys.path[:] = [str(place.parent), *(p for p in sys.path if Path(p) != place.parent)]
        sys.argv = [place.name]
        Shell.recorder = Hook.recorder = Publisher.recorder = self.recorder
        main = ModuleType("__main__")
        vars(main)["__file__"] = str(place)
        config = Config({"HistoryManager": {"enabled": False, "hist_file": ":memory:"}})
        InteractiveShell.clear_instance()
        # Its own folder, and not one of the user's home, which may be empty or hold start-up files.
        own = str(self.folder.parent / "ipython")
        self.shell = Shell.instance(
            user_module=main, user_ns=vars(main), config=config, ipython_dir=own
        )
        vars(main)["__import_failed__"] = self._missing
        vars(main)["__name__"] = "__main__"
        self.shell.ast_transformers.append(OptionalImports())
        sys.modules["__main__"] = main
        sys.stdout = Echo(self.recorder, self.printed)  # type: ignore[assignment,arg-type]

    def _missing(self, error: ImportError) -> None:
        name = (error.name or "").partition(".")[0]
        known = {"sklearn": "scikit-learn"}.get(name, name)
        self.recorder.note(
            f"there is no {known} here: what uses it fails, the rest runs on"
            if isinstance(error, ModuleNotFoundError)
            else f"an import failed: {plain_words(str(error), 200)}"
        )

    def run(self, cell: int, source: str, without: Iterable[int] = ()) -> None:
        """Run a cell, or a whole script, and record how it ended.

        Args: without, the lines at which statements of a script begin that are left out.
        """
        assert self.shell is not None
        shell, recorder = self.shell, self.recorder
        name = str(self.folder / self.unit) if self.is_script else f"<cell {cell}>"
        self.files[name] = cell
        recorder.cell, Compiler.current = cell, name
        if self.is_script:
            error = self._script(source, name, set(without))
        else:
            with watching(recorder):
                outcome = shell.run_cell(_stripped(source), store_history=True)
            error = outcome.error_before_exec or outcome.error_in_exec
        with watching(recorder):
            self.surroundings.show_figures()
        where = At(cell, _line_of(error, name)) if error is not None else At(cell, 0)
        words = "" if error is None else _words(error)
        recorder.add(events.CellEnd(where, words))
        recorder.send()

    def _script(self, source: str, name: str, without: set[int]) -> BaseException | None:
        """Run statement by statement; the first error that stands in none of the imports."""
        assert self.shell is not None
        shell, first = self.shell, None
        source = shell.transform_cell(source)
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            tree = OptionalImports().visit(ast.parse(source, name))
        except (SyntaxError, ValueError) as error:
            return error
        flags = 0
        for statement in tree.body:
            if statement.lineno in without:
                continue
            code = compile(ast.Module([statement], []), name, "exec", flags, dont_inherit=True)
            flags |= code.co_flags & _FUTURE
            self.send(statement.lineno)
            try:
                with watching(self.recorder):
                    exec(code, shell.user_ns)
            except SystemExit:
                break
            except BaseException as error:
                first = first or error
                words = f"line {statement.lineno} failed, the rest runs on: {_words(error)}"
                self.recorder.note(words)
        return first


_FUTURE = 0
for _name in ("annotations", "division", "print_function"):
    _FUTURE |= getattr(__import__("__future__"), _name).compiler_flag


def _stripped(source: str) -> str:
    """A cell without the magics that only time or hide it."""
    lines = source.split("\n")
    for place, line in enumerate(lines):
        words = line.split()
        if words and words[0] in TIMED:
            lines[place] = ""
            # What timeit is given to run once more is no concern here.
        elif words and not line.startswith("#"):
            break
    return "\n".join(lines)


def _words(error: BaseException) -> str:
    try:
        said = plain_words(str(error)).strip().splitlines() or [""]
    except BaseException:
        said = [""]
    return f"{type_name(error)}: {said[0][:300]}".rstrip(": ")


def _line_of(error: BaseException, name: str) -> int:
    """The line of the cell in which it arose, 0 if it is none of it."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


with suppress(Exception):
    # Imported here, so that each process that is forked has it.
    import matplotlib.backends.backend_agg  # noqa: F401

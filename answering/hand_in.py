"""Work as it is handed in, read into plain values: which cells run, which words stand beside them.

Everything here reads untrusted bytes in the judging process, and runs nothing of them.
"""

from __future__ import annotations

import ast
import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from xml.parsers import expat

from answering import encoding
from answering.folder import PACKAGE
from answering.snapshot import MOST_SOURCE, Copy, natural, shown
from homework import EXERCISES, MODULES


class NothingToJudge(Exception):
    """There is nothing that could be judged: says to a learner what lies there instead."""


@dataclass(frozen=True)
class Cell:
    """A cell of the work, or a whole script: ``title`` tells a reader which ("cell 3", "hw.py")."""

    title: str
    source: str
    file: str = ""
    is_code: bool = True


@dataclass(frozen=True)
class Text:
    """Words of a hand-in that are no code: a markdown cell, a comment, a text file, a string."""

    title: str
    text: str


@dataclass(frozen=True)
class Unit:
    """A work that runs by itself.

    Args:
        file: its path in the folder of the hand-in, "week 2/hw.ipynb". It runs in its own folder.
        encoding: for a reader: "UTF-8", "GBK".
        cells: its code cells that are not empty: as Jupyter counts them when all are run. A script
            is one cell.
    """

    file: str
    kind: Literal["notebook", "script"]
    encoding: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class HandIn:
    """What was handed in. Every name is a path in its folder, with "/".

    Args:
        units: what runs, in the order in which it is judged.
        texts: the words that are no code. Those in code, comments and strings, are not here.
        modules: the modules of the contract that were found → the folder in which each lies, "."
            for the hand-in's own.
        refused: what was not taken → why, as what is said of it: "is no plain file".
        others: files that lie there for the work to use, or for a reader, and are not judged.
        remarks: sentences that a reader should know.
    """

    units: tuple[Unit, ...]
    texts: tuple[Text, ...]
    modules: Mapping[str, str]
    refused: Mapping[str, str]
    others: tuple[str, ...]
    remarks: tuple[str, ...]


TAKEN = (
    "What is taken: notebooks (.ipynb), scripts (.py), texts (.txt, .md, .docx), a folder of "
    "these, or a zip of one."
)

TEXTS = (".txt", ".md", ".markdown", ".rst", ".tex")
FOR_READERS = (".pdf", ".doc", ".odt", ".rtf", ".pages", ".html", ".htm")
ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
MOST_CODE_PARSED = 2**18
"""Signs of code in whose syntax tree is looked: a tree takes a hundred times that memory."""


def take(path: Path, into: Path) -> HandIn:
    """Copy what was handed in to a folder, and read it there.

    Args:
        path: a notebook, a script, a text, a folder, or a zip of one. What a single file imports,
            or names as a file, from beside it comes along; it is not judged.
        into: the folder that the work can run in afterwards: new, or empty.

    Raises NothingToJudge.
    """
    if not path.exists():
        raise NothingToJudge(f"{path}: there is no such file or folder")
    into.mkdir(parents=True, exist_ok=True)
    copy = Copy(into, unpacks=True)
    beside: list[PurePosixPath] = []
    if path.is_dir():
        copy.folder(path)
    elif path.suffix.lower() == ".zip":
        try:
            copy.archive(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise NothingToJudge(f"{path.name} cannot be unpacked: {error}. {TAKEN}") from error
    else:
        copy.file(path, PurePosixPath(path.name))
        beside = _bring_along(copy, path)
    reading = _Reading(into, copy.refused, copy.remarks)
    for file in into.rglob("*"):
        name = PurePosixPath(file.relative_to(into).as_posix())
        if file.is_file() and name not in beside:
            reading.names.append(name)
    if beside:
        names = ", ".join(map(shown, beside))
        reading.remarks.append(f"{names}: taken along, because {path.name} uses it")
    hand_in = reading.hand_in()
    if not (hand_in.units or hand_in.texts or hand_in.modules):
        raise NothingToJudge(_nothing(path, hand_in))
    return hand_in


def _nothing(path: Path, hand_in: HandIn) -> str:
    lies = [f"{name} {reason}" for name, reason in hand_in.refused.items()]
    lies += [f"{name} is for a human reader" for name in hand_in.others if _kind(name) == "paper"]
    lies += [f"{name} is nothing to run" for name in hand_in.others if _kind(name) != "paper"]
    more = [f"and {len(lies) - 8} more"] if len(lies) > 8 else []
    found = "; ".join(lies[:8] + more) or "it is empty"
    return f"nothing in {path.name} can be judged: {found}. {TAKEN}"


class _Unreadable(Exception):
    """Why a file cannot be read, as what is said of it."""


def _kind(name: str) -> str:
    """What a file is, by its name."""
    lower = name.lower()
    # What browsers and mail make of a name: "hw.ipynb.txt".
    for suffix in (".txt", ".json"):
        if lower.endswith((f".py{suffix}", f".ipynb{suffix}")):
            lower = lower.removesuffix(suffix)
    kinds = {
        (".ipynb",): "notebook",
        (".py", ".pyw"): "script",
        TEXTS: "text",
        (".docx",): "document",
        FOR_READERS: "paper",
        ARCHIVES: "archive",
    }
    return next((kind for suffixes, kind in kinds.items() if lower.endswith(suffixes)), "other")


# Code, as far as it is understood without being run


@dataclass
class _Code:
    """A notebook or script, read: the sources of its code cells, and its other cells."""

    name: PurePosixPath
    kind: Literal["notebook", "script"]
    encoding: str
    sources: list[str]
    words: list[tuple[str, str]] = field(default_factory=list)
    """"markdown cell 2" → its text."""

    @cached_property
    def trees(self) -> list[ast.Module]:
        """The syntax trees of the cells that have one, without IPython's magics."""
        left, trees = MOST_CODE_PARSED, []
        for source in self.sources:
            left -= len(source)
            if left >= 0 and (tree := _parsed(source)) is not None:
                trees.append(tree)
        return trees

    @cached_property
    def imports(self) -> set[tuple[int, str]]:
        """What is imported: how many folders up, 0 for an absolute name, and the dotted name."""
        found: set[tuple[int, str]] = set()
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found |= {(0, alias.name) for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    start = node.module or ""
                    found.add((node.level, start))
                    joined = (f"{start}.{alias.name}".strip(".") for alias in node.names)
                    found |= {(node.level, name) for name in joined}
        if not self.trees:
            found |= {(0, name) for name in IMPORT.findall("\n".join(self.sources))}
        return {(level, name) for level, name in found if name}

    @cached_property
    def files_named(self) -> set[str]:
        """Its strings that could be a file's name, and what %run is given."""
        found = set(RUN.findall("\n".join(self.sources)))
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and type(node.value) is str:
                    found.add(node.value)
        return {name for name in found if 0 < len(name) <= 200 and "\n" not in name}

    @cached_property
    def shows(self) -> bool:
        """Whether it shows something when it runs by itself: it prints, or has a main block."""
        if not self.trees:
            return bool(SHOWS.search("\n".join(self.sources)))
        return any(_shows(tree.body) for tree in self.trees)

    def key(self) -> str:
        """Its code without comments, empty lines and magics: what copies have in common."""
        lines = (line.rstrip() for source in self.sources for line in source.split("\n"))
        return "\n".join(line for line in lines if not BESIDE_THE_CODE.match(line))

    def comments(self) -> list[str]:
        """The lines that are only comment."""
        lines = "\n".join(self.sources).split("\n")
        return [line.strip() for line in lines if line.lstrip().startswith("#")]

    def defines(self, names: set[str]) -> bool:
        """Whether it is a module that answers by these functions, or by some of them.

        A script that shows its work and happens to define one of several names is no module.
        """
        made: set[str] = set()
        bound: set[str] = set()
        for node in [node for tree in self.trees for node in tree.body]:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                made.add(node.name)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                made |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.Assign):
                names_bound = {t.id for t in node.targets if isinstance(t, ast.Name)}
                (made if isinstance(node.value, ast.Lambda) else bound).update(names_bound)
        if not self.trees:
            made = set(DEFINED.findall("\n".join(self.sources)))
        if 2 * len(made & names) >= len(names):
            return True
        return not self.shows and bool((made | bound) & names)


IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([\w.]+)", re.MULTILINE)
RUN = re.compile(r"^%run[ \t]+(?:-\w[ \t]+)*[\"']?([^\s\"']+)", re.MULTILINE)
SHOWS = re.compile(r"^(?:print\b|if[ \t]+__name__)", re.MULTILINE)
DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[^\s#\"']*\?)$", re.MULTILINE)
BESIDE_THE_CODE = re.compile(r"\s*(?:#|[%!?]|get_ipython\(\)|$)")
SHOWING = {"print", "display", "pprint", "show", "savefig"}


def _parsed(source: str) -> ast.Module | None:
    for text in (source, MAGIC.sub(r"\1pass", source)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an odd escape in a string is none of ours
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _shows(statements: list[ast.stmt]) -> bool:
    """Whether these statements call what shows, outside of definitions, or are a main block."""
    waiting: list[ast.AST] = [*statements]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and node.id == "__name__":
            return True
        if isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in SHOWING:
                return True
        waiting += ast.iter_child_nodes(node)
    return False


def _places(level: int, dotted: str, file: PurePosixPath) -> Iterator[PurePosixPath]:
    """Where the module of that name can lie that is imported by this file."""
    parts = dotted.split(".")
    # The folder of functions is the package of this name, whatever it is called.
    parts = parts[1:] if parts[0] == PACKAGE and not level and len(parts) > 1 else parts
    bases = [file.parent, *file.parent.parents]
    for base in bases[level - 1 : level] if level else bases:
        for depth in range(1, len(parts) + 1):
            place = base.joinpath(*parts[:depth])
            yield place.with_name(f"{place.name}.py")
            yield place / "__init__.py"


def _bring_along(copy: Copy, path: Path) -> list[PurePosixPath]:
    """Copy what a single file uses from its own folder: returns the names."""
    folder, brought = path.resolve().parent, []
    waiting, seen = [PurePosixPath(path.name)], {PurePosixPath(path.name)}
    while waiting:
        name = waiting.pop()
        try:
            code = _read(name, (copy.into / name).read_bytes())
        except (OSError, _Unreadable):
            continue
        if code is None:
            continue
        used = {place for level, dotted in code.imports for place in _places(level, dotted, name)}
        used |= {name.parent / file.replace("\\", "/") for file in code.files_named}
        for place in sorted(used - seen):
            seen.add(place)
            inside = not place.is_absolute() and ".." not in place.parts
            if inside and os.path.isfile(folder / place):
                copy.file(folder / place, place)
                if (copy.into / place).is_file():
                    brought.append(place)
                    waiting.append(place)
    return brought


# Files


def _read(name: PurePosixPath, raw: bytes) -> _Code | None:
    """A notebook or script; None if it is neither, or has nothing in it."""
    kind = _kind(name.name)
    if kind == "notebook":
        return _notebook(name, raw)
    if kind != "script":
        return None
    read = encoding.source(raw)
    if len(raw) > MOST_SOURCE:
        raise _Unreadable("is too long: a source file may have 1 MiB")
    if "\0" in read.text:
        raise _Unreadable("is no text: it has bytes that no source has")
    text = _lines(read.text)
    return _Code(name, "script", read.name, [text]) if text.strip() else None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


NO_NOTEBOOK = {
    "version https://git-lfs": "is a pointer of Git LFS: the notebook itself was not downloaded",
    "<": "is a web page and no notebook: save the notebook itself, not the page that shows it",
    "PK\3\4": "is a zip by another name, and no notebook",
    "%PDF": "is a PDF by another name, and no notebook",
}
"""How files begin that are often saved as a notebook, and what is said of them."""


def _notebook(name: PurePosixPath, raw: bytes) -> _Code:
    """A notebook of any format that nbformat knows. Raises _Unreadable."""
    read = encoding.decoded(raw)
    text = read.text.strip()
    if not text:
        raise _Unreadable("is empty")
    for start, reason in NO_NOTEBOOK.items():
        if text.startswith(start):
            raise _Unreadable(reason)
    cells = _cells(_json(text))
    code = _Code(name, "notebook", read.name, [])
    numbers: dict[str, int] = {}
    for kind, source in cells:
        if not source.strip():
            continue
        numbers[kind] = numbers.get(kind, 0) + 1
        if kind == "code":
            code.sources.append(source)
        else:
            code.words.append((f"{kind} cell {numbers[kind]}", source))
    if not numbers:
        raise _Unreadable("is a notebook in which every cell is empty")
    if (size := sum(map(len, code.sources))) > MOST_SOURCE:
        raise _Unreadable(f"has {size:,} signs of code, more than the 1 MiB that a source may have")
    return code


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if re.search(r"^(<{7}|={7}|>{7})( |$)", text, re.MULTILINE):
            reason = "holds the marks of a merge conflict (<<<<<<<), and is no notebook any more"
        elif text[0] not in "{[":
            reason = "is no notebook: a notebook is a file of JSON, and this is none"
        elif error.pos >= len(text) or error.msg.startswith("Unterminated string"):
            reason = "is cut off: the notebook ends before its last cell is closed"
        else:
            reason = f"is damaged: line {error.lineno} of its JSON cannot be read ({error.msg})"
        raise _Unreadable(reason) from None
    except (ValueError, RecursionError):
        raise _Unreadable("is no notebook: no notebook has JSON like this") from None


def _cells(content: Any) -> list[tuple[str, str]]:
    """Each cell's kind ("code", "markdown", "raw") and source, by way of nbformat's upgrades."""
    # Only what is needed is handed on: an odd output or attachment must not cost a cell.
    plain = _plain(content)
    if plain is None:
        raise _Unreadable("is JSON, but no notebook: it has no cells")
    from nbformat import converter, reader

    try:
        notebook = converter.convert(reader.reads(json.dumps(plain)), 4)
    except Exception as error:
        # Whatever nbformat's upgrades stumble over; the file's fault, and told as such.
        raise _Unreadable(f"is no notebook that nbformat can read ({error})") from error
    return [(cell["cell_type"], _lines(cell["source"])) for cell in notebook["cells"]]


def _plain(content: Any) -> dict[str, Any] | None:
    if not isinstance(content, dict):
        return None
    said, sheets, cells = (content.get(key) for key in ("nbformat", "worksheets", "cells"))
    if isinstance(sheets, list):
        groups = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        kept = [{"cells": [*_plain_cells(group, "input")]} for group in groups]
        version = 2 if said == 2 else 3
        return {"nbformat": version, "nbformat_minor": 0, "metadata": {}, "worksheets": kept}
    if not isinstance(cells, list):
        return None
    if said == 1:
        return {"nbformat": 1, "cells": [*_plain_cells(cells, "code", "text")]}
    kept = [*_plain_cells(cells, "source")]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": kept}


def _plain_cells(cells: Any, code: str, words: str = "source") -> Iterator[dict[str, Any]]:
    """The cells with their source under the key that their format has for it."""
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict):
            continue
        sources = (cell.get(key) for key in (code, words, "source", "input"))
        source = _joined(next((one for one in sources if isinstance(one, str | list)), ""))
        kind = cell.get("cell_type")
        if kind == "code":
            yield {"cell_type": "code", code: source, "outputs": [], "metadata": {}}
        elif kind == "heading":
            level = cell.get("level")
            level = level if type(level) is int and 1 <= level <= 6 else 1
            yield {"cell_type": "heading", words: source, "level": level, "metadata": {}}
        else:
            known = kind if kind in ("markdown", "raw", "text") else "markdown"
            yield {"cell_type": known, words: source, "metadata": {}}


def _joined(source: str | list[Any]) -> str:
    """A source as one text: its lines may end in "\\n", or lack it, as in format 2."""
    if isinstance(source, str):
        return source
    lines = [line for line in source if isinstance(line, str)]
    return ("" if any(line.endswith("\n") for line in lines) else "\n").join(lines)


PARAGRAPHS = {"p": "\n", "tab": "\t", "br": "\n", "cr": "\n", "tc": "\t"}
"""Elements of WordprocessingML at whose end something stands in plain text."""


def _document(path: Path) -> str:
    """The words of a .docx, without its form. Raises _Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("word/document.xml")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile("packed in an unusual way")
            with archive.open(info) as content:
                raw = content.read(MOST_DOCUMENT + 1)
        if len(raw) > MOST_DOCUMENT:
            raise _Unreadable("has more words than can be read")
        return _words_of_xml(raw)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError) as error:
        raise _Unreadable("is no .docx that can be read") from error
    except Exception as error:
        if isinstance(error, _Unreadable):
            raise
        raise _Unreadable(f"is no .docx that can be read ({type(error).__name__})") from error


MOST_DOCUMENT = 16 * 2**20
"""Bytes of the XML of a document: its form takes most of them."""


def _words_of_xml(raw: bytes) -> str:
    parser = expat.ParserCreate(namespace_separator=" ")
    pieces: list[str] = []
    within: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        within.append(name.rpartition(" ")[2])

    def end(_: str) -> None:
        pieces.append(PARAGRAPHS.get(within.pop(), ""))

    def words(data: str) -> None:
        # Beside "t" there are field codes and what was deleted.
        if within and within[-1] == "t":
            pieces.append(data)

    def entities(*_: Any) -> None:
        raise _Unreadable("is no .docx that can be read: it defines entities, which none does")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = words, entities
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise _Unreadable(f"is no .docx that can be read ({error})") from None
    return "".join(pieces)


class _Reading:
    """The files of a hand-in, sorted into what they are."""

    def __init__(self, folder: Path, refused: Mapping[str, str], remarks: list[str]) -> None:
        self.folder = folder
        self.refused, self.remarks = {**refused}, [*remarks]
        self.names: list[PurePosixPath] = []
        self.codes: dict[PurePosixPath, _Code] = {}
        self.texts: list[Text] = []
        self.others: list[str] = []

    def hand_in(self) -> HandIn:
        """Read the files with these names."""
        for name in sorted(self.names, key=natural):
            try:
                self._read(name)
            except _Unreadable as reason:
                self.refused[shown(name)] = str(reason)
        modules = self._modules()
        libraries = self._libraries([*modules.values()])
        running = [
            code
            for name, code in self.codes.items()
            if name not in libraries and name not in modules.values()
        ]
        units = self._units(self._once(running))
        return HandIn(
            units=tuple(units),
            texts=tuple(self.texts),
            modules={module: _folder_of(name, module) for module, name in modules.items()},
            refused=self.refused,
            others=tuple(self.others),
            remarks=tuple(self.remarks),
        )

    def _read(self, name: PurePosixPath) -> None:
        kind, path = _kind(name.name), self.folder / name
        if kind in ("notebook", "script"):
            raw = path.read_bytes()
            code = _read(name, raw)
            if code is None:
                self.others.append(str(name))
                return
            self.codes[name] = code
            if code.encoding != "UTF-8":
                self.remarks.append(f"{name} is encoded in {code.encoding}, not in UTF-8")
                if code.kind == "script" and not encoding.declared_in(raw):
                    # What imports it needs no luck.
                    path.write_text(code.sources[0], encoding="utf-8", newline="\n")
        elif kind == "document":
            self._add(name, _document(path))
        elif kind == "text" and path.stat().st_size <= MOST_SOURCE:
            read = encoding.decoded(path.read_bytes())
            self._add(name, "" if "\0" in read.text else _lines(read.text))
            if read.name != "UTF-8" and read.text.strip():
                self.remarks.append(f"{name} is encoded in {read.name}, not in UTF-8")
        elif kind == "archive":
            raise _Unreadable("is an archive of a kind that is not taken: hand in a zip")
        else:
            self.others.append(str(name))
            if kind == "paper":
                self.remarks.append(f"{name} is for a human reader")

    def _add(self, name: PurePosixPath, words: str) -> None:
        if words.strip():
            self.texts.append(Text(str(name), words))
        else:
            self.others.append(str(name))

    def _modules(self) -> dict[str, PurePosixPath]:
        """The modules of the contract, each with its file."""
        found: dict[str, PurePosixPath] = {}
        for module in MODULES:
            parts = {p for e in EXERCISES.values() if e.module == module for p in e.parts}
            for name, code in [*self.codes.items()]:
                package = name.parts[-2:] == (module, "__init__.py")
                if not (name.name == f"{module}.py" or package) or not code.defines(parts):
                    continue
                if module in found:
                    self.remarks.append(f"{name} is not judged: {module} is {found[module]}")
                    del self.codes[name]
                else:
                    found[module] = name
        return found

    def _libraries(self, modules: list[PurePosixPath]) -> set[PurePosixPath]:
        """The scripts that another one imports, and that show nothing by themselves."""
        used = {name: self._used(code) for name, code in self.codes.items()}
        imported = set().union(*used.values())
        quiet = {name for name in imported if not self.codes[name].shows} - {*modules}
        # Two that only import each other are the library of nobody.
        waiting = [name for name in self.codes if name not in quiet]
        libraries: dict[PurePosixPath, PurePosixPath] = {}
        while waiting:
            user = waiting.pop()
            for name in used[user] & quiet:
                if name not in libraries:
                    libraries[name] = user
                    waiting.append(name)
        for name, user in sorted(libraries.items()):
            self.remarks.append(f"{name} is imported by {user}, and runs there")
        return {*libraries} | {
            name for name, code in self.codes.items()
            if name.name == "__init__.py" and not code.shows and name not in modules
        }  # fmt: skip

    def _used(self, code: _Code) -> set[PurePosixPath]:
        """The scripts of the hand-in that this one imports."""
        places = {
            place for level, name in code.imports for place in _places(level, name, code.name)
        }
        scripts = {name for name, other in self.codes.items() if other.kind == "script"}
        found = places & scripts
        # A folder that is put on sys.path: a name that can be only one file, wherever it lies.
        for level, whole in code.imports:
            dotted = whole.removeprefix("solutions.")
            ends = [name for name in scripts if name.stem == dotted and name.name != "__init__.py"]
            if not level and len(ends) == 1:
                found.add(ends[0])
        return found - {code.name}

    def _once(self, codes: list[_Code]) -> list[_Code]:
        """The works without those that are copies of an earlier one; their own words are kept."""
        first: dict[str, _Code] = {}
        for code in codes:
            key = code.key()
            earlier = first.setdefault(key, code) if key.strip() else code
            if earlier is code:
                first[key or str(code.name)] = code
                continue
            self.remarks.append(f"{code.name} has the code of {earlier.name}, and runs once")
            known = {text for _, text in earlier.words}
            code.words = [word for word in code.words if word[1] not in known]
            said = {*earlier.comments()}
            comments = [line for line in code.comments() if line not in said]
            if comments:
                code.words.append(("comments", "\n".join(comments)))
            self.texts += [Text(f"{code.name}, {title}", text) for title, text in code.words]
        return [*first.values()]

    def _units(self, codes: list[_Code]) -> Iterator[Unit]:
        for code in codes:
            name = _label(code.name, [other.name for other in codes])
            before = f"{name}, " if len(codes) > 1 else ""
            self.texts += [Text(f"{before}{title}", text) for title, text in code.words]
            if not code.sources:
                continue
            titles = [f"{before}cell {number}" for number in range(1, len(code.sources) + 1)]
            if code.kind == "script":
                titles = [name]
            cells = tuple(
                Cell(title, source, str(code.name))
                for title, source in zip(titles, code.sources, strict=True)
            )
            yield Unit(str(code.name), code.kind, code.encoding, cells)


def _label(name: PurePosixPath, names: list[PurePosixPath]) -> str:
    """The shortest name by which a reader can tell it from the others."""
    return name.name if sum(other.name == name.name for other in names) == 1 else str(name)


def _folder_of(name: PurePosixPath, module: str) -> str:
    return str(name.parent if name.stem == module else name.parent.parent)

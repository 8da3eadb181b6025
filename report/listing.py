"""The code of the answers as the reports show it: read as text, never imported."""

import ast
import symtable
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from homework import MODULES

MOST_NAMES = 24
"""Definitions shown with a function that uses them."""


def sources(folder: Path) -> dict[str, str]:
    """The source of what the contract's modules define, by "module.name", in the files' order.

    Functions and classes with their decorators, constants, and imports of the folder's own modules,
    as far as they are there.
    """
    found: dict[str, str] = {}
    for module in MODULES:
        try:
            text = (folder / f"{module}.py").read_text(encoding="utf-8")
            body = _parsed(text).body
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            continue  # the checks of this module have told what is wrong with it
        lines = text.split("\n")
        for node in body:
            source = "\n".join(lines[_first_line(node) - 1 : node.end_lineno])
            found |= {f"{module}.{name}": source for name in _bound(node, folder)}
    return found


def _bound(node: ast.stmt, folder: Path) -> list[str]:
    """The names that a statement gives to something of the answers' own."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [target.id for target in targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None) or ""
        return [
            alias.asname or alias.name
            for alias in node.names
            if any((folder / f"{n.rpartition('.')[2]}.py").is_file() for n in (module, alias.name))
        ]
    return []


def needed(code: dict[str, str], name: str) -> list[str]:
    """The names of what "module.name" is made of, in the file's order, itself the last.

    Whatever of its own module it uses, and what that uses in turn; none of it if there is no code.
    """
    module = name.partition(".")[0]
    used: dict[str, None] = {}
    new = [name] if name in code else []
    while new:
        used |= dict.fromkeys(new)
        names = {f"{module}.{word}" for one in new for word in _names(code[one])}
        new = [one for one in names if one in code and one not in used]
    others = [one for one in code if one in used and one != name]
    return others[:MOST_NAMES] + [name] * (name in used)


def _names(source: str) -> Iterator[str]:
    """The names that a statement of a module takes from outside of itself."""
    try:
        scopes = [symtable.symtable(textwrap.dedent(source), "", "exec")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for scope in scopes:
        scopes += scope.get_children()
        outside = scope.get_type() == "module"
        for symbol in scope.get_symbols():
            if symbol.is_referenced() and (outside or symbol.is_global()):
                yield symbol.get_name()


def is_definition(source: str) -> bool:
    """Whether the source is a function or a class, not a constant or an import."""
    return source.lstrip().startswith(("def ", "class ", "async ", "@"))


def listed(code: dict[str, str], names: Iterable[str]) -> list[str]:
    """The sources of these names: constants and imports in one block, then each definition."""
    sources = dict.fromkeys(code[name] for name in names if name in code)
    plain = [source for source in sources if not is_definition(source)]
    return ["\n".join(plain)] * bool(plain) + [s for s in sources if is_definition(s)]


def without_docstrings(source: str) -> str:
    """The source less its docstrings, whose place the report's text takes."""
    source = textwrap.dedent(source.replace("\r\n", "\n"))
    try:
        tree = _parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    # ast counts "\n" alone as the end of a line, unlike str.splitlines.
    lines = source.split("\n")
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first, *rest = node.body
        if not rest or ast.get_docstring(node, clean=False) is None:
            continue
        end = first.end_lineno or first.lineno
        alone = not lines[first.lineno - 1][: first.col_offset].strip()
        if alone and min(map(_first_line, rest)) > end:
            for number in range(first.lineno - 1, end):
                lines[number] = "\0"
            if not lines[end].strip():
                lines[end] = "\0"
    return "\n".join(line for line in lines if line != "\0")


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)

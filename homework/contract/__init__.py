"""The contract: a module of signatures for each part of the homework, which a starter copies.

The files beside this one are what is handed out. They are read here, and never imported: to know
the contract needs no torch.
"""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Promise(NamedTuple):
    """What a module promises under one name: a function, a class or a constant."""

    name: str
    parameters: dict[str, str]
    """Parameter → its default, as it is written, or "" if it has none. Those of a class are its
    ``__init__``'s, and a constant has none."""
    signature: str
    """Parameters, annotations and result as they are written: "(X: …, M: … = M) -> …"."""
    docstring: str
    by_position: int = 0
    """How many of the parameters, the first ones, may be passed by position."""


@cache
def promises(module: str) -> dict[str, Promise]:
    """What a module of the contract promises, by name, in the order of the file."""
    return promised_in((FOLDER / f"{module}.py").read_text(encoding="utf-8"))


def promised_in(source: str) -> dict[str, Promise]:
    """What the source of a module defines at its top, by name."""
    found = [_promise(node) for node in ast.parse(source).body]
    return {promise.name: promise for promise in found if promise}


def _promise(node: ast.stmt) -> Promise | None:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return Promise(node.targets[0].id, {}, ast.unparse(node.value), "")
    if isinstance(node, ast.FunctionDef):
        return Promise(node.name, *_call(node), ast.get_docstring(node) or "", _positional(node))
    if isinstance(node, ast.ClassDef):
        methods = {inner.name: inner for inner in node.body if isinstance(inner, ast.FunctionDef)}
        docstring = ast.get_docstring(node) or ""
        if "__init__" not in methods:
            return Promise(node.name, {}, "", docstring)
        made = methods["__init__"]
        return Promise(node.name, *_call(made), docstring, _positional(made))
    return None


def _call(node: ast.FunctionDef) -> tuple[dict[str, str], str]:
    """The parameters of a function with their defaults, and its whole signature, without self."""
    named = node.args
    positional = [*named.posonlyargs, *named.args]
    defaults = [None] * (len(positional) - len(named.defaults)) + [*named.defaults]
    pairs = [*zip(positional, defaults, strict=True)]
    pairs += zip(named.kwonlyargs, named.kw_defaults, strict=True)
    parameters = {p.arg: ast.unparse(d) if d else "" for p, d in pairs if p.arg != "self"}
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return parameters, f"({ast.unparse(named)}){result}"


def _positional(node: ast.FunctionDef) -> int:
    """How many parameters may be passed by position, without self."""
    return sum(p.arg != "self" for p in (*node.args.posonlyargs, *node.args.args))

"""The house keeps its own habits: what a reader may expect of every file under src."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "assent"
MODULES = sorted(SOURCE.rglob("*.py"))

LINES_MAX = 450
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|placeholder)\b")


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


def broad_handlers(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    """Handlers that catch everything: bare, Exception, BaseException, alone or in a tuple."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(t is None or (isinstance(t, ast.Name) and t.id in {"Exception", "BaseException"}) for t in caught):
            yield node


def imported_roots(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level if node.level else str(node.module).partition(".")[0]


def unnamed_boundaries(source: str) -> list[int]:
    """Line numbers of broad handlers that do not say on their line why they stand there."""
    lines = source.splitlines()
    return [
        handler.lineno
        for handler in broad_handlers(ast.parse(source))
        if not re.search(r"# boundary: \S", lines[handler.lineno - 1])
    ]


@each_module
def test_a_module_says_what_it_promises(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name_of(path)} has no docstring"


@each_module
def test_a_file_holds_one_idea_and_few_lines(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_MAX, f"{name_of(path)} has {lines} lines: which second idea is in it?"


@each_module
def test_nothing_is_left_unfinished(path: Path) -> None:
    marks = [line for line in path.read_text(encoding="utf-8").splitlines() if UNFINISHED.search(line)]
    assert not marks, f"{name_of(path)}: finish it or take it out: {marks}"


@each_module
def test_a_broad_handler_is_a_named_boundary(path: Path) -> None:
    lines = unnamed_boundaries(path.read_text(encoding="utf-8"))
    assert not lines, f"{name_of(path)} lines {lines}: catch what you expect, or say '# boundary: why'"


def test_a_broad_handler_without_a_reason_would_be_found() -> None:
    bare = "try:\n    f()\nexcept (ValueError, Exception):\n    g()\n"
    named = "try:\n    f()\nexcept Exception:  # boundary: a strategy is a stranger\n    g()\n"
    narrow = "try:\n    f()\nexcept ValueError:\n    g()\n"
    assert [unnamed_boundaries(source) for source in (bare, named, narrow)] == [[3], [], []]


def test_the_verifier_needs_nothing_but_python() -> None:
    roots = set(imported_roots(ast.parse((SOURCE / "ledger" / "verify.py").read_text(encoding="utf-8"))))
    strangers = roots - sys.stdlib_module_names
    assert not strangers, f"ledger/verify.py must run alone on a copied file; it imports {sorted(strangers)}"

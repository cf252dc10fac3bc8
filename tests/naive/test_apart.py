"""The naive implementation is a second one only as long as it shares nothing with the first: proven by its imports."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAIVE = (
    "arithmetic", "assents", "books", "halts", "holdings", "idea", "looks", "losses", "market", "overrides", "pace",
    "periods", "permission", "prices", "rules", "sizes",
)  # fmt: skip
STANDARD = {"collections.abc", "copy", "datetime", "functools", "hashlib", "itertools", "json", "typing"}


def imported(source: str) -> set[str]:
    """Every module that a source names in an import, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = {f"{module}.{alias.name}" for alias in node.names}
            found |= names if module in ("assent", "assent.model", "tests", "tests.naive") else {module}
    return found


@pytest.mark.parametrize("name", NAIVE)
def test_a_naive_module_imports_the_naive_ones_and_python_alone(name: str) -> None:
    source = (HERE / f"{name}.py").read_text(encoding="utf-8")
    assert imported(source) <= STANDARD | {f"tests.naive.{other}" for other in NAIVE}
    assert not {"__import__", "importlib", "eval", "exec"} & {
        node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)
    }


def test_an_import_of_the_desk_would_be_found() -> None:
    source = (
        "def f():\n    from assent.desk import sizing\n    from assent.model import fees\nimport assent.desk.worth\n"
    )
    assert imported(source) == {"assent.desk", "assent.model.fees", "assent.desk.worth"}


def test_no_naive_module_is_left_out_of_this_proof() -> None:
    watching = {"asking", "audit", "overriding", "worlds"}
    assert {path.stem for path in HERE.glob("*.py") if not path.stem.startswith("test_")} == {*NAIVE, *watching}

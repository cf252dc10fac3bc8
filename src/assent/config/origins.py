"""Which line of a file says what: for messages that lead there, and for `assent config show`.

TOML's own parser reads every statement by itself, so a line is never guessed from how it looks.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

# A file of more lines than anybody writes is told without them, rather than slowly.
LINES_MAX: Final = 5_000

Where = Literal["file", "default", "environment", "command line"]


class Origin(NamedTuple):
    """Where a value came from. `place`: the file, the variable, or the option; `line` only in a file."""

    where: Where
    place: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.where == "file":
            return self.place if self.line is None else f"{self.place}:{self.line}"
        return f"{self.where} {self.place}".rstrip()


class Statement(NamedTuple):
    """A header or a `key = value`: its first line (from one), its text over as many lines as it has, what it names."""

    line: int
    text: str
    names: tuple[str, ...]
    header: bool

    @property
    def last_line(self) -> int:
        return self.line + self.text.count("\n")


def lines_of(text: str) -> dict[str, int]:
    """Dotted names to line numbers, of a text that is known to be TOML. Strategies count from one: `strategy[1]`."""
    found: dict[str, int] = {}
    if text.count("\n") > LINES_MAX:
        return found
    for statement in statements_of(text):
        for name in statement.names:
            found.setdefault(name, statement.line)
    return found


def statements_of(text: str) -> Iterator[Statement]:
    """Every statement in its order, with the dotted names that it gives a value, or opens."""
    prefix, counts = "", dict[str, int]()
    for number, said in _pieces(text):
        read = tomllib.loads(said)
        header = said.lstrip().startswith("[")
        if header:
            prefix = _header(read, counts)
            names: tuple[str, ...] = (prefix,)
        else:
            names = tuple(f"{prefix}.{name}" if prefix else name for name in _names(read))
        yield Statement(number, said, names, header)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Each header and each `key = value` with the number of its first line, comments and blank lines left out."""
    pending: list[str] = []
    first = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first = first if pending else number
        pending.append(line)
        statement = "\n".join(pending)
        try:
            tomllib.loads(statement)
        except ValueError:
            continue  # a list or a text that goes on in the next line
        yield first, statement
        pending = []


def _header(read: Mapping[str, Any], counts: dict[str, int]) -> str:
    """`[a.b]` is `a.b`, the second `[[a]]` is `a[2]`."""
    parts: list[str] = []
    inner: Any = read
    while isinstance(inner, dict) and inner:
        name, inner = next(iter(inner.items()))
        parts.append(name)
        if isinstance(inner, list):
            path = ".".join(parts)
            counts[path] = counts.get(path, 0) + 1
            parts[-1] = f"{name}[{counts[path]}]"
            inner = inner[0]
    return ".".join(parts)


def _names(read: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Every dotted name that a statement says, tables in braces and lists of them included."""
    for key, value in read.items():
        name = f"{prefix}{key}"
        yield name
        if isinstance(value, dict):
            yield from _names(value, f"{name}.")
        elif isinstance(value, list):
            for number, one in enumerate(value, start=1):
                if isinstance(one, dict):
                    yield f"{name}[{number}]"
                    yield from _names(one, f"{name}[{number}].")

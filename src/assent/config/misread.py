"""A file that is not there, or that is no TOML: what to say so that its owner finds the place at once.

Two mistakes of the first evening, a command typed in the wrong folder and a text without its quotes, are told with what
was probably meant. Nothing is read but the names of folders around the one that was asked for, and only a few of them.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from assent.config.problems import Problem, shown_name
from assent.config.table import SETTINGS, STRATEGY_SETTINGS

A_FILE: Final = "a TOML file with the desk's settings"
NEW_DESK: Final = "assent init my-desk --template kalshi-paper"
LOOKED_AT_MAX: Final = 200
SHOWN_MAX: Final = 3
_LINE: Final = re.compile(r"\(at line (\d+),")
_ASSIGNED: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def no_desk_here(path: Path) -> tuple[str, str]:
    """What would be allowed instead of this file that is not there, and an example: a desk nearby, or a new one."""
    near = list(islice(_desks_near(path), SHOWN_MAX))
    if not near:
        return "the folder of a desk; -C names it", NEW_DESK
    return "the folder of a desk; -C names it, and nearby there is one", "\n".join(f"-C {name}" for name in near)


def no_toml(file: str, text: str, error: Exception) -> Problem:
    """The line at which a reader of TOML gave up; where it holds a known key, how that is written."""
    found = _LINE.search(str(error))
    number = int(found[1]) if found else None
    example = '[desk]\nname = "my-desk"'
    if number is not None and "Invalid value" in str(error):
        lines = text.split("\n")
        assigned = _ASSIGNED.match(lines[number - 1]) if number <= len(lines) else None
        known = {s.key: f"{s.key} = {s.example}" for s in (*STRATEGY_SETTINGS, *SETTINGS)}
        example = known.get(assigned[1], example) if assigned else example
    quotes = "; text stands in quotes" if "Invalid value" in str(error) else ""
    return Problem(file, "the whole file", "", f"it is not TOML: {error}{quotes}", A_FILE, example, number)


def _desks_near(path: Path) -> Iterator[str]:
    """Desks in the folder that was asked for, above it, and beside it where it does not exist."""
    root = path.parent
    with suppress(OSError):
        if (root.parent / path.name).is_file():
            yield shown_name(str(root.parent))
        around = root if root.is_dir() else root.parent
        for place in sorted(islice(around.iterdir(), LOOKED_AT_MAX)):
            if (place / path.name).is_file():
                yield shown_name(_short(place))


def _short(place: Path) -> str:
    """As it would be typed from here."""
    try:
        return str(place.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(place)

"""The places in a page that a program fills: between a line that opens a part and the line that closes it.

What stands between them is replaced whole; everything else on a page belongs to its writer and is never touched.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]

_PART = re.compile(r"(?P<open><!-- (?P<name>[a-z-]+): .+? -->\n).*?(?P<close><!-- end of (?P=name) -->)", re.DOTALL)


def pages() -> list[Path]:
    """Every page that a reader may open, the front page first."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def names_in(text: str) -> list[str]:
    """The parts that a page has, in their order."""
    return [match["name"] for match in _PART.finditer(text)]


def filled(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """The page with every part that is in `parts` written anew; the others stay as they are."""

    def fill(match: re.Match[str]) -> str:
        make = parts.get(match["name"])
        return match[0] if make is None else f"{match['open']}{make().strip()}\n{match['close']}"

    return _PART.sub(fill, text)


def fill_pages(parts: Mapping[str, Callable[[], str]]) -> list[Path]:
    """Write the parts into every page that has them; return the pages that changed."""
    changed = []
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = filled(before, parts)
        if after != before:
            page.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of a page; a bar inside a cell would end it, so it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

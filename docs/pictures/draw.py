"""Draws lines of a terminal as an SVG: the text as it was, our colours. Refers to nothing outside itself."""

import io
import re
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

WIDTH: Final = 100
FONTS: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
THEME: Final = TerminalTheme(
    (24, 26, 31),
    (208, 212, 220),
    [
        (24, 26, 31), (232, 104, 96), (126, 190, 110), (222, 184, 96),
        (110, 160, 230), (190, 140, 220), (96, 190, 190), (208, 212, 220),
    ],
    [
        (110, 116, 128), (240, 130, 120), (150, 210, 130), (236, 206, 130),
        (140, 184, 245), (210, 170, 235), (130, 210, 210), (244, 246, 250),
    ],
)  # fmt: skip
COLOURS: Final = (
    (r"^\$ .*$", "bold bright_white"),
    (r"^(checks|what followed|the quote|verdict|Ask it).*$", "bold"),
    (r"^  ok  ", "green"),
    (r"^  NO  ", "bold red"),
    (r"equal to the last micro|Every rule agreed", "green"),
    (r"\$\d+(?:,\d{3})*(?:\.\d+)?", "yellow"),
    (r"\[[a-z_]+\]", "red"),
    (r"^  \d{4}-\d\d-\d\d [\d:.]+", "bright_black"),
)


def draw(lines: Iterable[str]) -> str:
    """The picture of these lines, the same for the same lines."""
    text = Text("\n".join(lines).rstrip())
    for pattern, style in COLOURS:
        text.highlight_regex(re.compile(pattern, re.MULTILINE), style)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(text, soft_wrap=True)
    return with_local_fonts(console.export_svg(title="assent", theme=THEME, unique_id="assent"))


def with_local_fonts(svg: str) -> str:
    """Without the fonts that a browser would fetch from somebody else."""
    local = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    named = local.replace("font-family: Fira Code, monospace;", f"font-family: {FONTS};")
    return re.sub(r"<!-- Generated.*?-->\s*", "", named)

"""Reads the part of YAML in which the venue writes its description of the websocket: mappings and lists by indent, one
line for each value. Long texts are read as nothing. What it does not understand it refuses."""

import json
import re
from typing import Any

_KEY = re.compile(r"""(?P<key>[$A-Za-z_][\w$-]*):(?:\s+(?P<rest>.*))?$""")
_CONSTANTS = {"true": True, "false": False, "null": None, "{}": {}}


def section(text: str, name: str, indent: int) -> Any:
    """The value of one key, which stands at this indent."""
    lines = text.splitlines()
    start = lines.index(" " * indent + name + ":")
    return Outline(lines[start + 1 :]).block(indent + 1)


class Outline:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def block(self, at_least: int) -> Any:
        """Everything that is indented so far, as a mapping or a list; None if nothing is."""
        line = self._peek()
        if line is None or _indent(line) < at_least:
            return None
        indent = _indent(line)
        return self._list(indent) if line.lstrip().startswith("- ") else self._mapping(indent)

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self._peek()) is not None and _indent(line) == indent:
            match = _KEY.fullmatch(line.strip())
            if match is None:
                raise ValueError(f"not understood: {line!r}")
            self._at += 1
            rest = match["rest"] or ""
            if rest in ("|", ">"):
                self._skip_text(indent)
            else:
                found[match["key"]] = _scalar(rest) if rest else self.block(indent + 1)
        return found

    def _list(self, indent: int) -> list[Any]:
        found = []
        while (line := self._peek()) is not None and _indent(line) == indent and line.lstrip().startswith("- "):
            inner = line.lstrip()[2:]
            if _KEY.fullmatch(inner):
                self._lines[self._at] = " " * (indent + 2) + inner
                found.append(self._mapping(indent + 2))
            else:
                self._at += 1
                found.append(_scalar(inner))
        return found

    def _skip_text(self, indent: int) -> None:
        while self._at < len(self._lines) and (
            not self._lines[self._at].strip() or _indent(self._lines[self._at]) > indent
        ):
            self._at += 1

    def _peek(self) -> str | None:
        while self._at < len(self._lines) and self._lines[self._at].lstrip()[:1] in ("", "#"):
            self._at += 1
        return self._lines[self._at] if self._at < len(self._lines) else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _scalar(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    if text[0] == '"' or re.fullmatch(r"-?\d+", text):
        return json.loads(text)
    if text[0] == "[":
        return [_scalar(part.strip()) for part in text[1:-1].split(",")]
    return text

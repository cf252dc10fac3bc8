"""Finds a key that stands twice in one object of JSON: two readers of the same bytes must not read two things.

The decoders keep the last of two such pairs in silence, so what they read is looked through once more, for keys alone.
"""

import json
from typing import Any


class _Twice(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def repeated_key(raw: bytes | str) -> str | None:
    """The first key found twice in one object, or None. What is no JSON raises ValueError or RecursionError."""
    try:
        _scan(raw if isinstance(raw, str) else raw.decode())
    except _Twice as twice:
        return twice.key
    return None


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) == len(pairs):
        return
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise _Twice(key)
        seen.add(key)


_scan = json.JSONDecoder(object_pairs_hook=_once).decode

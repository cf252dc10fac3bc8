"""A request as the handlers see it, its body, its query parameters, and the pages of a long list.

Unknown parameters are ignored, as the venue does; a known one out of its bounds is refused, never clamped. A cursor is
opaque to the client and means "after this row"; one that cannot be read gives the first page again, without a word.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qs

import msgspec

from assent.exchange.kalshi.buckets import UNLIMITED, Tier
from assent.exchange.kalshi.errors import Reply, refuse
from assent.exchange.types import SECOND

VALUES_MAX = 400
LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000
SECONDS_MAX = 10**11
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_CURSOR = re.compile(r"row:([0-9]{1,20})")


class Request(NamedTuple):
    """One HTTP request, read and found to be of a decent size. `account` is empty where nobody had to sign."""

    query: "Query"
    segments: tuple[str, ...]
    body: bytes
    account: str
    now: int
    tier: Tier = UNLIMITED


Body = TypeVar("Body", bound=msgspec.Struct)


def decoded(raw: bytes, kind: type[Body]) -> Body | Reply:
    """The body, read strictly: a number where a string belongs is refused."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        return refuse("bad_request", str(error))


class Invalid(Exception):
    """A query parameter that the venue refuses. Raised by `Query`, answered by the application in one place."""


class Query:
    """The parameters of one request."""

    def __init__(self, text: str) -> None:
        try:
            self._values: Mapping[str, list[str]] = parse_qs(text, keep_blank_values=True, max_num_fields=VALUES_MAX)
        except ValueError as error:
            raise Invalid(f"more than {VALUES_MAX} values") from error

    def text(self, name: str) -> str:
        """The value, or nothing."""
        return self._values.get(name, [""])[0]

    def several(self, name: str, most: int) -> frozenset[str]:
        """Values divided by commas. Only ever asked for membership."""
        found = frozenset(part for part in self.text(name).split(",") if part)
        if len(found) > most:
            raise Invalid(f"{name} takes at most {most} values, not {len(found)}")
        return found

    def repeated(self, name: str, most: int) -> list[str]:
        """The values of a parameter that is given once for each, without doubles."""
        found = list(dict.fromkeys(value for value in self._values.get(name, []) if value))
        if not 0 < len(found) <= most:
            raise Invalid(f"{name} takes from 1 to {most} values, not {len(found)}")
        return found

    def one_of(self, name: str, allowed: Iterable[str]) -> str:
        value = self.text(name)
        if value and value not in allowed:
            raise Invalid(f"{name} {value[:40]!r} is none of {', '.join(allowed)}")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not _INTEGER.fullmatch(value) or not low <= int(value) <= high:
            raise Invalid(f"{name} {value[:40]!r} is not a whole number from {low} to {high}")
        return int(value)

    def flag(self, name: str) -> bool:
        return self.one_of(name, ("true", "false")) == "true"

    def since(self, name: str) -> int:
        """A Unix second as nanoseconds; zero if it was not given."""
        return self.integer(name, 0, 0, SECONDS_MAX) * SECOND

    def span(self, low: str = "min_ts", high: str = "max_ts") -> tuple[int, int]:
        """Two Unix seconds as nanoseconds, both ends included."""
        last = self.integer(high, SECONDS_MAX, 0, SECONDS_MAX)
        return self.since(low), last * SECOND + SECOND - 1


class Page(NamedTuple):
    rows: list[int]
    cursor: str


def page(keys: Iterable[int], query: Query, most: int = LIMIT_MAX, default: int = LIMIT_DEFAULT) -> Page:
    """The keys of one page. They must come in falling order; what is added later has a higher key, so no row is lost
    or told twice while somebody pages."""
    limit = query.integer("limit", default, 1, most)
    after = _after(query.text("cursor"))
    rows: list[int] = []
    for key in keys:
        if after is not None and key >= after:
            continue
        if len(rows) == limit:
            return Page(rows, _cursor(rows[-1]))
        rows.append(key)
    return Page(rows, "")


def _cursor(key: int) -> str:
    return base64.urlsafe_b64encode(f"row:{key}".encode()).decode().rstrip("=")


def _after(cursor: str) -> int | None:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    found = _CURSOR.fullmatch(text)
    return int(found[1]) if found else None

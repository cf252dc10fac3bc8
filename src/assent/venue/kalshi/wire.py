"""How anything of Kalshi's REST answers is read: bytes to checked fields, or a rejection that says which field and why.

What an answer says of money, sizes and sides is read strictly: in the one form that the venue documents, within our
bounds, without contradicting itself. Everything else is read tolerantly: fields that we do not know are passed over,
since the venue adds some nearly every week. Whatever was sent, no reader raises; what cannot be read comes back as a
`Rejection`. The families of answers (markets, orders, account) stand in modules beside this one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

from assent.model.text import identity, shown
from assent.model.units import MICRO
from assent.venue.kalshi import numbers
from assent.venue.kalshi.numbers import NumberText
from assent.venue.keys import repeated_key

T = TypeVar("T")

# The list of all series, the largest answer there is, has about ten megabytes.
BODY_MAX: Final = 32 * 1024 * 1024
ROWS_MAX: Final = 50_000
CURSOR_MAX: Final = 4_096
SHARD_MAX: Final = 1_000_000


class Rejection(msgspec.Struct, frozen=True):
    """What was kept out: the reason's code, the field's path, and the value made harmless."""

    code: str
    path: str
    detail: str


class VenueError(msgspec.Struct, frozen=True):
    """The venue's own no, whichever of its four shapes it came in. `code` decides; the rest is for people."""

    code: str
    message: str
    details: str


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. An empty cursor means the last one. `rejected` rows were there and could not be read: a
    list of what the account holds is whole only without any."""

    rows: tuple[T, ...]
    rejected: tuple[Rejection, ...]
    cursor: str


class Refused(Exception):
    """Carries a rejection out of the fields of one row; `reading` turns it into a value again."""

    def __init__(self, code: str, path: str, value: object) -> None:
        self.rejection = Rejection(code, shown(path), shown(value))
        super().__init__(code)


class Kind(msgspec.Struct, Generic[T], frozen=True):
    """A kind of field: how it is read, and the code for what is not one."""

    code: str
    read: Callable[[object], T | None]


NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._:@~+-]{0,119}"
_NAME: Final = re.compile(NAME_PATTERN)
_CURSOR: Final = re.compile(r"[A-Za-z0-9_=+/.-]*")


def is_name(value: object) -> bool:
    """A ticker or id that may stand in a URL, a log and the ledger as it is."""
    return type(value) is str and _NAME.fullmatch(value) is not None


def _name(value: object) -> str | None:
    return value if type(value) is str and is_name(value) else None


def _flag(value: object) -> bool | None:
    return value if type(value) is bool else None


def _index(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= SHARD_MAX else None


def _price(value: object) -> int | None:
    price = numbers.dollars(value)
    return price if price is not None and price <= MICRO else None


def _foreign_name(value: object) -> str | None:
    return identity(value) if type(value) is str else None


def _text(value: object) -> str | None:
    return shown(value) if type(value) is str else None


MONEY: Final = Kind("bad_money", numbers.dollars)
SIGNED_MONEY: Final = Kind("bad_money", numbers.signed_dollars)
CENTS: Final = Kind("bad_cents", numbers.cents)
PRICE: Final = Kind("bad_price", _price)
QTY: Final = Kind("bad_qty", numbers.count)
SIGNED_QTY: Final = Kind("bad_qty", numbers.signed_count)
RATIO: Final = Kind("bad_ratio", numbers.ppm)
SECONDS: Final = Kind("bad_time", numbers.seconds)
MILLISECONDS: Final = Kind("bad_time", numbers.milliseconds)
TIME: Final = Kind("bad_time", numbers.rfc3339)
NAME: Final = Kind("bad_name", _name)
# A name that anybody may have chosen, such as another program's client order id: made inert, never refused.
FOREIGN_NAME: Final = Kind("bad_name", _foreign_name)
FLAG: Final = Kind("bad_flag", _flag)
INDEX: Final = Kind("bad_number", _index)
TEXT: Final = Kind("wrong_type", _text)


def words(table: Mapping[str, T]) -> Kind[T]:
    """One of these words; any other is refused, since a word that we do not know may mean anything."""
    return Kind("unknown_word", lambda value: table.get(value) if type(value) is str else None)


class Row:
    """One JSON object under its path, read field by field."""

    __slots__ = ("fields", "path")

    def __init__(self, value: object, path: str) -> None:
        if type(value) is not dict:
            raise Refused("wrong_type", path, value)
        self.fields: dict[str, object] = value
        self.path = path

    def need(self, name: str, kind: Kind[T]) -> T:
        """A field that must be there and sound."""
        found = self.maybe(name, kind)
        if found is None:
            raise Refused("missing_field", self.at(name), self.fields.get(name))
        return found

    def maybe(self, name: str, kind: Kind[T]) -> T | None:
        """A field that may be absent or null, and is sound when it is there."""
        value = self.fields.get(name)
        if value is None:
            return None
        found = kind.read(value)
        if found is None:
            raise Refused(kind.code, self.at(name), value)
        return found

    def soft(self, name: str, kind: Kind[T]) -> T | None:
        """A field on which nothing hangs: what cannot be read is as if absent."""
        return kind.read(self.fields.get(name))

    def row(self, name: str) -> "Row":
        return Row(self.fields.get(name), self.at(name))

    def items(self, name: str) -> list[object]:
        """A list; absent or null is an empty one, as the venue does it."""
        value = self.fields.get(name)
        if value is None:
            return []
        if type(value) is not list:
            raise Refused("wrong_type", self.at(name), value)
        if len(value) > ROWS_MAX:
            raise Refused("too_many_rows", self.at(name), len(value))
        return value

    def agree(self, holds: bool, *names: str) -> None:  # noqa: FBT001 - reads as "agree that"
        """Fields that cannot both be true are a contradiction, told with their values."""
        if not holds:
            values = {name: self.fields.get(name) for name in names}
            raise Refused("contradiction", self.at("+".join(names)), values)

    def not_legacy(self, now: str, then: str) -> None:
        """The field of today must not stand under its name of the first API alone."""
        if self.fields.get(now) is None and self.fields.get(then) is not None:
            raise Refused("legacy_shape", self.at(then), self.fields[then])

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def reading(build: Callable[[Row], T], value: object, path: str = "") -> T | Rejection:
    """One object read by `build`, or why not."""
    try:
        return build(Row(value, path))
    except Refused as refused:
        return refused.rejection


def answer(body: bytes, build: Callable[[Row], T]) -> T | Rejection:
    """One whole answer read by `build`, or why not."""
    decoded = decode(body)
    return decoded if isinstance(decoded, Rejection) else reading(build, decoded)


def page(body: bytes, key: str, build: Callable[[Row], T]) -> Page[T] | Rejection:
    """One page of the list under `key`: each row is read or rejected by itself."""

    def whole(top: Row) -> Page[T]:
        if key not in top.fields:
            raise Refused("missing_field", key, None)
        return rows(top, key, build)

    return answer(body, whole)


def rows(top: Row, key: str, build: Callable[[Row], T]) -> Page[T]:
    """The list under `key` of an object that is being read."""
    read = [reading(build, item, f"{top.at(key)}[{place}]") for place, item in enumerate(top.items(key))]
    return Page(
        rows=tuple(row for row in read if not isinstance(row, Rejection)),
        rejected=tuple(row for row in read if isinstance(row, Rejection)),
        cursor=_cursor(top),
    )


def error(body: bytes) -> VenueError:
    """The venue's no in any of its shapes. What cannot be read is a no as well, under the code `unreadable`."""
    decoded = decode(body)
    if isinstance(decoded, Rejection):
        return VenueError("unreadable", decoded.code, shown(_pictured(body[:200])))
    return error_of(decoded)


def _pictured(body: bytes) -> str:
    """Bytes as a person may read them: what is no plain character is a dot."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else "." for byte in body) or "nothing"


def error_of(value: object) -> VenueError:
    """The same for an object within an answer, such as the error of one item of a batch."""
    if type(value) is dict:
        inner = value.get("error", value)
        if type(inner) is str and inner:
            # The rate limiter speaks in a sentence, not in a code.
            return VenueError(_code(inner), shown(inner), "")
        if type(inner) is dict and type(inner.get("code")) is str and inner["code"]:
            return VenueError(_code(inner["code"]), _said(inner.get("message")), _said(inner.get("details")))
        if type(value.get("msg")) is str:
            return VenueError("parameter_validation", shown(value["msg"]), "")
    return VenueError("unreadable", "answer_without_a_code", shown(value))


def decode(body: bytes) -> object | Rejection:
    """JSON in Python's plain types; a fraction stays the text that it was."""
    if len(body) > BODY_MAX:
        return Rejection("answer_too_large", "", f"{len(body)} bytes")
    try:
        value: object = _DECODER.decode(body)
        twice = repeated_key(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
        return Rejection("answer_not_json", "", shown(str(fault)))
    if twice is not None:
        return Rejection("duplicate_key", "", shown(f"the key {twice} stands twice in one object"))
    return value


_DECODER: Final = msgspec.json.Decoder(float_hook=NumberText)


def _cursor(top: Row) -> str:
    value = top.fields.get("cursor")
    if value is None:
        return ""
    if type(value) is not str or len(value) > CURSOR_MAX or not _CURSOR.fullmatch(value):
        raise Refused("bad_cursor", top.at("cursor"), value)
    return value


def _code(text: str) -> str:
    """The venue writes its codes in lower case here and in upper case there: one form to branch on."""
    return shown(text.strip().lower().replace(" ", "_"))


def _said(value: object) -> str:
    return "" if value is None else shown(value)

"""Every small way in which bytes may stop being what they were: for tests of whoever must notice.

Each change has a name that says what was done where, so that one which passes unnoticed can be found again. The
variable ASSENT_BYTES says how many other values each byte is given; by default one bit, the bit that makes another
case, and two bytes drawn by a seed.
"""

import json
import os
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

PER_BYTE = int(os.environ.get("ASSENT_BYTES", "4"))
# Letters and digits that look the same on most screens.
LOOK_ALIKES = {
    "a": "\u0430", "e": "\u0435", "o": "\u043e", "p": "\u0440", "c": "\u0441", "x": "\u0445", "y": "\u0443",
    "i": "\u0456", "0": "\uff10", "1": "\uff11",
}  # fmt: skip
APPENDED = (b" ", b"\n", b"\0", b"}", b"{}", b",", b"0", b"\r\n", b"\xef\xbb\xbf")


class Change(NamedTuple):
    what: str
    made: bytes


def of_bytes(original: bytes, *, per_byte: int = PER_BYTE, seed: int = 1) -> Iterator[Change]:
    """Flip, drop, double and swap every byte; cut, append, prepend; each different from the original."""
    chance = Random(seed)
    for place, byte in enumerate(original):
        values = dict.fromkeys((byte ^ 1, byte ^ 0x20, *(chance.randrange(256) for _ in range(max(0, per_byte - 2)))))
        if per_byte >= 255:
            values = dict.fromkeys(range(256))
        for value in list(values)[:per_byte]:
            if value != byte:
                made = original[:place] + bytes([value]) + original[place + 1 :]
                yield Change(f"byte {place}: {byte:#04x} became {value:#04x}", made)
        before, after = original[:place], original[place + 1 :]
        yield Change(f"byte {place} dropped", before + after)
        yield Change(f"byte {place} doubled", before + original[place : place + 1] * 2 + after)
        if after and after[0] != byte:
            yield Change(f"bytes {place} and {place + 1} swapped", before + after[:1] + bytes([byte]) + after[1:])
        if place:
            yield Change(f"cut before byte {place}", before)
    for more in APPENDED:
        yield Change(f"{more!r} appended", original + more)
        yield Change(f"{more!r} prepended", more + original)
    for name, made in (("upper", original.upper()), ("lower", original.lower()), ("twice", original * 2)):
        if made != original:
            yield Change(f"{name} case", made) if name != "twice" else Change("all of it twice", made)
    yield from _look_alikes(original)


def _look_alikes(original: bytes) -> Iterator[Change]:
    text = original.decode("latin-1")
    for place, symbol in enumerate(text):
        if symbol in LOOK_ALIKES:
            made = text[:place].encode("latin-1") + LOOK_ALIKES[symbol].encode() + text[place + 1 :].encode("latin-1")
            yield Change(f"symbol {place}: {symbol} became a look-alike", made)


def of_json(original: bytes) -> Iterator[Change]:
    """Other spellings of an object, most of which mean exactly the same to a reader that is not strict."""
    found: dict[str, Any] = json.loads(original)
    pairs = list(found.items())

    def spelled(*of: tuple[str, Any], comma: str = ",", colon: str = ":") -> bytes:
        return ("{" + comma.join(f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in of) + "}").encode()

    yield Change("a blank behind each comma", spelled(*pairs, comma=", "))
    yield Change("a blank behind each colon", spelled(*pairs, colon=": "))
    yield Change("another order", spelled(*reversed(pairs)))
    yield Change("in a list", b"[" + original + b"]")
    yield Change("null", b"null")
    for place, (name, value) in enumerate(pairs):
        others = pairs[:place] + pairs[place + 1 :]
        yield Change(f"{name} left out", spelled(*others))
        yield Change(f"{name} twice", spelled(*pairs, (name, value)))
        yield Change(f"{name} twice, first another", spelled((name, "x"), *pairs))
        yield Change(f"{name} null", spelled(*pairs[:place], (name, None), *pairs[place + 1 :]))
        yield Change(f"{name} in a list", spelled(*pairs[:place], (name, [value]), *pairs[place + 1 :]))
        yield Change(
            f"{name} as a key in capitals", spelled(*pairs[:place], (name.upper(), value), *pairs[place + 1 :])
        )
        escaped = "".join(f"\\u{ord(symbol):04x}" for symbol in name)
        yield Change(f"{name} escaped", original.replace(f'"{name}"'.encode(), f'"{escaped}"'.encode()))
        if isinstance(value, str):
            escaped = "".join(f"\\u{ord(symbol):04x}" for symbol in value)
            yield Change(f"{name}'s value escaped", original.replace(f'"{value}"'.encode(), f'"{escaped}"'.encode()))
            for other in (value + "0", "0" + value, value + " ", "+" + value, value + "e0", value.replace(".", ",")):
                if other != value:
                    changed = (name, other)
                    yield Change(f"{name} is {other!r}", spelled(*pairs[:place], changed, *pairs[place + 1 :]))
            if value.replace(".", "").isdigit():
                bare = original.replace(f'"{value}"'.encode(), value.lstrip("0").encode())
                yield Change(f"{name} as a number", bare)
        elif isinstance(value, bool):
            for other in (1, "true", False):
                changed = (name, other)
                yield Change(f"{name} is {other!r}", spelled(*pairs[:place], changed, *pairs[place + 1 :]))
        else:
            for other in (float(value), str(value), value + 1, -value - 1, True):
                changed = (name, other)
                yield Change(f"{name} is {other!r}", spelled(*pairs[:place], changed, *pairs[place + 1 :]))
    for name in ("price_dollars", "yes_price", "amount", "buy_max_cost", ""):
        yield Change(f"a key more: {name!r}", spelled(*pairs, (name, "1")))

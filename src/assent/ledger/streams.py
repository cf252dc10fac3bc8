"""To which streams a record belongs: its intent, order, instrument, strategy and day.

A fill names its order and not the idea behind it. What a fact leaves out is found through what earlier facts said under
the same key: an order's key leads to its intent, a fill's to its order. The first fact under a key decides, so a
cancellation that mentions an order does not become the order's origin.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from assent.model.errors import InvariantBroken
from assent.model.facts import DeskStarted, Fact, decode_fact
from assent.model.settling import BooksAdopted
from assent.model.units import SECOND

STREAMS: Final = ("intent", "order", "instrument", "strategy", "day")

Mention = tuple[str, str]  # a stream and its value
Known = Callable[[str], frozenset[Mention]]

# The parts of a fact that name things, besides the fact itself.
_PARTS: Final = ("intent", "order", "fill", "correction")
_TEXTS: Final = (("intent_id", "intent"), ("order_id", "order"), ("strategy", "strategy"))
# What is kept under a key for later facts. An intent leads to no order: it may have several.
_KEPT: Final = {
    "fill": frozenset(("order", "intent", "instrument", "strategy")),
    "order": frozenset(("order", "intent", "instrument", "strategy")),
    "intent": frozenset(("intent", "instrument", "strategy")),
}


def streams_of(
    kind: str, version: int, ts: int, body: bytes, known: Known
) -> tuple[frozenset[Mention], dict[str, frozenset[Mention]]]:
    """The streams of one record, and what later records may learn from it, by key.

    A record that cannot be read belongs to its day all the same: a damaged ledger must still be shown.
    """
    day: Mention = ("day", day_of(ts))
    try:
        fact = decode_fact(kind, version, body)
    except (InvariantBroken, msgspec.MsgspecError):
        return frozenset((day,)), {}
    said = frozenset(_mentions(fact))
    keys = dict(_keys(fact))
    found = said.union(*(known(key) for key in keys))
    kept = {
        key: frozenset(one for one in (said if what == "intent" else found) if one[0] in _KEPT[what])
        for key, what in keys.items()
    }
    return found | {day}, kept


def day_of(ts: int) -> str:
    """The day, UTC."""
    return f"{datetime.fromtimestamp(ts // SECOND, UTC):%Y-%m-%d}"


def _parts_of(fact: Fact) -> list[Any]:
    if isinstance(fact, BooksAdopted):
        return [fact, *fact.positions, *fact.fills]
    return [fact, *(part for name in _PARTS if (part := getattr(fact, name, None)) is not None)]


def _mentions(fact: Fact) -> Iterator[Mention]:
    """What the fact itself names."""
    if isinstance(fact, DeskStarted):
        yield from (("strategy", name) for name in fact.strategies)
    for part in _parts_of(fact):
        instrument = getattr(part, "instrument", None)
        name = instrument if isinstance(instrument, str) else getattr(instrument, "id", None)
        if name:
            yield "instrument", name
        for field, stream in _TEXTS:
            value = getattr(part, field, None)
            if value:
                yield stream, value
        if getattr(part, "intent_id", None) and getattr(part, "code", None):
            yield "intent", part.code


def _keys(fact: Fact) -> Iterator[tuple[str, str]]:
    for part in _parts_of(fact):
        for field, what in (("fill_id", "fill"), ("order_id", "order"), ("intent_id", "intent")):
            value = getattr(part, field, None)
            if value:
                yield f"{what}:{value}", what

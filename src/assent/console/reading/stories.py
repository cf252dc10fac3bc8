"""One intent's whole story, as `assent why` tells it, from the records that concern it and no others.

What concerns an intent is everything about its market, since what it opened may be given back by any later fill there,
and the few kinds of record that bear on every intent: seals and changed limits, starts, halts, differences.
"""

from collections.abc import Sequence

import msgspec

from assent.console.reading.index import Index
from assent.console.reading.records import read_numbers
from assent.desk.lots import Told
from assent.desk.story import Story, find, tell, why_unknown
from assent.ledger.chain import Record
from assent.ledger.sqlite import SqliteReader
from assent.model.facts import IntentProposed, IntentRefused, decode_fact

# What was decided in one step bears one time; no step decides more than so much.
STEP_MOST = 2_000


class NotOne(msgspec.Struct, frozen=True):
    """No intent is meant by this name, or several: those stand in `candidates`."""

    wanted: str
    candidates: tuple[str, ...]
    why: str


def story_of(reader: SqliteReader, index: Index, landmarks: Sequence[int], wanted: str) -> Story | NotOne:
    """The one story that the name means: an intent's id or code, an order's id, or the beginning of one of them."""
    named = [_told(record) for record in read_numbers(reader, index.named(reader, wanted.strip()))]
    meant = find(named, wanted)
    if len(meant) != 1:
        why = "The name fits several intents, and a wrong story is worse than none" if meant else why_unknown(wanted)
        return NotOne(wanted, meant, why)
    decided = next((told for told in named if _decides(told, meant[0])), None) or _decision(reader, index, meant[0])
    story = tell(_concerning(reader, index, landmarks, decided), meant[0]) if decided else None
    return story or NotOne(wanted, meant, why_unknown(wanted))


def _decides(told: Told, intent_id: str) -> bool:
    fact = told[2]
    return isinstance(fact, IntentProposed | IntentRefused) and fact.intent.intent_id == intent_id


def _decision(reader: SqliteReader, index: Index, intent_id: str) -> Told | None:
    """The record that decided upon an intent that was named by its order."""
    numbers = index.all(reader, "intent", intent_id)
    told = (_told(record) for record in read_numbers(reader, numbers))
    return next((one for one in told if _decides(one, intent_id)), None)


def _concerning(reader: SqliteReader, index: Index, landmarks: Sequence[int], decided: Told) -> list[Told]:
    seq, ts, fact = decided
    assert isinstance(fact, IntentProposed | IntentRefused)  # noqa: S101 - for the type checker
    numbers = {seq, *landmarks, *index.all(reader, "instrument", fact.intent.instrument)}
    for record in reader.records(seq + 1, seq + STEP_MOST):
        if record.ts != ts:
            break
        numbers.add(record.seq)
    return [_told(record) for record in read_numbers(reader, sorted(numbers))]


def _told(record: Record) -> Told:
    return record.seq, record.ts, decode_fact(record.kind, record.version, record.body)

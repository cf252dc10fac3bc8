"""What people are asked, row by row, and what became of every question: as plain values, from the durable state alone.

So the running desk, a terminal and a page that reads the ledger tell the same of it. Amounts are whole micros and
times whole nanoseconds.
"""

import msgspec

from assent.desk.state import Asked, State
from assent.desk.story import in_words
from assent.model.intents import Action
from assent.model.orders import Side

# How a question may have ended without a release, in the public names of intents.
ENDED_STATUSES = {
    "denied": "REJECTED",
    "expired": "EXPIRED",
    "ended_by_hand": "EXPIRED",
    "superseded": "SUPERSEDED",
}


class AskedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One intent that waits for people. `given`: who has said yes; `terms`: what a yes must name."""

    intent_id: str
    code: str
    strategy: str
    type: Action
    side: Side
    words: str
    instrument: str
    title: str
    price: int
    qty: int
    edge: int | None
    fee: int
    worst_loss: int
    given: tuple[str, ...]
    needed: int
    asked_ts: int
    expires_ts: int
    terms: str


def asked_rows(state: State) -> list[AskedRow]:
    """In the order in which people were asked."""
    return [asked_row(state, asked) for asked in state.asked.values() if not asked.complete]


def asked_row(state: State, asked: Asked) -> AskedRow:
    intent = asked.intent
    instrument = state.find_instrument(intent.instrument)
    return AskedRow(
        intent_id=intent.intent_id,
        code=asked.code,
        strategy=intent.strategy,
        type=intent.action,
        side=intent.side,
        words=in_words(intent, instrument),
        instrument=intent.instrument,
        title=instrument.title if instrument else "",
        price=intent.price,
        qty=intent.qty,
        edge=intent.edge,
        fee=intent.fee,
        worst_loss=intent.worst_loss,
        given=tuple(grant.person for grant in asked.grants),
        needed=asked.people,
        asked_ts=asked.asked_ts,
        expires_ts=asked.expires_ts,
        terms=asked.terms,
    )


def asked_status(state: State, intent_id: str) -> str | None:
    """The public name of where an intent stands because of what people were asked; None where they were not, or where
    its order says more."""
    asked = state.asked.get(intent_id)
    if asked is not None:
        return "APPROVED" if asked.complete else "PENDING"
    _, how = state.archive.asked.get(intent_id, ("", ""))
    return ENDED_STATUSES.get(how)

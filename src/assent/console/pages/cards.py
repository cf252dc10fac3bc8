"""Approval cards: everything that a person must see before saying yes or no. Pure.

A card covers exactly one question of the desk's: its code, its terms, the orders that a yes lets leave, and until when
it stands. Numbers that are shown are those that the answer is about; what may have moved since says so.
"""

import hashlib
from heapq import nsmallest
from operator import itemgetter
from typing import Final, NamedTuple

from assent.console.reading import views
from assent.console.reading.snapshot import Snapshot
from assent.desk.state import Grant
from assent.desk.story import Judged
from assent.model.units import MICRO
from assent.model.words import price

# So it begins when what a person does is to buy or sell the other side of a contract.
NO_SIDE: Final = ("buy NO", "sell NO")
# More nobody can look at before they run out; a page of thousands would keep everybody else waiting while it is made.
CARDS_MOST: Final = 50


class CardShown(NamedTuple):
    """One card as the template shows it."""

    intent_id: str
    code: str
    action: str
    would: bool
    words: str
    title: str
    instrument: str
    strategy: str
    reason: str
    close_ts: int | None
    qty: int
    price: int
    fee: int
    edge: int | None
    worst_loss: int
    share: int | None
    share_left: int
    price_then: int | None
    price_last: int | None
    drift_words: str
    drift_tone: str
    checks: tuple[Judged, ...]
    agreed: int
    people: int
    grants: tuple[Grant, ...]
    may_answer: tuple[str, ...]
    pips: tuple[bool, ...]
    terms: str
    orders: tuple[str, ...]
    expires_ts: int
    life_ns: int
    left_ppm: int
    factor: bool
    answer: str
    mark: str


def cards_of(snapshot: Snapshot, now: int, csrf: str) -> tuple[tuple[CardShown, ...], int]:
    """Those that wait for people, the one that runs out first before the others; and how many more there are."""
    waiting = [(card.asked.expires_ts, card.intent.intent_id, card) for card in snapshot.intents.pending if card.asked]
    first = nsmallest(CARDS_MOST, waiting, key=itemgetter(0, 1))
    found = [card_of(card, card.asked, now, csrf) for _, _, card in first if card.asked is not None]
    return tuple(found), len(waiting) - len(found)


def card_of(card: views.Card, asked: views.Asked, now: int, csrf: str) -> CardShown:
    """`now`: the desk's own time; `csrf` stands for the session in the name of its answer."""
    intent = card.intent
    then, last = (side_price(card.words, value) for value in (card.price_then, card.price_last))
    drift_words, drift_tone = _drift(then, last, buys=card.words.startswith("buy"))
    life = max(1, asked.expires_ts - asked.asked_ts)
    return CardShown(
        intent_id=intent.intent_id,
        code=asked.code,
        action=intent.action,
        would=card.row.would,
        words=card.words,
        title=card.title,
        instrument=intent.instrument,
        strategy=intent.strategy,
        reason=intent.reason,
        close_ts=card.close_ts,
        qty=intent.qty,
        price=side_price(card.words, intent.price) or 0,
        fee=card.fee,
        edge=card.edge,
        worst_loss=card.worst_loss,
        share=card.share,
        share_left=card.share_left or 0,
        price_then=then,
        price_last=last,
        drift_words=drift_words,
        drift_tone=drift_tone,
        checks=card.checks,
        agreed=sum(check.ok for check in card.checks),
        people=asked.people,
        grants=asked.grants,
        may_answer=asked.may_answer,
        pips=tuple(place < len(asked.grants) for place in range(asked.people)),
        terms=asked.terms,
        orders=asked.orders,
        expires_ts=asked.expires_ts,
        life_ns=life,
        left_ppm=max(0, min(MICRO, (asked.expires_ts - now) * MICRO // life)),
        factor=asked.factor,
        answer=answer_name(csrf, intent.intent_id, asked.terms, str(now)),
        mark=hashlib.sha256(repr((card, csrf)).encode()).hexdigest()[:16],
    )


def answer_name(*parts: str) -> str:
    """A name for one answer: the same form sent twice is the same answer, and nobody else's form has that name."""
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part.encode() for part in parts)).hexdigest()[:32]


def side_price(words: str, yes_price: int | None) -> int | None:
    """A price as it is for what the person does: that of NO is what is missing to a dollar."""
    if yes_price is None or not words.startswith(NO_SIDE):
        return yes_price
    return MICRO - yes_price


def _drift(then: int | None, last: int | None, *, buys: bool) -> tuple[str, str]:
    """How far the price has moved since, and for whom: in words, and a tone that repeats them."""
    if then is None or last is None:
        return "not known", ""
    if then == last:
        return "unchanged", ""
    worse = (last > then) == buys
    return f"{price(abs(last - then))} {'worse' if worse else 'better'}", "bad" if worse else "good"

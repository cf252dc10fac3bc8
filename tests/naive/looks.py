"""The last look again, from the pages: when one is due, which quote decides, and what its own rules measure."""

from copy import copy
from typing import Any, NamedTuple

from tests.naive.arithmetic import ONE, cost_of, down, fee_of, most_fee, most_lost, up
from tests.naive.books import Books, Looked
from tests.naive.idea import Answer, Idea, at_most
from tests.naive.market import Seen
from tests.naive.rules import judge
from tests.naive.sizes import Size, risk_cap

SECONDS = 10**9
# No answer within this is none; nor is the same idea asked about again within it after a look in vain.
ANSWER, AGAIN = 5 * SECONDS, 5 * SECONDS


class Again(NamedTuple):
    """A recorded intent, as its strategy would say it at the answer."""

    instrument: str
    action: str
    side: str
    price: int
    fair: int | None
    qty_max: int
    type: str
    time_in_force: str
    post_only: bool
    life_ns: int | None
    scores: Any
    order_id: str | None = None
    protective: bool = False
    hold: bool = False


def is_due(idea: Idea) -> bool:
    """Only what opens, where the quote was last known to be true too long ago."""
    return idea.action == "open" and idea.now - idea.seen.proven_ts(idea.name) > idea.limits.look_proof_age_max


def to_deal_at(quote: Any, side: str) -> int | None:
    """Who buys takes the ask, who sells the bid."""
    found: int | None = quote.ask if side == "buy" else quote.bid
    return found


def answered(books: Books, seen: Seen, now: int, intent: Any, looked: Looked, quote: Any) -> "Answered":
    """Everything that is asked when the answer is there: the whole list, in its order."""
    name, held = intent.instrument, seen.quotes.get(intent.instrument)
    fresh = seen
    if held is None or held.received_ts <= quote.received_ts:
        fresh = copy(seen)
        fresh.quotes, fresh.proofs = {**seen.quotes, name: quote}, []
    idea = said_again(books, fresh, now, intent)
    idea.size = _size(books, idea)
    usual = judge(idea)
    place = [code for code, *_ in usual].index("quote_proof") + 1
    return Answered(usual[:place] + _own(idea, intent, looked) + usual[place:], fresh.evidence(name))


def said_again(books: Books, seen: Seen, now: int, intent: Any) -> Idea:
    """A recorded intent as an idea of now, asking for no more than it has."""
    life = None if intent.expires_ts is None else intent.expires_ts - now
    said = Again(
        intent.instrument, intent.action, intent.side, intent.price, intent.fair, intent.qty, intent.type,
        intent.time_in_force, intent.post_only, life, intent.scores, intent.order_id,
    )  # fmt: skip
    return Idea(books, seen, now, intent.strategy, said)


class Answered(NamedTuple):
    """The checks, and the quote that they rest on."""

    checks: list[tuple[str, bool, int | None, int | None]]
    quote: tuple[Any, ...] | None


def _size(books: Books, idea: Idea) -> Size:
    """The size that was recorded, whatever the caps would leave now."""
    proposal, market = idea.proposal, idea.market
    if not idea.size.loss:
        return idea.size
    side, price, qty = proposal.side, proposal.price, proposal.qty_max
    edge = _edge(idea, price)
    cap = risk_cap(books, market, proposal)
    return Size(qty, most_fee(market, side, price, qty), most_lost(market, side, price, qty), edge, cap)


def _edge(idea: Idea, price: int) -> int | None:
    fair, qty = idea.proposal.fair, idea.proposal.qty_max
    if fair is None:
        return None
    gain = fair - price if idea.side == "buy" else price - fair
    return gain - up(fee_of(idea.market, idea.side, price, qty) * ONE, qty)


def _own(idea: Idea, intent: Any, looked: Looked) -> list[tuple[str, bool, int | None, int | None]]:
    limits, now = idea.limits, to_deal_at(idea.quote, idea.side)
    takes = _takes(intent, looked.price)
    answers: list[tuple[str, Answer]] = [("skipped_price_missing", _price(idea, looked, now, takes=takes))]
    answers.append(("skipped_drift", _drift(idea, looked.price, now)))
    if limits.slippage_max < ONE:
        answers.append(("skipped_slippage", _slippage(idea, now) if takes else (True, None, None)))
    if limits.look_edge_min > 0:
        answers.append(("skipped_edge", _least(idea, now if takes else idea.proposal.price)))
    answers.append(("skipped_terms", at_most(idea.size.loss or 0, intent.worst_loss)))
    return [(code, *answer) for code, answer in answers]


def _takes(intent: Any, before: int | None) -> bool:
    """Whether it was to deal at once when it was judged, or may do nothing else."""
    if intent.post_only:
        return False
    reaches = before is not None and cost_of(intent.side, intent.price) >= cost_of(intent.side, before)
    return reaches or intent.time_in_force in ("ioc", "fok")


def _price(idea: Idea, looked: Looked, now: int | None, *, takes: bool) -> Answer:
    if idea.seen.proven_ts(idea.name) < looked.ts:
        return False, None, None
    needed = takes or looked.price is not None
    return now is not None or not needed, now, looked.price


def _drift(idea: Idea, before: int | None, now: int | None) -> Answer:
    if before is None and now is None:
        return True, None, None
    allowed = idea.limits.drift_max
    most = allowed.amount
    if allowed.unit == "bps":
        most = 0 if before is None else down(cost_of(idea.side, before) * allowed.amount, 10_000)
    return (False, None, most) if before is None or now is None else at_most(abs(now - before), most)


def _slippage(idea: Idea, now: int | None) -> Answer:
    most = idea.limits.slippage_max
    if now is None:
        return False, None, most
    return at_most(max(0, cost_of(idea.side, now) - cost_of(idea.side, idea.proposal.price)), most)


def _least(idea: Idea, price: int | None) -> Answer:
    measured, least = None if price is None else _edge(idea, price), idea.limits.look_edge_min
    return measured is not None and measured >= least, measured, least

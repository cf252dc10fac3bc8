"""Is the market still what the idea was judged on: asked of a fresh quote, at the last look before a release.

The price to deal at is the ask for who buys and the bid for who sells, which is buying NO. An order *deals at once*
when it could not do otherwise (immediate or cancel, fill or kill, market) or when its limit reached that price when it
was judged. Any other order waits at its own limit: there is no price that it must find, so nothing slips and its edge
is that of its limit; but what happens beside it counts as drift all the same.
"""

from assent.desk.candidate import Candidate, edge_at
from assent.desk.state import Look
from assent.model.constitution import Drift
from assent.model.instruments import BinaryContract, Instrument
from assent.model.intents import Check, QuoteTaken
from assent.model.orders import Side
from assent.model.units import MICRO, share_down

BPS = 10_000


def dealt_at(quote: QuoteTaken | None, side: Side) -> int | None:
    """The price at which an order on this side could deal at once; None where nobody stands."""
    if quote is None:
        return None
    return quote.ask if side == "buy" else quote.bid


def deals_at_once(look: Look) -> bool:
    intent, before = look.intent, look.price
    if intent.post_only or intent.type in ("stop", "stop_limit"):
        return False
    if intent.type == "market" or intent.time_in_force in ("ioc", "fok"):
        return True
    return before is not None and (intent.price >= before if intent.side == "buy" else intent.price <= before)


def price_missing(candidate: Candidate) -> Check:
    """A price from after the question; only who waits, and had nobody to deal with before either, can do without."""
    look, quote = candidate.look, candidate.quote
    if look is None or quote is None or quote.proven_ts < look.asked_ts:
        return Check("skipped_price_missing", False)
    price = dealt_at(quote, candidate.side)
    needed = deals_at_once(look) or look.price is not None
    return Check("skipped_price_missing", price is not None or not needed, price, look.price)


def drift(candidate: Candidate) -> Check:
    """Either way: a price that came towards us may have come for a reason. One that cannot be compared went too far."""
    look, seal, market = candidate.look, candidate.state.seal, candidate.market
    if look is None or seal is None or market is None:
        return Check("skipped_drift", False)
    before, after = look.price, dealt_at(candidate.quote, candidate.side)
    limit = _drift_max(seal.constitution.drift_max, market.instrument, candidate.side, before)
    if limit is None or (before is None and after is None):
        return Check("skipped_drift", True)
    if before is None or after is None:
        return Check("skipped_drift", False, None, limit)
    return Check("skipped_drift", abs(after - before) <= limit, abs(after - before), limit)


def slippage(candidate: Candidate) -> Check:
    """How far the price to deal at lies beyond the limit. Such an order cannot do harm, but it cannot deal either."""
    look, seal = candidate.look, candidate.state.seal
    if look is None or seal is None:
        return Check("skipped_slippage", False)
    if not deals_at_once(look):
        return Check("skipped_slippage", True)
    price, limit = dealt_at(candidate.quote, candidate.side), seal.constitution.slippage_max
    if price is None:
        return Check("skipped_slippage", False, None, limit)
    beyond = price - candidate.price if candidate.side == "buy" else candidate.price - price
    return Check("skipped_slippage", beyond <= limit, max(0, beyond), limit)


def edge(candidate: Candidate) -> Check:
    """What a contract promises at the price that it would really cost."""
    look, seal, market = candidate.look, candidate.state.seal, candidate.market
    if look is None or seal is None or market is None:
        return Check("skipped_edge", False)
    limit, price = seal.constitution.look_edge_min, candidate.price
    if deals_at_once(look):
        found = dealt_at(candidate.quote, candidate.side)
        if found is None:
            return Check("skipped_edge", False, None, limit)
        price = found
    measured = edge_at(candidate, market.instrument, price, look.intent.qty)
    return Check("skipped_edge", measured is not None and measured >= limit, measured, limit)


def terms(candidate: Candidate) -> Check:
    """What was assented to named a worst loss; other fees, or another position, must not have made it larger."""
    look, loss = candidate.look, candidate.worst_loss
    if look is None or loss is None:
        return Check("skipped_terms", False)
    return Check("skipped_terms", loss <= look.intent.worst_loss, loss, look.intent.worst_loss)


def _drift_max(allowed: Drift, instrument: Instrument, side: Side, before: int | None) -> int | None:
    """The limit as a move of the price, rounded down; None where it says nothing. Basis points are of what a contract
    costs us, so that YES and NO are measured alike; dollars are chances, which the price of a future is not."""
    binary = type(instrument) is BinaryContract
    if allowed.unit == "price":
        return allowed.amount if binary else None
    cost = None if before is None else MICRO - before if binary and side == "sell" else before
    return 0 if cost is None else share_down(allowed.amount, BPS, cost)

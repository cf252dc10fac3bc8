"""Is this a price to open at: inside the band, in a market that is as tight as it usually is, worth its cost."""

from assent.desk import exposure, norms
from assent.desk.candidate import Candidate
from assent.model.instruments import BinaryContract
from assent.model.intents import Check
from assent.model.units import MICRO, share_down, share_up


def price_band(candidate: Candidate) -> Check:
    """A band of chances: a future's price is none."""
    market = candidate.market
    if not candidate.opens or (market is not None and type(market.instrument) is not BinaryContract):
        return Check("price_band", True)
    seal, price = candidate.state.seal, candidate.price
    if seal is None:
        return Check("price_band", False)
    low, high = seal.constitution.price_min, seal.constitution.price_max
    return Check("price_band", low <= price <= high, price, low if price < low else high)


def favourite(candidate: Candidate) -> Check:
    """A side that costs no more than what the favourite leaves is a bet against it. Shown is the edge."""
    seal, market = candidate.state.seal, candidate.market
    if not candidate.opens or (market is not None and type(market.instrument) is not BinaryContract):
        return Check("favourite", True)
    if seal is None:
        return Check("favourite", False)
    limits, edge = seal.constitution, candidate.edge
    cost = candidate.price if candidate.side == "buy" else MICRO - candidate.price
    least = limits.favourite_edge_min
    if cost > MICRO - limits.favourite_from:
        return Check("favourite", True, edge, least)
    sure_from, confidence = limits.favourite_confidence_min, candidate.score("confidence") or 0
    sure = not sure_from or sure_from <= confidence <= MICRO
    return Check("favourite", sure and edge is not None and edge >= least, edge, least)


def spread(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("spread", True)
    seal, wide = candidate.state.seal, _spread(candidate)
    if seal is None:
        return Check("spread", False)
    limit = seal.constitution.spread_max
    return Check("spread", wide is not None and wide <= limit, wide, limit)


def spread_norm(candidate: Candidate) -> Check:
    """Against this market's own norm. Until enough cycles were seen there is none, and that refuses."""
    if not candidate.opens:
        return Check("spread_norm", True)
    seal, market, wide = candidate.state.seal, candidate.market, _spread(candidate)
    if seal is None or market is None:
        return Check("spread_norm", False)
    limit, norm = seal.constitution.spread_ratio_max, norms.normal_spread(market)
    if wide is None or not norm:
        return Check("spread_norm", False, None, limit)
    ratio = share_up(wide, norm, MICRO)
    return Check("spread_norm", ratio <= limit, ratio, limit)


def ev(candidate: Candidate) -> Check:
    """The edge as a part of what one contract of the bought side costs, or of a future's notional."""
    if not candidate.opens:
        return Check("ev", True)
    seal, market, edge = candidate.state.seal, candidate.market, candidate.edge
    if seal is None or market is None or edge is None:
        return Check("ev", False)
    cost = exposure.notional(market.instrument, candidate.side, candidate.price, MICRO)
    measured = share_down(edge, cost, MICRO)
    limit = seal.constitution.ev_min
    return Check("ev", measured >= limit, measured, limit)


def _spread(candidate: Candidate) -> int | None:
    """None where a side is missing, and where only bars come: their close says nothing of the gap."""
    quote = candidate.quote
    if quote is None or quote.ask is None or quote.bid is None or quote.ask <= quote.bid:
        return None
    return quote.ask - quote.bid

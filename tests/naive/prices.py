"""Rules about one order: its price, what it promises, how much of it there is."""

from tests.naive.arithmetic import ONE, cost_of, down, up
from tests.naive.idea import UNJUDGED, Answer, Idea, at_least, at_most


def price_band(idea: Idea) -> Answer:
    price, low, high = idea.proposal.price, idea.limits.price_min, idea.limits.price_max
    return low <= price <= high, price, low if price < low else high


def spread(idea: Idea) -> Answer:
    wide = idea.seen.spread(idea.name) if idea.quote is not None else None
    return wide is not None and wide <= idea.limits.spread_max, wide, idea.limits.spread_max


def spread_norm(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    wide, usual, limit = idea.seen.spread(idea.name), idea.seen.usual_spread(idea.name), idea.limits.spread_ratio_max
    return (False, None, limit) if wide is None or not usual else at_most(up(wide * ONE, usual), limit)


def favourite(idea: Idea) -> Answer:
    limits, edge, least = idea.limits, idea.size.edge, idea.limits.favourite_edge_min
    if cost_of(idea.side, idea.proposal.price) > ONE - limits.favourite_from:
        return True, edge, least
    sure, asked = idea.score("confidence") or 0, limits.favourite_confidence_min
    return edge is not None and edge >= least and (not asked or asked <= sure <= ONE), edge, least


def edge(idea: Idea) -> Answer:
    return UNJUDGED if idea.size.edge is None else at_least(idea.size.edge, idea.limits.edge_min)


def ev(idea: Idea) -> Answer:
    if idea.size.edge is None:
        return UNJUDGED
    return at_least(down(idea.size.edge * ONE, cost_of(idea.side, idea.proposal.price)), idea.limits.ev_min)


def risk_per_trade(idea: Idea) -> Answer:
    size = idea.size
    if size.loss is None or size.cap is None:
        return UNJUDGED
    return size.loss <= size.cap and (size.qty > 0 or size.cut != ""), size.loss, size.cap


def order_qty(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    limit = idea.limits.order_qty_max
    return idea.judged <= limit and idea.size.cut != "order_qty", idea.judged, limit


def order_notional(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    limit = idea.limits.order_notional_max
    return idea.worth <= limit and idea.size.cut != "order_notional", idea.worth, limit

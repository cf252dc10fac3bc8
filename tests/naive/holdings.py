"""Rules about everything that is held or on its way together: positions, exposures, cash."""

from tests.naive.arithmetic import ONE, down, worth_of
from tests.naive.idea import UNJUDGED, Answer, Idea, at_least, at_most


def duplicate(idea: Idea) -> Answer:
    there = idea.books.held_on(idea.name, idea.side).qty > 0 or bool(idea.entries(idea.name))
    return not there, int(there), 0


def overlap(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    beside = 0
    for name in idea.books.busy():
        other = idea.books.listed[name]
        if name != idea.name and other.event == idea.market.event:
            beside += idea.books.held_on(name, idea.side).qty > 0 or bool(idea.entries(name))
    return at_most(beside, 0)


def position_qty(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    held = idea.books.held_on(idea.name, idea.side).qty
    coming = sum(order.rest for order in idea.entries(idea.name))
    return at_most(held + coming + idea.judged, idea.limits.position_qty_max)


def position_notional(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    held = idea.books.held_on(idea.name, idea.side)
    coming = sum(worth_of(idea.side, order.terms.price, order.rest) for order in idea.entries(idea.name))
    return at_most(held.paid * (held.qty > 0) + coming + idea.worth, idea.limits.position_notional_max)


def open_positions(idea: Idea) -> Answer:
    entered = {order.terms.instrument for order in idea.books.open_orders() if order.intent.action == "open"}
    return at_most(len({*idea.books.positions(), *entered, idea.name}), idea.limits.open_positions_max)


def market_exposure(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    return at_most(idea.books.exposure(idea.name) + idea.size.loss, idea.limits.market_exposure_max)


def event_exposure(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    market, books = idea.market, idea.books
    group = market.exclusive_group
    if market.series not in idea.limits.trust_exclusive or not group:
        measured = books.total(lambda other: other.event == market.event) + idea.size.loss
        return at_most(measured, idea.limits.event_exposure_max)
    others = [name for name in books.busy() if books.listed[name].event == market.event]
    members = [name for name in others if books.listed[name].exclusive_group == group]
    outside = sum(books.exposure(name) for name in others if name not in members)
    losses = [0]
    for winner in (None, *{*members, idea.name}):
        brought = sum(books.worst_at(name, ONE if name == winner else 0) for name in members)
        losses.append(-brought - min(0, _result(idea, ONE if idea.name == winner else 0)))
    return at_most(outside + max(losses), idea.limits.event_exposure_max)


def _result(idea: Idea, payout: int) -> int:
    """What the idea brings when its YES pays this."""
    won = payout if idea.side == "buy" else ONE - payout
    return down(won * idea.judged, ONE) - (idea.size.loss or 0)


def series_exposure(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    measured = idea.books.total(lambda other: other.series == idea.market.series) + idea.size.loss
    return at_most(measured, idea.limits.series_exposure_max)


def theme_exposure(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    series = idea.market.series
    themes = [theme.series for theme in idea.limits.themes if series in theme.series] or [(series,)]
    at_stake = [idea.books.total(lambda other, named=theme: other.series in named) for theme in themes]
    return at_most(max(at_stake) + idea.size.loss, idea.limits.theme_exposure_max)


def total_exposure(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    return at_most(idea.books.total() + idea.size.loss, idea.limits.total_exposure_max)


def funds(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    return at_most(idea.size.loss, idea.books.cash - idea.books.reserved())


def buying_power(idea: Idea) -> Answer:
    if idea.size.loss is None:
        return UNJUDGED
    return at_least(idea.books.cash - idea.books.reserved() - idea.size.loss, idea.limits.buying_power_min)

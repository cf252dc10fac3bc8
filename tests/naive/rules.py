"""Every rule again, in its own words: what it measures, its limit, and whether an idea may pass.

`RULES` is the one table of codes; a rule that changes its name or comes new is one line here. Each function answers
with whether the idea passes, what was measured and the limit; `UNJUDGED` where there is nothing to measure with.
"""

from collections.abc import Callable

from tests.naive import periods
from tests.naive.arithmetic import ONE, cost_of, down, on_grid, up, worth_of
from tests.naive.books import HOUR, Placed
from tests.naive.idea import UNJUDGED, Answer, Idea, at_least, at_most

# What each level forbids: reducing forbids entries, halted all but cancels, locked everything.
FORBIDDEN = {
    0: frozenset(), 1: frozenset(("open",)), 2: frozenset(("open", "close", "claim")),
    3: frozenset(("open", "close", "claim", "cancel")),
}  # fmt: skip


def judge(idea: Idea) -> list[tuple[str, bool, int | None, int | None]]:
    """All rules in force, in their order."""
    usual = type(idea.limits)()
    answers = []
    for code, rule, concerns, keys in RULES:
        if keys and all(getattr(idea.limits, key) == getattr(usual, key) for key in keys):
            continue
        answers.append((code, *(rule(idea) if idea.action in concerns else (True, None, None))))
    return answers


def gives_way(idea: Idea, failing: tuple[str, ...]) -> Placed | None:
    """The strategy's own order that is taken off for this refused idea: the only one, resting, far enough in price,
    and in the way of nothing but itself."""
    step = idea.limits.supersede_step_min
    if idea.action != "open" or step >= ONE or "one_open_intent" not in failing:
        return None
    own = [
        order
        for order in idea.books.open_orders(idea.name)
        if order.intent.strategy == idea.strategy and order.intent.action == "open"
    ]
    if len(own) != 1 or own[0].terms.side != idea.side or abs(own[0].terms.price - idea.proposal.price) < step:
        return None
    older = own[0]
    if not (older.known and older.may_be_cancelled and older.may_ask_cancel(idea.now)):
        return None
    alone = Idea(idea.books.without(older), idea.seen, idea.now, idea.strategy, idea.proposal)
    return older if all(ok for _, ok, *_ in judge(alone)) else None


# --- permission, scope, quality -------------------------------------------------------------------------------------


def mode(idea: Idea) -> Answer:
    return idea.books.mode in ("paper", "dry-run", "live"), None, None


def level(idea: Idea) -> Answer:
    most = max(number for number, actions in FORBIDDEN.items() if idea.action not in actions)
    return at_most(idea.books.level, most)


def strategy_stopped(idea: Idea) -> Answer:
    return idea.strategy not in idea.books.stopped, None, None


def books_matched(idea: Idea) -> Answer:
    return idea.books.matched > idea.books.started, None, None


def hold(idea: Idea) -> Answer:
    return not idea.proposal.hold, None, None


def scope(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    limits, market = idea.limits, idea.market
    return market.id in limits.markets or market.event in limits.events or market.series in limits.series, None, None


def market_open(idea: Idea) -> Answer:
    is_open = idea.market is not None and idea.seen.phases.get(idea.name) == "open"
    return is_open and idea.name not in idea.books.ended and idea.now < idea.market.close_ts, None, None


def quote_proof(idea: Idea) -> Answer:
    if idea.quote is None:
        return UNJUDGED
    age, limit = idea.now - idea.seen.proven_ts(idea.name), idea.limits.quote_proof_age_max
    return 0 <= age <= limit, age, limit


def order_form(idea: Idea) -> Answer:
    proposal, books = idea.proposal, idea.books
    if idea.action == "claim":
        return UNJUDGED
    if idea.action == "cancel":
        order = books.orders.get(proposal.order_id or "")
        return order is not None and order.may_be_cancelled and order.intent.strategy == idea.strategy, None, None
    life = proposal.life_ns
    fits = (
        idea.market is not None
        and on_grid(idea.market, proposal.price)
        and (life is None or (life > 0 and proposal.time_in_force == "gtc"))
        and (proposal.qty_max is None or proposal.qty_max > 0)
        and not (proposal.post_only and proposal.time_in_force in ("ioc", "fok"))
        and proposal.type == "limit"
        and not proposal.protective
    )
    if idea.action == "close":
        return fits and idea.size.qty > 0, None, None
    held = books.held(idea.name)
    against = held * (1 if idea.side == "buy" else -1) < 0
    leaving = any(order.intent.action == "close" for order in books.open_orders(idea.name))
    return fits and not (against and leaving), None, None


def one_open_intent(idea: Idea) -> Answer:
    if idea.action == "cancel":
        order = idea.books.orders.get(idea.proposal.order_id or "")
        waits = order is not None and order.rest > 0 and not order.may_ask_cancel(idea.now)
        return at_most(1 + waits, 1)
    mine = [
        order
        for order in idea.books.open_orders(idea.name)
        if (order.intent.strategy, order.intent.action) == (idea.strategy, idea.action)
    ]
    return at_most(len(mine) + 1, 1)


def confidence(idea: Idea) -> Answer:
    score, least = idea.score("confidence"), idea.limits.confidence_min
    return score is not None and least <= score <= ONE, score, least


def scores(idea: Idea) -> Answer:
    answer: Answer = (True, None, None)
    for asked in idea.limits.scores_min:
        score = idea.score(asked.name)
        answer = score is not None and asked.ppm <= score <= ONE, score, asked.ppm
        if not answer[0]:
            break
    return answer


# --- losses ---------------------------------------------------------------------------------------------------------


def capital(idea: Idea) -> Answer:
    equity = idea.books.equity()
    return UNJUDGED if equity is None else at_least(equity, idea.limits.capital_min)


def loss_of(number: int) -> Callable[[Idea], Answer]:
    name, _, amount_key, part_key = periods.PERIODS[number]

    def rule(idea: Idea) -> Answer:
        lost = periods.lost_in(idea.books, name, idea.now)
        if lost is None or idea.size.loss is None:
            return UNJUDGED
        limit = periods.may_lose(idea.limits, amount_key, part_key, lost[1])
        risked = max(0, lost[0]) + idea.size.loss
        return lost[0] < limit and risked <= limit, risked, limit

    return rule


def streak(idea: Idea) -> Answer:
    return idea.books.streak < idea.limits.losing_streak_max, idea.books.streak, idea.limits.losing_streak_max


def cool_down(idea: Idea) -> Answer:
    lost = idea.books.lost_ts
    return (True, None, None) if lost is None else at_least(idea.now - lost, idea.limits.cool_down_min)


# --- prices ---------------------------------------------------------------------------------------------------------


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


# --- sizes ----------------------------------------------------------------------------------------------------------


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


def for_futures_alone(_idea: Idea) -> Answer:
    """These worlds hold binary contracts only, which no rule for futures concerns."""
    return True, None, None


# --- holdings and exposures -----------------------------------------------------------------------------------------


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


# --- pace -----------------------------------------------------------------------------------------------------------


def orders_per_cycle(idea: Idea) -> Answer:
    return at_most(len(idea.releases(idea.limits.cycle_length)) + 1, idea.limits.orders_per_cycle_max)


def notional_per_cycle(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    spent = sum(worth for _, _, worth, _ in idea.releases(idea.limits.cycle_length))
    return at_most(spent + idea.worth, idea.limits.notional_per_cycle_max)


def orders_per_day(idea: Idea) -> Answer:
    return at_most(len(idea.releases_today()) + 1, idea.limits.orders_per_day_max)


def notional_per_day(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    spent = sum(worth for _, _, worth, _ in idea.releases_today())
    return at_most(spent + idea.worth, idea.limits.notional_per_day_max)


def trades_per_market(idea: Idea) -> Answer:
    entries = [1 for _, name, _, entry in idea.releases_today() if entry and name == idea.name]
    return at_most(len(entries) + 1, idea.limits.trades_per_market_day_max)


def entries_per_hour(idea: Idea) -> Answer:
    return at_most(sum(entry for *_, entry in idea.releases(HOUR)) + 1, idea.limits.entries_per_hour_max)


def entry_gap(idea: Idea) -> Answer:
    last = max((ts for ts, _, _, entry in idea.books.releases if entry), default=None)
    return (True, None, None) if last is None else at_least(idea.now - last, idea.limits.entry_gap_min)


ANY = ("open", "close", "cancel", "claim")
TRADES = ("open", "close")
ENTRY = ("open",)
NOT_CANCEL = ("open", "close", "claim")
# Code, rule, the actions that it concerns, and the limits that put it in force; none where it always is.
RULES: tuple[tuple[str, Callable[[Idea], Answer], tuple[str, ...], tuple[str, ...]], ...] = (
    ("mode", mode, ANY, ()),
    ("level", level, ANY, ()),
    ("strategy_stopped", strategy_stopped, ANY, ()),
    ("books_matched", books_matched, ENTRY, ()),
    ("hold", hold, ENTRY, ()),
    ("scope", scope, ENTRY, ()),
    ("market_open", market_open, NOT_CANCEL, ()),
    ("quote_proof", quote_proof, TRADES, ()),
    ("order_form", order_form, ANY, ()),
    ("one_open_intent", one_open_intent, ANY, ()),
    ("capital", capital, ENTRY, ("capital_min",)),
    ("daily_loss_guard", loss_of(0), ENTRY, ("daily_loss_max", "daily_loss_fraction_max")),
    ("weekly_loss_exceeded", loss_of(1), ENTRY, ("weekly_loss_max", "weekly_loss_fraction_max")),
    ("monthly_loss_exceeded", loss_of(2), ENTRY, ("monthly_loss_max", "monthly_loss_fraction_max")),
    ("consecutive_loss_pause", streak, ENTRY, ("losing_streak_max",)),
    ("cooldown_active", cool_down, ENTRY, ("cool_down_min",)),
    ("price_band", price_band, ENTRY, ("price_min", "price_max")),
    ("spread", spread, ENTRY, ("spread_max",)),
    ("spread_norm", spread_norm, ENTRY, ("spread_ratio_max",)),
    ("confidence", confidence, ENTRY, ("confidence_min",)),
    ("scores", scores, ENTRY, ("scores_min",)),
    ("favourite", favourite, ENTRY, ("favourite_edge_min", "favourite_confidence_min")),
    ("edge", edge, ENTRY, ()),
    ("ev", ev, ENTRY, ("ev_min",)),
    ("risk_per_trade", risk_per_trade, ENTRY, ()),
    ("unprotected", for_futures_alone, ENTRY, ()),
    ("one_bracket", for_futures_alone, ENTRY, ()),
    ("order_qty", order_qty, ENTRY, ("order_qty_max",)),
    ("order_notional", order_notional, ENTRY, ("order_notional_max",)),
    ("duplicate", duplicate, ENTRY, ("one_entry_per_market",)),
    ("overlap", overlap, ENTRY, ("one_side_per_event",)),
    ("max_position_exceeded", position_qty, ENTRY, ("position_qty_max",)),
    ("position_notional", position_notional, ENTRY, ("position_notional_max",)),
    ("open_positions", open_positions, ENTRY, ()),
    ("market_exposure", market_exposure, ENTRY, ("market_exposure_max",)),
    ("event_exposure", event_exposure, ENTRY, ("event_exposure_max",)),
    ("series_exposure", series_exposure, ENTRY, ("series_exposure_max",)),
    ("theme_exposure", theme_exposure, ENTRY, ("theme_exposure_max",)),
    ("total_exposure", total_exposure, ENTRY, ()),
    ("max_orders_per_cycle_guard", orders_per_cycle, ENTRY, ("orders_per_cycle_max",)),
    ("max_notional_per_cycle_guard", notional_per_cycle, ENTRY, ("notional_per_cycle_max",)),
    ("orders_per_day", orders_per_day, ENTRY, ("orders_per_day_max",)),
    ("notional_per_day", notional_per_day, ENTRY, ("notional_per_day_max",)),
    ("max_trades_reached", trades_per_market, ENTRY, ("trades_per_market_day_max",)),
    ("entries_per_hour", entries_per_hour, ENTRY, ("entries_per_hour_max",)),
    ("entry_gap", entry_gap, ENTRY, ("entry_gap_min",)),
    ("funds", funds, ENTRY, ()),
    ("buying_power", buying_power, ENTRY, ("buying_power_min",)),
)

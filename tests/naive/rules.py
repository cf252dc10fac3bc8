"""Every rule again, in its own words: what it measures, its limit, and whether an idea may pass.

`RULES` is the one table of codes; a rule that changes its name or comes new is one line here. Each function answers
with whether the idea passes, what was measured and the limit; `UNJUDGED` where there is nothing to measure with. The
rules themselves stand in `permission`, `losses`, `prices`, `holdings` and `pace`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from tests.naive import halts, holdings, losses, pace, permission, prices
from tests.naive.arithmetic import ONE
from tests.naive.books import Placed
from tests.naive.idea import Answer, Idea


def judge(idea: Idea) -> list[tuple[str, bool, int | None, int | None]]:
    """All rules in force, in their order; and those that have to say no for a halt that stands."""
    off, wanted = switched_off(idea.limits), halts.wanted(idea.books)
    answers = []
    for code, rule, concerns, _ in RULES:
        if code in off and code not in wanted:
            continue
        answers.append((code, *(rule(idea) if idea.action in concerns else (True, None, None))))
    return answers


@lru_cache(maxsize=256)
def switched_off(limits: Any) -> frozenset[str]:
    """The rules whose limits are all as they are where nobody asks for one."""
    usual = type(limits)()
    return frozenset(
        code for code, _, _, keys in RULES if keys and all(getattr(limits, key) == getattr(usual, key) for key in keys)
    )


def gives_way(idea: Idea, failing: tuple[str, ...]) -> Placed | None:
    """The strategy's own order that is taken off for this refused idea: the only one, resting, far enough in price,
    and in the way of nothing but itself; none where people have to be asked before it cancels."""
    step = idea.limits.supersede_step_min
    if any(band.action == "cancel" and band.loss <= 0 for band in idea.limits.approvals):
        return None
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


def for_futures_alone(_idea: Idea) -> Answer:
    """These worlds hold binary contracts only, which no rule for futures concerns."""
    return True, None, None


ANY = ("open", "close", "cancel", "claim")
TRADES = ("open", "close")
ENTRY = ("open",)
NOT_CANCEL = ("open", "close", "claim")
# Code, rule, the actions that it concerns, and the limits that put it in force; none where it always is.
RULES: tuple[tuple[str, Callable[[Idea], Answer], tuple[str, ...], tuple[str, ...]], ...] = (
    ("kill_switch_guard", permission.kill_switch, ANY, ()),
    ("mode", permission.mode, ANY, ()),
    ("level", permission.level, ANY, ()),
    ("strategy_stopped", permission.strategy_stopped, ANY, ()),
    ("books_matched", permission.books_matched, ENTRY, ()),
    ("hold", permission.hold, ENTRY, ()),
    ("scope", permission.scope, ENTRY, ()),
    ("market_open", permission.market_open, NOT_CANCEL, ()),
    ("quote_proof", permission.quote_proof, TRADES, ()),
    ("order_form", permission.order_form, ANY, ()),
    ("one_open_intent", permission.one_open_intent, ANY, ()),
    ("capital", losses.capital, ENTRY, ("capital_min",)),
    ("cooldown_active", losses.cool_down, ENTRY, ("cool_down_min",)),
    ("daily_loss_guard", losses.daily, ENTRY, ("daily_loss_max", "daily_loss_fraction_max")),
    ("weekly_loss_exceeded", losses.weekly, ENTRY, ("weekly_loss_max", "weekly_loss_fraction_max")),
    ("monthly_loss_exceeded", losses.monthly, ENTRY, ("monthly_loss_max", "monthly_loss_fraction_max")),
    ("consecutive_loss_pause", losses.streak, ENTRY, ("losing_streak_max",)),
    ("price_band", prices.price_band, ENTRY, ("price_min", "price_max")),
    ("spread", prices.spread, ENTRY, ("spread_max",)),
    ("spread_norm", prices.spread_norm, ENTRY, ("spread_ratio_max",)),
    ("confidence", permission.confidence, ENTRY, ("confidence_min",)),
    ("scores", permission.scores, ENTRY, ("scores_min",)),
    ("favourite", prices.favourite, ENTRY, ("favourite_edge_min", "favourite_confidence_min")),
    ("edge", prices.edge, ENTRY, ()),
    ("ev", prices.ev, ENTRY, ("ev_min",)),
    ("risk_per_trade", prices.risk_per_trade, ENTRY, ()),
    ("stop_missing", for_futures_alone, ENTRY, ()),
    ("one_bracket", for_futures_alone, ENTRY, ()),
    ("order_qty", prices.order_qty, ENTRY, ("order_qty_max",)),
    ("order_notional", prices.order_notional, ENTRY, ("order_notional_max",)),
    ("duplicate", holdings.duplicate, ENTRY, ("one_entry_per_market",)),
    ("overlap", holdings.overlap, ENTRY, ("one_side_per_event",)),
    ("max_position_exceeded", holdings.position_qty, ENTRY, ("position_qty_max",)),
    ("position_notional", holdings.position_notional, ENTRY, ("position_notional_max",)),
    ("open_positions", holdings.open_positions, ENTRY, ()),
    ("market_exposure", holdings.market_exposure, ENTRY, ("market_exposure_max",)),
    ("event_exposure", holdings.event_exposure, ENTRY, ("event_exposure_max",)),
    ("series_exposure", holdings.series_exposure, ENTRY, ("series_exposure_max",)),
    ("theme_exposure", holdings.theme_exposure, ENTRY, ("theme_exposure_max",)),
    ("total_exposure", holdings.total_exposure, ENTRY, ()),
    ("max_orders_per_cycle_guard", pace.orders_per_cycle, ENTRY, ("orders_per_cycle_max",)),
    ("max_notional_per_cycle_guard", pace.notional_per_cycle, ENTRY, ("notional_per_cycle_max",)),
    ("orders_per_day", pace.orders_per_day, ENTRY, ("orders_per_day_max",)),
    ("notional_per_day", pace.notional_per_day, ENTRY, ("notional_per_day_max",)),
    ("max_trades_reached", pace.trades_per_market, ENTRY, ("trades_per_market_day_max",)),
    ("entries_per_hour", pace.entries_per_hour, ENTRY, ("entries_per_hour_max",)),
    ("entry_gap", pace.entry_gap, ENTRY, ("entry_gap_min",)),
    ("funds", holdings.funds, ENTRY, ()),
    ("buying_power", holdings.buying_power, ENTRY, ("buying_power_min",)),
)

"""The rules, by family, in the order that decides which reason is the primary one, and which of them are in force.

A rule is a function from a candidate to a check: (ok, what it measured, the limit). A rule that does not concern an
action says so by an `ok` without a limit. To add one: write it in its family, put it into `RULES` where its reason
belongs, and register its code in `model/reasons.py`. A rule whose limits may be off stands in `LIMITS_OF` with them:
while all of them are off it is not part of this desk's house, does not run and leaves no check, unless a halt stands
that it has to say no for.

Of the order four places are promised: the kill switch, the cool-down, the daily loss, then the caps of a cycle.
"""

from collections.abc import Callable

from assent.desk.candidate import Candidate
from assent.desk.rules import (
    exposure,
    holding,
    last_look,
    loss,
    pace,
    permission,
    price,
    protection,
    quality,
    scope,
    size,
)
from assent.desk.state import State
from assent.model.constitution import Constitution, in_use
from assent.model.intents import Check
from assent.model.levels import CAUSES

Rule = Callable[[Candidate], Check]

RULES: tuple[tuple[str, Rule], ...] = (
    ("kill_switch_guard", permission.kill_switch),
    ("mode", permission.mode),
    ("level", permission.level),
    ("strategy_stopped", permission.strategy_stopped),
    ("books_matched", permission.books_matched),
    ("hold", permission.hold),
    ("scope", scope.scope),
    ("market_open", quality.market_open),
    ("quote_proof", quality.quote_proof),
    ("order_form", size.order_form),
    ("one_open_intent", exposure.one_open_intent),
    ("capital", loss.capital),
    ("cooldown_active", loss.cool_down),
    ("daily_loss_guard", loss.daily_loss),
    ("weekly_loss_exceeded", loss.weekly_loss),
    ("monthly_loss_exceeded", loss.monthly_loss),
    ("consecutive_loss_pause", loss.losing_streak),
    ("price_band", price.price_band),
    ("spread", price.spread),
    ("spread_norm", price.spread_norm),
    ("confidence", quality.confidence),
    ("scores", quality.scores),
    ("favourite", price.favourite),
    ("edge", quality.edge),
    ("ev", price.ev),
    ("risk_per_trade", size.risk_per_trade),
    ("stop_missing", protection.stop_missing),
    ("one_bracket", protection.one_bracket),
    ("order_qty", size.order_qty),
    ("order_notional", size.order_notional),
    ("duplicate", holding.duplicate),
    ("overlap", holding.overlap),
    ("max_position_exceeded", holding.position_qty),
    ("position_notional", holding.position_notional),
    ("open_positions", exposure.open_positions),
    ("market_exposure", exposure.market_exposure),
    ("event_exposure", exposure.event_exposure),
    ("series_exposure", exposure.series_exposure),
    ("theme_exposure", exposure.theme_exposure),
    ("total_exposure", exposure.total_exposure),
    ("max_orders_per_cycle_guard", pace.orders_per_cycle),
    ("max_notional_per_cycle_guard", pace.notional_per_cycle),
    ("orders_per_day", pace.orders_per_day),
    ("notional_per_day", pace.notional_per_day),
    ("max_trades_reached", pace.trades_per_market),
    ("entries_per_hour", pace.entries_per_hour),
    ("entry_gap", pace.entry_gap),
    ("funds", exposure.funds),
    ("buying_power", exposure.buying_power),
)

# At a last look these run as well, right after the one that asks whether the quote is proven.
LOOK_RULES: tuple[tuple[str, Rule], ...] = (
    ("skipped_price_missing", last_look.price_missing),
    ("skipped_drift", last_look.drift),
    ("skipped_slippage", last_look.slippage),
    ("skipped_edge", last_look.edge),
    ("skipped_terms", last_look.terms),
)

LOOK_LIMITS_OF: dict[str, tuple[str, ...]] = {
    "skipped_slippage": ("slippage_max",),
    "skipped_edge": ("look_edge_min",),
}

# Rules that may be off, with the limits that put them in force.
LIMITS_OF: dict[str, tuple[str, ...]] = {
    "capital": ("capital_min",),
    "cooldown_active": ("cool_down_min",),
    "daily_loss_guard": ("daily_loss_max", "daily_loss_fraction_max"),
    "weekly_loss_exceeded": ("weekly_loss_max", "weekly_loss_fraction_max"),
    "monthly_loss_exceeded": ("monthly_loss_max", "monthly_loss_fraction_max"),
    "consecutive_loss_pause": ("losing_streak_max",),
    "price_band": ("price_min", "price_max"),
    "spread": ("spread_max",),
    "spread_norm": ("spread_ratio_max",),
    "confidence": ("confidence_min",),
    "scores": ("scores_min",),
    "favourite": ("favourite_edge_min", "favourite_confidence_min"),
    "ev": ("ev_min",),
    "order_qty": ("order_qty_max",),
    "order_notional": ("order_notional_max",),
    "duplicate": ("one_entry_per_market",),
    "overlap": ("one_side_per_event",),
    "max_position_exceeded": ("position_qty_max",),
    "position_notional": ("position_notional_max",),
    "market_exposure": ("market_exposure_max",),
    "event_exposure": ("event_exposure_max",),
    "series_exposure": ("series_exposure_max",),
    "theme_exposure": ("theme_exposure_max",),
    "max_orders_per_cycle_guard": ("orders_per_cycle_max",),
    "max_notional_per_cycle_guard": ("notional_per_cycle_max",),
    "orders_per_day": ("orders_per_day_max",),
    "notional_per_day": ("notional_per_day_max",),
    "max_trades_reached": ("trades_per_market_day_max",),
    "entries_per_hour": ("entries_per_hour_max",),
    "entry_gap": ("entry_gap_min",),
    "buying_power": ("buying_power_min",),
}

Table = tuple[tuple[str, Rule], ...]


def with_halts(house: Table, state: State, table: Table = RULES) -> Table:
    """The house, with the rules of the table that must say no for a halt that stands."""
    wanted = {CAUSES[cause].rule for cause in state.halts}.union(code for code, _ in house)
    return house if len(wanted) == len(house) else tuple(row for row in table if row[0] in wanted)


def with_look(house: Table, constitution: Constitution) -> Table:
    """The house as it stands at a last look."""
    place = next(index for index, (code, _) in enumerate(house) if code == "quote_proof") + 1
    added = tuple(
        (code, rule)
        for code, rule in LOOK_RULES
        if code not in LOOK_LIMITS_OF or in_use(constitution, LOOK_LIMITS_OF[code])
    )
    return (*house[:place], *added, *house[place:])


class _Kept:
    """The last answer of `in_force`: a desk asks for each idea, and its constitution hardly ever changes."""

    constitution: Constitution | None = None
    table: Table = ()
    answer: Table = ()


def in_force(constitution: Constitution, table: Table = RULES) -> Table:
    """The rules of the table that this constitution has not left off, in the table's order."""
    if _Kept.constitution is constitution and _Kept.table is table:
        return _Kept.answer
    answer = tuple(
        (code, rule) for code, rule in table if code not in LIMITS_OF or in_use(constitution, LIMITS_OF[code])
    )
    _Kept.constitution, _Kept.table, _Kept.answer = constitution, table, answer
    return answer

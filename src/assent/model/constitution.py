"""The owner's limits as one table. The loader, the gate, the documentation and `doctor` all read this table.

Every entry says which direction is tighter. An optional limit is off at its loosest value, which is its default: so
"off" is a place on the same scale, and tightening can be judged for it as for any other value. The values are sealed
with their digest into the ledger's first record.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from assent.model.intents import Score
from assent.model.policy import AUTO_NEVER, Band, Person
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND

Direction = Literal["lower", "higher", "fewer", "more"]
Kind = Literal[
    "money", "price", "qty", "ppm", "count", "duration", "flag", "names", "scores", "themes", "tiers", "drift",
    "bands", "people",
]  # fmt: skip

# Kinds whose value is not one number.
LISTS: frozenset[Kind] = frozenset(("names", "scores", "themes", "tiers", "drift", "bands", "people"))
# Beyond what this software is for: a limit that stands here is off.
MONEY_MOST = 10_000_000 * MICRO
QTY_MOST = 10_000_000 * MICRO
RATIO_MOST = 1_000 * MICRO
COUNT_MOST = 1_000_000
# From this step on a resting order never gives way to a newer idea.
SUPERSEDE_NEVER = MICRO
# The desk remembers so many releases one by one, and no more.
RELEASES_MOST = 1_000


class Tier(msgspec.Struct, frozen=True, array_like=True):
    """While the account is worth less than `below`, a trade may lose no more than `risk_max`."""

    below: int
    risk_max: int


class Drift(msgspec.Struct, frozen=True, array_like=True):
    """How far a price may have moved: so many micros, or so many basis points of what one contract costs."""

    amount: int
    unit: Literal["price", "bps"]


class Theme(msgspec.Struct, frozen=True, array_like=True):
    """Series that the owner expects to win and lose together, under a name of the owner's own."""

    name: str
    series: tuple[str, ...]


class Constitution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values in force. Names and meanings: `LIMITS`."""

    markets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    edge_min: int = 20_000
    risk_per_trade_max: int = 10 * MICRO
    open_positions_max: int = 5
    total_exposure_max: int = 50 * MICRO
    quote_proof_age_max: int = 10 * SECOND
    look_proof_age_max: int = 2 * SECOND
    drift_max: Drift = Drift(50_000, "price")
    slippage_max: int = MICRO
    look_edge_min: int = 0
    unprotected_contracts_max: int = 0
    order_qty_max: int = QTY_MOST
    order_notional_max: int = MONEY_MOST
    position_qty_max: int = QTY_MOST
    position_notional_max: int = MONEY_MOST
    market_exposure_max: int = MONEY_MOST
    event_exposure_max: int = MONEY_MOST
    trust_exclusive: tuple[str, ...] = ()
    series_exposure_max: int = MONEY_MOST
    themes: tuple[Theme, ...] = ()
    theme_exposure_max: int = MONEY_MOST
    one_entry_per_market: bool = False
    one_side_per_event: bool = False
    buying_power_min: int = 0
    price_min: int = 0
    price_max: int = MICRO
    favourite_from: int = MICRO
    favourite_edge_min: int = 0
    favourite_confidence_min: int = 0
    spread_max: int = MICRO
    spread_ratio_max: int = RATIO_MOST
    ev_min: int = 0
    confidence_min: int = 0
    scores_min: tuple[Score, ...] = ()
    supersede_step_min: int = SUPERSEDE_NEVER
    cycle_length: int = 10 * SECOND
    orders_per_cycle_max: int = RELEASES_MOST
    notional_per_cycle_max: int = MONEY_MOST
    orders_per_day_max: int = COUNT_MOST
    notional_per_day_max: int = MONEY_MOST
    trades_per_market_day_max: int = COUNT_MOST
    entries_per_hour_max: int = RELEASES_MOST
    entry_gap_min: int = 0
    daily_loss_max: int = MONEY_MOST
    daily_loss_fraction_max: int = MICRO
    weekly_loss_max: int = MONEY_MOST
    weekly_loss_fraction_max: int = MICRO
    monthly_loss_max: int = MONEY_MOST
    monthly_loss_fraction_max: int = MICRO
    drawdown_fraction_max: int = MICRO
    losing_streak_max: int = COUNT_MOST
    cool_down_min: int = 0
    capital_min: int = 0
    risk_fraction_max: int = MICRO
    risk_tiers: tuple[Tier, ...] = ()
    kelly_fraction_max: int = RATIO_MOST
    approvals: tuple[Band, ...] = ()
    approvers: tuple[Person, ...] = ()
    approval_mandatory: bool = False
    approval_life: int = 60 * SECOND
    denied_pause_min: int = 10 * MINUTE
    exits_auto_after: int = AUTO_NEVER
    second_factor_from: int = MONEY_MOST
    second_factor_to_resume: bool = False

    def digest(self) -> str:
        """SHA-256 of the canonical bytes: what the ledger seals."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class Limit(NamedTuple):
    """One line of the constitution. `least` and `most` bound what a file may say. `optional`: it may be off."""

    key: str
    kind: Kind
    tighter: Direction
    least: int
    most: int
    example: str
    sentence: str
    optional: bool = False

    @property
    def loosest(self) -> int | tuple[()]:
        """The value at which an optional limit is off."""
        if self.tighter == "more":
            return ()
        if self.kind == "flag":
            return False
        return self.most if self.tighter == "lower" else self.least


LIMITS: tuple[Limit, ...] = (
    Limit("markets", "names", "fewer", 0, 1_000, '["KXHIGHSIM-26JAN05-B48.5"]', "Markets that may be traded."),
    Limit("events", "names", "fewer", 0, 1_000, '["KXHIGHSIM-26JAN05"]', "Events whose markets may be traded."),
    Limit("series", "names", "fewer", 0, 1_000, '["KXHIGHSIM"]', "Series whose markets may be traded."),
    Limit(
        "edge_min", "price", "higher", 0, MICRO, '"0.02"',
        "Least expected gain per contract, after fees, that an opening order must promise.",
    ),
    Limit(
        "risk_per_trade_max", "money", "lower", 0, 1_000_000 * MICRO, '"10.00"',
        "Most that one trade may lose, fees included. Sizes are cut to fit it.",
    ),
    Limit(
        "open_positions_max", "count", "lower", 0, 10_000, "5",
        "Most instruments with a position, or an opening order on its way, at one time.",
    ),
    Limit(
        "total_exposure_max", "money", "lower", 0, 10_000_000 * MICRO, '"50.00"',
        "Most that everything held and everything on its way may lose together.",
    ),
    Limit(
        "quote_proof_age_max", "duration", "lower", SECOND // 10, HOUR, '"10s"',
        "Oldest proof of a quote on which a decision may rest.",
    ),
    Limit(
        "look_proof_age_max", "duration", "lower", 0, HOUR, '"2s"',
        "Oldest proof of a quote on which an opening order is sent at once; beyond it the venue is asked for a fresh "
        'one first. "0s" always asks.',
    ),
    Limit(
        "drift_max", "drift", "lower", 0, MICRO, '"0.05"',
        "Furthest that the price to deal at may have moved, up or down, when the venue was asked; in dollars (which "
        "say nothing of a future) or in basis points of what one contract costs.",
    ),
    Limit(
        "slippage_max", "price", "lower", 0, MICRO, '"0.02"',
        "Furthest that the price to deal at may lie beyond the limit price of an order that is to deal at once, when "
        "the venue was asked.", True,
    ),
    Limit(
        "look_edge_min", "price", "higher", 0, MICRO, '"0.02"',
        "Least expected gain per contract, after fees, at the price to deal at when the venue was asked.", True,
    ),
    Limit(
        "unprotected_contracts_max", "count", "lower", 0, 1_000, "0",
        "Most contracts of one future that may be held without a protective stop. Nothing bounds what they may lose, "
        "so this count stands in place of the cap per trade; 0 allows none.",
    ),
    Limit(
        "order_qty_max", "qty", "lower", 0, QTY_MOST, '"10"',
        "Most contracts in one opening order. Sizes are cut to fit it.", True,
    ),
    Limit(
        "order_notional_max", "money", "lower", 0, MONEY_MOST, '"5.00"',
        "Most that one opening order may be worth at its price, before fees. Sizes are cut to fit it.", True,
    ),
    Limit(
        "position_qty_max", "qty", "lower", 0, QTY_MOST, '"20"',
        "Most contracts of one instrument held on one side, with everything on its way to that side.", True,
    ),
    Limit(
        "position_notional_max", "money", "lower", 0, MONEY_MOST, '"10.00"',
        "Most that the holding of one instrument on one side may have cost, with what is on its way.", True,
    ),
    Limit(
        "market_exposure_max", "money", "lower", 0, MONEY_MOST, '"10.00"',
        "Most that may be lost in one market.", True,
    ),
    Limit(
        "event_exposure_max", "money", "lower", 0, MONEY_MOST, '"20.00"',
        "Most that may be lost in all markets of one event together.", True,
    ),
    Limit(
        "trust_exclusive", "names", "fewer", 0, 1_000, '["KXHIGHSIM"]',
        "Series of whose exclusive groups the owner believes that at most one market ends in yes.",
    ),
    Limit(
        "series_exposure_max", "money", "lower", 0, MONEY_MOST, '"20.00"',
        "Most that may be lost in all markets of one series together.", True,
    ),
    Limit(
        "themes", "themes", "more", 0, 100, '["weather=KXHIGHNY,KXHIGHCHI"]',
        "Series that are expected to win and lose together. A series in no theme is a theme by itself.", True,
    ),
    Limit(
        "theme_exposure_max", "money", "lower", 0, MONEY_MOST, '"2.00"',
        "Most that may be lost in all series of one theme together.", True,
    ),
    Limit(
        "one_entry_per_market", "flag", "higher", 0, 1, "true",
        "Whether a market in which something is held or on its way may not be added to on the same side.", True,
    ),
    Limit(
        "one_side_per_event", "flag", "higher", 0, 1, "true",
        "Whether an event in which another market is held or on its way on the same side may not be entered.", True,
    ),
    Limit(
        "buying_power_min", "money", "higher", 0, MONEY_MOST, '"40.00"',
        "Least free cash that an opening order must leave at its worst.", True,
    ),
    Limit(
        "price_min", "price", "higher", 0, MICRO, '"0.02"', "Lowest price of YES at which to open.", True,
    ),
    Limit(
        "price_max", "price", "lower", 0, MICRO, '"0.98"', "Highest price of YES at which to open.", True,
    ),
    Limit(
        "favourite_from", "price", "lower", MICRO // 2, MICRO, '"0.80"',
        "Price of a side from which it is a heavy favourite; betting against one asks for more, as the next two say.",
        True,
    ),
    Limit(
        "favourite_edge_min", "price", "higher", 0, MICRO, '"0.15"',
        "Least edge after fees with which to bet against a heavy favourite.", True,
    ),
    Limit(
        "favourite_confidence_min", "ppm", "higher", 0, MICRO, '"85%"',
        "Least confidence with which to bet against a heavy favourite.", True,
    ),
    Limit(
        "spread_max", "price", "lower", 0, MICRO, '"0.08"',
        "Widest gap between bid and ask at which to open.", True,
    ),
    Limit(
        "spread_ratio_max", "ppm", "lower", 0, RATIO_MOST, '"300%"',
        "Widest gap between bid and ask, against the median of the last hundred cycles, at which to open.", True,
    ),
    Limit(
        "ev_min", "ppm", "higher", 0, RATIO_MOST, '"5%"',
        "Least expected gain after fees, as a part of what the order costs, that an opening order must promise.", True,
    ),
    Limit(
        "confidence_min", "ppm", "higher", 0, MICRO, '"75%"',
        "Least score `confidence` that an opening proposal must carry.", True,
    ),
    Limit(
        "scores_min", "scores", "more", 0, 16, '["dvs=80%", "eqs=75%"]',
        "Scores that an opening proposal must carry, each with its least value.", True,
    ),
    Limit(
        "supersede_step_min", "price", "higher", 1, SUPERSEDE_NEVER, '"0.02"',
        "Least difference in price at which a resting order gives way to its strategy's newer idea; at 1.00 none does.",
    ),
    Limit(
        "cycle_length", "duration", "higher", SECOND, HOUR, '"10s"',
        "The stretch of time over which orders and notional for each cycle are counted.",
    ),
    Limit(
        "orders_per_cycle_max", "count", "lower", 0, RELEASES_MOST, "3",
        "Most orders released in any stretch of `cycle_length`; beyond it nothing is opened.", True,
    ),
    Limit(
        "notional_per_cycle_max", "money", "lower", 0, MONEY_MOST, '"10.00"',
        "Most that the orders released in any stretch of `cycle_length` may be worth.", True,
    ),
    Limit(
        "orders_per_day_max", "count", "lower", 0, COUNT_MOST, "50",
        "Most orders released on one day (UTC); beyond it nothing is opened.", True,
    ),
    Limit(
        "notional_per_day_max", "money", "lower", 0, MONEY_MOST, '"100.00"',
        "Most that the orders released on one day (UTC) may be worth.", True,
    ),
    Limit(
        "trades_per_market_day_max", "count", "lower", 0, COUNT_MOST, "2",
        "Most entries into one market on one day (UTC).", True,
    ),
    Limit(
        "entries_per_hour_max", "count", "lower", 0, RELEASES_MOST, "4",
        "Most entries in any sixty minutes.", True,
    ),
    Limit(
        "entry_gap_min", "duration", "higher", 0, 7 * DAY, '"30m"',
        "Least time between one entry and the next.", True,
    ),
    Limit(
        "daily_loss_max", "money", "lower", 1, MONEY_MOST, '"1.00"',
        "Loss of equity in one day (UTC) at which the desk only reduces until the next one.", True,
    ),
    Limit(
        "daily_loss_fraction_max", "ppm", "lower", 1, MICRO, '"10%"',
        "The same for one day (UTC), as a part of the equity with which it began.", True,
    ),
    Limit(
        "weekly_loss_max", "money", "lower", 1, MONEY_MOST, '"2.00"',
        "Loss of equity in one week (UTC, from Monday) at which the desk only reduces until the next one.", True,
    ),
    Limit(
        "weekly_loss_fraction_max", "ppm", "lower", 1, MICRO, '"15%"',
        "The same for one week (UTC, from Monday), as a part of the equity with which it began.", True,
    ),
    Limit(
        "monthly_loss_max", "money", "lower", 1, MONEY_MOST, '"5.00"',
        "Loss of equity in one month (UTC) at which the desk only reduces until the next one.", True,
    ),
    Limit(
        "monthly_loss_fraction_max", "ppm", "lower", 1, MICRO, '"20%"',
        "The same for one month (UTC), as a part of the equity with which it began.", True,
    ),
    Limit(
        "drawdown_fraction_max", "ppm", "lower", 1, MICRO, '"15%"',
        "Fall of equity from its peak at which the desk only reduces until a person has looked.", True,
    ),
    Limit(
        "losing_streak_max", "count", "lower", 1, COUNT_MOST, "2",
        "Losing trades in a row at which the desk only reduces until the next day.", True,
    ),
    Limit(
        "cool_down_min", "duration", "higher", 0, 7 * DAY, '"30m"',
        "Least time between a losing trade's end and the next entry.", True,
    ),
    Limit(
        "capital_min", "money", "higher", 0, MONEY_MOST, '"40.00"',
        "Least equity with which to open anything.", True,
    ),
    Limit(
        "risk_fraction_max", "ppm", "lower", 0, MICRO, '"1%"',
        "Most that one trade may lose, as a part of the equity. Sizes are cut to fit it.", True,
    ),
    Limit(
        "risk_tiers", "tiers", "more", 0, 16, '["2500.00=12.00", "1500.00=5.00"]',
        "Smaller risks per trade for a small account: each below how much equity, and how much.", True,
    ),
    Limit(
        "kelly_fraction_max", "ppm", "lower", 0, RATIO_MOST, '"25%"',
        "Most of the growth-optimal stake (Kelly, on the odds after fees) that a trade may risk. Sizes are cut to it.",
        True,
    ),
    Limit(
        "approvals", "bands", "more", 0, 16, '["open needs 1", "open from 50.00 needs 2"]',
        "What needs people's assent before it leaves: which kind of action, from which worst loss on, and how many "
        "different people.", True,
    ),
    Limit(
        "approvers", "people", "fewer", 0, 32, '["ada=os:ada,token:ada-phone"]',
        "Who may give assent: each person by name, with the identities by which the desk knows that person.",
    ),
    Limit(
        "approval_mandatory", "flag", "higher", 0, 1, "true",
        "Whether every order that opens, closes or claims needs somebody's assent, whatever else is said.", True,
    ),
    Limit(
        "approval_life", "duration", "lower", SECOND, DAY, '"60s"',
        "How long an intent waits for assent; then it is over, and what still holds is proposed anew.",
    ),
    Limit(
        "denied_pause_min", "duration", "higher", 0, DAY, '"10m"',
        "How long nobody is asked about the same idea again after a person has said no to it.",
    ),
    Limit(
        "exits_auto_after", "duration", "higher", SECOND, AUTO_NEVER, '"5m"',
        "How long an exit of the desk's own may stay unanswered before it goes without assent; at 7d none ever does.",
    ),
    Limit(
        "second_factor_from", "money", "lower", 0, MONEY_MOST, '"20.00"',
        "Worst loss from which each assent needs a second factor besides.", True,
    ),
    Limit(
        "second_factor_to_resume", "flag", "higher", 0, 1, "true",
        "Whether ending a halt needs a second factor.", True,
    ),
)  # fmt: skip


class Narrowing(msgspec.Struct, frozen=True):
    """What one start was told to keep to: a market must be in this and in the scope of the constitution."""

    markets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()


def in_scope(scope: Constitution | Narrowing, market: str, event: str, series: str) -> bool:
    """An empty scope allows nothing."""
    return market in scope.markets or event in scope.events or series in scope.series


def in_use(constitution: Constitution, keys: Iterable[str]) -> bool:
    """Whether any of these optional limits stands tighter than its loosest value."""
    return any(getattr(constitution, key) != BY_KEY[key].loosest for key in keys)


def tier_cap(tiers: tuple[Tier, ...], equity: int) -> int:
    """What the tiers let one trade lose at this equity; a tier is left only at its upper end."""
    return min((tier.risk_max for tier in tiers if equity < tier.below), default=MONEY_MOST)


def together(constitution: Constitution, series: str) -> list[tuple[str, frozenset[str]]]:
    """The themes of a series, each by name with all its series; its own name for one in no theme."""
    themes = [(theme.name, frozenset(theme.series)) for theme in constitution.themes if series in theme.series]
    return themes or [(series, frozenset((series,)))]


BY_KEY: dict[str, Limit] = {limit.key: limit for limit in LIMITS}

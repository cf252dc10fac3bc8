"""Limits that cannot work together: what an owner gets wrong, although each value is allowed by itself.

Two kinds. A limit that *blocks* lets nothing be opened, or only by accident; one that is *idle* never decides
anything, so its owner counts on a guard that is not there. Neither loses money by itself, and neither stops a start:
`assent constitution check` tells of them. Scopes are compared by name alone, since the venue's lists are not here.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from assent.model.change import SCOPE, stated
from assent.model.constitution import BY_KEY, Constitution, in_use
from assent.model.units import HOUR, MICRO


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong between some limits, for a person."""

    keys: tuple[str, ...]
    kind: Literal["blocks", "idle"]
    sentence: str


# At zero each of these lets nothing be opened at all.
ZERO_BLOCKS = (
    "risk_per_trade_max", "open_positions_max", "total_exposure_max", "order_qty_max", "order_notional_max",
    "position_qty_max", "position_notional_max", "market_exposure_max", "event_exposure_max", "series_exposure_max",
    "theme_exposure_max", "price_max", "spread_max", "spread_ratio_max", "orders_per_cycle_max",
    "notional_per_cycle_max", "orders_per_day_max", "notional_per_day_max", "trades_per_market_day_max",
    "entries_per_hour_max", "risk_fraction_max", "kelly_fraction_max",
)  # fmt: skip
# A size is cut to the first and then refused by the second, every time.
CUT_THEN_REFUSED = (
    *(("risk_per_trade_max", cap) for cap in (
        "market_exposure_max", "event_exposure_max", "series_exposure_max", "theme_exposure_max", "total_exposure_max",
    )),
    ("order_qty_max", "position_qty_max"),
    ("order_notional_max", "position_notional_max"),
    ("order_notional_max", "notional_per_cycle_max"),
    ("order_notional_max", "notional_per_day_max"),
)  # fmt: skip
# The second is reached first, always: the first decides nothing when it is larger.
REACHED_FIRST = (
    ("event_exposure_max", "series_exposure_max"),
    ("series_exposure_max", "theme_exposure_max"),
    ("market_exposure_max", "total_exposure_max"),
    ("event_exposure_max", "total_exposure_max"),
    ("series_exposure_max", "total_exposure_max"),
    ("theme_exposure_max", "total_exposure_max"),
    ("orders_per_cycle_max", "orders_per_day_max"),
    ("notional_per_cycle_max", "notional_per_day_max"),
    ("trades_per_market_day_max", "orders_per_day_max"),
    ("daily_loss_max", "weekly_loss_max"),
    ("weekly_loss_max", "monthly_loss_max"),
    ("daily_loss_fraction_max", "weekly_loss_fraction_max"),
    ("weekly_loss_fraction_max", "monthly_loss_fraction_max"),
)
# The first does nothing while every one of the others is off.
NEEDS = (
    ("favourite_edge_min", ("favourite_from",)),
    ("favourite_confidence_min", ("favourite_from",)),
    ("favourite_from", ("favourite_edge_min", "favourite_confidence_min")),
    ("trust_exclusive", ("event_exposure_max",)),
    ("themes", ("theme_exposure_max",)),
)
# The first asks for no more than the second asks for anyway.
ASKED_ANYWAY = (("favourite_edge_min", "edge_min"), ("favourite_confidence_min", "confidence_min"))


def complaints(limits: Constitution) -> list[Complaint]:
    """Everything that is wrong between these limits, what blocks first."""
    found = [complaint for search in SEARCHES for complaint in search(limits)]
    return sorted(found, key=lambda complaint: complaint.kind)


def _empty_scope(limits: Constitution) -> Iterator[Complaint]:
    if not any(getattr(limits, key) for key in SCOPE):
        yield Complaint(SCOPE, "blocks", "the scope is empty, and an empty scope allows nothing")


def _zeroes(limits: Constitution) -> Iterator[Complaint]:
    for key in ZERO_BLOCKS:
        if getattr(limits, key) == 0:
            yield Complaint(
                (key,), "blocks", f"{key} is zero, so nothing can be opened; to stop a desk, use: assent halt now"
            )
    for key in ("edge_min", "price_min"):
        if getattr(limits, key) >= MICRO:
            yield Complaint((key,), "blocks", f"{key} is {_said(limits, key)}, and no contract can be worth more")


def _price_band(limits: Constitution) -> Iterator[Complaint]:
    low, high = limits.price_min, limits.price_max
    if low > high:
        said = f"price_min {_said(limits, 'price_min')} is above price_max {_said(limits, 'price_max')}"
        yield Complaint(("price_min", "price_max"), "blocks", f"{said}, so no price lies between them")


def _cut_then_refused(limits: Constitution) -> Iterator[Complaint]:
    for cut, refused in CUT_THEN_REFUSED:
        size, cap = getattr(limits, cut), getattr(limits, refused)
        if cut == "risk_per_trade_max":
            size = min(size, limits.order_notional_max, limits.order_qty_max)
        if _on(limits, cut) and _on(limits, refused) and size > cap > 0:
            said = (
                f"orders are cut to {cut} {_said(limits, cut)} and then refused by {refused} {_said(limits, refused)}"
            )
            yield Complaint((cut, refused), "blocks", f"{said}: an order of full size can never be released")


def _one_trade_ends_the_day(limits: Constitution) -> Iterator[Complaint]:
    if _on(limits, "daily_loss_max") and limits.risk_per_trade_max > limits.daily_loss_max:
        said = f"one trade may lose {_said(limits, 'risk_per_trade_max')}, more than daily_loss_max"
        yield Complaint(
            ("risk_per_trade_max", "daily_loss_max"), "idle",
            f"{said} {_said(limits, 'daily_loss_max')}: a single loss passes the day's limit before it can act",
        )  # fmt: skip


def _reached_first(limits: Constitution) -> Iterator[Complaint]:
    for idle, first in REACHED_FIRST:
        if _on(limits, idle) and _on(limits, first) and getattr(limits, idle) > getattr(limits, first):
            said = f"{idle} {_said(limits, idle)} is above {first} {_said(limits, first)}"
            yield Complaint((idle, first), "idle", f"{said}, which is always reached before it")


def _needs(limits: Constitution) -> Iterator[Complaint]:
    for idle, others in NEEDS:
        if _on(limits, idle) and not any(_on(limits, other) for other in others):
            yield Complaint((idle, *others), "idle", f"{idle} does nothing while {' and '.join(others)} is off")
    per_cycle = ("orders_per_cycle_max", "notional_per_cycle_max")
    if limits.cycle_length != Constitution().cycle_length and not in_use(limits, per_cycle):
        yield Complaint(
            ("cycle_length", *per_cycle), "idle", "cycle_length does nothing while both limits per cycle are off"
        )


def _asked_anyway(limits: Constitution) -> Iterator[Complaint]:
    for idle, stricter in ASKED_ANYWAY:
        if _on(limits, idle) and getattr(limits, idle) <= getattr(limits, stricter):
            said = f"{idle} {_said(limits, idle)} asks for no more than {stricter} {_said(limits, stricter)}"
            yield Complaint((idle, stricter), "idle", f"{said} does of every trade")
    if limits.confidence_min and any(score.name == "confidence" for score in limits.scores_min):
        yield Complaint(
            ("scores_min", "confidence_min"), "idle", "confidence is asked for twice, and only the higher one counts"
        )


def _pace(limits: Constitution) -> Iterator[Complaint]:
    gap, most = limits.entry_gap_min, limits.entries_per_hour_max
    if gap and _on(limits, "entries_per_hour_max") and HOUR // gap + 1 <= most:
        said = f"entry_gap_min {_said(limits, 'entry_gap_min')} lets {HOUR // gap + 1} entries into an hour at most"
        yield Complaint(
            ("entries_per_hour_max", "entry_gap_min"), "idle", f"{said}, so entries_per_hour_max {most} is not reached"
        )


def _tiers(limits: Constitution) -> Iterator[Complaint]:
    tiers = sorted(limits.risk_tiers, key=lambda tier: tier.below)
    for number, tier in enumerate(tiers):
        above = min((other.risk_max for other in tiers[number + 1 :]), default=limits.risk_per_trade_max)
        named = stated(BY_KEY["risk_tiers"], (tier,))
        if tier.risk_max >= min(above, limits.risk_per_trade_max):
            yield Complaint(
                ("risk_tiers", "risk_per_trade_max"), "idle", f"tier {named} is no smaller than what holds above it"
            )
        if tier.below <= limits.capital_min:
            yield Complaint(
                ("risk_tiers", "capital_min"), "idle", f"tier {named} lies below capital_min, where nothing is opened"
            )


def _strange_series(limits: Constitution) -> Iterator[Complaint]:
    """A series that no name in the scope belongs to: a slip of the pen, or left over."""
    named = [("trust_exclusive", name) for name in limits.trust_exclusive]
    named += [("themes", name) for theme in limits.themes for name in theme.series]
    for key, series in named:
        inside = any(name.startswith(f"{series}-") for name in (*limits.events, *limits.markets))
        if series not in limits.series and not inside:
            yield Complaint((key, "series"), "idle", f"{key} names {series}, of which nothing is in scope")


def _already_in_scope(limits: Constitution) -> Iterator[Complaint]:
    """The scope is a union: a market named beside its whole series narrows nothing."""
    wider = [("series", name) for name in limits.series] + [("events", name) for name in limits.events]
    for key in ("events", "markets"):
        for name in getattr(limits, key):
            whole = next((o for at, o in wider if at != key and name.startswith(f"{o}-")), None)
            if whole:
                yield Complaint(
                    (key,), "idle", f"{key} names {name}, and all of {whole} is in scope: each name only adds to it"
                )


SEARCHES: tuple[Callable[[Constitution], Iterator[Complaint]], ...] = (
    _empty_scope, _zeroes, _price_band, _cut_then_refused, _one_trade_ends_the_day, _reached_first,
    _needs, _asked_anyway, _pace, _tiers, _strange_series, _already_in_scope,
)  # fmt: skip


def _on(limits: Constitution, key: str) -> bool:
    """Whether it says anything: an optional limit that is not off, a list with something in it."""
    if BY_KEY[key].optional:
        return in_use(limits, (key,))
    return bool(getattr(limits, key) != ())


def _said(limits: Constitution, key: str) -> str:
    return stated(BY_KEY[key], getattr(limits, key))

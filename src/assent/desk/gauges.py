"""How much of each limit is used now: only limits that something uses up while the desk stands.

The others bound one idea at a time and have nothing to show between two ideas. What is measured is what the rules and
the halts measure, without a new idea in it. Pure: `now` is the desk's own time.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from assent.desk import exposure, pace, worth
from assent.desk.stakes import Stakes, stakes
from assent.desk.state import State
from assent.model.constitution import BY_KEY, Kind, in_use
from assent.model.units import HOUR, MICRO, share_up


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """One limit in use. `share`: parts per million of it that are used; a million is all of it, more is beyond.
    `of`: which market, event, series or theme, where the limit holds for each."""

    key: str
    sentence: str
    unit: Kind
    measured: int
    limit: int
    share: int
    of: str = ""


class Measured(NamedTuple):
    value: int
    of: str = ""


class Moment(NamedTuple):
    """What is measured: the state, at one time, with what is at stake worked out once."""

    state: State
    now: int
    stakes: Stakes


Measure = Callable[[Moment], Measured | None]


def gauges(state: State, now: int) -> list[Gauge]:
    """In the order of the constitution's table; a limit that is off has no gauge."""
    if state.seal is None:
        return []
    constitution, moment = state.seal.constitution, Moment(state, now, stakes(state))
    found = []
    for key, measure in MEASURES.items():
        limit = BY_KEY[key]
        measured = None if limit.optional and not in_use(constitution, (key,)) else measure(moment)
        if measured is not None:
            bound = getattr(constitution, key)
            used = share_of(bound, measured.value) if limit.tighter == "higher" else share_of(measured.value, bound)
            found.append(
                Gauge(
                    key=key, sentence=limit.sentence, unit=limit.kind, measured=measured.value, limit=bound,
                    share=used, of=measured.of,
                )
            )  # fmt: skip
    return found


def share_of(part: int, whole: int) -> int:
    """Parts per million, rounded up; all of it where there is no whole."""
    return share_up(max(0, part), whole, MICRO) if whole > 0 else MICRO


def _part(lost: worth.Loss) -> int:
    return share_of(lost.amount, lost.baseline) if lost.amount > 0 else 0


def _most(sums: Mapping[str, int]) -> Measured:
    """The largest, by its name."""
    name = max(sums, key=lambda one: sums[one], default="")
    return Measured(sums.get(name, 0), name)


def _entries_today(moment: Moment) -> Measured:
    return _most(pace.today(moment.state, moment.now).entries)


def _in_cycle(moment: Moment) -> pace.Window:
    seal = moment.state.seal
    return pace.last(moment.state, moment.now, seal.constitution.cycle_length if seal else HOUR)


def _held_most(moment: Moment) -> Measured:
    return _most({name: abs(position.qty) for name, position in moment.state.positions.items()})


def _cost_most(moment: Moment) -> Measured:
    return _most({name: position.cost for name, position in moment.state.positions.items()})


def _lost(name: str) -> Measure:
    def measure(moment: Moment) -> Measured | None:
        lost = worth.loss_of(moment.state, name, moment.now)
        return None if lost is None else Measured(max(0, lost.amount))

    return measure


def _lost_part(name: str) -> Measure:
    def measure(moment: Moment) -> Measured | None:
        lost = worth.loss_of(moment.state, name, moment.now)
        return None if lost is None else Measured(_part(lost))

    return measure


def _drawdown(moment: Moment) -> Measured | None:
    drawn = worth.drawdown(moment.state)
    return None if drawn is None else Measured(_part(drawn))


def _equity(moment: Moment) -> Measured | None:
    equity = worth.equity_now(moment.state)
    return None if equity is None else Measured(equity)


MEASURES: Final[Mapping[str, Measure]] = {
    "open_positions_max": lambda m: Measured(len(exposure.busy_instruments(m.state))),
    "total_exposure_max": lambda m: Measured(m.stakes.total),
    "position_qty_max": _held_most,
    "position_notional_max": _cost_most,
    "market_exposure_max": lambda m: _most(m.stakes.markets),
    "event_exposure_max": lambda m: _most(m.stakes.events),
    "series_exposure_max": lambda m: _most(m.stakes.series),
    "theme_exposure_max": lambda m: _most(m.stakes.themes),
    "buying_power_min": lambda m: Measured(m.state.cash - m.state.reserved()),
    "orders_per_cycle_max": lambda m: Measured(_in_cycle(m).orders),
    "notional_per_cycle_max": lambda m: Measured(_in_cycle(m).notional),
    "orders_per_day_max": lambda m: Measured(pace.today(m.state, m.now).orders),
    "notional_per_day_max": lambda m: Measured(pace.today(m.state, m.now).notional),
    "trades_per_market_day_max": _entries_today,
    "entries_per_hour_max": lambda m: Measured(pace.last(m.state, m.now, HOUR).entries),
    "daily_loss_max": _lost("day"),
    "daily_loss_fraction_max": _lost_part("day"),
    "weekly_loss_max": _lost("week"),
    "weekly_loss_fraction_max": _lost_part("week"),
    "monthly_loss_max": _lost("month"),
    "monthly_loss_fraction_max": _lost_part("month"),
    "drawdown_fraction_max": _drawdown,
    "losing_streak_max": lambda m: Measured(m.state.worth.streak),
    "capital_min": _equity,
}

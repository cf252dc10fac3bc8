"""What is at stake now, by market, event, series and theme: measured as the rules measure it, without a new idea.

Everything that is held and everything that may still fill counts at its worst. An event of a series whose exclusive
groups the owner trusts is measured over its outcomes, as the gate does; all else is the plain sum.
"""

from collections.abc import Mapping

import msgspec

from assent.desk import event, exposure
from assent.desk.state import State
from assent.model.constitution import Constitution, together
from assent.model.instruments import Instrument

UNLISTED = "not listed"


class Stakes(msgspec.Struct, frozen=True):
    """The worst loss under each name, and their plain sum over all markets."""

    total: int
    markets: Mapping[str, int]
    events: Mapping[str, int]
    series: Mapping[str, int]
    themes: Mapping[str, int]


def stakes(state: State) -> Stakes:
    """Every market that is held or in which an order may still fill, and what they add up to."""
    orders = exposure.orders_by_instrument(state)
    constitution = state.seal.constitution if state.seal else Constitution()
    markets: dict[str, int] = {}
    events: dict[str, int] = {}
    series: dict[str, int] = {}
    groups: dict[str, list[Instrument]] = {}
    for name in {**dict.fromkeys(state.positions), **dict.fromkeys(orders)}:
        loss = markets[name] = exposure.instrument_exposure(state, name, orders.get(name, []))
        instrument = state.find_instrument(name)
        if instrument is None:
            for sums in (events, series):
                sums[UNLISTED] = sums.get(UNLISTED, 0) + loss
            continue
        events[instrument.event] = events.get(instrument.event, 0) + loss
        series[instrument.series] = series.get(instrument.series, 0) + loss
        if instrument.series in constitution.trust_exclusive:
            groups.setdefault(instrument.event, []).append(instrument)
    for name, members in groups.items():
        events[name] = max(event.exclusive_exposure(state, _nothing_in(one)) for one in members)
    themes: dict[str, int] = {}
    for name in series:
        for theme, members_of in together(constitution, name):
            themes[theme] = sum(loss for other, loss in series.items() if other in members_of)
    return Stakes(sum(markets.values()), markets, events, series, themes)


def _nothing_in(instrument: Instrument) -> event.Idea:
    """No idea at all, in this instrument's group."""
    return event.Idea(instrument, "buy", 0, 0, 0, 0)

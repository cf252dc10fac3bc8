"""What the market tells us: kept as soft state, shown to the strategies, never a fact by itself.

What cannot be true is counted and recorded at its 1st, 2nd, 4th, 8th… time, so that a broken feed cannot flood the
ledger. The full check of a quote stands at the venue's door (`model.inputs.quote_fault`), before it becomes an input;
that of a bar in `desk.desk`, since the venue's door knows quotes only.
"""

from msgspec import structs

from assent.desk import exposure, proposing, recall
from assent.desk.context import Context
from assent.desk.market import Market
from assent.model.facts import InputRejected, InstrumentListed
from assent.model.inputs import (
    ForecastSeen,
    InstrumentSeen,
    PhaseSeen,
    QuoteLost,
    RejectionSeen,
    StreamProven,
)
from assent.model.instruments import BinaryContract, Instrument, instrument_fault
from assent.model.text import SHOWN_MAX, shown
from assent.model.units import DAY, MICRO


def instrument_seen(desk: Context, inp: InstrumentSeen) -> None:
    """A new market, or a new description of one that we know."""
    instrument = _inert(inp.instrument)
    fault = instrument_fault(instrument)
    if fault:
        reject(desk, "market_data_bad_instrument", instrument.id, fault)
        return
    market = desk.markets.get(instrument.id)
    if market is None:
        desk.markets[instrument.id] = Market(instrument)
        return
    market.instrument = instrument
    if desk.state.instruments.get(instrument.id) not in (None, instrument):
        desk.emit(InstrumentListed(instrument=instrument))
        recall.clear_off_grid(desk, instrument)


def _inert(instrument: Instrument) -> Instrument:
    """A title is the venue's own words: it may say what it likes, but neither break a line nor colour a terminal."""
    title = instrument.title
    if title.isprintable() and len(title) <= SHOWN_MAX:
        return instrument
    return structs.replace(instrument, title=shown(title))


def quote_lost(desk: Context, inp: QuoteLost) -> None:
    """What was known of the book no longer stands: rules that need a quote refuse until there is one."""
    market = desk.markets.get(inp.instrument)
    if market is not None:
        market.quote = None


def stream_proven(desk: Context, inp: StreamProven) -> None:
    desk.streams.prove(inp.venue, inp.received_ts)


def forecast_seen(desk: Context, forecast: ForecastSeen) -> None:
    market = desk.markets.get(forecast.instrument)
    if market is None:
        reject(desk, "market_data_unlisted", "forecast", forecast.instrument)
        return
    if type(forecast.probability_ppm) is not int or not 0 <= forecast.probability_ppm <= MICRO:
        reject(desk, "market_data_bad_forecast", forecast.source, forecast.instrument)
        return
    market.forecast = forecast
    proposing.ask(desk, "on_forecast", forecast)


def phase_seen(desk: Context, inp: PhaseSeen) -> None:
    market = desk.markets.get(inp.instrument)
    if market is None:
        reject(desk, "market_data_unlisted", "phase", inp.instrument)
        return
    market.phase = inp.phase


def forget(desk: Context) -> None:
    """Once a day (UTC): drop what we saw of markets that settled a day ago or longer, or it would grow for ever.

    What was decided about them, and how they ended, stays in the state. One with a position or an order is kept.
    """
    state, now = desk.state, desk.now
    if desk.forgot_day == now // DAY:
        return
    desk.forgot_day = now // DAY
    busy = exposure.busy_instruments(state)
    gone = {name for name, market in desk.markets.items() if name not in busy and _long_over(market, now)}
    for name in gone:
        del desk.markets[name]
    desk.refused = {key: refusal for key, refusal in desk.refused.items() if key[1] not in gone}


def _long_over(market: Market, now: int) -> bool:
    instrument = market.instrument
    return type(instrument) is BinaryContract and market.phase == "settled" and now >= instrument.close_ts + DAY


def rejection_seen(desk: Context, inp: RejectionSeen) -> None:
    reject(desk, inp.code, inp.source, inp.detail)


def reject(desk: Context, code: str, source: str, detail: str) -> None:
    """Count it; record it when the count is a power of two."""
    count = desk.rejected.get(code, desk.state.rejections.get(code, 0)) + 1
    desk.rejected[code] = count
    if count & (count - 1) == 0:
        desk.emit(InputRejected(code=code, source=shown(source), detail=shown(detail), count=count))

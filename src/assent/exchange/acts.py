"""What the venue itself does to its markets beyond their timetable, as data: so that a test, a drill or a scripted day
can order it, and a journal can remember it. `carry_out` either does an act whole or raises and changes nothing.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from assent.exchange.core import Exchange
from assent.exchange.types import PriceBand, Result


class PauseMarket(msgspec.Struct, frozen=True, tag=True):
    market: str


class ResumeMarket(msgspec.Struct, frozen=True, tag=True):
    """What rested before the pause is cancelled, as the venue does."""

    market: str


class PauseExchange(msgspec.Struct, frozen=True, tag=True):
    """No market takes orders. With `whole` the venue does not even cancel. It ends with its day at the latest."""

    whole: bool = False


class ResumeExchange(msgspec.Struct, frozen=True, tag=True):
    """What rested before the pause rests on."""


class ChangeGrid(msgspec.Struct, frozen=True, tag=True):
    market: str
    price_bands: tuple[PriceBand, ...]


class MoveClose(msgspec.Struct, frozen=True, tag=True):
    """The market will close earlier or later than it was listed."""

    market: str
    close_ts: int


class Determine(msgspec.Struct, frozen=True, tag=True):
    """The result is in, be it early. There is no void: what was called off settles scalar, at a fair part."""

    market: str
    result: Result
    value: int


class Amend(msgspec.Struct, frozen=True, tag=True):
    """The result was another one. What was paid already is compensated."""

    market: str
    result: Result
    value: int


class CorrectTrade(msgspec.Struct, frozen=True, tag=True):
    """A trade was really this, or with no quantity nothing at all."""

    trade_id: str
    price: int
    qty: int


Act = (
    PauseMarket
    | ResumeMarket
    | PauseExchange
    | ResumeExchange
    | ChangeGrid
    | MoveClose
    | Determine
    | Amend
    | CorrectTrade
)

_DOINGS: dict[type, Callable[[Exchange, int, Any], None]] = {
    PauseMarket: lambda exchange, now, act: exchange.pause_market(now, act.market),
    ResumeMarket: lambda exchange, now, act: exchange.resume_market(now, act.market),
    PauseExchange: lambda exchange, now, act: exchange.pause(now, whole=act.whole),
    ResumeExchange: lambda exchange, now, _: exchange.resume(now),
    ChangeGrid: lambda exchange, now, act: exchange.set_price_bands(now, act.market, act.price_bands),
    MoveClose: lambda exchange, now, act: exchange.move_close(now, act.market, act.close_ts),
    Determine: lambda exchange, now, act: exchange.determine(now, act.market, act.result, act.value),
    Amend: lambda exchange, now, act: exchange.amend(now, act.market, act.result, act.value),
    CorrectTrade: lambda exchange, now, act: exchange.correct_trade(now, act.trade_id, act.price, act.qty),
}


def carry_out(exchange: Exchange, now: int, act: Act) -> None:
    _DOINGS[type(act)](exchange, now, act)

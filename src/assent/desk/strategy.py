"""What a strategy is, and all that it can see.

A strategy proposes; it never sizes, never sends, and holds nothing that the desk depends on. It has a `name` and any of
the methods below. Each returns proposals, or None for nothing. Errors and nonsense stop the strategy, not the desk.

Ideas at a quote, a bar or a forecast are judged at once, first come; those of `on_cycle` are ranked together with all
others of that cycle. A strategy with `records_decisions = True` has each of its cycles recorded, trade or no trade.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from assent.desk.market import Market
from assent.desk.state import OrderState, State
from assent.model.constitution import Constitution
from assent.model.decisions import Decision
from assent.model.inputs import BarSeen, ForecastSeen, QuoteSeen
from assent.model.instruments import Instrument
from assent.model.intents import Proposal
from assent.model.orders import Side

Proposals = Iterable[Proposal] | None


class Strategy(Protocol):
    """The whole of what the desk asks of a strategy. Leave out the methods that you do not need."""

    name: str


class OnQuote(Strategy, Protocol):
    def on_quote(self, view: "View", quote: QuoteSeen) -> Proposals: ...


class OnBar(Strategy, Protocol):
    def on_bar(self, view: "View", bar: BarSeen) -> Proposals: ...


class OnForecast(Strategy, Protocol):
    def on_forecast(self, view: "View", forecast: ForecastSeen) -> Proposals: ...


class OnCycle(Strategy, Protocol):
    def on_cycle(self, view: "View") -> Proposals | Decision: ...


# Method names in the order in which a strategy is looked at.
HOOKS = ("on_quote", "on_bar", "on_forecast", "on_cycle")


class OpenOrder:
    """One of our orders that may still fill, as a strategy sees it."""

    __slots__ = ("filled", "instrument", "order_id", "price", "qty", "side")

    def __init__(self, order_id: str, instrument: str, side: Side, price: int, qty: int, filled: int) -> None:
        self.order_id = order_id
        self.instrument = instrument
        self.side = side
        self.price = price
        self.qty = qty
        self.filled = filled


class View:
    """A read-only window on the desk: what is listed, quoted, forecast, held and on its way."""

    __slots__ = ("_markets", "_state", "now")

    def __init__(self, state: State, markets: Mapping[str, Market]) -> None:
        self._state = state
        self._markets = markets
        self.now = 0

    @property
    def cash(self) -> int:
        """Our cash, before what open orders may still take."""
        return self._state.cash

    @property
    def constitution(self) -> Constitution | None:
        """The owner's limits."""
        seal = self._state.seal
        return seal.constitution if seal else None

    def instrument(self, name: str) -> Instrument | None:
        """What the venue listed under this name."""
        market = self._markets.get(name)
        return market.instrument if market else None

    def quote(self, name: str) -> QuoteSeen | None:
        """The newest quote."""
        market = self._markets.get(name)
        return market.quote if market else None

    def forecast(self, name: str) -> ForecastSeen | None:
        """The newest outside forecast."""
        market = self._markets.get(name)
        return market.forecast if market else None

    def held(self, name: str) -> int:
        """Signed position: positive is long YES, negative is long NO."""
        position = self._state.positions.get(name)
        return position.qty if position is not None else 0

    def busy(self, name: str) -> bool:
        """Whether an order of ours on this instrument may still fill."""
        return any(order.order.instrument == name for order in self._standing())

    def open_orders(self, name: str) -> list[OpenOrder]:
        """Our orders on this instrument that may still fill."""
        return [
            OpenOrder(
                order.order.order_id, name, order.order.side, order.order.price, order.order.qty, order.filled
            )
            for order in self._standing()
            if order.order.instrument == name
        ]  # fmt: skip

    def _standing(self) -> Iterable[OrderState]:
        """In observe what would rest, too: a strategy is to see its orders as it would see them in live."""
        state = self._state
        return (*state.orders.values(), *state.would.values()) if state.would else state.orders.values()

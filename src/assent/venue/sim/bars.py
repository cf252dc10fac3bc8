"""A futures market in our own process, in the desk's words: orders in, answers and fills out, one bar after another.

Synchronous: for backtests and benchmarks, where nothing is under way between a bar and its consequences. An order acts
from the next bar on. The exchange judges; this only translates, and keeps no state of its own.
"""

from collections.abc import Iterator

from assent.exchange.futures import FuturesMarket
from assent.exchange.futures_types import BarOrder, Contract, Declined, Ended, Executed, Told
from assent.model.inputs import (
    Accepted,
    BarSeen,
    CancelAnswered,
    FillSeen,
    Input,
    OrderClosedSeen,
    Refused,
    SendAnswered,
)
from assent.model.instruments import Future, PerContractFee
from assent.model.orders import Fill, Order


class BarVenue:
    """One future, one account."""

    def __init__(self, future: Future, *, through: int = 0, most_per_bar: int | None = None) -> None:
        if type(future.fees) is not PerContractFee:
            raise ValueError(f"{future.id} has {future.fees!r}; this market knows a fee per contract only")
        self.name = future.id
        self.market = FuturesMarket(
            Contract(
                tick=min(band.step for band in future.prices.bands),
                multiplier=future.multiplier,
                fee=future.fees.amount,
                qty_step=future.quantities.step,
                through=through,
                most_per_bar=most_per_bar,
            )
        )

    def submit(self, order: Order, ts: int) -> SendAnswered:
        immediate = order.time_in_force in ("ioc", "fok")
        answer = self.market.submit(
            BarOrder(
                order.order_id, order.side, order.type, order.qty, order.price, order.stop_price or 0, immediate,
                order.reduce_only, order.expires_ts, order.parent, order.oca_group,
            )
        )  # fmt: skip
        if type(answer) is Declined:
            return SendAnswered(order.order_id, Refused(answer.code, answer.detail), ts)
        return SendAnswered(order.order_id, Accepted(order.order_id, 0, order.qty), ts)

    def cancel(self, order_id: str, ts: int) -> Iterator[Input]:
        told = self.market.cancel(order_id, ts)
        if isinstance(told, Declined):
            yield CancelAnswered(order_id, Refused(told.code, told.detail), ts)
        else:
            yield from self._tell(told)

    def pass_bar(self, bar: BarSeen) -> Iterator[Input] | None:
        """What the bar brought to our orders: to be told before the bar itself. None, mostly."""
        told = self.market.bar(bar.received_ts, bar.open, bar.high, bar.low)
        return self._tell(told) if told else None

    def _tell(self, told: list[Told]) -> Iterator[Input]:
        for news in told:
            if type(news) is Executed:
                fill = Fill(
                    fill_id=news.fill_id, order_id=news.order_id, instrument=self.name, side=news.side,
                    price=news.price, qty=news.qty, fee=news.fee, taker=news.taker, venue_ts=news.ts,
                )  # fmt: skip
                yield FillSeen(fill, news.ts)
            elif type(news) is Ended:
                yield OrderClosedSeen(news.order_id, news.reason, news.filled, news.ts)

"""The crowd around one event: a maker who is late and a little wrong, idlers, gamblers, and one who knows.

Each has an account and a random stream of its own and trades through the same door as everybody else. Together
they make a market that is mostly fair and sometimes stale: edges exist, small, short and not free. None of them
may look at the truth; all they have is the expected value, later or noisier.
"""

from random import Random
from typing import ClassVar, Protocol

from assent.exchange.book import Top
from assent.exchange.core import Exchange
from assent.exchange.normal import draw
from assent.exchange.programme import Happening
from assent.exchange.truth import minute_of
from assent.exchange.types import MICRO, SECOND, Accepted, NewOrder, Side

CENT = 10_000
_MILLISECOND = 1_000_000


class Seat:
    """What every member of the crowd has: an account, an event with its tickers and ticks, and a random stream.

    `ticks` is shared by the whole crowd: the smallest step of the price in each market, at this moment.
    """

    __slots__ = ("account", "exchange", "happening", "random", "tickers", "ticks")

    def __init__(
        self, exchange: Exchange, account: str, happening: Happening, ticks: list[int], random: Random
    ) -> None:
        self.exchange = exchange
        self.account = account
        self.happening = happening
        self.tickers = happening.tickers
        self.ticks = ticks
        self.random = random

    def pick(self, count: int) -> int:
        """A number below `count`, from one draw of the stream."""
        return self.random.getrandbits(32) * count >> 32

    def after(self, now: int, shortest_ms: int, longest_ms: int) -> int:
        """Some time from now: sooner when the event is busy, later when it is not."""
        usual_ms = shortest_ms + self.pick(longest_ms - shortest_ms)
        return now + usual_ms * 100 // self.happening.tempo[minute_of(now)] * _MILLISECOND

    def top(self, index: int) -> Top:
        return self.exchange.top(self.tickers[index])

    def position(self, index: int) -> int:
        return self.exchange.position(self.account, self.tickers[index])

    def take(self, now: int, index: int, side: Side, price: int, contracts: int) -> None:
        order = NewOrder(None, self.tickers[index], side, price, contracts * MICRO, tif="ioc")
        self.exchange.submit(now, self.account, order)

    def place(self, now: int, index: int, side: Side, price: int, contracts: int) -> str:
        """The id of the resting order, or nothing where the price leaves the grid or the order did not rest."""
        tick = self.ticks[index]
        if not tick <= price <= MICRO - tick:
            return ""
        order = NewOrder(None, self.tickers[index], side, price, contracts * MICRO)
        answer = self.exchange.submit(now, self.account, order)
        return answer.order_id if isinstance(answer, Accepted) and answer.remaining else ""

    def cancel(self, now: int, order_id: str) -> None:
        if order_id:
            self.exchange.cancel(now, self.account, order_id)


class Trader(Protocol):
    """Somebody who acts, and says when next."""

    name: ClassVar[str]
    cash: ClassVar[int]

    def __init__(self, seat: Seat) -> None: ...

    def act(self, now: int) -> int: ...


def faded(value: int, keep_permille: int) -> int:
    """The same sign, a little smaller: symmetric around zero, as floor division alone is not."""
    size = abs(value) * keep_permille // 1_000
    return size if value >= 0 else -size


class Opinion:
    """A lagged and noisy reading of the expected number, and the probabilities that follow from it.

    The noise of each minute is a part of all there is to learn, in thousandths.
    """

    __slots__ = ("_error", "_happening", "_lag", "_memory_permille", "_minute", "_noise", "_random", "ppm")

    def __init__(self, seat: Seat, *, lag: int, noise_permille: int, memory_permille: int) -> None:
        self._happening = seat.happening
        self._random = seat.random
        self._lag = lag
        self._noise = seat.happening.truth.total * noise_permille // 1_000
        self._memory_permille = memory_permille
        self._error = draw(seat.random, self._noise)
        self._minute = -1
        self.ppm: list[int] = []

    def update(self, now: int) -> list[int]:
        minute = minute_of(now)
        if minute != self._minute:
            self._minute = minute
            self._error = faded(self._error, self._memory_permille) + draw(self._random, self._noise)
            truth, seen = self._happening.truth, max(0, minute - self._lag)
            mean, sigma = truth.means[seen] + self._error, truth.sigmas[seen]
            self.ppm = [bracket.probability_ppm(mean, sigma) for bracket in self._happening.brackets]
        return self.ppm


class Maker:
    """Quotes two levels a side around its opinion, leaning against its inventory, one market after the other."""

    name: ClassVar[str] = "maker"
    cash: ClassVar[int] = 1_000_000 * MICRO

    HALF_SPREAD = 14_000
    JITTER = 9_000
    OUTER = 3 * CENT
    SKEW_PER_CONTRACT = 60
    MOST_SKEW = 25_000
    MOST_POSITION = 4_000 * MICRO
    # A slow mood about each market, so that it is not only ever wrong about all of them at once.
    MOOD = 36_000
    MOOD_STEP = 3_600
    MOOD_MEMORY_PERMILLE = 995

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._opinion = Opinion(seat, lag=seat.happening.lag, noise_permille=18, memory_permille=970)
        self._moods = [draw(seat.random, self.MOOD) for _ in seat.tickers]
        self._inner: list[dict[Side, str]] = [{"buy": "", "sell": ""} for _ in seat.tickers]
        self._outer: list[dict[Side, tuple[str, int]]] = [{"buy": ("", 0), "sell": ("", 0)} for _ in seat.tickers]
        self._turn = 0

    def act(self, now: int) -> int:
        seat, index = self._seat, self._turn
        self._turn = (index + 1) % len(seat.tickers)
        fair = self._opinion.update(now)[index]
        mood = faded(self._moods[index], self.MOOD_MEMORY_PERMILLE) + draw(seat.random, self.MOOD_STEP)
        self._moods[index] = mood
        # A mood moves a coin toss most and a near certainty hardly at all.
        self._requote(now, index, fair + 4 * mood * (fair * (MICRO - fair) // MICRO) // MICRO)
        return seat.after(now, 3_000, 6_000)

    def _requote(self, now: int, index: int, fair: int) -> None:
        seat = self._seat
        position = seat.position(index)
        skew = position // MICRO * self.SKEW_PER_CONTRACT
        middle = fair - max(-self.MOST_SKEW, min(self.MOST_SKEW, skew)) + seat.pick(2 * self.JITTER) - self.JITTER
        tick = seat.ticks[index]
        bid = (middle - self.HALF_SPREAD) // tick * tick
        ask = -(-(middle + self.HALF_SPREAD) // tick) * tick
        # Which side comes first is drawn, or the book would always thin out on the same one.
        for is_buy in (True, False) if seat.random.getrandbits(1) else (False, True):
            if is_buy:
                self._replace_outer(now, index, "buy", bid - self.OUTER)
                self._replace_inner(now, index, "buy", bid if position < self.MOST_POSITION else 0)
            else:
                self._replace_outer(now, index, "sell", ask + self.OUTER)
                self._replace_inner(now, index, "sell", ask if position > -self.MOST_POSITION else 0)

    def _replace_inner(self, now: int, index: int, side: Side, price: int) -> None:
        mine = self._inner[index]
        self._seat.cancel(now, mine[side])
        mine[side] = self._seat.place(now, index, side, price, 10 + self._seat.pick(60))

    def _replace_outer(self, now: int, index: int, side: Side, price: int) -> None:
        mine = self._outer[index]
        order_id, at = mine[side]
        if at == price:
            return
        self._seat.cancel(now, order_id)
        mine[side] = (self._seat.place(now, index, side, price, 80 + self._seat.pick(200)), price)


class Idler:
    """Joins the best price with a little size, or steps a tick inside, and soon goes away again."""

    name: ClassVar[str] = "idler"
    cash: ClassVar[int] = 200_000 * MICRO

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def act(self, now: int) -> int:
        seat = self._seat
        index = seat.pick(len(seat.tickers))
        side: Side = "buy" if seat.random.getrandbits(1) else "sell"
        price = self._price(seat.top(index), side, seat.ticks[index])
        if price is not None:
            qty = (1 + seat.pick(25)) * MICRO
            expires_ts = now + (3 + seat.pick(40)) * SECOND
            order = NewOrder(None, seat.tickers[index], side, price, qty, post_only=True, expires_ts=expires_ts)
            seat.exchange.submit(now, seat.account, order)
        return seat.after(now, 2_000, 5_500)

    def _price(self, top: Top, side: Side, tick: int) -> int | None:
        best = top.bid if side == "buy" else top.ask
        if best is None or top.bid is None or top.ask is None:
            return best
        if top.ask - top.bid < 4 * tick or self._seat.pick(4):
            return best
        return best + tick if side == "buy" else best - tick


class Gambler:
    """Buys or sells a few contracts at the market, for reasons of his own."""

    name: ClassVar[str] = "gambler"
    cash: ClassVar[int] = 200_000 * MICRO

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def act(self, now: int) -> int:
        seat = self._seat
        index = seat.pick(len(seat.tickers))
        side: Side = "buy" if seat.random.getrandbits(1) else "sell"
        top = seat.top(index)
        price = top.ask if side == "buy" else top.bid
        if price is not None:
            seat.take(now, index, side, price, 1 + seat.pick(20))
        return seat.after(now, 15_000, 75_000)


class Insider:
    """Sees the expected number at once and almost clearly, looks in rarely, and takes what is clearly wrong."""

    name: ClassVar[str] = "insider"
    cash: ClassVar[int] = 500_000 * MICRO

    EDGE = 40_000
    MOST_POSITION = 1_500 * MICRO

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._opinion = Opinion(seat, lag=1, noise_permille=20, memory_permille=500)

    def act(self, now: int) -> int:
        seat = self._seat
        index = seat.pick(len(seat.tickers))
        fair = self._opinion.update(now)[index]
        top, position = seat.top(index), seat.position(index)
        if top.ask is not None and fair - top.ask > self.EDGE and position < self.MOST_POSITION:
            seat.take(now, index, "buy", top.ask, 10 + seat.pick(40))
        elif top.bid is not None and top.bid - fair > self.EDGE and position > -self.MOST_POSITION:
            seat.take(now, index, "sell", top.bid, 10 + seat.pick(40))
        return seat.after(now, 10_000, 50_000)


class Collector:
    """Bids a tick for what nobody has wanted for a while, and offers at a tick below a dollar: somebody always does.

    Patient, since after a pause everybody else should be back first: a lone bid of a cent is no price.
    """

    name: ClassVar[str] = "collector"
    cash: ClassVar[int] = 200_000 * MICRO

    PATIENCE = 4

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._bare: list[dict[Side, int]] = [{"buy": 0, "sell": 0} for _ in seat.tickers]

    def act(self, now: int) -> int:
        seat = self._seat
        for index, tick in enumerate(seat.ticks):
            top = seat.top(index)
            self._look(now, index, "buy", tick, bare=top.bid is None)
            self._look(now, index, "sell", MICRO - tick, bare=top.ask is None)
        return seat.after(now, 10_000, 30_000)

    def _look(self, now: int, index: int, side: Side, price: int, *, bare: bool) -> None:
        """One look at one side of a book; `bare` counts looks in a row that found nothing."""
        seen = self._bare[index]
        seen[side] = seen[side] + 1 if bare else 0
        if seen[side] >= self.PATIENCE:
            self._seat.place(now, index, side, price, 50 + self._seat.pick(150))


CROWD: tuple[type[Trader], ...] = (Maker, Idler, Gambler, Insider, Collector)

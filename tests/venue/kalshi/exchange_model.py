"""A little exchange that knows the truth, and a channel that does not carry it faithfully.

The model numbers its frames per subscription and keeps every market's book as it was at each number, so that whatever
the stream believes can be compared with what was true there.
"""

import json
from random import Random
from typing import NamedTuple

from assent.model.units import MICRO, SECOND

START = 1_790_000_000 * SECOND
MS = SECOND // 1_000
LATENCY_NS = 20 * MS

Levels = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]


class Sent(NamedTuple):
    """A frame on its way, with what the model knows of it."""

    raw: bytes
    sid: int
    seq: int
    epoch: int


class Subscription:
    def __init__(self, sid: int, tickers: list[str]) -> None:
        self.sid = sid
        self.tickers = dict.fromkeys(tickers)
        self.seq = 0
        self.epoch = 0


class ModelExchange:
    """One connection's view of the truth. `counted`: an answer to a command takes a number of its own."""

    def __init__(self, rng: Random, tickers: list[str], *, counted: bool) -> None:
        self.rng = rng
        self.counted = counted
        self.books: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
        self.levels: dict[str, Levels] = {}
        for ticker in tickers:
            middle = rng.randint(20, 80)
            bids = {cents: rng.randint(1, 500) for cents in range(middle - 9, middle, 2)}
            asks = {cents: rng.randint(1, 500) for cents in range(middle + 1, middle + 10, 2)}
            self.books[ticker] = (bids, asks)
            self._changed(ticker)
        self.subscription: Subscription | None = None
        self.sids = 0
        self.history: dict[tuple[int, int, int], dict[str, Levels]] = {}
        self.now = START
        self.outbox: list[Sent] = []

    def connect(self) -> None:
        """A new connection: other sids, nothing subscribed."""
        self.subscription = None
        self.outbox.clear()
        self.history.clear()
        self.sids = self.rng.randint(0, 3)

    def trade(self) -> None:
        """One level of one book changes; a book is never crossed."""
        ticker = self.rng.choice(list(self.books))
        bids, asks = self.books[ticker]
        on_bids = self.rng.random() < 0.5
        levels = bids if on_bids else asks
        if len(levels) > 1 and self.rng.random() < 0.5:
            cents = self.rng.choice(list(levels))
            change = -self.rng.choice([levels[cents], self.rng.randint(1, levels[cents])])
        else:
            low, high = (1, min(asks, default=100) - 1) if on_bids else (max(bids, default=0) + 1, 99)
            if low > high:
                return
            near = (max(low, high - 10), high) if on_bids else (low, min(high, low + 10))
            cents = self.rng.randint(*near)
            change = self.rng.randint(1, 500)
        levels[cents] = levels.get(cents, 0) + change
        if not levels[cents]:
            del levels[cents]
        self._changed(ticker)
        subscription = self.subscription
        if subscription is not None and ticker in subscription.tickers:
            message = {
                "market_ticker": ticker,
                "market_id": "m",
                "price_dollars": f"0.{cents:02d}00",
                "delta_fp": f"{change}.00",
                "side": "yes" if on_bids else "no",
                "ts_ms": self.now // MS,
            }
            self._say(subscription, "orderbook_delta", message)

    def restart_numbers(self, *, with_books: bool) -> None:
        """The count of the subscription begins anew."""
        subscription = self.subscription
        if subscription is None:
            return
        subscription.seq = 0
        subscription.epoch += 1
        if with_books:
            for ticker in subscription.tickers:
                self._snapshot(subscription, ticker, 0)

    def obey(self, raw: bytes) -> None:
        """Carry out a command and put the answers into the outbox."""
        command = json.loads(raw)
        act, params, number = command["cmd"], command["params"], command["id"]
        if act == "subscribe":
            assert params["use_yes_price"] is True
            self._subscribe(number, params["market_tickers"])
        elif act == "unsubscribe":
            subscription = self.subscription
            if subscription is not None and subscription.sid in params["sids"]:
                self._answer(subscription, {"type": "unsubscribed", "id": number})
                self.subscription = None
        elif self.subscription is None or self.subscription.sid != params["sid"]:
            error = {"type": "error", "id": number, "msg": {"code": 7, "msg": "Unknown subscription ID"}}
            self.outbox.append(Sent(json.dumps(error).encode(), 0, 0, 0))
        else:
            self._update(self.subscription, number, params["action"], params["market_tickers"])

    def _subscribe(self, number: int, tickers: list[str]) -> None:
        old = self.subscription
        if old is None:
            self.sids += 1
            self.subscription = Subscription(self.sids, tickers)
        subscription = self.subscription
        assert subscription is not None
        answer = {"channel": "orderbook_delta", "sid": subscription.sid}
        raw = json.dumps({"type": "subscribed", "id": number, "msg": answer}).encode()
        self.outbox.append(Sent(raw, 0, 0, 0))
        for ticker in tickers:
            if old is None or ticker not in old.tickers:
                subscription.tickers[ticker] = None
                self._snapshot(subscription, ticker, 0)

    def _update(self, subscription: Subscription, number: int, action: str, tickers: list[str]) -> None:
        if action == "get_snapshot":
            for ticker in tickers:
                self._snapshot(subscription, ticker, number)
            return
        new = [ticker for ticker in tickers if ticker not in subscription.tickers]
        if action == "add_markets":
            subscription.tickers.update(dict.fromkeys(tickers))
        else:
            for ticker in tickers:
                subscription.tickers.pop(ticker, None)
        self._answer(subscription, {"type": "ok", "id": number, "msg": {"market_tickers": list(subscription.tickers)}})
        if action == "add_markets":
            for ticker in new:
                self._snapshot(subscription, ticker, 0)

    def _snapshot(self, subscription: Subscription, ticker: str, number: int) -> None:
        message: dict[str, object] = {"market_ticker": ticker, "market_id": "m"}
        for key, levels in zip(("yes_dollars_fp", "no_dollars_fp"), self.books[ticker], strict=True):
            if levels:
                message[key] = [[f"0.{cents:02d}00", f"{qty}.00"] for cents, qty in sorted(levels.items())]
        self._say(subscription, "orderbook_snapshot", message, number)

    def _say(self, subscription: Subscription, kind: str, message: object, number: int = 0) -> None:
        subscription.seq += 1
        frame: dict[str, object] = {"type": kind, "sid": subscription.sid, "seq": subscription.seq, "msg": message}
        if number:
            frame["id"] = number
        self._post(subscription, frame)

    def _answer(self, subscription: Subscription, frame: dict[str, object]) -> None:
        subscription.seq += 1 if self.counted else 0
        self._post(subscription, {**frame, "sid": subscription.sid, "seq": subscription.seq})

    def _post(self, subscription: Subscription, frame: dict[str, object]) -> None:
        frame["sending_ts_ms"] = self.now // MS
        place = (subscription.sid, subscription.seq, subscription.epoch)
        self.history.setdefault(place, dict(self.levels))
        self.outbox.append(Sent(json.dumps(frame).encode(), *place))

    def _changed(self, ticker: str) -> None:
        bids, asks = self.books[ticker]
        self.levels[ticker] = (
            tuple((cents * MICRO // 100, bids[cents] * MICRO) for cents in sorted(bids, reverse=True)),
            tuple((cents * MICRO // 100, asks[cents] * MICRO) for cents in sorted(asks)),
        )


class FaultyChannel:
    """Carries frames late, twice, in another order, or not at all. Each fault is asked for from outside and counted."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.way: list[tuple[int, Sent]] = []
        self.faults: dict[str, int] = {}
        self.lose = 0
        self.hold = 0
        self.double = 0
        self.garble = 0
        self.held: list[tuple[int, Sent]] = []
        self.frozen_until = 0
        self.loses_frozen = False

    def clear(self) -> None:
        """The connection is gone with all that was on its way."""
        self.way.clear()
        self.held.clear()
        self.lose = self.hold = self.double = self.garble = self.frozen_until = 0

    def strike(self, kind: str, now: int) -> None:
        """The next frames meet this fault."""
        self.faults[kind] = self.faults.get(kind, 0) + 1
        if kind == "gap":
            self.lose = self.rng.randint(1, 3)
        elif kind == "reorder":
            self.hold = self.rng.randint(1, 2)
        elif kind == "duplicate":
            self.double = self.rng.randint(1, 3)
        elif kind == "garble":
            self.garble = 1
        elif kind == "freeze":
            self.frozen_until = now + self.rng.randint(200, 9_000) * MS
            self.loses_frozen = self.rng.random() < 0.5

    def carry(self, frames: list[Sent], now: int) -> None:
        for frame in frames:
            if self.lose:
                self.lose -= 1
            elif self.hold:
                self.hold -= 1
                self.held.append((self.rng.randint(1, 4), frame))
            elif self.garble:
                self.garble = 0
                at = self.rng.randrange(len(frame.raw))
                self._put(frame._replace(raw=frame.raw[:at] + b"\x00" + frame.raw[at + 1 :]), now)
            else:
                self._put(frame, now)
                if self.double:
                    self.double -= 1
                    self.held.append((self.rng.randint(0, 3), frame))
            self._release(now)

    def due(self, now: int) -> list[Sent]:
        """What arrives now."""
        if self.frozen_until:
            if now < self.frozen_until:
                return []
            self.frozen_until = 0
            if self.loses_frozen:
                self.way = [(ts, frame) for ts, frame in self.way if ts > now]
        arrived = [frame for ts, frame in self.way if ts <= now]
        self.way = [(ts, frame) for ts, frame in self.way if ts > now]
        return arrived

    def _put(self, frame: Sent, now: int) -> None:
        self.way.append((now + LATENCY_NS, frame))

    def _release(self, now: int) -> None:
        """A held frame comes after as many others as it was held for."""
        for _, frame in [each for each in self.held if each[0] <= 0]:
            self._put(frame, now)
        self.held = [(left - 1, frame) for left, frame in self.held if left > 0]

"""The adapter at the boxed exchange, in one event loop under virtual time, with a wire that a test can spoil.

Ann is us; Bob trades against us, straight at the exchange. What the wire does is decided per request: a spoiler sees
each one first and may answer in the venue's place, before or after the venue has taken it in.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any, TypeVar

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, BOB_KEY, BOB_PRIVATE

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MarketSpec, NewOrder
from assent.model.inputs import Input
from assent.model.orders import Order
from assent.model.units import DAY, MICRO, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.kalshi.adapter import KalshiVenue
from assent.venue.kalshi.discovery import Scope
from assent.venue.kalshi.events import Event
from assent.venue.kalshi.limits import TIERS
from assent.venue.kalshi.rest import Rest
from assent.venue.kalshi.signing import Signer
from assent.venue.kalshi.throttle import Throttle
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.leaving import handed_over
from assent.venue.port import Permit
from assent.venue.transport import Answer, Failed, Request, Socket

T = TypeVar("T")

START = 1_790_000_000 * SECOND
SERIES, EVENT, MARKET = "KXRAIN", "KXRAIN-26NOV20", "KXRAIN-26NOV20-T1"
CASH = 1_000 * MICRO
CENT = 10_000
ROOT = "/trade-api/v2"
# A request, and what sends it on to the venue.
Spoiler = Callable[[Request, Callable[[], Awaitable[Answer]]], Awaitable[Answer | Failed]]


def answer(status: int, body: Any = b"") -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def error(status: int, code: str, details: str = "") -> Answer:
    return answer(status, {"error": {"code": code, "message": code, "details": details}})


class Wire:
    """A transport into the boxed application. It keeps every request that was made."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.requests: list[Request] = []
        self.spoilers: list[Spoiler] = []

    def spoil(self, method: str, path: str, *answers: Answer | Failed, taken: bool = False, times: int = 1) -> None:
        """Answer so many requests to paths that begin so in the venue's place; `taken`: after it has taken it in."""
        left = list(answers) * times

        async def spoiler(request: Request, send_on: Callable[[], Awaitable[Answer]]) -> Answer | Failed:
            if not left or request.method != method or not request.target.startswith(ROOT + path):
                return await send_on()
            if taken:
                await send_on()
            return left.pop(0)

        self.spoilers.append(spoiler)

    def count(self, method: str, path: str = "") -> int:
        return sum(each.method == method and each.target.startswith(ROOT + path) for each in self.requests)

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        stays = handed_over(request)
        if stays is not None:
            return Failed("not_sent", *stays)
        self.requests.append(request)

        async def through(rest: list[Spoiler]) -> Answer | Failed:
            if not rest:
                return await self._ask(request)
            return await rest[0](request, lambda: through(rest[1:]))  # type: ignore[arg-type, return-value]

        return await through(list(self.spoilers))

    async def connect(self, *_: object, **__: object) -> Socket | Answer | Failed:
        return Failed("not_sent", "no sockets here")

    async def close(self) -> None:
        """Nothing is held open."""

    async def _ask(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        if path.startswith(ROOT + "/historical/cutoff"):
            oldest = "2000-01-01T00:00:00Z"
            names = ("market_settled_ts", "trades_created_ts", "orders_updated_ts")
            return answer(200, dict.fromkeys(names, oldest))
        scope = {
            "type": "http", "method": request.method, "path": path, "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.items()],
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return Answer(sent[0]["status"], {}, sent[1]["body"])


class Feed:
    """Stands where the websocket's connection stands: tells what a test says, and keeps what is watched."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self.tell = tell
        self.watched: dict[str, None] = {}

    def watch(self, tickers: Iterable[str]) -> None:
        self.watched.update(dict.fromkeys(tickers))

    def unwatch(self, tickers: Iterable[str]) -> None:
        for ticker in tickers:
            self.watched.pop(ticker)

    async def run(self) -> None:
        await asyncio.Event().wait()


def a_market(ticker: str = MARKET, **changes: Any) -> MarketSpec:
    values: dict[str, Any] = {
        "ticker": ticker, "event": EVENT, "series": SERIES, "title": "More than one inch of rain", "open_ts": START,
        "close_ts": START + DAY, "price_bands": LINEAR_CENT, "settlement_timer_ns": 60 * SECOND,
    }  # fmt: skip
    return MarketSpec(**(values | changes))


def an_order(order_id: str = "11111111-aaaa-4aaa-8aaa-000000000001", **changes: Any) -> Order:
    values: dict[str, Any] = {
        "order_id": order_id, "intent_id": "i-1", "attempt": 1, "instrument": MARKET, "side": "buy", "type": "limit",
        "price": 40 * CENT, "qty": 10 * MICRO, "time_in_force": "gtc",
    }  # fmt: skip
    return Order(**(values | changes))


class Desk:
    """A venue under test with all around it. `released` is what the desk would say was released by it."""

    def __init__(
        self, *markets: MarketSpec, scope: Scope | None = None, lag_ns: int = 0, since_ts: int = START
    ) -> None:
        self.clock = VirtualClock(START)
        self.exchange = Exchange()
        self.histories = {name: History() for name in ("ann", "bob")}
        for name, history in self.histories.items():
            self.exchange.open_account(name, CASH, history)
        for spec in markets or (a_market(),):
            self.exchange.list_market(START, spec)
        self.exchange.advance(START)
        self.box = Box(self.exchange, self.histories, self.exchange.advance, Settings(read_lag_ns=lag_ns))
        keys = Keys(
            (Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"), Member(BOB_KEY, BOB_PRIVATE.public_key(), "bob"))
        )
        self.wire = Wire(App(self.box, keys, self.clock.now))
        self.scope = scope or Scope(series=(SERIES,))
        self.since_ts = since_ts
        self.terms = Terms()
        self.released: set[str] = set()
        self.held: list[str] = []
        self.stays: dict[str, str] = {}
        self.told: list[tuple[str, Input, str]] = []
        self.feed: Feed = Feed(lambda _: None)
        self.venue: KalshiVenue
        self._numbers = 0

    def start(self) -> None:
        """A new process: an adapter that remembers nothing."""
        signer = Signer(ANN_KEY, "ed25519", ANN_PRIVATE.sign)
        throttle = Throttle(TIERS["prestige"], Random(1), self.clock.now())
        rest = Rest(self.wire, signer, self.clock, throttle, chance=Random(2))
        self.venue = KalshiVenue(
            rest, self._connection, self.clock, name="kalshi", scope=self.scope,
            ours=self.released.__contains__, held=lambda: self.held, permit=Permit(self.permit), since_ts=self.since_ts,
            terms=self.terms,
        )  # fmt: skip

    async def connect(self) -> None:
        self.start()
        await self.venue.connect(self.sink, wanted=self.wanted)

    def permit(self, order_id: str, _now: int, _digest: str) -> str | None:
        """Why an order may not leave any more: what a test puts into `stays`."""
        return self.stays.get(order_id)

    def wanted(self, market: str, event: str, series: str) -> bool:
        scope = self.scope
        return market in (*scope.markets, *self.held) or event in scope.events or series in scope.series

    def sink(self, lane: str, item: Input, key: str = "") -> None:
        self.told.append((lane, item, key))

    def of(self, kind: type[T]) -> list[T]:
        return [item for _, item, _ in self.told if isinstance(item, kind)]

    def bob(self, side: Any, cents: int, contracts: int, *, who: str = "bob", **more: Any) -> str:
        """An order of Bob's, now; its venue id."""
        self._numbers += 1
        new = NewOrder(
            client_order_id=more.pop("client_order_id", f"bob-{self._numbers}"), market=more.pop("market", MARKET),
            side=side, price=cents * CENT, qty=contracts * MICRO, **more,
        )  # fmt: skip
        taken = self.exchange.submit(max(self.clock.now(), self.exchange.now), who, new)
        self.box.remember()
        return str(taken.order_id)  # type: ignore[union-attr]

    def resting(self) -> list[tuple[str, int]]:
        """What rests of Ann's at the exchange, as it knows it itself."""
        return [(view.client_order_id or "", view.remaining) for view in self.exchange.resting("ann")]

    def _connection(self, tell: Callable[[Event], None]) -> Feed:
        self.feed = Feed(tell)
        return self.feed


def life(script: Callable[[], Awaitable[None]]) -> None:
    """Run a test's script under virtual time."""

    async def main() -> None:
        await script()

    virtual.run(main())

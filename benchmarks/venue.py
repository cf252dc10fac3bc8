"""A Kalshi for measuring a desk: everything is real up to the transport, and the transport answers at once.

What a start asks for is answered by the boxed exchange's own application in this process. The websocket plays frames
that were made before, and says when each was handed over; an order is answered in the moment in which it is asked for:
taken, nothing executed, nothing left to rest. So what is measured is ours alone, and the account stays as it was.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from random import Random
from time import perf_counter_ns

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member, PublicKey
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.buckets import TIERS
from assent.exchange.types import MICRO, SECOND, MarketSpec
from assent.runtime.clock import ScaledClock
from assent.venue.leaving import handed_over
from assent.venue.memory import MemoryTransport
from assent.venue.transport import Answer, Failed, Frame, Request, Socket

START = 1_790_000_000 * SECOND
ACCOUNT, KEY_ID = "kalshi-box", "9c1de0c2-0000-4000-8000-00000000a001"
SERIES, EVENT = "KXBENCH", "KXBENCH-26NOV21"
MARKETS, LEVELS = 200, 30
TICKERS = [f"{EVENT}-T{number}" for number in range(MARKETS)]
CASH = 10_000 * MICRO
BOOKS = "orderbook_delta"
ORDERS = "/trade-api/v2/portfolio/events/orders"
# The subscription to the books; the others are numbered from here on.
BOOKS_SID = 1


class Frames:
    """The frames of one subscription to books, one number after the other."""

    def __init__(self, start: int) -> None:
        self._rng = Random(7)
        self._start_ms = start // 1_000_000
        self._seq = 0

    def snapshots(self) -> list[bytes]:
        """Every market's book: bids from 49 cents down, asks from 51 cents up."""
        return [self._snapshot(ticker) for ticker in TICKERS]

    def change(self, sent_ns: int) -> bytes:
        """A change of some level, more often near the top, that never crosses or empties a book."""
        rng = self._rng
        on_bids = rng.random() < 0.5
        depth = min(int(rng.expovariate(0.4)), LEVELS - 1)
        contracts = rng.choice([-1, 1]) * rng.randint(1, 500)
        cents = 49 - depth if on_bids else 51 + depth
        return self.delta(rng.choice(TICKERS), "yes" if on_bids else "no", cents, contracts, sent_ns)

    def delta(self, ticker: str, side: str, cents: int, contracts: int, sent_ns: int) -> bytes:
        """One change, sent so long after the start."""
        sent_ms = self._start_ms + sent_ns // 1_000_000
        msg = {
            "market_ticker": ticker,
            "market_id": "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1",
            "price_dollars": f"0.{cents:02d}00",
            "delta_fp": f"{contracts}.00",
            "side": side,
            "ts": "2026-09-21T14:13:20.123Z",
            "ts_ms": sent_ms,
        }
        head = {"type": BOOKS, "sid": BOOKS_SID, "seq": self._next(), "sending_ts_ms": sent_ms}
        return json.dumps(head | {"msg": msg}).encode()

    def _snapshot(self, ticker: str) -> bytes:
        bids = [[f"0.{cents:02d}00", "1000000.00"] for cents in range(50 - LEVELS, 50)]
        asks = [[f"0.{cents:02d}00", "1000000.00"] for cents in range(51, 51 + LEVELS)]
        msg = {"market_ticker": ticker, "yes_dollars_fp": bids, "no_dollars_fp": asks}
        head = {"type": "orderbook_snapshot", "sid": BOOKS_SID, "seq": self._next()}
        return json.dumps(head | {"msg": msg}).encode()

    def _next(self) -> int:
        self._seq += 1
        return self._seq


class Player:
    """The venue's end of one websocket: answers commands, and hands over the frames that it is given."""

    def __init__(self, snapshots: Sequence[bytes]) -> None:
        self._snapshots = snapshots
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self._sids = {BOOKS: BOOKS_SID}
        # The frame that is looked for, when it was handed over, and when the next one was asked for: by then everything
        # that it says has gone into the inbox.
        self.marked: bytes | None = None
        self.handed_ns = 0
        self.taken_ns = 0
        self._pending = False

    def play(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self._frames.put_nowait(frame)

    @property
    def waiting(self) -> int:
        return self._frames.qsize()

    async def receive(self) -> Frame:
        if self._pending:
            self._pending, self.taken_ns = False, perf_counter_ns()
        frame = await self._frames.get()
        if frame is self.marked:
            self._pending, self.taken_ns = True, sys.maxsize
            self.handed_ns = perf_counter_ns()
        return frame

    async def send(self, frame: bytes) -> None:
        said = json.loads(frame)
        if said["cmd"] != "subscribe":
            return
        (channel,) = said["params"]["channels"]
        sid = self._sids.setdefault(channel, len(self._sids) + 1)
        subscribed = {"type": "subscribed", "id": said["id"], "msg": {"channel": channel, "sid": sid}}
        self.play([json.dumps(subscribed).encode()])
        if channel == BOOKS:
            self.play(self._snapshots)

    async def close(self) -> None:
        """Nothing is held open."""


class AtOnce:
    """The transport. `asked_ns`: when the last order was to leave, whose bytes are there, signed, and read back."""

    def __init__(self, key: PublicKey, clock: ScaledClock, snapshots: Sequence[bytes]) -> None:
        self.player = Player(snapshots)
        self.asked = asyncio.Event()
        self.asked_ns = 0
        self._orders = 0
        self._reads = MemoryTransport(_application(key, clock))
        self._sent_ms = START // 1_000_000

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        if (request.method, request.target) != ("POST", ORDERS):
            return await self._reads.request(request, timeout_ns=timeout_ns)
        stays = handed_over(request)
        if stays is not None:
            return Failed("not_sent", *stays)
        self.asked_ns = perf_counter_ns()
        self.asked.set()
        self._orders += 1
        order = json.loads(request.body)
        placed = {
            "order_id": f"0b9a4c1e-5b55-4b1c-8d52-{self._orders:012d}",
            "client_order_id": order["client_order_id"],
            "fill_count": "0.00",
            "remaining_count": "0.00",
            "ts_ms": self._sent_ms,
        }
        return Answer(201, {}, json.dumps(placed).encode())

    async def connect(self, *_: object, **__: object) -> Socket | Answer | Failed:
        return self.player

    async def close(self) -> None:
        await self._reads.close()


def _application(key: PublicKey, clock: ScaledClock) -> App:
    """The boxed exchange with all the markets of the frames, and an account that has its cash."""
    exchange, history = Exchange(), History()
    exchange.open_account(ACCOUNT, CASH, history)
    for ticker in TICKERS:
        exchange.list_market(
            START, MarketSpec(ticker, EVENT, SERIES, "a market", START, START + 10**6 * SECOND, LINEAR_CENT)
        )
    exchange.advance(START)
    box = Box(exchange, {ACCOUNT: history}, exchange.advance)
    return App(box, Keys((Member(KEY_ID, key, ACCOUNT),)), clock.now, tier=TIERS["prestige"])

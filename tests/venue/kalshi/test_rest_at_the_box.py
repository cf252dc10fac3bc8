"""Our half and the exchange's half, written apart, in front of each other: in memory with faults, and over loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.exchange.support import CENT, a_spec
from tests.venue.fakes import let_go
from tests.venue.kalshi.desks import KEY_ID, ORDERS, START, a_signer

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.buckets import TIERS as BOX_TIERS
from assent.exchange.kalshi.server import Server
from assent.exchange.types import MICRO, NewOrder
from assent.model.units import DAY, MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock, WallClock
from assent.venue.kalshi.limits import TIERS
from assent.venue.kalshi.paging import Incomplete, Rows
from assent.venue.kalshi.rest import Answered, KalshiHTTPError, Lost, Rest
from assent.venue.kalshi.throttle import Throttle
from assent.venue.kalshi.wire import Page
from assent.venue.kalshi.wire_markets import Book, orderbook
from assent.venue.kalshi.wire_orders import fill_page, order_page, placed
from assent.venue.leaving import IN_MEMORY
from assent.venue.memory import Line, MemoryTransport, Passage
from assent.venue.network import Network
from assent.venue.transport import Request, Transport

TICKER = "KXTEST-26JAN05-B47.5"
MAKER_PRICE = 52 * CENT


class Floor:
    """An exchange of one market with a maker's offer in it, and Ann's key."""

    def __init__(self, now: int) -> None:
        self.exchange = Exchange()
        histories = {"ann": History()}
        self.exchange.open_account("ann", 100_000 * MICRO, histories["ann"])
        self.exchange.open_account("maker", 1_000_000 * MICRO)
        self.exchange.list_market(now - MINUTE, a_spec(TICKER, open_ts=now - MINUTE, close_ts=now + DAY))
        self.exchange.submit(now, "maker", NewOrder(None, TICKER, "sell", MAKER_PRICE, 1_000 * MICRO))
        self.box = Box(self.exchange, histories, self.exchange.advance)

    def app(self, clock: Callable[[], int], tier: str | None = None) -> App:
        public = Ed25519PrivateKey.from_private_bytes(b"ann".ljust(32, b".")).public_key()
        members = Keys((Member(KEY_ID, public, "ann"),))
        return App(self.box, members, clock, tier=BOX_TIERS[tier] if tier else None)

    def orders(self) -> int:
        return len(self.exchange.resting("ann"))


class Desk(NamedTuple):
    rest: Rest
    floor: Floor
    transport: MemoryTransport
    clock: VirtualClock


def lived(
    script: Callable[[Desk], Coroutine[Any, Any, Any]],
    *,
    passing: Callable[[int, Request], Passage] = lambda _number, _request: Passage(),
    tier: str | None = None,
    rested: bool = True,
) -> Any:
    async def main() -> Any:
        clock, floor = VirtualClock(START), Floor(START)
        transport = MemoryTransport(floor.app(clock.now, tier), Line(request=passing))
        rest = a_rest(transport, clock, tier or "prestige", START - MINUTE if rested else START)
        return await script(Desk(rest, floor, transport, clock))

    return virtual.run(main(), until_ns=60 * MINUTE)


def a_rest(transport: Transport, clock: Any, tier: str, begun: int, address: str = IN_MEMORY) -> Rest:
    throttle = Throttle(TIERS[tier], Random(7), begun)
    return Rest(transport, a_signer(), clock, throttle, chance=Random(11), address=address)


def an_order(name: str, *, price: str = "0.4000") -> bytes:
    return json.dumps(
        {
            "ticker": TICKER,
            "client_order_id": name,
            "side": "bid",
            "count": "1.00",
            "price": price,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
        }
    ).encode()


async def submit(rest: Rest, name: str, **terms: str) -> Any:
    return await rest.write("POST", ORDERS, an_order(name, **terms), lane="submit", withheld=let_go)


# ----------------------------------------------------------------------------------------------- in memory, with faults


def test_an_order_is_placed_found_and_taken_off_under_our_signature() -> None:
    async def script(desk: Desk) -> Any:
        written = await submit(desk.rest, "one")
        assert isinstance(written, Answered)
        order_id = placed(written.body).order_id
        rows = await desk.rest.pages("/portfolio/orders", [("limit", 100)], order_page, lane="query")
        gone = await desk.rest.write(
            "DELETE", f"{ORDERS}/{order_id}?market_ticker={TICKER}", lane="cancel", withheld=let_go
        )
        assert isinstance(gone, Answered)
        return written.status, [each.order_id == order_id for each in rows.rows], gone.status

    assert lived(script) == (201, [True], 200)


@pytest.mark.parametrize(
    ("passage", "placed_at_last"),
    [
        (Passage(lost="before"), 0),
        (Passage(lost="before", breaks=True), 0),
        (Passage(lost="after"), 1),
        (Passage(lost="after", breaks=True), 1),
        (Passage(delay_ns=MINUTE), 0),
        (Passage(answer_delay_ns=MINUTE), 1),
    ],
)
def test_a_submission_without_an_answer_is_lost_whatever_became_of_it(passage: Passage, placed_at_last: int) -> None:
    """One held for a minute is refused by then, since its signature has grown old."""

    async def script(desk: Desk) -> int:
        written = await submit(desk.rest, "one")
        assert isinstance(written, Lost)
        assert written.signed_ts == START
        await desk.transport.settle()
        return desk.floor.orders()

    assert lived(script, passing=lambda _number, _request: passage) == placed_at_last


def test_a_doubled_submission_is_placed_once() -> None:
    async def script(desk: Desk) -> tuple[int, int]:
        written = await submit(desk.rest, "one")
        await desk.transport.settle()
        return written.status, desk.floor.orders()

    assert lived(script, passing=lambda _number, _request: Passage(copies=2)) == (201, 1)


def test_no_signature_is_made_twice_for_a_clock_that_is_wrong() -> None:
    asked: list[Request] = []

    def passing(_: int, request: Request) -> Passage:
        asked.append(request)
        return Passage(delay_ns=12 * SECOND)

    async def script(desk: Desk) -> Any:
        with pytest.raises(KalshiHTTPError) as error:
            await desk.rest.read("/portfolio/balance")
        return error.value

    error = lived(script, passing=passing)
    assert (error.status, error.code) == (401, "header_timestamp_expired")
    assert len(asked) == 1


@pytest.mark.parametrize("tier", ["basic", "advanced", "expert"])
@pytest.mark.parametrize("rested", [True, False])
def test_the_venues_own_buckets_never_push_us_back(tier: str, rested: bool) -> None:
    """Its buckets and ours were written apart; it counts what we send, and finds nothing to refuse."""

    async def script(desk: Desk) -> tuple[int, int, int]:
        async def orders() -> list[Any]:
            got = []
            for batch in range(4):
                got += await asyncio.gather(*(submit(desk.rest, f"o{batch}-{number}") for number in range(60)))
            return got

        async def reads() -> int:
            got = await asyncio.gather(*(desk.rest.read("/portfolio/balance") for _ in range(400)))
            return len(got)

        written, read = await asyncio.gather(orders(), reads())
        assert {each.status for each in written} == {201}
        return len(written), read, desk.clock.now() - START

    written, read, took = lived(script, tier=tier, rested=rested)
    assert (written, read) == (240, 400)
    # Nor do we leave much of it unused: nine tenths of the rate at worst, after what the bucket held.
    needed = max(2_400 * SECOND // TIERS[tier].write.rate, 4_000 * SECOND // TIERS[tier].read.rate)
    assert took <= needed * 10 // 8 + SECOND


def test_a_list_is_walked_through_the_boxs_own_cursors() -> None:
    async def script(desk: Desk) -> Any:
        for number in range(23):
            await submit(desk.rest, f"o{number}", price="0.5200" if number % 2 else "0.4000")
        orders = await desk.rest.pages("/portfolio/orders", [("limit", 5)], order_page, lane="query")
        fills = await desk.rest.pages("/portfolio/fills", [("limit", 4)], fill_page, lane="query")
        return orders, fills

    orders, fills = lived(script)
    assert isinstance(orders, Rows)
    assert isinstance(fills, Rows)
    assert {each.client_order_id for each in orders.rows} == {f"o{number}" for number in range(23)}
    assert len(orders.rows) == 23
    assert len(fills.rows) == 11
    assert not orders.rejected
    assert not fills.rejected


def test_a_cursor_that_the_box_no_longer_knows_does_not_make_a_list_whole() -> None:
    async def script(desk: Desk) -> Any:
        for number in range(12):
            await submit(desk.rest, f"o{number}")
        asked = 0

        def spoiled(body: bytes) -> Any:
            nonlocal asked
            asked += 1
            page = order_page(body)
            assert isinstance(page, Page)
            return page if asked > 1 else Page(page.rows, page.rejected, "Z2FyYmFnZQ==")

        return await desk.rest.pages("/portfolio/orders", [("limit", 5)], spoiled, lane="query")

    got = lived(script)
    assert isinstance(got, Incomplete)
    assert got.code == "page_repeated"


# ---------------------------------------------------------------------------------------------------------- on loopback


@asynccontextmanager
async def served(floor: Floor, clock: Callable[[], int]) -> AsyncIterator[tuple[Network, str]]:
    """The box behind its own server, our door to it, and its address."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = Server(floor.app(clock))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
        door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
        try:
            yield door, f"http://127.0.0.1:{port}"
        finally:
            await door.close()
            server.should_exit = True
            await serving


def test_over_a_real_socket_the_same_session_goes_the_same_way() -> None:
    async def main() -> Any:
        clock = WallClock()
        floor = Floor(clock.now())
        async with served(floor, clock.now) as (door, address):
            rest = a_rest(door, clock, "prestige", clock.now() - MINUTE, address)
            book = orderbook(await rest.read(f"/markets/{TICKER}/orderbook", signed=False))
            written = await asyncio.gather(*(submit(rest, f"o{number}", price="0.5200") for number in range(30)))
            fills = await rest.pages("/portfolio/fills", [("limit", 7)], fill_page, lane="query")
            with pytest.raises(KalshiHTTPError) as missing:
                await rest.read("/markets/KXNONE")
            return book, written, fills, missing.value

    book, written, fills, missing = asyncio.run(main())
    assert isinstance(book, Book)
    assert book.asks[0].price == MAKER_PRICE
    assert {each.status for each in written} == {201}
    assert len(fills.rows) == 30
    assert missing.status == 404

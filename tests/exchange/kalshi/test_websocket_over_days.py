"""A socket that stays open over midnight: other markets, the same connection, and books that still fit."""

import asyncio

from tests.exchange.kalshi.line import Line, quiet
from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE
from tests.exchange.kalshi.test_websocket_on_loopback import Copy

from assent.exchange.boxed import BoxedExchange
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.floor import BoxedFloor
from assent.exchange.types import DAY, MICRO, MINUTE, SECOND
from assent.runtime import virtual

DAY_NUMBER = 20_000
SPEED = 60


def test_a_connection_outlives_the_day_and_follows_the_markets_of_the_next() -> None:
    begins = (DAY_NUMBER + 1) * DAY - 20 * MINUTE
    boxed = BoxedExchange.open(None, seed=3, start_ts=begins, account="ann", cash=1_000 * MICRO, watched=True)
    box = Box.of(BoxedFloor(boxed))

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)

        def now() -> int:
            return begins + SPEED * loop.now_ns

        app = App(box, Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),)), now)
        copy = Copy()
        async with Line(app, now) as line:
            await line.ask(1, "subscribe", channels=["market_lifecycle_v2"])
            # Two minutes after midnight: the next day has been listed, and its crowd is there.
            await asyncio.sleep(22 * MINUTE / SECOND / SPEED)
            stories = line.heard()
            created = [each["msg"] for each in stories if each["msg"].get("event_type") == "created"]
            tickers = [msg["market_ticker"] for msg in created]
            assert len(tickers) == 23
            assert {msg["open_ts"] * SECOND // DAY for msg in created} == {DAY_NUMBER + 1}
            assert len([each for each in stories if each["type"] == "event_lifecycle"]) == 5
            params = {"channels": ["orderbook_delta"], "market_tickers": tickers, "use_yes_price": True}
            subscribed, *snapshots = await line.ask(2, "subscribe", **params)
            assert (subscribed["type"], len(snapshots)) == ("subscribed", 23)
            await asyncio.sleep(60)
            await quiet()
            for frame in [*snapshots, *line.heard()]:
                if frame["sid"] == subscribed["msg"]["sid"]:
                    copy.take(frame)
            for ticker in tickers:
                assert copy.depth(ticker) == box.exchange.depth(ticker)
            assert copy.deltas > 100

    virtual.run(story())

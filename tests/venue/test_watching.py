"""The reading half of a venue: everything is passed on, and nothing that would reach its order entry."""

import asyncio

from tests.runtime.fakes import EPOCH, MARKET, FakeVenue

from assent.model.inputs import Accepted, NotSent, QuoteSeen
from assent.model.orders import Order
from assent.runtime.clock import VirtualClock
from assent.runtime.virtual import run
from assent.venue.port import Books
from assent.venue.watching import Watching

ORDER = Order("o-1", "i-1", 1, MARKET.id, "buy", "limit", 420_000, 1_000_000, "ioc")


def test_an_order_and_a_cancel_go_nowhere_and_say_so() -> None:
    async def life() -> None:
        behind = FakeVenue(VirtualClock(EPOCH), Accepted("v", 0, 0))
        venue = Watching(behind)
        assert await venue.send(ORDER) == NotSent("no_order_path")
        assert await venue.cancel(ORDER, "v") == NotSent("no_order_path")
        assert behind.sent == behind.cancelled == []

    run(life())


def test_what_can_be_seen_is_seen() -> None:
    async def life() -> None:
        behind = FakeVenue(VirtualClock(EPOCH))
        venue, told = Watching(behind), []
        await venue.connect(lambda _lane, item, _key="": told.append(item), wanted=lambda *_: True)
        assert len(told) == 2
        assert venue.name == behind.name
        assert type(await venue.look(MARKET.id)) is QuoteSeen
        assert type(await venue.books()) is Books
        assert await venue.find(ORDER, 0) is not None
        feed = asyncio.create_task(venue.feed())
        await asyncio.sleep(0)
        assert not feed.done()
        feed.cancel()

    run(life())

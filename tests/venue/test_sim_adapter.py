"""The port to the exchange in our own process: what it tells, once, and what it forgets."""

import asyncio
from pathlib import Path

from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import DAY, MICRO, MINUTE
from assent.model.inputs import CashSeen, Input, InstrumentSeen, QuoteSeen
from assent.model.instruments import BinaryContract
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.port import Books, Unavailable
from assent.venue.sim.adapter import SimVenue

MIDNIGHT = 20_458 * DAY


class Told:
    """A venue that lives for a while of virtual time, and everything that it told."""

    def __init__(self, start_ts: int = MIDNIGHT, path: Path | None = None) -> None:
        self.exchange = BoxedExchange.open(path, seed=7, start_ts=start_ts, account="desk", cash=1_000 * MICRO)
        self.start_ts = start_ts
        self.items: list[Input] = []
        self.books: Books | None = None

    def live(self, duration: int, transfers: dict[int, int] | None = None) -> "Told":
        async def living() -> None:
            clock = VirtualClock(self.start_ts)
            self.venue = venue = SimVenue(self.exchange, clock, name="sim")
            await venue.connect(lambda _lane, item, _key="": self.items.append(item), wanted=lambda *_: True)
            feeding = asyncio.create_task(venue.feed())
            for after, amount in (transfers or {}).items():
                await clock.sleep_until(self.start_ts + after)
                self.exchange.transfer(clock.now(), amount, "the owner")
            await clock.sleep_until(self.start_ts + duration)
            found = await venue.books()
            feeding.cancel()
            assert isinstance(found, Books)
            self.books = found

        virtual.run(living())
        return self

    def of(self, kind: type) -> list[Input]:
        return [item for item in self.items if type(item) is kind]


def test_a_transfer_is_told_as_it_happens_and_again_by_the_books_under_one_name(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    told = Told(path=path).live(10 * MINUTE, {MINUTE: 50 * MICRO, 2 * MINUTE: -20 * MICRO})
    seen = [(item.amount, item.transfer_id) for item in told.of(CashSeen) if isinstance(item, CashSeen)]
    assert [amount for amount, _ in seen] == [50 * MICRO, -20 * MICRO]
    assert told.books is not None
    assert [(item.amount, item.transfer_id) for item in told.books.transfers] == seen
    assert told.books.account.cash == 1_030 * MICRO
    told.exchange.close()
    later = Told(MIDNIGHT + 20 * MINUTE, path).live(MINUTE)
    assert later.of(CashSeen) == []
    assert later.books is not None
    assert [(item.amount, item.transfer_id) for item in later.books.transfers] == seen, "whoever was away learns of it"
    later.exchange.close()


def test_of_several_quotes_at_one_moment_the_newest_is_told() -> None:
    told = Told().live(5 * MINUTE)
    quotes = [item for item in told.of(QuoteSeen) if isinstance(item, QuoteSeen)]
    last = {quote.instrument: quote for quote in quotes}
    assert len(last) >= 20
    for ticker, quote in last.items():
        assert (quote.bid, quote.ask) == (told.exchange.top(ticker).bid, told.exchange.top(ticker).ask)
    assert len({(quote.instrument, quote.received_ts) for quote in quotes}) == len(quotes)


def test_midnight_lists_the_new_day_and_lets_go_of_the_old_one() -> None:
    start = MIDNIGHT + DAY - 20 * MINUTE
    told = Told(start).live(40 * MINUTE)
    listed = [item.instrument for item in told.of(InstrumentSeen) if isinstance(item, InstrumentSeen)]
    days = {market.event.split("-")[1][:7] for market in listed if isinstance(market, BinaryContract)}
    assert days == {"26JAN05", "26JAN06"}
    assert told.venue.listed == 2 * len(told.exchange.markets())
    quoted = {item.instrument for item in told.of(QuoteSeen)[-50:] if isinstance(item, QuoteSeen)}
    assert all("26JAN06" in ticker for ticker in quoted)


def test_a_look_is_the_book_as_it_stands_at_the_venue_then() -> None:
    async def looking() -> tuple[object, object, object]:
        exchange = BoxedExchange.open(None, seed=7, start_ts=MIDNIGHT, account="desk", cash=1_000 * MICRO)
        clock = VirtualClock(MIDNIGHT + 10 * 60 * MINUTE)
        venue = SimVenue(exchange, clock, name="sim")
        await venue.connect(lambda *_: None, wanted=lambda *_: True)
        quoted = next(view.spec.ticker for view in exchange.markets() if view.bid is not None)
        seen = await venue.look(quoted)
        return seen, exchange.market(quoted), await venue.look("NO-SUCH-MARKET")

    seen, view, nothing = virtual.run(looking())
    assert isinstance(seen, QuoteSeen)
    assert (seen.bid, seen.bid_qty, seen.ask, seen.ask_qty) == (view.bid, view.bid_qty, view.ask, view.ask_qty)
    assert isinstance(nothing, Unavailable)

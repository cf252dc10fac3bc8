"""The whole adapter: coming up, markets that come and go, quotes that are lost and come back, pauses, settlement."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.venue.kalshi.boxed import CENT, EVENT, MARKET, START, Desk, a_market, an_order, answer, error, life
from tests.venue.kalshi.test_orders import at, causes

from assent.exchange.grid import DECI_CENT
from assent.model.errors import AssentError
from assent.model.inputs import (
    InstrumentSeen,
    PhaseSeen,
    QuoteLost,
    QuoteSeen,
    Refused,
    RejectionSeen,
    SettlementSeen,
    StreamProven,
)
from assent.model.units import DAY, MICRO, MINUTE, SECOND
from assent.venue.kalshi import events, messages
from assent.venue.kalshi.adapter import DISCOVER_EVERY
from assent.venue.kalshi.discovery import Scope
from assent.venue.port import Unavailable

OTHER = "KXRAIN-26NOV21-T1"
OUTSIDE = "KXSNOW-26NOV20-T1"


def feeding(desk: Desk, script: Callable[[Desk], Awaitable[None]]) -> Desk:
    """Live through a script while the feed runs."""

    async def whole() -> None:
        await desk.connect()
        task = asyncio.get_running_loop().create_task(desk.venue.feed())
        await desk.clock.sleep(10_000_000)
        await script(desk)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    life(whole)
    return desk


def listed(desk: Desk) -> list[str]:
    return [seen.instrument.id for seen in desk.of(InstrumentSeen)]


def phases(desk: Desk, ticker: str = MARKET) -> list[str]:
    return [seen.phase for seen in desk.of(PhaseSeen) if seen.instrument == ticker]


def known(desk: Desk, cents: int = 40, *, ticker: str = MARKET, source_ts: int = START) -> None:
    top = (cents * CENT, MICRO, (cents + 2) * CENT, MICRO)
    desk.feed.tell(events.QuoteKnown(ticker, *top, source_ts, desk.clock.now()))


# -------------------------------------------------------------------------------------------------------------- scope


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(series=("KXRAIN",)), {MARKET, OTHER}),
        (Scope(events=(EVENT,)), {MARKET}),
        (Scope(markets=(OTHER,)), {OTHER}),
        (Scope(markets=(OTHER,), events=(EVENT,)), {MARKET, OTHER}),
        (Scope(), set()),
        (Scope(series=("KXNONE",), events=("KXNONE-1",), markets=("KXNONE-1-A", "no/such name")), set()),
    ],
    ids=["series", "event", "market", "both", "nothing", "nothing known"],
)
def test_what_is_in_scope_enters_and_nothing_else_ever_does(scope: Scope, expected: set[str]) -> None:
    markets = (a_market(), a_market(OTHER, event="KXRAIN-26NOV21"), a_market(OUTSIDE, event="KXSNOW", series="KXSNOW"))

    async def script(desk: Desk) -> None:
        assert set(listed(desk)) == expected
        assert set(desk.feed.watched) == expected
        for ticker in (MARKET, OTHER, OUTSIDE):
            known(desk, ticker=ticker)
            desk.feed.tell(events.PhaseKnown(ticker, "paused", START, desk.clock.now()))
        assert {seen.instrument for seen in desk.of(QuoteSeen)} == expected
        assert {seen.instrument for seen in desk.of(PhaseSeen)} == expected

    feeding(Desk(*markets, scope=scope), script)


def test_what_the_account_holds_is_followed_when_the_desk_knows_it_though_it_left_the_scope() -> None:
    snow = a_market(OUTSIDE, event="KXSNOW", series="KXSNOW")

    async def script(desk: Desk) -> None:
        desk.bob("buy", 10, 1, market=OUTSIDE, who="ann")
        desk.told.clear()
        await desk.connect()
        assert listed(desk) == [MARKET], "held, and yet unknown to the desk: a stranger's"
        desk.told.clear()
        desk.held.append(OUTSIDE)
        await desk.connect()
        assert set(listed(desk)) == {MARKET, OUTSIDE}

    at(Desk(a_market(), snow), script)


def test_new_markets_enter_by_discovery_and_closed_ones_leave_the_subscription() -> None:
    async def script(desk: Desk) -> None:
        now = desk.clock.now()
        new = a_market(OTHER, event="KXRAIN-26NOV21", open_ts=now + MINUTE)
        desk.exchange.list_market(now, new)
        desk.exchange.list_market(now, a_market(OUTSIDE, event="KXSNOW", series="KXSNOW", open_ts=now))
        await desk.clock.sleep(MINUTE + DISCOVER_EVERY + 2 * SECOND)
        assert listed(desk) == [MARKET, OTHER]
        assert set(desk.feed.watched) == {MARKET, OTHER}
        desk.exchange.move_close(desk.clock.now(), OTHER, desk.clock.now() + SECOND)
        await desk.clock.sleep(DISCOVER_EVERY + 2 * SECOND)
        assert phases(desk, OTHER) == ["open", "closed"]
        assert set(desk.feed.watched) == {MARKET}

    feeding(Desk(), script)


def test_news_of_a_market_that_may_be_ours_brings_discovery_forward() -> None:
    async def script(desk: Desk) -> None:
        await desk.clock.sleep(6 * SECOND)
        new = a_market(OTHER, event="KXRAIN-26NOV21", open_ts=desk.clock.now())
        desk.exchange.list_market(desk.clock.now(), new)
        desk.exchange.advance(desk.clock.now())
        created = messages.Lifecycle("created", OTHER, "", None, 0, 0, 0, 0, 0, ())
        before = desk.clock.now()
        desk.feed.tell(events.Told(created, before))
        while OTHER not in listed(desk):
            await desk.clock.sleep(SECOND // 10)
        assert desk.clock.now() - before < 3 * SECOND

    feeding(Desk(), script)


def test_a_walk_that_fails_loses_no_market_and_is_tried_again() -> None:
    async def script(desk: Desk) -> None:
        desk.wire.spoil("GET", "/events", answer(500), times=3)
        desk.wire.spoil("GET", "/markets", answer(500), times=3)
        await desk.clock.sleep(2 * DISCOVER_EVERY)
        known(desk)
        assert [seen.bid for seen in desk.of(QuoteSeen)] == [40 * CENT]
        assert {seen.code for seen in desk.of(RejectionSeen)} == {"venue_unreadable"}

    assert causes(feeding(Desk(), script)) == []


def test_a_market_that_cannot_be_traded_safely_is_kept_out_and_counted_once() -> None:
    async def script(desk: Desk) -> None:
        await desk.clock.sleep(3 * DISCOVER_EVERY)
        assert listed(desk) == [MARKET]
        assert [seen.code for seen in desk.of(RejectionSeen)] == ["fee_type_unknown"]

    flat = a_market("KXFLAT-1-A", event="KXFLAT-1", series="KXFLAT")
    desk = Desk(a_market(), flat, scope=Scope(series=("KXRAIN", "KXFLAT")))
    series = {"ticker": "KXFLAT", "title": "", "category": "", "fee_type": "flat", "fee_multiplier": 1}
    desk.wire.spoil("GET", "/series/KXFLAT", answer(200, {"series": series}), times=9)
    feeding(desk, script)


@pytest.mark.parametrize("change", ["a fee that nobody can price", "a kind of contract that we do not know"])
def test_a_listed_market_that_can_no_longer_be_described_opens_nothing_until_it_can(change: str) -> None:
    async def script(desk: Desk) -> None:
        if change.startswith("a fee"):
            series = {"ticker": "KXRAIN", "title": "", "category": "", "fee_type": "flat", "fee_multiplier": 1}
            desk.wire.spoil("GET", "/series/KXRAIN", answer(200, {"series": series}), times=2)
        else:
            empty = answer(200, {"events": [], "cursor": ""})
            desk.wire.spoil("GET", "/events?", empty)
            desk.wire.spoil("GET", "/markets", answer(200, {"markets": [{"market_type": "scalar"}], "cursor": ""}))
        await desk.clock.sleep(DISCOVER_EVERY + 2 * SECOND)
        assert phases(desk) == ["open", "paused"]
        await desk.clock.sleep(2 * DISCOVER_EVERY)
        assert phases(desk) == ["open", "paused", "open"]

    feeding(Desk(), script)


def test_names_in_scope_that_nobody_lists_yet_are_told_once_and_hide_no_doubt_about_others() -> None:
    """A market of next week stands in a scope today. Its 404 is no list that could not be read."""
    scope = Scope(series=("KXRAIN", "KXNONE"), events=("KXNONE-1",), markets=("KXNONE-1-A",))

    async def script(desk: Desk) -> None:
        empty = answer(200, {"events": [], "cursor": ""})
        desk.wire.spoil("GET", "/events?", empty, times=2)
        desk.wire.spoil("GET", "/markets?", answer(200, {"markets": [], "cursor": ""}), times=2)
        await desk.clock.sleep(2 * DISCOVER_EVERY + 5 * SECOND)
        assert phases(desk) == ["open", "paused"]
        assert sorted((seen.code, seen.detail.partition(":")[0]) for seen in desk.of(RejectionSeen)) == [
            ("market_data_unlisted", "/events/KXNONE-1"),
            ("market_data_unlisted", "/series/KXNONE"),
            ("unsupported", f"{MARKET} is listed no longer as something that can be traded"),
        ]

    feeding(Desk(scope=scope), script)


def test_a_market_told_otherwise_than_described_stops_the_desk_when_it_begins_and_not_at_each_walk() -> None:
    """A person who has looked may let the desk go on in the other markets; when it comes back that person is asked."""

    async def script(desk: Desk) -> None:
        series = {"ticker": "KXRAIN", "title": "", "category": "", "fee_multiplier": 1}
        for fee_type, walks in (("cubic", 3), ("quadratic", 1), ("cubic", 1)):
            told = answer(200, {"series": series | {"fee_type": fee_type}})
            desk.wire.spoilers.clear()
            desk.wire.spoil("GET", "/series/KXRAIN", told, times=walks)
            await desk.clock.sleep(walks * DISCOVER_EVERY)
        assert phases(desk) == ["open", "paused", "open", "paused"]

    desk = feeding(Desk(), script)
    assert causes(desk) == ["venue_contract", "venue_contract"]
    assert {seen.code for seen in desk.of(RejectionSeen)} == {"unknown_word", "unsupported"}


def test_fees_that_are_announced_to_rise_are_counted_at_their_height() -> None:
    change = {"id": "1", "series_ticker": "KXRAIN", "fee_type": "quadratic", "fee_multiplier": 2}
    soon = {"series_fee_change_arr": [change | {"scheduled_ts": "2026-09-21T20:00:00Z"}]}
    later = {"series_fee_change_arr": [change | {"scheduled_ts": "2026-09-29T20:00:00Z"}]}

    async def script(desk: Desk) -> None:
        for announced, rate in ((soon, 140_000), (later, 70_000)):
            desk.told.clear()
            desk.wire.spoil("GET", "/series/fee_changes", answer(200, announced))
            await desk.connect()
            assert [seen.instrument.fees.taker_ppm for seen in desk.of(InstrumentSeen)] == [rate]  # type: ignore[union-attr]

    at(Desk(), script)


# ------------------------------------------------------------------------------------------------------------- quotes


def test_the_first_quote_comes_from_the_listing_and_is_taken_back_when_the_stream_begins() -> None:
    """The stream proves only what it told itself."""

    async def script(desk: Desk) -> None:
        desk.bob("buy", 30, 7)
        await desk.connect()
        [first] = desk.of(QuoteSeen)
        assert (first.bid, first.bid_qty, first.ask) == (30 * CENT, 7 * MICRO, None)
        task = asyncio.get_running_loop().create_task(desk.venue.feed())
        await desk.clock.sleep(SECOND)
        assert [seen.instrument for seen in desk.of(QuoteLost)] == [MARKET]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    at(Desk(), script)


def test_a_quote_that_was_lost_comes_back_as_it_was() -> None:
    async def script(desk: Desk) -> None:
        known(desk)
        desk.feed.tell(events.QuoteLost(MARKET, "numbers are missing", desk.clock.now()))
        known(desk)
        market_lane = [(type(item), key) for lane, item, key in desk.told if lane == "market"]
        assert market_lane == [(QuoteSeen, MARKET), (QuoteLost, MARKET), (QuoteSeen, MARKET)]
        assert desk.of(RejectionSeen) == []

    feeding(Desk(), script)


def test_a_quote_that_cannot_be_true_takes_the_last_one_back() -> None:
    async def script(desk: Desk) -> None:
        known(desk)
        off_grid = (405_001, MICRO, 42 * CENT, MICRO)
        desk.feed.tell(events.QuoteKnown(MARKET, *off_grid, START + 1, desk.clock.now()))
        assert [seen.code for seen in desk.of(RejectionSeen)] == ["market_data_off_grid"]
        assert len(desk.of(QuoteLost)) == 1

    feeding(Desk(), script)


def test_a_proof_and_what_was_kept_out_are_passed_on() -> None:
    async def script(desk: Desk) -> None:
        now = desk.clock.now()
        desk.feed.tell(events.Proven(now))
        desk.feed.tell(events.KeptOut("malformed_input", "no frame", now))
        assert desk.of(StreamProven) == [StreamProven("kalshi", now)]
        assert desk.of(RejectionSeen) == [RejectionSeen("malformed_input", "kalshi", "no frame", now)]

    feeding(Desk(), script)


def test_a_new_grid_is_a_new_description_of_the_market() -> None:
    async def script(desk: Desk) -> None:
        desk.exchange.set_price_bands(desk.clock.now(), MARKET, DECI_CENT)
        changed = messages.Lifecycle("price_level_structure_updated", MARKET, "", None, 0, 0, 0, 0, 0, ())
        desk.feed.tell(events.Told(changed, desk.clock.now()))
        await desk.clock.sleep(2 * SECOND)
        old, new = desk.of(InstrumentSeen)
        assert (old.instrument.prices.bands[0].step, new.instrument.prices.bands[0].step) == (10_000, 1_000)

    feeding(Desk(), script)


def test_a_look_asks_for_the_book_as_it_is_now() -> None:
    async def script(desk: Desk) -> None:
        desk.bob("buy", 30, 7)
        desk.bob("sell", 33, 8)
        look = await desk.venue.look(MARKET)
        assert isinstance(look, QuoteSeen)
        assert (look.bid, look.bid_qty, look.ask, look.ask_qty) == (30 * CENT, 7 * MICRO, 33 * CENT, 8 * MICRO)
        assert isinstance(await desk.venue.look(OUTSIDE), Unavailable)
        desk.wire.spoil("GET", f"/markets/{MARKET}/orderbook", answer(500), times=3)
        assert isinstance(await desk.venue.look(MARKET), Unavailable)
        crossed = {"orderbook_fp": {"yes_dollars": [["0.5000", "1.00"]], "no_dollars": [["0.6000", "1.00"]]}}
        desk.wire.spoil("GET", f"/markets/{MARKET}/orderbook", answer(200, crossed))
        assert isinstance(await desk.venue.look(MARKET), Unavailable)

    at(Desk(), script)


# --------------------------------------------------------------------------------------------------- pauses and the end


def test_a_pause_of_the_exchange_pauses_every_market_and_its_end_opens_them() -> None:
    async def script(desk: Desk) -> None:
        desk.exchange.pause(desk.clock.now(), whole=False)
        await desk.clock.sleep(20 * SECOND)
        assert phases(desk) == ["open", "paused"]
        desk.exchange.resume(desk.clock.now())
        await desk.clock.sleep(20 * SECOND)
        assert phases(desk) == ["open", "paused", "open"]

    feeding(Desk(), script)


def test_an_order_that_was_refused_for_a_pause_makes_us_look_at_once() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.exchange.pause(desk.clock.now(), whole=False)
        assert isinstance(await desk.venue.send(made), Refused)
        await desk.clock.sleep(2 * SECOND)
        assert phases(desk)[-1] == "paused"

    feeding(Desk(), script)


def test_a_pause_of_another_shard_is_not_ours() -> None:
    status = {
        "exchange_active": True, "trading_active": True,
        "exchange_index_statuses": [
            {"exchange_index": 0, "exchange_active": True, "trading_active": True},
            {"exchange_index": 2, "exchange_active": True, "trading_active": False},
        ],
    }  # fmt: skip

    async def script(desk: Desk) -> None:
        desk.wire.spoil("GET", "/exchange/status", answer(200, status), times=9)
        await desk.clock.sleep(20 * SECOND)
        assert phases(desk) == ["open"]

    feeding(Desk(), script)


@pytest.mark.parametrize("heard", [True, False])
def test_a_market_that_settles_is_told_with_its_value_once_and_leaves(heard: bool) -> None:
    async def script(desk: Desk) -> None:
        desk.exchange.determine(desk.clock.now(), MARKET, "no", 0)
        await desk.clock.sleep(MINUTE + SECOND)
        if heard:
            now = desk.clock.now()
            settled = messages.Lifecycle("settled", MARKET, "", None, 0, 0, 0, now, 0, ())
            desk.feed.tell(events.PhaseKnown(MARKET, "settled", now, now))
            desk.feed.tell(events.Told(settled, now))
        await desk.clock.sleep(3 * DISCOVER_EVERY)
        [seen] = desk.of(SettlementSeen)
        assert (seen.instrument, seen.result, seen.value) == (MARKET, "no", 0)
        assert phases(desk)[-1] == "settled"
        assert desk.feed.watched == {}
        assert listed(desk) == [MARKET], "it does not come back"

    feeding(Desk(a_market(close_ts=START + DAY), scope=Scope(series=("KXRAIN",), markets=(MARKET,))), script)


# ----------------------------------------------------------------------------------------------------------- coming up


def test_a_venue_that_cannot_be_read_starts_nothing_and_says_why() -> None:
    async def script() -> None:
        desk = Desk()
        desk.wire.spoil("GET", "/exchange/status", answer(500), times=9)
        with pytest.raises(AssentError, match="nothing was started"):
            await desk.connect()

    life(script)


def test_a_key_that_is_refused_at_the_start_starts_nothing_and_is_told() -> None:
    desk = Desk()

    async def script() -> None:
        desk.wire.spoil("GET", "/portfolio", error(401, "authentication_error", "NOT_FOUND"), times=9)
        with pytest.raises(AssentError, match="authentication_error"):
            await desk.connect()

    life(script)
    assert "venue_auth" in causes(desk)


def test_limits_that_cannot_be_read_leave_the_documented_ones_in_force() -> None:
    async def script(desk: Desk) -> None:
        desk.wire.spoil("GET", "/account/limits", answer(200, {"read": {}}), times=9)
        await desk.connect()
        assert listed(desk)[-1:] == [MARKET]
        assert [seen.code for seen in desk.of(RejectionSeen)] == ["missing_field"]

    at(Desk(), script)

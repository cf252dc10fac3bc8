"""The socket itself: who may connect, what time does to it, and what becomes of those who do not read."""

import asyncio
from typing import Any

import pytest
from tests.exchange.kalshi.line import Line, lived, messages_of, quiet
from tests.exchange.kalshi.support import BOB_PRIVATE, Venue, signed_headers
from tests.exchange.support import MARKET, TIMER

from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.channels import Habits
from assent.exchange.kalshi.websocket import BEAT_SECONDS, PATH, READS_BELOW
from assent.exchange.types import MICRO, SECOND, ExchangeError


def a_line(venue: Venue, **more: Any) -> Line:
    return Line(venue.app, lambda: venue.floor.now, **more)


def with_habits(venue: Venue, **habits: Any) -> Venue:
    venue.app = App(venue.box, venue.app._keys, lambda: venue.floor.now, habits=Habits(**habits))
    return venue


# --- the handshake -------------------------------------------------------------------------------------


def test_a_member_who_signs_the_upgrade_is_let_in() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue) as line:
            assert line.messages == [{"type": "websocket.accept"}]

    lived(story)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, "signature_is_missing_from_headers"),
        ({"now": 0}, "header_timestamp_expired"),
        ({"key_id": "nobody"}, "authentication_error"),
        ({"private": BOB_PRIVATE}, "authentication_error"),
        ({"path": "/trade-api/v2/portfolio/orders"}, "authentication_error"),
    ],
)
def test_who_does_not_sign_rightly_is_turned_away_as_over_http(wrong: dict[str, Any], code: str) -> None:
    async def story(venue: Venue) -> None:
        values = {"path": PATH, "now": venue.floor.now * 100, **wrong}
        venue.floor.now *= 100
        headers = signed_headers("GET", values.pop("path"), values.pop("now"), **values) if wrong else {}
        async with a_line(venue, headers=headers) as line:
            start, body = line.messages
            assert start["status"] == 401
            assert code.encode() in body["body"]
            assert line.ended

    lived(story)


def test_a_server_that_cannot_say_why_closes_before_it_accepts() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue, headers={}, extensions={}) as line:
            assert line.messages == [{"type": "websocket.close", "code": 1008}]

    lived(story)


def test_another_path_is_no_websocket_of_ours() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue, path="/trade-api/ws/v3") as line:
            assert line.messages[0]["status"] == 404

    lived(story)


def test_a_member_has_only_so_many_connections_and_another_has_its_own() -> None:
    async def story(venue: Venue) -> None:
        with_habits(venue, connections=1)
        async with a_line(venue), a_line(venue) as second, a_line(venue, member="bob") as other:
            assert second.messages[0]["status"] == 429
            assert other.messages == [{"type": "websocket.accept"}]
        async with a_line(venue) as later:
            assert later.messages == [{"type": "websocket.accept"}]

    lived(story)


# --- time ----------------------------------------------------------------------------------------------


def test_the_exchange_lives_on_while_nobody_asks_it_anything() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue) as line:
            await line.ask(1, "subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
            venue.floor.buy("bob", 40, 5, expires_ts=venue.floor.now + SECOND)
            venue.floor.now += SECOND
            assert messages_of(line.heard(), "orderbook_delta") == []
            await asyncio.sleep(2 * BEAT_SECONDS)
            changes = [msg["delta_fp"] for msg in messages_of(line.heard(), "orderbook_delta")]
            assert changes == ["5.00", "-5.00"]

    lived(story)


def test_every_frame_says_when_it_was_sent_and_ends_its_line() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue) as line:
            line.stall()
            await line.say({"id": 1, "cmd": "subscribe", "params": {"channels": ["trade"]}})
            await line.say({"id": 2, "cmd": "list_subscriptions"})
            venue.floor.now += 3 * SECOND
            line.read_on()
            await quiet()
            first, second = line.heard()
            # The first was on its way already; the second left when the client read on.
            assert (first["sending_ts_ms"], second["sending_ts_ms"]) == (10_000, 13_000)
            assert all(text.endswith("}\n") for text in line.raw)

    lived(story)


# --- the end -------------------------------------------------------------------------------------------


def test_who_hangs_up_is_told_nothing_more_and_leaves_no_task_behind() -> None:
    async def story(venue: Venue) -> None:
        before = len(asyncio.all_tasks())
        async with a_line(venue) as line:
            await line.ask(1, "subscribe", channels=["trade"])
            line.hang_up()
            await quiet()
            assert line.ended
        assert len(asyncio.all_tasks()) == before
        assert venue.app._websockets._feed.count("ann") == 0

    lived(story)


def test_a_server_that_says_the_client_is_gone_ends_the_connection() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue) as line:
            line.gone = True
            await line.say({"id": 1, "cmd": "list_subscriptions"})
            assert line.ended

    lived(story)


def test_an_exchange_that_breaks_is_not_passed_over_in_silence() -> None:
    async def story(venue: Venue) -> None:
        line = await a_line(venue).__aenter__()
        venue.box._live = broken
        await asyncio.sleep(2 * BEAT_SECONDS)
        with pytest.raises(ExceptionGroup) as caught:
            await line._task
        assert caught.group_contains(ExchangeError)

    def broken(_: int) -> None:
        raise ExchangeError("the book is crossed")

    lived(story)


# --- those who do not read -----------------------------------------------------------------------------


def test_a_slow_reader_loses_the_subscription_and_is_told_so() -> None:
    async def story(venue: Venue) -> None:
        with_habits(venue, waiting=5)
        async with a_line(venue) as slow, a_line(venue, member="bob") as quick:
            for line in (slow, quick):
                await line.ask(1, "subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
            slow.stall()
            for _ in range(50):
                venue.floor.buy("bob", 40, 1)
                await quiet()
            slow.read_on()
            await quiet()
            # One was on its way when the client stopped; five may wait, and the word that ends it.
            *deltas, error = slow.heard()
            assert [frame["seq"] for frame in deltas] == [2, 3, 4, 5, 6, 7]
            assert error["msg"] == {"code": 25, "msg": "Subscription buffer overflow"}
            assert (error["sid"], error["seq"]) == (1, 8)
            assert (await slow.ask(2, "list_subscriptions"))[0]["msg"] == []
            assert len(messages_of(quick.heard(), "orderbook_delta")) == 50
            again = await slow.ask(3, "subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
            assert [frame["type"] for frame in again] == ["subscribed", "orderbook_snapshot"]
            assert (again[0]["msg"]["sid"], again[1]["seq"]) == (2, 1)

    lived(story)


def test_a_client_that_asks_without_reading_is_not_listened_to_for_ever() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue) as line:
            line.stall()
            for number in range(3 * READS_BELOW):
                await line.say({"id": number, "cmd": "list_subscriptions"})
            assert line._to_app.qsize() > READS_BELOW
            line.read_on()
            await asyncio.sleep(1)
            assert len(line.heard()) == 3 * READS_BELOW

    lived(story)


def test_the_end_of_a_market_reaches_a_client_by_time_alone() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue) as line:
            await line.ask(1, "subscribe", channels=["market_lifecycle_v2"])
            venue.floor.exchange.determine(venue.floor.now, MARKET, "yes", MICRO)
            venue.floor.now += TIMER
            await asyncio.sleep(2 * BEAT_SECONDS)
            told = [msg["event_type"] for msg in messages_of(line.heard(), "market_lifecycle_v2")]
            assert told == ["determined", "settled"]

    lived(story)


def test_the_key_of_one_member_opens_no_account_of_another() -> None:
    async def story(venue: Venue) -> None:
        async with a_line(venue, member="bob") as line:
            await line.ask(1, "subscribe", channels=["fill", "user_orders", "market_positions"])
            venue.floor.sell("ann", 52, 2)
            venue.floor.buy("cat", 52, 2)
            venue.box.remember()
            await quiet()
            assert line.heard() == []

    lived(story)

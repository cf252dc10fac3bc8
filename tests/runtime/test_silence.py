"""A feed that falls silent: the desk stops opening, takes entries off the book, goes on when the feed speaks again."""

import asyncio
from typing import Any

import pytest
from tests.runtime.fakes import Life, Once, quote

from assent.model.facts import CancelReleased, HaltCleared, HaltRaised
from assent.model.inputs import Accepted, ForecastSeen, QuoteLost, RejectionSeen
from assent.model.levels import CAUSES
from assent.model.units import MICRO, SECOND
from assent.runtime import virtual
from assent.runtime.runtime import SILENCE_MAX


def spoken_at(*seconds: int, strategy: object = None) -> Any:
    """A script: the feed says something at these times, and nothing else. What was sent rests."""

    def script(venue: Any) -> None:
        async def speak() -> None:
            begun = venue.clock.now()
            for second in seconds:
                await venue.clock.sleep_until(begun + second * SECOND)
                venue.sink("market", quote(venue.clock.now()), "SIM-A")
                await venue.clock.sleep(SECOND // 2)
                venue.open_orders = tuple(order.order_id for order in venue.sent)

        life.runtime._group.create_task(speak())  # type: ignore[union-attr]

    life = Life(strategy=strategy, answer=Accepted("v-1", 0, 10 * MICRO))
    return life, script


def causes(life: Life, kind: type) -> list[str]:
    return [fact.cause for fact in life.of(kind)]  # type: ignore[attr-defined]


def test_a_feed_that_says_nothing_for_too_long_halts_and_what_rests_is_taken_off() -> None:
    life, script = spoken_at(0, strategy=Once(time_in_force="gtc"))
    virtual.run(life.run(for_ns=SILENCE_MAX + 3 * SECOND, script=script))
    assert causes(life, HaltRaised) == ["stale_data"]
    assert len(life.of(CancelReleased)) == 1
    (raised,) = life.of(HaltRaised)
    assert raised.detail == "nothing came for 61 seconds"  # type: ignore[attr-defined]


def test_complaints_about_a_venue_that_cannot_be_heard_do_not_pass_for_a_feed_that_lives() -> None:
    def script(venue: Any) -> None:
        async def complain() -> None:
            while True:
                now = venue.clock.now()
                venue.sink("venue", RejectionSeen("venue_unreadable", "sim", "no answer", now))
                venue.sink("market", QuoteLost("SIM-A", "the socket is gone", now), "SIM-A")
                await venue.clock.sleep(10 * SECOND)

        complaining.append(life.runtime._group.create_task(complain()))  # type: ignore[union-attr]

    complaining: list[Any] = []
    life = Life()

    async def lived() -> None:
        await life.clock.sleep(SILENCE_MAX + 3 * SECOND)
        complaining[0].cancel()

    async def both() -> None:
        ending = asyncio.get_running_loop().create_task(lived())
        await life.run(for_ns=SILENCE_MAX + 2 * SECOND, script=script)
        await ending

    virtual.run(both())
    assert causes(life, HaltRaised) == ["stale_data"]


def test_a_feed_that_speaks_now_and_then_is_not_silent() -> None:
    life, script = spoken_at(0, 59, 118)
    virtual.run(life.run(for_ns=170 * SECOND, script=script))
    assert causes(life, HaltRaised) == []


def test_when_the_feed_speaks_again_the_desk_goes_on_after_its_quiet_time() -> None:
    life, script = spoken_at(0, 100, 130, 160)
    virtual.run(life.run(for_ns=CAUSES["stale_data"].quiet_ns + 110 * SECOND, script=script))
    assert causes(life, HaltCleared) == ["stale_data"]
    assert not life.desk.state.halts


def test_what_comes_beside_the_venue_reaches_the_strategies_and_is_no_sign_that_the_venue_lives() -> None:
    life, script = spoken_at(0)

    async def forecasts(put: Any) -> None:
        while True:
            put(ForecastSeen("SIM-A", 600_000, "model", life.clock.now(), life.clock.now()))
            await life.clock.sleep(SECOND)

    life.feeds.append(forecasts)
    virtual.run(life.run(for_ns=SILENCE_MAX + 3 * SECOND, script=script))
    assert life.desk.markets["SIM-A"].forecast is not None
    assert causes(life, HaltRaised) == ["stale_data"]


def test_a_feed_beside_the_venue_that_breaks_brings_the_whole_runtime_down() -> None:
    life, script = spoken_at(0)

    async def broken(_put: Any) -> None:
        await life.clock.sleep(SECOND)
        raise RuntimeError("the feed broke")

    life.feeds.append(broken)
    with pytest.raises(ExceptionGroup, match="unhandled"):
        virtual.run(life.run(for_ns=10 * SECOND, script=script))

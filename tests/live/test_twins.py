"""Two desks on one account, each on a machine of its own: whatever the one does, the other sees that it is not alone,
opens nothing more, and says what to do. How long it took is printed."""

from typing import Any

import pytest
from tests.live.members import CENT, MARKET, OTHER, Place, Trader, levels, live, together

from assent.model.facts import HaltRaised, OrderReleased
from assent.model.intents import Proposal
from assent.model.levels import CAUSES
from assent.model.units import MICRO, MINUTE, SECOND

RECONCILED_WITHIN = 65 * SECOND
AT_ONCE = SECOND


def buys(market: str = MARKET, *, cents: int = 42, tif: Any = "ioc") -> Proposal:
    return Proposal(market, price=cents * CENT, fair=80 * CENT, qty_max=2 * MICRO, time_in_force=tif)


def when(trader: Trader, kind: type) -> int:
    return next(ts for _, ts, fact in trader.records if type(fact) is kind)


@pytest.mark.parametrize("what", ["a fill", "an order that rests"])
def test_the_first_sees_what_a_second_desk_does_and_both_stop(what: str) -> None:
    """Both come up on an account in which nothing lies. The second deals, or has an order rest."""
    tif, price = ("ioc", 42) if what == "a fill" else ("gtc", 35)

    async def script() -> tuple[Place, Trader, Trader]:
        place = Place()
        first, second = (Trader(place, ledger_id=letter * 16) for letter in "ab")
        levels(place, ("buy", 30, 50), ("sell", 42, 50))
        levels(place, ("buy", 30, 50), ("sell", 42, 50), market=OTHER)

        async def one() -> None:
            await first.clock.sleep(10 * SECOND)
            second.strategy.ideas.append(buys(cents=price, tif=tif))
            await second.until(lambda: second.of(OrderReleased))
            await first.until(lambda: first.of(HaltRaised))
            first.strategy.ideas.append(buys(OTHER))
            await first.clock.sleep(2 * MINUTE)

        async def other() -> None:
            await first.clock.sleep(4 * MINUTE)

        await together(first.run(one), second.run(other))
        return place, first, second

    place, first, second = live(script)
    took = when(first, HaltRaised) - when(second, OrderReleased)
    print(f"{what}: the first halted {took / SECOND:.3f} s after the second's release")  # noqa: T201 - the result
    assert took <= (AT_ONCE if what == "a fill" else RECONCILED_WITHIN)
    assert first.of(OrderReleased) == [], "halted, it opens nothing"
    assert set(first.halts()) == ({"foreign_fill", "discrepancy"} if what == "a fill" else {"discrepancy"})
    assert all("assent reconcile show" in CAUSES[cause].sentence for cause in first.halts()), "it says what to do"
    assert len(place.exchange.creates) == 1
    # The second knows its own order and its own fill: its books agree with the venue's, and it goes on alone.
    assert second.halts() == {}


@pytest.mark.parametrize("what", ["a position", "an order that rests"])
def test_the_second_meets_at_its_start_what_the_first_has_and_releases_nothing(what: str) -> None:
    tif, price = ("ioc", 42) if what == "a position" else ("gtc", 35)

    async def script() -> tuple[Trader, Trader]:
        place = Place()
        first, second = Trader(place, ledger_id="a" * 16), Trader(place, ledger_id="b" * 16)
        levels(place, ("buy", 30, 50), ("sell", 42, 50))

        async def one() -> None:
            first.strategy.ideas.append(buys(cents=price, tif=tif))
            await first.until(lambda: first.of(OrderReleased))
            await first.clock.sleep(5 * SECOND)

            async def other() -> None:
                second.strategy.ideas.append(buys())
                await second.clock.sleep(2 * MINUTE)

            await second.run(other)

        await first.run(one)
        return first, second

    first, second = live(script)
    assert second.of(OrderReleased) == []
    assert "discrepancy" in second.halts()
    assert first.halts() == {}, "the second did nothing"


def test_two_that_both_trade_both_stop() -> None:
    async def script() -> tuple[Trader, Trader]:
        place = Place()
        first, second = Trader(place, ledger_id="a" * 16), Trader(place, ledger_id="b" * 16)
        levels(place, ("buy", 30, 50), ("sell", 42, 50))
        levels(place, ("buy", 30, 50), ("sell", 42, 50), market=OTHER)

        async def trades(trader: Trader, market: str) -> None:
            await trader.clock.sleep(10 * SECOND)
            trader.strategy.ideas.append(buys(market))
            await trader.clock.sleep(3 * MINUTE)

        await together(first.run(lambda: trades(first, MARKET)), second.run(lambda: trades(second, OTHER)))
        return first, second

    for trader in live(script):
        assert "foreign_fill" in trader.halts()
        assert len(trader.of(OrderReleased)) == 1

"""Seat belts, with the whole runtime: a group that is triggered at the venue, what a person sees, and the way back."""

from tests.live.still import CENT, LIMITS, MARKET, OTHER, Still, live

from assent.cli.status import belt_lines
from assent.cli.story_text import story_lines
from assent.desk.rows import order_row, told
from assent.desk.story import tell
from assent.model import facts
from assent.model.belts import Belts
from assent.model.intents import Proposal
from assent.model.units import MICRO, MINUTE, SECOND
from assent.runtime.effects import BELT_CAUSE
from assent.venue.kalshi.groups import TRIGGERED
from assent.venue.kalshi.wire_requests import Terms

LIMIT = 5 * MICRO
LIFE = 2 * MINUTE


def belted() -> Still:
    still = Still(limits=LIMITS, terms=Terms(group_limit=LIMIT, cancel_on_pause=True))
    still.belts = Belts(order_life_max=LIFE, group_limit=LIMIT, cancel_on_pause=True)
    return still


def resting(market: str, cents: int, contracts: int, **more: object) -> Proposal:
    terms = {"time_in_force": "gtc", "fair": MICRO, "qty_max": contracts * MICRO, **more}
    return Proposal(market, price=cents * CENT, **terms)  # type: ignore[arg-type]


async def rest(still: Still, *ideas: Proposal) -> None:
    """These rest at the venue, and the desk knows it."""
    still.strategy.ideas += ideas
    for market in {idea.instrument for idea in ideas}:
        still.nudge(market)
    await still.until(lambda: len(still.exchange.resting("ann")) >= len(ideas))
    await still.until(lambda: all(each.venue_order_id for each in still.desk.state.orders.values()))


def test_the_effect_and_the_halt_speak_of_the_same_cause() -> None:
    assert BELT_CAUSE == TRIGGERED


def test_a_triggered_group_halts_with_all_ends_booked_and_a_persons_resume_trades_again() -> None:
    still = belted()

    async def main() -> None:
        still.quoted()
        still.quoted(OTHER)
        await still.lives(first)
        await still.lives(second)
        await still.lives(third)

    async def first() -> None:
        await rest(still, resting(MARKET, 42, 8), resting(OTHER, 41, 3))
        still.deal("bob", "sell", 42, 6)
        await still.until(lambda: TRIGGERED in still.desk.state.halts and not still.desk.state.orders)
        assert still.exchange.resting("ann") == []
        assert {one.filled for one in still.of(facts.OrderClosed)} == {6 * MICRO, 0}
        still.strategy.ideas.append(resting(OTHER, 41, 1))
        still.nudge(OTHER)
        await still.clock.sleep(40 * SECOND)
        assert len(still.of(facts.OrderReleased)) == 2, "nothing leaves while a person has not looked"
        assert [group.triggered for group in still.histories["ann"].groups.values()] == [True]

    async def second() -> None:
        assert TRIGGERED in still.desk.state.halts, "a restart resets nothing"
        assert [group.triggered for group in still.histories["ann"].groups.values()] == [True]
        answer = await still.act("resume", reason="a fault of the strategy, mended")
        assert answer["ok"], answer
        await still.clock.sleep(SECOND)
        assert [group.triggered for group in still.histories["ann"].groups.values()] == [False]
        await rest(still, resting(OTHER, 41, 1))

    async def third() -> None:
        await still.clock.sleep(LIFE)
        assert not still.desk.state.halts
        assert not still.desk.state.orders, "and its life is over by now"

    live(main)
    still.assert_books_equal()
    raised = [one.cause for one in still.of(facts.HaltRaised)]
    assert raised == [TRIGGERED]
    assert len(still.histories["ann"].groups) == 1


def test_a_reset_that_is_lost_halts_again_and_the_next_resume_gets_through() -> None:
    still = belted()

    async def main() -> None:
        still.quoted()
        await still.lives(script)

    async def script() -> None:
        await rest(still, resting(MARKET, 42, 8))
        still.deal("bob", "sell", 42, 6)
        await still.until(lambda: TRIGGERED in still.desk.state.halts and not still.desk.state.orders)
        still.loses.add("PUT")
        assert (await still.act("resume", reason="looked at it"))["ok"]
        await still.until(lambda: len(still.of(facts.HaltRaised)) == 2)
        still.loses.clear()
        assert (await still.act("resume", reason="once more"))["ok"]
        await still.clock.sleep(SECOND)
        await rest(still, resting(MARKET, 41, 1))

    live(main)
    again = still.of(facts.HaltRaised)[1]
    assert again.cause == TRIGGERED
    assert "could not be reset" in again.detail


def test_an_entry_never_outlives_the_longest_life_at_the_venue_itself_and_each_order_shows_its_belts() -> None:
    still = belted()

    async def main() -> None:
        still.quoted()
        await still.lives(script)
        # Nobody takes it off but the venue: the desk is down.
        await still.clock.sleep(LIFE)
        still.exchange.advance(still.clock.now())
        assert still.exchange.resting("ann") == []

    async def script() -> None:
        await rest(still, resting(MARKET, 30, 2, post_only=True))
        [view] = still.exchange.resting("ann")
        [order] = still.desk.state.orders.values()
        assert order.order.expires_ts is not None
        assert order.order.expires_ts - order.released_ts <= LIFE
        assert view.expires_ts == order.order.expires_ts // SECOND * SECOND
        assert (view.cancel_on_pause, view.group is not None, view.post_only) == (True, True, True)
        text = "\n".join(belt_lines([told(order_row(order, None))]))
        assert "5 contracts in 15 s" in text
        assert "taken off" in text
        assert "post-only" in text

    live(main)
    [released] = still.of(facts.OrderReleased)
    story = tell(still.records, released.order.intent_id)
    assert story is not None
    text = " ".join(" ".join(story_lines(story)).split())
    assert "in the order group of 5 contracts in 15 seconds, taken off on a pause, post-only" in text


def test_a_pause_of_the_exchange_takes_off_what_rests_and_its_end_is_told() -> None:
    still = belted()

    async def main() -> None:
        still.quoted()
        await still.lives(script)

    async def script() -> None:
        await rest(still, resting(MARKET, 30, 2))
        still.exchange.pause(still.clock.now(), whole=False)
        still.box.remember()
        await still.until(lambda: not still.desk.state.orders)

    live(main)
    still.assert_books_equal()
    assert not still.of(facts.CancelReleased), "nobody here asked for it"

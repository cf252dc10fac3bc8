"""Books that differ at the boxed Kalshi: an account with a past, hands that deal beside the desk, and the way back."""

from tests.live.still import CASH, CENT, MARKET, OTHER, OUTSIDE, Still, live

from assent.model import facts
from assent.model.intents import Proposal
from assent.model.settling import BooksAdopted, OrderAdopted
from assent.model.units import MICRO, SECOND


def buying(market: str = MARKET) -> Proposal:
    return Proposal(market, price=45 * CENT, fair=MICRO, qty_max=MICRO)


async def trades_again(still: Still, market: str = MARKET) -> None:
    """Resume, and buy one contract."""
    before = len(still.of(facts.FillBooked))
    answer = await still.act("resume", reason="the books agree again")
    assert answer["ok"], answer
    await still.until(lambda: not still.desk.state.halts, within_s=1_800)
    still.strategy.ideas.append(buying(market))
    still.nudge(market)
    await still.until(lambda: len(still.of(facts.FillBooked)) > before)
    await still.look()


async def accepts(still: Still) -> dict[str, object]:
    """Look, accept what was shown, and have every order of others off the book."""
    shown = await still.look()
    assert shown["compared"], shown
    assert shown["accepting"]["obstacles"] == []
    answer = await still.act("accept", digest=shown["accepting"]["digest"], reason="it was me")
    assert answer["ok"], answer
    await still.until(lambda: not still.desk.state.orders)
    return shown


def test_a_first_start_on_an_account_with_a_past_waits_for_a_person_and_trades_once_it_is_accepted() -> None:
    still = Still()

    async def main() -> None:
        still.quoted()
        still.quoted(OTHER)
        still.quoted(OUTSIDE)
        still.deal("ann", "buy", 45, 4)
        still.deal("ann", "sell", 40, 3, OTHER)
        still.deal("ann", "buy", 45, 2, OUTSIDE)
        resting = still.deal("ann", "buy", 20, 5)
        still.deal("ann", "sell", 80, 2, OUTSIDE)
        half = still.deal("ann", "buy", 41, 6, OTHER)
        still.deal("bob", "sell", 41, 2, OTHER)
        await still.clock.sleep(60 * SECOND)
        await still.lives(lambda: script(resting, half))

    async def script(resting: str, half: str) -> None:
        shown = await still.look()
        named = {(one["kind"], one["name"]) for one in shown["differences"]}
        assert {("position", MARKET), ("position", OTHER), ("position", OUTSIDE)} <= named
        assert ("order there only", resting) in named
        assert {one.order_id for one in still.desk.books.resting} == set(still.desk.books.open_orders)
        costs = {one.instrument: one.cost for one in still.desk.books.costs}
        # Three sold at 40 cost 60 cents each; two of them were bought back since.
        assert costs == {MARKET: 4 * 45 * CENT, OTHER: 60 * CENT, OUTSIDE: 2 * 45 * CENT}
        assert shown["fills"] == [], "what was done before the ledger began is the account's past"
        await accepts(still)
        (adopted,) = still.of(BooksAdopted)
        assert {one.instrument: one.cost for one in adopted.positions} == costs
        assert {one.order.order_id for one in still.of(OrderAdopted)} >= {resting, half}
        assert [(one.filled, one.order.qty) for one in still.of(OrderAdopted) if one.order.order_id == half] == [
            (2 * MICRO, 6 * MICRO)
        ]
        assert still.exchange.resting("ann") == []
        await trades_again(still)
        await trades_again(still, OTHER)

    live(main)
    still.assert_books_equal()
    assert {one.cause for one in still.of(facts.HaltRaised)} <= {"discrepancy", "mark_missing"}
    assert still.desk.state.held(OUTSIDE) == 2 * MICRO


def test_what_was_dealt_by_hand_while_the_desk_was_down_is_found_shown_and_accepted() -> None:
    still = Still()

    async def main() -> None:
        still.quoted()
        still.quoted(OTHER)
        await still.lives(first)
        await still.clock.sleep(30 * SECOND)
        still.deal("ann", "buy", 45, 3, OTHER)
        still.deal("ann", "sell", 40, 1)
        still.deal("ann", "buy", 30, 7)
        await still.clock.sleep(30 * SECOND)
        await still.lives(second)
        still.assert_books_equal()
        await still.clock.sleep(30 * SECOND)
        await still.lives(third)

    async def first() -> None:
        still.strategy.ideas.append(buying())
        still.nudge()
        await still.until(lambda: still.of(facts.FillBooked))

    async def second() -> None:
        assert {"foreign_fill", "discrepancy"} <= set(still.desk.state.halts)
        shown = await accepts(still)
        assert len(shown["fills"]) == 2  # type: ignore[arg-type]
        assert len({one["order_id"] for one in shown["fills"]}) == 2  # type: ignore[attr-defined]
        await trades_again(still)

    async def third() -> None:
        assert not still.desk.state.halts, "what was accepted is no news in the next life"
        await still.look()

    live(main)
    still.assert_books_equal()
    assert len(still.of(facts.FillBooked)) == 2, "ours; those by hand are in no book of fills"


def test_a_strangers_order_has_one_name_in_list_stream_and_fills_and_is_taken_off_by_it() -> None:
    still = Still()
    names: list[str] = []

    async def main() -> None:
        still.quoted()
        still.quoted(OTHER)
        await still.lives(script)
        await still.lives(again)

    async def script() -> None:
        await still.clock.sleep(2 * SECOND)
        order = still.deal("ann", "buy", 41, 5)
        names.append(order)
        await still.until(lambda: "discrepancy" in still.desk.state.halts)
        shown = await still.look()
        assert [(one["kind"], one["name"]) for one in shown["differences"]] == [("order there only", order)]
        still.deal("bob", "sell", 41, 2)
        await still.until(lambda: "foreign_fill" in still.desk.state.halts)
        shown = await still.look()
        assert {one["order_id"] for one in shown["fills"]} == {order}
        answer = await still.act("cancel", order_id=order)
        assert answer["ok"], answer
        await still.until(lambda: not still.desk.state.orders)
        assert still.exchange.resting("ann") == []
        assert [one.filled for one in still.of(facts.OrderClosed)] == [2 * MICRO]
        await accepts(still)
        await trades_again(still)

    async def again() -> None:
        other = still.deal("ann", "sell", 70, 2, OTHER)
        await still.act("cancel", order_id="")
        await still.until(lambda: not still.desk.state.orders)
        assert other in {one.order_id for one in still.of(facts.OrderClosed)}
        await trades_again(still, OTHER)

    live(main)
    still.assert_books_equal()
    assert {one.order.order_id for one in still.of(OrderAdopted)} > set(names)
    deletes = [each.target for each in still.requests if each.method == "DELETE"]
    assert len(deletes) == 2
    assert all("market_ticker=" in each for each in deletes)
    assert not [halt for halt in still.of(facts.HaltRaised) if halt.cause == "venue_contract"]


def test_an_adopted_order_that_ended_while_the_desk_was_down_is_found_by_the_venues_name() -> None:
    """The cancel that comes with adopting it is lost; the next start asks how it ended."""
    still = Still()

    async def main() -> None:
        still.quoted()
        order = still.deal("ann", "buy", 41, 5)
        await still.lives(lambda: first(order))
        still.deal("bob", "sell", 41, 5)
        await still.clock.sleep(30 * SECOND)
        await still.lives(second)

    async def first(order: str) -> None:
        shown = await still.look()
        still.loses.add("DELETE")
        await still.act("accept", digest=shown["accepting"]["digest"], reason="mine")
        assert order in still.desk.state.orders

    async def second() -> None:
        still.loses.clear()
        await still.until(lambda: not still.desk.state.orders)
        await still.look()

    live(main)
    still.assert_books_equal()
    assert still.desk.state.held(MARKET) == 5 * MICRO
    assert still.desk.state.cash == CASH - 5 * 41 * CENT - still.desk.state.accounts["fees"]

"""Why: a story holds everything that the ledger knows of an intent, and its money is the books' money."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.support import EPOCH, RAIN, SNOW, Script
from tests.desk.support import Bench, limits
from tests.model.support import a_future

from assent.cli.story_text import story_lines
from assent.desk.story import Story, find, in_words, tell
from assent.model import inputs
from assent.model.exits import Exits
from assent.model.facts import IntentProposed, IntentRefused, OrderReleased, kind_of
from assent.model.grids import CENT_GRID, WHOLE_CONTRACTS
from assent.model.instruments import Future, PerContractFee
from assent.model.intents import Intent
from assent.model.orders import Correction, Order
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.units import MICRO, MINUTE, SECOND


def story_of(script: Script, order: Order) -> Story:
    story = tell(script.facts, order.intent_id)
    assert story is not None
    return story


def last_intent(script: Script) -> Intent:
    return next(
        fact.intent for _, _, fact in reversed(script.facts) if isinstance(fact, IntentProposed | IntentRefused)
    )


def kinds(story: Story) -> list[str]:
    return [kind_of(step.fact) for step in story.steps]


def test_a_won_trade_is_told_with_its_checks_its_fills_and_its_gain() -> None:
    script = Script()
    order = script.trade(RAIN, qty_max=10 * MICRO)
    script.settle(RAIN, "yes")
    story = story_of(script, order)
    assert (story.verdict, story.words, story.reason) == ("released", "buy YES at 0.42", None)
    assert kinds(story) == ["OrderReleased", "FillBooked", "OrderAccepted"]
    assert story.digest
    assert story.assent == "autonomous"
    assert story.money is not None
    assert (story.money.cost, story.money.fees, story.money.payout) == (4_200_000, 170_600, 10_000_000)
    assert story.money.gain == 10_000_000 - 4_200_000 - 170_600


def test_every_rule_that_ran_is_in_the_story_with_its_numbers_and_its_unit() -> None:
    script = Script()
    story = story_of(script, script.trade(RAIN, qty_max=10 * MICRO))
    recorded = next(fact for _, _, fact in script.facts if isinstance(fact, IntentProposed))
    assert [(c.rule, c.ok, c.measured, c.limit) for c in story.checks] == [
        (c.rule, c.ok, c.measured, c.limit) for c in recorded.checks
    ]
    edge = next(check for check in story.checks if check.rule == "edge")
    assert (edge.measured, edge.limit, edge.unit) == (recorded.intent.edge, 20_000, "price")
    assert "below the constitution's minimum" in edge.sentence


def test_the_quote_is_told_with_its_age_at_the_decision() -> None:
    script = Script()
    script.idea(RAIN)
    story = tell(script.facts, last_intent(script).intent_id)
    assert story is not None
    assert story.quote is not None
    assert story.ages is not None
    assert (story.quote.bid, story.quote.ask) == (400_000, 420_000)
    assert (story.ages.source_ns, story.ages.received_ns) == (SECOND + SECOND // 4, SECOND // 2)


def test_a_refused_idea_tells_what_its_market_came_to_and_what_it_would_have_brought() -> None:
    script = Script()
    script.idea(RAIN, side="sell", price=400_000, fair=390_000)
    refused = last_intent(script)
    script.settle(RAIN, "yes")
    story = tell(script.facts, refused.intent_id)
    assert story is not None
    assert (story.verdict, story.reason) == ("refused", "edge")
    assert story.settled is not None
    assert story.settled.result == "yes"
    assert story.hindsight_per_contract == -600_000
    assert (story.money, story.order, story.steps) == (None, None, ())


def test_what_is_given_back_comes_from_the_oldest_lot() -> None:
    script = Script()
    first = script.trade(RAIN, qty_max=10 * MICRO)
    second = script.trade(RAIN, price=420_000, qty_max=10 * MICRO)
    script.idea(RAIN, action="close", side="sell", price=400_000, qty_max=15 * MICRO)
    leaving = script.order()
    script.fill(leaving, 15 * MICRO, price=500_000, fee=30_000)
    script.accept(leaving, filled=15 * MICRO)
    script.settle(RAIN, "no")
    one, two, out = (story_of(script, order).money for order in (first, second, leaving))
    assert one is not None
    assert two is not None
    assert out is not None
    assert (one.proceeds, one.proceeds_fees, one.payout, one.left) == (5_000_000, 20_000, 0, 0)
    assert (two.proceeds, two.proceeds_fees, two.payout, two.left) == (2_500_000, 10_000, 0, 0)
    assert (out.cost, out.proceeds, out.fees) == (15 * 420_000, 7_500_000, 30_000)
    assert out.gain == 7_500_000 - 6_300_000 - 30_000


def test_selling_yes_that_is_not_held_is_told_as_buying_no() -> None:
    script = Script()
    order = script.trade(RAIN, side="sell", price=400_000, fair=200_000, qty_max=5 * MICRO)
    script.settle(RAIN, "no")
    story = story_of(script, order)
    assert story.words == "buy NO at 0.60"
    assert story.money is not None
    assert (story.money.cost, story.money.payout) == (3_000_000, 5_000_000)


def test_what_is_still_held_has_no_gain_yet() -> None:
    script = Script()
    story = story_of(script, script.trade(RAIN, qty_max=10 * MICRO))
    assert story.money is not None
    assert (story.money.left, story.money.gain) == (10 * MICRO, None)
    assert story.settled is None


def test_a_corrected_fill_counts_as_what_it_really_was() -> None:
    script = Script()
    script.idea(RAIN, qty_max=10 * MICRO)
    order = script.order()
    fill_id = script.fill(order, 10 * MICRO)
    script.tell(inputs.CorrectionSeen(Correction(fill_id, 410_000, 8 * MICRO, 100_000, script.now), script.now))
    script.settle(RAIN, "yes")
    story = story_of(script, order)
    assert "FillCorrected" in kinds(story)
    assert [(fill.price, fill.qty, fill.fee) for fill in story.fills] == [(410_000, 8 * MICRO, 100_000)]
    assert story.money is not None
    assert story.money.gain == 8 * MICRO - 8 * 410_000 - 100_000


def test_late_evidence_and_quarantine_belong_to_the_story() -> None:
    script = Script()
    script.idea(RAIN, qty_max=10 * MICRO)
    order = script.order()
    script.tell(inputs.SendAnswered(order.order_id, inputs.Unknown("no reply"), script.now))
    script.tell(inputs.EvidenceSeen(order.order_id, inputs.Absent("not listed"), "poll", script.now))
    script.fill(order, 10 * MICRO)
    script.settle(RAIN, "no")
    story = story_of(script, order)
    assert kinds(story) == [
        "OrderReleased", "OrderUnknown", "OrderResolved", "FillBooked", "OrderQuarantined", "HaltRaised",
    ]  # fmt: skip
    assert story.money is not None
    assert story.money.gain == -(4_200_000 + 170_600)


def test_a_fill_after_the_settlement_is_paid_as_well() -> None:
    script = Script()
    script.idea(RAIN, qty_max=10 * MICRO)
    order = script.order()
    script.fill(order, 4 * MICRO)
    script.settle(RAIN, "yes")
    script.fill(order, 6 * MICRO)
    story = story_of(script, order)
    assert story.money is not None
    assert (story.money.payout, story.money.left) == (10 * MICRO, 0)


def test_a_cancel_is_told_with_the_order_that_it_was_for() -> None:
    script = Script()
    script.idea(RAIN, qty_max=10 * MICRO, time_in_force="gtc")
    order = script.order()
    script.accept(order, filled=0)
    script.idea(RAIN, action="cancel", order_id=order.order_id, price=0, fair=None, reason="no longer wanted")
    script.tell(inputs.CancelAnswered(order.order_id, inputs.Accepted("v", 0, 0), script.now))
    story = tell(script.facts, last_intent(script).intent_id)
    assert story is not None
    assert story.words == f"cancel order {order.order_id[:8]}"
    assert (story.verdict, kinds(story)) == ("released", ["CancelReleased", "OrderClosed"])
    assert "CancelReleased" in kinds(story_of(script, order)), "and the order's own story tells of its cancel"


def test_the_position_before_the_idea_is_told() -> None:
    script = Script()
    script.trade(RAIN, qty_max=10 * MICRO)
    script.idea(RAIN, action="close", side="sell", price=400_000)
    story = tell(script.facts, last_intent(script).intent_id)
    assert story is not None
    assert (story.held_before, story.words) == (10 * MICRO, "sell YES at 0.40")


def test_the_position_before_the_idea_counts_corrections() -> None:
    script = Script()
    script.idea(RAIN, qty_max=10 * MICRO)
    fill_id = script.fill(script.order(), 10 * MICRO)
    script.tell(inputs.CorrectionSeen(Correction(fill_id, 420_000, 8 * MICRO, 100_000, script.now), script.now))
    script.idea(RAIN, action="close", side="sell", price=400_000)
    story = tell(script.facts, last_intent(script).intent_id)
    assert story is not None
    assert story.held_before == 8 * MICRO == script.desk.state.held(RAIN)


def test_what_a_person_had_set_aside_when_it_was_released_is_told_with_it() -> None:
    script = Script()
    before = script.trade()
    script.tell(inputs.HaltAsked("operator", "ann", "drill", script.now))
    script.tell(OverrideAsked("operator", 30 * MINUTE, "ada", "it is known", script.now, factor=True))
    during = script.trade(SNOW)
    script.tell(OverrideEndAsked("operator", "ada", "enough", script.now))
    script.idea(qty_max=MICRO)
    refused = tell(script.facts, last_intent(script).intent_id)
    told = story_of(script, during)
    assert [(kind_of(step.fact), step.seq < told.seq) for step in told.overrides] == [("HaltOverridden", True)]
    lines = " ".join(text.strip() for text in story_lines(told))
    assert "meanwhile, halt [operator] overridden until 2026-01-05 00:30:" in lines
    assert "by ada: it is known" in lines
    assert story_of(script, before).overrides == ()
    assert refused is not None
    assert (refused.verdict, refused.overrides) == ("refused", ())


def test_an_override_whose_time_was_up_is_not_told_with_what_was_refused_after_it() -> None:
    script = Script()
    script.tell(inputs.HaltAsked("operator", "ann", "drill", script.now))
    script.tell(OverrideAsked("operator", 3 * SECOND, "ada", "it is known", script.now, factor=True))
    script.idea()
    let_go = tell(script.facts, last_intent(script).intent_id)
    script.now += 3 * SECOND
    script.idea(SNOW)
    late = tell(script.facts, last_intent(script).intent_id)
    assert let_go is not None
    assert late is not None
    assert [(len(one.overrides), one.verdict) for one in (let_go, late)] == [(1, "released"), (0, "refused")]


def test_a_story_told_later_only_grows() -> None:
    script = Script()
    order = script.trade(RAIN, qty_max=10 * MICRO)
    early, length = story_of(script, order), len(script.facts)
    script.settle(RAIN, "yes")
    assert tell(script.facts[:length], order.intent_id) == early
    assert story_of(script, order).checks == early.checks


def test_a_name_may_be_an_id_a_code_an_order_or_a_beginning() -> None:
    script = Script()
    order = script.trade(RAIN, qty_max=MICRO)
    script.trade(SNOW, qty_max=MICRO)
    intent = next(fact.intent for _, _, fact in script.facts if isinstance(fact, IntentProposed))
    for name in (
        intent.intent_id, intent.code, intent.code.lower(), order.order_id, order.order_id[:9], intent.intent_id[2:11],
        f"  {intent.code} ",
    ):  # fmt: skip
        assert find(script.facts, name) == (intent.intent_id,), name


def test_a_beginning_that_fits_several_names_them_all_and_nothing_names_none() -> None:
    script = Script()
    script.trade(RAIN, qty_max=MICRO)
    script.trade(SNOW, qty_max=MICRO)
    assert len(find(script.facts, "i-")) == 2
    assert find(script.facts, "") == ()
    assert find(script.facts, "i-zzzz") == ()
    assert tell(script.facts, "i-zzzz") is None


def future() -> Future:
    return Future(
        id="MES", venue="ibkr", event="MES", series="MES", title="Micro", prices=CENT_GRID,
        quantities=WHOLE_CONTRACTS, fees=PerContractFee(620_000), close_ts=EPOCH * 2, multiplier=5 * MICRO,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("action", "side", "words"),
    [
        ("open", "buy", "buy YES at 0.42"),
        ("open", "sell", "buy NO at 0.58"),
        ("close", "sell", "sell YES at 0.42"),
        ("close", "buy", "sell NO at 0.58"),
        ("claim", "buy", "claim the settlement"),
    ],
)
def test_an_intent_speaks_of_the_side_that_a_person_holds(action: str, side: str, words: str) -> None:
    intent = Intent("i-1", "C", "s", 1, action, RAIN, side, "limit", 420_000, MICRO, "ioc", 0, 0)  # type: ignore[arg-type]
    assert in_words(intent) == words


def test_a_future_has_no_yes_and_no_no() -> None:
    intent = Intent("i-1", "C", "s", 1, "open", "MES", "sell", "limit", 420_000, MICRO, "ioc", 0, 0)
    assert in_words(intent, future()) == "sell at 0.42"


Trade = tuple[str, int, int]
trades = st.lists(
    st.tuples(st.sampled_from(("open", "close")), st.integers(1, 9), st.integers(5, 95)), min_size=1, max_size=6
)


def live_through(steps: Sequence[Trade], side: str, result: inputs.Result) -> Script:
    """Opens and closes in one market at any prices, settled at the end."""
    script = Script()
    price, fair = (420_000, 600_000) if side == "buy" else (400_000, 200_000)
    for action, qty, cents in steps:
        away = side if action == "open" else ("sell" if side == "buy" else "buy")
        before = len(script.facts)
        script.idea(RAIN, action=action, side=away, price=price, fair=fair, qty_max=qty * MICRO)
        if any(isinstance(fact, OrderReleased) for _, _, fact in script.facts[before:]):
            order = script.order()
            script.fill(order, order.qty, price=cents * 10_000)
            script.accept(order, filled=order.qty)
    script.settle(RAIN, result)
    return script


@given(trades, st.sampled_from(("buy", "sell")), st.sampled_from(("yes", "no")))
def test_the_gains_of_all_openings_together_are_what_the_books_show(
    steps: list[Trade], side: str, result: inputs.Result
) -> None:
    script = live_through(steps, side, result)
    opened = [
        fact.order for _, _, fact in script.facts
        if isinstance(fact, OrderReleased) and fact.order.side == side
    ]  # fmt: skip
    gains = [story_of(script, order).money.gain for order in opened]  # type: ignore[union-attr]
    accounts = script.desk.state.accounts
    rounding = 2 * len(script.facts)
    assert abs(sum(gain or 0 for gain in gains) + accounts["realised"] + accounts["fees"]) <= rounding


# --- futures -------------------------------------------------------------------------------------------


def told(bench: Bench, order: Order) -> Story:
    facts = [(number, ts, fact) for number, (ts, fact) in enumerate(bench.records, start=1)]
    story = tell(facts, order.intent_id)
    assert story is not None
    return story


@pytest.mark.parametrize(
    ("side", "stop", "target", "gain"),
    [("buy", 4_997, 5_004, 20_000_000 - 1_240_000), ("sell", 5_003, 4_996, 20_000_000 - 1_240_000)],
)
def test_a_bracket_on_a_future_is_told_as_one_story_with_the_books_own_gain(
    side: Any, stop: int, target: int, gain: int
) -> None:
    wide = limits(risk_per_trade_max=100 * MICRO)
    bench = Bench(constitution=wide, cash=100_000 * MICRO, markets=(a_future(),))
    bench.bar(5_000)
    exits = Exits(stop_price=stop * MICRO, target_price=target * MICRO)
    entry, leg, goal = bench.bracket(
        instrument="MESTEST", side=side, price=5_000 * MICRO, fair=target * MICRO, qty_max=MICRO, type="market",
        exits=exits,
    )  # fmt: skip
    bench.fill(entry)
    running = told(bench, entry).money
    assert running is not None
    assert (running.qty, running.left, running.cost, running.gain) == (MICRO, MICRO, 25_000 * MICRO, None)
    bench.fill(goal)
    bench.closed(leg, 0, "oca_cancel")
    story = told(bench, entry)
    assert story.money is not None
    assert (story.money.qty, story.money.left, story.money.fees) == (MICRO, 0, 620_000)
    assert story.money.gain == gain == bench.state.cash - 100_000 * MICRO
    assert [fill.order_id for fill in story.fills] == [entry.order_id, goal.order_id]
    assert kinds(story).count("OrderReleased") == 3
    text = "\n".join(story_lines(story))
    assert "YES" not in text
    assert "profit" in text


def test_a_future_that_settles_is_told_with_what_the_price_moved() -> None:
    bench = Bench(
        constitution=limits(unprotected_contracts_max=1, total_exposure_max=100_000 * MICRO),
        cash=100_000 * MICRO, markets=(a_future(),),
    )  # fmt: skip
    bench.bar(5_000)
    order = bench.hold(instrument="MESTEST", price=5_000 * MICRO, fair=5_010 * MICRO, qty_max=MICRO, type="market")
    bench.settle("scalar", 4_990 * MICRO, name="MESTEST")
    story = told(bench, order)
    assert story.money is not None
    assert story.money.gain == -50_000_000 - 620_000 == bench.state.cash - 100_000 * MICRO

"""A newer idea in place of an order that still rests: only past the stated step, and never two at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, buy, kinds, limits, sell

from assent.desk.intent_rows import status_of_order
from assent.desk.story import tell
from assent.model.constitution import Constitution
from assent.model.facts import CancelReleased, Fact, IntentRefused, OrderReleased
from assent.model.inputs import Accepted, NotSent, Refused, Unknown
from assent.model.orders import Order
from assent.model.policy import Band, Person
from assent.model.units import MICRO, SECOND

STEP = 20_000


def resting(price: int = 450_000, *, step: int | None = STEP, **changes: Any) -> tuple[Bench, Order]:
    """A desk on which one order to buy YES rests below the ask."""
    constitution = limits(**({} if step is None else {"supersede_step_min": step}), **changes)
    bench = Bench(constitution=constitution)
    order = bench.release(price=price, qty_max=MICRO)
    bench.accept(order)
    return bench, order


def again(bench: Bench, price: int, **terms: Any) -> list[Fact]:
    return bench.later(SECOND).propose(buy(**({"price": price, "qty_max": MICRO} | terms)))


def cancelled(bench: Bench, order: Order) -> None:
    bench.cancel_answered(order, Accepted("v-" + order.order_id[:8], 0, 0))


def status(bench: Bench, order: Order) -> str:
    return status_of_order(bench.state, order.order_id, cancels=False)[0]


def test_by_default_a_resting_order_never_gives_way() -> None:
    bench, order = resting(10_000, step=None)
    told = again(bench, 990_000, fair=MICRO)
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["one_open_intent"]
    assert not bench.of(CancelReleased)
    assert bench.order(order).status == "working"
    assert Constitution().supersede_step_min == MICRO


@pytest.mark.parametrize(("price", "replaced"), [(470_000, True), (460_000, False), (430_000, True), (440_000, False)])
def test_a_resting_order_gives_way_to_an_idea_at_least_a_step_away_on_either_side(price: int, replaced: bool) -> None:
    bench, order = resting()
    told = again(bench, price)
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["one_open_intent"]
    assert [fact.order_id for fact in bench.of(CancelReleased)] == [order.order_id] * replaced
    assert len(bench.of(OrderReleased)) == 1


@pytest.mark.parametrize(("action", "replaced"), [("cancel", False), ("claim", True)])
def test_where_people_are_asked_about_a_cancel_no_newer_idea_is_a_way_around_them(action: Any, replaced: bool) -> None:
    asks = {"approvals": (Band(action, 0, 1),), "approvers": (Person("ada", ("os:ada",)),)}
    bench, order = resting(**asks)
    told = again(bench, 480_000)
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["one_open_intent"]
    assert [fact.order_id for fact in bench.of(CancelReleased)] == [order.order_id] * replaced


def test_the_newer_idea_is_released_only_once_nothing_of_the_older_one_rests() -> None:
    bench, order = resting()
    again(bench, 480_000)
    for _ in range(5):
        assert "OrderReleased" not in kinds(again(bench, 480_000))
    assert len(bench.of(CancelReleased)) == 1
    cancelled(bench, order)
    told = again(bench, 480_000)
    assert [fact.order.price for fact in told if isinstance(fact, OrderReleased)] == [480_000]
    assert status(bench, order) == "SUPERSEDED"


def test_what_was_superseded_names_the_idea_that_took_its_place_and_stays_so_after_a_restart() -> None:
    bench, order = resting()
    told = again(bench, 480_000)
    newer = next(fact.intent for fact in told if isinstance(fact, IntentRefused))
    asked = next(fact for fact in told if isinstance(fact, CancelReleased))
    assert (asked.by, asked.superseded_by) == ("scripted", newer.intent_id)
    assert newer.code in asked.why
    assert status(bench, order) == "APPROVED"
    bench.restart()
    assert bench.order(order).superseded_by == newer.intent_id
    cancelled(bench, order)
    assert status(bench, order) == "SUPERSEDED"
    bench.restart()
    assert status(bench, order) == "SUPERSEDED"


def test_the_story_of_either_idea_tells_of_the_other() -> None:
    bench, order = resting()
    newer = next(fact.intent for fact in again(bench, 480_000) if isinstance(fact, IntentRefused))
    cancelled(bench, order)
    records = [(seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1)]
    older = tell(records, order.intent_id)
    refused = tell(records, newer.intent_id)
    assert older is not None
    assert any(isinstance(s.fact, CancelReleased) and s.fact.superseded_by == newer.intent_id for s in older.steps)
    assert refused is not None
    assert (refused.verdict, refused.reason) == ("refused", "one_open_intent")
    assert [type(step.fact) for step in refused.steps] == [CancelReleased]


def test_an_order_that_fills_before_its_cancel_arrives_was_executed() -> None:
    bench, order = resting()
    again(bench, 480_000)
    bench.fill(order)
    bench.cancel_answered(order, Refused("not_found", ""))
    assert status(bench, order) == "EXECUTED"
    assert bench.state.held(MARKET.id) == MICRO


@pytest.mark.parametrize("answer", [Refused("no", ""), NotSent("permit_expired")])
def test_an_order_that_the_venue_kept_was_not_superseded(answer: Refused | NotSent) -> None:
    bench, order = resting()
    again(bench, 480_000)
    bench.cancel_answered(order, answer)
    bench.closed(order, 0, "expired")
    assert status(bench, order) == "EXPIRED"


def test_a_cancel_whose_answer_was_lost_may_have_superseded() -> None:
    bench, order = resting()
    again(bench, 480_000)
    bench.cancel_answered(order, Unknown("no answer in time"))
    bench.closed(order, 0)
    assert status(bench, order) == "SUPERSEDED"


def test_a_cancel_for_any_other_cause_supersedes_nothing() -> None:
    bench, order = resting()
    bench.ask_cancel(order.order_id)
    cancelled(bench, order)
    assert status(bench, order) == "EXPIRED"


# --- what never gives way ---------------------------------------------------------------------------------------


def test_nothing_gives_way_to_an_idea_that_the_rules_would_refuse_in_its_place() -> None:
    bench, order = resting()
    again(bench, 480_000, fair=490_000)
    again(bench, 485_001)
    again(bench, 480_000, hold=True)
    assert not bench.of(CancelReleased)
    assert bench.order(order).status == "working"


@pytest.mark.parametrize(
    "changes", [{"one_entry_per_market": True}, {"position_qty_max": MICRO}, {"total_exposure_max": 520_000}]
)
def test_an_idea_is_judged_as_if_the_order_that_it_replaces_was_gone(changes: dict[str, Any]) -> None:
    bench, order = resting(**changes)
    again(bench, 480_000)
    assert [fact.order_id for fact in bench.of(CancelReleased)] == [order.order_id]
    cancelled(bench, order)
    assert "OrderReleased" in kinds(again(bench, 480_000))


def test_an_order_whose_fate_is_not_known_never_gives_way() -> None:
    bench = Bench(constitution=limits(supersede_step_min=STEP))
    order = bench.release(price=450_000, qty_max=MICRO)
    again(bench, 480_000)
    bench.answer(order, Unknown("no answer in time"))
    again(bench, 480_000)
    assert not bench.of(CancelReleased)


def test_an_order_on_the_other_side_or_of_another_strategy_does_not_give_way() -> None:
    other = Scripted("other")
    bench = Bench(constitution=limits(supersede_step_min=STEP), strategies=(other,))
    order = bench.release(price=450_000, qty_max=MICRO)
    bench.accept(order)
    bench.later(SECOND).propose(sell(qty_max=MICRO))
    assert not bench.of(CancelReleased)
    other.says = [buy(price=480_000, qty_max=MICRO)]
    assert "OrderReleased" in kinds(bench.later(SECOND).cycle())
    assert not bench.of(CancelReleased)


def test_under_a_halt_nothing_is_superseded() -> None:
    bench, _ = resting()
    bench.halt("clock_jump")
    before = len(bench.of(CancelReleased))
    again(bench, 480_000)
    assert len(bench.of(CancelReleased)) == before


def test_a_venue_that_refused_the_cancel_is_not_asked_at_every_cycle() -> None:
    bench, order = resting()
    again(bench, 480_000)
    bench.cancel_answered(order, Refused("busy", ""))
    for _ in range(30):
        again(bench, 480_000)
        bench.quote()
    assert len(bench.of(CancelReleased)) == 1
    for _ in range(31):
        bench.quote()
        again(bench, 480_000)
    assert len(bench.of(CancelReleased)) == 2


STEPS = st.one_of(
    st.integers(30, 50).map(lambda cents: ("propose", cents * 10_000)),
    st.sampled_from((("accept", 0), ("cancelled", 0), ("refused", 0), ("fill", 0), ("unknown", 0), ("restart", 0))),
)


@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_there_is_one_order_at_a_time(steps: list[tuple[str, int]]) -> None:
    bench = Bench(constitution=limits(supersede_step_min=STEP))
    for what, price in steps:
        bench.later(SECOND)
        bench.quote()
        live = list(bench.state.orders.values())
        if what == "propose":
            bench.propose(buy(price=price, qty_max=MICRO))
        elif what == "restart":
            bench.restart()
            bench.show(MARKET)
        elif live and what == "accept" and live[0].status == "released":
            bench.accept(live[0].order)
        elif live and what == "fill" and live[0].status == "working":
            bench.fill(live[0].order)
        elif live and live[0].cancel == "asked":
            answers: dict[str, Any] = {
                "cancelled": Accepted("v", 0, 0), "refused": Refused("no", ""), "unknown": Unknown("lost"),
            }  # fmt: skip
            if what in answers:
                bench.cancel_answered(live[0].order, answers[what])
        assert len(bench.state.orders) <= 1

"""What a strategy says over and over is counted, and what it makes up takes no room."""

from tests.desk.support import MARKET, Bench, buy, kinds
from tests.desk.worlds import QuoteBench

from assent.model.facts import CancelReleased, IntentProposed, IntentRefused
from assent.model.inputs import Refused, Unknown
from assent.model.orders import Order
from assent.model.units import MICRO, SECOND


def with_a_resting_order() -> tuple[QuoteBench, Order]:
    bench = QuoteBench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    return bench, order


def cancel(bench: QuoteBench, order: Order) -> list[str]:
    bench.later(SECOND)
    return kinds(bench.propose(buy(action="cancel", order_id=order.order_id, price=0)))


def test_a_cancel_proposed_at_every_quote_is_stated_once_while_its_answer_is_awaited() -> None:
    bench, order = with_a_resting_order()
    assert cancel(bench, order) == ["IntentProposed", "CancelReleased"]
    assert cancel(bench, order) == ["IntentRefused"]
    for _ in range(50):
        assert cancel(bench, order) == []
    assert [(f.reason, f.intent.action) for f in bench.of(IntentRefused)] == [("one_open_intent", "cancel")]
    assert len(bench.of(CancelReleased)) == 1


def test_a_cancel_whose_answer_was_lost_may_be_proposed_again_at_once() -> None:
    bench, order = with_a_resting_order()
    cancel(bench, order)
    bench.cancel_answered(order, Unknown("no answer in time"))
    assert cancel(bench, order) == ["IntentProposed", "CancelReleased"]


def test_a_cancel_that_the_venue_refused_may_be_proposed_again_after_a_minute() -> None:
    bench, order = with_a_resting_order()
    cancel(bench, order)
    bench.cancel_answered(order, Refused("busy", ""))
    assert cancel(bench, order) == ["IntentRefused"]
    for _ in range(57):
        assert cancel(bench, order) == []
    bench.later(SECOND)
    assert cancel(bench, order) == ["IntentProposed", "CancelReleased"]


def test_a_person_cancels_whatever_a_strategy_has_asked_for() -> None:
    bench, order = with_a_resting_order()
    cancel(bench, order)
    assert [fact.by for fact in bench.ask_cancel(order.order_id)] == ["ann"]


def test_names_that_no_venue_listed_share_one_place_and_one_record() -> None:
    bench = Bench()
    before = len(bench.desk.refused)
    for number in range(1_000):
        bench.propose(buy(instrument=f"KXMADEUP-{number}"))
    assert len(bench.desk.refused) == before + 1
    assert [fact.intent.instrument for fact in bench.of(IntentRefused)] == ["KXMADEUP-0"]
    assert not bench.of(IntentProposed)
    bench.halt("clock_jump")
    bench.propose(buy(instrument="KXMADEUP-1000"))
    assert [fact.repeats for fact in bench.of(IntentRefused)] == [0, 999]


def test_a_name_that_is_made_up_does_not_hide_the_refusal_on_a_listed_market() -> None:
    bench = Bench()
    bench.propose(buy(instrument="KXMADEUP"))
    told = bench.propose(buy(fair=None))
    assert [f.intent.instrument for f in told if isinstance(f, IntentRefused)] == [MARKET.id]

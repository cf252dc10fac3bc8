"""Bytes that say something else than the ledger get no permit, whatever else is in the way, and a person must look."""

from collections.abc import Iterator

import msgspec
import pytest
from tests.desk.support import Bench
from tests.venue.byte_changes import of_bytes

from assent.cli.story_text import story_lines
from assent.desk import permit
from assent.desk.story import tell
from assent.model.facts import CancelEnded, CancelReleased, HaltRaised, OrderNotSent
from assent.model.inputs import Accepted, NotSent
from assent.model.levels import Level
from assent.model.orders import DIFFERS, Order, order_digest
from assent.model.units import SECOND

FOUND = "price is 500000 in the bytes, and 400000 was released"


def changed(order: Order) -> Iterator[tuple[str, Order]]:
    """Every other order that a change of one byte of this one's canonical bytes makes of it."""
    for change in of_bytes(msgspec.json.encode(order)):
        try:
            made = msgspec.json.decode(change.made, type=Order)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if made != order:
            yield change.what, made


def test_the_permit_is_for_the_released_terms_alone() -> None:
    bench = Bench()
    order = bench.release()
    tried = 0
    for what, other in changed(order):
        tried += 1
        assert bench.desk.permit(order.order_id, bench.now, order_digest(other)) == DIFFERS, what
    for change in of_bytes(order_digest(order).encode()):
        tried += 1
        assert bench.desk.permit(order.order_id, bench.now, change.made.decode("latin-1")) == DIFFERS, change.what
    assert tried > 500
    assert bench.desk.permit(order.order_id, bench.now, order_digest(order)) is None, "the unchanged control"


def test_a_change_of_the_desk_s_own_copy_is_found_by_the_digest_of_the_release() -> None:
    """Between the ledger and the wire lies memory. Neither the true terms nor those of the copy get a permit."""
    bench = Bench()
    order = bench.release()
    held, tried = bench.state.orders[order.order_id], 0
    for what, other in changed(order):
        tried += 1
        held.order = other
        for digest in (order_digest(order), order_digest(other)):
            assert bench.desk.permit(order.order_id, bench.now, digest) == DIFFERS, what
    held.order = order
    for change in of_bytes(held.digest.encode()):
        tried += 1
        held.digest = change.made.decode("latin-1")
        assert bench.desk.permit(order.order_id, bench.now, order_digest(order)) == DIFFERS, change.what
    held.digest = order_digest(order)
    assert tried > 500
    assert bench.desk.permit(order.order_id, bench.now, order_digest(order)) is None, "the unchanged control"


@pytest.mark.parametrize(
    "changes",
    [{"intent_id": "i-0"}, {"attempt": 2}, {"instrument": "KXTEST-OTHER"}, {"side": "sell"}, {"price": 1}, {"qty": 1}],
    ids=lambda changes: next(iter(changes)),
)
def test_an_id_that_is_not_the_name_of_its_terms_gets_no_permit(changes: dict[str, object]) -> None:
    """Also where the whole record agrees with itself: the venue would know these terms under another order's name."""
    bench = Bench()
    order = bench.release()
    held = bench.state.orders[order.order_id]
    held.order = msgspec.structs.replace(order, **changes)
    held.digest = order_digest(held.order)
    assert bench.desk.permit(order.order_id, bench.now, held.digest) == DIFFERS


def test_no_other_obstacle_hides_that_the_terms_are_others() -> None:
    bench = Bench()
    order = bench.release()
    bench.halt()
    assert bench.desk.permit(order.order_id, bench.now + 10 * SECOND, order_digest(order)) == "halted"
    assert bench.desk.permit(order.order_id, bench.now + 10 * SECOND, "") == DIFFERS


def test_a_cancel_may_take_off_the_one_order_whose_cancel_stands_in_the_ledger() -> None:
    bench = Bench()
    order = bench.release()
    bench.accept(order)
    venue_order_id = bench.order(order).venue_order_id
    ask = bench.desk.permit_cancel
    assert ask(order.order_id, venue_order_id, order.instrument) == DIFFERS, "nobody asked for it"
    bench.ask_cancel(order.order_id)
    assert ask(order.order_id, venue_order_id, order.instrument) is None
    assert ask(order.order_id, venue_order_id + "x", order.instrument) == DIFFERS
    assert ask(order.order_id, venue_order_id, "KXTEST-OTHER") == DIFFERS
    assert ask("another", venue_order_id, order.instrument) == "not_released"
    bench.closed(order, 0)
    assert ask(order.order_id, venue_order_id, order.instrument) is None, "it went while its cancel was on its way"


def test_the_name_that_only_the_adapter_knows_is_the_adapter_s_to_vouch_for() -> None:
    bench = Bench()
    order = bench.release()
    bench.accept(order)
    bench.ask_cancel(order.order_id)
    bench.order(order).venue_order_id = ""
    assert permit.cancel_obstacle(bench.state, order.order_id, "v-1", order.instrument) is None
    assert permit.cancel_obstacle(bench.state, order.order_id, "v-1", "KXTEST-OTHER") == DIFFERS


# -------------------------------------------------------------------------------------------------- what comes of it


def test_what_did_not_leave_for_its_bytes_halts_the_desk_until_a_person_has_looked() -> None:
    bench = Bench()
    order = bench.release()
    facts = bench.answer(order, NotSent(DIFFERS, FOUND))
    assert [type(fact) for fact in facts[:2]] == [OrderNotSent, HaltRaised]
    assert facts[0] == OrderNotSent(order.order_id, DIFFERS, FOUND)
    halt = bench.state.halts["invariant_broken"]
    assert (halt.level, halt.reset) == (int(Level.HALTED), "human")
    assert order.order_id in halt.detail
    assert FOUND in halt.detail
    assert bench.order(order).status == "not_sent"
    bench.restart()
    assert "invariant_broken" in bench.state.halts


def test_it_halts_for_an_order_that_nobody_knows_too() -> None:
    bench = Bench()
    unknown = msgspec.structs.replace(bench.release(), order_id="changed")
    bench.answer(unknown, NotSent(DIFFERS))
    assert "invariant_broken" in bench.state.halts
    assert bench.state.rejections == {"not_released": 1}


def test_any_other_reason_not_to_send_halts_nothing() -> None:
    bench = Bench()
    bench.answer(bench.release(), NotSent("not_connected", FOUND))
    assert bench.state.halts == {}


def test_a_cancel_that_would_have_taken_off_another_order_halts_once_and_is_not_asked_for_without_end() -> None:
    bench = Bench()
    order = bench.release(life_ns=3_600 * SECOND)
    bench.accept(order)
    bench.ask_cancel(order.order_id)
    facts = bench.cancel_answered(order, NotSent(DIFFERS, FOUND))
    assert CancelEnded(order.order_id, "not_sent", f"{DIFFERS}: {FOUND}") in facts
    assert sum(type(fact) is HaltRaised for fact in facts) == 1
    assert sum(type(fact) is CancelReleased for fact in facts) == 1, "what rests must still come off"
    again = bench.cancel_answered(order, NotSent(DIFFERS, FOUND))
    assert not any(type(fact) in (HaltRaised, CancelReleased) for fact in again)


def test_the_story_of_the_order_tells_what_was_found_and_the_halt() -> None:
    bench = Bench()
    order = bench.release()
    bench.answer(order, NotSent(DIFFERS, FOUND))
    story = tell([(seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1)], order.intent_id)
    assert story is not None
    told = [step.fact for step in story.steps]
    assert OrderNotSent(order.order_id, DIFFERS, FOUND) in told
    assert [fact.cause for fact in told if isinstance(fact, HaltRaised)] == ["invariant_broken"]
    assert FOUND in " ".join(" ".join(story_lines(story)).split())
    assert bench.desk.permit(order.order_id, bench.now, order_digest(order)) == "already_answered"
    assert bench.answer(order, Accepted("v", 0, 0))

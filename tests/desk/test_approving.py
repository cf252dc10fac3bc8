"""Whom the desk asks before an order leaves, what it makes of each answer, and how a question ends."""

from typing import Any

import pytest
from msgspec import structs
from tests.desk.asking import LIFE, PAUSE, Asking, asking, questions, releases
from tests.desk.support import MARKET, Bench, buy, kinds

from assent.desk.desk import Desk
from assent.model.assents import (
    ApprovalRequested,
    AssentGiven,
    AssentRefused,
)
from assent.model.errors import InvariantBroken
from assent.model.exits import Exits
from assent.model.facts import (
    Fact,
    IntentSkipped,
    LookRequested,
    OrderReleased,
)
from assent.model.inputs import ConstitutionOffered, LookAnswered, QuoteSeen
from assent.model.intents import Proposal
from assent.model.policy import Band
from assent.model.reasons import REASONS
from assent.model.units import MICRO, SECOND

CANCELS = Band("cancel", 0, 1)
# What one contract bought at half a dollar loses at the worst: its price and its fee.
ONE_LOSS = 520_000


def cancel_of(order_id: str) -> Proposal:
    return Proposal(MARKET.id, action="cancel", order_id=order_id, price=500_000)


def refusal(facts: list[Fact]) -> str:
    assert kinds(facts) == ["AssentRefused"], facts
    (told,) = facts
    assert isinstance(told, AssentRefused)
    assert REASONS[told.reason].family == "assent"
    return told.reason


def skipped(facts: list[Fact]) -> str:
    found = [fact.reason for fact in facts if isinstance(fact, IntentSkipped)]
    assert len(found) == 1, facts
    return found[0]


# --- what was wrong once ------------------------------------------------------------------------------------


def test_a_yes_to_the_cancel_of_an_order_that_has_ended_meanwhile_is_skipped() -> None:
    bench = Asking(CANCELS)
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    asked = bench.ask(cancel_of(order.order_id))
    bench.fill(order)
    assert skipped(bench.reply(asked)) == "order_form"
    assert bench.state.asked == bench.state.proposed == {}


@pytest.mark.parametrize("how", ["yes", "its own life", "a person"])
def test_in_observe_a_question_about_a_cancel_ends_with_what_it_would_take_off(how: str) -> None:
    bench = Asking(CANCELS, mode="observe")
    bench.propose(buy(qty_max=MICRO, life_ns=10 * SECOND))
    (order_id,) = bench.state.would
    asked = bench.ask(cancel_of(order_id))
    if how == "yes":
        assert kinds(bench.reply(asked)) == ["AssentGiven", "WouldOrderEnded"]
    elif how == "a person":
        bench.ask_cancel(order_id)
    else:
        bench.later(10 * SECOND).cycle()
    assert bench.state.asked == bench.state.proposed == {}
    assert refusal(bench.reply(asked, "token:ben")) == "assent_ended"


def test_limits_that_change_while_the_venue_is_asked_end_what_people_have_said_yes_to() -> None:
    bench = Asking()
    asked = bench.ask()
    bench.reply(asked)
    bench.take(ConstitutionOffered(asking(edge_min=30_000), bench.now))
    assert skipped(bench.looked(asked)) == "assent_changed"
    assert bench.of(OrderReleased) == []


def test_what_nobody_was_asked_about_is_skipped_when_the_limits_ask_somebody_before_its_look_ends() -> None:
    before = asking(look_proof_age_max=0)
    bench = Bench(constitution=structs.replace(before, approvals=()))
    bench.later(SECOND).propose(buy(qty_max=MICRO))
    (look,) = bench.of(LookRequested)
    bench.take(ConstitutionOffered(before, bench.now))
    qty = 1_000 * MICRO
    quote = QuoteSeen(MARKET.id, 490_000, qty, 500_000, qty, bench.now, bench.now)
    assert skipped(bench.take(LookAnswered(look.intent_id, quote, "", bench.now))) == "assent_changed"


def test_a_no_is_heard_until_the_release_also_when_the_time_to_say_yes_is_over() -> None:
    bench = Asking()
    asked = bench.ask()
    bench.later(LIFE - SECOND)
    bench.reply(asked)
    bench.later(SECOND)
    assert refusal(bench.reply(asked, "token:ben")) == "assent_late"
    assert kinds(bench.reply(asked, "token:ben", "reject")) == ["AssentDenied"]
    assert bench.state.looks == {}


def test_while_the_venue_is_asked_about_what_has_its_assent_the_same_idea_is_only_counted() -> None:
    bench = Asking()
    asked = bench.ask()
    assert bench.propose(buy(qty_max=MICRO)) == []
    bench.reply(asked)
    assert bench.propose(buy(qty_max=MICRO)) == []
    told = bench.looked(asked, ask=600_000)
    assert [(fact.reason, fact.repeats) for fact in told if isinstance(fact, IntentSkipped)] == [("skipped_drift", 2)]


@pytest.mark.parametrize("verdict", ["reject", "expire"])
def test_an_idea_whose_look_a_person_has_ended_does_not_wait_for_ever(verdict: Any) -> None:
    bench = Asking()
    asked = bench.ask()
    bench.reply(asked)
    bench.reply(asked, "token:ben", verdict)
    bench.later(PAUSE).quote()
    assert questions(bench.propose(buy(qty_max=MICRO)))


def test_a_restart_does_not_forget_that_a_person_has_said_no() -> None:
    bench = Asking()
    bench.reply(bench.ask(), verdict="reject")
    denied = bench.now
    bench.later(SECOND).restart()
    bench.match()
    bench.show(MARKET)
    assert bench.propose(buy(qty_max=MICRO)) == []
    bench.now = denied + PAUSE - 1
    bench.quote()
    assert bench.propose(buy(qty_max=MICRO)) == []
    bench.later(1).quote()
    assert bench.ask()


def test_the_answer_that_ended_a_question_by_hand_is_not_taken_again() -> None:
    bench = Asking()
    bench.reply(bench.ask(), verdict="expire", message_id="x")
    bench.later(LIFE).quote()
    assert refusal(bench.reply(bench.ask(), message_id="x")) == "assent_replayed"
    bench.restart()
    assert refusal(bench.reply(bench.of(ApprovalRequested)[-1], message_id="x")) == "assent_replayed"


def test_the_name_of_an_answer_is_inert_and_two_long_ones_stay_two() -> None:
    bench = Asking(Band("open", 0, 2))
    asked = bench.ask()
    long = "\x1b[31m" * 500
    (given,) = bench.reply(asked, message_id=long + "1")
    assert isinstance(given, AssentGiven)
    assert given.message_id.isprintable()
    assert len(given.message_id) <= 120
    assert refusal(bench.reply(asked, "token:ben", message_id=long + "1")) == "assent_replayed"
    assert kinds(bench.reply(asked, "token:ben", message_id=long + "2")) == ["AssentGiven", "LookRequested"]


def test_an_exit_that_was_not_due_for_a_while_is_asked_about_anew_before_it_goes_alone() -> None:
    bench = Asking(Band("close", 0, 1), limits={"exits_auto_after": LIFE})
    bench.hold(qty_max=MICRO, exits=Exits(loss_ppm=100_000))
    assert questions(bench.quote(bid=400_000, ask=410_000))
    # The price comes back before the time to answer is over, and falls again much later.
    bench.later(SECOND).quote()
    for _ in range(3):
        bench.later(LIFE).quote()
        bench.cycle()
    told = bench.quote(bid=400_000, ask=410_000)
    assert questions(told)
    assert not releases(told)
    assert releases(bench.later(LIFE).quote(bid=400_000, ask=410_000)) == []
    (released,) = releases(bench.cycle())
    assert released.assent == "exits_auto_after"


def test_a_question_about_fewer_people_or_other_orders_than_the_limits_ask_for_does_not_fold() -> None:
    for changes in ({"people": 1}, {"terms": "0" * 64}, {"orders": ("0" * 64,)}):
        bench = Asking(Band("open", 0, 2))
        bench.ask()
        kept = [(ts, structs.replace(f, **changes) if type(f) is ApprovalRequested else f) for ts, f in bench.records]
        with pytest.raises(InvariantBroken):
            Desk().restore(kept)

"""Whom the desk asks before an order leaves, and how a question ends: a yes of enough people, a no, or time."""

from typing import Any

import pytest
from msgspec import structs
from tests.desk.asking import ADA, BEN, CAL, LIFE, PAUSE, Asking, asking, questions, releases, skipped
from tests.desk.support import MARKET, Bench, Scripted, buy, close, kinds, limits, sell
from tests.model.support import a_future, a_market

from assent.desk.approving import NOT_DUE, REQUESTED
from assent.model.assents import ApprovalEnded, ApprovalRequested
from assent.model.exits import Exits
from assent.model.facts import (
    AmendmentRefused,
    ConstitutionChanged,
    DecisionRecorded,
    Fact,
    IntentProposed,
    LookRequested,
    OrderReleased,
)
from assent.model.inputs import AmendmentAsked, ConstitutionOffered
from assent.model.intents import Proposal
from assent.model.orders import order_digest
from assent.model.policy import Band
from assent.model.settling import CloseAsked
from assent.model.units import HOUR, MICRO, SECOND
from assent.model.would import WouldRelease

# What one contract at half a dollar can lose: its price, and its fee at the smallest pieces.
ONE_LOSS = 520_000
ONE = buy(qty_max=MICRO)
OPENS, CLOSES, CANCELS = Band("open", 0, 1), Band("close", 0, 1), Band("cancel", 0, 1)
LEAVES_AT_A_LOSS = Exits(loss_ppm=100_000)


def cancel_of(order_id: str) -> Proposal:
    return Proposal(MARKET.id, action="cancel", order_id=order_id, price=500_000)


def held(*bands: Band, **changes: Any) -> Asking:
    """One contract is held that the desk is to leave at a loss of a tenth; nobody was asked about the entry."""
    bench = Asking(*bands, limits=changes)
    bench.hold(qty_max=MICRO, exits=LEAVES_AT_A_LOSS)
    return bench


def fall(bench: Bench) -> list[Fact]:
    return bench.quote(bid=400_000, ask=410_000)


# --- whom -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "people"), [(0, 1), (ONE_LOSS - 1, 1), (ONE_LOSS, 1), (ONE_LOSS + 1, 0)])
def test_a_band_holds_from_its_worst_loss_on(loss: int, people: int) -> None:
    told = Asking(Band("open", loss, 1)).propose(ONE)
    (proposed,) = (fact for fact in told if isinstance(fact, IntentProposed))
    assert proposed.intent.worst_loss == ONE_LOSS
    assert [asked.people for asked in questions(told)] == [people] * people
    assert len(releases(told)) == 1 - people


@pytest.mark.parametrize(("second", "people"), [(ONE_LOSS - 1, 2), (ONE_LOSS, 2), (ONE_LOSS + 1, 1)])
def test_of_several_bands_the_strictest_that_is_reached_counts(second: int, people: int) -> None:
    for bands in ((OPENS, Band("open", second, 2)), (Band("open", second, 2), OPENS)):
        assert Asking(*bands).ask(ONE).people == people


def test_nobody_is_asked_about_an_action_that_no_band_names() -> None:
    bench = Asking(CLOSES)
    bench.hold(qty_max=MICRO)
    assert questions(bench.propose(close()))
    bench = Asking(OPENS)
    order = _bought(bench)
    assert releases(bench.propose(close(price=480_000, time_in_force="gtc")))
    assert kinds(bench.propose(cancel_of(bench.of(OrderReleased)[-1].order.order_id)))[-1] == "CancelReleased"
    assert order.filled == MICRO


def _bought(bench: Asking) -> Any:
    """An entry with its assent, filled."""
    (released,) = releases(bench.approved(bench.ask(ONE)))
    bench.accept(released.order, filled=MICRO)
    bench.fill(released.order)
    return bench.order(released.order)


def test_two_of_three_are_enough_and_one_person_by_two_identities_is_one() -> None:
    bench = Asking(Band("open", 0, 2))
    asked = bench.ask(ONE)
    assert kinds(bench.reply(asked, "os:ada")) == ["AssentGiven"]
    assert kinds(bench.reply(asked, "token:ada")) == ["AssentRefused"]
    assert kinds(bench.reply(asked, "text:+1")) == ["AssentGiven", "LookRequested"]
    (released,) = releases(bench.looked(asked))
    warrant = bench.order(released.order).warrant
    assert warrant is not None
    assert [grant.person for grant in warrant.grants] == ["ada", "cal"]


def test_as_many_people_as_there_are_may_be_needed() -> None:
    bench = Asking(Band("open", 0, 3))
    assert releases(bench.approved(bench.ask(ONE), "text:+1", "token:ben", "token:ada"))


# --- the question -------------------------------------------------------------------------------------------


def test_the_question_names_the_code_the_exact_order_the_price_and_the_end() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    intent = bench.of(IntentProposed)[-1].intent
    assert (asked.intent_id, asked.code, asked.price) == (intent.intent_id, intent.code, 500_000)
    assert asked.expires_ts == bench.now + LIFE
    (released,) = releases(bench.approved(asked))
    assert asked.orders == (order_digest(released.order),) == (released.digest,)
    assert released.assent == asked.terms


def test_an_order_that_lives_for_less_is_waited_for_no_longer_than_that() -> None:
    bench = Asking()
    assert bench.ask(buy(qty_max=MICRO, life_ns=LIFE - 1)).expires_ts == bench.now + LIFE - 1
    bench = Asking()
    assert bench.ask(buy(qty_max=MICRO, life_ns=LIFE + 1)).expires_ts == bench.now + LIFE


def test_a_refused_idea_is_asked_about_by_nobody() -> None:
    told = Asking().propose(buy(qty_max=MICRO, fair=500_000))
    assert kinds(told) == ["InstrumentListed", "IntentRefused"]


def test_what_waits_reserves_nothing_and_every_cap_is_asked_again_at_the_release() -> None:
    other = a_market("KXTEST-26JAN05-B48.5")
    bench = Asking(limits={"open_positions_max": 1}, markets=(MARKET, other))
    first, second = bench.ask(ONE), bench.ask(buy(instrument=other.id, qty_max=MICRO))
    assert bench.state.reserved() == 0
    assert releases(bench.approved(first))
    bench.reply(second)
    assert skipped(bench.looked(second)) == "open_positions"


def test_the_same_idea_is_only_counted_while_it_waits_and_the_number_is_told_at_its_end() -> None:
    bench = Asking()
    bench.ask(ONE)
    for _ in range(3):
        assert bench.propose(ONE) == []
    (ended,) = bench.later(LIFE).cycle()[-1:]
    assert isinstance(ended, ApprovalEnded)
    assert (ended.why, ended.by, ended.repeats) == ("expired", "desk", 3)


def test_the_other_side_and_another_strategy_s_idea_are_other_ideas() -> None:
    other = Scripted("other")
    bench = Asking(strategies=(other,))
    bench.ask(ONE)
    assert bench.ask(sell(qty_max=MICRO))
    other.says = [ONE]
    assert questions(bench.cycle())


def test_a_strategy_that_records_its_decisions_says_that_people_were_asked() -> None:
    keeper = Scripted("keeper")
    keeper.records_decisions = True  # type: ignore[attr-defined]
    bench = Asking(strategies=(keeper,))
    keeper.says = [ONE]
    (told,) = (fact for fact in bench.cycle() if isinstance(fact, DecisionRecorded))
    assert (told.decision, told.reason) == ("NO_TRADE", REQUESTED)


# --- a better idea ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "gives_way"), [(490_000, False), (480_000, True), (520_000, True), (510_000, False)])
def test_a_question_gives_way_to_a_price_that_differs_by_the_step(price: int, *, gives_way: bool) -> None:
    bench = Asking(limits={"supersede_step_min": 20_000})
    asked = bench.ask(ONE)
    told = bench.propose(buy(price=price, qty_max=MICRO, fair=650_000))
    if not gives_way:
        assert told == []
        return
    assert kinds(told) == ["ApprovalEnded", "IntentProposed", "ApprovalRequested"]
    ended = told[0]
    assert isinstance(ended, ApprovalEnded)
    assert (ended.intent_id, ended.why, ended.by) == (asked.intent_id, "superseded", "scripted")
    assert bench.reply(asked)[0].reason == "assent_ended"  # type: ignore[union-attr]
    assert releases(bench.approved(questions(told)[0]))


def test_without_a_step_no_question_gives_way_and_what_has_its_assent_never_does() -> None:
    bench = Asking()
    bench.ask(ONE)
    assert bench.propose(buy(price=700_000, qty_max=MICRO, fair=900_000)) == []
    bench = Asking(limits={"supersede_step_min": 20_000})
    bench.reply(bench.ask(ONE))
    assert bench.propose(buy(price=520_000, qty_max=MICRO, fair=650_000)) == []


def test_one_of_two_yes_does_not_keep_a_better_idea_from_being_asked_about_anew() -> None:
    bench = Asking(Band("open", 0, 2), limits={"supersede_step_min": 20_000})
    bench.reply(bench.ask(ONE))
    (asked,) = questions(bench.propose(buy(price=520_000, qty_max=MICRO, fair=650_000)))
    assert kinds(bench.reply(asked, "token:ben")) == ["AssentGiven"]


# --- the end of time ----------------------------------------------------------------------------------------


def test_a_question_expires_at_the_cycle_at_its_end_and_not_before() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.later(LIFE - 1).cycle()
    assert list(bench.state.asked) == [asked.intent_id]
    bench.later(1).cycle()
    assert bench.state.asked == bench.state.proposed == {}
    assert bench.state.archive.asked == {asked.intent_id: (asked.code, "expired")}


def test_what_nobody_answered_is_asked_about_again_after_as_long() -> None:
    bench = Asking()
    bench.ask(ONE)
    bench.later(LIFE).quote()
    assert bench.propose(ONE) == bench.of(ApprovalEnded)
    bench.later(LIFE - 1).quote()
    assert bench.propose(ONE) == []
    bench.later(1).quote()
    assert bench.ask(ONE)


@pytest.mark.parametrize(("wait", "asks"), [(PAUSE - 1, False), (PAUSE, True)])
def test_after_a_no_nobody_is_asked_about_the_idea_for_as_long_as_the_limits_say(wait: int, *, asks: bool) -> None:
    bench = Asking()
    bench.reply(bench.ask(ONE), verdict="reject")
    bench.later(wait).quote()
    assert bool(questions(bench.propose(ONE))) is asks


def test_where_a_no_is_not_waited_for_it_may_be_asked_about_at_once() -> None:
    bench = Asking(limits={"denied_pause_min": 0})
    bench.reply(bench.ask(ONE), verdict="reject")
    assert bench.ask(ONE)


def test_a_restart_before_the_end_keeps_the_question_and_who_has_said_yes() -> None:
    bench = Asking(Band("open", 0, 2))
    asked = bench.ask(ONE)
    bench.reply(asked)
    bench.later(LIFE - SECOND).restart()
    bench.match()
    bench.show(MARKET)
    assert bench.propose(ONE) == []
    assert kinds(bench.reply(asked)) == ["AssentRefused"]
    assert releases(bench.approved(asked, "token:ben"))


@pytest.mark.parametrize("by", [("os:ada",), ()])
def test_a_restart_at_the_end_or_later_ends_it_whoever_has_said_yes(by: tuple[str, ...]) -> None:
    bench = Asking(Band("open", 0, 2))
    asked = bench.ask(ONE)
    for identity in by:
        bench.reply(asked, identity)
    assert kinds(bench.later(LIFE).restart())[-1] == "ApprovalEnded"
    assert bench.reply(asked, "token:ben")[0].reason == "assent_late"  # type: ignore[union-attr]
    bench.restart()
    assert bench.reply(asked, "token:ben")[0].reason == "assent_late"  # type: ignore[union-attr]
    assert bench.of(OrderReleased) == []


def test_a_restart_during_the_last_look_ends_it_and_the_assent_is_not_used_again() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    assert skipped(bench.restart()) == "skipped_restart"
    assert bench.reply(asked, "token:ben")[0].reason == "assent_ended"  # type: ignore[union-attr]
    assert bench.state.asked == bench.state.looks == bench.state.proposed == {}


# --- exits --------------------------------------------------------------------------------------------------


def test_an_exit_is_asked_about_and_again_at_once_when_nobody_answers() -> None:
    bench = held(CLOSES)
    (asked,) = questions(fall(bench))
    for _ in range(3):
        bench.later(LIFE - SECOND)
        fall(bench)
        told = bench.later(SECOND).cycle()
        assert kinds(told)[-3:] == ["ApprovalEnded", "IntentProposed", "ApprovalRequested"]
        (again,) = questions(told)
        assert again.intent_id != asked.intent_id
        asked = again
    (released,) = releases(bench.reply(asked))
    assert (released.order.side, released.order.qty, released.assent) == ("sell", MICRO, asked.terms)


@pytest.mark.parametrize(("auto", "cycles"), [(SECOND, 1), (LIFE, 1), (LIFE + 1, 2), (3 * LIFE, 3)])
def test_an_exit_goes_alone_once_it_has_waited_for_as_long_as_the_limits_say(auto: int, cycles: int) -> None:
    bench = held(CLOSES, exits_auto_after=auto)
    fall(bench)
    for number in range(1, cycles + 1):
        assert bench.of(OrderReleased)[1:] == []
        bench.later(LIFE - SECOND)
        fall(bench)
        bench.later(SECOND).cycle()
        assert len(bench.of(ApprovalRequested)) == min(cycles, number + 1)
    (released,) = bench.of(OrderReleased)[1:]
    assert (released.assent, bench.order(released.order).warrant) == ("exits_auto_after", None)


@pytest.mark.parametrize("changes", [{}, {"exits_auto_after": SECOND, "approval_mandatory": True}])
def test_no_exit_goes_alone_where_the_limits_never_let_it_or_approval_is_mandatory(changes: dict[str, Any]) -> None:
    """The second pair of limits never comes into force by a file or a person; were it sealed, it lets nothing go."""
    bench = held(CLOSES, **changes)
    fall(bench)
    for _ in range(20):
        bench.later(LIFE - SECOND)
        fall(bench)
        bench.later(SECOND).cycle()
    assert len(bench.of(OrderReleased)) == 1
    assert len(bench.of(ApprovalRequested)) >= 20


def test_only_an_exit_of_the_desk_s_own_goes_alone() -> None:
    bench = Asking(CLOSES, limits={"exits_auto_after": SECOND})
    bench.hold(qty_max=MICRO)
    for _ in range(3):
        bench.quote()
        assert not releases(bench.propose(close()))
        bench.later(LIFE).cycle()
    assert len(bench.of(ApprovalRequested)) == 3


def close_asked(bench: Asking, price: int | None) -> list[Fact]:
    return bench.take(CloseAsked(MARKET.id, price, "ann", "I want out", bench.now))


@pytest.mark.parametrize("price", [None, 10_000])
def test_what_a_person_wants_left_is_no_exit_of_the_desk_s_own_and_never_goes_alone(price: int | None) -> None:
    """Whoever may operate a desk may ask again and again; a yes is still somebody else's to give."""
    bench = held(CLOSES, exits_auto_after=SECOND)
    for _ in range(10):
        bench.quote()
        assert not releases(close_asked(bench, price))
        bench.later(LIFE - SECOND).quote()
        bench.later(SECOND).cycle()
    assert len(bench.of(ApprovalRequested)) == 10
    assert questions(fall(bench)), "and it is not counted as time for which an exit has waited"


def test_what_would_rest_at_a_person_s_price_never_keeps_the_desk_s_own_exit_from_being_asked_about() -> None:
    """Neither the question about it nor a no to it, also after a restart."""
    bench = held(CLOSES)
    (resting,) = questions(close_asked(bench, 900_000))
    (exit_,) = questions(fall(bench))
    assert exit_.intent_id != resting.intent_id
    bench.reply(resting, verdict="reject")
    bench.reply(exit_, verdict="expire")
    assert questions(fall(bench))
    bench.later(LIFE).restart()
    bench.match()
    bench.show(MARKET)
    assert questions(fall(bench))
    assert not questions(close_asked(bench, 900_000)), "a no to it is heard all the same"


@pytest.mark.parametrize("verdict", ["reject", "expire"])
def test_an_exit_that_somebody_has_answered_waits_anew(verdict: Any) -> None:
    bench = held(CLOSES, exits_auto_after=LIFE, denied_pause_min=0)
    (asked,) = questions(fall(bench))
    bench.later(LIFE - SECOND)
    bench.reply(asked, verdict=verdict)
    assert questions(fall(bench))
    bench.later(LIFE - SECOND)
    fall(bench)
    assert releases(bench.later(SECOND - 1).cycle()) == []
    assert releases(bench.later(1).cycle())


def test_a_no_to_an_exit_is_heard_for_as_long_as_any_other() -> None:
    bench = held(CLOSES)
    bench.reply(questions(fall(bench))[0], verdict="reject")
    bench.later(PAUSE - 1)
    assert fall(bench) == []
    assert questions(bench.later(SECOND).quote(bid=400_000, ask=410_000))


def test_a_restart_lets_an_exit_wait_anew_before_it_goes_alone() -> None:
    bench = held(CLOSES, exits_auto_after=LIFE)
    fall(bench)
    bench.later(LIFE).restart()
    bench.match()
    bench.show(MARKET)
    assert questions(fall(bench))


@pytest.mark.parametrize(("apart", "alone"), [(NOT_DUE - 1, True), (NOT_DUE, False)])
def test_an_exit_that_was_not_due_for_a_while_is_asked_about_anew_before_it_goes_alone(
    apart: int, *, alone: bool
) -> None:
    bench = held(CLOSES, exits_auto_after=LIFE)
    assert questions(fall(bench))
    # The price comes back before the time to answer is over, and falls again later.
    bench.later(SECOND).quote()
    bench.later(LIFE - SECOND).cycle()
    bench.quote()
    told = bench.later(apart).quote(bid=400_000, ask=410_000)
    assert bool(releases(told)) is alone
    assert bool(questions(told)) is not alone


# --- cancels, brackets, observe -----------------------------------------------------------------------------


def test_a_strategy_s_cancel_may_need_people_and_nobody_else_s_does() -> None:
    bench = Asking(CANCELS)
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    asked = bench.ask(cancel_of(order.order_id))
    assert asked.orders == (order_digest(order),)
    assert bench.propose(cancel_of(order.order_id)) == []
    assert kinds(bench.reply(asked)) == ["AssentGiven", "CancelReleased"]
    bench = Asking(CANCELS)
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    assert kinds(bench.halt()) == ["HaltRaised", "CancelReleased"]


def test_whoever_takes_the_order_off_ends_the_question_about_its_cancel() -> None:
    bench = Asking(CANCELS)
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    asked = bench.ask(cancel_of(order.order_id))
    assert len(bench.ask_cancel(order.order_id)) == 1
    assert bench.state.asked == bench.state.proposed == {}
    assert bench.reply(asked)[0].reason == "assent_ended"  # type: ignore[union-attr]


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
    assert bench.reply(asked, "token:ben")[0].reason == "assent_ended"  # type: ignore[union-attr]


def test_in_observe_people_are_asked_and_their_yes_ends_in_what_would_be_released() -> None:
    bench = Asking(mode="observe")
    asked = bench.ask(ONE)
    told = bench.approved(asked)
    (would,) = (fact for fact in told if isinstance(fact, WouldRelease))
    assert (would.digest, would.assent) == (asked.orders[0], asked.terms)
    assert bench.of(OrderReleased) == []
    assert bench.permit(would.order, bench.now) == "no_order_path"


def bracketed() -> tuple[Asking, ApprovalRequested]:
    bench = Asking(
        OPENS, markets=(a_future(),), cash=100_000 * MICRO,
        limits={"risk_per_trade_max": 100 * MICRO, "total_exposure_max": 100_000 * MICRO},
    )  # fmt: skip
    bench.bar(5_000)
    bench.quote("MESTEST", 4_999_750_000, 5_000 * MICRO)
    exits = Exits(stop_price=4_997 * MICRO, target_price=5_004 * MICRO)
    terms = {"instrument": "MESTEST", "price": 5_000 * MICRO, "fair": 5_004 * MICRO, "time_in_force": "ioc"}
    return bench, bench.ask(buy(**terms, qty_max=MICRO, type="market", exits=exits))


def test_one_assent_covers_an_entry_and_both_its_legs_and_the_digest_of_each() -> None:
    bench, asked = bracketed()
    released = releases(bench.approved_at(asked, 4_999_750_000, 5_000 * MICRO))
    assert [fact.order.type for fact in released] == ["market", "stop", "limit"]
    assert asked.orders == tuple(order_digest(fact.order) for fact in released)
    assert {fact.assent for fact in released} == {asked.terms}
    for fact in released:
        assert bench.permit(fact.order, bench.now) is None
        for changed in ({"qty": 2 * MICRO}, {"price": fact.order.price + 250_000}, {"side": "buy", "post_only": True}):
            other = structs.replace(fact.order, **changed)
            assert bench.desk.permit(fact.order.order_id, bench.now, order_digest(other)) == "digest_differs"


# --- the policy ---------------------------------------------------------------------------------------------

MANDATORY = {"approval_mandatory": True}
EVERY = (OPENS, CLOSES, Band("claim", 0, 1))
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"approvals": EVERY[:2], **MANDATORY}, "`approvals` lets claim go without anybody's assent"),
    ({"approvals": (OPENS, Band("close", 1, 1), EVERY[2]), **MANDATORY}, "lets close go without"),
    ({"approvals": EVERY, **MANDATORY}, "`exits_auto_after` would let an exit go"),
    ({"approvals": (Band("open", 0, 4),)}, "asks for 4 different people, and `approvers` names 3"),
    ({"approvals": (OPENS,), "approvers": ()}, "asks for 1 different people, and `approvers` names 0"),
]


@pytest.mark.parametrize(("changes", "why"), FAULTS)
@pytest.mark.parametrize("how", ["file", "amendment"])
def test_a_policy_that_asks_nobody_or_that_nobody_can_satisfy_does_not_come_into_force(
    how: str, changes: dict[str, Any], why: str
) -> None:
    # All of these are only tighter, so that the policy alone is what stands in the way of a start's file.
    before = limits(approvers=(ADA, BEN, CAL), exits_auto_after=HOUR)
    bench = Bench(constitution=before)
    wanted = structs.replace(before, **changes)
    if how == "file":
        told = bench.take(ConstitutionOffered(wanted, bench.now))
    else:
        told = bench.take(AmendmentAsked(before.digest(), wanted, "ann", "to try", bench.now))
    (refused,) = told
    assert isinstance(refused, AmendmentRefused)
    assert why in refused.why
    assert bench.state.seal.constitution == before


def test_a_policy_that_asks_somebody_about_everything_may_be_mandatory() -> None:
    before = limits(approvers=(ADA,))
    bench = Bench(constitution=before)
    (changed,) = bench.take(ConstitutionOffered(structs.replace(before, approvals=EVERY, **MANDATORY), bench.now))
    assert isinstance(changed, ConstitutionChanged)
    assert bench.propose(ONE)[-1].people == 1  # type: ignore[union-attr]


def test_a_policy_that_is_tightened_holds_for_the_next_idea() -> None:
    before = asking()
    other = a_market("KXTEST-26JAN05-B48.5")
    bench = Bench(constitution=structs.replace(before, approvals=()), markets=(MARKET, other))
    assert releases(bench.propose(ONE))
    bench.take(ConstitutionOffered(before, bench.now))
    told = bench.propose(buy(instrument=other.id, qty_max=MICRO))
    assert questions(told)
    assert not releases(told)


def test_a_question_that_was_asked_under_other_limits_is_over_only_by_its_time() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.take(ConstitutionOffered(asking(edge_min=30_000), bench.now))
    assert bench.reply(asked)[0].reason == "assent_changed"  # type: ignore[union-attr]
    assert bench.propose(ONE) == []
    bench.later(LIFE).cycle()
    bench.later(LIFE).quote()
    assert bench.ask(ONE).terms != asked.terms


def test_the_last_look_after_a_yes_is_asked_of_the_venue_beside_the_price_of_the_proposal() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.later(SECOND).quote(ask=510_000)
    (look,) = (fact for fact in bench.reply(asked) if isinstance(fact, LookRequested))
    assert look.price == asked.price == 500_000

"""Other limits come into force by a recorded fact: a start may tighten, a named person may loosen, nobody else may."""

from typing import Any

import pytest
from hypothesis import given
from msgspec import structs
from tests.desk.support import MARKET, WIDE, Bench, buy, close, kinds, limits, opening
from tests.model.limits import BESIDE, constitutions, pair
from tests.model.support import T0

from assent.desk.desk import Desk
from assent.desk.fold import fold
from assent.desk.story import tell
from assent.model.change import LimitChange, changes_between, verdict_of
from assent.model.constitution import LIMITS, Constitution, Limit
from assent.model.errors import InvariantBroken
from assent.model.facts import (
    AmendmentRefused,
    CancelReleased,
    ConstitutionChanged,
    Fact,
    IntentProposed,
    IntentRefused,
    LedgerOpened,
)
from assent.model.inputs import Accepted, AmendmentAsked, ConstitutionOffered, Refused, Unknown
from assent.model.policy import Band, Person
from assent.model.reasons import REASONS
from assent.model.units import SECOND

each_limit = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.key)
TIGHT = limits(edge_min=30_000)
LOOSE = limits(edge_min=10_000)


def offer(bench: Bench, constitution: Constitution) -> list[Fact]:
    return bench.take(ConstitutionOffered(constitution, bench.now))


def amend(bench: Bench, constitution: Constitution, **changes: Any) -> list[Fact]:
    terms = {"instead_of": bench.state.seal.constitution_digest, "by": "ann", "reason": "it went well"} | changes
    return bench.take(AmendmentAsked(constitution=constitution, received_ts=bench.now, **terms))


def the_limits(limit: Limit) -> tuple[Constitution, Constitution]:
    loose, tight = pair(limit)
    beside = BESIDE.get(limit.key, {})
    return limits(**beside, **{limit.key: loose}), limits(**beside, **{limit.key: tight})


# --- a start --------------------------------------------------------------------------------------------


def test_a_start_may_name_the_first_people_while_nobody_is_asked_and_not_after() -> None:
    """The record shows it, a restart folds it, and orders that rest are left alone: nothing was tightened."""
    ann, eve = Person("ann", ("os:ann",)), Person("eve", ("os:eve",))
    bench = Bench(constitution=limits())
    order = bench.release()
    bench.accept(order)
    told = offer(bench, limits(approvers=(eve,)))
    assert [type(fact) for fact in told] == [ConstitutionChanged]
    assert [(change.key, change.becomes) for change in told[0].changes] == [("approvers", "neither")]
    assert type(offer(bench, limits(approvers=(ann,)))[0]) is ConstitutionChanged
    asks = limits(approvals=(Band("open", 0, 1),), approvers=(ann,))
    changed, cancelled = offer(bench, asks)
    assert (type(changed), cancelled.order_id) == (ConstitutionChanged, order.order_id)
    (refused,) = offer(bench, structs.replace(asks, approvers=(ann, eve)))
    assert isinstance(refused, AmendmentRefused)
    bench.restart()
    assert bench.state.seal.constitution == asks


@each_limit
def test_each_limit_may_be_tightened_by_the_file_of_a_start(limit: Limit) -> None:
    loose, tight = the_limits(limit)
    bench = Bench(constitution=loose)
    (changed,) = offer(bench, tight)
    assert isinstance(changed, ConstitutionChanged)
    assert (changed.old_digest, changed.digest, changed.how) == (loose.digest(), tight.digest(), "file at start")
    assert [(change.key, change.becomes) for change in changed.changes] == [(limit.key, "tighter")]
    assert (bench.state.seal.constitution, bench.state.seal.constitution_digest) == (tight, tight.digest())
    bench.restart()
    assert bench.state.seal.constitution == tight


@each_limit
def test_no_limit_may_be_loosened_by_the_file_of_a_start(limit: Limit) -> None:
    loose, tight = the_limits(limit)
    bench = Bench(constitution=tight)
    (refused,) = offer(bench, loose)
    assert isinstance(refused, AmendmentRefused)
    assert refused.changes == changes_between(tight, loose)
    assert bench.state.seal.constitution == tight


@given(constitutions(), constitutions())
def test_a_start_takes_exactly_the_constitutions_in_which_nothing_is_looser(
    old: Constitution, new: Constitution
) -> None:
    desk = Desk()
    desk.handle(T0, opening(constitution=old))
    facts = desk.handle(T0, ConstitutionOffered(new, T0))
    verdict = verdict_of(changes_between(old, new))
    assert kinds(facts) == {"same": [], "tighter": ["ConstitutionChanged"], "looser": ["AmendmentRefused"]}[verdict]
    assert desk.state.seal is not None
    assert desk.state.seal.constitution == (new if verdict == "tighter" else old)


def test_a_mixed_change_is_refused_whole() -> None:
    bench = Bench()
    assert kinds(offer(bench, limits(edge_min=30_000, open_positions_max=11))) == ["AmendmentRefused"]
    assert bench.state.seal.constitution == WIDE


def test_the_same_limits_in_another_order_are_no_change_and_leave_the_digest() -> None:
    bench = Bench()
    assert offer(bench, limits(series=("MES", "KXTEST"))) == []
    assert bench.state.seal.constitution_digest == WIDE.digest()


# --- a named person -------------------------------------------------------------------------------------


@each_limit
def test_a_named_person_may_loosen_each_limit(limit: Limit) -> None:
    loose, tight = the_limits(limit)
    bench = Bench(constitution=tight)
    (changed,) = [fact for fact in amend(bench, loose) if isinstance(fact, ConstitutionChanged)]
    assert (changed.how, changed.by, changed.reason) == ("amendment", "ann", "it went well")
    assert bench.state.seal.constitution == loose
    bench.restart()
    assert bench.state.seal.constitution == loose


@pytest.mark.parametrize("blank", [{"by": " "}, {"reason": ""}])
def test_an_amendment_needs_a_name_and_a_reason(blank: dict[str, str]) -> None:
    bench = Bench()
    (refused,) = amend(bench, LOOSE, **blank)
    assert "name of a person and a reason" in refused.why  # type: ignore[union-attr]
    assert bench.state.seal.constitution == WIDE


def test_an_amendment_of_other_limits_than_those_that_were_shown_is_refused() -> None:
    bench = Bench()
    offer(bench, TIGHT)
    (refused,) = amend(bench, LOOSE, instead_of=WIDE.digest())
    assert "not those that were shown" in refused.why  # type: ignore[union-attr]


def test_an_amendment_waits_for_an_order_whose_fate_is_unknown() -> None:
    bench = Bench()
    order = bench.release()
    (refused,) = amend(bench, LOOSE)
    assert order.order_id in refused.why  # type: ignore[union-attr]
    bench.answer(order, Unknown("silence"))
    assert kinds(amend(bench, LOOSE)) == ["AmendmentRefused"]
    bench.answer(order, Refused("no", ""))
    assert kinds(amend(bench, LOOSE)) == ["ConstitutionChanged"]


def test_an_amendment_waits_until_this_process_has_found_the_books_equal() -> None:
    bench = Bench()
    bench.restart()
    assert kinds(amend(bench, LOOSE)) == ["AmendmentRefused"]
    bench.match(cash=1)
    assert "books" in amend(bench, LOOSE)[0].why  # type: ignore[union-attr]
    bench.match()
    assert kinds(amend(bench, LOOSE)) == ["ConstitutionChanged"]


def test_amending_to_what_is_in_force_changes_nothing() -> None:
    assert amend(Bench(), WIDE) == []


# --- what rests, what comes next ------------------------------------------------------------------------


def cancels(facts: list[Fact]) -> list[str]:
    return [fact.order_id for fact in facts if isinstance(fact, CancelReleased)]


def test_a_resting_entry_is_cancelled_when_any_limit_is_tightened() -> None:
    bench = Bench()
    order = bench.release()
    bench.accept(order)
    assert cancels(offer(bench, limits(price_min=10_000))) == [order.order_id]


def test_a_cancel_that_did_not_get_through_is_asked_again_and_a_later_entry_is_left_alone() -> None:
    bench = Bench()
    old = bench.release()
    bench.accept(old)
    offer(bench, TIGHT)
    bench.cancel_answered(old, Unknown("silence"))
    assert cancels(bench.later(SECOND).cycle()) == [old.order_id]
    bench.closed(old, 0)
    new = bench.release()
    bench.accept(new)
    assert cancels(bench.later(SECOND).cycle()) == []


def test_an_order_of_unknown_fate_is_cancelled_once_it_is_found() -> None:
    bench = Bench()
    order = bench.release()
    bench.answer(order, Unknown("silence"))
    assert cancels(offer(bench, TIGHT)) == []
    bench.evidence(order, Accepted("v", 0, order.qty))
    assert cancels(bench.later(SECOND).cycle()) == [order.order_id]


def test_what_reduces_rests_on_and_what_was_only_loosened_cancels_nothing() -> None:
    bench = Bench()
    held = bench.hold()
    bench.propose(close(qty_max=held.qty, price=500_000))
    leaving = next(order for order in bench.state.orders.values() if order.intent.action == "close").order
    bench.accept(leaving)
    assert cancels(offer(bench, TIGHT)) == []
    entry = bench.release(price=480_000)
    bench.accept(entry)
    bench.match()
    assert cancels(amend(bench, LOOSE)) == []


def test_an_amendment_that_loosens_one_limit_and_tightens_another_cancels_what_rests() -> None:
    bench = Bench()
    order = bench.release()
    bench.accept(order)
    bench.match()
    assert cancels(amend(bench, limits(edge_min=10_000, open_positions_max=9))) == [order.order_id]


def test_an_entry_that_was_released_and_not_sent_is_not_permitted_after_a_tightening() -> None:
    bench = Bench()
    order = bench.release()
    assert bench.permit(order, bench.now) is None
    offer(bench, TIGHT)
    assert bench.permit(order, bench.now) == "limits_changed"
    assert "limits_changed" in REASONS


def test_a_position_in_a_market_that_leaves_the_scope_may_be_closed_and_not_added_to() -> None:
    bench = Bench()
    held = bench.hold()
    offer(bench, limits(series=("MES",)))
    bench.restart()
    bench.match()
    bench.show(MARKET)
    (refused,) = [fact for fact in bench.propose(buy()) if isinstance(fact, IntentRefused)]
    assert refused.reason == "scope"
    assert "OrderReleased" in kinds(bench.propose(close(qty_max=held.qty)))


def test_a_rule_that_was_off_judges_from_the_change_on() -> None:
    """Which rules are in force is remembered between ideas; the change must be noticed."""
    bench = Bench()
    order = bench.release()
    bench.answer(order, Refused("no", ""))
    offer(bench, limits(price_max=400_000))
    (refused,) = [fact for fact in bench.propose(buy()) if isinstance(fact, IntentRefused)]
    assert refused.reason == "price_band"
    bench.match()
    amend(bench, WIDE)
    assert bench.release().instrument == MARKET.id


def test_the_story_of_an_idea_names_the_constitution_that_judged_it() -> None:
    bench = Bench()
    bench.answer(bench.release(), Refused("no", ""))
    offer(bench, TIGHT)
    bench.release()
    told = [(seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1)]
    ideas = [fact.intent.intent_id for fact in bench.facts if isinstance(fact, IntentProposed)]
    digests = [tell(told, idea).seal.constitution_digest for idea in ideas]  # type: ignore[union-attr]
    assert digests == [WIDE.digest(), TIGHT.digest()]


# --- a ledger that says otherwise -----------------------------------------------------------------------

SEAL = LedgerOpened("0" * 16, "paper", "sim", "sim", "acc", WIDE, WIDE.digest(), "b")
TIGHTENED = ConstitutionChanged(WIDE.digest(), TIGHT, TIGHT.digest(), (), "file at start", "", "")
LOOSENED = structs.replace(TIGHTENED, constitution=LOOSE, digest=LOOSE.digest())
MIXED = limits(edge_min=30_000, open_positions_max=11)


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (LOOSENED, "loosened_by_nobody"),
        (structs.replace(LOOSENED, how="amendment", reason="why not"), "loosened_by_nobody"),
        (structs.replace(LOOSENED, how="amendment", by="ann"), "loosened_by_nobody"),
        (structs.replace(LOOSENED, by="ann", reason="why not"), "loosened_by_nobody"),
        (structs.replace(TIGHTENED, constitution=MIXED), "loosened_by_nobody"),
        (structs.replace(TIGHTENED, constitution=WIDE), "loosened_by_nobody"),
        (structs.replace(TIGHTENED, old_digest=TIGHT.digest()), "constitution_changed_from_another"),
    ],
)
def test_a_ledger_whose_limits_changed_in_a_way_that_is_not_allowed_does_not_fold(fact: Fact, code: str) -> None:
    with pytest.raises(InvariantBroken, match=code):
        fold([(T0, SEAL), (T0, fact)])


def test_the_same_records_fold_when_a_person_stands_behind_the_change() -> None:
    by_ann = structs.replace(LOOSENED, how="amendment", by="ann", reason="why not")
    assert fold([(T0, SEAL), (T0, by_ann)]).seal.constitution == LOOSE  # type: ignore[union-attr]
    assert fold([(T0, SEAL), (T0, TIGHTENED)]).seal.constitution == TIGHT  # type: ignore[union-attr]


def test_what_is_recorded_of_a_change_says_both_values() -> None:
    bench = Bench()
    (changed,) = offer(bench, limits(edge_min=30_000, price_max=900_000))
    assert changed.changes == (  # type: ignore[union-attr]
        LimitChange("edge_min", "0.02", "0.03", "tighter"),
        LimitChange("price_max", "off", "0.90", "tighter"),
    )

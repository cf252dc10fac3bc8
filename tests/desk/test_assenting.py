"""What the desk makes of an answer: it counts once, from the right person, in time, to exactly what was shown."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from msgspec import structs
from tests.desk.asking import LIFE, PAUSE, Asking, asking, questions, releases, skipped
from tests.desk.support import MARKET, Bench, buy, close, kinds
from tests.model.support import a_market

from assent.desk.desk import Desk
from assent.desk.permit import PERMIT_LIFE
from assent.model import ids
from assent.model.assents import (
    ApprovalEnded,
    ApprovalRequested,
    AssentDenied,
    AssentGiven,
    AssentRefused,
)
from assent.model.binding import terms_digest
from assent.model.constitution import Drift
from assent.model.errors import InvariantBroken
from assent.model.facts import (
    Fact,
    HaltCleared,
    IntentSkipped,
    LookRequested,
    OrderReleased,
    ResumeRefused,
    StrategyStopped,
)
from assent.model.inputs import AmendmentAsked, ConstitutionOffered, LookAnswered, QuoteSeen, ResumeAsked
from assent.model.intents import Proposal
from assent.model.levels import Level
from assent.model.orders import order_digest
from assent.model.policy import Band
from assent.model.reasons import REASONS
from assent.model.units import MICRO, SECOND

OTHER = a_market("KXTEST-26JAN05-B48.5")
ONE, ANOTHER = buy(qty_max=MICRO), buy(instrument=OTHER.id, qty_max=MICRO)
ONE_LOSS = 520_000
TWO = Band("open", 0, 2)


def refusal(facts: list[Fact]) -> str:
    """The code of the one refusal: nothing else came of the answer."""
    assert kinds(facts) == ["AssentRefused"], facts
    (told,) = facts
    assert isinstance(told, AssentRefused)
    assert REASONS[told.reason].family == "assent"
    return told.reason


# --- which question is meant ------------------------------------------------------------------------------------


def test_a_question_is_named_by_its_code_or_by_the_beginning_of_its_intent_s_id() -> None:
    for length in (6, 10, len("i-") + 16):
        bench = Asking()
        asked = bench.ask(ONE)
        assert kinds(bench.reply(asked, intent=asked.intent_id[:length])) == ["AssentGiven", "LookRequested"]


@pytest.mark.parametrize(
    "mangled",
    [
        lambda asked: asked.intent_id[:5], lambda asked: "", lambda asked: "i-",
        lambda asked: asked.code.lower(), lambda asked: asked.code[:5], lambda asked: asked.code + " ",
        lambda asked: asked.intent_id.upper(), lambda asked: asked.intent_id + "0", lambda asked: "i-" + "f" * 16,
        lambda asked: asked.code[::-1], lambda asked: asked.intent_id[1:],
    ],
)  # fmt: skip
def test_what_names_no_question_is_unknown(mangled: Callable[[ApprovalRequested], str]) -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    assert refusal(bench.reply(asked, intent=mangled(asked))) == "assent_unknown"
    assert bench.state.asked[asked.intent_id].grants == ()


def alike(same: Callable[[str], str]) -> tuple[str, str, str]:
    """A ledger in which the first two intents, on two markets, have the same of this; and the names of the markets."""
    for number in range(1_000):
        ledger = f"{number:016d}"
        first = {same(ids.intent_id(ledger, "scripted", f"KXTEST-{n}", "buy", 1)): f"KXTEST-{n}" for n in range(5_000)}
        for n in range(5_000, 10_000):
            name = f"KXTEST-{n}"
            twin = first.get(same(ids.intent_id(ledger, "scripted", name, "buy", 2)))
            if twin is not None:
                return ledger, twin, name
    raise AssertionError("no two alike")


@pytest.mark.parametrize("by", ["the beginning of the id", "the code"])
def test_an_answer_that_names_two_questions_is_taken_for_neither_until_it_names_more(by: str) -> None:
    prefixed = by != "the code"
    ledger, first, second = alike((lambda name: name[:6]) if prefixed else ids.human_code)
    bench = Asking(ledger=ledger, markets=(a_market(first), a_market(second)))
    one, other = (bench.ask(buy(instrument=name, qty_max=MICRO)) for name in (first, second))
    named = one.intent_id[:6] if prefixed else one.code
    assert named == (other.intent_id[:6] if prefixed else other.code)
    assert refusal(bench.reply(one, intent=named)) == "assent_ambiguous"
    assert kinds(bench.reply(one, intent=one.intent_id)) == ["AssentGiven", "LookRequested"]
    bench.looked(one)
    # Once only one of them waits the same words name it.
    assert kinds(bench.reply(other, "token:ben", intent=named)) == ["AssentGiven", "LookRequested"]


# --- each refusal on its edge -----------------------------------------------------------------------------------


def test_the_same_answer_is_not_taken_twice_not_even_for_another_question_or_after_a_restart() -> None:
    bench = Asking(TWO, markets=(MARKET, OTHER))
    one, other = bench.ask(ONE), bench.ask(ANOTHER)
    bench.reply(one, message_id="x")
    assert refusal(bench.reply(one, message_id="x")) == "assent_replayed"
    assert refusal(bench.reply(other, "token:ben", message_id="x")) == "assent_replayed"
    bench.restart()
    assert refusal(bench.reply(other, "token:ben", message_id="x")) == "assent_replayed"


@pytest.mark.parametrize("verdict", ["reject", "expire"])
def test_the_answer_that_ended_a_question_is_not_taken_again_either(verdict: Any) -> None:
    bench = Asking(limits={"denied_pause_min": 0})
    bench.reply(bench.ask(ONE), verdict=verdict, message_id="x")
    bench.later(LIFE).quote()
    asked = bench.ask(ONE)
    assert refusal(bench.reply(asked, message_id="x")) == "assent_replayed"
    bench.restart()
    assert refusal(bench.reply(asked, message_id="x")) == "assent_replayed"


def test_an_answer_that_was_refused_may_be_given_again_rightly() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    assert refusal(bench.reply(asked, terms="0" * 64, message_id="x")) == "assent_copied"
    assert kinds(bench.reply(asked, message_id="x")) == ["AssentGiven", "LookRequested"]


def test_the_name_of_an_answer_is_inert_and_two_long_ones_stay_two() -> None:
    bench = Asking(TWO)
    asked = bench.ask(ONE)
    long = "\x1b[31m" * 500
    (given,) = bench.reply(asked, message_id=long + "1")
    assert isinstance(given, AssentGiven)
    assert given.message_id.isprintable()
    assert len(given.message_id) <= 120
    assert refusal(bench.reply(asked, "token:ben", message_id=long + "1")) == "assent_replayed"
    assert kinds(bench.reply(asked, "token:ben", message_id=long + "2")) == ["AssentGiven", "LookRequested"]


@pytest.mark.parametrize("identity", ["os:nobody", "", "ada", "os:Ada", "os:ada ", "token:os:ada"])
@pytest.mark.parametrize("verdict", ["approve", "reject", "expire"])
def test_nobody_but_the_people_of_the_constitution_answers(identity: str, verdict: Any) -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    assert refusal(bench.reply(asked, identity, verdict)) == "assent_not_permitted"
    assert asked.intent_id in bench.state.asked


@pytest.mark.parametrize(("earlier", "code"), [(1, "assent_early"), (0, None)])
def test_an_answer_is_as_old_as_its_question_or_younger(earlier: int, code: str | None) -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    told = bench.reply(asked, received_ts=bench.now - earlier)
    assert (refusal(told) if code else kinds(told)[0]) == (code or "AssentGiven")


@pytest.mark.parametrize("verdict", ["approve", "reject", "expire"])
@pytest.mark.parametrize(("now", "received"), [(LIFE - 1, LIFE - 1), (LIFE, LIFE), (LIFE, 0), (0, LIFE)])
def test_an_answer_at_the_very_end_is_too_late(now: int, received: int, verdict: Any) -> None:
    bench = Asking()
    asked, begun = bench.ask(ONE), bench.now
    told = bench.later(now).reply(asked, verdict=verdict, received_ts=begun + received)
    if max(now, received) == LIFE:
        assert refusal(told) == "assent_late"
    else:
        assert kinds(told)[0] != "AssentRefused"


def test_who_answers_after_it_has_expired_is_told_that_it_is_too_late() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.later(LIFE).cycle()
    assert refusal(bench.reply(asked)) == "assent_late"
    assert refusal(bench.reply(asked, intent=asked.intent_id[:9])) == "assent_late"


@pytest.mark.parametrize("change", ["another's", "upper case", "nothing", "cut", "the order's digest"])
def test_only_the_very_terms_that_were_shown_are_assented_to(change: str) -> None:
    bench = Asking(markets=(MARKET, OTHER))
    one, other = bench.ask(ONE), bench.ask(ANOTHER)
    terms = {"another's": other.terms, "upper case": one.terms.upper(), "nothing": "", "cut": one.terms[:63],
             "the order's digest": one.orders[0]}[change]  # fmt: skip
    assert refusal(bench.reply(one, terms=terms)) == "assent_copied"
    assert kinds(bench.reply(one, "token:ben", "reject", terms=terms)) == ["AssentDenied"]


def test_limits_that_changed_since_the_question_refuse_the_yes_and_take_the_no() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.take(ConstitutionOffered(asking(edge_min=30_000), bench.now))
    assert refusal(bench.reply(asked)) == "assent_changed"
    assert kinds(bench.reply(asked, verdict="reject")) == ["AssentDenied"]


def test_limits_that_are_again_what_they_were_make_the_terms_hold_again() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.take(ConstitutionOffered(asking(edge_min=30_000), bench.now))
    seal = bench.state.seal
    back = bench.take(AmendmentAsked(seal.constitution_digest, asking(), "ann", "back", bench.now))
    assert kinds(back) == ["ConstitutionChanged"]
    assert releases(bench.approved(asked))


def test_a_person_who_may_no_longer_say_yes_does_not_and_one_who_just_may_does_not_either() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    limits = structs.replace(asking(), approvers=asking().approvers[1:])
    assert kinds(bench.take(ConstitutionOffered(limits, bench.now))) == ["ConstitutionChanged"]
    assert refusal(bench.reply(asked)) == "assent_not_permitted"
    assert refusal(bench.reply(asked, "token:ben")) == "assent_changed"


def test_the_same_person_counts_once_by_whatever_identity_and_channel() -> None:
    bench = Asking(TWO)
    asked = bench.ask(ONE)
    bench.reply(asked)
    for identity, channel in product(("os:ada", "token:ada"), ("terminal", "web", "telegram")):
        assert refusal(bench.reply(asked, identity, channel=channel)) == "assent_twice"
    assert len(bench.state.asked[asked.intent_id].grants) == 1


def test_one_more_yes_than_is_needed_comes_too_late_to_count() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    assert refusal(bench.reply(asked, "token:ben")) == "assent_ended"
    assert refusal(bench.reply(asked)) == "assent_twice"


def how_it_ended(bench: Asking, asked: ApprovalRequested, how: str) -> None:
    if how in ("reject", "expire"):
        bench.reply(asked, verdict=how)  # type: ignore[arg-type]
    elif how == "released":
        assert releases(bench.approved(asked))
    elif how == "skipped":
        bench.reply(asked)
        skipped(bench.looked(asked, ask=700_000))
    else:
        bench.propose(buy(price=450_000, qty_max=MICRO))


@pytest.mark.parametrize("how", ["reject", "expire", "released", "skipped", "superseded"])
def test_what_has_ended_stays_ended_also_after_a_restart(how: str) -> None:
    bench = Asking(limits={"supersede_step_min": 20_000})
    asked = bench.ask(ONE)
    how_it_ended(bench, asked, how)
    before = len(bench.of(OrderReleased))
    for verdict in ("approve", "reject", "expire"):
        assert refusal(bench.reply(asked, "token:ben", verdict)) == "assent_ended"  # type: ignore[arg-type]
    bench.restart()
    assert refusal(bench.reply(asked, "text:+1")) == "assent_ended"
    assert len(bench.of(OrderReleased)) == before


@pytest.mark.parametrize("level", [Level.REDUCING, Level.HALTED])
@pytest.mark.parametrize("action", ["open", "close", "cancel"])
def test_a_halt_refuses_the_yes_to_what_it_forbids_and_no_other(level: Level, action: str) -> None:
    bench = Asking(*(Band(kind, 0, 1) for kind in ("open", "close", "cancel")))  # type: ignore[arg-type]
    (released,) = releases(bench.approved(bench.ask(ONE)))
    bench.accept(released.order, filled=MICRO)
    bench.fill(released.order)
    resting = None
    if action == "cancel":
        (resting,) = releases(bench.approved(bench.ask(close(price=600_000))))
        bench.accept(resting.order)
    idea = {"open": ONE, "close": close()}.get(action) or Proposal(
        MARKET.id, action="cancel", price=500_000, order_id=resting.order.order_id if resting else ""
    )
    asked = bench.ask(idea)
    bench.halt("clock_jump" if level == Level.REDUCING else "operator")
    assert bench.state.level == level
    forbidden = action == "open" or (action == "close" and level == Level.HALTED)
    told = bench.reply(asked)
    if forbidden:
        assert refusal(told) == "assent_halted"
        assert kinds(bench.reply(asked, verdict="reject")) == ["AssentDenied"]
    else:
        assert kinds(told) == ["AssentGiven", "CancelReleased" if action == "cancel" else "OrderReleased"]


def test_the_idea_of_a_strategy_that_was_stopped_meanwhile_gets_no_yes() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.say(1)
    assert bench.of(StrategyStopped)
    assert refusal(bench.reply(asked)) == "assent_halted"


def test_when_the_halt_has_ended_in_time_the_question_can_be_answered() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.halt()
    assert refusal(bench.reply(asked)) == "assent_halted"
    bench.match()
    bench.resume()
    assert releases(bench.approved(asked))


@pytest.mark.parametrize("since", [ONE_LOSS - 1, ONE_LOSS, ONE_LOSS + 1])
@pytest.mark.parametrize("factor", [False, True])
def test_a_second_factor_is_needed_from_its_worst_loss_on_from_each_person(since: int, *, factor: bool) -> None:
    bench = Asking(TWO, limits={"second_factor_from": since})
    asked = bench.ask(ONE)
    for identity in ("os:ada", "token:ben"):
        told = bench.reply(asked, identity, factor=factor)
        if since <= ONE_LOSS and not factor:
            assert refusal(told) == "second_factor_missing"
        else:
            assert kinds(told)[0] == "AssentGiven"
    assert len(bench.of(AssentGiven)) == (0 if since <= ONE_LOSS and not factor else 2)


def test_to_say_no_nobody_needs_a_second_factor() -> None:
    bench = Asking(limits={"second_factor_from": 0})
    assert kinds(bench.reply(bench.ask(ONE), verdict="reject")) == ["AssentDenied"]


# Each fault of an answer, in the order in which one is told of them.
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("assent_replayed", {"message_id": "used"}),
    ("assent_unknown", {"intent": "i-0"}),
    ("assent_not_permitted", {"identity": "os:nobody"}),
    ("assent_early", {"received_ts": 0}),
    ("assent_copied", {"terms": "0" * 64}),
    ("second_factor_missing", {"factor": False}),
)


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_of_several_faults_the_first_is_told(first: int) -> None:
    bench = Asking(TWO, limits={"second_factor_from": 0}, markets=(MARKET, OTHER))
    bench.reply(bench.ask(ANOTHER), factor=True, message_id="used")
    asked = bench.ask(ONE)
    wrong: dict[str, Any] = {"factor": True}
    for _, changes in FAULTS[first:]:
        wrong |= changes
    by = wrong.pop("identity", "token:ben")
    assert refusal(bench.reply(asked, by, **wrong)) == FAULTS[first][0]


def test_of_several_faults_of_the_moment_the_first_is_told() -> None:
    bench = Asking(TWO, limits={"second_factor_from": 0})
    asked = bench.ask(ONE)
    bench.reply(asked, factor=True)
    bench.halt()
    assert refusal(bench.reply(asked)) == "assent_twice"
    assert refusal(bench.reply(asked, "token:ben")) == "assent_halted"
    bench.take(ConstitutionOffered(asking(TWO, second_factor_from=0, edge_min=30_000), bench.now))
    assert refusal(bench.reply(asked)) == "assent_changed"
    bench.later(LIFE)
    assert refusal(bench.reply(asked, terms="")) == "assent_late"


def test_a_refused_answer_is_on_the_record_inert_and_changes_nothing_else() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    (told,) = bench.reply(asked, "os:\x1b[31m", intent="\x1b]0;x\x07" * 99, channel="web", message_id="m\nn")
    assert isinstance(told, AssentRefused)
    for text in (told.said, told.identity, told.message_id):
        assert text.isprintable()
        assert len(text) <= 120
    assert (told.intent_id, told.verdict, told.channel) == ("", "approve", "web")
    assert bench.state.archive.answers == {}
    assert bench.state.asked[asked.intent_id].grants == ()


# --- no -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", [(), ("os:ada",)])
@pytest.mark.parametrize("by", ["os:ada", "token:ben"])
def test_one_no_ends_it_whoever_has_said_yes_even_the_same_person(yes: tuple[str, ...], by: str) -> None:
    bench = Asking(TWO)
    asked = bench.ask(ONE)
    for identity in yes:
        bench.reply(asked, identity)
    (denied,) = bench.reply(asked, by, "reject", reason="too \x1b[31mdear")
    assert isinstance(denied, AssentDenied)
    assert denied.person == by.split(":")[1]
    assert denied.reason.isprintable()
    assert bench.state.asked == bench.state.proposed == {}
    assert refusal(bench.reply(asked, "text:+1")) == "assent_ended"


def test_a_no_is_heard_until_the_release_also_when_the_time_to_say_yes_is_over() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.later(LIFE - SECOND)
    bench.reply(asked)
    bench.later(SECOND)
    assert refusal(bench.reply(asked, "token:ben")) == "assent_late"
    assert kinds(bench.reply(asked, "token:ben", "reject")) == ["AssentDenied"]
    assert bench.state.looks == {}


def test_an_answer_of_the_venue_that_comes_after_a_no_releases_nothing() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    bench.reply(asked, "token:ben", "reject")
    qty = 1_000 * MICRO
    quote = QuoteSeen(MARKET.id, 490_000, qty, 500_000, qty, bench.now, bench.now)
    told = bench.take(LookAnswered(asked.intent_id, quote, "", bench.now))
    assert kinds(told) == ["InputRejected"]
    assert bench.of(OrderReleased) == []


@pytest.mark.parametrize("verdict", ["reject", "expire"])
def test_an_idea_whose_look_a_person_has_ended_does_not_wait_for_ever(verdict: Any) -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    bench.reply(asked, "token:ben", verdict)
    bench.later(PAUSE).quote()
    assert questions(bench.propose(ONE))


def test_a_restart_does_not_forget_that_a_person_has_said_no() -> None:
    bench = Asking()
    bench.reply(bench.ask(ONE), verdict="reject")
    denied = bench.now
    bench.later(SECOND).restart()
    bench.match()
    bench.show(MARKET)
    assert bench.propose(ONE) == []
    bench.now = denied + PAUSE - 1
    bench.quote()
    assert bench.propose(ONE) == []
    bench.later(1).quote()
    assert bench.ask(ONE)


def test_who_ends_a_question_by_hand_is_on_the_record() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    (ended,) = bench.reply(asked, "token:ben", "expire", message_id="x")
    assert ended == ApprovalEnded(asked.intent_id, "ended_by_hand", "ben", 0, "x")


# --- enough: the last look ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ask", "moved"), [(440_000, True), (450_000, False), (550_000, False), (560_000, True)])
def test_what_moved_too_far_since_the_proposal_is_skipped(ask: int, *, moved: bool) -> None:
    bench = Asking(limits={"drift_max": Drift(50_000, "price")})
    asked = bench.ask(ONE)
    bench.reply(asked)
    told = bench.looked(asked, 430_000, ask)
    assert (skipped(told) if moved else len(releases(told))) == ("skipped_drift" if moved else 1)


def test_no_answer_of_the_venue_in_time_is_none() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    bench.later(5 * SECOND - 1).cycle()
    assert list(bench.state.looks) == [asked.intent_id]
    assert skipped(bench.later(1).cycle()) == "skipped_unanswered"
    assert refusal(bench.reply(asked, "token:ben")) == "assent_ended"


def test_a_halt_during_the_look_skips_it() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    bench.halt()
    assert skipped(bench.looked(asked)) == "level"


def test_limits_that_change_during_the_look_end_what_people_have_said_yes_to() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.reply(asked)
    bench.take(ConstitutionOffered(asking(edge_min=30_000), bench.now))
    assert skipped(bench.looked(asked)) == "assent_changed"
    assert bench.of(OrderReleased) == []


def test_what_nobody_was_asked_about_is_skipped_when_the_limits_ask_somebody_before_its_look_ends() -> None:
    before = asking(look_proof_age_max=0)
    bench = Bench(constitution=structs.replace(before, approvals=()))
    bench.later(SECOND).propose(ONE)
    (look,) = bench.of(LookRequested)
    bench.take(ConstitutionOffered(before, bench.now))
    qty = 1_000 * MICRO
    quote = QuoteSeen(MARKET.id, 490_000, qty, 500_000, qty, bench.now, bench.now)
    assert skipped(bench.take(LookAnswered(look.intent_id, quote, "", bench.now))) == "assent_changed"


def test_while_the_venue_is_asked_about_what_has_its_assent_the_same_idea_is_only_counted() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    assert bench.propose(ONE) == []
    bench.reply(asked)
    assert bench.propose(ONE) == []
    told = bench.looked(asked, ask=600_000)
    assert [(fact.reason, fact.repeats) for fact in told if isinstance(fact, IntentSkipped)] == [("skipped_drift", 2)]


def test_a_market_that_has_settled_meanwhile_is_not_asked_about() -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    bench.settle("yes")
    bench.reply(asked)
    assert skipped(bench.looked(asked)) == "market_open"


def closing() -> tuple[Asking, ApprovalRequested]:
    bench = Asking(Band("close", 0, 1))
    bench.hold(qty_max=2 * MICRO)
    return bench, bench.ask(close(price=480_000, time_in_force="gtc"))


def test_a_close_leaves_at_once_when_it_has_its_assent() -> None:
    bench, asked = closing()
    (released,) = releases(bench.reply(asked))
    assert released.assent == asked.terms
    assert bench.permit(released.order, bench.now) is None


def test_a_close_that_would_leave_another_size_now_is_skipped() -> None:
    bench, asked = closing()
    bench.correct(bench.state.archive.fills["f-1"], qty=MICRO)
    assert skipped(bench.reply(asked)) == "skipped_terms"


def test_a_close_of_what_is_gone_or_on_a_quote_that_is_too_old_is_skipped() -> None:
    bench, asked = closing()
    bench.correct(bench.state.archive.fills["f-1"], qty=0, fee=0)
    assert skipped(bench.reply(asked)) == "order_form"
    bench, asked = closing()
    assert skipped(bench.later(11 * SECOND).reply(asked)) == "quote_proof"


# --- what leaves --------------------------------------------------------------------------------------------------


def test_the_permit_asks_for_the_very_order_under_the_very_limits() -> None:
    bench = Asking()
    (released,) = releases(bench.approved(bench.ask(ONE)))
    order = released.order
    assert bench.permit(order, bench.now + PERMIT_LIFE) is None
    for changes in ({"qty": order.qty + 10_000}, {"price": order.price + 10_000}, {"side": "sell"}, {"attempt": 2},
                    {"time_in_force": "ioc"}, {"expires_ts": bench.now + 1}, {"instrument": OTHER.id}):  # fmt: skip
        changed = structs.replace(order, **changes)  # type: ignore[arg-type]
        assert bench.desk.permit(order.order_id, bench.now, order_digest(changed)) == "digest_differs"
    bench.take(ConstitutionOffered(asking(edge_min=30_000), bench.now))
    assert bench.permit(order, bench.now) == "assent_changed"


SEALED = ("ledger_id", "mode", "venue", "environment", "account", "constitution_digest")


@pytest.mark.parametrize("field", SEALED)
def test_the_terms_cover_all_that_gives_an_order_its_meaning(field: str) -> None:
    bench = Asking()
    asked = bench.ask(ONE)
    seal = bench.state.seal
    assert terms_digest(seal, asked.orders) == asked.terms
    assert terms_digest(structs.replace(seal, **{field: getattr(seal, field) + "x"}), asked.orders) != asked.terms
    assert terms_digest(seal, (*asked.orders, asked.orders[0])) != asked.terms


def folds(records: list[tuple[int, Fact]]) -> bool:
    try:
        Desk().restore(records)
    except (InvariantBroken, KeyError):
        return False
    return True


def test_no_ledger_folds_in_which_an_order_left_without_exactly_its_assent() -> None:
    bench = Asking(TWO)
    asked = bench.ask(ONE)
    bench.approved(asked, "os:ada", "token:ben")
    given = [number for number, (_, fact) in enumerate(bench.records) if type(fact) is AssentGiven]
    assert folds(bench.records)
    for number in given:
        assert not folds([record for place, record in enumerate(bench.records) if place != number])
    ts, second = bench.records[given[1]]
    for changes in ({"person": "ada", "identity": "token:ada"}, {"terms": "0" * 64}, {"message_id": "m-1"},
                    {"person": "cal"}, {"identity": "os:nobody"}):  # fmt: skip
        forged = structs.replace(second, **changes)  # type: ignore[arg-type]
        assert not folds([*bench.records[: given[1]], (ts, forged), *bench.records[given[1] + 1 :]])
    late = asked.expires_ts
    assert not folds([*bench.records[: given[1]], *((late, fact) for _, fact in bench.records[given[1] :])])
    for changes in ({"assent": "autonomous"}, {"assent": "exits_auto_after"}, {"assent": ""}, {"digest": "0" * 64}):
        forged = [
            (ts, structs.replace(fact, **changes) if type(fact) is OrderReleased else fact)  # type: ignore[arg-type]
            for ts, fact in bench.records
        ]
        assert not folds(forged)


def test_no_ledger_folds_in_which_fewer_people_or_other_orders_were_asked_about_than_the_limits_say() -> None:
    bench = Asking(TWO)
    bench.ask(ONE)
    assert folds(bench.records)
    later = bench.now + LIFE + 1
    for changes in ({"people": 1}, {"people": 0}, {"terms": "0" * 64}, {"orders": ("0" * 64,)}, {"code": "222222"},
                    {"expires_ts": later}):  # fmt: skip
        forged = [
            (ts, structs.replace(fact, **changes) if type(fact) is ApprovalRequested else fact)  # type: ignore[arg-type]
            for ts, fact in bench.records
        ]
        assert not folds(forged)


def test_no_ledger_folds_in_which_a_yes_counts_without_the_second_factor_that_it_took() -> None:
    bench = Asking(limits={"second_factor_from": ONE_LOSS})
    bench.reply(bench.ask(ONE), factor=True)
    assert folds(bench.records)
    forged = [
        (ts, structs.replace(fact, factor=False) if type(fact) is AssentGiven else fact) for ts, fact in bench.records
    ]
    assert not folds(forged)


def test_an_assent_is_used_for_one_order_alone() -> None:
    bench = Asking()
    (released,) = releases(bench.approved(bench.ask(ONE)))
    again = structs.replace(released, order=structs.replace(released.order, order_id="again"))
    assert not folds([*bench.records, (bench.now, again)])


# --- a halt's end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [False, True])
def test_where_the_limits_say_so_ending_a_halt_takes_a_second_factor(*, factor: bool) -> None:
    bench = Asking(limits={"second_factor_to_resume": True})
    bench.halt()
    bench.match()
    (told,) = bench.take(ResumeAsked("", "ann", "looked", bench.now, factor=factor))
    if factor:
        assert isinstance(told, HaltCleared)
    else:
        assert isinstance(told, ResumeRefused)
        assert "second factor" in told.why
    assert bool(bench.state.halts) is not factor

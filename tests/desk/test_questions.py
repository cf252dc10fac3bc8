"""What people were asked, told: where an intent stands because of it, and its story to the end."""

from typing import Any

import pytest
from tests.cli.support import RAIN, SNOW, Script
from tests.desk.support import kinds

from assent.cli.story_text import story_lines
from assent.desk.asked_rows import asked_rows
from assent.desk.intent_rows import intent_rows
from assent.desk.sentences import sentence_of
from assent.desk.state import Asked
from assent.desk.story import Story, tell
from assent.model import inputs
from assent.model.assents import ApprovalRequested, AssentSeen, Verdict
from assent.model.constitution import Constitution
from assent.model.facts import LookRequested, OrderReleased
from assent.model.policy import Band, Person
from assent.model.units import MICRO, SECOND

PEOPLE = (Person("ada", ("os:ada",)), Person("ben", ("token:phone",)))


def asking(people: int = 1, **limits: Any) -> Script:
    return Script(Constitution(series=("SIM",), approvals=(Band("open", 0, people),), approvers=PEOPLE, **limits))


def cancelling() -> Script:
    """Nobody need be asked to open; an order rests, and people are asked whether to take it off."""
    script = Script(Constitution(series=("SIM",), approvals=(Band("cancel", 0, 1),), approvers=PEOPLE))
    script.idea(SNOW, time_in_force="gtc", price=380_000)
    order = script.order()
    script.accept(order, filled=0)
    script.idea(RAIN, action="cancel", instrument=SNOW, order_id=order.order_id)
    return script


def asked(script: Script) -> Asked:
    (found,) = script.desk.state.asked.values()
    return found


def answered(script: Script, verdict: Verdict = "approve", by: str = "os:ada", reason: str = "") -> None:
    """Whoever it is says it of the one open question, under a name of its own."""
    one = asked(script)
    script.tell(
        AssentSeen(
            verdict, one.code, one.terms, by, "terminal", f"m{len(script.facts)}", script.now + SECOND, False, reason,
        )
    )  # fmt: skip


def looked(script: Script) -> None:
    """The venue answers the last look with the very quote."""
    (look,) = script.desk.state.looks.values()
    seen = inputs.QuoteSeen(
        look.intent.instrument, 400_000, 30 * MICRO, 420_000, 50 * MICRO, script.now, script.now + SECOND
    )
    script.tell(inputs.LookAnswered(look.intent.intent_id, seen, "", script.now + SECOND))


def standing(script: Script) -> list[str]:
    return [row.status for row in intent_rows(script.facts, script.desk.state)]


def story(script: Script) -> Story:
    first = next(fact for _, _, fact in script.facts if isinstance(fact, ApprovalRequested))
    told = tell(script.facts, first.intent_id)
    assert told is not None
    return told


def test_an_open_question_is_told_with_everything_that_an_answer_needs() -> None:
    script = asking(people=2)
    script.idea(qty_max=10 * MICRO, reason="cheap")
    answered(script)
    (row,) = asked_rows(script.desk.state)
    one = asked(script)
    assert (row.code, row.terms, row.given, row.needed) == (one.code, one.terms, ("ada",), 2)
    assert (row.words, row.title, row.type, row.side) == ("buy YES at 0.42", "Will it?", "open", "buy")
    assert (row.asked_ts, row.expires_ts) == (one.asked_ts, one.asked_ts + 60 * SECOND)
    assert standing(script) == ["PENDING"]
    told = story(script)
    assert told.question is not None
    assert (told.verdict, told.question.given, told.question.ended) == ("waiting", ("ada",), "")
    text = "\n".join(story_lines(told))
    assert "asked 2 people at " in text
    assert "yes from ada (1 of 2)" in text
    assert "verdict: waiting; nothing has left." in text


def test_between_the_last_yes_and_the_release_it_is_approved_and_then_follows_its_order() -> None:
    script = asking()
    script.idea(qty_max=10 * MICRO)
    answered(script)
    assert kinds([fact for _, _, fact in script.facts])[-2:] == ["AssentGiven", "LookRequested"]
    assert standing(script) == ["APPROVED"]
    assert asked_rows(script.desk.state) == [], "nobody is asked any more"
    looked(script)
    assert standing(script) == ["APPROVED"]
    order = script.order()
    script.fill(order, order.qty)
    script.accept(order, filled=order.qty)
    assert standing(script) == ["EXECUTED"]
    told = story(script)
    assert (told.verdict, told.assent) == ("released", told.question.terms if told.question else "")
    steps = [type(step.fact).__name__ for step in told.steps]
    assert steps[:4] == ["ApprovalRequested", "AssentGiven", "LookRequested", "OrderReleased"]
    released = next(fact for _, _, fact in script.facts if isinstance(fact, OrderReleased))
    assert sentence_of(released).endswith(f"by assent to terms {told.assent[:16]}")


def test_a_no_is_rejected_and_told_with_who_and_why() -> None:
    script = asking(people=2)
    script.idea()
    answered(script)
    answered(script, "reject", by="token:phone", reason="the news is old")
    assert standing(script) == ["REJECTED"]
    told = story(script)
    assert told.question is not None
    assert (told.verdict, told.question.ended, told.question.by) == ("denied", "denied", "ben")
    text = " ".join("\n".join(story_lines(told)).split())
    assert "ended: ben said no: the news is old" in text
    assert "verdict: denied; nothing left." in text


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_question_that_ends_without_an_answer_is_expired(*, by_hand: bool) -> None:
    script = asking()
    script.idea()
    if by_hand:
        answered(script, "expire")
    else:
        script.now += 60 * SECOND
        script.tell(inputs.TimePassed(script.now + SECOND))
    assert standing(script) == ["EXPIRED"]
    told = story(script)
    assert told.question is not None
    how = ("ended by hand", "ended_by_hand") if by_hand else ("expired", "expired")
    assert (told.verdict, told.question.ended) == how
    assert ("ada ended it" if by_hand else "nobody answered in time") in "\n".join(story_lines(told))


def test_a_better_idea_leaves_the_older_one_superseded() -> None:
    script = asking(supersede_step_min=10_000)
    script.idea(time_in_force="gtc", price=410_000)
    script.idea(time_in_force="gtc", price=390_000)
    assert standing(script) == ["SUPERSEDED", "PENDING"]
    assert "a better idea of scripted took its place" in "\n".join(story_lines(story(script)))


def test_what_the_last_look_refuses_after_a_yes_is_rejected_by_that_rule() -> None:
    script = asking()
    script.idea()
    answered(script)
    (look,) = script.desk.state.looks.values()
    script.tell(inputs.LookAnswered(look.intent.intent_id, None, "nobody there", script.now + SECOND))
    (row,) = intent_rows(script.facts, script.desk.state)
    assert (row.status, row.reason) == ("REJECTED", "skipped_unavailable")
    told = story(script)
    assert told.verdict == "skipped"
    assert LookRequested in [type(step.fact) for step in told.steps]


def test_a_cancel_that_people_are_asked_about_waits_and_is_executed_when_it_is_released() -> None:
    script = cancelling()
    assert standing(script) == ["APPROVED", "PENDING"]
    assert story(script).verdict == "waiting"
    answered(script)
    assert standing(script)[1] == "EXECUTED"
    assert story(script).verdict == "released"


def test_questions_of_one_ledger_never_share_their_terms() -> None:
    script = asking()
    script.idea(RAIN)
    script.idea(SNOW)
    rows = asked_rows(script.desk.state)
    assert len({row.terms for row in rows}) == len({row.code for row in rows}) == len(rows) == 2

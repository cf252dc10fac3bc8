"""What to do about a refused answer: one table for the terminal, the pages and the HTTP interface."""

from assent.console.guard.refusals import Refused
from assent.model.reasons import REASONS, sentence
from assent.model.remedies import REMEDIES


def test_every_remedy_belongs_to_a_reason_and_says_something_else_than_it() -> None:
    assert set(REMEDIES) <= set(REASONS)
    assert not [code for code, todo in REMEDIES.items() if f"{todo}." == sentence(code)]


def test_every_refused_answer_of_a_person_has_a_remedy() -> None:
    assert {code for code in REASONS if code.startswith("assent_")} <= set(REMEDIES)


def test_over_http_a_refused_answer_is_told_what_to_do_and_not_twice_what_happened() -> None:
    refusal = Refused("assent_replayed", sentence("assent_replayed"), status=409).refusal
    assert refusal.todo == f"{REMEDIES['assent_replayed']}."
    assert refusal.todo != refusal.error
    assert Refused("body_type", "the body is no JSON").refusal.todo == sentence("body_type")

"""What a person says yes to is what is sent: from the idea to the fill, by every way in which a person can say it.

The exchange, the desk and the console are processes of their own, and the browser is a real one.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from tests.browser.support import DESKTOP, PHONE
from tests.browser.whole import Question, Whole, until

Answer = Callable[[Whole, Question, Any], None]
# What the ledger tells of one order that people were asked about, one after the other.
CHAIN = [
    "IntentProposed", "ApprovalRequested", "AssentGiven", "LookRequested", "OrderReleased", "OrderAccepted", "FillBooked",
]  # fmt: skip


class Way(NamedTuple):
    """How somebody looks at the console."""

    size: dict[str, int]
    scripts: bool = True


WAYS = {"phone": Way(PHONE), "desktop": Way(DESKTOP), "no scripts": Way(PHONE, scripts=False)}


@contextmanager
def signed_in(whole: Whole, browser: Any, way: Way) -> Iterator[Any]:
    """A page of a fresh browser, signed in by an address that `assent web` printed. Nothing but the console answers."""
    context = browser.new_context(viewport=way.size, has_touch=way.size is PHONE, java_script_enabled=way.scripts)
    strange: list[str] = []

    def judge(route: Any) -> None:
        if route.request.url.startswith((whole.url, "data:")):
            route.continue_()
        else:
            strange.append(route.request.url)
            route.abort()

    context.route("**/*", judge)
    page = context.new_page()
    page.on("console", lambda said: strange.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: strange.append(str(error)))
    try:
        page.goto(whole.sign_in_address())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(whole.url + "/console/")
        yield page
        assert not strange
    finally:
        context.close()


def card_of(whole: Whole, page: Any, question: Question) -> Any:
    """The card of this question, on the page of those that wait."""
    page.goto(whole.url + "/console/approvals")
    card = page.locator(f'[data-code="{question.code}"]')
    card.wait_for()
    return card


def by_terminal(whole: Whole, question: Question, _browser: Any) -> None:
    told = whole.cli("intents", "approve", question.code, "--terms", question.terms)
    assert told.returncode == 0, told.stderr
    assert "is released as order" in told.stdout


def by_api(whole: Whole, question: Question, _browser: Any) -> None:
    told = whole.answer(question)
    assert (told.status_code, told.json()["came_to"]) == (200, "released"), told.text


def by_page(name: str) -> Answer:
    def answer(whole: Whole, question: Question, browser: Any) -> None:
        with signed_in(whole, browser, WAYS[name]) as page:
            card_of(whole, page, question).locator("button[value=approve]").click()
            page.get_by_text(f"Your assent was taken and the order of {question.code} is released.").wait_for()

    return answer


ANSWERS = {"terminal": by_terminal, "api": by_api} | {f"page, {name}": by_page(name) for name in WAYS}


@pytest.mark.parametrize("way", ANSWERS)
def test_what_is_assented_to_is_looked_at_again_sent_once_and_filled(whole: Whole, browser: Any, way: str) -> None:
    question = whole.question()
    assert not whole.sent(question.market), "nothing leaves before somebody has said yes"
    ANSWERS[way](whole, question, browser)
    (order,) = whole.sent(question.market)
    assert (order["side"], order["price"], order["qty"]) == (question.side, question.price, question.qty)
    filled = until(lambda: [line for line in whole.box.record() if line["kind"] == "fill" and line["market"] == question.market])
    assert sum(line["qty"] for line in filled) == question.qty
    until(lambda: "FillBooked" in dict(whole.told(question)))
    facts = whole.told(question)
    kinds = [kind for kind, _ in facts]
    assert kinds[: len(CHAIN)] == CHAIN
    bodies = dict(facts)
    assert bodies["OrderReleased"]["order"]["order_id"] == order["client_order_id"]
    assert bodies["OrderReleased"]["assent"] == bodies["AssentGiven"]["terms"] == question.terms
    assert bodies["AssentGiven"]["person"] == "ada"
    assert bodies["AssentGiven"]["channel"] == ("terminal" if way == "terminal" else "api" if way == "api" else "web")
    story = whole.cli("why", question.code).stdout
    for words in (f"to terms {question.terms}", "yes from ada (1 of 1)", "is asked for anew", f"assent: {question.terms}",
                  order["client_order_id"], "2 contracts filled"):  # fmt: skip
        assert words in " ".join(story.split()), story


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


def test_an_address_signs_in_once(whole: Whole, browser: Any) -> None:
    context = browser.new_context(viewport=PHONE)
    address = whole.sign_in_address()
    for ends_at in ("/console/", "/console/sign-in"):
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(whole.url + ends_at)
        context.clear_cookies()
    assert "this code was used already" in page.content()
    context.close()


def test_an_answer_that_is_forged_copied_or_somebody_elses_is_refused(whole: Whole) -> None:
    question, other = whole.question(), whole.question()
    assert refused(whole.answer(question, terms=other.terms)) == (409, "assent_copied")
    assert refused(whole.answer(question, terms="0" * 64)) == (409, "assent_copied")
    assert refused(whole.answer(question, token="assent_token_" + "A" * 43)) == (401, "credential_refused")
    assert refused(whole.answer(question, token="eve-phone")) == (403, "assent_not_permitted")
    assert refused(whole.answer(question, token="looker")) == (403, "scope_refused")
    nobody = question._replace(intent_id="i-0000000000000000")
    assert refused(whole.answer(nobody)) == (404, "assent_unknown")
    assert refused(whole.answer(question, factor="000000"))[1].startswith("second_factor")
    assert whole.answer(other, "reject", message_id="mine").status_code == 200
    assert refused(whole.answer(question, message_id="mine")) == (409, "assent_replayed")
    assert refused(whole.answer(other)) == (409, "assent_ended")
    assert refused(whole.answer(question, token="ben-laptop", message_id="mine"))[0] == 200

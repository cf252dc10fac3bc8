"""What a person says yes to is what is sent: from the idea to the fill, by every way in which a person can say it.

The exchange, the desk and the console are processes of their own, and the browser is a real one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from tests.browser.support import DESKTOP, PHONE
from tests.browser.whole import Question, Whole, until

Answer = Callable[[Whole, Question, Any], None]
# What the ledger tells of one order that people were asked about, one after the other.
CHAIN = ["IntentProposed", "ApprovalRequested", "AssentGiven", "LookRequested", "OrderReleased"]


# What a browser says of an answer that is a refusal.
REFUSED = "Failed to load resource: the server responded with a status of 4"


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
    page.on("console", lambda said: None if said.text.startswith(REFUSED) else strange.append(said.text))
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


@pytest.fixture(scope="module")
def long_ago(whole: Whole, browser: Any) -> Iterator[tuple[Question, Any]]:
    """A question, and a page that shows it, from before everything else that happens here."""
    with signed_in(whole, browser, WAYS["no scripts"]) as page:
        question = whole.question()
        yield question, card_of(whole, page, question)


@pytest.mark.usefixtures("long_ago")
@pytest.mark.parametrize("way", ANSWERS)
def test_what_is_assented_to_is_looked_at_again_sent_once_and_filled(whole: Whole, browser: Any, way: str) -> None:
    question = whole.question()
    assert not whole.sent(question.market), "nothing leaves before somebody has said yes"
    ANSWERS[way](whole, question, browser)
    (order,) = whole.sent(question.market)
    assert (order["side"], order["price"], order["qty"]) == (question.side, question.price, question.qty)
    assert sum(line["qty"] for line in until(lambda: whole.filled(question.market))) == question.qty
    until(lambda: "FillBooked" in dict(whole.told(question)))
    facts = whole.told(question)
    kinds = [kind for kind, _ in facts]
    assert kinds[: len(CHAIN)] == CHAIN
    assert {"OrderAccepted", "FillBooked"} <= set(kinds[len(CHAIN) :]), "by the answer and the stream, in either order"
    bodies = dict(facts)
    assert bodies["OrderReleased"]["order"]["order_id"] == order["client_order_id"]
    assert bodies["OrderReleased"]["assent"] == bodies["AssentGiven"]["terms"] == question.terms
    assert bodies["AssentGiven"]["person"] == "ada"
    assert bodies["AssentGiven"]["channel"] == ("terminal" if way == "terminal" else "api" if way == "api" else "web")
    story = whole.cli("why", question.code).stdout
    for words in (
        f"to terms {question.terms}", "yes from ada (1 of 1)", "is asked for anew", f"assent: {question.terms}",
        order["client_order_id"], "2 contracts filled",
    ):  # fmt: skip
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


def test_an_idea_that_a_better_one_has_replaced_cannot_be_assented_to(whole: Whole, browser: Any) -> None:
    with signed_in(whole, browser, WAYS["no scripts"]) as page:
        question = whole.question()
        card = card_of(whole, page, question)
        newer = whole.question(question.market, beyond=250_000)
        assert newer.price - question.price >= 20_000
        assert refused(whole.answer(question)) == (409, "assent_ended")
        card.locator("button[value=approve]").click()
        says(page, "assent_ended")
    assert whole.why(question) == [
        "IntentProposed",
        "ApprovalRequested",
        "ApprovalEnded",
        "AssentRefused",
        "AssentRefused",
    ]
    assert whole.answer(newer, "reject").status_code == 200
    assert not whole.sent(question.market)


def test_a_no_on_the_page_ends_it_for_everybody(whole: Whole, browser: Any) -> None:
    question = whole.question()
    with signed_in(whole, browser, WAYS["phone"]) as page:
        card_of(whole, page, question).locator("button[value=reject]").click()
        page.get_by_text(f"You said no to {question.code}.").wait_for()
    assert refused(whole.answer(question)) == (409, "assent_ended")
    told = whole.cli("intents", "approve", question.code, "--terms", question.terms)
    assert told.returncode == 3
    assert not whole.sent(question.market)


def test_a_page_that_is_forged_or_sent_twice_changes_nothing(whole: Whole, browser: Any) -> None:
    question, other = whole.question(), whole.question()
    with signed_in(whole, browser, WAYS["no scripts"]) as page:
        cookies = page.context.cookies()
        for field, value, code in (
            ("csrf", "A" * 43, "csrf_refused"), ("terms", other.terms, "assent_copied"),
            ("answer", "x", "request_invalid"),
        ):  # fmt: skip
            card = card_of(whole, page, question)
            card.locator(f"input[name={field}]").evaluate("(one, value) => { one.value = value }", value)
            card.locator("button[value=approve]").click()
            says(page, code)
        card = card_of(whole, page, question)
        page.context.clear_cookies()
        page.context.add_cookies([{**one, "value": one["value"][:-4] + "AAAA"} for one in cookies])
        card.locator("button[value=approve]").click()
        page.get_by_text("This session has ended").wait_for()
        page.context.clear_cookies()
        page.context.add_cookies(cookies)
        card, again = card_of(whole, page, question), card_of(whole, page.context.new_page(), question)
        name = card.locator("input[name=answer]").input_value()
        again.locator("input[name=answer]").evaluate("(one, value) => { one.value = value }", name)
        card.locator("button[value=approve]").click()
        page.get_by_text("is released").wait_for()
        again.locator("button[value=approve]").click()
        says(again.page, "assent_replayed")
    assert len(whole.sent(question.market)) == 1
    assert whole.answer(other, "reject").status_code == 200


def test_two_people_are_two_people_each_with_digits_of_their_own(whole: Whole, browser: Any) -> None:
    question = whole.question(whole.market(least=300_000, most=450_000), qty=16)
    assert (question.people, question.factor) == (2, True)
    assert refused(whole.answer(question)) == (403, "second_factor_missing")
    assert refused(whole.answer(question, factor=whole.wrong("ada"))) == (403, "second_factor_wrong")
    with signed_in(whole, browser, WAYS["phone"]) as page:
        card = card_of(whole, page, question)
        card.locator("input[name=factor]").fill(whole.wrong("ada"))
        card.locator("button[value=approve]").click()
        says(page, "second_factor_wrong")
        card = card_of(whole, page, question)
        digits = whole.digits("ada")
        card.locator("input[name=factor]").fill(digits)
        card.locator("button[value=approve]").click()
        page.get_by_text("Others are still needed").wait_for()
        card = card_of(whole, page, question)
        card.locator("input[name=factor]").fill(digits)
        card.locator("button[value=approve]").click()
        says(page, "second_factor_replayed")
    assert refused(whole.answer(question)) == (409, "assent_twice")
    assert not whole.sent(question.market)
    told = whole.answer(question, token="ben-laptop", factor=whole.digits("ben"))
    assert (told.status_code, told.json()["came_to"]) == (200, "released"), told.text
    assert len(whole.sent(question.market)) == 1


def test_who_guesses_digits_is_locked_out_also_with_the_right_ones(whole: Whole) -> None:
    question = whole.question(whole.market(least=300_000, most=450_000), qty=6)
    assert question.factor
    for _ in range(5):
        assert refused(whole.answer(question, token="cyd-pad", factor=whole.wrong("cyd")))[1] == "second_factor_wrong"
    right = whole.digits("cyd")
    assert refused(whole.answer(question, token="cyd-pad", factor=right)) == (429, "second_factor_locked")
    assert not whole.sent(question.market)
    assert whole.answer(question, "reject").status_code == 200


def test_nothing_is_assented_to_while_the_desk_is_halted(whole: Whole, browser: Any) -> None:
    question = whole.question()
    with signed_in(whole, browser, WAYS["desktop"]) as page:
        assert whole.api("POST", "/halts", json={"reason": "a drill"}).json()["facts"] == ["HaltRaised"]
        until(lambda: whole.api("GET", "/status").json()["level"] == "HALTED")
        card_of(whole, page, question).locator("button[value=approve]").click()
        says(page, "assent_halted")
        assert refused(whole.answer(question)) == (409, "assent_halted")
        resume, wanted = "/halts/operator/resume", {"reason": "the drill is over"}
        assert refused(whole.api("POST", resume, "eve-phone", json=wanted)) == (403, "scope_refused")
        told = whole.api("POST", resume, json=wanted)
        assert refused(told) == (403, "second_factor_missing")
        assert "second factor" in told.json()["error"]
        page.goto(whole.url + "/console/halts")
        page.get_by_label("Reason for going on").fill("the drill is over")
        page.locator("form[action='/console/resume']").get_by_label("Second factor").fill(whole.digits("ada"))
        page.get_by_role("button", name="Resume").click()
        page.get_by_text("The halt is over.").wait_for()
    until(lambda: whole.api("GET", "/status").json()["level"] == "TRADING")
    assert not whole.sent(question.market)


def test_an_answer_that_comes_late_is_refused(whole: Whole, long_ago: tuple[Question, Any]) -> None:
    question, card = long_ago
    until(lambda: whole.box.now() >= question.expires_ts)
    assert refused(whole.answer(question)) == (410, "assent_late")
    card.locator("button[value=approve]").click()
    says(card.page, "assent_late")
    until(lambda: "ApprovalEnded" in whole.why(question))
    assert sorted(whole.why(question)[2:]) == ["ApprovalEnded", "AssentRefused", "AssentRefused"]
    assert not whole.sent(question.market)


def test_a_price_that_has_moved_meanwhile_is_not_dealt_at(whole: Whole, browser: Any) -> None:
    """Ideas limited to the very price of then, and a yes to one that the market has left behind."""
    for name, _, ask in whole.quotes():
        if 20_000 < ask < 600_000:
            whole.idea(name, beyond=0)

    def moved() -> Question | None:
        now = {name: ask for name, _, ask in whole.quotes()}
        rows = whole.api("GET", "/intents?status=PENDING").json()["intents"]
        return next(
            (whole.card(row["intent_id"]) for row in rows if now.get(row["instrument"], 0) > row["price"]), None
        )

    with signed_in(whole, browser, WAYS["desktop"]) as page:
        question = until(moved)
        card_of(whole, page, question).locator("button[value=approve]").click()
        says(page, "skipped_slippage")
    assert whole.why(question)[2:] == ["AssentGiven", "LookRequested", "IntentSkipped"]
    assert question.intent_id not in [
        body["order"]["intent_id"] for kind, body in whole.facts() if kind == "OrderReleased"
    ]


def says(page: Any, code: str) -> None:
    """The page that says no, with its code."""
    page.locator("code", has_text=code).first.wait_for()

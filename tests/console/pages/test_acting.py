"""Forms: each asks the desk for what its card says, by the session that pressed it, and tells what came of it."""

from pathlib import Path

import msgspec
import pytest
from tests.console.pages import worlds
from tests.console.pages.support import Markup, Pages, make_pages
from tests.console.support import SCOPES, refusal

from assent.approval import Session
from assent.model.units import MINUTE

CARD = worlds.card(1)
ANSWER = f"/console/intents/{CARD.intent.intent_id}/answer"


def form_of(page: Pages, session: Session) -> dict[str, str]:
    """The hidden fields of the first card's form, as a browser would send them."""
    html = page.get("/console/approvals", session).text
    start = html.index(f'action="{ANSWER}"')
    return Markup(html[start : html.index("</form>", start)]).fields()


def test_a_yes_names_exactly_the_terms_of_the_card_and_goes_by_the_sessions_own_credential(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    page.desk.answer = {"ok": True, "facts": ["AssentGiven"], "came_to": "looking"}
    answer = page.post(ANSWER, session, verdict="approve", **without_csrf(form_of(page, session)))
    (asked,) = page.desk.asked
    assert asked["cmd"] == "approve"
    assert asked["intent"] == CARD.intent.intent_id
    assert CARD.asked is not None
    assert asked["terms"] == CARD.asked.terms
    assert asked["credential"] == session.secret
    assert asked["channel"] == "web"
    assert asked["message_id"].startswith("os:ada:")
    assert answer.status_code == 303
    assert session.secret not in answer.headers["location"]
    told = page.get(answer.headers["location"], session).text
    assert f"Your assent to {CARD.intent.code} was taken." in Markup(told).text


def test_a_last_look_that_says_no_is_told_with_its_code_and_what_it_means(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    page.desk.answer = {"ok": True, "facts": ["AssentGiven"], "came_to": "skipped", "reason": "skipped_slippage"}
    answer = page.post(ANSWER, session, verdict="approve", **without_csrf(form_of(page, session)))
    told = page.get(answer.headers["location"], session).text
    assert "nothing was sent" in Markup(told).text
    assert "skipped_slippage" in Markup(told).text
    assert "limit" in Markup(told).text
    forged = answer.headers["location"].replace("skipped_slippage", "all_is_well")
    assert "all_is_well" not in Markup(page.get(forged, session).text).text


def without_csrf(form: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name != "csrf"}


def test_the_same_form_is_the_same_answer_and_another_form_another(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session, other = page.sign_in(), page.sign_in()
    first = form_of(page, session)
    for _ in range(2):
        page.post(ANSWER, session, verdict="approve", **without_csrf(first))
    page.clock.ts += 1
    page.post(ANSWER, session, verdict="approve", **without_csrf(form_of(page, session)))
    page.post(ANSWER, other, verdict="approve", **without_csrf(form_of(page, other)))
    names = [asked["message_id"] for asked in page.desk.asked]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_no_carries_a_reason(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    answer = page.post(ANSWER, session, verdict="reject", **without_csrf(form_of(page, session)))
    (asked,) = page.desk.asked
    assert (asked["cmd"], asked["reason"]) == ("reject", "none was given on the page")
    assert "You said no" in page.get(answer.headers["location"], session).text


def test_the_second_factor_is_asked_where_it_is_needed_and_passed_on(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    html = page.get("/console/approvals", session).text
    needed = [card for card in page.tail.snapshot.intents.pending if card.asked and card.asked.factor]
    assert len(Markup(html).all("input", name="factor")) == len(needed) == 1
    form = without_csrf(form_of(page, session)) | {"factor": "123456"}
    page.post(ANSWER, session, verdict="approve", **form)
    assert page.desk.asked[0]["factor"] == "123456"


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "maybe"}, {"terms": "x"}, {"terms": ""}, {"answer": "1"}, {"factor": "12345"},
        {"factor": "\uff11\uff12\uff13\uff14\uff15\uff16"}, {"factor": "123456789"},
    ],
)  # fmt: skip
def test_a_form_that_is_not_ours_asks_the_desk_for_nothing(tmp_path: Path, wrong: dict[str, str]) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    form = without_csrf(form_of(page, session)) | {"verdict": "approve"} | wrong
    assert page.post(ANSWER, session, **form).status_code == 422
    assert not page.desk.asked


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("assent_late", 410), ("assent_twice", 409), ("assent_replayed", 409), ("assent_copied", 409),
        ("assent_changed", 409), ("assent_not_permitted", 403), ("assent_halted", 409), ("assent_ended", 409),
        ("second_factor_missing", 403), ("second_factor_wrong", 403), ("second_factor_locked", 429),
        ("skipped_drift", 409),
    ],
)  # fmt: skip
def test_each_refusal_is_told_with_its_code_and_the_way_on(tmp_path: Path, code: str, status: int) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    form = without_csrf(form_of(page, session))
    page.desk.answer = refusal(code, "<b>so it is</b>")
    answer = page.post(ANSWER, session, verdict="approve", **form)
    assert answer.status_code == status
    markup = Markup(answer.text)
    assert code in markup.text
    assert "<b>so it is</b>" in markup.text
    assert 'class="rail"' in answer.text


def test_a_desk_that_does_not_run_is_told_as_such(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    form = without_csrf(form_of(page, session))
    page.desk.answer = None
    answer = page.post(ANSWER, session, verdict="approve", **form)
    assert answer.status_code == 503
    assert "The desk does not run" in answer.text


ACTS = (
    ANSWER, "/console/halt", "/console/resume", "/console/override", "/console/end-override", "/console/cancel",
    "/console/theme", "/console/sign-out",
)  # fmt: skip


@pytest.mark.parametrize("path", ACTS)
def test_no_form_works_without_its_sessions_token_or_from_another_site(tmp_path: Path, path: str) -> None:
    page = make_pages(tmp_path)
    session, other = page.sign_in(), page.sign_in()
    form = {"verdict": "approve", "terms": "01" * 32, "answer": "0" * 32, "all": "yes", "reason": "x", "theme": "dark"}
    for token in ({}, {"csrf": ""}, {"csrf": other.csrf}):
        assert page.browse("POST", path, session, data={**form, **token}).status_code == 403
    foreign = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert page.browse("POST", path, session, data={**form, "csrf": session.csrf}, headers=foreign).status_code == 403
    assert not page.desk.asked


@pytest.mark.parametrize(
    ("path", "scope"),
    [(ANSWER, "approve"), ("/console/halt", "operate"), ("/console/resume", "operate"), ("/console/cancel", "operate")],
)
def test_each_act_takes_its_own_scope_and_pages_do_not_offer_what_is_not_allowed(
    tmp_path: Path, path: str, scope: str
) -> None:
    page = make_pages(tmp_path, worlds.snapshot(halted=True))
    session = page.sign_in(*{"view", "approve", "operate"} - {scope})
    form = {
        "verdict": "approve",
        "terms": "01" * 32,
        "answer": "0" * 32,
        "all": "yes",
        "reason": "x",
        "cause": "operator",
    }
    assert page.post(path, session, **form).status_code == 403
    assert not page.desk.asked
    for looked in ("/console/approvals", "/console/halts", "/console/orders"):
        actions = [one.attributes.get("action") for one in Markup(page.get(looked, session).text).all("form")]
        assert path not in actions


def test_a_card_offers_its_buttons_to_those_alone_whose_answer_the_desk_would_take(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    cards = len(page.tail.snapshot.intents.pending)
    page.access.issue("grace", SCOPES, worlds.NOW)
    for identity, scopes, buttons, words in (
        ("os:ada", SCOPES, 2 * cards, ""),
        ("token:grace", ("view", "approve"), 2 * cards, ""),
        ("os:ada", ("view",), 0, "it lacks the scope approve"),
        ("os:eve", SCOPES, 0, "You are signed in as os:eve, and the constitution names that identity for nobody"),
    ):
        session = page.access.redeem(page.access.offer_login(identity, scopes, worlds.NOW), worlds.NOW)
        assert isinstance(session, Session)
        markup = Markup(page.get("/console/approvals", session).text)
        assert len(markup.all("button", name="verdict")) == buttons
        assert markup.text.count("May answer: ada, grace") == cards
        assert markup.text.count(words) >= (cards if words else 0)
    # Whoever says so without a button asks the desk all the same, and the desk answers.
    page.desk.answer = refusal("assent_not_permitted")
    told = page.post(ANSWER, session, verdict="approve", terms="01" * 32, answer="0" * 32)
    assert (told.status_code, "assent_not_permitted" in told.text) == (403, True)
    assert page.desk.asked[0]["cmd"] == "approve"


def test_halting_takes_one_press(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    answer = page.post("/console/halt", session)
    assert page.desk.asked[0]["cmd"] == "halt"
    assert page.desk.asked[0]["reason"]
    assert "The desk is halted." in page.get(answer.headers["location"], session).text


def test_resuming_takes_a_reason_and_the_second_factor_where_the_constitution_asks_for_it(tmp_path: Path) -> None:
    page = make_pages(tmp_path, worlds.snapshot(halted=True))
    session = page.sign_in()
    markup = Markup(page.get("/console/halts", session).text)
    assert len(markup.all("input", name="factor")) == 4
    assert page.post("/console/resume", session, cause="operator", reason=" ").status_code == 422
    page.post("/console/resume", session, cause="operator", reason="all\nclear", factor="654321")
    (asked,) = page.desk.asked
    assert (asked["cmd"], asked["cause"], asked["reason"], asked["factor"]) == (
        "resume",
        "operator",
        "all clear",
        "654321",
    )


def test_a_halt_is_set_aside_only_with_minutes_a_reason_and_a_second_factor(tmp_path: Path) -> None:
    page = make_pages(tmp_path, worlds.snapshot(halted=True))
    session = page.sign_in()
    actions = [one.attributes.get("action") for one in Markup(page.get("/console/halts", session).text).all("form")]
    standing = page.tail.snapshot.halts.standing
    assert actions.count("/console/override") == sum(halt.overridable for halt in standing) == 2
    whole = {"cause": "drawdown", "minutes": "30", "reason": "I am watching", "factor": "123456"}
    for missing in ({"minutes": "61"}, {"minutes": "0"}, {"reason": ""}, {"factor": ""}):
        assert page.post("/console/override", session, **(whole | missing)).status_code == 422
    page.post("/console/override", session, **whole)
    page.post("/console/end-override", session, cause="drawdown")
    first, second = page.desk.asked
    assert (first["cmd"], first["life_ns"], first["factor"]) == ("override", 30 * MINUTE, "123456")
    assert (second["cmd"], second["cause"]) == ("end_override", "drawdown")


def test_a_halt_that_nobody_may_set_aside_offers_no_form_for_it(tmp_path: Path) -> None:
    day = worlds.snapshot(halted=True)
    standing = (worlds.halt("discrepancy", "HALTED", "human"),)
    page = make_pages(
        tmp_path, msgspec.structs.replace(day, halts=msgspec.structs.replace(day.halts, standing=standing))
    )
    html = page.get("/console/halts").text
    assert "/console/override" not in html
    assert "/console/resume" in html


def test_one_order_or_all_can_be_taken_off(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    orders = page.tail.snapshot.orders.open
    html = Markup(page.get("/console/orders", session).text)
    offered = {str(one.attributes["value"]) for one in html.all("input", name="order_id")}
    assert offered == {one.order_id for one in orders if not one.cancel}
    page.post("/console/cancel", session, order_id=orders[0].order_id)
    page.post("/console/cancel", session, all="yes")
    assert page.post("/console/cancel", session).status_code == 422
    assert [asked.get("order_id") for asked in page.desk.asked] == [orders[0].order_id, None]


def test_nobody_puts_words_into_a_page_by_a_link(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    for query in ("done=You+won", "done=approve&code=<b>", "done=approve&code=222222x"):
        assert "note good" not in page.get(f"/console/approvals?{query}").text

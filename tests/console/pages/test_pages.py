"""Every page renders, whatever the desk holds, and nothing from outside becomes part of it."""

from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs
from tests.console.pages import worlds
from tests.console.pages.support import EVERY_PAGE, WITH_RECORDS, Markup, make_pages

from assent.console.pages.cards import CARDS_MOST
from assent.console.reading import views
from assent.console.reading.source import Trouble
from assent.model.units import MINUTE, SECOND

ALL = (*EVERY_PAGE, *WITH_RECORDS)
each_page = pytest.mark.parametrize("path", ALL)


@each_page
def test_every_page_renders_on_an_ordinary_day(tmp_path: Path, path: str) -> None:
    answer = make_pages(tmp_path).get(path)
    assert answer.status_code == 200, answer.text[:400]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_every_page_renders_before_there_is_a_desk(tmp_path: Path, path: str) -> None:
    answer = make_pages(tmp_path, worlds.nothing()).get(path)
    assert answer.status_code == 200, answer.text[:400]
    assert "NO DESK" in answer.text


@each_page
def test_hostile_text_is_inert_on_every_page_and_seen_for_what_it_is(tmp_path: Path, path: str) -> None:
    page = make_pages(tmp_path, worlds.hostile(), text=worlds.HOSTILE)
    calm = Markup(make_pages(tmp_path / "calm").get(path).text)
    answer = page.get(path)
    assert answer.status_code == 200, answer.text[:400]
    markup = Markup(answer.text)
    assert len(markup.all("script")) == len(calm.all("script"))
    assert not markup.all("img")
    assert not [one for one in markup.elements for name in one.attributes if name.startswith("on")]
    assert not set(answer.text) & {"\u202e", "\u2066", "\u200b", "\u00ad", "\x1b", "\x00", "\ud800"}


def test_hostile_text_is_shown_with_its_escapes(tmp_path: Path) -> None:
    text = Markup(make_pages(tmp_path, worlds.hostile()).get("/console/approvals").text).text
    for seen in ("<script>alert(1)</script>", "{{7*7}}", "\\u202e", "\\x1b", "\\x00", "\\ud800", "\\r\\n"):
        assert seen in text


@each_page
def test_no_page_holds_a_script_or_a_style_of_its_own_or_an_address_of_another_host(tmp_path: Path, path: str) -> None:
    markup = Markup(make_pages(tmp_path).get(path).text)
    for script in markup.all("script"):
        assert str(script.attributes["src"]).startswith("/console/static/")
    assert not markup.all("style")
    assert not [one for one in markup.elements if "style" in one.attributes]
    for one in markup.elements:
        for name in ("href", "src", "action", "data-stream", "data-figure", "data-library"):
            address = one.attributes.get(name)
            assert address is None or address.startswith(("/", "#")), (one.tag, name, address)
            assert address is None or not address.startswith("//")


@each_page
def test_every_page_tells_a_reader_of_screens_where_everything_is(tmp_path: Path, path: str) -> None:
    """What axe would ask: one main part, one first heading, no level left out, names for everything, no id twice."""
    html = make_pages(tmp_path).get(path).text
    markup = Markup(html)
    assert len(markup.all("main")) == 1
    assert markup.all("html", lang="en")
    headings = [int(one.tag[1]) for one in markup.elements if one.tag in ("h1", "h2", "h3", "h4")]
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    ids = [one.attributes["id"] for one in markup.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    labelled = {one.attributes.get("for") for one in markup.all("label")}
    for field in [*markup.all("input"), *markup.all("select")]:
        if field.attributes.get("type") != "hidden":
            assert field.attributes.get("id") in labelled, field.attributes
    for one in markup.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert one.attributes.get(name) is None or one.attributes[name] in ids, (one.tag, one.attributes)
    for nav in markup.all("nav"):
        assert nav.attributes.get("aria-label")
    for table in markup.all("table"):
        assert table.attributes.get("aria-label")
        assert table.attributes.get("role") == "table"
    for cell in markup.all("td"):
        assert cell.attributes.get("data-label"), "on a phone a cell says its column's name"
    for svg in markup.all("svg"):
        assert svg.attributes.get("aria-hidden") == "true" or svg.attributes.get("role") == "img"


@each_page
def test_no_page_shows_its_sessions_secret_and_the_token_stands_in_forms_alone(tmp_path: Path, path: str) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    html = page.get(path, session).text
    assert session.secret not in html
    assert html.count(session.csrf) == html.count(f'name="csrf" value="{session.csrf}"') > 0


@pytest.mark.parametrize(
    ("mode", "environment", "tone", "words"),
    [
        ("live", "production", "real", "real money"),
        ("live", "demo", "practice", "practice account"),
        ("live", "box", "practice", "practice account"),
        ("dry-run", "production", "dry", "not sent"),
        ("observe", "production", "observe", "none can exist"),
        ("paper", "box", "paper", "simulated"),
        ("something new", "production", "real", "real money"),
    ],
)
def test_mode_and_environment_are_unmistakable(
    tmp_path: Path, mode: str, environment: str, tone: str, words: str
) -> None:
    page = make_pages(tmp_path, worlds.snapshot(mode=mode, environment=environment))
    html = page.get("/console/orders").text
    assert Markup(html).all("html")[0].attributes["data-tone"] == tone
    assert words in html
    assert f"{mode} {environment}".upper() in html.split("</title>")[0]
    assert f"mark-{tone}.svg" in html


def test_a_page_of_a_ledger_that_cannot_be_read_says_so_and_what_to_do(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    page.tail.trouble = Trouble("unreadable", "The ledger is damaged", "It cannot be believed", "Restore a backup")
    answer = page.get("/console/ledger")
    assert answer.status_code == 503
    assert "Restore a backup" in answer.text
    assert "ledger_unread" in answer.text


@pytest.mark.parametrize("path", ["/console/intents/nothing", "/console/ledger/99999999", "/console/ledger/x"])
def test_what_there_is_not_is_told_as_a_page_with_the_way_on(tmp_path: Path, path: str) -> None:
    answer = make_pages(tmp_path).get(path)
    assert answer.status_code == 404
    assert "not_found" in answer.text
    assert 'class="rail"' in answer.text


def test_an_address_that_no_page_has_leads_back(tmp_path: Path) -> None:
    answer = make_pages(tmp_path).get("/console/no")
    assert answer.status_code == 404
    assert 'href="/console/"' in answer.text


def test_a_program_is_told_no_in_json(tmp_path: Path) -> None:
    answer = make_pages(tmp_path).get("/console/no", headers={"accept": "application/json"})
    assert answer.json()["code"] == "not_found"


def test_the_first_page_lies_one_step_further(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    for path in ("/", "/console"):
        answer = page.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, "/console/")


def test_an_intents_page_shows_its_terms_and_its_form_while_it_waits(tmp_path: Path) -> None:
    html = make_pages(tmp_path).get(f"/console/intents/{worlds.intent(2).code}").text
    assert "02020202 02020202" in html
    assert Markup(html).all("button", value="approve")


def test_a_halt_that_is_set_aside_says_until_when_by_whom_and_why(tmp_path: Path) -> None:
    aside = {"overridden_until_ts": worlds.NOW + 20 * MINUTE, "overridden_by": "ada", "overridden_why": "one bad print"}
    calm = worlds.snapshot(halted=True)
    halt = structs.replace(worlds.halt("drawdown", "REDUCING", "human"), **aside)
    halted = structs.replace(calm, halts=structs.replace(calm.halts, standing=(halt,)))
    text = Markup(make_pages(tmp_path, halted).get("/console/halts").text).text
    assert "Overridden: it does not hold the level" in text
    assert "by ada: one bad print" in text
    assert "one look more" in text, "those of the past stand in the history"


@pytest.mark.parametrize(("waiting", "shown"), [(CARDS_MOST, CARDS_MOST), (5_000, CARDS_MOST)])
def test_the_page_of_approvals_is_bounded_and_shows_what_runs_out_first(
    tmp_path: Path, waiting: int, shown: int
) -> None:
    one = worlds.card(1)
    assert one.asked is not None

    def numbered(number: int) -> views.Card:
        intent = structs.replace(one.intent, intent_id=f"i-{number:016x}")
        until = worlds.NOW + SECOND * (number + 1)
        return structs.replace(one, intent=intent, asked=structs.replace(one.asked, expires_ts=until))

    page = make_pages(tmp_path, worlds.snapshot(pending=tuple(numbered(number) for number in reversed(range(waiting)))))
    markup = Markup(page.get("/console/approvals").text)
    cards = [each.attributes["id"] for each in markup.all("article")]
    assert cards == [f"i-{number:016x}" for number in range(shown)]
    assert (f"{waiting - shown} more wait" in markup.text) is (waiting > shown)


def test_filters_and_pages_of_the_intents_keep_each_other(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    html = page.get("/console/intents?status=EXECUTED&find=kxhigh").text
    assert "executed" in html
    assert ">rejected<" not in html
    assert "No intent fits" in page.get("/console/intents?find=nowhere").text


def test_the_ledger_is_asked_for_what_the_address_says(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    page.get("/console/ledger?before=500")
    page.get("/console/ledger?stream=day&value=2026-01-05&after=7")
    assert page.tail.asked == [
        ("page", {"before": 500, "after": None, "limit": 50}),
        ("stream", ("day", "2026-01-05", {"before": None, "after": 7, "limit": 50})),
    ]
    assert page.get("/console/ledger?stream=nonsense&value=x").status_code == 422


def test_a_records_numbers_are_shown_to_the_last_digit(tmp_path: Path) -> None:
    assert "1795000000000000001" in make_pages(tmp_path).get("/console/ledger/1190").text

"""The console in a real browser: nothing from outside, nothing forbidden, nothing lost without scripts."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.browser.support import DESKTOP, DOCS, IMAGES, PHONE, WRITES_IMAGES, Site
from tests.console.pages import worlds
from tests.console.pages.support import EVERY_PAGE, WITH_RECORDS

from assent.console.pages.streams import Streams
from assent.model.units import SECOND

ALL = (*EVERY_PAGE, *WITH_RECORDS)
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
Serve = Callable[..., Site]
SIZES = {"desktop": DESKTOP, "phone": PHONE}


def wide(page: Any) -> bool:
    """Whether one has to scroll sideways."""
    found: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return found


def settle(page: Any) -> None:
    """Wait until the page is live and its chart drawn. (Not by a function: the content policy forbids to evaluate.)"""
    if page.locator("main[data-stream]").count():
        page.locator("[data-streaming=on]").wait_for(state="attached")
    if page.locator("figure[data-figure]").count():
        page.locator("figure[data-figure]").scroll_into_view_if_needed()
        page.locator("figure[data-drawn=yes]").wait_for(state="attached")


def test_what_a_page_asks_of_anybody_else_is_seen_and_leads_nowhere(serve: Serve) -> None:
    """What the tests below take for clean would not pass for it."""
    with serve().browse() as (page, seen):
        for outside in ("http://192.0.2.1/a.png", "http://elsewhere.example/a.png"):
            with page.expect_console_message():
                page.goto(f"data:text/html,<img src={outside}>")
            assert seen.outside.pop() == outside
            assert seen.console.pop() == "error: Failed to load resource: net::ERR_PROXY_CONNECTION_FAILED"
            seen.assert_clean()


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_clean_fits_and_can_be_read(serve: Serve, size: str) -> None:
    site = serve()
    with site.browse(size=SIZES[size]) as (page, seen):
        for path in ALL:
            page.goto(site.url + path)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                settle(page)
                seen.assert_clean()
                assert not wide(page), (path, size)
                found = page.evaluate(CONTRAST)
                assert found["judged"] > 20, path
                assert not found["faults"], (path, theme, found["faults"][:5])
                assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (theme == "dark")
        seen.assert_clean()


@pytest.mark.parametrize(
    "mode", [("live", "production"), ("live", "demo"), ("observe", "production"), ("dry-run", "demo")]
)
def test_the_band_of_each_mode_can_be_read(serve: Serve, mode: tuple[str, str]) -> None:
    site = serve(worlds.snapshot(mode=mode[0], environment=mode[1], halted=True))
    with site.open("/console/halts") as (page, seen):
        settle(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert not page.evaluate(CONTRAST)["faults"]
        seen.assert_clean()


@pytest.mark.parametrize("size", SIZES)
def test_hostile_text_is_inert_and_breaks_no_page(serve: Serve, size: str) -> None:
    site = serve(worlds.hostile(), text=worlds.HOSTILE)
    with site.browse(size=SIZES[size]) as (page, seen):
        for path in ALL:
            page.goto(site.url + path)
            settle(page)
            seen.assert_clean()
            assert not wide(page), (path, size)


def test_a_desk_that_has_never_run_shows_pages_too(serve: Serve) -> None:
    site = serve(worlds.nothing())
    with site.browse(size=PHONE) as (page, seen):
        for path in EVERY_PAGE:
            if path != "/console/ledger":
                page.goto(site.url + path)
                seen.assert_clean()
                assert not wide(page), path


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_answering_works_with_scripts_off(serve: Serve, verdict: str) -> None:
    site = serve()
    with site.open("/console/approvals", size=PHONE, scripts=False) as (page, _):
        assert page.get_by_text("expires").first.is_visible()
        page.locator(f"button[value={verdict}]").first.click()
        page.locator(".note").first.wait_for()
    (asked,) = site.pages.desk.asked
    assert (asked["cmd"], asked["intent"]) == (verdict, worlds.card(1).intent.intent_id)


def test_halting_and_changing_colours_work_with_scripts_off(serve: Serve) -> None:
    site = serve()
    with site.open("/console/", scripts=False, theme="light") as (page, _):
        page.get_by_role("button", name="Dark").click()
        page.locator("html[data-theme=dark] .foot").wait_for()
        page.wait_for_load_state("load")  # the colours are the stylesheet's, which comes after the page
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(16, 18, 22)"
        page.get_by_role("link", name="Halt", exact=True).click()
        page.get_by_role("button", name="Halt now").click()
        page.wait_for_url("**/console/**done=*")
    assert site.pages.desk.asked[0]["cmd"] == "halt"


def test_the_chart_is_drawn_without_scripts_as_well(serve: Serve) -> None:
    with serve().open("/console/", scripts=False) as (page, _):
        assert page.locator("svg.drawn .equity").is_visible()
        assert "at most" in page.locator("figure figcaption").inner_text()


def test_the_keyboard_moves_answers_and_helps(serve: Serve) -> None:
    site = serve()
    with site.open("/console/approvals") as (page, seen):
        page.keyboard.press("a")
        page.keyboard.press("r")
        assert not site.pages.desk.asked, "no key answers before a card is in focus"
        for key in ("j", "j", "k"):
            page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.code") == worlds.card(1).intent.code
        page.keyboard.press("?")
        assert page.locator("dialog.help").is_visible()
        page.keyboard.press("a")
        assert not site.pages.desk.asked, "no key answers behind the help"
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        page.wait_for_url("**/console/approvals?done=*")
        seen.assert_clean()
    assert site.pages.desk.asked[0]["cmd"] == "approve"


def test_a_second_factor_is_asked_for_before_a_key_approves(serve: Serve) -> None:
    site = serve(worlds.snapshot(pending=(worlds.card(3, people=2),)))
    with site.open("/console/approvals") as (page, _):
        page.keyboard.press("j")
        page.keyboard.press("a")
        assert page.evaluate("document.activeElement.name") == "factor"
        page.keyboard.type("123456")
        page.keyboard.press("r")
        assert not site.pages.desk.asked, "keys do nothing while somebody types"
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/approvals?done=*")
    assert (site.pages.desk.asked[0]["cmd"], site.pages.desk.asked[0]["factor"]) == ("approve", "123456")


def test_news_arrive_within_a_second_and_take_nothing_away(serve: Serve) -> None:
    site = serve(worlds.snapshot(pending=(worlds.card(3, people=2),)))
    with site.open("/console/approvals") as (page, seen):
        settle(page)
        field = page.locator("input[name=factor]")
        field.fill("1234")
        page.locator(".card details summary").first.click()
        changed = msgspec.structs.replace(worlds.card(3, people=2), price_last=400_000)
        site.pages.tail.snapshot = worlds.snapshot(version=8, pending=(worlds.card(1), changed))
        page.locator("[data-key]").nth(1).wait_for(timeout=1_000)
        page.get_by_text("0.14 better").wait_for(timeout=1_000)
        assert page.locator("input[name=factor]").input_value() == "1234"
        assert page.evaluate("document.activeElement.closest('[data-item]')?.dataset.code") == changed.intent.code
        assert page.locator("details[open]").count() == 1
        assert page.title().startswith("(2)")
        site.pages.tail.snapshot = worlds.snapshot(version=9, pending=(), halted=True)
        page.get_by_text("Nothing waits for you.").wait_for(timeout=1_000)
        assert page.locator("#level").inner_text().endswith("HALTED")
        seen.assert_clean()


def test_a_press_that_meets_another_card_than_the_one_that_stood_there_does_nothing(serve: Serve) -> None:
    """The card above has ended, so the next one moves under the pointer in the moment of the press."""
    site = serve(worlds.snapshot(pending=(worlds.card(1), worlds.card(2))))
    with site.open("/console/approvals") as (page, seen):
        settle(page)
        place = page.locator("button[value=approve]").first.bounding_box()
        left = page.locator("[data-key]").nth(1).get_attribute("data-key")
        stays = [card for card in (worlds.card(1), worlds.card(2)) if card.intent.intent_id == left]
        site.pages.tail.snapshot = worlds.snapshot(version=8, pending=tuple(stays))
        page.wait_for_selector("[data-key]:only-child")
        now = page.locator("button[value=approve]").bounding_box()
        page.mouse.click(now["x"] + now["width"] / 2, now["y"] + now["height"] / 2)
        page.locator("[data-spoken]", has_text="have moved").wait_for(state="attached", timeout=1_000)
        assert (place["x"], place["y"]) == (now["x"], now["y"]), "the same place on the screen"
        assert not site.pages.desk.asked
        page.wait_for_timeout(800)
        page.mouse.click(now["x"] + now["width"] / 2, now["y"] + now["height"] / 2)
        page.wait_for_url("**/console/approvals?done=*")
        seen.assert_clean()
    assert site.pages.desk.asked[0]["intent"] == left


def test_a_card_whose_time_is_over_cannot_be_pressed(serve: Serve) -> None:
    card = worlds.card(1)
    assert card.asked is not None
    soon = msgspec.structs.replace(card, asked=msgspec.structs.replace(card.asked, expires_ts=worlds.NOW + 2 * SECOND))
    with serve(worlds.snapshot(pending=(soon,))).open("/console/approvals") as (page, _):
        button = page.locator("button[value=approve]")
        assert button.is_enabled()
        page.locator("[data-left]", has_text="expired").wait_for(timeout=4_000)
        assert button.is_disabled()


@pytest.mark.parametrize("live", [True, False], ids=["live", "as it was loaded"])
def test_the_countdown_runs_as_fast_as_the_desks_clock(serve: Serve, live: bool) -> None:
    """A world at sixty times our speed: a question of two minutes is over after two of our seconds."""
    card, health = worlds.card(1), worlds.snapshot().health
    assert card.asked is not None
    assert health.beat is not None
    question = msgspec.structs.replace(card.asked, asked_ts=worlds.NOW, expires_ts=worlds.NOW + 120 * SECOND)
    fast = msgspec.structs.replace(health, beat=msgspec.structs.replace(health.beat, speed=60))
    shown = worlds.snapshot(pending=(msgspec.structs.replace(card, asked=question),), health=fast)
    site = serve(shown, streams=None if live else Streams(in_all_max=0))
    with site.browse() as (page, _):
        begun = time.monotonic()
        page.goto(site.url + "/console/approvals")
        page.locator("[data-left]", has_text="expired").wait_for(timeout=10_000)
        assert 1.8 < time.monotonic() - begun < 10
        assert page.locator("button[value=approve]").is_disabled()


def test_signing_out_elsewhere_ends_a_live_page(serve: Serve) -> None:
    site = serve()
    session = site.pages.sign_in()
    with (
        site.open("/console/orders", session=session) as (page, _),
        site.open("/console/halts", session=session) as (other, _seen),
    ):
        settle(page)
        settle(other)
        assert len(site.pages.streams) == 2
        other.get_by_role("button", name="Sign out").click()
        page.get_by_text("The session has ended").first.wait_for(timeout=2_000)
        assert other.url.endswith("/console/sign-in")
    assert "secret" not in page.url


def test_the_readers_own_time_stands_beside_utc(serve: Serve) -> None:
    with serve().open("/console/approvals") as (page, _):
        assert page.locator(".foot .local").inner_text().strip().endswith(("EST", "EDT"))


def test_what_has_the_focus_is_seen_and_what_is_touched_is_large_enough(serve: Serve) -> None:
    with serve().open("/console/approvals", size=PHONE) as (page, _):
        for _ in range(12):
            page.keyboard.press("Tab")
            width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
            assert width >= 2, page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        small = page.evaluate(
            "[...document.querySelectorAll('button, .button, .rail a')].filter((one) => one.checkVisibility())"
            ".map((one) => [one.innerText, one.getBoundingClientRect().height])"
            ".filter(([name, height]) => height < (name.startsWith('Sign out') ? 24 : 32))"
        )
        assert not small


def test_on_a_phone_the_buttons_of_a_card_are_in_reach_without_scrolling(serve: Serve) -> None:
    with serve().open("/console/approvals", size=PHONE) as (page, _):
        box = page.locator("button[value=approve]").first.bounding_box()
        bar = page.locator("nav.rail").bounding_box()
        assert box["y"] + box["height"] <= bar["y"]
        assert box["width"] > 150


# The pictures that the pages of the docs show: of which page, at which size, in which colours.
PICTURES = {
    f"console-{name}-{size}-{theme}.png": (path, size, theme)
    for name, path, size, theme in (
        ("overview", "/console/", "desktop", "light"), ("overview", "/console/", "phone", "light"),
        ("approvals", "/console/approvals", "desktop", "light"), ("approvals", "/console/approvals", "phone", "dark"),
        ("intent", f"/console/intents/{worlds.code(worlds.SETTLED)}", "desktop", "light"),
        ("halts", "/console/halts", "desktop", "light"),
        ("ledger", "/console/ledger", "desktop", "light"),
    )
}  # fmt: skip


@pytest.mark.skipif(not WRITES_IMAGES, reason="pictures for the docs are only made with ASSENT_SCREENSHOTS=1")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_for_the_docs(serve: Serve, name: str) -> None:
    path, size, theme = PICTURES[name]
    with serve().open(path, size=SIZES[size], theme=theme) as (page, seen):
        settle(page)
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(300)
        page.screenshot(path=IMAGES / name)
        seen.assert_clean()


def test_the_pictures_are_those_that_the_docs_show() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (DOCS.parent / "README.md", *DOCS.rglob("*.md"))]
    shown = {name for text in texts for name in re.findall(r"images/([\w.-]+)", text)}
    assert shown == {path.name for path in IMAGES.iterdir()} == set(PICTURES)

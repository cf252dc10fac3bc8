"""The way in: a code is used up by a press of a button and by nothing else; then no address holds a secret."""

from pathlib import Path

from tests.console.pages import worlds
from tests.console.pages.support import EVERY_PAGE, Markup, Pages, make_pages

from assent.approval import Refusal
from assent.approval.lockout import SOURCE

SIGN_IN = "/console/sign-in"


def offered(page: Pages) -> str:
    return page.access.offer_login("os:ada", ("view", "approve"), page.clock.now())


def test_looking_at_the_address_does_not_burn_the_code(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    code = offered(page)
    for _ in range(3):
        answer = page.browse("GET", f"{SIGN_IN}?code={code}")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert Markup(answer.text).fields() == {"code": code}
    assert len(Markup(answer.text).all("button")) == 1
    answer = page.browse("POST", SIGN_IN, data={"code": code})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert code not in cookie


def test_a_code_works_once(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    code = offered(page)
    page.browse("POST", SIGN_IN, data={"code": code})
    answer = page.browse("POST", SIGN_IN, data={"code": code})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "does not let anybody in" in answer.text


def test_a_code_may_be_typed(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    markup = Markup(page.browse("GET", SIGN_IN).text)
    assert markup.all("input", name="code")
    assert "assent web" in markup.text


def test_a_stranger_is_shown_the_way_in_and_nothing_of_the_desk(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    for path in EVERY_PAGE:
        answer = page.browse("GET", path)
        assert answer.status_code == 401
        assert "Sign in" in answer.text
        for told in ("acc-7731", "kalshi", "PAPER", "threshold"):
            assert told not in answer.text


def test_another_site_cannot_sign_somebody_in(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    answer = page.browse(
        "POST", SIGN_IN, data={"code": offered(page)},
        headers={"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_behind_a_proxy_one_guesser_keeps_nobody_else_out(tmp_path: Path) -> None:
    """Wrong codes count for whoever the proxy says asks, as wrong credentials do, and not for all behind it at once."""
    page = make_pages(tmp_path, proxies=("127.0.0.1",), behind_https=True, allow=("0.0.0.0/0",))
    at = {"origin": "https://localhost:8787"}
    for number in range(SOURCE.tries + 1):
        wrong = "assent_login_" + f"{number:043d}"
        page.browse("POST", SIGN_IN, data={"code": wrong}, headers={**at, "x-forwarded-for": "203.0.113.7"})
    wrong = {"code": "assent_login_" + "9" * 43}
    guesser = page.browse("POST", SIGN_IN, data=wrong, headers={**at, "x-forwarded-for": "203.0.113.7"})
    assert (guesser.status_code, "too many wrong credentials came from there" in guesser.text) == (403, True)
    owner = page.browse("POST", SIGN_IN, data=wrong, headers={**at, "x-forwarded-for": "198.51.100.4"})
    assert (owner.status_code, "nobody here knows this credential" in owner.text) == (403, True)
    right = page.browse("POST", SIGN_IN, data={"code": offered(page)}, headers={**at, "x-forwarded-for": "203.0.113.7"})
    assert right.status_code == 303, "nobody guesses that"


def test_signing_out_ends_the_session_and_what_it_looks_at(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    answer = page.post("/console/sign-out", session)
    assert (answer.status_code, answer.headers["location"]) == (303, SIGN_IN)
    assert isinstance(page.access.check(session.secret, worlds.NOW), Refusal)
    assert page.get("/console/", session).status_code == 401


def test_the_colours_are_a_cookie_of_this_browser(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    answer = page.post("/console/theme", session, theme="dark", back="/console/orders?page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/orders?page=2")
    assert answer.headers["set-cookie"].startswith("assent-theme=dark")
    html = page.get("/console/", session, cookies="assent-theme=dark").text
    assert Markup(html).all("html")[0].attributes["data-theme"] == "dark"
    html = page.get("/console/", session, cookies='assent-theme="><script>').text
    assert Markup(html).all("html")[0].attributes["data-theme"] == "auto"


def test_nobody_is_sent_back_to_another_host(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    session = page.sign_in()
    for back in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/console//elsewhere.example",
        "/console/\r\nx: y",
        "",
    ):
        answer = page.post("/console/theme", session, theme="light", back=back)
        assert answer.headers["location"] == "/console/"


def test_files_are_kept_for_ever_under_an_address_that_changes_with_them(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    html = page.get("/console/").text
    sheet = str(Markup(html).all("link", rel="stylesheet")[0].attributes["href"])
    answer = page.browse("GET", sheet)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    library = Markup(html).all("figure")[0].attributes["data-library"]
    assert len(page.browse("GET", str(library)).content) > 1_000_000
    for wrong in ("/console/static/0000/console.css", sheet + "x", sheet.replace("console.css", "..%2fconsole.css")):
        assert page.browse("GET", wrong).status_code in (400, 404)

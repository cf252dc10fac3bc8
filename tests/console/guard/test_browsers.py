"""A browser adds its cookies whoever made it ask: so what it changes must come from a page of ours, and prove it."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Request
from starlette.responses import PlainTextResponse, Response
from tests.console.support import BASE, SAME_SITE, Console, make_console

from assent.console.guard.credentials import begin_session, end_session
from assent.console.guard.people import Caller, anyone, operator, viewer
from assent.console.guard.settings import WebSettings

HALT = {"reason": "it looks wrong"}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_session_acts_from_a_page_of_ours_that_knows_its_token(console: Console) -> None:
    session = console.sign_in()
    headers = {**SAME_SITE, "x-csrf-token": session.csrf}
    answer = console.browse("POST", "/halts", session, headers=headers, json=HALT)
    assert answer.status_code == 200
    assert console.desk.asked[0] | {"credential": "..."} == {
        "cmd": "halt", "by": "os:ada", "credential": "...", "channel": "web", "reason": "it looks wrong"
    }  # fmt: skip
    assert console.desk.asked[0]["credential"] == session.secret


@pytest.mark.parametrize("given", [None, "", "x", "é", "other"])
def test_without_its_token_a_session_changes_nothing(console: Console, given: str | None) -> None:
    session, other = console.sign_in(), console.sign_in()
    token = {} if given is None else {"x-csrf-token": other.csrf if given == "other" else given.encode()}
    answer = console.browse("POST", "/halts", session, headers={**SAME_SITE, **token}, json=HALT)
    assert code(answer) == (403, "csrf_refused")
    assert console.desk.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"origin": "https://evil.example"}, {"origin": "http://localhost:9999", "sec-fetch-site": "same-site"},
        {"origin": "null"}, {"origin": "null", "sec-fetch-site": "cross-site"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"}, {"origin": BASE, "sec-fetch-site": "cross-site"}, {"origin": "https://localhost:8787"},
        {"origin": "http://localhost:8787.evil.example"}, {"origin": "http://127.0.0.1:8787"},
    ],
)  # fmt: skip
def test_from_anywhere_else_a_session_changes_nothing_even_with_its_token(
    console: Console, headers: dict[str, str]
) -> None:
    session = console.sign_in()
    answer = console.browse("POST", "/halts", session, headers={**headers, "x-csrf-token": session.csrf}, json=HALT)
    assert code(answer) == (403, "origin_refused")
    assert console.desk.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": BASE},
        SAME_SITE,
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_each_way_in_which_a_browser_says_that_it_is_our_page_is_taken(
    console: Console, headers: dict[str, str]
) -> None:
    session = console.sign_in()
    answer = console.browse("POST", "/halts", session, headers={**headers, "x-csrf-token": session.csrf}, json=HALT)
    assert answer.status_code == 200


def test_another_site_cannot_read_by_a_session_either(console: Console) -> None:
    session = console.sign_in()
    for site in ("cross-site", "same-site"):
        answer = console.browse("GET", "/openapi.json", session, headers={"sec-fetch-site": site})
        assert code(answer) == (403, "origin_refused")
    for site in ("same-origin", "none"):
        assert console.browse("GET", "/openapi.json", session, headers={"sec-fetch-site": site}).status_code == 200


def test_a_token_needs_no_page_and_outdoes_the_cookie_beside_it(console: Console) -> None:
    session = console.sign_in("view")
    headers = {"cookie": f"{console.web.cookie}={session.secret}", "sec-fetch-site": "cross-site"}
    answer = console.ask("POST", "/halts", token="operate", headers=headers, json=HALT)
    assert answer.status_code == 200
    assert console.desk.asked[0]["channel"] == "api"


def test_a_session_has_the_scopes_that_it_was_given(console: Console) -> None:
    session = console.sign_in("view")
    answer = console.browse("POST", "/halts", session, headers={**SAME_SITE, "x-csrf-token": session.csrf}, json=HALT)
    assert code(answer) == (403, "scope_refused")


def test_an_ended_session_opens_nothing(console: Console) -> None:
    session = console.sign_in()
    console.access.end_session(session.secret)
    assert code(console.browse("GET", "/openapi.json", session)) == (401, "credential_refused")


@pytest.mark.parametrize(
    "cookie", ["assent-8787=short", "other={0}", "assent-8787={0}; assent-8787={0}", "assent-8788={0}"]
)
def test_a_cookie_that_is_not_ours_or_is_there_twice_is_none(console: Console, cookie: str) -> None:
    said = cookie.format(console.sign_in().secret)
    assert code(console.ask("GET", "/openapi.json", headers={"cookie": said})) == (401, "credential_missing")


# --- pages, as their author will write them ------------------------------------------------------------


def pages(web: WebSettings) -> APIRouter:
    router = APIRouter(prefix="/console")

    @router.get("/page", dependencies=[Depends(viewer)])
    async def page() -> Response:
        return PlainTextResponse("page")

    @router.get("/static/{digest}/{name}", dependencies=[Depends(anyone)])
    async def static(digest: str, name: str) -> Response:
        return PlainTextResponse(f"{digest} {name}", headers={"cache-control": "public, max-age=31536000, immutable"})

    @router.post("/sign-in", dependencies=[Depends(anyone)])
    async def sign_in(request: Request) -> Response:
        response = PlainTextResponse("in")
        begin_session(response, request.scope["assent.form"]["code"], web)
        return response

    @router.post("/sign-out")
    async def sign_out(_caller: Annotated[Caller, Depends(viewer)]) -> Response:
        response = PlainTextResponse("out")
        end_session(response, web)
        return response

    @router.post("/halt")
    async def halt(request: Request, caller: Annotated[Caller, Depends(operator)]) -> Response:
        said = request.scope["assent.form"]
        await request.app.state.asking.have_done("halt", caller, reason=said["reason"])
        return PlainTextResponse("halted")

    return router


@pytest.fixture
def paged(tmp_path: Path) -> Console:
    return make_console(tmp_path / "paged", routers=(pages(WebSettings()),))


def test_a_form_without_scripts_carries_its_token_in_a_field(paged: Console) -> None:
    session = paged.sign_in()
    form = {"csrf": session.csrf, "reason": "by hand"}
    assert paged.browse("POST", "/console/halt", session, data=form).status_code == 200
    assert paged.desk.asked[0]["reason"] == "by hand"
    for wrong in ({"reason": "a"}, {"csrf": "no", "reason": "a"}):
        assert code(paged.browse("POST", "/console/halt", session, data=wrong)) == (403, "csrf_refused")
    twice = f"csrf={session.csrf}&reason=a&reason=b"
    headers = {**SAME_SITE, "content-type": "application/x-www-form-urlencoded"}
    assert code(paged.browse("POST", "/console/halt", session, headers=headers, content=twice)) == (
        422,
        "request_invalid",
    )
    assert len(paged.desk.asked) == 1


def test_nobody_can_be_signed_in_from_another_site(paged: Console) -> None:
    form = {"code": "assent_login_code"}
    answer = paged.ask("POST", "/console/sign-in", data=form, headers={"origin": "https://evil.example"})
    assert code(answer) == (403, "origin_refused")
    assert "set-cookie" not in answer.headers
    assert paged.ask("POST", "/console/sign-in", data=form, headers=SAME_SITE).status_code == 200


def test_the_sessions_cookie_is_for_this_host_alone_and_hidden_from_scripts(paged: Console) -> None:
    answer = paged.ask("POST", "/console/sign-in", data={"code": "the-secret"}, headers=SAME_SITE)
    cookie = answer.headers["set-cookie"]
    assert cookie == "assent-8787=the-secret; HttpOnly; Path=/; SameSite=strict"
    session = paged.sign_in()
    out = paged.browse("POST", "/console/sign-out", session, data={"csrf": session.csrf})
    assert 'assent-8787=""' in out.headers["set-cookie"]
    assert "Max-Age=0" in out.headers["set-cookie"]


def test_over_https_the_cookie_and_the_answers_say_so(tmp_path: Path) -> None:
    web = WebSettings(proxies=("127.0.0.1",), behind_https=True)
    console = make_console(
        tmp_path, routers=(pages(web),), proxies=("127.0.0.1",), behind_https=True, allow=("192.168.1.0/24",)
    )
    headers = {"origin": "https://localhost:8787", "x-forwarded-for": "192.168.1.2"}
    answer = console.ask("POST", "/console/sign-in", data={"code": "the-secret"}, headers=headers)
    assert answer.headers["set-cookie"] == "__Host-assent-8787=the-secret; HttpOnly; Path=/; SameSite=strict; Secure"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    plain = console.ask("POST", "/console/sign-in", data={"code": "x"}, headers={**headers, "origin": BASE})
    assert code(plain) == (403, "origin_refused")


def test_the_consoles_own_files_need_no_credential_and_may_be_kept(paged: Console) -> None:
    answer = paged.ask("GET", "/console/static/abc/console.css")
    assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert paged.ask("GET", "/console/page").status_code == 401


def test_a_refused_page_is_a_page_where_the_pages_say_how(tmp_path: Path) -> None:
    console = make_console(
        tmp_path, routers=(pages(WebSettings()),), render=lambda _scope, refused: f"<p>{refused.code}</p>".encode()
    )
    answer = console.ask("GET", "/console/page")
    assert (answer.status_code, answer.text) == (401, "<p>credential_missing</p>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert console.ask("GET", "/status").json()["code"] == "credential_missing"

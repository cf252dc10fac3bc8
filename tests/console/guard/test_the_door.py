"""What the door takes: addresses, names, sizes, forms of a request, and how it says no."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from tests.console.support import TERMS, Console, make_console

from assent.console.guard.settings import Rate, WebSettings
from assent.model.errors import AssentError
from assent.model.reasons import REASONS
from assent.model.units import SECOND

APPROVE = "/intents/i-0123456789abcdef/approve"
SAID = {"terms": TERMS, "message_id": "one"}


def code(answer: Any) -> tuple[int, str]:
    told = answer.json()
    assert set(told) == {"code", "error", "todo"}
    assert told["code"] in REASONS
    return answer.status_code, told["code"]


# --- whence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["192.168.1.9", "8.8.8.8", "::2", "not an address", "127.0.0.1.evil"])
def test_an_address_that_is_not_allowed_gets_nothing_not_even_health(console: Console, address: str) -> None:
    assert code(console.get("/openapi.json", address=address)) == (403, "address_refused")
    assert code(console.ask("GET", "/health/live", address=address)) == (403, "address_refused")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_allowed_by_whichever_of_its_addresses(console: Console, address: str) -> None:
    assert console.get("/openapi.json", address=address).status_code == 200


def test_what_a_header_says_about_the_address_is_not_believed(console: Console) -> None:
    headers = {"x-forwarded-for": "127.0.0.1", "forwarded": "for=127.0.0.1", "x-real-ip": "127.0.0.1"}
    assert code(console.get("/openapi.json", address="8.8.8.8", headers=headers)) == (403, "address_refused")


def test_a_named_proxy_is_believed_for_its_own_last_word_alone(tmp_path: Path) -> None:
    console = make_console(tmp_path, proxies=("10.0.0.1",), allow=("192.168.1.0/24",))

    def through(forwarded: str | None, proxy: str = "10.0.0.1") -> int:
        headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
        return console.get("/openapi.json", address=proxy, headers=headers).status_code

    assert through("192.168.1.9") == 200
    assert through("8.8.8.8, 192.168.1.9") == 200
    assert through("192.168.1.9, 10.0.0.1") == 200
    assert through("192.168.1.9, 8.8.8.8") == 403
    assert through("192.168.1.9, nonsense") == 403
    assert through("10.0.0.1") == 403
    assert through(None) == 403
    assert through("192.168.1.9", proxy="10.0.0.2") == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1:8787.evil", "", "localhost:80a", "[::2]:8787"]
)
def test_a_name_that_is_not_ours_is_refused_so_that_no_foreign_name_can_point_here(console: Console, host: str) -> None:
    assert code(console.get("/openapi.json", headers={"host": host})) == (421, "host_refused")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8787", "127.0.0.1:1", "[::1]:8787", "[::1]"])
def test_our_names_are_taken_with_whatever_port(console: Console, host: str) -> None:
    assert console.get("/openapi.json", headers={"host": host}).status_code == 200


def test_two_hosts_are_none(console: Console) -> None:
    answer = console.get("/openapi.json", headers=[("host", "localhost"), ("host", "localhost")])
    assert code(answer) == (421, "host_refused")


# --- size and form -------------------------------------------------------------------------------------


def test_an_address_or_headers_beyond_the_bound_are_refused(console: Console) -> None:
    assert code(console.get(f"/intents?status={'a' * 2_100}")) == (414, "url_too_long")
    assert code(console.get("/openapi.json", headers={"x-long": "a" * 17_000})) == (431, "headers_too_large")
    many = [(f"x-{n}", "a") for n in range(70)]
    assert code(console.get("/openapi.json", headers=many)) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/../status", "/ledger/%2e%2e/status", "/ledger/%2E%2e", "/ledger/..%2fstatus", "//status",
        "/ledger//1",
        "/ledger/%5c..%5cetc", "/ledger/%00", "/ledger/%0a", "/ledger/%ff", "/./status", "/ledger/%1b[31m",
        "/%e2%80%ae",
    ],
)  # fmt: skip
def test_a_path_that_leads_anywhere_else_is_refused(console: Console, path: str) -> None:
    # Given as bytes, so that no client tidies it up on the way.
    answer = _raw(console, path)
    assert answer.status_code in (400, 404), answer.text
    assert code(answer)[1] in ("request_path", "not_found")


def _raw(console: Console, path: str) -> Any:
    raw = path.encode()
    sent: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote(path), "raw_path": raw, "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("localhost", 8787),
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {console.tokens['view']}".encode())],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(console.app(scope, receive, send))
    return httpx.Response(sent[0]["status"], content=sent[1]["body"])


def test_a_body_beyond_the_bound_is_refused_by_what_it_says_and_by_what_it_is(console: Console) -> None:
    big = b'{"a":"' + b"a" * 70_000 + b'"}'
    headers = {"content-type": "application/json"}
    assert code(console.post("/halts", content=big, headers=headers)) == (413, "body_too_large")

    async def pieces() -> Any:
        for _ in range(70):
            yield b"a" * 1_000

    assert code(console.post("/halts", content=pieces(), headers=headers)) == (413, "body_too_large")
    lies = {**headers, "content-length": "10"}
    assert code(console.post("/halts", content=pieces(), headers=lies)) == (413, "body_too_large")
    wrong = {**headers, "content-length": "-1"}
    assert code(console.post("/halts", content=b"{}", headers=wrong)) == (400, "request_framing")
    twice = [("content-length", "2"), ("content-length", "3"), ("content-type", "application/json")]
    assert code(console.post("/halts", content=b"{}", headers=twice)) == (400, "request_framing")


def test_a_body_is_not_read_for_who_may_not_send_it(console: Console) -> None:
    read: list[int] = []

    async def pieces() -> Any:
        for number in range(100):
            read.append(number)
            yield b"a" * 1_000

    answer = console.ask("POST", "/halts", content=pieces(), headers={"content-type": "application/json"})
    assert code(answer) == (401, "credential_missing")
    assert read == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nothing", b"[", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"reason":"a","reason":"b"}', b'{"reason":NaN}',
        b'{"reason":Infinity}', b'{"reason":-Infinity}', b'{"reason":1e999}', b"[" * 40 + b"]" * 40, b'{"a":' * 9_000,
        b'{"reason":"a"}{"reason":"b"}', b"'reason'", b'{"reason":"\\ud800"}', b'{"reason": 1}', b'{"reason": null}',
        b'{"reason": ["a"]}', b'{"reason": "a", "cause": "b"}', b'{"Reason": "a"}', b'"a"', b"{}", b'{"reason": ""}',
        b'{"reason": "  "}', b'{"reason": true}',
    ],
)  # fmt: skip
def test_a_body_has_one_meaning_and_the_declared_form_or_is_refused(console: Console, body: bytes) -> None:
    answer = console.post("/halts", content=body, headers={"content-type": "application/json"})
    assert code(answer)[0] in (400, 422), answer.text
    assert console.desk.asked == []


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_a_body_of_another_kind_is_refused(console: Console, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    assert code(console.post("/halts", content=b'{"reason":"a"}', headers=headers)) == (415, "body_type")


def test_a_bracket_in_a_text_is_no_nesting(console: Console) -> None:
    reason = "[" * 60 + '\\" {{{{'
    assert console.post("/halts", json={"reason": reason}).status_code == 200
    assert console.desk.asked[-1]["reason"] == reason


def test_a_get_with_a_body_is_refused(console: Console) -> None:
    answer = console.get("/openapi.json", content=b"{}", headers={"content-type": "application/json"})
    assert code(answer) == (400, "request_framing")


@pytest.mark.parametrize(
    "query",
    ["nothing=1", "after=1&after=2", "after=%ff", "after=1%2B", "after=+1", "after=1.0", "after=1_0", "after=-1"],
)
def test_a_query_that_is_not_exactly_one_that_is_known_is_refused(console: Console, query: str) -> None:
    assert code(console.get(f"/ledger?{query}")) == (422, "request_invalid")


@pytest.mark.parametrize("name", ["upgrade"])
def test_nothing_becomes_another_protocol(console: Console, name: str) -> None:
    for protocol in ("websocket", "h2c"):
        answer = console.get("/openapi.json", headers={name: protocol, "connection": "upgrade"})
        assert code(answer) == (400, "upgrade_refused")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_a_method_that_a_path_does_not_take_is_405_and_says_which_it_takes(console: Console, method: str) -> None:
    answer = console.ask(method, "/halts", token="all")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


# --- where credentials may stand -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["token", "access_token", "api-key", "Authorization", "key", "session"])
def test_a_credential_in_an_address_is_refused_and_counted(console: Console, name: str) -> None:
    answer = console.get(f"/openapi.json?{name}=anything")
    assert code(answer) == (400, "token_in_url")
    assert _counted(console, "token_in_url") == 1


def test_one_of_our_tokens_anywhere_in_an_address_is_refused_and_not_repeated(console: Console) -> None:
    token = console.tokens["view"]
    for path in (f"/ledger?after={token}", f"/why/{token}", f"/why/%61ssent_token_{token[13:]}"):
        answer = console.get(path)
        assert code(answer) == (400, "token_in_url")
        assert token not in answer.text


def _counted(console: Console, reason: str) -> float:
    found = console.app.state.counts.registry.get_sample_value("assent_console_refusals_total", {"code": reason})
    return found or 0.0


# --- how often -----------------------------------------------------------------------------------------


def test_who_asks_too_often_waits_and_is_told_how_long(tmp_path: Path) -> None:
    console = make_console(tmp_path, per_credential=Rate(3, 2 * SECOND))
    assert [console.get("/openapi.json").status_code for _ in range(4)] == [200, 200, 200, 429]
    late = console.get("/openapi.json")
    assert (code(late), late.headers["retry-after"]) == ((429, "rate_limited"), "2")
    assert console.get("/openapi.json", token="all").status_code == 200
    console.clock.ts += 2 * SECOND
    assert [console.get("/openapi.json").status_code for _ in range(2)] == [200, 429]


def test_an_address_is_bounded_whatever_it_brings(tmp_path: Path) -> None:
    console = make_console(tmp_path, per_address=Rate(2, SECOND), allow=("127.0.0.0/8", "2001:db8::/32"))
    assert [console.ask("GET", "/health/live").status_code for _ in range(3)] == [200, 200, 429]
    assert console.ask("GET", "/health/live", address="127.0.0.2").status_code == 200
    # One network's many addresses count as one.
    statuses = [console.ask("GET", "/health/live", address=f"2001:db8::{n}").status_code for n in range(1, 4)]
    assert statuses == [200, 200, 429]


# --- what every answer says ----------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "status"), [("/health/live", 200), ("/openapi.json", 200), ("/nothing", 404)])
def test_every_answer_tells_a_browser_to_trust_nothing(console: Console, path: str, status: int) -> None:
    answer = console.get(path, token="view")
    assert answer.status_code == status
    for name, value in {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }.items():
        assert answer.headers.get_list(name) == [value]
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_a_fault_of_ours_is_told_by_a_code_and_written_down_without_the_words(
    console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_request: Any) -> Any:
        raise KeyError("the secret of this request")

    console.app.state.asking._ask = broken
    answer = console.post("/halts", json={"reason": "a"})
    assert code(answer) == (500, "console_fault")
    assert "secret" not in answer.text + caplog.text
    assert "KeyError at" in caplog.text
    assert "test_the_door.py" in caplog.text


def test_the_access_log_names_routes_and_identities_and_nothing_that_was_said(
    console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "assent.console.access")
    console.post(APPROVE, json=SAID | {"factor": "123456"})
    console.get("/ledger?after=7777777")
    console.ask("GET", "/%0aforged", headers={"cookie": "canary=cookie"})
    assert "token:all POST /intents/{intent_id}/approve" in caplog.text
    assert "token:view GET /ledger" in caplog.text
    for said in (TERMS, "123456", "7777777", "forged", "canary", console.tokens["all"], console.tokens["view"]):
        assert said not in caplog.text


# --- settings ------------------------------------------------------------------------------------------


def test_the_console_never_sends_a_token_over_a_network_in_the_clear() -> None:
    for open_to_all in ("0.0.0.0", "::", "192.168.1.5", "desk.example"):
        with pytest.raises(AssentError, match="in the clear"):
            WebSettings(host=open_to_all)
    assert WebSettings(host="0.0.0.0", certificate="c.pem", certificate_key="k.pem").cookie == "__Host-assent-8787"
    assert WebSettings(host="0.0.0.0", proxies=("10.0.0.1",), behind_https=True).secure
    assert not WebSettings(behind_https=True).secure


def test_settings_that_cannot_be_meant_say_so() -> None:
    with pytest.raises(AssentError, match="no address and no network"):
        WebSettings(allow=("everybody",))
    with pytest.raises(AssentError, match="without its key"):
        WebSettings(certificate="c.pem")


def test_a_refusal_says_what_to_do(console: Console) -> None:
    told = json.loads(console.ask("GET", "/status").content)
    assert told["todo"] == REASONS["credential_missing"].sentence

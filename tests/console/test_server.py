"""The console on a real socket: what only bytes can try, and clients that are slow, rude or gone."""

import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from tests.console.serving import Served, heard, serving
from tests.console.support import Console, make_console

from assent.console import server as server_module
from assent.model.units import SECOND

HEADERS_S = 0.6
BODY_NS = 7 * SECOND // 10


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Console:
    return make_console(tmp_path_factory.mktemp("console"), body_wait_ns=BODY_NS, write_wait_ns=BODY_NS)


@pytest.fixture(scope="module")
def served(console: Console) -> Iterator[Served]:
    """One server for all who are rude to it: none may leave it worse than it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_module, "HEADERS_WAIT_S", HEADERS_S)
        with serving(console) as found:
            yield found


def head(console: Console, *more: str, line: str = "GET /openapi.json HTTP/1.1") -> bytes:
    token = f"Authorization: Bearer {console.tokens['all']}"
    return "\r\n".join((line, "Host: 127.0.0.1", token, *more, "", "")).encode()


def told(answer: bytes) -> tuple[int, str]:
    """The first answer's status and code."""
    lines, _, body = answer.partition(b"\r\n\r\n")
    status = int(lines.split(b" ", 2)[1])
    try:
        return status, str(json.loads(body).get("code", ""))
    except ValueError:
        return status, body.decode("latin-1")[:60]


def test_it_serves_and_says_nothing_of_what_it_is_made_of(console: Console, served: Served) -> None:
    with httpx.Client(base_url=served.base) as client:
        answer = client.get("/health/live")
        again = client.get("/openapi.json", headers={"authorization": f"Bearer {console.tokens['view']}"})
    assert (answer.status_code, again.status_code) == (200, 200)
    assert "server" not in answer.headers
    assert "uvicorn" not in (str(answer.headers) + str(again.headers)).lower()


def test_an_answer_does_not_wait_for_the_reader_to_acknowledge_its_beginning(served: Served) -> None:
    """A system holds back acknowledgements for 40 ms, though not those of a fresh connection."""
    took = []
    with httpx.Client(base_url=served.base) as client:
        for _ in range(60):
            begun = time.monotonic()
            assert client.get("/health/live").status_code == 200
            took.append(time.monotonic() - begun)
    assert min(took[-30:]) < 0.03


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_a_page_elsewhere_gets_no_websocket(console: Console, served: Served, protocol: str) -> None:
    upgrade = (
        "Connection: Upgrade", f"Upgrade: {protocol}", "Origin: https://evil.example", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )  # fmt: skip
    answer = served.answer(head(console, *upgrade))
    assert told(answer) == (400, "upgrade_refused")
    assert b"101" not in answer.split(b"\r\n")[0]


def test_a_body_beyond_the_bound_ends_the_connection_whatever_it_said(console: Console, served: Served) -> None:
    line, kind = "POST /halts HTTP/1.1", "Content-Type: application/json"
    said = served.answer(head(console, kind, "Content-Length: 1000000", line=line) + b"a" * 100_000)
    assert told(said) == (413, "body_too_large")
    assert b"connection: close" in said.lower()
    chunk = b"1000\r\n" + b"a" * 4_096 + b"\r\n"
    chunked = served.answer(head(console, kind, "Transfer-Encoding: chunked", line=line) + chunk * 40)
    assert told(chunked) == (413, "body_too_large")
    assert console.desk.asked == []


def test_a_length_that_lies_serves_nobody(console: Console, served: Served) -> None:
    line, kind = "POST /halts HTTP/1.1", "Content-Type: application/json"
    body = b'{"reason": "stop"}'
    # Shorter than it says, then gone: nobody is told, nothing was done.
    assert served.say(head(console, kind, "Content-Length: 100", line=line) + body, hang_up=True) == b""
    assert console.desk.asked == []
    # Longer than it says: what is left over is no request.
    answer = served.say(head(console, kind, "Content-Length: 2", line=line) + b"{}" + b"GET nonsense\r\n\r\n")
    assert told(answer)[0] == 422
    assert answer.count(b"HTTP/1.1") <= 2
    # Both lengths at once, as smuggled requests have them.
    both = served.answer(
        head(console, kind, "Content-Length: 5", "Transfer-Encoding: chunked", line=line) + b"0\r\n\r\n"
    )
    assert told(both)[0] == 400
    twice = served.answer(head(console, kind, "Content-Length: 18", "Content-Length: 2", line=line) + body)
    assert told(twice)[0] == 400
    assert console.desk.asked == []


def test_who_sends_a_body_by_drops_is_not_waited_for(console: Console, served: Served) -> None:
    with served.connect() as client:
        client.sendall(
            head(console, "Content-Type: application/json", "Content-Length: 1000", line="POST /halts HTTP/1.1")
        )
        begun = time.monotonic()
        client.sendall(b"{")
        answer = heard(client, quiet_s=3.0)
    assert told(answer) == (408, "body_late")
    assert 0.5 < time.monotonic() - begun < 3.0


def test_who_never_ends_the_headers_is_hung_up_on_however_busily_they_drip(console: Console, served: Served) -> None:
    begun = time.monotonic()
    with served.connect() as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        gone = False
        while not gone and time.monotonic() - begun < 5.0:
            time.sleep(0.05)
            try:
                client.sendall(b"X-Drip: a\r\n")
            except OSError:
                gone = True
    assert gone
    assert time.monotonic() - begun < 4 * HEADERS_S


def test_who_connects_and_says_nothing_is_hung_up_on(served: Served) -> None:
    with served.connect() as client:
        begun = time.monotonic()
        assert client.recv(10) == b""
        assert time.monotonic() - begun < 4 * HEADERS_S


def test_a_connection_that_is_used_lives_on(console: Console, served: Served) -> None:
    with served.connect() as client:
        for _ in range(8):
            client.sendall(head(console, line="GET /health/live HTTP/1.1"))
            answer = b""
            while not answer.endswith(b'{"ok":true}'):
                answer += client.recv(65_536)
            time.sleep(HEADERS_S / 4)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nHost: a\r\nBad header\r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n",
        b"\r\n" * 40, b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"A" * 200_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n\tfolded\r\n\r\n",
        b"GET http://127.0.0.1/status HTTP/1.1\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /status HTTP/1.0\r\n\r\n", b"GET /%zz%%% HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)  # fmt: skip
def test_bytes_that_are_no_request_of_ours_are_refused_and_harm_nobody(served: Served, data: bytes) -> None:
    answer = served.answer(data)
    assert answer == b"" or 400 <= told(answer)[0] < 500, answer[:200]
    assert httpx.get(f"{served.base}/health/live").status_code == 200


def test_a_client_that_does_not_read_its_answer_holds_nobody_up_and_is_hung_up_on(
    console: Console, served: Served
) -> None:
    before = _given_up(console)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(10.0)
        client.connect(("127.0.0.1", served.port))
        client.sendall(head(console) * 100)
        begun = time.monotonic()
        while _given_up(console) == before and time.monotonic() - begun < 10.0:
            assert httpx.get(f"{served.base}/health/live").status_code == 200
        answers = heard(client).count(b"HTTP/1.1 200")
    assert _given_up(console) == before + 1
    assert answers < 100


def _given_up(console: Console) -> float:
    labels = {"method": "GET", "route": "/openapi.json", "status": "499"}
    return console.app.state.counts.registry.get_sample_value("assent_console_requests_total", labels) or 0.0

"""The part of the second reading that belongs to no venue: HTTP, the envelope, canonical JSON, what differs."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.venue.fakes import ScriptedTransport, let_go, ok
from tests.venue.kalshi.boxed import an_order

from assent.venue.leaving import (
    IN_MEMORY,
    NO_READER,
    canonical,
    difference,
    envelope_fault,
    handed_over,
    host_of,
    origin_of,
    read_request,
)
from assent.venue.read_only import ReadOnly
from assent.venue.transport import Failed, Leaving, Request, Stays, Withheld

HEADERS = (("accept", "application/json"), ("sign", "c2ln+/=="))
GOOD = (
    b"POST /orders?a=1 HTTP/1.1\r\nHost: venue.test\r\naccept: application/json\r\nsign: c2ln+/==\r\n"
    b'Content-Length: 10\r\n\r\n{"a":"\xc3\xa9"}'
)


class Said(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    count: int = 0
    sure: bool = False


SAID = msgspec.json.Decoder(Said)


def _noting(seen: list[Leaving]) -> Withheld:
    def withheld(leaving: Leaving) -> None:
        seen.append(leaving)

    return withheld


def fault(leaving: Leaving) -> str:
    return envelope_fault(leaving, origin=IN_MEMORY, method="POST", target="/orders?a=1", headers=HEADERS)


def test_a_request_is_read_as_it_stands() -> None:
    leaving = read_request(GOOD, IN_MEMORY)
    own = ("Host", "venue.test"), ("Content-Length", "10")
    assert leaving == Leaving(IN_MEMORY, "POST", "/orders?a=1", (own[0], *HEADERS, own[1]), '{"a":"é"}'.encode())
    assert fault(leaving) == ""
    assert "sign" not in repr(leaving), "what shows it shows no header"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\r\n\r\n", GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"), GOOD.replace(b"HTTP/1.1", b"HTTP/2"),
        GOOD.replace(b"POST ", b"POST  "), GOOD.replace(b"\r\n", b"\n"), GOOD.replace(b"accept: ", b"accept:"),
        GOOD.replace(b"accept: ", b"accept : "), GOOD.replace(b"json\r\n", b"json \r\n"),
        GOOD.replace(b"json\r\n", b"json\r\n folded\r\n"), GOOD.replace(b"json", b"js\xc3\xb6n"),
        GOOD.replace(b"json", b"js\0n"), GOOD.replace(b"/orders", b"/ord ers"), b"POST /orders HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_not_written_as_we_write_it_is_no_request(raw: bytes) -> None:
    assert read_request(raw, IN_MEMORY) is None


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (b"POST", b"PUT", "method"),
        (b"a=1", b"a=2", "target"),
        (b"venue.test", b"venue.best", "Host"),
        (b"Content-Length: 10", b"Content-Length: 11", "Content-Length"),
        (b"Content-Length: 10", b"content-length: 10", "content-length"),
        (b"Content-Length: 10\r\n", b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding"),
        (b"sign: c2ln", b"sign: C2ln", "sign"),
        (b"accept: application/json\r\n", b"", "accept"),
        (b"accept: application/json\r\n", b"accept: application/json\r\naccept: application/json\r\n", "twice"),
        (GOOD[45:87], GOOD[71:87] + GOOD[45:71], "elsewhere"),
        (b"accept: a", b"accept-encoding: gzip\r\naccept-encoding: gzip\r\naccept: a", "accept-encoding"),
    ],
)  # fmt: skip
def test_an_envelope_that_differs_is_refused_by_its_name_and_never_by_its_value(
    before: bytes, after: bytes, named: str
) -> None:
    leaving = read_request(GOOD.replace(before, after), IN_MEMORY)
    assert leaving is not None
    assert named in fault(leaving)
    assert "c2ln" not in fault(leaving)
    assert "C2ln" not in fault(leaving)


def test_a_transport_may_ask_for_a_packed_answer_in_its_one_place() -> None:
    leaving = read_request(GOOD.replace(b"accept: ", b"accept-encoding: gzip\r\naccept: "), IN_MEMORY)
    assert leaving is not None
    assert fault(leaving) == ""


def test_an_origin_names_its_port_and_its_host_header_leaves_the_usual_one_out() -> None:
    for address, origin, host in (
        ("https://External-api.kalshi.com", "https://external-api.kalshi.com:443", "external-api.kalshi.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://venue.test", IN_MEMORY, "venue.test"),
        ("https://venue.test:80", "https://venue.test:80", "venue.test:80"),
    ):
        assert (origin_of(address), host_of(origin)) == (origin, host)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"null", b'{"name":"a" }', b'{ "name":"a"}', b'{"name":"a"}\n', b'{"name":"\\u0061"}',
        b'{"name":"b","name":"a"}', b'{"count":1,"name":"a"}', b'{"name":"a","count":0}', b'{"name":"a","sure":false}',
        b'{"name":"a","count":1.0}', b'{"name":"a","count":1e0}', b'{"name":"a","count":"1"}', b'{"name":null}',
        b'{"name":"a","count":true}', b'{"name":"a","sure":1}', b'{"name":"a","more":1}', b'{"name":"\xff"}', b'["a"]',
        b"[" * 9_999, b'{"name":"a","count":' + b"9" * 5_000 + b"}", b'\xef\xbb\xbf{"name":"a"}', b'{"Name":"a"}',
    ],
)  # fmt: skip
def test_another_spelling_is_another_thing(body: bytes) -> None:
    assert canonical(body, SAID) is None


@given(st.builds(Said, st.text(), st.integers(-(2**63), 2**63 - 1), st.booleans()))
def test_what_is_written_canonically_is_read_as_it_was(said: Said) -> None:
    assert canonical(msgspec.json.encode(said), SAID) == said


def test_a_request_that_is_handed_over_is_asked_about_too() -> None:
    seen: list[Leaving] = []
    request = Request("PUT", "/x", {"a": "b"}, b"{}", _noting(seen))
    assert handed_over(request) is None
    assert seen == [
        Leaving(IN_MEMORY, "PUT", "/x", (("Host", "venue.test"), ("a", "b"), ("Content-Length", "2")), b"{}")
    ]
    assert handed_over(request._replace(withheld=None)) == Stays(NO_READER)
    assert handed_over(Request("GET", "/x", {})) is None


def test_what_would_not_leave_in_live_shows_where_nothing_leaves() -> None:
    inner = ScriptedTransport(lambda _: ok(), lambda: 0)
    door = ReadOnly(inner, "https://venue.test")
    origins: list[str] = []

    def differs(leaving: Leaving) -> Stays:
        origins.append(leaving.origin)
        return Stays("digest_differs", "price")

    async def ask(request: Request) -> object:
        return await door.request(request, timeout_ns=1)

    assert asyncio.run(ask(Request("POST", "/x", {}, b"{}", differs))) == Failed("not_sent", "digest_differs", "price")
    assert asyncio.run(ask(Request("POST", "/x", {}, b"{}", let_go))) == Failed("not_sent", "dry_run")
    assert asyncio.run(ask(Request("POST", "/x", {}, b"{}"))) == Failed("not_sent", "dry_run")
    assert origins == ["https://venue.test:443"]
    assert inner.sent == []


def test_a_difference_names_the_terms_that_differ_and_no_others() -> None:
    order = an_order()
    assert difference(order, order) == ""
    other = msgspec.structs.replace(order, side="sell", expires_ts=1)
    assert difference(order, other) == (
        "side is sell in the bytes, and buy was released; expires_ts is 1 in the bytes, and None was released"
    )

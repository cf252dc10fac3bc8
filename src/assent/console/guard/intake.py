"""What may come in at all: the size and form of a request's address, headers and body.

Bounds are kept while reading, so nobody can make us hold more than one body of the allowed size. A JSON body has one
meaning or none: a key given twice, a number that is none, nesting without end are refused before anything reads them.
"""

import asyncio
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope

from assent.console.guard.refusals import Refused
from assent.console.guard.settings import WebSettings
from assent.model.units import SECOND

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
DEPTH_MAX: Final = 16
FIELDS_MAX: Final = 32
# How much more of a body that is too large is read, so that an honest client hears why, and for how long.
THROWN_AWAY_MAX: Final = 1 << 20
THROWN_AWAY_S: Final = 0.5
# What is still on its way is not read, so the connection cannot be used again.
CLOSING: Final = (("connection", "close"),)
# Names under which other software puts a credential into an address, and how our own credentials begin. The one-time
# code of a sign-in is none: it opens nothing but a session, once.
TOKEN_NAMES: Final = frozenset(
    ("token", "access_token", "api_key", "apikey", "key", "auth", "authorization", "bearer", "secret", "session",
     "credential", "password")
)  # fmt: skip

OWN_TOKENS: Final = ("assent_token_", "assent_session_")

Pairs = list[tuple[str, str]]


class Gone(Exception):
    """The client left before its request was whole. There is nobody to tell."""


def check_size(scope: Scope, settings: WebSettings) -> None:
    """The address and the headers, before anything looks into them."""
    length = len(scope["raw_path"]) + 1 + len(scope["query_string"])
    if length > settings.url_max:
        raise Refused("url_too_long", f"the address is {length} bytes long; at most {settings.url_max} are taken")
    lines = scope["headers"]
    size = sum(len(name) + len(value) + 4 for name, value in lines)
    if len(lines) > settings.header_lines_max or size > settings.headers_max:
        raise Refused(
            "headers_too_large",
            f"the request has {len(lines)} headers of {size} bytes together; at most {settings.header_lines_max}"
            f" headers of {settings.headers_max} bytes are taken",
        )


def check_path(scope: Scope) -> None:
    """A path says one thing: no way up, no hidden separator, nothing unprintable, nothing that was not text."""
    raw, path = scope["raw_path"].lower(), scope["path"]
    segments = path.split("/")[1:]
    fault = (
        not path.startswith("/")
        or not path.isprintable()
        or "\ufffd" in path
        or "\\" in path
        or b"%2f" in raw
        or any(segment in (".", "..") for segment in segments)
        or any(segment == "" for segment in segments[:-1])
    )
    if fault:
        raise Refused("request_path", "the path holds an empty or relative part, or a character that no path here has")


def check_framing(headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Where the body ends has one answer, and the connection stays what it is."""
    names = [name for name, _ in headers]
    if b"upgrade" in names:
        raise Refused("upgrade_refused", "the request asks for another protocol on this connection")
    lengths = names.count(b"content-length")
    if lengths > 1 or (lengths and b"transfer-encoding" in names):
        raise Refused("request_framing", "the request says more than once how long its body is")


def query_of(scope: Scope) -> Pairs:
    """The query, each name once; refused when a credential stands in the address, which is written down everywhere."""
    pairs = _pairs(scope["query_string"], "the query")
    texts = [scope["path"], *(value for _, value in pairs)]
    named = any(name.lower().replace("-", "_") in TOKEN_NAMES for name, _ in pairs)
    if named or any(mark in text.lower() for mark in OWN_TOKENS for text in texts):
        raise Refused("token_in_url", "the address carries what looks like a credential")
    return pairs


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form, each given once."""
    return dict(_pairs(body, "the form"))


def _pairs(data: bytes, what: str) -> Pairs:
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:  # UnicodeDecodeError is one
        raise Refused("request_invalid", f"{what} is not text, or has more than {FIELDS_MAX} fields") from None
    names = [name for name, _ in pairs]
    twice = len(names) != len(set(names))
    if twice:
        raise Refused("request_invalid", f"{what} gives a name more than once")
    return pairs


async def read_body(receive: Receive, headers: dict[str, str], settings: WebSettings) -> bytes:
    """The whole body within the bound and the time, whatever was said about its length."""
    said = headers.get("content-length", "")
    if said and not (said.isascii() and said.isdigit()):
        raise Refused("request_framing", "the content-length is not a number")
    if len(said) > 12 or int(said or 0) > settings.body_max:
        await _throw_away(receive)
        raise _too_large(settings.body_max)
    wait_s = settings.body_wait_ns / SECOND
    try:
        async with asyncio.timeout(wait_s):
            return await _whole(receive, settings.body_max)
    except TimeoutError:
        raise Refused("body_late", f"the body was not whole within {wait_s:.1f} s", headers=CLOSING) from None


async def _whole(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        part, more = await _part(receive)
        size += len(part)
        if size > most:
            if more:
                await _throw_away(receive)
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


async def _throw_away(receive: Receive) -> None:
    """A little more of what is too large: a line that is cut while it is still written to loses the answer."""
    size, more = 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(THROWN_AWAY_S):
            while more and size < THROWN_AWAY_MAX:
                part, more = await _part(receive)
                size += len(part)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    """The next piece of the body, and whether there is more."""
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    return bytes(message.get("body", b"")), bool(message.get("more_body"))


def _too_large(most: int) -> Refused:
    return Refused("body_too_large", f"the body is larger than the {most} bytes that are taken", headers=CLOSING)


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, for those behind; then what the connection itself says."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def type_of(headers: dict[str, str]) -> str:
    """The body's media type without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def check_json(body: bytes) -> None:
    """That the body is JSON with one meaning."""
    try:
        text = body.decode("utf-8")
        if _depth(text) > DEPTH_MAX:
            raise Refused("body_not_json", f"the body is nested deeper than {DEPTH_MAX}")
        json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Refused("body_not_json", "the body is not JSON") from None


def _depth(text: str) -> int:
    """The deepest nesting, strings left out; a fault in the text is found by whoever reads it then."""
    deepest = depth = 0
    inside = escaped = False
    for symbol in text:
        if inside:
            inside = escaped or symbol != '"'
            escaped = not escaped and symbol == "\\"
        elif symbol == '"':
            inside = True
        elif symbol in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif symbol in "]}":
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("body_not_json", "the body gives a key more than once")
    return found


def _no_constant(word: str) -> float:
    raise Refused("body_not_json", f"the body holds {word}, which is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refused("body_not_json", "the body holds a number that is beyond all bounds")
    return number

"""The line between a client and the box, with the faults that its rules ask for.

A plain ASGI application around another one. Requests are lost, held, doubled and answered wrongly; frames are dropped,
doubled, reordered and held, and connections are cut. What reaches the venue is carried out there to its end, whatever
becomes of the answer. It needs no thread and no clock but the one that it is given, and delays pass in that one's time.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from assent.exchange.kalshi.app import BODY_MAX, ROOT
from assent.exchange.kalshi.asgi import RECEIVED, Application, Message, Receive, Scope, Send, gone, read_body, tear_down
from assent.exchange.kalshi.faults import OF_HANDSHAKES, Faults, Struck
from assent.exchange.kalshi.numbers import MILLISECOND

GARBAGE_BYTES = 64
# What a rule's `path` calls the handshake of the websocket.
HANDSHAKE = "/ws/v2"
_DECIMAL = re.compile(r"-?[0-9]{1,12}\.[0-9]{1,6}")
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
JSON = (b"content-type", b"application/json")
HTML = (b"content-type", b"text/html")


class Time(Protocol):
    """What is needed of a clock."""

    def now(self) -> int: ...

    def sleep(self, duration_ns: int) -> Awaitable[None]: ...


class Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Exchanged(NamedTuple):
    """One request on its way: its end towards the client, and how to have it carried out."""

    scope: Scope
    receive: Receive
    send: Send
    struck: Struck
    deliver: Callable[[], Awaitable[Answer]]


class Disturbed:
    """`application` behind a line that `faults` disturbs."""

    def __init__(self, application: Application, faults: Faults, time: Time) -> None:
        self._application = application
        self._faults = faults
        self._time = time
        self._disturbances: dict[str, Callable[[Exchanged], Awaitable[None]]] = {
            "lose": self._lose,
            "silence": self._silence,
            "delay": self._delay,
            "hold": self._hold,
            "duplicate": self._duplicate,
            "answer": self._answer,
            "trickle": self._trickle,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if await self._connects(scope, receive, send):
                line = FrameLine(self._faults, self._time, scope, send)
                await self._application(scope, receive, line.send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _connects(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the handshake of a websocket comes through; if not, its client has heard so, or nothing."""
        struck = self._faults.of_request("GET", HANDSHAKE, self._time.now(), OF_HANDSHAKES)
        if struck is not None and struck.rule.effect == "delay":
            await self._pass(struck)
        if struck is None or struck.rule.effect == "delay":
            return True
        await receive()
        if struck.rule.effect == "answer":
            body = _BODIES[struck.rule.body](struck, Answer(502, [], b""))
            told = {"status": struck.rule.status or 502, "headers": [HTML if struck.rule.body == "html" else JSON]}
            await send({"type": "websocket.http.response.start", **told})
            await send({"type": "websocket.http.response.body", "body": body})
            # One turn of the loop lets the server close the line; uvicorn logs an error if we have ended before.
            await asyncio.sleep(0)
            return False
        if struck.rule.effect == "lose":
            tear_down(scope)
        await gone(receive)
        # So a server hears that its application knows that nobody is there.
        await send({"type": "websocket.close", "code": 1006})
        return False

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, BODY_MAX)
        if body is None:
            return
        method, path = scope["method"], scope["path"].removeprefix(ROOT)
        struck = self._faults.of_request(method, path, self._time.now())
        if struck is not None and struck.rule.effect == "hold":
            scope[RECEIVED] = self._time.now()

        async def deliver() -> Answer:
            told = await _carried_out(self._application, dict(scope), body)
            if told.status < 300:
                self._faults.keep(method, path, told.body)
            return told

        if struck is None:
            await _send(send, await deliver())
            return
        await self._disturbances[struck.rule.effect](Exchanged(scope, receive, send, struck, deliver))

    # --- what goes wrong -------------------------------------------------------------------------------

    async def _lose(self, line: Exchanged) -> None:
        """Before: it never arrives. After: it is carried out, and nobody hears of it. Either way the line breaks."""
        if line.struck.rule.phase == "after":
            await line.deliver()
        tear_down(line.scope)
        await gone(line.receive)

    async def _silence(self, line: Exchanged) -> None:
        """The same, but the line stays up and says nothing until the client gives up."""
        if line.struck.rule.phase == "after":
            await line.deliver()
        await gone(line.receive)

    async def _hold(self, line: Exchanged) -> None:
        """It has come in and was let in, and is carried out late, by a venue that is behind with its work."""
        await self._pass(line.struck)
        await _send(line.send, await line.deliver())

    async def _delay(self, line: Exchanged) -> None:
        """Late on its way in, where its signature grows old, or on its way out. A client that leaves does not call it
        back."""
        if line.struck.rule.phase == "before":
            await self._pass(line.struck)
            answer = await line.deliver()
        else:
            answer = await line.deliver()
            await self._pass(line.struck)
        await _send(line.send, answer)

    async def _duplicate(self, line: Exchanged) -> None:
        """It arrives twice; the client hears the first answer."""
        answer = await line.deliver()
        await self._pass(line.struck)
        await line.deliver()
        await _send(line.send, answer)

    async def _answer(self, line: Exchanged) -> None:
        """Something else than the venue's own answer; before: instead of carrying it out."""
        rule = line.struck.rule
        true = await line.deliver() if rule.phase == "after" else Answer(200, [JSON], b"")
        body = _BODIES[rule.body](line.struck, true)
        # Nothing can stand behind a 204.
        status = rule.status or (200 if true.status == 204 and body else true.status)
        headers = [HTML if rule.body == "html" else JSON, (b"content-length", str(len(body)).encode())]
        await _send(line.send, Answer(status, headers, body))

    async def _trickle(self, line: Exchanged) -> None:
        """The answer, a byte at a time."""
        answer = await line.deliver()
        await line.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        for byte in answer.body:
            await line.send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await self._pass(line.struck)
        await line.send({"type": "http.response.body", "body": b""})

    async def _pass(self, struck: Struck) -> None:
        await self._time.sleep(struck.rule.ms * MILLISECOND)


class FrameLine:
    """What one websocket's client is sent, with the faults of the way."""

    def __init__(self, faults: Faults, time: Time, scope: Scope, send: Send) -> None:
        self._faults = faults
        self._time = time
        self._scope = scope
        self._send = send
        self._dead = False
        self._held: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] != "websocket.send":
            await self._send(message)
            return
        if self._dead:
            return
        struck = self._faults.of_frame(_kind_of(message), self._time.now())
        await self._disturb(message, struck)

    async def _disturb(self, message: Message, struck: Struck | None) -> None:
        effect = "" if struck is None else struck.rule.effect
        if effect in ("freeze", "cut"):
            # The line is up and nothing comes any more, or it is gone at once.
            self._dead = True
        if effect == "cut":
            tear_down(self._scope)
        if effect in ("drop", "freeze", "cut"):
            return
        if effect == "reorder" and self._held is None:
            self._held = message
            return
        if struck is not None and effect == "delay":
            await self._time.sleep(struck.rule.ms * MILLISECOND)
        await self._send(message)
        if effect == "duplicate":
            await self._send(message)
        if self._held is not None:
            held, self._held = self._held, None
            await self._send(held)


def _error(struck: Struck, true: Answer) -> bytes:
    """What the venue, or somebody before it, says with such a status."""
    status = struck.rule.status or true.status
    codes = {500: "internal_server_error", 503: "service_unavailable", 504: "timeout"}
    code = codes.get(status, "error")
    told = {"error": "too many requests" if status == 429 else {"code": code, "message": code.replace("_", " ")}}
    return json.dumps(told).encode()


def _wrong(_: Struck, true: Answer) -> bytes:
    """The same shape, and each amount in it is one more than it was."""
    return json.dumps(_raised(json.loads(true.body))).encode() if true.body else b""


_BODIES: dict[str, Callable[[Struck, Answer], bytes]] = {
    "error": _error,
    "html": lambda _, __: _HTML,
    "empty": lambda _, __: b"",
    "garbage": lambda struck, _: struck.random.randbytes(GARBAGE_BYTES),
    "truncated": lambda _, true: true.body[: len(true.body) // 2],
    "other_order": lambda struck, _: struck.kept,
    "wrong_content": _wrong,
}


def _raised(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _raised(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_raised(inner) for inner in value]
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        whole, _, fraction = value.partition(".")
        return f"{int(whole) + 1}.{fraction}"
    return value


async def _carried_out(application: Application, scope: Scope, body: bytes) -> Answer:
    """Have the application answer this request, to its end, whoever still listens."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope, receive, send)
    start, *rest = sent
    return Answer(start["status"], list(start["headers"]), b"".join(message["body"] for message in rest))


async def _send(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def _kind_of(message: Message) -> str:
    """The type that a frame says it is; nothing where it says none."""
    try:
        told = json.loads(message.get("text") or message.get("bytes") or b"null")
    except ValueError:
        return ""
    return str(told.get("type", "")) if isinstance(told, dict) else ""

"""A member with a key at a small exchange, and a caller that speaks ASGI without a socket."""

import asyncio
import base64
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from tests.exchange.support import Floor

from assent.exchange.kalshi.app import ROOT, App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.settings import DEFAULTS, Settings

ANN_KEY = "9c1de0c2-0000-4000-8000-00000000a001"
BOB_KEY = "9c1de0c2-0000-4000-8000-00000000b001"
# Keys of tests, of no use anywhere: made from their names, so that no test waits for one to be drawn.
ANN_PRIVATE = Ed25519PrivateKey.from_private_bytes(b"ann".ljust(32, b"."))
BOB_PRIVATE = Ed25519PrivateKey.from_private_bytes(b"bob".ljust(32, b"."))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def sign(private: RSAPrivateKey | Ed25519PrivateKey, text: str) -> str:
    if isinstance(private, Ed25519PrivateKey):
        raw = private.sign(text.encode())
    else:
        raw = private.sign(text.encode(), PSS(mgf=MGF1(SHA256()), salt_length=32), SHA256())
    return base64.b64encode(raw).decode()


def signed_headers(
    method: str, path: str, now: int, *, key_id: str = ANN_KEY, private: Any = ANN_PRIVATE
) -> dict[str, str]:
    timestamp = str(now // 1_000_000)
    return {
        "KALSHI-ACCESS-KEY": key_id,
        "KALSHI-ACCESS-TIMESTAMP": timestamp,
        "KALSHI-ACCESS-SIGNATURE": sign(private, f"{timestamp}{method}{path}"),
    }


class Venue:
    """Ann and Bob have keys; `floor.now` is the time until a test moves it."""

    def __init__(self, settings: Settings = DEFAULTS, **floor: Any) -> None:
        self.floor = Floor(**floor)
        self.box = Box(self.floor.exchange, self.floor.histories, self.floor.exchange.advance, settings)
        members = (
            Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),
            Member(BOB_KEY, BOB_PRIVATE.public_key(), "bob"),
        )
        self.app = App(self.box, Keys(members), lambda: self.floor.now)

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, query=query)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        member: str | None = None,
    ) -> Answer:
        """One request, signed by `member` where one is named."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if raw else {}
        if member is not None:
            key_id, private = {"ann": (ANN_KEY, ANN_PRIVATE), "bob": (BOB_KEY, BOB_PRIVATE)}[member]
            sent |= signed_headers(method, ROOT + path, self.floor.now, key_id=key_id, private=private)
        return ask(
            self.app, method, ROOT + path, query=urlencode(query or {}), body=raw, headers=sent | (headers or {})
        )


def ask(
    app: App, method: str, path: str, *, query: str = "", body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start, rest = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, rest["body"])

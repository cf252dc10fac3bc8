"""The real command in its own process on loopback, in a world whose day and hour a test chooses, and a raw client."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.exchange.kalshi.support import signed_headers

from assent.exchange.boxed import BoxedExchange
from assent.exchange.journal import FORMAT, Header, Journal
from assent.exchange.kalshi.app import ROOT
from assent.exchange.types import DAY, MICRO, MINUTE
from assent.exchange.world import WORLD_VERSION

PROGRAM = (sys.executable, "-m", "assent", "exchange", "kalshi")
WAIT_S = 60
# Far ahead of any machine's clock, so that the box begins exactly there. Whoever opens a world lives through its day up
# to where it begins: by two in the morning every market is open, quoted and forecast, and a sixth of noon's has been.
A_DAY = 25_000
MORNING = A_DAY * DAY + 2 * 60 * MINUTE
NOON = A_DAY * DAY + 12 * 60 * MINUTE
CASH = 1_000 * MICRO
SEED = 7


class Told(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def begun(folder: Path, start_ts: int = MORNING) -> None:
    """The folder of a box that begins at this moment; a world that is there already stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    Journal.open(folder / "exchange.journal", Header(FORMAT, WORLD_VERSION, SEED, start_ts, "box", CASH)).close()


def a_world(folder: Path, start_ts: int = MORNING) -> BoxedExchange:
    """The same, lived up to that moment; close it before a box is served from there."""
    folder.mkdir(parents=True, exist_ok=True)
    return BoxedExchange.open(
        folder / "exchange.journal", seed=SEED, start_ts=start_ts, account="box", cash=CASH, watched=True
    )


class Served:
    """One running box. Requests are signed by its own clock."""

    def __init__(self, folder: Path, *options: object) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [*PROGRAM, "--dir", str(folder), "--port", "0", "--json", *map(str, options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1]
        self.ready = json.loads(line)
        self.port = int(self.ready["url"].split(":")[2].split("/")[0])
        self.key_id = self.ready["key"]["key_id"]
        private_file = Path(self.ready["key"]["private_file"])
        self.private = load_pem_private_key(private_file.read_bytes(), None)

    def now(self) -> int:
        return int(self.ask("GET", "/box/clock").json["now_ns"])

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        wait_s: float = WAIT_S,
    ) -> Told:
        """One request as it stands, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=wait_s)
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if raw else {}
        try:
            connection.request(method, path, raw, {**kind, **(headers or {})})
            answer = connection.getresponse()
            return Told(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def venue(self, method: str, path: str, body: object = None, *, wait_s: float = WAIT_S) -> Told:
        """One signed request to the venue."""
        signed = signed_headers(
            method, ROOT + path.partition("?")[0], self.now(), key_id=self.key_id, private=self.private
        )
        return self.ask(method, ROOT + path, body, headers=signed, wait_s=wait_s)

    def create(self, client_order_id: str, *, wait_s: float = WAIT_S, **changes: Any) -> Told:
        """An order that rests far from the market, unless it is changed."""
        order = {
            "ticker": changes.get("ticker") or self.ticker(), "side": "bid", "count": "2.00", "price": "0.0100",
            "client_order_id": client_order_id, "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
        }  # fmt: skip
        return self.venue("POST", "/portfolio/events/orders", order | changes, wait_s=wait_s)

    def ticker(self) -> str:
        """A market that is open, with an offer above a cent."""
        rows = self.ask("GET", f"{ROOT}/markets?status=open&limit=200").json["markets"]
        return next(str(row["ticker"]) for row in rows if row["yes_ask_dollars"] > "0.0200")

    def orders(self) -> list[Any]:
        found: list[Any] = self.venue("GET", "/portfolio/orders?limit=1000").json["orders"]
        return found

    def record(self) -> list[Any]:
        return [json.loads(line) for line in self.ask("GET", "/box/record").body.splitlines()]

    def faults(self, *rules: dict[str, Any], seed: int = 1) -> None:
        told = self.ask("PUT", "/box/faults", {"seed": seed, "rule": list(rules)})
        assert told.status == 200, told.body

    def hits(self) -> list[int]:
        return [rule["hits"] for rule in self.ask("GET", "/box/faults").json["rules"]]

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.communicate(timeout=WAIT_S)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """How it ended, and what it said of errors."""
        if self._process.poll() is None:
            os.kill(self._process.pid, number)
        _, errors = self._process.communicate(timeout=WAIT_S)
        return self._process.returncode, errors

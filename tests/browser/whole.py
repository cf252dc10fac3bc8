"""Everything at once, each a process of its own: an exchange in the box, a live desk that asks people, its console.

The desk's strategy is a file of its owner's and has exactly the ideas that a test wishes for, when it wishes for them:
they come to it as forecasts, over HTTP, from here. Nothing is replaced inside any of the processes.
"""

import base64
import getpass
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.exchange.kalshi.served import NOON, begun
from tests.live.box import ACCOUNT, Box, assent, served
from tests.live.test_the_box import EAGER

from assent.app.beside import listening
from assent.approval import Access
from assent.approval.totp import STEP_NS, code_at
from assent.cli.strategy import strategy_rows
from assent.config import Settings, load
from assent.ledger.sqlite import open_reader

ME = f"os:{getpass.getuser()}"
WAIT_S = 60
# Box seconds in a real one: an answer to a question must come within its life, and an order must leave within seconds.
SPEED = 2
SCOPES = ("view", "approve", "operate")
SECRET = "KALSHI_TRADING_KEY"
TOKENS = {"ben-laptop": SCOPES[:2], "cyd-pad": SCOPES[:2], "eve-phone": SCOPES[:2], "looker": SCOPES[:1]}
STRATEGY = '''
"""Has the ideas that it is told, each once: a forecast's source says the side, how many, how far beyond the price."""

from assent.model.intents import Proposal

OPTIONS = ()


class Wishes:
    def __init__(self, name):
        self.name = name
        self._had = {}

    def on_forecast(self, view, forecast):
        return self._idea(forecast, view.quote(forecast.instrument))

    def on_quote(self, view, quote):
        forecast = view.forecast(quote.instrument)
        return None if forecast is None else self._idea(forecast, quote)

    def _idea(self, forecast, quote):
        word, *said = forecast.source.split()
        market, ts = forecast.instrument, forecast.source_ts
        if word != "wish" or quote is None or ts <= self._had.get(market, 0):
            return None
        side, qty, beyond = said[0], int(said[1]), int(said[2])
        price = quote.ask if side == "buy" else quote.bid
        if price is None:
            return None
        self._had[market] = ts
        price = min(980_000, price + beyond) if side == "buy" else max(20_000, price - beyond)
        fair = 990_000 if side == "buy" else 10_000
        most, why = qty * 1_000_000, "it was wished for"
        return [Proposal(market, side=side, price=price, fair=fair, qty_max=most, reason=why)]


def build(name, options):
    return Wishes(name)
'''
# Who is asked for what: the worst loss of an idea says whether one person is enough, and whether digits are needed.
ASKING = {
    "approvals": '["open needs 1", "open from 4.00 needs 2"]',
    "approvers": f'["ada={ME},token:ada-phone", "ben=token:ben-laptop", "cyd=token:cyd-pad"]',
    "approval_life": '"90s"',
    "denied_pause_min": '"0s"',
    "second_factor_from": '"2.00"',
    "second_factor_to_resume": "true",
    "supersede_step_min": '"0.02"',
    "drift_max": '"0.06"',
    "slippage_max": '"0.00"',
    "total_exposure_max": '"400.00"',
    "risk_per_trade_max": '"20.00"',
    "risk_fraction_max": '"off"',
    "series": '["KXHIGHSIM", "KXHIGHHILLSIM", "KXTEMPSIM", "KXRATESIM", "KXGAMESIM"]',
    "cycle": '"1s"',
}


class Question(NamedTuple):
    """What people are asked, as the interface tells it."""

    intent_id: str
    code: str
    terms: str
    market: str
    side: str
    price: int
    qty: int
    people: int
    factor: bool
    expires_ts: int


class Wishes:
    """What the desk's strategy is to propose, served as its list of forecasts."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, Any]] = {}
        wishes = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"forecasts": list(wishes._lines.values())}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}/forecasts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wish(self, market: str, side: str, qty: int, beyond: int, now: int) -> None:
        self._lines[market] = {
            "instrument": market, "probability": "0.5", "source": f"wish {side} {qty} {beyond}",
            "ts_ms": now // 1_000_000,
        }  # fmt: skip

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Whole:
    """The three processes, and what a test does with them."""

    box: Box
    desk: Path
    wishes: Wishes
    port: int
    process: "subprocess.Popen[str]" = field(init=False)
    tokens: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _answers: int = 0

    @property
    def settings(self) -> Settings:
        return load(self.desk)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make_people(self) -> None:
        """Tokens and second factors: one of each as a person makes them, the others by what that calls."""
        told = self.cli("web", "token", "new", "ada-phone", *(f"--scope={scope}" for scope in SCOPES), "--json")
        assert told.returncode == 0, told.stderr
        self.tokens["ada-phone"] = json.loads(told.stdout)["secret"]
        told = self.cli("web", "factor", "enrol", "ada", "--json")
        assert told.returncode == 0, told.stderr
        self.seeds["ada"] = json.loads(told.stdout)["secret"]
        with closing(Access.open(self.settings.access_path)) as access:
            for name, scopes in TOKENS.items():
                self.tokens[name] = access.issue(name, scopes, time.time_ns())
            for person in ("ben", "cyd"):
                self.seeds[person] = access.enrol(person, time.time_ns()).secret

    # ------------------------------------------------------------------------------------------ ideas and questions

    def market(self, *, side: str = "buy", least: int = 0, most: int = 1_000_000) -> str:
        """One that no idea was about yet, that is offered (or bid for) between these prices."""
        for name, bid, ask in self.quotes():
            price = ask if side == "buy" else bid
            if name not in self._used and least <= price <= most and 20_000 < price < 980_000:
                self._used.add(name)
                return name
        raise AssertionError(f"no market is left between {least} and {most}: {self.quotes()}")

    def quotes(self) -> list[tuple[str, int, int]]:
        told = httpx.get(f"{self.box.url}/trade-api/v2/markets?status=open&limit=200", timeout=WAIT_S).json()["markets"]
        return [(row["ticker"], micros(row["yes_bid_dollars"]), micros(row["yes_ask_dollars"])) for row in told]

    def idea(self, market: str, *, side: str = "buy", qty: int = 2, beyond: int = 50_000) -> None:
        self.wishes.wish(market, side, qty, beyond, self.box.now())

    def question(self, market: str = "", *, side: str = "buy", qty: int = 2, beyond: int = 50_000) -> Question:
        """An idea, and the question to people that comes of it."""
        market = market or self.market(side=side, most=450_000)
        before = {one.code for one in self.asked(market)}
        self.idea(market, side=side, qty=qty, beyond=beyond)
        return until(lambda: next((one for one in self.asked(market) if one.code not in before), None))  # type: ignore[no-any-return]

    def asked(self, market: str = "") -> list[Question]:
        """The questions that stand, as their approvers are shown them."""
        rows = self.api("GET", "/intents?status=PENDING").json()["intents"]
        return [
            found
            for row in rows
            if market in ("", row["instrument"]) and (found := self.card(row["intent_id"])) is not None
        ]

    # ----------------------------------------------------------------------------------------------------- answers

    def cli(self, *words: object) -> "subprocess.CompletedProcess[str]":
        return assent(*words, "-C", self.desk)

    def api(self, method: str, path: str, token: str = "ada-phone", **said: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens.get(token, token)}", **said.pop("headers", {})}
        return httpx.request(method, self.url + path, headers=headers, timeout=WAIT_S, **said)

    def card(self, name: str) -> "Question | None":
        card = self.api("GET", f"/intents/{name}").json().get("card")
        if card is None or card["asked"] is None:
            return None
        intent, asked = card["intent"], card["asked"]
        return Question(
            intent["intent_id"], asked["code"], asked["terms"], intent["instrument"], intent["side"], intent["price"],
            intent["qty"], asked["people"], asked["factor"], asked["expires_ts"],
        )  # fmt: skip

    def answer(self, to: "Question", verdict: str = "approve", token: str = "ada-phone", **said: Any) -> httpx.Response:
        """One answer over HTTP, under a name of its own."""
        self._answers += 1
        body = {"terms": to.terms, "message_id": f"m-{self._answers}"} | said
        return self.api("POST", f"/intents/{to.intent_id}/{verdict}", token, json=body)

    def digits(self, person: str) -> str:
        """Digits of this person's phone that were not used yet; half a minute later there are others."""
        seed = base64.b32decode(self.seeds[person])
        step = until(lambda: next((s for s in steps_now() if s > self._steps.get(person, 0)), None))
        self._steps[person] = step
        return code_at(seed, step)

    def wrong(self, person: str) -> str:
        """Digits that are not those of any step around now."""
        seed = base64.b32decode(self.seeds[person])
        right = {code_at(seed, step) for step in range(steps_now()[0] - 5, steps_now()[0] + 10)}
        return next(text for number in range(271_828, 271_928) if (text := f"{number:06d}") not in right)

    def sign_in_address(self) -> str:
        told = self.cli("web", "--json")
        assert told.returncode == 0, told.stderr
        return str(json.loads(told.stdout)["sign_in"])

    # ------------------------------------------------------------------------------------------------ what came of it

    def facts(self) -> list[tuple[str, dict[str, Any]]]:
        """The ledger's facts, oldest first."""
        with closing(open_reader(self.settings.ledger_path)) as reader:
            return [(row.kind, json.loads(row.body)) for row in reader.records(1, reader.head().seq)]

    def told(self, question: Question) -> list[tuple[str, dict[str, Any]]]:
        """What the ledger tells of one question's intent and its order, by kind, oldest first."""
        found, names = [], {question.intent_id}
        for kind, body in self.facts():
            if any(name in json.dumps(body) for name in names):
                found.append((kind, body))
            if kind == "OrderReleased" and body["order"]["intent_id"] == question.intent_id:
                names.add(body["order"]["order_id"])
        return found

    def why(self, question: Question) -> list[str]:
        return [kind for kind, _ in self.told(question)]

    def sent(self, market: str) -> list[dict[str, Any]]:
        """The orders in this market that came to the exchange, by its own books."""
        return [line for line in self.box.record() if line["kind"] == "asked_order" and line["market"] == market]

    def filled(self, market: str) -> list[dict[str, Any]]:
        return [line for line in self.box.record() if line["kind"] == "fill" and line["market"] == market]

    def console_pid(self) -> int:
        """The console's process, once it listens."""
        found = until(lambda: listening(self.settings))
        return int(found.pid)

    def level(self) -> str:
        """As the console tells it; nothing while it does not answer."""
        try:
            return str(self.api("GET", "/status").json().get("level"))
        except httpx.TransportError:
            return ""


def steps_now() -> tuple[int, ...]:
    """Half minutes whose digits are taken now, the oldest first."""
    now = time.time_ns() // STEP_NS
    return now - 1, now, now + 1


def micros(dollars: str) -> int:
    whole, _, part = dollars.partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))


def until(ask: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
    """Ask again and again until there is something."""
    over = time.monotonic() + wait_s
    while not (found := ask()):
        assert time.monotonic() < over, "it never came"
        time.sleep(0.15)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_desk(folder: Path, box: Box, wishes: Wishes, port: int, **changes: str) -> Path:
    """A desk from the template for the box, that asks people and has a console of its own."""
    made = assent("init", folder, "--template", "kalshi-box")
    assert made.returncode == 0, made.stderr
    (folder / "strategies").mkdir()
    (folder / "strategies" / "wishes.py").write_text(STRATEGY, encoding="utf-8")
    (row,) = [row for row in strategy_rows(folder) if row["kind"] == "wishes"]
    path = folder / "assent.toml"
    text = path.read_text(encoding="utf-8").replace("http://127.0.0.1:8551/box/forecasts", wishes.url)
    text = text.replace("http://127.0.0.1:8551", box.url).replace('every = "10s"', 'every = "1s"')
    text = text.replace("port = 8787", f"port = {port}")
    head, _, tail = text.partition("[[strategy]]")
    named = f'[[strategy]]\nkind = "wishes"\nname = "wishes"\ndigest = "{row["digest"]}"\n'
    text = head + named + tail[tail.index("\n[runtime]") :]
    keys = {"key_id": f'"{box.key_id}"', "key_file": '"off"', "key_variable": f'"{SECRET}"', "dry_run": "false"}
    for key, value in {**EAGER, **ASKING, **keys, **changes}.items():
        line = re.compile(rf'^{key} = (\[[^\]]*\]|"[^"]*"|\w+)', flags=re.MULTILINE)
        text, count = line.subn(lambda _, words=f"{key} = {value}": words, text)
        assert count == 1, (key, count)
    path.write_text(text, encoding="utf-8")
    return folder


@contextmanager
def running(desk: Path, box: Box, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """`assent run --web` until the block ends; it must end cleanly."""
    env = {**os.environ, SECRET: box.key_file.read_text(encoding="ascii")}
    said = desk.parent / "desk-said.txt"
    with said.open("a", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "assent", "run", str(desk), "--mode", "live", "--non-interactive", "--confirm-live",
             ACCOUNT, "--web", *words],
            env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S)
    assert process.returncode == 0, said.read_text(encoding="utf-8")


@contextmanager
def the_whole(folder: Path, **changes: str) -> Iterator[Whole]:
    """All of it, once the console answers and the desk trades."""
    with ExitStack() as stack:
        wishes = Wishes()
        stack.callback(wishes.close)
        # By noon every market has a price that people trade at.
        begun(folder / "box", NOON)
        box = stack.enter_context(served(folder / "box", speed=SPEED))
        port = free_port()
        desk = make_desk(folder / "desk", box, wishes, port, **changes)
        whole = Whole(box, desk, wishes, port)
        whole.make_people()
        whole.process = stack.enter_context(running(desk, box))
        until(lambda: whole.process.poll() is not None or whole.level() == "TRADING")
        assert whole.process.poll() is None, (folder / "desk-said.txt").read_text(encoding="utf-8")
        yield whole

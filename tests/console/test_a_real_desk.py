"""A desk that runs in a process of its own, asked over HTTP: proposal, assent, last look, order, fill; and each no."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.asking import ME, make_desk, running, until

from assent.approval import Access
from assent.config import load
from assent.config.settings import Settings
from assent.console.reading.tail import Tail
from assent.console.seam import ConsoleDesk
from assent.console.server import create_app
from assent.runtime.clock import WallClock
from assent.runtime.control import ask

BASE = "http://localhost:8787"


@dataclass
class World:
    """The running desk's console, with one token for each of several people."""

    settings: Settings
    access: Access
    app: Any
    tokens: dict[str, str]
    # What a test has answered: the tail may show it as waiting for a moment longer.
    seen: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, token: str = "ada", **said: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
            headers = {"authorization": f"Bearer {self.tokens[token]}"}
            async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers, timeout=30) as client:
                return await client.request(method, path, **said)

        return asyncio.run(once())

    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/orders?limit=500").json()["orders"]
        return found

    def question(self) -> dict[str, Any]:
        """One that waits for people now, as its approver sees it, with time left to answer it."""

        def look() -> Any:
            for row in self.ask("GET", "/intents?status=PENDING").json()["intents"]:
                answer = self.ask("GET", f"/intents/{row['intent_id']}")
                card = answer.json().get("card") if answer.status_code == 200 else None
                if card and card["asked"] and row["intent_id"] not in self.seen:
                    return card
            return None

        found: dict[str, Any] = until(look)
        self.seen.add(found["intent"]["intent_id"])
        return found

    def answer(
        self, card: Mapping[str, Any], verdict: str = "approve", token: str = "ada", **said: Any
    ) -> httpx.Response:
        body = {"terms": card["asked"]["terms"], "message_id": f"m-{time.monotonic_ns()}"} | said
        return self.ask("POST", f"/intents/{card['intent']['intent_id']}/{verdict}", token, json=body)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("asked")
    approvers = f'["ada={ME},token:ada-phone", "ben=token:ben-phone"]'
    make_desk(folder, approvers=approvers, order_qty_max='"off"', total_exposure_max='"1000.00"')
    settings = load(folder)
    clock = WallClock()
    with running(folder):
        until(settings.access_path.exists)
        access = Access.open(settings.access_path)
        now = clock.now()
        tokens = {
            "ada": access.issue("ada-phone", ("view", "approve"), now),
            "ben": access.issue("ben-phone", ("view", "approve"), now),
            "eve": access.issue("eve-phone", ("view", "approve"), now),
            "viewer": access.issue("viewer", ("view",), now),
            "operator": access.issue("operator", ("view", "operate"), now),
        }

        async def over_the_socket(request: Mapping[str, Any]) -> dict[str, Any] | None:
            return await asyncio.to_thread(ask, settings.control_path, request)

        with Tail(settings.ledger_path, now=clock.now) as tail:
            until(lambda: tail.snapshot.source.whole)
            seam = ConsoleDesk(tail=tail, access=access, ask=over_the_socket, clock=clock)
            yield World(settings, access, create_app(seam), tokens)
        access.close()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


def test_a_yes_over_http_becomes_an_order_at_exactly_its_terms(world: World) -> None:
    card = world.question()
    answer = world.answer(card)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["came_to"] == "released"
    orders = until(
        lambda: [o for o in world.ask("GET", "/orders").json()["orders"] if o["order_id"] == told["order_id"]]
    )
    assert (orders[0]["instrument"], orders[0]["price"], orders[0]["qty"]) == (
        card["intent"]["instrument"], card["intent"]["price"], card["intent"]["qty"],
    )  # fmt: skip
    story = world.ask("GET", f"/why/{card['intent']['code']}").json()
    assert story["verdict"] == "released"
    assert code(world.answer(card)) == (409, "assent_ended")


def test_a_no_over_http_ends_the_intent(world: World) -> None:
    card = world.question()
    answer = world.answer(card, "reject", "ben", reason="not today")
    assert (answer.status_code, answer.json()["facts"]) == (200, ["AssentDenied"])
    assert code(world.answer(card)) == (409, "assent_ended")


def test_each_answer_that_may_not_count_does_not(world: World) -> None:
    card = world.question()
    assert code(world.answer(card, terms="0" * 64)) == (409, "assent_copied")
    assert code(world.answer(card, token="eve")) == (403, "assent_not_permitted")
    assert code(world.answer(card, token="viewer")) == (403, "scope_refused")
    assert code(world.answer(card, token="operator")) == (403, "scope_refused")
    assert code(world.answer({**card, "intent": {"intent_id": "i-ffffffffffffffff"}})) == (404, "assent_unknown")
    assert code(world.answer(card, factor="000000"))[1].startswith("second_factor")
    assert world.answer(card, "reject", "ben", message_id="once").status_code == 200
    assert code(world.answer(world.question(), "approve", "ben", message_id="once")) == (409, "assent_replayed")


def test_a_credential_that_the_consoles_process_has_let_in_is_still_judged_by_the_desks(world: World) -> None:
    card = world.question()
    secret = world.tokens["ben"]
    world.tokens["ben"] = world.access.rotate("ben-phone", WallClock().now())
    request = {
        "cmd": "approve", "intent": card["intent"]["code"], "terms": card["asked"]["terms"], "message_id": "forged",
        "channel": "api",
    }  # fmt: skip
    for forged in ({}, {"credential": secret}, {"credential": "assent_token_" + "A" * 43}):
        answer = ask(world.settings.control_path, request | forged)
        assert answer is not None
        assert (answer["ok"], answer["code"]) == (False, "credential_refused")


def test_a_halt_over_http_stops_the_desk_and_a_resume_lets_it_go_on(world: World) -> None:
    card = world.question()
    assert world.ask("POST", "/halts", "operator", json={"reason": "a drill"}).json()["facts"] == ["HaltRaised"]
    until(lambda: world.ask("GET", "/status").json()["level"] == "HALTED")
    assert code(world.answer(card))[1] in ("assent_halted", "assent_ended")
    halt = world.ask("GET", "/halts").json()["halts"][0]
    assert (halt["cause"], halt["by"]) == ("operator", "token:operator")
    assert world.ask("POST", "/orders/cancel-all", "operator").status_code == 200
    resumed = world.ask("POST", "/halts/operator/resume", "operator", json={"reason": "the drill is over"})
    assert resumed.status_code == 200, resumed.text
    until(lambda: world.ask("GET", "/status").json()["level"] == "TRADING")
    again = world.ask("POST", "/halts/operator/resume", "operator", json={"reason": "once more"})
    assert code(again) == (409, "act_refused")

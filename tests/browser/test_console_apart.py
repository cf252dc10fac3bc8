"""The console may be killed, or stand still, at any moment: the desk goes on, and nobody has said what they did not."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from tests.browser.whole import Question, Whole, until

# How often the console is killed while an answer passes through it, and so long after it was sent.
KILLS = int(os.environ.get("ASSENT_CONSOLE_KILLS", "2"))
DELAYS_S = (0.0, 0.15, 0.02, 0.05, 0.08)
# What a desk writes by itself, or because the terminal said something; and what only comes of somebody's answer.
ANSWERED = {"AssentGiven", "AssentDenied", "AssentRefused"}


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still; it neither answers nor ends."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Asking(threading.Thread):
    """A yes over HTTP, from a client of its own that waits as long as it must."""

    def __init__(self, whole: Whole, question: Question) -> None:
        super().__init__(daemon=True)
        self._whole = whole
        self._question = question
        self.status = 0
        self.code = ""

    def run(self) -> None:
        try:
            told = self._whole.answer(self._question)
        except httpx.TransportError:
            return
        self.status, self.code = told.status_code, told.json().get("code", "")


def trades(whole: Whole, question: Question) -> None:
    """The desk takes an answer at the terminal and does what it says, whatever the console does."""
    told = whole.cli("intents", "approve", question.code, "--terms", question.terms)
    assert told.returncode == 0, told.stderr
    until(lambda: "FillBooked" in whole.why(question))
    assert len(orders_of(whole, question)) == 1


def orders_of(whole: Whole, question: Question) -> list[dict[str, Any]]:
    """Those at the exchange that were released for this question, by its own books."""
    ours = [body["order"]["order_id"] for kind, body in whole.told(question) if kind == "OrderReleased"]
    assert len(ours) <= 1
    return [order for order in whole.sent(question.market) if order["client_order_id"] in ours]


def answers_since(whole: Whole, seq: int) -> Counter[str]:
    return Counter(kind for kind, _ in whole.facts()[seq:] if kind in ANSWERED)


def test_a_console_that_stands_still_stops_nothing_and_says_nothing_later(whole: Whole) -> None:
    question, mine = whole.question(), whole.question()
    before = len(whole.facts())
    with stopped(whole.console_pid()):
        asking = Asking(whole, question)
        asking.start()
        trades(whole, mine)
        told = whole.cli("intents", "reject", question.code, "--reason", "the console is silent")
        assert told.returncode == 0, told.stderr
        assert answers_since(whole, before) == {"AssentGiven": 1, "AssentDenied": 1}, (
            "what it holds back is no answer yet"
        )
    asking.join(30)
    assert (asking.status, asking.code) == (409, "assent_ended"), "and when it comes it is judged by what is so then"
    assert not whole.sent(question.market)


def test_a_console_that_is_killed_takes_nothing_along_and_comes_back(whole: Whole) -> None:
    counted: Counter[str] = Counter()
    one, other = whole.market(most=450_000), whole.market(most=450_000)
    for kill in range(KILLS):
        question, mine = whole.question(one), whole.question(other)
        pid, before = whole.console_pid(), len(whole.facts())
        asking = Asking(whole, question)
        asking.start()
        time.sleep(DELAYS_S[kill % len(DELAYS_S)])
        os.kill(pid, signal.SIGKILL)
        trades(whole, mine)
        asking.join(30)
        until(lambda gone=pid: whole.console_pid() != gone and whole.level() == "TRADING")
        came_to = outcome(whole, question)
        if asking.status == 200:
            assert came_to == "sent", "who was told so has an order"
        counted[came_to] += 1
        assert answers_since(whole, before) == {"AssentGiven": 2 if came_to == "sent" else 1}
        if came_to == "waits":
            assert whole.answer(question, "reject").status_code == 200
    print(dict(counted))  # noqa: T201 - the result
    told = whole.cli("ledger", "verify")
    assert told.returncode == 0, told.stdout + told.stderr
    assert whole.process.poll() is None


def outcome(whole: Whole, question: Question) -> str:
    """Whether the yes arrived: with exactly one order, or with none and the question as it was."""
    if "AssentGiven" not in whole.why(question):
        assert whole.why(question) == ["IntentProposed", "ApprovalRequested"]
        return "waits"
    until(lambda: "OrderReleased" in whole.why(question))
    assert whole.why(question).count("AssentGiven") == 1
    assert len(until(lambda: orders_of(whole, question))) == 1
    return "sent"


def test_every_order_at_the_exchange_is_of_a_question_that_was_answered(whole: Whole) -> None:
    """By both sets of books, after all that was done here."""
    facts = whole.facts()
    released = {b["order"]["order_id"]: b["order"]["intent_id"] for kind, b in facts if kind == "OrderReleased"}
    answered = [body["intent_id"] for kind, body in facts if kind == "AssentGiven"]
    asked = [line["client_order_id"] for line in whole.box.record() if line["kind"] == "asked_order"]
    assert len(asked) >= 1 + KILLS
    assert sorted(asked) == sorted(released)
    assert sorted(released.values()) == sorted(answered), "one yes, one order; never two, never none"

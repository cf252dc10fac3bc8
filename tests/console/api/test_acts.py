"""What is passed on to the desk, word for word, and what its answers become."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.console.support import TERMS, Console, refusal

from assent.console.asking import LANES, STATUS_OF_REFUSAL, Asking
from assent.model.reasons import sentence
from assent.model.remedies import REMEDIES

APPROVE = "/intents/K7M2QX/approve"
REJECT = "/intents/i-0123456789abcdef/reject"
YES = {"terms": TERMS, "message_id": "one"}


def test_a_yes_is_passed_on_with_the_callers_own_credential(console: Console) -> None:
    console.desk.answer = {"ok": True, "facts": ["AssentGiven"], "came_to": "released", "order_id": "o-1"}
    answer = console.post(APPROVE, token="approve", json=YES | {"factor": "123456"})
    assert (answer.status_code, answer.json()) == (200, {"came_to": "released", "order_id": "o-1"})
    assert console.desk.asked == [
        {
            "cmd": "approve", "by": "token:approve", "credential": console.tokens["approve"], "channel": "api",
            "intent": "K7M2QX", "terms": TERMS, "message_id": "token:approve:one", "factor": "123456",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "status", "shown"),
    [
        ({"came_to": "waiting", "given": 1, "needed": 2}, 202, {"came_to": "waiting", "given": 1, "needed": 2}),
        ({"came_to": "looking"}, 202, {"came_to": "looking"}),
        ({}, 202, {"came_to": "looking"}),
        ({"came_to": "taken off", "order_id": "o"}, 202, {"came_to": "looking"}),
        ({"came_to": "released", "order_id": None}, 202, {"came_to": "looking"}),
        ({"came_to": "would be released", "order_id": "o"}, 200, {"came_to": "would be released", "order_id": "o"}),
    ],
)
def test_a_yes_that_is_no_order_yet_says_so(console: Console, told: dict[str, Any], status: int, shown: Any) -> None:
    console.desk.answer = {"ok": True, "facts": ["AssentGiven"]} | told
    answer = console.post(APPROVE, json=YES)
    assert (answer.status_code, answer.json()) == (status, shown)


def test_a_yes_after_which_the_price_has_moved_is_no_success(console: Console) -> None:
    console.desk.answer = {"ok": True, "came_to": "skipped", "reason": "skipped_drift", "detail": "0.41, now 0.55"}
    answer = console.post(APPROVE, json=YES)
    assert (answer.status_code, answer.json()["code"]) == (409, "skipped_drift")
    assert "0.41, now 0.55" in answer.json()["error"]
    assert answer.json()["todo"] == sentence("skipped_drift")


@pytest.mark.parametrize("code", sorted(STATUS_OF_REFUSAL))
def test_each_refusal_of_the_desk_has_its_status_its_code_and_advice(console: Console, code: str) -> None:
    console.desk.answer = refusal(code, "in the desk's words")
    answer = console.post(APPROVE, json=YES)
    assert answer.status_code == STATUS_OF_REFUSAL[code]
    advice = sentence(code) if code == "credential_locked" else f"{REMEDIES[code]}."
    assert answer.json() == {"code": code, "error": "in the desk's words", "todo": advice}


def test_any_code_of_a_rule_is_a_conflict_with_how_things_stand(console: Console) -> None:
    console.desk.answer = refusal("total_exposure")
    assert console.post(APPROVE, json=YES).status_code == 409
    console.desk.answer = {"ok": False, "refused": True, "error": "drawdown: the cause is not settled"}
    answer = console.post("/halts/drawdown/resume", json={"reason": "settled"})
    assert (answer.status_code, answer.json()["code"]) == (409, "act_refused")
    assert answer.json()["error"] == "drawdown: the cause is not settled"


def test_a_desk_that_does_not_run_and_one_that_does_not_answer_are_told_apart(console: Console) -> None:
    console.desk.answer = None
    assert console.post(APPROVE, json=YES).json()["code"] == "desk_not_running"
    console.desk.answer = {"ok": False, "unknown": True, "error": "the running desk hung up"}
    answer = console.post(APPROVE, json=YES)
    assert (answer.status_code, answer.json()["code"]) == (504, "outcome_unknown")


@pytest.mark.parametrize("error", [TimeoutError("late"), ConnectionResetError("cut"), ValueError("half an answer")])
def test_a_line_that_breaks_leaves_the_outcome_unknown_and_is_told_so(console: Console, error: Exception) -> None:
    async def broken(_request: Any) -> Any:
        raise error

    console.app.state.asking = Asking(broken)
    answer = console.post(APPROVE, json=YES)
    assert (answer.status_code, answer.json()["code"]) == (504, "outcome_unknown")
    assert type(error).__name__ in answer.json()["error"]
    assert str(error) not in answer.text


def test_an_answer_needs_a_name_of_its_own_and_two_callers_may_count_alike(console: Console) -> None:
    console.desk.answer = {"ok": True, "facts": ["AssentGiven"], "came_to": "looking"}
    assert console.post(APPROVE, json={"terms": TERMS}).status_code == 422
    for token in ("all", "approve"):
        assert console.post(APPROVE, token=token, json=YES).status_code == 202
        assert console.desk.asked[-1]["message_id"] == f"token:{token}:one"


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": TERMS[:-1]}, {"terms": TERMS.upper()}, {"terms": TERMS + "\n"}, {"factor": "12345"},
        {"factor": 123456},
        {"factor": "١٢٣٤٥٦"}, {"message_id": "a b"}, {"message_id": ""}, {"message_id": "x" * 65}, {"by": "somebody"},
        {"credential": "other"}, {"channel": "terminal"}, {"reason": "why not"},
    ],
)  # fmt: skip
def test_a_yes_says_exactly_what_a_yes_says(console: Console, wrong: dict[str, Any]) -> None:
    answer = console.post(APPROVE, json=YES | wrong)
    assert answer.status_code == 422
    assert console.desk.asked == []
    assert all(str(value) not in answer.text for value in wrong.values() if len(str(value)) > 10)


@pytest.mark.parametrize("name", ["ab", "a" * 41, "i_0123456789", "K7M2Q%20", "*"])
def test_what_cannot_be_the_name_of_an_intent_reaches_nobody(console: Console, name: str) -> None:
    assert console.post(f"/intents/{name}/approve", json=YES).status_code == 422
    assert console.desk.asked == []


def test_a_no_needs_no_terms_and_takes_a_reason(console: Console) -> None:
    console.desk.answer = {"ok": True, "facts": ["AssentDenied"]}
    answer = console.post(REJECT, token="approve", json={"message_id": "n", "reason": "too\ndear\x1b[31m ✓"})
    assert answer.json() == {"facts": ["AssentDenied"], "note": ""}
    assert console.desk.asked[-1]["reason"] == "too dear?[31m ✓"
    assert console.desk.asked[-1]["terms"] == ""


def test_halts_resumes_and_cancels_are_passed_on(console: Console) -> None:
    console.desk.answer = {"ok": True, "facts": ["HaltRaised"], "note": ""}
    assert console.post("/halts", token="operate", json={"reason": "stop"}).json()["facts"] == ["HaltRaised"]
    console.post("/halts/daily_loss/resume", token="operate", json={"reason": "seen", "factor": "000000"})
    console.post("/orders/cancel-all", token="operate")
    console.post("/orders/cancel-all", token="operate", json={})
    console.post("/orders/f10e1db1-e404-5bfa-842e-1a9f913bd9f1/cancel", token="operate")
    said = [
        {key: value for key, value in one.items() if key not in ("by", "credential", "channel")}
        for one in console.desk.asked
    ]
    assert said == [
        {"cmd": "halt", "reason": "stop"},
        {"cmd": "resume", "cause": "daily_loss", "reason": "seen", "factor": "000000"},
        {"cmd": "cancel"},
        {"cmd": "cancel"},
        {"cmd": "cancel", "order_id": "f10e1db1-e404-5bfa-842e-1a9f913bd9f1"},
    ]


def test_a_cause_that_no_halt_has_is_not_found(console: Console) -> None:
    answer = console.post("/halts/bad_luck/resume", json={"reason": "better now"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_crowd_is_never_let_through_to_the_desk(console: Console) -> None:
    inside, most = 0, 0

    async def crowd() -> list[int]:
        refused = asyncio.Event()

        async def hanging(_request: Any) -> Any:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await refused.wait()
            await asyncio.sleep(0)
            inside -= 1
            return {"ok": True, "facts": ["HaltRaised"]}

        console.app.state.asking = Asking(hanging, waiting_max=60 - LANES["halts"])
        return await statuses(at_once(console, 100), 40, refused)

    assert asyncio.run(crowd()) == [429] * 40 + [200] * 60
    assert most == LANES["halts"]


def test_whoever_gets_no_turn_in_time_is_told_that_nothing_was_asked(console: Console) -> None:
    asked = []

    async def crowd() -> list[int]:
        late = asyncio.Event()

        async def hanging(request: Any) -> Any:
            asked.append(request)
            await late.wait()
            return {"ok": True, "facts": []}

        console.app.state.asking = Asking(hanging, turn_wait_s=0.1)
        return await statuses(at_once(console, LANES["halts"] + 3), 3, late)

    assert asyncio.run(crowd()) == [429] * 3 + [200] * LANES["halts"]
    assert len(asked) == LANES["halts"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/halts", {"reason": "stop"}),
        (REJECT, {"message_id": "n", "reason": "no"}),
        ("/orders/cancel-all", {}),
        ("/orders/7d0c2f0e/cancel", {}),
    ],
)
def test_to_stop_to_say_no_and_to_cancel_wait_for_nothing_else_that_was_asked(
    console: Console, path: str, body: dict[str, str]
) -> None:
    """A yes takes as long as the venue's quote, a resume as long as its books; any no is in time until the release."""

    async def crowd() -> httpx.Response:
        done = asyncio.Event()

        async def hanging(request: Any) -> Any:
            if request["cmd"] in ("approve", "resume"):
                await done.wait()
            return {"ok": True, "facts": ["HaltRaised"]}

        console.app.state.asking = Asking(hanging)
        yeses = [asyncio.create_task(said(console, APPROVE, YES)) for _ in range(20)]
        resumes = [asyncio.create_task(said(console, "/halts/drawdown/resume", {"reason": "on"})) for _ in range(20)]
        await asyncio.sleep(0.2)
        answer = await said(console, path, body)
        assert not any(task.done() for task in (*yeses, *resumes))
        done.set()
        await asyncio.gather(*yeses, *resumes)
        return answer

    assert asyncio.run(crowd()).status_code == 200


def at_once(console: Console, count: int) -> list[asyncio.Task[httpx.Response]]:
    """So many halts, each from a client of its own."""
    return [asyncio.create_task(said(console, "/halts", {"reason": "stop"})) for _ in range(count)]


async def said(console: Console, path: str, body: dict[str, str]) -> httpx.Response:
    async with console.client() as client:
        headers = {"authorization": f"Bearer {console.tokens['all']}"}
        return await client.post(path, json=body, headers=headers)


async def statuses(tasks: list[asyncio.Task[httpx.Response]], first: int, then: asyncio.Event) -> list[int]:
    """The statuses as they come; after the first so many the desk answers."""
    found = []
    for coming in asyncio.as_completed(tasks):
        found.append((await coming).status_code)
        if len(found) == first:
            then.set()
    return found

"""The table of outcomes, row by row: what is definitive stands in it, and everything else is unknown."""

import pytest
from tests.venue.kalshi.boxed import Desk, an_order, answer, error, life

from assent.exchange.kalshi.errors import REFUSALS
from assent.model.inputs import Accepted, HaltAsked, NotSent, Outcome, Refused, RejectionSeen, Unknown
from assent.model.levels import CAUSES
from assent.model.reasons import REASONS
from assent.model.units import MICRO
from assent.venue.kalshi import outcomes
from assent.venue.transport import Answer, Failed

CREATE, CANCEL = "/portfolio/events/orders", "/portfolio/events/orders/"
DEFINITIVE = {
    "refused": Refused, "paused": Refused, "auth": Refused, "late": Refused, "contract": Refused,
    "pushed_back": NotSent,
}  # fmt: skip
HALTS = {"auth": "venue_auth", "late": "venue_clock", "contract": "venue_contract"}
LIMITED = answer(429, {"error": "too many requests"})


def said(status: int, code: str) -> Answer:
    return LIMITED if status == 429 else error(status, code)


def tried(what: str, *spoiled: Answer | Failed, taken: bool = False) -> tuple[Desk, Outcome]:
    """One order, or the cancel of one that rests, whose answer is replaced."""
    desk, made = Desk(), an_order()
    desk.released.add(made.order_id)
    got: list[Outcome] = []

    async def script() -> None:
        await desk.connect()
        if what == "cancel":
            await desk.venue.send(made)
            desk.wire.spoil("DELETE", CANCEL, *spoiled, taken=taken)
            got.append(await desk.venue.cancel(made, ""))
        else:
            desk.wire.spoil("POST", CREATE, *spoiled, taken=taken)
            got.append(await desk.venue.send(made))

    life(script)
    return desk, got[0]


def halts(desk: Desk) -> list[str]:
    return [asked.cause for asked in desk.of(HaltAsked)]


@pytest.mark.parametrize(("pair", "meaning"), sorted(outcomes.CREATE.items()))
def test_each_row_of_the_creates_becomes_its_outcome(pair: tuple[int, str], meaning: str) -> None:
    desk, outcome = tried("send", said(*pair))
    if meaning == "exists":
        assert isinstance(outcome, Unknown), "an order stands under the id, and none is listed"
    else:
        assert isinstance(outcome, DEFINITIVE[meaning])
    assert halts(desk) == ([HALTS[meaning]] if meaning in HALTS else [])
    assert desk.wire.count("POST") == 1, "whatever the venue says, an order is sent once"


@pytest.mark.parametrize(("pair", "meaning"), sorted(outcomes.CANCEL.items()))
def test_each_row_of_the_cancels_becomes_its_outcome(pair: tuple[int, str], meaning: str) -> None:
    desk, outcome = tried("cancel", said(*pair))
    expected = Unknown if meaning == "gone" else DEFINITIVE[meaning]
    assert isinstance(outcome, expected), "gone by word alone is not gone: the order still rests"
    assert halts(desk) == ([HALTS[meaning]] if meaning in HALTS else [])
    assert desk.wire.count("DELETE") == 1
    assert desk.resting()


UNREADABLE = [
    answer(500, {"error": {"code": "internal_error", "message": "no"}}),
    answer(502, b"<html>Bad Gateway</html>"),
    answer(503, {"error": {"code": "service_unavailable", "message": "no"}}),
    answer(504),
    answer(400, b"<html>Bad Request</html>"),
    answer(404),
    answer(409, {"error": {"code": "a_code_of_tomorrow", "message": "no"}}),
    answer(418, {"error": {"code": "insufficient_balance", "message": "a status that does not go with it"}}),
    answer(200, {"order_id": "x"}),
    answer(301),
    answer(429, b"slow down"),
    Failed("unknown", "the connection was reset"),
]


@pytest.mark.parametrize("spoiled", UNREADABLE, ids=lambda each: str(each)[:60])
@pytest.mark.parametrize("taken", [False, True])
def test_what_is_not_in_the_table_is_unknown_whether_or_not_it_was_taken(spoiled: Answer, taken: bool) -> None:
    desk, outcome = tried("send", spoiled, taken=taken)
    assert isinstance(outcome, Unknown)
    assert len(desk.resting()) == taken
    assert halts(desk) == []


@pytest.mark.parametrize("spoiled", [each for each in UNREADABLE if each[0] != 200], ids=lambda each: str(each)[:60])
def test_a_cancel_whose_answer_is_not_in_the_table_is_unknown(spoiled: Answer) -> None:
    _, outcome = tried("cancel", spoiled)
    assert isinstance(outcome, Unknown)


def test_what_cannot_have_left_was_not_sent() -> None:
    for why, reason in (("connection refused by 10.0.0.1", "not_connected"), ("dry_run", "dry_run")):
        assert tried("send", Failed("not_sent", why))[1] == NotSent(reason)
        assert tried("cancel", Failed("not_sent", why))[1] == NotSent(reason)
        assert reason in REASONS


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_key_that_cannot_be_read_is_unknown_and_halts_all_the_same(status: int) -> None:
    desk, outcome = tried("send", answer(status, b"<html>no</html>"))
    assert isinstance(outcome, Unknown)
    assert halts(desk) == ["venue_auth"]


def test_a_scope_region_or_subaccount_that_is_forbidden_is_refused_whatever_it_is_called() -> None:
    desk, outcome = tried("send", error(403, "region_not_attested", "elections"))
    assert outcome == Refused("region_not_attested", "elections")
    assert halts(desk) == ["venue_auth"]


def test_a_code_may_carry_an_id_behind_it() -> None:
    assert outcomes.of_create(400, "insufficient_balance:_9c1de0c2") == "refused"


def placed(**changes: object) -> dict[str, object]:
    made = an_order()
    sound = {
        "order_id": "venue-1", "client_order_id": made.order_id, "fill_count": "0.00", "remaining_count": "10.00",
        "ts_ms": 1_790_000_000_456,
    }  # fmt: skip
    return {name: value for name, value in (sound | changes).items() if value is not None}


def test_a_sound_answer_is_accepted_with_what_it_says() -> None:
    assert tried("send", answer(201, placed()))[1] == Accepted("venue-1", 0, 10 * MICRO)


@pytest.mark.parametrize(
    "body",
    [
        placed(client_order_id="somebody-else"),
        placed(client_order_id=None),
        placed(order_id=None),
        placed(order_id=""),
        placed(fill_count="11.00", remaining_count="0.00"),
        placed(fill_count="2.00", remaining_count="7.00"),
        placed(remaining_count=10),
        placed(remaining_count="NaN"),
        b"",
        b"<html>created</html>",
        b'{"order_id": "a", "order_id": "b"}',
    ],
    ids=lambda body: str(body)[:90],
)
def test_a_yes_that_is_not_about_our_order_is_unknown_and_lets_nothing_new_be_opened(body: object) -> None:
    desk, outcome = tried("send", answer(201, body), taken=True)
    assert isinstance(outcome, Unknown)
    assert halts(desk) == ["venue_contract"]
    [told], [asked] = desk.of(RejectionSeen), desk.of(HaltAsked)
    assert told.code in REASONS
    assert told.code in asked.detail, "the halt says in detail what changed"
    assert desk.resting(), "the order lives on, and a cancel would still go out"


def test_an_order_that_cannot_be_written_never_leaves() -> None:
    desk, made = Desk(), an_order(type="market")

    async def script() -> None:
        await desk.connect()
        assert await desk.venue.send(made) == NotSent("unsupported")

    life(script)
    assert desk.wire.count("POST") == 0


def test_every_refusal_that_the_boxed_exchange_can_give_to_a_create_has_a_place() -> None:
    """Two readings of one description: where they differ, one of them is wrong about the venue."""
    elsewhere = {
        # Not of creates, or of what this adapter never asks for.
        "payload_too_large", "method_not_allowed", "not_found", "event_not_found", "series_not_found",
        "order_id_and_client_order_id_mismatch", "order_side_mismatch", "order_ticker_mismatch",
        "self_cross_attempt", "order_group_not_found",
    }  # fmt: skip
    for code, refusal in REFUSALS.items():
        known = outcomes.of_create(refusal.status, code) != "unknown"
        assert known or code in elsewhere or "group" in code, code


def test_the_halts_are_registered() -> None:
    assert set(HALTS.values()) <= set(CAUSES)

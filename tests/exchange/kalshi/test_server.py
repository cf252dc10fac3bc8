"""Kalshi in a box as a process of its own: it keeps what it has answered, lives over midnights, and ends cleanly."""

import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.kalshi.served import A_DAY, CASH, MORNING, Served, a_world, begun

from assent.exchange.kalshi.app import ROOT
from assent.exchange.types import DAY, MICRO, MINUTE, SECOND, Accepted, NewOrder

MINE = ("/portfolio/orders?limit=1000", "/portfolio/fills", "/portfolio/positions?settlement_status=all",
        "/portfolio/settlements", "/portfolio/balance")  # fmt: skip
# Of a day ago, or of the last day: they change with the moment of reading.
MOVING = {"volume_24h_fp", "previous_price_dollars", "previous_yes_bid_dollars", "previous_yes_ask_dollars"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "box"


@pytest.fixture
def started() -> Iterator[Any]:
    boxes: list[Served] = []

    def start(folder: Path, *options: object) -> Served:
        boxes.append(Served(folder, *options))
        return boxes[-1]

    yield start
    for box in boxes:
        box.stop(signal.SIGKILL)


def mine(box: Served) -> list[Any]:
    """What the member may read of its own, but for the moment of reading."""
    told = [box.venue("GET", path).json for path in MINE]
    for row in told:
        row.pop("updated_ts", None)
        row.pop("portfolio_value", None)
    return told


def test_everything_that_was_answered_is_there_after_a_kill(folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder)
    market = box.ask("GET", f"{ROOT}/markets/{box.ticker()}").json["market"]
    taken = box.create("taken", price=market["yes_ask_dollars"], count="1.00", ticker=market["ticker"])
    assert (taken.status, taken.json["fill_count"]) == (201, "1.00")
    ids = [box.create(name).json["order_id"] for name in ("less", "moved", "gone")]
    path = "/portfolio/events/orders/"
    assert box.venue("POST", f"{path}{ids[0]}/decrease", {"reduce_by": "1.00"}).status == 200
    order = {"ticker": box.orders()[0]["ticker"], "side": "bid", "price": "0.0200", "count": "3.00"}
    assert box.venue("POST", f"{path}{ids[1]}/amend", order).status == 200
    assert box.venue("DELETE", path + ids[2]).status == 200
    assert box.ask("POST", "/box/transfers", {"amount": "12.50", "reference": "pays in"}).status == 200
    before, record, then = mine(box), box.record(), box.now()
    box.kill()
    again = started(folder)
    assert again.now() > then
    assert again.key_id == box.key_id
    assert mine(again) == before
    # Later by some moments; all else to the letter.
    assert again.record()[1:] == record[1:]
    assert again.create("taken").json["error"]["code"] == "order_already_exists"
    shown = {row["client_order_id"]: row for row in before[0]["orders"]}
    assert (shown["less"]["remaining_count_fp"], shown["less"]["status"]) == ("1.00", "resting")
    assert (shown["moved"]["yes_price_dollars"], shown["moved"]["remaining_count_fp"]) == ("0.0200", "3.00")
    assert shown["gone"]["status"] == "canceled"


def test_the_record_holds_what_was_asked_what_came_of_it_and_money_that_adds_up(folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder)
    box.create("first")
    box.create("first")
    order_id = box.orders()[0]["order_id"]
    box.venue("DELETE", f"/portfolio/events/orders/{order_id}")
    box.create("buys", price="0.9900", count="1.00", time_in_force="immediate_or_cancel")
    trade_id = box.venue("GET", "/portfolio/fills").json["fills"][0]["trade_id"]
    assert box.ask("POST", f"/box/fills/{trade_id}/correct", {"price": "0.0500", "count": "1.00"}).status == 200
    record = box.record()
    kinds = [line["kind"] for line in record]
    assert kinds[0] == "opened"
    asked = ["asked_order", "asked_order", "asked_cancel", "asked_order", "act"]
    assert kinds[1:] == [*asked, "order", "order", "changed", "fill", "corrected", "position", "balance"]
    cancel, changed = record[3], record[8]
    assert cancel["order_id"] == changed["order_id"] == order_id
    assert (changed["change"], changed["remaining"]) == ("cancel", 0)
    fill, corrected, left = record[9], record[10], record[12]
    assert fill["fill_id"] == corrected["fill_id"] == trade_id
    assert record[5]["trade_id"] == trade_id
    really = CASH - corrected["price"] * corrected["qty"] // MICRO - corrected["fee"]
    assert (left["cash"], left["fees_paid"]) == (really, corrected["fee"])


def test_midnight_lists_new_markets_settles_the_old_and_forgets_nothing(folder: Path, started: Any) -> None:
    late = A_DAY * DAY + 23 * 60 * MINUTE + 40 * MINUTE
    world = a_world(folder, late)
    held = next(view for view in world.markets() if view.status == "active" and view.ask)
    assert held.ask is not None
    taken = world.submit(late, NewOrder("held", held.spec.ticker, "buy", held.ask, MICRO, "ioc"))
    assert isinstance(taken, Accepted)
    assert taken.filled == MICRO
    before = {view.spec.ticker for view in world.markets()}
    world.close()
    box = started(folder, "--speed", 1_200, "--for", "28h")
    # Markets are asked for again and again, since a box lives on whether it is asked or not.
    while box.now() < (A_DAY + 1) * DAY + 2 * MINUTE:
        box.ask("GET", f"{ROOT}/markets?limit=1")
    rows = {row["ticker"]: row for row in box.ask("GET", f"{ROOT}/markets?limit=1000").json["markets"]}
    assert {rows[ticker]["status"] for ticker in before} == {"finalized"}
    assert all(rows[ticker]["settlement_ts"] for ticker in before)
    assert {row["status"] for ticker, row in rows.items() if ticker not in before} == {"active"}
    assert len(rows) == 2 * len(before)
    assert box.ask("GET", f"{ROOT}/markets/{held.spec.ticker}/orderbook").json == {
        "orderbook_fp": {"yes_dollars": [], "no_dollars": []}
    }
    (settled,) = [line for line in box.record() if line["kind"] == "settlement"]
    assert (settled["market"], settled["position"]) == (held.spec.ticker, MICRO)
    box.kill()
    again = started(folder)
    after = {row["ticker"]: row for row in again.ask("GET", f"{ROOT}/markets?limit=1000").json["markets"]}
    for ticker in before:
        differ = {name for name in rows[ticker] if rows[ticker][name] != after[ticker][name]}
        assert differ <= MOVING, ticker
    paid = again.venue("GET", "/portfolio/settlements").json["settlements"]
    assert [(row["ticker"], row["event_ticker"]) for row in paid] == [(held.spec.ticker, held.spec.event)]
    trades = again.ask("GET", f"{ROOT}/markets/trades?ticker={held.spec.ticker}&limit=1000").json["trades"]
    assert trades, "yesterday's public trades are still told"


def test_its_time_goes_on_where_it_was_left_and_ends_when_it_is_over(folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder, "--speed", 100)
    clock = box.ask("GET", "/box/clock").json
    assert set(clock) == {"now_ns", "speed", "started_ns"}
    assert clock["speed"] == 100
    assert MORNING <= clock["started_ns"] <= clock["now_ns"]
    then = box.now()
    assert box.stop() == (0, "")
    again = started(folder)
    assert again.now() >= then
    assert again.stop() == (0, "")
    short = started(folder, "--for", "1s")
    assert short._process.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_also_while_a_request_is_held(number: int, folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder)
    box.faults({"path": "*", "effect": "silence", "phase": "before"})
    with pytest.raises(TimeoutError):
        box.ask("GET", f"{ROOT}/markets", wait_s=0.3)
    assert box.stop(number) == (0, "")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="no limit of a file's size can be set from outside here")
def test_a_disk_that_takes_no_more_ends_it_and_what_was_not_kept_was_not_answered(folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder)
    limit = (folder / "exchange.journal").stat().st_size + 2_500
    resource.prlimit(box.pid, resource.RLIMIT_FSIZE, (limit, limit))
    answered: list[str] = []

    def create_on() -> None:
        while True:
            answered.append(box.create(f"order-{len(answered)}").json["order_id"])

    with pytest.raises(ConnectionError):
        create_on()
    status, errors = box.stop()
    assert status == 2
    assert "Nothing was answered; free the disk and restart" in errors
    assert "Traceback" not in errors
    assert answered
    again = started(folder)
    assert [row["order_id"] for row in reversed(again.orders())] == answered


def test_the_control_door_moves_markets_and_says_what_the_world_does_not_allow(folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder)
    ticker = box.ticker()

    def act(name: str, body: object = None) -> int:
        return box.ask("POST", f"/box/markets/{ticker}/{name}", body).status

    def state() -> tuple[str, str]:
        row = box.ask("GET", f"{ROOT}/markets/{ticker}").json["market"]
        return row["status"], row["result"]

    assert (act("resume"), state()[0]) == (409, "active")
    assert (act("pause"), state()[0]) == (200, "inactive")
    assert box.create("early", ticker=ticker).json["error"]["code"] == "trading_is_paused"
    assert (act("resume"), state()[0]) == (200, "active")
    assert act("grid", {"price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]}) == 200
    assert box.create("fine", ticker=ticker, price="0.0110").status == 201
    assert act("close", {"close_ns": box.now() + 600 * SECOND}) == 200
    assert act("determine", {"result": "scalar"}) == 400
    assert act("determine", {"result": "scalar", "value": "0.4000"}) == 200
    assert state() == ("determined", "scalar")
    assert act("amend", {"result": "yes"}) == 200
    assert (act("determine", {"result": "no"}), state()) == (409, ("determined", "yes"))
    assert box.ask("POST", "/box/exchange/pause", {"whole": True}).status == 200
    assert not box.ask("GET", f"{ROOT}/exchange/status").json["exchange_active"]
    assert box.ask("POST", "/box/exchange/resume").status == 200
    assert box.ask("POST", "/box/exchange/resume").json["error"]["code"] == "not_possible"
    acts = [line["what"] for line in box.record() if line["kind"] == "act"]
    assert acts == ["PauseMarket", "ResumeMarket", "ChangeGrid", "MoveClose", "Determine", "Amend", "PauseExchange",
                    "ResumeExchange"]  # fmt: skip


def test_the_control_door_is_shut_to_web_pages_and_to_what_it_does_not_understand(folder: Path, started: Any) -> None:
    begun(folder)
    box = started(folder)
    door = "/box/exchange/pause"
    assert box.ask("POST", door, headers={"Origin": "http://a.example"}).status == 403
    assert box.ask("POST", door, headers={"Host": f"a.example:{box.port}"}).status == 403
    assert box.ask("GET", "/box/clock", headers={"Host": "localhost"}).status == 200
    assert box.ask("GET", door).status == 405
    assert box.ask("GET", "/box/nothing").status == 404
    assert box.ask("POST", door, {"hole": True}).json["error"]["code"] == "bad_request"
    assert box.ask("POST", door, b"{" * 2_000_000).status == 413
    assert box.ask("POST", "/box/fills/nothing/bust").status == 404
    assert box.ask("POST", "/box/transfers", {"amount": "1e3"}).status == 400
    assert box.ask("POST", "/box/transfers", {"amount": "-2000.00"}).json["error"]["code"] == "insufficient_balance"
    assert box.ask("PUT", "/box/faults", {"rules": []}).json["error"]["code"] == "invalid_faults"
    assert box.ask("GET", f"{ROOT}/exchange/status").json == {"exchange_active": True, "trading_active": True}
    assert box.ask("GET", "/box/keys").json["keys"] == [{"key_id": box.key_id, "account": "box", "type": "rsa"}]

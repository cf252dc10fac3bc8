"""The judge itself: a true story passes, and each thing that must never happen is found and named."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.live.judge import judge, main

T = 1_790_000_000_000_000_000
SECOND = 1_000_000_000
MICRO = 1_000_000


def an_order(name: str, intent: str, *, side: str = "buy", price: int = 400_000, qty: int = 10 * MICRO) -> dict:
    return {
        "order_id": name, "intent_id": intent, "attempt": 1, "instrument": "KXA", "side": side, "type": "limit",
        "price": price, "qty": qty, "time_in_force": "ioc", "expires_ts": T + 3 * SECOND + 5,
    }  # fmt: skip


def ledger() -> list[dict]:
    """Cash comes, ten YES are bought in two pieces, two are sold, the market ends in yes."""
    buy, sell = an_order("b1", "i1"), an_order("s1", "i2", side="sell", price=500_000, qty=2 * MICRO)
    fill = {"order_id": "b1", "instrument": "KXA", "side": "buy", "taker": True, "venue_ts": T}
    limits = {"risk_per_trade_max": 5 * MICRO, "total_exposure_max": 6 * MICRO, "open_positions_max": 2}
    bodies = [
        {"type": "LedgerOpened", "constitution": limits},
        {"type": "DeskStarted"},
        {"type": "CashMoved", "amount": 100 * MICRO},
        {"type": "IntentProposed", "intent": {"intent_id": "i1", "action": "open"}},
        {"type": "OrderReleased", "order": buy},
        {"type": "OrderUnknown", "order_id": "b1"},
        {"type": "OrderResolved", "order_id": "b1", "finding": {"type": "accepted"}},
        {"type": "FillBooked", "fill": {**fill, "fill_id": "f1", "price": 400_000, "qty": 4 * MICRO, "fee": 70_000}},
        {"type": "FillBooked", "fill": {**fill, "fill_id": "f2", "price": 390_000, "qty": 6 * MICRO, "fee": 90_000}},
        {"type": "IntentProposed", "intent": {"intent_id": "i2", "action": "close"}},
        {"type": "OrderReleased", "order": sell},
        {
            "type": "FillBooked",
            "fill": {
                **fill, "order_id": "s1", "side": "sell", "fill_id": "f3", "price": 500_000, "qty": 2 * MICRO,
                "fee": 35_000,
            },
        },
        {"type": "MarketSettled", "instrument": "KXA", "value": MICRO, "qty": 8 * MICRO, "payout": 8 * MICRO},
    ]  # fmt: skip
    return [
        {"seq": seq, "ts": T + seq, "prev_hash": f"{seq - 1:x}", "hash": f"{seq:x}", "body": body}
        for seq, body in enumerate(bodies, start=1)
    ]


def record() -> list[dict]:
    asked = {"kind": "asked_order", "market": "KXA", "tif": "ioc", "post_only": False, "reduce_only": False}
    asked["expires_ts"] = (T + 3 * SECOND + 5) // SECOND * SECOND
    fill = {"kind": "fill", "market": "KXA", "side": "buy"}
    buy = {"client_order_id": "b1", "side": "buy", "price": 400_000, "qty": 10 * MICRO}
    sell = {"client_order_id": "s1", "side": "sell", "price": 500_000, "qty": 2 * MICRO}
    return [
        {"kind": "opened", "cash": 100 * MICRO},
        {**asked, **buy, "ts": T + 100},
        {**asked, **sell, "ts": T + 200},
        {"kind": "order", **buy},
        {"kind": "order", **sell},
        {**fill, "fill_id": "f1", "price": 400_000, "qty": 4 * MICRO, "fee": 70_000},
        {**fill, "fill_id": "f2", "price": 390_000, "qty": 6 * MICRO, "fee": 90_000},
        {**fill, "side": "sell", "fill_id": "f3", "price": 500_000, "qty": 2 * MICRO, "fee": 35_000},
        {"kind": "settlement", "market": "KXA", "value": MICRO, "position": 8 * MICRO, "payout": 8 * MICRO},
        {"kind": "balance", "cash": 100 * MICRO - 1_600_000 - 2_340_000 + MICRO - 195_000 + 8 * MICRO},
    ]


def test_a_true_story_is_told_as_one_with_what_traded() -> None:
    wrong, counts = judge(record(), ledger(), 0)
    assert wrong == []
    assert (counts["orders"], counts["fills"], counts["contracts"], counts["unknown"], counts["found"]) == (
        2,
        3,
        12,
        1,
        1,
    )


def test_it_runs_as_a_program_on_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, lines in (("record", record()), ("ledger", ledger())):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main([str(tmp_path / "record"), str(tmp_path / "ledger"), "--skew", "5"]) == 0
    (tmp_path / "record").write_text("".join(json.dumps(line) + "\n" for line in record()[:-2]) + json.dumps(
        {"kind": "balance", "cash": 0}
    ))  # fmt: skip
    assert main([str(tmp_path / "record"), str(tmp_path / "ledger")]) == 1
    assert "cash is" in capsys.readouterr().out


Change = Callable[[list[dict], list[dict]], None]


def _body(lines: list[dict], kind: str, number: int = 0) -> dict:
    return [line["body"] for line in lines if line["body"]["type"] == kind][number]


def _there(lines: list[dict], kind: str, number: int = 0) -> dict:
    return [line for line in lines if line["kind"] == kind][number]


def _not_sent(there: list[dict], here: list[dict]) -> None:
    _body(here, "OrderUnknown").update(type="OrderNotSent")


def _limit(name: str, value: int) -> Change:
    return lambda there, here: _body(here, "LedgerOpened")["constitution"].update({name: value})


WRONGS: dict[str, Change] = {
    "came in 2 times": lambda there, here: there.append(copy.deepcopy(there[1])),
    "has 2 orders at the exchange": lambda there, here: _body(here, "OrderReleased", 1)["order"].update(intent_id="i1"),
    "which was never released": lambda there, here: _there(there, "asked_order").update(client_order_id="x"),
    "was taken and never released": lambda there, here: _there(there, "order").update(client_order_id="x"),
    "was released twice": lambda there, here: _body(here, "OrderReleased", 1)["order"].update(order_id="b1"),
    "and came in as": lambda there, here: _there(there, "asked_order").update(price=410_000),
    "before its release": lambda there, here: _there(there, "asked_order").update(ts=T - 1),
    "ns after its release": lambda there, here: _there(there, "asked_order").update(ts=T + 90 * SECOND),
    "was not sent by the ledger, and came in": lambda there, here: _body(here, "OrderUnknown").update(
        type="OrderNotSent"
    ),
    "fill f2 was lost": lambda there, here: here.pop(8),
    "fill f9 never happened": lambda there, here: _body(here, "FillBooked", 1)["fill"].update(fill_id="f9"),
    "was booked twice": lambda there, here: _body(here, "FillBooked", 1)["fill"].update(fill_id="f1"),
    "fill f1 is": lambda there, here: _body(here, "FillBooked")["fill"].update(fee=70_001),
    "cash is": lambda there, here: _there(there, "balance").update(cash=1),
    "positions are": lambda there, here: there.append({"kind": "position", "market": "KXB", "qty": 5}),
    "settled as": lambda there, here: _there(there, "settlement").update(payout=7 * MICRO),
    "paid nothing there": lambda there, here: there.remove(_there(there, "settlement")),
    "has the number": lambda there, here: here[4].update(seq=9),
    "does not name the one before": lambda there, here: here[4].update(prev_hash="ff"),
    "is older than": lambda there, here: here[4].update(ts=T - 1),
    "risk_per_trade_max is": _limit("risk_per_trade_max", 1),
    "total_exposure_max is": _limit("total_exposure_max", 3_999_999),
    "open_positions_max is": _limit("open_positions_max", 0),
    "orders_per_day_max is": _limit("orders_per_day_max", 0),
}


@pytest.mark.parametrize("said", WRONGS)
def test_each_thing_that_must_never_happen_is_found(said: str) -> None:
    there, here = record(), ledger()
    WRONGS[said](there, here)
    wrong, _ = judge(there, here, 0)
    assert any(said in what for what in wrong), wrong


def test_an_order_that_was_found_absent_and_came_all_the_same_is_found() -> None:
    there, here = record(), ledger()
    _body(here, "OrderResolved")["finding"]["type"] = "absent"
    assert any("was not sent by the ledger, and came in" in what for what in judge(there, here, 0)[0])


def test_corrections_of_fills_and_of_settlements_are_followed_on_both_sides() -> None:
    there, here = record(), ledger()
    new = {"fill_id": "f1", "price": 410_000, "qty": 3 * MICRO, "fee": 60_000}
    here.insert(9, {"seq": 0, "ts": T + 9, "body": {"type": "FillCorrected", "correction": {**new, "venue_ts": T}}})
    _body(here, "MarketSettled").update(qty=7 * MICRO, payout=7 * MICRO)
    changed = {"type": "SettlementCorrected", "instrument": "KXA", "value": 0, "qty": 7 * MICRO, "payout": -7 * MICRO}
    here.append({"ts": T + 99, "body": changed})
    for seq, line in enumerate(here, start=1):
        line.update(seq=seq, prev_hash=f"{seq - 1:x}", hash=f"{seq:x}")
    there.append({"kind": "corrected", **new})
    _there(there, "settlement").update(value=0, position=7 * MICRO, payout=0)
    _there(there, "balance").update(cash=100 * MICRO - 1_230_000 - 2_340_000 + MICRO - 185_000)
    assert judge(there, here, 0)[0] == []
    there.pop()
    assert any("fill f1 is" in what for what in judge(there, here, 0)[0])

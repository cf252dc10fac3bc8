"""Judges a desk that was killed again and again: the exchange's journal against the ledger, and nothing else.

Reads the ledger with sqlite3 and json alone and keeps its own naive books (lists, loops, fractions), so that a mistake
of the desk's cannot be repeated here. The exchange lives its whole past again from its journal: that is the truth.
"""

import json
import sqlite3
import sys
from fractions import Fraction
from pathlib import Path

import msgspec

from assent.exchange.boxed import BoxedExchange
from assent.exchange.journal import Header, Journal, OrderEntry

Facts = list[tuple[int, dict]]


def read_facts(ledger: Path) -> Facts:
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    rows = connection.execute("SELECT ts, body FROM ledger ORDER BY seq").fetchall()
    connection.close()
    return [(ts, json.loads(body)) for ts, body in rows]


def live_again(journal: Path, until: int) -> tuple[BoxedExchange, list[OrderEntry]]:
    """The exchange as its journal says, every day lived through again, and the orders it was ever sent."""
    first = journal.read_bytes().split(b"\n", 1)[0]
    known = msgspec.json.decode(first[first.index(b"{") :], type=Header)
    opened = Journal.open(journal, known)
    sent = [entry for entry in opened.entries if isinstance(entry, OrderEntry)]
    opened.close()
    exchange = BoxedExchange.open(
        journal, seed=known.seed, start_ts=known.start_ts, account=known.account, cash=known.cash,
        replay_everything=True,
    )  # fmt: skip
    exchange.catch_up(max(until, exchange.lived_until))
    exchange.close()
    return exchange, sent


def complaints(ledger: Path, journal: Path) -> tuple[list[str], dict[str, int]]:
    """Everything that is wrong, and how much happened at all."""
    facts = read_facts(ledger)
    exchange, sent = live_again(journal, facts[-1][0])
    wrong = [*_orders(facts, sent), *_fills(facts, exchange), *_money(facts, exchange)]
    counts = {
        "orders": len(sent),
        "fills": len(exchange.fills()),
        "settlements": len(exchange.settlements()),
        "starts": sum(fact["type"] == "DeskStarted" for _, fact in facts),
        "unknown": sum(fact["type"] == "OrderUnknown" for _, fact in facts),
        "found": sum(_resolved(fact) == "accepted" for _, fact in facts),
        "absent": sum(_resolved(fact) == "absent" for _, fact in facts),
        "records": len(facts),
    }
    return wrong, counts


def _resolved(fact: dict) -> str:
    return fact["finding"]["type"] if fact["type"] == "OrderResolved" else ""


def _orders(facts: Facts, sent: list[OrderEntry]) -> list[str]:
    """Each order at the exchange has exactly one release, with the same terms, recorded before it was sent."""
    wrong = []
    released: dict[str, tuple[int, dict]] = {}
    intents: dict[str, int] = {}
    for ts, fact in facts:
        if fact["type"] == "OrderReleased":
            order = fact["order"]
            if order["order_id"] in released:
                wrong.append(f"order {order['order_id']} was released twice")
            released[order["order_id"]] = (ts, order)
    arrived: dict[str, int] = {}
    for entry in sent:
        order_id = entry.order.client_order_id or "?"
        arrived[order_id] = arrived.get(order_id, 0) + 1
        if order_id not in released:
            wrong.append(f"the exchange got order {order_id}, which was never released")
            continue
        ts, order = released[order_id]
        asked = (entry.order.market, entry.order.side, entry.order.price, entry.order.qty, entry.order.tif)
        allowed = (order["instrument"], order["side"], order["price"], order["qty"], order["time_in_force"])
        if asked != allowed:
            wrong.append(f"order {order_id} was released as {allowed} and sent as {asked}")
        if entry.ts < ts:
            wrong.append(f"order {order_id} was sent at {entry.ts}, before its release at {ts}")
        intents[order["intent_id"]] = intents.get(order["intent_id"], 0) + 1
    wrong += [f"order {order_id} arrived {count} times" for order_id, count in arrived.items() if count > 1]
    wrong += [f"intent {intent} has {count} orders at the exchange" for intent, count in intents.items() if count > 1]
    return wrong


def _fills(facts: Facts, exchange: BoxedExchange) -> list[str]:
    """The same fills on both sides, each once, with the same numbers."""
    wrong = []
    booked: dict[str, tuple] = {}
    for _, fact in facts:
        if fact["type"] == "FillBooked":
            fill = fact["fill"]
            if fill["fill_id"] in booked:
                wrong.append(f"fill {fill['fill_id']} was booked twice")
            booked[fill["fill_id"]] = (fill["instrument"], fill["side"], fill["price"], fill["qty"], fill["fee"])
    truth = {fill.fill_id: (fill.market, fill.side, fill.price, fill.qty, fill.fee) for fill in exchange.fills()}
    wrong += [f"fill {fill_id} was lost" for fill_id in truth if fill_id not in booked]
    wrong += [f"fill {fill_id} never happened" for fill_id in booked if fill_id not in truth]
    both = [fill_id for fill_id in truth if fill_id in booked]
    wrong += [f"fill {name}: {booked[name]} here, {truth[name]} there" for name in both if booked[name] != truth[name]]
    return wrong


def _money(facts: Facts, exchange: BoxedExchange) -> list[str]:
    """Cash and positions by the slowest arithmetic there is."""
    one = Fraction(1_000_000)
    cash = Fraction(0)
    held: dict[str, Fraction] = {}
    for _, fact in facts:
        if fact["type"] == "CashMoved":
            cash += fact["amount"]
        elif fact["type"] == "FillBooked":
            cash += _fill_cash(fact["fill"], held, one)
        elif fact["type"] == "MarketSettled":
            qty = held.pop(fact["instrument"], Fraction(0))
            cash += qty * fact["value"] / one if qty > 0 else -qty * (one - fact["value"]) / one
    wrong = []
    if cash != exchange.balance().cash:
        wrong.append(f"cash is {cash} by the ledger and {exchange.balance().cash} at the exchange")
    ours = {name: qty for name, qty in held.items() if qty}
    theirs = {name: qty for name, qty in exchange.positions().items() if qty}
    if ours != theirs:
        wrong.append(f"positions are {ours} by the ledger and {theirs} at the exchange")
    return wrong


def _fill_cash(fill: dict, held: dict[str, Fraction], one: Fraction) -> Fraction:
    """One contract at a time would be slower still; a fill at a time, first closing and then opening, is enough."""
    name, price, qty = fill["instrument"], Fraction(fill["price"]), Fraction(fill["qty"])
    before = held.get(name, Fraction(0))
    buying = fill["side"] == "buy"
    closing = min(qty, abs(before)) if before and (before > 0) != buying else Fraction(0)
    opening = qty - closing
    gained = closing * ((one - price) if buying else price) / one
    paid = opening * (price if buying else (one - price)) / one
    held[name] = before + (qty if buying else -qty)
    return gained - paid - fill["fee"]


if __name__ == "__main__":
    found, happened = complaints(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"wrong": found, **happened}))  # noqa: T201 - its answer, when it is run by hand
    sys.exit(1 if found else 0)

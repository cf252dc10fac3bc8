"""Judges a desk by two files alone: the exchange's own record and the desk's exported ledger.

    python tests/live/judge.py RECORD LEDGER [--skew NANOSECONDS]

RECORD is what `GET /box/record` answers, LEDGER what `assent ledger export` writes. It imports nothing of the product:
json, fractions, lists and loops, so that no mistake of the desk's or of the exchange's can be repeated here. It prints
what is wrong and how much happened, as JSON; exit 1 where something is wrong.

`--skew` is how far the two clocks may lie apart: a desk asks for the box's time over a network.
"""

import json
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

Line = dict
ONE = Fraction(1_000_000)
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
# A permit lives so long; what left within it may arrive later by what the line takes, but not by minutes.
PERMIT_LIFE = 2 * SECOND
LINE_MAX = 60 * SECOND
# Statuses of an order from which nothing more can be executed.
OVER = frozenset(("filled", "closed", "refused", "not_sent", "absent"))


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


class Case:
    """Both files, sorted by what they say."""

    def __init__(self, record: list[Line], ledger: list[Line], skew: int) -> None:
        self.skew = skew
        self.there: dict[str, list[Line]] = defaultdict(list)
        for line in record:
            self.there[line["kind"]].append(line)
        self.facts = [(line["seq"], line["ts"], line["body"]) for line in ledger]
        self.here: dict[str, list[tuple[int, int, Line]]] = defaultdict(list)
        for seq, ts, body in self.facts:
            self.here[body["type"]].append((seq, ts, body))
        self.wrong: list[str] = []

    def say(self, what: str) -> None:
        self.wrong.append(what)


def judge(record: list[Line], ledger: list[Line], skew: int) -> tuple[list[str], dict[str, int]]:
    """Everything that is wrong, and how much happened at all."""
    case = Case(record, ledger, skew)
    _chain(case, ledger)
    _orders(case)
    _fills(case)
    _money(case)
    _settlements(case)
    _limits(case)
    return case.wrong, _counts(case)


def _chain(case: Case, ledger: list[Line]) -> None:
    """Numbers without a gap, each record naming the one before, time that never goes back. Hashes are for `verify`."""
    before, ts = "", 0
    for number, line in enumerate(ledger, start=1):
        if line["seq"] != number:
            case.say(f"record {number} has the number {line['seq']}")
        if before and line["prev_hash"] != before:
            case.say(f"record {number} does not name the one before it")
        if line["ts"] < ts:
            case.say(f"record {number} is older than the one before it")
        before, ts = line["hash"], line["ts"]


def _orders(case: Case) -> None:
    """Each order that came in has one release, with the same terms, recorded before it, and came in once."""
    released: dict[str, tuple[int, Line]] = {}
    for _, ts, fact in case.here["OrderReleased"]:
        order = fact["order"]
        if order["order_id"] in released:
            case.say(f"order {order['order_id']} was released twice")
        released[order["order_id"]] = (ts, order)
    for asked in case.there["asked_order"]:
        name = asked["client_order_id"]
        if name not in released:
            case.say(f"the exchange was asked for order {name}, which was never released")
            continue
        ts, order = released[name]
        _same_terms(case, name, asked, order)
        if asked["ts"] < ts - case.skew:
            case.say(f"order {name} came in at {asked['ts']}, before its release at {ts}")
        if asked["ts"] > ts + PERMIT_LIFE + LINE_MAX + case.skew:
            case.say(f"order {name} came in {asked['ts'] - ts} ns after its release")
    _once(case, released)


def _once(case: Case, released: dict[str, tuple[int, Line]]) -> None:
    """No order twice under its own name, none twice for one intent, none that is recorded as never sent."""
    arrived = Counter(asked["client_order_id"] for asked in case.there["asked_order"])
    intents = Counter(released[name][1]["intent_id"] for name in arrived if name in released)
    taken = {order["client_order_id"] for order in case.there["order"]}
    found = [
        *(f"order {name} came in {count} times" for name, count in arrived.items() if count > 1),
        *(f"intent {name} has {count} orders at the exchange" for name, count in intents.items() if count > 1),
        *(f"order {name} was taken and never released" for name in taken - released.keys()),
        *(f"order {name} was not sent by the ledger, and came in" for name in _never_sent(case) & arrived.keys()),
    ]
    for what in found:
        case.say(what)


def _same_terms(case: Case, name: str, asked: Line, order: Line) -> None:
    expires = order.get("expires_ts")
    here = (
        order["instrument"], order["side"], order["price"], order["qty"], order["time_in_force"],
        order.get("post_only", False), order.get("reduce_only", False),
        None if expires is None else expires // SECOND * SECOND,
    )  # fmt: skip
    there = (
        asked["market"], asked["side"], asked["price"], asked["qty"], asked["tif"],
        bool(asked["post_only"]), bool(asked["reduce_only"]), asked["expires_ts"],
    )  # fmt: skip
    if here != there:
        case.say(f"order {name} was released as {here} and came in as {there}")


def _never_sent(case: Case) -> set[str]:
    """Not sent, or found absent: nothing of it may ever be at the exchange."""
    absent = {fact["order_id"] for _, _, fact in case.here["OrderResolved"] if _is_absent(fact)}
    return {fact["order_id"] for _, _, fact in case.here["OrderNotSent"]} | absent


def _is_absent(resolved: Line) -> bool:
    return resolved["finding"]["type"] == "absent"


def _fills(case: Case) -> None:
    """The same executions on both sides, each once, with the same numbers, as they stand after all corrections."""
    here: dict[str, tuple] = {}
    for _, _, fact in case.facts:
        if fact["type"] == "FillBooked":
            fill = fact["fill"]
            if fill["fill_id"] in here:
                case.say(f"fill {fill['fill_id']} was booked twice")
            here[fill["fill_id"]] = tuple(fill[name] for name in ("instrument", "side", "price", "qty", "fee"))
        elif fact["type"] == "FillCorrected":
            new = fact["correction"]
            old = here[new["fill_id"]]
            here[new["fill_id"]] = (*old[:2], new["price"], new["qty"], new["fee"])
    there = {f["fill_id"]: tuple(f[n] for n in ("market", "side", "price", "qty", "fee")) for f in case.there["fill"]}
    for new in case.there["corrected"]:
        there[new["fill_id"]] = (*there[new["fill_id"]][:2], new["price"], new["qty"], new["fee"])
    for name, fill in there.items():
        if fill[3] == 0 and here.get(name, fill)[3] == 0:
            continue
        if name not in here:
            case.say(f"fill {name} was lost")
        elif here[name] != fill:
            case.say(f"fill {name} is {here[name]} here and {fill} there")
    for name in here.keys() - there.keys():
        case.say(f"fill {name} never happened")


def _money(case: Case) -> None:
    """Cash and positions by the slowest arithmetic there is, at the end of both files."""
    cash, held = Fraction(0), defaultdict(Fraction)
    fills: dict[str, Line] = {}
    for _, _, fact in case.facts:
        kind = fact["type"]
        if kind == "CashMoved":
            cash += fact["amount"]
        elif kind == "FillBooked":
            fills[fact["fill"]["fill_id"]] = fact["fill"]
            cash += _flow(fact["fill"], held, 1)
        elif kind == "FillCorrected":
            new = fact["correction"]
            old = fills[new["fill_id"]]
            cash += _flow(old, held, -1)
            fills[new["fill_id"]] = old | {name: new[name] for name in ("price", "qty", "fee")}
            cash += _flow(fills[new["fill_id"]], held, 1)
        elif kind in ("MarketSettled", "SettlementCorrected"):
            cash += fact["payout"]
            held.pop(fact["instrument"], None)
    (balance,) = case.there["balance"]
    if cash != balance["cash"]:
        case.say(f"cash is {cash} by the ledger and {balance['cash']} at the exchange")
    ours = {name: int(qty) for name, qty in held.items() if qty}
    theirs = {line["market"]: line["qty"] for line in case.there["position"] if line["qty"]}
    if ours != theirs:
        case.say(f"positions are {ours} by the ledger and {theirs} at the exchange")


def _flow(fill: Line, held: dict[str, Fraction], sign: int) -> Fraction:
    """What one fill, or its taking back, does to cash. YES bought is YES sold backwards: positions net at once, and a
    pair of YES and NO is a dollar, so cash only depends on how much of a pair is opened or closed."""
    buying = (fill["side"] == "buy") == (sign > 0)
    qty, price, name = Fraction(fill["qty"]), Fraction(fill["price"]), fill["instrument"]
    before = held[name]
    after = before + (qty if buying else -qty)
    held[name] = after
    # A short of n contracts has n dollars of collateral less what was got for them.
    pairs = (max(Fraction(0), -after) - max(Fraction(0), -before)) * ONE
    paid = (qty if buying else -qty) * price
    return -(paid + pairs) / ONE - sign * fill["fee"]


def _settlements(case: Case) -> None:
    """What was held when a market paid, at what it paid, is the same on both sides."""
    here: dict[str, tuple] = {}
    for _, _, fact in case.facts:
        if fact["type"] in ("MarketSettled", "SettlementCorrected") and fact["qty"]:
            before = here.get(fact["instrument"], (0, 0, 0))
            here[fact["instrument"]] = (fact["value"], fact["qty"], before[2] + fact["payout"])
    there = {s["market"]: (s["value"], s["position"], s["payout"]) for s in case.there["settlement"] if s["position"]}
    for name, paid in there.items():
        if here.get(name) != paid:
            case.say(f"{name} settled as {paid} there and as {here.get(name)} here")
    for name in here.keys() - there.keys():
        case.say(f"{name} settled here and paid nothing there")


def _limits(case: Case) -> None:
    """At each release: what everything open could lose together, per trade and in all, and the counts, within the
    limits in force. Fees are left out, so this never says too much; the desk holds the same caps with fees."""
    limits: Line = {}
    fold = _Open()
    released_today: Counter[int] = Counter()
    for seq, ts, fact in case.facts:
        if fact["type"] == "LedgerOpened" or fact["type"] == "ConstitutionChanged":
            limits = fact["constitution"]
        fold.take(fact)
        if fact["type"] != "OrderReleased" or fold.closes.get(fact["order"]["intent_id"], False):
            continue
        order = fact["order"]
        released_today[ts // DAY] += 1
        measured = (
            ("risk_per_trade_max", _worst_of(Fraction(0), Fraction(0), [_open_order(order, order["qty"])])),
            ("total_exposure_max", fold.worst()),
            ("open_positions_max", Fraction(fold.markets())),
            ("orders_per_day_max", Fraction(released_today[ts // DAY])),
        )
        for name, value in measured:
            if name in limits and value > limits[name]:
                case.say(f"record {seq}: {name} is {limits[name]}, and the release made it {float(value)}")


class _Open:
    """What is held and what may still be executed, from the ledger's records alone."""

    def __init__(self) -> None:
        self.held: dict[str, Fraction] = defaultdict(Fraction)
        self.paid: dict[str, Fraction] = defaultdict(Fraction)
        self.orders: dict[str, Line] = {}
        self.left: dict[str, Fraction] = {}
        self.closes: dict[str, bool] = {}

    def take(self, fact: Line) -> None:
        kind = fact["type"]
        if kind == "IntentProposed":
            self.closes[fact["intent"]["intent_id"]] = fact["intent"]["action"] != "open"
        elif kind == "OrderReleased":
            self.orders[fact["order"]["order_id"]] = fact["order"]
            self.left[fact["order"]["order_id"]] = Fraction(fact["order"]["qty"])
        elif kind == "FillBooked":
            fill = fact["fill"]
            signed = Fraction(fill["qty"] if fill["side"] == "buy" else -fill["qty"])
            self.held[fill["instrument"]] += signed
            self.paid[fill["instrument"]] += signed * fill["price"]
            if fill["order_id"] in self.left:
                self.left[fill["order_id"]] -= fill["qty"]
        elif kind in ("OrderRefused", "OrderNotSent") or (kind == "OrderResolved" and _is_absent(fact)):
            self.left.pop(fact["order_id"], None)
        elif kind == "OrderClosed" or (kind == "OrderAccepted" and fact["remaining"] == 0):
            self._ended(fact["order_id"], fact["filled"])
        elif kind == "MarketSettled":
            self.held.pop(fact["instrument"], None)
            self.paid.pop(fact["instrument"], None)

    def _ended(self, order_id: str, filled: int) -> None:
        """Nothing rests; what was executed and is not booked yet may still come."""
        if order_id in self.left:
            booked = self.orders[order_id]["qty"] - self.left[order_id]
            self.left[order_id] = max(Fraction(0), Fraction(filled) - booked)

    def worst(self) -> Fraction:
        by_market: dict[str, list[tuple[bool, Fraction, Fraction]]] = defaultdict(list)
        for order_id, left in self.left.items():
            if left > 0:
                order = self.orders[order_id]
                by_market[order["instrument"]].append(_open_order(order, left))
        names = {name for name, qty in self.held.items() if qty} | set(by_market)
        total = Fraction(0)
        for name in names:
            total += max(Fraction(0), _worst_of(self.held[name], self.paid[name], by_market[name]))
        return total

    def markets(self) -> int:
        open_orders = {self.orders[name]["instrument"] for name, left in self.left.items() if left > 0}
        return len({name for name, qty in self.held.items() if qty} | open_orders)


def _open_order(order: Line, left: Fraction | int) -> tuple[bool, Fraction, Fraction]:
    return order["side"] == "buy", Fraction(order["price"]), Fraction(left)


def _worst_of(held: Fraction, paid: Fraction, orders: list[tuple[bool, Fraction, Fraction]]) -> Fraction:
    """The most that one market can lose: for YES and for NO, with the subset of its orders that hurts most."""
    losses = []
    for value in (Fraction(0), ONE):
        loss = (paid - held * value) / ONE
        for buying, price, qty in orders:
            against = (price - value) if buying else (value - price)
            loss += max(Fraction(0), against * qty / ONE)
        losses.append(loss)
    return max(losses)


def _counts(case: Case) -> dict[str, int]:
    here = {name: len(case.here[name]) for name in ("DeskStarted", "OrderReleased", "OrderUnknown", "HaltRaised")}
    findings = Counter(fact["finding"]["type"] for _, _, fact in case.here["OrderResolved"])
    return {
        "orders": len(case.there["asked_order"]),
        "cancels": len(case.there["asked_cancel"]),
        "fills": len(case.there["fill"]),
        "contracts": sum(fill["qty"] for fill in case.there["fill"]) // 1_000_000,
        "settlements": len(case.there["settlement"]),
        "starts": here["DeskStarted"],
        "releases": here["OrderReleased"],
        "unknown": here["OrderUnknown"],
        "found": findings["accepted"],
        "absent": findings["absent"],
        "halts": here["HaltRaised"],
        "records": len(case.facts),
    }


def main(arguments: list[str]) -> int:
    skew = int(arguments[arguments.index("--skew") + 1]) if "--skew" in arguments else 0
    record, ledger = Path(arguments[0]), Path(arguments[1])
    wrong, counts = judge(read(record), read(ledger), skew)
    print(json.dumps({"wrong": wrong, **counts}))  # noqa: T201 - its answer
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A second reader of every ledger: slow, naive, sharing nothing with the desk but the facts, and asking only what an
owner would ask. Was each entry allowed when it left, by the numbers in the ledger alone?"""

import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from tests.property.test_fold import SEEDS, a_life, a_long_life

from assent.model import facts
from assent.model.facts import Fact
from assent.model.levels import CAUSES, LATCHES
from assent.model.reasons import REASONS
from assent.model.units import MICRO

Records = list[tuple[int, Fact]]
LEDGERS = [*SEEDS, "long"]
each_ledger = pytest.mark.parametrize("ledger", LEDGERS)


def records_of(ledger: int | str) -> Records:
    return (a_long_life() if ledger == "long" else a_life(int(ledger))).records


def fee_of(price: int, qty: int, *, step: int = 100) -> int:
    """Seven hundredths of P times one minus P for each contract, up to the next hundredth of a cent of the balance."""
    exact = Fraction(7, 100) * Fraction(price, MICRO) * (1 - Fraction(price, MICRO)) * Fraction(qty, MICRO)
    fee = math.ceil(exact * MICRO / step) * step
    paid = math.ceil(Fraction(price * qty, MICRO))
    return math.ceil(Fraction(paid + fee, step)) * step - paid


def judged(records: Records) -> Iterator[tuple[int, Any, Any]]:
    """Each entry that passed, with the limits that were in force by then."""
    limits: Any = None
    for ts, fact in records:
        if isinstance(fact, facts.LedgerOpened | facts.ConstitutionChanged):
            limits = fact.constitution
        elif isinstance(fact, facts.IntentProposed) and fact.intent.action == "open":
            yield ts, fact, limits


def entries(records: Records) -> list[tuple[int, Any]]:
    return [(ts, f) for ts, f in records if isinstance(f, facts.IntentProposed) and f.intent.action == "open"]


@each_ledger
def test_every_entry_stood_on_a_quote_that_was_proven_recently_enough(ledger: int | str) -> None:
    for ts, fact, limits in judged(records_of(ledger)):
        assert fact.quote is not None
        assert 0 <= ts - fact.quote.proven_ts <= limits.quote_proof_age_max
        assert fact.quote.received_ts <= fact.quote.proven_ts


@each_ledger
def test_every_entry_promised_its_edge_after_the_fee_and_risked_no_more_than_the_cap(ledger: int | str) -> None:
    for _, fact, limits in judged(records_of(ledger)):
        intent = fact.intent
        paid = intent.price if intent.side == "buy" else MICRO - intent.price
        fee = fee_of(paid, intent.qty)
        gain = intent.fair - intent.price if intent.side == "buy" else intent.price - intent.fair
        assert gain - Fraction(fee * MICRO, intent.qty) >= limits.edge_min
        assert intent.qty > 0
        assert Fraction(paid * intent.qty, MICRO) + fee <= limits.risk_per_trade_max


@each_ledger
def test_every_entry_was_in_scope(ledger: int | str) -> None:
    records = records_of(ledger)
    listed = {f.instrument.id: f.instrument for _, f in records if isinstance(f, facts.InstrumentListed)}
    for _, fact, limits in judged(records):
        market = listed[fact.intent.instrument]
        assert market.id in limits.markets or market.event in limits.events or market.series in limits.series


@each_ledger
def test_limits_loosened_only_by_a_named_person_with_a_reason(ledger: int | str) -> None:
    before: Any = None
    for _, fact in records_of(ledger):
        if not isinstance(fact, facts.LedgerOpened | facts.ConstitutionChanged):
            continue
        after: Any = fact.constitution
        if isinstance(fact, facts.ConstitutionChanged) and not (fact.by and fact.reason):
            assert after.edge_min >= before.edge_min
            assert after.risk_per_trade_max <= before.risk_per_trade_max
            assert after.open_positions_max <= before.open_positions_max
            assert set(after.markets) <= set(before.markets)
            assert set(after.series) <= set(before.series)
        before = after


@each_ledger
def test_after_a_tightening_every_entry_that_may_still_rest_was_asked_to_leave(ledger: int | str) -> None:
    """Judged at each cycle's mark of the equity: by then the desk has had its turn."""
    opens: set[str] = set()
    accepted: set[str] = set()
    rests: dict[str, bool] = {}
    for _, fact in records_of(ledger):
        if isinstance(fact, facts.IntentProposed) and fact.intent.action == "open":
            opens.add(fact.intent.intent_id)
        elif isinstance(fact, facts.OrderReleased) and fact.order.intent_id in opens:
            rests[fact.order.order_id] = False
        elif isinstance(fact, facts.ConstitutionChanged):
            tightened = any(change.becomes == "tighter" for change in fact.changes)
            rests = {name: old or tightened for name, old in rests.items()}
        elif isinstance(fact, facts.OrderAccepted) and fact.remaining and fact.order_id in rests:
            accepted.add(fact.order_id)
        elif isinstance(fact, facts.CancelReleased | facts.OrderClosed | facts.OrderQuarantined):
            rests.pop(fact.order_id, None)
        elif isinstance(fact, facts.FillBooked):
            rests.pop(fact.fill.order_id, None)
        elif isinstance(fact, facts.EquityMarked):
            assert not [name for name, old in rests.items() if old and name in accepted]


@each_ledger
def test_nothing_was_released_that_the_level_forbade(ledger: int | str) -> None:
    standing: dict[str, int] = {}
    actions: dict[str, str] = {}
    for _, fact in records_of(ledger):
        if isinstance(fact, facts.HaltRaised):
            standing[fact.cause] = fact.level
        elif isinstance(fact, facts.HaltCleared):
            del standing[fact.cause]
        elif isinstance(fact, facts.IntentProposed):
            actions[fact.intent.intent_id] = fact.intent.action
        elif isinstance(fact, facts.OrderReleased):
            allowed = {0: {"open", "close"}, 1: {"close"}}.get(max(standing.values(), default=0), set())
            assert actions[fact.order.intent_id] in allowed


@each_ledger
def test_no_intent_has_two_orders_and_no_fill_is_booked_twice(ledger: int | str) -> None:
    records = records_of(ledger)
    intents = Counter(f.order.intent_id for _, f in records if isinstance(f, facts.OrderReleased))
    fills = Counter(f.fill.fill_id for _, f in records if isinstance(f, facts.FillBooked))
    assert max(intents.values(), default=1) == 1
    assert max(fills.values(), default=1) == 1


@each_ledger
def test_nothing_is_filled_beyond_its_order_without_an_alarm(ledger: int | str) -> None:
    ordered: dict[str, int] = {}
    filled: Counter[str] = Counter()
    alarms: set[str] = set()
    for _, fact in records_of(ledger):
        if isinstance(fact, facts.OrderReleased):
            ordered[fact.order.order_id] = fact.order.qty
        elif isinstance(fact, facts.FillBooked):
            filled[fact.fill.order_id] += fact.fill.qty
        elif isinstance(fact, facts.OrderQuarantined):
            alarms.add(fact.order_id)
    corrected = any(isinstance(fact, facts.FillCorrected) for _, fact in records_of(ledger))
    assert corrected or {name for name, qty in filled.items() if qty > ordered[name]} <= alarms


@each_ledger
def test_the_cash_is_what_the_facts_add_up_to(ledger: int | str) -> None:
    """Two drawers per market and fractions, from the records alone."""
    cash = Fraction(0)
    drawers: dict[tuple[str, str], int] = {}
    fills: dict[str, Any] = {}
    settled: dict[str, tuple[int, int]] = {}

    def move(name: str, side: str, price: int, qty: int) -> None:
        nonlocal cash
        mine, other, paid = ("yes", "no", price) if side == "buy" else ("no", "yes", MICRO - price)
        back = min(qty, drawers.get((name, other), 0))
        drawers[name, other] = drawers.get((name, other), 0) - back
        drawers[name, mine] = drawers.get((name, mine), 0) + qty - back
        cash += Fraction(back * (MICRO - paid) - (qty - back) * paid, MICRO)

    for _, fact in records_of(ledger):
        if isinstance(fact, facts.CashMoved):
            cash += fact.amount
        elif isinstance(fact, facts.FillBooked):
            fill = fills[fact.fill.fill_id] = fact.fill
            move(fill.instrument, fill.side, fill.price, fill.qty)
            cash -= fill.fee
        elif isinstance(fact, facts.FillCorrected):
            new, old = fact.correction, fills[fact.correction.fill_id]
            move(old.instrument, "sell" if old.side == "buy" else "buy", old.price, old.qty)
            move(old.instrument, old.side, new.price, new.qty)
            cash += old.fee - new.fee
            fills[new.fill_id] = msgspec.structs.replace(old, price=new.price, qty=new.qty, fee=new.fee)
        elif isinstance(fact, facts.MarketSettled):
            yes, no = (drawers.pop((fact.instrument, side), 0) for side in ("yes", "no"))
            assert yes - no == fact.qty
            paid = Fraction(yes * fact.value + no * (MICRO - fact.value), MICRO)
            assert paid == fact.payout
            cash += paid
            settled[fact.instrument] = (settled.get(fact.instrument, (0, 0))[0] + yes - no, fact.value)
        elif isinstance(fact, facts.SettlementCorrected):
            net, before = settled[fact.instrument]
            assert Fraction(net * (fact.value - before), MICRO) == fact.payout
            cash += fact.payout
            settled[fact.instrument] = (net, fact.value)
        elif isinstance(fact, facts.AccountMatched):
            assert fact.cash == cash
            held = {name for (name, _), qty in drawers.items() if qty}
            assert {holding.instrument for holding in fact.positions if holding.qty} == held
        elif isinstance(fact, facts.EquityMarked):
            assert fact.cash == cash


@each_ledger
def test_every_no_has_a_registered_code_and_the_rules_numbers(ledger: int | str) -> None:
    for _, fact in records_of(ledger):
        if isinstance(fact, facts.IntentRefused):
            assert REASONS[fact.reason].family == "rule"
            assert fact.reason == next(check.rule for check in fact.checks if not check.ok)
            for check in fact.checks:
                assert check.rule in REASONS
        elif isinstance(fact, facts.InputRejected):
            assert fact.code in REASONS
        elif isinstance(fact, facts.OrderNotSent):
            assert fact.reason in REASONS
        elif isinstance(fact, facts.StrategyStopped):
            assert REASONS[fact.reason].family == "strategy"
        elif isinstance(fact, facts.OrderQuarantined):
            assert fact.reason in REASONS
        elif isinstance(fact, facts.HaltRaised):
            latched = fact.reset == "human" and fact.cause in LATCHES
            assert fact.reset == CAUSES[fact.cause].reset or latched
            assert fact.level == CAUSES[fact.cause].level or (fact.cause, fact.level) == ("kill_switch_guard", 1)


def test_the_oracle_had_something_to_judge() -> None:
    count = Counter(len(entries(records_of(ledger))) > 0 for ledger in LEDGERS)
    assert count[True] >= len(LEDGERS) - 3
    assert sum(len(entries(records_of(ledger))) for ledger in LEDGERS) > 150

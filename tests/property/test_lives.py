"""Fills, corrections, answers, closings and outcomes in any order and any number of times; and caps that hold in
every world: two winners, none, a scalar one. What is expected is computed here, with fractions and drawers alone."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, combinations, pairwise, product
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, buy, limits, sell
from tests.model.support import FREE, T0, a_market

from assent.desk import exposure
from assent.desk.state import OrderState, Position, State
from assent.model import facts
from assent.model.inputs import (
    Accepted,
    CancelAnswered,
    CorrectionSeen,
    FillSeen,
    Input,
    OrderClosedSeen,
    Refused,
    SendAnswered,
    SettlementSeen,
)
from assent.model.intents import Intent
from assent.model.levels import Level
from assent.model.orders import Correction, Fill, Order
from assent.model.units import MICRO

TEN = 10 * MICRO


# --- one end of the money, whatever the order of the messages ----------------------------------------------


class Piece(NamedTuple):
    """One execution, and what it was said to have been really, one word after the other."""

    qty: int
    cents: int
    fee: int
    words: tuple[tuple[int, int, int], ...]


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    """Up to four executions of an order of ten; each may be corrected to less, to another price, to nothing."""
    cuts = sorted(draw(st.sets(st.integers(1, 999), min_size=1, max_size=4)))
    found = []
    for low, high in pairwise([0, *cuts]):
        qty = (high - low) * 10_000
        cents = draw(st.sampled_from((47, 48, 50)))
        words = draw(
            st.lists(
                st.tuples(
                    st.integers(0, high - low).map(lambda n: n * 10_000), st.sampled_from((46, 49)), st.integers(0, 90)
                ),
                max_size=3,
            )
        )
        found.append(Piece(qty, cents, draw(st.integers(0, 20_000)), tuple(words)))
    return found


def told(order: Order, executed: list[Piece], now: int) -> tuple[list[Input], list[Fill]]:
    """All that the venue says of one order, and the fills as they were in the end."""
    messages: list[Input] = []
    final = []
    for number, piece in enumerate(executed):
        price = _at(order, piece.cents)
        fill = Fill(
            f"{order.side}-{number}", order.order_id, MARKET.id, order.side, price, piece.qty, piece.fee, True, T0
        )
        messages.append(FillSeen(fill, now))
        for age, (qty, cents, fee) in enumerate(piece.words, start=1):
            price = _at(order, cents)
            messages.append(CorrectionSeen(Correction(fill.fill_id, price, qty, fee, T0 + age), now))
        if piece.words:
            qty, cents, fee = piece.words[-1]
            fill = Fill(fill.fill_id, fill.order_id, fill.instrument, fill.side, _at(order, cents), qty, fee, True, T0)
        final.append(fill)
    # The venue counts what was executed, taken back or not.
    gross = sum(piece.qty for piece in executed)
    messages += [
        SendAnswered(order.order_id, Accepted("v-1", 0, order.qty), now),
        CancelAnswered(order.order_id, Refused("not_found", ""), now),
        OrderClosedSeen(order.order_id, "user_cancel", gross, now),
    ]
    return messages, final


def _at(order: Order, cents: int) -> int:
    """As much better than the order's limit for a seller as it is for a buyer of at most fifty."""
    return cents * 10_000 if order.side == "buy" else MICRO - cents * 10_000


def drawers(fills: Sequence[Fill]) -> tuple[Fraction, Fraction, Fraction]:
    """YES, NO and cash after these fills: a trade first gives back from the other drawer."""
    yes = no = cash = Fraction(0)
    for fill in fills:
        price, qty = Fraction(fill.price, MICRO), Fraction(fill.qty)
        if fill.side == "buy":
            back = min(qty, no)
            no, yes = no - back, yes + qty - back
            cash += back * (1 - price) - (qty - back) * price
        else:
            back = min(qty, yes)
            yes, no = yes - back, no + qty - back
            cash += back * price - (qty - back) * (1 - price)
        cash -= fill.fee
    return yes, no, cash


@given(pieces(), st.data())
def test_one_order_with_corrections_ends_in_one_state_in_any_order_and_multiplicity(
    executed: list[Piece], data: st.DataObject
) -> None:
    bench = Bench()
    start = bench.state.cash
    order = bench.release(qty_max=TEN)
    messages, final = told(order, executed, bench.now)
    repeats = data.draw(st.lists(st.sampled_from(messages), max_size=5))
    for message in data.draw(st.permutations(messages + repeats)):
        before = bench.order(order).filled
        bench.take(message)
        if type(message) not in (FillSeen, CorrectionSeen):
            assert bench.order(order).filled == before
    known, (yes, _, cash) = bench.order(order), drawers(final)
    assert (bench.state.cash, bench.state.held(MARKET.id)) == (start + cash, yes)
    assert bench.state.accounts["fees"] == sum(fill.fee for fill in final)
    # Only buying: nothing was realised, and what is held has cost exactly what its fills cost.
    assert bench.state.accounts["realised"] == 0
    position = bench.state.positions.get(MARKET.id, Position())
    assert position.cost == sum(Fraction(fill.price * fill.qty, MICRO) for fill in final)
    assert (known.status in ("closed", "filled"), known.open_qty, known.filled) == (True, 0, yes)
    assert (bench.state.level, bench.state.reserved()) == (Level.TRADING, 0)


@given(pieces(), pieces(), st.sampled_from((0, MICRO, 333_300)), st.sampled_from((None, 0, 700_100)), st.data())
@settings(max_examples=60)
def test_two_orders_corrections_and_an_amended_outcome_end_in_one_money_in_any_order(
    bought: list[Piece], sold: list[Piece], value: int, amended: int | None, data: st.DataObject
) -> None:
    other = Scripted("other")
    bench = Bench(strategies=(other,))
    start = bench.state.cash
    buying = bench.release(qty_max=TEN)
    other.says = [sell(qty_max=TEN)]
    selling = next(f.order for f in bench.cycle() if isinstance(f, facts.OrderReleased))
    first, final = told(buying, bought, bench.now)
    second, also = told(selling, sold, bench.now)
    messages = first + second
    words = [(value, T0)] + ([] if amended is None else [(amended, T0 + 1)])
    for worth, ts in words:
        result: Any = {0: "no", MICRO: "yes"}.get(worth, "scalar")
        messages.append(SettlementSeen(MARKET.id, result, worth, ts, bench.now))
    restart_at = data.draw(st.integers(0, len(messages)))
    # After the venue's last count a fill that was never told is an alarm; here all is told, late or not.
    for number, message in enumerate(data.draw(st.permutations(messages))):
        if number == restart_at:
            bench.restart()
        bench.take(message)
    for message in messages:
        bench.take(message)
    worth, _ = words[-1]
    yes, no, cash = drawers(final + also)
    net = yes - no
    # Pairs are dollars; of the rest a scalar outcome is paid down to a hundredth of a cent.
    owed = (min(yes, no) if yes and no else 0) + (
        net * Fraction(worth, MICRO) if net > 0 else -net * (1 - Fraction(worth, MICRO))
    )
    paid = owed - (owed % 100 if 0 < worth < MICRO else 0)
    assert bench.state.cash == start + cash + paid
    assert bench.state.accounts["fees"] == sum(f.fee for f in final + also) + owed - paid
    assert bench.state.accounts["positions"] == 0
    assert bench.state.positions == {}
    assert bench.state.halts.keys() <= {"settlement_changed"}
    assert bench.state.reserved() == 0


# --- the worst case, against every subset and every ending -------------------------------------------------


MARKETS = [a_market(f"KXTEST-26JAN05-B{n}", exclusive_group="KXTEST-26JAN05", fees=FREE) for n in (47, 48)]
prices = st.integers(1, 99).map(lambda cents: cents * 10_000)
qtys = st.integers(1, 500).map(lambda hundredths: hundredths * 10_000)
sides: Any = st.sampled_from(("buy", "sell"))
# (market, side, price, qty, filled already, worst fee of the whole)
orders = st.tuples(st.integers(0, 1), sides, prices, qtys, st.integers(0, 500), st.integers(0, 50_000))
holdings = st.tuples(st.integers(0, 1), sides, prices, qtys)


@given(st.lists(holdings, max_size=2, unique_by=lambda held: held[0]), st.lists(orders, max_size=4))
@settings(max_examples=60)
def test_total_exposure_is_the_worst_over_all_subsets_of_fills_and_all_endings(
    held: list[tuple[Any, ...]], open_orders: list[tuple[Any, ...]]
) -> None:
    """Each market ends in yes, no or a half, each order fills or does not; the parts that did fill are not counted."""
    state = State()
    state.instruments = {market.id: market for market in MARKETS}
    books: dict[int, list[Fill]] = {0: [], 1: []}
    paid = Fraction(0)
    for index, side, price, qty in held:
        cost = (price if side == "buy" else MICRO - price) * qty // MICRO
        state.positions[MARKETS[index].id] = Position(qty if side == "buy" else -qty, cost)
        books[index].append(Fill("held", "o", MARKETS[index].id, side, price, qty, 0, True, T0))
        paid += cost
    fills = []
    for number, (index, side, price, qty, part, fee) in enumerate(open_orders):
        filled = min(qty, part * 10_000)
        name = MARKETS[index].id
        intent = Intent("i", "2", "s", 1, "open", name, side, "limit", price, qty, "gtc", fee=fee, worst_loss=0)
        order = Order(f"o-{number}", "i", 1, name, side, "limit", price, qty, "gtc")
        state.orders[order.order_id] = OrderState(order, intent, "working", T0, filled=filled)
        rest_fee = -(-fee * (qty - filled) // qty)
        fills.append((index, Fill("x", "o", name, side, price, qty - filled, rest_fee, True, T0)))
    worst = Fraction(0)
    subsets = list(chain.from_iterable(combinations(fills, size) for size in range(len(fills) + 1)))
    for subset in subsets:
        for ending in product((Fraction(0), Fraction(1, 2), Fraction(1)), repeat=2):
            result = Fraction(0)
            for index, worth in enumerate(ending):
                yes, no, cash = drawers([*books[index], *(fill for at, fill in subset if at == index)])
                result += cash + yes * worth + no * (1 - worth)
            worst = max(worst, -result)
    assert exposure.total_exposure(state) == worst
    assert worst >= paid


# --- caps in every world -------------------------------------------------------------------------------------

TRIO = [a_market(f"KXTEST-26JAN05-B{n}", exclusive_group="KXTEST-26JAN05", fees=FREE) for n in (47, 48, 49)]
TOTAL, EVENT, ONE_MARKET = 4 * MICRO, 3 * MICRO, 2 * MICRO
ideas = st.lists(
    st.tuples(st.integers(0, 2), st.integers(5, 95), st.integers(1, 300), st.sampled_from(("all", "half", "none"))),
    min_size=3,
    max_size=12,
)
# What a YES of each market pays in the end: two winners, none, parts of a dollar.
endings = st.tuples(*(st.sampled_from((0, MICRO, 250_000, 500_000)) for _ in TRIO))


def lived(trusted: bool, sides_of: tuple[str, ...], wanted: list[tuple[int, int, int, str]]) -> Bench:
    """Each idea proposed, and if released filled whole, by half or not at all. One side a market, so nothing nets."""
    caps = limits(
        total_exposure_max=TOTAL, event_exposure_max=EVENT, market_exposure_max=ONE_MARKET,
        trust_exclusive=("KXTEST",) if trusted else (),
    )  # fmt: skip
    bench = Bench(constitution=caps, markets=TRIO)
    for index, cents, hundredths, fate in wanted:
        side, price = sides_of[index], cents * 10_000
        bench.quote(TRIO[index].id, price - 10_000, price) if side == "buy" else bench.quote(
            TRIO[index].id, price, price + 10_000
        )
        idea = buy(
            instrument=TRIO[index].id, side=side, price=price, fair=MICRO if side == "buy" else 0,
            qty_max=hundredths * 10_000,
        )  # fmt: skip
        for order in [f.order for f in bench.propose(idea) if isinstance(f, facts.OrderReleased)]:
            qty = {"all": order.qty, "half": order.qty // 20_000 * 10_000, "none": 0}[fate]
            if qty:
                bench.fill(order, qty)
            bench.accept(order, filled=qty)
        # At every record, not only at releases: nothing nets here, so nothing can rise in between.
        assert exposure.total_exposure(bench.state) <= TOTAL
    return bench


@given(st.booleans(), st.tuples(sides, sides, sides), ideas, endings)
@settings(max_examples=80)
def test_no_world_costs_more_than_the_hard_caps_even_where_exclusiveness_was_trusted_wrongly(
    trusted: bool, sides_of: tuple[str, ...], wanted: list[tuple[int, int, int, str]], ending: tuple[int, ...]
) -> None:
    bench = lived(trusted, sides_of, wanted)
    fills: dict[str, list[Fill]] = {}
    for fact in bench.of(facts.FillBooked):
        fills.setdefault(fact.fill.instrument, []).append(fact.fill)
    losses = []
    for market, value in zip(TRIO, ending, strict=True):
        yes, no, cash = drawers(fills.get(market.id, []))
        losses.append(-(cash + yes * Fraction(value, MICRO) + no * (1 - Fraction(value, MICRO))))
        bench.take(SettlementSeen(market.id, {0: "no", MICRO: "yes"}.get(value, "scalar"), value, T0, bench.now))  # type: ignore[arg-type]
    total = sum(losses)
    assert max(losses) <= ONE_MARKET
    assert total <= TOTAL
    honest = sum(value == MICRO for value in ending) <= 1 and set(ending) <= {0, MICRO}
    if honest or not trusted:
        assert total <= EVENT
    assert 1_000 * MICRO - bench.state.cash == total


def test_where_trust_was_wrong_the_events_cap_is_passed_and_the_total_is_not() -> None:
    """So the worlds above do reach the place where only the hard total holds."""
    wanted = [(index, 40, 300, "all") for index in range(3)] * 2
    bench = lived(True, ("sell", "sell", "sell"), wanted)
    for market in TRIO:
        bench.take(SettlementSeen(market.id, "yes", MICRO, T0, bench.now))
    lost = 1_000 * MICRO - bench.state.cash
    assert EVENT < lost <= TOTAL

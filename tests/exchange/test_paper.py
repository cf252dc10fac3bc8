"""The fill model of paper: never more than was shown, never at a price that others would have had before us."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.exchange.paper import ENDED_MAX, Ended, Event, Executed, PaperExchange, Taken, Terms, Top
from assent.exchange.types import MICRO, SECOND, NewOrder, Rejected

TERMS = Terms(taker_ppm=70_000, maker_ppm=17_500, precision=100)
FREE = Terms(taker_ppm=0, maker_ppm=0, precision=1)
BOOK = Top(400_000, 5 * MICRO, 450_000, 3 * MICRO)


def an_exchange(top: Top = BOOK, *, cash: int = 1_000 * MICRO, terms: Terms = TERMS) -> PaperExchange:
    exchange = PaperExchange(cash)
    exchange.list_market("M", terms)
    assert exchange.phase("M", 0, is_open=True, is_over=False) == []
    assert exchange.quote("M", top, 0) == []
    return exchange


def order(side: str = "buy", price: int = 450_000, qty: int = 2 * MICRO, **more: object) -> NewOrder:
    return NewOrder(client_order_id=None, market="M", side=side, price=price, qty=qty, **more)  # type: ignore[arg-type]


def fills(events: list[Event]) -> list[tuple[int, int, bool]]:
    return [(event.price, event.qty, event.taker) for event in events if isinstance(event, Executed)]


def ends(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.reason, event.filled) for event in events if isinstance(event, Ended)]


@pytest.mark.parametrize(("side", "price", "got"), [("buy", 480_000, 450_000), ("sell", 380_000, 400_000)])
def test_an_order_that_crosses_takes_what_is_shown_at_the_price_that_is_shown(side: str, price: int, got: int) -> None:
    exchange = an_exchange()
    answer, events = exchange.submit("a", order(side, price), SECOND)
    assert answer == Taken(2 * MICRO, 0)
    assert fills(events) == [(got, 2 * MICRO, True)]
    assert ends(events) == [("executed", 2 * MICRO)]


def test_nothing_behind_the_top_is_known_so_the_rest_rests_or_goes() -> None:
    exchange = an_exchange()
    answer, events = exchange.submit("a", order(qty=5 * MICRO, tif="ioc"), SECOND)
    assert (answer, fills(events)) == (Taken(3 * MICRO, 0), [(450_000, 3 * MICRO, True)])
    assert ends(events) == [("ioc_cancel", 3 * MICRO)]
    exchange = an_exchange()
    answer, events = exchange.submit("b", order(qty=5 * MICRO), SECOND)
    assert (answer, exchange.resting()) == (Taken(3 * MICRO, 2 * MICRO), ["b"])


def test_the_same_contracts_are_never_bought_twice_while_their_price_stays_on_the_top() -> None:
    exchange = an_exchange()
    exchange.submit("a", order(qty=2 * MICRO, tif="ioc"), SECOND)
    exchange.quote("M", BOOK, 2 * SECOND)
    answer, _ = exchange.submit("b", order(qty=2 * MICRO, tif="ioc"), 3 * SECOND)
    assert answer == Taken(MICRO, 0)
    exchange.quote("M", BOOK._replace(ask=460_000), 4 * SECOND)
    exchange.quote("M", BOOK, 5 * SECOND)
    answer, _ = exchange.submit("c", order(qty=2 * MICRO, tif="ioc"), 6 * SECOND)
    assert answer == Taken(2 * MICRO, 0)


def test_a_resting_order_is_filled_only_when_the_market_trades_through_it() -> None:
    exchange = an_exchange()
    answer, events = exchange.submit("a", order(price=420_000), SECOND)
    assert (answer, events) == (Taken(0, 2 * MICRO), [])
    assert exchange.quote("M", BOOK._replace(ask=420_000), 2 * SECOND) == []
    events = exchange.quote("M", BOOK._replace(ask=410_000, ask_qty=MICRO), 3 * SECOND)
    assert fills(events) == [(420_000, MICRO, False)]
    events = exchange.quote("M", BOOK._replace(ask=410_000, ask_qty=MICRO), 4 * SECOND)
    assert events == []
    events = exchange.quote("M", BOOK._replace(ask=405_000, ask_qty=9 * MICRO), 5 * SECOND)
    assert (fills(events), ends(events)) == ([(420_000, MICRO, False)], [("executed", 2 * MICRO)])


def test_a_market_that_is_not_open_or_not_known_fills_nothing() -> None:
    exchange = an_exchange()
    exchange.submit("a", order(price=420_000), SECOND)
    exchange.phase("M", 2 * SECOND, is_open=False, is_over=False)
    assert exchange.quote("M", BOOK._replace(ask=300_000), 3 * SECOND) == []
    assert exchange.submit("b", order(), 4 * SECOND)[0] == Rejected("market_inactive", "M")
    assert exchange.quote("M", Top(), 5 * SECOND) == []
    assert exchange.phase("M", 6 * SECOND, is_open=True, is_over=False) == []
    assert exchange.resting() == ["a"]


def test_what_was_passed_while_the_market_was_paused_fills_when_it_opens_again() -> None:
    exchange = an_exchange()
    exchange.submit("a", order(price=420_000), SECOND)
    exchange.phase("M", 2 * SECOND, is_open=False, is_over=False)
    exchange.quote("M", BOOK._replace(ask=300_000), 3 * SECOND)
    assert fills(exchange.phase("M", 4 * SECOND, is_open=True, is_over=False)) == [(420_000, 2 * MICRO, False)]


def test_a_market_that_ends_takes_off_what_rests_and_settlement_pays_what_is_held() -> None:
    exchange = an_exchange(terms=FREE)
    exchange.submit("a", order(), SECOND)
    exchange.submit("b", order(price=420_000), SECOND)
    assert ends(exchange.phase("M", 2 * SECOND, is_open=False, is_over=True)) == [("close_cancel", 0)]
    before = exchange.balance().cash
    assert exchange.settle("M", MICRO, 3 * SECOND) == []
    assert (exchange.positions(), exchange.balance().cash) == ({}, before + 2 * MICRO)
    exchange.settle("M", MICRO, 4 * SECOND)
    assert exchange.balance().cash == before + 2 * MICRO
    exchange.settle("M", 0, 5 * SECOND)
    assert exchange.balance().cash == before


def test_no_pays_the_rest_of_the_dollar() -> None:
    exchange = an_exchange(terms=FREE)
    exchange.submit("a", order("sell", 400_000), SECOND)
    assert exchange.positions() == {"M": -2 * MICRO}
    assert exchange.balance().cash == (1_000 - 2) * MICRO + 2 * 400_000
    exchange.settle("M", 250_000, 2 * SECOND)
    assert exchange.balance().cash == 1_000 * MICRO + 2 * (400_000 - 250_000)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (order(price=0), "invalid_price"),
        (order(price=MICRO), "invalid_price"),
        (order(qty=0), "invalid_order_size"),
        (order(expires_ts=SECOND), "invalid_order"),
        (order(post_only=True), "invalid_order"),
        (order(qty=4 * MICRO, tif="fok"), "fill_or_kill_insufficient_resting_volume"),
        (order(qty=10_000 * MICRO), "insufficient_balance"),
        (NewOrder(client_order_id=None, market="X", side="buy", price=450_000, qty=MICRO), "market_not_found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_venue_would_refuse_is_refused(terms: NewOrder, code: str) -> None:
    exchange = an_exchange()
    answer, events = exchange.submit("a", terms, SECOND)
    assert isinstance(answer, Rejected)
    assert (answer.code, events, exchange.resting()) == (code, [], [])
    assert exchange.balance().cash == 1_000 * MICRO


def test_one_name_is_one_order() -> None:
    exchange = an_exchange()
    exchange.submit("a", order(), SECOND)
    answer, _ = exchange.submit("a", order(), SECOND)
    assert isinstance(answer, Rejected)
    assert answer.code == "order_already_exists"


def test_reduce_only_never_opens() -> None:
    exchange = an_exchange()
    answer, events = exchange.submit("a", order(reduce_only=True, tif="ioc"), SECOND)
    assert (answer, ends(events)) == (Taken(0, 0), [("reduce_only_cancel", 0)])
    exchange.hold("M", MICRO)
    answer, _ = exchange.submit("b", order("sell", 400_000, reduce_only=True, tif="ioc"), SECOND)
    assert (answer, exchange.positions()) == (Taken(MICRO, 0), {})


def test_an_order_lives_no_longer_than_it_may_even_if_the_market_passes_it_at_that_moment() -> None:
    exchange = an_exchange()
    exchange.submit("a", order(price=420_000, expires_ts=5 * SECOND), SECOND)
    events = exchange.quote("M", BOOK._replace(ask=300_000), 5 * SECOND)
    assert (fills(events), ends(events)) == ([], [("expiry_cancel", 0)])


def test_a_cancel_takes_off_what_rests_and_only_that() -> None:
    exchange = an_exchange()
    exchange.submit("a", order(price=420_000), SECOND)
    assert exchange.cancel("a", 2 * SECOND) == Ended("a", "user_cancel", 0, 2 * SECOND)
    assert exchange.cancel("a", 3 * SECOND) is None
    assert exchange.cancel("never", 3 * SECOND) is None
    assert exchange.balance().reserved == 0


def test_what_rested_before_a_restart_rests_again_unless_its_market_has_ended() -> None:
    exchange = an_exchange()
    assert exchange.adopt("a", order(price=420_000, qty=5 * MICRO), 2 * MICRO, SECOND) == []
    assert exchange.order("a") == ("resting", 2 * MICRO, 3 * MICRO)
    gone = NewOrder(client_order_id=None, market="GONE", side="buy", price=420_000, qty=MICRO)
    assert ends(exchange.adopt("b", gone, 0, SECOND)) == [("close_cancel", 0)]
    exchange.phase("M", SECOND, is_open=False, is_over=True)
    assert ends(exchange.adopt("c", order(price=420_000), MICRO, SECOND)) == [("close_cancel", MICRO)]


def test_names_of_orders_that_ended_are_kept_within_bounds() -> None:
    exchange = an_exchange()
    for number in range(ENDED_MAX + 10):
        exchange.submit(str(number), order(price=420_000), SECOND)
        exchange.cancel(str(number), SECOND)
    assert exchange.order("0") is None
    assert exchange.order(str(ENDED_MAX + 9)) == ("canceled", 0, 0)


tops = st.builds(
    lambda bid, gap, bid_qty, ask_qty: Top(bid * 10_000, bid_qty * MICRO, (bid + gap) * 10_000, ask_qty * MICRO),
    st.integers(10, 80), st.integers(1, 10), st.integers(1, 5), st.integers(1, 5),
)  # fmt: skip
asked = st.builds(
    lambda side, price, qty, tif: order(side, price * 10_000, qty * MICRO, tif=tif),
    st.sampled_from(["buy", "sell"]), st.integers(5, 95), st.integers(1, 6), st.sampled_from(["gtc", "ioc"]),
)  # fmt: skip


def ids() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield str(number)


@given(st.lists(st.one_of(tops, asked), min_size=1, max_size=40))
def test_it_never_fills_more_than_was_shown_nor_worse_than_asked_and_its_money_adds_up(steps: list[object]) -> None:
    exchange, names, ts = an_exchange(terms=TERMS), ids(), SECOND
    cash, held, orders = Fraction(1_000 * MICRO), Fraction(0), {}
    top = BOOK
    # What each price on each side has given since it came to the top.
    given_away: dict[str, tuple[int | None, int]] = {}
    for step in steps:
        ts += SECOND
        if isinstance(step, Top):
            top = step
            events = exchange.quote("M", top, ts)
        else:
            name = next(names)
            orders[name] = step
            _, events = exchange.submit(name, step, ts)  # type: ignore[arg-type]
        for side, price in (("buy", top.ask), ("sell", top.bid)):
            if given_away.get(side, (price, 0))[0] != price:
                del given_away[side]
        for event in events:
            if not isinstance(event, Executed):
                continue
            terms = orders[event.order_id]
            buying = terms.side == "buy"
            price, shown = (top.ask, top.ask_qty) if buying else (top.bid, top.bid_qty)
            assert price is not None
            assert (event.price <= terms.price) if buying else (event.price >= terms.price)
            assert event.price == (price if event.taker else terms.price)
            if not event.taker:
                assert price < terms.price if buying else price > terms.price
            total = given_away.get(event.side, (price, 0))[1] + event.qty
            assert total <= shown
            given_away[event.side] = (price, total)
            signed = Fraction(event.qty if buying else -event.qty)
            closing = min(abs(signed), abs(held)) if held * signed < 0 else Fraction(0)
            paid = abs(signed) * (event.price if buying else MICRO - event.price) / MICRO
            cash += closing - paid - event.fee
            held += signed
    assert exchange.balance().cash == cash
    assert exchange.positions().get("M", 0) == held
    assert exchange.balance().available >= 0

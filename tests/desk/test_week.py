"""A desk that is left alone for a week trades again after each fault that passes and on the day after a losing day;
what only a person may end is still there when the week is over."""

from collections.abc import Callable

import pytest
from tests.desk.support import MARKET, Bench, buy, close, limits
from tests.model.support import FREE, T0, a_market

from assent.model.facts import HaltCleared, HaltRaised, IntentRefused, OrderReleased
from assent.model.inputs import Absent, AccountUnavailable, NotSent, Unknown
from assent.model.levels import CAUSES, Level
from assent.model.units import DAY, HOUR, MICRO, MINUTE

END = T0 + 90 * DAY
HELD = a_market(fees=FREE, close_ts=END)
BESIDE = a_market("KXTEST-26JAN05-B49.5", fees=FREE, close_ts=END)
IDEA = {"instrument": BESIDE.id, "qty_max": MICRO}


def a_desk() -> Bench:
    """Ten contracts at fifty of a hundred dollars; a dollar is the most to lose in a day, two losers are a row."""
    bench = Bench(
        constitution=limits(quote_proof_age_max=10 * MINUTE, daily_loss_max=MICRO, losing_streak_max=2),
        cash=100 * MICRO, markets=(HELD, BESIDE),
    )  # fmt: skip
    bench.quote(HELD.id, 500_000, 510_000)
    for _ in range(10):
        bench.hold(qty_max=MICRO)
    bench.cycle()
    return bench


def live(bench: Bench, duration: int, *, bid: int | None = 500_000) -> None:
    """A cycle and two quotes a minute, the books compared every five."""
    for minute in range(duration // MINUTE):
        bench.later(MINUTE).quote(HELD.id, bid, 510_000)
        bench.quote(BESIDE.id, 490_000, 500_000)
        bench.cycle()
        if minute % 5 == 0:
            bench.match()


def refusal(bench: Bench) -> str | None:
    """Why an entry is refused now, or None: one that is released is not sent, so that it leaves nothing behind."""
    told = bench.propose(buy(**IDEA))
    released = [fact.order for fact in told if isinstance(fact, OrderReleased)]
    for order in released:
        assert bench.permit(order, bench.now) is None
        bench.answer(order, NotSent("not_connected"))
        return None
    return str(bench.of(IntentRefused)[-1].reason)  # one that is refused for the same reasons again is only counted


def restart(bench: Bench) -> None:
    """The process dies; the next one sees the markets anew and compares the books."""
    bench.restart()
    bench.match()
    for market in (HELD, BESIDE):
        bench.show(market)


# --- faults that pass: each leaves the desk with the halt named, and is over when it returns ----------------


def the_clock_jumps(bench: Bench) -> None:
    bench.halt("clock_jump", by="clock")


def a_request_is_held_up_until_its_signature_is_old(bench: Bench) -> None:
    bench.halt("venue_clock", by="kalshi")


def the_feed_falls_silent(bench: Bench) -> None:
    for _ in range(90):
        bench.later(MINUTE).halt("stale_data", by="sim")
        bench.cycle()
    bench.quote(BESIDE.id, 490_000, 500_000)


def the_books_cannot_be_compared(bench: Bench) -> None:
    order = bench.release(**IDEA)
    bench.answer(order, Unknown("no answer in time"))
    bench.match()
    bench.later(6 * MINUTE).match()
    bench.quote(BESIDE.id, 490_000, 500_000)
    bench.evidence(order, Absent("the journal"))


def the_venue_does_not_show_its_books(bench: Bench) -> None:
    for _ in range(90):
        bench.later(MINUTE).take(AccountUnavailable("sim", "HTTP 503", bench.now))
        bench.cycle()
    bench.quote(BESIDE.id, 490_000, 500_000)


def the_bid_is_gone_for_an_evening(bench: Bench) -> None:
    live(bench, 5 * HOUR, bid=None)


FAULTS: dict[str, tuple[str, Callable[[Bench], None]]] = {
    "clock_jump": ("level", the_clock_jumps),
    "venue_clock": ("level", a_request_is_held_up_until_its_signature_is_old),
    "stale_data": ("level", the_feed_falls_silent),
    "books_overdue": ("level", the_books_cannot_be_compared),
    "account_unavailable": ("level", the_venue_does_not_show_its_books),
    "mark_missing": ("level", the_bid_is_gone_for_an_evening),
}


def test_every_passing_cause_has_a_day_in_this_week() -> None:
    assert set(FAULTS) == {code for code, cause in CAUSES.items() if cause.reset == "clear_for"}


def test_a_desk_that_is_left_alone_for_a_week_and_a_day_trades_again_after_each_passing_fault_and_losing_day() -> None:
    bench, begun = a_desk(), T0
    days = list(FAULTS.items())
    for number, (cause, (reason, happen)) in enumerate(days, start=1):
        assert refusal(bench) is None
        happen(bench)
        assert list(bench.state.halts) == [cause]
        assert refusal(bench) == reason
        live(bench, 2 * HOUR)
        assert refusal(bench) is None, f"{cause} has gone quiet"
        restart(bench)
        _until(bench, begun + number * DAY)
    # The next day: ten cents a contract are lost, a dollar in all.
    live(bench, HOUR, bid=400_000)
    assert refusal(bench) == "daily_loss_guard"
    live(bench, HOUR)
    assert refusal(bench) == "daily_loss_guard", "a price that came back does not undo the day"
    _until(bench, begun + (len(days) + 1) * DAY)
    assert refusal(bench) is None
    # The last: two trades in a row end in nothing.
    for name in ("L1", "L2"):
        market = a_market(f"KXTEST-26JAN05-{name}", fees=FREE, close_ts=END)
        bench.show(market)
        bench.hold(instrument=market.id, qty_max=MICRO // 10)
        bench.settle("no", name=market.id)
    live(bench, HOUR)
    assert refusal(bench) == "consecutive_loss_pause"
    _until(bench, begun + (len(days) + 3) * DAY)
    assert refusal(bench) is None
    assert bench.state.level == Level.TRADING
    assert {fact.by for fact in bench.of(HaltCleared)} == {"desk"}
    assert {fact.cause for fact in bench.of(HaltRaised)} == {*FAULTS, "daily_loss", "loss_streak"}
    assert "human" not in {fact.reset for fact in bench.of(HaltRaised)}


def _until(bench: Bench, ts: int) -> None:
    live(bench, (ts - bench.now) // MINUTE * MINUTE)


def test_an_evening_without_bids_every_day_of_the_week_is_no_persons_business() -> None:
    """In event markets the losers lose their bid late in the day: that is how such a day ends."""
    bench = a_desk()
    for day in range(1, 8):
        for _ in range(4):
            live(bench, HOUR, bid=None)
            live(bench, 10 * MINUTE)
        _until(bench, T0 + day * DAY)
        assert refusal(bench) is None
    raised = [fact for fact in bench.of(HaltRaised) if fact.cause == "mark_missing"]
    assert len(raised) == 28
    assert {fact.reset for fact in raised} == {"clear_for"}


def test_the_switch_holds_the_desk_for_as_long_as_it_is_set_and_no_longer() -> None:
    bench = a_desk()
    bench.switch()
    _until(bench, T0 + 7 * DAY)
    assert refusal(bench) == "kill_switch_guard"
    bench.match()
    assert bench.resume() == [], "no person can resume what the switch holds"
    bench.switch(is_set=False)
    assert refusal(bench) is None


@pytest.mark.parametrize("cause", [code for code, cause in CAUSES.items() if cause.reset == "human"])
def test_what_only_a_person_may_end_is_there_when_the_week_is_over(cause: str) -> None:
    bench = a_desk()
    bench.halt(cause, by="watchdog")
    for _ in range(7):
        live(bench, HOUR)
        bench.later(DAY - HOUR)
        restart(bench)
    live(bench, 10 * MINUTE)
    assert cause in bench.state.halts
    assert refusal(bench) == "level"
    bench.match()
    bench.resume()
    live(bench, MINUTE)
    assert refusal(bench) is None


def test_on_a_halted_day_what_is_held_can_still_be_given_back() -> None:
    bench = a_desk()
    live(bench, HOUR, bid=400_000)
    told = bench.propose(close(instrument=MARKET.id, price=400_000))
    assert any(isinstance(fact, OrderReleased) for fact in told)

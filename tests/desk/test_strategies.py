"""A strategy is its owner's code from last night: whatever it raises or returns, the desk lives and says so."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, buy, kinds
from tests.model.support import HOSTILE, BadRepr, BadTruth, anything
from tests.model.test_proposals import with_field

from assent.desk.strategy import HOOKS, View
from assent.model.facts import Fact, HaltRaised, IntentProposed, IntentRefused, OrderReleased, StrategyStopped
from assent.model.inputs import BarSeen, ForecastSeen
from assent.model.intents import Proposal, Score
from assent.model.levels import Level
from assent.model.units import SECOND


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("my own message breaks")


class Exits(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Colourful(Exception):
    def __str__(self) -> str:
        return "\x1b[2J\x1b]0;owned\x07" + "x" * 100_000 + "\ud800"


def deep_inside() -> None:
    deep_inside()


def raising(error: BaseException) -> Callable[..., Any]:
    def hook(*_: object) -> Any:
        raise error

    return hook


def a_generator_that_breaks(*_: object) -> Iterator[Proposal]:
    yield buy()
    raise ValueError("midway")


def a_generator_that_exits(*_: object) -> Iterator[Proposal]:
    yield buy()
    raise SystemExit(1)


def endless(*_: object) -> Iterator[Proposal]:
    while True:
        yield buy(instrument="KXNEVER")


class Odd:
    """A strategy that does one odd thing at one hook, once it is armed."""

    def __init__(self, deed: Callable[..., Any] = lambda *_: None, name: str = "odd") -> None:
        self.name = name
        self.deed = deed
        self.armed = ""
        self.calls = 0

    def _at(self, hook: str, *args: object) -> Any:
        self.calls += 1
        return self.deed(*args) if hook == self.armed else None

    def on_quote(self, *args: object) -> Any:
        return self._at("on_quote", *args)

    def on_bar(self, *args: object) -> Any:
        return self._at("on_bar", *args)

    def on_forecast(self, *args: object) -> Any:
        return self._at("on_forecast", *args)

    def on_cycle(self, *args: object) -> Any:
        return self._at("on_cycle", *args)


def show_by_quote(bench: Bench) -> list[Fact]:
    return bench.quote()


def show_by_cycle(bench: Bench) -> list[Fact]:
    return bench.cycle()


def show_by_bar(bench: Bench) -> list[Fact]:
    return bench.take(BarSeen(MARKET.id, 490_000, 500_000, 480_000, 500_000, 0, bench.now, bench.now))


def show_by_forecast(bench: Bench) -> list[Fact]:
    return bench.take(ForecastSeen(MARKET.id, 600_000, "model", bench.now, bench.now))


SHOWN = {"on_quote": show_by_quote, "on_bar": show_by_bar, "on_forecast": show_by_forecast, "on_cycle": show_by_cycle}
each_hook = pytest.mark.parametrize("hook", HOOKS)


def misbehave(deed: Callable[..., Any], hook: str = "on_cycle") -> tuple[Bench, list[Fact]]:
    """A desk on which one strategy does something odd, and what the desk said of it."""
    odd = Odd(deed)
    bench = Bench(strategies=(odd,))
    odd.armed = hook
    return bench, SHOWN[hook](bench)


def assert_stopped(bench: Bench, told: list[Fact], reason: str) -> None:
    """Stopped with its name, the level lowered, and the desk and its neighbour at work."""
    stopped = [fact for fact in told if isinstance(fact, StrategyStopped)]
    assert [(fact.strategy, fact.reason) for fact in stopped] == [("odd", reason)], kinds(told)
    assert stopped[0].detail
    assert stopped[0].detail.isascii()
    assert stopped[0].detail.isprintable()
    assert len(stopped[0].detail) <= 200
    assert [fact.cause for fact in told if isinstance(fact, HaltRaised)] == ["strategy_stopped"]
    assert bench.state.level == Level.REDUCING
    assert bench.state.stopped == {"odd": reason}
    refused = [fact for fact in bench.propose(buy()) if isinstance(fact, IntentRefused)]
    assert [fact.reason for fact in refused] == ["level"], "the neighbour is asked, and only the level holds it back"
    bench.later(SECOND).match()
    bench.desk.strategies[1].armed = ""  # type: ignore[attr-defined]
    bench.resume("strategy_stopped")
    assert "OrderReleased" in kinds(bench.propose(buy()))


FAULTS: dict[str, BaseException] = {
    "ValueError": ValueError("no"),
    "KeyError": KeyError("x"),
    "AssertionError": AssertionError(),
    "StopIteration": StopIteration(),
    "MemoryError": MemoryError(),
    "SystemExit": SystemExit(1),
    "mute": Mute(),
    "exits while speaking": Exits(),
    "colourful": Colourful(),
    "unicode": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    "GeneratorExit": GeneratorExit(),
    "cancellation": asyncio.CancelledError(),
    "group": ExceptionGroup("several", [ValueError("a"), KeyError("b")]),
}


@each_hook
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_strategy_raises_stops_it_and_nothing_else(fault: str, hook: str) -> None:
    bench, told = misbehave(raising(FAULTS[fault]), hook)
    assert_stopped(bench, told, "strategy_exception")


@each_hook
def test_a_strategy_that_calls_itself_for_ever_is_stopped(hook: str) -> None:
    bench, told = misbehave(lambda *_: deep_inside(), hook)
    assert_stopped(bench, told, "strategy_exception")


@pytest.mark.parametrize("deed", [a_generator_that_breaks, a_generator_that_exits])
def test_a_generator_that_breaks_midway_has_proposed_nothing(deed: Callable[..., Any]) -> None:
    bench, told = misbehave(deed)
    assert not bench.of(OrderReleased)
    assert_stopped(bench, told, "strategy_exception")


@each_hook
@pytest.mark.parametrize(
    "thing",
    [BadTruth(), 7, True, float("nan"), 1.5, object(), buy(), Decimal(1), Proposal, BadRepr()],
    ids=lambda t: type(t).__name__,
)
def test_what_is_not_a_series_of_proposals_stops_the_strategy(thing: Any, hook: str) -> None:
    bench, told = misbehave(lambda *_: thing, hook)
    assert_stopped(bench, told, "strategy_exception")


@pytest.mark.parametrize(
    "things",
    ["buy", b"buy", {"instrument": 1}, [None], [1.5], [float("nan")], [True], ["buy"], [[buy()]], [Proposal], [{}],
     [BadRepr()], ({"price": 1},), [with_field("price", float("nan"))], [with_field("fair", 0.5)],
     [with_field("price", True)], [with_field("price", "0.5")], [with_field("price", 10**5_000)],
     [with_field("scores", (Score("dvs", 0.9),))], [with_field("reason", "\x1b[31m")], [with_field("side", "BUY")],
     [with_field("instrument", BadRepr())]],
    ids=lambda things: type(things).__name__,
)  # fmt: skip
def test_nonsense_among_the_proposals_stops_the_strategy(things: Any) -> None:
    bench, told = misbehave(lambda *_: things)
    assert_stopped(bench, told, "strategy_nonsense")


@pytest.mark.parametrize("hook", ["on_cycle", "on_quote"])
def test_a_strategy_that_never_stops_proposing_is_stopped(hook: str) -> None:
    bench, told = misbehave(endless, hook)
    assert len(told) < 200
    assert_stopped(bench, [fact for fact in told if not isinstance(fact, IntentRefused)], "strategy_nonsense")


def test_ten_thousand_proposals_at_once_are_nonsense_and_not_silently_cut() -> None:
    bench, told = misbehave(lambda *_: [buy(instrument=f"KX{n}") for n in range(10_000)])
    assert len(told) < 200
    assert_stopped(bench, [fact for fact in told if not isinstance(fact, IntentRefused)], "strategy_nonsense")


@pytest.mark.parametrize("nothing", [None, [], (), {}, "", iter(())], ids=lambda thing: type(thing).__name__)
def test_nothing_is_nothing(nothing: Any) -> None:
    bench, told = misbehave(lambda *_: nothing)
    assert told == []
    assert bench.state.level == Level.TRADING


def test_what_came_before_the_nonsense_at_a_quote_was_judged_and_is_not_sent() -> None:
    bench, told = misbehave(lambda *_: [buy(), 1.5], "on_quote")
    assert kinds(told)[-2:] == ["StrategyStopped", "HaltRaised"]
    order = next(fact.order for fact in told if isinstance(fact, OrderReleased))
    assert bench.permit(order, bench.now) == "halted"


def test_of_a_strategy_that_says_nonsense_at_a_cycle_nothing_is_judged() -> None:
    bench, told = misbehave(lambda *_: [buy(), 1.5])
    assert kinds(told) == ["StrategyStopped", "HaltRaised"]
    assert not bench.state.orders


def test_a_strategy_that_was_stopped_is_not_called_any_more_and_is_told_once() -> None:
    bench, _ = misbehave(raising(ValueError("no")), "on_quote")
    odd = bench.desk.strategies[1]
    calls = odd.calls  # type: ignore[attr-defined]
    for hook in HOOKS:
        SHOWN[hook](bench)
    assert odd.calls == calls  # type: ignore[attr-defined]
    assert len(bench.of(StrategyStopped)) == 1


def test_a_strategy_does_not_escape_from_being_stopped_by_another_name() -> None:
    class Sly:
        name, calls = "sly", 0

        def on_cycle(self, _view: View) -> None:
            self.calls += 1
            self.name = f"sly-{self.calls}"
            raise ValueError("caught")

    bench = Bench(strategies=(sly := Sly(),))
    bench.later(SECOND).cycle()
    assert sly.calls == 1
    assert list(bench.state.stopped) == ["sly"]


def test_a_strategy_stays_stopped_over_a_restart() -> None:
    bench, _ = misbehave(raising(ValueError("no")))
    bench.restart()
    assert bench.state.stopped == {"odd": "strategy_exception"}
    assert bench.cycle() == []


def test_two_strategies_that_break_at_one_quote_are_both_stopped() -> None:
    one, two = Odd(raising(ValueError("1")), "one"), Odd(raising(ValueError("2")), "two")
    bench = Bench(strategies=(one, two))
    one.armed = two.armed = "on_quote"
    told = bench.quote()
    assert [fact.strategy for fact in told if isinstance(fact, StrategyStopped)] == ["one", "two"]


def test_the_strategies_after_a_broken_one_are_still_asked() -> None:
    broken, good = Odd(raising(ValueError("1")), "broken"), Odd(lambda *_: [buy(fair=None)], "good")
    for hook in HOOKS:
        bench = Bench(strategies=(broken, good))
        broken.armed = good.armed = hook
        told = SHOWN[hook](bench)
        assert [fact.intent.strategy for fact in told if isinstance(fact, IntentRefused)] == ["good"]
        broken.armed = good.armed = ""


@each_hook
def test_only_a_person_interrupts(hook: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        misbehave(raising(KeyboardInterrupt()), hook)


def test_the_desk_notes_whom_it_is_calling() -> None:
    """For a watchdog outside: a strategy that hangs must be named."""
    seen = []
    one, two = Odd(name="one"), Odd(name="two")
    bench = Bench(strategies=(one, two))
    one.deed = two.deed = lambda *_: seen.append(bench.desk.cell.value)
    for hook in HOOKS:
        one.armed = two.armed = hook
        SHOWN[hook](bench)
    assert seen == [1, 2] * len(HOOKS)


def test_two_strategies_of_one_name_cannot_be_told_apart() -> None:
    with pytest.raises(Exception, match="strategy_names_repeat"):
        Bench(strategies=(Odd(name="same"), Odd(name="same")))


def test_a_strategy_needs_only_the_hooks_that_it_wants() -> None:
    class Silent:
        name = "silent"

    bench = Bench(strategies=(Silent(),))
    for hook in HOOKS:
        SHOWN[hook](bench)
    assert bench.state.level == Level.TRADING


def test_a_view_shows_what_is_held_quoted_and_on_its_way() -> None:
    seen: list[Any] = []

    def look(view: View) -> None:
        orders = [(o.order_id, o.side, o.price, o.qty, o.filled) for o in view.open_orders(MARKET.id)]
        seen.append((view.now, view.cash, view.held(MARKET.id), view.busy(MARKET.id), orders))
        assert view.instrument(MARKET.id) == MARKET
        assert view.constitution is not None
        assert (view.quote("KXNEVER"), view.instrument("KXNEVER"), view.forecast("KXNEVER")) == (None, None, None)
        assert (view.held("KXNEVER"), view.busy("KXNEVER"), view.open_orders("KXNEVER")) == (0, False, [])

    odd = Odd(look)
    bench = Bench(strategies=(odd,))
    odd.armed = "on_cycle"
    bench.later(1).cycle()
    order = bench.release(qty_max=2_000_000)
    bench.fill(order, 500_000, fee=0)
    bench.later(1).cycle()
    assert seen[0] == (bench.now - 1, bench.state.cash + 250_000, 0, False, [])
    assert seen[-1] == (
        bench.now, bench.state.cash, 500_000, True, [(order.order_id, "buy", 500_000, 2_000_000, 500_000)]
    )  # fmt: skip


# --- anything at all -------------------------------------------------------------------------------------

fields = st.one_of(anything, st.sampled_from(("open", "close", "cancel", "claim", "buy", "sell", "gtc", MARKET.id)))
garbage_proposals = st.one_of(
    st.builds(Proposal, fields, fields, fields, fields, fields, fields, fields, fields, fields, fields, fields),
    st.builds(
        Proposal,
        st.sampled_from((MARKET.id, "KXNEVER", "")),
        st.sampled_from(("open", "close", "cancel", "claim")),
        st.sampled_from(("buy", "sell")),
        st.one_of(st.integers(-(10**16), 10**16), st.sampled_from((500_000, 490_000, 0, 10**6))),
        st.one_of(st.none(), st.integers(-(10**16), 10**16)),
        st.one_of(st.none(), st.integers(-(10**16), 10**16)),
        st.sampled_from(("limit", "market", "stop", "stop_limit")),
        st.sampled_from(("gtc", "ioc", "fok", "day")),
        st.one_of(st.none(), st.integers(-(10**16), 10**16)),
        st.booleans(),
        st.one_of(st.none(), st.integers(-(10**16), 10**16)),
        st.one_of(st.none(), st.text(max_size=4)),
    ),
    st.builds(with_field, st.sampled_from(Proposal.__struct_fields__), anything),
)
garbage = st.one_of(anything, st.lists(st.one_of(garbage_proposals, anything), max_size=4), garbage_proposals)


@given(st.lists(garbage, min_size=1, max_size=4))
def test_nothing_that_a_strategy_returns_raises_or_reaches_a_fact_as_it_is(things: list[Any]) -> None:
    """The bench encodes every fact to its canonical bytes: a float, a NaN or a bool for a number would break there."""
    odd = Odd()
    bench = Bench(strategies=(odd, Scripted("second")))
    odd.armed = "on_cycle"
    for thing in things:
        odd.deed = lambda *_, thing=thing: thing
        bench.cycle()
    assert bench.state.stopped.keys() <= {"odd"}
    for fact in bench.of(IntentProposed) + bench.of(IntentRefused):
        assert type(fact.intent.price) is int
        assert fact.intent.worst_loss >= 0
    bench.later(SECOND).match()
    # Whoever breaks at a cycle lowers the level before any idea of that cycle is judged.
    odd.armed = ""
    bench.resume()
    assert "OrderReleased" in kinds(bench.propose(buy())) or bench.state.orders


@pytest.mark.parametrize("thing", HOSTILE, ids=lambda thing: type(thing).__name__)
def test_every_hostile_thing_by_itself_and_in_a_list_leaves_the_desk_alive(thing: Any) -> None:
    for said in (thing, [thing], (buy(), thing)):
        bench, _ = misbehave(lambda *_, said=said: said)
        assert bench.state.level in (Level.TRADING, Level.REDUCING)
        assert "IntentRefused" in kinds(bench.propose(buy())) or bench.of(OrderReleased)

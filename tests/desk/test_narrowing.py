"""A start that was told to keep to less: both scopes count, it is recorded, and the next start is free of it."""

from tests.desk.support import MARKET, Bench, buy, close, limits
from tests.model.support import a_market

from assent.model.constitution import Narrowing
from assent.model.facts import DeskStarted, IntentRefused, OrderReleased
from assent.model.inputs import DeskStarting

OTHER = a_market(id="KXOTHER-1-A", event="KXOTHER-1", series="KXOTHER")


def started(narrowed: Narrowing | None, **given: object) -> Bench:
    bench = Bench(matched=False, **given)  # type: ignore[arg-type]
    bench.take(DeskStarting("build", ("scripted",), bench.now, (), narrowed))
    bench.match()
    bench.cycle()
    return bench


def test_what_the_start_kept_to_is_recorded_with_it() -> None:
    kept = Narrowing(series=(MARKET.series,))
    assert started(kept).of(DeskStarted)[-1].narrowed == kept
    assert started(None).of(DeskStarted)[-1].narrowed is None


def test_a_market_in_both_may_be_traded() -> None:
    for kept in (
        Narrowing(series=(MARKET.series,)),
        Narrowing(events=(MARKET.event,)),
        Narrowing(markets=(MARKET.id, "X")),
    ):
        assert [type(fact) for fact in started(kept).propose(buy())][-1] is OrderReleased


def test_a_market_of_the_scope_that_the_start_does_not_keep_to_is_refused() -> None:
    told = started(Narrowing(markets=("KXHIGHNY-NOT-THIS",))).propose(buy())
    (refused,) = [fact for fact in told if isinstance(fact, IntentRefused)]
    assert refused.reason == "scope"


def test_a_market_outside_of_the_scope_stays_outside_whatever_a_start_was_told() -> None:
    bench = started(
        Narrowing(series=("KXOTHER",)), constitution=limits(series=(MARKET.series,)), markets=(MARKET, OTHER)
    )
    told = bench.propose(buy(instrument=OTHER.id))
    assert next(fact for fact in told if isinstance(fact, IntentRefused)).reason == "scope"


def test_what_is_held_may_be_left_whatever_the_start_keeps_to() -> None:
    bench = Bench()
    bench.hold()
    bench.take(DeskStarting("build", ("scripted",), bench.now, (), Narrowing(markets=("OTHER",))))
    bench.match()
    bench.cycle()
    assert any(isinstance(fact, OrderReleased) for fact in bench.propose(close()))


def test_the_next_start_is_free_of_it_and_both_can_be_restored() -> None:
    bench = started(Narrowing(markets=("OTHER",)))
    narrow = bench.state.digest()
    bench.restart()
    assert bench.state.narrowed is None
    assert bench.state.digest() != narrow
    bench.match()
    bench.show(MARKET)
    bench.cycle()
    assert any(isinstance(fact, OrderReleased) for fact in bench.propose(buy()))

"""The gate: each rule has a world in which it alone says no, and no rule can be skipped, broken or forgotten."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.desk.support import MARKET, WIDE, Bench, Scripted, buy, close, kinds, limits, sell
from tests.desk.worlds import LIMIT_WORLDS, World, world_of
from tests.model.support import a_future, a_market

from assent.desk import gate
from assent.desk.candidate import Candidate
from assent.desk.rules import LIMITS_OF, RULES, in_force
from assent.model.constitution import LIMITS, Constitution
from assent.model.exits import Exits
from assent.model.facts import Fact, IntentProposed, IntentRefused, OrderReleased
from assent.model.inputs import DeskStarting, InstrumentSeen, PhaseSeen, StreamProven, Unknown
from assent.model.intents import Check
from assent.model.reasons import REASONS
from assent.model.units import HOUR, MICRO, SECOND

CODES = [code for code, _ in RULES]
ALWAYS = [code for code in CODES if code not in LIMITS_OF]


def in_a_mode_of_another_version() -> World:
    """Behind the desk's back: the ledger of this version takes no mode that it does not know."""
    bench = Bench()
    bench.state.seal = structs.replace(bench.state.seal, mode="another")
    return bench, buy()


def under_a_halt() -> World:
    bench = Bench()
    bench.halt("operator")
    return bench, buy()


def after_a_fault_of_its_own() -> World:
    """Stopped behind the desk's back: the desk itself does not even ask a strategy that it has stopped."""
    bench = Bench()
    bench.state.stopped["scripted"] = "strategy_exception"
    return bench, buy()


def that_says_hold() -> World:
    return Bench(), buy(hold=True)


def out_of_scope() -> World:
    return Bench(constitution=limits(series=(), markets=("KXOTHER",))), buy()


def while_the_venue_pauses() -> World:
    bench = Bench(markets=())
    bench.show(MARKET, phase="paused")
    return bench, buy()


def on_an_old_quote() -> World:
    bench = Bench()
    bench.later(WIDE.quote_proof_age_max + 1)
    return bench, buy()


def before_the_books_were_compared() -> World:
    bench = Bench()
    bench.take(DeskStarting("test", (), bench.now))
    return bench, buy()


def under_the_kill_switch() -> World:
    bench = Bench()
    bench.switch()
    return bench, buy()


def with_flags_that_contradict_each_other() -> World:
    return Bench(), buy(post_only=True, time_in_force="ioc")


def with_an_order_on_its_way() -> World:
    bench = Bench()
    bench.release(qty_max=MICRO)
    return bench, buy()


def without_an_edge() -> World:
    return Bench(), buy(fair=520_000)


def with_a_cap_below_the_smallest_size() -> World:
    return Bench(constitution=limits(risk_per_trade_max=100)), buy()


def with_no_place_for_one_more_position() -> World:
    return Bench(constitution=limits(open_positions_max=0)), buy()


def with_enough_at_stake() -> World:
    return Bench(constitution=limits(total_exposure_max=5 * MICRO)), buy()


def without_the_cash() -> World:
    return Bench(cash=MICRO), buy()


def under_a_bracket_that_stands() -> World:
    wide = limits(risk_per_trade_max=100 * MICRO)
    bench = Bench(constitution=wide, cash=100_000 * MICRO, markets=(a_future(),))
    bench.bar(5_000)
    terms: Any = {
        "instrument": "MESTEST", "price": 5_000 * MICRO, "fair": 5_010 * MICRO, "qty_max": MICRO, "type": "market",
        "exits": Exits(stop_price=4_997 * MICRO),
    }  # fmt: skip
    entry = bench.bracket(**terms)[0]
    bench.fill(entry)
    return bench, buy(**terms)


WORLDS: dict[str, Callable[[], World]] = {
    **{world.rule: world.build for world in LIMIT_WORLDS},
    "kill_switch_guard": under_the_kill_switch,
    "mode": in_a_mode_of_another_version,
    "level": under_a_halt,
    "strategy_stopped": after_a_fault_of_its_own,
    "books_matched": before_the_books_were_compared,
    "hold": that_says_hold,
    "scope": out_of_scope,
    "market_open": while_the_venue_pauses,
    "quote_proof": on_an_old_quote,
    "order_form": with_flags_that_contradict_each_other,
    "one_open_intent": with_an_order_on_its_way,
    "edge": without_an_edge,
    "risk_per_trade": with_a_cap_below_the_smallest_size,
    "one_bracket": under_a_bracket_that_stands,
    "open_positions": with_no_place_for_one_more_position,
    "total_exposure": with_enough_at_stake,
    "funds": without_the_cash,
}
# Limits that cut a size, which `risk_per_trade` judges; limits that halt.
SIZE_LIMITS = {"risk_fraction_max", "risk_tiers", "kelly_fraction_max"}
HALT_LIMITS = {"drawdown_fraction_max"}
# Limits of the rules that run at a last look alone; see test_last_look.
LOOK_LIMITS = {"slippage_max", "look_edge_min"}
# Limits that only say when the others of their rule apply.
SHAPES: set[str] = {"favourite_from", "themes"}
# Limits of who must say yes, which no rule judges; see test_approving.
ASSENT_LIMITS = {"approvals", "approval_mandatory", "second_factor_from", "second_factor_to_resume"}
NO_RULE = HALT_LIMITS | LOOK_LIMITS | ASSENT_LIMITS
each_rule = pytest.mark.parametrize("code", CODES)


def refusal(facts: list[Fact]) -> IntentRefused:
    found = [fact for fact in facts if isinstance(fact, IntentRefused)]
    assert len(found) == 1, kinds(facts)
    return found[0]


def house(bench: Bench) -> list[str]:
    return [code for code, _ in in_force(bench.state.seal.constitution)]


def failing(checks: tuple[Check, ...]) -> list[str]:
    return [check.rule for check in checks if not check.ok]


def test_the_rules_stand_in_the_stated_order() -> None:
    assert CODES == [
        "kill_switch_guard", "mode", "level", "strategy_stopped", "books_matched", "hold", "scope", "market_open",
        "quote_proof", "order_form", "one_open_intent", "capital", "cooldown_active", "daily_loss_guard",
        "weekly_loss_exceeded",
        "monthly_loss_exceeded", "consecutive_loss_pause",
        "price_band", "spread", "spread_norm", "confidence", "scores", "favourite", "edge", "ev",
        "risk_per_trade", "stop_missing", "one_bracket", "order_qty", "order_notional", "duplicate", "overlap",
        "max_position_exceeded",
        "position_notional", "open_positions", "market_exposure", "event_exposure", "series_exposure",
        "theme_exposure", "total_exposure",
        "max_orders_per_cycle_guard", "max_notional_per_cycle_guard", "orders_per_day", "notional_per_day",
        "max_trades_reached", "entries_per_hour", "entry_gap",
        "funds", "buying_power",
    ]  # fmt: skip


def test_every_rule_has_a_world_here_and_a_reason_in_the_registry() -> None:
    assert sorted(WORLDS) == sorted(CODES), "a new rule needs a world in which it alone says no"
    assert all(REASONS[code].family == "rule" for code in CODES)
    assert [code for code, reason in REASONS.items() if reason.family == "rule"] == CODES


@each_rule
def test_in_its_world_a_rule_alone_says_no(code: str) -> None:
    bench, idea = WORLDS[code]()
    told = refusal(bench.propose(idea))
    assert told.reason == code
    assert failing(told.checks) == [code]
    assert [check.rule for check in told.checks] == house(bench)


@each_rule
def test_without_the_rule_its_world_would_trade(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "RULES", tuple(rule for rule in RULES if rule[0] != code))
    bench, idea = WORLDS[code]()
    assert "OrderReleased" in kinds(bench.propose(idea))


@each_rule
def test_a_refusal_by_numbers_carries_what_was_measured_and_the_limit(code: str) -> None:
    bench, idea = WORLDS[code]()
    check = next(check for check in refusal(bench.propose(idea)).checks if check.rule == code)
    if REASONS[code].unit == "flag":
        return
    assert check.measured is not None
    assert check.limit is not None


def test_an_idea_without_a_fault_passes_with_every_check_recorded() -> None:
    bench = Bench()
    told = bench.propose(buy())
    assert kinds(told) == ["InstrumentListed", "IntentProposed", "OrderReleased"]
    passed = next(fact for fact in told if isinstance(fact, IntentProposed))
    assert [check.rule for check in passed.checks] == house(bench)
    assert all(check.ok for check in passed.checks)


@pytest.mark.parametrize(
    "key",
    [limit.key for limit in LIMITS if limit.optional and limit.key not in NO_RULE],
)
def test_every_limit_that_may_be_off_has_a_world_that_trades_when_it_is(key: str) -> None:
    """One world, one idea: refused by the limit's rule, released when this one limit stands at its loosest."""
    world = world_of(key)
    bench, idea = world.build()
    assert failing(refusal(bench.propose(idea)).checks) == [world.rule]
    bench, idea = world.build(off=key)
    assert "OrderReleased" in kinds(bench.propose(idea))


def test_a_rule_whose_limits_are_all_off_is_not_part_of_the_house() -> None:
    assert [code for code, _ in in_force(Constitution())] == ALWAYS
    for code, keys in LIMITS_OF.items():
        for key in keys:
            found = world_of(key)
            assert code in [name for name, _ in in_force(found.constitution())]


def test_every_limit_that_may_be_off_puts_a_rule_in_force_or_cuts_a_size() -> None:
    named = {key for keys in LIMITS_OF.values() for key in keys}
    assert {limit.key for limit in LIMITS if limit.optional} - named == (
        SIZE_LIMITS | HALT_LIMITS | LOOK_LIMITS | SHAPES | ASSENT_LIMITS
    )


def test_every_rule_runs_although_the_first_has_said_no() -> None:
    bench = Bench(cash=0, constitution=limits(series=(), open_positions_max=0))
    bench.halt("operator")
    told = refusal(bench.propose(buy(fair=None)))
    assert told.reason == "level"
    assert failing(told.checks) == ["level", "scope", "edge", "open_positions", "funds"]


@each_rule
@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyError("no"), RecursionError(), ZeroDivisionError(), MemoryError()]
)
def test_a_rule_that_breaks_says_no_and_the_others_still_run(
    code: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Candidate) -> Check:
        raise error

    monkeypatch.setattr(gate, "RULES", tuple((name, broken if name == code else rule) for name, rule in RULES))
    monkeypatch.setattr(gate, "in_force", lambda _, table: [row for row in table if row[0] in {code, *ALWAYS}])
    bench = Bench()
    told = refusal(bench.propose(buy()))
    assert told.reason == code
    assert failing(told.checks) == [code]
    assert len(told.checks) == len({code, *ALWAYS})
    assert not bench.of(OrderReleased)


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_the_primary_reason_is_the_first_that_says_no(verdicts: list[bool]) -> None:
    def rule(number: int, ok: bool) -> Callable[[Any], Check]:
        return lambda _: Check(f"r{number}", ok)

    table = tuple((f"r{number}", rule(number, ok)) for number, ok in enumerate(verdicts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "RULES", table)
        verdict = gate.judge(SimpleNamespace(state=SimpleNamespace(seal=None), look=None))  # type: ignore[arg-type]
    assert verdict.reason == next((f"r{n}" for n, ok in enumerate(verdicts) if not ok), None)
    assert len(verdict.checks) == len(verdicts)


def test_before_a_seal_nothing_is_allowed() -> None:
    """A candidate on an empty state: every rule that needs the constitution refuses."""
    bench = Bench()
    bench.state.seal = None
    market = bench.desk.markets[MARKET.id]
    idea = Candidate(
        state=bench.state,
        now=bench.now,
        strategy="s",
        proposal=buy(),
        market=market,
        quote=bench.desk.streams.taken(market),
    )
    needs = {"mode", "scope", "quote_proof", "edge", "risk_per_trade", "open_positions", "total_exposure", "funds"}
    assert set(failing(gate.judge(idea).checks)) >= needs


# --- single rules at their edges ------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "releases"), [("paper", True), ("dry-run", True), ("live", True), ("observe", False)])
def test_only_a_mode_with_an_order_path_releases(mode: Any, releases: bool) -> None:
    bench = Bench(mode=mode)
    bench.propose(buy())
    assert bool(bench.of(OrderReleased)) == releases


@pytest.mark.parametrize("phase", ["paused", "closed", "determined", "settled"])
def test_only_an_open_market_is_entered_or_left(phase: str) -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.show(MARKET, phase=phase)
    assert refusal(bench.propose(buy())).reason == "market_open"
    assert refusal(bench.propose(close())).reason == "market_open"


def test_a_market_is_not_entered_at_its_closing_time() -> None:
    market = a_market(close_ts=Bench().now + 5 * SECOND)
    bench = Bench(markets=(market,))
    assert refusal(bench.later(5 * SECOND).propose(buy())).reason == "market_open"
    early = Bench(markets=(market,))
    assert "OrderReleased" in kinds(early.later(5 * SECOND - 1).propose(buy()))


def test_a_market_whose_phase_nobody_told_is_not_open() -> None:
    """What is not known refuses: a market may be paused when we come up."""
    bench = Bench(markets=())
    bench.take(InstrumentSeen(MARKET, bench.now))
    bench.quote()
    assert refusal(bench.propose(buy())).reason == "market_open"


def test_a_market_that_has_settled_is_not_open_again_after_a_restart() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.settle("yes")
    bench.restart()
    bench.match()
    bench.show(MARKET)
    assert refusal(bench.propose(buy())).reason == "market_open"


def test_a_quote_is_proven_by_its_frame_or_by_its_stream_and_by_nothing_else() -> None:
    limit = WIDE.quote_proof_age_max
    bench = Bench()
    bench.later(limit)
    bench.take(StreamProven("sim", bench.now))
    bench.later(limit)
    told = bench.propose(buy(fair=500_000))
    check = next(c for c in refusal(told).checks if c.rule == "quote_proof")
    assert (check.ok, check.measured, check.limit) == (True, limit, limit)
    bench.take(StreamProven("another venue", bench.now + 1))
    assert "quote_proof" in failing(refusal(bench.later(1).propose(buy())).checks)


def test_a_quote_from_the_future_proves_nothing() -> None:
    bench = Bench()
    bench.take(StreamProven("sim", bench.now + HOUR))
    assert refusal(bench.propose(buy())).reason == "quote_proof"


def test_a_market_without_a_quote_is_not_traded() -> None:
    bench = Bench(markets=())
    bench.take(InstrumentSeen(MARKET, bench.now))
    bench.take(PhaseSeen(MARKET.id, "open", bench.now, bench.now))
    told = refusal(bench.propose(buy()))
    assert told.reason == "quote_proof"
    assert told.quote is None


def test_a_market_that_was_never_listed_is_refused_for_everything_that_is_missing() -> None:
    told = refusal(Bench().propose(buy(instrument="KXNEVER")))
    assert told.reason == "scope"
    assert set(failing(told.checks)) >= {"scope", "market_open", "quote_proof", "order_form", "edge", "risk_per_trade"}


@pytest.mark.parametrize(
    "terms",
    [
        {"price": 505_000},
        {"price": 0},
        {"price": MICRO},
        {"price": -500_000},
        {"type": "market"},
        {"type": "stop"},
        {"type": "stop_limit"},
        {"life_ns": 0},
        {"life_ns": -1},
        {"life_ns": SECOND, "time_in_force": "ioc"},
        {"qty_max": 0},
        {"qty_max": -1},
        {"post_only": True, "time_in_force": "fok"},
        {"protective": True},
    ],
)
def test_an_order_of_a_form_that_the_venue_does_not_know_is_refused(terms: dict[str, Any]) -> None:
    bench = Bench()
    assert "order_form" in failing(refusal(bench.propose(buy(**terms))).checks)
    assert not bench.of(OrderReleased)


@pytest.mark.parametrize("price", [505_000, 0, MICRO, -1])
def test_an_idea_off_the_grid_is_never_sized(price: int) -> None:
    told = refusal(Bench().propose(buy(price=price)))
    assert (told.intent.qty, told.intent.worst_loss) == (0, 0)


@pytest.mark.parametrize(("fair", "released"), [(537_499, False), (537_500, True)])
def test_the_edge_is_what_is_left_after_the_fee(fair: int, released: bool) -> None:
    """One contract at 50 costs a fee of 1.75 cents; two cents of edge must remain."""
    bench = Bench()
    told = bench.propose(buy(fair=fair, qty_max=MICRO))
    assert ("OrderReleased" in kinds(told)) == released


@pytest.mark.parametrize(("fair", "released"), [(452_507, False), (452_500, True)])
def test_the_edge_of_buying_no_is_measured_from_the_other_side(fair: int, released: bool) -> None:
    bench = Bench()
    told = bench.propose(sell(fair=fair, qty_max=MICRO))
    assert ("OrderReleased" in kinds(told)) == released


def test_an_idea_without_an_estimate_has_no_edge() -> None:
    assert refusal(Bench().propose(buy(fair=None))).reason == "edge"


def test_leaving_needs_no_edge_no_scope_and_no_cash() -> None:
    bench = Bench(cash=10 * MICRO)
    order = bench.hold()
    assert bench.state.cash < MICRO
    told = bench.propose(close())
    released = next(fact for fact in told if isinstance(fact, OrderReleased))
    assert (released.order.side, released.order.qty) == ("sell", order.qty)


def test_closing_gives_back_what_is_held_and_not_already_on_its_way_out() -> None:
    other = Scripted("other")
    bench = Bench(strategies=(other,))
    bench.hold(qty_max=10 * MICRO)
    first = next(f for f in bench.propose(close(qty_max=4 * MICRO)) if isinstance(f, OrderReleased))
    other.says = [close()]
    second = next(f for f in bench.cycle() if isinstance(f, OrderReleased))
    assert (first.order.qty, second.order.qty) == (4 * MICRO, 6 * MICRO)
    other.says = [close()]
    assert "order_form" in failing(refusal(bench.cycle()).checks)


def test_an_entry_does_not_eat_a_position_that_an_exit_is_giving_back() -> None:
    """Both would fill: the exit would then open what nobody wanted."""
    other = Scripted("other")
    bench = Bench(strategies=(other,))
    bench.hold(qty_max=MICRO)
    bench.propose(close())
    other.says = [sell(qty_max=MICRO)]
    assert refusal(bench.cycle()).reason == "order_form"
    other.says = [buy(qty_max=MICRO)]
    assert "OrderReleased" in kinds(bench.cycle())


@pytest.mark.parametrize("idea", [close(), close(side="buy", price=500_000)], ids=["sell", "buy"])
def test_there_is_nothing_to_close_where_nothing_is_held(idea: Any) -> None:
    assert refusal(Bench().propose(idea)).reason == "order_form"


def test_closing_on_the_side_that_would_add_is_refused() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    assert refusal(bench.propose(close(side="buy", price=500_000))).reason == "order_form"


def test_a_claim_is_refused_where_the_venue_pays_by_itself() -> None:
    assert refusal(Bench().propose(buy(action="claim"))).reason == "order_form"


def test_a_strategy_cancels_only_its_own_orders() -> None:
    other = Scripted("other")
    bench = Bench(strategies=(other,))
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    cancel = buy(action="cancel", order_id=order.order_id, price=0)
    other.says = [cancel]
    assert refusal(bench.cycle()).reason == "order_form"
    assert kinds(bench.propose(cancel)) == ["IntentProposed", "CancelReleased"]


@pytest.mark.parametrize("order_id", [None, "", "never-released"])
def test_there_is_no_cancelling_of_what_was_never_released(order_id: str | None) -> None:
    assert refusal(Bench().propose(buy(action="cancel", order_id=order_id))).reason == "order_form"


def test_an_order_whose_fate_is_unknown_counts_against_every_limit() -> None:
    tight = limits(open_positions_max=1, total_exposure_max=10 * MICRO)
    other = Scripted("other")
    second = a_market("KXTEST-26JAN05-B49.5")
    bench = Bench(constitution=tight, markets=(MARKET, second), cash=11 * MICRO, strategies=(other,))
    bench.answer(bench.release(), Unknown("no answer in time"))
    other.says = [buy(instrument=second.id)]
    assert failing(refusal(bench.cycle()).checks) == ["open_positions", "total_exposure", "funds"]


def test_positions_and_orders_on_one_market_are_one_position() -> None:
    bench = Bench(constitution=limits(open_positions_max=1))
    bench.hold(qty_max=MICRO)
    bench.release(qty_max=MICRO)
    assert len(bench.of(OrderReleased)) == 2


def test_total_exposure_stops_exactly_at_its_limit() -> None:
    """Two orders of one contract at fifty: 0.50 each, and two cents if filled a hundredth at a time."""
    for cap, count in ((1_039_999, 1), (1_040_000, 2)):
        other = Scripted("other")
        bench = Bench(constitution=limits(total_exposure_max=cap), strategies=(other,))
        bench.release(qty_max=MICRO)
        other.says = [buy(qty_max=MICRO)]
        bench.cycle()
        assert len(bench.of(OrderReleased)) == count


def test_funds_stop_exactly_at_the_last_micro() -> None:
    for cash, count in ((1_039_999, 1), (1_040_000, 2)):
        other = Scripted("other")
        bench = Bench(cash=cash, strategies=(other,))
        bench.release(qty_max=MICRO)
        other.says = [buy(qty_max=MICRO)]
        bench.cycle()
        assert len(bench.of(OrderReleased)) == count


@given(
    st.sampled_from(
        ("edge_min", "risk_per_trade_max", "open_positions_max", "total_exposure_max", "quote_proof_age_max")
    ),
    st.integers(min_value=0, max_value=20),
    st.integers(min_value=0, max_value=20),
    st.integers(min_value=480_000, max_value=620_000),
)
def test_tightening_a_limit_never_turns_a_refusal_into_a_release(key: str, one: int, other: int, fair: int) -> None:
    """For one state and one idea of a fixed size: what fits the cap is asked for from the start."""
    unit = {"edge_min": 10_000, "quote_proof_age_max": SECOND, "open_positions_max": 1}.get(key, 100_000)
    loose, tight = (min(one, other), max(one, other)) if key == "edge_min" else (max(one, other), min(one, other))
    released = []
    for value in (loose, tight):
        bench = Bench(constitution=limits(**{key: value * unit}))
        bench.later(5 * SECOND)
        told = bench.propose(buy(fair=fair, qty_max=10_000))
        released.append("OrderReleased" in kinds(told))
    assert released[0] >= released[1]

"""The public tables: codes that stay, levels and causes with their resets, limits with the tighter direction."""

import re
from typing import get_args

import pytest
from msgspec import structs
from tests.model.examples import FULL_ORDER, SMALL_ORDER

from assent.model.constitution import LIMITS, LISTS, Constitution, Direction, Drift, Kind, Theme, Tier, in_scope
from assent.model.intents import Action, Score
from assent.model.levels import ALLOWED, CAUSES, LATCHES, Level, Reset
from assent.model.orders import Order, order_digest
from assent.model.policy import Band, Person
from assent.model.reasons import REASONS, Family, Unit, sentence
from assent.model.units import HOUR

# --- reasons -------------------------------------------------------------------------------------------


def test_every_reason_has_a_stable_code_a_family_a_unit_and_a_sentence_that_ends() -> None:
    for code, reason in REASONS.items():
        assert code == reason.code
        assert re.fullmatch(r"[a-z][a-z_]+", code)
        assert reason.family in get_args(Family)
        assert reason.unit in get_args(Unit)
        assert reason.sentence.endswith(".")
        assert reason.sentence.isprintable()


def test_no_two_reasons_say_the_same() -> None:
    assert len({reason.sentence for reason in REASONS.values()}) == len(REASONS)


def test_a_code_that_is_not_ours_is_shown_as_the_venues() -> None:
    assert sentence("edge") == REASONS["edge"].sentence
    assert "insufficient_balance" in sentence("insufficient_balance")


# --- levels and causes ---------------------------------------------------------------------------------


def test_each_level_allows_what_it_is_named_for() -> None:
    assert {level: set(ALLOWED[level]) for level in Level} == {
        Level.TRADING: {"open", "close", "cancel", "claim"},
        Level.REDUCING: {"close", "cancel", "claim"},
        Level.HALTED: {"cancel"},
        Level.LOCKED: set(),
    }
    assert set(get_args(Action)) == set(ALLOWED[Level.TRADING])


def test_a_stricter_level_never_allows_more() -> None:
    assert list(Level) == sorted(Level)
    for strict, loose in zip(list(Level)[1:], Level, strict=False):
        assert ALLOWED[strict] < ALLOWED[loose]


# The causes that this version knows: a change here is a change of what an owner was promised.
PROMISED = {
    "kill_switch_guard": (Level.HALTED, "switch"),
    "invariant_broken": (Level.HALTED, "human"),
    "stale_data": (Level.REDUCING, "clear_for"),
    "operator": (Level.HALTED, "human"),
    "discrepancy": (Level.HALTED, "human"),
    "unknown_overdue": (Level.HALTED, "human"),
    "inbox_overflow": (Level.HALTED, "human"),
    "foreign_fill": (Level.HALTED, "human"),
    "venue_auth": (Level.HALTED, "human"),
    "venue_clock": (Level.REDUCING, "clear_for"),
    "venue_contract": (Level.REDUCING, "human"),
    "order_group_triggered": (Level.HALTED, "human"),
    "late_fill": (Level.REDUCING, "human"),
    "strategy_stopped": (Level.REDUCING, "human"),
    "strategy_repeats": (Level.LOCKED, "human"),
    "strange_fill": (Level.REDUCING, "human"),
    "settlement_changed": (Level.REDUCING, "human"),
    "books_overdue": (Level.REDUCING, "clear_for"),
    "account_unavailable": (Level.REDUCING, "clear_for"),
    "drawdown": (Level.REDUCING, "human"),
    "daily_loss": (Level.REDUCING, "next_day"),
    "weekly_loss": (Level.REDUCING, "next_week"),
    "monthly_loss": (Level.REDUCING, "next_month"),
    "loss_streak": (Level.REDUCING, "next_day"),
    "unprotected": (Level.REDUCING, "human"),
    "mark_missing": (Level.REDUCING, "clear_for"),
    "clock_jump": (Level.REDUCING, "clear_for"),
}


def test_every_cause_has_the_level_and_the_reset_that_were_promised() -> None:
    assert {code: (cause.level, cause.reset) for code, cause in CAUSES.items()} == PROMISED


@pytest.mark.parametrize("cause", CAUSES.values(), ids=lambda cause: cause.code)
def test_a_cause_lowers_the_level_says_why_and_knows_its_quiet_time(cause: object) -> None:
    assert cause.level > Level.TRADING  # type: ignore[attr-defined]
    assert cause.reset in get_args(Reset)  # type: ignore[attr-defined]
    assert cause.sentence.endswith(".")  # type: ignore[attr-defined]
    assert (cause.quiet_ns > 0) == (cause.reset == "clear_for")  # type: ignore[attr-defined]


def test_every_cause_is_part_of_the_one_registry() -> None:
    assert set(CAUSES) <= set(REASONS)
    own = {code for code, reason in REASONS.items() if reason.family == "halt"}
    assert own == set(CAUSES) - {
        "kill_switch_guard", "foreign_fill", "late_fill", "strategy_stopped", "strategy_repeats",
    }, "these name a rule or another refusal as well: the same matter, one code"  # fmt: skip


def test_every_cause_has_a_rule_that_says_no_for_it() -> None:
    """A loss's rule speaks for opening only, so such a halt must leave the rest alone; the other two ask the level."""
    for cause in CAUSES.values():
        assert REASONS[cause.rule].family == "rule"
        assert cause.rule in ("level", "kill_switch_guard") or cause.level == Level.REDUCING


# A person is bothered only where repeats mean something: see the table.
LATCHED = {"account_unavailable": (5, HOUR), "stale_data": (5, HOUR), "clock_jump": (3, HOUR), "venue_clock": (3, HOUR)}


def test_every_passing_cause_waits_for_a_person_in_the_end_except_where_repeats_mean_nothing() -> None:
    assert {code: tuple(latch) for code, latch in LATCHES.items()} == LATCHED
    passing = {code for code, cause in CAUSES.items() if cause.reset == "clear_for"}
    assert passing - set(LATCHES) == {"mark_missing", "books_overdue"}
    for code, latch in LATCHES.items():
        assert latch.times > 1
        assert latch.within_ns > latch.times * CAUSES[code].quiet_ns, "else it could never come so often"


# The codes that owners' own tools read: they were promised by name.
STABLE = ("kill_switch_guard", "daily_loss_guard", "max_orders_per_cycle_guard", "max_notional_per_cycle_guard")


@pytest.mark.parametrize("code", STABLE)
def test_the_promised_names_are_those_of_rules(code: str) -> None:
    assert REASONS[code].family == "rule"


# --- constitution --------------------------------------------------------------------------------------


def test_every_value_of_the_constitution_is_one_line_of_its_table() -> None:
    assert [limit.key for limit in LIMITS] == list(Constitution.__struct_fields__)
    for limit in LIMITS:
        assert limit.kind in get_args(Kind)
        assert limit.tighter in get_args(Direction)
        assert limit.least <= limit.most
        assert limit.sentence.endswith(".")


def test_the_defaults_lie_within_their_own_bounds() -> None:
    defaults = Constitution()
    for limit in LIMITS:
        value = getattr(defaults, limit.key)
        number = value.amount if isinstance(value, Drift) else len(value) if limit.kind in LISTS else value
        assert limit.least <= number <= limit.most
        if limit.optional:
            assert value == limit.loosest, "what may be off is off unless the owner says otherwise"


def test_an_empty_scope_allows_nothing() -> None:
    assert not in_scope(Constitution(), "M", "E", "S")
    assert not in_scope(Constitution(), "", "", "")


@pytest.mark.parametrize("scope", [{"markets": ("M",)}, {"events": ("E",)}, {"series": ("S",)}])
def test_a_market_is_in_scope_by_its_own_name_its_event_or_its_series(scope: dict[str, tuple[str, ...]]) -> None:
    constitution = Constitution(**scope)  # type: ignore[arg-type]
    assert in_scope(constitution, "M", "E", "S")
    assert not in_scope(constitution, "M2", "E2", "S2")
    assert not in_scope(constitution, "m", "e", "s")


def test_a_name_of_one_kind_does_not_count_as_another() -> None:
    assert not in_scope(Constitution(markets=("S",)), "M", "E", "S")


# A value of each kind that is nobody's default.
OTHER: dict[Kind, object] = {
    "money": 12_345, "price": 12_345, "qty": 12_345, "ppm": 12_345, "count": 123, "duration": 12_345, "flag": True,
    "names": ("M",), "scores": (Score("dvs", 1),), "tiers": (Tier(2, 1),),
    "themes": (Theme("t", ("S",)),), "drift": Drift(50, "bps"), "bands": (Band("open", 0, 1),),
    "people": (Person("ada", ("os:ada",)),),
}  # fmt: skip


def test_any_change_of_a_limit_changes_the_sealed_digest() -> None:
    base = Constitution()
    changed = [structs.replace(base, **{limit.key: OTHER[limit.kind]}) for limit in LIMITS]
    assert len({item.digest() for item in (base, *changed)}) == 1 + len(LIMITS)
    assert base.digest() == Constitution().digest()


# --- the order's bytes ---------------------------------------------------------------------------------


def test_any_change_of_an_order_changes_its_digest() -> None:
    values = {name: getattr(SMALL_ORDER, name) for name in Order.__struct_fields__}
    digests = {order_digest(SMALL_ORDER)}
    for name in Order.__struct_fields__:
        digests.add(order_digest(Order(**(values | {name: getattr(FULL_ORDER, name)}))))
    same = sum(getattr(FULL_ORDER, name) == values[name] for name in values)
    assert len(digests) == 1 + len(values) - same
    assert same == 1  # the instrument

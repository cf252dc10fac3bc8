"""What changed between two constitutions: which way, in whose words, and that the order of them makes sense."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.limits import ADA, BEN, BESIDE, constitutions, pair, policies, values_of

from assent.model.change import STATED_MAX, LimitChange, changes_between, in_one_line, stated, verdict_of
from assent.model.constitution import BY_KEY, LIMITS, Constitution, Limit, Tier
from assent.model.intents import Score
from assent.model.policy import Band, Person, asks_no_less, names_no_more
from assent.model.units import MICRO, MINUTE

each_limit = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.key)


@each_limit
def test_a_tighter_value_is_tighter_there_and_looser_back(limit: Limit) -> None:
    beside = BESIDE.get(limit.key, {})
    loose, tight = (Constitution(**(beside | {limit.key: value})) for value in pair(limit))
    assert [(c.key, c.becomes) for c in changes_between(loose, tight)] == [(limit.key, "tighter")]
    assert [(c.key, c.becomes) for c in changes_between(tight, loose)] == [(limit.key, "looser")]
    assert (verdict_of(changes_between(loose, tight)), verdict_of(changes_between(tight, loose))) == (
        "tighter", "looser",
    )  # fmt: skip


@each_limit
@given(data=st.data())
def test_of_one_limit_tighter_is_transitive_and_never_holds_both_ways(limit: Limit, data: st.DataObject) -> None:
    beside = BESIDE.get(limit.key, {})
    one, two, three = (Constitution(**(beside | {limit.key: data.draw(values_of(limit))})) for _ in range(3))
    ways = [verdict_of(changes_between(*both)) for both in ((one, two), (two, three), (one, three), (two, one))]
    assert not (ways[0] == "tighter" and ways[3] == "tighter")
    assert (ways[0] == "same") == (ways[3] == "same")
    if "looser" not in ways[:2]:
        assert ways[2] == ("same" if ways[:2] == ["same", "same"] else "tighter")


@given(constitutions(), constitutions())
def test_a_change_of_the_whole_is_the_changes_of_its_limits(one: Constitution, two: Constitution) -> None:
    """So what holds of each limit holds of the whole. Whether people count is said by what they are asked for."""
    asked = {"approvals": one.approvals, "second_factor_to_resume": one.second_factor_to_resume}
    beside = {"approvers": asked}
    alone = [
        changes_between(
            *(
                Constitution(**beside.get(limit.key, {}) | {limit.key: getattr(whole, limit.key)})
                for whole in (one, two)
            )
        )
        for limit in LIMITS
    ]
    changes = changes_between(one, two)
    assert changes == tuple(change for found in alone for change in found)
    assert (verdict_of(changes) == "looser") == any(change.becomes == "looser" for change in changes)


ONE_YES = (Band("open", 0, 1),)


@pytest.mark.parametrize("people", [((), (ADA,)), ((ADA,), (BEN,)), ((ADA, BEN), ()), ((ADA,), (ADA, BEN))])
def test_who_the_people_are_is_neither_tighter_nor_looser_while_nobody_is_asked(
    people: tuple[tuple[Person, ...], ...],
) -> None:
    old, new = (Constitution(approvers=named) for named in people)
    changes = changes_between(old, new)
    assert [(c.key, c.becomes) for c in changes] == [("approvers", "neither")]
    assert verdict_of(changes) == "neither"
    assert in_one_line(changes[0]).endswith("(neither)")


def test_to_begin_to_ask_is_tighter_whoever_the_people_are() -> None:
    old = Constitution(approvers=(ADA,))
    changes = changes_between(old, Constitution(approvals=ONE_YES, approvers=(BEN,)))
    assert [(c.key, c.becomes) for c in changes] == [("approvals", "tighter"), ("approvers", "neither")]
    assert verdict_of(changes) == "tighter"
    assert verdict_of(changes_between(old, Constitution(approvers=(BEN,), edge_min=1_000))) == "looser"


@pytest.mark.parametrize(
    "asks", [{"approvals": ONE_YES}, {"approvals": (Band("cancel", 9, 1),)}, {"second_factor_to_resume": True}]
)
def test_from_the_first_thing_that_people_are_asked_for_nobody_is_named_by_a_start(asks: dict[str, Any]) -> None:
    old = Constitution(approvers=(ADA,), **asks)
    for new in (Constitution(approvers=(ADA, BEN), **asks), Constitution(approvers=(BEN,), **asks)):
        assert verdict_of(changes_between(old, new)) == "looser"
    assert verdict_of(changes_between(old, Constitution(approvers=(BEN,)))) == "looser"


@given(st.lists(policies(), min_size=3, max_size=6))
def test_no_row_of_starts_lets_anybody_say_yes_who_could_not_before_or_asks_fewer(path: list[Constitution]) -> None:
    """What a start takes step by step it would have taken at once: so no detour loosens what once needed a yes."""
    first = now = path[0]
    for wanted in path[1:]:
        if verdict_of(changes_between(now, wanted)) != "looser":
            now = wanted
    assert verdict_of(changes_between(first, now)) != "looser"
    if first.approvals:
        assert names_no_more(now.approvers, first.approvers)
        assert asks_no_less(now.approvals, first.approvals)


@given(constitutions())
def test_nothing_changes_from_a_constitution_to_itself(one: Constitution) -> None:
    assert changes_between(one, one) == ()
    assert verdict_of(()) == "same"


def test_one_limit_that_is_looser_makes_the_whole_change_looser() -> None:
    changes = changes_between(Constitution(), Constitution(edge_min=30_000, open_positions_max=6))
    assert [change.becomes for change in changes] == ["tighter", "looser"]
    assert verdict_of(changes) == "looser"


@pytest.mark.parametrize(
    ("key", "one", "same"),
    [
        ("series", ("A", "B"), ("B", "A")),
        ("series", ("A",), ("A", "A")),
        ("scores_min", (Score("dvs", 2),), (Score("dvs", 1), Score("dvs", 2))),
        ("risk_tiers", (Tier(9, 1),), (Tier(9, 1), Tier(5, 3))),
    ],
)
def test_what_is_only_said_in_another_way_is_no_change(key: str, one: object, same: object) -> None:
    assert changes_between(Constitution(**{key: one}), Constitution(**{key: same})) == ()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("edge_min", 20_000, "0.02"),
        ("risk_per_trade_max", 10 * MICRO, "10.00"),
        ("order_qty_max", 2_500_000, "2.5"),
        ("order_qty_max", BY_KEY["order_qty_max"].loosest, "off"),
        ("daily_loss_fraction_max", 125_000, "12.5%"),
        ("entry_gap_min", 30 * MINUTE, "30m"),
        ("open_positions_max", 5, "5"),
        ("one_entry_per_market", True, "true"),
        ("one_entry_per_market", False, "off"),
        ("series", ("A", "B"), "A, B"),
        ("series", (), "none"),
        ("scores_min", (Score("dvs", 800_000),), "dvs=80%"),
        ("risk_tiers", (Tier(2_500 * MICRO, 12 * MICRO),), "2500.00=12.00"),
    ],
)
def test_a_value_is_stated_as_a_file_says_it(key: str, value: object, said: str) -> None:
    assert stated(BY_KEY[key], value) == said


def test_a_list_without_end_is_cut_where_it_is_stated() -> None:
    many = tuple(f"{'X' * 100}{number}" for number in range(1_000))
    assert len(stated(BY_KEY["series"], many)) <= STATED_MAX


def test_a_change_on_one_line_names_both_values_and_the_way() -> None:
    assert in_one_line(LimitChange("edge_min", "0.02", "0.01", "looser")) == "edge_min: 0.02 -> 0.01 (looser)"

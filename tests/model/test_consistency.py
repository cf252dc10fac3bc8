"""Limits that are fine one by one and cannot work together: each is found, and what is fine is let alone."""

from typing import Any

import pytest
from msgspec import structs

from assent.cli.init import template_names, template_text
from assent.config import load
from assent.model.consistency import (
    ASKED_ANYWAY,
    CUT_THEN_REFUSED,
    NEEDS,
    REACHED_FIRST,
    SEARCHES,
    ZERO_BLOCKS,
    complaints,
)
from assent.model.constitution import BY_KEY, Constitution, Theme, Tier
from assent.model.intents import Score
from assent.model.units import MICRO, MINUTE

FINE = Constitution(series=("A",))

# What an owner wrote -> the limits that are named for it, and whether they block or only do nothing.
WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "an empty scope": ({"series": ()}, ("markets", "events", "series"), "blocks"),
    "a price band upside down": ({"price_min": 600_000, "price_max": 400_000}, ("price_min", "price_max"), "blocks"),
    "no position may be opened": ({"open_positions_max": 0}, ("open_positions_max",), "blocks"),
    "an edge of a whole dollar": ({"edge_min": MICRO}, ("edge_min",), "blocks"),
    "more risk in a trade than in everything": (
        {"risk_per_trade_max": 60 * MICRO}, ("risk_per_trade_max", "total_exposure_max"), "blocks",
    ),
    "orders larger than positions": (
        {"order_qty_max": 5 * MICRO, "position_qty_max": 3 * MICRO}, ("order_qty_max", "position_qty_max"), "blocks",
    ),
    "an order larger than a day's orders": (
        {"order_notional_max": 5 * MICRO, "notional_per_day_max": 4 * MICRO},
        ("order_notional_max", "notional_per_day_max"), "blocks",
    ),
    "a trade larger than the day's loss": ({"daily_loss_max": MICRO}, ("risk_per_trade_max", "daily_loss_max"), "idle"),
    "a looser day than week": (
        {"daily_loss_max": 30 * MICRO, "weekly_loss_max": 20 * MICRO}, ("daily_loss_max", "weekly_loss_max"), "idle",
    ),
    "a series that may lose more than everything": (
        {"series_exposure_max": 80 * MICRO}, ("series_exposure_max", "total_exposure_max"), "idle",
    ),
    "a favourite's edge without a favourite": (
        {"favourite_edge_min": 150_000}, ("favourite_edge_min", "favourite_from"), "idle",
    ),
    "a favourite without a demand": (
        {"favourite_from": 800_000}, ("favourite_from", "favourite_edge_min", "favourite_confidence_min"), "idle",
    ),
    "trust without a cap on events": ({"trust_exclusive": ("A",)}, ("trust_exclusive", "event_exposure_max"), "idle"),
    "trust in a series out of scope": (
        {"trust_exclusive": ("B",), "event_exposure_max": 20 * MICRO}, ("trust_exclusive", "series"), "idle",
    ),
    "themes without a cap": ({"themes": (Theme("w", ("A",)),)}, ("themes", "theme_exposure_max"), "idle"),
    "a theme with a series out of scope": (
        {"themes": (Theme("w", ("A", "B")),), "theme_exposure_max": 20 * MICRO}, ("themes", "series"), "idle",
    ),
    "a favourite's edge below the edge": (
        {"favourite_from": 800_000, "favourite_edge_min": 10_000}, ("favourite_edge_min", "edge_min"), "idle",
    ),
    "confidence twice": (
        {"confidence_min": 700_000, "scores_min": (Score("confidence", 600_000),)},
        ("scores_min", "confidence_min"), "idle",
    ),
    "a cycle that nothing counts over": (
        {"cycle_length": MINUTE}, ("cycle_length", "orders_per_cycle_max", "notional_per_cycle_max"), "idle",
    ),
    "a gap that is stricter than the hour": (
        {"entry_gap_min": 30 * MINUTE, "entries_per_hour_max": 4}, ("entries_per_hour_max", "entry_gap_min"), "idle",
    ),
    "a tier that is no smaller": (
        {"risk_tiers": (Tier(900 * MICRO, 10 * MICRO),)}, ("risk_tiers", "risk_per_trade_max"), "idle",
    ),
    "tiers upside down": (
        {"risk_tiers": (Tier(900 * MICRO, 5 * MICRO), Tier(500 * MICRO, 6 * MICRO))},
        ("risk_tiers", "risk_per_trade_max"), "idle",
    ),
    "a tier where nothing is opened": (
        {"risk_tiers": (Tier(100 * MICRO, 5 * MICRO),), "capital_min": 200 * MICRO}, ("risk_tiers", "capital_min"),
        "idle",
    ),
    "a market beside its whole series": ({"markets": ("A-26JAN05-B1",)}, ("markets",), "idle"),
    "an event beside its whole series": ({"events": ("A-26JAN05",)}, ("events",), "idle"),
}  # fmt: skip


def test_the_defaults_and_the_shipped_template_fit_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert complaints(FINE) == []
    for name in template_names():
        folder = tmp_path_factory.mktemp(name)
        (folder / "assent.toml").write_text(template_text(name).replace("@NAME@", "desk"), encoding="utf-8")
        assert complaints(load(folder).constitution) == [], name


@pytest.mark.parametrize("mistake", WRONG)
def test_limits_that_cannot_work_together_are_named(mistake: str) -> None:
    changes, keys, kind = WRONG[mistake]
    found = complaints(structs.replace(FINE, **changes))
    assert [(one.keys, one.kind) for one in found] == [(keys, kind)]
    assert all(key in BY_KEY for key in keys)
    assert found[0].sentence.isprintable()


def test_every_search_finds_something_in_these_mistakes() -> None:
    wrong = [structs.replace(FINE, **changes) for changes, _, _ in WRONG.values()]
    assert [search.__name__ for search in SEARCHES if not any(list(search(limits)) for limits in wrong)] == []


@pytest.mark.parametrize("key", ZERO_BLOCKS)
def test_a_limit_of_zero_that_stops_everything_is_told(key: str) -> None:
    limits = structs.replace(FINE, **{key: 0})
    assert ((key,), "blocks") in [(one.keys, one.kind) for one in complaints(limits)]


@pytest.mark.parametrize(("one", "other"), [*CUT_THEN_REFUSED, *REACHED_FIRST])
def test_a_pair_of_caps_is_found_when_the_first_is_larger_and_not_when_it_is_smaller(one: str, other: str) -> None:
    large, small = (40, 4) if BY_KEY[one].kind == "count" else (40 * MICRO, 4 * MICRO)
    if BY_KEY[one].kind == "ppm":
        large, small = 400_000, 40_000
    wrong = structs.replace(FINE, **{one: large, other: small})
    right = structs.replace(FINE, **{one: small, other: large})
    assert (one, other) in [found.keys for found in complaints(wrong)]
    assert (one, other) not in [found.keys for found in complaints(right)]


def test_what_blocks_stands_first() -> None:
    found = complaints(structs.replace(FINE, cycle_length=MINUTE, open_positions_max=0))
    assert [one.kind for one in found] == ["blocks", "idle"]


def test_a_trusted_series_of_which_one_event_is_in_scope_is_no_stranger() -> None:
    limits = Constitution(events=("B-26JAN05",), trust_exclusive=("B",), event_exposure_max=20 * MICRO)
    assert complaints(limits) == []


def test_every_limit_of_these_tables_exists() -> None:
    named = {key for pair in (*CUT_THEN_REFUSED, *REACHED_FIRST, *ASKED_ANYWAY) for key in pair}
    named |= {key for first, others in NEEDS for key in (first, *others)} | set(ZERO_BLOCKS)
    assert named <= set(BY_KEY)

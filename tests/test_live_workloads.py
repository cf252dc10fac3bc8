"""What the live benchmarks stand on: an order really takes the whole road, and the past is one that a desk can have."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
from benchmarks import console, ready, release, stream

from assent.app.wiring import identity_of
from assent.desk.desk import Desk
from assent.ledger.anchors import anchors_of
from assent.ledger.check import check_ledger
from assent.ledger.sqlite import open_reader
from assent.runtime.recovery import restore

RELEASES = 20


def test_each_measured_order_was_decided_committed_and_signed_in_this_sequence_before_it_left(tmp_path: Path) -> None:
    measured = asyncio.run(release.measure(tmp_path, release.KEYS["Ed25519"](), RELEASES))
    assert len(measured.ways) == RELEASES
    for way in measured.ways:
        parts = way[1:]
        assert min(parts) >= 0
        assert sum(parts) == way.whole


def test_the_road_through_the_desk_is_measured_to_its_end() -> None:
    figure = stream.through_the_desk(2_000)
    handled = int(figure.note.split(" quotes handled")[0].replace(",", ""))
    assert handled > 500
    assert figure.value > 0


def test_the_long_past_verifies_and_folds_to_a_desk_that_is_flat_with_its_cash(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(release.limits(), series=(ready.SERIES,))
    settings = replace(release.settings_in(tmp_path), constitution=limits)
    written = ready.write_past(settings, 1_500)
    report = check_ledger(settings.ledger_path, anchors=anchors_of(settings.ledger_path))
    desk, reader = Desk(()), open_reader(settings.ledger_path)
    restore(reader, desk, identity_of(settings))
    reader.close()
    assert (report.records, desk.state.seq) == (written, written)
    assert (desk.state.cash, desk.state.positions, desk.state.orders) == (ready.CASH, {}, {})
    assert len(desk.state.archive.orders) == len(desk.state.archive.fills) > 200


def test_the_console_s_ledger_has_as_many_ideas_waiting_as_are_measured() -> None:
    figures = {figure.name: figure for figure in console.figures(records=600, facts=600)}
    cards = figures["  of it the cards of those that wait"]
    assert cards.note.endswith(f"{console.WAITING} wait")
    assert all(figure.value > 0 for figure in figures.values())
    assert {figure.unit for figure in figures.values()} == {"ms", "µs", "s", "MiB"}

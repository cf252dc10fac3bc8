"""The history of halts: one row each, with how it began and how it ended."""

from typing import Any

from tests.desk.support import Bench

from assent.desk.halt_history import RAISED_ANEW, halt_history
from assent.model.units import MINUTE, SECOND


def history(bench: Bench) -> list[dict[str, Any]]:
    return halt_history((seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1))


def test_a_desk_that_was_never_halted_has_no_history() -> None:
    assert history(Bench()) == []


def test_each_halt_has_its_cause_level_reset_person_and_time_and_how_it_ended() -> None:
    bench = Bench()
    began = bench.later(SECOND).now
    bench.halt("operator", by="ann")
    ended = bench.later(SECOND).now
    bench.match()
    bench.resume("operator", by="bob", reason="looked at it")
    (row,) = history(bench)
    seq = row["raised_seq"]
    assert row == {
        "cause": "operator", "level": "HALTED", "reset": "human", "by": "ann", "detail": "drill", "raised_seq": seq,
        "raised_ts": began, "cleared_seq": seq + 2, "cleared_ts": ended, "cleared_by": "bob",
        "cleared_why": "looked at it", "overrides": (),
    }  # fmt: skip
    assert bench.records[seq - 1][0] == began


def test_a_halt_that_stands_has_no_end_and_each_time_of_a_cause_is_a_row() -> None:
    bench = Bench()
    bench.halt("clock_jump")
    bench.later(5 * MINUTE).cycle()
    bench.halt("late_fill")
    bench.halt("clock_jump")
    assert [(row["cause"], row["cleared_by"]) for row in history(bench)] == [
        ("clock_jump", "desk"), ("late_fill", None), ("clock_jump", None),
    ]  # fmt: skip


def test_a_switch_that_was_set_for_another_reason_ends_the_row_before() -> None:
    bench = Bench()
    bench.switch()
    bench.switch(exits=True)
    first, second = history(bench)
    assert (first["level"], first["cleared_why"], first["cleared_seq"]) == ("HALTED", RAISED_ANEW, second["raised_seq"])
    assert (second["level"], second["cleared_ts"]) == ("REDUCING", None)


def test_each_override_of_a_halt_stands_with_it_by_whom_why_for_how_long_and_how_it_ended() -> None:
    bench = Bench()
    bench.halt("operator", by="ann")
    began = bench.now
    bench.override(by="ada", reason="it is known")
    bench.later(MINUTE)
    bench.end_override(by="ben", reason="enough")
    bench.override(by="cy", reason="one look more", life_ns=MINUTE)
    bench.later(MINUTE).cycle()
    bench.override(by="ada", reason="again")
    (row,) = history(bench)
    first, second, third = row["overrides"]
    assert first == {
        "by": "ada", "why": "it is known", "since_ts": began, "until_ts": began + 30 * MINUTE,
        "ended_ts": began + MINUTE, "ended_by": "ben", "ended_why": "taken back: enough",
    }  # fmt: skip
    assert (second["ended_ts"], second["ended_why"]) == (began + 2 * MINUTE, "its time was up")
    assert (third["ended_ts"], third["ended_by"], third["ended_why"]) == (None, None, None)


def test_trouble_that_came_again_ends_the_override_and_begins_a_row_of_its_own() -> None:
    bench = Bench()
    bench.halt("operator", by="ann")
    bench.override()
    bench.later(SECOND).halt("operator", by="ben")
    first, second = history(bench)
    assert first["overrides"][0]["ended_why"] == "the trouble came again: drill"
    assert (first["cleared_why"], second["by"], second["overrides"]) == (RAISED_ANEW, "ben", ())

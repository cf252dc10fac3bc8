"""A broken promise of our own ends the process; its note makes the next start wait for a person."""

from pathlib import Path

import pytest
from tests.runtime.fakes import EPOCH, IDENTITY

from assent.desk.desk import Desk
from assent.model.errors import InvariantBroken, require
from assent.model.inputs import HaltAsked
from assent.runtime import broken
from assent.runtime.recovery import opening_inputs


def halts_at_start(state_dir: Path) -> list[HaltAsked]:
    opening = opening_inputs(Desk(), IDENTITY, ledger_id="0" * 16, build="b", state_dir=state_dir, now=EPOCH)
    return [item for item in opening if isinstance(item, HaltAsked)]


def test_a_start_without_a_note_asks_for_no_halt(tmp_path: Path) -> None:
    assert halts_at_start(tmp_path) == []
    broken.forget(tmp_path)


def test_a_note_becomes_a_halt_with_what_was_broken_until_it_is_forgotten(tmp_path: Path) -> None:
    broken.note(tmp_path, InvariantBroken("cash_lost", missing=5), ts=EPOCH)
    for _ in range(2):
        assert [(asked.cause, asked.detail) for asked in halts_at_start(tmp_path)] == [
            ("invariant_broken", "cash_lost: missing=5")
        ]
    broken.forget(tmp_path)
    assert halts_at_start(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"[" * 3_000, b'"what"'])
def test_a_note_that_cannot_be_read_still_halts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / broken.FILE_NAME).write_bytes(content)
    assert [asked.cause for asked in halts_at_start(tmp_path)] == ["invariant_broken"]


def test_a_note_that_cannot_be_written_hides_nothing(tmp_path: Path) -> None:
    broken.note(tmp_path / "not there", InvariantBroken("cash_lost"), ts=EPOCH)
    assert broken.noted(tmp_path / "not there") is None


def test_a_broken_promise_is_found_in_groups_of_errors_and_nothing_else_is_one() -> None:
    with pytest.raises(InvariantBroken) as caught:
        require(False, "cash_lost")
    group = ExceptionGroup("a", [ValueError("x"), ExceptionGroup("b", [caught.value])])
    assert broken.broken_promise(group) is caught.value
    assert broken.broken_promise(ExceptionGroup("a", [ValueError("x")])) is None
    assert broken.broken_promise(KeyboardInterrupt()) is None

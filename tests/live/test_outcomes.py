"""What becomes of an order and of a cancel when its request or its answer is lost, late, doubled, overtaken or wrong.

Each case is a whole desk at the boxed Kalshi under virtual time, through its own wire, with one request spoilt. What
the ledger then holds is compared with the one table; the books are judged by a program that imports nothing of ours;
`assent why` has to name what the outcome rests on. `ASSENT_OUTCOMES=1` plays every case in every way.
"""

import os
import re
from itertools import product
from typing import Final

import pytest
from tests.live.outcome_table import CANCEL_PART, CAUSES, EVIDENCE, FILLS, PART, RESTS, ROWS, Row
from tests.live.playing import Played, play
from tests.live.spoiling import ASKED, FAULTS, OF_ORDERS

from assent.desk.orders import OVER
from assent.model.units import SECOND

ALL: Final = bool(os.environ.get("ASSENT_OUTCOMES"))
CASES: Final = [
    (what, fault) for what, fault in product(ASKED, FAULTS) if not ASKED[what].cancels or fault not in OF_ORDERS
]
# One fault of each row: for those ways that differ from the first only in how the desk hears of it.
SOME: Final = [(what, row.faults[0]) for what, row in product((PART, CANCEL_PART), ROWS) if what in row.outcomes]
ROW_OF: Final[dict[str, Row]] = {fault: row for row in ROWS for fault in row.faults}


def test_the_table_has_every_fault_and_every_request_once() -> None:
    assert sorted(fault for row in ROWS for fault in row.faults) == sorted(FAULTS)
    assert {(what, fault) for row in ROWS for what in row.outcomes for fault in row.faults} == set(CASES)


@pytest.mark.parametrize(("what", "fault"), CASES)
def test_by_the_lists_alone_the_ledger_holds_what_the_table_says(what: str, fault: str) -> None:
    played = play(what, fault, told=False)
    assert played.sequence == ROW_OF[fault].outcomes[what].silent
    both_books_agree(played, fault)
    the_story_names_the_evidence(played, fault)


@pytest.mark.parametrize(("what", "fault"), CASES if ALL else SOME)
def test_where_the_stream_tells_the_ledger_holds_what_the_table_says(what: str, fault: str) -> None:
    played = play(what, fault, told=True)
    assert played.sequence == ROW_OF[fault].outcomes[what].heard
    both_books_agree(played, fault)
    the_story_names_the_evidence(played, fault)


@pytest.mark.parametrize("dies_after_s", [1, 40])
@pytest.mark.parametrize(("what", "fault"), CASES if ALL else SOME)
def test_killed_in_the_middle_it_ends_the_same(what: str, fault: str, dies_after_s: int) -> None:
    played = play(what, fault, told=False, dies_after_ns=dies_after_s * SECOND)
    assert played.quiet.starts == 2
    order = played.quiet.desk.state.find_order(played.order_id)
    assert order is not None
    assert order.status == ends(what, ROW_OF[fault].outcomes[what].silent)
    both_books_agree(played, fault)


def ends(what: str, sequence: tuple[str, ...]) -> str:
    """The status in which an order ends that lived through this."""
    for word in ("quarantined", "absent", "refused", "not sent"):
        if word in sequence:
            return word.replace(" ", "_")
    if "filled" in sequence and ASKED[what].idea.qty_max == _filled(what):
        return "filled"
    return "working" if what == RESTS and "closed" not in sequence else "closed"


def _filled(what: str) -> int | None:
    asked = ASKED[what]
    return asked.idea.qty_max if what == FILLS else asked.meanwhile * 1_000_000


def both_books_agree(played: Played, fault: str) -> None:
    """Nothing twice, nothing lost, cash and positions equal; where something may rest that is not ours by the ledger,
    the desk has stopped for it."""
    quiet, state = played.quiet, played.quiet.desk.state
    complaints = ROW_OF[fault].complaints
    assert [one for one in played.judged.wrong if not any(re.search(each, one) for each in complaints)] == []
    assert quiet.taken()[played.order_id] <= 1
    assert set(quiet.posted().values()) == {1}, "no submission was ever made twice"
    ours = {name for name, order in state.orders.items() if order.status not in OVER}
    assert quiet.resting() == ours or "discrepancy" in state.halts, "an alarm for what rests there"
    assert state.cash == quiet.exchange.balance("ann").cash


def the_story_names_the_evidence(played: Played, fault: str) -> None:
    story, text = played.quiet.story(played.order_id)
    assert story.verdict == "released"
    for word in played.sequence:
        cause = CAUSES.get(fault, ("", ""))[word.startswith("cancel ")]
        said = f"[{word.removeprefix('halt ')}] by " if word.startswith("halt ") else EVIDENCE[word].format(cause)
        assert said in text, text

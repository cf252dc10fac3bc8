"""Of two who use the same thing at the same moment one succeeds: two threads, two connections, two processes."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from tests.approval.people import NOW, held, not_on, phone, refused, signed_in

from assent.approval import Access, Holder, Session
from assent.approval.errors import AccessBusy
from assent.approval.sessions import SESSION_IDLE_NS
from assent.approval.store import BUSY_MS
from assent.model.units import MINUTE, SECOND

HANDS = 4
TURNS = 25
PROGRAM = """
import json, sys
from pathlib import Path
from assent.approval import Access, Session
access = Access.open(sys.argv[1])
work = json.loads(sys.stdin.readline())
print("ready", flush=True)
sys.stdin.readline()
begun = sum(isinstance(access.redeem(code, work["now"]), Session) for code in work["codes"])
accepted = sum(access.check_factor("ada", digits, at) is None for digits, at in work["factors"])
print(json.dumps([begun, accepted]), flush=True)
"""


def together(act: Callable[[int], object], hands: int = HANDS) -> list[object]:
    """The answers of as many threads that begin at the same moment."""
    start = Barrier(hands)

    def one(hand: int) -> object:
        start.wait()
        return act(hand)

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(one, range(hands)))


def patiently(act: Callable[[], object]) -> object:
    """Until it was decided: who finds the file locked was told to ask again."""
    while True:
        try:
            return act()
        except AccessBusy:
            continue


@pytest.mark.parametrize("connections", [1, HANDS])
def test_a_login_code_begins_one_session_however_many_show_it(place: Path, connections: int) -> None:
    opened = [Access.open(place) for _ in range(connections)]
    for turn in range(TURNS):
        code = opened[0].offer_login(f"os:user{turn}", ["view"], NOW)
        answers = together(lambda hand, c=code: patiently(lambda: opened[hand % connections].redeem(c, NOW)))
        assert sum(isinstance(answer, Session) for answer in answers) == 1
    assert len(opened[0].sessions(NOW)) == TURNS


@pytest.mark.parametrize("connections", [1, HANDS])
def test_a_step_of_the_second_factor_is_accepted_once_however_many_show_it(place: Path, connections: int) -> None:
    opened = [Access.open(place) for _ in range(connections)]
    ada = opened[0].enrol("ada", NOW)
    for turn in range(TURNS):
        now = NOW + turn * 30 * SECOND
        digits = phone(ada, now)
        answers = together(
            lambda hand, d=digits, at=now: patiently(lambda: opened[hand % connections].check_factor("ada", d, at))
        )
        assert sorted(map(str, answers)) == ["None"] + ["second_factor_replayed"] * (HANDS - 1)


def test_five_wrong_tries_lock_out_however_they_are_spread(place: Path) -> None:
    opened = [Access.open(place) for _ in range(HANDS)]
    ada = opened[0].enrol("ada", NOW)
    digits = not_on(ada, NOW)
    answers = together(
        lambda hand: [patiently(lambda: opened[hand].check_factor("ada", digits, NOW)) for _ in range(5)]
    )
    flat = [answer for some in answers if isinstance(some, list) for answer in some]
    assert flat.count("second_factor_wrong") == 5
    assert flat.count("second_factor_locked") == HANDS * 5 - 5


def test_two_processes_agree_on_what_was_used(place: Path) -> None:
    access = Access.open(place)
    codes = [access.offer_login(f"os:user{n}", ["view"], NOW) for n in range(TURNS)]
    ada = access.enrol("ada", NOW)
    times = [NOW + n * 30 * SECOND for n in range(TURNS)]
    work = {"now": NOW, "codes": codes, "factors": [(phone(ada, at), at) for at in times]}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(place)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(work) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
    answers = [json.loads(process.communicate("go\n", timeout=60)[0]) for process in reversed(processes)]
    begun, accepted = (sum(column) for column in zip(*answers, strict=True))
    assert begun == TURNS
    assert 1 <= accepted <= TURNS  # a process may be a step ahead of the other, and what lies behind is refused


def test_many_threads_that_find_no_file_make_one(place: Path) -> None:
    for turn in range(5):
        mine = place.with_name(f"{turn}.sqlite")
        opened = [access for access in together(lambda _, m=mine: Access.open(m), 8) if isinstance(access, Access)]
        secret = opened[0].issue("t", ["view"], NOW)
        assert len(opened) == 8
        for access in opened:
            held(access.check(secret, NOW))
            access.close()


def test_whoever_looks_waits_for_nobody_who_writes(place: Path) -> None:
    desk, console = Access.open(place), Access.open(place)
    secret = desk.issue("t", ["view"], NOW)
    session = signed_in(desk, "os:ada")
    with console._store.writing() as db:
        db.execute("DELETE FROM tokens")
        begun = time.monotonic()
        for _ in range(5):  # the last use is not written down: nobody waits for it
            held(desk.check(secret, NOW))
            held(desk.check(session.secret, NOW + MINUTE))
            refused(desk.check(session.secret, NOW + SESSION_IDLE_NS))
        assert time.monotonic() - begun < 5 * BUSY_MS / 1000, "fifteen looks that waited would take three times that"
        assert [token.name for token in desk.tokens()] == ["t"]
        with pytest.raises(AccessBusy, match=r"keeps .* locked"):
            desk.check_factor("ada", "123456", NOW)
    refused(desk.check(secret, NOW))


def test_what_one_process_revokes_is_refused_by_the_other_at_once(place: Path) -> None:
    desk, console = Access.open(place), Access.open(place)
    secret = console.issue("t", ["view"], NOW)
    assert isinstance(desk.check(secret, NOW), Holder)
    console.revoke("t")
    refused(desk.check(secret, NOW))


def test_a_process_that_is_killed_leaves_a_file_that_opens(place: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from assent.approval import Access\n"
        "access = Access.open(sys.argv[1])\n"
        f"print(access.issue('t', ['view'], {NOW}), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(place)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == -9
    assert place.with_name(place.name + "-wal").stat().st_size > 0
    held(Access.open(place).check(done.stdout.strip(), NOW))

"""Python on a page that is marked to run does run: `python run` after the fence, all of a page as one program."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs.markers import ROOT, pages

from assent.ledger.chain import Entry
from assent.ledger.contract import a_seal
from assent.ledger.sqlite import SqliteStore

PROGRAM = re.compile(r"^```python run\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def program_of(page: Path) -> str:
    return "\n".join(PROGRAM.findall(page.read_text(encoding="utf-8")))


RUNNABLE = [page for page in pages() if program_of(page)]
# What a reader of the page should see, among other things.
SAYS = {"ledger.md": "6 records, head ", "writing-a-strategy.md": "'IntentProposed', 'OrderReleased'"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a small ledger in it, as a reader may have one."""
    store = SqliteStore.open(tmp_path / "ledger.sqlite", create=True)
    store.append([a_seal(), *(Entry(100 + n, "DeskStopped", 1, b'{"why":"day %d"}' % n) for n in range(5))])
    store.close()
    return tmp_path


def run(program: str, place: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.stem)
def test_what_is_marked_to_run_runs_and_says_what_it_should(page: Path, place: Path) -> None:
    done = run(program_of(page), place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SAYS[page.name] in done.stdout


def test_there_is_something_to_run() -> None:
    assert sorted(page.name for page in RUNNABLE) == sorted(SAYS)


def test_the_verifier_of_the_page_finds_one_changed_byte(place: Path) -> None:
    """It is short, and it must be worth something all the same."""
    program = program_of(ROOT / "docs" / "ledger.md")
    data = (place / "ledger.sqlite").read_bytes()
    assert data.count(b'{"why":"day 3"}') == 1
    (place / "ledger.sqlite").write_bytes(data.replace(b'{"why":"day 3"}', b'{"why":"day 4"}'))
    changed = run(program, place)
    assert changed.returncode == 1
    assert changed.stderr.strip() == "not intact: seq 5"

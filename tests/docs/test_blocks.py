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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a small ledger in it, as a reader may have one."""
    store = SqliteStore.open(tmp_path / "ledger.sqlite", create=True)
    store.append([a_seal(), *(Entry(100 + n, "DeskStopped", 1, b'{"why":"SIGINT"}') for n in range(5))])
    store.close()
    return tmp_path


def run(program: str, place: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.stem)
def test_what_is_marked_to_run_runs(page: Path, place: Path) -> None:
    done = run(program_of(page), place)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_something_to_run() -> None:
    assert {page.name for page in RUNNABLE} >= {"ledger.md", "writing-a-strategy.md"}


def test_the_verifier_of_the_page_finds_one_changed_byte(place: Path) -> None:
    """It is short, and it must be worth something all the same."""
    program = program_of(ROOT / "docs" / "ledger.md")
    intact = run(program, place)
    assert intact.stdout.startswith("6 records, head ")
    data = (place / "ledger.sqlite").read_bytes()
    at = data.rindex(b'{"why":"SIGINT"}')
    (place / "ledger.sqlite").write_bytes(data[: at + 3] + b"W" + data[at + 4 :])
    changed = run(program, place)
    assert changed.returncode == 1
    assert changed.stderr.strip() == "not intact: seq 6"


def test_the_trade_of_the_page_is_made_by_the_strategy_of_the_page(place: Path) -> None:
    done = run(program_of(ROOT / "docs" / "writing-a-strategy.md"), place)
    assert "'IntentProposed', 'OrderReleased'" in done.stdout
    assert (place / "try-desk" / "state" / "paper" / "kalshi_sim_paper.sqlite").exists()

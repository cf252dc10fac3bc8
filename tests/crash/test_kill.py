"""The real process, really killed, again and again, while it trades.

`ASSENT_KILLS` says how often (6 here; the campaign before a release is run with 50 and more). Every life is judged by
`judge.py` from the exchange's journal and the ledger alone; what traded is printed, since "never does X" must not pass
by doing nothing.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.crash.judge import complaints
from tests.exchange.beginnings import begin

KILLS = int(os.environ.get("ASSENT_KILLS", "6"))
SPEED = os.environ.get("ASSENT_KILL_SPEED", "1200")
LIFE_MAX_S = 1.6
# On a busy machine less is traded in a life, so there are more of them, up to so many times as often.
PATIENCE = 6

# What would keep it from trading whenever it can. The limits that stay are those of size and of money.
EAGER = {
    'edge_min = "0.02"': 'edge_min = "0.005"',
    'edge_min = "0.03"': 'edge_min = "0.00"',
    'exit_edge = "0.02"': 'exit_edge = "0.00"',
    "open_positions_max = 5": "open_positions_max = 6",
    'total_exposure_max = "40.00"': 'total_exposure_max = "400.00"',
    'cycle = "10s"': 'cycle = "60s"',
    'ev_min = "6%"': 'ev_min = "off"',
    'price_min = "0.05"': 'price_min = "off"',
    'price_max = "0.95"': 'price_max = "off"',
    'favourite_edge_min = "0.06"': 'favourite_edge_min = "off"',
    'spread_max = "0.06"': 'spread_max = "off"',
    'event_exposure_max = "20.00"': 'event_exposure_max = "off"',
    'theme_exposure_max = "30.00"': 'theme_exposure_max = "off"',
    "orders_per_day_max = 100": 'orders_per_day_max = "off"',
    "trades_per_market_day_max = 4": 'trades_per_market_day_max = "off"',
    "entries_per_hour_max = 6": 'entries_per_hour_max = "off"',
    'entry_gap_min = "1m"': 'entry_gap_min = "off"',
    'cool_down_min = "5m"': 'cool_down_min = "off"',
    'daily_loss_max = "30.00"': 'daily_loss_max = "off"',
    'drawdown_fraction_max = "15%"': 'drawdown_fraction_max = "off"',
}


def assent(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "assent", *words], capture_output=True, text=True, check=False)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk that trades whenever it can."""
    folder = tmp_path / "desk"
    made = assent("init", str(folder), "--template", "kalshi-paper")
    assert made.returncode == 0, made.stderr
    text = (folder / "assent.toml").read_text()
    for old, new in EAGER.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "assent.toml").write_text(text)
    begin(folder)
    return folder


def start(desk: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "assent", "run", str(desk), "--speed", SPEED, "--non-interactive"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_ready(process: subprocess.Popen[str]) -> None:
    """Until it says that it started; what it said before must not be an error."""
    for line in process.stdout:
        if "DeskStarted" in line:
            return
    raise AssertionError(f"the desk ended with {process.wait()}: {process.stderr.read()[-800:]}")


def test_killed_at_random_moments_it_doubles_no_order_loses_no_fill_and_keeps_equal_books(desk: Path) -> None:
    chance = random.Random(int(os.environ.get("ASSENT_KILL_SEED", "11")))
    ledger = desk / "state" / "paper" / "kalshi_sim_paper.sqlite"
    journal = desk / "state" / "exchange" / "kalshi_sim_paper.journal"
    kills = 0
    while kills < KILLS or (kills < PATIENCE * KILLS and complaints(ledger, journal)[1]["fills"] < KILLS):
        process = start(desk)
        wait_ready(process)
        time.sleep(chance.uniform(0.0, LIFE_MAX_S))
        process.kill()
        process.communicate()
        kills += 1
    last = start(desk)
    wait_ready(last)
    time.sleep(1.0)
    last.send_signal(signal.SIGTERM)
    out, err = last.communicate(timeout=60)
    assert last.returncode == 0, (out[-500:], err[-500:])

    wrong, happened = complaints(ledger, journal)
    print(json.dumps(happened))  # noqa: T201 - what traded belongs to the result
    assert wrong == []
    assert happened["starts"] == kills + 1
    assert happened["fills"] >= KILLS, "it must have traded for this to mean anything"

    verified = assent("ledger", "verify", "-C", str(desk), "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr

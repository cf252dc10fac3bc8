"""The futures workloads on made-up bars: they trade, desk and exchange agree on the money, and it repeats.

Beside a peer they stand with the ratio of the two, and alone where no peer is set up.
"""

import sys
from pathlib import Path

import pytest
from benchmarks import bars, w1, w2
from benchmarks.figure import Figure
from benchmarks.peers import WORKLOADS, over_peers

from assent.ledger.memory import MemoryStore


def test_the_crossing_turns_in_one_order_of_two_contracts() -> None:
    stream, reference = bars.load(5_000)
    answer = w1.run(stream, MemoryStore())
    assert not reference
    assert answer.orders > 20
    assert answer.contracts == 2 * answer.orders - 1
    assert abs(answer.held) == 1
    assert answer == w1.run(stream, MemoryStore())._replace(taken=answer.taken)


def test_every_bracket_ends_in_one_leg() -> None:
    stream, _ = bars.load(5_000)
    answer = w2.run(stream, MemoryStore())
    assert answer.closed > 50
    assert 0 < answer.wins < answer.closed
    assert answer.orders == 2 * answer.closed + abs(answer.held)


OURS = [Figure(f"{name.upper()}, memory ledger", 3e6, "events/s", 1e6, "more", by_cpu=4e6) for name, _, _ in WORKLOADS]
# A million events in two seconds of the wall and four of the CPU, whatever the workload.
PEER = """
import json, sys
events = int(sys.argv[2])
print("RESULT " + json.dumps({"run_s": events / 500_000, "run_cpu_s": events / 250_000}))
"""


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "peer.py"
    script.write_text(PEER)
    monkeypatch.setenv("ASSENT_BENCH_PEERS", sys.executable)
    monkeypatch.setenv("ASSENT_BENCH_PEER_SCRIPT", str(script))
    monkeypatch.setenv("ASSENT_BENCH_DATA", str(tmp_path))
    return script


@pytest.mark.usefixtures("peer")
def test_a_peer_stands_beside_each_workload_with_the_ratio_and_its_goal() -> None:
    beside = over_peers(OURS, 1_000_000)
    assert [(figure.value, figure.goal) for figure in beside] == [(6.0, goal) for _, _, goal in WORKLOADS]
    assert "theirs 500,000 events/s" in beside[0].note
    assert "over that 16.00 x" in beside[0].note


def test_a_peer_that_gives_no_result_is_named_and_left_out(peer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peer.write_text('raise SystemExit("it is not installed")')
    assert over_peers(OURS, 1_000_000) == []
    assert "w1: it is not installed" in capsys.readouterr().err


@pytest.mark.usefixtures("peer")
def test_a_peer_that_is_not_there_is_told_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSENT_BENCH_PEERS", str(tmp_path / "nowhere"))
    assert over_peers(OURS, 1_000_000) == []
    assert "ASSENT_BENCH_PEERS" in capsys.readouterr().err


def test_without_a_peer_ours_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSENT_BENCH_PEERS", raising=False)
    assert over_peers(OURS, 1_000_000) == []

"""Beside a desk that really runs: the tail follows it from before its first record to after its last, in each mode."""

from pathlib import Path

import pytest
from tests.cli.support import Cli
from tests.console.reading.ledgers import read_whole

from assent.config import load
from assent.console.reading.tail import Tail
from assent.desk.intent_rows import intent_rows
from assent.desk.rows import told
from assent.desk.story import tell
from assent.runtime.clock import WallClock
from assent.runtime.heartbeat import FILE_NAME

SOON_S = 10.0


@pytest.mark.parametrize("mode", ["paper", "observe"])
def test_a_desk_that_runs_is_followed_through_to_its_end(tmp_path: Path, cli: Cli, mode: str) -> None:
    desk = tmp_path / "desk"
    assert cli("init", desk).code == 0
    settings = load(desk, overrides={"desk.mode": mode})
    heartbeat = settings.state_dir / FILE_NAME
    seen: list[tuple[int, str]] = []
    with Tail(settings.ledger_path, now=WallClock().now, name=settings.name, heartbeat=heartbeat) as tail:
        assert tail.snapshot.source.standing == "missing"
        tail.listen(lambda: seen.append((tail.snapshot.seq, tail.snapshot.source.standing)))
        ran = cli("run", desk, "--mode", mode, "--for", "2h", "--speed", "3000", "--non-interactive")
        assert ran.code == 0, ran.err
        whole = read_whole(settings.ledger_path)
        last = whole.records[-1][0]
        snapshot = tail.snapshot
        while snapshot.seq < last or snapshot.health.beat is None or snapshot.health.beat.status != "stopped":
            version = snapshot.version
            snapshot = tail.wait(version, SOON_S)
            assert snapshot.version > version, f"nothing new after record {snapshot.seq} of {last}"
        status = cli("status", "-C", desk, "--mode", mode, "--json").json
        stories = [row.intent_id for row in snapshot.intents.rows[-3:]]
        for intent_id in stories:
            assert tail.story(intent_id) == tell(whole.records, intent_id)
    assert len({seq for seq, _ in seen}) > 3, "it was followed while it ran, not read at its end"
    assert {standing for _, standing in seen} <= {"missing", "empty", "following", "catching up"}
    assert snapshot.source.turned == ()
    assert snapshot.health.run is not None
    assert snapshot.health.beat is not None
    assert snapshot.health.beat.speed == 3000
    assert snapshot.health.run.stopped_ts == whole.records[-1][1]
    assert list(snapshot.intents.rows) == intent_rows(whole.records, whole.state)[-len(snapshot.intents.rows) :]
    assert [told(row) for row in snapshot.orders.open] == status["orders"]
    assert (snapshot.overview.level, snapshot.overview.worth.cash) == (status["level"], status["cash"])
    assert snapshot.chain.head_hash == status["ledger"]["head"]
    assert snapshot.overview.deployment.mode == mode
    assert snapshot.overview.worth.equity == status["equity"]
    assert len(stories) == 3
    assert cli("ledger", "verify", "-C", desk, "--mode", mode).code == 0

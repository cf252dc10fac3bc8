"""`assent record` at a served box: public reads, a file of its own, no key in sight."""

import json
import re
from pathlib import Path

from tests.live.box import assent, served


def test_one_look_saves_every_open_market_in_scope_without_a_key(tmp_path: Path) -> None:
    with served(tmp_path / "box", "--seed", 7, "--account", "box", speed=1) as box:
        desk = tmp_path / "desk"
        assert assent("init", desk, "--template", "kalshi-box").returncode == 0
        config = desk / "assent.toml"
        text = config.read_text().replace("http://127.0.0.1:8551", box.url)
        config.write_text(re.sub(r"(?m)^series = \[.*\]", 'series = ["KXTEMPSIM", "KXGAMESIM"]', text))
        told = assent("record", "-C", desk, "--once")
        assert told.returncode == 0, told.stderr
        saved = [line.removeprefix("Snapshot saved for ") for line in told.stdout.splitlines()]
        assert len(saved) >= 5
        assert all(name.startswith(("KXTEMPSIM", "KXGAMESIM")) for name in saved)
        shown = json.loads(assent("record", "show", "-C", desk, "--json").stdout)
        assert {row["ticker"] for row in shown["snapshots"]} == set(saved)
        assert shown["counts"] == {"markets": len(saved), "snapshots": len(saved), "rejects": 0}
        assert saved[0] in assent("record", "show", saved[0], "-C", desk).stdout
    gone = assent("record", "-C", desk, "--once")
    assert gone.returncode in (1, 2)
    assert "Traceback" not in gone.stderr


def test_there_is_nothing_to_record_of_an_exchange_inside_a_process(tmp_path: Path) -> None:
    assert assent("init", tmp_path / "desk").returncode == 0
    told = assent("record", "-C", tmp_path / "desk", "--once")
    assert told.returncode == 2
    assert "environment" in told.stderr
    nothing = assent("record", "show", "-C", tmp_path / "desk")
    assert nothing.returncode == 2
    assert "assent record --once" in nothing.stderr

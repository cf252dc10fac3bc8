"""A strategy that hangs ends the process; one that does it three times on one input starts LOCKED, by name."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.exchange.beginnings import begin

PROGRAM = """
import sys
from pathlib import Path
from assent import app, config

class Hangs:
    name = "value"
    def on_quote(self, view, quote):
        while True:
            pass

app.STRATEGIES["threshold"] = lambda name, options: Hangs()
summary = app.run(config.load(Path(sys.argv[1])), speed=60, for_ns=60_000_000_000)
print(summary["level"], [halt["cause"] for halt in summary["halts"]], sorted(summary["stopped"]))
"""


def assent(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "assent", *words], capture_output=True, text=True, check=False)


def life(desk: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(desk)], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_strategy_that_hangs_three_times_on_one_input_is_locked_by_name_until_a_person_resumes(
    tmp_path: Path,
) -> None:
    desk = tmp_path / "desk"
    assert assent("init", str(desk), "--template", "kalshi-paper").returncode == 0
    begin(desk)
    settings = desk / "assent.toml"
    text = settings.read_text().replace('hang_max = "10s"', 'hang_max = "1s"')
    # One market only, so that every life meets the same input.
    market = _first_market(text, desk)
    one = text.replace("markets = []", f'markets = ["{market}"]')
    settings.write_text(re.sub(r"^series = \[.*\]$", "series = []", one, flags=re.MULTILINE))

    for _ in range(3):
        died = life(desk)
        assert died.returncode == -9, died.stderr[-500:]
    words = (desk / "state" / "paper" / "last-words.jsonl").read_text().splitlines()
    named = [(json.loads(word)["strategy"], json.loads(word)["input"]) for word in words]
    assert named == [("value", f"QuoteSeen {market}")] * 3

    locked = life(desk)
    assert locked.returncode == 0, locked.stderr[-500:]
    assert locked.stdout.split()[0] == "LOCKED"
    assert "strategy_repeats" in locked.stdout
    assert "'value'" in locked.stdout

    resumed = assent("halt", "resume", "-C", str(desk), "--by", "Ann", "--reason", "mended the loop", "--json")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert life(desk).returncode == -9, "it was let go on, and it hangs again"


def _first_market(text: str, desk: Path) -> str:
    """A market that the exchange lists now."""
    (desk / "assent.toml").write_text(text)
    probe = (
        "import sys; from pathlib import Path; from assent import app, config; "
        "s = config.load(Path(sys.argv[1])); x, c = app.open_exchange(s, 1); x.catch_up(c.now()); "
        "print(max((m for m in x.markets() if m.bid), key=lambda m: m.volume).spec.ticker)"
    )
    found = subprocess.run([sys.executable, "-c", probe, str(desk)], capture_output=True, text=True, check=True)
    return found.stdout.strip()

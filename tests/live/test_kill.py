"""A live desk over real sockets, killed at random moments of the box's day, and judged by two files alone.

`ASSENT_LIVE_KILLS` says how often (4 here; the campaign before a release is run with 300 and more, over a whole day of
the world up to its last settlement). Some of the kills fall into a start, most into trading. What traded is printed,
since "never does X" must not pass by doing nothing.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.exchange.kalshi.served import A_DAY, begun
from tests.live.box import ACCOUNT, Box, assent, served
from tests.live.test_the_box import SECRET, make_desk

from assent.exchange.types import DAY, MINUTE
from assent.ledger.check import check_ledger
from assent.model.units import SECOND

KILLS = int(os.environ.get("ASSENT_LIVE_KILLS", "4"))
# Box seconds in a real one. The time that a network takes does not shrink with it.
SPEED = int(os.environ.get("ASSENT_LIVE_SPEED", "40"))
SEED = int(os.environ.get("ASSENT_LIVE_SEED", "11"))
# A whole day is lived through in a campaign; else only its first trading hours.
WHOLE_DAY = KILLS >= 100
BEGINS = A_DAY * DAY + 5 * 60 * MINUTE
ENDS = (A_DAY + 1) * DAY - MINUTE
LIFE_MAX_S = 4.0
LIVES_MAX = 8 * KILLS + 40
TRADES_MIN = max(1, KILLS // 4)
# The desk's clock follows the box's over a network: so far apart they may be, in the box's time.
SKEW = 20 * SECOND

# Rests an order below the market for a while, moves it when the market moves, and so has cancels and late fills.
RESTING = '''"""Rests a bid beside the market's own for two minutes, and another one when the market has moved."""

from assent.desk.strategy import View
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import MICRO, MINUTE

OPTIONS = ()


class Resting:
    def __init__(self, name: str) -> None:
        self.name = name

    def on_quote(self, view: View, quote: QuoteSeen) -> list[Proposal] | None:
        bid, ask = quote.bid, quote.ask
        if bid is None or ask is None or ask - bid < 20_000 or view.held(quote.instrument) > 0:
            return None
        return [
            Proposal(
                instrument=quote.instrument, price=bid, fair=min(bid + 60_000, MICRO - 1),
                qty_max=3 * MICRO, time_in_force="gtc", life_ns=2 * MINUTE, reason="rests with the others",
            )
        ]


def build(name: str, options: object) -> Resting:
    return Resting(name)
'''


def a_desk(folder: Path, box: Box) -> Path:
    """One that trades whenever it can: at once where there is an edge, and resting orders everywhere."""
    desk = make_desk(folder, box)
    source = desk / "strategies" / "resting.py"
    source.parent.mkdir()
    source.write_text(RESTING)
    kinds = json.loads(assent("strategy", "list", "-C", desk, "--json").stdout)["strategies"]
    (digest,) = (kind["digest"] for kind in kinds if kind["kind"] == "resting")
    config = desk / "assent.toml"
    text = config.read_text().replace('supersede_step_min = "1.00"', 'supersede_step_min = "0.01"')
    # A market that is nearly decided loses its bid, and then a position in it keeps every entry waiting.
    for key, value in (
        ("orders_per_day_max", "off"), ("drawdown_fraction_max", "off"), ("price_min", "0.20"), ("price_max", "0.80")
    ):  # fmt: skip
        line = next(line for line in text.splitlines() if line.startswith(f"{key} = "))
        text = text.replace(line, f'{key} = "{value}"')
    text = text.replace(
        "\n[runtime]", f'\n[[strategy]]\nkind = "resting"\nname = "rests"\ndigest = "{digest}"\n\n[runtime]'
    )
    config.write_text(text)
    told = assent("config", "set", "desk.dry_run=false", desk)
    assert told.returncode == 0, told.stderr
    return desk


def start(desk: Path, box: Box, said: Path) -> subprocess.Popen[bytes]:
    """Whatever it says goes to a file, so that nobody has to read along."""
    with said.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "assent", "run", str(desk), "--non-interactive", "--confirm-live", ACCOUNT],
            stdout=out, stderr=out, env={**os.environ, SECRET: box.key_file.read_text(encoding="ascii")},
        )  # fmt: skip


def test_killed_at_random_a_live_desk_doubles_nothing_loses_nothing_and_passes_no_limit(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    begun(tmp_path / "box", BEGINS)
    said = tmp_path / "said.log"
    with served(tmp_path / "box", "--seed", 7, speed=SPEED) as box:
        desk = a_desk(tmp_path / "desk", box)
        ledger = desk / "state" / "box-live" / "kalshi_box_live.sqlite"
        kills = lives = 0
        while (kills < KILLS or _fills(box) < TRADES_MIN or (WHOLE_DAY and box.now() < ENDS)) and lives < LIVES_MAX:
            lives += 1
            process = start(desk, box, said)
            time.sleep(chance.uniform(0.2, LIFE_MAX_S))
            assert process.poll() is None, said.read_text()[-3000:]
            process.kill()
            process.wait()
            kills += 1
            if ledger.exists():
                assert check_ledger(ledger).intact
        _settle_down(desk, box, said)
        record = tmp_path / "record.jsonl"
        record.write_text("".join(json.dumps(line) + "\n" for line in box.record()))
    exported = tmp_path / "ledger.jsonl"
    exported.write_text(assent("ledger", "export", "-C", desk).stdout)
    judged = subprocess.run(
        [sys.executable, Path(__file__).with_name("judge.py"), record, exported, "--skew", str(SKEW)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(json.dumps({"kills": kills}), judged.stdout, judged.stderr)  # noqa: T201 - what traded belongs to the result
    verdict = json.loads(judged.stdout)
    assert verdict["wrong"] == []
    assert judged.returncode == 0
    assert kills >= KILLS
    assert verdict["fills"] >= TRADES_MIN, "it must have traded for this to mean anything"
    assert assent("ledger", "verify", "-C", desk).returncode == 0


def _fills(box: Box) -> int:
    return sum(line["kind"] == "fill" for line in box.record())


def _settle_down(desk: Path, box: Box, said: Path) -> None:
    """One more life, long enough for evidence, books and settlements, that ends cleanly."""
    process = start(desk, box, said)
    deadline, begun = time.monotonic() + 120, box.now()
    while time.monotonic() < deadline:
        time.sleep(1.0)
        assert process.poll() is None, said.read_text()[-3000:]
        told = assent("status", "-C", desk, "--json")
        if told.returncode == 0 and box.now() - begun > 4 * MINUTE and _quiet(json.loads(told.stdout)):
            break
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0, said.read_text()[-3000:]


def _quiet(status: dict) -> bool:
    """Nothing is on its way, and the books were compared."""
    return status["ready"] and not any(
        order["status"] in ("released", "unknown", "closing") for order in status["orders"]
    )

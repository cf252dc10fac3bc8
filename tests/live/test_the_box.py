"""A desk that sends, at an exchange in the box: two processes, real sockets, signed orders, equal books in the end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live.box import ACCOUNT, WAIT_S, Box, assent, served

# Box seconds in a real one. Orders have to leave within two seconds of the desk's time, so a busy machine sets a bound.
SPEED = 20
# What must have been traded before a life is ended. There are two of them, so that one goes on where another was.
TRADES_MIN = 3
LIVES = 2
# What would keep it from trading whenever it can. The limits that stay are those of size and of money.
EAGER = {
    "edge_min": '"0.00"', "ev_min": '"off"', "price_min": '"off"', "price_max": '"off"', "favourite_edge_min": '"off"',
    "spread_max": '"off"', "open_positions_max": "100", "event_exposure_max": '"off"', "theme_exposure_max": '"off"',
    "total_exposure_max": '"500.00"', "trades_per_market_day_max": '"off"', "entries_per_hour_max": '"off"',
    "entry_gap_min": '"off"', "cool_down_min": '"off"', "notional_per_day_max": '"off"', "daily_loss_max": '"off"',
    # Whatever it buys: the brake at the venue is there, and only just not in its way.
    "order_group_limit": "100000",
}  # fmt: skip
SECRET = "KALSHI_TRADING_KEY"


def make_desk(folder: Path, box: Box) -> Path:
    """From the template, with this box's address, and a key that comes in a variable."""
    made = assent("init", folder, "--template", "kalshi-box")
    assert made.returncode == 0, made.stderr
    path = folder / "assent.toml"
    text = path.read_text(encoding="utf-8").replace("http://127.0.0.1:8551", box.url)
    for key, value in EAGER.items():
        text, count = re.subn(rf'^{key} = ("[^"]*"|\w+)', f"{key} = {value}", text, flags=re.MULTILINE)
        assert count, key
    path.write_text(text, encoding="utf-8")
    for setting in (f"kalshi.key_id={box.key_id}", "kalshi.key_file=off", f"kalshi.key_variable={SECRET}"):
        assert assent("config", "set", setting, folder).returncode == 0
    return folder


def exported(desk: Path, *mode: str) -> list[dict[str, Any]]:
    """The ledger's facts, as a stranger gets them."""
    told = assent("ledger", "export", "-C", desk, *mode)
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def so_far(desk: Path, *mode: str) -> list[dict[str, Any]]:
    """The same of a desk that may only be starting."""
    told = assent("ledger", "export", "-C", desk, *mode)
    return [json.loads(line) for line in told.stdout.splitlines()] if told.returncode == 0 else []


def bodies(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [
        body if isinstance(body := record["body"], dict) else json.loads(body)
        for record in records
        if record["kind"] == kind
    ]


def lives(desk: Path, box: Box, *words: str, traded: Callable[[], int]) -> tuple[str, str]:
    """`assent run`, ended once it is ready and enough was traded, and once more; what it said, and the one line of the
    key that nobody may see."""
    pem, said = box.key_file.read_text(encoding="ascii"), desk.with_name("said.log")
    for _ in range(LIVES):
        with said.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "assent", "run", str(desk), "--non-interactive", *words],
                stdout=out, stderr=out, env={**os.environ, SECRET: pem},
            )  # fmt: skip
        try:
            _until(lambda: _ready(desk) and traded() >= TRADES_MIN, process, said)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0, said.read_text()[-3000:]
        finally:
            process.kill()
            process.wait()
    return said.read_text(), pem.splitlines()[1]


def _ready(desk: Path) -> bool:
    told = assent("status", "-C", desk, "--json")
    status = json.loads(told.stdout) if told.returncode == 0 else {}
    return bool(status.get("running") and status.get("ready"))


def _until(enough: Callable[[], bool], process: subprocess.Popen[bytes], said: Path) -> None:
    over = time.monotonic() + 2 * WAIT_S
    while not enough():
        assert process.poll() is None, said.read_text()[-3000:]
        assert time.monotonic() < over, "too little was traded for this to mean anything: " + said.read_text()[-3000:]
        time.sleep(0.3)


def test_a_desk_that_sends_trades_at_the_box_and_both_sets_of_books_are_equal(tmp_path: Path) -> None:
    with served(tmp_path / "box", speed=SPEED) as box:
        desk = make_desk(tmp_path / "desk", box)
        assert assent("config", "set", "desk.dry_run=false", desk).returncode == 0

        def traded() -> int:
            """What both know of; nothing while one of them knows more."""
            booked = len(bodies(so_far(desk), "FillBooked"))
            return booked if booked == sum(line["kind"] == "fill" for line in box.record()) else 0

        said, secret = lives(desk, box, "--confirm-live", ACCOUNT, traded=traded)
        theirs = box.record()
    ours = exported(desk)
    booked = {
        fill["fill_id"]: (fill["instrument"], fill["side"], fill["price"], fill["qty"], fill["fee"])
        for fill in (body["fill"] for body in bodies(ours, "FillBooked"))
    }
    done = {
        fill["fill_id"]: (fill["market"], fill["side"], fill["price"], fill["qty"], fill["fee"])
        for fill in theirs
        if fill["kind"] == "fill"
    }
    released = [body["order"]["order_id"] for body in bodies(ours, "OrderReleased")]
    asked = [order["client_order_id"] for order in theirs if order["kind"] == "asked_order"]
    print(json.dumps({"released": len(released), "asked": len(asked), "fills": len(done)}))  # noqa: T201 - the result
    assert booked == done
    groups = {order["group"] for order in theirs if order["kind"] == "asked_order"}
    assert len(groups) == 1, "every order stood in one order group, over all lives"
    assert None not in groups
    assert len(set(asked)) == len(asked), "no order came twice"
    assert set(asked) <= set(released), "no order came without a release"
    status = json.loads(assent("status", "-C", desk, "--json").stdout)
    (balance,) = [line for line in theirs if line["kind"] == "balance"]
    assert (status["cash"], status["accounts"]["fees"]) == (balance["cash"], balance["fees_paid"])
    held = {line["market"]: line["qty"] for line in theirs if line["kind"] == "position" and line["qty"]}
    assert {one["instrument"]: one["qty"] for one in status["positions"]} == held
    assert assent("ledger", "verify", "-C", desk).returncode == 0
    assert_nowhere(secret, desk, said)


def test_a_dry_run_builds_and_signs_and_sends_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "box", speed=SPEED) as box:
        desk = make_desk(tmp_path / "desk", box)

        def kept() -> int:
            records = so_far(desk, "--mode", "dry-run")
            return [body["reason"] for body in bodies(records, "OrderNotSent")].count("dry_run")

        said, secret = lives(desk, box, traded=kept)
        theirs = box.record()
    assert not [line for line in theirs if line["kind"].startswith("asked_")]
    assert not bodies(exported(desk, "--mode", "dry-run"), "FillBooked")
    assert_nowhere(secret, desk, said)


def assert_nowhere(secret: str, desk: Path, said: str) -> None:
    """Not in what was printed, and in no file that the desk has written."""
    assert secret not in said
    files = [path for path in desk.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert not [path for path in files if secret.encode() in path.read_bytes()]

"""One whole simulated day, as a user runs it: complete, repeatable to the last bit, and provable to a stranger."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assent
from assent import app, config
from assent.model.errors import AssentError

VERIFIER = Path(assent.__file__).parent / "ledger" / "verify.py"
# Two processes that differ in everything that must not matter.
SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Apia", "LC_ALL": "C"},
)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], Path]]:
    """The demo of seed 7, twice, side by side in different surroundings."""
    folders = [tmp_path_factory.mktemp(f"demo{number}") for number in range(len(SURROUNDINGS))]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "assent", "demo", "--seed", "7", "--json"],
            cwd=folder,
            env=os.environ | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder, changed in zip(folders, SURROUNDINGS, strict=True)
    ]
    results = []
    for process, folder in zip(running, folders, strict=True):
        out, err = process.communicate(timeout=150)
        assert process.returncode == 0, err[-800:]
        results.append((json.loads(out), folder))
    return results


def shows_what_is_claimed(day: dict[str, Any]) -> None:
    """What the front page says of a day, for any seed."""
    assert day["markets"] >= 20
    assert day["quotes"] >= 100_000
    assert day["trades"] >= 30
    assert len(day["refusals"]) >= 8
    assert day["all_settled"]
    assert day["books_equal"]
    assert day["ledger"]["verified"]
    assert (day["cash"], day["fees"]) == (day["exchange"]["cash"], day["exchange"]["fees"])


def test_a_day_trades_refuses_settles_and_ends_with_equal_books(days: list[tuple[dict[str, Any], Path]]) -> None:
    shows_what_is_claimed(days[0][0])


def test_the_table_adds_up_to_the_accounts(days: list[tuple[dict[str, Any], Path]]) -> None:
    day, _ = days[0]
    total = {key: sum(line[key] for line in day["series"]) for key in ("markets", "settled", "fills", "fees", "pnl")}
    assert total == {
        "markets": day["markets"], "settled": day["settled"], "fills": day["trades"], "fees": day["fees"],
        "pnl": day["pnl"],
    }  # fmt: skip
    assert sum(line["refused"] for line in day["series"]) == sum(day["refusals"].values())
    assert all(line["ideas"] >= line["refused"] + line["released"] for line in day["series"])
    assert len(day["series"]) >= 5


def test_the_owners_own_money_is_no_profit(days: list[tuple[dict[str, Any], Path]]) -> None:
    day, folder = days[0]
    shown = subprocess.run(
        [
            sys.executable, "-m", "assent", "ledger", "show", "--kind", "CashMoved", "--json",
            "-C", str(folder / "assent-demo"),
        ],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    moved = [record["body"]["amount"] for record in json.loads(shown)["records"]]
    assert len(moved) == 3, "the bankroll, a deposit, a withdrawal"
    assert min(moved) < 0
    assert day["moved"] == sum(moved[1:])
    assert day["cash"] == sum(moved) + day["pnl"]


def test_the_demo_lives_under_the_shipped_template(tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text(
        config.template_path("kalshi-paper").read_text(encoding="utf-8").replace("@NAME@", "mine")
    )
    shipped, demo = config.load(tmp_path), config.demo_settings(tmp_path)
    assert demo.constitution == shipped.constitution
    assert demo.strategies == shipped.strategies
    assert demo.cash == shipped.cash


@pytest.mark.parametrize("seed", range(1, int(os.environ.get("ASSENT_DEMO_SEEDS", "1")) + 1))
def test_another_seed_gives_another_day_that_shows_what_is_claimed(
    days: list[tuple[dict[str, Any], Path]], seed: int, tmp_path: Path
) -> None:
    """`ASSENT_DEMO_SEEDS=20 pytest -s tests/test_demo.py` lives through seeds 1 to 20, and says what each showed."""
    day = app.demo(config.demo_settings(tmp_path, seed=seed), seed=seed)
    shows_what_is_claimed(day)
    assert (day["ledger"]["head"] == days[0][0]["ledger"]["head"]) == (seed == days[0][0]["seed"])
    rules = " ".join(f"{rule} {count}" for rule, count in day["refusals"].items())
    sys.stdout.write(
        f"seed {seed}: {day['quotes']} quotes, {day['markets']} markets, {day['trades']} trades,"
        f" {len(day['refusals'])} rules, {day['seconds']} s, books equal: {day['books_equal']}; {rules}\n"
    )


def test_the_same_seed_gives_the_same_ledger_whatever_surrounds_it(days: list[tuple[dict[str, Any], Path]]) -> None:
    (one, first), (other, second) = days
    assert one["ledger"]["head"] == other["ledger"]["head"]
    assert one["ledger"]["records"] == other["ledger"]["records"]
    exports = [
        subprocess.run(
            [sys.executable, "-m", "assent", "ledger", "export", "-C", str(folder / "assent-demo")],
            capture_output=True, check=True,
        ).stdout
        for folder in (first, second)
    ]  # fmt: skip
    assert exports[0] == exports[1]


def test_the_verifier_alone_proves_a_copied_ledger_and_finds_one_changed_byte(
    days: list[tuple[dict[str, Any], Path]], tmp_path: Path
) -> None:
    day, folder = days[0]
    source = folder / day["ledger"]["path"]
    copy = tmp_path / "copied.sqlite"
    shutil.copy(source, copy)
    shutil.copy(VERIFIER, tmp_path / "verify.py")

    def verified() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(tmp_path / "verify.py"), str(copy)], capture_output=True, text=True, check=False
        )

    assert verified().returncode == 0, verified().stdout
    data = bytearray(copy.read_bytes())
    at = data.find(b'"action":"open"', len(data) // 2)
    assert at > 0
    data[at + 10] ^= 1
    copy.write_bytes(data)
    found = verified()
    assert found.returncode == 1
    assert "seq" in found.stdout


def test_a_fresh_process_folds_to_every_state_that_the_running_one_marked(
    days: list[tuple[dict[str, Any], Path]],
) -> None:
    _, folder = days[0]
    done = subprocess.run(
        [sys.executable, "-m", "assent", "ledger", "verify", "-C", str(folder / "assent-demo"), "--json"],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONHASHSEED": "99"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["states"] >= 1


def test_a_demo_never_replaces_a_ledger_that_is_not_a_demos_own(
    days: list[tuple[dict[str, Any], Path]], tmp_path: Path
) -> None:
    day, folder = days[0]
    shutil.copy(folder / day["ledger"]["path"], tmp_path / "ledger.sqlite")
    foreign = replace(config.demo_settings(tmp_path), account="somebody-else")
    with pytest.raises(AssentError, match="not a demo's ledger"):
        app.demo(foreign, seed=7)
    assert (tmp_path / "ledger.sqlite").exists()

"""`assent demo` around a day that was lived before: progress, results, and the way to ask why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.support import RAIN, SNOW, Cli, Past

from assent import app
from assent.cli.exits import Exit
from assent.config import Settings
from assent.model.units import MICRO


def a_line(series: str, **changes: int) -> dict[str, Any]:
    counts = dict.fromkeys(("markets", "ideas", "refused", "released", "fills", "settled", "fees", "pnl"), 1)
    return {"series": series, **counts, **changes}


class FakeDay:
    """Stands where `app.demo` stands, and leaves a real ledger behind."""

    def __init__(self) -> None:
        self.seed = -1
        self.books_equal = True
        self.verified = True

    def __call__(
        self, settings: Settings, *, seed: int, progress: Callable[[int, int], None] | None = None
    ) -> dict[str, Any]:
        self.seed = seed
        past = Past(settings)
        past.idea(RAIN, qty_max=MICRO)
        past.idea(SNOW, fair=430_000)
        head = past.close()
        for step in range(51):
            if progress:
                progress(step, 50)
        return {
            "seed": seed, "quotes": 50_000, "markets": 6, "trades": 12, "refusals": {"edge": 3, "funds": 1},
            "series": [a_line("KXRAIN", markets=4, pnl=-1_234_000), a_line("KXSNOW", markets=2, pnl=2_234_000)],
            "settled": 6, "cash": 1_061 * MICRO, "fees": 250_000, "moved": 60 * MICRO, "pnl": MICRO,
            "books_equal": self.books_equal,
            "ledger": {
                "path": str(settings.ledger_path), "id": "x", "head": head.hash.hex(), "records": head.seq,
                "verified": self.verified,
            },
        }  # fmt: skip


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeDay:
    stands_in = FakeDay()
    monkeypatch.setattr(app, "demo", stands_in)
    monkeypatch.chdir(tmp_path)
    return stands_in


def test_it_tells_the_day_and_how_to_ask_why(cli: Cli, day: FakeDay, tmp_path: Path) -> None:
    told = cli("demo")
    assert (told.code, told.err) == (Exit.OK, "")
    assert day.seed == 7
    assert told.out.count("one trading day: ") == 10
    for part in (
        "Seed 7: 50,000 quotes on 6 markets, all simulated.", "refused, by 2 rules:", "edge 3   funds 1",
        "12 trades, 6 markets settled", "gained $1.00 after $0.25 in fees", "equal to the last micro", "verified",
        "What this does not prove: anything about profit on a real exchange.", "assent ledger verify -C assent-demo",
    ):  # fmt: skip
        assert part in told.out
    question = next(line.strip() for line in told.out.splitlines() if line.startswith("  assent why "))
    assert cli(*question.split()[1:]).code == Exit.OK, "the demo's own folder needs no settings file"


def test_the_table_has_a_line_for_each_series_and_one_for_all_and_fits_a_narrow_page(cli: Cli, day: FakeDay) -> None:
    lines = cli("demo").out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.split()[:2] == ["series", "markets"])
    assert [line.split()[0] for line in lines[at : at + 4]] == ["series", "KXRAIN", "KXSNOW", "all"]
    assert lines[at + 1].split()[-1] == "-1.23"
    assert lines[at + 3].split()[1:3] == ["6", "2"]
    assert lines[at + 3].split()[-1] == "1.00"
    assert max(len(line) for line in lines[at : at + 4]) <= 80


def test_a_ledger_that_does_not_verify_is_found(cli: Cli, day: FakeDay) -> None:
    day.verified = False
    told = cli("demo")
    assert told.code == Exit.FOUND
    assert "NOT INTACT: please report this seed" in told.out


def test_json_is_one_object_with_the_path_of_the_ledger(cli: Cli, day: FakeDay, tmp_path: Path) -> None:
    told = cli("demo", "--json", "--seed", "3", "--dir", "elsewhere")
    assert (told.code, day.seed, told.out.count("\n")) == (Exit.OK, 3, 1)
    assert told.json["ledger"]["path"] == str(tmp_path / "elsewhere" / "ledger.sqlite")


def test_books_that_differ_are_found(cli: Cli, day: FakeDay) -> None:
    day.books_equal = False
    told = cli("demo")
    assert told.code == Exit.FOUND
    assert "DIFFERENT: please report this seed" in told.out

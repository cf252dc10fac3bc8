"""What a person sees of observe's shadow book, and under which word."""

import json
from pathlib import Path
from typing import Any

from tests.cli.support import Cli

from assent.cli.run import summary_lines
from assent.cli.status import HYPOTHETICAL
from assent.config import load
from assent.model.units import MICRO
from assent.runtime.shadow_book import Book, Carried, Held, summary_of
from assent.runtime.shadow_file import FILE_NAME, ShadowFile

BOOK = Book(
    opening=1_000 * MICRO, cash=975_600_000, fees=2_380_000, gained=-740_000, orders=180, untaken=2, fills=92,
    contracts=171_500_000, settled=4, held={"KXHIGHSIM-26JAN05-B44.5": Held(3 * MICRO, 1_890_000)},
)  # fmt: skip


def test_a_run_goes_on_from_the_book_and_every_telling_of_it_says_hypothetical(cli: Cli, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    assert cli("init", desk).code == 0
    state = load(desk, overrides={"desk.mode": "observe"}).state_dir
    state.mkdir(parents=True)
    ShadowFile(state / FILE_NAME).write(Carried(ts=1, book=BOOK), BOOK)

    ended = cli("run", desk, "--mode", "observe", "--for", "10s", "--speed", "600", "--non-interactive")
    assert ended.code == 0
    lines = [text.strip() for text in ended.out.splitlines()]
    assert lines.index(HYPOTHETICAL) > next(n for n, text in enumerate(lines) if text.startswith("ledger "))

    lines = cli("status", "-C", desk, "--mode", "observe").out.splitlines()
    told = lines[lines.index(HYPOTHETICAL) + 1 :][:4]
    assert "180 orders played, 2 would not have been taken, 0 rest" in told[0]
    assert "would have lost $3.12 after all fees" in told[2]
    assert "at a cost of $1.89" in told[3]
    assert max(map(len, told)) <= 100
    shadow = json.loads(cli("status", "-C", desk, "--mode", "observe", "--json").out)["shadow"]
    assert (shadow["hypothetical"], shadow["fills"]) == (True, 92)
    assert HYPOTHETICAL not in cli("status", "-C", desk).out


def test_where_nothing_was_played_nothing_is_told() -> None:
    summary: dict[str, Any] = {
        "refusals": {}, "accounts": {"realised": 0, "fees": 0}, "positions": [], "cash": 0, "equity": 0, "exposure": 0,
        "ended": "enough", "level": "TRADING", "ledger": {"records": 1, "path": "x"}, "trades": 0,
    }  # fmt: skip
    plain = summary_lines(summary)
    assert summary_lines(summary | {"shadow": summary_of(Book())}) == plain
    assert HYPOTHETICAL in "\n".join(summary_lines(summary | {"shadow": summary_of(BOOK, stopped="a full disk")}))

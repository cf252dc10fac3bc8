"""Where a value was said: the line of the file by TOML's own reader, a variable, an option, or nowhere."""

from pathlib import Path

import pytest

from assent.config import ConfigError, load, read_all
from assent.config.environment import PREFIX, may_say, variable_of
from assent.config.origins import LINES_MAX, lines_of, statements_of
from assent.config.table import SETTINGS

TEXT = """# a note
desk = { name = "x", mode = "paper" }

[scope]
series = [ # those
  "A",  # one
  "B",
]
[paper]
cash = "5.00" # [runtime]
[[strategy]]
name = "one"
[[strategy]]
name = \"\"\"two\"\"\"
kind = "threshold"
[runtime]
"cycle" = "5s"
"""


def test_every_name_has_the_line_on_which_its_statement_begins() -> None:
    assert lines_of(TEXT) == {
        "desk": 2, "desk.name": 2, "desk.mode": 2, "scope": 4, "scope.series": 5, "paper": 9, "paper.cash": 10,
        "strategy[1]": 11, "strategy[1].name": 12, "strategy[2]": 13, "strategy[2].name": 14, "strategy[2].kind": 15,
        "runtime": 16, "runtime.cycle": 17,
    }  # fmt: skip


def test_a_statement_knows_its_last_line() -> None:
    assert [(one.line, one.last_line) for one in statements_of(TEXT) if "scope.series" in one.names] == [(5, 8)]


def test_a_file_of_endless_lines_is_read_without_their_numbers() -> None:
    assert lines_of("\n" * (LINES_MAX + 1) + "a = 1") == {}


def test_each_value_says_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text(TEXT, encoding="utf-8")
    loaded = read_all(
        tmp_path, overrides={"desk.mode": "observe"}, environment={"ASSENT_SET_PAPER_CASH": "7.50", "HOME": "x"}
    )
    assert (loaded.settings.mode, loaded.settings.cash, loaded.settings.cycle_ns) == ("observe", 7_500_000, 5 * 10**9)
    file = str(tmp_path / "assent.toml")
    assert {key: str(loaded.origins[key]) for key in ("desk.name", "desk.mode", "paper.cash", "exchange.seed")} == {
        "desk.name": f"{file}:2", "desk.mode": "command line", "paper.cash": "environment ASSENT_SET_PAPER_CASH",
        "exchange.seed": "default",
    }  # fmt: skip
    assert str(loaded.origins["strategy.two.kind"]) == f"{file}:15"
    assert str(loaded.origins["strategy.one.kind"]) == "default"
    assert loaded.values.keys() == loaded.origins.keys()


def test_the_environment_is_not_heard_unless_it_is_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSENT_SET_PAPER_CASH", "7.50")
    (tmp_path / "assent.toml").write_text(TEXT, encoding="utf-8")
    assert load(tmp_path).cash == 5_000_000


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: f"{one.section}.{one.key}")
def test_a_variable_says_every_setting_but_no_limit_and_nothing_of_the_kill_switch(
    tmp_path: Path, setting: object
) -> None:
    (tmp_path / "assent.toml").write_text(TEXT, encoding="utf-8")
    said = {variable_of(setting): setting.example.strip('"')}  # type: ignore[arg-type, attr-defined]
    if not may_say(setting):  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="never taken from the environment"):
            load(tmp_path, environment=said)
    else:
        assert load(tmp_path, environment=said)
    with pytest.raises(ConfigError, match="unknown name"):
        load(tmp_path, environment={PREFIX + "X" + variable_of(setting): "1"})  # type: ignore[arg-type]


def test_what_no_variable_may_say_is_exactly_the_limits_the_kill_switch_and_where_orders_go() -> None:
    barred = {f"{one.section}.{one.key}" for one in SETTINGS if not may_say(one)}
    switch = {"env", "env_file", "file", "allows_exits"}
    limits = {f"{one.section}.{one.key}" for one in SETTINGS if one.section in ("scope", "constitution")}
    money = {"desk.dry_run", "desk.environment", "kalshi.box_url"}
    assert barred == limits | money | {f"runtime.kill_switch_{what}" for what in switch}

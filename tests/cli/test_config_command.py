"""`assent config`: every value with its origin, and one value changed while the rest of the file stays as it was."""

import difflib
import os
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.support import Cli

from assent.cli.exits import Exit
from assent.cli.init import NAME_MARK, template_text
from assent.config import SETTINGS, load
from assent.config.edit import EditRefused, set_value
from assent.config.values import read_value, written

FILE = """# mine
[desk]
name = "my-desk"   # the name

[scope]
series = [  # two
    "KXHIGHSIM", # "one"
]
[runtime]
cycle = "10s" # how # often

# the strategies
[[strategy]]
name = "first"
[paper]
[[strategy]]
name = "second" # last
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "assent.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def text_of(desk: Path) -> str:
    return (desk / "assent.toml").read_bytes().decode()


def changes(desk: Path, before: str = FILE) -> list[str]:
    found = difflib.ndiff(before.splitlines(), text_of(desk).splitlines())
    return [line for line in found if line[0] in "+-"]


# --------------------------------------------------------------------------------------------------- show


def test_every_setting_is_shown_with_its_value_and_where_it_was_said(
    cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSENT_SET_EXCHANGE_SEED", "12")
    told = cli("config", "show", desk, "--mode", "observe", "--json")
    rows = {row["key"]: row for row in told.json["settings"]}
    assert {f"{one.section}.{one.key}" for one in SETTINGS} <= rows.keys()
    file = str(desk / "assent.toml")
    shown = {key: tuple(rows[key][part] for part in ("value", "origin", "place", "line")) for key in rows}
    assert shown["desk.name"] == ('"my-desk"', "file", file, 3)
    assert shown["desk.mode"] == ('"observe"', "command line", "", None)
    assert shown["exchange.seed"] == ("12", "environment", "ASSENT_SET_EXCHANGE_SEED", None)
    assert shown["constitution.order_qty_max"] == ('"off"', "default", "", None)
    assert shown["scope.series"] == ('["KXHIGHSIM"]', "file", file, 6)
    assert shown["strategy.second.edge_min"] == ('"0.03"', "default", "", None)


def test_the_table_says_the_same_for_people(cli: Cli, desk: Path) -> None:
    lines = [line.split() for line in cli("config", "show", "-C", desk).out.splitlines()]
    assert ["runtime.cycle", '"10s"', f"{desk / 'assent.toml'}:10"] in lines
    assert ["paper.cash", '"1000.00"', "default"] in lines


def test_what_is_shown_is_what_a_file_would_say(cli: Cli, tmp_path: Path) -> None:
    """Every value of the template, shown and read again, is the value that it was."""
    (tmp_path / "assent.toml").write_text(template_text("kalshi-paper").replace(NAME_MARK, "x"), encoding="utf-8")
    rows = {row["key"]: row["value"] for row in cli("config", "show", tmp_path, "--json").json["settings"]}
    loaded = load(tmp_path)
    for setting in SETTINGS:
        raw = tomllib.loads(f"value = {rows[f'{setting.section}.{setting.key}']}")["value"]
        if setting.section in ("scope", "constitution"):
            assert read_value(setting, raw) == getattr(loaded.constitution, setting.key)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: f"{one.section}.{one.key}")
def test_a_value_that_is_written_is_read_as_the_same(setting: object) -> None:
    raw = tomllib.loads(f"value = {setting.example}")["value"]  # type: ignore[attr-defined]
    value = read_value(setting, raw)  # type: ignore[arg-type]
    again = tomllib.loads(f"value = {written(setting, value)}")["value"]  # type: ignore[arg-type]
    assert read_value(setting, again) == value  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- set


@pytest.mark.parametrize(
    ("assignment", "changed"),
    [
        ("runtime.cycle=5s", ['- cycle = "10s" # how # often', '+ cycle = "5s" # how # often']),
        ('desk.name="her desk"', []),
        ("desk.name=hers", ['- name = "my-desk"   # the name', '+ name = "hers"   # the name']),
        ("runtime.hang_max=2s", ['+ hang_max = "2s"']),
        ("paper.cash=50.00", ['+ cash = "50.00"']),
        ("exchange.seed=9", ["+ ", "+ [exchange]", "+ seed = 9"]),
        ("strategy.first.edge_min=0.05", ['+ edge_min = "0.05"']),
        ("strategy.second.estimate=consensus", ['+ estimate = "consensus"']),
    ],
)
def test_one_value_changes_and_nothing_else(cli: Cli, desk: Path, assignment: str, changed: list[str]) -> None:
    told = cli("config", "set", assignment, desk)
    assert told.code == (Exit.OK if changed else Exit.USAGE)
    assert [line.rstrip() for line in changes(desk)] == [line.rstrip() for line in changed]


def test_an_option_is_written_into_its_own_strategy(cli: Cli, desk: Path) -> None:
    for name, edge in (("second", "0.07"), ("first", "0.05")):
        assert cli("config", "set", f"strategy.{name}.edge_min={edge}", desk).code == Exit.OK
    assert [one.options["edge_min"] for one in load(desk).strategies] == [50_000, 70_000]
    assert cli("config", "set", "strategy.second.edge_min=0.08", desk).code == Exit.OK
    assert text_of(desk).count("edge_min") == 2


def test_it_says_what_it_was_and_what_it_is(cli: Cli, desk: Path) -> None:
    told = cli("config", "set", "runtime.cycle=5000ms", desk, "--json").json
    assert (told["key"], told["before"], told["after"]) == ("runtime.cycle", '"10s"', '"5s"')
    assert 'is "7s" now (it was "5s"); from the next start on' in cli("config", "set", "runtime.cycle=7s", desk).out
    assert "(it was not said)" in cli("config", "set", "exchange.seed=3", desk).out


@pytest.mark.parametrize(
    "key", ["constitution.edge_min", "edge_min", "scope.series", "series", "constitution.anything", "scope"]
)
def test_a_limit_is_not_changed_in_passing(cli: Cli, desk: Path, key: str) -> None:
    refused = cli("config", "set", f'{key}=["A"]', desk, "--json")
    assert refused.code == Exit.REFUSED
    assert '"constitution_key"' in refused.err
    assert "assent constitution" in refused.err
    assert changes(desk) == []


@pytest.mark.parametrize(
    "assignment",
    [
        "runtime.cycle=5", "runtime.cycle=", "runtime.cycl=5s", "cycle=5s", "paper.cash=NaN", "exchange.seed=1.5",
        "exchange.seed=true", "desk.mode=live", "strategy.third.edge_min=0.05", "strategy.first.edge=0.05",
        "strategy.first.name=x", "strategy.first.kind=threshold", "runtime.cycle", "desk.name=a\nb", "=5", "é=5",
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_is_written(cli: Cli, desk: Path, assignment: str) -> None:
    refused = cli("config", "set", assignment, desk)
    assert refused.code == Exit.USAGE
    assert changes(desk) == []
    assert sorted(path.name for path in desk.iterdir()) == ["assent.toml"]


def test_a_file_that_is_broken_already_is_left_alone(cli: Cli, desk: Path) -> None:
    (desk / "assent.toml").write_text(FILE + "[nonsense]\n", encoding="utf-8")
    assert cli("config", "set", "runtime.cycle=5s", desk).code == Exit.USAGE
    assert text_of(desk) == FILE + "[nonsense]\n"


def test_a_section_in_braces_is_left_to_its_owner(desk: Path) -> None:
    text = 'runtime = { cycle = "10s" }\n' + FILE.replace('[runtime]\ncycle = "10s" # how # often\n', "")
    (desk / "assent.toml").write_text(text, encoding="utf-8")
    for key, value in (("runtime.cycle", "5s"), ("runtime.hang_max", "5s")):
        with pytest.raises(EditRefused, match="cannot be changed alone"):
            set_value(desk, key, value, environment={})
    assert text_of(desk) == text


def test_the_file_keeps_its_permissions_and_its_line_ends(cli: Cli, desk: Path) -> None:
    path = desk / "assent.toml"
    path.write_bytes(FILE.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    for assignment in ("runtime.cycle=5s", "runtime.hang_max=2s", "exchange.seed=4"):
        assert cli("config", "set", assignment, desk).code == Exit.OK
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert text_of(desk).count("\n") == text_of(desk).count("\r\n")
    assert (load(desk).cycle_ns, load(desk).exchange_seed) == (5 * 10**9, 4)


def test_a_write_that_breaks_leaves_the_file_and_no_trace(
    cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused = cli("config", "set", "runtime.cycle=5s", desk)
    assert refused.code == Exit.USAGE
    assert "No space left on device" in refused.err
    assert sorted(path.name for path in desk.iterdir()) == ["assent.toml"]
    assert changes(desk) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    key=st.sampled_from(["runtime.cycle", "desk.name", "paper.cash", "exchange.seed", "strategy.first.edge_min"]),
    text=st.text("0123456789.\"'# \n=[]{}smh\\", max_size=8),
)
def test_whatever_is_asked_for_is_written_alone_or_not_at_all(tmp_path: Path, key: str, text: str) -> None:
    (tmp_path / "assent.toml").write_text(FILE, encoding="utf-8")
    try:
        set_value(tmp_path, key, text, environment={})
    except Exception:
        assert text_of(tmp_path) == FILE
        return
    assert load(tmp_path)
    assert len([line for line in changes(tmp_path) if line[0] == "-"]) <= 1

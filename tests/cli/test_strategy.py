"""`assent strategy new` writes what works as it is; a desk finds it uninstalled, and a demo trades with it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.support import Cli, make_folder
from tests.cli.test_demo import FakeDay

from assent import app
from assent.app.wiring import build_strategies, plugins_of
from assent.cli.exits import Exit
from assent.config import ConfigError, Settings, load

ROOT = Path(__file__).parents[2]
TABLE = '[[strategy]]\nkind = "hunch"\nname = "hunch"\n'
DESK = '[desk]\nname = "tester"\n[scope]\nseries = ["KXHIGHSIM"]\n'


@pytest.fixture
def place(cli: Cli, tmp_path: Path) -> Path:
    """A folder in which somebody has just written a first strategy."""
    assert cli("strategy", "new", "hunch", "--dir", tmp_path).code == Exit.OK
    return tmp_path


def python(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def test_the_test_that_comes_with_it_passes_as_it_is(place: Path) -> None:
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "strategies/test_hunch.py", cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_the_test_that_comes_with_it_would_notice_a_strategy_that_does_nothing(place: Path) -> None:
    source = place / "strategies" / "hunch.py"
    source.write_text(source.read_text().replace("return [buy_yes(quote, fair)]", "return None"))
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "strategies/test_hunch.py", cwd=place)
    assert done.returncode == 1
    assert "2 failed" in done.stdout


def test_what_it_writes_keeps_the_house_s_own_style_and_types(place: Path) -> None:
    config = ROOT / "pyproject.toml"
    for words in (
        ("-m", "ruff", "check", "--no-cache", "--config", config, "strategies"),
        ("-m", "ruff", "format", "--no-cache", "--check", "--config", config, "strategies"),
        ("-m", "mypy", "--strict", "--cache-dir", place / "cache", "strategies/hunch.py", "strategies/test_hunch.py"),
    ):
        done = python(*words, cwd=place)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_what_is_next(cli: Cli, tmp_path: Path) -> None:
    told = cli("strategy", "new", "hunch", "-C", tmp_path)
    for part in (
        f"pytest {tmp_path}/strategies/test_hunch.py",
        f"assent demo --strategy {tmp_path}/strategies/hunch.py",
    ):
        assert part in told.out
    assert '  kind = "hunch"' in told.out
    told = cli("strategy", "new", "other", "-C", tmp_path, "--json")
    assert told.json["files"] == [str(tmp_path / "strategies" / name) for name in ("other.py", "test_other.py")]
    assert told.json["table"] == '[[strategy]]\nkind = "other"\nname = "other"'


def test_the_note_beside_it_has_five_lines_and_is_written_once(place: Path, cli: Cli) -> None:
    note = place / "strategies" / "README.md"
    assert len(note.read_text().splitlines()) == 5
    note.write_text("mine")
    assert cli("strategy", "new", "other", "-C", place).code == Exit.OK
    assert note.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["Hunch", "my-idea", "1st", "a" * 41, "class", "test_me", "threshold", "json", "pytest", "../x", "", "é"]
)
def test_a_name_that_could_not_be_a_kind_of_its_own_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    refused = cli("strategy", "new", name, "-C", tmp_path)
    assert refused.code == Exit.USAGE
    assert "Choose a name such as my_idea" in refused.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["hunch.py", "test_hunch.py"])
def test_what_is_there_is_never_overwritten(cli: Cli, tmp_path: Path, file: str) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / file).write_text("mine = 1\n")
    refused = cli("strategy", "new", "hunch", "-C", tmp_path)
    assert refused.code == Exit.USAGE
    assert "never overwritten" in refused.err
    assert [path.name for path in (tmp_path / "strategies").iterdir()] == [file]


def test_a_desk_that_names_it_builds_it_and_records_its_digest(cli: Cli, place: Path) -> None:
    settings = make_folder(place, DESK + TABLE + 'gap_min = "0.06"\n')
    (strategy,) = build_strategies(settings)
    assert (strategy.name, strategy.gap_min) == ("hunch", 60_000)  # type: ignore[attr-defined]
    (used,) = plugins_of(settings)
    (listed,) = [row for row in cli("strategy", "list", place, "--json").json["strategies"] if row["kind"] == "hunch"]
    assert (used.strategy, used.kind, used.digest) == ("hunch", "hunch", listed["digest"])
    assert listed["source"] == str(place / "strategies" / "hunch.py")


def test_a_desk_runs_it_and_its_ledger_says_from_which_source(cli: Cli, place: Path) -> None:
    settings = make_folder(place, DESK + TABLE)
    done = cli("run", place, "--for", "2m", "--speed", "3600", "--non-interactive")
    assert done.code == Exit.OK, done.err
    digest = plugins_of(settings)[0].digest
    shown = cli("ledger", "show", "-C", place)
    assert "desk started with hunch, build" in shown.out
    assert f"hunch from hunch {digest[:19]}" in shown.out


def test_a_desk_can_be_read_and_stopped_whatever_became_of_its_strategy(cli: Cli, place: Path) -> None:
    make_folder(place, DESK + TABLE)
    assert cli("run", place, "--for", "1m", "--speed", "3600", "--non-interactive").code == Exit.OK
    (place / "strategies" / "hunch.py").write_text("this is not Python\n")
    assert cli("run", place, "--for", "1m").code == Exit.USAGE
    for words in (("status",), ("orders",), ("ledger", "verify"), ("halt", "now", "--by", "Ada", "--reason", "broken")):
        told = cli(*words, "-C", place)
        assert told.code in (Exit.OK, Exit.NOT_RUNNING), told.err


def test_the_list_names_what_cannot_be_loaded_and_why(cli: Cli, place: Path) -> None:
    (place / "strategies" / "broken.py").write_text("x = 1\nraise RuntimeError('no \\x1b[2J data')\n")
    told = cli("strategy", "list", place)
    assert told.code == Exit.FOUND
    assert "broken.py raised while it was loaded: line 2: RuntimeError: no \\x1b[2J data" in told.out
    assert told.out.isprintable() or "\x1b" not in told.out
    assert "Buys YES where an outside forecast" in told.out


# ----------------------------------------------------------------------------------------------------- demo


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> "Kept":
    stands_in = Kept()
    monkeypatch.setattr(app, "demo", stands_in)
    return stands_in


class Kept(FakeDay):
    """A fake day that keeps the settings it was lived with."""

    def __call__(self, settings: Settings, **given: object) -> dict[str, object]:  # type: ignore[override]
        self.settings = settings
        return super().__call__(settings, **given)  # type: ignore[arg-type]


def test_a_demo_lives_its_day_with_one_strategy_of_a_file(
    cli: Cli, place: Path, day: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    assert cli("demo", "--strategy", "strategies/hunch.py").code == Exit.OK
    (strategy,) = day.settings.strategies
    assert (strategy.kind, strategy.name, strategy.options["gap_min"]) == ("hunch", "hunch", 80_000)


def test_a_demo_of_a_desk_has_its_limits_and_strategies_and_leaves_its_ledger_alone(
    cli: Cli, place: Path, day: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = DESK.replace('name = "tester"', 'name = "tester"\nmode = "observe"\naccount = "mine"')
    settings = make_folder(place / "desk", text + '[[strategy]]\nname = "value"\nedge_min = "0.09"\n')
    monkeypatch.chdir(place)
    assert cli("demo", "desk", "--seed", "3").code == Exit.OK
    lived = day.settings
    assert (lived.mode, lived.account, lived.exchange_seed) == ("paper", "demo", 3)
    assert lived.constitution == settings.constitution
    assert lived.strategies == settings.strategies
    assert lived.ledger_path == place / "assent-demo" / "ledger.sqlite"
    assert not settings.ledger_path.exists()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def build(name, options", "line 1: SyntaxError"),
        ("import assent\n\nnope()\n", "line 3: NameError: name 'nope' is not defined"),
        ("import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
        ("OPTIONS = ()\n", "it has no function build(name, options)"),
        ("OPTIONS = [1]\ndef build(name, options): ...\n", "OPTIONS is not a tuple"),
        ("OPTIONS = (1,)\ndef build(name, options): ...\n", "option 1 of OPTIONS: it is 1, not an Option"),
        ("def build(name, options): return None\n", "asked for the name 'bad' and gave None"),
        ("def build(name, options):\n    return 1 // 0\n", "build() raised line 2: ZeroDivisionError"),
        (
            "class S:\n    def __init__(self, name): self.name = name\ndef build(name, options): return S(name)\n",
            "none of the methods on_quote",
        ),
    ],
)
def test_a_strategy_that_is_none_ends_in_words_and_not_in_a_traceback(
    cli: Cli, tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "bad.py").write_text(source)
    refused = cli("demo", "--strategy", tmp_path / "bad.py", "--dir", tmp_path / "demo", "--json")
    assert refused.code == Exit.USAGE
    error = json.loads(refused.err)["error"]
    assert error["code"] == "strategy_plugin"
    assert said in error["message"]
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("file", ["nowhere.py", "my-idea.py"])
def test_a_file_that_is_not_there_or_has_an_unfit_name_is_refused(cli: Cli, tmp_path: Path, file: str) -> None:
    if file == "my-idea.py":
        (tmp_path / file).write_text("")
    refused = cli("demo", "--strategy", tmp_path / file)
    assert refused.code == Exit.USAGE
    assert file in refused.err


def test_live_takes_no_plug_in_that_is_not_listed_by_digest(place: Path) -> None:
    live = DESK.replace('name = "tester"', 'name = "tester"\nmode = "live"')
    (place / "assent.toml").write_text(live + TABLE)
    with pytest.raises(ConfigError) as caught:
        load(place)
    told = {problem.key: problem for problem in caught.value.problems}
    assert "live loads only plug-ins that are listed by digest" in told["strategy[1].digest"].why
    (place / "assent.toml").write_text(live + TABLE + told["strategy[1].digest"].example + "\n")
    with pytest.raises(ConfigError) as caught:
        load(place)
    assert [problem.key for problem in caught.value.problems] == ["desk.environment"], "only the mode itself is left"


@pytest.mark.parametrize(
    "given", [{"overrides": {"desk.mode": "live"}}, {"environment": {"ASSENT_SET_DESK_MODE": "live"}}]
)
def test_live_is_as_strict_whoever_asks_for_it(place: Path, given: dict[str, dict[str, str]]) -> None:
    (place / "assent.toml").write_text(DESK + TABLE)
    with pytest.raises(ConfigError) as caught:
        load(place, **given)  # type: ignore[arg-type]
    assert [problem.key for problem in caught.value.problems] == ["desk.mode", "strategy[1].digest"]


def test_a_listed_plug_in_that_was_changed_is_refused_in_every_mode(place: Path) -> None:
    settings = make_folder(place, DESK + TABLE)
    digest = plugins_of(settings)[0].digest
    (place / "assent.toml").write_text(DESK + TABLE + f'digest = "{digest}"\n')
    assert load(place).strategies[0].plugin is not None
    with (place / "strategies" / "hunch.py").open("a") as file:
        file.write("# changed\n")
    with pytest.raises(ConfigError, match="it was changed since it was listed"):
        load(place)

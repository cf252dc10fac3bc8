"""Broken configurations through the command line: each is refused with key, value, what is allowed and an example.

Nothing is started, nothing is written, and nobody sees a traceback. What each reader of values refuses besides stands
in tests/test_config.py.
"""

from pathlib import Path
from typing import NamedTuple

import pytest
from tests.cli.support import Cli

from assent.cli.exits import Exit

DESK = """
[desk]
name = "my-desk"
[scope]
series = ["KXHIGHSIM"]
[[strategy]]
name = "value"
"""
LIMITS = "[constitution]\n"


class Broken(NamedTuple):
    """The file, and what its refusal must say besides the file's name: key, value, reason, what is allowed, example."""

    content: str | bytes
    key: str
    value: str
    why: str
    allowed: str
    example: str
    environment: tuple[tuple[str, str], ...] = ()


def limit(line: str, why: str, allowed: str, example: str) -> Broken:
    """A desk with one line in its constitution."""
    key, _, value = line.partition(" = ")
    return Broken(DESK + LIMITS + line, f"constitution.{key}", value, why, allowed, example)


def desk(line: str, why: str, allowed: str, example: str) -> Broken:
    """A desk with one line more in its first section."""
    key, _, value = line.partition(" = ")
    return Broken(
        DESK.replace('name = "my-desk"', f'name = "my-desk"\n{line}'), f"desk.{key}", value, why, allowed, example
    )


def option(line: str, why: str, allowed: str, example: str) -> Broken:
    """A desk with one line more for its strategy."""
    key, _, value = line.partition(" = ")
    return Broken(DESK + line, f"strategy[1].{key}", value, why, allowed, example)


PRICE = 'text in dollars for one contract, "0.00" to "1.00"'
PERCENT = 'text in percent, "0%" to "100%"'
DURATION = "text of a whole number and a unit (ms, s, m, h, d)"

BROKEN: dict[str, Broken] = {
    # names
    "a limit with a typing mistake": limit(
        'edge_mni = "0.02"', "did you mean `edge_min`?", "one of edge_min, risk_per_trade_max", 'edge_min = "0.02"'
    ),
    "a section with a typing mistake": Broken(
        DESK + '[constitutoin]\nedge_min = "0.02"\n', "constitutoin", "", "did you mean `constitution`?",
        "the sections [desk]", "[constitution]",
    ),
    "a setting in another section": Broken(
        DESK + '[runtime]\ncash = "5.00"\n', "runtime.cash", '"5.00"', "it belongs in [paper]", "one of cycle",
        'cash = "1000.00"',
    ),
    "a strategy's option with a typing mistake": option(
        'edge_mn = "0.03"', "did you mean `edge_min`?", "one of kind, name, estimate", 'edge_min = "0.03"'
    ),
    "something that is nobody's business in a file": Broken(
        DESK + '[paper]\napi_secret = "hunter2hunter2"\n', "paper.api_secret", "(not shown)", "nothing similar",
        "one of cash", 'cash = "1000.00"',
    ),
    # units
    "a part of a whole as a bare decimal": limit(
        "ev_min = 0.05", "text in percent, with its sign", "text in percent", 'ev_min = "5%"'
    ),
    "a part of a whole as a bare number": limit("ev_min = 5", "text in percent", "text in percent", 'ev_min = "5%"'),
    "a part of a whole as text without its sign": limit(
        'confidence_min = "0.75"', "text in percent, with its sign", PERCENT, 'confidence_min = "75%"'
    ),
    "a price in percent": limit('price_max = "95%"', "without a sign for the unit", PRICE, 'price_max = "0.98"'),
    "a price in cents": limit("price_max = 95", "a bare number has no unit", PRICE, 'price_max = "0.98"'),
    "a price in cents as text": limit('price_max = "95"', "more than the most", PRICE, 'price_max = "0.98"'),
    "money with its sign": limit(
        'risk_per_trade_max = "$10"', "without a sign for the unit", "text in dollars", 'risk_per_trade_max = "10.00"'
    ),
    "a duration without a unit": limit('cool_down_min = "30"', "it has no unit", DURATION, 'cool_down_min = "30m"'),
    "a duration with a word for its unit": Broken(
        DESK + '[runtime]\ncycle = "10 sec"\n', "runtime.cycle", '"10 sec"', "with one of our units", DURATION,
        'cycle = "10s"',
    ),
    "a duration in halves": Broken(
        DESK + '[runtime]\ncycle = "1.5m"\n', "runtime.cycle", '"1.5m"', "not a whole number", DURATION, 'cycle = "10s"'
    ),
    # types
    "true where a number belongs": limit(
        "open_positions_max = true", "true or false, not a whole number", "a whole number, 0 to 10000",
        "open_positions_max = 5",
    ),
    "text where a number belongs": limit(
        'open_positions_max = "5"', "text, not a whole number", "a whole number", "open_positions_max = 5"
    ),
    "a number where true or false belongs": limit(
        "one_entry_per_market = 1", "a bare number, not true or false", "true or false", "one_entry_per_market = true"
    ),
    "a section where a value belongs": Broken(
        DESK + "[paper.cash]\n", "paper.cash", "{}", "a section has no unit", "text in dollars", 'cash = "1000.00"'
    ),
    "a name where a list belongs": Broken(
        DESK.replace('["KXHIGHSIM"]', '"KXHIGHSIM"'), "scope.series", '"KXHIGHSIM"', "text, not a list",
        "a list of at most 1000 names", 'series = ["KXHIGHSIM"]',
    ),
    # amounts
    "a negative limit": limit(
        'total_exposure_max = "-50.00"', "less than the least", "text in dollars", 'total_exposure_max = "50.00"'
    ),
    "not a number": limit("edge_min = nan", "a float cannot hold it exactly", PRICE, 'edge_min = "0.02"'),
    "infinite": limit(
        "total_exposure_max = inf", "a float cannot hold it exactly", "text in dollars", 'total_exposure_max = "50.00"'
    ),
    "infinite as text": limit(
        'total_exposure_max = "inf"', "digits with at most six decimals", "text in dollars",
        'total_exposure_max = "50.00"',
    ),
    "an amount larger than any account": limit(
        'total_exposure_max = "999999999999"', "larger than anything this software handles",
        "text in dollars", 'total_exposure_max = "50.00"',
    ),
    "a number of thousands of digits": Broken(
        DESK + "[exchange]\nseed = 0x" + "f" * 4_000 + "\n", "exchange.seed", "(too large to show)",
        "more than the most", "a whole number", "seed = 7",
    ),
    "more decimals than can be held": limit(
        'edge_min = "0.0200001"', "at most six decimals", PRICE, 'edge_min = "0.02"'
    ),
    # words
    "a mode that nobody knows": desk(
        'mode = "papre"', "none of the known words", '"paper" or "observe" or "dry-run" or "live"', 'mode = "paper"'
    ),
    "a mode that sends, where nothing can be sent": Broken(
        DESK.replace('name = "my-desk"', 'name = "my-desk"\nmode = "live"\nenvironment = "sim"'), "desk.environment",
        '"sim"', "mode `live` cannot run in environment `sim`", '"box" or "demo" or "production"', "environment = ",
    ),
    "nobody's account on an exchange outside": Broken(
        DESK.replace('name = "my-desk"', 'name = "my-desk"\nenvironment = "demo"'), "desk.account", "",
        "nobody else can know whose account is traded", "text of 1 to 64", 'account = "kalshi-main"',
    ),
    "estimates over a wire that anybody reads": Broken(
        DESK + '[forecasts]\nurl = "http://models.example/list.json"\n', "forecasts.url",
        '"http://models.example/list.json"', "no plain address", "text of `https://`", "url = ",
    ),
    "an environment in a variable": Broken(
        DESK, "ASSENT_SET_DESK_ENVIRONMENT", '"production"', "what decides whether orders reach an exchange",
        "[desk] in the file", "environment = ", (("ASSENT_SET_DESK_ENVIRONMENT", "production"),),
    ),
    "permission to send in a variable": Broken(
        DESK, "ASSENT_SET_DESK_DRY_RUN", '"false"', "what decides whether orders reach an exchange",
        "[desk] in the file", "dry_run = true", (("ASSENT_SET_DESK_DRY_RUN", "false"),),
    ),
    "a box on another machine": Broken(
        DESK + '[kalshi]\nbox_url = "http://192.168.1.4:80"\n', "kalshi.box_url", '"http://192.168.1.4:80"',
        "no plain address of this machine", "text of `http://127.0.0.1:`", 'box_url = "http://127.0.0.1:8551"',
    ),
    "a key where its id belongs": Broken(
        DESK + '[kalshi]\nkey_id = """-----BEGIN PRIVATE KEY-----\nabc"""\n', "kalshi.key_id", "(not shown)",
        "it must begin with a letter or digit", "text of 1 to 64", "key_id = ",
    ),
    "a venue that nobody knows": desk(
        'venue = "kalschi"', "none of the known words", '"kalshi"', 'venue = "kalshi"'
    ),
    "a venue of a later version": desk(
        'venue = "ibkr"', "does not exist in this version", '"kalshi"', 'venue = "kalshi"'
    ),
    "a strategy that nobody offers": option(
        'kind = "treshold"', "did you mean `threshold`?", '"threshold"', 'kind = "threshold"'
    ),
    "a strategy by a path": option('kind = "../mine"', "none of the known words", '"threshold"', 'kind = "threshold"'),
    "an estimate that nobody knows": option(
        'estimate = "forecats"', "none of the known words", '"forecast" or "consensus"', 'estimate = "forecast"'
    ),
    "an option beyond its range": option('edge_min = "1.01"', "more than the most", PRICE, 'edge_min = "0.03"'),
    # what is missing, what stands there twice
    "no scope": Broken(
        DESK.replace('series = ["KXHIGHSIM"]', ""), "scope", "", "an empty scope allows nothing",
        "at least one name in markets, events or series", 'series = ["KXHIGHSIM"]',
    ),
    "no name": Broken(
        DESK.replace('name = "my-desk"', ""), "desk.name", "", "it is missing", "1 to 64 letters", 'name = "my-desk"'
    ),
    "no strategy": Broken(
        DESK.partition("[[")[0], "strategy", "", "nothing would ever be proposed", "one to 32 tables", "[[strategy]]"
    ),
    "two strategies of one name": Broken(
        DESK + '[[strategy]]\nname = "value"\n', "strategy[2].name", '"value"', "another strategy has this name",
        "each name once", 'name = "value-2"',
    ),
    "a market that stands there twice": Broken(
        DESK.replace('["KXHIGHSIM"]', '["KXHIGHSIM", "KXHIGHSIM"]'), "scope.series", "['KXHIGHSIM', 'KXHIGHSIM']",
        "stands there twice", "each in quotes and once", 'series = ["KXHIGHSIM"]',
    ),
    "a key that stands there twice": Broken(
        DESK + '[paper]\ncash = "1.00"\ncash = "2.00"\n', "the whole file", "", "(at line 10,", "a TOML file", "[desk]"
    ),
    "a section that stands there twice": Broken(
        DESK + "[paper]\n[paper]\n", "the whole file", "", "it is not TOML", "a TOML file", "[desk]"
    ),
    # files
    "not TOML": Broken("[desk\nname = 1\n", "the whole file", "", "(at line 1,", "a TOML file", "[desk]"),
    "another format": Broken("desk:\n  name: x\n", "the whole file", "", "(at line 1,", "a TOML file", "[desk]"),
    "not text": Broken(
        b"\xff\xfe[\x00", "the whole file", "", "byte 0 is not UTF-8", "a TOML file", "save it as UTF-8"
    ),
    "text with a byte order mark": Broken(
        b"\xef\xbb\xbf" + DESK.encode(), "the whole file", "", "byte order mark", "a TOML file", "without a BOM"
    ),
    "an empty file": Broken("", "desk.name", "", "it is missing", "1 to 64 letters", 'name = "my-desk"'),
    "a file without an end": Broken(
        "#" * ((1 << 20) + 1), "the whole file", "", "it is larger than", "a TOML file", "a few dozen lines"
    ),
    # surroundings
    "a variable with a typing mistake": Broken(
        DESK, "ASSENT_SET_RUNTIME_CYCEL", '"5s"', "did you mean `ASSENT_SET_RUNTIME_CYCLE`?", "one of ASSENT_SET_DESK",
        "ASSENT_SET_RUNTIME_CYCLE=10s", (("ASSENT_SET_RUNTIME_CYCEL", "5s"),),
    ),
    "a variable without a unit": Broken(
        DESK, "runtime.cycle", '"5"', "it has no unit", DURATION, 'cycle = "10s"', (("ASSENT_SET_RUNTIME_CYCLE", "5"),)
    ),
    "a limit in a variable": Broken(
        DESK, "ASSENT_SET_CONSTITUTION_EDGE_MIN", '"0.00"', "never taken from the environment", "[constitution]",
        'edge_min = "0.02"', (("ASSENT_SET_CONSTITUTION_EDGE_MIN", "0.00"),),
    ),
}  # fmt: skip


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 30


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_is_refused_with_all_that_mends_it(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    broken = BROKEN[name]
    content = broken.content if isinstance(broken.content, bytes) else broken.content.encode()
    (tmp_path / "assent.toml").write_bytes(content)
    for variable, text in broken.environment:
        monkeypatch.setenv(variable, text)
    before = everything_in(tmp_path)
    refused = cli("run", tmp_path, "--for", "1m", "--non-interactive")
    assert (refused.code, refused.out) == (Exit.USAGE, ""), refused.err
    assert everything_in(tmp_path) == before, "something was written"
    assert "Traceback" not in refused.err
    problem = problem_about(refused.err, broken.key)
    place = "the environment" if broken.environment else str(tmp_path / "assent.toml")
    assert place in problem[0]
    assert broken.value.partition("\n")[0] in problem[0]
    for label, said in (("why:", broken.why), ("allowed:", broken.allowed), ("example:", broken.example)):
        assert said in part_of(problem, label), "\n".join(problem)


def problem_about(told: str, key: str) -> list[str]:
    """The lines about this key: the head, and those that are indented under it."""
    lines = told.splitlines()
    first = next(
        number for number, line in enumerate(lines) if line.startswith("  ") and f": {key}" in line and line[2] != " "
    )
    rest = lines[first + 1 :]
    length = next((number for number, line in enumerate(rest) if not line.startswith("      ")), len(rest))
    return [lines[first], *rest[:length]]


def part_of(problem: list[str], label: str) -> str:
    """What stands after why, allowed or example, with the lines that go on from it."""
    first = next(number for number, line in enumerate(problem) if line.strip().startswith(label))
    labels = ("why:", "allowed:", "example:")
    rest = problem[first + 1 :]
    length = next((n for n, line in enumerate(rest) if line.strip().startswith(labels)), len(rest))
    return "\n".join(problem[first : first + 1 + length])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('price_min = "0.60"\nprice_max = "0.40"', "price_min 0.60 is above price_max 0.40"),
        ('favourite_edge_min = "0.05"', "favourite_edge_min does nothing while favourite_from is off"),
        ('favourite_confidence_min = "80%"', "favourite_confidence_min does nothing while favourite_from is off"),
        ('favourite_from = "0.90"', "favourite_from does nothing while"),
        ("open_positions_max = 0", "open_positions_max is zero, so nothing can be opened"),
    ],
)
def test_limits_that_cannot_both_be_meant_are_told_by_their_check(
    cli: Cli, tmp_path: Path, lines: str, said: str
) -> None:
    """Each of them is allowed by itself and takes no money, so they stop no start; whoever asks is told."""
    (tmp_path / "assent.toml").write_text(DESK + LIMITS + lines, encoding="utf-8")
    before = everything_in(tmp_path)
    told = cli("constitution", "check", tmp_path)
    assert told.code == Exit.FOUND
    assert said in told.out
    assert everything_in(tmp_path) == before


def test_a_problem_names_the_line_of_the_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text(DESK + "# a note\n" + LIMITS + 'edge_min = "5"\n', encoding="utf-8")
    assert f"{tmp_path / 'assent.toml'}:10: constitution.edge_min" in cli("run", tmp_path).err


def test_a_secret_in_a_file_is_not_repeated_on_the_screen(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text(DESK + '[paper]\napi_secret = "hunter2hunter2"\n', encoding="utf-8")
    told = [cli("run", tmp_path), cli("doctor", "-C", tmp_path), cli("config", "show", tmp_path, "--json")]
    assert not [answer for answer in told if "hunter2" in answer.out + answer.err]


def test_a_folder_in_the_file_s_place_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "assent.toml").mkdir()
    refused = cli("run", tmp_path)
    assert refused.code == Exit.USAGE
    assert "the whole file" in refused.err
    assert "it cannot be read: Is a directory" in refused.err


def test_a_file_that_may_not_be_read_is_refused(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says no; it does not say no to whoever may do everything, so it is said in its place."""
    (tmp_path / "assent.toml").write_text(DESK, encoding="utf-8")

    def no(path: Path, *_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", no)
    refused = cli("run", tmp_path)
    assert refused.code == Exit.USAGE
    assert "it cannot be read: Permission denied" in refused.err
    assert "chmod u+r assent.toml" in refused.err


def test_a_folder_without_a_file_says_how_to_make_one(cli: Cli, tmp_path: Path) -> None:
    refused = cli("run", tmp_path / "nowhere")
    assert refused.code == Exit.USAGE
    assert "there is no such file" in refused.err
    assert "assent init my-desk --template kalshi-paper" in refused.err
    assert not (tmp_path / "nowhere").exists()

"""The settings file: what is right is read exactly, and every mistake is told with all that mends it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from assent.config import (
    SETTINGS,
    STRATEGY_OPTIONS,
    STRATEGY_SETTINGS,
    ConfigError,
    KalshiSettings,
    KeySettings,
    Problem,
    Settings,
    WebOptions,
    demo_settings,
    load,
)
from assent.config.capability import ABLE, NEEDED
from assent.config.table import SCOPE
from assent.config.values import (
    Setting,
    Unfit,
    allowed_words,
    parse_duration,
    read_value,
    shown,
    written,
)
from assent.model.constitution import LIMITS, Constitution, Drift
from assent.model.errors import AssentError
from assent.model.units import HOUR, MICRO, MINUTE, SECOND, format_duration
from assent.strategy import threshold

LEAST = """
[desk]
name = "my-desk"
[scope]
series = ["KXHIGHSIM"]
[[strategy]]
name = "value"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "assent.toml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    return caught.value.problems


def test_a_file_with_the_least_gets_every_default(tmp_path: Path) -> None:
    settings = load(write(tmp_path, LEAST))
    assert (settings.name, settings.mode, settings.venue, settings.environment) == ("my-desk", "paper", "kalshi", "sim")
    assert settings.constitution == Constitution(series=("KXHIGHSIM",))
    assert (settings.cash, settings.cycle_ns) == (1_000 * MICRO, 10 * SECOND)
    assert [strategy.kind for strategy in settings.strategies] == ["threshold"]


def test_every_value_that_is_said_is_the_value_that_is_used(tmp_path: Path) -> None:
    text = """
    [desk]
    name = "x1"
    mode = "observe"
    account = "acc-9"
    dry_run = false
    [kalshi]
    key_id = "k-1"
    key_file = "trade.pem"
    read_key_id = "k-2"
    read_key_variable = "READ_KEY"
    box_url = "http://[::1]:9000"
    member = "non_direct"
    self_trade_prevention = "maker"
    cancel_on_pause = false
    order_group_limit = 40
    order_life_max = "20m"
    [forecasts]
    url = "https://models.example:8443/list.json?of=kalshi"
    every = "1m"
    [paper]
    cash = "123.456789"
    [exchange]
    seed = 99
    [scope]
    markets = ["A-1"]
    events = ["B"]
    series = ["C", "D"]
    [constitution]
    edge_min = "0.025"
    risk_per_trade_max = "1.5"
    open_positions_max = 7
    total_exposure_max = "20"
    quote_proof_age_max = "1500ms"
    [runtime]
    cycle = "1m"
    hang_max = "3s"
    memory_max_mib = 200
    kill_switch_env = "STOP_BOT"
    kill_switch_env_file = "service.env"
    kill_switch_file = "/run/desk/STOP"
    kill_switch_allows_exits = true
    [web]
    host = "::"
    port = 9443
    allow = ["10.0.0.0/8"]
    hosts = ["desk.example"]
    proxies = ["10.0.0.7"]
    behind_https = true
    certificate = "console.pem"
    certificate_key = "console.key"
    [[strategy]]
    name = "one"
    estimate = "consensus"
    edge_min = "0.04"
    exit_edge = "0.01"
    forecast_age_max = "2h"
    [[strategy]]
    kind = "threshold"
    name = "two"
    """
    settings = load(write(tmp_path, text))
    assert settings == Settings(
        root=tmp_path,
        name="x1",
        mode="observe",
        dry_run=False,
        venue="kalshi",
        environment="sim",
        account="acc-9",
        constitution=Constitution(
            markets=("A-1",), events=("B",), series=("C", "D"), edge_min=25_000, risk_per_trade_max=1_500_000,
            open_positions_max=7, total_exposure_max=20 * MICRO, quote_proof_age_max=SECOND * 3 // 2,
        ),
        strategies=settings.strategies,
        cash=123_456_789,
        cycle_ns=MINUTE,
        exchange_seed=99,
        kalshi=KalshiSettings(
            trading=KeySettings(id="k-1", file="trade.pem", variable=""),
            reading=KeySettings(id="k-2", file="", variable="READ_KEY"),
            box_url="http://[::1]:9000", member="non_direct", self_trade_prevention="maker", cancel_on_pause=False,
            order_group_limit=40, order_life_max=20 * MINUTE,
        ),
        web=WebOptions(
            host="::", port=9443, allow=("10.0.0.0/8",), hosts=("desk.example",), proxies=("10.0.0.7/32",),
            behind_https=True, certificate="console.pem", certificate_key="console.key",
        ),
        forecasts_url="https://models.example:8443/list.json?of=kalshi",
        forecasts_every_ns=MINUTE,
        hang_max_ns=3 * SECOND,
        memory_max_mib=200,
        kill_switch_env="STOP_BOT",
        kill_switch_env_file="service.env",
        kill_switch_file="/run/desk/STOP",
        kill_switch_allows_exits=True,
    )  # fmt: skip
    assert (settings.env_file_path, settings.sentinel_path) == (tmp_path / "service.env", Path("/run/desk/STOP"))
    one, two = settings.strategies
    assert dict(one.options) == {
        "estimate": "consensus", "edge_min": 40_000, "exit_edge": 10_000, "forecast_age_max": 2 * HOUR,
    }  # fmt: skip
    assert dict(two.options) == {option.key: option.default for option in threshold.OPTIONS}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('host = "desk.example"', "a name could be made to lead elsewhere"),
        ('allow = ["10.0.0.1/8"]', "bits set beyond its mask"),
        ('allow = ["10.0.0.1", "10.0.0.1/32"]', "stands there twice"),
        ('proxies = ["everybody"]', "no address and no network"),
        ("port = 0", "less than the least"),
    ],
)
def test_where_the_console_listens_and_whom_it_hears_is_said_by_number(tmp_path: Path, line: str, why: str) -> None:
    (problem,) = problems(tmp_path, f"{LEAST}\n[web]\n{line}\n")
    assert why in problem.why


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    settings = load(write(tmp_path, LEAST))
    with pytest.raises(AttributeError):
        settings.cash = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.strategies[0].options["edge_min"] = 0  # type: ignore[index]


def test_each_mode_has_a_folder_and_a_ledger_of_its_own(tmp_path: Path) -> None:
    paper, observe = load(write(tmp_path, LEAST)), load(tmp_path, overrides={"desk.mode": "observe"})
    assert paper.ledger_path == tmp_path / "state" / "paper" / "kalshi_sim_paper.sqlite"
    assert observe.ledger_path == tmp_path / "state" / "observe" / "kalshi_sim_observe.sqlite"
    assert paper.control_path != observe.control_path
    assert paper.exchange_journal == tmp_path / "state" / "exchange" / "kalshi_sim_paper.journal"
    assert observe.exchange_journal == tmp_path / "state" / "exchange" / "kalshi_sim_observe.journal"


def test_a_demo_needs_no_file_and_keeps_one_ledger_in_its_folder(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, seed=3)
    assert (settings.ledger_path, settings.exchange_seed) == (tmp_path / "ledger.sqlite", 3)
    assert "KXHIGHSIM" in settings.constitution.series
    assert (settings.name, settings.account) == ("demo", "demo")


def test_a_relative_folder_becomes_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, LEAST)
    monkeypatch.chdir(tmp_path)
    assert load(Path()).root == tmp_path


# Each mistake: what the file says, then the key, the value, a part of the reason, of what is allowed, the example.
MISTAKES: dict[str, tuple[str, str, str, str, str, str]] = {
    "a misspelt limit": (
        LEAST + '[constitution]\nedge_mni = "0.02"', "constitution.edge_mni", '"0.02"', "did you mean `edge_min`?",
        "one of edge_min, risk", 'edge_min = "0.02"',
    ),
    "a misspelt section": (
        LEAST + "[runtimes]\n", "runtimes", "{}", "did you mean `runtime`?", "the sections [desk]", "[runtime]",
    ),
    "a key that is like nothing": (
        LEAST + "[paper]\nzzz = 1", "paper.zzz", "1", "nothing similar is known", "one of cash", 'cash = "1000.00"',
    ),
    "a limit in the wrong section": (
        LEAST + '[paper]\nedge_min = "0.02"', "paper.edge_min", '"0.02"', "it belongs in [constitution]", "one of cash",
        'edge_min = "0.02"',
    ),
    "a limit before any section": (
        'edge_min = "0.02"\n' + LEAST, "edge_min", '"0.02"', "it belongs in [constitution]", "the sections [desk]",
        'edge_min = "0.02"',
    ),
    "a value where a section belongs": (
        "paper = 5\n" + LEAST, "paper", "5", "name of a section", "brackets", '[paper]\ncash = "1000.00"',
    ),
    "a price as a float": (
        LEAST + "[constitution]\nedge_min = 0.02", "constitution.edge_min", "0.02", "becomes a float",
        '"0.00" to "1.00"', 'edge_min = "0.02"',
    ),
    "a price in cents": (
        LEAST + "[constitution]\nedge_min = 5", "constitution.edge_min", "5", "a bare number has no unit",
        "text in dollars for one contract", 'edge_min = "0.02"',
    ),
    "a price of five dollars": (
        LEAST + '[constitution]\nedge_min = "5"', "constitution.edge_min", '"5"', "more than the most",
        '"0.00" to "1.00"', 'edge_min = "0.02"',
    ),
    "a price in percent": (
        LEAST + '[constitution]\nedge_min = "2%"', "constitution.edge_min", '"2%"', "digits with at most six decimals",
        "text in dollars", 'edge_min = "0.02"',
    ),
    "a theme without its series": (
        LEAST + '[constitution]\nthemes = ["weather"]', "constitution.themes", "['weather']", "is not a name, `=`",
        "a list of at most 100 texts", 'themes = ["weather=KXHIGHNY,KXHIGHCHI"]',
    ),
    "a theme with a series twice": (
        LEAST + '[constitution]\nthemes = ["weather=KXA,KXA"]', "constitution.themes", "['weather=KXA,KXA']",
        "names a series twice", "a list of at most 100 texts", 'themes = ["weather=KXHIGHNY,KXHIGHCHI"]',
    ),
    "money with a dollar sign": (
        LEAST + '[paper]\ncash = "$10"', "paper.cash", '"$10"', "without a sign for the unit", "text in dollars",
        'cash = "1000.00"',
    ),
    "money with too many decimals": (
        LEAST + '[paper]\ncash = "10.0000001"', "paper.cash", '"10.0000001"', "six decimals", "at most six decimals",
        'cash = "1000.00"',
    ),
    "money that is not a number": (
        LEAST + '[paper]\ncash = "NaN"', "paper.cash", '"NaN"', "digits", "text in dollars", 'cash = "1000.00"',
    ),
    "money as TOML's own nan": (
        LEAST + "[paper]\ncash = nan", "paper.cash", "nan", "becomes a float", "text in dollars", 'cash = "1000.00"',
    ),
    "money with a separator": (
        LEAST + '[paper]\ncash = "1_000"', "paper.cash", '"1_000"', "digits", "text in dollars", 'cash = "1000.00"',
    ),
    "money in other digits": (
        LEAST + '[paper]\ncash = "\u0661\u0660"', "paper.cash", '"\\u0661\\u0660"', "digits", "text in dollars",
        'cash = "1000.00"',
    ),
    "money that is negative": (
        LEAST + '[constitution]\ntotal_exposure_max = "-1"', "constitution.total_exposure_max", '"-1"',
        "less than the least", '"0.00" to', 'total_exposure_max = "50.00"',
    ),
    "a bankroll of nothing": (
        LEAST + '[paper]\ncash = "0"', "paper.cash", '"0"', "less than the least", '"1.00" to', 'cash = "1000.00"',
    ),
    "a duration without its unit": (
        LEAST + '[constitution]\nquote_proof_age_max = "10"', "constitution.quote_proof_age_max", '"10"',
        "it has no unit", "(ms, s, m, h, d)", 'quote_proof_age_max = "10s"',
    ),
    "a drift as a float": (
        LEAST + "[constitution]\ndrift_max = 0.05", "constitution.drift_max", "0.05", "a float cannot hold it",
        "basis points", 'drift_max = "0.05"',
    ),
    "a drift as a bare number, of which nobody knows the unit": (
        LEAST + "[constitution]\ndrift_max = 50", "constitution.drift_max", "50", "has no unit", "basis points",
        'drift_max = "0.05"',
    ),
    "a drift that is no part of a dollar": (
        LEAST + '[constitution]\ndrift_max = "50"', "constitution.drift_max", '"50"', "more than the most",
        '"0.00" to "1.00"', 'drift_max = "0.05"',
    ),
    "a drift in percent, of a dollar or of the price": (
        LEAST + '[constitution]\ndrift_max = "5%"', "constitution.drift_max", '"5%"', "percent of what is not clear",
        "basis points", 'drift_max = "0.05"',
    ),
    "a drift in basis points that are not whole": (
        LEAST + '[constitution]\ndrift_max = "0.5bps"', "constitution.drift_max", '"0.5bps"', "a whole number",
        '"0bps" to "10000bps"', 'drift_max = "0.05"',
    ),
    "a drift in basis points with a space": (
        LEAST + '[constitution]\ndrift_max = "50 bps"', "constitution.drift_max", '"50 bps"', "without a space",
        "basis points", 'drift_max = "0.05"',
    ),
    "a drift of more than the whole price": (
        LEAST + '[constitution]\ndrift_max = "10001bps"', "constitution.drift_max", '"10001bps"', "at most 10000",
        "basis points", 'drift_max = "0.05"',
    ),
    "a duration as a number": (
        LEAST + "[runtime]\ncycle = 10", "runtime.cycle", "10", "a bare number has none", '"100ms" to "1h"',
        'cycle = "10s"',
    ),
    "a duration with a foreign unit": (
        LEAST + '[runtime]\ncycle = "10 seconds"', "runtime.cycle", '"10 seconds"', "one of our units", "whole number",
        'cycle = "10s"',
    ),
    "a duration that is too long": (
        LEAST + '[runtime]\ncycle = "2h"', "runtime.cycle", '"2h"', "more than the most", '"100ms" to "1h"',
        'cycle = "10s"',
    ),
    "a clock time where a duration belongs": (
        LEAST + "[runtime]\ncycle = 15:55:00", "runtime.cycle", "datetime.time(15, 55)", "a date or time has none",
        "whole number", 'cycle = "10s"',
    ),
    "a variable that no shell could set": (
        LEAST + '[runtime]\nkill_switch_env = "BOT-STOP"', "runtime.kill_switch_env", '"BOT-STOP"',
        "no shell could set",
        "no digit first", 'kill_switch_env = "BOT_DISABLE_TRADING"',
    ),
    "a variable without a name": (
        LEAST + '[runtime]\nkill_switch_env = ""', "runtime.kill_switch_env", '""', "0 characters",
        "1 to 64", 'kill_switch_env = "BOT_DISABLE_TRADING"',
    ),
    "a variable that is a number": (
        LEAST + "[runtime]\nkill_switch_env = 1", "runtime.kill_switch_env", "1", "a bare number, not text",
        "1 to 64", 'kill_switch_env = "BOT_DISABLE_TRADING"',
    ),
    "a path that only a shell would understand": (
        LEAST + '[runtime]\nkill_switch_env_file = "~/desk.env"', "runtime.kill_switch_env_file", '"~/desk.env"',
        "a shell's", "the path of a file", 'kill_switch_env_file = "/etc/assent/desk.env"',
    ),
    "a path of a folder": (
        LEAST + '[runtime]\nkill_switch_file = "stops/"', "runtime.kill_switch_file", '"stops/"', "of a folder",
        "the path of a file", 'kill_switch_file = "STOP"',
    ),
    "a path that is nothing": (
        LEAST + '[runtime]\nkill_switch_file = ""', "runtime.kill_switch_file", '""', "0 characters",
        "the path of a file", 'kill_switch_file = "STOP"',
    ),
    "a path that is a flag": (
        LEAST + "[runtime]\nkill_switch_file = true", "runtime.kill_switch_file", "true", "true or false, not text",
        "the path of a file", 'kill_switch_file = "STOP"',
    ),
    "a count as text": (
        LEAST + '[constitution]\nopen_positions_max = "5"', "constitution.open_positions_max", '"5"',
        "text, not a whole number", "0 to 10000", "open_positions_max = 5",
    ),
    "a count as true": (
        LEAST + "[constitution]\nopen_positions_max = true", "constitution.open_positions_max", "true",
        "true or false, not a whole number", "0 to 10000", "open_positions_max = 5",
    ),
    "a count as a float": (
        LEAST + "[constitution]\nopen_positions_max = 5.0", "constitution.open_positions_max", "5.0",
        "a float, not a whole number", "0 to 10000", "open_positions_max = 5",
    ),
    "a count that is negative": (
        LEAST + "[constitution]\nopen_positions_max = -1", "constitution.open_positions_max", "-1",
        "less than the least", "0 to 10000", "open_positions_max = 5",
    ),
    "a name where a list belongs": (
        LEAST.replace('["KXHIGHSIM"]', '"KXHIGHSIM"'), "scope.series", '"KXHIGHSIM"', "text, not a list",
        "a list of at most 1000 names", 'series = ["KXHIGHSIM"]',
    ),
    "a number in a list of names": (
        LEAST.replace('["KXHIGHSIM"]', '["A", 5]'), "scope.series", "['A', 5]", "entry 2 is a bare number",
        "a list of at most 1000 names", 'series = ["KXHIGHSIM"]',
    ),
    "a name with a space": (
        LEAST.replace('["KXHIGHSIM"]', '["A B"]'), "scope.series", "['A B']", "entry 1", "a list of",
        'series = ["KXHIGHSIM"]',
    ),
    "a name that stands there twice": (
        LEAST.replace('["KXHIGHSIM"]', '["A", "A"]'), "scope.series", "['A', 'A']", "entry 2 stands there twice",
        "each in quotes and once", 'series = ["KXHIGHSIM"]',
    ),
    "no scope at all": (
        LEAST.replace('series = ["KXHIGHSIM"]', ""), "scope", "", "an empty scope allows nothing",
        "at least one name in markets, events or series", '[scope]\nseries = ["KXHIGHSIM"]',
    ),
    "a scope of empty lists": (
        LEAST.replace('["KXHIGHSIM"]', "[]"), "scope", "", "an empty scope allows nothing", "at least one name",
        '[scope]\nseries = ["KXHIGHSIM"]',
    ),
    "no name": (
        LEAST.replace('name = "my-desk"', ""), "desk.name", "", "it is missing", "1 to 64 letters", 'name = "my-desk"',
    ),
    "a name with an escape": (
        LEAST.replace('"my-desk"', '"a\\u001b[2J"'), "desk.name", '"a\\x1b[2J"', "no spaces or other signs",
        "1 to 64 letters", 'name = "my-desk"',
    ),
    "a mode that sends, where nothing can be sent": (
        LEAST.replace('"my-desk"', '"my-desk"\nmode = "live"\nenvironment = "sim"'), "desk.environment", '"sim"',
        "mode `live` cannot run in environment `sim`", 'the environment "box" or "demo" or "production"',
        'environment = "box"',
    ),
    "estimates over a wire that anybody reads": (
        LEAST + '[forecasts]\nurl = "http://models.example/list.json"', "forecasts.url",
        '"http://models.example/list.json"', "no plain address", "text of `https://`", "url = ",
    ),
    "estimates with a password in the address": (
        LEAST + '[forecasts]\nurl = "https://me:pw@models.example/list.json"', "forecasts.url", "(not shown)",
        "no plain address", "text of `https://`", "url = ",
    ),
    "nobody's account on an exchange outside": (
        LEAST.replace('"my-desk"', '"my-desk"\nmode = "observe"\nenvironment = "demo"'), "desk.account", "",
        "nobody else can know whose account is traded", "text of 1 to 64", 'account = "kalshi-main"',
    ),
    "a box that is not on this machine": (
        LEAST + '[kalshi]\nbox_url = "http://10.0.0.7:8790"', "kalshi.box_url", '"http://10.0.0.7:8790"',
        "no plain address of this machine", "text of `http://127.0.0.1:`", 'box_url = "http://127.0.0.1:8551"',
    ),
    "a box by a name that could lead elsewhere": (
        LEAST + '[kalshi]\nbox_url = "http://localhost:8790"', "kalshi.box_url", '"http://localhost:8790"',
        "no plain address of this machine", "text of `http://127.0.0.1:`", 'box_url = "http://127.0.0.1:8551"',
    ),
    "a box with a path": (
        LEAST + '[kalshi]\nbox_url = "http://127.0.0.1:8551/x"', "kalshi.box_url", '"http://127.0.0.1:8551/x"',
        "no plain address of this machine", "text of `http://127.0.0.1:`", 'box_url = "http://127.0.0.1:8551"',
    ),
    "a box at a port that no machine has": (
        LEAST + '[kalshi]\nbox_url = "http://127.0.0.1:65536"', "kalshi.box_url", '"http://127.0.0.1:65536"',
        "no plain address of this machine", "text of `http://127.0.0.1:`", 'box_url = "http://127.0.0.1:8551"',
    ),
    "a key in the place of its id": (
        LEAST + '[kalshi]\nkey_id = "-----BEGIN PRIVATE KEY-----"', "kalshi.key_id", "(not shown)",
        "it must begin with a letter or digit", "text of 1 to 64", "key_id = ",
    ),
    "a key in the file": (
        LEAST + '[kalshi]\nkey = "MC4CAQAwBQYDK2VwBCIEIHHhHhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"', "kalshi.key",
        "(not shown)", "unknown name", "one of key_id", "key_id = ",
    ),
    "a mode that nobody knows": (
        LEAST.replace('"my-desk"', '"my-desk"\nmode = "Paper"'), "desk.mode", '"Paper"', "none of the known words",
        '"paper" or "observe" or "dry-run" or "live"', 'mode = "paper"',
    ),
    "a mode as a number": (
        LEAST.replace('"my-desk"', '"my-desk"\nmode = 1'), "desk.mode", "1", "a bare number, not text",
        '"paper" or "observe"', 'mode = "paper"',
    ),
    "no strategy": (
        LEAST.replace('[[strategy]]\nname = "value"', ""), "strategy", "", "there is none", "one to 32 tables",
        '[[strategy]]\nkind = "threshold"\nname = "value"',
    ),
    "one bracket too few": (
        LEAST.replace("[[strategy]]", "[strategy]"), "strategy", "{'name': 'value'}", "the brackets are double",
        "double brackets", '[[strategy]]\nkind = "threshold"\nname = "value"',
    ),
    "a strategy that nobody knows": (
        LEAST + 'kind = "martingale"', "strategy[1].kind", '"martingale"', "none of the known words", '"threshold"',
        'kind = "threshold"',
    ),
    "a misspelt option": (
        LEAST + 'estimat = "forecast"', "strategy[1].estimat", '"forecast"', "did you mean `estimate`?", "one of kind",
        'estimate = "forecast"',
    ),
    "an option out of range": (
        LEAST + 'forecast_age_max = "2d"', "strategy[1].forecast_age_max", '"2d"', "more than the most",
        '"1s" to "1d"', 'forecast_age_max = "20m"',
    ),
    "an estimate that nobody knows": (
        LEAST + 'estimate = "guess"', "strategy[1].estimate", '"guess"', "none of the known words",
        '"forecast" or "consensus"', 'estimate = "forecast"',
    ),
    "two strategies of one name": (
        LEAST + '[[strategy]]\nname = "value"', "strategy[2].name", '"value"', "another strategy has this name",
        "each name once", 'name = "value-2"',
    ),
    "a strategy without a name": (
        LEAST.replace('name = "value"', ""), "strategy[1].name", "", "it is missing", "1 to 64 letters",
        'name = "value"',
    ),
    "not TOML": ("[desk\n", "the whole file", "", "it is not TOML", "a TOML file", "[desk]"),
    "a key that stands there twice": (
        LEAST + "name = 'b'", "the whole file", "", "it is not TOML", "a TOML file", "[desk]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_key_value_what_is_allowed_and_an_example(tmp_path: Path, mistake: str) -> None:
    text, key, value, why, allowed, example = MISTAKES[mistake]
    found = problems(tmp_path, text)
    problem = next((one for one in found if one.key == key), None)
    assert problem is not None, found
    assert problem.file == str(tmp_path / "assent.toml")
    assert problem.value == value
    assert why in problem.why
    assert allowed in problem.allowed
    assert problem.example.startswith(example)


def test_all_mistakes_of_a_file_are_told_together(tmp_path: Path) -> None:
    text = '[desk]\n[paper]\ncash = 5\n[constitution]\nedge_min = "9"\n[[strategy]]\nname = "a b"\n'
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    keys = [problem.key for problem in caught.value.problems]
    assert sorted(keys) == ["constitution.edge_min", "desk.name", "paper.cash", "scope", "strategy[1].name"]
    assert all(key in str(caught.value) for key in keys)
    assert "5 problems, so nothing was started" in str(caught.value)


def test_the_text_of_an_error_lets_nothing_act_on_a_terminal(tmp_path: Path) -> None:
    hostile = LEAST + '"ev\\u001b[2Jil" = 1\n[paper]\n"\\u202e" = "\\u009b31m"\n'
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, hostile))
    assert all(char == "\n" or char.isprintable() for char in str(caught.value))


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file") as caught:
        load(tmp_path / "nowhere")
    assert "assent init" in caught.value.problems[0].example


@pytest.mark.parametrize(
    ("content", "why"), [(b"\xff\xfe", "byte 0 is not UTF-8"), (b"#" * (1 << 20) + b"\n#", "larger than")]
)
def test_a_file_that_is_no_text_or_no_settings_file_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "assent.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        load(tmp_path)


def test_a_folder_in_the_file_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "assent.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_an_override_wins_and_is_as_strict(tmp_path: Path) -> None:
    write(tmp_path, LEAST)
    assert load(tmp_path, overrides={"exchange.seed": 5}).exchange_seed == 5
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, overrides={"desk.mode": "live", "exchange.seed": -1})
    assert [(problem.file, problem.key) for problem in caught.value.problems] == [
        ("the command line", "exchange.seed"), ("the command line", "desk.mode"),
    ]  # fmt: skip


def test_an_override_of_nothing_is_a_fault_of_the_program(tmp_path: Path) -> None:
    write(tmp_path, LEAST)
    with pytest.raises(AssentError, match="which is no setting"):
        load(tmp_path, overrides={"desk.moed": "paper"})


def every_setting() -> list[Setting]:
    return [*SETTINGS, *STRATEGY_SETTINGS, *(one for options in STRATEGY_OPTIONS.values() for one in options)]


@pytest.mark.parametrize("setting", every_setting(), ids=lambda one: f"{one.section}.{one.key}")
def test_the_table_agrees_with_itself(setting: Setting) -> None:
    said = tomllib.loads(f"{setting.key} = {setting.example}")[setting.key]
    assert read_value(setting, said) is not None
    assert setting.sentence.endswith(".")
    assert allowed_words(setting)
    if isinstance(setting.default, int):
        assert setting.least <= setting.default <= setting.most


def test_every_limit_of_the_constitution_is_a_setting() -> None:
    placed = {setting.key: setting.section for setting in SETTINGS if setting.section in ("scope", "constitution")}
    assert placed == {limit.key: "scope" if limit.key in SCOPE else "constitution" for limit in LIMITS}
    assert set(placed) == set(Constitution.__struct_fields__)


def test_every_venue_that_a_file_may_name_stands_in_the_table_of_capabilities() -> None:
    venues = next(setting.choices for setting in SETTINGS if setting.key == "venue")
    assert set(ABLE) == set(venues)
    assert all(able <= NEEDED.keys() for able in ABLE.values())


# Whatever TOML can hold.
SAID = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.times() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("setting", every_setting(), ids=lambda one: f"{one.section}.{one.key}")
@examples(max_examples=25)
@given(raw=SAID | st.text("0123456789.-+_ smhd$%", max_size=8))
def test_any_value_is_either_taken_within_its_range_or_refused_with_a_reason(setting: Setting, raw: object) -> None:
    try:
        value = read_value(setting, raw)
    except Unfit:
        assert shown(raw).isprintable()
        return
    assert type(value) is type(setting.default) or setting.default is None
    if type(value) is int:
        assert setting.least <= value <= setting.most


@examples(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_a_file_of_anything_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "assent.toml").write_bytes(content)
    with pytest.raises(ConfigError):
        load(tmp_path)


@pytest.mark.parametrize(
    "huge", ["9" * 5_000, "0x" + "f" * 5_000, "[0x" + "f" * 5_000 + "]", "[" * 500 + "]" * 500, "1e999999"]
)
def test_a_value_without_end_is_refused_as_quietly(tmp_path: Path, huge: str) -> None:
    found = problems(tmp_path, LEAST + f"[exchange]\nseed = {huge}\n")
    assert found[0].key in ("exchange.seed", "the whole file")
    assert len(str(found[0])) < 1_000


@pytest.mark.parametrize(
    ("text", "ns"),
    [("250ms", SECOND // 4), ("10s", 10 * SECOND), ("90m", 90 * MINUTE), ("2h", 2 * HOUR), ("1d", 24 * HOUR)],
)
def test_a_duration_is_read_and_written_exactly(text: str, ns: int) -> None:
    assert parse_duration(text) == ns
    assert parse_duration(format_duration(ns)) == ns


@pytest.mark.parametrize("text", ["", "s", "1.5h", "-1s", "1 s", "1S", "1h30m", "\u0661s", "1e3s", "9999999999999s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("said", "means"),
    [("0.05", Drift(50_000, "price")), ("0", Drift(0, "price")), ("1.00", Drift(MICRO, "price")),
     ("50bps", Drift(50, "bps")), ("0bps", Drift(0, "bps")), ("10000bps", Drift(10_000, "bps"))],
)  # fmt: skip
def test_a_drift_is_said_in_dollars_or_in_basis_points_and_written_as_it_was_said(
    tmp_path: Path, said: str, means: Drift
) -> None:
    settings = load(write(tmp_path, LEAST + f'[constitution]\ndrift_max = "{said}"'))
    assert settings.constitution.drift_max == means
    setting = next(setting for setting in SETTINGS if setting.key == "drift_max")
    assert read_value(setting, written(setting, means).strip('"')) == means


def test_a_command_in_the_wrong_folder_is_told_where_the_desks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my-desk").mkdir()
    (tmp_path / "my-desk" / "assent.toml").write_text(LEAST)
    (tmp_path / "my-desk" / "state").mkdir()
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path, tmp_path / "my-dsk"):
        with pytest.raises(ConfigError) as caught:
            load(place)
        assert caught.value.problems[0].example == "-C my-desk", place
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "my-desk" / "state")
    assert caught.value.problems[0].example == f"-C {tmp_path / 'my-desk'}"


@pytest.mark.parametrize(
    "line", ["approvals = [open needs 1]", "approvals = open needs 1", 'approvals = ["open needs 1", token:a]']
)
def test_a_text_without_its_quotes_is_told_with_its_line_and_how_it_is_written(tmp_path: Path, line: str) -> None:
    text = f"{LEAST}\n[constitution]\n{line}\n"
    (problem,) = problems(tmp_path, text)
    assert problem.line == text.split("\n").index(line) + 1
    assert "text stands in quotes" in problem.why
    assert problem.example.startswith('approvals = ["open needs 1"')


def test_a_misspelt_limit_does_not_come_with_the_names_of_all_others(tmp_path: Path) -> None:
    found = problems(tmp_path, f'{LEAST}\n[constitution]\ndrft_max = "0.05"\n')
    (problem,) = [one for one in found if one.key == "constitution.drft_max"]
    assert "did you mean `drift_max`?" in problem.why
    assert len(problem.allowed) < 300
    assert problem.allowed.endswith(" more: docs/settings.md")

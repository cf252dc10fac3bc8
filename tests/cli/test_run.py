"""`assent run` around a runtime that does what a test tells it: what is shown, what is passed on, how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.cli.support import HOSTILE, RAIN, SNOW, Cli, Script, make_folder

from assent import app
from assent.cli import run as run_module
from assent.cli.exits import Exit
from assent.cli.live import LiveView
from assent.cli.news import News
from assent.cli.plain import STATUS_EVERY_CALLS, PlainView, status_line
from assent.config import Settings
from assent.ledger.chain import Head
from assent.ledger.errors import LedgerBusy
from assent.model import inputs
from assent.model.facts import kind_of
from assent.model.units import HOUR, MICRO, MINUTE, SECOND
from assent.runtime.status import status_of

Observer = Callable[[dict[str, Any]], None]


def status_after(script: Script, *, last: int = 20) -> dict[str, Any]:
    """What a running desk hands to who watches."""
    head = Head(len(script.facts), bytes(32), script.now)
    status = status_of(
        script.desk.state, settings_name="tester", path=Path("/l.sqlite"), head=head, running=True, pid=1
    )
    return {
        **status, "ready": True, "trades": 1, "refusals": {"edge": 2}, "quotes": 12_345,
        "last_facts": script.facts[-last:],
    }  # fmt: skip


def busy(*, title: str = "Will it?") -> Script:
    script = Script(title=title)
    script.trade(RAIN, qty_max=10 * MICRO)
    script.idea(SNOW, qty_max=4 * MICRO, time_in_force="gtc")
    script.accept(script.order(), filled=0)
    script.tell(inputs.HaltAsked("clock_jump", "clock", title, script.now))
    return script


class FakeRun:
    """Stands where `app.run` stands: notes what it was given, shows two statuses, returns a summary."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.given: dict[str, Any] = {}

    def __call__(self, settings: Settings, *, observer: Observer | None = None, **given: Any) -> dict[str, Any]:
        self.given = {"settings": settings, **given}
        if observer:
            observer(status_after(self.script))
            observer(status_after(self.script))
        self.script.tell(inputs.DeskStopping("SIGINT", self.script.now))
        return {**status_after(self.script), "running": False, "ended": "SIGINT", "settled": 0, "fees": 0}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeRun:
    make_folder(tmp_path / "desk")
    stands_in = FakeRun(busy())
    monkeypatch.setattr(app, "run", stands_in)
    return stands_in


def test_without_a_terminal_it_tells_one_line_a_fact_and_then_a_summary(
    cli: Cli, fake: FakeRun, tmp_path: Path
) -> None:
    told = cli("run", tmp_path / "desk")
    assert (told.code, told.err) == (Exit.OK, "")
    lines = told.out.splitlines()
    assert lines[0].startswith("PAPER desk=tester venue=kalshi environment=sim account=paper-1 speed=1 ledger=")
    assert lines[1].startswith("kalshi cannot go live in environment sim")
    assert sum("  FillBooked  " in line for line in lines) == 1, "each fact is told once"
    assert sum("  STATUS  " in line for line in lines) == 1
    assert any("  DeskStopped  desk stopped: SIGINT" in line for line in lines), "also what came after the last look"
    assert any(line.startswith("Stopped: SIGINT. Level REDUCING") for line in lines)
    assert "refused ideas: edge 2" in told.out


def test_everything_asked_for_is_passed_on(cli: Cli, fake: FakeRun, tmp_path: Path) -> None:
    cli("run", tmp_path / "desk", "--for", "10m", "--speed", "60", "--seed", "9", "--mode", "observe")
    settings = fake.given["settings"]
    assert (fake.given["for_ns"], fake.given["speed"]) == (10 * MINUTE, 60)
    assert (settings.exchange_seed, settings.mode) == (9, "observe")


def test_the_folder_may_be_an_option_as_well(cli: Cli, fake: FakeRun, tmp_path: Path) -> None:
    assert cli("run", "-C", tmp_path / "desk").code == Exit.OK
    assert fake.given["settings"].root == tmp_path / "desk"


def test_json_is_one_object_and_nothing_else(cli: Cli, fake: FakeRun, tmp_path: Path) -> None:
    told = cli("run", tmp_path / "desk", "--json")
    assert told.out.count("\n") == 1
    assert (told.json["ended"], told.json["trades"]) == ("SIGINT", 1)
    assert "last_facts" not in told.json


@pytest.mark.parametrize(
    ("arguments", "mode"), [((), "paper"), (("--paper",), "paper"), (("--paper", "--mode", "paper"), "paper")]
)
def test_paper_is_a_mode(cli: Cli, fake: FakeRun, tmp_path: Path, arguments: tuple[str, ...], mode: str) -> None:
    assert cli("run", tmp_path / "desk", *arguments).code == Exit.OK
    assert fake.given["settings"].mode == mode


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--live",), "mode `live` cannot run in environment `sim`"),
        (("--mode", "live"), "mode `live` cannot run in environment `sim`"),
        (("--mode", "dry-run"), "mode `dry-run` cannot run in environment `sim`"),
        (("--mode", "papre"), "none of the known words"),
        (("--paper", "--mode", "observe"), "Two modes were asked for: observe and paper"),
        (("--paper", "--live"), "Two modes were asked for"),
        (("--for", "10"), "is not a duration"),
        (("--for", "0s"), "is not a duration"),
        (("--speed", "0"), "--speed"),
        (("--speed", "1.5"), "--speed"),
        (("--seed", "-1"), "exchange.seed = -1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    cli: Cli, fake: FakeRun, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    refused = cli("run", tmp_path / "desk", *arguments)
    assert refused.code == Exit.USAGE
    assert why in refused.err
    assert fake.given == {}


def test_a_second_run_is_locked_out(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*_: object, **__: object) -> None:
        raise ExceptionGroup("tasks", [LedgerBusy("l.sqlite", "Another process (pid 5)")])

    make_folder(tmp_path / "desk")
    monkeypatch.setattr(app, "run", held)
    refused = cli("run", tmp_path / "desk", "--json")
    assert refused.code == Exit.HALTED
    assert json.loads(refused.err)["error"]["code"] == "ledger_busy"


def test_a_status_line_comes_every_so_many_looks(capsys: pytest.CaptureFixture[str]) -> None:
    view, status = PlainView(), status_after(busy())
    for _ in range(2 * STATUS_EVERY_CALLS):
        view(status)
    told = capsys.readouterr().out
    assert told.count("  STATUS  ") == 2
    assert "level=REDUCING halts=clock_jump cash=$995.6294" in told


def test_cash_that_the_venue_has_not_told_yet_is_not_said_to_be_nothing() -> None:
    status = status_after(busy())
    assert " cash=- " in status_line({**status, "cash": 0, "matched_ts": None})
    assert " cash=$0.00 " in status_line({**status, "cash": 0, "matched_ts": 1})


def test_facts_that_went_by_unseen_are_owned_up_to(capsys: pytest.CaptureFixture[str]) -> None:
    script, view = busy(), PlainView()
    view(status_after(script, last=2))
    seen = len(script.facts)
    for _ in range(5):
        script.tell(inputs.HaltAsked("operator", "Ada", "x", script.now))
        script.tell(inputs.CashSeen(1, "gift", script.now))
    capsys.readouterr()
    view(status_after(script, last=2))
    assert f"records {seen + 1} to {len(script.facts) - 2} went by" in capsys.readouterr().out


def test_news_owns_up_to_a_single_record_as_well() -> None:
    script, news = busy(), News()
    news.since(script.facts[:3])
    assert news.since(script.facts[3:6]).missed is None
    assert news.since(script.facts[7:]).missed == (7, 7)


def test_news_tells_each_notable_fact_once() -> None:
    script, news = busy(), News()
    first = news.since(script.facts)
    assert "OrderReleased" in [kind_of(fact) for _, _, fact in first.facts]
    assert "AccountMatched" not in [kind_of(fact) for _, _, fact in first.facts]
    assert news.since(script.facts) == ([], None)
    assert news.since([]) == ([], None)


def drawn(status: dict[str, Any], *, width: int = 110, folder: Path = Path()) -> str:
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, width=width, height=50, force_terminal=True, record=True)
        with LiveView(speed=60, folder=folder, console=console) as view:
            view(status)
    return console.export_text()


def test_the_live_view_shows_mode_level_money_limits_orders_and_the_last_facts() -> None:
    picture = drawn(status_after(busy()))
    for part in (
        "PAPER  tester  kalshi sim  account paper-1", "level REDUCING", "cash $995.6294", "quotes 12,345",
        "total_exposure_max", "$5.9484 of $50.00", "2 of 5", "REDUCING [clock_jump]", "buy YES at 0.42", "SIM-SNOW",
        "0/4", "bought 10 YES at 0.42", "60x", "Ctrl-C stops cleanly",
    ):  # fmt: skip
        assert part in picture, part


WAY_IN = "http://127.0.0.1:8787/console/sign-in?code=assent_login_" + "x" * 43


def test_the_live_view_shows_the_way_into_the_console_whole_or_how_it_stands() -> None:
    told = {"state": "running", "way_in": WAY_IN, "log": "/desk/console.log"}
    assert WAY_IN in drawn({**status_after(busy()), "console": told})
    narrow = drawn({**status_after(busy()), "console": told}, width=80)
    assert WAY_IN[:80] in narrow
    assert WAY_IN[80:] in narrow
    dead = {**told, "state": "it ended with 2; started again in 8 s"}
    picture = drawn({**status_after(busy()), "console": dead}, width=110)
    assert "console it ended with 2; started again in 8 s; its own words: /desk/console.log" in picture
    assert "assent_login_" not in picture


def test_a_console_that_has_ended_says_why_where_somebody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    why = "assent: The console cannot listen on 127.0.0.1, port 8787: Address already in use."
    told = {"state": "it ended with 2; started again in 8 s", "way_in": "", "said": why, "log": "/desk/console.log"}
    assert why in drawn({**status_after(busy()), "console": told}, width=110)
    view = PlainView()
    for state in ("starting", told["state"], "starting", "it ended with 2; started again in 16 s"):
        view({**status_after(busy()), "console": {**told, "state": state, "said": "" if state == "starting" else why}})
    out = capsys.readouterr().out
    assert out.count("  CONSOLE  ") == 1, "each state once, and no word of one that only tries"
    assert f"CONSOLE  it ended with 2; started again in 8 s; {why[:-1]}; see /desk/console.log" in out


def test_what_waits_for_a_person_stands_in_the_live_view_with_what_to_type() -> None:
    row = {
        "code": "K7M2QX", "words": "buy NO at 0.57", "instrument": "SIM-RAIN", "qty": 3 * MICRO, "worst_loss": MICRO,
        "given": [], "needed": 1, "expires_ts": 90 * SECOND,
    }  # fmt: skip
    rows = [{**row, "code": f"K7M2Q{n}"} for n in range(9)]
    picture = drawn({**status_after(Script()), "now_ts": 0, "intents": rows})
    assert "waiting for assent; in another terminal: assent approve" in picture
    assert "assent approve -C" not in picture, "who started it in its folder is there"
    assert "K7M2Q0  buy NO at 0.57" in picture
    assert "90 s" in picture
    assert "and 3 more" in picture
    assert "waiting for assent" not in drawn(status_after(Script()))


def test_a_log_is_told_how_the_console_stands_and_never_the_way_in(capsys: pytest.CaptureFixture[str]) -> None:
    view, told = PlainView(), {"state": "running", "way_in": WAY_IN, "log": "/desk/console.log"}
    for _ in range(3):
        view({**status_after(busy()), "console": told})
    view({**status_after(busy()), "console": {**told, "state": "it ended with 2"}})
    out = capsys.readouterr().out
    assert out.count("CONSOLE  running; assent web prints the way in") == 1
    assert "CONSOLE  it ended with 2; see /desk/console.log" in out
    assert "assent_login_" not in out


def test_nothing_in_the_live_view_is_read_as_markup_or_as_an_escape() -> None:
    script = busy(title="[bold red]" + HOSTILE + "[/bold red]")
    picture = drawn(status_after(script))
    assert r"[bold red]evil \x1b[2J" in picture
    assert "\u202e" not in picture


def test_the_live_view_keeps_what_it_told_when_only_quiet_facts_follow() -> None:
    script = busy()
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, width=110, height=50, force_terminal=True, record=True)
        with LiveView(speed=1, console=console) as view:
            view(status_after(script))
            for _ in range(30):
                script.tell(inputs.CashSeen(1, "gift", script.now))
            console.export_text(clear=True)
            view(status_after(script))
        assert "bought 10 YES" in console.export_text()


def test_a_desk_that_is_still_starting_says_so_in_the_live_view() -> None:
    assert "starting: comparing the books" in drawn({**status_after(Script()), "ready": False})


@pytest.mark.parametrize(("realised", "fees", "gain"), [(-5 * MICRO, MICRO, 4 * MICRO), (2 * MICRO, 0, -2 * MICRO)])
def test_what_was_closed_gained_what_double_entry_says(realised: int, fees: int, gain: int) -> None:
    assert run_module.gain_of({"accounts": {"realised": realised, "fees": fees}}) == gain


def test_a_duration_may_be_in_hours(cli: Cli, fake: FakeRun, tmp_path: Path) -> None:
    cli("run", tmp_path / "desk", "--for", "2h")
    assert fake.given["for_ns"] == 2 * HOUR


def test_what_is_to_be_typed_names_the_desk_as_it_was_named() -> None:
    row = {
        "code": "K7M2QX", "words": "buy NO at 0.57", "instrument": "SIM-RAIN", "qty": MICRO, "worst_loss": MICRO,
        "given": [], "needed": 1, "expires_ts": SECOND,
    }  # fmt: skip
    status = {**status_after(Script()), "now_ts": 0, "intents": [row]}
    assert "in another terminal: assent approve -C desks/asks-me" in drawn(status, folder=Path("desks/asks-me"))

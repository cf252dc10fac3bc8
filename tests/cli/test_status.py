"""`assent status`, `orders`, `positions` and `intents` on a desk that does not run: from its ledger, and said so."""

from pathlib import Path

import pytest
from tests.cli.support import DESK_FILE, RAIN, SNOW, Cli, Lived, Past, lived_desk, make_folder

from assent.cli.exits import Exit
from assent.ledger.chain import Entry
from assent.ledger.sqlite import SqliteStore
from assent.model import inputs
from assent.model.facts import LookRequested
from assent.model.units import MICRO


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """A position, an open order, an unknown one, and a halt."""
    past = Past(make_folder(tmp_path / "busy"))
    past.trade(RAIN, qty_max=10 * MICRO)
    past.idea(SNOW, qty_max=4 * MICRO, time_in_force="gtc")
    past.accept(past.order(), filled=0)
    past.tell(inputs.HaltAsked("operator", "Ada", "lunch", past.now))
    past.close()
    return tmp_path / "busy"


def test_a_desk_that_does_not_run_is_told_from_its_ledger_with_exit_6(cli: Cli, busy: Path) -> None:
    told = cli("status", "-C", busy)
    assert told.code == Exit.NOT_RUNNING
    assert told.out.startswith("PAPER  tester  kalshi sim  account paper-1  not running\n")
    for part in (
        "level   HALTED; allowed: cancel",
        "cash $995.6294",
        "HALTED [operator] since 2026-01-05",
        "by Ada",
        "ends: a named person: assent halt resume",
        "SIM-RAIN  YES    10  $4.20    $4.20",
    ):
        assert part in told.out
    assert max(len(line) for line in told.out.splitlines()) <= 110


def test_json_is_the_status_itself(cli: Cli, busy: Path) -> None:
    told = cli("status", "-C", busy, "--json")
    assert told.code == Exit.NOT_RUNNING
    assert (told.json["running"], told.json["level"], told.json["cash"]) == (False, "HALTED", 995_629_400)
    assert told.json["ledger"]["path"].endswith("state/paper/kalshi_sim_paper.sqlite")


def test_a_desk_that_never_ran_says_so_and_makes_nothing(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path)
    told = cli("status", "-C", tmp_path)
    assert told.code == Exit.NOT_RUNNING
    assert told.out == "tester  has never run in this mode: there is no ledger yet\n"
    assert cli("positions", "-C", tmp_path).out.startswith("PAPER  tester  kalshi sim  account ")
    assert [path.name for path in tmp_path.iterdir()] == ["assent.toml"]


def test_each_mode_has_its_own_ledger(cli: Cli, busy: Path) -> None:
    assert "never run" in cli("status", "-C", busy, "--mode", "observe").out
    refused = cli("status", "-C", busy, "--mode", "live")
    assert refused.code == Exit.USAGE
    assert "mode `live` cannot run in environment `sim`" in refused.err


def test_orders_shows_what_may_still_fill_and_with_all_what_ever_was(cli: Cli, busy: Path) -> None:
    open_ones, all_ones = cli("orders", "-C", busy), cli("orders", "--all", "-C", busy, "--json")
    assert open_ones.code == all_ones.code == Exit.OK
    assert "buy YES at 0.42  SIM-SNOW     0/4  working, cancel asked" in open_ones.out
    assert "SIM-RAIN" not in open_ones.out
    assert [order["status"] for order in all_ones.json["orders"]] == ["filled", "working"]


def test_positions_shows_what_is_held(cli: Cli, busy: Path) -> None:
    told = cli("positions", "-C", busy)
    assert told.out.startswith("PAPER  tester")
    assert "not running" in told.out
    assert [row["instrument"] for row in cli("positions", "-C", busy, "--json").json["positions"]] == [RAIN]


def test_nothing_is_said_as_nothing(cli: Cli, lived: Lived) -> None:
    assert cli("orders", "-C", lived.folder).out.endswith("no orders\n")
    assert cli("positions", "-C", lived.folder).out.endswith("no positions\n")


def test_intents_are_listed_with_what_became_of_them(cli: Cli, lived: Lived) -> None:
    told = cli("intents", "--all", "-C", lived.folder)
    assert told.code == Exit.OK
    statuses = [line.split()[4] for line in told.out.splitlines()[1:]]
    assert statuses == ["EXECUTED", "REJECTED", "EXECUTED"]
    assert "edge" in told.out
    assert "buy NO at 0.60" in told.out


def test_intents_can_be_chosen_by_status_and_number(cli: Cli, lived: Lived) -> None:
    rejected = cli("intents", "list", "--status", "rejected", "-C", lived.folder, "--json").json
    assert [(row["status"], row["reason"]) for row in rejected["intents"]] == [("REJECTED", "edge")]
    last = cli("intents", "--all", "--limit", "1", "-C", lived.folder, "--json").json
    assert (len(last["intents"]), last["total"]) == (1, 3)
    assert last["intents"][0]["order_id"] == lived.lost.order_id
    assert cli("intents", "--all", "--limit", "2", "-C", lived.folder).out.endswith(
        "\nthe newest 2 of 3; --limit shows more\n"
    )
    assert "newest" not in cli("intents", "--all", "--limit", "3", "-C", lived.folder).out


@pytest.mark.parametrize(
    ("outcome", "fill", "stands"),
    [
        (None, 0, ("APPROVED", False)),
        (inputs.Unknown("no reply"), 0, ("APPROVED", True)),
        (inputs.Refused("no_funds", "x"), 0, ("FAILED", False)),
        (inputs.NotSent("halted"), 0, ("FAILED", False)),
        (inputs.Accepted("v", 0, 0), 0, ("EXPIRED", False)),
        (inputs.Accepted("v", 3 * MICRO, 0), 3 * MICRO, ("EXECUTED", False)),
        (inputs.Accepted("v", 0, 10 * MICRO), 0, ("APPROVED", False)),
    ],
)
def test_an_intent_stands_where_its_order_stands(
    cli: Cli, tmp_path: Path, outcome: inputs.Outcome | None, fill: int, stands: tuple[str, bool]
) -> None:
    past = Past(make_folder(tmp_path))
    past.idea(RAIN, qty_max=10 * MICRO)
    order = past.order()
    if outcome is not None:
        past.tell(inputs.SendAnswered(order.order_id, outcome, past.now))
    if fill:
        past.fill(order, fill)
    past.close()
    (row,) = cli("intents", "--all", "-C", tmp_path, "--json").json["intents"]
    assert (row["status"], row["unknown"]) == stands


def test_an_order_that_gave_way_to_a_newer_idea_is_superseded(cli: Cli, tmp_path: Path) -> None:
    text = DESK_FILE + '[constitution]\nsupersede_step_min = "0.02"\n'
    past = Past(make_folder(tmp_path, text))
    past.idea(RAIN, price=380_000, qty_max=10 * MICRO, time_in_force="gtc")
    order = past.order()
    past.accept(order, filled=0)
    past.idea(RAIN, price=400_000, qty_max=10 * MICRO, time_in_force="gtc")
    past.tell(inputs.CancelAnswered(order.order_id, inputs.Accepted("v", 0, 0), past.now))
    past.idea(RAIN, price=400_000, qty_max=10 * MICRO, time_in_force="gtc")
    past.close()
    older, refused, newer = cli("intents", "--all", "-C", tmp_path, "--json").json["intents"]
    assert [older["status"], refused["status"], newer["status"]] == ["SUPERSEDED", "REJECTED", "APPROVED"]
    assert refused["reason"] == "one_open_intent"
    assert cli("intents", "--status", "superseded", "-C", tmp_path, "--json").json["intents"] == [older]
    for code in (older["code"], refused["code"]):
        told = " ".join(cli("why", code, "-C", tmp_path).out.split())
        assert f"superseded by the idea with code {refused['code']}" in told


def test_in_observe_every_command_says_would(cli: Cli, tmp_path: Path) -> None:
    past = Past(make_folder(tmp_path, DESK_FILE.replace("[scope]", 'mode = "observe"\n[scope]')))
    past.idea(RAIN, time_in_force="gtc")
    past.close()
    (row,) = cli("intents", "--all", "-C", tmp_path, "--json").json["intents"]
    assert (row["status"], row["would"]) == ("APPROVED", True)
    assert "would be APPROVED" in cli("intents", "--all", "-C", tmp_path).out
    shown = cli("status", "-C", tmp_path).out
    assert shown.startswith("OBSERVE  tester")
    assert "orders that would rest (observe sends nothing)" in shown
    assert "orders: none" in shown
    told = cli("why", row["code"], "-C", tmp_path).out
    assert "verdict: WOULD be released; observe sends nothing" in told
    assert "WOULD: order" in told
    (standing,) = cli("status", "-C", tmp_path, "--json").json["would"]
    assert standing["order_id"] == row["order_id"]


def test_in_observe_what_may_not_rest_has_expired(cli: Cli, tmp_path: Path) -> None:
    past = Past(make_folder(tmp_path, DESK_FILE.replace("[scope]", 'mode = "observe"\n[scope]')))
    past.idea(RAIN, time_in_force="ioc")
    past.close()
    (row,) = cli("intents", "--all", "-C", tmp_path, "--json").json["intents"]
    assert (row["status"], row["would"]) == ("EXPIRED", True)


def test_a_skipped_last_look_is_told_with_its_numbers_and_a_waiting_one_with_its_time(cli: Cli, tmp_path: Path) -> None:
    past = Past(make_folder(tmp_path, DESK_FILE + '[constitution]\nlook_proof_age_max = "0s"\n'))
    past.idea(RAIN)
    past.idea(RAIN)
    asked = next(fact for _, _, fact in past.facts if isinstance(fact, LookRequested))
    qty = 50 * MICRO
    fresh = inputs.QuoteSeen(RAIN, 480_000, qty, 490_000, qty, past.now, past.now)
    past.tell(inputs.LookAnswered(asked.intent_id, fresh, "", past.now))
    past.idea(SNOW)
    past.close()
    skipped, waiting = cli("intents", "--all", "-C", tmp_path, "--json").json["intents"]
    assert (skipped["status"], skipped["reason"]) == ("REJECTED", "skipped_drift")
    assert (waiting["status"], waiting["reason"]) == ("PENDING", "")
    assert "waiting for a last look at the market" in cli("status", "-C", tmp_path).out
    told = cli("why", skipped["code"], "-C", tmp_path).out
    assert "verdict: skipped at its last look [skipped_drift]" in told
    assert "the fresh quote (YES)" in told
    assert "came 1 times meanwhile" in told
    assert "asked for anew" in told
    assert "verdict: waiting" in cli("why", waiting["code"], "-C", tmp_path).out


def test_a_ledger_that_does_not_fold_is_named_with_its_record(cli: Cli, tmp_path: Path) -> None:
    """The chain may be whole and the content still be nonsense: a foreign writer, or a fault of ours."""
    lived = lived_desk(tmp_path / "d")
    store = SqliteStore.open(lived.settings.ledger_path)
    store.append([Entry(lived.head.ts, "FillBooked", 1, b"{}")])
    store.close()
    told = cli("status", "-C", lived.folder)
    assert told.code == Exit.FOUND
    assert f"Record {lived.head.seq + 1} of" in told.err
    assert "assent ledger verify" in told.err

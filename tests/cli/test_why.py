"""`assent why`: the whole story on paper, readable, complete in JSON, inert, and the same from any kind of name."""

from pathlib import Path

import pytest
from tests.cli.support import HOSTILE, RAIN, SNOW, Cli, Lived, Past, lived_desk, make_folder

from assent.cli.exits import Exit
from assent.cli.story_text import WIDTH
from assent.model import inputs
from assent.model.ids import CODE_ALPHABET, human_code
from assent.model.units import MICRO


def test_a_trade_is_told_from_the_idea_to_the_money(cli: Cli, lived: Lived) -> None:
    told = cli("why", lived.won.order_id, "-C", lived.folder)
    assert told.code == Exit.OK, told.err
    for part in (
        "scripted wanted to buy YES at 0.42 in SIM-RAIN",
        "nothing was held before",
        "size 10, worst loss $4.371, fees at most $0.171",
        "estimate YES 0.60, edge after fees 0.16294 a contract",
        "  ask  0.42  x  50",
        "1.3 s old by the venue's time, 500 ms since it came in",
        "verdict: released. Every rule agreed.",
        f"order {lived.won.order_id}, assent: autonomous",
        "bought 10 YES at 0.42 in SIM-RAIN, fee $0.1706",
        "the market settled YES",
        "this intent alone: 10 contracts filled",
    ):
        assert part in told.out
    assert [line.split() for line in told.out.splitlines()[-4:]] == [
        ["cost", "$4.20"], ["fees", "$0.1706"], ["settlement", "paid", "$10.00"], ["profit", "$5.6294"],
    ]  # fmt: skip


def test_every_check_stands_there_with_its_numbers(cli: Cli, lived: Lived) -> None:
    told, data = (
        cli("why", lived.won.order_id, "-C", lived.folder),
        cli("why", lived.won.order_id, "-C", lived.folder, "--json"),
    )
    lines = {line.split()[1]: line.split() for line in told.out.splitlines() if line.startswith(("  ok  ", "  NO  "))}
    assert lines["total_exposure"] == ["ok", "total_exposure", "$4.371", "$50.00"]
    assert lines["edge"] == ["ok", "edge", "0.16294", "0.02"]
    checks = data.json["checks"]
    plain = [one["rule"] for one in checks if one["ok"] and one["measured"] is None and one["limit"] is None]
    assert [one["rule"] for one in checks if one["rule"] not in plain] == list(lines)
    said = " ".join(told.out.split())
    assert f"ok too: {', '.join(plain)}" in said, "nothing is left out"
    assert len(plain) > 5


def test_a_refused_idea_names_the_rule_what_to_do_and_what_would_have_been(cli: Cli, lived: Lived) -> None:
    told = cli("why", lived.refused, "-C", lived.folder)
    assert told.code == Exit.OK
    assert "verdict: refused [edge]. The expected gain after fees is below" in told.out
    refusing = next(line.split() for line in told.out.splitlines() if line.startswith("  NO  "))
    assert refusing == ["NO", "edge", "-0.007055", "0.02"]
    assert "the market settled YES" in told.out
    assert "in hindsight: a contract at this price would have gained $0.58 before fees" in told.out
    assert "this intent alone" not in told.out


def test_a_lost_no_is_told_as_what_it_was(cli: Cli, lived: Lived) -> None:
    told = cli("why", lived.lost.order_id, "-C", lived.folder)
    assert "scripted wanted to buy NO at 0.60 in SIM-SNOW" in told.out
    assert told.out.splitlines()[-1].split() == ["loss", "$3.084"]


def test_json_is_complete(cli: Cli, lived: Lived) -> None:
    story = cli("why", lived.won.order_id, "-C", lived.folder, "--json").json
    assert story["seal"]["mode"] == "paper"
    assert story["intent"]["price"] == 420_000
    assert story["quote"][:4] == [400_000, 30 * MICRO, 420_000, 50 * MICRO]
    assert [step["fact"]["type"] for step in story["steps"]] == ["OrderReleased", "FillBooked", "OrderAccepted"]
    assert story["money"]["gain"] == 5_629_400
    assert story["settled"]["result"] == "yes"


def test_any_name_leads_to_the_same_story(cli: Cli, lived: Lived) -> None:
    story = cli("why", lived.won.order_id, "-C", lived.folder, "--json").json
    intent = story["intent"]
    for name in (intent["intent_id"], intent["code"], intent["code"].lower(), lived.won.order_id[:8]):
        assert cli("why", name, "-C", lived.folder, "--json").json == story


def test_intents_show_is_the_same_command(cli: Cli, lived: Lived) -> None:
    assert cli("intents", "show", lived.refused, "-C", lived.folder) == cli("why", lived.refused, "-C", lived.folder)


def test_a_name_that_fits_several_is_refused_with_all_of_them(cli: Cli, lived: Lived) -> None:
    answer = cli("why", "i-", "-C", lived.folder)
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert "3 intents begin with 'i-': i-" in answer.err
    assert "Give more of the id" in answer.err


@pytest.mark.parametrize("name", ["zzz", "", "../../etc", "\x1b[2J"])
def test_a_name_that_nothing_has_is_refused_in_plain_words(cli: Cli, lived: Lived, name: str) -> None:
    answer = cli("why", name, "-C", lived.folder)
    assert answer.code == Exit.USAGE
    assert "Nothing in this ledger is called" in answer.err
    assert answer.err.isascii()
    assert "\x1b" not in answer.err


def test_a_slip_in_a_code_is_told_apart_from_a_code_of_another_desk(cli: Cli, lived: Lived) -> None:
    code = lived.refused
    assert cli("why", code, "-C", lived.folder).code == Exit.OK
    slipped = code[:-1] + CODE_ALPHABET[(CODE_ALPHABET.index(code[-1]) + 1) % len(CODE_ALPHABET)]
    assert "it has a slip in it" in cli("why", slipped.lower(), "-C", lived.folder).err
    assert "have a story" in cli("why", human_code("i-00000000000000ff"), "-C", lived.folder).err


def test_a_desk_that_never_ran_says_so(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path)
    answer = cli("why", "ABC", "-C", tmp_path)
    assert answer.code == Exit.USAGE
    assert "never run in mode paper" in answer.err


def test_a_story_fits_the_page_and_cannot_act_on_a_terminal(cli: Cli, tmp_path: Path) -> None:
    hostile = lived_desk(tmp_path / "d", title=HOSTILE)
    for name in (hostile.won.order_id, hostile.lost.order_id, hostile.refused):
        told = cli("why", name, "-C", hostile.folder)
        assert told.out.isascii()
        assert all(char == "\n" or char.isprintable() for char in told.out)
        assert max(len(line) for line in told.out.splitlines()) <= WIDTH
        assert r"evil \x1b[2J" in told.out
        assert "\x1b" not in cli("why", name, "-C", hostile.folder, "--json").out


def test_unknown_cancelled_and_late_orders_are_told_step_by_step(cli: Cli, tmp_path: Path) -> None:
    past = Past(make_folder(tmp_path))
    past.idea(RAIN, qty_max=10 * MICRO, time_in_force="gtc")
    order = past.order()
    past.tell(inputs.SendAnswered(order.order_id, inputs.Unknown("no reply"), past.now))
    past.tell(inputs.EvidenceSeen(order.order_id, inputs.Accepted("v", 0, order.qty), "poll", past.now))
    past.tell(inputs.CancelAsked(order.order_id, "Ada", past.now))
    past.tell(inputs.CancelAnswered(order.order_id, inputs.Accepted("v", 0, 0), past.now))
    past.fill(order, 2 * MICRO)
    past.idea(SNOW, fair=430_000)
    past.close()
    told = cli("why", order.order_id, "-C", tmp_path).out
    positions = [
        told.index(part)
        for part in (
            "is unknown, its worst case stays reserved", "is unknown no more: it is there", "released by Ada",
            "closed (cancelled)", "bought 2 YES", "in quarantine [late_fill]", "the market has not settled",
            "still held",
        )
    ]  # fmt: skip
    assert positions == sorted(positions)

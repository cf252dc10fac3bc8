"""`assent constitution`: the limits in force, what the file would change of them, and the one way to loosen one."""

from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.support import DESK_FILE, Answer, Cli, Lived, Past, lived_desk, make_folder

from assent.cli import constitution as commands
from assent.cli.exits import Exit
from assent.config import load
from assent.ledger.chain import Entry
from assent.ledger.lease import Lease
from assent.model.change import changes_between
from assent.model.constitution import LIMITS, Constitution
from assent.model.facts import SCHEMA_VERSION, ConstitutionChanged, encode_fact, kind_of

TIGHTER = DESK_FILE + '[constitution]\nedge_min = "0.03"\nprice_max = "0.90"\n'
LOOSER = DESK_FILE + '[constitution]\nedge_min = "0.01"\n'
MIXED = DESK_FILE + '[constitution]\nedge_min = "0.03"\nopen_positions_max = 6\n'
CONTRADICTING = DESK_FILE + '[constitution]\nprice_min = "0.60"\nprice_max = "0.40"\n'


@pytest.fixture
def own(tmp_path: Path) -> Lived:
    return lived_desk(tmp_path / "own")


def amend(cli: Cli, own: Lived, *options: str) -> Answer:
    return cli("constitution", "amend", own.folder, "--by", "Ada", "--reason", "a quiet month", *options)


def ways(told: Any) -> dict[str, str]:
    return {change["key"]: change["becomes"] for change in told["changes"]}


# --- show -----------------------------------------------------------------------------------------------


def test_show_tells_every_limit_with_value_unit_default_direction_and_sentence(cli: Cli, lived: Lived) -> None:
    told = cli("constitution", "show", lived.folder, "--json").json
    assert (told["source"], told["digest"]) == ("ledger", lived.settings.constitution.digest())
    assert [row["key"] for row in told["limits"]] == [limit.key for limit in LIMITS]
    edge = next(row for row in told["limits"] if row["key"] == "edge_min")
    assert edge == {
        "key": "edge_min", "section": "constitution", "value": 20_000, "unit": "price", "said": "0.02",
        "default_said": "0.02", "off": False, "tighter": "more",
        "sentence": next(limit.sentence for limit in LIMITS if limit.key == "edge_min"),
    }  # fmt: skip
    off = {row["key"] for row in told["limits"] if row["off"]}
    assert off == {limit.key for limit in LIMITS if limit.optional}
    assert told["file"] == {"digest": told["digest"], "changes": []}


def test_show_for_people_names_the_digest_every_limit_and_what_the_file_changes(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, TIGHTER)
    said = cli("constitution", "show", own.folder).out
    assert said.startswith(f"constitution {own.settings.constitution.digest()}\n  in force by the ledger\n")
    assert all(f"\n{limit.key} " in said and limit.sentence in said for limit in LIMITS)
    assert "TIGHTER  price_max  off   ->  0.90" in said


def test_before_the_first_run_the_limits_are_those_of_the_file(cli: Cli, tmp_path: Path) -> None:
    settings = make_folder(tmp_path / "new", TIGHTER)
    told = cli("constitution", "show", tmp_path / "new", "--json").json
    assert (told["source"], told["digest"]) == ("file", settings.constitution.digest())
    assert "there is no ledger yet" in cli("constitution", "show", tmp_path / "new").out
    seals = "There is no ledger yet: the first run seals the limits as the file says them.\n"
    assert cli("constitution", "diff", tmp_path / "new").out == seals


# --- check ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "start"),
    [
        (DESK_FILE, Exit.OK, "the file says the same"),
        (TIGHTER, Exit.OK, "takes the tighter limits"),
        (LOOSER, Exit.FOUND, "is refused"),
        (MIXED, Exit.FOUND, "is refused"),
        (CONTRADICTING, Exit.FOUND, "takes the tighter limits"),
        (DESK_FILE + '[constitution]\nedge_min = "lots"\n', Exit.USAGE, ""),
        ("[desk", Exit.USAGE, ""),
    ],
)
def test_check_says_what_a_start_would_do_and_ends_with_a_code(
    cli: Cli, own: Lived, text: str, code: Exit, start: str
) -> None:
    (own.folder / "assent.toml").write_text(text, encoding="utf-8")
    answer = cli("constitution", "check", own.folder)
    assert answer.code == code
    assert start in answer.out
    as_json = cli("constitution", "check", own.folder, "--json")
    assert as_json.code == code
    if code != Exit.USAGE:
        assert as_json.json["fine"] is (code == Exit.OK)
        assert start in as_json.json["start"]


def test_check_names_limits_that_contradict_each_other(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, CONTRADICTING)
    assert "BLOCKS  price_min 0.60 is above price_max 0.40" in cli("constitution", "check", own.folder).out
    (one,) = cli("constitution", "check", own.folder, "--json").json["complaints"]
    assert (one["keys"], one["kind"]) == (["price_min", "price_max"], "blocks")


def test_check_of_a_new_desk_says_that_its_limits_will_be_sealed(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path / "new")
    answer = cli("constitution", "check", tmp_path / "new")
    assert (answer.code, "seals these limits" in answer.out) == (Exit.OK, True)


# --- diff -----------------------------------------------------------------------------------------------


def test_diff_compares_the_limits_in_force_with_the_file(cli: Cli, own: Lived) -> None:
    assert (
        cli("constitution", "diff", own.folder).out == "No difference: the file says the same as the limits in force.\n"
    )
    make_folder(own.folder, MIXED)
    assert cli("constitution", "diff", own.folder).out.splitlines() == [
        "From the limits in force to the file:",
        "  TIGHTER  edge_min            0.02  ->  0.03",
        "  LOOSER   open_positions_max  5     ->  6",
    ]
    told = cli("constitution", "diff", own.folder, "--json").json
    assert (told["verdict"], ways(told)) == ("looser", {"edge_min": "tighter", "open_positions_max": "looser"})


def test_diff_compares_two_folders_or_two_files(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path / "one")
    make_folder(tmp_path / "two", TIGHTER)
    (tmp_path / "one" / "draft.toml").write_text(LOOSER, encoding="utf-8")
    folders = cli("constitution", "diff", tmp_path / "one", tmp_path / "two", "--json").json
    assert ways(folders) == {"edge_min": "tighter", "price_max": "tighter"}
    files = cli(
        "constitution", "diff", tmp_path / "two" / "assent.toml", tmp_path / "one" / "draft.toml", "--json"
    ).json
    assert ways(files) == {"edge_min": "looser", "price_max": "looser"}


def test_diff_with_a_file_that_is_not_there_is_a_mistake_of_usage(cli: Cli, own: Lived) -> None:
    answer = cli("constitution", "diff", own.folder, own.folder / "nowhere.toml")
    assert (answer.code, "there is no such file" in answer.err) == (Exit.USAGE, True)


# --- a start --------------------------------------------------------------------------------------------


def test_a_start_with_a_looser_file_is_refused_with_the_difference_and_writes_nothing(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, MIXED)
    refused = cli("run", own.folder, "--for", "1s", "--non-interactive")
    assert refused.code == Exit.USAGE
    assert "open_positions_max: 5 -> 6 (looser)" in refused.err
    assert "edge_min: 0.02 -> 0.03 (tighter)" in refused.err
    assert "assent constitution amend --by NAME --reason REASON" in refused.err
    assert cli("ledger", "verify", "-C", own.folder, "--json").json["records"] == own.head.seq


def test_a_resting_desk_can_be_halted_though_its_file_is_looser(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, LOOSER)
    assert cli("halt", "now", "-C", own.folder, "--by", "Ada", "--reason", "look").code == Exit.OK


@pytest.fixture
def ran(cli: Cli, tmp_path: Path) -> Path:
    """A desk of the box that ran once, so that its books and the exchange's agree."""
    folder = tmp_path / "ran"
    make_folder(folder)
    run(cli, folder)
    return folder


def run(cli: Cli, folder: Path) -> str:
    answer = cli("run", folder, "--for", "30s", "--speed", "1000", "--non-interactive")
    assert answer.code == Exit.OK, answer.err
    return answer.out


def test_a_start_takes_a_tighter_file_and_says_so_and_the_old_file_is_looser_then(cli: Cli, ran: Path) -> None:
    settings = make_folder(ran, TIGHTER)
    said = run(cli, ran)
    assert "ConstitutionChanged  limits taken from the file at start" in said
    assert "edge_min: 0.02 -> 0.03 (tighter); price_max: off -> 0.90 (tighter)" in said
    assert cli("status", "-C", ran, "--json").json["constitution"] == settings.constitution.digest()
    assert "ConstitutionChanged" not in run(cli, ran)
    shown = cli("constitution", "show", ran, "--json").json
    (changed,) = shown["history"]
    assert (changed["how"], changed["digest"]) == ("file at start", settings.constitution.digest())
    assert cli("ledger", "verify", "-C", ran).code == Exit.OK
    make_folder(ran)
    assert cli("run", ran, "--for", "1s", "--non-interactive").code == Exit.USAGE


@pytest.mark.parametrize(
    ("digest", "found"),
    [("", "has the digest"), (Constitution(series=("SIM",), edge_min=30_000).digest(), "")],
)
def test_the_ledgers_proof_knows_the_limits_in_force_and_finds_a_digest_that_is_not_theirs(
    cli: Cli, tmp_path: Path, digest: str, found: str
) -> None:
    past = Past(make_folder(tmp_path / "d"))
    old, new = past.settings.constitution, Constitution(series=("SIM",), edge_min=30_000)
    fact = ConstitutionChanged(old.digest(), new, digest, changes_between(old, new), "file at start", "", "")
    past.store.append([Entry(past.now, kind_of(fact), SCHEMA_VERSION, encode_fact(fact))])
    past.close()
    told = cli("ledger", "verify", "-C", tmp_path / "d", "--json").json
    assert (told["intact"], told["constitution"]) == (not found, digest)
    assert found in str(told["findings"])


# --- amend ----------------------------------------------------------------------------------------------


def test_an_amendment_by_a_named_person_loosens_on_the_record_and_the_desk_runs_on(cli: Cli, ran: Path) -> None:
    settings = make_folder(ran, LOOSER)
    done = cli("constitution", "amend", ran, "--by", "Ada", "--reason", "a quiet month", "--yes")
    assert (done.code, done.err) == (Exit.OK, "")
    assert "LOOSER  edge_min  0.02  ->  0.01" in done.out
    assert settings.constitution.digest() in done.out
    shown = cli("constitution", "show", ran, "--json").json
    assert shown["digest"] == settings.constitution.digest()
    assert [(one["how"], one["by"], one["reason"]) for one in shown["history"]] == [
        ("amendment", "Ada", "a quiet month")
    ]
    assert "amended by Ada: a quiet month" in cli("constitution", "show", ran).out
    assert "ConstitutionChanged" not in run(cli, ran)
    assert cli("ledger", "verify", "-C", ran).code == Exit.OK


def test_an_amendment_is_refused_when_the_books_differ(cli: Cli, own: Lived) -> None:
    """The ledger of this desk knows money that the exchange has never seen."""
    make_folder(own.folder, LOOSER)
    refused = amend(cli, own, "--yes")
    assert refused.code == Exit.REFUSED
    assert "books" in refused.err
    assert cli("constitution", "show", own.folder, "--json").json["digest"] == own.settings.constitution.digest()


def test_an_amendment_asks_for_the_lease_of_a_running_desk_and_does_not_get_it(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, LOOSER)
    lease = Lease.take(own.settings.ledger_path, started_ts=0)
    try:
        assert amend(cli, own, "--yes").code == Exit.HALTED
    finally:
        lease.release()


def test_without_a_terminal_an_amendment_needs_yes(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, LOOSER)
    refused = amend(cli, own)
    assert (refused.code, "--yes" in refused.err) == (Exit.USAGE, True)


def test_with_json_nobody_is_asked_so_an_amendment_needs_yes(
    cli: Cli, own: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(own.folder, LOOSER)
    monkeypatch.setattr(commands, "on_a_terminal", lambda: True)
    refused = amend(cli, own, "--json")
    assert (refused.code, refused.out, "--yes" in refused.err) == (Exit.USAGE, "", True)


def test_what_is_wrong_between_the_new_limits_is_told_before_they_are_confirmed(cli: Cli, own: Lived) -> None:
    make_folder(own.folder, CONTRADICTING)
    assert "BLOCKS  price_min 0.60 is above price_max 0.40" in amend(cli, own).out


def test_amending_to_the_same_limits_does_nothing_and_asks_nothing(cli: Cli, own: Lived) -> None:
    done = amend(cli, own)
    assert (done.code, "No difference" in done.out) == (Exit.OK, True)
    assert cli("ledger", "verify", "-C", own.folder, "--json").json["records"] == own.head.seq


def test_there_is_nothing_to_amend_before_the_first_run(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path / "new")
    answer = cli("constitution", "amend", tmp_path / "new", "--by", "Ada", "--reason", "x", "--yes")
    assert (answer.code, "nothing to amend" in answer.err) == (Exit.USAGE, True)


@pytest.mark.parametrize("blank", [("--by", " ", "--reason", "x"), ("--by", "Ada", "--reason", "")])
def test_an_amendment_without_a_name_or_a_reason_is_refused(cli: Cli, own: Lived, blank: tuple[str, ...]) -> None:
    make_folder(own.folder, LOOSER)
    assert cli("constitution", "amend", own.folder, *blank, "--yes").code == Exit.USAGE


@pytest.mark.parametrize(("right", "code"), [(True, Exit.OK), (False, Exit.USAGE)])
def test_on_a_terminal_the_first_letters_of_the_new_digest_must_be_typed(
    cli: Cli, ran: Path, monkeypatch: pytest.MonkeyPatch, right: bool, code: Exit
) -> None:
    digest = make_folder(ran, LOOSER).constitution.digest()
    asked: list[str] = []

    def typed(text: str, **_options: object) -> str:
        asked.append(text)
        return digest[:12] if right else "yes"

    monkeypatch.setattr(commands, "on_a_terminal", lambda: True)
    monkeypatch.setattr(click, "prompt", typed)
    answer = cli("constitution", "amend", ran, "--by", "Ada", "--reason", "a quiet month")
    assert (answer.code, asked) == (code, [f"Type {digest[:12]} to bring these limits into force"])
    assert (cli("constitution", "show", ran, "--json").json["digest"] == digest) is right
    assert load(ran).constitution.digest() == digest

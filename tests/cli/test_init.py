"""`assent init`: a file that works at once, and nothing that was there before is touched."""

import os
import pwd
import stat
import tomllib
from pathlib import Path

import pytest
from tests.cli.support import Cli

from assent.cli.exits import Exit
from assent.cli.init import NAME_MARK, NOT_VALIDATED, asking, template_names, template_text
from assent.config import SETTINGS, STRATEGY_OPTIONS, STRATEGY_SETTINGS, load
from assent.config.values import read_value
from assent.model.errors import AssentError


def test_a_new_desk_can_be_run_as_it_is(cli: Cli, tmp_path: Path) -> None:
    made = cli("init", tmp_path / "my-desk", "--template", "kalshi-paper")
    assert made.code == Exit.OK
    settings = load(tmp_path / "my-desk")
    assert (settings.name, settings.mode, settings.environment) == ("my-desk", "paper", "sim")


def test_it_says_what_is_next_and_that_the_numbers_are_not_validated(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "d1"
    text, data = cli("init", folder), cli("init", tmp_path / "d2", "--json").json
    assert NOT_VALIDATED in text.out
    assert f"  assent run {folder} --speed 60" in text.out
    assert data["path"] == str(tmp_path / "d2" / "assent.toml")
    assert data["note"] == NOT_VALIDATED


def test_a_desk_that_is_there_is_never_overwritten(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text("mine", encoding="utf-8")
    refused = cli("init", tmp_path)
    assert refused.code == Exit.USAGE
    assert "never overwritten" in refused.err
    assert (tmp_path / "assent.toml").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_folder_s_place_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    assert cli("init", tmp_path / "taken").code == Exit.USAGE
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["with space", "-dash", "ev\x1b[2Jil", 'quo"te', "a" * 65])
def test_a_name_that_could_not_stand_in_a_file_or_a_banner_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    refused = cli("init", "--", tmp_path / name)
    assert refused.code == Exit.USAGE
    assert "cannot be a desk's name" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_template_is_answered_with_the_nearest(cli: Cli, tmp_path: Path) -> None:
    refused = cli("init", tmp_path / "d", "--template", "kalshi-papr")
    assert refused.code == Exit.USAGE
    assert "did you mean kalshi-paper? This version ships" in refused.err
    assert not (tmp_path / "d").exists()


def test_the_folder_is_its_owner_s_alone(cli: Cli, tmp_path: Path) -> None:
    cli("init", tmp_path / "d")
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700


@pytest.mark.parametrize("template", template_names())
def test_a_template_explains_every_setting_and_fits_every_line_of_the_table(template: str) -> None:
    text = template_text(template)
    said = tomllib.loads(text.replace(NAME_MARK, "x"))
    for setting in SETTINGS:
        assert read_value(setting, said[setting.section][setting.key]) is not None
    for table in said["strategy"]:
        for setting in (*STRATEGY_SETTINGS, *STRATEGY_OPTIONS[table["kind"]]):
            assert read_value(setting, table[setting.key]) is not None
    speaks_for_itself = ("venue", "name", "markets", "events", "series")
    uncommented = [
        line
        for line in text.splitlines()
        if "=" in line and "#" not in line and line.split()[0] not in speaks_for_itself
    ]
    assert not uncommented


def test_what_comes_next_is_right_for_the_template(cli: Cli, tmp_path: Path) -> None:
    assert any("--speed 60" in text for text in cli("init", tmp_path / "sim", "--json").json["next"])
    told = cli("init", tmp_path / "box", "--template", "kalshi-box", "--json").json["next"]
    assert any("assent exchange kalshi --dir kalshi-box" in text for text in told)
    assert any(f"kalshi.key_id=KEY_ID {tmp_path / 'box'}" in text for text in told)
    assert not any("--speed" in text for text in told)


def test_a_template_for_an_exchange_outside_does_not_send_by_itself(cli: Cli, tmp_path: Path) -> None:
    cli("init", tmp_path / "box", "--template", "kalshi-box")
    settings = load(tmp_path / "box")
    assert (settings.environment, settings.mode, settings.sends) == ("box", "dry-run", False)


@pytest.mark.parametrize("template", template_names())
def test_a_template_warns_that_its_numbers_are_not_validated(template: str) -> None:
    assert "NOT VALIDATED" in template_text(template)


def test_a_desk_may_be_made_so_that_it_asks_its_maker_first(cli: Cli, tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    for template in template_names():
        folder = tmp_path / template
        told = cli("init", folder, "--template", template, "--ask-me", "--json").json
        assert any(step.startswith(f"assent approve -C {folder}") for step in told["next"])
        limits = load(folder).constitution
        assert [(p.action, p.loss, p.people) for p in limits.approvals] == [("open", 0, 1)]
        assert [(p.name, p.identities) for p in limits.approvers] == [(me, (f"os:{me}",))]
    plain = load(template_made(cli, tmp_path / "plain")).constitution
    assert not plain.approvals


def template_made(cli: Cli, folder: Path) -> Path:
    assert cli("init", folder).code == Exit.OK
    return folder


@pytest.mark.parametrize("me", ["DOMAIN\\ada", "ada lovelace", 'a"b', ""])
def test_a_user_s_name_that_is_no_person_s_name_is_not_written_into_a_file(me: str) -> None:
    with pytest.raises(AssentError, match="cannot stand among the approvers"):
        asking(template_text("kalshi-paper"), me)

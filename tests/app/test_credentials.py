"""One key for a mode, read once: from a file that only its owner can read, or a variable that is then forgotten."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.app.keys import new_pem, secret_of, write_key

from assent.app.credentials import KeyMissing, key_fault, load_key
from assent.config import Settings, load
from assent.model.errors import AssentError
from assent.venue.kalshi.signing import KEY_HEADER

DESK = """
[desk]
name = "d"
account = "main-1234"
mode = "{mode}"
dry_run = {dry_run}
environment = "box"
[scope]
series = ["S"]
[[strategy]]
name = "value"
[kalshi]
"""
TRADING = 'key_id = "trade-1"\nkey_file = "trade.pem"\n'
READING = 'read_key_id = "read-1"\nread_key_file = "read.pem"\n'


def desk(folder: Path, lines: str = TRADING + READING, *, mode: str = "live", dry_run: str = "false") -> Settings:
    (folder / "assent.toml").write_text(DESK.format(mode=mode, dry_run=dry_run) + lines, encoding="utf-8")
    return load(folder)


def key_id(settings: Settings) -> str:
    return load_key(settings, {}).headers("GET", "/trade-api/v2/x", 10**18)[KEY_HEADER]


def test_a_mode_loads_its_own_key_and_the_other_need_not_even_be_there(tmp_path: Path) -> None:
    write_key(tmp_path / "trade.pem")
    assert key_id(desk(tmp_path, mode="live")) == "trade-1"
    assert key_id(desk(tmp_path, mode="live", dry_run="true")) == "trade-1"
    write_key(tmp_path / "read.pem")
    (tmp_path / "trade.pem").unlink()
    assert key_id(desk(tmp_path, mode="observe")) == "read-1"


def test_observe_never_falls_back_to_the_key_that_may_trade(tmp_path: Path) -> None:
    write_key(tmp_path / "trade.pem")
    with pytest.raises(KeyMissing, match=r"\[kalshi\] read_key_id is not said"):
        load_key(desk(tmp_path, TRADING, mode="observe"), {})


def test_a_mode_that_needs_no_key_gets_none(tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text(
        '[desk]\nname = "d"\n[scope]\nseries = ["S"]\n[[strategy]]\nname = "v"\n[kalshi]\n' + TRADING, encoding="utf-8"
    )
    settings = load(tmp_path)
    assert settings.key is None
    with pytest.raises(KeyMissing, match="has no key"):
        load_key(settings, {})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o601])
def test_a_key_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    write_key(tmp_path / "trade.pem", mode=mode)
    with pytest.raises(KeyMissing, match=f"may be read or changed by others \\(mode {mode:o}\\).*chmod 600"):
        load_key(desk(tmp_path), {})


def test_a_key_file_that_is_no_plain_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trade.pem", 0o600)
    with pytest.raises(KeyMissing, match="is no plain file"):
        load_key(desk(tmp_path), {})


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=re.escape(f"the key file {tmp_path / 'trade.pem'} cannot be opened")):
        load_key(desk(tmp_path), {})


def test_a_key_in_a_variable_is_taken_out_of_the_environment_with_the_other_one(tmp_path: Path) -> None:
    settings = desk(
        tmp_path,
        'key_id = "trade-1"\nkey_variable = "TRADE_KEY"\nread_key_id = "read-1"\nread_key_variable = "READ_KEY"\n',
    )
    environment = {"TRADE_KEY": new_pem().decode(), "READ_KEY": new_pem().decode(), "HOME": "/h"}
    assert load_key(settings, environment).kind == "ed25519"
    assert environment == {"HOME": "/h"}
    environment["READ_KEY"] = "x"
    with pytest.raises(KeyMissing, match="the variable TRADE_KEY is not set"):
        load_key(settings, environment)
    assert environment == {"HOME": "/h"}, "also after a refusal"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "key_id is not said"),
        ('key_id = "k"', "key_file and key_variable are both not said"),
        ('key_id = "k"\nkey_file = "a"\nkey_variable = "B"', "key_file and key_variable are both said"),
    ],
)
def test_a_key_stands_in_exactly_one_place(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(KeyMissing, match=said):
        load_key(desk(tmp_path, lines), {})


def test_looking_for_a_fault_takes_nothing_away(tmp_path: Path) -> None:
    settings = desk(tmp_path, 'key_id = "k"\nkey_variable = "TRADE_KEY"')
    environment = {"TRADE_KEY": new_pem().decode()}
    assert key_fault(settings, environment) is None
    assert "TRADE_KEY" in environment
    assert isinstance(key_fault(settings, {}), KeyMissing)


@pytest.mark.parametrize("broken", [lambda pem: pem[:-60], lambda pem: pem.replace(b"M", b"N", 1), lambda pem: pem * 2])
def test_no_fault_ever_quotes_what_was_in_the_file(tmp_path: Path, broken) -> None:
    settings = desk(tmp_path)
    pem = write_key(tmp_path / "trade.pem")
    (tmp_path / "trade.pem").write_bytes(broken(pem))
    fault = key_fault(settings, {})
    assert isinstance(fault, AssentError)
    told = f"{fault!r} {fault} {fault.__cause__!r} {fault.__context__!r}"
    assert secret_of(pem)[8:24] not in told


def test_a_desk_at_a_box_is_told_that_the_box_makes_its_key(tmp_path: Path) -> None:
    here = desk(tmp_path, "")
    assert "Take the one that `assent exchange kalshi` prints" in str(key_fault(here, {}))
    assert "Create a key in the account's settings" in str(key_fault(replace(here, environment="demo"), {}))

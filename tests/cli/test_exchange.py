"""`assent exchange kalshi` as its user meets it: what it prints, what it keeps private, how it says no."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pykalshi
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pykalshi.enums import Action, OrderStatus, Side
from pykalshi.exceptions import AuthenticationError
from tests.exchange.kalshi.served import A_DAY, Served, a_world
from tests.exchange.kalshi.support import ANN_PRIVATE, signed_headers

from assent.cli.exits import Exit
from assent.cli.main import main
from assent.exchange.kalshi.app import ROOT
from assent.exchange.kalshi.keyring import Keyring
from assent.exchange.types import DAY

PROGRAM = (sys.executable, "-m", "assent", "exchange", "kalshi")
PEM = serialization.Encoding.PEM
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


def run(*options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, options)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """What is said to a mistake, within this process: one line, exit 2, nothing else."""

    def refuse(*options: object) -> str:
        given = ("--for", "1s", "--port", "0", "--key-type", "ed25519", *options)
        status = main(["exchange", "kalshi", *map(str, given)])
        told = capsys.readouterr()
        assert (status, told.out) == (Exit.USAGE, "")
        assert told.err.startswith("assent: ")
        return told.err

    return refuse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "box"


def test_it_says_where_it_is_and_with_which_key_and_shows_no_secret(folder: Path) -> None:
    done = run("--dir", folder, "--port", 0, "--for", "1s", "--seed", 3)
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    key_file = folder / "key-rsa.pem"
    for words in ("seed 3", "http://127.0.0.1:", "ws://127.0.0.1:", "/box/clock", str(key_file), "its time was over"):
        assert words in done.stdout
    secret = key_file.read_text()
    assert secret.startswith("-----BEGIN PRIVATE KEY-----")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    body = secret.splitlines()[1]
    told = [done.stdout, *(path.read_text() for path in folder.iterdir() if path != key_file)]
    assert not any(body in text for text in told)


def test_an_unchanged_strangers_client_trades_with_what_the_command_printed(folder: Path) -> None:
    box = Served(folder)
    try:
        rows = box.ask("GET", f"{ROOT}/markets?status=open&limit=1000").json["markets"]
        if not rows:
            pytest.skip("no market is open in the world's last minutes before midnight, UTC")
        ticker = next(row["ticker"] for row in rows if "0.0300" < row["yes_ask_dollars"] < "0.9900")
        key = box.ready["key"]
        with pykalshi.KalshiClient(
            key["key_id"], key["private_file"], api_base=box.ready["url"], max_retries=0
        ) as client:
            assert client.exchange.is_trading()
            ask = client.get_market(ticker).data.yes_ask_dollars
            taken = client.portfolio.place_order(ticker, Action.BUY, Side.YES, "1.00", yes_price_dollars=ask)
            assert taken.data.fill_count_fp == "1.00"
            rests = client.portfolio.place_order(
                ticker, Action.BUY, Side.YES, "4.00", yes_price_dollars="0.01", client_order_id="rests"
            )
            assert (
                client.portfolio.decrease_order(rests.order_id, reduce_by_fp="1.00").data.remaining_count_fp == "3.00"
            )
            assert client.portfolio.amend_order(rests.order_id, price_dollars="0.02").data.order_id == rests.order_id
            client.portfolio.cancel_order(rests.order_id)
            assert client.portfolio.get_order(rests.order_id).status == OrderStatus.CANCELED
            assert client.portfolio.get_positions()[0].position_fp == "1.00"
            assert client.portfolio.get_fills()[0].order_id == taken.order_id
            assert 99_000 <= client.portfolio.get_balance().balance < 100_000
        with (
            pykalshi.KalshiClient("nobody", key["private_file"], api_base=box.ready["url"], max_retries=0) as stranger,
            pytest.raises(AuthenticationError),
        ):
            stranger.portfolio.get_balance()
    finally:
        assert box.stop() == (0, "")


def test_a_key_of_ones_own_may_sign_and_both_kinds_are_made_once(folder: Path, tmp_path: Path) -> None:
    # At midnight nothing has happened yet, so each start is a quick one.
    a_world(folder, A_DAY * DAY).close()
    public = tmp_path / "public.pem"
    public.write_bytes(ANN_PRIVATE.public_key().public_bytes(PEM, PUBLIC))
    box = Served(folder, "--key-type", "ed25519", "--register", f"mine={public}")
    path = f"{ROOT}/portfolio/balance"
    mine = signed_headers("GET", path, box.now(), key_id="mine", private=ANN_PRIVATE)
    assert box.ask("GET", path, headers=mine).status == 200
    assert box.venue("GET", "/portfolio/balance").status == 200
    assert box.stop() == (0, "")
    # The next start knows them all without being told.
    again = Served(folder)
    assert [key["type"] for key in again.ask("GET", "/box/keys").json["keys"]] == ["ed25519", "ed25519", "rsa"]
    mine = signed_headers("GET", path, again.now(), key_id="mine", private=ANN_PRIVATE)
    assert again.ask("GET", path, headers=mine).status == 200
    assert again.venue("GET", "/portfolio/balance").status == 200
    assert again.stop() == (0, "")
    assert Keyring(folder, "box").own("ed25519").key_id == box.key_id


def test_a_key_that_is_no_key_of_the_venues_is_refused(folder: Path, tmp_path: Path, refused: Refused) -> None:
    a_world(folder, A_DAY * DAY).close()
    wrong, other, mine = (tmp_path / name for name in ("wrong.pem", "other.pem", "mine.pem"))
    wrong.write_text("no key")
    other.write_bytes(ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(PEM, PUBLIC))
    mine.write_bytes(ANN_PRIVATE.public_key().public_bytes(PEM, PUBLIC))
    assert "wrong.pem" in refused("--dir", folder, "--register", f"a={wrong}")
    assert "takes RSA and Ed25519" in refused("--dir", folder, "--register", f"a={other}")
    assert "is not KEYID=FILE" in refused("--dir", folder, "--register", "a")
    Keyring(folder, "box").register("a", mine)
    mine.write_bytes(Ed25519PrivateKey.generate().public_key().public_bytes(PEM, PUBLIC))
    assert "belongs to another key" in refused("--dir", folder, "--register", f"a={mine}")
    (folder / "keys.json").write_text("{")
    assert "keys.json" in refused("--dir", folder)


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are those of POSIX")
def test_a_private_key_that_others_may_read_is_refused(folder: Path, refused: Refused) -> None:
    a_world(folder, A_DAY * DAY).close()
    Keyring(folder, "box").own("ed25519").private_file.chmod(0o644)
    assert "chmod 600" in refused("--dir", folder)


def test_mistakes_are_told_with_what_to_do(folder: Path, tmp_path: Path, refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "--port 0 for any" in refused("--dir", folder, "--port", taken.getsockname()[1])
    assert "no loopback address" in refused("--dir", folder, "--host", "0.0.0.0")
    assert "no loopback address" in refused("--dir", folder, "--host", "example.com")
    faults = tmp_path / "faults.toml"
    faults.write_text('[[rule]]\npath = "*"\neffect = "lose"\nprobabilty = 0.1\n')
    assert "did you mean `probability`" in refused("--dir", folder, "--faults", faults)
    file = tmp_path / "file"
    file.write_text("")
    assert "name a folder" in refused("--dir", file)
    for cash in ("-1", "ten", "1.00001", "1e30"):
        assert "--cash" in refused("--dir", folder, "--cash", cash)
    for account in ("", "a b", "x" * 41):
        assert "--account" in refused("--dir", folder, "--account", account)
    assert "--speed" in refused("--dir", folder, "--speed", 0)
    assert not folder.exists() or not list(folder.iterdir())


def test_a_folder_belongs_to_one_world_and_one_process(folder: Path, refused: Refused) -> None:
    world = a_world(folder)
    assert "another process" in refused("--dir", folder)
    world.close()
    assert "seed 7, not 8" in refused("--dir", folder, "--seed", 8)
    assert "belongs to a world with cash" in refused("--dir", folder, "--cash", "5.00")
    assert "belongs to a world with account 'box'" in refused("--dir", folder, "--account", "other")
    (folder / "clock").write_text("noon")
    assert "remove the file" in refused("--dir", folder)
    (folder / "clock").unlink()
    journal = folder / "exchange.journal"
    journal.write_bytes(b"xxxxxxxx {}\n" + journal.read_bytes())
    assert "line 1 is damaged" in refused("--dir", folder)


def test_what_it_prints_for_programs_is_one_object_and_an_error_another(folder: Path) -> None:
    midnight = A_DAY * DAY
    a_world(folder, midnight).close()
    done = run("--dir", folder, "--port", 0, "--for", "1s", "--json", "--host", "::1", "--key-type", "ed25519")
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    told: Any = json.loads(done.stdout)
    assert told["url"].startswith("http://[::1]:")
    assert (told["account"], told["seed"], told["speed"]) == ("box", 7, 1)
    assert midnight <= told["now_ns"] < midnight + 10**9
    wrong = run("--dir", folder, "--json", "--host", "10.0.0.1")
    assert json.loads(wrong.stderr)["error"]["code"] == "host_not_loopback"

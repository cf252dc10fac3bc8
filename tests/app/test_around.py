"""What a mode is given to trade with: its hosts, its transport, and a key or none."""

import asyncio
import os
from pathlib import Path
from typing import get_args

import pytest
from tests.app.keys import write_key
from tests.app.test_credentials import READING, TRADING, desk

from assent.app.around import hosts_of, signer_of, transport_of
from assent.config import Settings, load
from assent.model.belts import Belts
from assent.model.inputs import Environment
from assent.model.units import MICRO, MINUTE
from assent.venue.kalshi.hosts import HOSTS
from assent.venue.transport import Answer, Failed, Request


class Wire:
    """A network that notes what would have left."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        self.left.append(request.method)
        return Answer(200, {}, b"{}")

    async def connect(self, target: str, headers: object, *, timeout_ns: int) -> Failed:
        return Failed("not_sent", "no socket here")

    async def close(self) -> None:
        return


def in_environment(folder: Path, environment: str, *, mode: str = "live", dry_run: str = "false") -> Settings:
    desk(folder, TRADING + READING, mode=mode, dry_run=dry_run)
    text = (folder / "assent.toml").read_text(encoding="utf-8").replace('"box"', f'"{environment}"')
    (folder / "assent.toml").write_text(text, encoding="utf-8")
    return load(folder)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("environment", ["box", "demo", "production"])
@pytest.mark.parametrize(
    ("mode", "dry_run", "writes"), [("observe", "false", False), ("live", "true", False), ("live", "false", True)]
)
def test_only_live_can_change_anything_at_a_venue(
    tmp_path: Path, method: str, environment: str, mode: str, dry_run: str, *, writes: bool
) -> None:
    wire = Wire()
    transport = transport_of(in_environment(tmp_path, environment, mode=mode, dry_run=dry_run), wire)
    got = asyncio.run(transport.request(Request(method, "/trade-api/v2/x", {}), timeout_ns=1))  # type: ignore[arg-type]
    if writes or method == "GET":
        assert wire.left == [method]
    else:
        assert (got, wire.left) == (Failed("not_sent", "dry_run"), [])


def test_every_environment_outside_has_hosts_and_no_setting_changes_them(tmp_path: Path) -> None:
    assert set(HOSTS) == set(get_args(Environment)) - {"sim", "box"}
    assert "demo" in hosts_of(in_environment(tmp_path, "demo")).rest
    live = in_environment(tmp_path, "production")
    assert hosts_of(live).rest == "https://external-api.kalshi.com"
    assert all(place.rest.startswith("https://") and place.websocket.startswith("wss://") for place in HOSTS.values())
    text = (tmp_path / "assent.toml").read_text(encoding="utf-8") + 'box_url = "http://127.0.0.1:1"\n'
    (tmp_path / "assent.toml").write_text(text, encoding="utf-8")
    assert hosts_of(load(tmp_path)) == hosts_of(live)


def test_the_box_has_one_port_for_both(tmp_path: Path) -> None:
    assert hosts_of(in_environment(tmp_path, "box")) == ("http://127.0.0.1:8551", "ws://127.0.0.1:8551")


def test_paper_is_given_no_signer_and_no_key_s_variable_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADE_KEY", "secret")
    (tmp_path / "assent.toml").write_text(
        '[desk]\nname = "d"\n[scope]\nseries = ["S"]\n[[strategy]]\nname = "v"\n[kalshi]\nkey_variable = "TRADE_KEY"\n',
        encoding="utf-8",
    )
    assert signer_of(load(tmp_path)) is None
    assert "TRADE_KEY" not in os.environ


def test_observe_signs_with_the_key_that_only_reads(tmp_path: Path) -> None:
    write_key(tmp_path / "read.pem")
    signer = signer_of(in_environment(tmp_path, "production", mode="observe"))
    assert repr(signer) == "<Signer ed25519, key id ending ad-1>"


@pytest.mark.parametrize(
    ("mode", "dry_run", "group_limit", "taken_off"),
    [("live", "false", 40 * MICRO, True), ("live", "true", 0, False), ("paper", "false", 0, False)],
)
def test_only_what_is_sent_stands_in_a_group_and_every_mode_decides_with_the_same_longest_life(
    tmp_path: Path, mode: str, dry_run: str, group_limit: int, *, taken_off: bool
) -> None:
    lines = TRADING + READING + 'order_group_limit = 40\norder_life_max = "20m"\n'
    desk(tmp_path, lines, mode=mode, dry_run=dry_run)
    belts = load(tmp_path).belts
    assert belts == Belts(order_life_max=20 * MINUTE, group_limit=group_limit, cancel_on_pause=taken_off)


def test_belts_that_are_off_are_none(tmp_path: Path) -> None:
    settings = in_environment(tmp_path, "box")
    assert settings.belts == Belts(cancel_on_pause=True)

"""What a mode is given to trade with: its hosts, its transport, and a key or none."""

import asyncio
import os
from pathlib import Path
from typing import get_args

import pytest
from tests.app.keys import write_key
from tests.app.test_credentials import READING, TRADING, desk
from tests.venue.fakes import ScriptedTransport, ok
from tests.venue.kalshi.desks import START, a_signer

from assent.app.around import ASKED_AGAIN, hosts_of, kalshi, signer_of, transport_of, way_to
from assent.config import Settings, load
from assent.desk.state import State
from assent.model.belts import Belts
from assent.model.inputs import Environment, NotSent, Outcome
from assent.model.orders import Order
from assent.model.units import DAY, MICRO, MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.kalshi.hosts import HOSTS
from assent.venue.kalshi.pace import Patience
from assent.venue.leaving import handed_over
from assent.venue.transport import Answer, Failed, Request


class Wire:
    """A network that notes what would have left."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        stays = handed_over(request) if request.withheld else None
        if stays is not None:
            return Failed("not_sent", *stays)
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


def test_a_venue_asks_the_desk_s_own_books_again_before_an_order_leaves(tmp_path: Path) -> None:
    wire = Wire()
    write_key(tmp_path / "trade.pem")

    async def main() -> Outcome:
        settings, clock = in_environment(tmp_path, "box"), VirtualClock(1_790_000_000 * SECOND)
        signer = signer_of(settings)
        assert signer is not None
        venue = kalshi(settings, way_to(wire, signer, clock, Patience()), clock, State())
        order = Order(
            order_id="11111111-aaaa-4aaa-8aaa-000000000001", intent_id="i-1", attempt=1, instrument="KXRAIN-T1",
            side="buy", type="limit", price=400_000, qty=MICRO, time_in_force="gtc",
        )  # fmt: skip
        return await venue.send(order)

    assert virtual.run(main()) == NotSent("no_order_path")
    assert wire.left == [], "no ledger had released it"


def test_a_start_asks_for_what_may_be_missing_and_not_for_the_whole_life_of_its_ledger(tmp_path: Path) -> None:
    write_key(tmp_path / "trade.pem")
    settings = in_environment(tmp_path, "box")
    signer = signer_of(settings)
    assert signer is not None
    now = 1_790_000_000 * SECOND

    def since(state: State) -> int:
        async def main() -> int:
            clock = VirtualClock(now)
            return kalshi(settings, way_to(Wire(), signer, clock, Patience()), clock, state)._account.since_ts

        return virtual.run(main())

    state = State()
    assert since(state) == now, "a ledger that is not begun yet begins now"
    state.opened_ts = now - 30 * DAY
    assert since(state) == state.opened_ts, "never compared: anything may be missing"
    state.matched_ts = now - DAY
    assert since(state) == state.matched_ts - ASKED_AGAIN
    state.matched_ts = state.opened_ts + SECOND
    assert since(state) == state.opened_ts, "what was before is not its own"


def test_the_budget_of_requests_fills_while_a_long_ledger_is_read() -> None:
    """A start asks some thirty questions of ten tokens each, and the lowest tier has eighteen of them in a second."""

    async def asked_at(reading_ns: int) -> list[int]:
        clock = VirtualClock(START)
        transport = ScriptedTransport(lambda _: ok(), clock.now)
        way = way_to(transport, a_signer(), clock, Patience())
        await clock.sleep(reading_ns)
        read_ts = clock.now()
        for _ in range(18):
            await way.rest.read("/portfolio/balance")
        return [each.ts - read_ts for each in transport.sent]

    at_once, later = (virtual.run(asked_at(took_ns)) for took_ns in (0, 2 * SECOND))
    assert later == [0] * 18
    assert at_once[-1] > SECOND // 2, "who ran before us may just have emptied the venue's bucket"

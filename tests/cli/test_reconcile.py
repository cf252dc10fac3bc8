"""When the exchange knows of trades that the desk never made: shown, accepted by a named person, and traded on."""

from pathlib import Path
from typing import Any

import pytest
from tests.cli.support import Cli, Lived, lived_desk

from assent import app
from assent.app import wiring
from assent.cli import reconcile
from assent.cli.exits import Exit
from assent.config import Settings, load
from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import Accepted, MarketView, NewOrder
from assent.model.units import HOUR, MICRO, SECOND
from assent.runtime import control

EARLY = 1_767_571_200 * SECOND + HOUR
WHO = ("--by", "Ada", "--reason", "I bought these by hand")


class Standing:
    """The machine's clock, standing at an hour at which markets are open and little has to be lived through."""

    def now(self) -> int:
        return EARLY


class Account:
    """A desk that has run once, and its owner at the exchange's own page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: Settings = load(folder)

    def live(self, seconds: int = 30) -> dict[str, Any]:
        return app.run(self.settings, speed=600, for_ns=seconds * SECOND)

    def by_hand(self, *, rests: bool = False) -> MarketView:
        """One contract bought at the ask, or bid for far below it."""
        exchange, clock = app.open_exchange(self.settings, 1)
        try:
            exchange.catch_up(clock.now())
            view = _cheapest(exchange)
            assert view.ask is not None
            price = 10_000 if rests else view.ask
            order = NewOrder(
                client_order_id=f"hand-{len(exchange.orders())}", market=view.spec.ticker, side="buy", price=price,
                qty=MICRO, tif="gtc",
            )  # fmt: skip
            assert isinstance(exchange.submit(clock.now(), order), Accepted)
            return view
        finally:
            exchange.close()


def _cheapest(exchange: BoxedExchange) -> MarketView:
    quoted = [view for view in exchange.markets() if view.status == "active" and view.ask and view.bid]
    return max(quoted, key=lambda view: view.spec.close_ts)


@pytest.fixture
def account(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(wiring, "WallClock", Standing)
    assert cli("init", tmp_path / "desk").code == Exit.OK
    place = tmp_path / "desk" / "assent.toml"
    # It may not trade by itself: what differs is then what was done by hand.
    text = place.read_text(encoding="utf-8").replace('edge_min = "0.03"', 'edge_min = "0.99"')
    place.write_text(text, encoding="utf-8")
    return Account(tmp_path / "desk")


def books_halts(status: dict[str, Any]) -> set[str]:
    """Of the halts those that are about the books; a busy machine at this speed may raise some of its own."""
    return {halt["cause"] for halt in status["halts"]} & {"foreign_fill", "discrepancy"}


def show(cli: Cli, account: Account) -> Any:
    return cli("reconcile", "show", "-C", account.folder, "--json").json


def test_equal_books_are_told_with_exit_0(cli: Cli, account: Account) -> None:
    account.live()
    told = cli("reconcile", "show", "-C", account.folder)
    assert (told.code, told.out) == (Exit.OK, "our books equal the venue's; by kalshi\n")


def test_trades_made_by_hand_while_the_desk_was_down_are_shown_accepted_and_traded_on(
    cli: Cli, account: Account
) -> None:
    account.live()
    view = account.by_hand()
    ended = account.live()
    assert ended["level"] == "HALTED"
    assert books_halts(ended) == {"foreign_fill", "discrepancy"}

    told = cli("reconcile", "show", "-C", account.folder)
    assert told.code == Exit.FOUND
    assert f"position {view.spec.ticker}" in told.out
    assert "executions that this desk did not ask for" in told.out
    found = show(cli, account)
    assert [one["what"] for one in found["differences"]] == ["cash", f"position {view.spec.ticker}"]
    assert all(one["since_ts"] is not None for one in found["differences"])
    plan = found["accepting"]
    assert (plan["positions"][0]["qty_becomes"], plan["positions"][0]["cost_becomes"]) == (MICRO, MICRO)
    assert plan["positions"][0]["cost_by"] == "the worst case"

    resumed = cli("halt", "resume", "-C", account.folder, *WHO)
    assert resumed.code == Exit.REFUSED
    assert "assent reconcile show" in resumed.err

    done = cli("reconcile", "accept", "-C", account.folder, *WHO, "--digest", plan["digest"][:12])
    assert (done.code, done.err) == (Exit.OK, "")
    assert "accepted (by Ada, via its ledger: the desk does not run)" in done.out
    assert "our books equal the venue's" in done.out
    assert "assent halt resume" in done.out
    assert cli("halt", "resume", "-C", account.folder, *WHO).code == Exit.OK
    (position,) = cli("positions", "-C", account.folder, "--json").json["positions"]
    assert (position["instrument"], position["qty"]) == (view.spec.ticker, MICRO)
    status = cli("status", "-C", account.folder, "--json").json
    assert books_halts(status) == set()
    assert sum(status["accounts"].values()) == 0
    assert status["accounts"]["adjustments"] != 0

    assert books_halts(account.live()) == set(), "the same executions, told again at each start, are no news"
    told = cli("ledger", "show", "-C", account.folder)
    assert "Ada accepted the books of kalshi" in told.out
    assert cli("ledger", "verify", "-C", account.folder).code == Exit.OK


def test_positions_and_orders_from_before_the_first_start_are_accepted_by_one_act(cli: Cli, account: Account) -> None:
    held, bid = account.by_hand(), account.by_hand(rests=True)
    assert account.live()["level"] == "HALTED"
    plan = show(cli, account)["accepting"]
    assert [one["instrument"] for one in plan["positions"]] == [held.spec.ticker]
    assert [one["instrument"] for one in plan["orders"]] == [bid.spec.ticker]
    done = cli("reconcile", "accept", "-C", account.folder, *WHO, "--digest", plan["digest"])
    assert done.code == Exit.OK, done.err
    (order,) = cli("orders", "-C", account.folder, "--json").json["orders"]
    assert (order["status"], order["cancel"], order["open_qty"]) == ("working", "asked", MICRO)
    account.live()
    assert cli("orders", "-C", account.folder, "--json").json["orders"] == [], "the next start called it back"
    assert cli("halt", "resume", "-C", account.folder, *WHO).code == Exit.OK
    assert books_halts(account.live()) == set()


def test_an_order_of_others_is_cancelled_by_its_name_at_the_venue(cli: Cli, account: Account) -> None:
    account.live()
    account.by_hand(rests=True)
    done = cli("orders", "cancel", "hand-0", "-C", account.folder, "--by", "Ada")
    assert (done.code, done.err) == (Exit.OK, "")
    assert done.out.startswith("cancel recorded; the next start sends it (by Ada")
    account.live()
    assert cli("reconcile", "show", "-C", account.folder).code == Exit.OK
    unknown = cli("orders", "cancel", "nothing", "-C", account.folder, "--by", "Ada")
    assert unknown.code == Exit.REFUSED
    assert "know an open order by that name" in unknown.err


def test_what_changed_since_it_was_shown_is_refused_and_the_books_stay(cli: Cli, account: Account) -> None:
    account.live()
    account.by_hand()
    shown = show(cli, account)["accepting"]["digest"]
    account.by_hand()
    refused = cli("reconcile", "accept", "-C", account.folder, *WHO, "--digest", shown)
    assert refused.code == Exit.REFUSED
    assert "not those that were shown" in refused.err
    assert cli("positions", "-C", account.folder, "--json").json["positions"] == []


def test_without_a_digest_a_person_is_asked_and_a_script_is_told_what_to_give(
    cli: Cli, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.live()
    account.by_hand()
    refused = cli("reconcile", "accept", "-C", account.folder, *WHO)
    assert refused.code == Exit.USAGE
    assert "--digest" in refused.err
    monkeypatch.setattr(reconcile, "on_a_terminal", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: "no")
    assert "was shown" in cli("reconcile", "accept", "-C", account.folder, *WHO).err
    typed = show(cli, account)["accepting"]["digest"][:12]
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed)
    assert cli("reconcile", "accept", "-C", account.folder, *WHO).code == Exit.OK
    nothing = cli("reconcile", "accept", "-C", account.folder, *WHO)
    assert nothing.code == Exit.REFUSED
    assert "equal the venue's" in nothing.err


def test_leaving_a_position_needs_a_desk_that_runs(cli: Cli, account: Account) -> None:
    account.live()
    refused = cli("positions", "close", "--all", "-C", account.folder, *WHO)
    assert refused.code == Exit.NOT_RUNNING
    assert "assent run" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("positions", "close", *WHO), ("positions", "close", "KX", "--all", *WHO),
        ("positions", "close", "--all", "--price", "0.5", *WHO), ("positions", "close", "KX", "--price", "x", *WHO),
        ("orders", "cancel", "o", "--by", " "), ("orders", "cancel-all"), ("orders", "resolve", "o", *WHO),
        ("orders", "resolve", "o", "--as", "not-placed", "--filled", "1", "--evidence", "x", *WHO),
        ("orders", "resolve", "o", "--as", "ended", "--fee", "1", "--evidence", "x", *WHO),
        ("orders", "resolve", "o", "--as", "filled", "--evidence", "", *WHO),
        ("reconcile", "accept", "--by", "Ada"), ("reconcile", "accept", "--by", "", "--reason", "x"),
    ],
)  # fmt: skip
def test_what_is_said_wrongly_is_a_wrong_use_and_changes_nothing(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    own = lived_desk(tmp_path / "own")
    assert cli(*arguments, "-C", own.folder).code == Exit.USAGE
    assert cli("status", "-C", own.folder, "--json").json["ledger"]["records"] == own.head.seq


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"ok": False, "error": "the running desk hung up", "unknown": True}, Exit.UNKNOWN),
        ({"ok": False, "error": "KX: [level] A halt forbids this action", "refused": True}, Exit.REFUSED),
        ({"ok": True, "facts": ["IntentProposed"], "intents": []}, Exit.OK),
    ],
)
def test_what_the_running_desk_answers_becomes_the_exit_code(
    cli: Cli, lived: Lived, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], code: Exit
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(control, "ask", lambda _path, request: asked.append(dict(request)) or answer)
    assert cli("positions", "close", "KX", "--price", "0.55", "-C", lived.folder, *WHO).code == code
    assert asked == [
        {"cmd": "close", "instrument": "KX", "price": 550_000, "by": "Ada", "reason": "I bought these by hand"}
    ]


def test_books_that_cannot_be_compared_are_told_with_exit_4(
    cli: Cli, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = {"compared": False, "why": "order x is unknown", "differences": [], "fills": [], "accepting": None}
    monkeypatch.setattr(control, "ask", lambda *_: {"ok": True, "reconcile": {**view, "halts": []}})
    told = cli("reconcile", "show", "-C", lived.folder)
    assert (told.code, told.out) == (Exit.UNKNOWN, "the books cannot be compared now: order x is unknown\n")

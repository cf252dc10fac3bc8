"""Desks with a past: folders with a real settings file and a real ledger, written by the real desk."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assent.cli.main import main
from assent.config import Settings, load
from assent.desk.desk import Desk
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import Entry, Head
from assent.ledger.sqlite import SqliteStore
from assent.model import inputs
from assent.model.constitution import Constitution
from assent.model.facts import SCHEMA_VERSION, Fact, IntentRefused, OrderReleased, encode_fact, kind_of
from assent.model.fees import fee_estimate
from assent.model.grids import CENT_GRID, WHOLE_CONTRACTS
from assent.model.inputs import Input
from assent.model.instruments import BinaryContract, QuadraticFee
from assent.model.intents import Proposal
from assent.model.orders import Fill, Order
from assent.model.units import MICRO, SECOND

EPOCH = 1_767_571_200 * SECOND
CASH = 1_000 * MICRO
LEDGER_ID = "0123456789abcdef"
CONSTITUTION = Constitution(series=("SIM",))
RAIN, SNOW = "SIM-RAIN", "SIM-SNOW"
# What a hostile venue may call its market: clear the screen, recolour it, write backwards.
HOSTILE = "evil \x1b[2J\x1b[31m\x9b1m \u202e title"

DESK_FILE = """
[desk]
name = "tester"
account = "paper-1"
[scope]
series = ["SIM"]
[[strategy]]
name = "scripted"
"""


def market(name: str, *, title: str = "Will it?") -> BinaryContract:
    return BinaryContract(
        id=name, venue="kalshi", event="SIM-DAY", series="SIM", title=title, prices=CENT_GRID,
        quantities=WHOLE_CONTRACTS, fees=QuadraticFee(70_000, 0), close_ts=EPOCH * 2,
    )  # fmt: skip


class Scripted:
    """A strategy that proposes what it was told, at the next quote."""

    name = "scripted"

    def __init__(self) -> None:
        self.next: list[object] = []

    def on_quote(self, _view: object, _quote: object) -> list[object]:
        told, self.next = self.next, []
        return told


class Script:
    """The real desk, told one thing a second; its facts are kept in memory with their numbers and times."""

    def __init__(
        self, constitution: Constitution = CONSTITUTION, *, mode: inputs.Mode = "paper", title: str = "Will it?"
    ) -> None:
        self.strategy = Scripted()
        self.desk = Desk([self.strategy])
        self.facts: list[tuple[int, int, Fact]] = []
        self.now = EPOCH
        self.fills = 0
        self.tell(inputs.LedgerOpening(LEDGER_ID, mode, "kalshi", "sim", "paper-1", constitution, "test", self.now))
        self.tell(inputs.DeskStarting("test", ("scripted",), self.now))
        self.tell(inputs.AccountSeen(CASH, (), (), "kalshi", self.now, self.now))
        for name in (RAIN, SNOW):
            self.tell(inputs.InstrumentSeen(market(name, title=title), self.now))
            self.tell(inputs.PhaseSeen(name, "open", self.now, self.now))

    def tell(self, inp: Input) -> list[Fact]:
        """One input, a second later."""
        self.now += SECOND
        facts = self.desk.handle(self.now, inp)
        for fact in facts:
            self.facts.append((len(self.facts) + 1, self.now, fact))
        return facts

    def idea(self, name: str = RAIN, **wanted: Any) -> list[Fact]:
        """The strategy proposes at a quote of 0.40 / 0.42; by default to buy at the ask what is worth 0.60."""
        self.strategy.next = [Proposal(**{"instrument": name, "price": 420_000, "fair": 600_000, **wanted})]
        seen = inputs.QuoteSeen(
            name, 400_000, 30 * MICRO, 420_000, 50 * MICRO, self.now - SECOND // 4, self.now + SECOND // 2
        )
        return self.tell(seen)

    def order(self) -> Order:
        """The order released last."""
        return next(fact.order for _, _, fact in reversed(self.facts) if isinstance(fact, OrderReleased))

    def fill(self, order: Order, qty: int, *, price: int | None = None, fee: int | None = None) -> str:
        self.fills += 1
        fill_id, at = f"fill-{self.fills}", order.price if price is None else price
        paid = fee_estimate(market(order.instrument), order.side, at, qty) if fee is None else fee
        fill = Fill(fill_id, order.order_id, order.instrument, order.side, at, qty, paid, True, self.now)
        self.tell(inputs.FillSeen(fill, self.now))
        return fill_id

    def accept(self, order: Order, *, filled: int) -> None:
        outcome = inputs.Accepted("venue-" + order.order_id[:4], filled, order.qty - filled)
        self.tell(inputs.SendAnswered(order.order_id, outcome, self.now))

    def trade(self, name: str = RAIN, **wanted: Any) -> Order:
        """An idea that is released, filled whole and accepted."""
        self.idea(name, **wanted)
        order = self.order()
        self.fill(order, order.qty)
        self.accept(order, filled=order.qty)
        return order

    def settle(self, name: str, result: inputs.Result, value: int | None = None) -> None:
        pays = {"yes": MICRO, "no": 0}.get(result, value or 0)
        self.tell(inputs.SettlementSeen(name, result, pays, self.now, self.now))


class Past(Script):
    """A script whose facts are written into the real ledger of a desk's folder."""

    def __init__(self, settings: Settings, *, title: str = "Will it?") -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.settings = settings
        self.store = SqliteStore.open(settings.ledger_path, create=True)
        self.anchors = AnchorFile(anchors_of(settings.ledger_path))
        super().__init__(settings.constitution, mode=settings.mode, title=title)

    def tell(self, inp: Input) -> list[Fact]:
        facts = super().tell(inp)
        self.store.append([Entry(self.now, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for fact in facts])
        return facts

    def close(self) -> Head:
        head = self.store.head()
        self.anchors.append(LEDGER_ID, head)
        self.anchors.close()
        self.store.close()
        return head


def make_folder(folder: Path, text: str = DESK_FILE) -> Settings:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "assent.toml").write_text(text, encoding="utf-8")
    return load(folder)


class Lived(NamedTuple):
    """A desk that made money on a YES, lost some on a NO, and had an idea refused for its small edge."""

    folder: Path
    settings: Settings
    won: Order
    lost: Order
    refused: str
    head: Head
    facts: list[tuple[int, int, Fact]]


def lived_desk(folder: Path, *, title: str = "Will it?") -> Lived:
    past = Past(make_folder(folder), title=title)
    won = past.trade(RAIN, qty_max=10 * MICRO)
    past.idea(SNOW, fair=430_000)
    lost = past.trade(SNOW, side="sell", price=400_000, fair=200_000, qty_max=5 * MICRO)
    past.settle(RAIN, "yes")
    past.settle(SNOW, "yes")
    refused = next(fact.intent.code for _, _, fact in past.facts if isinstance(fact, IntentRefused))
    head = past.close()
    return Lived(folder, past.settings, won, lost, refused, head, past.facts)


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """The command line in this process: the real `main`, with what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Answer:
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        told = self._capsys.readouterr()
        return Answer(int(code), told.out, told.err)

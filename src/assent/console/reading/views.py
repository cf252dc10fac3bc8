"""What a page shows, as plain values: whole micros, whole nanoseconds, names, and no formatting.

Every one of them is frozen, is made by `show`, and may be kept and read by any thread for as long as it likes.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from assent.console.reading.book import Amended, Run
from assent.console.reading.chain import ChainStatus
from assent.console.reading.equity import Point
from assent.console.reading.listing import LastQuote
from assent.desk.budgets import LossBudget
from assent.desk.gauges import Gauge
from assent.desk.halt_history import PastHalt
from assent.desk.intent_rows import IntentRow
from assent.desk.rows import HaltRow, LookRow, OrderRow, StoppedRow
from assent.desk.state import Grant
from assent.desk.story import Ages, Judged
from assent.model.belts import Belts
from assent.model.exits import Exits
from assent.model.intents import Intent, QuoteTaken
from assent.model.limit_rows import LimitRow


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """Which desk this is: sealed in its first record, so empty before it has one."""

    name: str
    mode: str
    venue: str
    environment: str
    account: str
    ledger_id: str
    constitution: str
    opened_ts: int
    markets: tuple[str, ...]
    events: tuple[str, ...]
    series: tuple[str, ...]
    narrowed: bool


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """The account's money. `equity` and what follows from it are None before the first mark."""

    cash: int
    reserved: int
    equity: int | None
    equity_ts: int | None
    peak: int | None
    drawdown: int | None
    exposure: int
    realised: int
    fees: int
    deposits: int
    adjustments: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page. `now_ts` is the desk's own time for which the gauges were read; of those that are `pending` as
    many as `asked` wait for people, the others for a look at the market."""

    deployment: Deployment
    now_ts: int
    level: str
    allowed: tuple[str, ...]
    halts: tuple[HaltRow, ...]
    stopped: tuple[StoppedRow, ...]
    worth: Worth
    budgets: tuple[LossBudget, ...]
    gauges: tuple[Gauge, ...]
    belts: Belts | None
    pending: int
    asked: int
    open_orders: int
    unknown_orders: int
    open_positions: int
    line: tuple[Point, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What people are asked: a yes must name exactly these terms, which cover exactly these orders.

    `people` different ones must say yes, `grants` are those who have, `may_answer` the names of all who may. `factor`:
    a yes needs a second factor. `price`: what there was to deal at when they were asked.
    """

    code: str
    terms: str
    orders: tuple[str, ...]
    people: int
    grants: tuple[Grant, ...]
    may_answer: tuple[str, ...]
    factor: bool
    price: int | None
    asked_ts: int
    expires_ts: int


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One intent that waits, for people (`asked`) or for a look at the market (`looking_since`). `words`, `title` and
    `intent` say what it is; `checks` are those of the proposal.

    `share` and `share_left`: parts per million of today's loss budget, of all of it and of what is left; None where
    nothing limits the day's loss. `price_then` is what there was to deal at when it was proposed, `price_last` the same
    in the newest quote that the ledger holds of the market (`last`): the market itself may have moved since.
    """

    row: IntentRow
    intent: Intent
    words: str
    title: str
    event: str
    series: str
    close_ts: int | None
    worst_loss: int
    fee: int
    edge: int | None
    share: int | None
    share_left: int | None
    quote: QuoteTaken | None
    ages: Ages | None
    price_then: int | None
    last: LastQuote | None
    price_last: int | None
    checks: tuple[Judged, ...]
    looking_since: int | None
    asked: Asked | None


class Intents(msgspec.Struct, frozen=True, kw_only=True):
    """`rows`: the newest, oldest first, and all that are open. `total`: how many the ledger holds."""

    pending: tuple[Card, ...]
    rows: tuple[IntentRow, ...]
    total: int


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """`rows`: the newest, open and ended, in the order of their release; `open`: those that may still fill."""

    open: tuple[OrderRow, ...]
    would: tuple[OrderRow, ...]
    looks: tuple[LookRow, ...]
    rows: tuple[OrderRow, ...]
    total: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One position. `mark` is what it would have brought when it last had a bid, None before that; `gain` what that is
    more than it cost. For a future `cost` is the notional of the entry, and the mark is the gain itself."""

    instrument: str
    title: str
    event: str
    series: str
    future: bool
    side: Literal["yes", "no"]
    qty: int
    cost: int
    average: int
    mark: int | None
    gain: int | None
    exposure: int
    close_ts: int | None
    exits: Exits | None


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    rows: tuple[Held, ...]
    cost: int
    gain: int
    unmarked: int


class Stake(msgspec.Struct, frozen=True, kw_only=True):
    """What may be lost under one name. `limit` is None where that limit is off."""

    name: str
    title: str
    loss: int
    limit: int | None
    share: int | None


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    total: Stake
    markets: tuple[Stake, ...]
    events: tuple[Stake, ...]
    series: tuple[Stake, ...]
    themes: tuple[Stake, ...]


class Halts(msgspec.Struct, frozen=True, kw_only=True):
    """`history`: oldest first, those that stand among them."""

    level: str
    standing: tuple[HaltRow, ...]
    stopped: tuple[StoppedRow, ...]
    history: tuple[PastHalt, ...]


class Constitution(msgspec.Struct, frozen=True, kw_only=True):
    """The limits in force. `narrowed`: what this start keeps to besides, by the key of the limit."""

    digest: str
    rows: tuple[LimitRow, ...]
    narrowed: Mapping[str, tuple[str, ...]]
    amended: tuple[Amended, ...]


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ledger ends, how far that was verified, and how many of the states that it marks agreed with ours."""

    head_seq: int
    head_hash: str
    head_ts: int
    states_agreed: int
    status: ChainStatus


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the venue's books show otherwise than ours."""

    what: str
    ours: int
    theirs: int
    since_ts: int
    source: str


class Beat(msgspec.Struct, frozen=True):
    """What the desk last wrote into its heartbeat, and when the file was written by this machine's clock. `speed`: how
    many times as fast as this machine's the desk's clock runs, in a world of its own."""

    ts: int
    status: str
    pid: int
    records: int
    written_ts: int = 0
    speed: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the desk and this reading of it are. Ages are as of `taken_ts`, by this machine's clock."""

    taken_ts: int
    beat: Beat | None
    beat_age: int | None
    matched_ts: int | None
    unmatched: int
    differences: tuple[Difference, ...]
    unknown: tuple[OrderRow, ...]
    rejections: Mapping[str, int]
    refusals: Mapping[str, int]
    run: Run | None
    version: str
    records: int
    head_ts: int
    behind: int

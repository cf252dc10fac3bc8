"""Desks as the pages may meet them: with nothing in them, on an ordinary day, and with hostile text in every field.

Snapshots are made by hand from the read side's own structs, so that a page is shown what no honest ledger would hold.
"""

import hashlib
from itertools import accumulate
from pathlib import Path
from typing import Any

from assent.console.reading import views
from assent.console.reading.book import Amended, Run
from assent.console.reading.chain import Anchored, ChainStatus
from assent.console.reading.equity import Point
from assent.console.reading.listing import LastQuote
from assent.console.reading.records import RecordPage, RecordRow, WholeRecord
from assent.console.reading.snapshot import PARTS, Snapshot
from assent.console.reading.source import Source
from assent.console.reading.stories import NotOne
from assent.console.reading.tail import Tail
from assent.desk.budgets import LossBudget
from assent.desk.gauges import Gauge
from assent.desk.halt_history import PastHalt, PastOverride
from assent.desk.intent_rows import IntentRow
from assent.desk.lots import Money, Settled
from assent.desk.rows import HaltRow, OrderRow, StoppedRow
from assent.desk.state import Grant
from assent.desk.story import Ages, Judged, Question, Step, Story
from assent.model import ids
from assent.model.assents import ApprovalRequested, AssentGiven, AssentRefused
from assent.model.belts import Belts
from assent.model.change import LimitChange
from assent.model.constitution import Constitution
from assent.model.facts import FillBooked, OrderAccepted, OrderReleased
from assent.model.intents import Intent, QuoteTaken, Score
from assent.model.levels import OVERRIDABLE
from assent.model.limit_rows import limit_rows
from assent.model.orders import Fill, Order
from assent.model.policy import Band, Person
from assent.model.reasons import sentence
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND, format_micros

NOW = 1_795_000_000 * SECOND
EQUITY, PEAK = 502_480_000, 524_070_000
# The idea whose story is told to its end; the other story is of one that waits.
SETTLED = 21
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' {{7*7}} {% x %} \u202egnp.exe\u2066 "
    "\x1b[31mred\x00\r\nSet-Cookie: a=b \ud800 e\u0301\u0302\u0303\u0304\u0305\u0306 \u200b\u00ad " + "W" * 300
)
MARKETS = (
    ("KXHIGHNY-26NOV18-B48.5", "Will the highest temperature in New York be 48° to 49° on 18 November?"),
    ("KXHIGHCHI-26NOV18-T41", "Will the highest temperature in Chicago be above 41° on 18 November?"),
    ("KXRAINSEA-26NOV19", "Will it rain in Seattle on 19 November?"),
    ("KXHIGHMIA-26NOV18-B82.5", "Will the highest temperature in Miami be 82° to 83° on 18 November?"),
    ("KXSNOWDEN-26NOV20-T2", "Will more than two inches of snow fall in Denver by 20 November?"),
)
CHECKS = (
    ("level", True, None, None, "flag"), ("scope", True, None, None, "flag"), ("market_open", True, None, None, "flag"),
    ("quote_proof", True, 1_200_000_000, 10 * SECOND, "duration"), ("spread", True, 10_000, 80_000, "price"),
    ("edge", True, 46_500, 20_000, "price"), ("risk_per_trade", True, 3_560_000, 10 * MICRO, "money"),
    ("daily_loss_guard", True, 6_410_000, 20 * MICRO, "money"),
    ("total_exposure", True, 18_700_000, 50 * MICRO, "money"),
    ("open_positions", True, 3, 5, "count"), ("funds", True, 3_560_000, 484_500_000, "money"),
)  # fmt: skip
CONSTITUTION = Constitution(
    series=("KXHIGHNY",), daily_loss_max=20 * MICRO, drawdown_fraction_max=150_000, notional_per_day_max=80 * MICRO,
    orders_per_day_max=40, approvals=(Band("open", 0, 1), Band("open", 4 * MICRO, 2)),
    approvers=(Person("ada", ("os:ada",)), Person("grace", ("token:grace",))), approval_mandatory=True,
    second_factor_from=4 * MICRO, second_factor_to_resume=True,
)  # fmt: skip


def checks(*, refused: bool = False) -> tuple[Judged, ...]:
    last = Judged("spread_norm", False, 3_400_000, 3 * MICRO, "ppm", sentence("spread_norm"))
    return tuple(Judged(*one, sentence(one[0])) for one in CHECKS) + ((last,) if refused else ())


def deployment(mode: str = "paper", environment: str = "box", *, text: str = "") -> views.Deployment:
    return views.Deployment(
        name="weather", mode=mode, venue="kalshi", environment=environment, account=text or "acc-7731",
        ledger_id="7h2k9q4mzt5w8x1c", constitution=CONSTITUTION.digest(), opened_ts=NOW - 40 * DAY, markets=(),
        events=(),
        series=("KXHIGHNY",), narrowed=False,
    )  # fmt: skip


def line(count: int = 120) -> tuple[Point, ...]:
    """A curve with a fall in it, the same every time, that ends at the equity and the peak of the day."""
    steps = [((step * 7_919) % 41 - 18) * 90_000 - (1_700_000 if 60 < step < 72 else 0) for step in range(count)]
    raw = list(accumulate(steps))
    most = max(raw, default=0)
    fallen, cent = most - sum(steps) or 1, MICRO // 100
    drawn = [PEAK - (most - one) * (PEAK - EQUITY) // fallen // cent * cent for one in raw]
    return tuple(
        Point(NOW - (count - 1 - at) * 6 * HOUR, one, one - 40_000, min(one + 40_000, PEAK), max(drawn[: at + 1]) - one)
        for at, one in enumerate(drawn)
    )


def intent(number: int, *, text: str = "", **changes: Any) -> Intent:
    fields: dict[str, Any] = {
        "intent_id": name(number),
        "code": code(number), "strategy": text or "threshold", "decision": number, "action": "open",
        "instrument": text or MARKETS[number % 5][0], "side": "buy", "type": "limit",
        "price": price_of(number), "qty": qty_of(number), "time_in_force": "ioc", "fee": 140_000,
        "worst_loss": qty_of(number) * paid_for(number) // MICRO + 140_000, "fair": fair_of(number), "edge": 46_500,
        "scores": (Score("confidence", 810_000),), "reason": text or "two models agree, the book is thin above 0.50",
    }  # fmt: skip
    return Intent(**(fields | changes))


def name(number: int) -> str:
    return f"i-{hashlib.sha256(f'intent {number}'.encode()).hexdigest()[:16]}"


def code(number: int) -> str:
    return ids.human_code(name(number))


def words_of(number: int) -> str:
    """Every second idea is about the other side."""
    return f"buy {'YES' if number % 2 else 'NO'} at {format_micros(paid_for(number))}"


def qty_of(number: int) -> int:
    return (5 + number % 4) * MICRO


def paid_for(number: int) -> int:
    """One contract of the side that is bought."""
    return price_of(number) if number % 2 else MICRO - price_of(number)


def fair_of(number: int) -> int:
    return price_of(number) + (70_000 if number % 2 else -70_000)


def price_of(number: int) -> int:
    return 340_000 + 10_000 * (number * 7 % 31)


def row(number: int, *, status: str = "PENDING", text: str = "", **changes: Any) -> IntentRow:
    one = intent(number, text=text)
    fields: dict[str, Any] = {
        "seq": 1_000 + number * 7, "ts": NOW - (40 - number) * 11 * MINUTE, "intent_id": one.intent_id,
        "code": one.code, "status": status, "unknown": False, "would": False, "reason": "",
        "strategy": one.strategy, "type": one.action,
        "side": one.side, "words": words_of(number), "instrument": one.instrument, "price": one.price, "qty": one.qty,
        "edge": one.edge, "fee": one.fee, "worst_loss": one.worst_loss, "expires_ts": None, "order_id": "",
    }  # fmt: skip
    return IntentRow(**(fields | changes))


def card(number: int, *, text: str = "", people: int = 1, grants: tuple[Grant, ...] = (), **changes: Any) -> views.Card:
    one = intent(number, text=text)
    quote = QuoteTaken(460_000, 20 * MICRO, 470_000, 35 * MICRO, NOW - 3 * SECOND, NOW - 2 * SECOND, NOW - SECOND)
    asked = views.Asked(
        code=one.code, terms=f"{number:02x}" * 32, orders=(f"{number + 7:02x}" * 32,), people=people, grants=grants,
        may_answer=(text or "ada", "grace"), factor=one.worst_loss >= CONSTITUTION.second_factor_from, price=470_000,
        asked_ts=NOW - 12 * SECOND, expires_ts=NOW + (20 + 14 * number) * SECOND,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "row": row(number, text=text), "intent": one, "words": words_of(number),
        "title": text or MARKETS[number % 5][1], "event": "KXHIGHNY-26NOV18",
        "series": "KXHIGHNY", "close_ts": NOW + 9 * HOUR,
        "worst_loss": one.worst_loss, "fee": one.fee, "edge": one.edge, "share": one.worst_loss * MICRO // (20 * MICRO),
        "share_left": one.worst_loss * MICRO // (17_150_000), "quote": quote,
        "ages": Ages(3 * SECOND, 2 * SECOND, SECOND), "price_then": price_of(number) - 10_000,
        "last": LastQuote(1_190, NOW - SECOND, quote),
        "price_last": price_of(number) + 10_000 * (number % 3 - 2),
        "checks": checks(refused=bool(text)), "looking_since": None,
        "asked": asked,
    }  # fmt: skip
    return views.Card(**(fields | changes))


def order(number: int, *, status: str = "working", text: str = "", **changes: Any) -> OrderRow:
    one = intent(number, text=text)
    fields: dict[str, Any] = {
        "order_id": f"{number:08x}-2b7d-41e0-9c1a-5d0f6a7788{number:02x}", "intent_id": one.intent_id, "code": one.code,
        "strategy": one.strategy, "action": "open", "words": words_of(number), "instrument": one.instrument,
        "side": "buy", "type": "limit", "time_in_force": "gtc", "price": one.price, "qty": one.qty,
        "filled": 3 * MICRO if number % 2 else 0, "open_qty": 5 * MICRO, "status": status, "cancel": "",
        "venue_order_id": text or "v-881", "released_ts": NOW - number * 13 * MINUTE, "unknown_ts": None,
        "expires_ts": NOW + 20 * MINUTE, "post_only": bool(number % 2), "reduce_only": False, "cancel_on_pause": True,
        "group_limit": 50 * MICRO,
    }  # fmt: skip
    return OrderRow(**(fields | changes))


def held(number: int, *, text: str = "", **changes: Any) -> views.Held:
    one = intent(number, text=text)
    cost, gain = (3_760_000, -540_000) if number % 2 else (2_820_000, 160_000)
    fields: dict[str, Any] = {
        "instrument": one.instrument, "title": text or MARKETS[number % 5][1],
        "event": "KXHIGHNY-26NOV18", "series": "KXHIGHNY",
        "future": False, "side": "yes" if number % 2 else "no", "qty": (8 if number % 2 else -6) * MICRO,
        "cost": cost, "average": 470_000, "mark": cost + gain, "exposure": cost,
        "gain": gain, "close_ts": NOW + number * HOUR, "exits": None,
    }  # fmt: skip
    return views.Held(**(fields | changes))


def halt(cause: str, level: str, reset: Any, *, text: str = "") -> HaltRow:
    return HaltRow(
        cause=cause, level=level, sentence=sentence(cause), detail=text or "equity $455.10, peak $536.40: 15.2 % below",
        by=text or "desk", since_ts=NOW - 2 * HOUR, reset=reset, quiet_ns=0,
        reset_how="a named person: assent halt resume --by NAME --reason REASON", overridable=cause in OVERRIDABLE,
        overridden_until_ts=NOW + 20 * MINUTE if text else None, overridden_by=text or None,
        overridden_why=text or None,
    )  # fmt: skip


def gauge(key: str, unit: Any, measured: int, limit: int, of: str = "") -> Gauge:
    share = -(-measured * MICRO // limit)
    words = next(one.sentence for one in limit_rows(CONSTITUTION) if one.key == key)
    return Gauge(key=key, sentence=words, unit=unit, measured=measured, limit=limit, share=share, of=of)


def gauges(text: str = "") -> tuple[Gauge, ...]:
    return (
        gauge("open_positions_max", "count", 3, 5), gauge("total_exposure_max", "money", 15_140_000, 50 * MICRO),
        gauge("market_exposure_max", "money", 8_200_000, 10 * MICRO, text or "KXHIGHNY-26NOV18-B48.5"),
        gauge("orders_per_day_max", "count", 31, 40), gauge("notional_per_day_max", "money", 80 * MICRO, 80 * MICRO),
        gauge("daily_loss_max", "money", 2_850_000, 20 * MICRO), gauge("drawdown_fraction_max", "ppm", 41_200, 150_000),
    )  # fmt: skip


def snapshot(**changes: Any) -> Snapshot:
    """An ordinary day unless it is said otherwise."""
    mode, environment = changes.pop("mode", "paper"), changes.pop("environment", "box")
    text, halted = changes.pop("text", ""), changes.pop("halted", False)
    halts = (halt("drawdown", "REDUCING", "human", text=text), halt("operator", "HALTED", "human", text=text))
    halts = halts if halted else ()
    two = (Grant("grace", "token:grace", NOW - 9 * SECOND),)
    pending = changes.pop("pending", (card(1, text=text), card(2, text=text), card(3, text=text, people=2, grants=two)))
    statuses = ("EXECUTED", "REJECTED", "EXECUTED", "EXPIRED", "FAILED", "SUPERSEDED", "APPROVED")
    rows = tuple(
        row(at, text=text, status=statuses[at % 7], reason="spread_norm" if at % 7 == 1 else "", unknown=at == 6)
        for at in range(4, 34)
    ) + tuple(one.row for one in pending)
    level = "HALTED" if halted else "TRADING"
    parts: dict[str, Any] = {
        "source": Source("following", "/var/lib/assent/weather/kalshi_box_paper.sqlite", 1_190, 1_190),
        "overview": views.Overview(
            deployment=deployment(mode, environment, text=text), now_ts=NOW, level=level,
            allowed=("cancel",) if halted else ("cancel", "claim", "close", "open"), halts=halts,
            stopped=(StoppedRow(strategy=text, reason="strategy_exception", sentence="It raised."),) if text else (),
            worth=views.Worth(
                cash=493_060_000, reserved=8_560_000, equity=EQUITY, equity_ts=NOW, peak=PEAK,
                drawdown=PEAK - EQUITY, exposure=15_140_000, realised=2_480_000, fees=3_115_200, deposits=500 * MICRO,
                adjustments=0,
            ),
            budgets=(
                LossBudget(period="day", lost=2_850_000, baseline=505_330_000, most=20 * MICRO, left=17_150_000),
            ),
            gauges=gauges(text), belts=Belts(20 * MINUTE, 50 * MICRO, True), pending=len(pending), asked=len(pending),
            open_orders=2,
            unknown_orders=int(bool(text)), open_positions=3, line=line(),
        ),
        "intents": views.Intents(pending=pending, rows=rows, total=len(rows)),
        "orders": views.Orders(
            open=(order(6, text=text, status="unknown" if text else "working"), order(7, text=text, cancel="asked")),
            would=(), looks=(), rows=tuple(order(at, text=text, status="closed") for at in range(8, 30)), total=24,
        ),
        "positions": views.Positions(
            rows=tuple(held(at, text=text) for at in (1, 2, 3)), cost=10_340_000, gain=-920_000, unmarked=0
        ),
        "exposure": views.Exposure(
            total=views.Stake(name="", title="", loss=15_140_000, limit=50 * MICRO, share=302_800), markets=(),
            events=(views.Stake(name=text or "KXHIGHNY-26NOV18", title="", loss=15_140_000, limit=None, share=None),),
            series=(views.Stake(name=text or "KXHIGHNY", title="", loss=15_140_000, limit=20 * MICRO, share=757_000),),
            themes=(),
        ),
        "halts": views.Halts(
            level=level, standing=halts, stopped=(),
            history=(
                PastHalt("daily_loss", "REDUCING", "next_day", text or "desk", text or "lost $20.10 of $20.00", 410,
                         NOW - 3 * DAY, 433, NOW - 2 * DAY, "desk", text or "the next day began"),
                PastHalt("operator", "HALTED", "human", text or "os:ada", text or "lunch", 901, NOW - 5 * HOUR, 915,
                         NOW - 4 * HOUR, text or "os:ada", text or "back again",
                         (PastOverride(text or "ada", text or "one look more", NOW - 5 * HOUR, NOW - 4 * HOUR),)),
            ),
        ),
        "constitution": views.Constitution(
            digest=CONSTITUTION.digest(), rows=tuple(limit_rows(CONSTITUTION)),
            narrowed={"series": (text,)} if text else {},
            amended=(
                Amended(733, NOW - 6 * DAY, CONSTITUTION.digest(), "amendment", text or "ada", text or "a calmer month",
                        (LimitChange("daily_loss_max", "25.00", "20.00", "tighter"),
                         LimitChange("orders_per_day_max", "30", text or "40", "looser"))),
            ),
        ),
        "health": views.Health(
            taken_ts=NOW, beat=views.Beat(NOW - 4 * SECOND, text or "trading", 4_711, 1_190, NOW - 4 * SECOND),
            beat_age=4 * SECOND, matched_ts=NOW - 30 * SECOND, unmatched=0,
            differences=(views.Difference(what=text, ours=1, theirs=2, since_ts=NOW, source=text),) if text else (),
            unknown=(), rejections={"market_data_crossed": 2}, refusals={"edge": 812, "spread": 77}, version="0.1.0",
            run=Run(902, NOW - 4 * HOUR, "0.1.0+3f9c2d1a77be", (text or "threshold",)), records=1_190, head_ts=NOW,
            behind=0,
        ),
        "chain": views.Chain(head_seq=1_190, head_hash="5a" * 32, head_ts=NOW, states_agreed=41, status=ChainStatus(
            verified_seq=1_190, verified_hash="5a" * 32, whole=True, whole_ts=NOW - 40 * MINUTE, anchors=12,
            last_anchor=Anchored(1_150, "7c" * 32, NOW - 20 * MINUTE), anchors_fault=text,
        )),
    }  # fmt: skip
    version = changes.pop("version", 7)
    parts |= changes
    return Snapshot(version=version, seq=1_190, edition=0, changed=dict.fromkeys(PARTS, version), **parts)


def nothing() -> Snapshot:
    """A console before any desk."""
    tail = Tail(Path("/var/lib/assent/no-such-desk/kalshi_box_paper.sqlite"), now=lambda: NOW, name="weather")
    tail.poll()
    return tail.snapshot


def hostile() -> Snapshot:
    """Every text that comes from outside is an attack."""
    return snapshot(text=HOSTILE, halted=True)


def story(wanted: str, text: str = "") -> Story | NotOne:
    """One that was asked about, assented to, released, filled and settled."""
    number = next((at for at in (2, SETTLED) if wanted in (code(at), name(at))), None)
    if number is None:
        return NotOne(wanted, (), "No intent has this id or code")
    one, known = intent(number, text=text), row(number)
    cost, paid = qty_of(number) * paid_for(number) // MICRO, qty_of(number)
    order_id = "00000002-2b7d-41e0-9c1a-5d0f6a778802"
    sent = Order(order_id, one.intent_id, 1, one.instrument, "buy", "limit", one.price, one.qty, "ioc")
    fill = Fill("f-1", order_id, one.instrument, "buy", one.price, one.qty, 140_000, True, NOW)
    bid, ask = one.price - 20_000, one.price - 10_000
    quote = QuoteTaken(bid, 20 * MICRO, ask, 35 * MICRO, NOW - 3 * SECOND, NOW - 2 * SECOND, NOW - SECOND)
    digest = "4d" * 32
    told: tuple[Any, ...] = (
        ApprovalRequested(one.intent_id, one.code, "02" * 32, (digest,), 1, ask, known.ts + MINUTE),
        AssentRefused(
            one.intent_id, text or one.code, "approve", "assent_copied", text or "os:eve", "web", text or "m-0"
        ),
        AssentGiven(one.intent_id, text or "ada", text or "os:ada", "web", text or "m-1", "02" * 32, False),
        OrderReleased(sent, digest, text or "ada"),
        OrderAccepted(order_id, text or "v-881", 0, one.qty),
        FillBooked(fill),
    )
    return Story(
        seal=None, seq=known.seq, ts=known.ts, intent=one, words=words_of(number), instrument=None, held_before=0,
        verdict="released", reason=None, sentence="Every rule agreed.", repeats=0, quote=quote,
        ages=Ages(3 * SECOND, 2 * SECOND, SECOND), checks=checks(refused=bool(text)), order=sent, digest=digest,
        assent=text or "ada", belts=Belts(20 * MINUTE, 50 * MICRO, True), look=None,
        question=Question(
            known.seq + 1, known.ts, one.code, "02" * 32, 1, ask, known.ts + MINUTE, (text or "ada",),
            "denied" if text else "", text, text,
        ),
        steps=tuple(Step(known.seq + 1 + at, known.ts + at * 7 * SECOND, fact) for at, fact in enumerate(told)),
        fills=(fill,), settled=Settled(1_180, NOW - 60 * SECOND, "yes", MICRO),
        money=Money(paid, cost, 140_000, 0, 0, paid, 0, paid - cost - 140_000), decision=None,
        hindsight_per_contract=None,
    )  # fmt: skip


WORDS = (
    ("EquityMarked", "equity $502.48, cash $493.06, exposure $15.14"),
    ("FillBooked", "bought 6 contracts at 0.57 in KXHIGHCHI-26NOV18-T41, fee $0.14 (taker), order 00000002"),
    ("OrderAccepted", "order 00000002 accepted by the venue as v-881"),
    ("OrderReleased", "order 00000002 released: buy 6 contracts at 0.57, assent: ada"),
    ("AssentGiven", f"ada said yes to {code(SETTLED)} on the web"),
    ("ApprovalRequested", f"{code(SETTLED)} asks for 1 person's assent until 11:07:40"),
    ("IntentProposed", f"threshold proposed {code(SETTLED)}: buy YES at 0.57, worst loss $3.56"),
)


def record_row(seq: int, text: str = "") -> RecordRow:
    kind, words = WORDS[seq % len(WORDS)]
    return RecordRow(
        seq=seq, ts=NOW - (1_190 - seq) * 8 * SECOND, kind=kind, version=1, words=text or words,
        hash=hashlib.sha256(str(seq).encode()).hexdigest(),
    )  # fmt: skip


def records(text: str = "") -> RecordPage:
    return RecordPage(
        rows=tuple(record_row(seq, text) for seq in range(1_141, 1_191)), older=1_141, newer=None, last_seq=1_190,
        stream="", value="",
    )  # fmt: skip


def record(seq: int, text: str = "") -> WholeRecord | None:
    if not 0 < seq <= 1_190:
        return None
    body = {"intent_id": intent(2).intent_id, "person": text or "ada", "nanoseconds": 1_795_000_000_000_000_001}
    prev = hashlib.sha256(str(seq - 1).encode()).hexdigest()
    return WholeRecord(row=record_row(seq, text), prev_hash=prev, body=body, last_seq=1_190)

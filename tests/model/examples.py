"""One or more examples of every fact, with every alternative that a field may hold."""

from typing import get_args

from tests.model.support import T0, a_future, a_market

from assent.model import assents, facts, would
from assent.model.books import PositionAdopted
from assent.model.change import LimitChange
from assent.model.constitution import Constitution
from assent.model.facts import Fact
from assent.model.inputs import Absent, Accepted, Holding
from assent.model.intents import Check, Intent, QuoteTaken, Score
from assent.model.orders import Correction, Fill, Mark, Order
from assent.model.overrides import HaltOverridden, OverrideEnded, OverrideRefused
from assent.model.plugins import PluginUsed
from assent.model.settling import ActRefused, BooksAdopted, FillRecognised, OrderAdopted
from assent.model.units import MICRO

MARKET = a_market()
CHANNELS = get_args(assents.Channel)
SMALL_INTENT = Intent(
    intent_id="i-0", code="234567", strategy="s", decision=1, action="cancel", instrument=MARKET.id, side="buy",
    type="limit", price=0, qty=0, time_in_force="ioc", fee=0, worst_loss=0,
)  # fmt: skip
FULL_INTENT = Intent(
    intent_id="i-0123456789abcdef", code="7Q4KMX", strategy="threshold", decision=12, action="open",
    instrument=MARKET.id, side="sell", type="stop_limit", price=480_000, qty=19_230_000, time_in_force="gtc",
    fee=336_100, worst_loss=9_999_700, fair=400_000, edge=62_500, stop_price=500_000, post_only=True,
    expires_ts=T0 + 60, order_id="o-9", parent="o-1", oca_group="g", protective=True,
    scores=(Score("dvs", 800_000), Score("confidence", 750_000)), reason='said "cheap" \\ müßig ∞',
)  # fmt: skip
CHECKS = (Check("mode", True), Check("edge", False, -12_000, 20_000), Check("funds", True, 0, None))
QUOTE = QuoteTaken(510_000, MICRO, 520_000, 2 * MICRO, T0 - 5, T0 - 3, T0 - 1)
SMALL_ORDER = Order("o-1", "i-0", 1, MARKET.id, "buy", "limit", 500_000, 10_000, "ioc")
FULL_ORDER = Order(
    "o-2", "i-1", 2, MARKET.id, "sell", "stop_limit", 480_000, MICRO, "day", stop_price=470_000, post_only=True,
    reduce_only=True, expires_ts=T0, parent="o-1", oca_group="g", protective=True,
)  # fmt: skip
FILL = Fill("f-1", "o-1", MARKET.id, "buy", 500_000, 10_000, 200, True, T0)
CONSTITUTION = Constitution(markets=(MARKET.id,), series=("A", "B"), edge_min=0)

EXAMPLES: tuple[Fact, ...] = (
    facts.LedgerOpened("0" * 16, "paper", "sim", "sim", "acc", CONSTITUTION, CONSTITUTION.digest(), "0.1+abc"),
    facts.LedgerOpened("z" * 16, "dry-run", "kalshi", "production", "", Constitution(), "", ""),
    facts.ConstitutionChanged(
        "0" * 64,
        CONSTITUTION,
        CONSTITUTION.digest(),
        (LimitChange("edge_min", "0.02", "0.00", "looser"),),
        "amendment",
        "ann",
        "a quiet month",
    ),
    facts.ConstitutionChanged(
        "", CONSTITUTION, "", (LimitChange("series", "A, B", "A", "tighter"),), "file at start", "", ""
    ),
    facts.AmendmentRefused("0" * 64, (), "ann", "our books have not been matched"),
    facts.DeskStarted("0.1+abc", ("threshold", "other")),
    facts.DeskStarted("", ()),
    facts.DeskStarted("0.1+abc", ("mine",), (PluginUsed("mine", "mine", "sha256:" + "0" * 64),)),
    facts.DeskStopped("asked"),
    facts.InstrumentListed(MARKET),
    facts.InstrumentListed(a_market(exclusive_group="E", payout="claim", source_digest="d")),
    facts.InstrumentListed(a_future()),
    facts.InputRejected("market_data_crossed", "sim", MARKET.id, 4),
    facts.IntentProposed(FULL_INTENT, CHECKS, QUOTE),
    facts.IntentProposed(SMALL_INTENT, (), None),
    facts.IntentRefused(FULL_INTENT, "edge", CHECKS, QuoteTaken(None, None, None, None, 0, 0, 0), 3),
    facts.IntentRefused(SMALL_INTENT, "order_form", CHECKS, None, 0),
    facts.LookRequested("i-0123456789abcdef", MARKET.id, 510_000),
    facts.LookRequested("i-0", MARKET.id, None),
    facts.IntentSkipped(
        "i-0123456789abcdef", "skipped_drift", "", (Check("skipped_drift", False, 60_000, 50_000),), QUOTE, 2
    ),
    facts.IntentSkipped("i-0", "skipped_unavailable", "no answer in time", (), None, 0),
    facts.DecisionRecorded("s", "NO_TRADE", "edge", (("dvs", 800_000),)),
    facts.DecisionRecorded("s", "TRADE", "", ()),
    assents.ApprovalRequested("i-0", "ABCDEF", "t", ("d", "e"), 2, 510_000, 9),
    assents.ApprovalRequested("i-1", "ABCDEG", "t", (), 1, None, 9),
    *(assents.AssentGiven("i-0", "ada", "os:ada", channel, f"m-{channel}", "t", True) for channel in CHANNELS),
    assents.AssentDenied("i-0", "ada", "token:phone", "web", "m-2", "too dear"),
    *(assents.ApprovalEnded("i-0", why, "desk", 3) for why in get_args(assents.Ending)),
    *(
        assents.AssentRefused("i-0", "ABCDEF", verdict, "assent_late", "os:ada", "terminal", "m-3")
        for verdict in get_args(assents.Verdict)
    ),
    facts.OrderReleased(SMALL_ORDER, "d", "autonomous"),
    facts.OrderReleased(FULL_ORDER, "d", "ann"),
    would.WouldRelease(SMALL_ORDER, "d", "autonomous"),
    would.AckSimulated("o-1", 10_000),
    would.WouldOrderEnded("o-1", "its life is over"),
    facts.OrderAccepted("o-1", "v-1", 0, 10_000),
    facts.OrderRefused("o-1", "insufficient_balance", "no"),
    facts.OrderNotSent("o-1", "halted"),
    facts.OrderUnknown("o-1", "no answer in time"),
    facts.OrderResolved("o-1", Accepted("v-1", 0, 0), "sim"),
    facts.OrderResolved("o-1", Absent("journal"), "sim"),
    facts.OrderResolved("o-1", Absent("the venue's support says so"), "the venue's support says so", "ann", "looked"),
    facts.OrderClosed("o-1", "cancelled", 0),
    facts.OrderQuarantined("o-1", "late_fill"),
    facts.CancelReleased("o-1", "ann", "a person asked"),
    facts.CancelEnded("o-1", "refused", "not_found"),
    facts.CancelEnded("o-1", "not_sent", ""),
    facts.CancelEnded("o-1", "unknown", ""),
    facts.CancelKept("o-1", "ann"),
    facts.FillBooked(FILL),
    facts.FillCorrected(Correction("f-1", 490_000, 0, -5, T0)),
    facts.FeeDiffered("f-1", 300, 200),
    facts.MarketSettled(MARKET.id, "yes", MICRO, -10_000, 0),
    facts.MarketSettled(MARKET.id, "no", 0, 0, 0),
    facts.MarketSettled(MARKET.id, "scalar", 330_000, 10_000, 3_300),
    facts.SettlementCorrected(MARKET.id, "no", 0, 10_000, -3_300, T0),
    facts.CashMoved(-5, "withdrawal"),
    facts.EquityMarked(100, 50, 10, (Mark("A", 50),)),
    facts.AccountMatched(100, (Holding("A", -1), Holding("B", 2)), 1, "sim"),
    facts.AccountMatched(0, (), 0, ""),
    facts.AccountSnapshot(100, (Holding("A", -1),), 1, 90, "sim"),
    facts.DiscrepancyFound("cash", 1, 2, "sim"),
    BooksAdopted(
        "d",
        1,
        2,
        (PositionAdopted("A", 0, 0, 5, 5, None), PositionAdopted("B", 1, 1, -1, 1, 7)),
        (FILL,),
        -3,
        "sim",
        "ann",
        "mine",
    ),
    BooksAdopted("", 0, 0, (), (), 0, "", "", ""),
    OrderAdopted(SMALL_ORDER, "v-1", 5_000, 200, 5_200, "ann"),
    FillRecognised(FILL),
    ActRefused("accept", "books", "ann", "our books equal the venue's already"),
    facts.StrategyStopped("s", "strategy_exception", "ValueError: no"),
    facts.HaltRaised("operator", 2, "human", "ann", "drill"),
    facts.HaltRaised("clock_jump", 1, "clear_for", "clock", ""),
    facts.HaltRaised("kill_switch_guard", 2, "switch", "owner", "STOP is there"),
    facts.HaltRaised("clock_jump", 1, "human", "clock", "the third time"),
    facts.HaltCleared("operator", "ann", "looked"),
    facts.ResumeRefused("operator", "ann", "no"),
    HaltOverridden("drawdown", "ada", "the feed was wrong", T0),
    OverrideEnded("drawdown", "time", "desk", ""),
    OverrideEnded("drawdown", "asked", "ada", "enough"),
    OverrideEnded("operator", "raised_again", "ben", "drill"),
    OverrideRefused("discrepancy", "ada", "override_forbidden"),
    facts.StateMarked(1_000, "d"),
)

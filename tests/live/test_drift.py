"""The venue drifts: what money hangs on loses a field, or has it under another name, of another type, with a new word.

Each answer and frame is bent in turn under a desk that trades, with an order on the book. The desk steps down and says
what changed, its order is taken off while the answers are still bent, nothing is opened, and its books stay those of
the exchange. When the venue keeps its word again a named person looks and resumes, and it trades. Fields that are added
change nothing.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from tests.live.members import CENT, EVENT, LIMITS, MARKET, OTHER, Place, Trader, a_market, levels, live

from assent.model.facts import DiscrepancyFound, HaltRaised, IntentRefused, MarketSettled, OrderAccepted, OrderReleased
from assent.model.intents import Proposal
from assent.model.levels import CAUSES, Level
from assent.model.units import DAY, MICRO, MINUTE, SECOND

GONE, UNKNOWN_WORD = "gone", "brand_new"


class Bent(NamedTuple):
    """One answer: whence, where in it the rows lie, and for each change the field and what becomes of it. A value is
    put in its place; `("name",)` renames it; `GONE` takes it out."""

    source: str
    rows: tuple[str, ...]
    changes: tuple[tuple[str, Any], ...]
    provoked: str = ""


def renamed(to: str) -> tuple[str]:
    return (to,)


# What money hangs on.
DRIFT: Final = {
    "create ack": Bent(
        "POST /portfolio/events/orders", (),
        (("fill_count", GONE), ("remaining_count", 7), ("order_id", renamed("id"))), "create",
    ),
    "cancel ack": Bent(
        "DELETE /portfolio/events/orders", (),
        (("reduced_by", GONE), ("reduced_by", 3), ("reduced_by", renamed("reduced_by_fp"))), "cancel",
    ),
    "order row": Bent(
        "GET /portfolio/orders", ("orders",),
        (
            ("remaining_count_fp", GONE), ("initial_count_fp", 3), ("fill_count_fp", renamed("filled_count_fp")),
            ("status", UNKNOWN_WORD), ("book_side", UNKNOWN_WORD),
        ),
    ),
    "fill row": Bent(
        "GET /portfolio/fills", ("fills",),
        (("fee_cost", GONE), ("count_fp", 2), ("count_fp", renamed("count")), ("outcome_side", UNKNOWN_WORD)),
    ),
    "position row": Bent(
        "GET /portfolio/positions", ("market_positions",),
        (("position_fp", GONE), ("position_fp", 2), ("position_fp", renamed("position"))),
    ),
    "balance": Bent(
        "GET /portfolio/balance", (),
        (("balance_dollars", GONE), ("balance_dollars", 1000), ("balance", renamed("balance_cents"))),
    ),
    "settlement": Bent(
        "GET /portfolio/settlements", ("settlements",),
        (("revenue", GONE), ("fee_cost", 1), ("yes_count_fp", renamed("yes_count")), ("market_result", UNKNOWN_WORD)),
        "settle",
    ),
    "order book": Bent(
        "GET /markets/", ("orderbook_fp",),
        # A side that is gone is an empty one, at which nobody deals.
        (("yes_dollars", "0.30"), ("no_dollars", [[0.3, 5]]), ("yes_dollars", renamed("yes"))), "look",
    ),
    "market": Bent(
        "GET /events?", ("events", "markets"),
        (
            ("price_ranges", GONE), ("price_ranges", "0.01"), ("price_ranges", renamed("price_bands")),
            ("status", UNKNOWN_WORD), ("close_time", 5),
        ),
    ),
    "market by name": Bent(
        "GET /markets?", ("markets",),
        (("price_ranges", [{"start": "0.0000", "end": "1.0000"}]), ("status", GONE)), "name",
    ),
    "fee words": Bent(
        "GET /series/KXRAIN", ("series",),
        (
            ("fee_type", GONE), ("fee_type", UNKNOWN_WORD), ("fee_type", renamed("fee_kind")), ("fee_multiplier", GONE),
            ("fee_multiplier", "much"),
        ),
    ),
    "exchange status": Bent(
        "GET /exchange/status", (),
        (("trading_active", GONE), ("exchange_active", "yes"), ("trading_active", renamed("trading"))),
    ),
    "delta": Bent(
        "frame orderbook_delta", (),
        (("delta_fp", GONE), ("price_dollars", 0.42), ("price_dollars", renamed("price")), ("side", UNKNOWN_WORD)),
        "book",
    ),
    "snapshot": Bent(
        "frame orderbook_snapshot", (),
        (
            ("market_ticker", GONE), ("yes_dollars_fp", 30), ("no_dollars_fp", renamed("no_dollars")),
            ("yes_dollars_fp", [[0.3, 5]]),
        ),
    ),
    "fill": Bent(
        "frame fill", (),
        (
            ("fee_cost", GONE), ("count_fp", 1), ("yes_price_dollars", renamed("price_dollars")),
            ("book_side", UNKNOWN_WORD),
        ),
        "deal",
    ),
    "order": Bent(
        "frame user_order", (),
        (
            ("remaining_count_fp", GONE), ("fill_count_fp", 0), ("initial_count_fp", renamed("count_fp")),
            ("status", UNKNOWN_WORD),
        ),
        "create",
    ),
}  # fmt: skip
SNOW: Final = "KXSNOW-26NOV20-T1"
SPARE: Final = tuple(f"{EVENT}-S{number}" for number in range(6))


def rows_of(told: Any, path: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    """The objects at the end of a path, through every list on it."""
    if isinstance(told, list):
        for each in told:
            yield from rows_of(each, path)
    elif path:
        yield from rows_of(told.get(path[0], []), path[1:])
    else:
        yield told


def bend(told: Any, path: tuple[str, ...], field: str, value: Any) -> None:
    for row in rows_of(told, path):
        if field not in row:
            continue
        was = row.pop(field)
        if isinstance(value, tuple):
            row[value[0]] = was
        elif value != GONE:
            row[field] = value


class Life:
    """A desk that trades at a place, through one change after the other."""

    def __init__(self, bent: Bent) -> None:
        self.bent = bent
        self.place = Place(a_market(), a_market(OTHER), *(a_market(name) for name in SPARE))
        everything = (MARKET, OTHER, *SPARE)
        limits = {
            "look": msgspec.structs.replace(LIMITS, look_proof_age_max=0),
            "name": msgspec.structs.replace(LIMITS, series=(), markets=everything),
        }.get(bent.provoked, LIMITS)
        self.trader = Trader(self.place, limits=limits)
        self.spare = iter(SPARE)

    async def begin(self) -> None:
        for market in (MARKET, OTHER, *SPARE):
            levels(self.place, ("buy", 30, 40), ("sell", 42, 40), market=market)
        await self.deals()
        if self.bent.provoked == "settle":
            for market in SPARE:
                await self.deals(market)

    def idea(self, market: str, cents: int, tif: Any) -> None:
        self.trader.strategy.ideas.append(
            Proposal(market, price=cents * CENT, fair=80 * CENT, qty_max=MICRO, time_in_force=tif)
        )

    async def deals(self, market: str = MARKET) -> None:
        """One contract is bought at once; that it can be is what trading means."""
        creates, held = len(self.place.exchange.creates), self.place.exchange.positions("ann").get(market, 0)
        self.idea(market, 42, "ioc")
        await self.trader.until(lambda: self.trader.desk.state.held(market) == held + MICRO)
        assert len(self.place.exchange.creates) == creates + 1

    async def rests(self) -> str:
        accepted = len(self.trader.of(OrderAccepted))
        self.idea(OTHER, 35, "gtc")
        await self.trader.until(lambda: len(self.trader.of(OrderAccepted)) > accepted)
        (name,) = self.place.resting()
        return name

    def drift(self, field: str, value: Any) -> None:
        bent = self.bent
        if bent.source.startswith("frame "):
            kind = bent.source.removeprefix("frame ")

            def hearing(told: Any) -> None:
                if told.get("type") == kind:
                    bend(told["msg"], bent.rows, field, value)

            self.trader.hearing = hearing
            return
        self.place.bends[bent.source.rstrip("?")] = lambda told: bend(told, bent.rows, field, value)

    def keeps_its_word(self) -> None:
        self.place.bends.clear()
        self.trader.hearing = None

    async def provoke(self, name: str) -> None:
        """Whatever makes the venue say the bent thing, where it does not say it by itself."""
        trader, place = self.trader, self.place
        match self.bent.provoked:
            case "create":
                self.idea(SPARE[0], 35, "gtc")
            case "cancel":
                await trader.act(cmd="cancel", order_id=name, by="Ada")
            case "deal":
                self.idea(MARKET, 42, "ioc")
            case "look":
                self.idea(SPARE[0], 42, "ioc")
            case "book":
                levels(place, ("buy", 29, 1))
            case "settle":
                place.act(place.exchange.determine, next(self.spare), "yes", MICRO)

    async def steps_down(self, field: str, value: Any) -> None:
        trader, place, state = self.trader, self.place, self.trader.desk.state
        name = await self.rests()
        raised = len(trader.of(HaltRaised))
        self.drift(field, value)
        await self.provoke(name)
        await trader.until(lambda: "venue_contract" in state.halts, 3 * MINUTE)
        halt = state.halts["venue_contract"]
        assert (halt.level, halt.reset) == (Level.REDUCING, "human")
        assert len(halt.detail) > len(field)
        named = (field, value[0] if isinstance(value, tuple) else field, "contradiction")
        assert any(word in halt.detail for word in named), halt.detail
        # Cancels are alive: while the venue still speaks otherwise the order comes off.
        await trader.until(lambda: place.resting() == [], 2 * MINUTE)
        creates, refused = len(place.exchange.creates), len(trader.of(IntentRefused))
        trader.strategy.ideas.clear()
        self.idea(SPARE[1], 42, "ioc")
        await trader.clock.sleep(70 * SECOND)
        assert len(place.exchange.creates) == creates, "nothing is opened"
        new = trader.of(IntentRefused)[refused:]
        assert all(each.reason in ("level", "market_open", "quote_proof") for each in new)
        trader.strategy.ideas.clear()
        causes = {fact.cause for fact in trader.of(HaltRaised)[raised:]}
        assert causes <= {"venue_contract", "account_unavailable", "books_overdue", "mark_missing", "stale_data"}, (
            causes
        )
        assert trader.of(DiscrepancyFound) == [], "what cannot be read is not zero"

    async def goes_on(self) -> int:
        """The venue keeps its word, a person resumes, and it trades. How often the person had to ask."""
        trader, state = self.trader, self.trader.desk.state
        self.keeps_its_word()
        asked = 0
        # What comes back too often by itself waits for the person too.
        while waiting := [halt.cause for halt in state.halts.values() if halt.reset == "human"]:
            asked += 1
            told = [await self.resume(cause) for cause in waiting]
            assert asked < 20, told
            await trader.clock.sleep(10 * SECOND)
        await trader.until(lambda: state.level == Level.TRADING, 5 * MINUTE)
        self.equal()
        # What was provoked may rest still.
        for name in self.place.resting():
            await trader.act(cmd="cancel", order_id=name, by="Ada")
        await trader.until(lambda: self.place.resting() == [])
        await trader.clock.sleep(20 * SECOND)
        await self.deals()
        return asked

    async def resume(self, cause: str) -> dict[str, Any]:
        return await self.trader.act(cmd="resume", cause=cause, by="Ada", reason="read what changed")

    def equal(self) -> None:
        """Our books are the exchange's, to the last micro."""
        state, exchange = self.trader.desk.state, self.place.exchange
        assert state.cash == exchange.balance("ann").cash
        held = {name: position.qty for name, position in state.positions.items() if position.qty}
        assert held == exchange.positions("ann")


@pytest.mark.parametrize("what", DRIFT)
def test_what_breaks_the_venue_s_word_steps_the_desk_down_and_a_person_lets_it_go_on(what: str) -> None:
    bent = DRIFT[what]

    async def script() -> None:
        life = Life(bent)

        async def whole() -> None:
            await life.begin()
            for field, value in bent.changes:
                await life.steps_down(field, value)
                asked = await life.goes_on()
                detail = next(
                    fact.detail for fact in reversed(life.trader.of(HaltRaised)) if fact.cause == "venue_contract"
                )
                print(f"{what}: {field} -> {value}: {detail} | resumed at the {asked}. asking")  # noqa: T201 - the result

        await life.trader.run(whole)

    live(script, until_ns=DAY)


def test_fields_that_are_added_change_nothing() -> None:
    new = {"brand_new": {"deep": [1, 2]}, "another_dollars": "1.0000"}

    def add(told: Any) -> None:
        if isinstance(told, dict):
            for value in list(told.values()):
                add(value)
            told.update(new)
        elif isinstance(told, list):
            for each in told:
                add(each)

    async def script() -> Life:
        life = Life(DRIFT["settlement"])

        async def whole() -> None:
            life.place.bends[""] = add
            life.trader.hearing = add
            await life.begin()
            name = await life.rests()
            await life.provoke(name)
            await life.trader.act(cmd="cancel", order_id=name, by="Ada")
            await life.trader.until(lambda: life.trader.of(MarketSettled))
            await life.trader.clock.sleep(3 * MINUTE)
            await life.deals()
            life.equal()

        await life.trader.run(whole)
        return life

    life = live(script)
    assert life.trader.halts() == {}
    assert len(life.trader.of(OrderReleased)) == len(SPARE) + 3


def test_what_is_broken_in_one_series_alone_may_wait_while_a_person_lets_the_others_be_traded() -> None:
    async def script() -> Life:
        life = Life(DRIFT["fee words"])
        there = a_market(SNOW, series="KXSNOW", event="KXSNOW-26NOV20")
        life.place.exchange.list_market(life.place.exchange.now, there)
        limits = msgspec.structs.replace(LIMITS, series=("KXRAIN", "KXSNOW"))
        life.trader = trader = Trader(life.place, limits=limits)
        state = trader.desk.state

        async def whole() -> None:
            await life.begin()
            levels(life.place, ("buy", 30, 40), ("sell", 42, 40), market=SNOW)
            await life.deals(SNOW)
            life.place.bends["GET /series/KXSNOW"] = lambda told: told["series"].update(fee_type=UNKNOWN_WORD)
            await trader.until(lambda: "venue_contract" in state.halts)
            assert (await life.resume("venue_contract"))["ok"]
            await trader.clock.sleep(5 * MINUTE)
            await life.deals()
            refused = len(trader.of(IntentRefused))
            life.idea(SNOW, 42, "ioc")
            await trader.until(lambda: len(trader.of(IntentRefused)) > refused)
            life.place.bends.clear()
            await trader.until(lambda: trader.desk.markets[SNOW].phase == "open")
            await life.deals(SNOW)
            life.equal()

        await trader.run(whole)
        return life

    trader = live(script).trader
    assert [fact.cause for fact in trader.of(HaltRaised)] == ["venue_contract"], "not again at each walk"
    assert trader.of(IntentRefused)[-1].reason == "market_open"


def test_every_cause_that_a_broken_word_raises_says_what_to_do() -> None:
    assert "see what changed" in CAUSES["venue_contract"].sentence

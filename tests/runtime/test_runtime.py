"""One desk, running: start-up, answers of every kind, stopping, and what a crash leaves for the next start."""

import asyncio

import pytest
from tests.runtime import fakes
from tests.runtime.fakes import CASH, EPOCH, NAME, Life, Once, quote

from assent.desk.desk import Desk
from assent.ledger.memory import MemoryStore
from assent.model.constitution import Constitution
from assent.model.facts import (
    AccountMatched,
    CancelKept,
    CancelReleased,
    DeskStopped,
    DiscrepancyFound,
    HaltRaised,
    OrderAccepted,
    OrderClosed,
    OrderNotSent,
    OrderRefused,
    OrderReleased,
    OrderResolved,
    OrderUnknown,
    decode_fact,
)
from assent.model.inputs import (
    Accepted,
    CorrectionSeen,
    FillSeen,
    HaltAsked,
    Holding,
    KillSwitchSeen,
    NotSent,
    Refused,
    ResumeAsked,
    SettlementSeen,
    Unknown,
)
from assent.model.intents import Proposal
from assent.model.levels import Level
from assent.model.orders import Correction, Fill
from assent.model.units import MICRO, MINUTE, SECOND
from assent.runtime import reconcile, virtual
from assent.runtime.acts import act_answer
from assent.runtime.runtime import RECONCILE_EVERY
from assent.venue.port import Ended, Unavailable


def one_quote(venue):  # type: ignore[no-untyped-def]
    venue.sink("market", quote(venue.clock.now()), NAME)


def test_a_start_adopts_the_opening_balance_and_matches_the_books_before_it_is_ready() -> None:
    life = Life()
    virtual.run(life.run())
    assert life.desk.state.cash == CASH
    assert len(life.of(AccountMatched)) == 1
    assert isinstance(life.facts[-1], DeskStopped)


@pytest.mark.parametrize(
    ("answer", "fact", "status"),
    [
        (Accepted("v-1", 0, 10 * MICRO), OrderAccepted, "working"),
        (Refused("insufficient_balance", "too little"), OrderRefused, "refused"),
        (NotSent("not_connected"), OrderNotSent, "not_sent"),
    ],
)
def test_each_definitive_answer_is_recorded_as_what_it_is(answer, fact, status) -> None:  # type: ignore[no-untyped-def]
    life = Life(strategy=Once(time_in_force="gtc"), answer=answer)
    virtual.run(life.run(script=one_quote))
    (released,) = life.of(OrderReleased)
    assert len(life.of(fact)) == 1
    order = life.desk.state.find_order(released.order.order_id)
    assert order is not None
    assert order.status == status
    assert len(life.venue.sent) == 1


def test_an_adapter_that_breaks_in_mid_air_leaves_an_unknown_and_evidence_settles_it() -> None:
    life = Life(strategy=Once(), answer=OSError("connection reset"))
    virtual.run(life.run(for_ns=20 * SECOND, script=one_quote))
    (unknown,) = life.of(OrderUnknown)
    assert "OSError" in unknown.detail
    (resolved,) = life.of(OrderResolved)
    assert life.desk.state.find_order(resolved.order_id).status == "absent"
    assert len(life.venue.sent) == 1, "an unknown order is never sent again"


def test_silence_becomes_unknown_after_a_bound_and_halts_when_it_stays_so() -> None:
    life = Life(strategy=Once(), answer=None)

    def script(venue):  # type: ignore[no-untyped-def]
        one_quote(venue)

    async def find_nothing(_order, _since_ts):  # type: ignore[no-untyped-def]
        return None

    life.venue.find = find_nothing  # type: ignore[method-assign]
    virtual.run(life.run(for_ns=200 * SECOND, script=script))
    assert len(life.of(OrderUnknown)) == 1
    assert "unknown_overdue" in life.desk.state.halts
    assert life.desk.state.reserved() > 0, "its worst case stays reserved"


def test_a_difference_of_books_halts_and_a_clean_match_lets_a_person_resume() -> None:
    life = Life()

    def short(venue):  # type: ignore[no-untyped-def]
        venue.cash = CASH - 1

    virtual.run(life.run(for_ns=65 * SECOND, script=short))
    assert len(life.of(DiscrepancyFound)) == 1
    assert life.desk.state.level == Level.HALTED

    async def resume() -> list[object]:
        again = Life(store=life.store, desk=restored(life.store))
        again.clock._epoch_ts = EPOCH + 70 * SECOND
        said: list[object] = []

        def act(_venue):  # type: ignore[no-untyped-def]
            said.extend(again.runtime.act(ResumeAsked("discrepancy", "Ann", "counted it", again.clock.now())))

        await again.run(script=act)
        return [type(fact).__name__ for fact in said]

    assert virtual.run(resume()) == ["HaltCleared"]


class Steady:
    """Proposes to buy at the ask at each cycle, and never holds anything for long: its orders are refused."""

    name = "steady"

    def on_cycle(self, view):  # type: ignore[no-untyped-def]
        seen = view.quote(NAME)
        wanted = {"instrument": NAME, "price": seen.ask, "fair": 600_000, "qty_max": MICRO} if seen else {}
        return [Proposal(**wanted)] if seen else None


@pytest.mark.parametrize("answer", [Unavailable("down for maintenance"), None], ids=["says so", "says nothing"])
def test_without_its_account_for_an_hour_the_desk_lives_opens_nothing_and_trades_again_after(answer) -> None:  # type: ignore[no-untyped-def]
    life = Life(strategy=Steady(), answer=Refused("insufficient_balance", ""))
    start, end = EPOCH + 5 * MINUTE, EPOCH + 65 * MINUTE
    life.venue.books_gone, life.venue.books_answer = (start, end), answer

    async def quotes() -> None:
        while True:
            await life.clock.sleep(SECOND)
            one_quote(life.venue)

    life.venue.feed = quotes  # type: ignore[method-assign]
    times: dict[str, list[int]] = {"OrderReleased": [], "AccountSnapshot": []}
    life.facts = Noted(life, times)  # type: ignore[assignment]
    virtual.run(life.run(for_ns=75 * MINUTE))
    noticed = start + RECONCILE_EVERY + reconcile.BOOKS_MAX_NS
    back = end + RECONCILE_EVERY + reconcile.BOOKS_MAX_NS + MINUTE
    released = times["OrderReleased"]
    assert [ts for ts in released if ts < start]
    assert not [ts for ts in released if noticed < ts < end]
    assert [ts for ts in released if ts > back + SECOND]
    assert 1 <= len(times["AccountSnapshot"]) <= 2
    assert life.venue.books_asked > 40
    assert life.desk.state.level == Level.TRADING


class Noted(list):  # type: ignore[type-arg]
    """Facts, with the times of some kinds noted."""

    def __init__(self, life: Life, times: dict[str, list[int]]) -> None:
        super().__init__()
        self.life, self.times = life, times

    def append(self, fact: object) -> None:
        super().append(fact)
        if type(fact).__name__ in self.times:
            self.times[type(fact).__name__].append(self.life.clock.now())


def test_a_start_without_the_account_waits_and_releases_nothing_before_the_books_were_compared() -> None:
    life = Life(strategy=Once())
    life.venue.books_gone = (0, EPOCH + 30 * SECOND)
    virtual.run(life.run(for_ns=20 * SECOND, script=one_quote))
    assert not life.of(OrderReleased)
    assert not life.of(AccountMatched)
    assert life.desk.state.level == Level.REDUCING


class Silent:
    """The strategy of before, which has nothing to say today: what it left resting is still its own."""

    name = Once.name


def restored(store: MemoryStore, *strategies: object) -> Desk:
    desk = Desk(strategies)  # type: ignore[arg-type]
    for record in store.records():
        desk.restore([(record.ts, decode_fact(record.kind, record.version, record.body))])
    return desk


@pytest.mark.parametrize(
    ("finding", "status"),
    [(None, "absent"), (Accepted("v-1", 0, 10 * MICRO), "working"), (Ended("expiry_cancel", 0), "closed")],
)
def test_a_release_without_an_outcome_is_unknown_at_the_next_start_and_never_sent_again(finding, status) -> None:  # type: ignore[no-untyped-def]
    store = MemoryStore()
    first = Life(store=store, strategy=Once(time_in_force="gtc"), answer=None)
    with pytest.raises(virtual.BoundReached):
        virtual.run(first.run(script=one_quote), until_ns=2 * SECOND)
    (released,) = first.of(OrderReleased)
    order_id = released.order.order_id

    second = Life(store=store, desk=restored(store, Silent()))
    second.clock._epoch_ts = EPOCH + 10 * SECOND
    if finding is not None:
        second.venue.known[order_id] = finding
    if status == "working":
        second.venue.open_orders = (order_id,)
    virtual.run(second.run())
    assert len(second.of(OrderUnknown)) == 1
    assert second.desk.state.find_order(order_id).status == status
    assert second.venue.sent == []
    assert second.of(DiscrepancyFound) == []


def test_a_halt_takes_resting_entries_off_the_book() -> None:
    life = Life(strategy=Once(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO))

    def script(venue):  # type: ignore[no-untyped-def]
        one_quote(venue)

        async def later() -> None:
            await venue.clock.sleep(SECOND)
            life.runtime.act(HaltAsked("operator", "Ann", "lunch", venue.clock.now()))

        life.runtime._group.create_task(later())

    virtual.run(life.run(script=script))
    (cancel,) = life.of(CancelReleased)
    assert life.venue.cancelled == [cancel.order_id]
    assert life.desk.state.find_order(cancel.order_id).status == "closed"


def test_a_cancel_whose_answer_was_lost_is_asked_again_at_the_next_start() -> None:
    store = MemoryStore()
    first = Life(store=store, strategy=Once(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO))
    first.venue.cancel_answer = None

    def script(venue):  # type: ignore[no-untyped-def]
        one_quote(venue)

        async def later() -> None:
            await venue.clock.sleep(SECOND)
            first.runtime.act(HaltAsked("operator", "Ann", "lunch", venue.clock.now()))

        first.runtime._group.create_task(later())

    with pytest.raises(virtual.BoundReached):
        virtual.run(first.run(script=script), until_ns=3 * SECOND)
    (cancel,) = first.of(CancelReleased)

    second = Life(store=store, desk=restored(store))
    second.clock._epoch_ts = EPOCH + 10 * SECOND
    second.venue.known[cancel.order_id] = Accepted("v-1", 0, 10 * MICRO)
    second.venue.open_orders = (cancel.order_id,)
    virtual.run(second.run())
    assert second.venue.cancelled == [cancel.order_id]
    assert second.desk.state.find_order(cancel.order_id).status == "closed"


def started_over_a_resting_entry(**changes: object) -> tuple[Life, str]:
    first = Life(strategy=Once(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO))
    virtual.run(first.run(script=one_quote))
    (order_id,) = first.desk.state.orders
    life = Life(store=first.store, desk=restored(first.store), **changes)  # type: ignore[arg-type]
    life.clock._epoch_ts = EPOCH + 60 * SECOND
    life.venue.known[order_id] = Accepted("v-1", 0, 10 * MICRO)
    life.venue.open_orders = (order_id,)
    return life, order_id


TIGHTER = fakes.IDENTITY._replace(constitution=Constitution(series=("SIM",), edge_min=50_000))


@pytest.mark.parametrize(
    "changes",
    [{"switch": lambda now: KillSwitchSeen(True, False, "STOP is there", now)}, {"identity": TIGHTER}],
    ids=["the kill switch is set", "the file is tighter"],
)
def test_a_start_that_takes_resting_entries_off_does_so_once_the_venue_is_there(changes: dict[str, object]) -> None:
    life, order_id = started_over_a_resting_entry(**changes)
    virtual.run(life.run())
    assert life.venue.cancelled == [order_id]
    assert life.desk.state.find_order(order_id).status == "closed"
    assert life.of(DiscrepancyFound) == []


def test_a_halt_that_comes_before_the_venue_is_there_takes_resting_entries_off() -> None:
    life, order_id = started_over_a_resting_entry()

    async def early() -> None:
        run = asyncio.create_task(life.run())
        await asyncio.sleep(0)
        await life.runtime.opened.wait()
        life.runtime.act(HaltAsked("operator", "Ann", "stop it", life.clock.now()))
        await run

    virtual.run(early())
    assert life.venue.cancelled == [order_id]
    assert life.desk.state.find_order(order_id).status == "closed"


def test_nothing_new_leaves_once_the_process_is_told_to_stop() -> None:
    life = Life(strategy=Once(), answer=Accepted("v-1", 0, 0))

    def script(venue):  # type: ignore[no-untyped-def]
        life.runtime.stop("SIGTERM")
        life.runtime.executor.stop()
        one_quote(venue)

    assert virtual.run(life.run(script=script)) == "SIGTERM"
    reasons = [fact.reason for fact in life.of(OrderNotSent)]
    assert life.venue.sent == []
    assert reasons in ([], ["stopping"])


def test_a_task_that_breaks_brings_the_whole_runtime_down() -> None:
    life = Life()

    def broken(_venue):  # type: ignore[no-untyped-def]
        raise ValueError("the feed broke")

    with pytest.raises(BaseExceptionGroup) as caught:
        virtual.run(life.run(script=broken))
    assert "the feed broke" in str(caught.value.exceptions[0])
    assert life.of(HaltRaised) == []


def test_order_ids_of_a_new_ledger_never_repeat_those_of_the_old_one() -> None:
    seen = set()
    for ledger in ("0" * 16, "1" * 16):
        life = Life(strategy=Once(), answer=NotSent("not_connected"))
        virtual.run(_run_as(life, ledger))
        (released,) = life.of(OrderReleased)
        seen.add(released.order.order_id)
        seen.add(released.order.intent_id)
    assert len(seen) == 4


async def _run_as(life: Life, ledger: str) -> None:
    original = fakes.opening_inputs

    def renamed(*args, **kwargs):  # type: ignore[no-untyped-def]
        return original(*args, **{**kwargs, "ledger_id": ledger})

    fakes.opening_inputs = renamed
    try:
        await life.run(script=one_quote)
    finally:
        fakes.opening_inputs = original


class OneAnswer(dict):  # type: ignore[type-arg]
    """The venue's record, which says the same of every order."""

    def get(self, _key, _default=None):  # type: ignore[no-untyped-def]
        return Ended("close_cancel", 0)


def test_an_order_whose_market_settled_is_asked_about_until_the_venue_says_how_much_was_executed() -> None:
    life = Life(strategy=Once(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO))

    def script(venue):  # type: ignore[no-untyped-def]
        one_quote(venue)
        paid = SettlementSeen(NAME, "no", 0, EPOCH, EPOCH)
        asyncio.get_running_loop().call_later(2, lambda: venue.sink("venue", paid))
        venue.known = OneAnswer()

    virtual.run(life.run(for_ns=20 * SECOND, script=script))
    (released,) = life.of(OrderReleased)
    (closed,) = life.of(OrderClosed)
    assert (closed.why, closed.filled) == ("close_cancel", 0)
    assert life.desk.state.find_order(released.order.order_id).status == "closed"
    assert not life.desk.state.orders


def test_an_order_of_which_something_was_taken_back_is_asked_about_until_the_venue_says_what_rests() -> None:
    """Filled in part, taken back, the rest filled: the venue has executed all of it and says nothing more."""
    life = Life(strategy=Once(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO))

    def script(venue):  # type: ignore[no-untyped-def]
        one_quote(venue)
        asyncio.get_running_loop().call_later(2, executed, venue)

    def executed(venue):  # type: ignore[no-untyped-def]
        (order,) = venue.sent
        parts = [
            Fill(f"f{n}", order.order_id, NAME, "buy", order.price, 5 * MICRO, 0, taker=True, venue_ts=EPOCH)
            for n in (1, 2)
        ]
        taken_back = Correction("f1", order.price, 0, 0, EPOCH + 1)
        for news in (FillSeen(parts[0], EPOCH), CorrectionSeen(taken_back, EPOCH), FillSeen(parts[1], EPOCH)):
            venue.sink("venue", news)
        venue.known[order.order_id] = Ended("executed", 10 * MICRO)

    virtual.run(life.run(for_ns=20 * SECOND, script=script))
    (closed,) = life.of(OrderClosed)
    assert (closed.why, closed.filled) == ("executed", 10 * MICRO)
    assert life.desk.state.orders == {}


def test_a_cancel_that_is_kept_is_answered_as_something_that_was_done() -> None:
    assert act_answer([CancelKept(order_id="1", by="Ann")]) == {"ok": True, "facts": ["CancelKept"]}
    assert "nothing changed" in act_answer([])["note"]


def test_an_order_whose_fill_came_and_whose_answer_never_did_learns_its_name_and_the_books_are_compared() -> None:
    life = Life(strategy=Once(time_in_force="gtc"), answer=Unknown("the line broke"))

    def script(venue):  # type: ignore[no-untyped-def]
        one_quote(venue)
        asyncio.get_running_loop().call_later(1, executed, venue)

    def executed(venue):  # type: ignore[no-untyped-def]
        (order,) = venue.sent
        part = Fill("f1", order.order_id, NAME, "buy", order.price, 5 * MICRO, 0, taker=True, venue_ts=EPOCH)
        venue.sink("venue", FillSeen(part, EPOCH))
        venue.cash -= order.price * 5
        venue.holdings, venue.open_orders = (Holding(NAME, 5 * MICRO),), (order.order_id,)
        venue.known[order.order_id] = Accepted("v-9", 5 * MICRO, 5 * MICRO)

    virtual.run(life.run(for_ns=RECONCILE_EVERY + SECOND // 2, script=script))
    (order,) = life.desk.state.orders.values()
    assert (order.status, order.venue_order_id) == ("working", "v-9")
    assert life.of(AccountMatched)[-1].positions == (Holding(NAME, 5 * MICRO),)  # type: ignore[attr-defined]
    assert life.desk.state.halts == {}


def test_a_venue_that_never_says_what_became_of_an_order_holds_up_nothing() -> None:
    life = Life(strategy=Once(), answer=Unknown("the line broke"))

    async def silence(order, since_ts):  # type: ignore[no-untyped-def]
        await asyncio.Event().wait()

    life.venue.find = silence  # type: ignore[method-assign]
    virtual.run(life.run(for_ns=200 * SECOND, script=one_quote))
    assert "unknown_overdue" in life.desk.state.halts
    assert life.of(DeskStopped)

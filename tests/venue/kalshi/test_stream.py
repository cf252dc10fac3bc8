"""The stream's state machine, one bad day at a time."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.reasons import REASONS
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi import messages
from assent.venue.kalshi.events import (
    Broken,
    HangUp,
    KeptOut,
    Missed,
    Output,
    PhaseKnown,
    Proven,
    QuoteKnown,
    QuoteLost,
    Send,
    Told,
)
from assent.venue.kalshi.pace import Patience
from assent.venue.kalshi.stream import SUBSCRIBE_TRIES, Stream

START = 1_790_000_000 * SECOND
MS = SECOND // 1_000
A, B = "KXFED-26SEP-T4.25", "KXHIGHNY-26AUG01-B78.5"
PATIENCE = Patience()


class Talk:
    """A stream and what the venue says to it; it remembers each command that was sent."""

    def __init__(self, *tickers: str, channels: tuple[str, ...] = ()) -> None:
        self.stream = Stream(channels)
        self.now = START
        self.commands: list[dict[str, object]] = []
        self.take(self.stream.watch(tickers, self.now))
        self.take(self.stream.opened(self.now))

    def take(self, outputs: list[Output]) -> list[Output]:
        self.commands += [json.loads(output.command) for output in outputs if isinstance(output, Send)]
        return [output for output in outputs if not isinstance(output, Send)]

    def says(self, kind: str, msg: object = None, **head: object) -> list[Output]:
        frame = {"type": kind, "msg": {} if msg is None else msg, **head}
        return self.take(self.stream.received(json.dumps(frame).encode(), self.now))

    def passes(self, ns: int) -> list[Output]:
        self.now += ns
        return self.take(self.stream.tick(self.now))

    def begins(self, channel: str = "orderbook_delta", sid: int = 1) -> list[Output]:
        """The venue answers the last subscription to a channel."""
        asked = [
            each for each in self.commands if each["cmd"] == "subscribe" and each["params"]["channels"] == [channel]
        ]
        return self.says("subscribed", {"channel": channel, "sid": sid}, id=asked[-1]["id"])

    def snapshot(self, ticker: str, seq: int, bid: str = "0.4000", ask: str = "0.4400", **head: object) -> list[Output]:
        msg = {"market_ticker": ticker, "yes_dollars_fp": [[bid, "10.00"]], "no_dollars_fp": [[ask, "5.00"]]}
        return self.says("orderbook_snapshot", msg, **{"sid": 1, "seq": seq, **head})

    def delta(self, ticker: str, seq: int, by: str = "1.00", price: str = "0.4000", **head: object) -> list[Output]:
        msg = {"market_ticker": ticker, "price_dollars": price, "delta_fp": by, "side": "yes"}
        return self.says("orderbook_delta", msg, **{"sid": 1, "seq": seq, **head})

    def fresh(self, ticker: str) -> bool:
        return self.stream.fresh(ticker, self.now)

    def last(self) -> tuple[object, object]:
        """The last command: what it does, and to which markets."""
        command = self.commands[-1]
        params = command["params"]
        assert isinstance(params, dict)
        return params.get("action", command["cmd"]), params.get("market_tickers")


def well(*tickers: str) -> Talk:
    """A stream whose books all stand."""
    talk = Talk(*tickers)
    talk.begins()
    for seq, ticker in enumerate(tickers, 1):
        talk.snapshot(ticker, seq)
    assert all(talk.fresh(ticker) for ticker in tickers)
    return talk


def lost(outputs: list[Output]) -> list[str]:
    return [output.ticker for output in outputs if isinstance(output, QuoteLost)]


def test_a_market_is_fresh_from_its_snapshot_on_and_quoted_in_yes_terms() -> None:
    talk = Talk(A)
    talk.begins()
    assert not talk.fresh(A)
    told = talk.snapshot(A, 1, sending_ts_ms=START // MS)
    assert talk.fresh(A)
    assert told == [QuoteKnown(A, 400_000, 10 * MICRO, 440_000, 5 * MICRO, START, START), Proven(START)]


def test_a_delta_below_the_top_proves_and_tells_no_quote() -> None:
    talk = well(A)
    talk.now += SECOND
    assert talk.delta(A, 2, price="0.3000") == [Proven(talk.now)]
    assert talk.stream.place() == (1, 2)


def test_a_gap_takes_back_every_quote_of_the_subscription_and_asks_for_both_books() -> None:
    talk = well(A, B)
    outputs = talk.delta(A, 5)
    assert lost(outputs) == [A, B]
    assert not any(isinstance(output, Proven) for output in outputs)
    assert not talk.fresh(A)
    assert not talk.fresh(B)
    assert talk.last() == ("get_snapshot", [A, B])
    talk.snapshot(A, 6)
    assert (talk.fresh(A), talk.fresh(B)) == (True, False)
    talk.snapshot(B, 7)
    assert talk.fresh(B)


def test_a_repeat_changes_nothing_and_a_late_frame_is_not_applied_after_its_snapshot() -> None:
    talk = well(A)
    talk.delta(A, 2)
    assert talk.delta(A, 2) == []
    talk.snapshot(A, 4, bid="0.4100")
    assert talk.delta(A, 3, by="7.00", price="0.4100") == []
    book = talk.stream.book(A)
    assert book is not None
    assert book.levels()[0] == ((410_000, 10 * MICRO),)
    assert talk.fresh(A)


def test_numbers_that_begin_anew_lead_to_a_new_subscription() -> None:
    talk = well(A, B)
    assert lost(talk.delta(A, 1)) == [A, B]
    assert [command["cmd"] for command in talk.commands[-2:]] == ["unsubscribe", "subscribe"]
    talk.snapshot(A, 2)
    assert not talk.fresh(A), "the old subscription counts no more"
    talk.begins(sid=2)
    talk.snapshot(A, 1, sid=2)
    assert talk.fresh(A)


def test_an_answer_ahead_of_the_sequence_may_hide_a_lost_frame() -> None:
    talk = well(A)
    assert lost(talk.says("ok", {"market_tickers": [A]}, sid=1, seq=2)) == [A]
    assert not talk.fresh(A)


def test_a_level_below_zero_and_a_crossed_book_are_stale_and_asked_for_again() -> None:
    for broken in ({"by": "-11.00"}, {"price": "0.4400"}):
        talk = well(A, B)
        outputs = talk.delta(A, 3, **broken)
        assert lost(outputs) == [A]
        assert [output.code for output in outputs if isinstance(output, KeptOut)] == ["market_data_crossed"]
        assert (talk.fresh(A), talk.fresh(B)) == (False, True)
        assert talk.last() == ("get_snapshot", [A])


def test_a_no_side_on_the_wrong_scale_is_never_fresh() -> None:
    talk = Talk(A)
    talk.begins()
    outputs = talk.snapshot(A, 1, bid="0.9000", ask="0.0800")
    assert not talk.fresh(A)
    assert any(isinstance(output, KeptOut) for output in outputs)


@pytest.mark.parametrize("kind", ["orderbook_delta", "orderbook_replacement"])
def test_a_frame_of_the_books_that_cannot_be_read_makes_all_of_them_stale(kind: str) -> None:
    talk = well(A, B)
    assert lost(talk.says(kind, {"market_ticker": A}, sid=1, seq=3)) == [A, B]
    assert talk.last() == ("get_snapshot", [A, B])


def test_a_frame_of_the_books_without_a_number_proves_nothing() -> None:
    talk = well(A)
    assert lost(talk.says("orderbook_delta", {}, sid=1)) == [A]


def test_a_silent_socket_is_stale_by_the_clock_alone_and_left_at_the_next_tick() -> None:
    talk = well(A)
    talk.now += PATIENCE.silence_ns + 1
    assert not talk.fresh(A)
    outputs = talk.passes(0)
    assert lost(outputs) == [A]
    assert isinstance(outputs[-1], HangUp)
    assert outputs[-1].not_before_ts > talk.now
    assert talk.delta(A, 2) == [], "a frame of the old socket is no frame"


def test_a_ping_keeps_the_socket_alive_and_a_quiet_subscription_is_asked_to_prove_itself() -> None:
    talk = well(A, B)
    for _ in range(3):
        talk.passes(PATIENCE.quiet_ns // 3)
        talk.take(talk.stream.pinged(talk.now))
    talk.passes(0)
    assert talk.last() == ("get_snapshot", [A])
    assert talk.fresh(A)
    assert Proven(talk.now) in talk.snapshot(A, 3, id=talk.commands[-1]["id"])


def test_a_probe_without_an_answer_shows_a_dead_subscription_on_a_live_socket() -> None:
    talk = well(A)
    talk.passes(PATIENCE.quiet_ns)
    talk.take(talk.stream.pinged(talk.now))
    assert lost(talk.passes(PATIENCE.reply_ns)) == [A]
    assert [command["cmd"] for command in talk.commands[-2:]] == ["unsubscribe", "subscribe"]


def test_a_backlog_is_not_fresh_until_it_is_worked_off() -> None:
    talk = well(A)
    talk.now += 10 * SECOND
    late = talk.delta(A, 2, sending_ts_ms=(talk.now - 6 * SECOND) // MS)
    assert lost(late) == [A]
    assert not any(isinstance(output, Proven | QuoteKnown) for output in late)
    assert not talk.fresh(A)
    outputs = talk.delta(A, 3, sending_ts_ms=talk.now // MS)
    assert talk.fresh(A)
    assert [output.bid_qty for output in outputs if isinstance(output, QuoteKnown)][-1] == 12 * MICRO


def test_a_new_connection_begins_from_nothing() -> None:
    talk = well(A)
    hung_up = talk.take(talk.stream.closed(talk.now, "reset by peer"))
    assert lost(hung_up) == [A]
    talk.take(talk.stream.opened(talk.now + SECOND))
    assert talk.last() == ("subscribe", [A])
    talk.delta(A, 2)
    assert not talk.fresh(A)
    talk.begins(sid=1)
    talk.snapshot(A, 900)
    assert talk.fresh(A)


def test_a_connection_that_keeps_breaking_is_tried_at_growing_distances() -> None:
    talk = Talk(A)
    waits = []
    for _ in range(12):
        outputs = talk.take(talk.stream.closed(talk.now, "reset by peer"))
        waits += [output.not_before_ts - talk.now for output in outputs if isinstance(output, HangUp)]
        talk.take(talk.stream.opened(talk.now))
    assert waits[:3] == [PATIENCE.retry_ns, 2 * PATIENCE.retry_ns, 4 * PATIENCE.retry_ns]
    assert waits[-1] == PATIENCE.retry_max_ns


def test_a_subscription_that_is_never_answered_ends_the_connection() -> None:
    talk = Talk(A)
    outputs = [output for _ in range(SUBSCRIBE_TRIES) for output in talk.passes(PATIENCE.reply_ns)]
    assert [command["cmd"] for command in talk.commands] == ["subscribe"] * SUBSCRIBE_TRIES
    assert any(isinstance(output, HangUp) for output in outputs)


def test_repairs_keep_their_pace_however_often_the_sequence_breaks() -> None:
    talk = well(A)
    before = len(talk.commands)
    for number in range(100):
        talk.now += SECOND // 100
        talk.delta(A, 10 + 2 * number)
        talk.passes(0)
    assert len(talk.commands) - before <= PATIENCE.repairs_at_once + 1


def test_a_market_that_never_answers_costs_the_others_nothing() -> None:
    talk = Talk(A, B)
    talk.begins()
    talk.snapshot(A, 1)
    for _ in range(60):
        talk.passes(SECOND)
        talk.take(talk.stream.pinged(talk.now))
        if talk.last() == ("get_snapshot", [A]):
            talk.snapshot(A, talk.stream.place()[1] + 1)  # type: ignore[index]
        assert talk.fresh(A)
    asked = [command for command in talk.commands if command["params"].get("market_tickers") == [B]]  # type: ignore[attr-defined]
    assert 2 <= len(asked) <= 8


def test_a_market_that_alone_never_answers_is_asked_for_ever_more_seldom() -> None:
    talk = Talk(A)
    talk.begins()
    sids = 1
    for _ in range(300):
        talk.passes(SECOND)
        talk.take(talk.stream.pinged(talk.now))
        if talk.last()[0] == "subscribe" and talk.stream.place() is None:
            sids += 1
            talk.begins(sid=sids)
    assert 10 <= len(talk.commands) <= 30


def test_a_market_that_waited_long_is_asked_for_at_once_when_the_sequence_breaks() -> None:
    talk = Talk(A, B)
    talk.begins()
    talk.snapshot(A, 1)
    for _ in range(10):
        talk.passes(SECOND)
    talk.delta(A, 5)
    assert talk.last() == ("get_snapshot", [A, B])


def test_an_error_that_ends_a_subscription_leads_to_another_one() -> None:
    for code in (10, 25):
        talk = well(A)
        assert lost(talk.says("error", {"code": code, "msg": "ended"}, sid=1, seq=2)) == [A]
        assert talk.last() == ("subscribe", [A])


def test_a_subscription_that_is_refused_is_told_and_tried_again_much_later() -> None:
    talk = Talk(A)
    outputs = talk.says("error", {"code": 8, "msg": "Unknown channel name"}, id=talk.commands[-1]["id"])
    assert [type(output) for output in outputs] == [KeptOut]
    for _ in range(10):
        talk.passes(SECOND)
        talk.take(talk.stream.pinged(talk.now))
    assert len(talk.commands) == 1
    talk.take(talk.stream.pinged(talk.now + PATIENCE.retry_max_ns))
    talk.passes(PATIENCE.retry_max_ns)
    assert len(talk.commands) == 2


def test_a_market_that_left_and_comes_back_gets_a_new_subscription() -> None:
    talk = well(A, B)
    assert lost(talk.take(talk.stream.unwatch([A], talk.now))) == [A]
    assert talk.last() == ("delete_markets", [A])
    assert talk.fresh(B)
    talk.take(talk.stream.watch([A], talk.now))
    talk.snapshot(A, 3)
    assert not talk.fresh(A), "a snapshot from before it left"
    assert talk.last() == ("subscribe", [B, A])


def test_a_market_that_is_added_waits_for_its_own_snapshot() -> None:
    talk = well(A)
    talk.take(talk.stream.watch([B], talk.now))
    assert talk.last() == ("add_markets", [B])
    talk.says("ok", {"market_tickers": [A, B]}, id=2, sid=1, seq=1)
    assert (talk.fresh(A), talk.fresh(B)) == (True, False)
    talk.snapshot(B, 2)
    assert talk.fresh(B)


def test_private_channels_say_what_may_have_been_missed_and_pass_on_what_comes() -> None:
    talk = Talk(channels=("fill", "market_lifecycle_v2"))
    assert talk.begins("fill", 1) == [Missed("fill", "what came before the subscription is not sent again", START)]
    talk.begins("market_lifecycle_v2", 2)
    position = {
        "market_ticker": A,
        "position_fp": "1.00",
        "position_cost_dollars": "0.5000",
        "realized_pnl_dollars": "0.0000",
        "fees_paid_dollars": "0.0000",
    }
    told = talk.says("market_position", position, sid=1)
    assert told == [Told(messages.Position(A, MICRO, 500_000, 0, 0, 0), START)]
    refused = talk.says("fill", {"trade_id": "t"}, sid=1)
    assert [type(output) for output in refused] == [Broken, Missed]


def test_a_market_s_phase_is_told_with_its_message_and_a_hole_in_its_channel_too() -> None:
    talk = Talk(channels=("market_lifecycle_v2",))
    talk.begins("market_lifecycle_v2", 2)
    paused = talk.says("market_lifecycle_v2", {"event_type": "deactivated", "market_ticker": A}, sid=2, seq=1)
    assert paused[-1] == PhaseKnown(A, "paused", 0, START)
    settled = {"event_type": "settled", "market_ticker": A, "settled_ts": START // SECOND}
    outputs = talk.says("market_lifecycle_v2", settled, sid=2, seq=5)
    assert [type(output) for output in outputs] == [Missed, Told, PhaseKnown]
    assert outputs[-1] == PhaseKnown(A, "settled", START, START)
    assert talk.says("market_lifecycle_v2", settled, sid=2, seq=5) == []


def test_garbage_is_counted_and_changes_nothing() -> None:
    talk = well(A)
    outputs = talk.take(talk.stream.received(b"\xff{", talk.now))
    assert [type(output) for output in outputs] == [KeptOut]
    assert talk.fresh(A)


words = st.sampled_from(["subscribed", "ok", "error", "unsubscribed", "orderbook_snapshot", "orderbook_delta", "fill"])
numbers = st.none() | st.integers(0, 6)
levels = st.lists(st.tuples(st.sampled_from(["0.4000", "0.5000", "0.6000"]), st.sampled_from(["0.00", "1.00"])))
bodies = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["orderbook_delta", "fill"]),
        "sid": st.integers(0, 2),
        "code": st.sampled_from([7, 8, 10, 25, 27]),
        "market_ticker": st.sampled_from([A, B, "C"]),
        "yes_dollars_fp": levels,
        "no_dollars_fp": levels,
        "price_dollars": st.sampled_from(["0.4000", "0.5000", "0.6000"]),
        "delta_fp": st.sampled_from(["1.00", "-1.00"]),
        "side": st.sampled_from(["yes", "no"]),
        "market_tickers": st.lists(st.sampled_from([A, B])),
    },
)
said = st.tuples(words, bodies, numbers, numbers, numbers)
acts = st.sampled_from(["tick", "ping", "watch", "unwatch", "closed", "opened", "wait"])


@given(st.lists(said | acts, max_size=40))
def test_whatever_the_venue_says_and_whenever_there_is_an_answer_and_no_quote_of_a_stale_book(
    history: list[tuple[str, dict[str, object], int | None, int | None, int | None] | str],
) -> None:
    talk = Talk(A, channels=("fill",))
    told: set[str] = set()
    for happening in history:
        outputs = talk.take(happens(talk, happening))
        for output in outputs:
            if isinstance(output, QuoteKnown):
                told.add(output.ticker)
            elif isinstance(output, QuoteLost):
                told.remove(output.ticker)
            elif isinstance(output, KeptOut | Broken):
                assert output.code in REASONS
        silent = isinstance(happening, str) and happening == "wait"
        assert silent or all(talk.fresh(ticker) for ticker in told)


def happens(
    talk: Talk, happening: tuple[str, dict[str, object], int | None, int | None, int | None] | str
) -> list[Output]:
    stream, now = talk.stream, talk.now
    if not isinstance(happening, str):
        kind, msg, sid, seq, number = happening
        head = {"sid": sid, "seq": seq, "id": number or 0}
        return stream.received(json.dumps({"type": kind, "msg": msg, **head}), now)
    if happening == "wait":
        talk.now += 7 * SECOND
        return stream.tick(talk.now)
    if happening in {"watch", "unwatch"}:
        return getattr(stream, happening)([B], now)  # type: ignore[no-any-return]
    if happening == "closed":
        return stream.closed(now, "reset by peer")
    return {"tick": stream.tick, "ping": stream.pinged, "opened": stream.opened}[happening](now)

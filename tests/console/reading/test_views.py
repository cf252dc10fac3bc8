"""What the pages show is what the desk's state, its status and its rules say, to the micro."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.support import RAIN, SNOW, Cli, Past, lived_desk, make_folder
from tests.console.reading.ledgers import NOW, Asking, Growing, read_whole, write_world
from tests.property.worlds import World

from assent.console.reading.beats import Heartbeat
from assent.console.reading.equity import POINTS_MAX, EquityLine
from assent.console.reading.snapshot import Snapshot
from assent.console.reading.tail import Tail
from assent.desk.asked_rows import asked_rows
from assent.desk.gauges import MEASURES
from assent.desk.rows import told
from assent.desk.rules.last_look import dealt_at
from assent.model import inputs
from assent.model.constitution import Narrowing
from assent.model.facts import EquityMarked, IntentProposed
from assent.model.units import DAY, MICRO, SECOND
from assent.runtime.status import status_of

DESK = """
[desk]
name = "tester"
account = "paper-1"
[scope]
series = ["SIM"]
[constitution]
daily_loss_max = "20.00"
weekly_loss_fraction_max = "50%"
drawdown_fraction_max = "40%"
orders_per_day_max = 50
orders_per_cycle_max = 10
market_exposure_max = "30.00"
series_exposure_max = "40.00"
buying_power_min = "100.00"
[[strategy]]
name = "scripted"
"""


def shown(path: Path, **given: Any) -> Snapshot:
    tail = Tail(path, now=lambda: NOW, name="tester", **given)
    while tail.poll():
        pass
    tail.stop()
    return tail.snapshot


def plain(rows: Any) -> Any:
    return [told(row) for row in rows]


def as_json(rows: Any) -> Any:
    return json.loads(msgspec.json.encode(rows))


def past_of(folder: Path, *, looks: bool = False) -> Past:
    """A desk that was valued once; with `looks` each idea waits for a look at the market."""
    always = '[constitution]\nlook_proof_age_max = "0s"'
    past = Past(make_folder(folder, DESK.replace("[constitution]", always) if looks else DESK))
    past.tell(inputs.TimePassed(past.now))
    return past


def beats(beat: Path, ts: int) -> Path:
    beat.write_text(json.dumps({"ts": ts, "status": "running", "pid": 7, "records": 9}))
    return beat


@pytest.mark.parametrize(("world", "seed"), [(World, 0), (World, 5), (Asking, 0), (Asking, 4)])
def test_everything_that_a_status_says_stands_in_the_views_as_well(
    tmp_path: Path, world: type[World], seed: int
) -> None:
    growing = Growing(tmp_path / "l.sqlite", seed, 500, world=world)
    for _ in range(6):
        growing.grow(80)
        one, state = shown(growing.path), read_whole(growing.path).state
        head = growing.store.head()
        status = status_of(state, settings_name="tester", path=growing.path, head=head, running=False, pid=None)
        overview = one.overview
        assert plain(one.orders.open) == status["orders"]
        assert plain(one.orders.would) == status["would"]
        assert plain(one.orders.looks) == status["looks"]
        assert plain(one.halts.standing) == plain(overview.halts) == status["halts"]
        assert plain(one.halts.stopped) == status["stopped"]
        assert (overview.level, list(overview.allowed)) == (status["level"], status["allowed"])
        assert [overview.worth.cash, overview.worth.reserved, overview.worth.exposure] == [
            status["cash"], status["reserved"], status["exposure"],
        ]  # fmt: skip
        for held, known in zip(one.positions.rows, status["positions"], strict=True):
            assert {key: getattr(held, key) for key in known} == known
        assert one.health.rejections == status["rejections"]
        assert (overview.deployment.ledger_id, one.seq) == (status["ledger"]["id"], status["ledger"]["records"])
        measured = {gauge.key: gauge.measured for gauge in overview.gauges}
        for limit in status["limits"]:
            if limit["measured"] is not None:
                assert measured[limit["key"]] == limit["measured"]
    growing.close()


def test_money_adds_up_as_the_books_do(tmp_path: Path) -> None:
    for seed in range(4):
        one = shown(write_world(tmp_path / f"{seed}.sqlite", seed, 600))
        worth = one.overview.worth
        booked = worth.deposits + worth.realised - worth.fees + worth.adjustments
        assert worth.cash + sum(held.cost for held in one.positions.rows) == booked
        assert one.exposure.total.loss == worth.exposure == sum(stake.loss for stake in one.exposure.markets)
        assert sum(stake.loss for stake in one.exposure.series) == worth.exposure


@pytest.mark.parametrize("seed", [0, 4, 9])
def test_a_card_says_what_its_question_and_its_record_say(tmp_path: Path, seed: int) -> None:
    growing, cards = Growing(tmp_path / "l.sqlite", seed, 500, world=Asking), 0
    while growing.left:
        growing.grow(7)
        one = shown(growing.path)
        if not one.intents.pending:
            continue
        whole = read_whole(growing.path)
        proposed = {fact.intent.intent_id: (ts, fact) for _, ts, fact in whole.records if type(fact) is IntentProposed}
        by_people = [card for card in one.intents.pending if card.asked is not None]
        rows = asked_rows(whole.state)
        assert {card.row.intent_id for card in by_people} == {row.intent_id for row in rows}
        for row in rows:
            card = next(card for card in by_people if card.row.intent_id == row.intent_id)
            ts, fact = proposed[row.intent_id]
            asked = card.asked
            assert asked is not None
            assert (asked.code, asked.terms, asked.people) == (row.code, row.terms, row.needed)
            assert tuple(grant.person for grant in asked.grants) == row.given
            assert (asked.asked_ts, asked.expires_ts) == (row.asked_ts, row.expires_ts)
            assert (card.words, card.title, card.worst_loss, card.fee, card.edge) == (
                row.words, row.title, row.worst_loss, row.fee, row.edge,
            )  # fmt: skip
            assert card.row.status == "PENDING"
            assert [(check.rule, check.ok, check.measured, check.limit) for check in card.checks] == [
                tuple(msgspec.structs.astuple(check)) for check in fact.checks
            ]
            assert card.price_then == dealt_at(fact.quote, card.intent.side)
            assert card.last is not None
            assert card.last.ts >= ts
            cards += 1
        assert one.overview.pending == len(one.intents.pending)
    assert cards > 15
    growing.close()


def test_the_last_price_known_is_that_of_the_newest_record_about_the_market(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk", looks=True)
    past.idea(RAIN)
    past.strategy.next = []
    past.idea(SNOW, fair=430_000)
    past.close()
    one = shown(past.settings.ledger_path)
    [card] = one.intents.pending
    assert (card.row.instrument, card.price_then, card.price_last) == (RAIN, 420_000, 420_000)
    assert card.looking_since is not None
    assert card.asked is None
    assert one.overview.pending == 1


def test_the_share_of_today_s_budget_is_that_of_the_loss_limit(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk", looks=True)
    past.idea(RAIN)
    past.close()
    one = shown(past.settings.ledger_path)
    [card] = one.intents.pending
    day = next(budget for budget in one.overview.budgets if budget.period == "day")
    assert (day.most, day.lost, day.left) == (20 * MICRO, 0, 20 * MICRO)
    assert card.share == card.share_left == -(-card.worst_loss * MICRO // (20 * MICRO))
    week = next(budget for budget in one.overview.budgets if budget.period == "week")
    assert week.most == 500 * MICRO
    month = next(budget for budget in one.overview.budgets if budget.period == "month")
    assert (month.most, month.left) == (None, None)


def test_positions_show_what_they_cost_what_they_would_bring_and_what_that_gains(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk")
    past.trade(RAIN, qty_max=10 * MICRO)
    past.tell(inputs.TimePassed(past.now))
    past.close()
    one = shown(past.settings.ledger_path)
    [held] = one.positions.rows
    assert (held.cost, held.average, held.qty, held.side) == (4_200_000, 420_000, 10 * MICRO, "yes")
    assert held.mark is not None
    assert held.gain == held.mark - held.cost == one.positions.gain
    assert one.overview.worth.equity == one.overview.worth.cash + held.mark
    assert one.positions.unmarked == 0


def test_gauges_are_those_limits_that_something_uses_up(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk")
    past.trade(RAIN, qty_max=10 * MICRO)
    past.tell(inputs.TimePassed(past.now))
    past.close()
    one = shown(past.settings.ledger_path)
    gauges = {gauge.key: gauge for gauge in one.overview.gauges}
    assert set(gauges) == {
        "open_positions_max", "total_exposure_max", "market_exposure_max", "series_exposure_max", "buying_power_min",
        "orders_per_cycle_max", "orders_per_day_max", "daily_loss_max", "weekly_loss_fraction_max",
        "drawdown_fraction_max",
    }  # fmt: skip
    assert set(gauges) <= set(MEASURES)
    exposure = gauges["market_exposure_max"]
    assert (exposure.measured, exposure.of, exposure.limit) == (4_200_000, RAIN, 30 * MICRO)
    assert exposure.share == 140_000
    floor = gauges["buying_power_min"]
    assert (floor.measured, floor.limit) == (one.overview.worth.cash, 100 * MICRO)
    assert floor.share == -(-100 * MICRO * MICRO // one.overview.worth.cash)
    assert gauges["orders_per_day_max"].measured == gauges["orders_per_cycle_max"].measured == 1
    stakes = {stake.name: stake for stake in one.exposure.markets}
    assert (stakes[RAIN].loss, stakes[RAIN].limit, stakes[RAIN].title) == (4_200_000, 30 * MICRO, "Will it?")


def test_what_only_time_changes_follows_the_desk_s_own_clock(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk")
    past.trade(RAIN, qty_max=10 * MICRO)
    past.close()
    beat = past.settings.state_dir / "heartbeat.json"
    one = shown(past.settings.ledger_path, heartbeat=beats(beat, past.now + 30 * SECOND))
    measured = {gauge.key: gauge.measured for gauge in one.overview.gauges}
    assert (measured["orders_per_cycle_max"], measured["orders_per_day_max"]) == (0, 1)
    one = shown(past.settings.ledger_path, heartbeat=beats(beat, past.now + DAY))
    assert {gauge.key: gauge.measured for gauge in one.overview.gauges}["orders_per_day_max"] == 0


def test_the_desk_s_time_is_carried_on_at_its_own_speed_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    fast = ', "speed": 60'
    for status, speed, passed in (("running", "", 10), ("running", fast, 600), ("stopped", fast, 0)):
        path.write_text(f'{{"ts": {NOW}, "status": "{status}", "pid": 1, "records": 1{speed}}}')
        heartbeat = Heartbeat(path)
        beat = heartbeat.read()
        assert beat is not None
        assert heartbeat.desk_time(NOW - 1, beat.written_ts + 10 * SECOND) == NOW + passed * SECOND
        assert heartbeat.desk_time(NOW + DAY, beat.written_ts) == NOW + DAY, "never before its last record"
    path.write_text(f'{{"ts": {NOW}, "status": "running", "pid": 1, "records": 1, "speed": 0}}')
    assert Heartbeat(path).read() is None


def test_every_list_is_the_one_that_the_command_line_shows(tmp_path: Path, cli: Cli) -> None:
    lived = lived_desk(tmp_path / "desk")
    one = shown(lived.settings.ledger_path)
    at = ("-C", lived.folder, "--json")
    limits = cli("constitution", "show", *at).json
    assert as_json(one.constitution.rows) == limits["limits"]
    assert one.constitution.digest == limits["digest"]
    listed = cli("intents", "list", "--all", "--limit", "99", *at).json["intents"]
    for row, known in zip(as_json(one.intents.rows), listed, strict=True):
        assert row == {key: known[key] for key in row}
    assert as_json(one.orders.rows) == cli("orders", "list", "--all", *at).json["orders"]
    assert as_json(one.halts.history) == cli("halt", "list", "--history", *at).json["halts"]
    verified = cli("ledger", "verify", *at).json
    assert (one.chain.head_hash, one.chain.head_seq) == (verified["head"], verified["records"])


def test_a_narrowed_start_says_to_what_it_keeps(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk")
    past.tell(inputs.DeskStarting("test", ("scripted",), past.now, narrowed=Narrowing(markets=(RAIN,))))
    past.close()
    one = shown(past.settings.ledger_path)
    assert one.constitution.narrowed == {"markets": (RAIN,)}
    assert one.overview.deployment.narrowed


def test_health_tells_the_heartbeat_the_books_and_the_run(tmp_path: Path) -> None:
    past = past_of(tmp_path / "desk")
    past.tell(inputs.DeskStopping("enough", past.now))
    past.close()
    beat = past.settings.state_dir / "heartbeat.json"
    one = shown(past.settings.ledger_path, heartbeat=beat, version="9.9")
    assert (one.health.beat, one.health.beat_age, one.health.version) == (None, None, "9.9")
    assert one.health.run is not None
    assert (one.health.run.build, one.health.run.stopped_why) == ("test", "enough")
    assert one.health.matched_ts is not None
    for nonsense in ("", "{", "[1]", '{"ts": "x"}', "\x00" * 10):
        beat.write_text(nonsense)
        assert shown(past.settings.ledger_path, heartbeat=beat).health.beat is None


def test_a_desk_without_a_ledger_has_every_view_and_nothing_in_it(tmp_path: Path) -> None:
    one = shown(tmp_path / "none.sqlite")
    assert one.overview.worth.equity is None
    assert (one.overview.gauges, one.overview.line, one.constitution.rows) == ((), (), ())
    assert one.exposure.total.loss == 0
    assert one.chain.head_seq == 0


def test_a_long_line_of_equity_stays_short_and_keeps_its_extremes() -> None:
    line, peak, deepest = EquityLine(), 0, 0
    values = [1_000 + (number * 7_919) % 997 for number in range(20_000)]
    for number, value in enumerate(values):
        peak = max(peak, value)
        deepest = max(deepest, peak - value)
        line.add(number, value, peak - value)
    points = line.points()
    assert POINTS_MAX // 2 < len(points) <= POINTS_MAX
    assert (min(point.low for point in points), max(point.high for point in points)) == (min(values), max(values))
    assert max(point.drawdown for point in points) == deepest
    assert (points[-1].ts, points[-1].equity) == (19_999, values[-1])
    assert [point.ts for point in points] == sorted({point.ts for point in points})


def test_the_line_of_equity_is_that_of_the_marks(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 1_200)
    marks = [(ts, fact.equity) for _, ts, fact in read_whole(path).records if type(fact) is EquityMarked]
    points = [(point.ts, point.equity) for point in shown(path).overview.line]
    assert len(marks) > 20
    assert set(marks) <= set(points)

"""The views of one moment, made from the book: pure, from what was folded and the time that it is for.

Each view costs what is open now and never what has been, so that making all of them after every handful of records
stays cheap however long the ledger is.
"""

from assent.console.reading import views
from assent.console.reading.book import Book
from assent.console.reading.chain import ChainStatus
from assent.console.reading.listing import Waiting
from assent.desk import worth
from assent.desk.budgets import LossBudget, day_budget, loss_budgets
from assent.desk.exposure import busy_instruments, instrument_exposure, orders_by_instrument, total_exposure
from assent.desk.gauges import gauges, share_of
from assent.desk.halts import level_at
from assent.desk.intent_rows import IntentRow
from assent.desk.rows import OrderRow, halt_rows, look_row, order_rows, stopped_rows, would_rows
from assent.desk.rules.last_look import dealt_at
from assent.desk.stakes import stakes
from assent.desk.state import ADJUSTMENTS, DEPOSITS, FEES, REALISED, State
from assent.desk.story import ages_of, in_words, judged
from assent.model.constitution import BY_KEY, Narrowing, in_use
from assent.model.instruments import Future, Instrument
from assent.model.levels import ALLOWED
from assent.model.limit_rows import limit_rows
from assent.model.units import share_up

NOBODY = Narrowing()


def overview(book: Book, name: str, now: int) -> views.Overview:
    state = book.state
    line, pending, level = book.equity.points(), book.intents.pending(), level_at(state, now)
    return views.Overview(
        deployment=deployment(state, name),
        now_ts=now,
        level=level.name,
        allowed=tuple(sorted(ALLOWED[level])),
        halts=tuple(halt_rows(state, now)),
        stopped=tuple(stopped_rows(state)),
        worth=money(state, line[-1].ts if line else None),
        budgets=loss_budgets(state, now),
        gauges=tuple(gauges(state, now)),
        belts=state.belts,
        pending=len(pending),
        asked=sum(row.intent_id in state.asked for row, _ in pending),
        open_orders=len(state.orders),
        unknown_orders=sum(order.status == "unknown" for order in state.orders.values()),
        open_positions=len(busy_instruments(state)),
        line=line,
    )


def deployment(state: State, name: str) -> views.Deployment:
    seal = state.seal
    return views.Deployment(
        name=name,
        mode=seal.mode if seal else "",
        venue=seal.venue if seal else "",
        environment=seal.environment if seal else "",
        account=seal.account if seal else "",
        ledger_id=seal.ledger_id if seal else "",
        constitution=seal.constitution_digest if seal else "",
        opened_ts=state.opened_ts,
        markets=seal.constitution.markets if seal else (),
        events=seal.constitution.events if seal else (),
        series=seal.constitution.series if seal else (),
        narrowed=state.narrowed is not None,
    )


def money(state: State, equity_ts: int | None) -> views.Worth:
    drawn, accounts = worth.drawdown(state), state.accounts
    return views.Worth(
        cash=state.cash,
        reserved=state.reserved(),
        equity=worth.equity_now(state),
        equity_ts=equity_ts,
        peak=state.worth.peak,
        drawdown=max(0, drawn.amount) if drawn else None,
        exposure=total_exposure(state),
        # In the books a gain stands on the other side of the account.
        realised=-accounts[REALISED],
        fees=accounts[FEES],
        deposits=-accounts[DEPOSITS],
        adjustments=-accounts[ADJUSTMENTS],
    )


def intents(book: Book, now: int) -> views.Intents:
    today = day_budget(book.state, now)
    rows = book.intents.rows
    return views.Intents(
        pending=tuple(_card(book, row, waiting, today) for row, waiting in book.intents.pending()),
        rows=rows.shown(),
        total=rows.total,
    )


def _card(book: Book, row: IntentRow, waiting: Waiting, today: LossBudget | None) -> views.Card:
    intent, quote = waiting.fact.intent, waiting.fact.quote
    instrument = book.state.find_instrument(intent.instrument)
    last, look = book.intents.quotes.get(intent.instrument), book.state.looks.get(intent.intent_id)
    return views.Card(
        row=row,
        intent=intent,
        words=in_words(intent, instrument),
        title=instrument.title if instrument else "",
        event=instrument.event if instrument else "",
        series=instrument.series if instrument else "",
        close_ts=instrument.close_ts if instrument else None,
        worst_loss=intent.worst_loss,
        fee=intent.fee,
        edge=intent.edge,
        share=share_of(intent.worst_loss, today.most or 0) if today else None,
        share_left=share_of(intent.worst_loss, today.left or 0) if today else None,
        quote=quote,
        ages=ages_of(quote, waiting.ts),
        price_then=dealt_at(quote, intent.side),
        last=last,
        price_last=dealt_at(last.quote, intent.side) if last else None,
        checks=tuple(judged(check) for check in waiting.fact.checks),
        looking_since=look.asked_ts if look else None,
        asked=_asked(book.state, intent.intent_id),
    )


def _asked(state: State, intent_id: str) -> views.Asked | None:
    asked = state.asked.get(intent_id)
    if asked is None or state.seal is None:
        return None
    limits = state.seal.constitution
    return views.Asked(
        code=asked.code,
        terms=asked.terms,
        orders=asked.orders,
        people=asked.people,
        grants=asked.grants,
        may_answer=tuple(person.name for person in limits.approvers),
        factor=asked.intent.worst_loss >= limits.second_factor_from,
        price=asked.price,
        asked_ts=asked.asked_ts,
        expires_ts=asked.expires_ts,
    )


def orders(book: Book) -> views.Orders:
    state = book.state
    return views.Orders(
        open=tuple(order_rows(state)),
        would=tuple(would_rows(state)),
        looks=tuple(look_row(state, look) for look in state.looks.values()),
        rows=book.orders.rows.shown(),
        total=book.orders.rows.total,
    )


def positions(book: Book) -> views.Positions:
    state, open_orders = book.state, orders_by_instrument(book.state)
    rows = tuple(
        _held(state, name, instrument_exposure(state, name, open_orders.get(name, [])))
        for name in sorted(state.positions)
    )
    return views.Positions(
        rows=rows,
        cost=sum(row.cost for row in rows),
        gain=sum(row.gain or 0 for row in rows),
        unmarked=sum(row.mark is None for row in rows),
    )


def _held(state: State, name: str, exposure: int) -> views.Held:
    position, instrument, mark = state.positions[name], state.find_instrument(name), state.marks.get(name)
    future, guard = type(instrument) is Future, state.guards.get(name)
    return views.Held(
        instrument=name,
        title=instrument.title if instrument else "",
        event=instrument.event if instrument else "",
        series=instrument.series if instrument else "",
        future=future,
        side="yes" if position.qty > 0 else "no",
        qty=position.qty,
        cost=position.cost,
        average=share_up(1_000_000, abs(position.qty), position.cost),
        mark=mark,
        gain=None if mark is None else mark if future else mark - position.cost,
        exposure=exposure,
        close_ts=instrument.close_ts if instrument else None,
        exits=guard.exits if guard else None,
    )


def exposure(book: Book) -> views.Exposure:
    state, found = book.state, stakes(book.state)

    def rows(sums: dict[str, int], key: str) -> tuple[views.Stake, ...]:
        return tuple(_stake(state, name, loss, key) for name, loss in sorted(sums.items()))

    return views.Exposure(
        total=_stake(state, "", found.total, "total_exposure_max"),
        markets=rows(dict(found.markets), "market_exposure_max"),
        events=rows(dict(found.events), "event_exposure_max"),
        series=rows(dict(found.series), "series_exposure_max"),
        themes=rows(dict(found.themes), "theme_exposure_max"),
    )


def _stake(state: State, name: str, loss: int, key: str) -> views.Stake:
    instrument: Instrument | None = state.find_instrument(name) if key == "market_exposure_max" else None
    constitution = state.seal.constitution if state.seal else None
    used = constitution is not None and (not BY_KEY[key].optional or in_use(constitution, (key,)))
    limit: int | None = getattr(constitution, key) if used else None
    return views.Stake(
        name=name,
        title=instrument.title if instrument else "",
        loss=loss,
        limit=limit,
        share=None if limit is None else share_of(loss, limit),
    )


def halts(book: Book, now: int) -> views.Halts:
    state = book.state
    return views.Halts(
        level=level_at(state, now).name,
        standing=tuple(halt_rows(state, now)),
        stopped=tuple(stopped_rows(state)),
        history=book.halts.rows(),
    )


def constitution(book: Book) -> views.Constitution:
    seal, kept_to = book.state.seal, book.state.narrowed or NOBODY
    narrowed = {"markets": kept_to.markets, "events": kept_to.events, "series": kept_to.series}
    return views.Constitution(
        digest=seal.constitution_digest if seal else "",
        rows=tuple(limit_rows(seal.constitution)) if seal else (),
        narrowed={key: names for key, names in narrowed.items() if names},
        amended=tuple(book.amended),
    )


def chain(book: Book, status: ChainStatus) -> views.Chain:
    head = book.head
    return views.Chain(
        head_seq=head.seq, head_hash=head.hash.hex(), head_ts=head.ts, states_agreed=book.states_agreed, status=status
    )


def health(
    book: Book, *, taken_ts: int, beat: views.Beat | None, version: str, behind: int, open_orders: tuple[OrderRow, ...]
) -> views.Health:
    state = book.state
    return views.Health(
        taken_ts=taken_ts,
        beat=beat,
        beat_age=max(0, taken_ts - beat.written_ts) if beat else None,
        matched_ts=state.matched_ts,
        unmatched=state.unmatched,
        differences=tuple(
            views.Difference(what=what, ours=one.ours, theirs=one.theirs, since_ts=one.since_ts, source=one.source)
            for what, one in state.differing.items()
        ),
        unknown=tuple(row for row in open_orders if row.status == "unknown"),
        rejections=dict(sorted(state.rejections.items())),
        refusals=dict(sorted(book.refusals.items())),
        run=book.run,
        version=version,
        records=book.head.seq,
        head_ts=book.head.ts,
        behind=behind,
    )

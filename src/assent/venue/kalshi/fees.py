"""Kalshi's fee words, read into a schedule: the series' terms, an event's own, announced changes, and a waiver.

Two questions are answered, and kept apart. `expected` is what a fill at one moment should cost, waiver and all: a
fill report that says otherwise is worth an alarm. `worst` is what an order that lives for a while can cost at most:
it takes the dearest terms of its whole life, with a margin for clocks that differ, and it counts on no waiver.

Terms that cannot be read or priced are never guessed: the answer is a refusal, for the time that they rule.
Rates only: what a trade costs is for `model.fees` to compute, and the exchange in the box has a reading of its own.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from assent.model.errors import require
from assent.model.instruments import QuadraticFee
from assent.model.text import shown
from assent.model.units import MICRO, MICRO_SQUARED, MINUTE, is_time

# A taker pays this x multiplier x contracts x P x (1-P), in parts per million.
TAKER_PPM: Final = 70_000
# What a resting order pays of the taker's rate.
MAKER_SHARES_PPM: Final[dict[str, int]] = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 250_000,
    "quadratic_with_combo_maker_fees": 500_000,
}
# Named in the venue's description, but its numbers stand in no interface.
UNPRICED: Final = frozenset({"flat"})
FEE_TYPES: Final = {word: word for word in (*MAKER_SHARES_PPM, *UNPRICED)}
# Ten times the ordinary fee is 17.5 cents on a contract of 50: beyond it we misread something.
MULTIPLIER_MAX_PPM: Final = 10 * MICRO
# Each trade's fee is rounded up to this.
FEE_STEP: Final = 100
# A balance moves in these steps: members by themselves have finer ones than those behind a broker.
BALANCE_STEPS: Final = {"direct": 100, "non_direct": 10_000}
# So close to a change both its sides count: the venue's clock is not ours, and it may carry it out late.
CHANGE_MARGIN: Final = MINUTE
CHANGES_MAX: Final = 1_000

Member = Literal["direct", "non_direct"]
Owner = Literal["series", "event"]


class Words(Protocol):
    """How a series or an event says what trading costs. None where it says nothing: an event mostly does not."""

    @property
    def fee_type(self) -> str | None: ...

    @property
    def multiplier_ppm(self) -> int | None: ...


class FeeChange(NamedTuple):
    """An announced change: from `since` on, this series or event has these words. None clears an event's own."""

    owner: Owner
    ticker: str
    since: int
    fee_type: str | None
    multiplier_ppm: int | None


class FeesRefused(NamedTuple):
    """These terms cannot be priced, so nothing may be traded under them."""

    code: str
    why: str


class Period(NamedTuple):
    """From `since` until the next period begins, these rates hold."""

    since: int
    rates: QuadraticFee | FeesRefused


class FeePlan(NamedTuple):
    """What one market charges, now and as far as it is announced. The first period begins with time itself."""

    periods: tuple[Period, ...]
    waived_until: int

    def expected(self, ts: int) -> QuadraticFee | FeesRefused:
        """What a fill at `ts` should be charged by."""
        require(is_time(ts), "kalshi_time_not_a_time", ts=ts)
        rates = [period.rates for period in self.periods if period.since <= ts][-1]
        if isinstance(rates, QuadraticFee) and ts < self.waived_until:
            return msgspec.structs.replace(rates, taker_ppm=0, maker_ppm=0)
        return rates

    def worst(self, since: int, until: int) -> QuadraticFee | FeesRefused:
        """The dearest rates that may rule between the two times, both included; no waiver counts."""
        lasts = is_time(since) and is_time(until) and since <= until
        require(lasts, "kalshi_life_not_a_span", since=since, until=until)
        begin, end = max(0, since - CHANGE_MARGIN), until + CHANGE_MARGIN
        current = [period for period in self.periods if period.since <= begin][-1]
        ruling = [current, *(period for period in self.periods if begin < period.since <= end)]
        return _dearest([period.rates for period in ruling])

    def next_change(self, after: int) -> int | None:
        """The next time at which `expected` may answer otherwise, if any is known."""
        times = [period.since for period in self.periods[1:]] + [self.waived_until]
        return min((ts for ts in times if ts > after), default=None)


def fee_plan(
    series: Words,
    event: Words,
    *,
    series_ticker: str,
    event_ticker: str,
    as_of: int,
    member: Member,
    changes: Iterable[FeeChange] = (),
    waived_until: int | None = None,
) -> FeePlan | FeesRefused:
    """The plan of one market from its series and event as they were read at `as_of`.

    Changes of other series and events are passed over. A change well before `as_of` is part of what was read; a later
    one begins a period of its own.
    """
    ours = {("series", series_ticker), ("event", event_ticker)}
    announced = [change for change in changes if (change.owner, change.ticker) in ours]
    if len(announced) > CHANGES_MAX:
        return FeesRefused(
            "fee_changes_too_many",
            f"{len(announced)} fee changes are announced; at most {CHANGES_MAX} are believed",
        )
    waiver = 0 if waived_until is None else waived_until
    for ts in (as_of, waiver, *(change.since for change in announced)):
        if not is_time(ts):
            return FeesRefused("fee_time_unreadable", f"{shown(ts)} is not a time; the fees cannot be dated by it")
    return FeePlan(_periods(series, event, announced, as_of, member), waiver)


def _periods(series: Words, event: Words, announced: list[FeeChange], as_of: int, member: Member) -> tuple[Period, ...]:
    """Each change in turn laid over what was read. Of two at one moment the later row holds, and `worst` sees both."""
    periods = [Period(0, _rates(series, event, member))]
    for change in sorted(announced, key=lambda row: row.since):
        if change.since <= as_of - CHANGE_MARGIN:
            continue
        if change.owner == "series":
            series = change
        else:
            event = change
        periods.append(Period(change.since, _rates(series, event, member)))
    return tuple(periods)


def _rates(series: Words, event: Words, member: Member) -> QuadraticFee | FeesRefused:
    """The rates in force: each of the event's own words goes before the series'. Rounded up, never too small."""
    fee_type = series.fee_type if event.fee_type is None else event.fee_type
    multiplier = series.multiplier_ppm if event.multiplier_ppm is None else event.multiplier_ppm
    share = None if fee_type is None else MAKER_SHARES_PPM.get(fee_type)
    if share is None:
        known = "comes without numbers" if fee_type in UNPRICED else "is not known here"
        return FeesRefused(
            "fee_type_unknown",
            f"the fee type {shown(fee_type)} {known}; read the venue's fee schedule before trading",
        )
    if type(multiplier) is not int or not 0 <= multiplier <= MULTIPLIER_MAX_PPM:
        return FeesRefused(
            "fee_multiplier_unreadable",
            f"the fee multiplier is {shown(multiplier)} ppm; only 0 to {MULTIPLIER_MAX_PPM} is believed",
        )
    return QuadraticFee(
        taker_ppm=-(-TAKER_PPM * multiplier // MICRO),
        maker_ppm=-(-TAKER_PPM * multiplier * share // MICRO_SQUARED),
        fee_step=FEE_STEP,
        balance_step=BALANCE_STEPS[member],
    )


def _dearest(all_rates: list[QuadraticFee | FeesRefused]) -> QuadraticFee | FeesRefused:
    """Each rate's highest; one period that cannot be priced makes the whole life unpriceable."""
    priced: list[QuadraticFee] = []
    for rates in all_rates:
        if isinstance(rates, FeesRefused):
            return rates
        priced.append(rates)
    return msgspec.structs.replace(
        priced[0],
        taker_ppm=max(rates.taker_ppm for rates in priced),
        maker_ppm=max(rates.maker_ppm for rates in priced),
    )

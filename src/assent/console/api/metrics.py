"""Numbers for whoever watches the desk from outside, in Prometheus' own form.

Worked out from the newest snapshot when it is asked for. Labels are causes, limits and codes of our own tables, so
there are never more series than these have entries, and no account, market, person or credential is among them.
Amounts are dollars and times seconds, as such tools expect: here alone floats stand for money, and nothing is decided
on them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fastapi import APIRouter, Depends, Request
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from assent.console.api.shapes import is_whole
from assent.console.guard.counts import Counts
from assent.console.guard.people import viewer
from assent.console.reading.snapshot import Snapshot
from assent.console.reading.tail import Tail
from assent.model.levels import CAUSES, Level
from assent.model.reasons import REASONS
from assent.model.units import MICRO, SECOND

router = APIRouter(tags=["reads"], dependencies=[Depends(viewer)])
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
# What is told of the ledger also while it cannot be read; of the desk nothing is then.
LEDGER: Final = "assent_ledger_"

# One number each; None where there is none yet, and then the series is left out.
NUMBERS: Final[Mapping[str, tuple[str, Callable[[Snapshot], float | None]]]] = {
    "assent_desk_level": (
        "0 trading, 1 reducing, 2 halted, 3 locked.", lambda s: Level[s.overview.level]
    ),
    "assent_desk_cash_dollars": ("Cash.", lambda s: _dollars(s.overview.worth.cash)),
    "assent_desk_reserved_dollars": ("Cash that open orders may take.", lambda s: _dollars(s.overview.worth.reserved)),
    "assent_desk_equity_dollars": ("What the account is worth.", lambda s: _dollars(s.overview.worth.equity)),
    "assent_desk_drawdown_dollars": ("How far it fell from its peak.", lambda s: _dollars(s.overview.worth.drawdown)),
    "assent_desk_exposure_dollars": ("What may be lost at worst.", lambda s: _dollars(s.overview.worth.exposure)),
    "assent_desk_open_intents": ("Intents that wait.", lambda s: s.overview.pending),
    "assent_desk_open_orders": ("Orders that may still fill.", lambda s: s.overview.open_orders),
    "assent_desk_unknown_orders": ("Orders whose fate is not known.", lambda s: s.overview.unknown_orders),
    "assent_desk_open_positions": ("Positions held or on their way.", lambda s: s.overview.open_positions),
    "assent_desk_heartbeat_age_seconds": (
        "How long ago the desk last said that it lives.", lambda s: _seconds(s.health.beat_age)
    ),
    "assent_ledger_records": ("Records in the ledger as it is shown.", lambda s: s.seq),
    "assent_ledger_behind_records": ("Records that are not shown yet.", lambda s: s.health.behind),
    "assent_ledger_readable": (
        "1 while what is shown is all that there is.", is_whole
    ),
}  # fmt: skip


class DeskNumbers(Collector):
    """Reads the tail's newest snapshot at each scrape."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail

    def collect(self) -> Iterator[Metric]:
        snapshot = self._tail.snapshot
        known = is_whole(snapshot)
        for name, (words, read) in NUMBERS.items():
            value = read(snapshot) if known or name.startswith(LEDGER) else None
            if value is not None:
                yield GaugeMetricFamily(name, words, value=value)
        if known:
            yield from self._by_name(snapshot)

    def _by_name(self, snapshot: Snapshot) -> Iterator[Metric]:
        halts = GaugeMetricFamily("assent_desk_halt", "1 while a halt of this cause stands.", labels=("cause",))
        standing = {halt.cause for halt in snapshot.overview.halts}
        for cause in CAUSES:
            halts.add_metric((cause,), cause in standing)
        yield halts
        used = GaugeMetricFamily("assent_desk_limit_used_ratio", "How much of a limit is used.", labels=("limit",))
        for gauge in snapshot.overview.gauges:
            used.add_metric((gauge.key,), gauge.share / MICRO)
        yield used
        yield _by_code("assent_desk_refusals", "Ideas that a rule refused.", snapshot.health.refusals)
        yield _by_code("assent_desk_rejections", "Inputs kept out.", snapshot.health.rejections)


def registry_of(tail: Tail, counts: Counts) -> CollectorRegistry:
    """The guard's counters, the desk's numbers, and what this process uses."""
    counts.registry.register(DeskNumbers(tail))
    ProcessCollector(registry=counts.registry)
    return counts.registry


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """The numbers of now."""
    return Response(generate_latest(request.app.state.registry), media_type=TEXT)


def _by_code(name: str, words: str, counted: Mapping[str, int]) -> Metric:
    """Counts by registered code; whatever has no code of ours counts as one other."""
    family, sums = CounterMetricFamily(name, words, labels=("code",)), dict[str, int]()
    for code, count in counted.items():
        known = code if code in REASONS else OTHER
        sums[known] = sums.get(known, 0) + count
    for code, count in sums.items():
        family.add_metric((code,), count)
    return family


def _dollars(micros: int | None) -> float | None:
    return None if micros is None else micros / MICRO


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / SECOND

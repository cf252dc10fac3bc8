"""The first page: how the desk stands, in one look. Pure: from the snapshot to what the template shows."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from assent.console.pages.curve import curve_of
from assent.console.pages.showing import percent, signed, waiting_words
from assent.console.reading import views
from assent.console.reading.snapshot import Snapshot
from assent.desk.budgets import LossBudget
from assent.desk.gauges import Gauge
from assent.model.units import MINUTE
from assent.model.words import money, span

LATEST: Final = 8
# A heartbeat is written every cycle; one that is older than this belongs to a desk that hangs or is gone.
BEAT_OLD_NS: Final = 2 * MINUTE
STOPPED: Final = "stopped"
# Those limits come first of which a person wants to know how much is left.
FIRST: Final = (
    "daily_loss_max", "daily_loss_fraction_max", "total_exposure_max", "drawdown_fraction_max", "open_positions_max",
    "orders_per_day_max", "notional_per_day_max", "weekly_loss_max", "buying_power_min",
)  # fmt: skip


class Notice(NamedTuple):
    """Something that a person must know before the rest of the page."""

    kind: str
    title: str
    texts: tuple[str, ...]
    href: str = ""
    link: str = ""


class Figure(NamedTuple):
    """One number with its name. The sign and the words carry the meaning; the tone only repeats it."""

    label: str
    value: str
    aside: str = ""
    tone: str = ""


class Dial(NamedTuple):
    """A gauge with a name as a person says it."""

    label: str
    of: str
    sentence: str
    unit: str
    measured: int
    limit: int
    share: int


def overview_context(snapshot: Snapshot) -> dict[str, Any]:
    overview = snapshot.overview
    return {
        "notices": tuple(notices(snapshot)),
        "figures": tuple(figures(overview)),
        "curve": curve_of(overview.line),
        "gauges": dials(overview.gauges),
        "belts": overview.belts,
        "latest": tuple(reversed(snapshot.intents.rows[-LATEST:])),
    }


def notices(snapshot: Snapshot) -> Iterator[Notice]:
    """What stands in the way, the worst first."""
    overview, source = snapshot.overview, snapshot.source
    if source.what:
        texts = tuple(text for text in (source.why, source.todo) if text)
        yield Notice("bad" if source.standing == "unreadable" else "warn", source.what, texts)
    for turned in source.turned[-3:]:
        yield Notice("bad", "The ledger's file is not what it was", (turned.what,))
    if source.standing == "catching up":
        yield Notice("warn", f"Still reading: {source.shown_seq:,} of {source.head_seq:,} records", ())
    for halt in overview.halts:
        yield Notice(
            "bad" if halt.level != "REDUCING" else "warn", f"{halt.level}: {halt.sentence}", (halt.detail,),
            "/console/halts", "What ends it",
        )  # fmt: skip
    if overview.unknown_orders:
        words = (
            "1 order's fate is unknown"
            if overview.unknown_orders == 1
            else f"{overview.unknown_orders} orders' fates are unknown"
        )
        yield Notice(
            "bad", words, ("The worst case stays reserved until evidence arrives.",), "/console/orders", "Orders"
        )
    yield from _of_the_beat(snapshot.health)
    if overview.asked:
        yield Notice("warn", waiting_words(overview.asked), (), "/console/approvals", "Answer")


def _of_the_beat(health: views.Health) -> Iterator[Notice]:
    if health.beat is None:
        yield Notice("warn", "No heartbeat", ("The desk does not run, or its heartbeat cannot be read from here.",))
    elif health.beat.status == STOPPED:
        yield Notice("warn", "The desk is stopped", ("What is shown is what its ledger holds.",))
    elif health.beat_age is not None and health.beat_age > BEAT_OLD_NS:
        yield Notice("bad", f"The last heartbeat is {span(health.beat_age)} old", ("The desk hangs or is gone.",))


def figures(overview: views.Overview) -> Iterator[Figure]:
    worth = overview.worth
    yield Figure("Equity", money(worth.equity), f"peak {money(worth.peak)}")
    today = next((budget for budget in overview.budgets if budget.period == "day"), None)
    yield _of_today(worth, today)
    drawn = worth.drawdown
    tone = "bad" if drawn else ""
    part = drawn * 1_000_000 // worth.peak if drawn is not None and worth.peak else None
    yield Figure("Below the peak", money(drawn), percent(part) if part is not None else "", tone)
    yield Figure("Cash", money(worth.cash), f"{money(worth.reserved)} reserved")
    yield Figure("May still be lost", money(worth.exposure), "held and on its way, at worst")
    aside = f"{overview.unknown_orders} of unknown fate" if overview.unknown_orders else "may still be filled"
    yield Figure("Open orders", str(overview.open_orders), aside)
    yield Figure("Markets held", str(overview.open_positions), f"realised {signed(worth.realised)}")


def _of_today(worth: views.Worth, today: LossBudget | None) -> Figure:
    """Today's gain or loss beside what may be lost."""
    if today is None or worth.equity is None:
        return Figure("Today", "-", "no baseline yet")
    gained = worth.equity - today.baseline
    left = (
        f"{money(today.left)} of {money(today.most)} left to lose"
        if today.most is not None
        else "no limit on a day's loss"
    )
    return Figure("Today", signed(gained), left, "bad" if gained < 0 else "good" if gained > 0 else "")


def dials(gauges: tuple[Gauge, ...]) -> tuple[Dial, ...]:
    """The gauges, those first that people ask about, the rest by how much is used."""
    rank = {key: place for place, key in enumerate(FIRST)}
    ordered = sorted(gauges, key=lambda one: (rank.get(one.key, len(rank)), -one.share))
    return tuple(
        Dial(label_of(one.key), one.of, one.sentence, one.unit, one.measured, one.limit, one.share) for one in ordered
    )


def label_of(key: str) -> str:
    """`total_exposure_max` as a person says it."""
    words = (
        key.removesuffix("_max").removesuffix("_min").replace("_", " ").replace(" fraction", ", part of the account")
    )
    named = words.capitalize()
    return f"{named}, at least" if key.endswith("_min") else named

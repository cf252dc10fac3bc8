"""The pages that keep themselves current: which template each has, what it shows, and which of it is sent anew.

A fragment is a template of its own with one element that bears its name. The page includes it when it is rendered, and
the stream renders the same again when something has changed; so what is swapped in is what would have been there.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from assent.console.pages.cards import cards_of
from assent.console.pages.overview import LATEST, overview_context
from assent.console.pages.showing import waiting_words
from assent.console.reading.snapshot import Snapshot

Context = dict[str, Any]


class Sight(NamedTuple):
    """One such page. `context` is pure: from a snapshot, the desk's time and the session's token."""

    page: str
    title: str
    template: str
    fragments: tuple[str, ...]
    context: Callable[[Snapshot, int, str], Context]


def _overview(snapshot: Snapshot, _now: int, _csrf: str) -> Context:
    return overview_context(snapshot)


def _approvals(snapshot: Snapshot, now: int, csrf: str) -> Context:
    cards, more = cards_of(snapshot, now, csrf)
    said = waiting_words(len(cards) + more) if cards else "Nothing waits for assent"
    return {
        "cards": cards,
        "more": more,
        "cards_said": said,
        "latest": tuple(reversed(snapshot.intents.rows[-LATEST:])),
    }


def _orders(snapshot: Snapshot, _now: int, _csrf: str) -> Context:
    return {"orders": snapshot.orders.open, "would": snapshot.orders.would, "looks": snapshot.orders.looks}


def _positions(snapshot: Snapshot, _now: int, _csrf: str) -> Context:
    return {"positions": snapshot.positions, "stakes": snapshot.exposure}


def _halts(snapshot: Snapshot, _now: int, _csrf: str) -> Context:
    return {
        "halts": snapshot.halts.standing,
        "stopped": snapshot.halts.stopped,
        "allowed": snapshot.overview.allowed,
        "factor_to_resume": _factor_to_resume(snapshot),
    }


def _health(snapshot: Snapshot, _now: int, _csrf: str) -> Context:
    return {"health": snapshot.health, "source": snapshot.source, "deployment": snapshot.overview.deployment}


def _factor_to_resume(snapshot: Snapshot) -> bool:
    return any(row.key == "second_factor_to_resume" and row.value is True for row in snapshot.constitution.rows)


BAND: Final = ("level", "waiting")
SIGHTS: Final = {
    sight.page: sight
    for sight in (
        Sight(
            "overview", "Overview", "overview.html",
            (*BAND, "notices", "figures", "curve-mark", "gauges", "belts", "latest"), _overview,
        ),
        Sight("approvals", "Approvals", "approvals.html", (*BAND, "cards", "latest"), _approvals),
        Sight("orders", "Orders", "orders.html", (*BAND, "orders-open"), _orders),
        Sight("positions", "Positions", "positions.html", (*BAND, "positions"), _positions),
        Sight("halts", "Halts", "halts.html", (*BAND, "halts-standing"), _halts),
        Sight("health", "Health", "health.html", (*BAND, "health"), _health),
    )
}  # fmt: skip


def fragment_file(name: str) -> str:
    return f"fragments/{name.replace('-', '_')}.html"

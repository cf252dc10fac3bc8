"""What every page stands in: the templates, the band, the menu, the session's token, the theme.

Everything is escaped, always; a name that a template does not know ends the rendering, since a page that silently
leaves something out may leave out what matters.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from assent.console.guard.people import Caller
from assent.console.pages.assets import PLOTLY, Assets
from assent.console.pages.place import place_of
from assent.console.pages.showing import FILTERS
from assent.console.reading.snapshot import Snapshot
from assent.console.seam import ConsoleDesk
from assent.model.policy import Person, person_of
from assent.model.units import MINUTE

TEMPLATES: Final = Path(__file__).parent.parent / "templates"
THEME_COOKIE: Final = "assent-theme"
THEMES: Final = ("auto", "light", "dark")
HOME: Final = "/console/"
# The desk's time is carried on from the last reading no further than this.
CARRIED_MAX: Final = MINUTE
# What a form's answer says in the address of the next page.
TOLD_ONCE: Final = frozenset(("done", "code", "intent", "reason"))
# Addresses that a page may send somebody back to: our own, and nothing that a browser could read as another host.
_OURS: Final = re.compile(r"/console/(?!/)[A-Za-z0-9/_.~?&=%+-]*")


class Item(NamedTuple):
    """One line of the menu."""

    page: str
    label: str
    href: str


# The first four stand at the foot of a phone, the rest behind "More".
MENU: Final = (
    Item("overview", "Overview", HOME),
    Item("approvals", "Approvals", "/console/approvals"),
    Item("orders", "Orders", "/console/orders"),
    Item("positions", "Positions", "/console/positions"),
    Item("intents", "Intents", "/console/intents"),
    Item("halts", "Halts", "/console/halts"),
    Item("ledger", "Ledger", "/console/ledger"),
    Item("constitution", "Constitution", "/console/constitution"),
    Item("health", "Health", "/console/health"),
)


def window_title(title: str, short: str, waiting: int) -> str:
    """The title of the window: what waits first, since a tab shows no more."""
    return f"{f'({waiting}) ' if waiting else ''}{title} · {short} · Assent"


class Shell:
    """The templates with what all of them share."""

    def __init__(self, desk: ConsoleDesk) -> None:
        self.desk = desk
        self.assets, self._environment = _made()

    @property
    def snapshot(self) -> Snapshot:
        snapshot: Snapshot = self.desk.tail.snapshot
        return snapshot

    def desk_now(self, snapshot: Snapshot) -> int:
        """The desk's own time, carried on from the last reading: a desk in a box has a clock of its own."""
        passed = self.desk.clock.now() - snapshot.health.taken_ts
        return snapshot.overview.now_ts + max(0, min(passed, CARRIED_MAX)) * speed_of(snapshot)

    def desk_clock(self) -> dict[str, int]:
        """What a page needs to go on by the desk's clock: its time, and how many of its seconds pass in one of ours."""
        snapshot = self.snapshot
        return {"now": self.desk_now(snapshot) // 1_000_000, "speed": speed_of(snapshot)}

    def base(self, request: Request, caller: Caller, snapshot: Snapshot, *, page: str, title: str) -> dict[str, Any]:
        """What the frame of every page needs. The scopes decide what is offered; the desk decides what is done."""
        now, place = self.desk_now(snapshot), place_of(snapshot)
        return {
            "theme": theme_of(request),
            "place": place,
            "window": window_title(title, place.short, place.waiting),
            "now": now,
            "now_ms": now // 1_000_000,
            "speed": speed_of(snapshot),
            "page": page,
            "title": title,
            "here": own_address(here_of(request)),
            "csrf": caller.csrf or "",
            "who": caller.identity,
            "stream": "",
            "may_approve": "approve" in caller.scopes,
            "approver": approver_of(snapshot, caller.identity),
            "may_operate": "operate" in caller.scopes,
        }

    def render(self, template: str, context: dict[str, Any]) -> str:
        return self._environment.get_template(template).render(context)

    def answer(self, template: str, context: dict[str, Any], status: int = 200) -> Response:
        return HTMLResponse(self.render(template, context), status)


@cache
def _made() -> tuple[Assets, Environment]:
    """The files and the compiled templates. They are those of the installed package, so a process makes them once."""
    assets = Assets()
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        asset=assets.address, menu=MENU, library_ids=assets.library_ids,
        library=assets.address(PLOTLY) if assets.has_charts else "",
    )  # fmt: skip
    return assets, environment


def speed_of(snapshot: Snapshot) -> int:
    """How many times as fast as ours the desk's clock runs, by its own word."""
    return snapshot.health.beat.speed if snapshot.health.beat else 1


def approver_of(snapshot: Snapshot, identity: str) -> str | None:
    """The one whom the constitution in force names under this identity, and whose answers the desk takes."""
    named = next((row.value for row in snapshot.constitution.rows if row.key == "approvers"), ())
    return person_of(msgspec.convert(named, tuple[Person, ...]), identity)


def theme_of(request: Request) -> str:
    """What the reader chose, or what their system says."""
    chosen = request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def here_of(request: Request) -> str:
    """This page's own address, without what it said was done: that is told once."""
    kept = [(name, value) for name, value in request.query_params.items() if name not in TOLD_ONCE]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def own_address(address: str) -> str:
    """The address if it is one of our pages, else that of the first page."""
    return address if len(address) <= 500 and _OURS.fullmatch(address) else HOME

"""Ask the venue what is true: of each order whose fate we do not know, and of the whole account.

Only asks and reports. Whether two books agree, and what follows when they do not, is the desk's to decide.
"""

import asyncio
from collections.abc import Callable

from assent.desk.state import OrderState, State
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountUnavailable,
    CorrectionSeen,
    Evidence,
    EvidenceSeen,
    FillSeen,
    Input,
    InstrumentSeen,
    OrderClosedSeen,
    SendAnswered,
)
from assent.runtime.clock import Clock
from assent.venue.port import Ended, Unavailable, Venue

# Books that take longer to come than this were not to be had, nor was an order's fate.
BOOKS_MAX_NS = 30_000_000_000
FIND_MAX_NS = 60_000_000_000

Put = Callable[[Input], None]


def unsettled(order: OrderState) -> bool:
    """Whether only the venue's own record can say what becomes of it, or how much of it was executed. Of an order of
    which something was taken back, the venue may have executed all and say no more, or it may rest again."""
    if order.status == "working":
        return order.busted > 0 or _nameless(order)
    return order.status in ("unknown", "quarantined") or (order.status == "closing" and order.venue_filled is None)


async def resolve_orders(state: State, venue: Venue, clock: Clock, put: Put) -> None:
    """Evidence for every unknown order, and the end of every order that the venue closed while we were away."""
    for order in list(state.orders.values()):
        if order.status != "working" and not unsettled(order):
            continue
        finding = await _find(venue, order)
        order_id, now = order.order.order_id, clock.now()
        if type(finding) is Ended:
            if order.status == "unknown":
                put(EvidenceSeen(order_id, Accepted("", finding.filled, 0), venue.name, now))
            else:
                put(OrderClosedSeen(order_id, finding.why, finding.filled, now))
        elif type(finding) is Absent and order.status in ("quarantined", "closing"):
            put(OrderClosedSeen(order_id, "absent", order.filled, now))
        elif type(finding) in (Accepted, Absent) and order.status == "unknown":
            put(EvidenceSeen(order_id, finding, venue.name, now))  # type: ignore[arg-type]
        elif type(finding) is Accepted and _nameless(order):
            put(SendAnswered(order_id, finding, now))


def _nameless(order: OrderState) -> bool:
    """Its fill came, and its answer never did: the venue's name for it is what a cancel and the books need."""
    return order.status == "working" and not order.venue_order_id


async def _find(venue: Venue, order: OrderState) -> Evidence | Ended | None:
    """What the venue says of it; nothing, where it does not say anything in time."""
    try:
        async with asyncio.timeout(FIND_MAX_NS / 1e9):
            return await venue.find(order.order, order.released_ts)
    except TimeoutError:
        return None


async def match_books(venue: Venue, clock: Clock, put: Put) -> None:
    """Every fill, settlement and transfer that may be missing, then the account as it stands after exactly these."""
    try:
        async with asyncio.timeout(BOOKS_MAX_NS / 1e9):
            books = await venue.books()
    except TimeoutError:
        books = Unavailable("no answer in time")
    now = clock.now()
    if isinstance(books, Unavailable):
        put(AccountUnavailable(venue.name, books.why, now))
        return
    for instrument in books.instruments:
        put(InstrumentSeen(instrument, now))
    for fill in books.fills:
        put(FillSeen(fill, now))
    for correction in books.corrections:
        put(CorrectionSeen(correction, now))
    for settlement in books.settlements:
        put(settlement)
    for transfer in books.transfers:
        put(transfer)
    put(books.account)

"""What may be seen through the interface: how the desk stands, and all that it has open.

From the newest snapshot alone, which is one reference: no answer waits for a file or for the desk. While the ledger
cannot be read nothing is told as if it were so; only the status is, with what stands in the way.
"""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from assent.console.api import forms, shapes
from assent.console.api.answering import answers
from assent.console.api.described import refuses
from assent.console.guard.people import viewer
from assent.console.guard.refusals import Refused
from assent.console.reading.snapshot import Snapshot
from assent.console.seam import ConsoleDesk
from assent.desk.intent_rows import STATUSES, IntentRow
from assent.desk.rows import OrderRow
from assent.model.intents import Action

router = APIRouter(tags=["reads"], dependencies=[Depends(viewer)])

Row = TypeVar("Row")
LIMIT: Final = 50
UNREAD: Final = refuses("ledger_unread")

IntentStatus = Annotated[
    str | None, Query(alias="status", description="Only these.", json_schema_extra={"enum": list(STATUSES)})
]
OrderStatus = Annotated[str | None, Query(alias="status", pattern="^[a-z_]{1,30}$", description="Only these.")]
OrderCursor = Annotated[
    str | None, Query(alias="cursor", pattern="^[A-Za-z0-9-]{1,80}$", description="`next` of the page before.")
]
Kind = Annotated[Action | None, Query(alias="type", description="Only these.")]


def newest(request: Request) -> Snapshot:
    """What was read last, whatever it is worth."""
    desk: ConsoleDesk = request.app.state.desk
    return desk.tail.snapshot


async def snapshot_of(request: Request) -> Snapshot:
    """What was read last, if it is all that there is."""
    snapshot = newest(request)
    source = snapshot.source
    if not shapes.is_whole(snapshot):
        said = ". ".join(part for part in (source.what, source.todo) if part)
        raise Refused("ledger_unread", said or f"the ledger is {source.standing}")
    return snapshot


Newest = Annotated[Snapshot, Depends(snapshot_of)]


@router.get("/status")
@answers(shapes.Status)
async def status(request: Request) -> shapes.Status:
    """How the desk stands."""
    return shapes.status_of(newest(request))


@router.get("/intents", responses=UNREAD)
@answers(shapes.IntentsPage)
async def intents(
    snapshot: Newest,
    status: IntentStatus = None,
    kind: Kind = None,
    limit: forms.Limit = LIMIT,
    before: forms.Before = None,
) -> shapes.IntentsPage:
    """What was proposed, and where each stands."""
    if status is not None and status not in STATUSES:
        raise Refused("request_invalid", f"`status` is one of {', '.join(STATUSES)}")

    def wanted(row: IntentRow) -> bool:
        return status in (None, row.status) and kind in (None, row.type) and (before is None or row.seq < before)

    rows = _page(snapshot.intents.rows, wanted, limit)
    return shapes.IntentsPage(
        **shapes.as_of(snapshot), intents=rows[:limit], next=rows[limit - 1].seq if len(rows) > limit else None,
        total=snapshot.intents.total,
    )  # fmt: skip


@router.get("/intents/{intent_id}", responses=refuses("ledger_unread", "name_ambiguous"))
@answers(shapes.IntentTold)
async def intent(snapshot: Newest, intent_id: forms.IntentName) -> shapes.IntentTold:
    """One intent, with all that its approver must see while it waits."""
    starts = (intent_id, f"i-{intent_id}")
    rows = [row for row in snapshot.intents.rows if row.code == intent_id.upper() or row.intent_id.startswith(starts)]
    if not rows:
        raise Refused("not_found", "no intent that is kept at hand has this code or id; `/why` knows the older ones")
    if len(rows) > 1:
        raise Refused("name_ambiguous", f"{len(rows)} intents begin like this")
    card = next((card for card in snapshot.intents.pending if card.row.intent_id == rows[0].intent_id), None)
    return shapes.IntentTold(**shapes.as_of(snapshot), intent=rows[0], card=card)


@router.get("/orders", responses=refuses("ledger_unread", "not_found"))
@answers(shapes.OrdersPage)
async def orders(
    snapshot: Newest, status: OrderStatus = None, limit: forms.Limit = LIMIT, before: OrderCursor = None
) -> shapes.OrdersPage:
    """What was released, and where each order stands."""
    known = snapshot.orders.rows
    end = next((at for at, row in enumerate(known) if row.order_id == before), None) if before else len(known)
    if end is None:
        raise Refused("not_found", "the cursor names no order that is kept at hand; begin again without one")

    def wanted(row: OrderRow) -> bool:
        return status in (None, row.status)

    rows = _page(known[:end], wanted, limit)
    return shapes.OrdersPage(
        **shapes.as_of(snapshot), orders=rows[:limit], next=rows[limit - 1].order_id if len(rows) > limit else None,
        total=snapshot.orders.total, would=snapshot.orders.would, looks=snapshot.orders.looks,
    )  # fmt: skip


@router.get("/positions", responses=UNREAD)
@answers(shapes.PositionsTold)
async def positions(snapshot: Newest) -> shapes.PositionsTold:
    """What is held, what it cost, and what it would bring."""
    held = snapshot.positions
    return shapes.PositionsTold(
        **shapes.as_of(snapshot), positions=held.rows, cost=held.cost, gain=held.gain, unmarked=held.unmarked
    )


@router.get("/exposure", responses=UNREAD)
@answers(shapes.ExposureTold)
async def exposure(snapshot: Newest) -> shapes.ExposureTold:
    """What may be lost at worst, beside its limits."""
    found = snapshot.exposure
    return shapes.ExposureTold(
        **shapes.as_of(snapshot), total=found.total, markets=found.markets, events=found.events, series=found.series,
        themes=found.themes,
    )  # fmt: skip


@router.get("/halts", responses=UNREAD)
@answers(shapes.HaltsTold)
async def halts(snapshot: Newest, limit: forms.Limit = LIMIT) -> shapes.HaltsTold:
    """Which halts stand, what ends them, and which there were."""
    found = snapshot.halts
    return shapes.HaltsTold(
        **shapes.as_of(snapshot), level=found.level, halts=found.standing, stopped=found.stopped,
        history=found.history[::-1][:limit],
    )  # fmt: skip


@router.get("/constitution", responses=UNREAD)
@answers(shapes.ConstitutionTold)
async def constitution(snapshot: Newest) -> shapes.ConstitutionTold:
    """Every limit in force, and how they came to be."""
    found = snapshot.constitution
    return shapes.ConstitutionTold(
        **shapes.as_of(snapshot), digest=found.digest, limits=found.rows, narrowed=dict(found.narrowed),
        amended=found.amended,
    )  # fmt: skip


@router.get("/openapi.json", response_model=None)
def openapi(request: Request) -> JSONResponse:
    """This description."""
    return JSONResponse(request.app.openapi())


def _page(rows: tuple[Row, ...], wanted: Callable[[Row], bool], limit: int) -> tuple[Row, ...]:
    """The newest that are wanted, and one more where there is one."""
    found: list[Row] = []
    for row in reversed(rows):
        if wanted(row):
            found.append(row)
            if len(found) > limit:
                break
    return tuple(found)

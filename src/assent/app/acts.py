"""Acts and looks from outside: on the running desk by its socket, on a resting one by its ledger."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing
from typing import Any

from assent.app.around import open_around, resting_clock, signer_of
from assent.app.wiring import Around, identity_of
from assent.approval.access import Access
from assent.config import Settings
from assent.desk.desk import Desk
from assent.desk.state import State
from assent.ledger.chain import EMPTY, Head
from assent.ledger.sqlite import open_reader
from assent.model.errors import AssentError
from assent.model.facts import Fact, HaltCleared, decode_fact
from assent.model.inputs import Input
from assent.model.policy import person_of
from assent.model.reasons import sentence
from assent.runtime import broken, control
from assent.runtime.acts import COMPARED, LOOK, PROVEN, SHOWN_AFTER, act_answer, act_input
from assent.runtime.clock import Clock, WallClock
from assent.runtime.differences import view_of
from assent.runtime.inbox import Inbox
from assent.runtime.loop import Loop
from assent.runtime.principals import NotAdmitted, os_identity, prove_factor
from assent.runtime.reconcile import match_books, resolve_orders
from assent.runtime.recovery import forget_deaths, open_ledger, take_lease
from assent.runtime.status import Status
from assent.runtime.tally import Tally
from assent.venue.port import Lane, Venue


def ask(settings: Settings, request: Mapping[str, Any]) -> Status | None:
    """One request to the running desk; None when none runs."""
    return control.ask(settings.control_path, request)


def act(settings: Settings, request: Mapping[str, Any]) -> Status:
    """The same act on a desk that does not run: take the lease, compare the books, write what was decided.

    What needs prices and an order on its way, as leaving a position does, is for a desk that runs.
    """
    return asyncio.run(_act(settings, request))


async def _act(settings: Settings, request: Mapping[str, Any]) -> Status:
    if not settings.ledger_path.exists():
        raise AssentError(
            f"There is no ledger at {settings.ledger_path}. This desk has never run in mode {settings.mode}, so there"
            " is nothing to halt, to resume or to settle. To keep it from trading at its first start, set the kill"
            f" switch: make the file {settings.sentinel_path}."
        )
    async with AsyncExitStack() as stack:
        lease = take_lease(settings.ledger_path, now=WallClock().now())
        stack.callback(lease.release)
        command, desk = request.get("cmd"), Desk(())
        looks = command == LOOK
        compares = looks or command in COMPARED or command in SHOWN_AFTER
        around, clock = await _around(settings, stack, compares=compares)
        opened = open_ledger(settings.ledger_path, desk, identity_of(settings), lease=lease, starting=False)
        stack.callback(opened.close)
        wanted = None
        if not looks:
            person = _user(desk.state)
            fault = await _factor_fault(settings, request, person)
            if fault is not None:
                words = fault.words or sentence(fault.code)
                return {"ok": False, "refused": True, "code": fault.code, "error": f"[{fault.code}] {words}"}
            proven = request.get("factor") is not None
            if command in PROVEN or proven:
                request = {**request, "by": person}
            wanted = act_input(request, clock.now(), constitution=settings.constitution, factor=proven)
        tally = Tally(opened, desk.state)
        # Nothing is carried out from here: a released cancel is owed, and the next start carries it out.
        loop = Loop(
            desk=desk, store=opened.store, inbox=Inbox(), clock=clock, execute=lambda _effects: None, observers=(tally,)
        )
        venue = around.venue(desk.state, tuple) if compares and around is not None else None
        if venue is not None and (looks or command in COMPARED):
            await _compare(loop, desk, venue, clock)
        told = [] if wanted is None else loop.take([wanted])
        answer: Status = {"ok": True} if wanted is None else act_answer(told)
        if venue is not None and command in SHOWN_AFTER:
            await _match(loop, venue, clock)
        if looks or command in SHOWN_AFTER:
            answer["reconcile"] = view_of(desk)
        tally.anchor()
        if answer["ok"] and command == "resume":
            forget_deaths(settings.state_dir, now=clock.now())
            # A note that no start has made a halt of yet stays: nobody has answered for it.
            if any(type(fact) is HaltCleared and fact.cause == "invariant_broken" for fact in told):
                broken.forget(settings.state_dir)
        return answer


async def _factor_fault(settings: Settings, request: Mapping[str, Any], person: str) -> NotAdmitted | None:
    """Why the second factor that came with it is not that of whoever uses this machine; None where none came."""
    digits = request.get("factor")
    if digits is None:
        return None
    with closing(Access.open(settings.access_path)) as access:
        return await prove_factor(person, digits, access, WallClock().now())


def _user(state: State) -> str:
    """Whoever uses this machine, by the name that the limits in force know; the file alone changes nothing."""
    identity = os_identity(os.getuid())
    return (person_of(state.seal.constitution.approvers, identity) if state.seal else None) or identity


async def _around(settings: Settings, stack: AsyncExitStack, *, compares: bool) -> tuple[Around | None, Clock]:
    """What the act needs. To stop a desk takes neither a key nor an answer of its venue; to let it go on takes both."""
    if settings.environment != "sim" and not compares:
        return None, resting_clock(settings)
    around = await open_around(settings, 1, signer_of(settings), stack)
    return around, around.clock


async def _compare(loop: Loop, desk: Desk, venue: Venue, clock: Clock) -> None:
    """Learn what is missing and compare the books once. Prices are not taken in: at one of them the desk might leave a
    position, and nothing could send its order."""
    learned: list[Input] = []

    def sink(lane: Lane, item: Input, key: str = "") -> None:  # noqa: ARG001 - the port hands it over
        if lane != "market":
            learned.append(item)

    await venue.connect(sink, wanted=lambda *_: True)
    await resolve_orders(desk.state, venue, clock, learned.append)
    loop.take(learned)
    await _match(loop, venue, clock)


async def _match(loop: Loop, venue: Venue, clock: Clock) -> None:
    learned: list[Input] = []
    await match_books(venue, clock, learned.append)
    loop.take(learned)


def read_state(settings: Settings) -> tuple[State, Head, list[tuple[int, int, Fact]]]:
    """Fold the ledger read-only, also while its writer is at work."""
    reader = open_reader(settings.ledger_path)
    try:
        desk = Desk(())
        facts = []
        for record in reader.records():
            fact = decode_fact(record.kind, record.version, record.body)
            desk.restore([(record.ts, fact)])
            facts.append((record.seq, record.ts, fact))
        head = Head(record.seq, record.hash, record.ts) if facts else EMPTY
        return desk.state, head, facts
    finally:
        reader.close()

"""What the running desk answers to whoever asks over its control socket.

Each request is somebody's: the user of this machine at the other end, or the holder of the credential that it carries.
That is proven here, beside the desk, before anything reaches it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from assent.app.shown import running_status
from assent.app.wiring import Rooms
from assent.config import Settings
from assent.desk.state import State
from assent.model.assents import AssentGiven
from assent.model.errors import AssentError
from assent.model.facts import Fact, IntentSkipped, OrderReleased
from assent.model.inputs import RejectionSeen
from assent.model.policy import person_of
from assent.model.reasons import sentence
from assent.model.would import WouldRelease
from assent.runtime import broken
from assent.runtime.acts import ANSWERS, COMPARED, LOOK, PROVEN, SHOWN_AFTER, act_answer, act_input
from assent.runtime.clock import Clock, WallClock
from assent.runtime.differences import view_of
from assent.runtime.principals import NotAdmitted, Principal, Proofs, admit, prove_factor
from assent.runtime.recovery import forget_deaths
from assent.runtime.status import Status

# Turns of the event loop from a connection that waits to its request being read, and some to spare.
DOOR_TURNS = 32
# How long an answer waits for what its last look came to; the order itself may take longer.
LOOK_WAIT_S: Final = 6.0
LOOK_EVERY_S: Final = 0.02
# Refused answers of one identity in a minute, beyond which it is not heard: each of them is a record.
REFUSALS_MAX: Final = 30
MINUTE_NS: Final = 60_000_000_000


class Control:
    """Answers the control socket from inside the running desk. Who asks while it starts waits until its ledger is
    open; that is before its books are compared, so a halt comes before anything is released."""

    def __init__(self, settings: Settings, proofs: Proofs | None) -> None:
        self._settings = settings
        self._proofs = proofs
        self._wall = WallClock()
        self._refusals: dict[str, list[int]] = {}
        self._inside: asyncio.Future[tuple[Rooms, Clock]] = asyncio.get_running_loop().create_future()

    async def serve(self, rooms: Rooms, clock: Clock) -> None:
        """The rooms stand: begin to answer, after everybody who waits at the door has been let in."""
        self._inside.set_result((rooms, clock))
        for _ in range(DOOR_TURNS):
            await asyncio.sleep(0)

    async def handle(self, request: Mapping[str, Any], uid: int | None) -> Status:
        rooms, clock = await asyncio.shield(self._inside)
        await rooms.runtime.opened.wait()
        who = await admit(request, uid, self._proofs, self._wall.now())
        if isinstance(who, NotAdmitted):
            return _turned_away(rooms, clock, who)
        if request.get("cmd") == "status":
            status = running_status(self._settings, rooms, running=True)
            status.pop("last_facts")
            return {"ok": True, "status": status}
        if request.get("cmd") == LOOK:
            await rooms.runtime.compare()
            return {"ok": True, "reconcile": view_of(rooms.runtime.desk)}
        return await self._act(request, who, rooms, clock)

    async def _act(self, request: Mapping[str, Any], who: Principal, rooms: Rooms, clock: Clock) -> Status:
        runtime, command, state = rooms.runtime, request.get("cmd"), rooms.runtime.desk.state
        person = _person(state, who.identity)
        if command in ANSWERS and self._is_loud(who.identity):
            return {"ok": False, "refused": True, "code": "answers_too_many", "error": sentence("answers_too_many")}
        factor = request.get("factor")
        if factor is not None:
            fault = await prove_factor(person or who.identity, factor, self._proofs, self._wall.now())
            if fault is not None:
                return _turned_away(rooms, clock, fault)
        named = request.get("message_id")
        if isinstance(named, str) and named.strip():  # an answer without a name of its own is refused below
            # The name is the holder's own: nobody uses up another's.
            request = {**request, "message_id": f"{who.identity}/{named}"}
        # Whoever has proven who they are is on the record by that name, whatever name the request gives.
        if request.get("credential") is not None or command in PROVEN or factor is not None:
            request = {**request, "by": person or who.identity}
        if command in COMPARED and not _is_ours(state, request):
            await runtime.compare()
        try:
            wanted = act_input(request, clock.now(), identity=who.identity, factor=factor is not None)
        except AssentError as error:
            return {"ok": False, "error": str(error)}
        facts = runtime.act(wanted)
        answer = act_answer(facts)
        if command in ANSWERS:
            self._note(who.identity, answer)
            await self._tell_ending(facts, answer, rooms)
        if command in SHOWN_AFTER:
            await runtime.compare()
            answer["reconcile"] = view_of(runtime.desk)
        if answer["ok"] and command == "resume":
            forget_deaths(self._settings.state_dir, now=clock.now())
            if "invariant_broken" not in state.halts:
                broken.forget(self._settings.state_dir)
        return answer

    def _is_loud(self, identity: str) -> bool:
        since = self._wall.now() - MINUTE_NS
        recent = [ts for ts in self._refusals.pop(identity, ()) if ts > since]
        if recent:
            self._refusals[identity] = recent
        return len(recent) >= REFUSALS_MAX

    def _note(self, identity: str, answer: Status) -> None:
        if answer.get("refused"):
            self._refusals.setdefault(identity, []).append(self._wall.now())

    async def _tell_ending(self, facts: list[Fact], answer: Status, rooms: Rooms) -> None:
        """What the yes came to: how many are still needed, or what the last look brought."""
        given = next((fact for fact in facts if isinstance(fact, AssentGiven)), None)
        if given is None:
            return
        state, name = rooms.runtime.desk.state, given.intent_id
        asked = state.asked.get(name)
        if asked is not None and not asked.complete:
            answer |= {"given": len(asked.grants), "needed": asked.people, "came_to": "waiting"}
            return
        for _ in range(int(LOOK_WAIT_S / LOOK_EVERY_S)):
            if name not in state.looks:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        answer |= _came_to(rooms, name)


def _came_to(rooms: Rooms, intent_id: str) -> Status:
    for _, _, fact in reversed(rooms.tally.last):
        if isinstance(fact, IntentSkipped) and fact.intent_id == intent_id:
            return {"came_to": "skipped", "reason": fact.reason, "detail": fact.detail or sentence(fact.reason)}
        if isinstance(fact, OrderReleased) and fact.order.intent_id == intent_id and fact.order.parent is None:
            return {"came_to": "released", "order_id": fact.order.order_id}
        if isinstance(fact, WouldRelease) and fact.order.intent_id == intent_id and fact.order.parent is None:
            return {"came_to": "would be released", "order_id": fact.order.order_id}
    if rooms.runtime.desk.state.archive.asked.get(intent_id, ("", ""))[1] == "released":
        return {"came_to": "released"}  # a cancel, which is no order of its own
    return {"came_to": "looking"}


def _turned_away(rooms: Rooms, clock: Clock, why: NotAdmitted) -> Status:
    """Counted, so that whoever tries is seen; nothing else comes of it."""
    rooms.runtime.put(RejectionSeen(why.code, "control", why.words, clock.now()))
    return {"ok": False, "refused": True, "code": why.code, "error": f"[{why.code}] {why.words or sentence(why.code)}"}


def _person(state: State, identity: str) -> str | None:
    return person_of(state.seal.constitution.approvers, identity) if state.seal is not None else None


def _is_ours(state: State, request: Mapping[str, Any]) -> bool:
    """A cancel of what this desk has open itself waits for nobody's books; nor does a wish to have all of it off."""
    wanted = request.get("order_id")
    return request.get("cmd") == "cancel" and (not wanted or wanted in state.orders)

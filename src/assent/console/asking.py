"""How the console has something done: by the running desk, which alone decides, and never more than it can take.

Each request carries the credential that came with it, so the desk's own process judges who asks. A few are on their way
at once and a few more may wait: whoever comes then is told to come again, since no page may keep the desk busy.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from assent.console.guard.people import Caller
from assent.console.guard.refusals import LATER, Refused
from assent.console.seam import Answer, Ask
from assent.model.reasons import REASONS

# How many of each lane are on their way to the desk at once. A yes may take as long as the venue's fresh quote, a
# resume as long as the venue's books; to stop, to say no and to cancel wait for neither.
LANES: Final[Mapping[str, int]] = {"answers": 4, "acts": 3, "noes": 2, "cancels": 2, "halts": 2}
LANE_OF: Final[Mapping[str, str]] = {
    "approve": "answers", "reject": "noes", "cancel": "cancels", "halt": "halts", "end_override": "halts",
}  # fmt: skip
OTHER_LANE: Final = "acts"
AT_ONCE: Final = sum(LANES.values())
WAITING_MAX: Final = 200
# Whoever has not had a turn by then is told so: nothing was asked, and what was meant may be out of date.
TURN_WAIT_S: Final = 10.0
# What the desk's own refusals mean in HTTP. Any other code of a rule or of the last look: the state of things forbids
# it now (409).
STATUS_OF_REFUSAL: Final[Mapping[str, int]] = {
    "assent_unknown": 404,
    "assent_ambiguous": 409,
    "assent_early": 409,
    "assent_late": 410,
    "assent_twice": 409,
    "assent_replayed": 409,
    "assent_copied": 409,
    "assent_changed": 409,
    "assent_ended": 409,
    "assent_halted": 409,
    "assent_not_permitted": 403,
    "answers_too_many": 429,
    "second_factor_missing": 403,
    "second_factor_wrong": 403,
    "second_factor_replayed": 403,
    "second_factor_locked": 429,
    "credential_locked": 429,
    "credential_refused": 401,
    "scope_refused": 403,
}
CONFLICT: Final = 409


class Asking:
    """The ways to the desk, for all who ask through this console."""

    def __init__(self, ask: Ask, *, waiting_max: int = WAITING_MAX, turn_wait_s: float = TURN_WAIT_S) -> None:
        self._ask = ask
        self._turn_wait_s = turn_wait_s
        self._turns = {lane: asyncio.Semaphore(at_once) for lane, at_once in LANES.items()}
        self._inside = dict.fromkeys(LANES, 0)
        self._waiting_max = waiting_max

    async def have_done(self, command: str, caller: Caller, **said: str | int) -> Answer:
        """Have it done and return the desk's answer; whatever is no yes is raised as `Refused`."""
        request = {
            "cmd": command, "by": caller.identity, "credential": caller.credential, "channel": caller.channel, **said
        }  # fmt: skip
        lane = LANE_OF.get(command, OTHER_LANE)
        if self._inside[lane] >= LANES[lane] + self._waiting_max:
            raise Refused("rate_limited", "too many requests wait for the desk already", headers=LATER)
        self._inside[lane] += 1
        try:
            return checked(await self._in_turn(self._turns[lane], request))
        finally:
            self._inside[lane] -= 1

    async def _in_turn(self, turns: asyncio.Semaphore, request: Mapping[str, str | int]) -> Answer | None:
        try:
            async with asyncio.timeout(self._turn_wait_s):
                await turns.acquire()
        except TimeoutError:
            words = f"no turn came within {self._turn_wait_s:.0f} s; nothing was asked"
            raise Refused("rate_limited", words, headers=LATER) from None
        try:
            return await self._ask(request)
        except (OSError, ValueError) as error:
            raise Refused("outcome_unknown", f"the line to the desk broke: {type(error).__name__}") from None
        finally:
            turns.release()


def checked(answer: Answer | None) -> Answer:
    """The answer, if it is a yes."""
    if answer is None:
        raise Refused("desk_not_running", "no desk answers, and only a desk that runs can do this")
    if answer.get("ok"):
        return answer
    words = str(answer.get("error", "the desk gave no reason"))
    if answer.get("unknown"):
        raise Refused("outcome_unknown", words)
    code = answer.get("code")
    if not isinstance(code, str) or code not in REASONS:
        raise Refused("act_refused", words)
    raise Refused(code, words.removeprefix(f"[{code}] "), status=STATUS_OF_REFUSAL.get(code, CONFLICT))

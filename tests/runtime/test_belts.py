"""A belt that closed at the venue is opened by a person's resume of that halt, and by nothing else."""

import asyncio
from collections.abc import Callable

import pytest
from tests.runtime.fakes import Life

from assent.model.facts import HaltCleared
from assent.model.inputs import HaltAsked, Input, ResumeAsked
from assent.model.units import SECOND
from assent.runtime import virtual
from assent.runtime.effects import BELT_CAUSE, ResetBelts, effects_of


@pytest.mark.parametrize(("cause", "resets"), [(BELT_CAUSE, 1), ("operator", 0), ("venue_contract", 0)])
def test_only_a_persons_resume_of_that_halt_reaches_the_venue(cause: str, resets: int) -> None:
    assert len(effects_of([HaltCleared(cause=cause, by="Ada", reason="looked at it")])) == resets

    life = Life()

    async def drill(put: Callable[[Input], None]) -> None:
        put(HaltAsked(cause, "kalshi", "told by a test", life.clock.now()))
        await life.clock.sleep(3 * SECOND)
        assert life.venue.belts_reset == 0
        assert life.runtime is not None
        await life.runtime.compare()
        life.runtime.act(ResumeAsked(cause, "Ada", "looked at it", life.clock.now()))
        await asyncio.Event().wait()

    life.feeds.append(drill)
    virtual.run(life.run(for_ns=8 * SECOND))
    assert len(life.of(HaltCleared)) == 1
    assert life.venue.belts_reset == resets


def test_a_belt_is_a_duty_of_no_restart() -> None:
    assert effects_of([HaltCleared(cause=BELT_CAUSE, by="Ada", reason="looked at it")]) == [ResetBelts()]

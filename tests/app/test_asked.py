"""What a yes came to, as it is told to whoever gave it: by the desk's own records, newest first."""

from types import SimpleNamespace
from typing import Any

from tests.desk.test_questions import answered, asked, asking, cancelling, looked

from assent.app.asked import _came_to
from assent.model import inputs
from assent.model.units import SECOND


def came_to(script: Any, intent_id: str) -> dict[str, Any]:
    rooms: Any = SimpleNamespace(
        tally=SimpleNamespace(last=script.facts), runtime=SimpleNamespace(desk=script.desk),
    )  # fmt: skip
    return _came_to(rooms, intent_id)


def test_a_yes_that_is_released_names_its_order_and_one_that_is_skipped_its_rule() -> None:
    script = asking()
    script.idea()
    name = asked(script).intent.intent_id
    answered(script)
    assert came_to(script, name) == {"came_to": "looking"}
    looked(script)
    assert came_to(script, name) == {"came_to": "released", "order_id": script.order().order_id}

    other = asking()
    other.idea()
    name = asked(other).intent.intent_id
    answered(other)
    other.tell(inputs.LookAnswered(name, None, "nobody there", other.now + SECOND))
    assert came_to(other, name) == {"came_to": "skipped", "reason": "skipped_unavailable", "detail": "nobody there"}


def test_a_yes_to_a_cancel_is_released_without_an_order_of_its_own() -> None:
    script = cancelling()
    name = asked(script).intent.intent_id
    answered(script)
    assert came_to(script, name) == {"came_to": "released"}

"""The console's socket, as far as no page is needed to see it."""

import pytest
from tests.app.test_boxes import sends_at_once

from assent.app.web import listen
from assent.console.guard.settings import WebSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_small_answer_of_the_console_leaves_at_once(host: str) -> None:
    """As the box's: else each answer on a kept connection is 40 ms late."""
    assert sends_at_once(listen(WebSettings(host=host, port=0)))

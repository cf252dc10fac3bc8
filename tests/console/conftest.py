"""A console for a test of its own."""

from pathlib import Path

import pytest
from tests.console.support import Console, make_console


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return make_console(tmp_path)

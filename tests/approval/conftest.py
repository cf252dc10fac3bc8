"""A folder as a desk has one, and the file of credentials in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assent.approval import Access


@pytest.fixture
def place(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "access.sqlite"


@pytest.fixture
def access(place: Path) -> Iterator[Access]:
    opened = Access.open(place)
    yield opened
    opened.close()

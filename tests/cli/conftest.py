"""Fixtures for the command line: itself, and a desk with a past that nobody changes."""

from pathlib import Path

import pytest
from tests.cli.support import Cli, Lived, lived_desk


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Read-only for all tests; whoever wants to change it makes one of their own."""
    folder: Path = tmp_path_factory.mktemp("desks") / "tester"
    return lived_desk(folder)

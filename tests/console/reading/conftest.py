"""The command line in this process, for answers to compare with."""

import pytest
from tests.cli.support import Cli


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)

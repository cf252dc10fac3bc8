"""The page for a first strategy, carried out: its commands and its changes, in their order, in an empty folder."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from docs.markers import ROOT

PAGE = ROOT / "docs" / "your-first-strategy.md"
STEP = re.compile(
    r"^```(?P<kind>sh run|text shown|(?:python|toml) (?:replace|with))(?: (?P<file>\S+))?\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
SECONDS_MAX = 170


class Step(NamedTuple):
    kind: str
    file: str
    body: str


def steps_of(text: str) -> list[Step]:
    return [Step(match["kind"], match["file"] or "", match["body"]) for match in STEP.finditer(text)]


class Reader:
    """Somebody who does what the page says, and looks whether it says what happens."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.here = home / "desk"
        self.here.mkdir()
        self.said = ""
        self.looking_for: Step | None = None
        programs = home / "bin"
        programs.mkdir()
        for name in ("assent", "pytest"):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
            program.chmod(0o755)
        self.surroundings = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            "PYTHONPATH": f"{ROOT / 'src'}:{os.environ.get('PYTHONPATH', '')}",
        }

    def do(self, step: Step) -> None:
        {
            "sh run": self._run,
            "text shown": self._look,
            "python replace": self._find,
            "python with": self._replace,
            "toml replace": self._find,
            "toml with": self._replace,
        }[step.kind](step)

    def _run(self, step: Step) -> None:
        program = f"set -eo pipefail\n{step.body}\npwd -P > {self.home}/here\n"
        done = subprocess.run(
            ["bash", "-c", program], cwd=self.here, env=self.surroundings, capture_output=True, text=True,
            check=False, timeout=SECONDS_MAX,
        )  # fmt: skip
        assert done.returncode == 0, step.body + done.stdout + done.stderr
        self.said = done.stdout
        self.here = Path((self.home / "here").read_text().strip())

    def _look(self, step: Step) -> None:
        """Each line of the page stands in the answer, in this order."""
        rest = self.said
        for line in step.body.splitlines():
            _, found, rest = rest.partition(line)
            assert found, f"the page says {line!r}, the command said:\n{self.said}"

    def _find(self, step: Step) -> None:
        assert (self.here / step.file).read_text().count(step.body) == 1, f"not once in {step.file}:\n{step.body}"
        self.looking_for = step

    def _replace(self, step: Step) -> None:
        assert self.looking_for is not None, "what is to be replaced comes first"
        path = self.here / self.looking_for.file
        path.write_text(path.read_text().replace(self.looking_for.body, step.body))
        self.looking_for = None


def test_a_newcomer_who_does_what_the_page_says_sees_what_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for step in steps_of(PAGE.read_text(encoding="utf-8")):
        reader.do(step)
    assert reader.looking_for is None
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "strategies/hunch.py"],
        cwd=reader.here, env=reader.surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    ideas = subprocess.run(
        [sys.executable, "-m", "assent", "intents", "list", "--all", "-C", "assent-demo", "--limit", "1000", "--json"],
        cwd=reader.here, env=reader.surroundings, capture_output=True, text=True, check=True,
    )  # fmt: skip
    fates = [idea["status"] for idea in json.loads(ideas.stdout)["intents"] if idea["strategy"] == "hunch"]
    assert fates.count("EXECUTED") >= 1, "the day of the page ends without a trade of hunch"


def test_the_page_changes_about_ten_lines_and_runs_every_command_it_shows() -> None:
    steps = steps_of(PAGE.read_text(encoding="utf-8"))
    changes = [
        (new.body.splitlines(), old.body.splitlines())
        for old, new in pairwise(steps)
        if (old.kind, old.file, new.kind) == ("python replace", "strategies/hunch.py", "python with")
    ]
    added = sum(len([line for line in new if line.strip()]) - len(old) for new, old in changes)
    assert 10 <= added <= 15
    assert "```sh\n" not in PAGE.read_text(encoding="utf-8")


def test_a_page_that_says_what_does_not_happen_would_be_found(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.do(Step("sh run", "", "echo one; echo two\n"))
    reader.do(Step("text shown", "", "one\ntwo\n"))
    with pytest.raises(AssertionError, match="the page says 'one'"):
        reader.do(Step("text shown", "", "two\none\n"))
    with pytest.raises(AssertionError):
        reader.do(Step("sh run", "", "false\n"))
    (tmp_path / "desk" / "a.py").write_text("x = 1\n")
    with pytest.raises(AssertionError, match="not once"):
        reader.do(Step("python replace", "a.py", "x = 2\n"))

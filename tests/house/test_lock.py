"""The locks pin everything, prove every file, and name no place to fetch it from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN = PROJECT["project"]["dependencies"]
DEV = PROJECT["project"]["optional-dependencies"]["dev"]
BACKEND = PROJECT["build-system"]["requires"]

ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<rest>.*)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)")

each_lock = pytest.mark.parametrize("lock", ["run.lock", "dev.lock"])


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(lock: str) -> list[str]:
    """One line for each requirement of a lock, its continuation lines joined, comments gone."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pinned(lock: str) -> dict[str, str]:
    found = [ENTRY.match(entry) for entry in entries(lock)]
    return {canonical(match["name"]): match["version"] for match in found if match}


def wanted(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]) for requirement in requirements}


@each_lock
def test_every_line_pins_one_release_and_proves_its_files(lock: str) -> None:
    loose = [entry for entry in entries(lock) if not (ENTRY.match(entry) and HASH.search(entry))]
    assert not loose, f"{lock} holds lines without a version or a hash: {loose}"


@each_lock
def test_a_lock_names_no_host(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    found = re.findall(r"\S*://\S*|--\S*(?:index|find-links|trusted)\S*|\S+ @ \S+", text)
    assert not found, f"{lock} names a place: {found}"


@pytest.mark.parametrize(("lock", "requirements"), [("run.lock", RUN), ("dev.lock", RUN + DEV)])
def test_a_lock_covers_the_project_and_its_build_backend(lock: str, requirements: list[str]) -> None:
    missing = wanted(requirements + BACKEND) - pinned(lock).keys()
    assert not missing, f"{lock} lacks {sorted(missing)}: make lock"


def test_the_two_locks_agree() -> None:
    run, dev = pinned("run.lock"), pinned("dev.lock")
    assert run.items() <= dev.items(), "what is tested is not what runs: make lock"


def test_the_build_backend_of_the_lock_is_that_of_the_project() -> None:
    lines = (ROOT / "requirements" / "build.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == BACKEND

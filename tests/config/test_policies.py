"""Whose assent what needs, as a file says it: read exactly or refused, and no policy that asks nobody where it must."""

from pathlib import Path

import pytest

from assent.config import load
from assent.config.policies import read_bands, read_people
from assent.config.problems import ConfigError
from assent.config.unfit import Unfit
from assent.model.change import band_text, person_text
from assent.model.policy import Band, Person
from assent.model.units import MICRO

EVERY = '["open needs 1", "close needs 1", "claim needs 1"]'


def policy(folder: Path, *lines: str) -> None:
    text = "\n".join(
        ('[desk]\nname = "d"\n[scope]\nseries = ["A"]\n[constitution]', *lines, '[[strategy]]\nname = "v"')
    )
    (folder / "assent.toml").write_text(text + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("open needs 1", Band("open", 0, 1)),
        ("close from 50.00 needs 2", Band("close", 50 * MICRO, 2)),
        ("claim from 0.000001 needs 9", Band("claim", 1, 9)),
        ("cancel from 0 needs 1", Band("cancel", 0, 1)),
    ],
)
def test_a_band_is_an_action_perhaps_a_loss_and_a_number_of_people(text: str, band: Band) -> None:
    assert read_bands([text], 16) == (band,)
    assert read_bands([band_text(band)], 16) == (band,)


@pytest.mark.parametrize(
    "text",
    [
        "", "open", "open needs", "open needs 0", "open needs 10", "open needs -1", "open needs one", "Open needs 1",
        "open needs 1 ", " open needs 1", "open  needs 1", "sell needs 1", "open from needs 1", "open from -1 needs 1",
        "open from 1e3 needs 1", "open from 0.0000001 needs 1", "open from 1,000 needs 1", "open from $5 needs 1",
        "open needs \uff12", "open needs 1\n",
    ],
)  # fmt: skip
def test_anything_else_is_no_band(text: str) -> None:
    with pytest.raises(Unfit):
        read_bands([text], 16)


def test_two_bands_that_begin_at_one_place_are_refused() -> None:
    with pytest.raises(Unfit, match="entry 2 begins where another one begins"):
        read_bands(["open needs 1", "open from 0.00 needs 2"], 16)
    assert len(read_bands(["open needs 1", "close needs 2", "open from 1 needs 2"], 16)) == 3


def test_a_person_is_a_name_with_the_identities_by_which_a_channel_knows_it() -> None:
    ada = Person("ada", ("os:ada", "token:ada-phone", "text:+15550100", "telegram:12"))
    assert read_people([person_text(ada)], 32) == (ada,)


@pytest.mark.parametrize(
    "text",
    ["", "ada", "ada=", "=os:ada", "ada=os:", "ada=ada", "ada=os:ada,", "ada=os:ada os:b", "ada=mail:ada", "1a=os:ada",
     "ada=OS:ada", "ada=os:a\x1b", "ada=os:ada\n", "ä=os:ada"],
)  # fmt: skip
def test_anything_else_is_no_person(text: str) -> None:
    with pytest.raises(Unfit):
        read_people([text], 32)


@pytest.mark.parametrize(
    "texts",
    [
        ["ada=os:ada", "ben=os:ada"],
        ["ada=os:ada", "ada=os:ben"],
        ["ada=os:ada,os:ada"],
        ["ada=os:a,os:b", "ben=os:b"],
        ["ada=os:ada", "Ada=token:ada-phone"],
    ],
)
def test_nobody_can_count_as_two_by_an_identity_or_a_name_that_stands_there_twice(texts: list[str]) -> None:
    with pytest.raises(Unfit, match="repeats a name or an identity"):
        read_people(texts, 32)


@pytest.mark.parametrize("raw", ["open needs 1", 1, None, {"open": 1}, [1], ["open needs 1", 2]])
def test_what_is_no_list_of_texts_is_neither(raw: object) -> None:
    for read in (read_bands, read_people):
        with pytest.raises(Unfit):
            read(raw, 16)


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(Unfit, match="it holds 17 entries"):
        read_bands([f"open from {number} needs 1" for number in range(17)], 16)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["approval_mandatory = true"], "lets open and close and claim go without anybody's assent"),
        (['approvals = ["open needs 1", "close from 0.01 needs 1", "claim needs 1"]', "approval_mandatory = true"],
         "lets close go without anybody's assent"),
        ([f"approvals = {EVERY}", "approval_mandatory = true", 'exits_auto_after = "5m"'],
         "`exits_auto_after` would let an exit go"),
        (['approvals = ["open needs 2"]'], "asks for 2 different people, and `approvers` names 1"),
    ],
)  # fmt: skip
def test_a_file_whose_policy_could_never_be_kept_is_refused_with_the_reason(
    tmp_path: Path, lines: list[str], why: str
) -> None:
    policy(tmp_path, 'approvers = ["ada=os:ada"]', *lines)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert why in str(refused.value)


def test_a_file_whose_policy_asks_somebody_about_everything_is_read(tmp_path: Path) -> None:
    policy(tmp_path, 'approvers = ["ada=os:ada"]', f"approvals = {EVERY}", "approval_mandatory = true")
    limits = load(tmp_path).constitution
    assert [band_text(band) for band in limits.approvals] == ["open needs 1", "close needs 1", "claim needs 1"]
    assert limits.approval_mandatory

"""The kill switch from outside: what sets it, what leaves it clear, what cannot be read; and a running desk obeys."""

import os
from pathlib import Path

import pytest
from tests.runtime.fakes import EPOCH, Life, Once, quote
from tests.runtime.test_runtime import restored

from assent.model.facts import HaltCleared, HaltRaised, OrderNotSent, OrderReleased
from assent.model.inputs import Accepted, KillSwitchSeen, input_fault
from assent.model.units import HOUR, MICRO, SECOND
from assent.runtime import virtual
from assent.runtime.inbox import BOUNDS
from assent.runtime.kill_switch import ENV_FILE_BYTES_MAX, KillSwitch, Reading

NAME = "BOT_DISABLE_TRADING"
CLEAR = ["0", "false", "no", "off", "FALSE", "No", " off ", "\tOFF\n"]
SET = ["1", "true", "yes", "on", "", " ", "00", "2", "nope", "offf", "disabled", "0 0", "\x1b[31m"]


@pytest.fixture
def switch(tmp_path: Path) -> KillSwitch:
    return KillSwitch(NAME, tmp_path / "desk.env", tmp_path / "STOP")


def write(switch: KillSwitch, text: str | bytes) -> None:
    assert switch.env_file is not None
    switch.env_file.write_bytes(text.encode() if isinstance(text, str) else text)


def test_nowhere_set_is_clear(switch: KillSwitch) -> None:
    assert switch.read({}) == Reading(False, "")
    assert switch.read({"OTHER": "1", NAME.lower(): "1"}) == Reading(False, "")
    assert KillSwitch(NAME, None, switch.sentinel).read({}) == Reading(False, "")


@pytest.mark.parametrize("value", CLEAR)
def test_a_word_for_no_leaves_it_clear(switch: KillSwitch, value: str) -> None:
    assert not switch.read({NAME: value}).is_set
    write(switch, f"{NAME}={value.strip()}\n")
    assert not switch.read({}).is_set
    write(switch, f'{NAME}=" {value.strip()} "\n')
    assert not switch.read({}).is_set


@pytest.mark.parametrize("value", SET)
def test_anything_else_sets_it_an_empty_value_too(switch: KillSwitch, value: str) -> None:
    found = switch.read({NAME: value})
    assert found.is_set
    assert NAME in found.detail
    assert found.detail.isprintable()
    write(switch, f"{NAME}='{value}'\n")
    assert switch.read({}).is_set


@pytest.mark.parametrize(
    ("text", "is_set"),
    [
        ("{}=1", True), ("export {}=1", True), ("  export\t{} = 1", True), ("{}=1\r\n", True), ("\ufeff{}=1", True),
        ('{}="1"', True), ("{}='1' # why", True), ("{}=0 # not now", False), ("{}=0 ; not now", False),
        ("{}=#0", True), ("{}='0'", False), ('export {}="off"  # for now', False), ("# {}=1", False),
        ("; {}=1", False), ("  #{}=1", False), ("OTHER=1 # {}=1", False), ("MY_{}=1", False), ("{}_2=1", False),
        ("{}=1\n{}=0", False), ("{}=0\n{}=1", True), ("{}", True), ("set {} 1", True), ("{}: 1", True),
        ("export A=1 {}=1", True), ('{}="0', True), ("\n\n", False), ("=1", False), ("{}=off\nB=2\n", False),
    ],
)  # fmt: skip
def test_the_env_file_is_read_as_a_service_would_read_it(switch: KillSwitch, text: str, is_set: bool) -> None:
    write(switch, text.replace("{}", NAME))
    assert switch.read({}).is_set == is_set


def test_each_place_counts_and_all_of_them_are_named(switch: KillSwitch) -> None:
    write(switch, f"{NAME}=yes")
    switch.sentinel.touch()
    detail = switch.read({NAME: "1"}).detail
    assert detail == (
        f"{NAME} is `1` in the environment; {NAME} is `yes` in the env file {switch.env_file};"
        f" {switch.sentinel} is there"
    )
    assert switch.read({NAME: "0"}).is_set, "a no in one place does not undo a yes in another"


@pytest.mark.parametrize("what", ["folder", "pipe", "too large", "no right", "loop"])
def test_an_env_file_that_is_there_and_cannot_be_read_sets_it(switch: KillSwitch, what: str) -> None:
    place = switch.env_file
    assert place is not None
    if what == "folder":
        place.mkdir()
    elif what == "pipe":
        os.mkfifo(place)
    elif what == "too large":
        place.write_bytes(b"#" * (ENV_FILE_BYTES_MAX + 1))
    elif what == "loop":
        place.symlink_to(place)
    else:
        place.write_text("A=1\n")
        place.chmod(0)
        if os.access(place, os.R_OK):
            pytest.skip("this user may read everything")
    found = switch.read({})
    assert found.is_set
    assert str(place) in found.detail


def test_bytes_that_are_no_text_do_not_hide_the_switch(switch: KillSwitch) -> None:
    write(switch, b"A=\xff\xfe\n" + f"{NAME}=1\n".encode())
    assert switch.read({}).is_set


@pytest.mark.parametrize("what", ["file", "folder", "a link to nowhere", "below a file"])
def test_the_sentinel_sets_it_by_being_there_whatever_it_is(switch: KillSwitch, what: str) -> None:
    if what == "file":
        switch.sentinel.touch()
    elif what == "folder":
        switch.sentinel.mkdir()
    elif what == "a link to nowhere":
        switch.sentinel.symlink_to("nowhere")
    else:
        switch.sentinel.touch()
        switch = switch._replace(sentinel=switch.sentinel / "STOP")
    assert switch.read({}).is_set


def test_what_the_desk_is_told_is_always_a_good_input(switch: KillSwitch) -> None:
    odd = switch._replace(sentinel=switch.sentinel.with_name("ST\udcffOP"), allows_exits=True)
    odd.sentinel.touch()
    seen = odd.seen({NAME: "\udcff\x1b" * 500}, 5)
    assert input_fault(seen) is None
    assert (seen.is_set, seen.exits, seen.received_ts) == (True, True, 5)
    assert len(seen.detail) <= 200


# --- a running desk ------------------------------------------------------------------------------------------


class Hand:
    """Stands for the owner: the switch is as this says."""

    def __init__(self, *, is_set: bool = False) -> None:
        self.is_set = is_set
        self.looked = 0

    def __call__(self, now: int) -> KillSwitchSeen:
        self.looked += 1
        return KillSwitchSeen(self.is_set, False, "STOP is there" if self.is_set else "", now)


def flip(life: Life, hand: Hand, *moments: tuple[int, bool]):  # type: ignore[no-untyped-def]
    """A script: quotes all the time, and the switch is set or cleared at these times."""

    def script(venue):  # type: ignore[no-untyped-def]
        async def live() -> None:
            for second in range(20):
                for at, is_set in moments:
                    if at == second:
                        hand.is_set = is_set
                venue.sink("market", quote(venue.clock.now(), ask=420_000 + 10_000 * second), "SIM-A")
                await venue.clock.sleep(SECOND)

        life.runtime._group.create_task(live())

    return script


def lived(hand: Hand, *moments: tuple[int, bool], for_ns: int = 6 * SECOND) -> Life:
    life = Life(strategy=Once(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO), switch=hand)
    virtual.run(life.run(for_ns=for_ns, script=flip(life, hand, *moments)))
    return life


def test_a_desk_that_starts_with_the_switch_set_releases_nothing_and_says_so_before_it_is_ready() -> None:
    life = lived(Hand(is_set=True))
    assert [fact.cause for fact in life.of(HaltRaised)] == ["kill_switch_guard"]
    assert life.of(OrderReleased) == []
    assert life.venue.sent == []
    kinds = [type(fact).__name__ for fact in life.facts]
    assert kinds.index("HaltRaised") < kinds.index("AccountMatched")


def test_a_running_desk_looks_in_each_cycle_and_tells_only_what_has_changed() -> None:
    hand = Hand()
    life = lived(hand, (2, True), (5, False), for_ns=9 * SECOND)
    assert [fact.cause for fact in life.of(HaltRaised)] == ["kill_switch_guard"]
    assert [fact.cause for fact in life.of(HaltCleared)] == ["kill_switch_guard"]
    assert hand.looked >= 9


def test_a_desk_with_long_cycles_obeys_within_two_seconds() -> None:
    hand = Hand()
    strategy = Once(time_in_force="gtc")
    life = Life(strategy=strategy, answer=Accepted("v-1", 0, 10 * MICRO), switch=hand, cycle_ns=HOUR)

    def script(venue):  # type: ignore[no-untyped-def]
        async def live() -> None:
            await venue.clock.sleep(5 * SECOND)
            hand.is_set = True
            await venue.clock.sleep(2 * SECOND)
            venue.sink("market", quote(venue.clock.now()), "SIM-A")

        life.runtime._group.create_task(live())

    virtual.run(life.run(for_ns=10 * SECOND, script=script))
    assert [fact.cause for fact in life.of(HaltRaised)] == ["kill_switch_guard"]
    assert strategy.done, "it was asked, and wanted to buy"
    assert life.venue.sent == []


def test_a_restart_with_the_switch_clear_lifts_what_the_last_run_left() -> None:
    life = lived(Hand(is_set=True))
    assert "kill_switch_guard" in life.desk.state.halts
    again = Life(store=life.store, desk=restored(life.store), switch=Hand())
    again.clock._epoch_ts = EPOCH + 60 * SECOND
    virtual.run(again.run())
    assert [fact.cause for fact in again.of(HaltCleared)] == ["kill_switch_guard"]


def test_an_order_that_was_released_when_the_switch_came_in_does_not_leave() -> None:
    """Release and switch in one turn of the loop: the send asks for its permit afterwards."""
    life = Life(strategy=Once(), answer=Accepted("v-1", 0, 10 * MICRO), switch=Hand())

    def script(venue):  # type: ignore[no-untyped-def]
        now = venue.clock.now()
        venue.sink("market", quote(now), "SIM-A")
        life.runtime.loop.take([quote(now), KillSwitchSeen(True, False, "STOP is there", now)])

    virtual.run(life.run(for_ns=SECOND // 2, script=script))
    assert len(life.of(OrderReleased)) == 1
    assert [fact.reason for fact in life.of(OrderNotSent)] == ["kill_switch_guard"]
    assert life.venue.sent == []


class Flooded(Hand):
    """The switch is set at the fourth look, and in that very moment the inbox is full."""

    def __init__(self, life: list[Life]) -> None:
        super().__init__()
        self.life = life

    def __call__(self, now: int) -> KillSwitchSeen:
        if self.looked == 3:
            for _ in range(BOUNDS["control"]):
                self.life[0].runtime.inbox.put("control", KillSwitchSeen(False, False, "", now), received_ts=now)
        self.is_set = self.looked >= 3
        return super().__call__(now)


def test_a_switch_that_found_no_room_in_the_inbox_is_told_again() -> None:
    """Else a person who resumes from the flood would trade on with the switch set."""
    lives: list[Life] = []
    lives.append(Life(strategy=Once(), answer=Accepted("v-1", 0, 10 * MICRO), switch=Flooded(lives)))
    virtual.run(lives[0].run(for_ns=8 * SECOND))
    assert [fact.cause for fact in lives[0].of(HaltRaised)] == ["inbox_overflow", "kill_switch_guard"]

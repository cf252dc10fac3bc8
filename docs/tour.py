"""Takes the tour for real: runs its commands, fills README.md and docs/tour.md with their answers, draws one of them.

    python -m docs.tour

About three minutes, and the ports 8551 and 8787 free. Taken by an ordinary user, whose name then stands on the page as
that of the person who said yes. Answers are shortened only by leaving out whole lines, which leaves dots, and by the
folder in which the tour was taken. It stops where an answer is not what the page says of it, and then changes nothing.
"""

import getpass
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Final, NamedTuple

from docs.markers import ROOT, fill_pages
from docs.pictures.draw import draw

PICTURE: Final = ROOT / "docs" / "pictures" / "tour.svg"
DEMO: Final = "assent-demo"
DESK: Final = "assent-run"  # the one that `make run` makes
BOX, WIRED = "kalshi-box", "my-desk"
ASKING: Final = "asks-me"
CONSOLE: Final = "http://127.0.0.1:8787"
QUESTIONS_MAX: Final = 8
CUT: Final = "..."
FLIP: Final = (
    "python3 -c \"f = open('copy.sqlite', 'r+b'); d = f.read(); at = d.index(b'\\\"price\\\":') + 8; "
    'f.seek(at); f.write(bytes([d[at] ^ 1]))"'
)
# Of a card: what would leave, what it may lose, a few of the rules, who is asked, and the terms.
CARD: Final = (
    r"^[A-Z0-9]{6} |^PAPER|because|order  |worst|edge|checks|funds|total_ex|people|left|terms|Say yes|approved"
)
FACT: Final = re.compile(r"  #\d+  (\w+)  ")
TRADES_ENOUGH: Final = 2
PATIENCE_S: Final = 90.0


class Answer(NamedTuple):
    """A command as it was typed, every line that it said, and its exit code."""

    command: str
    lines: list[str]
    code: int


class Stop(Exception):
    """An answer is not what the page says of it."""


class Walk:
    """One tour in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": beside, "COLUMNS": "100"}
        self.started: list[Running] = []
        (folder / "src").symlink_to(ROOT / "src")

    def run(self, command: str, *, code: int = 0) -> Answer:
        done = subprocess.run(  # noqa: S602 - the page's own commands, typed into a shell as a reader would
            command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            raise Stop(f"`{command}` ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
        return Answer(command, self.plain(done.stdout + done.stderr), code)

    def at_terminal(self, command: str, question: str, typed: str) -> Answer:
        """The same in front of a terminal, where a question is answered by typing."""
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "r+b", buffering=0) as terminal:
            process = subprocess.Popen(  # noqa: S602 - as above
                command, shell=True, cwd=self.folder, env=self.environment, stdin=theirs, stdout=theirs, stderr=theirs
            )
            os.close(theirs)
            said = _read(terminal, question.encode())
            if said.endswith(question.encode()):
                terminal.write(typed.encode())
                said += _read(terminal)
            code = process.wait(60)
        return Answer(command, self.plain(said.decode().replace("\r\n", "\n")), code)

    def read(self, command: str) -> dict[str, object]:
        answer: dict[str, object] = json.loads("\n".join(self.run(command).lines))
        return answer

    def start(self, command: str) -> "Running":
        self.started.append(Running(self, command))
        return self.started[-1]

    def leave(self) -> None:
        """Whatever came of it: nothing goes on running, and the folder is gone."""
        for running in self.started:
            running.end(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def plain(self, text: str) -> list[str]:
        return text.replace(f"{self.folder}{os.sep}", "").rstrip().splitlines()


def _read(terminal: IO[bytes], until: bytes | None = None) -> bytes:
    """What stands on the terminal when it ends, or when it has come to these words."""
    said = b""
    with suppress(OSError):  # what Linux says of a terminal at whose other end nobody is any more
        while (until is None or not said.endswith(until)) and (more := terminal.read(4096)):
            said += more
    return said


class Running:
    """A desk at work, whose lines are gathered in a file."""

    def __init__(self, walk: Walk, command: str) -> None:
        self.walk, self.command = walk, command
        self._place = walk.folder / f"said-{len(walk.started)}"
        self._said = self._place.open("w+b")
        self._process = subprocess.Popen(  # noqa: S603 - the page's own command
            command.split(), cwd=walk.folder, env=walk.environment, stdout=self._said, stderr=subprocess.STDOUT
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def until(self, wanted: Callable[[list[str]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S  # noqa: TID251 - a person's patience is real time
        while not wanted(self.lines()):
            if self._process.poll() is not None or time.monotonic() > deadline:  # noqa: TID251
                raise Stop(f"`{self.command}` did not get there:\n" + "\n".join(self.lines()))
            time.sleep(0.1)  # noqa: TID251

    def end(self, number: signal.Signals) -> Answer:
        self._process.send_signal(number)
        code = self._process.wait(60)
        return Answer(self.command, self.lines(), code)

    def lines(self) -> list[str]:
        return self.walk.plain(self._place.read_text())


def shown(answers: Iterable[Answer], keep: str = "", *, most: int = 0) -> str:
    """A block of a page: commands after a dollar, answers below them, dots for lines that `keep` does not match, and
    for what goes beyond the `most` facts of one kind in one answer."""
    block: list[str] = []
    for answer in answers:
        block += [f"$ {answer.command}", *cut(answer.lines, keep, most)]
    return "```text\n" + "\n".join(block) + "\n```"


def cut(lines: list[str], keep: str, most: int = 0) -> list[str]:
    kept: list[str] = []
    told: Counter[str] = Counter()
    for line in lines:
        fact = FACT.search(line)
        told.update([fact[1]] if fact else [])
        enough = bool(most and fact and told[fact[1]] > most)
        if not enough and (not keep or re.search(keep, line)):
            kept.append(line)
        elif not kept or kept[-1] != CUT:
            kept.append(CUT)
    return kept


def the_demo(walk: Walk) -> tuple[dict[str, str], list[Answer]]:
    """The day, a trade (the picture) and a refusal that explain themselves, the proof, and one flipped bit."""
    day = walk.run("assent demo")
    day = day._replace(lines=cut(day.lines, r"^(?!one trading day)"))
    intents = walk.read(f"assent intents --all -C {DEMO} --limit 10000 --json")["intents"]
    trade = walk.run(f"assent why {_pick(intents, 'EXECUTED', '')} -C {DEMO}")
    refusal = walk.run(f"assent why {_pick(intents, 'REJECTED', 'total_exposure')} -C {DEMO}")
    proof = [
        walk.run(f"assent ledger verify -C {DEMO}"),
        walk.run(f"python3 -I src/assent/ledger/verify.py {DEMO}/ledger.sqlite"),
    ]
    flip = [
        walk.run(f"cp {DEMO}/ledger.sqlite copy.sqlite"),
        walk.run(FLIP),
        walk.run("assent ledger verify copy.sqlite", code=1),
    ]
    blocks = {
        "tour-demo": shown([day], r"^Seed|^  (series|KX|all)|\d trades,|equal|verified|^(What this|invented|agree)"),
        "tour-why": shown([trade], r"wanted|size|estimate|^checks|edge|risk|exposure|^verdict|#|^ {36}|settled|profit"),
        "tour-why-not": shown([refusal], r"wanted|size|estimate|  NO  |^checks|^verdict|All worst|exposure"),
        "tour-verify": shown(proof),
        "tour-flip": shown(flip),
    }
    return blocks, [trade]


def _pick(intents: object, status: str, reason: str) -> str:
    """The code of the last opening idea of this kind."""
    assert isinstance(intents, list)  # noqa: S101 - for the type checker
    fitting = [i for i in intents if i["status"] == status and i["type"] == "open" and i["reason"] == reason]
    if not fitting:
        raise Stop(f"no intent is {status} {reason}")
    return str(fitting[-1]["code"])


def the_crash(walk: Walk) -> dict[str, str]:
    """A desk at work is killed without a warning, started again, halted and let go on."""
    walk.run(f"assent init {DESK}")
    command = f"assent run {DESK} --speed 600"
    first = walk.start(command)
    first.until(lambda lines: sum(" FillBooked " in line for line in lines) >= TRADES_ENOUGH)
    killed = first.end(signal.SIGKILL)
    after = walk.run(f"assent status -C {DESK}", code=6)
    second = walk.start(command)
    second.until(lambda lines: any(" STATUS " in line for line in lines))
    time.sleep(2)  # noqa: TID251 - let it live for a while
    halts = [
        walk.run(f'assent halt now --by Ada --reason "the feed looks wrong" -C {DESK}'),
        walk.run(f"assent halt status -C {DESK}"),
        walk.run(f'assent halt resume --by Ada --reason "looked at it, all is well" -C {DESK}'),
    ]
    ended = second.end(signal.SIGINT)
    if ended.code:
        raise Stop(f"the second run ended with {ended.code}:\n" + "\n".join(ended.lines))
    proof = walk.run(f"assent ledger verify -C {DESK}")
    kill = Answer(f"kill -9 {first.pid}", [], 0)
    keep = r"^PAPER|Started|FillBooked|Unknown|Resolved|^level|^money|Stopped"
    return {
        "tour-kill": shown([killed, kill, after, ended, proof], f"{keep}|intact|records"),
        "tour-halt": shown(halts),
    }


def the_yes(walk: Walk) -> dict[str, str]:
    """A desk that asks a person; its card, the yes, what the ledger says of it; and the same desk over HTTP."""
    written = [
        walk.run(f"assent init {ASKING} --ask-me"),
        walk.run(f"grep -E '^(approvals|approvers|approval_life)' {ASKING}/assent.toml"),
    ]
    desk = walk.start(f"assent run {ASKING} --web --speed 60")
    code, yes = _approved(walk, desk)
    desk.until(lambda lines: any("CONSOLE  running" in line for line in lines))
    told = walk.run(f"assent why {code} -C {ASKING}")
    me = getpass.getuser()
    if not any(f"yes from {me} (1 of 1)" in line for line in told.lines):
        raise Stop("the ledger does not name the person:\n" + "\n".join(told.lines))
    way_in = walk.run(f"assent web -C {ASKING}")
    token = f"assent web token new my-script --scope view -C {ASKING} | head -1"
    walk.environment["TOKEN"] = walk.run(token).lines[0]
    http = [
        Answer(f"TOKEN=$({token})", [], 0),
        walk.run(f'curl -s -H "Authorization: Bearer $TOKEN" {CONSOLE}/exposure; echo'),
        walk.run(f"curl -s {CONSOLE}/exposure; echo"),
        walk.run(f'curl -s -X POST -H "Authorization: Bearer $TOKEN" {CONSOLE}/orders/cancel-all; echo'),
    ]
    expected = ('"total"', "credential_missing", "scope_refused")
    if not all(word in "".join(answer.lines) for word, answer in zip(expected, http[1:], strict=True)):
        raise Stop("the interface did not answer so:\n" + "\n".join("".join(one.lines) for one in http))
    ended = desk.end(signal.SIGINT)
    started = ended._replace(lines=ended.lines[: next(n for n, line in enumerate(ended.lines) if code in line) + 2])
    return {
        "tour-yes": shown([*written, started], rf"^approv|^Made|CONSOLE|Requested.*{code}"),
        "tour-card": shown([yes], CARD),
        "tour-said": shown([told], r"wanted|^asked|  to terms|yes from|^verdict|said yes|sold |bought |\(taker\)"),
        "tour-http": shown([way_in, *http]),
    }


def _approved(walk: Walk, desk: "Running") -> tuple[str, Answer]:
    """The first question whose yes the last look agrees with: the market may have moved since it was asked."""
    refused: list[str] = []
    while len(refused) < QUESTIONS_MAX:
        desk.until(lambda lines: bool(_new_question(refused, lines)))
        code = _new_question(refused, desk.lines())
        yes = walk.at_terminal(f"assent intents approve {code} -C {ASKING}", "[y/N]: ", "y\n")
        if yes.code == 0 and "released as order" in "".join(yes.lines):
            return code, yes
        refused.append(code)
    raise Stop("no yes led to an order:\n" + "\n".join(desk.lines()))


def _new_question(known: list[str], lines: list[str]) -> str:
    """The code of the newest question but these; empty if there is none."""
    codes = [line.rpartition(" ")[2] for line in lines if " ApprovalRequested " in line]
    return next((code for code in reversed(codes) if code not in known), "")


def the_wire(walk: Walk) -> dict[str, str]:
    """The same desk over Kalshi's own wire, to an exchange in the box: first nothing is sent, then it is."""
    box = walk.start(f"assent exchange kalshi --dir {BOX} --speed 60")
    box.until(lambda lines: any("Ctrl-C ends it" in line for line in lines))
    served = Answer(box.command, box.lines(), 0)
    (key_id,) = (line.split()[-1] for line in served.lines if "key id" in line)
    walk.run(f"assent init {WIRED} --template kalshi-box")
    told = walk.run(f"assent config set kalshi.key_id={key_id} {WIRED}")
    dry = walk.run(f"assent run {WIRED} --non-interactive --for 20m")
    let = walk.run(f"assent config set desk.dry_run=false {WIRED}")
    unconfirmed = walk.run(f"assent run {WIRED} --non-interactive", code=2)
    live = walk.run(f"assent run {WIRED} --non-interactive --confirm-live kalshi-box --for 30m")
    if not any(" FillBooked " in line for line in live.lines):
        raise Stop("nothing was traded at the box:\n" + "\n".join(live.lines))
    proof = walk.run(f"assent ledger verify -C {WIRED}")
    box.end(signal.SIGINT)
    keep = r"^(DRY-RUN|LIVE)|key|REST|Started|Released|NotSent|Accepted|FillBooked|Stopped|cannot start|confirm|intact"
    return {"tour-wire": shown([served, told, dry, let, unconfirmed, live, proof], keep, most=2)}


def main() -> int:
    if os.geteuid() == 0:
        sys.stderr.write("The pages would name root as the person who says yes: take the tour as an ordinary user.\n")
        return 1
    walk = Walk(Path(tempfile.mkdtemp(prefix="assent-tour-")).resolve())
    try:
        blocks, pictured = the_demo(walk)
        blocks |= the_crash(walk)
        blocks |= the_yes(walk)
        blocks |= the_wire(walk)
    except Stop as stop:
        sys.stderr.write(f"{stop}\nNothing was written.\n")
        return 1
    finally:
        walk.leave()
    fill_pages({name: partial(str, text) for name, text in blocks.items()})
    PICTURE.write_text(draw([line for answer in pictured for line in (f"$ {answer.command}", *answer.lines, "")]))
    sys.stdout.write("README.md, docs/tour.md and docs/pictures/tour.svg hold what was answered\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A person's answer to an open question, on its way to the desk and back: sent once, and told in words.

An answer names the exact terms that were shown; the desk refuses any other. Each has a name of its own, drawn fresh, so
that one that is sent twice counts once. What came of it decides the exit code: refused by a rule, or not known.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from assent.cli.exits import CommandError, Exit
from assent.model.remedies import REMEDIES

if TYPE_CHECKING:
    from assent.config import Settings

Verdict = Literal["approve", "reject", "expire"]
# What is drawn for an answer's name: enough that no two are ever the same.
NAME_BYTES: Final = 16
WORDS: Final[Mapping[Verdict, str]] = {"approve": "assent", "reject": "denial", "expire": "end of the question"}

AFTER_A_LOOK: Final = "Nothing was sent. An idea that still holds is proposed anew; `assent why CODE` has the numbers"


def answer_name() -> str:
    """The channel's own name for one answer."""
    from assent.approval.secret import RANDOM

    return f"terminal-{RANDOM(NAME_BYTES).hex()}"


def request_of(
    verdict: Verdict, meant: str, *, terms: str = "", reason: str = "", factor: str | None = None
) -> dict[str, Any]:
    """One answer as the running desk takes it."""
    request: dict[str, Any] = {
        "cmd": verdict, "intent": meant, "terms": terms, "reason": reason, "channel": "terminal",
        "message_id": answer_name(),
    }  # fmt: skip
    return request if factor is None else {**request, "factor": factor}


def give(settings: "Settings", request: Mapping[str, Any]) -> dict[str, Any]:
    """Send it to the desk that runs; what is not a yes from it ends the command."""
    from assent.runtime.control import ask

    answer = ask(settings.control_path, request)
    fault = fault_of(request, answer)
    if fault is not None:
        raise fault
    assert answer is not None  # noqa: S101 - for the type checker
    return answer


def fault_of(request: Mapping[str, Any], answer: Mapping[str, Any] | None) -> CommandError | None:
    """Why the answer did not do what it was to do, or None."""
    verdict, named = request["cmd"], request["intent"]
    if answer is None:
        return CommandError(
            "not_running",
            "The desk does not run, so nobody is there to take an answer",
            why="An assent rests on the market and the limits of this moment, and only a running desk knows them",
            todo="Start it with `assent run`; what still waits then can be answered until its time is over",
            exit_code=Exit.NOT_RUNNING,
        )
    if answer.get("refused"):
        return _refused(verdict, named, answer)
    if not answer.get("ok"):
        return CommandError(
            "outcome_unknown",
            f"The {WORDS[verdict]} was sent for {named}, and {answer.get('error', 'no reason was given')}",
            why="It may have been taken or not; an answer that is sent again has another name, and counts by itself",
            todo=f"Look with `assent intents show {named}` before you answer again",
            exit_code=Exit.UNKNOWN,
        )
    return _after_the_look(named, answer)


def _refused(verdict: Verdict, named: str, answer: Mapping[str, Any]) -> CommandError:
    code, said = str(answer.get("code", "assent_unknown")), str(answer.get("error", "no reason was given"))
    said = said if said.startswith(f"[{code}]") else f"[{code}] {said}"
    return CommandError(
        code,
        f"The {WORDS[verdict]} for {named} was refused: {said.rstrip('.')}",
        why="An answer that is refused changes nothing; it is on the record",
        todo=REMEDIES.get(code, "See `assent intents list`").replace("CODE", named),
        exit_code=Exit.REFUSED,
    )


def _after_the_look(named: str, answer: Mapping[str, Any]) -> CommandError | None:
    """The assent was taken; what the last look said of it."""
    if answer.get("came_to") == "skipped":
        reason, detail = str(answer.get("reason", "")), str(answer.get("detail", "")).rstrip(".")
        return CommandError(
            reason,
            f"The assent for {named} was taken, and its last look refused the order: [{reason}] {detail}",
            why="Every rule runs again when people have said yes, since market and limits move meanwhile",
            todo=AFTER_A_LOOK.replace("CODE", named),
            exit_code=Exit.REFUSED,
        )
    if answer.get("came_to") == "looking":
        return CommandError(
            "outcome_unknown",
            f"The assent for {named} was taken, and its last look has not ended yet",
            why="The venue has not answered with a fresh quote",
            todo=f"See with `assent why {named}` what became of it; it need not be answered again",
            exit_code=Exit.UNKNOWN,
        )
    return None


def came_to(verdict: Verdict, named: str, answer: Mapping[str, Any]) -> str:
    """What came of an answer that was taken, on one line."""
    if verdict == "reject":
        return f"rejected: {named} is over, whoever else has said yes"
    if verdict == "expire":
        return f"ended: {named} waits for nobody any more"
    if answer.get("came_to") == "waiting":
        missing = int(answer["needed"]) - int(answer["given"])
        more = "1 more person" if missing == 1 else f"{missing} more people"
        return f"assent given: {named} waits for {more} ({answer['given']} of {answer['needed']})"
    if answer.get("order_id"):
        return f"approved: {named} is {answer['came_to']} as order {str(answer['order_id'])[:8]}: assent why {named}"
    return f"approved: {named}: assent why {named}"

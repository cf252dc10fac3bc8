"""What values that are right by themselves do not allow together: a mode, its environment, the account.

Every mode has its environments here, and a file that asks for another pair is refused before anything is opened.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from assent.config.origins import Origin
from assent.model.constitution import Constitution
from assent.model.inputs import Environment, Mode
from assent.model.policy import POLICY, policy_fault

# Which worlds a mode can run in, and why not in the others.
ENVIRONMENTS: Final[Mapping[Mode, tuple[Environment, ...]]] = {
    "paper": ("sim", "box", "demo", "production"),
    "observe": ("sim", "box", "demo", "production"),
    "dry-run": ("box", "demo", "production"),
    "live": ("box", "demo", "production"),
}
_WHY_NOT: Final[Mapping[Mode, str]] = {
    "dry-run": "an order for the exchange inside this process is never signed nor sent, so there is nothing to try",
    "live": "an order for the exchange inside this process is never signed nor sent, so nothing of it is live",
}


class Misfit(NamedTuple):
    """A setting that does not go with the others: its dotted name, why, what is allowed, an example."""

    key: str
    why: str
    allowed: str
    example: str


def mode_of(said: Mode, *, dry_run: bool) -> Mode:
    """What the mode that was asked for comes to: nothing is sent unless the file says so twice."""
    return "dry-run" if said == "live" and dry_run else said


def misfits(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> Iterator[Misfit]:
    """Everything that does not go together, of values that are all right by themselves."""
    said, environment = values["desk.mode"], values["desk.environment"]
    if said is None or environment is None:  # told already: one of them is no word at all
        return
    allowed = ENVIRONMENTS[said]
    if environment not in allowed:
        # Who asks for another mode than the file's is told about the mode; else the environment is what to mend.
        key = "desk.mode" if origins["desk.mode"].where in ("command line", "environment") else "desk.environment"
        modes = [mode for mode, worlds in ENVIRONMENTS.items() if environment in worlds]
        environments = " or ".join(f'"{one}"' for one in allowed)
        yield Misfit(
            key,
            f"mode `{said}` cannot run in environment `{environment}`: {_WHY_NOT[said]}",
            f"with this mode the environment {environments}; in this environment the mode "
            + " or ".join(f'"{mode}"' for mode in modes),
            f'environment = "{allowed[0]}"' if key == "desk.environment" else f'mode = "{modes[0]}"',
        )
    fault = _policy_fault(values)
    if fault is not None:
        yield Misfit(
            "constitution.approvals",
            fault,
            "bands and people that go together, or neither where approval is not mandatory",
            'approvals = ["open needs 1", "close needs 1", "claim needs 1"] and approvers = ["ada=os:ada"]',
        )
    if environment != "sim" and origins["desk.account"].where == "default":
        yield Misfit(
            "desk.account",
            "it is missing, and outside this process nobody else can know whose account is traded",
            "text of 1 to 64 letters, digits, dots, dashes and underscores; it is sealed, and a live start asks for it",
            'account = "kalshi-main"',
        )


def _policy_fault(values: Mapping[str, Any]) -> str | None:
    said = {key: values[f"constitution.{key}"] for key in POLICY}
    if any(value is None for value in said.values()):  # told already: one of them cannot be read
        return None
    return policy_fault(Constitution(**said))

"""The two kinds of error that the inner rooms may raise, and `require`, which stays on in production.

Expected outcomes are values (a refusal is a fact, a bad quote is a counted rejection). An exception means that a
caller broke a contract or that we have a bug: the runtime stops rather than go on with a state it cannot trust.
"""


class AssentError(Exception):
    """Something that its user can mend: says what happened, why we refuse, and what to do."""


class InvariantBroken(Exception):
    """A promise of our own code does not hold. Never caught to carry on: the process must stop."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = values
        shown = ", ".join(f"{name}={value!r}" for name, value in values.items())
        super().__init__(f"{code}: {shown}" if shown else code)


def require(condition: object, code: str, **values: object) -> None:
    """Like `assert`, but never compiled away, and with the values that broke the promise."""
    if not condition:
        raise InvariantBroken(code, **values)

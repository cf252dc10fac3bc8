"""The rules, by family, in the order that decides which reason is the primary one.

A rule is a function from a candidate to a check: (ok, what it measured, the limit). A rule that does not concern an
action says so by an `ok` without a limit. To add one: write it in its family, put it into `RULES` where its reason
belongs, and register its code in `model/reasons.py`.
"""

from collections.abc import Callable

from assent.desk.candidate import Candidate
from assent.desk.rules import exposure, permission, protection, quality, scope, size
from assent.model.intents import Check

Rule = Callable[[Candidate], Check]

RULES: tuple[tuple[str, Rule], ...] = (
    ("mode", permission.mode),
    ("level", permission.level),
    ("strategy_stopped", permission.strategy_stopped),
    ("books_matched", permission.books_matched),
    ("scope", scope.scope),
    ("market_open", quality.market_open),
    ("quote_proof", quality.quote_proof),
    ("order_form", size.order_form),
    ("one_open_intent", exposure.one_open_intent),
    ("edge", quality.edge),
    ("risk_per_trade", size.risk_per_trade),
    ("unprotected", protection.unprotected),
    ("one_bracket", protection.one_bracket),
    ("open_positions", exposure.open_positions),
    ("total_exposure", exposure.total_exposure),
    ("funds", exposure.funds),
)

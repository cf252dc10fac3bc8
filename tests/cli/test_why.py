"""`assent why`: the whole story on paper, readable, complete in JSON, and inert."""

import json
from pathlib import Path

import pytest

from tests.cli.support import HOSTILE, RAIN, Cli, Lived, lived_desk


def code_of(lived: Lived, order_id: str) -> str:
    row = next(fact for _, _, fact in lived.facts if getattr(fact, "order", None) and fact.order.order_id == order_id)
    intent_id = row.order.intent_id
    return next(
        fact.intent.code for _, _, fact in lived.facts if getattr(fact, "intent", None) and fact.intent.intent_id == intent_id
    )


def test_a_trade_is_told_from_the_idea_to_the_money(cli: Cli, lived: Lived) -> None:
    told = cli("why", code_of(lived, lived.won.order_id), "-C", lived.folder)
    assert told.code == 0, told.err
    print(told.out)

"""Ids are derived, differ whenever anything differs, and survive being read out over a phone."""

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model import ids

LOOK_ALIKES = "01OIL"


def some_codes(count: int = 40) -> list[str]:
    return [ids.human_code(f"i-{number:016x}") for number in range(count)]


def test_a_ledger_id_has_a_symbol_for_every_five_of_its_eighty_bits() -> None:
    assert ids.ledger_id(bytes(10)) == "0" * 16
    assert ids.ledger_id(b"\xff" * 10) == "z" * 16
    one_bit = {ids.ledger_id((1 << bit).to_bytes(10, "big")) for bit in range(80)}
    assert len(one_bit) == 80
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{16}", name) for name in one_bit)


@pytest.mark.parametrize("length", [0, 9, 11, 16])
def test_a_ledger_id_needs_exactly_eighty_bits(length: int) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        ids.ledger_id(bytes(length))


def test_the_same_decision_always_has_the_same_name() -> None:
    assert ids.intent_id("L", "s", "M", "buy", 7) == ids.intent_id("L", "s", "M", "buy", 7)
    assert re.fullmatch(r"i-[0-9a-f]{16}", ids.intent_id("L", "s", "M", "buy", 7))


def test_any_difference_gives_another_intent() -> None:
    decisions = itertools.product(("L1", "L2"), ("s", "t"), ("M", "N"), ("buy", "sell"), range(1, 20))
    names = [ids.intent_id(*decision) for decision in decisions]
    assert len(set(names)) == len(names)


def test_where_one_part_ends_and_the_next_begins_is_part_of_the_name() -> None:
    assert ids.intent_id("L", "ab", "c", "buy", 1) != ids.intent_id("L", "a", "bc", "buy", 1)
    assert ids.intent_id("L", "s", "M1", "buy", 11) != ids.intent_id("L", "s", "M11", "buy", 1)


def test_any_difference_gives_another_order_in_the_venues_alphabet() -> None:
    base = {
        "ledger": "L", "venue": "sim", "account": "a", "intent": "i-1", "attempt": 1, "instrument": "M",
        "side": "buy", "price": 500_000, "qty": 10_000,
    }  # fmt: skip
    others = {
        "ledger": "L2", "venue": "box", "account": "b", "intent": "i-2", "attempt": 2, "instrument": "N",
        "side": "sell", "price": 510_000, "qty": 20_000,
    }  # fmt: skip
    names = [ids.client_order_id(**base)] + [ids.client_order_id(**(base | {key: others[key]})) for key in base]
    assert len(set(names)) == 10
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", name) for name in names)


def test_numbers_do_not_run_into_each_other() -> None:
    one = ids.client_order_id("L", "v", "a", "i", 1, "M", "buy", 11, 1)
    other = ids.client_order_id("L", "v", "a", "i", 1, "M", "buy", 1, 11)
    assert one != other != ids.client_order_id("L", "v", "a", "i", 11, "M", "buy", 1, 1)


def test_no_symbol_of_a_code_is_taken_for_another() -> None:
    assert not set(ids.CODE_ALPHABET) & set(LOOK_ALIKES)
    assert len(set(ids.CODE_ALPHABET)) == len(ids.CODE_ALPHABET) == 31
    assert ids.CODE_ALPHABET.upper() == ids.CODE_ALPHABET
    assert all(len(code) == 6 and set(code) <= set(ids.CODE_ALPHABET) for code in some_codes())


def test_a_code_as_it_was_given_is_a_code() -> None:
    assert all(ids.is_human_code(code) for code in some_codes(500))


def test_every_single_wrong_symbol_in_every_place_is_caught() -> None:
    for code in some_codes():
        for place, wrong in itertools.product(range(6), ids.CODE_ALPHABET):
            slipped = code[:place] + wrong + code[place + 1 :]
            assert ids.is_human_code(slipped) == (slipped == code)


def test_every_swap_of_two_symbols_in_any_two_places_is_caught() -> None:
    for code in some_codes(300):
        for one, other in itertools.combinations(range(6), 2):
            symbols = list(code)
            symbols[one], symbols[other] = symbols[other], symbols[one]
            swapped = "".join(symbols)
            assert ids.is_human_code(swapped) == (swapped == code)


def test_every_swap_of_every_pair_of_symbols_is_caught() -> None:
    """Over all pairs of different symbols in all pairs of places, whatever stands in the other places."""
    rng = random.Random(7)
    for one, other in itertools.combinations(range(6), 2):
        for a, b in itertools.permutations(ids.CODE_ALPHABET, 2):
            free = next(place for place in range(6) if place not in (one, other))
            symbols = [rng.choice(ids.CODE_ALPHABET) for _ in range(6)]
            symbols[one], symbols[other] = a, b
            for symbols[free] in ids.CODE_ALPHABET:
                if ids.is_human_code("".join(symbols)):
                    break
            else:
                pytest.fail("no symbol in a free place made this a code")
            symbols[one], symbols[other] = b, a
            assert not ids.is_human_code("".join(symbols))


@given(st.text(max_size=8))
def test_what_is_no_code_is_never_taken_for_one(text: str) -> None:
    if ids.is_human_code(text):
        assert len(text) == 6
        assert set(text) <= set(ids.CODE_ALPHABET)


@pytest.mark.parametrize("shape", ["{0}2", " {0}", "{0}\n", "{lower}", "{short}", ""])
def test_a_code_is_exact_or_nothing(shape: str) -> None:
    code = next(code for code in some_codes() if code.lower() != code)
    assert not ids.is_human_code(shape.format(code, lower=code.lower(), short=code[:5]))


def test_one_guess_in_thirty_one_passes_the_check_symbol() -> None:
    rng = random.Random(1)
    guesses = ["".join(rng.choice(ids.CODE_ALPHABET) for _ in range(6)) for _ in range(31_000)]
    assert 850 <= sum(map(ids.is_human_code, guesses)) <= 1_150

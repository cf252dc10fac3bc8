"""A fact's bytes are the fact: readable, canonical, and free of everything that two machines could read differently."""

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.examples import EXAMPLES
from tests.model.support import HOSTILE

from assent.model import assents, facts, overrides, settling, would
from assent.model.errors import InvariantBroken
from assent.model.facts import SCHEMA_VERSION, Fact, decode_fact, encode_fact, kind_of
from assent.model.inputs import Input

each_example = pytest.mark.parametrize("fact", EXAMPLES, ids=kind_of)
KINDS = get_args(Fact)


def test_every_kind_of_fact_has_an_example() -> None:
    missing = {kind.__name__ for kind in KINDS} - {kind_of(fact) for fact in EXAMPLES}
    assert not missing, f"write an example in tests/model/examples.py for {sorted(missing)}"


# Modules that hold what is asked beside what is told.
ASKING = (assents.__name__, overrides.__name__, settling.__name__)


def test_every_struct_of_the_modules_that_is_told_in_the_past_tense_belongs_to_the_union() -> None:
    told = {
        thing
        for module in (assents, facts, overrides, settling, would)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, msgspec.Struct) and thing.__module__ == module.__name__
    }
    assert told == {*KINDS, *(asked for asked in get_args(Input) if asked.__module__ in ASKING)}


@each_example
def test_a_fact_comes_back_from_its_bytes_as_it_was(fact: Fact) -> None:
    body = encode_fact(fact)
    again = decode_fact(kind_of(fact), SCHEMA_VERSION, body)
    assert again == fact
    assert type(again) is type(fact)
    assert encode_fact(again) == body


def test_different_facts_have_different_bytes() -> None:
    bodies = [encode_fact(fact) for fact in EXAMPLES]
    assert len(set(bodies)) == len(bodies)


@each_example
def test_a_body_is_plain_json_without_a_float_or_a_repeated_key(fact: Fact) -> None:
    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def no_float(text: str) -> float:
        raise AssertionError(f"a float: {text}")

    body = json.loads(encode_fact(fact), object_pairs_hook=no_repeats, parse_float=no_float, parse_constant=no_float)
    assert body["type"] == kind_of(fact)


@each_example
def test_a_fact_of_another_version_or_kind_is_refused(fact: Fact) -> None:
    body = encode_fact(fact)
    with pytest.raises(InvariantBroken, match="fact_version_unknown"):
        decode_fact(kind_of(fact), SCHEMA_VERSION + 1, body)
    with pytest.raises(InvariantBroken, match="fact_kind_differs"):
        decode_fact("CashMoved" if kind_of(fact) != "CashMoved" else "DeskStopped", SCHEMA_VERSION, body)


@each_example
def test_a_cut_body_is_refused_at_every_length(fact: Fact) -> None:
    body = encode_fact(fact)
    for length in range(0, len(body), 7):
        with pytest.raises(msgspec.DecodeError):
            decode_fact(kind_of(fact), SCHEMA_VERSION, body[:length])


def test_what_is_no_fact_has_no_bytes() -> None:
    for thing in (7, None, "fact", {"type": "DeskStopped", "why": 1}, object()):
        with pytest.raises((InvariantBroken, TypeError)):
            encode_fact(thing)  # type: ignore[arg-type]


# --- nothing foreign in any field ----------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a fact, down to its last field."""
    if path:
        yield path
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from places(getattr(value, name), (*path, name))
    elif type(value) is tuple:
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def planted(value: Any, path: tuple[Any, ...], thing: Any) -> Any:
    """A copy of the fact with `thing` in one place."""
    step, rest = path[0], path[1:]
    if isinstance(value, msgspec.Struct):
        inner = planted(getattr(value, step), rest, thing) if rest else thing
        return msgspec.structs.replace(value, **{step: inner})
    inner = planted(value[step], rest, thing) if rest else thing
    return (*value[:step], inner, *value[step + 1 :])


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = getattr(value, step) if isinstance(value, msgspec.Struct) else value[step]
    return value


def may_stand(fact: Fact, path: tuple[Any, ...], thing: Any) -> bool:
    """Whether a thing is what the field says that it holds. Read from the annotation."""
    owner = at(fact, path[:-1])
    if not isinstance(owner, msgspec.Struct):
        return type(thing) is type(at(fact, path)) and type(thing) is not tuple
    hint = get_type_hints(type(owner))[path[-1]]
    kinds = [kind if isinstance(kind, type) else type(kind) for kind in (get_args(hint) or (hint,))]
    if isinstance(thing, int | str) and not isinstance(thing, bool):
        kinds += [type(thing)] if any(kind in type(thing).__mro__ for kind in kinds) else []
    return type(thing) in kinds or (type(thing) is tuple and not thing and "tuple" in str(hint))


def survives(fact: Fact) -> bool:
    try:
        body = encode_fact(fact)
    except (InvariantBroken, TypeError, ValueError, OverflowError, RecursionError):
        return False
    assert encode_fact(decode_fact(kind_of(fact), SCHEMA_VERSION, body)) == body
    return True


@each_example
def test_no_float_bool_nan_or_look_alike_gets_into_any_field(fact: Fact) -> None:
    got_in = [
        (path, type(thing).__name__)
        for path in places(fact)
        for thing in HOSTILE
        if not may_stand(fact, path, thing) and survives(planted(fact, path, thing))
    ]
    assert not got_in


WITH_NUMBERS = [(fact, path) for fact in EXAMPLES for path in places(fact) if type(at(fact, path)) is int]


@given(st.sampled_from(WITH_NUMBERS), st.floats())
def test_no_float_whatever_its_value_stands_where_a_number_stood(place: tuple[Fact, Any], value: float) -> None:
    fact, path = place
    assert not survives(planted(fact, path, value))


@given(st.sampled_from(WITH_NUMBERS), st.integers())
def test_a_whole_number_comes_back_to_the_last_digit_or_not_at_all(place: tuple[Fact, Any], value: int) -> None:
    fact, path = place
    planted_fact = planted(fact, path, value)
    if survives(planted_fact):
        again = decode_fact(kind_of(fact), SCHEMA_VERSION, encode_fact(planted_fact))
        assert at(again, path) == value
        assert type(at(again, path)) is int


@given(st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    fact = facts.DeskStopped(text)
    assert decode_fact("DeskStopped", SCHEMA_VERSION, encode_fact(fact)) == fact


def test_a_list_where_a_tuple_belongs_is_another_value() -> None:
    with pytest.raises(InvariantBroken, match="fact_not_canonical"):
        encode_fact(facts.DeskStarted("b", ["s"]))  # type: ignore[arg-type]

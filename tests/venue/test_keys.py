"""A key that stands twice in one object is found, however deep; what only looks like one is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.venue.keys import repeated_key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b'{"a":1,"a":1}', "a"),
        ('{"a":{"b":[{"c":1,"d":2,"c":3}]}}', "c"),
        (b'{"price":"0.10","pr\\u0069ce":"0.90"}', "price"),
        (b'{"a":1,"b":{"a":1}}', None),
        (b'[{"a":1},{"a":1}]', None),
        (b'{"a":"\\"a\\":1,\\"a\\":2"}', None),
        (b"[]", None),
    ],
)
def test_only_the_same_key_in_the_same_object_counts(raw: bytes | str, key: str | None) -> None:
    assert repeated_key(raw) == key


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=4), values, min_size=1, max_size=4), st.data())
def test_sound_json_has_none_and_any_pair_written_again_is_found(value: dict[str, object], data: st.DataObject) -> None:
    written = json.dumps(value)
    assert repeated_key(written) is None
    key = data.draw(st.sampled_from(sorted(value)))
    assert repeated_key(f"{written[:-1]},{json.dumps(key)}:0}}") == key


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"{'a':1}"])
def test_what_is_no_json_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        repeated_key(raw)

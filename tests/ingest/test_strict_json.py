"""The short way through the parser is taken only where the long way would say the same."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest import strict_json
from ingest.strict_json import NotJson, Number, parse

KEYS = ('"a"', '"b"', '"a "', '"\\u0061"', '":"', '"a\\""', '"é"')
SCALARS = ('"x"', '":"', '"a\\\\"', '""', "1", "-0", "1.50", "1e999", "true", "null", "NaN", "\x01")


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects as they may come: with equal keys, blanks anywhere, and broken ends."""
    blank = st.sampled_from(("", "", "", " ", "\n"))
    pair = st.tuples(st.sampled_from(KEYS), blank, values, blank).map(
        lambda each: f"{each[0]}{each[1]}:{each[3]}{each[2]}"
    )
    ends = st.sampled_from(("}", "}", "}", "} ", "}}", ""))
    return st.tuples(st.lists(pair, max_size=4), ends).map(
        lambda each: "{" + ",".join(each[0]) + each[1]
    )


VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda each: f"[{','.join(each)}]") | objects(inner)
    ),
    max_leaves=6,
)


def outcome(read: Any, text: str) -> tuple[str, Any]:
    try:
        value = read(text)
    except NotJson as error:
        return "refused", str(error)
    return "read", (json.dumps(value), repr(value), _kinds(value))


def _kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kinds(each) for name, each in value.items()}
    return [_kinds(each) for each in value] if isinstance(value, list) else type(value)


@given(objects(VALUES))
@example('{"a":1,"a":2}')
@example('{"a":{"b":1,"b":2}}')
@example('{"a" :1,"a":"\\":"}')
@example('{"a":' * 100 + "{}" + "}" * 100)
@example('{"a":' * 5000 + "1")
@example('{"a":"\\ud800"}')
@example('\ufeff{"a":1}')
@example('{"a":{}}')
def test_both_ways_say_the_same(text: str) -> None:
    assert outcome(parse, text) == outcome(strict_json._any_value, text)


def test_a_plain_event_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(strict_json, "_any_value")
    value = parse('{"event_id": "é", "quantity": 1.50, "paid": true, "note": null}')
    assert value == {"event_id": "é", "quantity": "1.50", "paid": True, "note": None}
    assert type(value["quantity"]) is Number


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(NotJson, match="'a' comes twice"):
        parse('{"a":1,"b":2,"a":3}')

"""The short way to an event is taken only where the long way would say the same."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest import messages
from ingest.envelope import read_envelope
from ingest.fast.plain_events import plain_envelope, plain_object
from ingest.messages import Message, RawRow, sort_message
from ingest.strict_json import Number, parse, with_exact_numbers

KEYS = ('"a"', '"b"', '"a "', '"\\u0061"', '":"', '"a\\""', '"é"')
SCALARS = (
    '"x"',
    '":"',
    '"a\\\\"',
    '""',
    "1",
    "-0",
    "1.50",
    "1e999",
    "1234567890123456",
    "0.12345678901234567",
    "6E+2",
    "true",
    "null",
    "NaN",
    "\x01",
)


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


def kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: kinds(each) for name, each in value.items()}
    return [kinds(each) for each in value] if isinstance(value, list) else type(value)


@given(objects(VALUES))
@example('{"a":1,"a":2}')
@example('{"a":{"b":1,"b":2}}')
@example('{"a" :1,"a":"\\":"}')
@example('{"a":' * 100 + "{}" + "}" * 100)
@example('{"a":' * 5000 + "1")
@example('{"a":"\\ud800"}')
@example('\ufeff{"a":1}')
@example('{"a":{}}')
@example('{"a":1}\n')
@example('{"a":12345678901234567890123456789012345678}')
@example('{"a":' + "9" * 5000 + "}")
@example('{"a":' + "9" * 5000 + ".5}")
def test_a_plain_object_is_what_the_parser_says_and_its_text_goes_as_it_is(text: str) -> None:
    value = plain_object(text)
    if value is not None:
        assert (repr(value), kinds(value)) == (repr(parse(text)), kinds(parse(text)))
        assert with_exact_numbers(text, parse(text).values()) == text


TIMESTAMPS = (
    *("2026-11-22T10:00:00+01:00", "2026-11-22 10:00:59.123456789-0530", "2026-11-22T10:00Z"),
    *("2026-11-22T10:00:12.12345", "2026-11-22T10:00:12.55+01", "2026-11-22T10:00:125+0100"),
    *("2026-11-22T10:00:00z", "2026-11-22T10:00:00,5Z", "2026-11-22T10:00:60Z", "2026-11-22"),
    *("2026-02-30T10:00:00Z", "1969-12-31T23:59:00Z", "2262-01-01T00:00:00+00:01", "Z", "+01:00"),
    *("2026-11-22T10:00:00+15:00", "2026-11-22T10:00:1\u0661Z", "2026-11-22T10:00:00.1234567890Z"),
)
FIELDS = ("event_id", "event_type", "product_id", "customer_id", "order_id", "event_ts")
FIELD_VALUES = st.sampled_from(("E1", "ORDER_CREATED", "", " ", " E", "\u00a0", "\u0661", None, 7))
PARTS = st.sampled_from(
    ("2026-11-22T", "10:00", ":", "1", "59", ".5", "Z", "+", "-0530", ":00", " ")
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, FIELD_VALUES)),
    st.sampled_from((*TIMESTAMPS, None, 7)) | st.lists(PARTS, max_size=8).map("".join),
)
def test_a_plain_envelope_is_what_the_long_way_reads(event: dict[str, Any], moment: Any) -> None:
    value = plain_object(json.dumps({**event, "event_timestamp": moment}, ensure_ascii=False))
    assert value is not None
    assert plain_envelope(value) in (None, read_envelope(value, "t-0-0"))


@given(st.sampled_from(TIMESTAMPS) | st.lists(PARTS, max_size=9).map("".join) | st.text(max_size=9))
@example("")
@example("2026-11-22T10:00:12.12345")
@example("2026-11-22T10:00:12.55+01")
def test_each_timestamp_is_read_alike(moment: str) -> None:
    ids = dict.fromkeys(("event_id", "event_type", "product_id"), "A")
    value = {**ids, "event_timestamp": moment}
    assert plain_envelope(value) in (None, read_envelope(value, "t-0-0"))


def test_an_ordinary_event_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it: neither the parser nor the envelope's reader is asked."""
    text = (
        '{"event_id": "E1", "event_type": "ORDER_CREATED", "event_timestamp":'
        ' "2026-11-22T10:00:05.25+01:00", "product_id": "P1", "customer_id": "Chlo\u00e9",'
        ' "quantity": 3, "unit_price": 1.50, "paid": true, "note": null}'
    )
    message = Message("sales", 0, 0, text.encode())
    expected = RawRow(message, read_envelope(parse(text), ""))
    monkeypatch.delattr(messages, "parse")
    monkeypatch.delattr(messages, "read_envelope")
    assert sort_message(message, 1000) == expected
    assert expected.envelope.event_timestamp == "2026-11-22 09:00:05.25"


def test_a_number_keeps_its_characters() -> None:
    value = plain_object('{"a": 1.50, "b": -0}')
    assert value == {"a": "1.50", "b": "-0"}
    assert {type(each) for each in value.values()} == {Number}


def test_a_number_that_a_variant_would_not_keep_takes_the_long_way() -> None:
    for number in ("6E+2", "1e5", "1.00000000000000000001", "9" * 39):
        assert plain_object(f'{{"a": {number}}}') is None

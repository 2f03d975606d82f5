"""What becomes of a message: hostile ones with the reason that must be given, word for word."""

from typing import NamedTuple

import pytest

from ingest.envelope import Envelope
from ingest.messages import Message, RawRow, Reject, kafka_metadata, refused, sort_message

LIMIT = 4096


class Case(NamedTuple):
    value: bytes | None
    reason: str
    payload: str | None
    encoding: str | None = "utf-8"


ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E1"'
HOSTILE = [
    pytest.param(Case(None, "a tombstone: the message has no value", None, None), id="a tombstone"),
    pytest.param(Case(b"", "empty: there is nothing in the message", ""), id="empty"),
    pytest.param(Case(b" \n", "empty: there is nothing in the message", " \n"), id="blank"),
    pytest.param(
        Case(b"\xff{}", "not UTF-8: byte 1 cannot stand in a text", "/3t9", "base64"),
        id="not UTF-8",
    ),
    pytest.param(
        Case(
            "{}".encode("utf-16"), "not UTF-8: byte 1 cannot stand in a text", "//57AH0A", "base64"
        ),
        id="UTF-16",
    ),
    pytest.param(
        Case(
            b"\xef\xbb\xbf{}",
            "not JSON: a byte order mark stands before the object",
            "\ufeff{}",
        ),
        id="a byte order mark",
    ),
    pytest.param(
        Case(
            b"wine",
            "not JSON: a value is missing, or is nothing that JSON knows, at character 1",
            "wine",
        ),
        id="plain text",
    ),
    pytest.param(
        Case(b'{"a": 1', "not JSON: cut off after 7 characters", '{"a": 1'),
        id="cut off",
    ),
    pytest.param(
        Case(
            b'{"a": 1} x',
            "not JSON: something follows the end of the object at character 10",
            '{"a": 1} x',
        ),
        id="text behind the object",
    ),
    pytest.param(Case(b'{"a": NaN}', "not JSON: NaN is not a JSON number", '{"a": NaN}'), id="NaN"),
    pytest.param(
        Case(b'{"a": -Infinity}', "not JSON: -Infinity is not a JSON number", '{"a": -Infinity}'),
        id="minus infinity",
    ),
    pytest.param(
        Case(
            b'{"a": {"b": 1, "c": 2, "b": 1}}',
            "not JSON: the field 'b' comes twice in one object",
            '{"a": {"b": 1, "c": 2, "b": 1}}',
        ),
        id="a duplicate key, deep inside",
    ),
    pytest.param(
        Case(
            b'{"a": 1, "\\u0061": 2}',
            "not JSON: the field 'a' comes twice in one object",
            '{"a": 1, "\\u0061": 2}',
        ),
        id="a duplicate key in another spelling",
    ),
    pytest.param(
        Case(
            b'{"a": "\\ud83c"}',
            "not JSON: half a character (a lone surrogate, \\ud800 to \\udfff) in a text",
            '{"a": "\\ud83c"}',
        ),
        id="a lone surrogate",
    ),
    pytest.param(
        Case(
            b'{"\\uDF77": 1}',
            "not JSON: half a character (a lone surrogate, \\ud800 to \\udfff) in a text",
            '{"\\uDF77": 1}',
        ),
        id="a lone surrogate in a key",
    ),
    pytest.param(
        Case(
            b'{"a": "\x01"}',
            "not JSON: a line break or another control character stands in a text at character 8",
            '{"a": "\x01"}',
        ),
        id="a bare control character",
    ),
    pytest.param(
        Case(
            b'{"a": "\x00"}',
            "not JSON: a line break or another control character stands in a text at character 8",
            "eyJhIjogIgAifQ==",
            "base64",
        ),
        id="a bare U+0000",
    ),
    pytest.param(Case(b"null", "not a JSON object: null", "null"), id="null"),
    pytest.param(Case(b"12", "not a JSON object: a number", "12"), id="a number"),
    pytest.param(Case(b"true", "not a JSON object: a boolean", "true"), id="a boolean"),
    pytest.param(
        Case(
            b'"{}"',
            "not a JSON object: a string that holds an object: the producer encodes it twice",
            '"{}"',
        ),
        id="an object encoded twice",
    ),
    pytest.param(
        Case(
            b"[{}]",
            "not a JSON object: an array of objects: send each event as a message of its own",
            "[{}]",
        ),
        id="an array of objects",
    ),
    pytest.param(Case(b'"wine"', "not a JSON object: a string", '"wine"'), id="a string"),
    pytest.param(Case(b"[1]", "not a JSON object: an array", "[1]"), id="an array"),
]


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_message_is_rejected_with_its_reason_and_kept(case: Case) -> None:
    message = Message("sales", 3, 14, case.value, b"P1", headers=[("source", b"web")])
    assert sort_message(message, LIMIT) == Reject(
        reason=case.reason,
        topic="sales",
        partition=3,
        offset=14,
        payload=case.payload,
        payload_encoding=case.encoding,
        metadata={
            "key": "P1",
            "timestamp": None,
            "timestamp_type": "CreateTime",
            "headers": [{"name": "source", "value": "web"}],
        },
        status="OPEN",
    )


@pytest.mark.parametrize(
    ("text", "event_id", "event_type"),
    [
        ("{}", "sales-3-14", None),
        ('{"event_type": null, "event_id": 7}', "7", None),
        ('{"event_type": 7}', "sales-3-14", None),
        ('{"event_type": ["ORDER_CREATED"], "event_id": "E1"}', "E1", None),
        ('{"event_type": "order_created", "order_id": "O1"}', "sales-3-14", "order_created"),
        ('{"event_type": "GIFT_SENT", "event_id": "E1"}', "E1", "GIFT_SENT"),
        ('{"schema": {}, "payload": {}}', "sales-3-14", None),
    ],
)
def test_every_object_is_a_row_of_raw_whatever_its_type(
    text: str, event_id: str, event_type: str | None
) -> None:
    row = sort_message(Message("sales", 3, 14, text.encode()), LIMIT)
    assert isinstance(row, RawRow)
    assert row.text == text
    assert row.envelope == Envelope(event_id, event_type, None, None, None)


def test_a_message_nested_beyond_measure_is_rejected() -> None:
    depth = 200_000
    row = sort_message(Message("sales", 0, 0, b"[" * depth + b"]" * depth), 10 * depth)
    assert isinstance(row, Reject)
    assert row.reason == "not JSON: nested more than 100 levels deep"


def test_a_message_beyond_the_limit_is_rejected_with_as_much_of_it_as_the_limit_allows() -> None:
    row = sort_message(Message("sales", 0, 0, b"x" * 5000), LIMIT)
    assert isinstance(row, Reject)
    assert row.reason == "larger than the limit: 5000 bytes, of which PAYLOAD holds 4096"
    assert row.payload == "x" * 4096


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    value = ORDER + b', "x": "' + b"y" * (LIMIT - len(ORDER) - 10) + b'"}'
    assert len(value) == LIMIT
    assert isinstance(sort_message(Message("sales", 0, 0, value), LIMIT), RawRow)


def test_an_event_keeps_its_text_byte_for_byte() -> None:
    text = (
        ' {"event_type":"ORDER_CREATED" ,"event_id":"E1","event_timestamp":'
        '"2026-11-22T10:00:00+01:00","product_id":7,"customer_id":"C\u00e9",'
        '"unit_price":12.50,"name":"Ch\u00e2teau \u2013 \U0001f377","escaped":"\\ud83c\\udf77"}\n'
    )
    message = Message("sales", 0, 5, text.encode())
    row = sort_message(message, LIMIT)
    assert row == RawRow(
        message, Envelope("E1", "ORDER_CREATED", "2026-11-22 09:00:00", "7", "C\u00e9")
    )
    assert row.text == text


def test_a_number_of_any_length_does_no_harm() -> None:
    digits = "9" * 10_000
    value = ORDER + f', "product_id": {digits}, "x": 1e999999}}'.encode()
    row = sort_message(Message("sales", 0, 5, value), 100_000)
    assert isinstance(row, RawRow)
    assert row.envelope.product_id == digits


def test_a_row_that_the_warehouse_refuses_becomes_a_reject_with_its_reason() -> None:
    row = sort_message(Message("sales", 2, 5, ORDER + b"}"), LIMIT)
    assert isinstance(row, RawRow)
    assert refused(row, "too deep") == Reject(
        metadata=kafka_metadata(row.message),
        reason="refused by the warehouse: too deep",
        topic="sales",
        partition=2,
        offset=5,
        event_id="E1",
        event_type="ORDER_CREATED",
        payload=(ORDER + b"}").decode(),
        payload_encoding="utf-8",
    )


def test_kafka_metadata_has_key_time_and_headers_in_their_order() -> None:
    message = Message(
        "sales",
        0,
        0,
        b"{}",
        key="Ch\u00e2teau".encode(),
        timestamp=1_795_385_003_189,
        timestamp_type=1,
        headers=[("source", b"web"), ("source", b"\xff"), ("empty", None)],
    )
    assert kafka_metadata(message) == {
        "key": "Ch\u00e2teau",
        "timestamp": 1_795_385_003_189,
        "timestamp_type": "LogAppendTime",
        "headers": [
            {"name": "source", "value": "web"},
            {"name": "source", "value": "/w==", "value_encoding": "base64"},
            {"name": "empty", "value": None},
        ],
    }


def test_a_key_that_is_not_utf_8_is_kept_as_base64() -> None:
    metadata = kafka_metadata(Message("sales", 0, 0, b"{}", key=b"\xff\x00"))
    assert (metadata["key"], metadata["key_encoding"]) == ("/wA=", "base64")

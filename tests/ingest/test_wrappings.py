"""Messages that tools have wrapped: the reason says what they look like and what to set."""

import json

import pytest

from ingest.messages import Message, RawRow, Reject, sort_message

EVENT = b'{"event_type": "ORDER_CREATED", "event_id": "E1"}'
ORDER = json.loads(EVENT)
PLAIN = (
    "have the producer send plain JSON (with Kafka Connect:"
    " value.converter=org.apache.kafka.connect.json.JsonConverter,"
    " value.converter.schemas.enable=false)"
)


def reason(value: bytes, *headers: tuple[str, bytes | None]) -> str:
    row = sort_message(Message("sales", 0, 0, value, headers=headers), 4096)
    assert isinstance(row, Reject)
    return row.reason


def test_json_in_a_schema_registrys_frame() -> None:
    assert reason(b"\x00\x00\x00\x00\x2a" + EVENT) == (
        f"in a schema registry's frame: byte 0, schema 42, then JSON; {PLAIN}"
    )


@pytest.mark.parametrize("rest", [b"\x02E1\xff\xc3", b"\x02E1", b""])
def test_avro_in_a_schema_registrys_frame(rest: bytes) -> None:
    assert reason(b"\x00\x00\x01\x00\x02" + rest) == (
        "in a schema registry's frame: byte 0, schema 65538, then no JSON (Avro or Protobuf?);"
        f" {PLAIN}"
    )


def test_json_in_the_frame_of_aws_glue() -> None:
    assert reason(b"\x03\x00" + b"\xfa" * 16 + EVENT) == (
        f"in the frame of AWS Glue's schema registry, then JSON; {PLAIN}"
    )


def test_a_value_that_the_producer_has_compressed_itself() -> None:
    assert reason(b"\x1f\x8b\x08\x00").startswith("compressed with gzip by the producer's own code")


@pytest.mark.parametrize("value", [b"\x00\x00\x00\x2a", b"\x03\x07" + b"\xfa" * 16, b"\x01{}"])
def test_what_is_no_frame_is_not_called_one(value: bytes) -> None:
    assert reason(value).startswith(("not JSON", "not UTF-8"))


@pytest.mark.parametrize(
    ("event", "looks"),
    [
        (
            {"schema": {"type": "struct"}, "payload": ORDER},
            "Kafka Connect's JSON with a schema, the event being its payload: set"
            " value.converter.schemas.enable=false there",
        ),
        (
            {"before": None, "after": ORDER, "op": "c", "source": {}, "ts_ms": 1},
            "Debezium's change of a row: unwrap it in the connector (transforms=unwrap,",
        ),
        (
            {"schema": {}, "payload": {"before": ORDER, "after": None, "op": "d"}},
            "Kafka Connect's schema around Debezium's change of a row: unwrap it in the connector",
        ),
        (
            {"specversion": "1.0", "type": "ORDER_CREATED", "id": "E1", "data": ORDER},
            "a CloudEvent in structured mode, the event being its data: send that alone",
        ),
    ],
)
def test_an_envelope_is_named_with_what_to_set(event: dict[str, object], looks: str) -> None:
    assert reason(json.dumps(event).encode()).startswith(f"no event_type; it looks like {looks}")


def test_a_cloud_event_in_binary_mode_is_known_by_its_headers() -> None:
    assert reason(b"{}", ("ce_specversion", b"1.0")) == (
        "no event_type; it looks like a CloudEvent in binary mode, whose type is in the headers:"
        " have the producer put event_type into the data, too"
    )


def test_an_event_with_fields_of_an_envelope_is_an_event() -> None:
    for more in ({"schema": 1, "payload": 2}, {"op": 1, "after": {}}, {"specversion": 1}):
        value = json.dumps({**ORDER, **more}).encode()
        assert isinstance(sort_message(Message("sales", 0, 0, value), 4096), RawRow)

"""Messages in the frames of registries: the reason says what they look like and what to set."""

import pytest

from ingest.messages import Message, Reject, sort_message

EVENT = b'{"event_type": "ORDER_CREATED", "event_id": "E1"}'
PLAIN = (
    "have the producer send plain JSON (with Kafka Connect:"
    " value.converter=org.apache.kafka.connect.json.JsonConverter,"
    " value.converter.schemas.enable=false)"
)


def reason(value: bytes) -> str:
    row = sort_message(Message("sales", 0, 0, value), 4096)
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

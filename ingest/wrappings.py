"""What a message looks like that is no bare event, and what to set where it comes from. Pure.

Tools wrap events: schema registries put an identifier before the bytes, Kafka Connect, Debezium and
CloudEvents put an object around the object. None of it is unwrapped here, for the shop's contract
is the bare event; but the reason of the reject says how to send that.
"""

from collections.abc import Sequence
from typing import Any

# Where a schema registry's serializer would say what is behind the frame, it says nothing.
_CONFLUENT_BYTES = 5
_GLUE_BYTES = 18
_GLUE_COMPRESSION = (0, 5)

PLAIN_JSON = (
    "have the producer send plain JSON (with Kafka Connect:"
    " value.converter=org.apache.kafka.connect.json.JsonConverter,"
    " value.converter.schemas.enable=false)"
)


def frame(value: bytes) -> str | None:
    """The reason for a value in the frame of a schema registry, None for any other."""
    if len(value) >= _CONFLUENT_BYTES and value[0] == 0:
        schema = int.from_bytes(value[1:_CONFLUENT_BYTES], "big")
        behind = _behind(value[_CONFLUENT_BYTES:])
        return f"in a schema registry's frame: byte 0, schema {schema}, then {behind}; {PLAIN_JSON}"
    if len(value) >= _GLUE_BYTES and value[0] == 3 and value[1] in _GLUE_COMPRESSION:
        behind = "compressed bytes" if value[1] else _behind(value[_GLUE_BYTES:])
        return f"in the frame of AWS Glue's schema registry, then {behind}; {PLAIN_JSON}"
    if value.startswith(b"\x1f\x8b"):
        return (
            "compressed with gzip by the producer's own code; leave that to Kafka"
            " (compression.type=gzip), which undoes it"
        )
    return None


def envelope(event: dict[str, Any], headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    """What an object without a known event_type looks like, and what to do about it; None for one
    that looks like nothing in particular."""
    if "schema" in event and "payload" in event:
        inner = event["payload"]
        if isinstance(inner, dict) and _is_change(inner):
            return _change("Kafka Connect's schema around Debezium's change of a row")
        return (
            "it looks like Kafka Connect's JSON with a schema, the event being its payload: set"
            " value.converter.schemas.enable=false there"
        )
    if _is_change(event):
        return _change("Debezium's change of a row")
    if "specversion" in event and ("data" in event or "data_base64" in event):
        return (
            "it looks like a CloudEvent in structured mode, the event being its data: send that"
            " alone, as a CloudEvent in binary mode does"
        )
    if any(name.lower() in ("ce_specversion", "ce-specversion") for name, _ in headers):
        return (
            "it looks like a CloudEvent in binary mode, whose type is in the headers: have the"
            " producer put event_type into the data, too"
        )
    return None


def encoded_twice(text: str) -> bool:
    """Is this JSON string, or the start of it, an object that was encoded once more?"""
    return text.lstrip().startswith("{")


def _is_change(event: dict[str, Any]) -> bool:
    return "op" in event and ("after" in event or "before" in event)


def _change(what: str) -> str:
    return (
        f"it looks like {what}: unwrap it in the connector (transforms=unwrap,"
        " transforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState; with an outbox:"
        " io.debezium.transforms.outbox.EventRouter) and have the row be an event"
    )


def _behind(rest: bytes) -> str:
    return "JSON" if rest.lstrip()[:1] == b"{" else "no JSON (Avro or Protobuf?)"

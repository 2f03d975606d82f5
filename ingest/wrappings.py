"""What a message looks like that is no JSON, and what to set where it comes from. Pure.

Schema registries put an identifier before the bytes. It is not taken off here, for the shop's
contract is the bare event; but the reason of the reject says how to send that. What puts an object
around the object becomes a row of RAW, and the procedures say so (procedures/wrappings.py).
"""

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


def encoded_twice(text: str) -> bool:
    """Is this JSON string, or the start of it, an object that was encoded once more?"""
    return text.lstrip().startswith("{")


def _behind(rest: bytes) -> str:
    return "JSON" if rest.lstrip()[:1] == b"{" else "no JSON (Avro or Protobuf?)"

"""From a Kafka message to what becomes of it: a row of RAW or a row of rejects. Pure."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ingest.envelope import Envelope, read_envelope
from ingest.fast.plain_events import plain_envelope, plain_object
from ingest.strict_json import NotJson, Number, parse, with_exact_numbers

TIMESTAMP_TYPES = {0: "CreateTime", 1: "LogAppendTime"}
# What a message costs in memory and in the statement besides its key and value.
OVERHEAD_BYTES = 256
# Below this it does not matter how a text swells in a statement.
LONG_TEXT = 100_000

# Where a schema registry's serializer would say what is behind the frame, it says nothing.
_CONFLUENT_BYTES = 5
_GLUE_BYTES = 18
_GLUE_COMPRESSION = (0, 5)

PLAIN_JSON = (
    "have the producer send plain JSON (with Kafka Connect:"
    " value.converter=org.apache.kafka.connect.json.JsonConverter,"
    " value.converter.schemas.enable=false)"
)

# Longer texts are the data's own affair: no table need take them.
LONGEST = 1_000_000
FILLER = "x"
TIMESTAMP = "2026-01-01 00:00:00"


class Message(NamedTuple):
    """A Kafka message, as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int | None = None
    timestamp_type: int | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()

    @property
    def size(self) -> int:
        size = len(self.value or b"") + len(self.key or b"") + OVERHEAD_BYTES
        if self.headers:
            size += sum(len(name) + len(value or b"") for name, value in self.headers)
        return size

    @property
    def coordinates(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


class RawRow(NamedTuple):
    """A row of RAW_EVENTS_STREAM. `exact` is its text where that is not the message's own: with
    quotes around numbers that a VARIANT would not keep (with_exact_numbers). `bound` is the row as
    a statement binds it, where that has been put together ahead."""

    message: Message
    envelope: Envelope
    exact: str | None = None
    bound: str | None = None

    @property
    def text(self) -> str:
        return (self.message.value or b"").decode() if self.exact is None else self.exact


# A row of RAW as a statement binds it, of its message, envelope and text (bind_rows.bound_row).
Bind = Callable[[Message, Envelope, str], str]


def message_of(record: Any) -> Message:
    """The message of a record that the Kafka client has given out."""
    return Message(
        record.topic,
        record.partition,
        record.offset,
        record.value,
        record.key,
        record.timestamp,
        record.timestamp_type,
        tuple(record.headers) if record.headers else (),
    )


@dataclass(frozen=True)
class Reject:
    """A row of REJECTED_EVENTS, stage INGEST. A gap in a topic is one that has no offset."""

    reason: str
    topic: str
    partition: int
    offset: int | None
    event_id: str | None = None
    event_type: str | None = None
    payload: str | None = None
    payload_encoding: str | None = None
    metadata: dict[str, Any] | None = None
    status: str = "OPEN"


def sort_message(message: Message, max_bytes: int, bind: Bind | None = None) -> RawRow | Reject:
    """A RAW row for any object in strict JSON, a reject with its reason otherwise. With `bind` the
    row is put together as a statement binds it."""
    value = message.value
    if value is None:
        return reject(message, "a tombstone: the message has no value")
    if len(value) > max_bytes:
        kept = _start(value, max_bytes)
        reason = f"larger than the limit: {len(value)} bytes, of which PAYLOAD holds {len(kept)}"
        return reject(message, reason, kept)
    if not value.strip():
        return reject(message, "empty: there is nothing in the message")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        reason = f"not UTF-8: byte {error.start + 1} cannot stand in a text"
        return reject(message, frame(value) or reason)
    exact = None
    event = plain_object(text)
    if event is not None:
        envelope = plain_envelope(event) or read_envelope(event, message.coordinates)
    else:
        try:
            event = parse(text)
        except NotJson as error:
            return reject(message, frame(value) or f"not JSON: {error}")
        if not isinstance(event, dict):
            return reject(message, f"not a JSON object: {_other_json(event)}")
        envelope = read_envelope(event, message.coordinates)
        as_sent, text = text, with_exact_numbers(text, event.values())
        exact = None if text == as_sent else text
    return RawRow(message, envelope, exact, bind and bind(message, envelope, text))


def reject(message: Message, reason: str, payload: bytes | None = None) -> Reject:
    """A reject of this message; the payload is the message's value where no other is given."""
    text, encoding = _printable(message.value if payload is None else payload)
    return Reject(
        reason=reason,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        payload=text,
        payload_encoding=encoding,
        metadata=kafka_metadata(message),
    )


def refused(row: RawRow, reason: str) -> Reject:
    """A reject of a row whose data the warehouse itself does not take."""
    text, encoding = _printable(row.message.value)
    return Reject(
        reason=f"refused by the warehouse: {reason}",
        topic=row.message.topic,
        partition=row.message.partition,
        offset=row.message.offset,
        event_id=row.envelope.event_id,
        event_type=row.envelope.event_type,
        payload=text,
        payload_encoding=encoding,
        metadata=kafka_metadata(row.message),
    )


def without_payload(row: Reject, why: str) -> Reject:
    """What remains of a reject that the warehouse does not take: where it came from, and why."""
    return replace(
        row,
        reason=f"{row.reason}; the message is in Kafka alone, the warehouse refuses it: {why}",
        event_id=None,
        event_type=None,
        payload=None,
        payload_encoding=None,
        metadata=None,
    )


def known_timestamp(ms: int | None) -> int | None:
    """None instead of Kafka's -1, which stands for no timestamp."""
    return None if ms is None or ms < 0 else ms


def kafka_metadata(message: Message) -> dict[str, Any]:
    """What Kafka knows about the message besides its place, for KAFKA_METADATA."""
    return {
        **_named("key", message.key),
        "timestamp": message.timestamp,
        "timestamp_type": TIMESTAMP_TYPES.get(message.timestamp_type or 0),
        "headers": [{"name": name, **_named("value", value)} for name, value in message.headers],
    }


def _named(name: str, value: bytes | None) -> dict[str, str | None]:
    """A value as text under its name, and how it is encoded where that is not plain UTF-8."""
    text, encoding = _printable(value)
    plain = encoding is None or encoding == "utf-8"
    return {name: text} if plain else {name: text, f"{name}_encoding": encoding}


def _printable(value: bytes | None) -> tuple[str | None, str | None]:
    """The value as text and its encoding: base64 where a text column could not hold it."""
    if value is None:
        return None, None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode(), "base64"
    if "\x00" in text or _swells(text):
        return base64.b64encode(value).decode(), "base64"
    return text, "utf-8"


def _start(value: bytes, most: int) -> bytes:
    """The first `most` bytes, less a UTF-8 character that would be cut in two."""
    end = most
    while end > most - 4 and value[end] & 0b1100_0000 == 0b1000_0000:
        end -= 1
    return value[:end]


def _swells(text: str) -> bool:
    """Does a long text grow by more than base64 would on its way, for its control characters?"""
    if len(text) < LONG_TEXT:
        return False
    controls = sum(text.count(chr(each)) for each in range(0x20))
    return controls * 5 > len(text) // 3


def _other_json(value: Any) -> str:
    """What a JSON value that is no object is, and what to do where that is plain."""
    found = _json_type(value)
    if isinstance(value, str) and not isinstance(value, Number) and encoded_twice(value):
        return f"{found} that holds an object: the producer encodes it twice"
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return f"{found} of objects: send each event as a message of its own"
    return found


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, Number):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a string"


def frame(value: bytes) -> str | None:
    """The reason for a value in the frame of a schema registry, None for any other.

    A registry puts an identifier before the bytes. It is not taken off here, for the shop's
    contract is the bare event; but the reason of the reject says how to send that. What puts an
    object around the object becomes a row of RAW, and the procedures say so
    (procedures/wrappings.py).
    """
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


def twin(row: RawRow | Reject) -> RawRow | Reject:
    """A row that every table of this shape accepts, modelled on this one: the same fields are NULL,
    the texts are as long, and nothing in them is foreign.

    It distinguishes a row that is refused for its data from a table that would refuse any such row:
    a warehouse that refuses the twin, too, has a table that is not as the application makes it (a
    column that must not be NULL any more, or has another type or length). No event is to blame for
    that.
    """
    if isinstance(row, Reject):
        return replace(
            row,
            reason=_filled(row.reason) or "",
            event_id=_filled(row.event_id),
            event_type=_filled(row.event_type),
            payload=_filled(row.payload),
            metadata=None if row.metadata is None else {"key": FILLER},
        )
    message = row.message
    event_id, event_type, timestamp, product_id, customer_id = row.envelope
    return RawRow(
        Message(message.topic, message.partition, message.offset, None, FILLER.encode()),
        Envelope(
            _filled(event_id) or "",
            _filled(event_type),
            None if timestamp is None else TIMESTAMP,
            _filled(product_id),
            _filled(customer_id),
        ),
        json.dumps({FILLER: _filled(row.text)}),
    )


def _filled(text: str | None) -> str | None:
    return None if text is None else FILLER * min(len(text), LONGEST)

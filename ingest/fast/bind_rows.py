"""Rows as the one JSON text that a statement binds.

A field that is None is left out: a missing key reads as SQL NULL, a JSON null does not. Rows of RAW
come by the thousand, so their text is put together here, from the standard library's own parts, in
ASCII: the connector writes all else as escapes in any case, and one wine with an emoji would make
Python hold the whole batch with four bytes to each character. Rejects are few.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from ingest.envelope import Envelope
from ingest.messages import Message, RawRow, Reject, kafka_metadata

# Keys of messages are products' ids, and a shop has few of them.
_SHORT_KEY = 100
# A text of this length is no longer written in ASCII, which could make it six times as long.
_LONG_TEXT = 100_000


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def raw_rows(rows: Iterable[RawRow]) -> str:
    bound = [row.bound or bound_row(row.message, row.envelope, row.text) for row in rows]
    return f"[{','.join(bound)}]"


def rejected_rows(rows: Iterable[Reject]) -> str:
    return as_json([_rejected(row) for row in rows])


def bound_row(message: Message, envelope: Envelope, text: str) -> str:
    """A row of RAW; put together ahead, nothing is left to do when its statement is sent."""
    event_id, event_type, timestamp, product_id, customer_id = envelope
    quoted = encode_basestring_ascii if len(text) < _LONG_TEXT else encode_basestring
    fields = f'"event_id":{quoted(event_id)}'
    if event_type is not None:
        fields += f',"event_type":{quoted(event_type)}'
    if timestamp is not None:
        fields += f',"event_timestamp":{quoted(timestamp)}'
    if product_id is not None:
        fields += f',"product_id":{quoted(product_id)}'
    if customer_id is not None:
        fields += f',"customer_id":{quoted(customer_id)}'
    return (
        f'{{{fields},"message":{quoted(text)},"partition":{message.partition},'
        f'"offset":{message.offset},"metadata":{metadata(message)}}}'
    )


def metadata(message: Message) -> str:
    """KAFKA_METADATA as JSON, in ASCII."""
    if message.headers or len(message.key or b"") > _SHORT_KEY:
        return _metadata_json(message)
    before, behind = _around_timestamp(message.key, message.timestamp_type)
    return f"{before}{'null' if message.timestamp is None else message.timestamp}{behind}"


@lru_cache(maxsize=1024)
def _around_timestamp(key: bytes | None, timestamp_type: int | None) -> tuple[str, str]:
    """The metadata's JSON before and behind the timestamp, of messages without headers."""
    message = Message("", 0, 0, None, key, timestamp=0, timestamp_type=timestamp_type)
    before, name, behind = _metadata_json(message).rpartition('"timestamp":')
    return before + name, behind.removeprefix("0")


def _metadata_json(message: Message) -> str:
    return json.dumps(kafka_metadata(message), separators=(",", ":"))


def _rejected(row: Reject) -> dict[str, Any]:
    fields = {
        "reason": row.reason,
        "event_id": row.event_id,
        "event_type": row.event_type,
        "payload": row.payload,
        "payload_encoding": row.payload_encoding,
        "metadata": row.metadata,
        "partition": row.partition,
        "offset": row.offset,
        "status": row.status,
    }
    return {name: value for name, value in fields.items() if value is not None}

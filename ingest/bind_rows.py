"""Rows as the one JSON text that a statement binds.

A field that is None is left out: a missing key reads as SQL NULL, a JSON null does not. Rows of RAW
come by the thousand, so their text is put together here, from the standard library's own parts;
rejects are few.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import Any

from ingest.messages import Message, RawRow, Reject, kafka_metadata

_STRINGS = tuple(
    f'"{name}":'
    for name in ("event_id", "event_type", "event_timestamp", "product_id", "customer_id")
)
# Keys of messages are products' ids, of which there are not many.
_SHORT_KEY = 100


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def ready(row: RawRow) -> RawRow:
    """The row with its text, so that nothing is left to do when its statement is sent."""
    message, envelope, text, _ = row
    return RawRow(message, envelope, text, _raw(row))


def raw_rows(rows: Iterable[RawRow]) -> str:
    return f"[{','.join([row.bound or _raw(row) for row in rows])}]"


def rejected_rows(rows: Iterable[Reject]) -> str:
    return as_json([_rejected(row) for row in rows])


def _raw(row: RawRow) -> str:
    message, envelope, text, _ = row
    named = zip(_STRINGS, envelope, strict=True)
    strings = "".join([f"{name}{quoted(value)}," for name, value in named if value is not None])
    return (
        f'{{{strings}"message":"{_escaped(text)}","partition":{message.partition},'
        f'"offset":{message.offset},"metadata":{_metadata(message)}}}'
    )


def _escaped(text: str) -> str:
    """A JSON text as it stands in a JSON string. The only control characters that it can have are
    blanks between its parts, and mostly it has none; then quotation marks and backslashes are all
    there is to escape."""
    if "\n" in text or "\r" in text or "\t" in text:
        return quoted(text)[1:-1]
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return text.replace('"', '\\"')


def _metadata(message: Message) -> str:
    if message.headers or len(message.key or b"") > _SHORT_KEY:
        return as_json(kafka_metadata(message))
    before, behind = _around_timestamp(message.key, message.timestamp_type)
    return f"{before}{'null' if message.timestamp is None else message.timestamp}{behind}"


@lru_cache(maxsize=1024)
def _around_timestamp(key: bytes | None, timestamp_type: int | None) -> tuple[str, str]:
    """The metadata's JSON before and behind the timestamp, of messages without headers."""
    message = Message("", 0, 0, None, key, timestamp=0, timestamp_type=timestamp_type)
    before, name, behind = as_json(kafka_metadata(message)).rpartition('"timestamp":')
    return before + name, behind.removeprefix("0")


def _rejected(row: Reject) -> dict[str, Any]:
    fields = {
        "reason": row.reason,
        "event_id": row.event_id,
        "event_type": row.event_type,
        "payload": row.payload,
        "payload_encoding": row.payload_encoding,
        "partition": row.partition,
        "offset": row.offset,
        "status": row.status,
    }
    return {name: value for name, value in fields.items() if value is not None}

"""The client's records: as messages of this package, and read where the client would not.

Header names must be UTF-8 by the Kafka protocol, and nobody enforces it. The client raises
UnicodeDecodeError in the middle of a batch, and would do so at every start. Here such a name reads
with a question mark for each byte that is not ASCII, and the record is delivered.
"""

from typing import Any

from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint

from ingest.messages import Message

NOT_ASCII = bytes(each if each < 0x80 else ord("?") for each in range(0x100))


class LenientRecordBatch(DefaultRecordBatch):
    """The client's batch of records (kafka-python 3.0.12), which takes any bytes as header name."""

    _pos: int

    def _read_msg(self) -> object:
        start = self._pos
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            self._pos = start
            self._make_header_names_readable()
            return super()._read_msg()

    def _make_header_names_readable(self) -> None:
        """Replace bytes in place: lengths, and so everything behind, stay as they are.

        Record: length, attributes, timestamp delta, offset delta, key, value, headers; see
        https://kafka.apache.org/documentation/#record
        """
        buffer, place = self._buffer, self._pos
        for _ in range(4):
            _, place = decode_varint(buffer, place)
        for _ in ("key", "value"):
            place = _behind(buffer, place)
        count, place = decode_varint(buffer, place)
        for _ in range(count):
            length, start = decode_varint(buffer, place)
            place = start + length
            if not _is_utf_8(buffer[start:place]):
                buffer[start:place] = buffer[start:place].translate(NOT_ASCII)
            place = _behind(buffer, place)


def _behind(buffer: bytearray, place: int) -> int:
    """The place behind a length and as many bytes; a length of -1 is a null."""
    length, place = decode_varint(buffer, place)
    return int(place) + max(0, length)


def _is_utf_8(name: bytearray) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def message_of(record: Any) -> Message:
    """The message of a record that the consumer has given out."""
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        value=record.value,
        key=record.key,
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
        headers=tuple(record.headers or ()),
    )


def install() -> None:
    """Let the client read batches so, in this process."""
    memory_records.DefaultRecordBatch = LenientRecordBatch

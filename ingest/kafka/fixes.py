"""What kafka-python 3.0.12 lacks, put right in this process.

A TLS handshake has no deadline: a listener that accepts connections and says nothing would keep the
client waiting for ever. What a broker says before it ends a connection, such as why it does not
let a user in, is dropped where both arrive together. The socket of a connection that was
refused stays open: an hour without a broker would use up what a process may have open.

Header names must be UTF-8 by the Kafka protocol, but brokers do not enforce it. The client raises
UnicodeDecodeError in the middle of a batch, and would do so at every start. Here such a name reads
with a question mark for each byte that is not ASCII, and the record is delivered.
"""

import ssl
import time
from typing import Any

from kafka.net import manager
from kafka.net.inet import KafkaNetSocket
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint

HANDSHAKE_SECONDS = 10.0


_connect = KafkaNetSocket.sock_connect


async def _connect_or_close(
    factory: KafkaNetSocket, net: Any, sock: Any, address: Any, timeout_at: float | None = None
) -> Any:
    try:
        return await _connect(factory, net, sock, address, timeout_at=timeout_at)
    except BaseException:
        sock.close()
        raise


class _DataFirst:
    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        data, error = super()._sock_recv()  # type: ignore[misc]  # the transport's
        # The end of a connection can be read again, and then stands alone.
        return (data, None) if data else (data, error)


class PlainTransport(_DataFirst, KafkaTCPTransport):
    """Gives out what came last before it reports the end."""


class TlsTransport(_DataFirst, KafkaSSLTransport):
    """The same, and its handshake has a deadline."""

    async def handshake(self) -> None:
        timeout_at = time.monotonic() + HANDSHAKE_SECONDS
        while True:
            try:
                self._sock.do_handshake()
                return
            except ssl.SSLWantReadError:
                await self._net.wait_read(self._sock, timeout_at)
            except ssl.SSLWantWriteError:
                await self._net.wait_write(self._sock, timeout_at)


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


def install() -> None:
    """Every client of this process is without these faults from now on."""
    manager.KafkaTCPTransport = PlainTransport
    manager.KafkaSSLTransport = TlsTransport
    KafkaNetSocket.sock_connect = _connect_or_close
    memory_records.DefaultRecordBatch = LenientRecordBatch

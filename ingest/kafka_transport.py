"""What the Kafka client's connections lack (kafka-python 3.0.12).

A TLS handshake has no deadline: a listener that accepts connections and says nothing would keep the
client waiting for ever. What a broker says before it ends a connection, such as why it does not
let a user in, is dropped where both arrive together. And the socket of a connection that was
refused stays open: an hour without a broker would use up what a process may have open.
"""

import ssl
import time
from typing import Any

from kafka.net import manager
from kafka.net.inet import KafkaNetSocket
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

HANDSHAKE_SECONDS = 10.0


def install() -> None:
    """Every client of this process is without these faults from now on."""
    manager.KafkaTCPTransport = PlainTransport
    manager.KafkaSSLTransport = TlsTransport
    KafkaNetSocket.sock_connect = _connect_or_close


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

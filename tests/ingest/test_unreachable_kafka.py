"""Brokers that cannot be reached: one line says why, in time, and a signal ends the waiting."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.caves.machine.supervision import free_port
from ingest.errors import Fatal
from ingest.kafka.reach import reach
from tests.conftest import ROOT
from tests.ingest.ingestion import Ingestion, wait_for
from tests.ingest.programs import PRODUCER, Program

Serve = Callable[[socket.socket], None]
# The client's own patience is 10 seconds.
IN_TIME_SECONDS = 20.0
AT_ONCE_SECONDS = 3.0


class Listener:
    """Accepts connections, and does with each what it is told to."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def accepted(self) -> int:
        return len(self._held)

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                opened, _ = self._socket.accept()
                self._held.append(opened)
                with contextlib.suppress(OSError):
                    self._serve(opened)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for each in (self._socket, *self._held):
            each.close()


def says_nothing(opened: socket.socket) -> None:
    """Holds the connection."""


def hangs_up(opened: socket.socket) -> None:
    opened.recv(1)
    opened.shutdown(socket.SHUT_RDWR)


def speaks_http(opened: socket.socket) -> None:
    opened.recv(1)
    opened.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture
def silent() -> Iterator[Listener]:
    with contextlib.closing(Listener(says_nothing)) as listener:
        yield listener


@pytest.fixture
def tls(tmp_path: Path) -> str:
    file = tmp_path / "tls.properties"
    file.write_text("security.protocol=SSL\nbootstrap.timeout.ms=3000\n")
    return str(file)


def both(ingestion: Ingestion, servers: str, *flags: str) -> tuple[Program, Program]:
    flags = ("--bootstrap-servers", servers, *flags)
    return ingestion.ingester(*flags), ingestion.start(PRODUCER, "--count", "1", *flags)


def test_tls_towards_a_listener_that_says_nothing_has_an_end(
    ingestion: Ingestion, silent: Listener, tls: str
) -> None:
    for program in both(ingestion, silent.address, "--kafka-config", tls):
        assert program.wait(IN_TIME_SECONDS) == 1
        assert program.log.splitlines()[-1].endswith(
            f"cannot reach Kafka at {silent.address}: no answer to a TLS handshake:"
            " does that port speak TLS?"
        )


@pytest.mark.parametrize("secured", [False, True])
def test_a_signal_ends_the_waiting_for_brokers_that_say_nothing(
    ingestion: Ingestion, silent: Listener, tls: str, secured: bool
) -> None:
    flags = ("--kafka-config", tls) if secured else ()
    programs = both(ingestion, silent.address, *flags)
    wait_for(lambda: silent.accepted >= 2, "both to ask")

    asked = time.monotonic()
    for program in programs:
        program.terminate()
    codes = [program.wait(IN_TIME_SECONDS) for program in programs]

    assert time.monotonic() - asked < AT_ONCE_SECONDS
    assert codes == [0, 0]
    assert "Traceback" not in programs[0].log + programs[1].log


@pytest.mark.parametrize(
    ("serve", "settings", "reason"),
    [
        (hangs_up, {}, "it ends the connection at the first question: does that port speak TLS?"),
        (speaks_http, {}, "it does not speak Kafka's protocol"),
        (says_nothing, {}, "it does not answer"),
    ],
)
def test_what_does_not_speak_kafka_is_named(
    serve: Serve, settings: dict[str, str], reason: str
) -> None:
    with contextlib.closing(Listener(serve)) as listener:
        with pytest.raises(Fatal) as raised:
            reach([listener.address], settings, time.monotonic() + 1)
        assert str(raised.value).startswith(f"cannot reach Kafka at {listener.address}: {reason}")


def test_each_address_has_its_reason(silent: Listener) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(Fatal) as raised:
        reach([nobody, "kafka.invalid:9092"], {}, time.monotonic() + 0.5)
    assert str(raised.value) == (
        f"cannot reach Kafka at {nobody}: nothing listens there;"
        " kafka.invalid:9092: no address is known for the name 'kafka.invalid'"
    )


def test_one_address_that_answers_is_enough(broker: str) -> None:
    reach([f"127.0.0.1:{free_port()}", broker], {}, time.monotonic() + 5)


PROGRAM = """
import sys
from kafka import KafkaAdminClient
from ingest.kafka import fixes

fixes.install()
fixes.HANDSHAKE_SECONDS = 0.3
KafkaAdminClient(bootstrap_servers=sys.argv[1], security_protocol="SSL", bootstrap_timeout_ms=1500)
"""


def test_a_handshake_of_the_client_has_a_deadline(silent: Listener) -> None:
    """As when a broker falls silent after the start: the client tries again, and is not stuck."""
    command = [sys.executable, "-c", PROGRAM, silent.address]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.stderr.splitlines()[-1].startswith("kafka.errors.KafkaTimeoutError")
    assert silent.accepted >= 2

"""A broker that is away for long costs an ingester no files."""

import contextlib
from pathlib import Path

import pytest
from kafka.errors import KafkaConnectionError
from kafka.net.inet import create_connection
from kafka.net.selector import NetworkSelector

from app.caves.machine.supervision import free_port
from ingest.kafka import fixes

OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="Linux alone lists a process's open files")
def test_a_refused_connection_leaves_no_socket_open() -> None:
    fixes.install()
    port = free_port()
    errors = []
    with contextlib.closing(NetworkSelector()) as net:
        before = len(list(OPEN_FILES.iterdir()))
        for _ in range(5):
            try:
                net.run(create_connection, net, "127.0.0.1", port)
            except KafkaConnectionError as error:
                # Whatever keeps the error, such as a log, keeps the socket with it.
                errors.append(error)
        assert len(list(OPEN_FILES.iterdir())) == before
    assert len(errors) == 5

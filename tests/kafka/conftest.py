"""What the tests on a real Kafka share: a broker, and RAW_DATA in a fresh database.

The broker is the one that CAVES_TEST_BOOTSTRAP_SERVERS names, or else Apache Kafka, fetched by
Maven. Where Java or Maven is missing, these tests are skipped; where both are there, whatever else
goes wrong is a failure.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.caves.machine import apache_kafka
from tests.conftest import RunningAccount
from tests.ingest.conftest import ingest_database, programs, raw_data
from tests.ingest.ingestion import Ingestion
from tests.support.kafka import KafkaBroker, start_kafka

__all__ = ["ingest_database", "programs", "raw_data"]

KafkaBrokers = Callable[..., KafkaBroker]


@pytest.fixture(scope="session")
def apache() -> None:
    """Apache Kafka can be started here."""
    if missing := apache_kafka.missing():
        pytest.skip(missing)


@pytest.fixture(scope="session")
def kafka_servers(request: pytest.FixtureRequest) -> Iterator[str]:
    """The bootstrap servers of one Kafka for all tests of a process; topics keep them apart."""
    if named := os.environ.get("CAVES_TEST_BOOTSTRAP_SERVERS"):
        yield named
        return
    request.getfixturevalue("apache")
    with contextlib.closing(start_kafka()) as broker:
        yield broker.servers


@pytest.fixture
def kafka_broker(apache: None) -> Iterator[KafkaBrokers]:
    """kafka_broker(*listeners, …): a broker of the test's own, as start_kafka makes it."""
    with contextlib.ExitStack() as stack:

        def start(*listeners: Any, **options: Any) -> KafkaBroker:
            broker = start_kafka(*listeners, **options)
            stack.callback(broker.close)
            return broker

        yield start


@pytest.fixture
def kafka_ingestion(
    account: RunningAccount, kafka_servers: str, raw_data: str, programs: None, tmp_path: Path
) -> Iterator[Ingestion]:
    """The fixture of tests/ingest, on Kafka."""
    result = Ingestion(account, kafka_servers, raw_data, tmp_path)
    yield result
    result.kill_all()

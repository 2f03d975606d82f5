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
from tests.kafka.secured import SecuredKafka, running_secured_kafka
from tests.support.kafka import KafkaBroker, start_kafka

__all__ = ["ingest_database", "programs", "raw_data"]

KafkaBrokers = Callable[..., KafkaBroker]


@pytest.fixture(scope="session")
def apache() -> None:
    """Apache Kafka can be started here."""
    if missing := apache_kafka.missing():
        pytest.skip(missing)


@pytest.fixture(scope="package")
def own_kafka(apache: None) -> Iterator[KafkaBroker]:
    """One node for all tests of a process; topics keep them apart. It is never one of others.

    It ends with the last of these tests: one that idles for minutes costs as much as it took to
    start."""
    with contextlib.closing(start_kafka()) as started:
        yield started


@pytest.fixture
def mortal_kafka(own_kafka: KafkaBroker) -> Iterator[KafkaBroker]:
    """The same, for who ends it: other tests find it running again."""
    yield own_kafka
    if own_kafka.process is None:
        own_kafka.start()


@pytest.fixture(scope="package")
def kafka_servers(request: pytest.FixtureRequest) -> str:
    """The bootstrap servers of one Kafka for all tests of a process; topics keep them apart."""
    if named := os.environ.get("CAVES_TEST_BOOTSTRAP_SERVERS"):
        return named
    return request.getfixturevalue("own_kafka").servers


@pytest.fixture(scope="package")
def secured_kafka(apache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """One with TLS, SASL and an authorizer for all tests of a process."""
    with running_secured_kafka(tmp_path_factory.mktemp("certificates")) as running:
        yield running


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

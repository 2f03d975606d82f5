"""What `caves` asks of Kafka, with the ingester's own modules: how the brokers are reached, and the
first and the last offset of each partition. kafka-python is imported when it is needed: most
commands do without.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.caves.errors import UsageError

ASK_MS = 5_000
FETCH_SECONDS = 2.0


class TopicUnknown(Exception):
    """The brokers cannot be asked, or do not have the topic."""


class Extent(NamedTuple):
    """The first offset that a partition still has, and the one that its next message will get."""

    start: int
    end: int


@dataclass(frozen=True)
class Topic:
    """A topic, and how its brokers are reached. Nothing is committed to Kafka."""

    name: str
    bootstrap_servers: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def extents(self, known: Mapping[int, int]) -> dict[int, Extent]:
        """Start and end of every partition; `known` is where to look first. May raise
        TopicUnknown."""
        from kafka import TopicPartition
        from kafka.errors import KafkaError

        from ingest.errors import IngestError

        try:
            with self._consumer() as consumer:
                numbers = consumer.partitions_for_topic(self.name)
                if not numbers:
                    raise TopicUnknown(f"{self.bootstrap_servers} has no topic {self.name!r}")
                partitions = {number: TopicPartition(self.name, number) for number in numbers}
                starts = consumer.beginning_offsets(list(partitions.values()))
                ends = consumer.end_offsets(list(partitions.values()))
                fetched = _fetched_ends(consumer, partitions, known, starts)
        except KafkaError as error:
            raise TopicUnknown(f"{self.bootstrap_servers} does not answer: {error}") from error
        except IngestError as error:
            raise TopicUnknown(str(error)) from error
        return {
            number: Extent(starts[partition], max(ends[partition], fetched[number]))
            for number, partition in partitions.items()
        }

    @contextmanager
    def _consumer(self) -> Iterator[Any]:
        from kafka import KafkaConsumer

        from ingest.kafka.clients import open_client

        consumer = open_client(
            KafkaConsumer,
            self.bootstrap_servers,
            {
                "request_timeout_ms": ASK_MS,
                **self.settings,
                "group_id": None,
                "enable_auto_commit": False,
                "allow_auto_create_topics": False,
                "auto_offset_reset": "earliest",
                "fetch_max_wait_ms": 100,
                "max_partition_fetch_bytes": 4096,
            },
        )
        try:
            yield consumer
        finally:
            consumer.close()


def _fetched_ends(
    consumer: Any,
    partitions: Mapping[int, Any],
    known: Mapping[int, int],
    starts: Mapping[Any, int],
) -> dict[int, int]:
    """The ends that a fetch reports: some brokers report wrong ones when asked directly."""
    consumer.assign(list(partitions.values()))
    for number, partition in partitions.items():
        consumer.seek(partition, known.get(number, starts[partition]))
    deadline = time.monotonic() + FETCH_SECONDS
    while time.monotonic() < deadline:
        consumer.poll(timeout_ms=100)
        if all(consumer.highwater(partition) is not None for partition in partitions.values()):
            break
    return {number: consumer.highwater(partition) or 0 for number, partition in partitions.items()}


def read_settings(path: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the file, or of the one that CAVES_KAFKA_CONFIG names, and of the
    environment."""
    try:
        from ingest import errors
        from ingest.kafka import settings
    except ModuleNotFoundError:
        raise UsageError("--bootstrap-servers needs kafka-python, which is not installed") from None
    try:
        return settings.read_settings(path or environ.get(settings.FILE_VARIABLE), environ)
    except errors.WrongUse as error:
        raise UsageError(str(error)) from error

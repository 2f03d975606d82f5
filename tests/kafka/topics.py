"""Topics as the tests on a real Kafka need them, and what is written into them."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.protocol.consumer import OffsetSpec

from app.caves.machine import apache_kafka
from tests.ingest.ingestion import DEADLINE_SECONDS


@contextlib.contextmanager
def administrator(servers: str) -> Iterator[KafkaAdminClient]:
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=servers)) as admin:
        yield admin


def create(
    servers: str,
    *topics: str,
    partitions: int = 1,
    assignments: Mapping[int, Sequence[int]] | None = None,
    **configs: Any,
) -> None:
    """Create them with these settings; an underscore stands for a dot."""
    wanted: dict[str, Any] = {
        "configs": {name.replace("_", "."): str(value) for name, value in configs.items()}
    }
    if assignments:
        wanted["assignments"] = assignments
    else:
        wanted["num_partitions"] = partitions
    with administrator(servers) as admin:
        admin.create_topics(dict.fromkeys(topics, wanted), wait_for_metadata=True)


def delete(servers: str, *topics: str) -> None:
    with administrator(servers) as admin:
        admin.delete_topics(list(topics))


def let_retention_eat(servers: str, topic: str, before: Mapping[int, int]) -> None:
    """Delete what lies before these offsets, as retention does: -1 is the end."""
    with administrator(servers) as admin:
        admin.delete_records(
            {TopicPartition(topic, each): offset for each, offset in before.items()}
        )


def starts(servers: str, topic: str, partitions: int = 1) -> list[int]:
    """The first offset of each partition."""
    with administrator(servers) as admin:
        specs = {TopicPartition(topic, each): OffsetSpec.EARLIEST for each in range(partitions)}
        found = admin.list_partition_offsets(specs)
    return [found[each].offset for each in specs]


@contextlib.contextmanager
def producer(servers: str, **settings: Any) -> Iterator[KafkaProducer]:
    opened = KafkaProducer(bootstrap_servers=servers, **settings)
    with contextlib.closing(opened):
        yield opened
        opened.flush(timeout=DEADLINE_SECONDS)


@contextlib.contextmanager
def transactions(servers: str, name: str) -> Iterator[Callable[..., None]]:
    """transact(topic, values, commit=True, partition=0): one transaction with these messages."""
    with producer(servers, transactional_id=name) as opened:
        opened.init_transactions()

        def transact(
            topic: str, values: Sequence[bytes], commit: bool = True, partition: int = 0
        ) -> None:
            opened.begin_transaction()
            for value in values:
                opened.send(topic, value, partition=partition)
            opened.flush(timeout=DEADLINE_SECONDS)
            if commit:
                opened.commit_transaction()
            else:
                opened.abort_transaction()

        yield transact


def kafka_command(servers: str, name: str, *arguments: str) -> str:
    """What one of Apache Kafka's own commands says, by the name of its class."""
    command = [*apache_kafka.java(apache_kafka.libraries(lambda text: None)), name]
    command += ["--bootstrap-server", servers, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def orders(first: int, end: int) -> list[bytes]:
    """Events with these numbers."""
    event = b'{"event_type": "ORDER_CREATED", "event_id": "E%d", "order_id": "O%d"}'
    return [event % (number, number) for number in range(first, end)]


def lags(servers: str, group: str, topic: str) -> dict[int, int]:
    """What lag monitors show: the ends of the partitions less the group's committed offsets."""
    with administrator(servers) as admin:
        committed = {
            each.partition: found.offset
            for each, found in admin.list_group_offsets([group])[group].items()
            if each.topic == topic
        }
        specs = {TopicPartition(topic, each): OffsetSpec.LATEST for each in committed}
        ends = admin.list_partition_offsets(specs)
    return {each.partition: ends[each].offset - committed[each.partition] for each in specs}

"""The bundled broker's defect that docs/guarantees.md tells of, and the way out of it."""

import contextlib
import time
from collections.abc import Iterator

from kafka import KafkaConsumer

from app.caves.machine.broker import create_topic
from ingest.kafka.clients import forget_group
from tests.support.broker import running_broker

TOPIC, GROUP = "sales", "ingesters"
DEADLINE_SECONDS = 60.0
# A member that the group takes in has its partitions after three to four.
IN_VAIN_SECONDS = 4.5


@contextlib.contextmanager
def member(servers: str) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=servers,
        group_id=GROUP,
        session_timeout_ms=3000,
        heartbeat_interval_ms=500,
        enable_auto_commit=False,
    )
    with contextlib.closing(consumer):
        yield consumer


def has_partitions(consumer: KafkaConsumer, seconds: float = DEADLINE_SECONDS) -> bool:
    """Poll until it has partitions; False: it had none for so long."""
    deadline = time.monotonic() + seconds
    while not consumer.assignment() and time.monotonic() < deadline:
        consumer.poll(timeout_ms=100)
    return bool(consumer.assignment())


def test_a_group_that_lost_its_leader_while_forming_works_again_once_it_is_forgotten() -> None:
    with running_broker() as servers:
        create_topic(servers, TOPIC, 2)
        with member(servers) as heir:
            with member(servers) as leader:
                assert has_partitions(leader)
                # The other has begun to join, and the group forms again, when the leader leaves.
                has_partitions(heir, seconds=1.0)
            # A broker that passes here has been fixed, and ingest/liveness.py may go.
            assert not has_partitions(heir, seconds=IN_VAIN_SECONDS)
            assert forget_group(servers, GROUP, {}) == "OK"
            assert has_partitions(heir)

"""Kafka in trouble: killed and started again, restarted, slowed down, with another leader."""

import contextlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from app.caves.machine.supervision import free_port
from ingest.kafka import fixes
from tests.conftest import RunningAccount
from tests.ingest.ingestion import PROMPT, Ingestion, Sent, wait_for
from tests.kafka.conftest import KafkaBrokers
from tests.kafka.topics import administrator, create, kafka_command, orders
from tests.support.kafka import KafkaBroker

# The client of the tests meets brokers that are gone, too.
fixes.install()


def send(ingestion: Ingestion, first: int, end: int) -> None:
    ingestion.send(*(Sent(each, number % 2) for number, each in enumerate(orders(first, end))))


@pytest.fixture
def broker(mortal_kafka: KafkaBroker) -> KafkaBroker:
    return mortal_kafka


@pytest.fixture
def ingestion(
    account: RunningAccount, broker: KafkaBroker, raw_data: str, programs: None, tmp_path: Path
) -> Iterator[Ingestion]:
    result = Ingestion(account, broker.servers, raw_data, tmp_path)
    create(broker.servers, result.topic, partitions=2)
    yield result
    result.kill_all()


def test_a_broker_killed_in_mid_batch_and_one_restarted_cost_no_message(
    ingestion: Ingestion, broker: KafkaBroker
) -> None:
    """What is held while no broker answers is written when one does; the broker has kept all."""
    ingester = ingestion.ingester("--batch-max-events", "30", "--batch-max-seconds", "3600")
    send(ingestion, 0, 20)
    wait_for(lambda: "assigned partitions" in ingester.log, "the partitions")
    broker.kill()
    broker.start()
    assert ends(ingestion) == {0: 10, 1: 10}
    send(ingestion, 20, 40)
    ingestion.wait_for_rows(30, ingester)
    broker.restart()
    assert ends(ingestion) == {0: 20, 1: 20}
    send(ingestion, 40, 80)
    ingestion.wait_for_rows(60, ingester)
    ingester.terminate()
    assert ingestion.left(ingester) == 0, ingester.log
    assert ingestion.ingested() == ingestion.sent()
    assert len(ingestion.ingested()) == 80


def ends(ingestion: Ingestion) -> dict[int, int]:
    """The end of each of its two partitions."""
    places = [TopicPartition(ingestion.topic, 0), TopicPartition(ingestion.topic, 1)]
    with contextlib.closing(KafkaConsumer(bootstrap_servers=ingestion.servers)) as consumer:
        return {each.partition: end for each, end in consumer.end_offsets(places).items()}


def test_an_ingester_that_is_told_to_leave_while_no_broker_answers_leaves_in_time(
    ingestion: Ingestion, broker: KafkaBroker
) -> None:
    port = free_port()
    late = ("--batch-max-events", "1000", "--batch-max-seconds", "3600")
    ingester = ingestion.ingester(*late, "--metrics-port", str(port))
    send(ingestion, 0, 10)

    def holds_all() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return b"caves_ingest_buffered_events 10.0" in answer.read()
        except OSError:
            return False

    wait_for(holds_all, "the messages to be held")
    broker.kill()
    ingester.terminate()
    left = ingestion.left(ingester)
    broker.start()
    assert left == 1, ingester.log
    assert "left without writing 10 messages (asking for the topic's id: " in ingester.log
    heir = ingestion.ingester(*PROMPT, "--idle-exit", "0.5")
    assert ingestion.left(heir) == 0, heir.log
    assert ingestion.ingested() == ingestion.sent()


def test_a_quota_slows_the_ingester_and_loses_nothing(
    ingestion: Ingestion, broker: KafkaBroker
) -> None:
    quota = "consumer_byte_rate=20000,request_percentage=5"
    of = ("--entity-type", "clients", "--entity-name", "slow")
    kafka_command(
        broker.servers, "kafka.admin.ConfigCommand", "--alter", "--add-config", quota, *of
    )
    send(ingestion, 0, 600)
    ingester = ingestion.ingester(*PROMPT, "--idle-exit", "2", CAVES_KAFKA_CLIENT_ID="slow")
    assert ingestion.left(ingester) == 0, ingester.log
    assert ingestion.ingested() == ingestion.sent()
    assert len(ingestion.ingested()) == 600


def test_a_leader_that_moves_costs_no_message(
    account: RunningAccount,
    broker: KafkaBroker,
    kafka_broker: KafkaBrokers,
    raw_data: str,
    programs: None,
    tmp_path: Path,
) -> None:
    """Each broker leads one partition of a topic that both have; then one of them is killed."""
    other = kafka_broker(node_id=2, controller=broker)
    ingestion = Ingestion(account, broker.servers, raw_data, tmp_path)
    create(broker.servers, ingestion.topic, assignments={0: [1, 2], 1: [2, 1]})
    ingester = ingestion.ingester(*PROMPT)
    send(ingestion, 0, 20)
    ingestion.wait_for_rows(20, ingester)
    other.kill()
    wait_for(lambda: leaders(ingestion) == {0: 1, 1: 1}, "another leader")
    send(ingestion, 20, 40)
    ingestion.wait_for_rows(40, ingester)
    ingester.terminate()
    assert ingestion.left(ingester) == 0, ingester.log
    assert ingestion.ingested() == ingestion.sent()


def leaders(ingestion: Ingestion) -> dict[int, int]:
    try:
        with administrator(ingestion.servers) as admin:
            [topic] = admin.describe_topics([ingestion.topic])
    except KafkaError:
        # It has asked the one that is gone.
        return {}
    return {each["partition_index"]: each["leader_id"] for each in topic["partitions"]}

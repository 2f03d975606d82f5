"""Apache Kafka itself: it starts, keeps its data, and the pipeline's first hop runs on it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.conftest import RunningAccount
from tests.ingest.ingestion import PROMPT, Ingestion, Sent, send, wait_for
from tests.ingest.programs import PRODUCER
from tests.support.kafka import KafkaBroker, start_kafka

IN_TIME_SECONDS = 30.0


@pytest.fixture(scope="module")
def broker(apache: None) -> Iterator[KafkaBroker]:
    """A broker for what no other test would like to be done to its own."""
    with contextlib.closing(start_kafka()) as started:
        yield started


def ends_of(broker: KafkaBroker, topic: str) -> dict[int, int]:
    """The end of each of its two partitions."""
    places = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    with contextlib.closing(KafkaConsumer(bootstrap_servers=broker.servers)) as consumer:
        return {each.partition: end for each, end in consumer.end_offsets(places).items()}


def test_what_the_producer_sends_is_ingested_once_each(kafka_ingestion: Ingestion) -> None:
    counts = kafka_ingestion.produce(120)

    ingester = kafka_ingestion.ingester(*PROMPT, "--idle-exit", "2")

    assert kafka_ingestion.left(ingester) == 0, ingester.log
    assert counts["messages"] == 120
    assert kafka_ingestion.ingested() == kafka_ingestion.sent()
    assert len(kafka_ingestion.ingested()) == 120


def test_the_producer_is_idempotent_and_keys_its_messages_by_product(
    broker: KafkaBroker, account: RunningAccount, programs: None, tmp_path: Path
) -> None:
    ingestion = Ingestion(account, broker.servers, "", tmp_path)
    producer = ingestion.start(PRODUCER, "--count", "40", "--rate", "0", "--partitions", "1")
    assert ingestion.left(producer) == 0, producer.log

    described = ("describe-producers", "--topic", ingestion.topic, "--partition", "0")
    [names, figures] = broker.tool("TransactionsCommand", *described).strip().splitlines()
    known = dict(zip(names.split(), figures.split(), strict=False))
    assert int(known["ProducerId"]) >= 0
    assert known["LastSequence"] == "39"
    assert len(messages := read_all(broker.servers, ingestion.topic)) == 40
    assert [key for key, _ in messages] == [value["product_id"] for _, value in messages]


def test_a_signal_is_heard_while_the_broker_is_frozen(
    broker: KafkaBroker, account: RunningAccount, raw_data: str, programs: None, tmp_path: Path
) -> None:
    ingestion = Ingestion(account, broker.servers, raw_data, tmp_path)
    producer = ingestion.start(PRODUCER, "--rate", "20", "--partitions", "1")
    ingester = ingestion.ingester(*PROMPT)
    ingestion.wait_for_rows(20, ingester)

    with broker.frozen():
        before = producer.log.count("messages sent")
        wait_for(lambda: producer.log.count("messages sent") > before, "more messages")
        for program in (producer, ingester):
            program.terminate()
        # What was under way is not known to have arrived, and that is said.
        assert producer.wait(IN_TIME_SECONDS) == 1
        assert producer.log.splitlines()[-1].endswith(
            "Kafka did not take all messages: KafkaTimeoutError: no acknowledgement within 5 s"
        )
        # Whether the topic is still the same, nobody can tell: messages in hand are left unwritten.
        held = ingester.wait(IN_TIME_SECONDS)
        last = ingester.log.splitlines()[-1]
        assert last.endswith("they are read again at the next start" if held else "left"), last
        assert held in (0, 1)


def read_all(servers: str, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """Key and event of every message."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest", consumer_timeout_ms=2000
    )
    with contextlib.closing(consumer):
        return [(each.key.decode(), json.loads(each.value)) for each in consumer]


def test_topics_outlive_kill_9_and_a_clean_restart(broker: KafkaBroker) -> None:
    send(broker.servers, {"kept": [Sent(b"first"), Sent(b"second", partition=1)]})

    broker.kill()
    broker.start()
    assert ends_of(broker, "kept") == {0: 1, 1: 1}

    send(broker.servers, {"kept": [Sent(b"third")]})
    broker.restart()
    assert ends_of(broker, "kept") == {0: 2, 1: 1}

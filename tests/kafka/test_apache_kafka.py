"""Apache Kafka itself: it starts, and the pipeline's first hop runs on it."""

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from app.caves.machine import apache_kafka
from tests.conftest import RunningAccount
from tests.ingest.ingestion import PROMPT, Ingestion, wait_for
from tests.ingest.programs import PRODUCER
from tests.kafka.topics import administrator
from tests.support.kafka import KafkaBroker

IN_TIME_SECONDS = 30.0


def test_what_the_producer_sends_is_ingested_once_each(kafka_ingestion: Ingestion) -> None:
    counts = kafka_ingestion.produce(120)

    ingester = kafka_ingestion.ingester(*PROMPT, "--idle-exit", "0.5")

    assert kafka_ingestion.left(ingester) == 0, ingester.log
    assert counts["messages"] == 120
    assert kafka_ingestion.ingested() == kafka_ingestion.sent()
    assert len(kafka_ingestion.ingested()) == 120


def test_the_producer_is_idempotent_and_keys_its_messages_by_product(
    kafka_ingestion: Ingestion,
) -> None:
    topic, servers = kafka_ingestion.topic, kafka_ingestion.servers
    flags = ("--count", "40", "--rate", "0", "--partitions", "1")
    producer = kafka_ingestion.start(PRODUCER, *flags)
    assert kafka_ingestion.left(producer) == 0, producer.log

    with administrator(servers) as admin:
        place = TopicPartition(topic, 0)
        [known] = admin.describe_producers([place])[place].active_producers
    assert known.producer_id >= 0
    assert known.last_sequence == 39
    assert len(messages := read_all(servers, topic)) == 40
    assert [key for key, _ in messages] == [value["product_id"] for _, value in messages]


def test_a_signal_is_heard_while_the_broker_is_frozen(
    own_kafka: KafkaBroker, account: RunningAccount, raw_data: str, programs: None, tmp_path: Path
) -> None:
    ingestion = Ingestion(account, own_kafka.servers, raw_data, tmp_path)
    producer = ingestion.start(PRODUCER, "--rate", "20", "--partitions", "1")
    ingester = ingestion.ingester(*PROMPT)
    ingestion.wait_for_rows(20, ingester)

    with own_kafka.frozen():
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
    """Key and event of every message of its one partition."""
    place = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    found: list[tuple[str, dict[str, Any]]] = []
    with contextlib.closing(consumer):
        consumer.assign([place])
        end = consumer.end_offsets([place])[place]

        def read_to_the_end() -> bool:
            for records in consumer.poll(timeout_ms=200).values():
                found.extend((each.key.decode(), json.loads(each.value)) for each in records)
            return consumer.position(place) == end

        wait_for(read_to_the_end, "the end of the topic")
    return found


def test_java_takes_kafkas_classes_from_the_archive(apache: None) -> None:
    """Where it does not fit, Java reads the jars in silence: a start takes twice as long."""
    command = apache_kafka.java(apache_kafka.libraries(lambda text: None))
    command[1:1] = ["-Xshare:on", "-Xlog:class+load"]
    done = subprocess.run([*command, "kafka.Kafka"], capture_output=True, text=True, timeout=60)
    assert "kafka.Kafka$ source: shared objects file (top)" in done.stdout, done.stderr
    assert "USAGE" in done.stdout + done.stderr

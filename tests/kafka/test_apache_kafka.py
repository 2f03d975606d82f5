"""Apache Kafka itself: it starts, keeps its data, and the pipeline's first hop runs on it."""

from tests.ingest.world import PROMPT, Sent, World, send
from tests.kafka.conftest import KafkaBrokers
from tests.support.kafka import KafkaBroker


def count_of(broker: KafkaBroker, topic: str) -> str:
    return broker.tool("GetOffsetShell", "--topic", topic)


def test_what_the_producer_sends_is_ingested_once_each(kafka_world: World) -> None:
    counts = kafka_world.produce(120)

    ingester = kafka_world.ingester(*PROMPT, "--idle-exit", "2")

    assert kafka_world.left(ingester) == 0, ingester.log
    assert counts["messages"] == 120
    assert kafka_world.ingested() == kafka_world.sent()
    assert len(kafka_world.ingested()) == 120


def test_topics_outlive_kill_9_and_a_clean_restart(kafka_broker: KafkaBrokers) -> None:
    broker = kafka_broker()
    send(broker.servers, {"kept": [Sent(b"first"), Sent(b"second", partition=1)]})

    broker.kill()
    broker.start()
    assert count_of(broker, "kept") == "kept:0:1\nkept:1:1\n"

    send(broker.servers, {"kept": [Sent(b"third")]})
    broker.restart()
    assert count_of(broker, "kept") == "kept:0:2\nkept:1:1\n"

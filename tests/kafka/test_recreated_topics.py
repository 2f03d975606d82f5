"""A topic deleted and created under its name, on Kafka itself: by its id it is another one."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.ingest.ingestion import PROMPT, Ingestion, Sent, wait_for
from tests.kafka.topics import create, delete, orders

ONCE = (*PROMPT, "--idle-exit", "0.5")
ANEW = re.compile(
    r"topic '\S+', partition 0: INGEST_OFFSETS is at 20 of the topic with id ([\w-]{22}), but the"
    r" topic has id ([\w-]{22}) now: it was created again\. Nothing was moved\. Start once with"
    r" --offsets reset"
)


def send(ingestion: Ingestion, count: int) -> None:
    ingestion.send(*(Sent(value) for value in orders(0, count)))


def in_raw(ingestion: Ingestion) -> list[tuple[int, int]]:
    sql = (
        "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM"
        " WHERE KAFKA_TOPIC = ? ORDER BY 1, 2"
    )
    return [
        (int(partition), int(offset)) for partition, offset in ingestion.rows(sql, ingestion.topic)
    ]


def create_again(ingestion: Ingestion, count: int) -> None:
    """Delete the topic, create it, and send so many messages there."""
    delete(ingestion.servers, ingestion.topic)

    def created() -> bool:
        try:
            create(ingestion.servers, ingestion.topic)
        except Exception as error:
            assert type(error).__name__ == "TopicAlreadyExistsError", error
            return False
        return True

    wait_for(created, "the topic to be gone")
    send(ingestion, count)


def test_another_topic_under_the_old_name_stops_the_ingester_until_reset(
    kafka_ingestion: Ingestion,
) -> None:
    """One is shorter than before, one longer, at the same time."""
    ingestions = [kafka_ingestion, Ingestion(*_place_of(kafka_ingestion))]
    with ThreadPoolExecutor() as pool:
        list(pool.map(stop_and_reset, ingestions, (5, 50)))


def _place_of(ingestion: Ingestion) -> tuple[Any, ...]:
    return ingestion.account, ingestion.servers, ingestion.database, ingestion.folder


def stop_and_reset(ingestion: Ingestion, count: int) -> None:
    create(ingestion.servers, ingestion.topic)
    send(ingestion, 20)
    first = ingestion.ingester(*ONCE)
    assert ingestion.left(first) == 0, first.log
    create_again(ingestion, count)

    stopped = ingestion.ingester(*ONCE)
    assert ingestion.left(stopped) == 1, stopped.log
    found = ANEW.search(stopped.log)
    assert found and found[1] != found[2], stopped.log
    assert (len(in_raw(ingestion)), ingestion.stored()) == (20, [(0, 20)])

    reset = ingestion.ingester(*ONCE, "--offsets", "reset")
    assert ingestion.left(reset) == 0, reset.log
    new = [(0, each) for each in range(count)]
    assert in_raw(ingestion) == sorted([(0, each) for each in range(20)] + new)
    gap = "SELECT KAFKA_OFFSET, STATUS FROM RAW_DATA.REJECTED_EVENTS WHERE KAFKA_TOPIC = ?"
    assert ingestion.rows(gap, ingestion.topic) == [(None, "DISCARDED")]
    again = ingestion.ingester(*ONCE)
    assert ingestion.left(again) == 0, again.log
    assert ingestion.stored() == [(0, count)]


def test_a_running_ingester_writes_nothing_of_another_topic(kafka_ingestion: Ingestion) -> None:
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic)
    running = ingestion.ingester("--batch-max-events", "40", "--batch-max-seconds", "0.3")
    send(ingestion, 20)
    ingestion.wait_for_rows(20, running)
    create_again(ingestion, 60)
    assert ingestion.left(running) == 1, running.log
    assert re.search(r"but the topic has id [\w-]{22} now\S*: it was created again", running.log)
    assert in_raw(ingestion) == [(0, each) for each in range(20)]

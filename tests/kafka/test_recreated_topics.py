"""A topic deleted and created under its name, on Kafka itself: by its id it is another one."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.ingest.world import PROMPT, Sent, World, wait_for
from tests.kafka.topics import create, delete, orders

ONCE = (*PROMPT, "--idle-exit", "0.5")
ANEW = re.compile(
    r"topic '\S+', partition 0: INGEST_OFFSETS is at 20 of the topic with id ([\w-]{22}), but the"
    r" topic has id ([\w-]{22}) now: it was created again\. Nothing was moved\. Start once with"
    r" --offsets reset"
)


def send(world: World, count: int) -> None:
    world.send(*(Sent(value) for value in orders(0, count)))


def in_raw(world: World) -> list[tuple[int, int]]:
    sql = (
        "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM"
        " WHERE KAFKA_TOPIC = ? ORDER BY 1, 2"
    )
    return [(int(partition), int(offset)) for partition, offset in world.rows(sql, world.topic)]


def create_again(world: World, count: int) -> None:
    """Delete the topic, create it, and send so many messages there."""
    delete(world.servers, world.topic)

    def created() -> bool:
        try:
            create(world.servers, world.topic)
        except Exception as error:
            assert type(error).__name__ == "TopicAlreadyExistsError", error
            return False
        return True

    wait_for(created, "the topic to be gone")
    send(world, count)


def test_another_topic_under_the_old_name_stops_the_ingester_until_reset(
    kafka_world: World,
) -> None:
    """One is shorter than before, one longer, at the same time."""
    worlds = [kafka_world, World(*_place_of(kafka_world))]
    with ThreadPoolExecutor() as pool:
        list(pool.map(stop_and_reset, worlds, (5, 50)))


def _place_of(world: World) -> tuple[Any, ...]:
    return world.account, world.servers, world.database, world.folder


def stop_and_reset(world: World, count: int) -> None:
    create(world.servers, world.topic)
    send(world, 20)
    first = world.ingester(*ONCE)
    assert world.left(first) == 0, first.log
    create_again(world, count)

    stopped = world.ingester(*ONCE)
    assert world.left(stopped) == 1, stopped.log
    found = ANEW.search(stopped.log)
    assert found and found[1] != found[2], stopped.log
    assert (len(in_raw(world)), world.stored()) == (20, [(0, 20)])

    reset = world.ingester(*ONCE, "--offsets", "reset")
    assert world.left(reset) == 0, reset.log
    new = [(0, each) for each in range(count)]
    assert in_raw(world) == sorted([(0, each) for each in range(20)] + new)
    gap = "SELECT KAFKA_OFFSET, STATUS FROM RAW_DATA.REJECTED_EVENTS WHERE KAFKA_TOPIC = ?"
    assert world.rows(gap, world.topic) == [(None, "DISCARDED")]
    again = world.ingester(*ONCE)
    assert world.left(again) == 0, again.log
    assert world.stored() == [(0, count)]


def test_a_running_ingester_writes_nothing_of_another_topic(kafka_world: World) -> None:
    world = kafka_world
    create(world.servers, world.topic)
    running = world.ingester("--batch-max-events", "40", "--batch-max-seconds", "0.3")
    send(world, 20)
    world.wait_for_rows(20, running)
    create_again(world, 60)
    assert world.left(running) == 1, running.log
    assert re.search(r"but the topic has id [\w-]{22} now\S*: it was created again", running.log)
    assert in_raw(world) == [(0, each) for each in range(20)]

"""Offsets that hold no message, on Kafka itself: transactions and compaction, before and after
retention. No message is lost or there twice, and nothing raises a false alarm."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from app.caves.laws.kinds import Kinds
from app.caves.laws.verify import BEGINNING, LAWS, judge
from app.caves.target import Account
from tests.conftest import RunningAccount
from tests.ingest.world import Sent, World, wait_for
from tests.kafka.topics import (
    administrator,
    create,
    lags,
    let_retention_eat,
    orders,
    producer,
    transactions,
)
from tests.procedures.deployment import run_sql_file

PROMPT = ("--batch-max-events", "20", "--batch-max-seconds", "0.1")
ONCE = (*PROMPT, "--idle-exit", "0.5")


@pytest.fixture(scope="module")
def pipeline_database(account: RunningAccount) -> Iterator[str]:
    """A database with all that law 1 looks at."""
    name = "KAFKA_OFFSETS"
    with account.connect() as connection:
        for script in ("01_database.sql", "02_tables.sql"):
            run_sql_file(connection, script, name)
        yield name
        connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.fixture
def world(
    account: RunningAccount,
    kafka_servers: str,
    pipeline_database: str,
    programs: None,
    tmp_path: Path,
) -> Iterator[World]:
    result = World(account, kafka_servers, pipeline_database, tmp_path)
    yield result
    result.kill_all()


def ingest(world: World) -> None:
    process = world.ingester(*ONCE)
    assert world.left(process) == 0, process.log


def broken(world: World) -> dict[str, int]:
    """What breaks law 1: every message once."""
    with world.account.connect(database=world.database) as connection:
        return judge(Account(connection, world.database), LAWS[0], Kinds(), BEGINNING).broken


def test_a_topic_written_in_transactions_has_its_committed_messages_once_each(
    world: World,
) -> None:
    create(world.servers, world.topic)
    with transactions(world.servers, world.topic) as transact:
        transact(world.topic, orders(0, 2))  # 0 and 1, and a marker
        transact(world.topic, orders(2, 3), commit=False)  # 3 and a marker
        transact(world.topic, orders(3, 4))  # 5 and a marker
        transact(world.topic, orders(4, 7), commit=False)  # 7 to 9 and a marker
        ingest(world)
        assert (world.ingested(), world.stored()) == ([(0, 0), (0, 1), (0, 5)], [(0, 11)])
        assert lags(world.servers, world.topic, world.topic) == {0: 0}
        assert broken(world) == {}

        let_retention_eat(world.servers, world.topic, {0: -1})
        ingest(world)
        # All of it is a marker that nobody has read, when retention comes for it.
        transact(world.topic, orders(7, 8))  # 11 and a marker
        ingest(world)
    assert world.ingested() == [(0, 0), (0, 1), (0, 5), (0, 11)]
    assert world.stored() == [(0, 13)]
    assert broken(world) == {}


def test_an_ingester_that_runs_passes_what_holds_no_message_and_so_do_its_heirs(
    world: World,
) -> None:
    """Aborted transactions alone; retention; a rebalance; then a message."""
    create(world.servers, world.topic, partitions=2)
    first = world.ingester(*PROMPT)
    with transactions(world.servers, world.topic) as transact:
        for partition in (0, 1):
            transact(world.topic, orders(0, 3), commit=False, partition=partition)
        wait_for(lambda: world.stored() == [(0, 4), (1, 4)], "the offsets to be passed")
        wait_for(
            lambda: lags(world.servers, world.topic, world.topic) == {0: 0, 1: 0},
            "lag monitors to see it",
        )
        let_retention_eat(world.servers, world.topic, {0: -1, 1: -1})
        second = world.ingester(*PROMPT)
        wait_for(lambda: "assigned partitions" in second.log, "the second's partition")
        first.terminate()
        assert world.left(first) == 0, first.log
        wait_for(lambda: "assigned partitions [0, 1]" in second.log, "both partitions")
        for partition in (0, 1):
            transact(world.topic, orders(0, 2), partition=partition)
    world.wait_for_rows(4, second)
    second.terminate()
    assert world.left(second) == 0, second.log
    assert world.ingested() == [(0, 4), (0, 5), (1, 4), (1, 5)]
    assert world.stored() == [(0, 7), (1, 7)]
    assert broken(world) == {}


def test_a_compacted_topic_has_what_is_left_of_it_once(world: World) -> None:
    with administrator(world.servers) as admin:
        often = {"log.cleaner.backoff.ms": "100"}
        for broker in admin.describe_cluster()["brokers"]:
            number = str(broker["broker_id"])
            admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, number, configs=often)])
    create(
        world.servers,
        world.topic,
        cleanup_policy="compact",
        segment_ms=100,
        min_cleanable_dirty_ratio=0.001,
        max_compaction_lag_ms=100,
        delete_retention_ms=0,
    )
    with producer(world.servers) as opened:

        def write(numbers: range) -> None:
            for number in numbers:
                [value] = orders(number, number + 1)
                key = b"wine-%d" % (number % 3)
                opened.send(world.topic, value if number % 10 else None, key, partition=0)
                opened.flush()

        write(range(1, 13))
        ingest(world)
        before = world.ingested()
        write(range(13, 31))

        def is_compacted() -> bool:
            """It rolls a segment when a message comes, and compacts what lies before."""
            opened.send(world.topic, orders(0, 1)[0], b"last", partition=0)
            opened.flush()
            return len(world.sent()) < 30 - 5

        wait_for(is_compacted, "compaction")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: ingest(world), range(2)))
    left = set(world.sent())
    ingested = world.ingested()
    assert len(set(ingested)) == len(ingested)
    assert left <= set(ingested)
    assert set(before) <= set(ingested)
    assert world.stored()[0][1] == max(left)[1] + 1
    assert lags(world.servers, world.topic, world.topic) == {0: 0}
    assert broken(world) == {}


def test_messages_that_retention_has_eaten_unread_stop_the_ingester_until_reset(
    world: World,
) -> None:
    create(world.servers, world.topic)
    world.send(*(Sent(value) for value in orders(0, 10)))
    ingest(world)
    world.send(*(Sent(value) for value in orders(10, 20)))
    let_retention_eat(world.servers, world.topic, {0: 15})
    stopped = world.ingester(*ONCE)
    assert world.left(stopped) == 1
    assert (
        "partition 0: INGEST_OFFSETS is at 10 but the topic starts at 15: retention has removed 5"
        " unread offsets. Nothing was moved. Start once with --offsets reset"
    ) in stopped.log
    reset = world.ingester(*ONCE, "--offsets", "reset")
    assert world.left(reset) == 0, reset.log
    read = [*range(11), *range(15, 20)]
    # The row of the gap has the first offset that was lost.
    assert world.ingested() == [(0, each) for each in read]
    assert broken(world) == {}


def test_retention_that_overtakes_a_running_ingester_stops_it(world: World) -> None:
    """It is stopped for a moment, and one of ten messages is on its way to it meanwhile."""
    create(world.servers, world.topic)
    overtaken = world.ingester(*PROMPT)
    world.send(Sent(orders(0, 1)[0]))
    world.wait_for_rows(1, overtaken)
    overtaken.send_signal(signal.SIGSTOP)
    for value in orders(1, 11):
        world.send(Sent(value))
    let_retention_eat(world.servers, world.topic, {0: -1})
    overtaken.send_signal(signal.SIGCONT)
    assert world.left(overtaken) == 1, overtaken.log
    assert "but the topic starts at 11: retention has removed" in overtaken.log
    assert world.ingested() in ([(0, 0)], [(0, 0), (0, 1)])
    assert broken(world) == {}

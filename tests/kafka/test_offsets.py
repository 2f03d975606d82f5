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
from tests.ingest.ingestion import Ingestion, Sent, wait_for
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
def ingestion(
    account: RunningAccount,
    kafka_servers: str,
    pipeline_database: str,
    programs: None,
    tmp_path: Path,
) -> Iterator[Ingestion]:
    result = Ingestion(account, kafka_servers, pipeline_database, tmp_path)
    yield result
    result.kill_all()


def ingest(ingestion: Ingestion) -> None:
    process = ingestion.ingester(*ONCE)
    assert ingestion.left(process) == 0, process.log


def broken(ingestion: Ingestion) -> dict[str, int]:
    """What breaks law 1: every message once."""
    with ingestion.account.connect(database=ingestion.database) as connection:
        return judge(Account(connection, ingestion.database), LAWS[0], Kinds(), BEGINNING).broken


def test_a_topic_written_in_transactions_has_its_committed_messages_once_each(
    ingestion: Ingestion,
) -> None:
    create(ingestion.servers, ingestion.topic)
    with transactions(ingestion.servers, ingestion.topic) as transact:
        transact(ingestion.topic, orders(0, 2))  # 0 and 1, and a marker
        transact(ingestion.topic, orders(2, 3), commit=False)  # 3 and a marker
        transact(ingestion.topic, orders(3, 4))  # 5 and a marker
        transact(ingestion.topic, orders(4, 7), commit=False)  # 7 to 9 and a marker
        ingest(ingestion)
        assert (ingestion.ingested(), ingestion.stored()) == ([(0, 0), (0, 1), (0, 5)], [(0, 11)])
        assert lags(ingestion.servers, ingestion.topic, ingestion.topic) == {0: 0}
        assert broken(ingestion) == {}

        let_retention_eat(ingestion.servers, ingestion.topic, {0: -1})
        ingest(ingestion)
        # All of it is a marker that nobody has read, when retention comes for it.
        transact(ingestion.topic, orders(7, 8))  # 11 and a marker
        ingest(ingestion)
    assert ingestion.ingested() == [(0, 0), (0, 1), (0, 5), (0, 11)]
    assert ingestion.stored() == [(0, 13)]
    assert broken(ingestion) == {}


def test_an_ingester_that_runs_passes_what_holds_no_message_and_so_do_its_heirs(
    ingestion: Ingestion,
) -> None:
    """Aborted transactions alone; retention; a rebalance; then a message."""
    create(ingestion.servers, ingestion.topic, partitions=2)
    first = ingestion.ingester(*PROMPT)
    with transactions(ingestion.servers, ingestion.topic) as transact:
        for partition in (0, 1):
            transact(ingestion.topic, orders(0, 3), commit=False, partition=partition)
        wait_for(lambda: ingestion.stored() == [(0, 4), (1, 4)], "the offsets to be passed")
        wait_for(
            lambda: lags(ingestion.servers, ingestion.topic, ingestion.topic) == {0: 0, 1: 0},
            "lag monitors to see it",
        )
        let_retention_eat(ingestion.servers, ingestion.topic, {0: -1, 1: -1})
        second = ingestion.ingester(*PROMPT)
        wait_for(lambda: "assigned partitions" in second.log, "the second's partition")
        first.terminate()
        assert ingestion.left(first) == 0, first.log
        wait_for(lambda: "assigned partitions [0, 1]" in second.log, "both partitions")
        for partition in (0, 1):
            transact(ingestion.topic, orders(0, 2), partition=partition)
    ingestion.wait_for_rows(4, second)
    second.terminate()
    assert ingestion.left(second) == 0, second.log
    assert ingestion.ingested() == [(0, 4), (0, 5), (1, 4), (1, 5)]
    assert ingestion.stored() == [(0, 7), (1, 7)]
    assert broken(ingestion) == {}


def test_a_compacted_topic_has_what_is_left_of_it_once(ingestion: Ingestion) -> None:
    with administrator(ingestion.servers) as admin:
        often = {"log.cleaner.backoff.ms": "100"}
        for broker in admin.describe_cluster()["brokers"]:
            number = str(broker["broker_id"])
            admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, number, configs=often)])
    create(
        ingestion.servers,
        ingestion.topic,
        cleanup_policy="compact",
        segment_ms=100,
        min_cleanable_dirty_ratio=0.001,
        max_compaction_lag_ms=100,
        delete_retention_ms=0,
    )
    with producer(ingestion.servers) as opened:

        def write(numbers: range) -> None:
            for number in numbers:
                [value] = orders(number, number + 1)
                key = b"wine-%d" % (number % 3)
                opened.send(ingestion.topic, value if number % 10 else None, key, partition=0)
                opened.flush()

        write(range(1, 13))
        ingest(ingestion)
        before = ingestion.ingested()
        write(range(13, 31))

        def is_compacted() -> bool:
            """It rolls a segment when a message comes, and compacts what lies before."""
            opened.send(ingestion.topic, orders(0, 1)[0], b"last", partition=0)
            opened.flush()
            return len(ingestion.sent()) < 30 - 5

        wait_for(is_compacted, "compaction")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: ingest(ingestion), range(2)))
    left = set(ingestion.sent())
    ingested = ingestion.ingested()
    assert len(set(ingested)) == len(ingested)
    assert left <= set(ingested)
    assert set(before) <= set(ingested)
    assert ingestion.stored()[0][1] == max(left)[1] + 1
    assert lags(ingestion.servers, ingestion.topic, ingestion.topic) == {0: 0}
    assert broken(ingestion) == {}


def test_messages_that_retention_has_eaten_unread_stop_the_ingester_until_reset(
    ingestion: Ingestion,
) -> None:
    create(ingestion.servers, ingestion.topic)
    ingestion.send(*(Sent(value) for value in orders(0, 10)))
    ingest(ingestion)
    ingestion.send(*(Sent(value) for value in orders(10, 20)))
    let_retention_eat(ingestion.servers, ingestion.topic, {0: 15})
    stopped = ingestion.ingester(*ONCE)
    assert ingestion.left(stopped) == 1
    assert (
        "partition 0: INGEST_OFFSETS is at 10 but the topic starts at 15: retention has removed 5"
        " unread offsets. Nothing was moved. Start once with --offsets reset"
    ) in stopped.log
    reset = ingestion.ingester(*ONCE, "--offsets", "reset")
    assert ingestion.left(reset) == 0, reset.log
    read = [*range(11), *range(15, 20)]
    # The row of the gap has the first offset that was lost.
    assert ingestion.ingested() == [(0, each) for each in read]
    assert broken(ingestion) == {}


def test_retention_that_overtakes_a_running_ingester_stops_it(ingestion: Ingestion) -> None:
    """It is stopped for a moment, and one of ten messages is on its way to it meanwhile."""
    create(ingestion.servers, ingestion.topic)
    overtaken = ingestion.ingester(*PROMPT)
    ingestion.send(Sent(orders(0, 1)[0]))
    ingestion.wait_for_rows(1, overtaken)
    overtaken.send_signal(signal.SIGSTOP)
    for value in orders(1, 11):
        ingestion.send(Sent(value))
    let_retention_eat(ingestion.servers, ingestion.topic, {0: -1})
    overtaken.send_signal(signal.SIGCONT)
    assert ingestion.left(overtaken) == 1, overtaken.log
    assert "but the topic starts at 11: retention has removed" in overtaken.log
    assert ingestion.ingested() in ([(0, 0)], [(0, 0), (0, 1)])
    assert broken(ingestion) == {}

"""Consumer groups on Kafka itself: partitions that are added, members that come back, assignors,
the lag that Kafka's own tools show."""

import re
from concurrent.futures import ThreadPoolExecutor

from ingest.kafka.clients import forget_group
from tests.ingest.ingestion import PROMPT, Ingestion, Sent, wait_for
from tests.kafka.topics import administrator, create, kafka_command, lags, orders, transactions


def send(ingestion: Ingestion, first: int, end: int, partitions: int) -> None:
    ingestion.send(
        *(Sent(each, number % partitions) for number, each in enumerate(orders(first, end)))
    )


def stop(ingestion: Ingestion) -> None:
    """All ingesters that run are told to leave, and do."""
    running = [each for each in ingestion.processes if each.poll() is None]
    for each in running:
        each.terminate()
    for each in running:
        assert ingestion.left(each) == 0, each.log


def test_partitions_that_are_added_are_read_from_their_start(kafka_ingestion: Ingestion) -> None:
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic, partitions=2)
    ingester = ingestion.ingester(*PROMPT, CAVES_KAFKA_METADATA_MAX_AGE_MS="500")
    send(ingestion, 0, 10, 2)
    ingestion.wait_for_rows(10, ingester)
    with administrator(ingestion.servers) as admin:
        admin.create_partitions({ingestion.topic: 4})
    send(ingestion, 10, 30, 4)
    ingestion.wait_for_rows(30, ingester)
    stop(ingestion)
    assert ingestion.ingested() == ingestion.sent()
    assert ingestion.stored() == [(0, 10), (1, 10), (2, 5), (3, 5)]


def test_members_come_and_go_under_eager_and_cooperative_assignors(
    kafka_ingestion: Ingestion,
) -> None:
    first = kafka_ingestion
    other = Ingestion(first.account, first.servers, first.database, first.folder)
    with ThreadPoolExecutor() as pool:
        # A name in the protocol, and a class of Java's.
        names = ("sticky", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor")
        list(pool.map(come_and_go, (first, other), names))


def come_and_go(ingestion: Ingestion, assignor: str) -> None:
    create(ingestion.servers, ingestion.topic, partitions=3)
    environ = {"CAVES_KAFKA_PARTITION_ASSIGNMENT_STRATEGY": assignor}
    first = ingestion.ingester(*PROMPT, **environ)
    send(ingestion, 0, 9, 3)
    ingestion.wait_for_rows(9, first)
    second = ingestion.ingester(*PROMPT, **environ)
    wait_for(lambda: "assigned partitions [" in second.log, "the second's partitions")
    send(ingestion, 9, 18, 3)
    ingestion.wait_for_rows(18, second)
    # A member that rebalances eagerly gives everything up first.
    assert ("gave up partitions [0, 1, 2]" in first.log) == (assignor == "sticky"), first.log
    first.terminate()
    assert ingestion.left(first) == 0, first.log
    send(ingestion, 18, 27, 3)
    ingestion.wait_for_rows(27, second)
    stop(ingestion)
    assert ingestion.ingested() == ingestion.sent()
    assert len(ingestion.ingested()) == 27


def test_the_lag_that_kafkas_own_command_shows_is_the_truth(
    apache: None, kafka_ingestion: Ingestion
) -> None:
    """Of an idle group behind which there are only markers, and of one that has left."""
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic)
    ingester = ingestion.ingester(*PROMPT)
    with transactions(ingestion.servers, ingestion.topic) as transact:
        transact(ingestion.topic, orders(0, 3))
        transact(ingestion.topic, orders(3, 6), commit=False)
        wait_for(
            lambda: lags(ingestion.servers, ingestion.topic, ingestion.topic) == {0: 0}, "no lag"
        )
        assert lag_shown(ingestion) == {0: (8, 8, 0)}
        stop(ingestion)
        transact(ingestion.topic, orders(6, 9))
    assert ingester.poll() == 0
    assert lag_shown(ingestion) == {0: (8, 12, 4)}
    assert ingestion.ingested() == [(0, 0), (0, 1), (0, 2)]


def lag_shown(ingestion: Ingestion) -> dict[int, tuple[int, int, int]]:
    """Committed offset, end and lag of each partition, as kafka-consumer-groups.sh shows them."""
    name = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    shown = kafka_command(ingestion.servers, name, "--describe", "--group", ingestion.topic)
    numbers = r"\s+(\d+)" * 4
    rows = re.findall(rf"^{ingestion.topic}\s+{ingestion.topic}{numbers}", shown, re.M)
    return {int(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def test_a_static_member_comes_back_to_its_partitions_without_a_rebalance(
    kafka_ingestion: Ingestion,
) -> None:
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic, partitions=2)
    long = {"CAVES_KAFKA_SESSION_TIMEOUT_MS": "20000"}
    names = [{"CAVES_KAFKA_GROUP_INSTANCE_ID": f"{ingestion.topic}-{each}"} for each in (1, 2)]
    first, second = (ingestion.ingester(*PROMPT, **long, **each) for each in names)
    send(ingestion, 0, 10, 2)
    ingestion.wait_for_rows(10, second)

    def each_has_its_own() -> bool:
        return all(re.search(r"assigned partitions \[\d\]", each.log) for each in (first, second))

    wait_for(each_has_its_own, "a partition for each")
    before = second.log.count("assigned partitions")
    first.kill()
    first.wait(timeout=10)
    heir = ingestion.ingester(*PROMPT, **long, **names[0])
    send(ingestion, 10, 20, 2)
    ingestion.wait_for_rows(20, heir)
    assert second.log.count("assigned partitions") == before
    stop(ingestion)
    assert ingestion.ingested() == ingestion.sent()


def test_kafka_refuses_to_delete_a_group_that_has_members(kafka_ingestion: Ingestion) -> None:
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic)
    ingester = ingestion.ingester(*PROMPT)
    send(ingestion, 0, 5, 1)
    ingestion.wait_for_rows(5, ingester)
    assert forget_group(ingestion.servers, ingestion.topic, {}) == "NonEmptyGroupError"
    send(ingestion, 5, 10, 1)
    ingestion.wait_for_rows(10, ingester)
    stop(ingestion)
    assert ingestion.ingested() == ingestion.sent()

"""Consumer groups on Kafka itself: partitions that are added, members that come back, assignors,
the lag that Kafka's own tools show."""

import re
from concurrent.futures import ThreadPoolExecutor

from ingest.kafka.clients import forget_group
from tests.ingest.world import PROMPT, Sent, World, wait_for
from tests.kafka.topics import administrator, create, kafka_command, lags, orders, transactions


def send(world: World, first: int, end: int, partitions: int) -> None:
    world.send(*(Sent(each, number % partitions) for number, each in enumerate(orders(first, end))))


def stop(world: World) -> None:
    """All ingesters that run are told to leave, and do."""
    running = [each for each in world.processes if each.poll() is None]
    for each in running:
        each.terminate()
    for each in running:
        assert world.left(each) == 0, each.log


def test_partitions_that_are_added_are_read_from_their_start(kafka_world: World) -> None:
    world = kafka_world
    create(world.servers, world.topic, partitions=2)
    ingester = world.ingester(*PROMPT, CAVES_KAFKA_METADATA_MAX_AGE_MS="500")
    send(world, 0, 10, 2)
    world.wait_for_rows(10, ingester)
    with administrator(world.servers) as admin:
        admin.create_partitions({world.topic: 4})
    send(world, 10, 30, 4)
    world.wait_for_rows(30, ingester)
    stop(world)
    assert world.ingested() == world.sent()
    assert world.stored() == [(0, 10), (1, 10), (2, 5), (3, 5)]


def test_members_come_and_go_under_eager_and_cooperative_assignors(kafka_world: World) -> None:
    first = kafka_world
    other = World(first.account, first.servers, first.database, first.folder)
    with ThreadPoolExecutor() as pool:
        # A name in the protocol, and a class of Java's.
        names = ("sticky", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor")
        list(pool.map(come_and_go, (first, other), names))


def come_and_go(world: World, assignor: str) -> None:
    create(world.servers, world.topic, partitions=3)
    environ = {"CAVES_KAFKA_PARTITION_ASSIGNMENT_STRATEGY": assignor}
    first = world.ingester(*PROMPT, **environ)
    send(world, 0, 9, 3)
    world.wait_for_rows(9, first)
    second = world.ingester(*PROMPT, **environ)
    wait_for(lambda: "assigned partitions [" in second.log, "the second's partitions")
    send(world, 9, 18, 3)
    world.wait_for_rows(18, second)
    # A member that rebalances eagerly gives everything up first.
    assert ("gave up partitions [0, 1, 2]" in first.log) == (assignor == "sticky"), first.log
    first.terminate()
    assert world.left(first) == 0, first.log
    send(world, 18, 27, 3)
    world.wait_for_rows(27, second)
    stop(world)
    assert world.ingested() == world.sent()
    assert len(world.ingested()) == 27


def test_the_lag_that_kafkas_own_command_shows_is_the_truth(
    apache: None, kafka_world: World
) -> None:
    """Of an idle group behind which there are only markers, and of one that has left."""
    world = kafka_world
    create(world.servers, world.topic)
    ingester = world.ingester(*PROMPT)
    with transactions(world.servers, world.topic) as transact:
        transact(world.topic, orders(0, 3))
        transact(world.topic, orders(3, 6), commit=False)
        wait_for(lambda: lags(world.servers, world.topic, world.topic) == {0: 0}, "no lag")
        assert lag_shown(world) == {0: (8, 8, 0)}
        stop(world)
        transact(world.topic, orders(6, 9))
    assert ingester.poll() == 0
    assert lag_shown(world) == {0: (8, 12, 4)}
    assert world.ingested() == [(0, 0), (0, 1), (0, 2)]


def lag_shown(world: World) -> dict[int, tuple[int, int, int]]:
    """Committed offset, end and lag of each partition, as kafka-consumer-groups.sh shows them."""
    name = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    shown = kafka_command(world.servers, name, "--describe", "--group", world.topic)
    numbers = r"\s+(\d+)" * 4
    rows = re.findall(rf"^{world.topic}\s+{world.topic}{numbers}", shown, re.M)
    return {int(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def test_a_static_member_comes_back_to_its_partitions_without_a_rebalance(
    kafka_world: World,
) -> None:
    world = kafka_world
    create(world.servers, world.topic, partitions=2)
    long = {"CAVES_KAFKA_SESSION_TIMEOUT_MS": "20000"}
    names = [{"CAVES_KAFKA_GROUP_INSTANCE_ID": f"{world.topic}-{each}"} for each in (1, 2)]
    first, second = (world.ingester(*PROMPT, **long, **each) for each in names)
    send(world, 0, 10, 2)
    world.wait_for_rows(10, second)

    def each_has_its_own() -> bool:
        return all(re.search(r"assigned partitions \[\d\]", each.log) for each in (first, second))

    wait_for(each_has_its_own, "a partition for each")
    before = second.log.count("assigned partitions")
    first.kill()
    first.wait(timeout=10)
    heir = world.ingester(*PROMPT, **long, **names[0])
    send(world, 10, 20, 2)
    world.wait_for_rows(20, heir)
    assert second.log.count("assigned partitions") == before
    stop(world)
    assert world.ingested() == world.sent()


def test_kafka_refuses_to_delete_a_group_that_has_members(kafka_world: World) -> None:
    world = kafka_world
    create(world.servers, world.topic)
    ingester = world.ingester(*PROMPT)
    send(world, 0, 5, 1)
    world.wait_for_rows(5, ingester)
    assert forget_group(world.servers, world.topic, {}) == "NonEmptyGroupError"
    send(world, 5, 10, 1)
    world.wait_for_rows(10, ingester)
    stop(world)
    assert world.ingested() == world.sent()

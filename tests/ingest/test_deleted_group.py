"""The consumer group is deleted while ingesters are members of it. Tansu does that when it is asked
to; Kafka refuses. No message is lost or there twice, either way."""

from ingest.kafka.clients import forget_group
from tests.ingest.world import PROMPT, Sent, World, wait_for

ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E%d"}'


def test_a_group_that_is_deleted_under_its_members_costs_no_message(world: World) -> None:
    orders = [Sent(ORDER % number, partition=number % 2) for number in range(60)]
    world.send(*orders[:20])
    ingesters = [world.ingester(*PROMPT), world.ingester(*PROMPT)]
    wait_for(lambda: len(world.ingested()) >= 20, "the first messages")

    def shares() -> bool:
        return all("assigned partitions" in each.log for each in ingesters)

    wait_for(shares, "both to be members")
    for sent in (20, 40):
        forget_group(world.servers, world.topic, {})
        world.send(*orders[sent : sent + 20])
        wait_for(lambda sent=sent: len(world.ingested()) >= sent + 20, f"message {sent + 20}")
    for each in ingesters:
        assert each.poll() is None, each.log
        each.terminate()
    for each in ingesters:
        assert world.left(each) == 0, each.log
    assert world.ingested() == world.sent()
    assert len(world.ingested()) == 60

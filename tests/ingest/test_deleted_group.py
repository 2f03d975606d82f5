"""The consumer group is deleted while ingesters are members of it. Tansu does that when it is asked
to; Kafka refuses. No message is lost or there twice, either way."""

from ingest.kafka.clients import forget_group
from tests.ingest.ingestion import PROMPT, Ingestion, Sent, wait_for

ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E%d"}'


def test_a_group_that_is_deleted_under_its_members_costs_no_message(ingestion: Ingestion) -> None:
    orders = [Sent(ORDER % number, partition=number % 2) for number in range(60)]
    ingestion.send(*orders[:20])
    ingesters = [ingestion.ingester(*PROMPT), ingestion.ingester(*PROMPT)]
    wait_for(lambda: len(ingestion.ingested()) >= 20, "the first messages")

    def shares() -> bool:
        return all("assigned partitions" in each.log for each in ingesters)

    wait_for(shares, "both to be members")
    for sent in (20, 40):
        forget_group(ingestion.servers, ingestion.topic, {})
        ingestion.send(*orders[sent : sent + 20])
        wait_for(lambda sent=sent: len(ingestion.ingested()) >= sent + 20, f"message {sent + 20}")
    for each in ingesters:
        assert each.poll() is None, each.log
        each.terminate()
    for each in ingesters:
        assert ingestion.left(each) == 0, each.log
    assert ingestion.ingested() == ingestion.sent()
    assert len(ingestion.ingested()) == 60

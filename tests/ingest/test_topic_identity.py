"""A topic that was deleted and created under its old name is another topic: it is noticed by its
id, whatever its length, before anything of it is written under the old one's offsets."""

import contextlib
import re
import uuid
from itertools import pairwise

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from app.caves.machine.supervision import free_port
from ingest.batch import Batch, LastMessage, Stored, cut_batch
from ingest.errors import Fatal, FenceLost, NoBroker, Transient
from ingest.kafka import clients
from ingest.kafka.clients import timestamps_at
from ingest.messages import Message, RawRow, Reject, sort_message
from ingest.seeker import ASK_ID_SECONDS
from ingest.snowflake_sink import SnowflakeSink
from tests.conftest import RunningAccount
from tests.ingest import ingestion as real
from tests.ingest.fakes import NO_MESSAGE, ORDER, TOPIC, FakeSink, transient
from tests.ingest.isolated_ingester import IsolatedIngester, log_of

NEVER = ("--batch-max-seconds", "3600")
AT_ONCE = ("--batch-max-seconds", "0")


def known(**offsets: int) -> FakeSink:
    """INGEST_OFFSETS at these places of the topic with id OLD."""
    sink = FakeSink({int(name[1:]): offset for name, offset in offsets.items()})
    sink.topic_ids = dict.fromkeys(sink.offsets, "OLD")
    return sink


def isolated_of(
    sink: FakeSink, topic_id: str | None, lengths: dict[int, int], *flags: str
) -> IsolatedIngester:
    isolated = IsolatedIngester(
        {each: log_of(*range(length)) for each, length in lengths.items()}, sink, *flags
    )
    isolated.topic_id = topic_id
    return isolated


@pytest.mark.parametrize("length", [0, 2, 3, 150])
def test_another_topic_of_any_length_stops_the_ingester_at_the_start(length: int) -> None:
    sink = known(p0=3, p1=0)
    isolated = isolated_of(sink, "NEW", {0: length, 1: length}, *AT_ONCE)
    with pytest.raises(
        Fatal,
        match=(
            r"topic 'sales', partition 0: INGEST_OFFSETS is at 3 of the topic with id OLD, but the"
            r" topic has id NEW now: it was created again; partition 1: .* Nothing was moved\."
            " Start once with --offsets reset"
        ),
    ):
        isolated.run()
    assert (sink.rows, sink.rejects, sink.offsets) == ([], [], {0: 3, 1: 0})
    assert sink.topic_ids == {0: "OLD", 1: "OLD"}


@pytest.mark.parametrize("length", [2, 3, 8])
def test_reset_reads_the_other_topic_from_its_start_and_tells_of_the_gap(length: int) -> None:
    sink = known(p0=3)
    isolated_of(sink, "NEW", {0: length}, *AT_ONCE, "--offsets", "reset").run()
    assert sink.rows == [(0, each) for each in range(length)]
    assert sink.rejects == [
        (
            0,
            None,
            "gap: partition 0: INGEST_OFFSETS is at 3 of the topic with id OLD, but the topic has"
            " id NEW now: it was created again; reading goes on from 0",
        )
    ]
    assert (sink.offsets, sink.topic_ids) == ({0: length}, {0: "NEW"})


def test_messages_that_are_held_while_the_topic_changes_are_of_nobody_knows_which() -> None:
    sink = known(p0=3)
    isolated = isolated_of(sink, "OLD", {0: 6}, *NEVER, "--batch-max-events", "5")

    def change() -> None:
        isolated.topic_id = "NEW"
        isolated.consumer.log[0].update(log_of(6, 7, 8))

    with pytest.raises(Fatal, match="id OLD, but the topic has id NEW now"):
        isolated.run(at_4=change)
    assert (sink.rows, sink.offsets) == ([], {0: 3})


def test_a_topic_that_changes_while_nothing_comes_is_noticed_in_time() -> None:
    sink = known(p0=3)
    isolated = isolated_of(sink, "OLD", {0: 3}, *AT_ONCE)

    def change() -> None:
        isolated.topic_id = "NEW"

    started = isolated.clock.now
    with pytest.raises(Fatal, match="id OLD, but the topic has id NEW now"):
        isolated.run(at_4=change, polls=1000)
    assert isolated.clock.now < started + 2 + ASK_ID_SECONDS + 1


@pytest.mark.parametrize("reset", [False, True])
def test_an_idle_ingester_looks_once_more_before_it_leaves(reset: bool) -> None:
    sink = known(p0=3)
    flags = ("--idle-exit", "3", *(("--offsets", "reset") if reset else ()))
    isolated = isolated_of(sink, "OLD", {0: 3}, *AT_ONCE, *flags)

    def change() -> None:
        isolated.topic_id = "NEW"

    if reset:
        isolated.run(at_4=change, polls=1000)
        assert (sink.rows, sink.topic_ids) == ([(0, 0), (0, 1), (0, 2)], {0: "NEW"})
        return
    with pytest.raises(Fatal, match="id OLD, but the topic has id NEW now"):
        isolated.run(at_4=change, polls=1000)


@pytest.mark.parametrize("leave", ["revoke", "stop"])
def test_giving_up_partitions_and_leaving_write_nothing_of_the_other_topic(leave: str) -> None:
    sink = known(p0=3)
    isolated = isolated_of(sink, "OLD", {0: 6}, *NEVER)

    def change() -> None:
        isolated.topic_id = "NEW"
        if leave == "revoke":
            isolated.consumer.revoke()
            isolated.consumer.assign([])

    if leave == "revoke":
        isolated.run(at_6=change, polls=10)
    else:
        with pytest.raises(Fatal, match="id OLD, but the topic has id NEW now"):
            isolated.run(at_6=change, polls=6)
    assert (sink.rows, sink.offsets) == ([], {0: 3})


def test_rows_from_before_ids_were_kept_get_the_topics_id_and_keep_their_place() -> None:
    sink = FakeSink({0: 3})
    isolated_of(sink, "NOW", {0: 6, 1: 1}, *AT_ONCE).run()
    assert sink.topic_ids == {0: "NOW", 1: "NOW"}
    assert sorted(sink.rows) == [(0, 3), (0, 4), (0, 5), (1, 0)]


def test_an_id_that_brokers_begin_to_give_is_kept_from_then_on() -> None:
    sink = FakeSink({0: 0})
    isolated = isolated_of(sink, None, {0: 2}, *AT_ONCE)

    def upgrade() -> None:
        isolated.topic_id = "NOW"
        isolated.consumer.log[0].update(log_of(2))

    isolated.run(at_8=upgrade)
    assert (sink.rows, sink.topic_ids) == ([(0, 0), (0, 1), (0, 2)], {0: "NOW"})


def test_brokers_that_cease_to_give_ids_change_nothing() -> None:
    sink = known(p0=1)
    isolated_of(sink, None, {0: 3}, *AT_ONCE).run()
    assert (sink.rows, sink.topic_ids) == ([(0, 1), (0, 2)], {0: "OLD"})


def test_while_the_topic_cannot_be_asked_for_what_is_held_waits() -> None:
    sink = known(p0=0)
    isolated = isolated_of(sink, "OLD", {0: 3}, *AT_ONCE)
    answers = iter(["OLD", *[transient("no broker answers")] * 3])

    def ask() -> str | None:
        answer = next(answers, "OLD")
        if isinstance(answer, Transient):
            raise answer
        return answer

    isolated.ingester._seeker._ask_id = ask
    isolated.run(polls=60)
    assert sink.rows == [(0, 0), (0, 1), (0, 2)]
    assert isolated.metric("caves_ingest_retries_total") == 3


def test_what_was_dropped_is_read_again_if_the_brokers_err_while_a_place_is_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else reading would go on behind it, as if its offsets had held no messages."""
    sink = known(p0=0)
    isolated = isolated_of(sink, "OLD", {0: 3}, *NEVER, "--batch-max-events", "6")
    beginning_offsets = isolated.consumer.beginning_offsets
    troubles = [KafkaTimeoutError("no broker")] * 2

    def err_and_answer(partitions: list[object], timeout_ms: int) -> dict[object, int]:
        if troubles and len(isolated.consumer.timeouts) > 4:
            raise troubles.pop()
        return beginning_offsets(partitions, timeout_ms)  # type: ignore[arg-type,return-value]

    monkeypatch.setattr(isolated.consumer, "beginning_offsets", err_and_answer)

    def settle() -> None:
        isolated.ingester._resolve_out_of_range({0: 3})

    isolated.run(at_6=settle, polls=60)
    assert troubles == []
    assert (sink.rows, sink.skipped) == ([(0, 0), (0, 1), (0, 2)], {})


def test_a_topic_that_has_lost_its_end_is_told_from_another_one() -> None:
    isolated = isolated_of(known(p0=5), "OLD", {0: 2}, *AT_ONCE)
    with pytest.raises(Fatal, match="ends at 2: the brokers have lost what was read already"):
        isolated.run(polls=60)
    sink = known(p0=5, p1=1)
    isolated_of(sink, "OLD", {0: 2, 1: 2}, *AT_ONCE, "--offsets", "reset").run(polls=60)
    assert (sink.rows, sink.offsets) == ([(1, 1)], {0: 2, 1: 2})


def test_the_fence_knows_the_topic(account: RunningAccount, raw_data: str) -> None:
    """A batch of the old topic that comes late finds the same offsets in the new one."""
    sink = SnowflakeSink(lambda: account.connect(database=raw_data), raw_data)
    row = sort_message(Message(TOPIC, 0, 0, ORDER), 1000)
    sink.create_offsets(TOPIC, {0: 0}, "OLD")
    sink.create_offsets(TOPIC, {1: 7})
    late = cut_batch(TOPIC, [row], {0: 0}, {0: "OLD"})
    sink.write(Batch(TOPIC, {0: (0, 0)}, [], topic_ids={0: "OLD"}, new_topic_id="NEW"))
    with pytest.raises(FenceLost, match="0 of 1 rows"):
        sink.write(late)
    assert sink.read_stored(TOPIC, {0, 1}) == {0: Stored(0, "NEW"), 1: Stored(7, None)}
    sink.name_topic(TOPIC, "NEW")
    sink.write(cut_batch(TOPIC, [row], {0: 0, 1: 7}, {0: "NEW", 1: "NEW"}, {1: 9}))
    assert sink.read_stored(TOPIC, {0, 1}) == {0: Stored(1, "NEW"), 1: Stored(9, "NEW")}
    sink.close()


def test_brokers_that_are_silent_for_long_are_asked_again_soon() -> None:
    sink = known(p0=0)
    isolated = isolated_of(sink, "OLD", {0: 3}, *NEVER, "--batch-max-events", "5")
    silent: list[float] = []

    def ask() -> str | None:
        if silent:
            silent.append(isolated.clock.now)
            raise NoBroker("no broker answers")
        return "OLD"

    def fall_silent() -> None:
        silent.append(isolated.clock.now)
        isolated.consumer.log[0].update(log_of(3, 4))

    isolated.ingester._seeker._ask_id = ask
    waits: list[float] = []

    def answer() -> None:
        waits.extend(later - earlier for earlier, later in pairwise(silent))
        silent.clear()

    isolated.run(polls=400, at_10=fall_silent, at_300=answer)
    assert 2 < max(waits) < 4
    assert sink.rows == [(0, each) for each in range(5)]


def test_an_idle_ingester_makes_no_fuss_about_a_silent_broker() -> None:
    isolated = isolated_of(known(p0=3), "OLD", {0: 3}, *AT_ONCE)

    def fall_silent() -> None:
        def ask() -> str | None:
            raise NoBroker("no broker answers")

        isolated.ingester._seeker._ask_id = ask

    isolated.run(polls=200, at_10=fall_silent)
    assert isolated.metric("caves_ingest_retries_total") == 0


def known_by_timestamps(**last: tuple[int, int]) -> FakeSink:
    """INGEST_OFFSETS right behind messages of these offsets and timestamps, without an id."""
    sink = FakeSink({int(name[1:]): offset + 1 for name, (offset, _) in last.items()})
    sink.last = {int(name[1:]): LastMessage(*message) for name, message in last.items()}
    return sink


def test_without_ids_another_message_in_the_place_of_the_last_one_stops_the_ingester() -> None:
    sink = known_by_timestamps(p0=(2, 1111), p1=(0, 0))
    isolated = isolated_of(sink, None, {0: 8, 1: 8}, *AT_ONCE)
    with pytest.raises(
        Fatal,
        match=(
            "^topic 'sales', partition 0: INGEST_OFFSETS is at 3 and the message at 2 had the"
            " timestamp 1111, but the one that is there now has 0: the topic was created again, or"
            r" the brokers have lost what was read already\. Nothing was moved\. Start once with"
            " --offsets reset"
        ),
    ):
        isolated.run()
    assert (sink.rows, sink.rejects, sink.offsets) == ([], [], {0: 3, 1: 1})


def test_without_ids_reset_reads_every_partition_from_its_start_and_forgets_the_old_messages() -> (
    None
):
    """Partition 1 has nothing in the place of its last message, and would lose its first three."""
    sink = known_by_timestamps(p0=(2, 1111), p1=(2, 1111))
    isolated = isolated_of(sink, None, {0: 4, 1: 4}, "--offsets", "reset", *AT_ONCE)
    isolated.consumer.log[1][2] = NO_MESSAGE
    isolated.run()
    assert sorted(sink.rows) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 3)]
    assert sink.rejects == [
        (
            0,
            None,
            "gap: partition 0: INGEST_OFFSETS is at 3 and the message at 2 had the timestamp 1111,"
            " but the one that is there now has 0: the topic was created again, or the brokers have"
            " lost what was read already; reading goes on from 0",
        ),
        (
            1,
            None,
            "gap: partition 1: INGEST_OFFSETS is at 3 but the topic was created again; reading goes"
            " on from 0",
        ),
    ]
    assert (sink.offsets, sink.last) == ({0: 4, 1: 4}, {0: (3, 0), 1: (3, 0)})


@pytest.mark.parametrize("why", ["the same", "compacted", "retention", "none known"])
def test_without_ids_a_last_message_that_is_the_same_or_gone_is_no_alarm(why: str) -> None:
    sink = known_by_timestamps(p0=(2, 0 if why == "the same" else 1111))
    isolated = isolated_of(sink, None, {0: 5}, *AT_ONCE)
    if why == "compacted":
        isolated.consumer.log[0][2] = NO_MESSAGE
    elif why == "retention":
        isolated.consumer.beginnings[0] = 3
    elif why == "none known":
        sink.last = {}
    isolated.run()
    assert (sink.rows, sink.rejects) == ([(0, 3), (0, 4)], [])
    assert sink.last == {0: LastMessage(4, 0)}
    assert isolated.asked == ([{0: 2}] if why in ("the same", "compacted") else [])


def test_with_ids_nobody_asks_for_timestamps() -> None:
    sink = known_by_timestamps(p0=(2, 1111))
    isolated = isolated_of(sink, "NOW", {0: 5}, *AT_ONCE)
    isolated.run()
    assert (sink.rows, isolated.asked) == ([(0, 3), (0, 4)], [])


def test_a_batch_keeps_the_last_message_that_has_a_timestamp(
    account: RunningAccount, raw_data: str
) -> None:
    sink = SnowflakeSink(lambda: account.connect(database=raw_data), raw_data)

    def row(partition: int, offset: int, ms: int | None, value: bytes = ORDER) -> RawRow | Reject:
        return sort_message(Message(TOPIC, partition, offset, value, timestamp=ms), 1000)

    sink.create_offsets(TOPIC, {0: 0, 1: 0, 2: 0})
    longest = 2**63 - 1
    rows = [row(0, 0, 7), row(0, 1, longest), row(1, 0, 9, b"?"), row(2, 0, -1)]
    sink.write(cut_batch(TOPIC, rows, {0: 0, 1: 0, 2: 0}))
    assert sink.read_stored(TOPIC, {0, 1, 2}) == {
        0: Stored(2, None, LastMessage(1, longest)),
        1: Stored(1, None, LastMessage(0, 9)),
        2: Stored(1),
    }
    # Offsets without messages, and a message without a timestamp, leave it; going back forgets it.
    sink.write(cut_batch(TOPIC, [row(1, 1, None)], {0: 2, 1: 1}, reached={0: 5}))
    assert sink.read_stored(TOPIC, {0, 1}) == {
        0: Stored(5, None, LastMessage(1, longest)),
        1: Stored(2, None, LastMessage(0, 9)),
    }
    sink.write(Batch(TOPIC, {0: (5, 0), 1: (2, 1)}, []))
    assert sink.read_stored(TOPIC, {0, 1}) == {0: Stored(0), 1: Stored(1, None, LastMessage(0, 9))}
    sink.close()


def test_brokers_without_ids_a_longer_topic_under_the_old_name_stops_until_reset(
    ingestion: real.Ingestion,
) -> None:
    """The broker is the real one, only that the ingester is told no id."""

    def send(count: int) -> None:
        ingestion.send(*(real.Sent(ORDER, partition=number % 2) for number in range(count)))

    def run(*flags: str) -> tuple[int, str]:
        ingester = ingestion.sabotaged("no topic ids", "--idle-exit", "0.3", *flags)
        return ingestion.left(ingester), ingester.log

    def in_raw() -> list[tuple[int, int]]:
        sql = "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM ORDER BY 1, 2"
        return [(int(partition), int(offset)) for partition, offset in ingestion.rows(sql)]

    def up_to(*counts: int) -> list[tuple[int, int]]:
        return sorted((p, each) for count in counts for p in (0, 1) for each in range(count))

    send(100)
    assert run()[0] == 0
    send(20)
    code, log = run()
    assert (code, in_raw()) == (0, up_to(60)), log
    assert ingestion.rows("SELECT DISTINCT TOPIC_ID FROM RAW_DATA.INGEST_OFFSETS") == [(None,)]

    admin = KafkaAdminClient(bootstrap_servers=ingestion.servers)
    admin.delete_topics([ingestion.topic])
    admin.close()
    send(150)
    code, log = run()
    one = (
        r"partition [01]: INGEST_OFFSETS is at 60 and the message at 59 had the timestamp (\d{13}),"
        r" but the one that is there now has (\d{13}): the topic was created again, or the brokers"
        " have lost what was read already"
    )
    assert code == 1, log
    assert re.search(
        rf"ERROR \S+ topic '{ingestion.topic}', {one}; {one}\. Nothing was moved", log
    ), log
    assert (in_raw(), ingestion.stored()) == (up_to(60), [(0, 60), (1, 60)])

    code, log = run("--offsets", "reset")
    assert (code, in_raw()) == (0, up_to(60, 75)), log
    gaps = "SELECT KAFKA_PARTITION, KAFKA_OFFSET, STATUS FROM RAW_DATA.REJECTED_EVENTS ORDER BY 1"
    assert ingestion.rows(gaps) == [(0, None, "DISCARDED"), (1, None, "DISCARDED")]


def test_timestamps_are_of_messages_at_exactly_these_offsets(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"timestamps_{uuid.uuid4().hex[:8]}"
    real.send(broker, {topic: [real.Sent(ORDER)] * 3})
    consumer = KafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False)
    with contextlib.closing(consumer):
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 0)
        sent: dict[int, int] = {}

        def read_all() -> bool:
            for records in consumer.poll(timeout_ms=200).values():
                sent.update((each.offset, each.timestamp) for each in records)
            return len(sent) == 3

        real.wait_for(read_all, "three messages")
    assert timestamps_at(broker, topic, {}, {0: 1, 1: 0}) == {0: sent[1]}
    assert timestamps_at(broker, topic, {}, {0: 2}) == {0: sent[2]}
    assert timestamps_at(broker, topic, {}, {0: 3, 1: 7}) == {}
    monkeypatch.setattr(clients, "ASK_MS", 300)
    with pytest.raises(NoBroker, match="asking for the message at the last offset: cannot reach"):
        timestamps_at(f"127.0.0.1:{free_port()}", topic, {}, {0: 0})

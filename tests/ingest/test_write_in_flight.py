"""What happens while a batch is on its way into the warehouse."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError, OffsetOutOfRangeError, TopicAuthorizationFailedError

from ingest.batch import Batch
from ingest.errors import Fatal, FenceLost, Transient
from tests.ingest.fakes import NO_MESSAGE, ORDER, TOPIC, FakeSink, transient
from tests.ingest.isolated_ingester import IsolatedIngester, log_of
from tests.ingest.slow_writes import PATIENCE_SECONDS, Log, SlowlyWritingIngester, SlowSink, marked

AT_ONCE = ("--batch-max-seconds", "0")


@pytest.fixture(scope="module", autouse=True)
def brisk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.loop.BESIDE_WRITE_SECONDS", 0.001)
        patch.setattr("ingest.loop.LONGEST_BACKOFF_SECONDS", 1.0)
        yield


def nothing() -> None:
    """A poll passes."""


def test_the_next_batch_is_polled_and_sorted_while_one_is_written() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)
    held: list[int] = []

    def look() -> None:
        held.append(int(isolated.metric("caves_ingest_buffered_events") or 0))

    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, look)
    assert held == [4]
    assert isolated.sink.batches == [[0, 1], [2, 3]]
    assert isolated.sink.offsets == {0: 4}


def test_partitions_that_are_revoked_during_a_write_are_left_where_it_has_moved_them() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def revoke() -> None:
        isolated.let_go_soon()
        isolated.consumer.revoke()
        assert isolated.sink.batches == [[0, 1], [2, 3]]
        isolated.consumer.assign([0])

    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, revoke)
    assert isolated.sink.batches == [[0, 1], [2, 3]]
    assert isolated.consumer.committed == {0: 4}
    assert isolated.metric("caves_ingest_fences_lost_total") == 0
    assert isolated.metric("caves_ingest_retries_total") == 0


def test_partitions_that_are_lost_during_a_write_are_read_on_behind_it() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def lose() -> None:
        isolated.let_go_soon()
        isolated.consumer.revoke(lost=True)
        assert isolated.sink.batches == [[0, 1]]
        assert isolated.ingester._positions.stored == {}
        isolated.consumer.assign([0])

    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, lose)
    assert isolated.sink.batches == [[0, 1], [2, 3]]
    assert isolated.consumer.committed == {0: 4}


def test_a_write_that_comes_too_late_for_lost_partitions_gives_way() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE, offsets={0: 0})

    def lose() -> None:
        isolated.sink.offsets[0] = 3
        isolated.let_go_soon()
        isolated.consumer.revoke(lost=True)
        isolated.consumer.assign([0])

    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, lose)
    assert isolated.sink.rows == [(0, 3)]
    assert isolated.metric("caves_ingest_fences_lost_total") == 1


def test_one_of_two_partitions_is_lost_during_a_write_of_both() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1), 1: log_of(0)}, *AT_ONCE)

    def lose_one() -> None:
        isolated.let_go_soon()
        isolated.ingester.on_lost({1})
        isolated.consumer._assigned = {0}

    isolated.run_slowly(
        lambda: isolated.arrive(2),
        lambda: isolated.arrive(1, partition=1),
        nothing,
        lose_one,
        polls=30,
    )
    assert isolated.sink.rows == [(0, 0), (0, 1), (1, 0), (0, 2)]
    assert isolated.sink.offsets == {0: 3, 1: 1}
    # Where the lost one was when its place was found; it is not this ingester's to tell of since.
    assert isolated.consumer.committed == {0: 3, 1: 0}


def test_partitions_that_are_added_during_a_write_wait_for_it() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def add() -> None:
        isolated.let_go_soon()
        isolated.consumer.log[1] = log_of(0)
        isolated.consumer.beginnings[1] = 0
        isolated.consumer._assigned = {0, 1}
        isolated.consumer.listener.on_partitions_assigned({TopicPartition(TOPIC, 1)})

    isolated.run_slowly(lambda: isolated.arrive(2), add)
    assert isolated.sink.rows == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert isolated.sink.offsets == {0: 3, 1: 1}


def test_a_fence_lost_with_the_next_batch_sorted_drops_both() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE, offsets={0: 0})
    somebody_else = {0: 3}
    isolated.run_slowly(
        lambda: isolated.arrive(2, 3, 4),
        nothing,
        lambda: isolated.sink.offsets.update(somebody_else),
        polls=40,
    )
    assert isolated.sink.rows == [(0, 3), (0, 4)]
    assert isolated.metric("caves_ingest_fences_lost_total") == 1


def test_trouble_with_the_next_batch_sorted_keeps_the_order() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)
    isolated.sink.troubles = [transient(), transient()]
    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, polls=40)
    assert isolated.sink.batches == [[0, 1], [2, 3]]
    assert isolated.metric("caves_ingest_retries_total") == 2


def test_revocation_during_a_write_that_fails_leaves_the_rest_to_the_next_assignment() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)
    isolated.sink.troubles = [transient()]

    def revoke() -> None:
        isolated.let_go_soon()
        isolated.consumer.revoke()
        assert isolated.sink.batches == []
        isolated.consumer.assign([0])

    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, revoke)
    assert isolated.sink.batches == [[0, 1, 2, 3]]


def test_refused_rows_are_narrowed_down_before_the_next_batch_goes() -> None:
    isolated = SlowlyWritingIngester({0: {}}, *AT_ONCE)
    isolated.arrive(0, 1, 2, 3)
    isolated.sink.refuses = {marked(1).decode()}
    isolated.run_slowly(lambda: isolated.arrive(4, 5), nothing, polls=40)
    assert isolated.sink.batches == [[0], [1], [2, 3], [4, 5]]
    assert [offset for _, offset, _ in isolated.sink.rejects] == [1]


def test_to_stop_during_a_write_lets_it_land_and_writes_the_rest() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def stop() -> None:
        isolated.stop.set()
        isolated.let_go_soon()

    isolated.run_slowly(lambda: isolated.arrive(2, 3), nothing, stop)
    assert isolated.sink.batches == [[0, 1], [2, 3]]
    assert isolated.consumer.committed == {0: 4}
    assert isolated.sink.closed


def test_an_idle_ingester_does_not_leave_during_a_write() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0)}, *AT_ONCE, "--idle-exit", "0.5")

    def time_passes() -> None:
        isolated.clock.now += 0.9

    isolated.run_slowly(time_passes, lambda: isolated.arrive(1), time_passes, polls=1000)
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_a_broker_that_errs_during_a_write_does_not_keep_it_from_landing() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def fail() -> None:
        isolated.arrive(2)
        raise KafkaTimeoutError("no broker")

    isolated.run_slowly(fail, polls=40)
    assert isolated.sink.batches == [[0, 1], [2]]
    assert isolated.metric("caves_ingest_events_total", outcome="raw") == 3


def test_a_broker_that_refuses_for_good_during_a_write_ends_nothing_before_it_has_landed() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def fail() -> None:
        isolated.let_go_soon()
        raise TopicAuthorizationFailedError(TOPIC)

    with pytest.raises(Fatal, match="allow this user to READ"):
        isolated.run_slowly(fail)
    assert isolated.sink.batches == [[0, 1]]
    assert isolated.metric("caves_ingest_events_total", outcome="raw") == 2
    assert isolated.slow_sink.faults == []
    assert isolated.sink.closed


def test_an_end_of_the_topic_that_is_found_during_a_write_is_settled_behind_it() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE, "--offsets", "reset")
    isolated.consumer.ends = {0: 2}

    def out_of_range() -> None:
        isolated.let_go_soon()
        isolated.consumer.log[0].clear()
        isolated.consumer.ends = {0: 0}
        raise OffsetOutOfRangeError({TopicPartition(TOPIC, 0): 2})

    isolated.run_slowly(out_of_range)
    assert isolated.sink.rows == [(0, 0), (0, 1)]
    assert [reason for _, _, reason in isolated.sink.rejects] == [
        "gap: partition 0: INGEST_OFFSETS is at 2 but the topic ends at 0: it was created again;"
        " reading goes on from 0"
    ]


def test_a_rebalance_is_not_met_while_a_slow_write_would_hold_it_up() -> None:
    isolated = SlowlyWritingIngester({0: log_of(0, 1)}, *AT_ONCE)

    def time_passes() -> None:
        isolated.clock.now += 2
        isolated.let_go_soon(0.05)

    left = isolated.run_slowly(time_passes, isolated.consumer.revoke, nothing, all_of_it=False)
    assert left == 2
    assert isolated.sink.batches == [[0, 1]]


def test_a_rebalance_is_not_met_during_a_write_while_nothing_more_is_taken() -> None:
    isolated = SlowlyWritingIngester({0: log_of(*range(12))}, *AT_ONCE, "--batch-max-bytes", "1024")
    isolated.let_go_soon(0.05)
    assert isolated.run_slowly(isolated.consumer.revoke, all_of_it=False) == 1
    assert isolated.sink.rows == [(0, each) for each in range(12)]


def test_what_is_held_beside_a_long_write_stays_below_its_limit() -> None:
    limit = 50_000
    isolated = IsolatedIngester(
        {0: log_of(*range(2_000))}, FakeSink(), *AT_ONCE, "--batch-max-bytes", str(limit)
    )
    isolated.consumer.most = 20
    size = len(ORDER) + 256
    held: list[float] = []
    write = isolated.sink.write

    def write_slowly(batch: Batch) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        before, now = -1.0, 0.0
        while now > before or now * size < 1.5 * limit:
            assert time.monotonic() < deadline, "nothing was polled during the write"
            time.sleep(0.002)
            before, now = now, isolated.metric("caves_ingest_buffered_events") or 0.0
        held.append(now)
        isolated.sink.write = write  # type: ignore[method-assign]  # as before
        write(batch)

    isolated.sink.write = write_slowly  # type: ignore[method-assign]  # the same, but slow
    isolated.run(polls=200)
    # A batch in flight, a full buffer, and the one poll that made it full.
    assert max(held) * size <= 2 * limit + 20 * size
    assert [offset for _, offset in isolated.sink.rows] == list(range(2_000))


def test_a_batch_of_a_backlog_is_as_large_as_a_batch_may_be() -> None:
    limit = 50_000
    isolated = SlowlyWritingIngester(
        {0: log_of(*range(1_000))}, *AT_ONCE, "--batch-max-bytes", str(limit)
    )
    isolated.consumer.most = 20
    isolated.run_slowly(nothing, nothing, polls=40)
    full = limit // (len(ORDER) + 256)
    assert [len(each) for each in isolated.sink.batches][:-1] == [full] * (1_000 // full)


class AnySink(SlowSink):
    """Each write is slow, and meets the next of these fates."""

    def __init__(self, fates: list[str]) -> None:
        super().__init__({0: 0, 1: 0})
        self._fates = fates

    def write(self, batch: Batch) -> None:
        fate = self._fates.pop() if self._fates else "fine"
        if fate == "lost before":
            raise Transient("the line is dead")
        if fate == "lost fence":
            raise FenceLost("0 of 1")
        super().write(batch)
        if fate == "lost after":
            raise Transient("the line is dead")


HAPPENINGS = ("nothing", "arrive", "mark", "revoke", "lose", "err", "let go", "let go", "slow")
FATES = ("fine", "fine", "lost before", "lost after", "lost fence")


@settings(max_examples=80, deadline=None)
@given(
    happenings=st.lists(st.sampled_from(HAPPENINGS), max_size=25),
    fates=st.lists(st.sampled_from(FATES), max_size=6),
    refused=st.sets(st.integers(0, 12), max_size=3),
)
def test_whatever_happens_during_writes_each_message_is_there_once(
    happenings: list[str], fates: list[str], refused: set[int]
) -> None:
    sink = AnySink(fates)
    log: Log = {0: log_of(0, 1, 2), 1: log_of(0)}
    isolated = SlowlyWritingIngester(log, *AT_ONCE, "--batch-max-bytes", "1500", sink=sink)
    sink.refuses = {marked(each).decode() for each in refused}

    def err() -> None:
        raise KafkaTimeoutError("no broker")

    def revoke(lost: bool = False) -> None:
        isolated.let_go_soon()
        isolated.consumer.revoke(lost=lost)
        isolated.consumer.assign([0, 1])

    happens = {
        "nothing": nothing,
        "arrive": lambda: isolated.arrive(len(log[0]), len(log[0]) + 1),
        "mark": lambda: log[0].update({len(log[0]): NO_MESSAGE}),
        "revoke": revoke,
        "lose": lambda: revoke(lost=True),
        "err": err,
        "let go": sink.let_go,
        "slow": sink.slow,
    }
    isolated.run_anyhow(*[happens[each] for each in happenings], polls=100)
    written = [*sink.rows, *((partition, offset) for partition, offset, _ in sink.rejects)]
    assert sorted(written) == sorted(
        (p, o) for p in log for o, value in log[p].items() if value != NO_MESSAGE
    )
    assert sink.offsets == {each: len(log[each]) for each in log}

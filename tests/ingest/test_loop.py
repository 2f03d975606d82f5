"""The loop's decisions, on a Kafka and a warehouse in memory."""

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError, OffsetOutOfRangeError

from ingest.batch import Batch
from ingest.errors import DataRefused, Fatal, FenceLost
from ingest.loop import Ingester
from tests.ingest.fakes import ORDER, TOPIC, FakeSink, config, transient
from tests.ingest.isolated_ingester import IsolatedIngester, log_of


def test_a_new_partition_is_read_from_its_start_whatever_its_gaps() -> None:
    isolated = IsolatedIngester({0: log_of(4, 5, 9)}, FakeSink(), "--batch-max-events", "1")
    isolated.consumer.beginnings = {0: 4}
    isolated.run()
    assert isolated.sink.rows == [(0, 4), (0, 5), (0, 9)]
    assert isolated.sink.offsets == {0: 10}
    assert isolated.consumer.committed == {0: 10}


def test_reading_goes_on_where_the_offsets_table_says() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1, 2), 1: log_of(0, 1)}, FakeSink({0: 2, 1: 2}))
    isolated.run()
    assert isolated.sink.rows == [(0, 2)]


def test_a_batch_waits_for_its_time_and_leaving_writes_what_is_held() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink(), "--batch-max-seconds", "5")
    seen: list[int] = []
    isolated.run(
        polls=30,
        at_6=lambda: seen.append(len(isolated.sink.batches)),
        at_20=lambda: seen.append(len(isolated.sink.batches)),
        at_25=lambda: isolated.consumer.log[0].update(log_of(2)),
    )
    assert seen == [0, 1]
    assert isolated.sink.batches == [[0, 1], [2]]


def test_a_due_batch_takes_all_that_has_been_polled() -> None:
    isolated = IsolatedIngester({0: log_of(*range(1200))}, FakeSink(), "--batch-max-events", "5")
    isolated.run()
    assert [len(each) for each in isolated.sink.batches] == [1200]


def test_a_row_whose_data_is_refused_ends_up_alone_among_the_rejects() -> None:
    sink = FakeSink()
    log = log_of(*range(9))
    for offset in (3, 8):
        log[offset] = ORDER + b" " * offset
        sink.refuses.add((ORDER + b" " * offset).decode())
    IsolatedIngester({0: log}, sink).run()
    reason = "refused by the warehouse: 100069: not for me"
    assert sink.rows == [(0, each) for each in (0, 1, 2, 4, 5, 6, 7)]
    assert sink.rejects == [(0, 3, reason), (0, 8, reason)]
    assert sink.offsets == {0: 9}


def test_trouble_is_retried_with_growing_pauses_and_kafka_held_meanwhile() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-seconds", "0")
    isolated.sink.troubles = [transient() for _ in range(3)]
    paused: list[bool] = []
    isolated.run(polls=40, at_3=lambda: paused.append(bool(isolated.consumer.paused())))
    assert paused == [True]
    assert isolated.sink.batches == [[0]]
    assert isolated.metric("caves_ingest_retries_total") == 3
    assert isolated.consumer.paused() == set()


def test_trouble_while_reading_places_is_retried() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink())
    isolated.sink.read_troubles = [transient(), transient()]
    isolated.run(polls=30)
    assert isolated.sink.rows == [(0, 0)]


def test_trouble_with_kafka_alone_does_not_hold_the_partitions_for_ever() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-seconds", "0")

    def fail() -> None:
        raise KafkaTimeoutError("no broker")

    isolated.run(polls=30, at_3=fail, at_5=lambda: isolated.consumer.log[0].update(log_of(1)))
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_a_lost_fence_gives_way_to_the_ingester_that_wrote() -> None:
    isolated = IsolatedIngester(
        {0: log_of(*range(6))}, FakeSink({0: 0}), "--batch-max-seconds", "3"
    )

    def somebody_else_writes() -> None:
        isolated.sink.offsets[0] = 4

    isolated.run(polls=40, at_3=somebody_else_writes)
    assert isolated.sink.rows == [(0, 4), (0, 5)]
    assert isolated.metric("caves_ingest_fences_lost_total") == 1


def test_a_lost_fence_while_leaving_drops_what_another_has_written() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink({0: 0}))
    isolated.run(polls=4, at_4=lambda: isolated.sink.offsets.update({0: 2}))
    assert isolated.sink.rows == []
    assert isolated.sink.offsets == {0: 2}


def test_revocation_writes_what_is_held() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink())

    def revoke() -> None:
        isolated.consumer.revoke()
        isolated.consumer.assign([])

    isolated.run(at_5=revoke)
    assert isolated.sink.batches == [[0, 1]]


def test_revocation_in_trouble_drops_what_is_held_and_the_next_assignment_reads_it_again() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink())

    def revoke() -> None:
        isolated.sink.troubles = [transient()]
        isolated.consumer.revoke()
        isolated.consumer.assign([])

    isolated.run(at_5=revoke, at_8=lambda: isolated.consumer.assign([0]))
    assert isolated.sink.batches == [[0, 1]]


def test_lost_partitions_are_dropped_without_a_write() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink())

    def lose() -> None:
        isolated.consumer.revoke(lost=True)
        isolated.consumer.assign([])

    isolated.run(at_5=lose)
    assert isolated.sink.batches == []


def test_a_place_before_the_topics_start_stops_with_the_numbers() -> None:
    isolated = IsolatedIngester({0: log_of(7, 8)}, FakeSink({0: 3}))
    isolated.consumer.beginnings = {0: 7}
    with pytest.raises(Fatal, match=r"at 3 but the topic starts at 7.*4 unread.*--offsets reset"):
        isolated.run()
    assert isolated.sink.offsets == {0: 3}
    assert isolated.consumer.closed
    assert isolated.sink.closed


def test_reset_goes_on_from_the_topics_start_and_leaves_the_gap_among_the_rejects() -> None:
    isolated = IsolatedIngester({0: log_of(7, 8)}, FakeSink({0: 3}), "--offsets", "reset")
    isolated.consumer.beginnings = {0: 7}
    isolated.run()
    reason = (
        "gap: partition 0: INGEST_OFFSETS is at 3 but the topic starts at 7: retention has removed"
        " 4 unread offsets; reading goes on from 7"
    )
    assert isolated.sink.rejects == [(0, 3, reason)]
    assert isolated.sink.skipped == {0: 3}
    assert isolated.sink.rows == [(0, 7), (0, 8)]


def test_a_place_beyond_the_topics_end_stops_once_that_is_proven() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink({0: 100}))
    with pytest.raises(Fatal, match="is at 100 but the topic ends at 2: it was created again"):
        isolated.run(polls=60)
    assert isolated.clock.now >= 1005


def test_reset_beyond_the_end_reads_the_new_topic_from_its_start() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink({0: 100}), "--offsets", "reset")
    isolated.run(polls=60)
    assert isolated.sink.rows == [(0, 0), (0, 1)]
    assert [(partition, offset) for partition, offset, _ in isolated.sink.rejects] == [(0, None)]


def test_a_topic_created_anew_is_not_written_under_its_old_offsets() -> None:
    log = {0: log_of(0, 1), 1: log_of(*range(8))}
    flags = ("--batch-max-seconds", "0")
    stopped = IsolatedIngester(log, FakeSink({0: 100, 1: 5}), *flags)
    with pytest.raises(Fatal, match=r"partition 0: INGEST_OFFSETS is at 100.* ends at 2"):
        stopped.run(polls=60)
    assert stopped.sink.rows == []
    reset = IsolatedIngester(log, stopped.sink, "--offsets", "reset", *flags)
    reset.run(polls=60)
    assert sorted(reset.sink.rows) == [(0, 0), (0, 1), *((1, each) for each in range(8))]
    assert sorted(reason for _, _, reason in reset.sink.rejects) == [
        "gap: partition 0: INGEST_OFFSETS is at 100 but the topic ends at 2: it was created again;"
        " reading goes on from 0",
        "gap: partition 1: INGEST_OFFSETS is at 5 but the topic was created again;"
        " reading goes on from 0",
    ]


def test_a_doubtful_place_is_not_written_on_leaving_either() -> None:
    log = {0: log_of(0, 1), 1: log_of(*range(8))}
    isolated = IsolatedIngester(log, FakeSink({0: 100, 1: 5}))
    isolated.run(polls=5)
    assert isolated.sink.rows == []


def test_a_broker_that_says_out_of_range_needs_no_further_proof() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink({0: 100}))

    def refuse() -> None:
        raise OffsetOutOfRangeError({TopicPartition(TOPIC, 0): 100})

    with pytest.raises(Fatal, match="is at 100 but the topic ends at 2"):
        isolated.run(at_3=refuse)


def test_an_idle_ingester_leaves_and_one_with_work_does_not() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--idle-exit", "4")
    isolated.run(polls=1000, at_6=lambda: isolated.consumer.log[0].update(log_of(1)))
    assert isolated.sink.batches == [[0, 1]]
    assert 1007 <= isolated.clock.now <= 1009


def test_the_time_it_takes_to_write_is_not_idle_time() -> None:
    flags = ("--idle-exit", "2", "--batch-max-bytes", "50000")
    isolated = IsolatedIngester({0: log_of(*range(2000))}, FakeSink(), *flags)
    write = isolated.sink.write

    def write_slowly(batch: Batch) -> None:
        isolated.clock.now += 5
        write(batch)

    isolated.sink.write = write_slowly  # type: ignore[method-assign]  # the same, but slow
    isolated.run(polls=1000)
    assert [offset for _, offset in isolated.sink.rows] == list(range(2000))


def test_the_time_of_trouble_is_not_idle_time() -> None:
    isolated = IsolatedIngester(
        {0: log_of(0)}, FakeSink(), "--idle-exit", "2", "--batch-max-seconds", "0"
    )
    isolated.sink.troubles = [transient() for _ in range(5)]
    isolated.run(polls=1000, at_4=lambda: isolated.consumer.log[0].update(log_of(1)))
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_an_idle_ingester_with_a_doubtful_place_finds_out_before_it_leaves() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink({0: 100}), "--idle-exit", "1")
    with pytest.raises(Fatal, match="is at 100 but the topic ends at 2"):
        isolated.run(polls=60)


def test_leaving_in_trouble_gives_up_after_a_while_and_says_what_stays_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink())
    isolated.sink.troubles = [transient() for _ in range(100)]

    def sleep(seconds: float) -> None:
        isolated.clock.now += seconds

    monkeypatch.setattr("ingest.loop.time.sleep", sleep)
    with pytest.raises(Fatal, match=r"left without writing 2 messages .no route.*nothing is lost"):
        isolated.run(polls=4)
    assert 1010 <= isolated.clock.now <= 1030


def test_a_full_buffer_holds_kafka() -> None:
    isolated = IsolatedIngester(
        {0: log_of(*range(3000))}, FakeSink(), "--batch-max-bytes", "100000"
    )
    isolated.sink.troubles = [transient() for _ in range(4)]
    held: list[float | None] = []
    isolated.run(
        polls=60, at_8=lambda: held.append(isolated.metric("caves_ingest_buffered_events"))
    )
    assert held[0] is not None and held[0] < 1000
    assert [offset for _, offset in isolated.sink.rows] == list(range(3000))


def test_metrics_tell_outcomes_sizes_and_lag() -> None:
    log = log_of(0, 1)
    log[2] = b"?"
    isolated = IsolatedIngester({3: log}, FakeSink(), "--batch-max-seconds", "0")
    isolated.run()
    assert isolated.metric("caves_ingest_events_total", outcome="raw") == 2
    assert isolated.metric("caves_ingest_events_total", outcome="rejected") == 1
    assert isolated.metric("caves_ingest_batch_events_sum") == 3
    assert isolated.metric("caves_ingest_batch_seconds_count") == 1
    assert isolated.metric("caves_ingest_lag", partition="3") == 0
    assert (isolated.metric("caves_ingest_last_commit_timestamp_seconds") or 0) > 0


def test_a_reject_that_is_refused_stops_the_ingester() -> None:
    isolated = IsolatedIngester({0: {0: b"?"}}, FakeSink())
    isolated.sink.troubles = [DataRefused("no")] * 2
    with pytest.raises(Fatal, match="REJECTED_EVENTS does not take the message at offset 0"):
        isolated.run()


def test_a_fence_lost_again_and_again_does_not_spin() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-seconds", "0")
    isolated.sink.troubles = [FenceLost("0 of 1")] * 3
    isolated.run(polls=60)
    assert isolated.sink.rows == [(0, 0)]
    assert isolated.metric("caves_ingest_retries_total") == 3


def test_a_group_that_does_not_answer_is_left_forgotten_and_joined_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="ingest.loop")
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-events", "1")
    forgotten: list[float] = []

    def forget() -> str:
        forgotten.append(isolated.clock.now - 1000.0)
        return "OK"

    isolated.ingester = Ingester(
        config("--batch-max-events", "1"),
        isolated.consumer,
        isolated.sink,
        isolated.metrics,
        isolated.stop,
        isolated.clock,
        forget,
    )
    isolated.run(2000, at_1=lambda: None, at_900=lambda: isolated.consumer.assign({0}))
    # Five to seven and a half sessions of 45 s; nothing more once the group has answered.
    assert len(forgotten) == 1
    assert 225 < forgotten[0] < 339
    assert isolated.consumer.subscriptions == 2
    assert "leaving and joining it again" in caplog.text
    assert isolated.sink.rows == [(0, 0)]


def test_a_member_that_is_given_no_partitions_is_not_left_waiting() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink())
    isolated.run(2000, at_1=lambda: isolated.consumer.assign(()))
    assert isolated.consumer.subscriptions == 1


def test_lag_monitors_are_told_again_what_they_may_have_missed() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-seconds", "0")

    def forget() -> None:
        assert isolated.consumer.committed == {0: 1}
        isolated.consumer.committed.clear()

    told: list[bool] = []
    isolated.run(
        polls=200, at_10=forget, at_150=lambda: told.append(isolated.consumer.committed == {0: 1})
    )
    assert told == [True]

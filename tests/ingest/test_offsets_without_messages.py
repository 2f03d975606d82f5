"""Offsets that hold no message: markers of transactions, messages of aborted ones, what compaction
has removed. INGEST_OFFSETS moves past them, so that nobody misses them when retention comes."""

from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from ingest.batch import cut_batch
from ingest.messages import Message, sort_message
from tests.ingest.fakes import NO_MESSAGE, ORDER, TOPIC, FakeSink, transient
from tests.ingest.isolated_ingester import IsolatedIngester, log_of

AT_ONCE = ("--batch-max-seconds", "0")
TEN_SECONDS = ("--batch-max-seconds", "10")


def gaps(*offsets: int) -> dict[int, bytes | None]:
    return dict.fromkeys(offsets, NO_MESSAGE)


def test_a_marker_behind_the_last_message_goes_with_its_batch() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1) | gaps(2)}, FakeSink(), *AT_ONCE)
    isolated.run()
    assert (isolated.sink.batches, isolated.sink.offsets) == ([[0, 1]], {0: 3})
    assert isolated.sink.skipped == {0: 1}
    assert isolated.consumer.committed == {0: 3}


def test_markers_that_come_alone_are_passed_when_a_batch_would_be_due() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), *TEN_SECONDS)
    offsets: list[int] = []

    def look() -> None:
        offsets.append(isolated.sink.offsets[0])

    def mark() -> None:
        isolated.consumer.log[0].update(gaps(1, 2, 3))

    isolated.run(polls=100, at_40=mark, at_55=look, at_66=look)
    assert offsets == [1, 4]
    assert (isolated.sink.batches, isolated.sink.skipped) == ([[0], []], {0: 3})
    assert isolated.consumer.committed == {0: 4}


def test_a_partition_with_markers_alone_goes_along_with_the_others_batch() -> None:
    isolated = IsolatedIngester({0: log_of(0), 1: gaps(0, 1)}, FakeSink(), *AT_ONCE)
    isolated.run()
    assert (isolated.sink.offsets, isolated.sink.skipped) == ({0: 1, 1: 2}, {1: 2})


@pytest.mark.parametrize("leaving", ["stop", "revoke", "idle"])
def test_markers_are_passed_before_partitions_are_given_up(leaving: str) -> None:
    flags = ("--batch-max-seconds", "3600", *(("--idle-exit", "5") if leaving == "idle" else ()))
    isolated = IsolatedIngester({0: log_of(0) | gaps(1, 2)}, FakeSink(), *flags)

    def leave() -> None:
        if leaving == "revoke":
            isolated.consumer.revoke()
            isolated.consumer.assign([])

    isolated.run(polls=100 if leaving == "idle" else 10, at_10=leave)
    assert (isolated.sink.rows, isolated.sink.offsets) == ([(0, 0)], {0: 3})


def test_nothing_is_passed_while_a_message_before_it_is_held() -> None:
    """The batch before is in trouble and tried again; refused rows come one by one."""
    marked = {offset: ORDER + b" " * offset for offset in range(4)}
    isolated = IsolatedIngester({0: marked | gaps(4, 5)}, FakeSink(), *AT_ONCE)
    isolated.sink.troubles = [transient(), transient()]
    isolated.sink.refuses = {marked[1].decode(), marked[3].decode()}
    isolated.run(polls=60)
    assert isolated.sink.rows == [(0, 0), (0, 2)]
    assert [offset for _, offset, _ in isolated.sink.rejects] == [1, 3]
    assert (isolated.sink.offsets, isolated.sink.skipped) == ({0: 6}, {0: 2})


def test_a_topic_emptied_by_retention_up_to_its_last_marker_is_no_alarm() -> None:
    sink = FakeSink()
    IsolatedIngester({0: log_of(0, 1) | gaps(2)}, sink, *AT_ONCE).run()
    emptied = IsolatedIngester({0: {}}, sink, *AT_ONCE)
    emptied.consumer.beginnings = {0: 3}
    emptied.consumer.ends = {0: 3}

    def arrive() -> None:
        emptied.consumer.log[0].update(log_of(3))
        emptied.consumer.ends = {}

    emptied.run(at_8=arrive)
    assert (sink.rows, sink.rejects) == ([(0, 0), (0, 1), (0, 3)], [])


def test_a_batch_knows_how_many_of_the_offsets_that_it_passes_held_no_message() -> None:
    rows = [sort_message(Message(TOPIC, 0, offset, ORDER), 1000) for offset in (5, 8)]
    batch = cut_batch(TOPIC, rows, {0: 5, 1: 2}, reached={0: 11, 1: 4})
    assert batch.moves == {0: (5, 11), 1: (2, 4)}
    assert batch.skipped == {0: 4, 1: 2}
    behind = cut_batch(TOPIC, rows, {0: 5}, reached={0: 7})
    assert behind.moves == {0: (5, 9)}


def test_messages_that_the_client_had_in_hand_when_it_failed_are_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its position is behind them by then; going on there would pass them as no messages."""
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink(), *AT_ONCE)
    poll = isolated.consumer.poll
    failures = [True]

    def fail_with_messages_in_hand(timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        found = poll(timeout_ms)
        if found and failures:
            failures.pop()
            raise KafkaTimeoutError("no broker")
        return found

    monkeypatch.setattr(isolated.consumer, "poll", fail_with_messages_in_hand)
    isolated.run(polls=40)
    assert failures == []
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_offsets_without_messages_keep_nobody_from_leaving() -> None:
    isolated = IsolatedIngester({0: log_of(0) | gaps(1)}, FakeSink(), "--batch-max-seconds", "3600")
    isolated.sink.offsets = {0: 1}
    isolated.sink.troubles = [transient()]
    isolated.run()
    assert isolated.sink.offsets == {0: 1}

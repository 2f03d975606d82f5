"""When a batch is due and what it takes."""

import pytest

from ingest.batch import Buffer, Held, coordinates_of, cut_batch
from ingest.messages import Reject


def reject(partition: int, offset: int) -> Reject:
    return Reject("no event_type", "sales", partition, offset)


def offsets(rows: list[Held]) -> list[int]:
    return [coordinates_of(each.row)[1] for each in rows]


def test_an_empty_buffer_is_never_due() -> None:
    buffer = Buffer(max_events=1, max_seconds=0, max_bytes=1)
    assert buffer.due_at() is None
    assert not buffer.due(10_000)


def test_a_buffer_is_due_a_fixed_time_after_its_first_message() -> None:
    buffer = Buffer(max_events=50, max_seconds=60, max_bytes=10_000)
    buffer.add(reject(0, 0), 100, now=100)
    buffer.add(reject(0, 1), 100, now=150)
    assert not buffer.due(159.9)
    assert buffer.due(160)


def test_a_buffer_is_due_at_once_when_it_has_enough_rows() -> None:
    buffer = Buffer(max_events=2, max_seconds=60, max_bytes=10_000)
    buffer.add(reject(0, 0), 100, now=100)
    assert not buffer.due(100)
    buffer.add(reject(0, 1), 100, now=100)
    assert buffer.due(100)


def test_a_buffer_is_due_at_once_when_it_has_enough_bytes() -> None:
    buffer = Buffer(max_events=50, max_seconds=60, max_bytes=1000)
    buffer.add(reject(0, 0), 999, now=100)
    assert not buffer.due(100)
    buffer.add(reject(0, 1), 100, now=100)
    assert buffer.due(100)


def test_a_batch_takes_all_that_is_there_up_to_its_bytes() -> None:
    buffer = Buffer(max_events=2, max_seconds=60, max_bytes=1000)
    for offset in range(5):
        buffer.add(reject(0, offset), 300, now=100)
    assert offsets(buffer.take(1000)) == [0, 1, 2]
    assert offsets(buffer.take(1000)) == [3, 4]
    assert buffer.take(1000) == []
    assert buffer.bytes == 0


def test_a_message_larger_than_a_batch_is_a_batch_of_its_own() -> None:
    buffer = Buffer(max_events=2, max_seconds=60, max_bytes=1000)
    buffer.add(reject(0, 0), 5000, now=100)
    buffer.add(reject(0, 1), 100, now=100)
    assert offsets(buffer.take(1000)) == [0]
    assert offsets(buffer.take(1000)) == [1]


def test_what_is_left_after_a_batch_is_due_by_its_own_first_message() -> None:
    buffer = Buffer(max_events=50, max_seconds=60, max_bytes=1000)
    buffer.add(reject(0, 0), 900, now=100)
    buffer.add(reject(0, 1), 101, now=130)
    buffer.take(1000)
    assert buffer.due_at() == 190


def test_dropping_a_partition_leaves_the_others() -> None:
    buffer = Buffer(max_events=50, max_seconds=60, max_bytes=10_000)
    for partition, offset in ((0, 0), (1, 7), (0, 1)):
        buffer.add(reject(partition, offset), 100, now=100)
    assert buffer.drop({0}) == 2
    assert buffer.bytes == 100
    assert [coordinates_of(each.row) for each in buffer.take(10_000)] == [(1, 7)]


def test_a_batch_moves_each_of_its_partitions_from_what_is_stored_to_behind_its_last_row() -> None:
    rows = [reject(0, 10), reject(4, 7), reject(0, 13)]
    batch = cut_batch("sales", rows, stored={0: 10, 4: 2, 5: 99})
    assert batch.moves == {0: (10, 14), 4: (2, 8)}
    assert batch.next_offsets == {0: 14, 4: 8}
    assert batch.rejects == rows
    assert batch.raw_rows == []


def test_a_batch_counts_the_offsets_that_hold_no_message() -> None:
    rows = [reject(0, 10), reject(4, 7), reject(0, 13), reject(1, 0)]
    assert cut_batch("sales", rows, stored={0: 10, 1: 0, 4: 2}).skipped == {0: 2, 4: 5}


def test_a_gap_is_not_a_row_that_offsets_can_be_cut_from() -> None:
    gap = Reject("gap", "sales", 0, None)
    with pytest.raises(ValueError, match="no message behind it"):
        cut_batch("sales", [gap], stored={0: 0})

"""Which messages may be taken, and when a place is believed to lie beyond the topic's end."""

from ingest.batch import Stored
from ingest.messages import Message
from ingest.positions import END_PROOF_SECONDS, OutOfRange, Positions


def messages(*places: tuple[int, int]) -> list[Message]:
    return [Message("sales", partition, offset, b"{}") for partition, offset in places]


def places(found: list[Message]) -> list[tuple[int, int]]:
    return [(each.partition, each.offset) for each in found]


def test_messages_are_taken_once_and_from_placed_partitions_only() -> None:
    positions = Positions()
    positions.start_at({0: Stored(5)})
    assert places(positions.accept(messages((0, 4), (0, 5), (1, 0), (0, 9)))) == [(0, 5), (0, 9)]
    assert places(positions.accept(messages((0, 9), (0, 10)))) == [(0, 10)]


def test_a_partition_that_is_forgotten_takes_nothing_until_it_is_placed_again() -> None:
    positions = Positions()
    positions.start_at({0: Stored(5)})
    positions.forget({0, 3})
    assert positions.accept(messages((0, 5))) == []
    positions.start_at({0: Stored(2)})
    assert places(positions.accept(messages((0, 2)))) == [(0, 2)]


def test_writing_moves_the_fence_and_not_the_place_to_read() -> None:
    positions = Positions()
    positions.start_at({0: Stored(5)})
    positions.accept(messages((0, 5), (0, 6), (0, 7)))
    positions.written({0: 6})
    assert (positions.stored, positions.expected) == ({0: 6}, {0: 8})


def test_an_end_below_the_place_is_believed_only_once_it_stays_there() -> None:
    positions = Positions()
    positions.start_at({0: Stored(50), 1: Stored(7)})
    ends = {0: 10, 1: 7}
    assert positions.beyond_end(ends, now=100.0) == []
    assert positions.beyond_end(ends, now=100.0 + END_PROOF_SECONDS - 0.1) == []
    assert positions.beyond_end(ends, now=100.0 + END_PROOF_SECONDS) == [(0, 10)]


def test_an_end_that_catches_up_clears_the_suspicion() -> None:
    positions = Positions()
    positions.start_at({0: Stored(50)})
    positions.beyond_end({0: 10}, now=100.0)
    positions.beyond_end({0: 50}, now=103.0)
    assert positions.beyond_end({0: 10}, now=106.0) == []


def test_an_end_that_is_not_known_yet_says_nothing() -> None:
    positions = Positions()
    positions.start_at({0: Stored(50)})
    positions.beyond_end({0: None}, now=100.0)
    assert positions.beyond_end({0: None}, now=200.0) == []


def test_what_is_out_of_range_is_said_with_its_numbers() -> None:
    assert str(OutOfRange(2, stored=100, beginning=140)) == (
        "partition 2: INGEST_OFFSETS is at 100 but the topic starts at 140:"
        " retention has removed 40 unread offsets"
    )
    assert str(OutOfRange(2, stored=100, beginning=0, end=7)) == (
        "partition 2: INGEST_OFFSETS is at 100 but the topic ends at 7: it was created again"
    )

"""What an ingester to which nothing comes leaves in INGEST_OFFSETS, on a fake Kafka and a fake
warehouse; with real ones in test_stalled.py."""

from collections.abc import Mapping
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from ingest.errors import NoBroker
from tests.ingest.fakes import FakeSink, transient
from tests.ingest.isolated_ingester import IsolatedIngester, log_of

# Each poll passes half a second.
EVERY_20 = ("--sign-of-life-seconds", "20", "--batch-max-seconds", "1")


def test_an_idle_ingester_signs_ten_seconds_after_its_start_and_then_in_its_time() -> None:
    isolated = IsolatedIngester({0: log_of(), 1: log_of()}, FakeSink({0: 7, 1: 0}), *EVERY_20)
    isolated.consumer.ends = {0: 7}
    signs: list[int] = []
    checks = {n: lambda: signs.append(len(isolated.sink.moves)) for n in (20, 24, 60, 66, 106)}
    isolated.run(polls=110, **{f"at_{poll}": check for poll, check in checks.items()})
    assert signs == [0, 1, 1, 2, 3]
    assert isolated.sink.moves == [{0: (7, 7), 1: (0, 0)}] * 3
    assert isolated.sink.rows == []
    assert isolated.sink.skipped == {}


def test_a_batch_is_as_good_as_a_sign_for_its_partitions() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), *EVERY_20)
    isolated.run(polls=40)
    assert isolated.sink.moves == [{0: (0, 1)}]


def test_in_a_busy_topic_an_idle_partition_signs_within_a_batch_of_the_others() -> None:
    isolated = IsolatedIngester({0: log_of(), 1: log_of()}, FakeSink({0: 0, 1: 5}), *EVERY_20)
    isolated.consumer.ends = {1: 5}

    def arrive(offset: int) -> None:
        isolated.consumer.log[0].update(log_of(offset))

    events: Mapping[str, Any] = {f"at_{2 + n}": lambda n=n: arrive(n) for n in range(97)}
    isolated.run(polls=100, **events)
    with_partition_1 = [moves for moves in isolated.sink.moves if 1 in moves]
    assert len(with_partition_1) == 2
    assert all(moves[1] == (5, 5) and 0 in moves for moves in with_partition_1)
    assert isolated.sink.rows == [(0, offset) for offset in range(97)]


def test_there_is_no_sign_while_a_leader_does_not_answer_and_reading_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    isolated = IsolatedIngester({0: log_of()}, FakeSink(), *EVERY_20)

    def no_answer(*arguments: Any, **more: Any) -> Any:
        raise KafkaTimeoutError("no leader")

    monkeypatch.setattr(isolated.consumer, "end_offsets", no_answer)
    isolated.run(polls=100, at_60=lambda: isolated.consumer.log[0].update(log_of(0)))
    assert isolated.sink.moves == [{0: (0, 1)}]


def test_there_is_no_sign_while_no_broker_knows_the_topic() -> None:
    isolated = IsolatedIngester({0: log_of()}, FakeSink(), *EVERY_20)

    def away() -> None:
        def ask() -> str | None:
            raise NoBroker("nobody there")

        isolated.ingester._seeker._ask_id = ask  # type: ignore[assignment]

    isolated.run(polls=60, at_3=away)
    assert isolated.sink.moves == []


def test_there_is_no_sign_for_a_partition_of_which_messages_wait_and_do_not_come() -> None:
    """By what its leader says, they are there: an operator must see that nothing arrives."""
    isolated = IsolatedIngester({0: log_of(), 1: log_of()}, FakeSink({0: 0, 1: 3}), *EVERY_20)
    isolated.consumer.ends = {0: 400, 1: 3}
    isolated.run(polls=60)
    assert isolated.sink.moves
    assert all(moves == {1: (3, 3)} for moves in isolated.sink.moves)


def test_a_sign_is_behind_the_fence() -> None:
    """Somebody else has written: the offsets are read again, and that place is signed for."""
    isolated = IsolatedIngester({0: log_of()}, FakeSink({0: 0}), *EVERY_20)

    def somebody_else_writes() -> None:
        isolated.sink.offsets[0] = 4

    def the_broker_knows() -> None:
        isolated.consumer.ends = {0: 4}

    isolated.run(polls=100, at_10=somebody_else_writes, at_26=the_broker_knows)
    assert isolated.metric("caves_ingest_fences_lost_total") == 1
    assert isolated.sink.moves[0] == {0: (4, 4)}
    assert isolated.sink.offsets == {0: 4}


def test_a_warehouse_that_is_away_gets_its_sign_when_it_is_back() -> None:
    isolated = IsolatedIngester({0: log_of()}, FakeSink(), *EVERY_20)
    isolated.sink.troubles = [transient()]
    isolated.run(polls=60)
    assert isolated.sink.moves == [{0: (0, 0)}]


def test_signs_do_not_keep_an_idle_ingester_from_leaving() -> None:
    isolated = IsolatedIngester({0: log_of()}, FakeSink(), *EVERY_20, "--idle-exit", "60")
    isolated.run(polls=1000)
    assert len(isolated.sink.moves) == 3
    assert not isolated.stop.is_set()


def test_zero_seconds_mean_no_sign_at_all() -> None:
    isolated = IsolatedIngester({0: log_of()}, FakeSink(), "--sign-of-life-seconds", "0")
    isolated.run(polls=1000)
    assert isolated.sink.moves == []

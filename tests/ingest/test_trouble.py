"""The loop under trouble: long series of refusals, rebalances, sleep, floods, brokers that err."""

import pytest
from kafka.errors import (
    KafkaTimeoutError,
    LogTruncationError,
    TopicAuthorizationFailedError,
)

from ingest.batch import Batch
from ingest.errors import DataRefused, Fatal, Transient
from ingest.messages import kafka_metadata, message_of
from tests.ingest.fakes import ORDER, TOPIC, FakeSink, Record, transient
from tests.ingest.isolated_ingester import IsolatedIngester, log_of


def marked(*offsets: int) -> dict[int, bytes | None]:
    """Messages that can be told apart."""
    return {offset: ORDER + b" " * offset for offset in offsets}


def refuse(sink: FakeSink, log: dict[int, bytes | None]) -> None:
    sink.refuses |= {value.decode() for value in log.values() if value}


def count_writes(isolated: IsolatedIngester) -> list[int]:
    """For each write from now on, the number of polls before it."""
    numbers: list[int] = []
    write = isolated.sink.write

    def counting(batch: Batch) -> None:
        numbers.append(len(isolated.consumer.timeouts))
        write(batch)

    isolated.sink.write = counting  # type: ignore[method-assign]  # the same, but counted
    return numbers


def test_kafka_is_looked_after_between_any_two_attempts_to_write_refused_rows() -> None:
    log = marked(*range(8))
    isolated = IsolatedIngester({0: log}, FakeSink(), "--batch-max-seconds", "0")
    refuse(isolated.sink, log)
    polls = count_writes(isolated)
    isolated.run(polls=60)
    assert [offset for _, offset, _ in isolated.sink.rejects] == list(range(8))
    # 15 refusals on the way down to single rows, and one more write for each of them.
    assert len(polls) == 23
    assert len(set(polls)) == 23


def test_a_reject_that_is_refused_is_kept_without_its_payload() -> None:
    isolated = IsolatedIngester({0: {0: b"?"}}, FakeSink())
    isolated.sink.troubles = [DataRefused("100078: too long")]
    isolated.run()
    assert isolated.sink.rejects == [
        (
            0,
            0,
            "not JSON: a value is missing, or is nothing that JSON knows, at character 1; the"
            " message is in Kafka alone, the warehouse refuses it: 100078: too long",
        )
    ]


def test_leaving_in_the_middle_of_refusals_takes_no_longer_than_leaving_may() -> None:
    log = marked(*range(40))
    isolated = IsolatedIngester({0: log}, FakeSink())
    refuse(isolated.sink, log)
    write = isolated.sink.write

    def write_slowly(batch: Batch) -> None:
        isolated.clock.now += 2
        write(batch)

    isolated.sink.write = write_slowly  # type: ignore[method-assign]  # the same, but slow
    with pytest.raises(Fatal, match=r"left without writing \d+ messages \(no time left after 20 s"):
        isolated.run(polls=4)
    assert isolated.clock.now < 1030


def test_a_rebalance_in_the_middle_of_refusals_waits_for_them_no_longer_than_leaving_may() -> None:
    log = marked(*range(40))
    isolated = IsolatedIngester({0: log}, FakeSink())
    write = isolated.sink.write

    def write_slowly(batch: Batch) -> None:
        isolated.clock.now += 2
        write(batch)

    def revoke() -> None:
        refuse(isolated.sink, log)
        isolated.sink.write = write_slowly  # type: ignore[method-assign]  # the same, but slow
        isolated.consumer.revoke()
        assert isolated.clock.now < 1030
        isolated.sink.write = write  # type: ignore[method-assign]  # as before
        isolated.consumer.assign([0])

    isolated.run(polls=200, at_4=revoke)
    assert [offset for _, offset, _ in isolated.sink.rejects] == list(range(40))


def test_partitions_are_given_up_without_an_attempt_to_write_while_there_is_trouble() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-seconds", "0")
    isolated.sink.troubles = [transient() for _ in range(100)]
    polls = count_writes(isolated)

    def revoke() -> None:
        attempts = len(polls)
        isolated.consumer.revoke()
        assert len(polls) == attempts
        isolated.sink.troubles.clear()
        isolated.consumer.assign([0])

    isolated.run(polls=60, at_10=revoke)
    assert isolated.sink.rows == [(0, 0)]


def test_losing_some_partitions_leaves_the_others_rows_waiting_for_their_second_attempt() -> None:
    isolated = IsolatedIngester(
        {0: log_of(0, 1), 1: log_of(0)}, FakeSink(), "--batch-max-seconds", "0"
    )
    isolated.sink.troubles = [transient()]

    def lose_one() -> None:
        isolated.ingester.on_lost({1})

    isolated.run(polls=40, at_3=lose_one)
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_partitions_that_are_added_to_the_topic_are_read_from_their_start() -> None:
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink(), "--batch-max-seconds", "0")

    def add() -> None:
        isolated.consumer.log[1] = log_of(0, 1, 2)
        isolated.consumer.beginnings[1] = 0
        isolated.consumer.revoke()
        isolated.consumer.assign([0, 1])

    isolated.run(at_8=add)
    assert isolated.sink.rows == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert isolated.sink.offsets == {0: 2, 1: 3}


def test_a_process_that_was_asleep_has_not_been_idle() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--idle-exit", "5")

    def sleep() -> None:
        isolated.clock.now += 3600

    isolated.run(polls=1000, at_4=sleep, at_8=lambda: isolated.consumer.log[0].update(log_of(1)))
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_the_time_of_a_rebalance_is_not_idle_time() -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--idle-exit", "2")
    isolated.run(
        polls=1000,
        at_4=isolated.consumer.revoke,
        at_20=lambda: isolated.consumer.assign([0]),
        at_22=lambda: isolated.consumer.log[0].update(log_of(1)),
    )
    assert isolated.sink.rows == [(0, 0), (0, 1)]


def test_lag_grows_while_the_warehouse_is_away(caplog: pytest.LogCaptureFixture) -> None:
    isolated = IsolatedIngester({0: log_of(*range(10))}, FakeSink(), "--batch-max-seconds", "0")
    lags: list[float | None] = []

    def start_with_the_warehouse_away() -> None:
        isolated.sink.troubles.extend(transient() for _ in range(100))
        isolated.consumer.assign([0])

    def grow() -> None:
        isolated.consumer.log[0].update(log_of(*range(10, 500)))

    def look() -> None:
        lags.append(isolated.metric("caves_ingest_lag", partition="0"))

    caplog.set_level("INFO", "ingest.liveness")
    isolated.run(
        polls=300,
        at_1=start_with_the_warehouse_away,
        at_20=grow,
        at_60=look,
        at_150=isolated.sink.troubles.clear,
        at_151=look,
        at_299=look,
    )
    assert lags == [500, 500, 0]
    assert (
        f"lag: 500 messages of {TOPIC} are not in the warehouse yet, 10 of them are held here"
        in caplog.messages
    )


def test_what_is_held_stays_below_its_limits_however_long_the_warehouse_is_away() -> None:
    limit = 50_000
    log = log_of(*range(4_000))
    flags = ("--batch-max-bytes", str(limit), "--batch-max-seconds", "0")
    isolated = IsolatedIngester({0: log}, FakeSink(), *flags)
    isolated.consumer.most = 100
    size = len(ORDER) + 256
    held: list[float] = []

    def look() -> None:
        held.append(isolated.metric("caves_ingest_buffered_events") or 0)

    isolated.sink.troubles = [transient() for _ in range(12)]
    looks = {f"at_{number}": look for number in range(2, 700)}
    isolated.run(polls=700, **looks)
    # A batch on its way, a full buffer, and the one poll that made it full.
    assert max(held) * size <= 2 * limit + 100 * size
    assert [offset for _, offset in isolated.sink.rows] == list(range(4_000))


@pytest.mark.timeout(20)
def test_the_last_moment_before_another_attempt_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asked for messages of no time at all, Kafka lets none pass."""
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink(), "--batch-max-seconds", "0")
    isolated.sink.troubles = [transient(), transient()]
    # Polls pass half a second each; the second pause is to be half of a second, and a little.
    monkeypatch.setattr("ingest.loop.random.uniform", lambda low, high: 0.5004)
    isolated.run()
    assert isolated.sink.rows == [(0, 0)]


def test_a_broker_that_errs_while_the_topic_is_looked_for_is_asked_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink())
    monkeypatch.setattr("ingest.loop.TOPIC_CHECK_SECONDS", 0)
    answers = iter([KafkaTimeoutError("no answer"), set(), {0}])

    def partitions_for_topic(topic: str) -> set[int]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(isolated.consumer, "partitions_for_topic", partitions_for_topic)
    isolated.run()
    assert isolated.sink.rows == [(0, 0)]
    assert any("looking for the topic: " in each for each in caplog.messages)


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (TopicAuthorizationFailedError("t"), "allow this user to READ and DESCRIBE the topic"),
        (LogTruncationError({}), "start again to read on behind them"),
    ],
)
def test_a_broker_that_refuses_for_good_is_a_clear_line(error: Exception, complaint: str) -> None:
    isolated = IsolatedIngester({0: log_of(0)}, FakeSink())

    def fail() -> None:
        raise error

    with pytest.raises(Fatal, match=complaint):
        isolated.run(at_3=fail)


def test_a_record_without_headers_is_one_without_headers() -> None:
    record = Record(0, 0)._replace(headers=None)  # type: ignore[arg-type]  # as old clients give
    assert kafka_metadata(message_of(record))["headers"] == []


def test_an_attempt_that_is_neither_refused_nor_written_is_not_lost() -> None:
    """A COMMIT whose answer is lost, and whose fate cannot be asked for."""
    isolated = IsolatedIngester({0: log_of(0, 1)}, FakeSink(), "--batch-max-seconds", "0")
    write = isolated.sink.write
    lost = iter([True])

    def write_and_lose_the_answer(batch: Batch) -> None:
        write(batch)
        if next(lost, False):
            raise Transient("no answer")

    isolated.sink.write = write_and_lose_the_answer  # type: ignore[method-assign]  # with a fault
    isolated.run(polls=40)
    assert isolated.sink.rows == [(0, 0), (0, 1)]
    assert isolated.metric("caves_ingest_fences_lost_total") == 1

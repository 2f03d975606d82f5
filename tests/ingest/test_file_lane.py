"""Rows that go as files of the stage: they come out as those that are bound to a statement do, each
once, and no file stays."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from snowflake.connector import errors

from ingest import staged_files
from ingest.batch import Batch, cut_batch
from ingest.batch_file import parquet
from ingest.errors import DataRefused, FenceLost, Transient
from ingest.messages import Message, RawRow, Reject, sort_message
from ingest.snowflake_sink import SnowflakeSink
from ingest.staged_files import FIRST_REST_SECONDS, StagedFiles
from tests.conftest import RunningAccount
from tests.ingest.fakes import ORDER, FakeClock, FakeSink
from tests.ingest.hostile_generator import messages
from tests.ingest.isolated_ingester import IsolatedIngester, log_of
from tests.ingest.saboteur import Saboteur

TOPIC = "sales"
COLUMNS = (
    "EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID, EVENT_DATA, KAFKA_TOPIC,"
    " KAFKA_OFFSET, KAFKA_METADATA"
)


@pytest.fixture
def saboteur(account: RunningAccount, raw_data: str) -> Saboteur:
    return Saboteur(lambda: account.connect(database=raw_data, network_timeout=10))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sink(saboteur: Saboteur, raw_data: str, clock: FakeClock) -> Iterator[SnowflakeSink]:
    opened = SnowflakeSink(saboteur, raw_data, files=True, clock=clock)
    opened.create_offsets(TOPIC, {0: 0, 1: 0})
    yield opened
    opened.close()


@pytest.fixture
def ask(account: RunningAccount, raw_data: str) -> Iterator[Callable[[str], list[Any]]]:
    with account.connect(database=raw_data) as connection:
        yield lambda sql: list(connection.cursor().execute(sql).fetchall())
        connection.cursor().execute("REMOVE @RAW_DATA.INGEST_FILES")


def order(offset: int, partition: int = 0) -> RawRow:
    text = json.dumps({"event_type": "ORDER_CREATED", "event_id": f"E{offset}"})
    row = sort_message(Message(TOPIC, partition, offset, text.encode(), key=b"P1"), 1_000_000)
    assert isinstance(row, RawRow)
    return row


def as_file(*rows: RawRow | Reject, **stored: int) -> Batch:
    places = {int(name[1:]): offset for name, offset in stored.items()}
    return cut_batch(TOPIC, rows, places, as_file=True)


def values(rows: list[Any]) -> list[Any]:
    """The rows, with their VARIANTs as values: an escape in a text is the character."""
    return [(*row[:5], json.loads(row[5]), *row[6:8], json.loads(row[8])) for row in rows]


FILES = "LIST @RAW_DATA.INGEST_FILES"
OFFSETS = "SELECT KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM ORDER BY KAFKA_OFFSET"


def test_any_row_is_the_same_whichever_way_it_went(
    sink: SnowflakeSink, ask: Callable[[str], list[Any]]
) -> None:
    sorted_rows = {
        partition: [
            sort_message(
                Message(
                    *(TOPIC, partition, offset, each.value, each.key),
                    timestamp=1_795_385_003_189,
                    timestamp_type=offset % 2,
                    headers=each.headers,
                ),
                1_000_000,
            )
            for offset, each in enumerate(messages(5, 400, datetime(2026, 11, 28)))
        ]
        for partition in (0, 1)
    }
    # A row without an id of its own goes by its place, which names the partition.
    raw = {
        partition: [
            row._replace(
                envelope=row.envelope._replace(event_id=f"own {row.envelope.event_id[:99]}")
            )
            if row.envelope.event_id != row.message.coordinates
            else row._replace(envelope=row.envelope._replace(event_id="none"))
            for row in rows
            if isinstance(row, RawRow)
        ]
        for partition, rows in sorted_rows.items()
    }
    assert len(raw[0]) > 200
    sink.write(cut_batch(TOPIC, raw[0], {0: 0}))
    sink.write(as_file(*raw[1], p1=0))
    bound, filed = (
        values(
            ask(
                f"SELECT {COLUMNS} FROM RAW_DATA.RAW_EVENTS_STREAM"
                f" WHERE KAFKA_PARTITION = {partition} ORDER BY KAFKA_OFFSET"
            )
        )
        for partition in (0, 1)
    )
    assert len(bound) == len(raw[0])
    assert bound == filed


def test_a_batch_is_a_file_in_one_transaction_with_its_rejects_and_no_file_stays(
    sink: SnowflakeSink, saboteur: Saboteur, ask: Callable[[str], list[Any]], raw_data: str
) -> None:
    bad = sort_message(Message(TOPIC, 0, 2, b"no"), 1000)
    saboteur.statements.clear()
    saboteur.before = lambda sql: (
        None if not sql.strip().startswith("BEGIN") else seen.append(len(ask(FILES)))
    )
    seen: list[int] = []
    sink.write(as_file(order(0), order(1), bad, p0=0))
    assert [each.split()[0] for each in saboteur.statements] == [
        *("PUT", "BEGIN", "COPY", "INSERT", "UPDATE", "COMMIT", "REMOVE", "LIST"),
    ]
    assert seen == [1]
    assert ask(FILES) == []
    assert ask(OFFSETS) == [(0,), (1,)]
    assert ask("SELECT KAFKA_OFFSET FROM RAW_DATA.REJECTED_EVENTS") == [(2,)]
    assert sink.read_offsets(TOPIC, {0}) == {0: 3}
    [[age]] = ask(
        "SELECT DATEDIFF(SECOND, MIN(INGESTION_TIMESTAMP), SYSDATE())"
        " FROM RAW_DATA.RAW_EVENTS_STREAM"
    )
    assert 0 <= age < 300


def test_behind_a_moved_fence_no_file_is_loaded(
    sink: SnowflakeSink, ask: Callable[[str], list[Any]]
) -> None:
    sink.write(as_file(order(0), order(1), p0=0))
    with pytest.raises(FenceLost):
        sink.write(as_file(order(0), order(1), p0=0))
    assert ask(OFFSETS) == [(0,), (1,)]
    sink.write(as_file(order(2), order(3), p0=2))
    assert ask(OFFSETS) == [(0,), (1,), (2,), (3,)]
    assert ask(FILES) == []


def test_an_ingester_that_loads_a_file_holds_up_no_other(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    account: RunningAccount,
    ask: Callable[[str], list[Any]],
    raw_data: str,
) -> None:
    other = SnowflakeSink(lambda: account.connect(database=raw_data), raw_data, files=True)
    found: list[Any] = []

    def write_another(sql: str) -> None:
        if sql.strip().startswith("COPY") and not found:
            found.append(None)
            other.write(as_file(order(7, 1), order(8, 1), p1=0))
            found.append(ask(OFFSETS))

    saboteur.after = write_another
    sink.write(as_file(order(0), order(1), p0=0))
    other.close()
    assert found == [None, [(7,), (8,)]]
    assert ask(OFFSETS) == [(0,), (1,), (7,), (8,)]
    assert sink.read_offsets(TOPIC, {0, 1}) == {0: 2, 1: 9}


@pytest.mark.parametrize("word", ["PUT", "BEGIN", "UPDATE", "COPY", "COMMIT", "REMOVE"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_lost_anywhere_leaves_each_row_once_after_a_retry(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    clock: FakeClock,
    ask: Callable[[str], list[Any]],
    word: str,
    moment: str,
) -> None:
    cut = iter([True])

    def cut_once(sql: str) -> None:
        if sql.strip().startswith(word) and next(cut, False):
            raise errors.OperationalError("the line is dead", errno=250003)

    setattr(saboteur, moment, cut_once)
    written = as_file(order(0), order(1), p0=0)
    try:
        sink.write(written)
        settled = True
    except Transient:
        settled = False
        # What cannot upload takes the other lane for a while.
        assert sink.takes_files == (word != "PUT")
        clock.now += FIRST_REST_SECONDS
        assert sink.takes_files
        sink.write(written)
    assert settled == (word == "REMOVE" or (word == "COMMIT" and moment == "after"))
    assert ask(OFFSETS) == [(0,), (1,)]
    sink.write(as_file(order(2), order(3), p0=2))
    assert ask(OFFSETS) == [(0,), (1,), (2,), (3,)]
    assert ask(FILES) == []


def test_data_that_the_warehouse_refuses_is_told_apart_and_rolled_back(
    sink: SnowflakeSink, ask: Callable[[str], list[Any]]
) -> None:
    bad = RawRow(Message(TOPIC, 0, 1, b""), order(1).envelope, '{"a": ')
    with pytest.raises(DataRefused):
        sink.write(as_file(order(0), bad, p0=0))
    assert sink.read_offsets(TOPIC, {0}) == {0: 0}
    assert ask(OFFSETS) == []
    assert sink.takes_files


def test_a_file_that_was_removed_too_early_costs_another_attempt_and_no_row(
    sink: SnowflakeSink, saboteur: Saboteur, ask: Callable[[str], list[Any]]
) -> None:
    gone = iter([True])

    def sweep_too_early(sql: str) -> None:
        if sql.strip().startswith("COPY") and next(gone, False):
            ask("REMOVE @RAW_DATA.INGEST_FILES")

    saboteur.before = sweep_too_early
    with pytest.raises(Transient, match="was not found"):
        sink.write(as_file(order(0), order(1), p0=0))
    assert sink.read_offsets(TOPIC, {0}) == {0: 0}
    sink.write(as_file(order(0), order(1), p0=0))
    assert ask(OFFSETS) == [(0,), (1,)]


def test_a_file_with_other_rows_than_those_of_the_batch_is_not_committed(
    sink: SnowflakeSink, saboteur: Saboteur, account: RunningAccount, raw_data: str
) -> None:
    def shorten(sql: str) -> None:
        if sql.strip().startswith("COPY"):
            with account.connect(database=raw_data) as connection:
                [(path, *_)] = connection.cursor().execute(FILES).fetchall()
                connection.cursor().execute(
                    f"PUT 'file:///{path.split('/')[-1]}' @RAW_DATA.INGEST_FILES"
                    " AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
                    file_stream=parquet(TOPIC, [order(0)], "2026-11-28 00:00:00"),
                )

    saboteur.before = shorten
    with pytest.raises(Transient, match="loaded 1 of 2 rows; the rows go without a file"):
        sink.write(as_file(order(0), order(1), p0=0))
    assert sink.read_offsets(TOPIC, {0}) == {0: 0}
    assert not sink.takes_files


def test_without_the_stage_the_start_says_so_and_statements_do_it(
    account: RunningAccount, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    with account.connect(database=database) as connection:
        connection.cursor().execute("CREATE SCHEMA RAW_DATA")
        for table, columns in (
            ("RAW_EVENTS_STREAM", "EVENT_ID INT"),
            ("REJECTED_EVENTS", "REASON INT"),
        ):
            connection.cursor().execute(f"CREATE TABLE RAW_DATA.{table} ({columns})")
    sink = SnowflakeSink(lambda: account.connect(database=database), database, files=True)
    assert sink.takes_files
    with caplog.at_level(logging.WARNING, "ingest"):
        sink._sweep()
    assert not sink.takes_files
    assert "no files for 2 s, statements alone: looking for files that were left: " in caplog.text
    assert "caves deploy" in caplog.text
    sink.close()


def test_the_lane_rests_longer_each_time_and_is_itself_again_after_a_success() -> None:
    clock = FakeClock()
    files = StagedFiles(lambda sql, doing, content: [], clock)
    for seconds in (2, 4, 8):
        files.rest(Transient("a firewall"))
        clock.now += seconds - 1
        assert not files.usable
        clock.now += 1
        assert files.usable
    files.upload(parquet(TOPIC, [order(0)], "2026-11-28 00:00:00"))
    files.remove_own()
    files.rest(Transient("a firewall"))
    clock.now += 2
    assert files.usable


def test_what_is_left_for_an_hour_is_swept_and_all_else_stays() -> None:
    now = datetime(2026, 11, 28, 12, 0)
    young, stale = (now.replace(tzinfo=UTC) - timedelta(minutes=each) for each in (59, 61))
    mine, theirs, fresh = ("0" * 32, "a" * 32, "f" * 32)
    listed = [
        (f"ingest_files/{theirs}.parquet", 10, "md5", format_datetime(stale, usegmt=True)),
        (f"ingest_files/{fresh}.parquet", 10, "md5", format_datetime(young, usegmt=True)),
        ("ingest_files/mine.parquet'; DROP", 10, "md5", format_datetime(stale, usegmt=True)),
        (f"ingest_files/{mine}.csv", 10, "md5", format_datetime(stale, usegmt=True)),
    ]
    asked: list[str] = []

    def run(sql: str, doing: str, content: Any) -> list[Any]:
        asked.append(sql)
        return {"LIST": listed, "SELECT": [(now,)]}.get(sql.split()[0], [])

    clock = FakeClock()
    files = StagedFiles(run, clock)
    files.sweep()
    assert [each for each in asked if each.startswith("REMOVE")] == [
        f"REMOVE @{{database}}.RAW_DATA.INGEST_FILES/{theirs}.parquet"
    ]
    asked.clear()
    files.sweep()
    assert asked == []
    clock.now += staged_files.SWEEP_SECONDS
    files.sweep()
    assert asked[0].startswith("LIST")


def test_a_new_ingester_sweeps_what_a_killed_one_has_left(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    raw_data: str,
    ask: Callable[[str], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(sql: str) -> None:
        raise KeyboardInterrupt

    saboteur.after = lambda sql: die(sql) if sql.startswith("PUT") else None
    with pytest.raises(KeyboardInterrupt):
        sink.write(as_file(order(0), order(1), p0=0))
    saboteur.after = lambda sql: None
    SnowflakeSink(saboteur, raw_data, files=True).check(TOPIC)
    assert len(ask(FILES)) == 1
    monkeypatch.setattr(staged_files, "STALE", timedelta(days=-1))
    SnowflakeSink(saboteur, raw_data, files=True).check(TOPIC)
    assert ask(FILES) == []
    assert ask(OFFSETS) == []


class FileSink(FakeSink):
    """Says which batches came as files."""

    takes_files = True

    def __init__(self) -> None:
        super().__init__()
        self.files: list[bool] = []

    def write(self, batch: Batch) -> None:
        super().write(batch)
        self.files.append(batch.as_file)


# A message of the fake Kafka counts as many bytes.
SIZE = Message(TOPIC, 0, 0, ORDER).size
MANY = ("--batch-max-seconds", "0", "--batch-max-bytes", "2000")
BACKLOG = (*MANY, "--file-min-bytes", "4000", "--file-max-bytes", "10000")


def test_what_waits_decides_whether_a_batch_is_a_file() -> None:
    sink = FileSink()
    in_file, in_statement = 10_000 // SIZE, 2_000 // SIZE
    backlog = 2 * in_file + in_statement
    isolated = IsolatedIngester({0: log_of(*range(backlog))}, sink, *BACKLOG)
    late = log_of(*range(backlog, backlog + 3))
    isolated.run(at_12=lambda: isolated.consumer.log[0].update(late))
    assert sink.files == [True, True, False, False]
    assert list(map(len, sink.batches)) == [in_file, in_file, in_statement, 3]
    assert isolated.metric("caves_ingest_batches_total", lane="file") == 2
    assert isolated.metric("caves_ingest_batches_total", lane="bound") == 2


def test_a_lane_that_closes_leaves_its_rows_to_statements_of_their_size() -> None:
    class Closing(FileSink):
        def write(self, batch: Batch) -> None:
            if batch.as_file:
                self.takes_files = False
                raise Transient("no stage")
            super().write(batch)

    sink = Closing()
    isolated = IsolatedIngester({0: log_of(*range(50))}, sink, *BACKLOG)
    isolated.run(polls=60)
    assert set(sink.files) == {False}
    assert [offset for offsets in sink.batches for offset in offsets] == list(range(50))
    assert max(map(len, sink.batches)) == 2000 // SIZE


def test_a_row_that_is_refused_in_a_file_is_rejected_by_the_word_of_a_statement() -> None:
    sink = FileSink()
    log = log_of(*range(20))
    log[7] = b'{"event_id": "bad"}'
    sink.refuses = {'{"event_id": "bad"}'}
    small = ("--file-min-bytes", "1", "--file-max-bytes", "100000", "--batch-max-seconds", "0")
    isolated = IsolatedIngester({0: log}, sink, *small)
    isolated.run(polls=40)
    assert [offset for _, offset, _ in sink.rejects] == [7]
    assert sorted(offset for _, offset in sink.rows) == [*range(7), *range(8, 20)]
    assert [f for f, rows in zip(sink.files, sink.batches, strict=True) if len(rows) == 1] == (
        [False] * sum(len(rows) == 1 for rows in sink.batches)
    )
    assert True in sink.files


def test_rejects_beside_a_file_are_no_more_than_a_statement_takes() -> None:
    sink = FileSink()
    log = log_of(*range(30))
    log |= dict.fromkeys(range(0, 30, 2), b"no")
    isolated = IsolatedIngester({0: log}, sink, *BACKLOG)
    isolated.run(polls=40)
    assert sum(map(len, sink.batches)) == 30
    assert len(sink.rejects) == 15
    most = 2000 // Message(TOPIC, 0, 0, b"no").size
    rejected = {offset for _, offset, _ in sink.rejects}
    assert max(len(rejected & set(rows)) for rows in sink.batches) <= most

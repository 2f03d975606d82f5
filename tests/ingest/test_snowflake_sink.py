"""The sink's transactions on an account, with a saboteur between it and the connector."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from snowflake.connector import errors

from ingest.batch import Batch, cut_batch
from ingest.errors import DataRefused, Fatal, FenceLost, Transient
from ingest.messages import Message, RawRow, Reject, sort_message
from ingest.snowflake_sink import SnowflakeSink
from tests.conftest import RunningAccount
from tests.ingest.saboteur import Saboteur

TOPIC = "sales"


@pytest.fixture
def saboteur(account: RunningAccount, raw_data: str) -> Saboteur:
    return Saboteur(lambda: account.connect(database=raw_data, network_timeout=10))


@pytest.fixture
def sink(saboteur: Saboteur, raw_data: str) -> Iterator[SnowflakeSink]:
    opened = SnowflakeSink(saboteur, raw_data)
    yield opened
    opened.close()


@pytest.fixture
def rows(account: RunningAccount, raw_data: str) -> Iterator[Callable[[str], list[Any]]]:
    """rows('REJECTED_EVENTS.REASON') -> that column, in the order of partitions and offsets."""
    with account.connect(database=raw_data) as connection:

        def select(name: str) -> list[Any]:
            table, column = name.split(".")
            sql = f"SELECT {column} FROM RAW_DATA.{table} ORDER BY KAFKA_PARTITION, KAFKA_OFFSET"
            return [row[0] for row in connection.cursor().execute(sql).fetchall()]

        yield select


def order(offset: int, partition: int = 0, **fields: Any) -> RawRow | Reject:
    event = {"event_type": "ORDER_CREATED", "event_id": f"E{offset}", **fields}
    text = json.dumps(event, ensure_ascii=False)
    return sort_message(Message(TOPIC, partition, offset, text.encode(), key=b"P1"), 1_000_000)


def batch(*written: RawRow | Reject, **stored: int) -> Batch:
    return cut_batch(TOPIC, written, {int(name[1:]): offset for name, offset in stored.items()})


def test_rows_arrive_as_they_came(
    sink: SnowflakeSink, account: RunningAccount, raw_data: str
) -> None:
    text = (
        '{"event_type": "ORDER_CREATED", "event_id": "É1 🍷", "product_id": 7,'
        ' "event_timestamp": "2026-11-22T10:00:00.123456+01:00", "customer_id": "C\'1",'
        ' "unit_price": 12.50, "quote": "\\"\\\\", "nothing": null, "name": "Château – Yquem"}'
    )
    message = Message(
        TOPIC, 3, 41, text.encode(), b"7", 1_795_385_003_189, 0, [("source", b"caf\xc3\xa9")]
    )
    sink.create_offsets(TOPIC, {3: 40})
    sink.write(batch(sort_message(message, 10_000), p3=40))
    with account.connect(database=raw_data) as connection:
        row = (
            connection.cursor()
            .execute(
                "SELECT EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID,"
                " KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, EVENT_DATA, KAFKA_METADATA,"
                " EVENT_DATA:unit_price::VARCHAR, EVENT_DATA:quote::VARCHAR,"
                " EVENT_DATA:name::VARCHAR,"
                " INGESTION_TIMESTAMP > DATEADD(MINUTE, -5, SYSDATE())"
                " FROM RAW_DATA.RAW_EVENTS_STREAM"
            )
            .fetchone()
        )
    assert row[:8] == (
        "É1 🍷",
        "ORDER_CREATED",
        datetime(2026, 11, 22, 9, 0, 0, 123456),
        "7",
        "C'1",
        TOPIC,
        3,
        41,
    )
    assert json.loads(row[8]) == json.loads(text)
    assert json.loads(row[9]) == {
        "key": "7",
        "timestamp": 1_795_385_003_189,
        "timestamp_type": "CreateTime",
        "headers": [{"name": "source", "value": "café"}],
    }
    assert float(row[10]) == 12.5
    assert row[11:] == ('"\\', "Château – Yquem", True)


def test_what_an_event_lacks_is_null(sink: SnowflakeSink, rows: Callable[[str], list[Any]]) -> None:
    sink.create_offsets(TOPIC, {0: 0})
    sink.write(batch(order(0, event_timestamp="soon"), p0=0))
    for column in ("EVENT_TIMESTAMP", "PRODUCT_ID", "CUSTOMER_ID"):
        assert rows(f"RAW_EVENTS_STREAM.{column}") == [None]


def test_offsets_that_hold_no_message_are_counted_beside_the_place(
    sink: SnowflakeSink, account: RunningAccount, raw_data: str
) -> None:
    sink.create_offsets(TOPIC, {0: 5})
    sink.write(batch(order(5), p0=5))
    sink.write(batch(order(8), order(10), p0=6))
    sink.write(batch(order(12), p0=11))
    with account.connect(database=raw_data) as connection:
        found = connection.cursor().execute(
            "SELECT NEXT_OFFSET, SKIPPED FROM RAW_DATA.INGEST_OFFSETS"
        )
        assert found.fetchall() == [(13, 4)]
        # A topic that was created again, and no broker gives its id, is counted from its start.
        sink.write(Batch(TOPIC, {0: (13, 0)}, []))
        found.execute("SELECT NEXT_OFFSET, SKIPPED FROM RAW_DATA.INGEST_OFFSETS")
        assert found.fetchall() == [(0, 0)]


def test_rejects_arrive_with_reason_and_payload(
    sink: SnowflakeSink, account: RunningAccount, raw_data: str
) -> None:
    sink.create_offsets(TOPIC, {0: 0})
    messages = [
        Message(TOPIC, 0, 0, b"\xff'"),
        Message(TOPIC, 0, 1, '["É"]'.encode()),
        Message(TOPIC, 0, 2, None),
    ]
    sink.write(batch(*(sort_message(each, 1000) for each in messages), p0=0))
    with account.connect(database=raw_data) as connection:
        found = (
            connection.cursor()
            .execute(
                "SELECT STAGE, REASON, EVENT_ID, EVENT_TYPE, PAYLOAD, PAYLOAD_ENCODING,"
                " KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, STATUS"
                " FROM RAW_DATA.REJECTED_EVENTS ORDER BY KAFKA_OFFSET"
            )
            .fetchall()
        )
    invalid = "not UTF-8: byte 1 cannot stand in a text"
    array = "not a JSON object: an array"
    tombstone = "a tombstone: the message has no value"
    assert found == [
        ("INGEST", invalid, None, None, "/yc=", "base64", TOPIC, 0, 0, "OPEN"),
        ("INGEST", array, None, None, '["É"]', "utf-8", TOPIC, 0, 1, "OPEN"),
        ("INGEST", tombstone, None, None, None, None, TOPIC, 0, 2, "OPEN"),
    ]


@pytest.mark.parametrize("size", [1, 50, 3000])
@pytest.mark.parametrize("inserts", [("raw",), ("rejects",), ("raw", "rejects")], ids=" and ".join)
def test_a_batch_is_five_statements_at_most_whatever_its_size(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    rows: Callable[[str], list[Any]],
    size: int,
    inserts: tuple[str, ...],
) -> None:
    sink.create_offsets(TOPIC, {0: 0, 1: 0})
    sink.read_offsets(TOPIC, {0, 1})
    saboteur.statements.clear()
    held: list[RawRow | Reject] = []
    if "raw" in inserts:
        held += [order(offset, offset % 2) for offset in range(size)]
    if "rejects" in inserts:
        held += [Reject("no event_type", TOPIC, 0, size + offset) for offset in range(size)]
    sink.write(batch(*held, p0=0, p1=0))
    assert saboteur.statements == [
        "BEGIN TRANSACTION",
        *["INSERT INTO"] * len(inserts),
        f"UPDATE {sink._database}.RAW_DATA.INGEST_OFFSETS",
        "COMMIT",
    ]
    written = len(rows("RAW_EVENTS_STREAM.EVENT_ID")), len(rows("REJECTED_EVENTS.EVENT_ID"))
    assert written == (size * ("raw" in inserts), size * ("rejects" in inserts))


def test_missing_offsets_are_added_and_existing_ones_left_alone(sink: SnowflakeSink) -> None:
    sink.create_offsets(TOPIC, {0: 5, 1: 6})
    sink.create_offsets(TOPIC, {0: 99, 2: 7})
    sink.create_offsets("other", {0: 1})
    assert sink.read_offsets(TOPIC, {0, 1, 2, 3}) == {0: 5, 1: 6, 2: 7}
    assert sink.read_offsets("other", {0, 1}) == {0: 1}


def test_a_moved_fence_writes_nothing(
    sink: SnowflakeSink, rows: Callable[[str], list[Any]]
) -> None:
    sink.create_offsets(TOPIC, {0: 0, 1: 0})
    sink.write(batch(order(0), p0=0))
    with pytest.raises(FenceLost, match=r"1 of 2 rows of INGEST_OFFSETS were as expected"):
        sink.write(batch(order(0), order(0, 1), p0=0, p1=0))
    assert sink.read_offsets(TOPIC, {0, 1}) == {0: 1, 1: 0}
    assert rows("RAW_EVENTS_STREAM.EVENT_ID") == ["E0"]


def test_an_ingester_that_inserts_rows_holds_up_no_other(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    account: RunningAccount,
    raw_data: str,
    rows: Callable[[str], list[Any]],
) -> None:
    """Its transaction is open, and its rows are written; the fence comes behind them."""
    sink.create_offsets(TOPIC, {0: 0, 1: 0})
    other = SnowflakeSink(lambda: account.connect(database=raw_data), raw_data)
    found: list[Any] = []

    def write_another(sql: str) -> None:
        if sql.strip().startswith("INSERT INTO") and not found:
            found.append(None)
            other.write(batch(order(7, 1), p1=0))
            found.append(rows("RAW_EVENTS_STREAM.EVENT_ID"))

    saboteur.after = write_another
    sink.write(batch(order(3), p0=0))
    other.close()
    assert found == [None, ["E7"]]
    assert rows("RAW_EVENTS_STREAM.EVENT_ID") == ["E3", "E7"]
    assert sink.read_offsets(TOPIC, {0, 1}) == {0: 4, 1: 8}


def test_rows_whose_fence_another_has_moved_meanwhile_are_undone(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    account: RunningAccount,
    raw_data: str,
    rows: Callable[[str], list[Any]],
) -> None:
    """Both have inserted the same messages; the one that is late loses."""
    sink.create_offsets(TOPIC, {0: 0})
    other = SnowflakeSink(lambda: account.connect(database=raw_data), raw_data)
    rival = iter([True])

    def write_the_same(sql: str) -> None:
        if sql.strip().startswith("UPDATE") and next(rival, False):
            other.write(batch(order(0), order(1), p0=0))

    saboteur.before = write_the_same
    with pytest.raises(FenceLost, match=r"0 of 1 rows of INGEST_OFFSETS were as expected"):
        sink.write(batch(order(0), order(1), p0=0))
    other.close()
    assert rows("RAW_EVENTS_STREAM.EVENT_ID") == ["E0", "E1"]
    assert sink.read_offsets(TOPIC, {0}) == {0: 2}


@pytest.mark.parametrize("word", ["BEGIN", "UPDATE", "INSERT INTO", "COMMIT"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_lost_anywhere_leaves_each_row_once_after_a_retry(
    sink: SnowflakeSink,
    saboteur: Saboteur,
    rows: Callable[[str], list[Any]],
    word: str,
    moment: str,
) -> None:
    sink.create_offsets(TOPIC, {0: 0})
    cut = iter([True])

    def cut_once(sql: str) -> None:
        if sql.strip().startswith(word) and next(cut, False):
            raise errors.OperationalError("the line is dead", errno=250003)

    setattr(saboteur, moment, cut_once)
    written = batch(order(0), order(1), p0=0)
    try:
        sink.write(written)
        settled = True
    except Transient:
        settled = False
        sink.write(written)
    # Only a COMMIT that took effect before its answer was lost needs no second attempt.
    assert settled == (word == "COMMIT" and moment == "after")
    assert rows("RAW_EVENTS_STREAM.KAFKA_OFFSET") == [0, 1]
    assert sink.read_offsets(TOPIC, {0}) == {0: 2}
    assert saboteur.opened == 2


def test_data_that_the_warehouse_refuses_is_told_apart_and_rolled_back(
    sink: SnowflakeSink, rows: Callable[[str], list[Any]]
) -> None:
    good = order(0)
    assert isinstance(good, RawRow)
    # Python's parser would never let this through; some text that only the warehouse refuses will.
    bad = RawRow(Message(TOPIC, 0, 1, b""), good.envelope, '{"a": ')
    sink.create_offsets(TOPIC, {0: 0})
    with pytest.raises(DataRefused):
        sink.write(batch(good, bad, p0=0))
    assert sink.read_offsets(TOPIC, {0}) == {0: 0}
    sink.write(batch(good, p0=0))
    assert rows("RAW_EVENTS_STREAM.EVENT_ID") == ["E0"]


def test_a_missing_table_is_one_clear_line(account: RunningAccount, database: str) -> None:
    sink = SnowflakeSink(lambda: account.connect(database=database), database)
    try:
        with pytest.raises(
            Fatal, match=r"reading INGEST_OFFSETS.*has the application been deployed"
        ):
            sink.check(TOPIC)
    finally:
        sink.close()


def test_two_rows_for_one_partition_stop_the_ingester(
    sink: SnowflakeSink, account: RunningAccount, raw_data: str
) -> None:
    with account.connect(database=raw_data) as connection:
        connection.cursor().execute(
            "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET)"
            " VALUES ('sales', 0, 1), ('sales', 0, 2)"
        )
    with pytest.raises(Fatal, match="two rows for partition 0 of 'sales'; stop all ingesters"):
        sink.read_offsets(TOPIC, {0})


def test_a_row_without_an_offset_stops_the_ingester(
    sink: SnowflakeSink, account: RunningAccount, raw_data: str
) -> None:
    with account.connect(database=raw_data) as connection:
        connection.cursor().execute(
            "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION) VALUES ('sales', 4)"
        )
    with pytest.raises(Fatal, match="no NEXT_OFFSET for partition 4 of 'sales'; delete the row"):
        sink.read_offsets(TOPIC, {0})


def test_an_unreachable_account_is_fatal_at_the_start_and_transient_later(raw_data: str) -> None:
    def connect() -> Any:
        raise errors.OperationalError("no route", errno=250001)

    sink = SnowflakeSink(connect, raw_data)
    with pytest.raises(Fatal, match="connecting to Snowflake"):
        sink.check(TOPIC)
    with pytest.raises(Transient, match="connecting to Snowflake"):
        sink.read_offsets(TOPIC, {0})


def test_rejects_keep_key_time_and_headers_as_rows_of_raw_do(
    sink: SnowflakeSink, account: RunningAccount, raw_data: str
) -> None:
    sink.create_offsets(TOPIC, {0: 0})
    message = Message(
        TOPIC, 0, 0, b"\xff", "Pé".encode(), 1_795_385_003_189, 0, [("trace", b"\xff"), ("a", None)]
    )
    sink.write(batch(sort_message(message, 1000), p0=0))
    with account.connect(database=raw_data) as connection:
        sql = "SELECT KAFKA_METADATA FROM RAW_DATA.REJECTED_EVENTS"
        [(found,)] = connection.cursor().execute(sql).fetchall()
    assert json.loads(found) == {
        "key": "Pé",
        "timestamp": 1_795_385_003_189,
        "timestamp_type": "CreateTime",
        "headers": [
            {"name": "trace", "value": "/w==", "value_encoding": "base64"},
            {"name": "a", "value": None},
        ],
    }

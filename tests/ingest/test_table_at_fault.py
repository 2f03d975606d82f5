"""A table that is no longer as the application makes it stops the ingester; an event that is
hostile does not. On an account, with the consumer in memory."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.batch import Batch
from ingest.envelope import Envelope
from ingest.errors import DataRefused, Fatal
from ingest.messages import Message, RawRow, Reject, sort_message, twin
from ingest.snowflake_sink import SnowflakeSink
from tests.conftest import RunningAccount
from tests.ingest.conftest import create_raw_data
from tests.ingest.fakes import TOPIC, FakeSink, transient
from tests.ingest.isolated_ingester import IsolatedIngester


def event(number: int, **fields: Any) -> bytes:
    full = {"event_type": "ORDER_CREATED", "event_id": f"E{number}", "product_id": f"wine-{number}"}
    return json.dumps({**full, "customer_id": f"C{number}", **fields}).encode()


class Tables:
    def __init__(self, account: RunningAccount, database: str) -> None:
        self.account = account
        self.database = database
        self.connection = account.connect(database=database, schema="RAW_DATA")
        create_raw_data(self.connection, database)
        self.sink = SnowflakeSink(lambda: account.connect(database=database), database)

    def rows(self, sql: str) -> list[Any]:
        return list(self.connection.cursor().execute(sql).fetchall())

    def ingest(self, *values: bytes | None) -> None:
        """These messages, from the topic into the tables, as a batch."""
        flags = ("--batch-max-seconds", "0", "--batch-max-bytes", "1000000")
        IsolatedIngester({0: dict(enumerate(values))}, FakeSink(), *flags, instead=self.sink).run(
            polls=400
        )

    def stored(self) -> list[Any]:
        return self.rows("SELECT NEXT_OFFSET FROM INGEST_OFFSETS")

    def ids(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT EVENT_ID FROM RAW_EVENTS_STREAM ORDER BY 1")]

    def rejected(self) -> list[Any]:
        return self.rows("SELECT KAFKA_OFFSET, REASON FROM REJECTED_EVENTS ORDER BY KAFKA_OFFSET")


@pytest.fixture
def tables(account: RunningAccount, database: str) -> Iterator[Tables]:
    result = Tables(account, database)
    yield result
    result.sink.close()
    result.connection.close()


def recreate(column: str, type_now: str) -> str:
    """RAW_EVENTS_STREAM as somebody would make it with another type for one column."""
    columns = (
        "EVENT_ID VARCHAR, EVENT_TYPE VARCHAR, EVENT_TIMESTAMP TIMESTAMP_NTZ, PRODUCT_ID VARCHAR,"
        " CUSTOMER_ID VARCHAR, EVENT_DATA VARIANT, INGESTION_TIMESTAMP TIMESTAMP_NTZ,"
        " KAFKA_TOPIC VARCHAR, KAFKA_PARTITION NUMBER(10, 0), KAFKA_OFFSET NUMBER(19, 0),"
        " KAFKA_METADATA VARIANT"
    )
    changed = columns.replace(f"{column} VARCHAR", f"{column} {type_now}")
    return f"CREATE OR REPLACE TABLE RAW_EVENTS_STREAM ({changed})"


NOT_NULL = "ALTER TABLE RAW_EVENTS_STREAM ALTER COLUMN CUSTOMER_ID SET NOT NULL"
FAULTS = {
    "a column must not be NULL": NOT_NULL,
    "a column is a number": recreate("PRODUCT_ID", "NUMBER(10, 0)"),
    "a column is a boolean": recreate("EVENT_TYPE", "BOOLEAN"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("count", [1, 7])
def test_a_batch_that_the_table_would_refuse_whatever_it_held_stops_the_ingester(
    tables: Tables, fault: str, count: int
) -> None:
    tables.rows(fault)
    with pytest.raises(Fatal, match="RAW_EVENTS_STREAM does not take rows as this app") as stopped:
        tables.ingest(*(event(number, customer_id=None) for number in range(count)))
    assert "The message at offset 0 of partition 0 of 'sales' is not to blame" in str(stopped.value)
    assert "app/sql/02_tables.sql" in str(stopped.value)
    assert (tables.stored(), tables.ids(), tables.rejected()) == ([(0,)], [], [])


def test_good_events_before_the_first_that_the_table_refuses_are_kept(tables: Tables) -> None:
    tables.rows(NOT_NULL)
    with pytest.raises(Fatal, match="offset 2 of partition 0"):
        tables.ingest(event(0), event(1), event(2, customer_id=None), event(3))
    assert (tables.stored(), tables.ids(), tables.rejected()) == ([(2,)], ["E0", "E1"], [])
    tables.rows("ALTER TABLE RAW_EVENTS_STREAM ALTER COLUMN CUSTOMER_ID DROP NOT NULL")
    tables.ingest(event(0), event(1), event(2, customer_id=None), event(3))
    assert (tables.stored(), tables.ids()) == ([(4,)], ["E0", "E1", "E2", "E3"])


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("RAW_EVENTS_STREAM", "KAFKA_METADATA"),
        ("REJECTED_EVENTS", "KAFKA_METADATA"),
        ("INGEST_OFFSETS", "TOPIC_ID"),
        ("INGEST_OFFSETS", "LAST_MESSAGE_MS"),
        ("INGEST_OFFSETS", "SIGNS"),
    ],
)
def test_tables_older_than_the_ingester_are_found_before_the_first_event(
    tables: Tables, table: str, column: str
) -> None:
    tables.rows(f"ALTER TABLE {table} DROP COLUMN {column}")
    advice = "the tables are older than this ingester: run caves deploy first, which adds"
    with pytest.raises(Fatal, match=rf"{table}: .*{column}.*; {advice}"):
        tables.sink.check(TOPIC)


def test_rejects_that_their_table_would_refuse_whatever_they_held_stop_the_ingester(
    tables: Tables,
) -> None:
    tables.rows("ALTER TABLE REJECTED_EVENTS ALTER COLUMN EVENT_ID SET NOT NULL")
    with pytest.raises(Fatal, match="REJECTED_EVENTS does not take rows as this application"):
        tables.ingest(event(0), b"?")
    assert (tables.stored(), tables.ids(), tables.rejected()) == ([(1,)], ["E0"], [])


def test_trying_out_leaves_nothing_behind(tables: Tables) -> None:
    row = sort_message(Message(TOPIC, 0, 0, event(0)), 1000)
    tables.sink.create_offsets(TOPIC, {0: 0})
    tables.sink.try_out(Batch(TOPIC, {}, [row, twin(row)]))
    bad = RawRow(Message(TOPIC, 0, 1, b""), Envelope("E", "ORDER_CREATED", None, None, None), "{")
    with pytest.raises(DataRefused):
        tables.sink.try_out(Batch(TOPIC, {}, [bad]))
    tables.sink.write(Batch(TOPIC, {0: (0, 1)}, [row]))
    assert (tables.stored(), tables.ids()) == ([(1,)], ["E0"])


def test_hostile_events_are_rejected_one_by_one_however_many_there_are(tables: Tables) -> None:
    """What the warehouse alone refuses. What that is today, the next release may take."""
    hostile = [event(n, event_timestamp="0001-01-01T00:00:00+23:59") for n in range(3)]
    sink = tables.sink
    real = sink._insert_raw

    def refuse(batch: Batch) -> None:
        if any(b"+23:59" in (row.message.value or b"") for row in batch.raw_rows):
            raise DataRefused("100035: Timestamp is not recognized")
        real(batch)

    sink._insert_raw = refuse  # type: ignore[method-assign]  # a warehouse with a taste
    tables.ingest(event(8), *hostile, event(9))
    assert (tables.stored(), tables.ids()) == ([(5,)], ["E8", "E9"])
    why = "refused by the warehouse: 100035: Timestamp is not recognized"
    assert tables.rejected() == [(1, why), (2, why), (3, why)]


def test_a_warehouse_that_goes_away_while_a_twin_is_tried_out_is_asked_again() -> None:
    sink = FakeSink()
    isolated = IsolatedIngester({0: {0: event(0), 1: event(1)}}, sink, "--batch-max-seconds", "0")
    sink.refuses = {event(0).decode()}
    troubles = [transient(), transient()]

    def try_out(batch: Batch) -> None:
        if troubles:
            raise troubles.pop()

    sink.try_out = try_out  # type: ignore[method-assign]  # the same, with a fault
    isolated.run(polls=60)
    assert sink.rows == [(0, 1)]
    assert sink.rejects == [(0, 0, "refused by the warehouse: 100069: not for me")]


def test_a_twin_has_the_shape_of_its_row_and_nothing_of_its_content() -> None:
    row = sort_message(
        Message(TOPIC, 3, 14, event(7, customer_id=None, event_timestamp="2026-11-22T10:00Z")), 1000
    )
    assert isinstance(row, RawRow)
    harmless = twin(row)
    assert isinstance(harmless, RawRow)
    assert harmless.envelope == Envelope(
        "xx", "xxxxxxxxxxxxx", "2026-01-01 00:00:00", "xxxxxx", None
    )
    assert (harmless.message.partition, harmless.message.offset) == (3, 14)
    assert len(json.loads(harmless.text)["x"]) == len(row.text)


def test_the_twin_of_a_reject_has_its_shape() -> None:
    row = sort_message(Message(TOPIC, 3, 14, b"?" * 5, b"P"), 1000)
    harmless = twin(row)
    assert isinstance(harmless, Reject)
    assert (harmless.payload, harmless.event_id, harmless.metadata) == ("xxxxx", None, {"key": "x"})

"""RAW, its rejects and its offsets in Snowflake: one transaction per batch."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NoReturn

from snowflake.connector import SnowflakeConnection

from ingest.batch import Batch, LastMessage, Stored
from ingest.batch_file import COPY_RAW, parquet
from ingest.errors import Fatal, FenceLost, IngestError, Transient
from ingest.fast.bind_rows import as_json, raw_rows, rejected_rows
from ingest.snowflake_errors import CONNECTOR_ERRORS, translate, with_advice
from ingest.staged_files import StagedFiles

log = logging.getLogger(__name__)

# Names that stand in braces are filled in once, from the checked name of the database. Whatever
# comes from Kafka is bound, as one JSON text per statement.
READ_OFFSETS = """
SELECT o.PARTITION, o.NEXT_OFFSET, o.TOPIC_ID, o.LAST_MESSAGE_OFFSET, o.LAST_MESSAGE_MS
FROM {database}.RAW_DATA.INGEST_OFFSETS o
WHERE o.TOPIC = ?
"""

# What SIGN_OFFSETS writes, and nobody here reads.
LOOK_AT_SIGNS = "SELECT SIGNS FROM {database}.RAW_DATA.INGEST_OFFSETS WHERE TOPIC = ? LIMIT 0"

# A MERGE, because it excludes other MERGEs and UPDATEs of the table, and an INSERT would not.
CREATE_OFFSETS = """
MERGE INTO {database}.RAW_DATA.INGEST_OFFSETS o
USING (
    SELECT
        ? AS TOPIC,
        CAST(? AS NUMBER(38, 0)) AS PARTITION,
        CAST(? AS NUMBER(38, 0)) AS NEXT_OFFSET,
        CAST(? AS TIMESTAMP_NTZ) AS UPDATED_AT,
        CAST(? AS VARCHAR) AS TOPIC_ID
) n
ON o.TOPIC = n.TOPIC AND o.PARTITION = n.PARTITION
WHEN NOT MATCHED THEN INSERT (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT, TOPIC_ID)
    VALUES (n.TOPIC, n.PARTITION, n.NEXT_OFFSET, n.UPDATED_AT, n.TOPIC_ID)
"""

NAME_TOPIC = """
UPDATE {database}.RAW_DATA.INGEST_OFFSETS
SET TOPIC_ID = ?
WHERE TOPIC = ? AND TOPIC_ID IS NULL
"""

MOVE_OFFSETS = """
UPDATE {database}.RAW_DATA.INGEST_OFFSETS o
SET
    NEXT_OFFSET = n.NEXT_OFFSET,
    SKIPPED = n.SKIPPED + CASE
        WHEN n.TOPIC_ID <> '' AND n.TOPIC_ID <> n.NEW_TOPIC_ID THEN 0
        WHEN n.NEW_TOPIC_ID IS NULL AND n.NEXT_OFFSET < o.NEXT_OFFSET THEN 0
        ELSE COALESCE(o.SKIPPED, 0)
    END,
    TOPIC_ID = COALESCE(n.NEW_TOPIC_ID, o.TOPIC_ID),
    LAST_MESSAGE_OFFSET = COALESCE(
        n.LAST_OFFSET,
        CASE WHEN o.LAST_MESSAGE_OFFSET < n.NEXT_OFFSET THEN o.LAST_MESSAGE_OFFSET END
    ),
    LAST_MESSAGE_MS = COALESCE(
        n.LAST_MS,
        CASE WHEN o.LAST_MESSAGE_OFFSET < n.NEXT_OFFSET THEN o.LAST_MESSAGE_MS END
    ),
    UPDATED_AT = n.UPDATED_AT
FROM (
    SELECT
        ? AS TOPIC,
        f.VALUE:partition::NUMBER(38, 0) AS PARTITION,
        f.VALUE:expected::NUMBER(38, 0) AS EXPECTED,
        f.VALUE:next::NUMBER(38, 0) AS NEXT_OFFSET,
        f.VALUE:skipped::NUMBER(38, 0) AS SKIPPED,
        COALESCE(f.VALUE:topic_id::VARCHAR, '') AS TOPIC_ID,
        f.VALUE:new_topic_id::VARCHAR AS NEW_TOPIC_ID,
        f.VALUE:last_offset::NUMBER(38, 0) AS LAST_OFFSET,
        f.VALUE:last_ms::NUMBER(38, 0) AS LAST_MS,
        CAST(? AS TIMESTAMP_NTZ) AS UPDATED_AT
    FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f
) n
WHERE o.TOPIC = n.TOPIC AND o.PARTITION = n.PARTITION AND o.NEXT_OFFSET = n.EXPECTED
    AND COALESCE(o.TOPIC_ID, '') = n.TOPIC_ID
"""

# Apart from MOVE_OFFSETS, for few batches have signs, and arrays cost more than all the rest.
SIGN_OFFSETS = """
UPDATE {database}.RAW_DATA.INGEST_OFFSETS
SET SIGNS = ARRAY_SLICE(
    ARRAY_PREPEND(COALESCE(SIGNS, ARRAY_CONSTRUCT()), UPDATED_AT::VARCHAR), 0, 72
)
WHERE TOPIC = ? AND PARTITION IN (
    SELECT f.VALUE::NUMBER(38, 0) FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f
)
"""

INSERT_RAW = """
INSERT INTO {database}.RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID, EVENT_DATA,
    INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, KAFKA_METADATA
)
SELECT
    f.VALUE:event_id::VARCHAR,
    f.VALUE:event_type::VARCHAR,
    f.VALUE:event_timestamp::VARCHAR::TIMESTAMP_NTZ,
    f.VALUE:product_id::VARCHAR,
    f.VALUE:customer_id::VARCHAR,
    PARSE_JSON(f.VALUE:message::VARCHAR),
    CAST(? AS TIMESTAMP_NTZ),
    ?,
    f.VALUE:partition::NUMBER(38, 0),
    f.VALUE:offset::NUMBER(38, 0),
    f.VALUE:metadata
FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f
"""

INSERT_REJECTS = """
INSERT INTO {database}.RAW_DATA.REJECTED_EVENTS (
    REJECTED_AT, STAGE, REASON, EVENT_ID, EVENT_TYPE, PAYLOAD, PAYLOAD_ENCODING,
    KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, KAFKA_METADATA, STATUS
)
SELECT
    CAST(? AS TIMESTAMP_NTZ),
    'INGEST',
    f.VALUE:reason::VARCHAR,
    f.VALUE:event_id::VARCHAR,
    f.VALUE:event_type::VARCHAR,
    f.VALUE:payload::VARCHAR,
    f.VALUE:payload_encoding::VARCHAR,
    ?,
    f.VALUE:partition::NUMBER(38, 0),
    f.VALUE:offset::NUMBER(38, 0),
    f.VALUE:metadata,
    f.VALUE:status::VARCHAR
FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f
"""

Connect = Callable[[], SnowflakeConnection]


class SnowflakeSink:
    """A Sink over one Snowflake session, which is opened again after any error on the way there."""

    def __init__(
        self,
        connect: Connect,
        database: str,
        files: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`files`: batches may go as files of the stage, while that works."""
        self._connect = connect
        self._database = database
        self._connection: SnowflakeConnection | None = None
        self._files = StagedFiles(self._run_with_file, clock) if files else None

    @property
    def takes_files(self) -> bool:
        return self._files is not None and self._files.usable

    def check(self, topic: str) -> None:
        """Raises Fatal, with one clear line, if the warehouse cannot be used at all.

        Inserting no rows asks for every column and for the right to insert, before the first event
        needs them.
        """
        try:
            self.read_stored(topic, set())
            self._run(LOOK_AT_SIGNS, (topic,), "looking at INGEST_OFFSETS")
            for statement, table in (
                (INSERT_RAW, "RAW_EVENTS_STREAM"),
                (INSERT_REJECTS, "REJECTED_EVENTS"),
            ):
                self._run(statement, (_now(), topic, "[]"), f"looking at {table}")
        except Transient as error:
            raise Fatal(with_advice(str(error), error.__cause__)) from error
        # Is there a stage, and may it be used?
        self._sweep()

    def read_offsets(self, topic: str, partitions: set[int]) -> dict[int, int]:
        """The offsets of read_stored alone."""
        return {each: stored.offset for each, stored in self.read_stored(topic, partitions).items()}

    def read_stored(self, topic: str, partitions: set[int]) -> dict[int, Stored]:
        found = self._run(READ_OFFSETS, (topic,), "reading INGEST_OFFSETS")
        places: dict[int, Stored] = {}
        for partition, offset, topic_id, last_offset, last_ms in found:
            if partition in places:
                raise Fatal(
                    f"INGEST_OFFSETS has two rows for partition {partition} of {topic!r}; stop all"
                    " ingesters and delete the lower one"
                )
            if offset is None:
                raise Fatal(
                    f"INGEST_OFFSETS has no NEXT_OFFSET for partition {partition} of {topic!r};"
                    " delete the row to read the partition from its start, or fill it in"
                )
            known = last_offset is not None and last_ms is not None
            last = LastMessage(int(last_offset), int(last_ms)) if known else None
            places[int(partition)] = Stored(int(offset), topic_id, last)
        return {each: places[each] for each in partitions if each in places}

    def create_offsets(
        self, topic: str, offsets: dict[int, int], topic_id: str | None = None
    ) -> None:
        for partition, offset in sorted(offsets.items()):
            parameters = (topic, partition, offset, _now(), topic_id)
            self._run(CREATE_OFFSETS, parameters, "adding rows to INGEST_OFFSETS")

    def name_topic(self, topic: str, topic_id: str) -> None:
        self._run(NAME_TOPIC, (topic_id, topic), "noting the topic's id in INGEST_OFFSETS")

    def write(self, batch: Batch) -> None:
        """As the seam says. One transaction makes it exactly once:

        1. BEGIN. A file has been uploaded before; nobody loads it but this transaction.
        2. Insert the rows of RAW, or load the file of them.
        3. Insert the rejects.
        4. Move the offsets, if they are what they were: the fence. It comes last, for its lock
           holds up every other ingester until the COMMIT, and rows lock nothing. Where it is lost,
           the rows go with the transaction. Then note the signs of life.
        5. COMMIT. An answer that never came is looked up in INGEST_OFFSETS.
        """
        file = self._upload(batch) if batch.as_file else None
        try:
            self._run("BEGIN TRANSACTION", (), "opening a transaction")  # 1
            if file is None:  # 2
                self._insert_raw(batch)
            else:
                self._load(file, batch)
            self._insert_rejects(batch)  # 3
            self._move_offsets(batch)  # 4
        except Exception:
            self._roll_back()
            raise
        self._commit(batch)  # 5
        self._remove_files()
        self._sweep()

    def try_out(self, batch: Batch) -> None:
        self._run("BEGIN TRANSACTION", (), "opening a transaction")
        try:
            self._insert_raw(batch)
            self._insert_rejects(batch)
        finally:
            self._roll_back()

    def close(self) -> None:
        if self._connection is not None:
            self._remove_files()
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*CONNECTOR_ERRORS):
                connection.close(retry=False)

    def _move_offsets(self, batch: Batch) -> None:
        moves = [
            {
                "partition": partition,
                "expected": expected,
                "next": after,
                "skipped": batch.skipped.get(partition, 0),
                **_known("topic_id", batch.topic_ids.get(partition)),
                **_known("new_topic_id", batch.new_topic_id),
                **_last(batch.last.get(partition)),
            }
            for partition, (expected, after) in sorted(batch.moves.items())
        ]
        parameters = (batch.topic, _now(), as_json(moves))
        moved = self._count(MOVE_OFFSETS, parameters, "moving INGEST_OFFSETS")
        if moved != len(moves):
            raise FenceLost(f"{moved} of {len(moves)} rows of INGEST_OFFSETS were as expected")
        if batch.signs:
            self._run(SIGN_OFFSETS, (batch.topic, as_json(batch.signs)), "signing INGEST_OFFSETS")

    def _insert_raw(self, batch: Batch) -> None:
        rows = batch.raw_rows
        if rows:
            parameters = (_now(), batch.topic, raw_rows(rows))
            self._run(INSERT_RAW, parameters, "writing RAW_EVENTS_STREAM", writes_data=True)

    def _upload(self, batch: Batch) -> str:
        """The name of the batch's file. Raises Transient alone: whatever is wrong here, the other
        lane is open."""
        assert self._files is not None
        try:
            return self._files.upload(parquet(batch.topic, batch.raw_rows, _now()))
        except (IngestError, ValueError) as error:
            self._files.rest(error)
            raise Transient(f"{error}; the rows go without a file") from error

    def _load(self, file: str, batch: Batch) -> None:
        assert self._files is not None
        statement, rows = COPY_RAW.replace("{file}", file), batch.raw_rows
        try:
            answer = self._run(statement, (), "loading a file", writes_data=True)
            loaded = sum(int(each[3]) for each in answer if len(each) > 3)
            if loaded != len(rows):
                raise Fatal(f"COPY INTO says that it loaded {loaded} of {len(rows)} rows")
        except Fatal as error:
            self._files.rest(error)
            raise Transient(f"{error}; the rows go without a file") from error

    def _remove_files(self) -> None:
        """Remove the files that have been loaded or given up. No batch may be under way."""
        if self._files is not None:
            try:
                self._files.remove_own()
            except IngestError as error:
                log.info("files are left in the stage, and removed later: %s", error)

    def _sweep(self) -> None:
        """Now and then, remove the files that others have left."""
        if self._files is not None:
            try:
                self._files.sweep()
            except IngestError as error:
                self._files.rest(error)

    def _insert_rejects(self, batch: Batch) -> None:
        rows = batch.rejects
        if rows:
            parameters = (_now(), batch.topic, rejected_rows(rows))
            self._run(INSERT_REJECTS, parameters, "writing REJECTED_EVENTS", writes_data=True)

    def _commit(self, batch: Batch) -> None:
        try:
            self._run("COMMIT", (), "committing")
        except Transient as error:
            log.warning("%s; looking up INGEST_OFFSETS to see whether it took effect", error)
            partitions = set(batch.moves)
            if self.read_offsets(batch.topic, partitions) != batch.next_offsets:
                raise
            log.info("the COMMIT had taken effect")
        except Exception:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """Undo what is open. A session that cannot even do that is left behind."""
        if self._connection is not None:
            try:
                self._connection.cursor().execute("ROLLBACK")
            except CONNECTOR_ERRORS:
                self._disconnect()

    def _run(
        self, sql: str, parameters: Sequence[Any], doing: str, writes_data: bool = False
    ) -> list[Any]:
        session = self._session()
        try:
            cursor = session.cursor()
            cursor.execute(self._named(sql), parameters)
            return cursor.fetchall()
        except CONNECTOR_ERRORS as error:
            self._fail(error, doing, writes_data)

    def _run_with_file(self, sql: str, doing: str, content: BytesIO | None) -> list[Any]:
        session = self._session()
        try:
            cursor = session.cursor()
            cursor.execute(self._named(sql), file_stream=content)
            return cursor.fetchall()
        except CONNECTOR_ERRORS as error:
            self._fail(error, doing)

    def _count(self, sql: str, parameters: Sequence[Any], doing: str) -> int:
        session = self._session()
        try:
            cursor = session.cursor()
            cursor.execute(self._named(sql), parameters)
            return cursor.rowcount or 0
        except CONNECTOR_ERRORS as error:
            self._fail(error, doing)

    def _named(self, sql: str) -> str:
        return sql.replace("{database}", self._database)

    def _session(self) -> SnowflakeConnection:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except CONNECTOR_ERRORS as error:
                self._fail(error, "connecting to Snowflake")
        return self._connection

    def _fail(self, error: Exception, doing: str, writes_data: bool = False) -> NoReturn:
        ours = translate(error, doing, writes_data)
        if isinstance(ours, Transient):
            # What this session still holds is unknown; its open transaction ends with it.
            self._disconnect()
        raise ours from error


def _known(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}


def _last(message: LastMessage | None) -> dict[str, int]:
    return {} if message is None else {"last_offset": message.offset, "last_ms": message.ms}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

"""Rows of RAW as a Parquet file, and the statement that loads it.

The columns are those that a statement binds as JSON (fast/bind_rows): texts are texts, the message
and its metadata JSON that PARSE_JSON reads, so a row comes out the same whichever way it went in.
https://docs.snowflake.com/en/user-guide/data-load-transform
"""

from collections.abc import Iterable
from io import BytesIO

from ingest.fast.bind_rows import metadata
from ingest.messages import RawRow

# COPY INTO keeps the order of the columns that it names. FORCE: what it remembers of files must not
# decide, for nobody says whether a ROLLBACK makes it forget; the fence does.
COPY_RAW = """
COPY INTO {database}.RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID, EVENT_DATA,
    INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, KAFKA_METADATA
)
FROM (
    SELECT
        $1:event_id::VARCHAR,
        $1:event_type::VARCHAR,
        $1:event_timestamp::VARCHAR::TIMESTAMP_NTZ,
        $1:product_id::VARCHAR,
        $1:customer_id::VARCHAR,
        PARSE_JSON($1:message::VARCHAR),
        $1:ingested_at::VARCHAR::TIMESTAMP_NTZ,
        $1:topic::VARCHAR,
        $1:partition::NUMBER(38, 0),
        $1:offset::NUMBER(38, 0),
        PARSE_JSON($1:metadata::VARCHAR)
    FROM @{database}.RAW_DATA.INGEST_FILES
)
FILES = ('{file}')
FILE_FORMAT = (TYPE = PARQUET)
FORCE = TRUE
"""

# What is the same in many rows is kept once.
_REPEATED = ("event_type", "product_id", "customer_id", "ingested_at", "topic")


def parquet(topic: str, rows: Iterable[RawRow], ingested_at: str) -> BytesIO:
    """The file. Raises ValueError where a text cannot be written as UTF-8."""
    # Only here: it takes a fifth of a second and 40 MB, and most ingesters never see a backlog.
    import pyarrow as pa
    from pyarrow import parquet as pq

    messages, envelopes, exact, _ = zip(*rows, strict=True)
    texts = [
        message.value if changed is None else changed.encode()
        for message, changed in zip(messages, exact, strict=True)
    ]
    ids, types, timestamps, products, customers = zip(*envelopes, strict=True)
    columns = {
        "event_id": pa.array(ids, pa.string()),
        "event_type": pa.array(types, pa.string()),
        "event_timestamp": pa.array(timestamps, pa.string()),
        "product_id": pa.array(products, pa.string()),
        "customer_id": pa.array(customers, pa.string()),
        # As bytes: pyarrow would keep both a text and its UTF-8.
        "message": pa.array(texts, pa.binary()).cast(pa.string()),
        "ingested_at": pa.repeat(ingested_at, len(messages)),
        "topic": pa.repeat(topic, len(messages)),
        "partition": pa.array([each.partition for each in messages], pa.int32()),
        "offset": pa.array([each.offset for each in messages], pa.int64()),
        "metadata": pa.array([metadata(each) for each in messages], pa.string()),
    }
    file = BytesIO()
    pq.write_table(
        pa.table(columns),
        file,
        compression="zstd",
        use_dictionary=list(_REPEATED),
        write_statistics=False,
    )
    file.seek(0)
    return file

"""Ingesters as people write them first, to compare with: neither is exactly-once.

    python -m bench.naive_ingester --way insert|write_pandas …

`insert`: one INSERT per event, each a transaction of its own. `write_pandas`: the connector's own
helper, per batch. Both read with kafka-python, take every message for an event, and print figures
as JSON.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import snowflake.connector
from kafka import KafkaConsumer, TopicPartition
from snowflake.connector.pandas_tools import write_pandas

INSERT = """
INSERT INTO RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID, EVENT_DATA,
    INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
)
SELECT ?, ?, ?::TIMESTAMP_NTZ, ?, ?, PARSE_JSON(?), ?::TIMESTAMP_NTZ, ?, ?, ?
"""
COLUMNS = (
    *("EVENT_ID", "EVENT_TYPE", "EVENT_TIMESTAMP", "PRODUCT_ID", "CUSTOMER_ID", "EVENT_DATA"),
    *("INGESTION_TIMESTAMP", "KAFKA_TOPIC", "KAFKA_PARTITION", "KAFKA_OFFSET"),
)
Row = tuple[Any, ...]


def rows(servers: str, topic: str) -> Iterator[Row]:
    """Every message as a row, without end."""
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    partitions = consumer.partitions_for_topic(topic) or set()
    consumer.assign([TopicPartition(topic, each) for each in partitions])
    consumer.seek_to_beginning()
    for record in consumer:
        event = json.loads(record.value)
        yield (
            event.get("event_id"),
            event["event_type"],
            datetime.fromisoformat(event["event_timestamp"]).astimezone(UTC).replace(tzinfo=None),
            event["product_id"],
            event.get("customer_id"),
            record.value.decode(),
            datetime.now(UTC).replace(tzinfo=None),
            record.topic,
            record.partition,
            record.offset,
        )


def insert(connection: Any, batch: list[Row]) -> None:
    cursor = connection.cursor()
    for row in batch:
        cursor.execute(INSERT, [str(each) if isinstance(each, datetime) else each for each in row])


def by_pandas(connection: Any, batch: list[Row]) -> None:
    write_pandas(
        connection,
        pd.DataFrame(batch, columns=list(COLUMNS)),
        "RAW_EVENTS_STREAM",
        schema="RAW_DATA",
        use_logical_type=True,
    )


WAYS: dict[str, Callable[[Any, list[Row]], None]] = {"insert": insert, "write_pandas": by_pandas}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.naive_ingester")
    parser.add_argument("--way", choices=WAYS, required=True)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--connection", "-c", required=True)
    parser.add_argument("--database", required=True)
    options = parser.parse_args()
    source = rows(options.bootstrap_servers, options.topic)
    first = [next(source)]
    with snowflake.connector.connect(
        connection_name=options.connection, database=options.database, paramstyle="qmark"
    ) as connection:
        WAYS[options.way](connection, first)
        started, cpu = time.monotonic(), time.process_time()
        for begin in range(0, options.events, options.batch):
            size = min(options.batch, options.events - begin)
            WAYS[options.way](connection, [next(source) for _ in range(size)])
        figures = {
            "seconds": time.monotonic() - started,
            "cpu": time.process_time() - cpu,
        }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

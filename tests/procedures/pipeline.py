"""The pipeline's tables in a database of their own, and a Snowpark session to run handlers in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from snowflake.snowpark import Session

from tests.procedures.deployment import run_sql_file
from tests.procedures.model import Delivery

Event = dict[str, Any]
Handler = Callable[[Session], dict[str, int]]

INSERT_RAW = """
INSERT INTO RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID, EVENT_TYPE, CUSTOMER_ID, EVENT_DATA, INGESTION_TIMESTAMP,
    KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
)
SELECT
    value:event_id::VARCHAR, value:event_type::VARCHAR, value:customer_id::VARCHAR,
    PARSE_JSON(value:event::VARCHAR),
    value:ingested_at::TIMESTAMP_NTZ, value:topic::VARCHAR, value:partition::NUMBER,
    value:offset::NUMBER
FROM TABLE(FLATTEN(PARSE_JSON(?)))
"""


ANY, HOUR = 9_999_999_999, 3600


@dataclass
class Pipeline:
    session: Session
    database: str
    next_offset: int = field(default=0)
    ingested_at: str = "2026-11-22 12:00:00"
    future_limit: int | None = None

    def ingest(self, *events: Event | str) -> None:
        """Writes events as RAW rows, one offset after the other; a text is the JSON as it is."""
        deliveries = []
        for event in events:
            text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
            deliveries.append(Delivery(("sales_events", 3, self.next_offset), text))
            self.next_offset += 1
        self.deliver(deliveries)

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Writes deliveries as RAW rows, as the ingester does."""
        rows = []
        for delivery in deliveries:
            known = json.loads(delivery.text)
            topic, partition, offset = delivery.place
            rows.append(
                {
                    "event_id": known.get("event_id"),
                    "event_type": known.get("event_type"),
                    "customer_id": known.get("customer_id"),
                    "event": delivery.text,
                    "ingested_at": self.ingested_at,
                    "topic": topic,
                    "partition": partition,
                    "offset": offset,
                }
            )
        self.sql(INSERT_RAW, json.dumps(rows))

    def limit_future(self, seconds: int) -> None:
        """How far ahead of its ingestion an event may be. Only where it is new: after a view was
        replaced, the account has to read all statements once more."""
        if seconds != self.future_limit:
            self.sql(
                f"CREATE OR REPLACE VIEW OPS.EVENT_LIMITS AS SELECT {seconds} AS MAX_FUTURE_SECONDS"
            )
            self.future_limit = seconds

    def run(self, *handlers: Handler) -> list[dict[str, int]]:
        return [handler(self.session) for handler in handlers]

    def sql(self, text: str, *binds: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.sql(text, params=list(binds)).collect()]

    def rows(self, table: str, columns: str, order_by: str = "1") -> list[tuple[Any, ...]]:
        return self.sql(f"SELECT {columns} FROM {table} ORDER BY {order_by}")

    def count(self, table: str) -> int:
        return self.sql(f"SELECT COUNT(*) FROM {table}")[0][0]

    def has_data(self, stream: str) -> bool:
        [(answer,)] = self.sql(f"SELECT SYSTEM$STREAM_HAS_DATA('{stream}')")
        return answer is True or answer == "true"

    def utc_now(self) -> datetime:
        return datetime.now(UTC).replace(tzinfo=None)

    def statements(self, handler: Handler) -> list[str]:
        """The first words of the statements that the handler sends."""
        with self.session.query_history() as history:
            handler(self.session)
        return [query.sql_text.split()[0].upper() for query in history.queries]


def order(order_id: str, **changes: Any) -> Event:
    return {
        "event_id": f"event of {order_id}",
        "event_type": "ORDER_CREATED",
        "event_timestamp": "2026-11-22T10:00:00+00:00",
        "order_id": order_id,
        "customer_id": "c-1",
        "product_id": "p-1",
        "product_name": "Château Margaux – Grand Vin",
        "product_category": "🍷 Rouge",
        "quantity": 2,
        "unit_price": 19.90,
        "total_amount": 39.80,
        "payment_method": "CARD",
        "shipping_address": "3 rue du Puits, 69001 Lyon",
    } | changes


def adjustment(adjustment_id: str, **changes: Any) -> Event:
    return {
        "event_id": f"event of {adjustment_id}",
        "event_type": "INVENTORY_ADJUSTED",
        "event_timestamp": "2026-11-22T10:00:00+00:00",
        "adjustment_id": adjustment_id,
        "product_id": "p-1",
        "product_name": "Château Margaux – Grand Vin",
        "product_category": "🍷 Rouge",
        "adjustment_type": "RESTOCK",
        "quantity_change": 24,
        "new_stock_level": None,
        "reason": "livraison d'été",
        "warehouse_location": "Lyon",
    } | changes


def cancellation(order_id: str, **changes: Any) -> Event:
    return {
        "event_id": f"cancellation of {order_id}",
        "event_type": "ORDER_CANCELLED",
        "event_timestamp": "2026-11-22T11:00:00+00:00",
        "order_id": order_id,
        "reason": "changed their mind",
    } | changes


def without(event: Event, *names: str) -> Event:
    return {name: value for name, value in event.items() if name not in names}


@contextmanager
def quiet_warehouse(account: Any) -> Iterator[str]:
    """The name of a warehouse on which nothing runs, for views that tell how busy one is: on the
    one that all share, tasks of the tests before have run."""
    name = f"QUIET_{uuid.uuid4().hex[:12].upper()}"
    # Who makes a warehouse works on it from then on: each time a session that ends.
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE WAREHOUSE {name}")
    yield name
    with account.connect() as connection:
        connection.cursor().execute(f"DROP WAREHOUSE {name}")


@contextmanager
def opened_pipeline(account: Any, database: str) -> Iterator[Pipeline]:
    """All tables and streams in the database, empty, and a session whose default it is. Events may
    be of any future, until `limit_future`."""
    with account.snowpark(database=database) as session:
        for name in ("01_database.sql", "02_tables.sql", "03_streams.sql"):
            run_sql_file(session.connection, name, database)
        pipeline = Pipeline(session, database)
        pipeline.limit_future(ANY)
        yield pipeline

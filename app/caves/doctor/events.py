"""The pipeline's input in a run: events of every kind, as the ingester writes them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.caves.doctor.environment import Session

TOPIC, TOPIC_ID, PARTITION = "sales_events", "AAAAAAAAAAAAAAAAAAAAAQ", 0
Event = dict[str, Any]


def order(order_id: str, event_id: str, at: str = "10:00:00", **changes: Any) -> Event:
    return {
        "event_id": event_id,
        "event_type": "ORDER_CREATED",
        "event_timestamp": f"2026-01-15T{at}+01:00",
        "order_id": order_id,
        "customer_id": "c-1",
        "product_id": "p-1",
        "product_name": "Château Margaux – Grand Vin 🍷",
        "product_category": "🍷 Rouge",
        "quantity": 2,
        "unit_price": 19.90,
        "total_amount": 39.80,
        "payment_method": "CARD",
        "shipping_address": "3 rue du Puits, 69001 Lyon",
    } | changes


def adjustment(adjustment_id: str | None, event_id: str, at: str, **changes: Any) -> Event:
    event = {
        "event_id": event_id,
        "event_type": "INVENTORY_ADJUSTED",
        "event_timestamp": f"2026-01-15T{at}+01:00",
        "adjustment_id": adjustment_id,
        "product_id": "p-1",
        "product_name": "Château Margaux – Grand Vin 🍷",
        "product_category": "🍷 Rouge",
        "adjustment_type": "RESTOCK",
        "quantity_change": 24,
        "reason": "livraison d'été",
        "warehouse_location": "Lyon",
    } | changes
    return {name: value for name, value in event.items() if value is not None}


# What the first shop's producer sends: other names, numbers as text, no offset.
FIRST_PRODUCERS_LINE = {
    "event_type": "ORDER_CREATED",
    "order_line_id": 7001,
    "event_ts": "2026-01-15T09:00:00",
    "customer_id": "c-2",
    "product_id": "p-2",
    "product_name": "Sancerre",
    "category": "🥂 Blanc",
    "quantity": "2",
    "unit_price": 19,
    "total_price": "38.00",
    "payment_method": "CASH",
}
FIRST_BATCH: tuple[Event, ...] = (
    order("o-1", "e-0"),
    order("o-1", "e-1", at="11:00:00", quantity=3, total_amount=59.70),
    order("o-1", "e-0"),
    FIRST_PRODUCERS_LINE,
    order("o-5", "e-4", quantity=0),
    {**order("o-6", "e-5"), "event_type": "GIFT_SENT"},
    adjustment("a-1", "e-6", "10:00:00", new_stock_level=100),
    adjustment("a-2", "e-7", "11:00:00", quantity_change=-6, adjustment_type="SPOILAGE"),
    adjustment(None, "e-8", "10:00:00", product_id="p-2", quantity_change=5),
    adjustment("a-4", "e-9", "10:00:00", quantity_change=1.5),
)
SECOND_BATCH: tuple[Event, ...] = (
    order("o-1", "e-10", at="12:00:00", quantity=4, total_amount=79.60),
    order("o-9", "e-11"),
    adjustment("a-3", "e-12", "12:00:00", quantity_change=10),
)


def ingest(session: Session, events: Sequence[Event], first: int) -> None:
    """One batch in one transaction, as the ingester writes it: its rows, its offsets, and a sign of
    life."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    rows = [
        {
            "event_id": str(event.get("event_id") or event.get("order_line_id")),
            "event_type": event["event_type"],
            "product_id": event["product_id"],
            "message": json.dumps(event, ensure_ascii=False),
            "partition": PARTITION,
            "offset": first + place,
            "metadata": {"key": event["product_id"], "timestamp_type": "CreateTime"},
        }
        for place, event in enumerate(events)
    ]
    move = {
        "partition": PARTITION,
        "expected": first,
        "next": first + len(events),
        "skipped": 0,
        "topic_id": TOPIC_ID,
        "new_topic_id": TOPIC_ID,
    }
    session.ask(CREATE_OFFSETS, TOPIC, PARTITION, first, now, TOPIC_ID)
    session.ask("BEGIN TRANSACTION")
    session.ask(INSERT_RAW, now, TOPIC, json.dumps(rows, ensure_ascii=False))
    session.ask(MOVE_OFFSETS, TOPIC, now, json.dumps([move]))
    session.ask(SIGN_OFFSETS, TOPIC, json.dumps([PARTITION]))
    session.ask("COMMIT")


CREATE_OFFSETS = """
MERGE INTO {db}.RAW_DATA.INGEST_OFFSETS o
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

MOVE_OFFSETS = """
UPDATE {db}.RAW_DATA.INGEST_OFFSETS o
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

SIGN_OFFSETS = """
UPDATE {db}.RAW_DATA.INGEST_OFFSETS
SET SIGNS = ARRAY_SLICE(
    ARRAY_PREPEND(COALESCE(SIGNS, ARRAY_CONSTRUCT()), UPDATED_AT::VARCHAR), 0, 72
)
WHERE TOPIC = ? AND PARTITION IN (
    SELECT f.VALUE::NUMBER(38, 0) FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f
)
"""

INSERT_RAW = """
INSERT INTO {db}.RAW_DATA.RAW_EVENTS_STREAM (
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

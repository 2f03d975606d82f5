"""What people do about an event that should never have been, and that production shows.

`void_adjustment` and `withdraw_order_event` are the handlers of OPS.VOID_ADJUSTMENT and
OPS.WITHDRAW_ORDER_EVENT. Nothing is deleted of what came in: a void adjustment stays in the
history, beside an entry that says so, and a withdrawn order event stays in RAW and in STAGING, and
is listed in OPS.WITHDRAWN_ORDER_EVENTS. Both can be repeated, and are, if they were interrupted.

The record is committed first, and production computed behind it: a task that computes at the same
moment either sees the record, or is overtaken.
"""

from __future__ import annotations

import json

import staging_to_production
from event_fields import utc_now
from event_kinds import KINDS, ORDER_CREATED
from judging import judge, staged
from orders_transforms import latest_orders, standing_orders
from places import staged_places, without_places
from repair_lock import repair
from run_log import logged
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F

# The entry takes back the change, so that sums over the history come out right; a count that is
# void is no count. It has no event, and happened when it was made.
VOID = """
INSERT INTO PRODUCTION.INVENTORY_HISTORY (
    ADJUSTMENT_ID, ADJUSTMENT_DATE, ADJUSTMENT_TIMESTAMP, PRODUCT_ID, PRODUCT_NAME,
    PRODUCT_CATEGORY, ADJUSTMENT_TYPE, QUANTITY_CHANGE, REASON, WAREHOUSE_LOCATION, CREATED_AT,
    VOIDS_ADJUSTMENT_ID
)
SELECT
    UUID_STRING(), SYSDATE()::DATE, SYSDATE(), h.PRODUCT_ID, h.PRODUCT_NAME,
    h.PRODUCT_CATEGORY, 'VOID', -h.QUANTITY_CHANGE, c.CHOICE:note::VARCHAR, h.WAREHOUSE_LOCATION,
    SYSDATE(), h.ADJUSTMENT_ID
FROM PRODUCTION.INVENTORY_HISTORY AS h
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) AS c
LEFT JOIN PRODUCTION.INVENTORY_HISTORY AS v ON h.ADJUSTMENT_ID = v.VOIDS_ADJUSTMENT_ID
WHERE h.ADJUSTMENT_ID = c.CHOICE:adjustment::VARCHAR
    AND h.VOIDS_ADJUSTMENT_ID IS NULL
    AND v.ADJUSTMENT_ID IS NULL
"""
VOIDED = """
SELECT PRODUCT_ID
FROM PRODUCTION.INVENTORY_HISTORY
WHERE VOIDS_ADJUSTMENT_ID = ?
"""
# A product without a standing adjustment has no level.
WITHOUT_LEVEL = """
DELETE FROM PRODUCTION.INVENTORY_CURRENT
WHERE PRODUCT_ID = ?
    AND PRODUCT_ID NOT IN (
        SELECT h.PRODUCT_ID
        FROM PRODUCTION.INVENTORY_HISTORY AS h
        LEFT JOIN PRODUCTION.INVENTORY_HISTORY AS v ON h.ADJUSTMENT_ID = v.VOIDS_ADJUSTMENT_ID
        WHERE h.VOIDS_ADJUSTMENT_ID IS NULL AND v.ADJUSTMENT_ID IS NULL
    )
"""

# Events of orders of every kind: a cancellation can be withdrawn, too.
ORDER_EVENTS = "\n    UNION\n    ".join(
    f"SELECT ORDER_ID, EVENT_ID, EVENT_TIMESTAMP FROM {kind.staging}"
    for kind in KINDS
    if kind.key == ORDER_CREATED.key
)
WITHDRAW = f"""
INSERT INTO OPS.WITHDRAWN_ORDER_EVENTS (ORDER_ID, EVENT_ID, EVENT_TIMESTAMP, WITHDRAWN_AT, NOTE)
SELECT e.ORDER_ID, e.EVENT_ID, e.EVENT_TIMESTAMP, SYSDATE(), c.CHOICE:note::VARCHAR
FROM (
    {ORDER_EVENTS}
    UNION
    SELECT ORDER_ID, EVENT_ID, ORDER_TIMESTAMP AS EVENT_TIMESTAMP FROM PRODUCTION.ORDERS
) AS e
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) AS c
LEFT JOIN OPS.WITHDRAWN_ORDER_EVENTS AS w
    ON e.ORDER_ID = w.ORDER_ID
    AND e.EVENT_ID = w.EVENT_ID
    AND e.EVENT_TIMESTAMP = w.EVENT_TIMESTAMP
WHERE e.ORDER_ID = c.CHOICE:order::VARCHAR
    AND e.EVENT_ID = c.CHOICE:event::VARCHAR
    AND w.ORDER_ID IS NULL
"""
# Events of the order that were purged from STAGING, and that RAW still has.
PURGED = """
SELECT
    r.EVENT_ID, r.EVENT_TYPE, r.EVENT_DATA, r.INGESTION_TIMESTAMP, r.KAFKA_TOPIC,
    r.KAFKA_PARTITION, r.KAFKA_OFFSET, r.KAFKA_METADATA,
    CAST(NULL AS TIMESTAMP_NTZ) AS LATEST_MOMENT
FROM RAW_DATA.RAW_EVENTS_STREAM AS r
CROSS JOIN (
    SELECT MAX(INGESTED_BEFORE) AS MOMENT
    FROM OPS.RETENTION_LOG
    WHERE TABLE_NAME = 'STAGING.STG_ORDERS'
) AS p
LEFT JOIN RAW_DATA.REJECTED_EVENTS AS j
    ON r.KAFKA_TOPIC = j.KAFKA_TOPIC
    AND r.KAFKA_PARTITION = j.KAFKA_PARTITION
    AND r.KAFKA_OFFSET = j.KAFKA_OFFSET
    AND j.STAGE = 'STAGING'
    AND j.STATUS <> 'RETRIED'
WHERE r.EVENT_TYPE = 'ORDER_CREATED'
    AND r.INGESTION_TIMESTAMP < p.MOMENT
    AND COALESCE(r.EVENT_DATA:order_id::VARCHAR, r.EVENT_DATA:order_line_id::VARCHAR) = ?
    AND j.KAFKA_OFFSET IS NULL
"""
# What of the order's events is left has become what ORDERS shows: where it still shows one that is
# withdrawn, none is left.
WITHOUT_EVENT = """
DELETE FROM PRODUCTION.ORDERS
USING OPS.WITHDRAWN_ORDER_EVENTS AS w
WHERE PRODUCTION.ORDERS.ORDER_ID = ?
    AND PRODUCTION.ORDERS.ORDER_ID = w.ORDER_ID
    AND PRODUCTION.ORDERS.EVENT_ID = w.EVENT_ID
    AND PRODUCTION.ORDERS.ORDER_TIMESTAMP = w.EVENT_TIMESTAMP
"""


@logged
def void_adjustment(session: Session, adjustment_id: str, note: str) -> dict[str, int]:
    """The adjustment no longer counts, as if it had never been made; call it outside of a
    transaction. VOIDED is 0 if it is void already, KNOWN is 0 if it does not exist."""
    value = json.dumps({"adjustment": adjustment_id, "note": note})
    with repair(session):
        [voided] = session.sql(VOID, params=[value]).collect()
    products = session.sql(VOIDED, params=[adjustment_id]).collect()
    for [product] in products:
        with repair(session):
            history = session.table("PRODUCTION.INVENTORY_HISTORY")
            staging_to_production.merge_current(
                session, history.filter(F.col("PRODUCT_ID") == F.lit(product))
            )
            session.sql(WITHOUT_LEVEL, params=[product]).collect()
    return {"voided": int(voided[0]), "known": len(products)}


@logged
def withdraw_order_event(
    session: Session, order_id: str, event_id: str, note: str
) -> dict[str, int]:
    """The order shows the latest of its other events, and is gone if it has none; call it outside
    of a transaction. WITHDRAWN is 0 where nothing is left to withdraw, or there is no such event.

    Moves STREAM_STG_ORDERS on first, as its task does, so that no event of the order waits there.
    """
    staging_to_production.orders(session)
    value = json.dumps({"order": order_id, "event": event_id, "note": note})
    with repair(session):
        [withdrawn] = session.sql(WITHDRAW, params=[value]).collect()
    with repair(session):
        shown = _show_latest(session, order_id)
        [removed] = session.sql(WITHOUT_EVENT, params=[order_id]).collect()
    return {"withdrawn": int(withdrawn[0]), "shown": shown, "removed": int(removed[0])}


def _show_latest(session: Session, order_id: str) -> int:
    """Where ORDERS shows a withdrawn event of the order, it shows the latest other one instead."""
    withdrawn = session.table("OPS.WITHDRAWN_ORDER_EVENTS")
    is_own = F.col("ORDER_ID") == F.lit(order_id)
    events = _known_events(session, order_id).filter(is_own)
    latest = latest_orders(standing_orders(events, withdrawn))
    gone = withdrawn.filter(is_own).select(
        F.col("EVENT_ID").alias("GONE_EVENT_ID"), F.col("EVENT_TIMESTAMP").alias("GONE_TIMESTAMP")
    )
    source = latest.select(*(F.col(name).alias(f"NEW_{name}") for name in ORDER_CREATED.shown))
    changes = {name: F.col(f"NEW_{name}") for name in ORDER_CREATED.shown} | {
        "UPDATED_AT": utc_now()
    }
    shows_gone = (
        (F.col("ORDER_ID") == F.col("NEW_ORDER_ID"))
        & (F.col("EVENT_ID") == F.col("GONE_EVENT_ID"))
        & (F.col("ORDER_TIMESTAMP") == F.col("GONE_TIMESTAMP"))
    )
    orders = session.table("PRODUCTION.ORDERS")
    return orders.update(changes, shows_gone, source.cross_join(gone)).rows_updated


def _known_events(session: Session, order_id: str) -> DataFrame:
    """The order's valid events: those in STAGING, and those that were purged from there."""
    kind = ORDER_CREATED
    own = session.table(kind.staging).select(*kind.staged)
    purged = judge(session.sql(PURGED, params=[order_id]), [kind])
    valid = staged(purged, kind)
    return own.union_all(without_places(valid, staged_places(session)).select(*kind.staged))

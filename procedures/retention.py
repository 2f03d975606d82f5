"""Old rows leave RAW and STAGING, and OPS.RETENTION_LOG says which.

`purge` is the handler of OPS.PURGE. It deletes what was ingested before a moment, unless

- a stream still holds it;
- in STAGING: its order or adjustment is not in production since before that moment;
- in RAW: a rejection of it is OPEN, or was made after that moment.

So nothing goes that somebody still waits for, and the laws know what is left for them to judge: a
purged row's place is at or below TO_OFFSET, and all that production and REJECTED_EVENTS have of it
is older than INGESTED_BEFORE.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from repair_lock import repair
from run_log import logged
from snowflake.snowpark import Session

CHUNK_ROWS = 5000


@dataclass(frozen=True)
class Aged:
    """A table that is purged: the streams on it, and the rows `k` for whose sake a row `t` stays.

    `kept` is a query with the moment as its one value.
    """

    name: str
    streams: tuple[str, ...]
    kept: str


RAW = Aged(
    "RAW_DATA.RAW_EVENTS_STREAM",
    ("RAW_DATA.STREAM_RAW_ORDERS", "RAW_DATA.STREAM_RAW_INVENTORY"),
    """
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
    FROM RAW_DATA.REJECTED_EVENTS
    WHERE STAGE = 'STAGING' AND (STATUS = 'OPEN' OR REJECTED_AT >= CAST(? AS TIMESTAMP_NTZ))
    """,
)
ORDERS = Aged(
    "STAGING.STG_ORDERS",
    ("STAGING.STREAM_STG_ORDERS",),
    """
    SELECT s.KAFKA_TOPIC, s.KAFKA_PARTITION, s.KAFKA_OFFSET
    FROM STAGING.STG_ORDERS AS s
    LEFT JOIN PRODUCTION.ORDERS AS p
        ON s.ORDER_ID = p.ORDER_ID AND p.CREATED_AT < CAST(? AS TIMESTAMP_NTZ)
    WHERE p.ORDER_ID IS NULL
    """,
)
ADJUSTMENTS = Aged(
    "STAGING.STG_INVENTORY_ADJ",
    ("STAGING.STREAM_STG_INVENTORY_HISTORY", "STAGING.STREAM_STG_INVENTORY_CURRENT"),
    """
    SELECT s.KAFKA_TOPIC, s.KAFKA_PARTITION, s.KAFKA_OFFSET
    FROM STAGING.STG_INVENTORY_ADJ AS s
    LEFT JOIN PRODUCTION.INVENTORY_HISTORY AS p
        ON s.ADJUSTMENT_ID = p.ADJUSTMENT_ID AND p.CREATED_AT < CAST(? AS TIMESTAMP_NTZ)
    WHERE p.ADJUSTMENT_ID IS NULL
    """,
)

# One statement, so that table and streams are of one moment: what is found here has been given
# out, and that stays true, since a stream never goes back. Not part of the DELETE, because DML
# that reads a stream would move it.
FIND = """
WITH KEPT AS (
    {streams}
    UNION ALL
    {kept}
)
SELECT t.KAFKA_TOPIC, t.KAFKA_PARTITION, t.KAFKA_OFFSET
FROM {table} AS t
LEFT JOIN KEPT AS k
    ON t.KAFKA_TOPIC = k.KAFKA_TOPIC
    AND t.KAFKA_PARTITION = k.KAFKA_PARTITION
    AND t.KAFKA_OFFSET = k.KAFKA_OFFSET
WHERE t.INGESTION_TIMESTAMP < CAST(? AS TIMESTAMP_NTZ) AND k.KAFKA_OFFSET IS NULL
ORDER BY t.INGESTION_TIMESTAMP, t.KAFKA_TOPIC, t.KAFKA_PARTITION, t.KAFKA_OFFSET
LIMIT {limit}
"""
HELD = "SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET FROM {stream}"

# One value: {"before": moment, "at": moment, "places": [[topic, partition, offset], …]}. The age is
# asked for once more: a topic that was created again has the same offsets again, for younger rows.
CHOSEN = """
(
    SELECT
        c.CHOICE:before::TIMESTAMP_NTZ AS INGESTED_BEFORE,
        c.CHOICE:at::TIMESTAMP_NTZ AS PURGED_AT,
        f.value[0]::VARCHAR AS TOPIC,
        f.value[1]::NUMBER(10, 0) AS PARTITION_NUMBER,
        f.value[2]::NUMBER(19, 0) AS PLACE
    FROM (SELECT PARSE_JSON(?) AS CHOICE) AS c, LATERAL FLATTEN(INPUT => c.CHOICE:places) AS f
) AS g
"""
IS_CHOSEN = """
KAFKA_TOPIC = g.TOPIC
    AND KAFKA_PARTITION = g.PARTITION_NUMBER
    AND KAFKA_OFFSET = g.PLACE
    AND INGESTION_TIMESTAMP < g.INGESTED_BEFORE
"""
LOG = f"""
INSERT INTO OPS.RETENTION_LOG (
    PURGED_AT, TABLE_NAME, KAFKA_TOPIC, KAFKA_PARTITION, ROW_COUNT, FROM_OFFSET, TO_OFFSET,
    INGESTED_BEFORE
)
SELECT
    g.PURGED_AT,
    '{{table}}' AS TABLE_NAME,
    KAFKA_TOPIC,
    KAFKA_PARTITION,
    COUNT(*) AS ROW_COUNT,
    MIN(KAFKA_OFFSET) AS FROM_OFFSET,
    MAX(KAFKA_OFFSET) AS TO_OFFSET,
    g.INGESTED_BEFORE
FROM {{table}}
INNER JOIN {CHOSEN} ON {IS_CHOSEN}
GROUP BY g.PURGED_AT, g.INGESTED_BEFORE, KAFKA_TOPIC, KAFKA_PARTITION
"""
DELETE = f"DELETE FROM {{table}} USING {CHOSEN} WHERE {IS_CHOSEN}"

Place = tuple[str, int, int]


@logged
def purge(session: Session, raw_days: int, staging_days: int) -> dict[str, int]:
    """Deletes RAW older than `raw_days` and STAGING older than `staging_days`; call it outside of
    a transaction.

    Each chunk is one transaction with its entries in the log: a purge that is cut short has done
    whole chunks, and the next one goes on from there. Returns the numbers of rows deleted.
    """
    for name, days in (("raw_days", raw_days), ("staging_days", staging_days)):
        if days < 1:
            raise ValueError(f"{name} must be at least 1, not {days}")
    [[now]] = session.sql("SELECT SYSDATE()").collect()
    staging = now - timedelta(days=staging_days)
    return {
        "stg_orders": _purge(session, ORDERS, staging, now),
        "stg_inventory_adj": _purge(session, ADJUSTMENTS, staging, now),
        "raw_events_stream": _purge(session, RAW, now - timedelta(days=raw_days), now),
    }


def _purge(session: Session, table: Aged, before: datetime, now: datetime) -> int:
    return sum(_delete(session, table, each, before, now) for each in _old(session, table, before))


def _old(session: Session, table: Aged, before: datetime) -> Iterator[list[Place]]:
    """The places of what may go, oldest first, in chunks; each chunk is gone before the next."""
    query = FIND.format(
        streams="\nUNION ALL\n".join(HELD.format(stream=name) for name in table.streams),
        kept=table.kept,
        table=table.name,
        limit=CHUNK_ROWS,
    )
    moment = before.isoformat(" ")
    is_last = False
    while not is_last:
        found = session.sql(query, params=[moment, moment]).collect()
        is_last = len(found) < CHUNK_ROWS
        if found:
            yield [(topic, int(partition), int(offset)) for topic, partition, offset in found]


def _delete(
    session: Session, table: Aged, places: list[Place], before: datetime, now: datetime
) -> int:
    value = json.dumps(
        {"before": before.isoformat(" "), "at": now.isoformat(" "), "places": places}
    )
    with repair(session):
        session.sql(LOG.format(table=table.name), params=[value]).collect()
        [done] = session.sql(DELETE.format(table=table.name), params=[value]).collect()
    return int(done[0])

"""Today's transforms once more, over a window of RAW.

`reprocess` is the handler of OPS.REPROCESS. It is harmless to repeat, and runs beside the tasks:
what their streams have not given out yet is left to them. What it does with an event depends on
where the event is now:

An order in STAGING
- the same today: nothing;
- the same event with other values: STG_ORDERS and ORDERS are corrected;
- invalid today, or with another id or time: nothing, it is counted as `kept`.
An adjustment in STAGING
- nothing, since history is never updated; where it differs today it is counted as `kept`.
Rejected and OPEN
- valid today: it goes to STAGING, and the rejection becomes RETRIED;
- invalid: the rejection shows today's reason.
Rejected and DISCARDED
- nothing.
Nowhere, because it was purged from STAGING or lost
- valid: it goes to STAGING, unless the history has the event with other values (`kept`);
- invalid: it is rejected.
"""

from __future__ import annotations

import json
from datetime import datetime

import inventory_transforms
import orders_transforms
from appending import append
from comparisons import (
    ORDER_VALUES,
    adjustments_beside,
    differ,
    is_contradicted,
    is_corrected_order,
    is_kept_adjustment,
    is_kept_order,
    is_of_another_event,
    orders_beside,
    shown_orders,
)
from event_fields import utc_now
from inventory_transforms import current_stock
from places import renamed, same_place, staged_places, with_places, without_places
from rejected_events import REJECTED_EVENTS, rejected_events
from rejections import mark_retried
from repair_lock import repair
from snowflake.snowpark import Column, DataFrame, Session
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_matched, when_not_matched

# Streams give out a partition's rows in the order of their offsets, as the ingester commits them:
# what is below the first offset that a stream still holds has been given out. Read outside of the
# transaction, because reading a stream beside DML would move it, and in one statement, so that
# table and streams are of one moment. A stream never goes back, so the answer stays true.
REACH = """
WITH CHOSEN AS (SELECT PARSE_JSON(?) AS CHOICE),
PENDING AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, 'ORDERS' AS CONSUMER, MIN(KAFKA_OFFSET) AS FIRST_OFFSET
    FROM RAW_DATA.STREAM_RAW_ORDERS
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
    UNION ALL
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, 'INVENTORY' AS CONSUMER, MIN(KAFKA_OFFSET) AS FIRST_OFFSET
    FROM RAW_DATA.STREAM_RAW_INVENTORY
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
),
EVENTS AS (
    SELECT
        r.KAFKA_TOPIC,
        r.KAFKA_PARTITION,
        r.KAFKA_OFFSET,
        CASE WHEN r.EVENT_TYPE = 'INVENTORY_ADJUSTED' THEN 'INVENTORY' ELSE 'ORDERS' END AS CONSUMER
    FROM RAW_DATA.RAW_EVENTS_STREAM AS r
    CROSS JOIN CHOSEN AS c
    WHERE r.INGESTION_TIMESTAMP >= c.CHOICE:since::TIMESTAMP_NTZ
        AND r.INGESTION_TIMESTAMP < c.CHOICE:until::TIMESTAMP_NTZ
)
SELECT
    e.KAFKA_TOPIC,
    e.KAFKA_PARTITION,
    e.CONSUMER,
    COUNT(*) AS EVENTS,
    SUM(CASE WHEN e.KAFKA_OFFSET >= p.FIRST_OFFSET THEN 1 ELSE 0 END) AS WAITING,
    COALESCE(MIN(p.FIRST_OFFSET), MAX(e.KAFKA_OFFSET) + 1) AS REACH
FROM EVENTS AS e
LEFT JOIN PENDING AS p
    ON e.KAFKA_TOPIC = p.KAFKA_TOPIC
    AND e.KAFKA_PARTITION = p.KAFKA_PARTITION
    AND e.CONSUMER = p.CONSUMER
GROUP BY e.KAFKA_TOPIC, e.KAFKA_PARTITION, e.CONSUMER
"""

GIVEN_OUT = """
SELECT
    r.EVENT_ID,
    r.EVENT_TYPE,
    r.EVENT_DATA,
    r.INGESTION_TIMESTAMP,
    r.KAFKA_TOPIC,
    r.KAFKA_PARTITION,
    r.KAFKA_OFFSET
FROM RAW_DATA.RAW_EVENTS_STREAM AS r
INNER JOIN (
    SELECT
        c.CHOICE:since::TIMESTAMP_NTZ AS SINCE,
        c.CHOICE:until::TIMESTAMP_NTZ AS UNTIL,
        f.value:topic::VARCHAR AS TOPIC,
        f.value:partition::NUMBER(10, 0) AS PARTITION_NUMBER,
        f.value:consumer::VARCHAR AS CONSUMER,
        f.value:reach::NUMBER(19, 0) AS REACH
    FROM (SELECT PARSE_JSON(?) AS CHOICE) AS c, LATERAL FLATTEN(INPUT => c.CHOICE:reach) AS f
) AS g
    ON r.KAFKA_TOPIC = g.TOPIC
    AND r.KAFKA_PARTITION = g.PARTITION_NUMBER
    AND r.KAFKA_OFFSET < g.REACH
    AND CASE WHEN r.EVENT_TYPE = 'INVENTORY_ADJUSTED' THEN 'INVENTORY' ELSE 'ORDERS' END
        = g.CONSUMER
LEFT JOIN (
    SELECT DISTINCT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
    FROM RAW_DATA.REJECTED_EVENTS
    WHERE STAGE = 'STAGING' AND STATUS = 'DISCARDED'
) AS d
    ON r.KAFKA_TOPIC = d.KAFKA_TOPIC
    AND r.KAFKA_PARTITION = d.KAFKA_PARTITION
    AND r.KAFKA_OFFSET = d.KAFKA_OFFSET
WHERE r.INGESTION_TIMESTAMP >= g.SINCE
    AND r.INGESTION_TIMESTAMP < g.UNTIL
    AND d.KAFKA_OFFSET IS NULL
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY r.KAFKA_TOPIC, r.KAFKA_PARTITION, r.KAFKA_OFFSET ORDER BY r.INGESTION_TIMESTAMP
) = 1
"""
LATE = "never staged when it was given out; the history has its adjustment_id from another event"


def reprocess(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    """The events ingested in [since, until), in one transaction; call it outside of any other.

    Returns the numbers of events: all, those that wait in a stream, those discarded; what was
    staged, retried, corrected in STAGING and in ORDERS, rejected, left rejected; and how many
    were kept as they are although today's transforms make something else of them.
    """
    session.reduce_describe_query_enabled = True
    window = {"since": since.isoformat(" "), "until": until.isoformat(" ")}
    found = session.sql(REACH, params=[json.dumps(window)]).collect()
    names = ("topic", "partition", "consumer", "events", "waiting", "reach")
    reach = [dict(zip(names, row, strict=True)) for row in found]
    events = sum(int(each["events"]) for each in reach)
    waiting = sum(int(each["waiting"]) for each in reach)
    value = json.dumps({**window, "reach": reach}, default=int)
    run = Reprocessing(session, session.sql(GIVEN_OUT, params=[value]))
    with repair(session):
        done = run.run()
    judged = done.pop("judged")
    return {"events": events, "waiting": waiting, "discarded": events - waiting - judged, **done}


class Reprocessing:
    """The events of one window, and what is done with them, statement by statement."""

    def __init__(self, session: Session, events: DataFrame) -> None:
        self.session = session
        self.events = events
        self.orders = orders_transforms.judge(events)
        self.adjustments = inventory_transforms.judge(events)
        self.history = renamed(session.table("PRODUCTION.INVENTORY_HISTORY"), "HAS_")

    def run(self) -> dict[str, int]:
        """The order matters: each step compares with what the steps before it have left."""
        counts = self._count()
        corrected_orders = self._correct_production()
        staged_orders, corrected = self._stage_orders()
        self._note_latecomers()
        staged_adjustments = self._stage_adjustments()
        retried = mark_retried(self.session, with_places(self.events, staged_places(self.session)))
        rejected, still_rejected = self._reject()
        self._lend_categories()
        return {
            **counts,
            "staged": staged_orders + staged_adjustments,
            "retried": retried,
            "corrected": corrected,
            "corrected_orders": corrected_orders,
            "rejected": rejected,
            "still_rejected": still_rejected,
        }

    def _count(self) -> dict[str, int]:
        """How many are judged, and how many of them are kept in spite of the judgement."""
        orders = _counted(self._orders_beside(), is_kept_order())
        adjustments = _counted(self._adjustments_beside(), is_kept_adjustment())
        contradicted = self._new_adjustments().join(
            self.history, is_contradicted("HAS_"), "leftsemi"
        )
        kept = orders["kept"] + adjustments["kept"] + contradicted.count()
        return {"judged": orders["judged"] + adjustments["judged"], "kept": kept}

    def _correct_production(self) -> int:
        """An order goes on showing the same event, with what it says today."""
        source = renamed(shown_orders(self._orders_beside()), "NEW_")
        same = (
            (F.col("ORDER_ID") == F.col("NEW_ORDER_ID"))
            & (F.col("EVENT_ID") == F.col("NEW_EVENT_ID"))
            & (F.col("ORDER_TIMESTAMP") == F.col("NEW_EVENT_TIMESTAMP"))
        )
        changes = {name: F.col(f"NEW_{name}") for name in ORDER_VALUES} | {"UPDATED_AT": utc_now()}
        orders = self.session.table("PRODUCTION.ORDERS")
        return orders.update(changes, same & differ(ORDER_VALUES, "NEW_"), source).rows_updated

    def _stage_orders(self) -> tuple[int, int]:
        """STG_ORDERS gets what it has not, and the corrections; how many of each."""
        columns = orders_transforms.STG_ORDERS
        beside = self._orders_beside()
        changed = beside.filter(is_corrected_order()).select(*columns)
        corrections = renamed(changed, "NEW_")
        changes = {name: F.col(f"NEW_{name}") for name in ORDER_VALUES}
        table = self.session.table("STAGING.STG_ORDERS")
        corrected = table.update(changes, same_place("NEW_"), corrections).rows_updated
        new = self._not_staged(orders_transforms.staged_orders(self.orders))
        return append(self.session, new, "STAGING.STG_ORDERS", columns), corrected

    def _stage_adjustments(self) -> int:
        """STG_INVENTORY_ADJ gets what it has not, unless the history says otherwise."""
        new = self._new_adjustments().join(self.history, is_contradicted("HAS_"), "leftanti")
        columns = inventory_transforms.STG_INVENTORY_ADJ
        return append(self.session, new, "STAGING.STG_INVENTORY_ADJ", columns)

    def _note_latecomers(self) -> None:
        """A RETRIED rejection for each adjustment that comes after a later one of its id.

        By it the laws know that such an event, whatever its offset, was not there first.
        """
        rejected = self.session.table("RAW_DATA.REJECTED_EVENTS")
        own = rejected.filter(F.col("STAGE") == F.lit("STAGING"))
        unknown = self._not_staged(self.adjustments.filter(F.col("REASON").is_null()))
        late = without_places(unknown, own).join(
            self.history, is_of_another_event("HAS_"), "leftsemi"
        )
        given = {"REASON": F.lit(LATE).alias("REASON")}
        noted = late.select(*(given.get(name, F.col(name)) for name in self.adjustments.columns))
        changes = {"STATUS": F.lit("RETRIED")}
        rows = rejected_events(noted, utc_now()).select(
            *(changes.get(name, F.col(name)).alias(name) for name in REJECTED_EVENTS),
            utc_now().alias("DECIDED_AT"),
        )
        append(self.session, rows, "RAW_DATA.REJECTED_EVENTS", (*REJECTED_EVENTS, "DECIDED_AT"))

    def _reject(self) -> tuple[int, int]:
        """What is invalid and not in STAGING is rejected, once, with today's reason."""
        now = utc_now()
        rows = rejected_events(self.orders, now).union_all(rejected_events(self.adjustments, now))
        source = renamed(self._not_staged(rows), "NEW_")
        is_open = (F.col("STAGE") == F.lit("STAGING")) & (F.col("STATUS") == F.lit("OPEN"))
        done = self.session.table("RAW_DATA.REJECTED_EVENTS").merge(
            source,
            same_place("NEW_") & is_open,
            [
                when_matched().update({"REASON": F.col("NEW_REASON")}),
                when_not_matched().insert({name: F.col(f"NEW_{name}") for name in REJECTED_EVENTS}),
            ],
        )
        return done.rows_inserted, done.rows_updated

    def _lend_categories(self) -> None:
        """Products without a category of their own are shown with their orders', as it is now."""
        history = self.session.table("PRODUCTION.INVENTORY_HISTORY")
        without = history.filter(F.col("PRODUCT_CATEGORY").is_null())
        stock = current_stock(history, without, self.session.table("PRODUCTION.ORDERS"))
        source = renamed(stock.select("PRODUCT_ID", "PRODUCT_CATEGORY"), "NEW_")
        changes = {"PRODUCT_CATEGORY": F.col("NEW_PRODUCT_CATEGORY"), "UPDATED_AT": utc_now()}
        is_own = F.col("PRODUCT_ID") == F.col("NEW_PRODUCT_ID")
        other = differ(("PRODUCT_CATEGORY",), "NEW_")
        self.session.table("PRODUCTION.INVENTORY_CURRENT").update(changes, is_own & other, source)

    def _orders_beside(self) -> DataFrame:
        return orders_beside(self.orders, self.session.table("STAGING.STG_ORDERS"))

    def _adjustments_beside(self) -> DataFrame:
        staged = self.session.table("STAGING.STG_INVENTORY_ADJ")
        return adjustments_beside(self.adjustments, staged)

    def _new_adjustments(self) -> DataFrame:
        return self._not_staged(inventory_transforms.staged_adjustments(self.adjustments))

    def _not_staged(self, rows: DataFrame) -> DataFrame:
        return without_places(rows, staged_places(self.session))


def _counted(beside: DataFrame, kept: Column) -> dict[str, int]:
    counts = beside.select(F.count(F.lit(1)), F.count(F.when(kept, F.lit(1))))
    [row] = counts.collect()
    return {"judged": int(row[0]), "kept": int(row[1])}

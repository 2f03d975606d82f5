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
from appending import Change, addition, composed, update
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
from inventory_transforms import current_stock, standing
from places import renamed, same_place, staged_places, with_places, without_places
from rejected_events import REJECTED_EVENTS, rejected_events
from rejections import mark_retried
from repair_lock import repair
from run_log import logged
from snowflake.snowpark import Column, DataFrame, Session, Table
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_matched, when_not_matched
from transactions import infer_columns

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
    r.KAFKA_OFFSET,
    DATEADD('second', l.MAX_FUTURE_SECONDS, SYSDATE()) AS LATEST_MOMENT
FROM RAW_DATA.RAW_EVENTS_STREAM AS r
CROSS JOIN OPS.EVENT_LIMITS AS l
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


@logged
def reprocess(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    """The events ingested in [since, until), in one transaction; call it outside of any other.

    Returns the numbers of events: all, those that wait in a stream, those discarded; what was
    staged, retried, corrected in STAGING and in ORDERS, rejected, left rejected; and how many
    were kept as they are although today's transforms make something else of them.
    """
    infer_columns(session)
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
    """The events of one window, and what is done with them, statement by statement.

    Everything is composed, and Snowpark has asked for every column, before the lock is taken:
    `run` sends only the statements that do something.
    """

    def __init__(self, session: Session, events: DataFrame) -> None:
        orders, adjustments = orders_transforms.judge(events), inventory_transforms.judge(events)
        production = session.table("PRODUCTION.ORDERS")
        stg_orders = session.table("STAGING.STG_ORDERS")
        stg_adjustments = session.table("STAGING.STG_INVENTORY_ADJ")
        rejected = session.table("RAW_DATA.REJECTED_EVENTS")
        history = session.table("PRODUCTION.INVENTORY_HISTORY")
        has = renamed(history, "HAS_")
        staged = staged_places(session)
        beside = orders_beside(orders, stg_orders)
        valid = inventory_transforms.staged_adjustments(adjustments)
        unstaged = without_places(valid, staged)

        self.counts = [
            counts(beside, is_kept_order()),
            counts(adjustments_beside(adjustments, stg_adjustments), is_kept_adjustment()),
        ]
        self.contradicted = counts(unstaged.join(has, is_contradicted("HAS_"), "leftsemi"))
        self.correct_production = corrected_orders(production, beside)
        self.correct_staging = corrected_rows(stg_orders, beside)
        new_orders = without_places(orders_transforms.staged_orders(orders), staged)
        self.stage_orders = addition(stg_orders, new_orders, orders_transforms.STG_ORDERS)
        late = latecomers(without_places(adjustments, staged), rejected, has)
        self.note_latecomers = addition(rejected, late, (*REJECTED_EVENTS, "DECIDED_AT"))
        new = unstaged.join(has, is_contradicted("HAS_"), "leftanti")
        columns = inventory_transforms.STG_INVENTORY_ADJ
        self.stage_adjustments = addition(stg_adjustments, new, columns)
        self.mark_retried = mark_retried(rejected, with_places(events, staged))
        now = utc_now()
        invalid = rejected_events(orders, now).union_all(rejected_events(adjustments, now))
        self.invalid = composed(renamed(without_places(invalid, staged), "NEW_"))
        self.rejected = rejected
        without = history.filter(F.col("PRODUCT_CATEGORY").is_null())
        stock = session.table("PRODUCTION.INVENTORY_CURRENT")
        self.lend_categories = lent_categories(
            stock, current_stock(standing(history), without, production)
        )

    def run(self) -> dict[str, int]:
        """The order matters: each step compares with what the steps before it have left."""
        [orders], [adjustments] = (each.collect() for each in self.counts)
        [contradicted] = self.contradicted.collect()
        corrected_orders = self.correct_production()
        corrected = self.correct_staging()
        staged = self.stage_orders()
        self.note_latecomers()
        staged += self.stage_adjustments()
        retried = self.mark_retried()
        rejected, still_rejected = self._reject()
        self.lend_categories()
        return {
            "judged": int(orders["JUDGED"]) + int(adjustments["JUDGED"]),
            "kept": sum(int(each["KEPT"]) for each in (orders, adjustments, contradicted)),
            "staged": staged,
            "retried": retried,
            "corrected": corrected,
            "corrected_orders": corrected_orders,
            "rejected": rejected,
            "still_rejected": still_rejected,
        }

    def _reject(self) -> tuple[int, int]:
        """What is invalid and not in STAGING is rejected, once, with today's reason."""
        is_open = (F.col("STAGE") == F.lit("STAGING")) & (F.col("STATUS") == F.lit("OPEN"))
        done = self.rejected.merge(
            self.invalid,
            same_place("NEW_") & is_open,
            [
                when_matched().update({"REASON": F.col("NEW_REASON")}),
                when_not_matched().insert({name: F.col(f"NEW_{name}") for name in REJECTED_EVENTS}),
            ],
        )
        return done.rows_inserted, done.rows_updated


def counts(beside: DataFrame, kept: Column | None = None) -> DataFrame:
    """How many events are JUDGED, and how many of them are KEPT in spite of it; all, by default."""
    kept_ones = F.lit(1) if kept is None else F.when(kept, F.lit(1))
    return composed(
        beside.select(F.count(F.lit(1)).alias("JUDGED"), F.count(kept_ones).alias("KEPT"))
    )


def corrected_orders(production: Table, beside: DataFrame) -> Change:
    """An order goes on showing the same event, with what it says today."""
    same = (
        (F.col("ORDER_ID") == F.col("NEW_ORDER_ID"))
        & (F.col("EVENT_ID") == F.col("NEW_EVENT_ID"))
        & (F.col("ORDER_TIMESTAMP") == F.col("NEW_EVENT_TIMESTAMP"))
    )
    changes = {name: F.col(f"NEW_{name}") for name in ORDER_VALUES} | {"UPDATED_AT": utc_now()}
    source = renamed(shown_orders(beside), "NEW_")
    return update(production, changes, same & differ(ORDER_VALUES, "NEW_"), source)


def corrected_rows(stg_orders: Table, beside: DataFrame) -> Change:
    """STG_ORDERS gets the same corrections."""
    changed = beside.filter(is_corrected_order()).select(*orders_transforms.STG_ORDERS)
    changes = {name: F.col(f"NEW_{name}") for name in ORDER_VALUES}
    return update(stg_orders, changes, same_place("NEW_"), renamed(changed, "NEW_"))


def latecomers(unstaged: DataFrame, rejected: DataFrame, has: DataFrame) -> DataFrame:
    """A RETRIED rejection for each adjustment that comes after a later one of its id.

    By it the laws know that such an event, whatever its offset, was not there first.
    """
    own = rejected.filter(F.col("STAGE") == F.lit("STAGING"))
    unknown = without_places(unstaged.filter(F.col("REASON").is_null()), own)
    late = unknown.join(has, is_of_another_event("HAS_"), "leftsemi")
    given = {"REASON": F.lit(LATE).alias("REASON")}
    noted = late.select(*(given.get(name, F.col(name)) for name in unstaged.columns))
    changes = {"STATUS": F.lit("RETRIED")}
    return rejected_events(noted, utc_now()).select(
        *(changes.get(name, F.col(name)).alias(name) for name in REJECTED_EVENTS),
        utc_now().alias("DECIDED_AT"),
    )


def lent_categories(current: Table, stock: DataFrame) -> Change:
    """Products without a category of their own are shown with their orders', as it is now."""
    source = renamed(stock.select("PRODUCT_ID", "PRODUCT_CATEGORY"), "NEW_")
    changes = {"PRODUCT_CATEGORY": F.col("NEW_PRODUCT_CATEGORY"), "UPDATED_AT": utc_now()}
    is_own = F.col("PRODUCT_ID") == F.col("NEW_PRODUCT_ID")
    return update(current, changes, is_own & differ(("PRODUCT_CATEGORY",), "NEW_"), source)

"""Today's transforms once more, over a window of RAW.

`reprocess` is the handler of OPS.REPROCESS. It is harmless to repeat, and runs beside the tasks:
what their streams have not given out yet is left to them. What it does with an event depends on
where the event is now:

An order in STAGING
- the same today: nothing;
- the same event with other values: STG_ORDERS and ORDERS are corrected;
- invalid today, or with another id or time: nothing, it is counted as `kept`.
An adjustment in STAGING
- nothing, since history is never updated; where it differs today it is counted as `kept`;
- but a column that is NULL there, and that the stock does not depend on, is filled with what the
  event says: columns that were added later.
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
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from functools import reduce
from typing import NamedTuple

from appending import Change, addition, composed, update
from comparisons import (
    beside,
    differ,
    is_contradicted,
    is_corrected,
    is_due,
    is_kept,
    is_of_another_event,
    shown_events,
)
from event_fields import utc_now
from event_kinds import INVENTORY_ADJUSTED, KINDS, ORDER_CREATED, Kind, stream_of
from inventory_transforms import current_stock, standing
from judging import is_valid, judge, staged
from places import renamed, same_place, staged_places, with_places, without_places
from rejected_events import REJECTED_EVENTS, rejected_events
from rejections import mark_retried
from repair_lock import Overtaken, repair, turns_taken
from run_log import logged
from snowflake.snowpark import Column, DataFrame, Session, Table
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_matched, when_not_matched
from transactions import infer_columns

# Streams give out a partition's rows in the order of their offsets, as the ingester commits them:
# what is below the first offset that a stream still holds has been given out. Read outside of the
# transaction, because reading a stream beside DML would move it, and in one statement, so that
# table and streams are of one moment. A stream never goes back, so the answer stays true.
PENDING = "\n    UNION ALL\n".join(
    f"""
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, '{stream}' AS STREAM, MIN(KAFKA_OFFSET) AS FIRST_OFFSET
    FROM {stream}
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
    """
    for stream in sorted({kind.stream for kind in KINDS})
)
REACH = f"""
WITH CHOSEN AS (SELECT PARSE_JSON(?) AS CHOICE),
PENDING AS (
    {PENDING}
),
EVENTS AS (
    SELECT
        r.KAFKA_TOPIC,
        r.KAFKA_PARTITION,
        r.KAFKA_OFFSET,
        {stream_of("r.EVENT_TYPE")} AS STREAM
    FROM RAW_DATA.RAW_EVENTS_STREAM AS r
    CROSS JOIN CHOSEN AS c
    WHERE r.INGESTION_TIMESTAMP >= c.CHOICE:since::TIMESTAMP_NTZ
        AND r.INGESTION_TIMESTAMP < c.CHOICE:until::TIMESTAMP_NTZ
)
SELECT
    e.KAFKA_TOPIC,
    e.KAFKA_PARTITION,
    e.STREAM,
    COUNT(*) AS EVENTS,
    SUM(CASE WHEN e.KAFKA_OFFSET >= p.FIRST_OFFSET THEN 1 ELSE 0 END) AS WAITING,
    COALESCE(MIN(p.FIRST_OFFSET), MAX(e.KAFKA_OFFSET) + 1) AS REACH
FROM EVENTS AS e
LEFT JOIN PENDING AS p
    ON e.KAFKA_TOPIC = p.KAFKA_TOPIC
    AND e.KAFKA_PARTITION = p.KAFKA_PARTITION
    AND e.STREAM = p.STREAM
GROUP BY e.KAFKA_TOPIC, e.KAFKA_PARTITION, e.STREAM
"""

GIVEN_OUT = f"""
SELECT
    r.EVENT_ID,
    r.EVENT_TYPE,
    r.EVENT_DATA,
    r.INGESTION_TIMESTAMP,
    r.KAFKA_TOPIC,
    r.KAFKA_PARTITION,
    r.KAFKA_OFFSET,
    r.KAFKA_METADATA,
    DATEADD('second', l.MAX_FUTURE_SECONDS, SYSDATE()) AS LATEST_MOMENT
FROM RAW_DATA.RAW_EVENTS_STREAM AS r
CROSS JOIN OPS.EVENT_LIMITS AS l
INNER JOIN (
    SELECT
        c.CHOICE:since::TIMESTAMP_NTZ AS SINCE,
        c.CHOICE:until::TIMESTAMP_NTZ AS UNTIL,
        f.value:topic::VARCHAR AS TOPIC,
        f.value:partition::NUMBER(10, 0) AS PARTITION_NUMBER,
        f.value:stream::VARCHAR AS STREAM,
        f.value:reach::NUMBER(19, 0) AS REACH
    FROM (SELECT PARSE_JSON(?) AS CHOICE) AS c, LATERAL FLATTEN(INPUT => c.CHOICE:reach) AS f
) AS g
    ON r.KAFKA_TOPIC = g.TOPIC
    AND r.KAFKA_PARTITION = g.PARTITION_NUMBER
    AND r.KAFKA_OFFSET < g.REACH
    AND {stream_of("r.EVENT_TYPE")} = g.STREAM
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
# How often the events are judged beforehand; others repair now and then, or a purge is at work.
ATTEMPTS = 2
COUNTS = (
    "judged",
    "kept",
    "staged",
    "retried",
    "corrected",
    "corrected_orders",
    "rejected",
    "still_rejected",
)
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
    names = ("topic", "partition", "stream", "events", "waiting", "reach")
    reach = [dict(zip(names, row, strict=True)) for row in found]
    events = sum(int(each["events"]) for each in reach)
    waiting = sum(int(each["waiting"]) for each in reach)
    value = json.dumps({**window, "reach": reach}, default=int)
    done = _reprocess(session, judge(session.sql(GIVEN_OUT, params=[value])))
    judged = done.pop("judged")
    return {"events": events, "waiting": waiting, "discarded": events - waiting - judged, **done}


def _reprocess(session: Session, judged: DataFrame) -> dict[str, int]:
    """Judges the events once, before the lock is taken, into a temporary table.

    What RAW has of them may change until then: a customer is forgotten, a purge deletes. Both are
    repairs, so if there was one in between, the events are judged again; after that by each
    statement, under the lock.
    """
    kinds = KINDS
    for _ in range(ATTEMPTS):
        turns = turns_taken(session)
        with judged.cache_result() as found, suppress(Overtaken):
            contents = contents_of(found)
            if not contents.events:
                return dict.fromkeys(COUNTS, 0)
            kinds = contents.kinds
            run = Reprocessing(session, found, kinds, contents.has_faults)
            with repair(session, after=turns):
                return run.run()
    run = Reprocessing(session, judged, kinds)
    with repair(session):
        return run.run()


class Contents(NamedTuple):
    """What there is among judged events: kinds that nobody has an event of need no statement."""

    events: int
    kinds: tuple[Kind, ...]
    has_faults: bool


def contents_of(judged: DataFrame) -> Contents:
    by_type = judged.group_by("EVENT_TYPE").agg(F.count(F.lit(1)), F.count("FAULT")).collect()
    types = {event_type for event_type, _, _ in by_type}
    return Contents(
        events=sum(int(events) for _, events, _ in by_type),
        kinds=tuple(kind for kind in KINDS if kind.event_type in types),
        has_faults=any(faults for _, _, faults in by_type),
    )


class Reprocessing:
    """Judged events of these kinds, and what is done with them, statement by statement.

    Everything is composed, and Snowpark has asked for every column, before the lock is taken:
    `run` sends only the statements that do something.
    """

    def __init__(
        self,
        session: Session,
        judged: DataFrame,
        kinds: tuple[Kind, ...],
        has_faults: bool = True,
    ) -> None:
        in_staging = staged_places(session)
        rejected = session.table("RAW_DATA.REJECTED_EVENTS")
        history = session.table("PRODUCTION.INVENTORY_HISTORY")
        stg = {kind: session.table(kind.staging) for kind in kinds}
        new = {kind: without_places(staged(judged, kind), in_staging) for kind in kinds}
        both = {kind: beside(judged, stg[kind], kind) for kind in kinds}
        kept = [both[kind].filter(is_kept(kind)) for kind in kinds]

        self.note_latecomers: list[Change] = []
        if INVENTORY_ADJUSTED in kinds:
            has = renamed(history, "HAS_")
            added = new[INVENTORY_ADJUSTED]
            # A semi join becomes EXISTS, and Snowflake evaluates one of plain comparisons alone.
            contradicted = added.join(has, is_contradicted("HAS_"))
            kept.append(with_places(added, contradicted))
            new[INVENTORY_ADJUSTED] = without_places(added, contradicted)
            late = latecomers(without_places(judged, in_staging), rejected, has)
            self.note_latecomers.append(addition(rejected, late, (*REJECTED_EVENTS, "DECIDED_AT")))
        self.counts = counts(judged, kept)
        self.correct_production = {
            kind: correction(session.table(kind.production.table), both[kind], kind)
            for kind in kinds
            if kind.production
        }
        self.correct_staging = [corrected_rows(stg[kind], both[kind], kind) for kind in kinds]
        self.stage = [addition(stg[kind], new[kind], kind.staged) for kind in kinds]
        self.mark_retried = mark_retried(rejected, with_places(judged, in_staging))
        self.rejected, self.invalid = rejected, None
        if has_faults:
            invalid = rejected_events(judged, utc_now())
            self.invalid = composed(renamed(without_places(invalid, in_staging), "NEW_"))
        without = history.filter(F.col("PRODUCT_CATEGORY").is_null())
        stock = session.table("PRODUCTION.INVENTORY_CURRENT")
        orders = session.table("PRODUCTION.ORDERS")
        self.lend_categories = lent_categories(
            stock, current_stock(standing(history), without, orders)
        )

    def run(self) -> dict[str, int]:
        """The order matters: each step compares with what the steps before it have left."""
        [(judged, kept)] = self.counts.collect()
        shown = {kind: correct() for kind, correct in self.correct_production.items()}
        corrected = sum(correct() for correct in self.correct_staging)
        for note in self.note_latecomers:
            note()
        added = sum(stage() for stage in self.stage)
        retried = self.mark_retried()
        rejected, still_rejected = self._reject()
        self.lend_categories()
        counted = (judged, kept, added, retried, corrected, shown.get(ORDER_CREATED, 0))
        return dict(zip(COUNTS, map(int, (*counted, rejected, still_rejected)), strict=True))

    def _reject(self) -> tuple[int, int]:
        """What is invalid and not in STAGING is rejected, once, with today's reason."""
        if self.invalid is None:
            return 0, 0
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


def counts(judged: DataFrame, kept: Iterable[DataFrame]) -> DataFrame:
    """How many events are JUDGED, and how many of them are KEPT in spite of it."""
    parts = [judged.select(F.lit(1).alias("JUDGED"), F.lit(0).alias("KEPT"))]
    parts += [each.select(F.lit(0).alias("JUDGED"), F.lit(1).alias("KEPT")) for each in kept]
    both = reduce(DataFrame.union_all, parts)
    sums = (F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in ("JUDGED", "KEPT"))
    return composed(both.select(*sums))


def correction(production: Table, rows: DataFrame, kind: Kind) -> Change:
    """Production goes on showing the same events, with what they say today."""
    same = [F.col(own) == F.col(f"NEW_{name}") for own, name in kind.identity_shown.items()]
    if kind.settled:
        same.append(~differ(kind.settled, "NEW_"))
    changes = {name: F.col(f"NEW_{name}") for name in kind.corrected}
    if kind.production and "UPDATED_AT" in kind.production.own:
        changes["UPDATED_AT"] = utc_now()
    condition = reduce(Column.__and__, same) & is_due(kind, new="NEW_")
    return update(production, changes, condition, renamed(shown_events(rows, kind), "NEW_"))


def corrected_rows(stg: Table, rows: DataFrame, kind: Kind) -> Change:
    """STAGING gets the same corrections."""
    changed = rows.filter(is_corrected(kind)).select(*kind.staged)
    changes = {name: F.col(f"NEW_{name}") for name in kind.corrected}
    return update(stg, changes, same_place("NEW_"), renamed(changed, "NEW_"))


def latecomers(unstaged: DataFrame, rejected: DataFrame, has: DataFrame) -> DataFrame:
    """A RETRIED rejection for each adjustment that comes after a later one of its id.

    By it the laws know that such an event, whatever its offset, was not there first.
    """
    own = rejected.filter(F.col("STAGE") == F.lit("STAGING"))
    unknown = without_places(unstaged.filter(is_valid(INVENTORY_ADJUSTED)), own)
    late = unknown.join(has, is_of_another_event("HAS_"), "leftsemi")
    given = {"FAULT": F.lit(LATE).alias("FAULT")}
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

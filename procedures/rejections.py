"""What people do with rejected events: try them again, or leave them for good.

`retry`, `accept_future` and `discard` are the handlers of OPS.RETRY_REJECTED, OPS.ACCEPT_FUTURE and
OPS.DISCARD_REJECTED. Events are
chosen by their places, `topic/partition/offset`, and by a part of the reason, in any case of
letters; None is any. Only OPEN rejections are ever touched.
"""

from __future__ import annotations

import json

from appending import Change, addition, update
from event_fields import utc_now
from event_kinds import KINDS
from judging import judge, staged
from places import PLACE, renamed, same_place, staged_places, without_places
from repair_lock import repair
from run_log import logged
from snowflake.snowpark import Column, DataFrame, Session, Table
from snowflake.snowpark import functions as F
from transactions import infer_columns

# One value, {"events": " place place ", "reason": text}; what is missing in it chooses everything.
# Neither a topic nor a number holds a blank.
CHOSEN = """
    (c.CHOICE:events IS NULL OR CONTAINS(
        c.CHOICE:events::VARCHAR,
        CONCAT(' ', r.KAFKA_TOPIC, '/', r.KAFKA_PARTITION::VARCHAR, '/',
            COALESCE(r.KAFKA_OFFSET::VARCHAR, '-'), ' ')
    ))
    AND (c.CHOICE:reason IS NULL OR CONTAINS(LOWER(r.REASON), LOWER(c.CHOICE:reason::VARCHAR)))
"""

# The payload is the event, also after RAW was purged, or the payload corrected by hand, its type
# included. RAW knows the event's own id, where the rejection may show its place instead, and when
# it came in. What came too early may be due by now, or be taken at any moment.
REJECTED = f"""
SELECT
    CASE WHEN w.KAFKA_OFFSET IS NULL THEN r.EVENT_ID ELSE w.EVENT_ID END AS EVENT_ID,
    COALESCE(TRY_PARSE_JSON(r.PAYLOAD):event_type::VARCHAR, r.EVENT_TYPE) AS EVENT_TYPE,
    TRY_PARSE_JSON(r.PAYLOAD) AS EVENT_DATA,
    COALESCE(w.INGESTION_TIMESTAMP, r.REJECTED_AT) AS INGESTION_TIMESTAMP,
    r.KAFKA_TOPIC,
    r.KAFKA_PARTITION,
    r.KAFKA_OFFSET,
    w.KAFKA_METADATA,
    CASE
        WHEN c.CHOICE:any_moment IS NULL THEN DATEADD('second', l.MAX_FUTURE_SECONDS, SYSDATE())
    END AS LATEST_MOMENT
FROM RAW_DATA.REJECTED_EVENTS AS r
LEFT JOIN RAW_DATA.RAW_EVENTS_STREAM AS w
    ON r.KAFKA_TOPIC = w.KAFKA_TOPIC
    AND r.KAFKA_PARTITION = w.KAFKA_PARTITION
    AND r.KAFKA_OFFSET = w.KAFKA_OFFSET
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) AS c
CROSS JOIN OPS.EVENT_LIMITS AS l
WHERE r.STAGE = 'STAGING' AND r.STATUS = 'OPEN' AND {CHOSEN}
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY r.KAFKA_TOPIC, r.KAFKA_PARTITION, r.KAFKA_OFFSET ORDER BY r.REJECTED_AT DESC
) = 1
"""

DISCARD = f"""
UPDATE RAW_DATA.REJECTED_EVENTS AS r
SET
    STATUS = 'DISCARDED',
    DECIDED_AT = CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ,
    NOTE = c.CHOICE:note::VARCHAR
FROM (SELECT PARSE_JSON(?) AS CHOICE) AS c
WHERE r.STATUS = 'OPEN' AND {CHOSEN}
"""


@logged
def retry(session: Session, events: list[str] | None, reason: str | None) -> dict[str, int]:
    """Today's transforms for OPEN rejections of the stage STAGING, once.

    What is valid today goes to STAGING, and by its streams to production; its rejection becomes
    RETRIED. What is not stays OPEN, with today's reason. Rejections of the stage INGEST have no
    RAW row to transform: they stay as they are.
    """
    return _retry(session, choice(events, reason=reason), None)


@logged
def accept_future(session: Session, events: list[str], note: str) -> dict[str, int]:
    """As `retry`, for these events, whatever moment in the future they name; their rejections keep
    the note, which says who decided that."""
    return _retry(session, choice(events, any_moment=True), note)


def _retry(session: Session, chosen: str, note: str | None) -> dict[str, int]:
    infer_columns(session)
    events = session.sql(REJECTED, params=[chosen])
    judged = judge(events)
    places = staged_places(session)
    stage = [
        addition(
            session.table(kind.staging),
            without_places(staged(judge(events, [kind]), kind), places),
            kind.staged,
        )
        for kind in KINDS
    ]
    reasons = judged.select(*PLACE, F.col("FAULT").alias("REASON"))
    rejected = session.table("RAW_DATA.REJECTED_EVENTS")
    mark = mark_retried(rejected, reasons.filter(is_valid()), note)
    show = show_reasons(rejected, reasons.filter(~is_valid()))
    with repair(session):
        added = sum(each() for each in stage)
        retried = mark()
        if added > retried:
            raise RuntimeError(f"{added} events were staged for {retried} rejections: not done")
        still = show()
    return {"staged": added, "retried": retried, "still_rejected": still}


@logged
def discard(
    session: Session, events: list[str] | None, reason: str | None, note: str | None
) -> dict[str, int]:
    """OPEN rejections of either stage become DISCARDED; they are kept, and never tried again."""
    with repair(session):
        value = choice(events, reason=reason, note=note)
        [done] = session.sql(DISCARD, params=[value]).collect()
    return {"discarded": int(done[0])}


def choice(events: list[str] | None, **more: str | bool | None) -> str:
    """The value that CHOSEN, REJECTED and DISCARD read."""
    given = {"events": None if events is None else f" {' '.join(events)} ", **more}
    return json.dumps({name: value for name, value in given.items() if value is not None})


def is_valid() -> Column:
    return F.col("REASON").is_null()


def mark_retried(rejected: Table, places: DataFrame, note: str | None = None) -> Change:
    """The OPEN rejections at these places, now in STAGING, become RETRIED."""
    changes = {"STATUS": F.lit("RETRIED"), "DECIDED_AT": utc_now()}
    if note is not None:
        changes["NOTE"] = F.lit(note)
    return _update(rejected, places.select(*PLACE), changes)


def show_reasons(rejected: Table, judged: DataFrame) -> Change:
    """The OPEN rejections at these places show the reason given."""
    return _update(rejected, judged, {"REASON": F.col("NEW_REASON")})


def _update(rejected: Table, source: DataFrame, changes: dict[str, Column]) -> Change:
    is_open = (F.col("STAGE") == F.lit("STAGING")) & (F.col("STATUS") == F.lit("OPEN"))
    return update(rejected, changes, same_place("NEW_") & is_open, renamed(source, "NEW_"))

"""Hop 2: RAW events become rows of STAGING, or rejected events with a reason.

`orders` and `inventory` are the handlers of OPS.RAW_TO_STAGING_ORDERS and
OPS.RAW_TO_STAGING_INVENTORY. Both streams show all RAW rows; each procedure takes its own kind,
and its stream moves past all of them.

Names carry their schema but no database: the procedures run with their owner's rights, and there
Snowflake looks names up in the database that the procedure itself is in.
"""

from __future__ import annotations

from appending import Target, divide
from event_fields import utc_now
from event_kinds import INVENTORY_ADJUSTED, ORDER_CREATED, of_stream
from judging import judge, own_events
from rejected_events import REJECTED_EVENTS, beside_rejected, rejected_as
from run_log import logged
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F
from transactions import transaction


@logged
def orders(session: Session) -> dict[str, int]:
    """Moves STREAM_RAW_ORDERS on; returns how many rows it staged and how many it rejected."""
    return _stage(session, ORDER_CREATED.stream)


@logged
def inventory(session: Session) -> dict[str, int]:
    """Moves STREAM_RAW_INVENTORY on; returns how many rows it staged and how many it rejected."""
    return _stage(session, INVENTORY_ADJUSTED.stream)


def _stage(session: Session, stream: str) -> dict[str, int]:
    """The valid rows into the tables of their kinds, the others among the rejected, by one
    statement, which judges them once."""
    kinds = of_stream(stream)
    with transaction(session):
        judged = judge(own_events(_new_rows(session, stream), stream), kinds)
        columns = dict.fromkeys(name for kind in kinds for name in ("EVENT_TYPE", *kind.staged))
        rows = beside_rejected(judged, columns, utc_now())
        staged = {
            f"FAULT IS NULL AND EVENT_TYPE = '{kind.event_type}'": Target(
                kind.staging, {name: name for name in kind.staged}
            )
            for kind in kinds
        }
        rejections = {name: rejected_as(name) for name in REJECTED_EVENTS}
        *counts, rejected = divide(
            session, rows, staged, Target("RAW_DATA.REJECTED_EVENTS", rejections)
        )
    return {"staged": sum(counts), "rejected": rejected}


def _new_rows(session: Session, stream: str) -> DataFrame:
    new = session.table(stream).filter(F.col("METADATA$ACTION") == F.lit("INSERT"))
    limited = new.cross_join(session.table("OPS.EVENT_LIMITS"))
    latest = F.dateadd("second", F.col("MAX_FUTURE_SECONDS"), F.col("INGESTION_TIMESTAMP"))
    return limited.with_column("LATEST_MOMENT", latest)

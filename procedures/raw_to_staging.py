"""Hop 2: RAW events become rows of STAGING, or rejected events with a reason.

`orders` and `inventory` are the handlers of OPS.RAW_TO_STAGING_ORDERS and
OPS.RAW_TO_STAGING_INVENTORY. Both streams show all RAW rows; each procedure takes its own kind,
and its stream moves past all of them.

Names carry their schema but no database: the procedures run with their owner's rights, and there
Snowflake looks names up in the database that the procedure itself is in.
"""

from __future__ import annotations

import inventory_transforms
import orders_transforms
from appending import Target, divide
from event_fields import utc_now
from rejected_events import REJECTED_EVENTS, beside_rejected
from run_log import logged
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F
from transactions import transaction


@logged
def orders(session: Session) -> dict[str, int]:
    """Moves STREAM_RAW_ORDERS on; returns how many rows it staged and how many it rejected."""
    with transaction(session):
        judged = orders_transforms.judge(_new_rows(session, "RAW_DATA.STREAM_RAW_ORDERS"))
        return _stage(session, judged, Target("STAGING.STG_ORDERS", orders_transforms.STAGED_AS))


@logged
def inventory(session: Session) -> dict[str, int]:
    """Moves STREAM_RAW_INVENTORY on; returns how many rows it staged and how many it rejected."""
    with transaction(session):
        judged = inventory_transforms.judge(_new_rows(session, "RAW_DATA.STREAM_RAW_INVENTORY"))
        staged = Target("STAGING.STG_INVENTORY_ADJ", inventory_transforms.STAGED_AS)
        return _stage(session, judged, staged)


def _new_rows(session: Session, stream: str) -> DataFrame:
    new = session.table(stream).filter(F.col("METADATA$ACTION") == F.lit("INSERT"))
    limited = new.cross_join(session.table("OPS.EVENT_LIMITS"))
    latest = F.dateadd("second", F.col("MAX_FUTURE_SECONDS"), F.col("INGESTION_TIMESTAMP"))
    return limited.with_column("LATEST_MOMENT", latest)


def _stage(session: Session, judged: DataFrame, target: Target) -> dict[str, int]:
    """The valid rows into their table, the others among the rejected; they are judged once."""
    rows = beside_rejected(judged, target.values.values(), utc_now())
    rejections = Target("RAW_DATA.REJECTED_EVENTS", {name: name for name in REJECTED_EVENTS})
    staged, rejected = divide(session, rows, "REASON IS NULL", target, rejections)
    return {"staged": staged, "rejected": rejected}

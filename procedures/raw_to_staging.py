"""Hop 2: RAW events become rows of STAGING, or rejected events with a reason.

`orders` and `inventory` are the handlers of OPS.RAW_TO_STAGING_ORDERS and
OPS.RAW_TO_STAGING_INVENTORY. Both streams show all RAW rows; each procedure takes its own kind,
and its stream moves past all of them.

Names carry their schema but no database: the procedures run with their owner's rights, and there
Snowflake looks names up in the database that the procedure itself is in.
"""

from __future__ import annotations

from collections.abc import Callable

import inventory_transforms
import orders_transforms
from event_fields import utc_now
from rejected_events import rejected_events
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F
from transactions import transaction

Transform = Callable[[DataFrame], DataFrame]


def orders(session: Session) -> dict[str, int]:
    """Moves STREAM_RAW_ORDERS on; returns how many rows it staged and how many it rejected."""
    return _run(
        session,
        "RAW_DATA.STREAM_RAW_ORDERS",
        orders_transforms.judge,
        orders_transforms.staged_orders,
        "STAGING.STG_ORDERS",
    )


def inventory(session: Session) -> dict[str, int]:
    """Moves STREAM_RAW_INVENTORY on; returns how many rows it staged and how many it rejected."""
    return _run(
        session,
        "RAW_DATA.STREAM_RAW_INVENTORY",
        inventory_transforms.judge,
        inventory_transforms.staged_adjustments,
        "STAGING.STG_INVENTORY_ADJ",
    )


def _run(
    session: Session, stream: str, judge: Transform, staged: Transform, target: str
) -> dict[str, int]:
    with transaction(session):
        new_rows = session.table(stream).filter(F.col("METADATA$ACTION") == F.lit("INSERT"))
        judged = judge(new_rows)
        counts = _counts(judged)
        _append(staged(judged), target)
        _append(rejected_events(judged, utc_now()), "RAW_DATA.REJECTED_EVENTS")
    return counts


def _counts(judged: DataFrame) -> dict[str, int]:
    [row] = judged.agg(
        F.count(F.lit(1)).alias("EVENTS"), F.count(F.col("REASON")).alias("REJECTED")
    ).collect()
    return {"staged": row["EVENTS"] - row["REJECTED"], "rejected": row["REJECTED"]}


def _append(rows: DataFrame, table: str) -> None:
    # table_exists keeps Snowpark from looking the table up, and from ever creating it: that would
    # be DDL, which commits the transaction.
    rows.write.save_as_table(  # type: ignore[call-overload]  # its overloads leave table_exists out
        table, mode="append", column_order="name", table_exists=True
    )

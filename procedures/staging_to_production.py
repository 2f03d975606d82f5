"""Hop 3: rows of STAGING are merged into the production tables.

`orders`, `inventory_history` and `inventory_current` are the handlers of
OPS.STAGING_TO_PROD_ORDERS, OPS.STAGING_TO_PROD_INVENTORY_HISTORY and
OPS.STAGING_TO_PROD_INVENTORY_CURRENT. STAGING's streams also show what is deleted there when old
rows are purged; only insertions concern production.

Names carry their schema but no database: the procedures run with their owner's rights, and there
Snowflake looks names up in the database that the procedure itself is in.
"""

from __future__ import annotations

from inventory_transforms import (
    INVENTORY_CURRENT,
    INVENTORY_HISTORY,
    current_stock,
    first_adjustments,
)
from merging import Merge, Merged, merge
from orders_transforms import ORDER_COLUMNS, latest_orders
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F
from transactions import transaction

# The later event, and of one moment that with the greater id.
_IS_LATER = (
    "(COMES.ORDER_TIMESTAMP > KEPT.ORDER_TIMESTAMP OR (COMES.ORDER_TIMESTAMP = KEPT.ORDER_TIMESTAMP"
    " AND COMES.EVENT_ID > KEPT.EVENT_ID))"
)
ORDERS = Merge(
    "PRODUCTION.ORDERS", "ORDER_ID", ORDER_COLUMNS, ("CREATED_AT", "UPDATED_AT"), _IS_LATER
)
HISTORY = Merge("PRODUCTION.INVENTORY_HISTORY", "ADJUSTMENT_ID", INVENTORY_HISTORY, ("CREATED_AT",))
CURRENT = Merge(
    "PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID", INVENTORY_CURRENT, ("UPDATED_AT",), "TRUE"
)


def orders(session: Session) -> dict[str, int]:
    """Moves STREAM_STG_ORDERS on: of each order's events the latest is what ORDERS shows."""
    with transaction(session):
        staged = _new_rows(session, "STAGING.STREAM_STG_ORDERS")
        merged = merge(session, latest_orders(staged), ORDERS)
    return {"inserted": merged.inserted, "updated": merged.updated}


def inventory_history(session: Session) -> dict[str, int]:
    """Moves STREAM_STG_INVENTORY_HISTORY on: each adjustment is in the history once."""
    with transaction(session):
        staged = _new_rows(session, "STAGING.STREAM_STG_INVENTORY_HISTORY")
        merged = _merge_history(session, staged)
    return {"inserted": merged.inserted}


def inventory_current(session: Session) -> dict[str, int]:
    """Moves STREAM_STG_INVENTORY_CURRENT on: stock levels, recomputed from the history.

    1. Give the history what this stream shows and it does not have yet.
    2. Recompute the products of the stream's rows, and no others.

    The two inventory streams move in two transactions, so each may be ahead of the other. Where
    the history is ahead, this stream shows those rows later, and the levels follow then. Where
    this stream is ahead, it would show the rows only now: without step 1 they would reach the
    history later, and no level would ever count them.
    """
    with transaction(session):
        staged = _new_rows(session, "STAGING.STREAM_STG_INVENTORY_CURRENT")
        caught_up = _merge_history(session, staged)
        merged = _merge_current(session, staged)
    return {
        "history_inserted": caught_up.inserted,
        "inserted": merged.inserted,
        "updated": merged.updated,
    }


def _new_rows(session: Session, stream: str) -> DataFrame:
    return session.table(stream).filter(F.col("METADATA$ACTION") == F.lit("INSERT"))


def _merge_history(session: Session, staged: DataFrame) -> Merged:
    return merge(session, first_adjustments(staged), HISTORY)


def _merge_current(session: Session, staged: DataFrame) -> Merged:
    history, orders = (
        session.table(f"PRODUCTION.{name}") for name in ("INVENTORY_HISTORY", "ORDERS")
    )
    return merge(session, current_stock(history, staged, orders), CURRENT)

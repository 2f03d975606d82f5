"""Hop 3: rows of STAGING are merged into the production tables.

`orders`, `inventory_history` and `inventory_current` are the handlers of
OPS.STAGING_TO_PROD_ORDERS, OPS.STAGING_TO_PROD_INVENTORY_HISTORY and
OPS.STAGING_TO_PROD_INVENTORY_CURRENT. STAGING's streams also show what is deleted there when old
rows are purged; only insertions concern production.

Names carry their schema but no database: the procedures run with their owner's rights, and there
Snowflake looks names up in the database that the procedure itself is in.
"""

from __future__ import annotations

from collections.abc import Iterable

from event_fields import utc_now
from event_kinds import INVENTORY_ADJUSTED, ORDER_CREATED
from inventory_transforms import (
    INVENTORY_CURRENT,
    current_stock,
    first_adjustments,
    standing,
)
from orders_transforms import latest_orders, standing_orders
from run_log import logged
from snowflake.snowpark import Column, DataFrame, MergeResult, Session
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_matched, when_not_matched
from transactions import transaction


@logged
def orders(session: Session) -> dict[str, int]:
    """Moves STREAM_STG_ORDERS on: of each order's events the latest is what ORDERS shows, withdrawn
    ones left out."""
    with transaction(session):
        new = _new_rows(session, "STAGING.STREAM_STG_ORDERS")
        staged = standing_orders(new, session.table("OPS.WITHDRAWN_ORDER_EVENTS"))
        merged = _merge_orders(session, staged)
    return {"inserted": merged.rows_inserted, "updated": merged.rows_updated}


@logged
def inventory_history(session: Session) -> dict[str, int]:
    """Moves STREAM_STG_INVENTORY_HISTORY on: each adjustment is in the history once."""
    with transaction(session):
        staged = _new_rows(session, "STAGING.STREAM_STG_INVENTORY_HISTORY")
        merged = _merge_history(session, staged)
    return {"inserted": merged.rows_inserted}


@logged
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
        merged = merge_current(session, staged)
    return {
        "history_inserted": caught_up.rows_inserted,
        "inserted": merged.rows_inserted,
        "updated": merged.rows_updated,
    }


def _new_rows(session: Session, stream: str) -> DataFrame:
    return session.table(stream).filter(F.col("METADATA$ACTION") == F.lit("INSERT"))


def _merge_orders(session: Session, staged: DataFrame) -> MergeResult:
    timestamp, new_timestamp = F.col("ORDER_TIMESTAMP"), F.col("NEW_ORDER_TIMESTAMP")
    is_later = (new_timestamp > timestamp) | (
        (new_timestamp == timestamp) & (F.col("NEW_EVENT_ID") > F.col("EVENT_ID"))
    )
    values = _values(ORDER_CREATED.shown)
    return session.table("PRODUCTION.ORDERS").merge(
        _source(latest_orders(staged), ORDER_CREATED.shown),
        F.col("ORDER_ID") == F.col("NEW_ORDER_ID"),
        [
            when_matched(is_later).update(_without(values, "ORDER_ID") | {"UPDATED_AT": utc_now()}),
            when_not_matched().insert(values | {"CREATED_AT": utc_now(), "UPDATED_AT": utc_now()}),
        ],
    )


def _merge_history(session: Session, staged: DataFrame) -> MergeResult:
    values = _values(INVENTORY_ADJUSTED.shown) | {"CREATED_AT": utc_now()}
    return session.table("PRODUCTION.INVENTORY_HISTORY").merge(
        _source(first_adjustments(staged), INVENTORY_ADJUSTED.shown),
        F.col("ADJUSTMENT_ID") == F.col("NEW_ADJUSTMENT_ID"),
        [when_not_matched().insert(values)],
    )


def merge_current(session: Session, touched: DataFrame) -> MergeResult:
    """INVENTORY_CURRENT shows what the history of the touched products adds up to."""
    history, orders = (
        session.table(f"PRODUCTION.{name}") for name in ("INVENTORY_HISTORY", "ORDERS")
    )
    values = _values(INVENTORY_CURRENT) | {"UPDATED_AT": utc_now()}
    return session.table("PRODUCTION.INVENTORY_CURRENT").merge(
        _source(current_stock(standing(history), touched, orders), INVENTORY_CURRENT),
        F.col("PRODUCT_ID") == F.col("NEW_PRODUCT_ID"),
        [
            when_matched().update(_without(values, "PRODUCT_ID")),
            when_not_matched().insert(values),
        ],
    )


def _source(rows: DataFrame, columns: Iterable[str]) -> DataFrame:
    """The rows with names that the target has not, so that no name in the MERGE is ambiguous."""
    return rows.select(*(F.col(name).alias(f"NEW_{name}") for name in columns))


def _values(columns: Iterable[str]) -> dict[str, Column]:
    return {name: F.col(f"NEW_{name}") for name in columns}


def _without(values: dict[str, Column], key: str) -> dict[str, Column]:
    return {name: value for name, value in values.items() if name != key}

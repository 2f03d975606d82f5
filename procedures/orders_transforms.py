"""Orders, from STG_ORDERS rows to ORDERS rows.

Pure functions of DataFrames: they read and write no table, so they run in Snowflake, and in
Snowpark's local testing session.
"""

from __future__ import annotations

from event_kinds import ORDER_CREATED
from snowflake.snowpark import DataFrame, Window
from snowflake.snowpark import functions as F


def standing_orders(staged: DataFrame, withdrawn: DataFrame) -> DataFrame:
    """The order events that nobody has withdrawn, however often they come."""
    gone = withdrawn.select(*(F.col(name).alias(f"GONE_{name}") for name in ORDER_CREATED.identity))
    return staged.join(
        gone,
        (F.col("ORDER_ID") == F.col("GONE_ORDER_ID"))
        & (F.col("EVENT_ID") == F.col("GONE_EVENT_ID"))
        & (F.col("EVENT_TIMESTAMP") == F.col("GONE_EVENT_TIMESTAMP")),
        "leftanti",
    )


def latest_orders(staged: DataFrame) -> DataFrame:
    """One ORDERS row per ORDER_ID: the event with the greatest (EVENT_TIMESTAMP, EVENT_ID).

    Equal in both are deliveries of one event; the first of them stays, as it does when they come
    in different batches.
    """
    latest_first = Window.partition_by("ORDER_ID").order_by(
        F.col("EVENT_TIMESTAMP").desc(),
        F.col("EVENT_ID").desc(),
        F.col("KAFKA_PARTITION").asc(),
        F.col("KAFKA_OFFSET").asc(),
    )
    ranked = staged.with_column("PLACE", F.row_number().over(latest_first))
    return ranked.filter(F.col("PLACE") == F.lit(1)).select(*ORDER_CREATED.as_shown())

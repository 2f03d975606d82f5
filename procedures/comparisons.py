"""What today's transforms make of events, beside what STAGING and the history have of them.

Pure functions of DataFrames. A row of STAGING is told from today's by the prefix OLD_.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import inventory_transforms
import orders_transforms
from places import PLACE, renamed, same_place
from snowflake.snowpark import Column, DataFrame, Window
from snowflake.snowpark import functions as F

# What decides which event an order shows. It is not corrected: another winner would be needed.
ORDER_IDENTITY = ("EVENT_ID", "EVENT_TIMESTAMP", "ORDER_ID")
ORDER_VALUES = (
    "CUSTOMER_ID",
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "QUANTITY",
    "UNIT_PRICE",
    "TOTAL_AMOUNT",
    "PAYMENT_METHOD",
    "SHIPPING_ADDRESS",
)
ADJUSTMENT_VALUES = (
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "ADJUSTMENT_TYPE",
    "QUANTITY_CHANGE",
    "NEW_STOCK_LEVEL",
    "REASON",
    "WAREHOUSE_LOCATION",
)
ADJUSTMENT_IDENTITY = ("EVENT_ID", "EVENT_TIMESTAMP", "ADJUSTMENT_ID")


def orders_beside(judged: DataFrame, staged: DataFrame) -> DataFrame:
    """Every judged order event, its reason as FAULT, beside its row of STG_ORDERS, if any."""
    return _beside(judged, staged, orders_transforms.STG_ORDERS)


def adjustments_beside(judged: DataFrame, staged: DataFrame) -> DataFrame:
    """Every judged adjustment, its reason as FAULT, beside its row of STG_INVENTORY_ADJ, if any."""
    return _beside(judged, staged, inventory_transforms.STG_INVENTORY_ADJ)


def _beside(judged: DataFrame, staged: DataFrame, columns: Iterable[str]) -> DataFrame:
    own = {"REASON": F.col("ADJUSTMENT_REASON").alias("REASON")}
    today = judged.select(
        F.col("REASON").alias("FAULT"), *(own.get(name, F.col(name)) for name in columns)
    )
    return today.join(renamed(staged.select(*columns), "OLD_"), same_place("OLD_"), "left")


def is_staged() -> Column:
    return F.col("OLD_KAFKA_OFFSET").is_not_null()


def is_corrected_order() -> Column:
    """The same event of the same order, with other values."""
    same = F.col("FAULT").is_null() & ~differ(ORDER_IDENTITY, "OLD_")
    return is_staged() & same & differ(ORDER_VALUES, "OLD_")


def is_kept_order() -> Column:
    """STAGING has it, and today it would be invalid, or another order's, or of another time."""
    return is_staged() & (F.col("FAULT").is_not_null() | differ(ORDER_IDENTITY, "OLD_"))


def is_kept_adjustment() -> Column:
    """STAGING has it, and today it would be invalid, or anything else: history is not updated."""
    columns = (*ADJUSTMENT_IDENTITY, *ADJUSTMENT_VALUES)
    return is_staged() & (F.col("FAULT").is_not_null() | differ(columns, "OLD_"))


def differ(columns: Iterable[str], prefix: str) -> Column:
    """Whether any of the columns has another value under the prefix; NULL equals NULL."""
    return reduce(
        Column.__or__, (~F.equal_null(F.col(name), F.col(prefix + name)) for name in columns)
    )


def shown_orders(beside: DataFrame) -> DataFrame:
    """One row per event that an order may show: of its deliveries, the first by place in Kafka."""
    shown = beside.filter(F.col("FAULT").is_null() & ~is_kept_order())
    first = Window.partition_by(*ORDER_IDENTITY).order_by(*(F.col(name).asc() for name in PLACE))
    ranked = shown.with_column("PLACE", F.row_number().over(first))
    return ranked.filter(F.col("PLACE") == F.lit(1)).select(*ORDER_IDENTITY, *ORDER_VALUES)


def same_adjustment(prefix: str) -> Column:
    return F.col("ADJUSTMENT_ID") == F.col(prefix + "ADJUSTMENT_ID")


def is_contradicted(prefix: str) -> Column:
    """The history has this very event with other values."""
    same_event = F.col("EVENT_ID") == F.col(prefix + "EVENT_ID")
    other_time = F.col("EVENT_TIMESTAMP") != F.col(prefix + "ADJUSTMENT_TIMESTAMP")
    return same_adjustment(prefix) & same_event & (other_time | differ(ADJUSTMENT_VALUES, prefix))


def is_of_another_event(prefix: str) -> Column:
    """The history has this adjustment, from an event with another id."""
    return same_adjustment(prefix) & (F.col("EVENT_ID") != F.col(prefix + "EVENT_ID"))

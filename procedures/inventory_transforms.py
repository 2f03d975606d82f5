"""Stock adjustments, from STG_INVENTORY_ADJ rows to INVENTORY_HISTORY and INVENTORY_CURRENT rows.

Pure functions of DataFrames: they read and write no table, so they run in Snowflake, and in
Snowpark's local testing session.
"""

from __future__ import annotations

from event_kinds import INVENTORY_ADJUSTED
from snowflake.snowpark import Column, DataFrame, Window
from snowflake.snowpark import functions as F

# What INVENTORY_CURRENT has of a product's adjustments.
INVENTORY_CURRENT = (
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "CURRENT_STOCK_LEVEL",
    "LAST_ADJ_TIMESTAMP",
    "WAREHOUSE_LOCATION",
)


def first_adjustments(staged: DataFrame) -> DataFrame:
    """One INVENTORY_HISTORY row per ADJUSTMENT_ID: within a batch, the first by its place in Kafka.

    A product's events share a partition, so there the place is the order in which they came.
    """
    first = Window.partition_by("ADJUSTMENT_ID").order_by(
        F.col("KAFKA_PARTITION").asc(), F.col("KAFKA_OFFSET").asc(), F.col("EVENT_ID").asc()
    )
    ranked = staged.with_column("PLACE", F.row_number().over(first))
    return ranked.filter(F.col("PLACE") == F.lit(1)).select(*INVENTORY_ADJUSTED.as_shown())


def standing(history: DataFrame) -> DataFrame:
    """The adjustments that count: neither void, nor the entries that void them."""
    voids = history.filter(F.col("VOIDS_ADJUSTMENT_ID").is_not_null())
    voided = voids.select(F.col("VOIDS_ADJUSTMENT_ID").alias("VOIDED_ID"))
    own = history.filter(F.col("VOIDS_ADJUSTMENT_ID").is_null())
    return own.join(voided, F.col("ADJUSTMENT_ID") == F.col("VOIDED_ID"), "leftanti")


def current_stock(history: DataFrame, touched: DataFrame, orders: DataFrame) -> DataFrame:
    """One INVENTORY_CURRENT row for each PRODUCT_ID of `touched` that has a history of adjustments
    that stand.

    The level is the newest counted one (NEW_STOCK_LEVEL) plus the changes after it, or the sum of
    all changes where nobody ever counted; all other columns are the last adjustment's, and a
    missing category is that of the product's latest order.

    What lies before the newest count is in that count: of the whole history there is one aggregate
    per product, and only the adjustments from the count's moment on are put in order.
    """
    marks = product_marks(history.filter(F.col("PRODUCT_ID").in_(touched.select("PRODUCT_ID"))))
    last = last_adjustments(
        history.join(
            marks,
            (F.col("PRODUCT_ID") == F.col("MARKED_PRODUCT_ID"))
            & (F.col("ADJUSTMENT_TIMESTAMP") >= F.col("MARK")),
        )
    )
    return with_ordered_categories(last, orders)


def product_marks(history: DataFrame) -> DataFrame:
    """Of each product's history: the MARK from which on it matters in detail, which is the newest
    count's moment or else the last adjustment's, how often it was counted, and all changes."""
    moment = F.col("ADJUSTMENT_TIMESTAMP")
    is_counted = F.col("NEW_STOCK_LEVEL").is_not_null()
    return (
        history.group_by("PRODUCT_ID")
        .agg(
            F.coalesce(F.max(F.when(is_counted, moment)), F.max(moment)).alias("MARK"),
            F.count("NEW_STOCK_LEVEL").alias("COUNTS"),
            F.sum("QUANTITY_CHANGE").alias("CHANGES"),
        )
        .with_column_renamed("PRODUCT_ID", "MARKED_PRODUCT_ID")
    )


def last_adjustments(marked: DataFrame) -> DataFrame:
    """Each product's last adjustment with the LEVEL after it, from those since the MARK."""
    newest_first = Window.partition_by("PRODUCT_ID").order_by(
        F.col("ADJUSTMENT_TIMESTAMP").desc(), F.col("ADJUSTMENT_ID").desc()
    )
    product = Window.partition_by("PRODUCT_ID")
    placed = marked.with_column("PLACE", F.row_number().over(newest_first))
    counted = placed.with_column(
        "COUNTED_PLACE",
        F.min(F.when(F.col("NEW_STOCK_LEVEL").is_not_null(), F.col("PLACE"))).over(product),
    )
    since = F.sum(share_of_level()).over(product)
    level = F.when(F.col("COUNTS") == F.lit(0), F.col("CHANGES")).otherwise(since)
    return counted.with_column("LEVEL", level).filter(F.col("PLACE") == F.lit(1))


def share_of_level() -> Column:
    """What an adjustment adds to the level: everything before the newest count is in that count."""
    place, counted = F.col("PLACE"), F.col("COUNTED_PLACE")
    return (
        F.when(place < counted, F.col("QUANTITY_CHANGE"))
        .when(place == counted, F.col("NEW_STOCK_LEVEL"))
        .otherwise(F.lit(0))
    )


def with_ordered_categories(last: DataFrame, orders: DataFrame) -> DataFrame:
    """The INVENTORY_CURRENT rows: a product without a category has that of its latest order."""
    ordered = orders.select(
        F.col("PRODUCT_ID").alias("ORDERED_PRODUCT_ID"),
        F.col("PRODUCT_CATEGORY").alias("ORDERED_CATEGORY"),
        F.col("ORDER_TIMESTAMP"),
        F.col("EVENT_ID").alias("ORDER_EVENT_ID"),
        F.col("ORDER_ID"),
    )
    # Who has no order stands alone in its partition: its place does not depend on the text.
    latest_first = Window.partition_by("PRODUCT_ID").order_by(
        F.col("ORDER_TIMESTAMP").desc(),
        F.coalesce(F.col("ORDER_EVENT_ID"), F.lit("")).desc(),
        F.coalesce(F.col("ORDER_ID"), F.lit("")).desc(),
    )
    lacks = F.col("PRODUCT_CATEGORY").is_null()
    joined = last.join(
        ordered, lacks & (F.col("PRODUCT_ID") == F.col("ORDERED_PRODUCT_ID")), "left"
    )
    category = F.coalesce(F.col("PRODUCT_CATEGORY"), F.col("ORDERED_CATEGORY"))
    own = {
        "PRODUCT_CATEGORY": category.alias("PRODUCT_CATEGORY"),
        "CURRENT_STOCK_LEVEL": F.col("LEVEL").alias("CURRENT_STOCK_LEVEL"),
        "LAST_ADJ_TIMESTAMP": F.col("ADJUSTMENT_TIMESTAMP").alias("LAST_ADJ_TIMESTAMP"),
    }
    return (
        joined.with_column("PLACE_OF_ORDER", F.row_number().over(latest_first))
        .filter(F.col("PLACE_OF_ORDER") == F.lit(1))
        .select(*(own.get(name, F.col(name)) for name in INVENTORY_CURRENT))
    )

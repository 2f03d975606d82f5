"""Orders, from RAW events to STG_ORDERS rows, and from those to ORDERS rows.

Pure functions of DataFrames: they read and write no table, so they run in Snowflake, and in
Snowpark's local testing session.
"""

from __future__ import annotations

from event_fields import (
    AMOUNT,
    BOTTLES,
    ENVELOPE,
    PRICE,
    Field,
    bad_id,
    bad_number,
    bad_optional_id,
    bad_optional_number,
    bad_timestamp,
    event_identity,
    fault,
    id_text,
    missing,
    read_events,
    utc_timestamp,
    with_plain_numbers,
)
from snowflake.snowpark import Column, DataFrame, Window
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import DecimalType, StringType

EVENT_ID = Field("event_id", with_kind=True)
EVENT_TIMESTAMP = Field("event_timestamp", ("event_ts",))
ORDER_ID = Field("order_id", ("order_line_id",), with_kind=True)
CUSTOMER_ID = Field("customer_id", with_kind=True)
PRODUCT_ID = Field("product_id", with_kind=True)
PRODUCT_NAME = Field("product_name")
PRODUCT_CATEGORY = Field("product_category", ("category",))
QUANTITY = Field("quantity")
UNIT_PRICE = Field("unit_price")
TOTAL_AMOUNT = Field("total_amount", ("total_price",))
PAYMENT_METHOD = Field("payment_method")
SHIPPING_ADDRESS = Field("shipping_address")
FIELDS = (
    EVENT_ID,
    EVENT_TIMESTAMP,
    ORDER_ID,
    CUSTOMER_ID,
    PRODUCT_ID,
    PRODUCT_NAME,
    PRODUCT_CATEGORY,
    QUANTITY,
    UNIT_PRICE,
    TOTAL_AMOUNT,
    PAYMENT_METHOD,
    SHIPPING_ADDRESS,
)
NUMBERS = (QUANTITY, UNIT_PRICE, TOTAL_AMOUNT)

STG_ORDERS = (
    "EVENT_ID",
    "EVENT_TIMESTAMP",
    "ORDER_ID",
    "CUSTOMER_ID",
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "QUANTITY",
    "UNIT_PRICE",
    "TOTAL_AMOUNT",
    "PAYMENT_METHOD",
    "SHIPPING_ADDRESS",
    "INGESTION_TIMESTAMP",
    "KAFKA_TOPIC",
    "KAFKA_PARTITION",
    "KAFKA_OFFSET",
)
# What of a judged row each column gets.
STAGED_AS = {name: name for name in STG_ORDERS}
# What ORDERS has of an event.
ORDER_COLUMNS = (
    "ORDER_ID",
    "ORDER_DATE",
    "ORDER_TIMESTAMP",
    "CUSTOMER_ID",
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "QUANTITY",
    "UNIT_PRICE",
    "TOTAL_AMOUNT",
    "PAYMENT_METHOD",
    "SHIPPING_ADDRESS",
    "EVENT_ID",
)


def own_events(raw: DataFrame) -> DataFrame:
    """All rows but the inventory's: an event type that nobody knows is rejected with the orders,
    so that no RAW row is lost between the two procedures."""
    return raw.filter(F.coalesce(F.col("EVENT_TYPE"), F.lit("")) != F.lit("INVENTORY_ADJUSTED"))


def judge(raw: DataFrame) -> DataFrame:
    """Every row that the orders answer for: a STG_ORDERS row, and a REASON against it."""
    fields = with_plain_numbers(read_events(own_events(raw), FIELDS), NUMBERS)
    values = fields.select(
        *fields.columns,
        utc_timestamp(EVENT_TIMESTAMP).alias("MOMENT"),
        BOTTLES.value(QUANTITY).alias("BOTTLES"),
        PRICE.value(UNIT_PRICE).alias("PRICE"),
        AMOUNT.value(TOTAL_AMOUNT).alias("TOTAL"),
    )
    return values.select(
        event_identity(id_text(EVENT_ID), id_text(ORDER_ID)).alias("EVENT_ID"),
        *(F.col(name) for name in ENVELOPE),
        reason().cast(StringType()).alias("REASON"),
        F.col("MOMENT").alias("EVENT_TIMESTAMP"),
        id_text(ORDER_ID).alias("ORDER_ID"),
        id_text(CUSTOMER_ID).alias("CUSTOMER_ID"),
        id_text(PRODUCT_ID).alias("PRODUCT_ID"),
        PRODUCT_NAME.text.alias("PRODUCT_NAME"),
        PRODUCT_CATEGORY.text.alias("PRODUCT_CATEGORY"),
        F.col("BOTTLES").alias("QUANTITY"),
        F.col("PRICE").alias("UNIT_PRICE"),
        F.coalesce(F.col("TOTAL"), AMOUNT.cast(full_price())).alias("TOTAL_AMOUNT"),
        PAYMENT_METHOD.text.alias("PAYMENT_METHOD"),
        SHIPPING_ADDRESS.text.alias("SHIPPING_ADDRESS"),
    )


def reason() -> Column:
    """The first rule that the event breaks; NULL for a valid one."""
    bottles, price, total = F.col("BOTTLES"), F.col("PRICE"), F.col("TOTAL")
    return F.coalesce(
        unknown_type(),
        bad_optional_id(EVENT_ID),
        bad_id(ORDER_ID),
        bad_id(PRODUCT_ID),
        bad_id(CUSTOMER_ID),
        bad_timestamp(EVENT_TIMESTAMP, F.col("MOMENT")),
        bad_number(QUANTITY, BOTTLES, bottles),
        F.when(bottles <= F.lit(0), fault(QUANTITY, "is not above 0")),
        bad_number(UNIT_PRICE, PRICE, price),
        F.when(price < F.lit(0), fault(UNIT_PRICE, "is negative")),
        bad_optional_number(TOTAL_AMOUNT, AMOUNT, total),
        F.when(
            missing(TOTAL_AMOUNT) & AMOUNT.cast(full_price()).is_null(),
            fault(TOTAL_AMOUNT, f"of quantity and price is not {AMOUNT.wanted}", full_price()),
        ),
    )


def unknown_type() -> Column:
    type_ = F.coalesce(F.col("EVENT_TYPE"), F.lit(""))
    return F.when(
        type_ != F.lit("ORDER_CREATED"), F.concat(F.lit("event_type is not known: "), type_)
    )


def full_price() -> Column:
    """What the order costs without discounts, as text: it may be too long for the column."""
    bottles = F.col("BOTTLES").cast(DecimalType(38, 0))
    return (bottles * F.col("PRICE")).cast(StringType())


def staged_orders(judged: DataFrame) -> DataFrame:
    """The rows without a REASON, as STG_ORDERS has them. Duplicates stay: the MERGE decides."""
    return judged.filter(F.col("REASON").is_null()).select(*STG_ORDERS)


def standing_orders(staged: DataFrame, withdrawn: DataFrame) -> DataFrame:
    """The order events that nobody has withdrawn, however often they come."""
    gone = withdrawn.select(
        *(F.col(name).alias(f"GONE_{name}") for name in ("ORDER_ID", "EVENT_ID", "EVENT_TIMESTAMP"))
    )
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
    own = {
        "ORDER_DATE": F.to_date(F.col("EVENT_TIMESTAMP")).alias("ORDER_DATE"),
        "ORDER_TIMESTAMP": F.col("EVENT_TIMESTAMP").alias("ORDER_TIMESTAMP"),
    }
    return ranked.filter(F.col("PLACE") == F.lit(1)).select(
        *(own.get(name, F.col(name)) for name in ORDER_COLUMNS)
    )

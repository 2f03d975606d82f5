"""Rows of RAW_DATA.REJECTED_EVENTS for events that the transforms cannot take."""

from __future__ import annotations

from snowflake.snowpark import Column, DataFrame
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import StringType


def rejected_events(judged: DataFrame, rejected_at: Column) -> DataFrame:
    """The rows that have a REASON, with the whole event as JSON text, ready to be tried again."""
    return judged.filter(F.col("REASON").is_not_null()).select(
        rejected_at.alias("REJECTED_AT"),
        F.lit("STAGING").alias("STAGE"),
        F.col("REASON"),
        F.col("EVENT_ID"),
        F.col("EVENT_TYPE"),
        F.col("EVENT_DATA").cast(StringType()).alias("PAYLOAD"),
        F.lit("utf-8").alias("PAYLOAD_ENCODING"),
        F.col("KAFKA_TOPIC"),
        F.col("KAFKA_PARTITION"),
        F.col("KAFKA_OFFSET"),
        F.lit("OPEN").alias("STATUS"),
    )

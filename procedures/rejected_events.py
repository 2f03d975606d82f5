"""Rows of RAW_DATA.REJECTED_EVENTS for events that the transforms cannot take."""

from __future__ import annotations

from snowflake.snowpark import Column, DataFrame
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import StringType

REJECTED_EVENTS = (
    "REJECTED_AT",
    "STAGE",
    "REASON",
    "EVENT_ID",
    "EVENT_TYPE",
    "PAYLOAD",
    "PAYLOAD_ENCODING",
    "KAFKA_TOPIC",
    "KAFKA_PARTITION",
    "KAFKA_OFFSET",
    "STATUS",
)


def rejected_events(judged: DataFrame, rejected_at: Column) -> DataFrame:
    """The rows that have a REASON, with the whole event as JSON text, ready to be tried again."""
    given = {
        "REJECTED_AT": rejected_at,
        "STAGE": F.lit("STAGING"),
        "PAYLOAD": F.col("EVENT_DATA").cast(StringType()),
        "PAYLOAD_ENCODING": F.lit("utf-8"),
        "STATUS": F.lit("OPEN"),
    }
    return judged.filter(F.col("REASON").is_not_null()).select(
        *(given.get(name, F.col(name)).alias(name) for name in REJECTED_EVENTS)
    )

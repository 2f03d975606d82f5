"""Rows of RAW_DATA.REJECTED_EVENTS for events that the transforms cannot take."""

from __future__ import annotations

from collections.abc import Iterable

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
    invalid = judged.filter(F.col("REASON").is_not_null())
    return beside_rejected(invalid, (), rejected_at)


def beside_rejected(judged: DataFrame, names: Iterable[str], rejected_at: Column) -> DataFrame:
    """All rows, with these of their columns and then those of a rejected event. Only where there
    is a REASON is the event made a text."""
    is_rejected = F.col("REASON").is_not_null()
    given = {
        "REJECTED_AT": rejected_at,
        "STAGE": F.lit("STAGING"),
        "PAYLOAD": F.when(is_rejected, F.col("EVENT_DATA").cast(StringType())),
        "PAYLOAD_ENCODING": F.lit("utf-8"),
        "STATUS": F.lit("OPEN"),
    }
    wanted = dict.fromkeys((*names, *REJECTED_EVENTS))
    return judged.select(*(given.get(name, F.col(name)).alias(name) for name in wanted))

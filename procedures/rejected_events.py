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
    """The rows that have a FAULT, with the whole event as JSON text, ready to be tried again."""
    invalid = judged.filter(F.col("FAULT").is_not_null())
    return invalid.select(*_given(rejected_at).values())


def beside_rejected(judged: DataFrame, names: Iterable[str], rejected_at: Column) -> DataFrame:
    """All rows, with their FAULT, these of their columns, and what REJECTED_EVENTS has of them,
    each under `rejected_as`. Only where there is a FAULT is the event made a text."""
    given = _given(rejected_at)
    return judged.select(
        "FAULT", *names, *(given[name].alias(rejected_as(name)) for name in REJECTED_EVENTS)
    )


def rejected_as(name: str) -> str:
    """A name that no column of STAGING has."""
    return f"REJECTED_{name}"


def _given(rejected_at: Column) -> dict[str, Column]:
    """Each column of REJECTED_EVENTS."""
    is_rejected = F.col("FAULT").is_not_null()
    own = {
        "REJECTED_AT": rejected_at,
        "STAGE": F.lit("STAGING"),
        "REASON": F.col("FAULT"),
        "PAYLOAD": F.when(is_rejected, F.col("EVENT_DATA").cast(StringType())),
        "PAYLOAD_ENCODING": F.lit("utf-8"),
        "STATUS": F.lit("OPEN"),
    }
    return {name: own.get(name, F.col(name)).alias(name) for name in REJECTED_EVENTS}

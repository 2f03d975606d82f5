"""An event's place in Kafka: by it a row is the same row in RAW, in STAGING and among the rejects.

`topic/partition/offset` is how people write it. A topic's name has no slash.
"""

from __future__ import annotations

from functools import reduce

from event_kinds import KINDS
from snowflake.snowpark import Column, DataFrame, Session
from snowflake.snowpark import functions as F

PLACE = ("KAFKA_TOPIC", "KAFKA_PARTITION", "KAFKA_OFFSET")


def staged_places(session: Session) -> DataFrame:
    """The place of every row in STAGING."""
    tables = (session.table(kind.staging).select(*PLACE) for kind in KINDS)
    return reduce(DataFrame.union_all, tables)


def renamed(rows: DataFrame, prefix: str) -> DataFrame:
    """The rows with names that no table has, so that no name is ambiguous beside one."""
    return rows.select(*(F.col(name).alias(prefix + name) for name in rows.columns))


def same_place(prefix: str) -> Column:
    """Whether a row and one that was `renamed` are of one place."""
    topic, partition, offset = (F.col(name) == F.col(prefix + name) for name in PLACE)
    return topic & partition & offset


def without_places(rows: DataFrame, places: DataFrame) -> DataFrame:
    """The rows at none of the places."""
    return rows.join(renamed(places.select(*PLACE), "OTHER_"), same_place("OTHER_"), "leftanti")


def with_places(rows: DataFrame, places: DataFrame) -> DataFrame:
    """The rows at one of the places."""
    return rows.join(renamed(places.select(*PLACE), "OTHER_"), same_place("OTHER_"), "leftsemi")

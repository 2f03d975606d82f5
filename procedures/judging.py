"""Events of RAW as rows of STAGING, each with the FAULT that is found with it, if any.

Pure functions of DataFrames: they read and write no table, so they run in Snowflake, and in
Snowpark's local testing session. What is in an event and what is good is declared in `event_kinds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from event_fields import ENVELOPE, VALUE_LENGTH_IN_REASON, Field, read_events, with_values
from event_kinds import KINDS, STREAM_OF_THE_UNKNOWN, Kind, is_of, of_stream
from snowflake.snowpark import Column, DataFrame
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import StringType
from wrappings import wrapping


def own_events(raw: DataFrame, stream: str) -> DataFrame:
    """The rows that the stream's procedure answers for; each row has exactly one procedure."""
    if stream == STREAM_OF_THE_UNKNOWN:
        return raw.filter(~is_of(kind for kind in KINDS if kind.stream != stream))
    return raw.filter(is_of(of_stream(stream)))


def judge(raw: DataFrame, kinds: Sequence[Kind] = KINDS) -> DataFrame:
    """Every row, with all columns that STAGING has of these kinds, and its FAULT: the first rule
    that it breaks, in the order of its kind's fields; NULL for a valid event.

    A column of another kind than the event's has no meaning in its row.
    """
    fields = {field.name: field for kind in kinds for field in kind.fields}
    values = with_values(read_events(raw, fields.values()), fields.values())
    columns = dict.fromkeys(column for kind in kinds for column in kind.columns)
    return values.select(
        *(F.col(name) for name in ENVELOPE),
        _fault(kinds).cast(StringType()).alias("FAULT"),
        *(_column(name, kinds).alias(name) for name in columns),
    )


def staged(judged: DataFrame, kind: Kind) -> DataFrame:
    """The kind's rows without a FAULT, as its table in STAGING has them. Duplicates stay."""
    return judged.filter(is_valid(kind)).select(*kind.staged)


def is_valid(kind: Kind) -> Column:
    return F.col("FAULT").is_null() & (F.col("EVENT_TYPE") == F.lit(kind.event_type))


def _fault(kinds: Sequence[Kind]) -> Column:
    def first(kind: Kind) -> Column:
        return F.coalesce(*(fault for field in kind.fields for fault in field.faults()))

    return _by_kind(kinds, first).otherwise(unknown_type())


def _column(name: str, kinds: Sequence[Kind]) -> Column:
    """What the column has of an event. Kinds that share a field may differ in its default."""
    own: dict[Kind, Field] = {
        kind: field for kind in kinds for field in kind.fields if field.column == name
    }
    if len(set(own.values())) == 1:
        return _filled(*set(own.values()))
    return _by_kind(list(own), lambda kind: _filled(own[kind]))


def _filled(field: Field) -> Column:
    return field.default.fill(field.value) if field.default else field.value


def _by_kind(kinds: Sequence[Kind], column: Callable[[Kind], Column]) -> F.CaseExpr:
    """For each event what its kind's column is."""
    first, *others = kinds
    found = F.when(is_of([first]), column(first))
    for kind in others:
        found = found.when(is_of([kind]), column(kind))
    return found


def unknown_type() -> Column:
    """The fault of what no deployment knows yet, and what it looks like where it is wrapped."""
    said = F.coalesce(F.col("EVENT_TYPE"), F.col("EVENT_DATA")["event_type"].cast(StringType()))
    shown = F.substring(said, 1, VALUE_LENGTH_IN_REASON)
    fault = F.coalesce(
        F.concat(F.lit("event_type is not known: "), shown), F.lit("event_type is missing")
    )
    return F.coalesce(F.concat(fault, F.lit("; "), wrapping()), fault)

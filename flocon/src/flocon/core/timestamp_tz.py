"""TIMESTAMP_TZ: a moment that keeps the offset from UTC that it came with.

The engine has no such type. Here it is a STRUCT of the moment in UTC and of an interval whose days
tell the offset: minutes ahead of UTC, and 1,440. Hours fill each interval up to the same length,
and the engine compares intervals by their length alone: so it compares, sorts, groups and joins
such values by the instant, whatever their offsets, as Snowflake does. No function of the engine's
takes a STRUCT for a moment: what nobody has thought of is an error, and never an answer.

https://docs.snowflake.com/en/sql-reference/data-types-datetime
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.compute as pc

MOMENT, AHEAD = "$utc", "$ahead"
ENGINE_TYPE = f'STRUCT("{MOMENT}" TIMESTAMP, "{AHEAD}" INTERVAL)'
# What is added to the minutes, here and on the wire, so that they are never negative.
NO_MINUTES = 1440
_LENGTH = 2 * NO_MINUTES
ARROW_TYPE = pa.struct(
    [(MOMENT, pa.timestamp("us")), (AHEAD, pa.month_day_nano_interval())],
)
_NANOS_OF_DAY = 86_400 * 10**9


class TimestampTz(datetime):
    """A bind that is a TIMESTAMP_TZ: its offset is the value's own."""


def of(moment: datetime) -> TimestampTz:
    """An aware datetime as one."""
    fields = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return TimestampTz(*fields, moment.microsecond, tzinfo=moment.tzinfo, fold=moment.fold)


def _minutes(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)


def engine_text(moment: datetime) -> str:
    """An aware datetime as the engine reads one out of a text."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    days = NO_MINUTES + _minutes(moment)
    hours = f"{(_LENGTH - days) * 24}:00:00"
    return f"{{'{MOMENT}': '{utc.isoformat(' ')}', '{AHEAD}': '{days} days {hours}'}}"


def shown(engine_text: str) -> str:
    """The text that Snowflake has of a value, of the one that the engine has."""
    found = _ENGINE_TEXT.fullmatch(engine_text)
    if found is None:
        raise ValueError(f"no TIMESTAMP_TZ: {engine_text}")
    zone = timezone(timedelta(minutes=int(found[2]) - NO_MINUTES))
    moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC).astimezone(zone)
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'milliseconds')} {moment:%z}"


_ENGINE_TEXT = re.compile(rf"{{'\{MOMENT}': '(.+)', '\{AHEAD}': '(\d+) days? .+'}}")


def column(moments: Iterable[datetime | None]) -> pa.StructArray:
    """Aware datetimes as a column of the engine's."""
    rows: list[dict[str, object] | None] = []
    for moment in moments:
        if moment is None:
            rows.append(None)
            continue
        days = NO_MINUTES + _minutes(moment)
        ahead = pa.MonthDayNano([0, days, (_LENGTH - days) * _NANOS_OF_DAY])
        rows.append({MOMENT: moment.astimezone(UTC).replace(tzinfo=None), AHEAD: ahead})
    return pa.array(rows, ARROW_TYPE)


def is_column(kind: pa.DataType) -> bool:
    return bool(kind == ARROW_TYPE)


def instants(column: pa.StructArray) -> pa.Array:
    """The moments in UTC, without a zone."""
    return pc.struct_field(column, MOMENT)


def days(column: pa.StructArray) -> pa.Array:
    """Minutes ahead of UTC, and 1,440, as 32 bits."""
    import numpy

    if not len(column):
        return pa.array([], pa.int32())
    intervals = pc.struct_field(column, AHEAD)
    fields = numpy.dtype([("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])
    found = numpy.frombuffer(intervals.buffers()[1], fields)
    chosen = found["days"][intervals.offset : intervals.offset + len(intervals)]
    return pa.array(chosen.copy(), pa.int32())


def values(column: pa.Array | pa.ChunkedArray) -> Sequence[datetime | None]:
    """A column of the engine's as aware datetimes."""
    return [
        None
        if value is None
        else value[MOMENT]
        .replace(tzinfo=UTC)
        .astimezone(timezone(timedelta(minutes=value[AHEAD].days - NO_MINUTES)))
        for value in column.to_pylist()
    ]

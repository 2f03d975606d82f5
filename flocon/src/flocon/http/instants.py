"""Moments of an answer's columns as numbers: Python's datetime ends with the year 9999."""

import pyarrow as pa
import pyarrow.compute as pc


def micros(moments: pa.Array) -> pa.Array:
    """Microseconds since 1970, or of a TIME since midnight."""
    if pa.types.is_time(moments.type):
        return moments.cast(pa.time64("us")).cast(pa.int64())
    return moments.cast(pa.timestamp("us", tz=moments.type.tz)).cast(pa.int64())


def minutes_ahead(moments: pa.Array) -> pa.Array:
    """By how many minutes the session's clock is ahead of UTC at each; 0 where there is none."""
    if moments.type.tz in (None, "UTC", "Etc/UTC"):
        return pa.array([0] * len(moments), pa.int64())
    wall = pc.local_timestamp(moments).cast(pa.timestamp("us")).cast(pa.int64()).fill_null(0)
    return pc.divide(pc.subtract(wall, micros(moments).fill_null(0)), 60_000_000)

"""Moments of an answer's columns as numbers: Python's datetime ends with the year 9999."""

import pyarrow as pa


def micros(moments: pa.Array) -> pa.Array:
    """Microseconds since 1970, or of a TIME since midnight."""
    if pa.types.is_time(moments.type):
        return moments.cast(pa.time64("us")).cast(pa.int64())
    return moments.cast(pa.timestamp("us", tz=moments.type.tz)).cast(pa.int64())

"""What an object without a known event_type looks like, and what to do about it.

Tools wrap events: Kafka Connect, Debezium and CloudEvents put an object around the object. None of
it is unwrapped here, for the shop's contract is the bare event; but the reason says how to send it.
"""

from __future__ import annotations

from snowflake.snowpark import Column
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import StringType

CONNECT = (
    "it looks like Kafka Connect's JSON with a schema, the event being its payload: set"
    " value.converter.schemas.enable=false there"
)
CHANGE = (
    "unwrap it in the connector (transforms=unwrap,"
    " transforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState; with an outbox:"
    " io.debezium.transforms.outbox.EventRouter) and have the row be an event"
)
DEBEZIUM = f"it looks like Debezium's change of a row: {CHANGE}"
DEBEZIUM_IN_CONNECT = (
    f"it looks like Kafka Connect's schema around Debezium's change of a row: {CHANGE}"
)
CLOUD_EVENT = (
    "it looks like a CloudEvent in structured mode, the event being its data: send that alone, as a"
    " CloudEvent in binary mode does"
)
BINARY_CLOUD_EVENT = (
    "it looks like a CloudEvent in binary mode, whose type is in the headers: have the producer put"
    " event_type into the data, too"
)


def wrapping() -> Column:
    """What the EVENT_DATA of a row looks like; NULL for nothing in particular."""
    event = F.col("EVENT_DATA")
    # Snowpark's local testing session matches no NULL.
    metadata = F.coalesce(F.col("KAFKA_METADATA").cast(StringType()), F.lit(""))
    headers = F.lower(metadata)
    is_wrapped = _has(event, "schema") & _has(event, "payload")
    is_cloud_event = _has(event, "specversion") & (_has(event, "data") | _has(event, "data_base64"))
    return (
        F.when(is_wrapped & _is_change(event["payload"]), F.lit(DEBEZIUM_IN_CONNECT))
        .when(is_wrapped, F.lit(CONNECT))
        .when(_is_change(event), F.lit(DEBEZIUM))
        .when(is_cloud_event, F.lit(CLOUD_EVENT))
        .when(headers.rlike(F.lit('.*"ce[-_]specversion".*')), F.lit(BINARY_CLOUD_EVENT))
    )


def _has(event: Column, name: str) -> Column:
    return event[name].is_not_null()


def _is_change(event: Column) -> Column:
    return _has(event, "op") & (_has(event, "after") | _has(event, "before"))

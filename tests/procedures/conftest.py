"""Snowpark's official local testing session, and one RAW row for it: nothing here needs a server.

What needs an account is in tests/pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark.types import (
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampTimeZone,
    TimestampType,
    VariantType,
)

from tests.procedures import local_functions  # noqa: F401  (registers the functions)

RAW_EVENTS_STREAM = StructType(
    [
        StructField("EVENT_ID", StringType()),
        StructField("EVENT_TYPE", StringType()),
        StructField("EVENT_DATA", VariantType()),
        StructField("INGESTION_TIMESTAMP", TimestampType(TimestampTimeZone.NTZ)),
        StructField("KAFKA_TOPIC", StringType()),
        StructField("KAFKA_PARTITION", LongType()),
        StructField("KAFKA_OFFSET", LongType()),
        StructField("KAFKA_METADATA", VariantType()),
        StructField("LATEST_MOMENT", TimestampType(TimestampTimeZone.NTZ)),
    ]
)

Raw = Callable[..., DataFrame]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Snowpark's local testing session uses pandas in ways that pandas warns of."""
    for item in items:
        if "local_session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def local_session() -> Iterator[Session]:
    session = Session.builder.config("local_testing", True).create()
    yield session
    session.close()


@pytest.fixture
def raw(local_session: Session) -> Raw:
    """Makes a RAW row of one event.

    One row at a time: in the local testing session a number beside a missing value turns into a
    float, which it does not in Snowflake.
    """

    def one_row(
        event: dict[str, Any] | None,
        event_type: str | None = None,
        event_id: str | None = None,
        latest: datetime = datetime(2261, 12, 31, 23, 59, 59),
        metadata: dict[str, Any] | None = None,
    ) -> DataFrame:
        type_ = event_type or (event or {}).get("event_type")
        row = [event_id, type_, event, datetime(2026, 11, 22, 12), "sales_events", 3, 41]
        row += [metadata, latest]
        return local_session.create_dataframe([row], schema=RAW_EVENTS_STREAM)

    return one_row

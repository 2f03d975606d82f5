"""Snowpark's official local testing session, and one RAW row for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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

from tests.conftest import RunningAccount
from tests.procedures import local_functions  # noqa: F401  (registers the functions)
from tests.procedures.model import Delivery
from tests.procedures.pipeline import ANY, HOUR, Pipeline, opened_pipeline
from tests.procedures.tapped import tapped_session
from tests.procedures.world import World

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


@pytest.fixture
def pipeline(opened_world: World) -> Pipeline:
    """The module's pipeline, empty again."""
    opened_world.reset()
    opened_world.ingester.next_offset = 0
    opened_world.ingester.ingested_at = Pipeline.ingested_at
    opened_world.ingester.limit_future(ANY)
    return opened_world.ingester


@pytest.fixture
def own_pipeline(account: Any, database: str) -> Iterator[Pipeline]:
    """A database and a session for one test that leaves them changed."""
    with opened_pipeline(account, database) as opened:
        yield opened


Connect = Callable[[str], AbstractContextManager[Session]]


@pytest.fixture(scope="session")
def connect(account: Any) -> Connect:
    """Opens a Snowpark session in a database, on a connection that can be tapped."""
    parameters = (
        account.connection_parameters()
        if isinstance(account, RunningAccount)
        else {"connection_name": account.name}
    )
    return lambda database: tapped_session({**parameters, "database": database})


@pytest.fixture(scope="module")
def opened_world(account: Any, connect: Connect) -> Iterator[World]:
    """A database for the module, with the pipeline's tables and streams."""
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        with connect(name) as tapped, opened_pipeline(account, name) as ingester:
            yield World(Pipeline(tapped, name), ingester)
        connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.fixture
def world(opened_world: World) -> World:
    """The pipeline and its model, both empty."""
    opened_world.reset()
    opened_world.ingester.ingested_at = str(Delivery.ingested_at)
    opened_world.ingester.limit_future(HOUR)
    return opened_world

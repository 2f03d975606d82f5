"""The pipeline's tables and streams in an account, one database for all tests of a run."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from snowflake.snowpark import Session

from tests.conftest import RunningAccount
from tests.procedures.model import Delivery
from tests.procedures.modelled_pipeline import ModelledPipeline
from tests.procedures.pipeline import HOUR, Pipeline, opened_pipeline
from tests.procedures.tapped import tapped_session


@pytest.fixture
def pipeline(shared_pipeline: ModelledPipeline) -> Pipeline:
    """The run's pipeline, empty again. Events may be of any future."""
    shared_pipeline.reset()
    return shared_pipeline.ingester


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


@pytest.fixture(scope="session")
def shared_pipeline(account: Any, connect: Connect) -> Iterator[ModelledPipeline]:
    """A database with the pipeline's tables and streams. All modules share it: the account
    remembers statements, and reads each the first time only."""
    name = f"PIPELINE_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        with connect(name) as tapped, opened_pipeline(account, name) as ingester:
            yield ModelledPipeline(Pipeline(tapped, name), ingester)
        connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.fixture
def modelled(shared_pipeline: ModelledPipeline) -> ModelledPipeline:
    """The pipeline and its model, both empty."""
    shared_pipeline.reset(str(Delivery.ingested_at), HOUR)
    return shared_pipeline

"""What the tests of ingestion share: RAW_DATA in a fresh database, a broker."""

import importlib
import re
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, RunningAccount
from tests.ingest import programs as programs_of_ingest
from tests.support.broker import running_broker

with warnings.catch_warnings():
    # The Kafka client reads its schemas through a deprecated function while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    importlib.import_module("kafka")

# Only now, for it imports the Kafka client.
from tests.ingest.ingestion import Ingestion

TABLES = ("RAW_EVENTS_STREAM", "REJECTED_EVENTS", "INGEST_OFFSETS")


def create_raw_data(connection: Any, database: str) -> None:
    """The three tables that the ingester writes to, as the application deploys them."""
    script = (ROOT / "app" / "sql" / "02_tables.sql").read_text()
    cursor = connection.cursor()
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {database}.RAW_DATA")
    stage = re.search(r"CREATE STAGE IF NOT EXISTS (RAW_DATA\.\w+)", script)
    assert stage
    cursor.execute(f"CREATE STAGE IF NOT EXISTS {database}.{stage[1]}")
    for table in TABLES:
        found = re.search(rf"CREATE TABLE IF NOT EXISTS RAW_DATA\.{table} .*?;\n", script, re.S)
        assert found, table
        statement = found[0].strip().rstrip(";")
        cursor.execute(statement.replace("EXISTS RAW_DATA.", f"EXISTS {database}.RAW_DATA."))


@pytest.fixture(scope="session")
def ingest_database(account: RunningAccount) -> Iterator[str]:
    """One database with RAW_DATA's tables for all tests of a process."""
    name = f"INGEST_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
    with account.connect(database=name) as connection:
        create_raw_data(connection, name)
    yield name
    with account.connect() as connection:
        connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.fixture
def raw_data(account: RunningAccount, ingest_database: str) -> str:
    """The name of a database whose RAW_DATA is empty."""
    with account.connect(database=ingest_database) as connection:
        for table in TABLES:
            connection.cursor().execute(f"DELETE FROM RAW_DATA.{table}")
    return ingest_database


@pytest.fixture(scope="session")
def programs(account: RunningAccount) -> None:
    """Ingesters and producers can be started, with this account's connections."""
    programs_of_ingest.prepare(account.home)


@pytest.fixture
def ingestion(
    account: RunningAccount, broker: str, raw_data: str, programs: None, tmp_path: Path
) -> Iterator[Ingestion]:
    result = Ingestion(account, broker, raw_data, tmp_path)
    yield result
    result.kill_all()


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The bootstrap servers of one broker for all tests of a process; topics keep them apart."""
    with running_broker() as servers:
        yield servers

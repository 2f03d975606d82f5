"""The fixtures of these tests: the package's own, with binds by `?`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# The connector looks for cloud hosts at login; without a network that takes seconds.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

from accounts import CONNECT_DEFAULTS, on_snowflake
from flocon.testing import scratch
from snowflake.connector import SnowflakeConnection
from snowflake.snowpark import Session

from flocon import AccountProcess

_TESTS = Path(__file__).parent
# What installs much: `make test-tools`.
collect_ignore = [] if os.environ.get("FLOCON_TOOLS") else ["tools"]
_ON_SNOWFLAKE = _TESTS / "conformance"


def pytest_configure(config: pytest.Config) -> None:
    scratch.keep_in_memory()
    if on_snowflake():
        config.option.flocon_connection = os.environ.get("TEST_CONNECTION", "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only this machine's account can be asked."""
    if on_snowflake():
        left_out = [
            item
            for item in items
            if item.path.is_relative_to(_TESTS) and not item.path.is_relative_to(_ON_SNOWFLAKE)
        ]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def account(flocon_account: AccountProcess) -> AccountProcess:
    """One account for all tests of a process; each test has its own `database` in it."""
    flocon_account.connect_defaults = CONNECT_DEFAULTS
    return flocon_account


@pytest.fixture
def database(account: AccountProcess, flocon_database: str) -> str:
    """A fresh database's name; the database is dropped afterwards."""
    return flocon_database


@pytest.fixture
def connection(account: AccountProcess, database: str) -> Iterator[SnowflakeConnection]:
    """A connection in the fresh database, in its schema PUBLIC."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        yield opened


@pytest.fixture
def run(connection: SnowflakeConnection) -> Any:
    """run(sql, *binds) → all rows."""

    def execute(sql: str, *binds: Any) -> list[Any]:
        return connection.cursor().execute(sql, binds or None).fetchall()

    return execute


@pytest.fixture
def session(flocon_session: Session) -> Session:
    """A Snowpark session in the fresh database."""
    return flocon_session

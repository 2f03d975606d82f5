"""What all tests share: an account on this machine, or the one that TEST_TARGET names."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# The connector looks for cloud hosts at login; without a network that takes seconds.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

import snowflake.connector
from flocon.testing import scratch
from snowflake.snowpark import Session

from flocon import AccountProcess as RunningAccount

ROOT = Path(__file__).resolve().parent.parent
# What the tests' statements are written for.
CONNECT_DEFAULTS = {"paramstyle": "qmark", "login_timeout": 20}


# What makes sense on any account: it needs connections, and nothing of this machine's account.
_TESTS = Path(__file__).parent
_ON_SNOWFLAKE = (
    _TESTS / "app" / "test_laws.py",
    _TESTS / "pipeline",
    _TESTS / "procedures",
)


def on_snowflake() -> bool:
    """Do the tests run against the account that TEST_CONNECTION names?"""
    return os.environ.get("TEST_TARGET") == "snowflake"


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
            if item.path.is_relative_to(_TESTS)
            and not any(item.path.is_relative_to(chosen) for chosen in _ON_SNOWFLAKE)
        ]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def new_account(folder: Path, *, forked: bool = False) -> RunningAccount:
    """An account that is not started yet."""
    return RunningAccount(folder, forked=forked, connect_defaults=CONNECT_DEFAULTS)


@pytest.fixture(scope="session")
def account(flocon_account: RunningAccount) -> RunningAccount:
    """One account for all tests of a process; each test has its own `database` in it."""
    flocon_account.connect_defaults = CONNECT_DEFAULTS
    return flocon_account


@pytest.fixture
def database(flocon_database: str) -> str:
    """A fresh database's name; the database is dropped afterwards."""
    return flocon_database


@pytest.fixture
def connection(
    account: RunningAccount, database: str
) -> Iterator[snowflake.connector.SnowflakeConnection]:
    """A connection in the fresh database, in its schema PUBLIC."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        yield opened


@pytest.fixture
def run(connection: snowflake.connector.SnowflakeConnection) -> Any:
    """run(sql, *binds) → all rows."""

    def execute(sql: str, *binds: Any) -> list[Any]:
        return connection.cursor().execute(sql, binds or None).fetchall()

    return execute


@pytest.fixture
def session(flocon_session: Session) -> Session:
    """A Snowpark session in the fresh database."""
    return flocon_session

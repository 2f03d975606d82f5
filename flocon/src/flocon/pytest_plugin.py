"""Fixtures for tests of what is written for Snowflake; pytest finds them where flocon is installed.

    def test_orders_are_counted(flocon_session):
        flocon_session.create_dataframe([[1], [2]], ["ID"]).write.save_as_table("orders")
        assert count_orders(flocon_session) == 2

The account is one process for all tests of a run (of each worker, under pytest-xdist), which starts
when the first test asks for it. Each test has a database of its own, which is dropped after it.
`pytest --flocon-connection NAME` runs the same tests on the account behind that connection of
connections.toml, whose role must be allowed to create databases.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.snowpark import Session

    from flocon import AccountProcess, NamedAccount


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("flocon", "a Snowflake account for tests").addoption(
        "--flocon-connection",
        metavar="NAME",
        help="run the tests on the account behind this connection of connections.toml, instead of"
        " one on this machine",
    )


@pytest.fixture(scope="session")
def flocon_account(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AccountProcess | NamedAccount]:
    """The account of all tests, running: an AccountProcess, or --flocon-connection's
    NamedAccount."""
    import flocon  # the connector takes a second to import, and a run may need no account

    if name := request.config.getoption("--flocon-connection"):
        named = flocon.NamedAccount(name)
        yield named
        named.stop()
        return
    account = flocon.AccountProcess(tmp_path_factory.mktemp("flocon"))
    with account:
        yield account


@pytest.fixture(scope="session")
def flocon_administrator(
    flocon_account: AccountProcess | NamedAccount,
) -> Iterator[SnowflakeConnection]:
    """A connection for the whole run, without a database; on this machine ACCOUNTADMIN's."""
    with flocon_account.connect() as connection:
        yield connection


@pytest.fixture
def flocon_database(flocon_administrator: SnowflakeConnection) -> Iterator[str]:
    """The name of a new, empty database of this test's own, which is dropped afterwards."""
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    flocon_administrator.cursor().execute(f"CREATE DATABASE {name}")
    yield name
    flocon_administrator.cursor().execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def flocon_connection(
    flocon_account: AccountProcess | NamedAccount, flocon_database: str
) -> Iterator[SnowflakeConnection]:
    """A connection of the connector in `flocon_database`, schema PUBLIC; closed afterwards."""
    with flocon_account.connect(database=flocon_database, schema="PUBLIC") as connection:
        yield connection


@pytest.fixture
def flocon_session(
    flocon_account: AccountProcess | NamedAccount, flocon_database: str
) -> Iterator[Session]:
    """A Snowpark session in `flocon_database`, schema PUBLIC; closed afterwards."""
    session = flocon_account.snowpark(database=flocon_database, schema="PUBLIC")
    yield session
    session.close()

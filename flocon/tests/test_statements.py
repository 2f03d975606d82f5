"""Statements are read once, and what is known of them comes from there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flocon.account import REGISTRY, Account
from flocon.core.errors import SnowflakeError
from flocon.sql import tokens

PROCEDURE = (
    "CREATE OR REPLACE PROCEDURE p(a INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
    " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'f' AS 'def f(session, a):\n    return a'"
)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    opened = Account(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("role", ["ACCOUNTADMIN", "MAKER"])
@pytest.mark.parametrize(
    "sql",
    [
        PROCEDURE,
        "CREATE TASK t SCHEDULE = '1 MINUTE' AS SELECT 1",
        "CREATE STREAM s ON TABLE t",
        "SHOW TABLES IN SCHEMA d.s LIMIT 1",
    ],
    ids=lambda sql: " ".join(sql.split()[:3]),
)
def test_a_statement_is_tokenized_once_whoever_sends_it(
    account: Account, monkeypatch: pytest.MonkeyPatch, role: str, sql: str
) -> None:
    owner = account.open_session(user="OWNER")
    for statement in (
        "CREATE DATABASE d",
        "CREATE SCHEMA s",
        "CREATE ROLE maker",
        "GRANT ROLE maker TO USER owner",
        "GRANT USAGE ON DATABASE d TO ROLE maker",
        "GRANT OWNERSHIP ON SCHEMA s TO ROLE maker",
        "USE ROLE maker",
        "USE DATABASE d",
        "USE SCHEMA s",
        "CREATE TABLE t (a INT)",
        f"USE ROLE {role}",
    ):
        owner.execute(statement)
    read: list[str] = []
    tokenize = tokens.Tokens.__init__

    def counted(self: tokens.Tokens, text: str) -> None:
        read.append(text)
        tokenize(self, text)

    monkeypatch.setattr(tokens.Tokens, "__init__", counted)
    owner.execute(sql)
    assert read.count(sql) == 1


WAREHOUSE = {
    "SELECT 1": True,
    "(SELECT 1) UNION SELECT 2": True,
    "INSERT INTO t SELECT 1": True,
    "CALL p()": True,
    "COPY INTO t FROM @s": True,
    "CREATE TABLE t AS SELECT 1": True,
    "CREATE TABLE t (a INT)": False,
    "CREATE VIEW v AS SELECT 1": False,
    "CREATE TASK t SCHEDULE = '1 MINUTE' AS SELECT 1": False,
    "DROP TABLE t": False,
    "SHOW TABLES": False,
    "USE ROLE r": False,
}


@pytest.mark.parametrize("sql", WAREHOUSE)
def test_what_works_on_a_warehouse(sql: str) -> None:
    """https://docs.snowflake.com/en/user-guide/warehouses-overview"""
    assert REGISTRY.read(sql).uses_warehouse is WAREHOUSE[sql]


def test_rights_are_asked_of_a_limited_role_whose_statement_an_administrator_has_run_before(
    account: Account,
) -> None:
    """What is kept of the administrator's SELECT says nothing about rights."""
    session = account.open_session(user="OWNER")
    for statement in (
        "CREATE DATABASE d",
        "CREATE TABLE t (a INT)",
        "CREATE ROLE reader",
        "GRANT ROLE reader TO USER owner",
        "CREATE WAREHOUSE w",
        "GRANT USAGE ON WAREHOUSE w TO ROLE reader",
        "GRANT USAGE ON DATABASE d TO ROLE reader",
        "GRANT USAGE ON SCHEMA public TO ROLE reader",
    ):
        session.execute(statement)
    for _ in range(2):
        session.execute("SELECT a FROM t")
    session.execute("USE ROLE reader")
    for _ in range(2):
        with pytest.raises(SnowflakeError) as caught:
            session.execute("SELECT a FROM t")
        assert caught.value.errno == 2003
    session.execute("USE ROLE ACCOUNTADMIN")
    session.execute("GRANT SELECT ON TABLE t TO ROLE reader")
    session.execute("USE ROLE reader")
    for _ in range(2):
        assert session.execute("SELECT a FROM t").rows() == []

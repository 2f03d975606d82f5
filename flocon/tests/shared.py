"""What the account's own test modules share."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import snowflake.connector

from flocon import AccountProcess


def one_database(account: AccountProcess) -> Iterator[str]:
    """A database for a whole module, whose tests name their tables apart."""
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield name
        connection.cursor().execute(f"DROP DATABASE {name}")


def one(run: Any, sql: str, *binds: Any) -> Any:
    """The only value of the only row."""
    ((value,),) = run(sql, *binds)
    return value


def errno(run: Any, sql: str) -> int:
    """The number of the error that a statement must end in."""
    with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
        run(sql)
    return int(caught.value.errno)


def shown(connection: snowflake.connector.SnowflakeConnection, sql: str) -> list[dict[str, Any]]:
    """The rows of a SHOW or DESCRIBE, by column name."""
    return connection.cursor(snowflake.connector.DictCursor).execute(sql).fetchall()  # type: ignore[return-value]  # DictCursor's rows are dictionaries


_LOCKED = 625


def attempt(connection: snowflake.connector.SnowflakeConnection, *statements: str) -> bool:
    """Run statements in one transaction; False where it lost against another and is undone."""
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("COMMIT")
    except snowflake.connector.errors.ProgrammingError as error:
        assert error.errno == _LOCKED, error
        cursor.execute("ROLLBACK")
        return False
    return True

"""What tests read out of an account's answers."""

from typing import Any

import pytest
import snowflake.connector


def shown(connection: snowflake.connector.SnowflakeConnection, sql: str) -> list[dict[str, Any]]:
    """The rows of a SHOW or DESCRIBE, by column name."""
    return connection.cursor(snowflake.connector.DictCursor).execute(sql).fetchall()  # type: ignore[return-value]  # DictCursor's rows are dictionaries


def errno(run: Any, sql: str) -> int:
    """The number of the error that a statement must end in."""
    with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
        run(sql)
    return int(caught.value.errno)

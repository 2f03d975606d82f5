"""What the tests of procedures share."""

import json
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

PYTHON = (
    "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"
    " HANDLER = 'run'"
)


class Cellar:
    """Makes procedures and calls them."""

    def __init__(self, connection: SnowflakeConnection) -> None:
        self.connection = connection

    def rows(self, sql: str, *binds: Any) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        # The connector's annotations know no binds by position, and a cursor that may be None.
        return list(cursor.execute(sql, binds or None).fetchall())  # type: ignore[union-attr, arg-type]

    def value(self, sql: str, *binds: Any) -> Any:
        ((value,),) = self.rows(sql, *binds)
        return value

    def read(self, sql: str, *binds: Any) -> Any:
        """The value of a VARIANT."""
        return json.loads(self.value(sql, *binds))

    def create(
        self, signature: str, body: str, returns: str = "VARIANT", rights: str = "CALLER"
    ) -> None:
        self.rows(
            f"CREATE OR REPLACE PROCEDURE {signature} RETURNS {returns} {PYTHON}"
            f" EXECUTE AS {rights} AS $$\n{body}\n$$"
        )

    def handler(self, signature: str, expression: str, returns: str = "VARIANT") -> None:
        """A procedure with the argument `a` or none, whose handler returns an expression."""
        arguments = "session, a" if "(a " in signature else "session"
        self.create(signature, f"def run({arguments}):\n    return {expression}", returns)

    def failure(self, sql: str, *binds: Any) -> tuple[int, str]:
        """The number and text of the error that a statement ends in."""
        with pytest.raises(ProgrammingError) as caught:
            self.rows(sql, *binds)
        return int(caught.value.errno), str(caught.value.msg)

"""A result without rows still has its columns, whichever way a client fetches it."""

from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.snowpark import Session

EMPTY = "SELECT 1.5::NUMBER(10, 2) AS PRICE, 'x' AS NAME, 1 AS N WHERE 1 = 0"


def test_a_cursor_makes_an_empty_pandas_frame(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    cursor = connection.cursor()
    frame = cursor.execute(EMPTY).fetch_pandas_all()  # type: ignore[union-attr] # there is one
    assert (list(frame.columns), len(frame)) == (["PRICE", "NAME", "N"], 0)
    assert cursor.execute(EMPTY).fetchall() == []  # type: ignore[union-attr] # there is one


def test_a_cursor_makes_an_empty_arrow_table(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor: Any = connection.cursor()
    assert cursor.execute(EMPTY).fetch_arrow_all() is None
    table = cursor.execute(EMPTY).fetch_arrow_all(force_return_table=True)
    assert (table.column_names, table.num_rows) == (["PRICE", "NAME", "N"], 0)


def test_snowpark_makes_an_empty_pandas_frame(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.to_pandas"""
    frame = session.sql(EMPTY).to_pandas()
    assert (list(frame.columns), len(frame)) == (["PRICE", "NAME", "N"], 0)
    assert session.sql(EMPTY).collect() == []

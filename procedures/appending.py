"""Rows of a DataFrame into a table."""

from __future__ import annotations

from snowflake.snowpark import DataFrame, Session


def append(session: Session, rows: DataFrame, table: str, columns: tuple[str, ...]) -> int:
    """Inserts the rows, which have these columns in this order, and returns their number.

    One statement: Snowpark's own writer would look whether the table exists, and what the rows'
    columns are, and does not tell how many rows it wrote. Values bound in the rows stay bound.
    """
    query = rows._plan.queries[-1]
    [result] = session.sql(
        f"INSERT INTO {table} ({', '.join(columns)}) {query.sql}", params=query.params
    ).collect()
    return int(result[0])

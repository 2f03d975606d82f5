"""Rows of a DataFrame into tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from snowflake.snowpark import DataFrame, Row, Session


class Target(NamedTuple):
    """A table, and for each of its columns the name of the rows' column that it gets."""

    table: str
    values: Mapping[str, str]


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


def divide(
    session: Session, rows: DataFrame, condition: str, then: Target, otherwise: Target
) -> tuple[int, int]:
    """Inserts each row into one of two tables, and returns the numbers of rows.

    One statement that computes the rows once, which Snowpark's DataFrames have no word for. What
    is inserted are columns of the rows, by their names.
    https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
    """
    query = rows._plan.queries[-1]
    [result] = session.sql(
        f"INSERT FIRST WHEN {condition} THEN {_into(then)} ELSE {_into(otherwise)} {query.sql}",
        params=query.params,
    ).collect()
    return _count(result, then.table), _count(result, otherwise.table)


def _into(target: Target) -> str:
    columns, values = ", ".join(target.values), ", ".join(target.values.values())
    return f"INTO {target.table} ({columns}) VALUES ({values})"


def _count(result: Row, table: str) -> int:
    """The number in the column `number of rows inserted into <table>`."""
    name = table.rpartition(".")[2]
    [count] = [
        value for column, value in result.as_dict().items() if column.strip('"').endswith(name)
    ]
    return int(count)

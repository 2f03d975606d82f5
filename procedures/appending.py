"""Rows of a DataFrame into tables: composed first, so that a lock is held for the work alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from places import same_place
from snowflake.snowpark import Column, DataFrame, Row, Session, Table
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_not_matched

# A change that is composed, down to every column; calling it sends one statement.
Change = Callable[[], int]


class Target(NamedTuple):
    """A table, and for each of its columns the name of the rows' column that it gets."""

    table: str
    values: Mapping[str, str]


def composed(rows: DataFrame) -> DataFrame:
    """The rows, for whose columns Snowpark has asked by now: an action on them is one statement."""
    rows.schema  # noqa: B018 - what it answers stays with the rows
    return rows


def addition(table: Table, rows: DataFrame, columns: tuple[str, ...]) -> Change:
    """Inserts the rows, all of places in Kafka that the table does not have, and returns their
    number.

    A MERGE: Snowpark's own writer does not tell how many rows it wrote, and a statement of our own
    would have to know which values are bound in the rows.
    """
    source = composed(rows.select(*(F.col(name).alias(f"NEW_{name}") for name in columns)))
    composed(table)
    clauses = {name: F.col(f"NEW_{name}") for name in columns}

    def run() -> int:
        inserted = [when_not_matched().insert(clauses)]
        return table.merge(source, same_place("NEW_"), inserted).rows_inserted

    return run


def update(
    table: Table, changes: Mapping[str, Column], condition: Column, source: DataFrame
) -> Change:
    """Changes the rows that a row of the source meets, and returns their number."""
    composed(table)
    composed(source)
    return lambda: table.update(dict(changes), condition, source).rows_updated


def divide(
    session: Session, rows: DataFrame, targets: Mapping[str, Target], otherwise: Target
) -> list[int]:
    """Inserts each row into one table: that of the first condition which it meets, or the last one.
    Returns the numbers of rows, table by table.

    One statement that computes the rows once, which Snowpark's DataFrames have no word for. What
    is inserted are columns of the rows, by their names; no value may be bound in the rows.
    https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
    """
    query = rows.queries["queries"][-1]
    whens = " ".join(f"WHEN {condition} THEN {_into(each)}" for condition, each in targets.items())
    [result] = session.sql(f"INSERT FIRST {whens} ELSE {_into(otherwise)} {query}").collect()
    return [_count(result, each.table) for each in (*targets.values(), otherwise)]


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

"""Rows of a DataFrame merged into a table of production."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from snowflake.snowpark import DataFrame, Row, Session

# The statement's time, in UTC whatever the session's time zone.
_UTC_NOW = "CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ"


class Merged(NamedTuple):
    inserted: int
    updated: int


@dataclass(frozen=True)
class Merge:
    """How rows with these columns, one of each key, get into a table.

    A row whose key the table has not is inserted, with the time in the columns `stamped`. Of the
    others one updates its row where `update_when` holds, in which the table's columns are behind
    KEPT and the row's behind COMES, with the time in UPDATED_AT; without it none does.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    stamped: tuple[str, ...]
    update_when: str | None = None

    def text(self, rows: str) -> str:
        """The statement, for a query that has the columns."""
        on = f"KEPT.{self.key} = COMES.{self.key}"
        names = ", ".join((*self.columns, *self.stamped))
        values = ", ".join([*self._came(self.columns), *(_UTC_NOW for _ in self.stamped)])
        return (
            f"MERGE INTO {self.table} AS KEPT USING ({rows}) AS COMES ON {on}{self._update()}"
            f" WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
        )

    def _update(self) -> str:
        if self.update_when is None:
            return ""
        changed = [name for name in self.columns if name != self.key]
        assigned = [
            f"{name} = {value}" for name, value in zip(changed, self._came(changed), strict=True)
        ]
        sets = ", ".join([*assigned, f"UPDATED_AT = {_UTC_NOW}"])
        return f" WHEN MATCHED AND {self.update_when} THEN UPDATE SET {sets}"

    def _came(self, names: Iterable[str]) -> list[str]:
        return [f"COMES.{name}" for name in names]


def merge(session: Session, rows: DataFrame, how: Merge) -> Merged:
    """Merges the rows; returns how many were inserted and how many updated one.

    One statement: Snowpark's own MERGE asks for the columns of the table and of the rows first, and
    each question is a statement. Values bound in the rows stay bound.
    https://docs.snowflake.com/en/sql-reference/sql/merge
    """
    query = rows._plan.queries[-1]
    [result] = session.sql(how.text(query.sql), params=query.params).collect()
    return Merged(_count(result, "inserted"), _count(result, "updated"))


def _count(result: Row, verb: str) -> int:
    """The number in the column `number of rows <verb>`; the answer has those that may occur."""
    counts = result.as_dict().items()
    return sum(int(count) for column, count in counts if column.strip('"').endswith(verb))

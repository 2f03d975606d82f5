"""What the histories of tasks and alerts have in common: a table of runs in each database, and a
table function that answers those of the whole account.

Times in the tables are naive UTC.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flocon.core import errors, result
from flocon.engine import Tables
from flocon.session import arguments
from flocon.session.context import Context

KEPT_FOR = timedelta(days=7)
KEPT_ROWS = 50_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """The arguments of TASK_HISTORY, or of ALERT_HISTORY."""

    scheduled_time_range_start: datetime | None = None
    scheduled_time_range_end: datetime | None = None
    result_limit: int = 100
    job_name: str | None = None
    database_name: str | None = None
    schema_name: str | None = None
    error_only: bool = False
    root_task_id: str | None = None


@dataclass(frozen=True)
class History:
    """The history of one kind of job.

    noun: task or alert. columns: what its function answers. code_column, message_column: where an
    error is. upcoming: what is planned in a database. is_visible: may the session see a row?
    """

    noun: str
    table: str
    columns: Mapping[str, str]
    code_column: str
    message_column: str
    upcoming: Callable[[Tables, datetime], list[Row]]
    is_visible: Callable[[Context, str, Row], bool]

    def insert(self, catalog: Tables, row: Sequence[Any]) -> None:
        catalog.write(f"INSERT INTO {self.table} VALUES ({', '.join('?' * len(row))})", row)

    def finished(
        self,
        catalog: Tables,
        entry_id: str,
        completed_time: datetime,
        state: str,
        code: str | int | None = None,
        message: str | None = None,
    ) -> None:
        catalog.write(
            f"UPDATE {self.table} SET state = ?, {self.code_column} = ?, {self.message_column} = ?,"
            " completed_time = ? WHERE entry_id = ?",
            [state, code, message, naive(completed_time), entry_id],
        )

    def recover(self, catalog: Tables, now: datetime) -> int:
        """Runs that the account's end cut off are failed; how many there were."""
        return catalog.write(
            f"UPDATE {self.table} SET state = 'FAILED', completed_time = ?, {self.code_column} = ?,"
            f" {self.message_column} = ? WHERE state = 'EXECUTING'",
            [
                naive(now),
                f"{errors.INTERNAL.errno:06d}",
                f"The account stopped while the {self.noun} was running; its open transaction is"
                " undone.",
            ],
        )

    def trim(self, catalog: Tables, now: datetime) -> None:
        """Keeps the last seven days, and of them no more rows than KEPT_ROWS."""
        catalog.write(
            f"DELETE FROM {self.table} WHERE scheduled_time < ? OR scheduled_time < ("
            f"SELECT scheduled_time FROM {self.table} ORDER BY scheduled_time DESC "
            f"LIMIT 1 OFFSET {KEPT_ROWS - 1})",
            [naive(now - KEPT_FOR)],
        )

    def answer(self, context: Context, query: Query, now: datetime) -> result.Result:
        """The runs of the whole account that the session may see, latest first."""
        rows: list[Row] = []
        for name in context.account.databases():
            if query.database_name not in (None, name):
                continue
            with context.account.while_there(name):
                catalog = context.account.catalog(name)
                planned = [row for row in self.upcoming(catalog, now) if matches(row, query)]
                found = self._recorded(catalog, query) + planned
                rows += [
                    {**row, "database_name": name}
                    for row in found
                    if self.is_visible(context, name, row)
                ]
        rows.sort(key=lambda row: row["scheduled_time"], reverse=True)
        values = [[aware(row.get(column.lower())) for column in self.columns] for row in rows]
        return result.of(self.columns, values[: query.result_limit], result.SELECT)

    def _recorded(self, catalog: Tables, query: Query) -> list[Row]:
        """The runs that a query asks for, latest first."""
        conditions = _conditions(query)
        where = [
            f"upper({column}) = upper(?)" if sign == "=" else f"{column} {sign} ?"
            for column, sign, _ in conditions
        ]
        if query.error_only:
            where.append("state IN ('FAILED', 'FAILED_AND_AUTO_SUSPENDED', 'CANCELLED')")
        return catalog.rows(
            f"SELECT * FROM {self.table} WHERE "
            + " AND ".join(where or ["true"])
            + f" ORDER BY scheduled_time DESC LIMIT {query.result_limit}",
            [value for _, _, value in conditions],
        )


# --- what is asked for ---------------------------------------------------------------------------


_OF_TASKS = (
    "SCHEDULED_TIME_RANGE_START", "SCHEDULED_TIME_RANGE_END", "RESULT_LIMIT", "TASK_NAME",
    "DATABASE_NAME", "SCHEMA_NAME", "ERROR_ONLY", "ROOT_TASK_ID",
)  # fmt: skip
OF_ALERTS = ("SCHEDULED_TIME_RANGE_START", "SCHEDULED_TIME_RANGE_END", "RESULT_LIMIT", "ALERT_NAME")


def read_query(given: Mapping[str, Any], now: datetime, known: Sequence[str] = _OF_TASKS) -> Query:
    """Checks a function's arguments as Snowflake does. known: the names that it has."""

    def text(name: str) -> str | None:
        value = given.get(name)
        return None if value is None else str(value)

    arguments.check_names(given, known)
    query = Query(
        scheduled_time_range_start=arguments.timestamp(given, "SCHEDULED_TIME_RANGE_START"),
        scheduled_time_range_end=arguments.timestamp(given, "SCHEDULED_TIME_RANGE_END"),
        result_limit=arguments.result_limit(given, 100),
        job_name=text("TASK_NAME") or text("ALERT_NAME"),
        database_name=text("DATABASE_NAME"),
        schema_name=text("SCHEMA_NAME"),
        error_only=arguments.is_true(given.get("ERROR_ONLY")),
        root_task_id=text("ROOT_TASK_ID"),
    )
    start, end = query.scheduled_time_range_start, query.scheduled_time_range_end
    # A little slack: the caller's clock read its seven days before this one was asked.
    if start is not None and start < now - KEPT_FOR - timedelta(minutes=5):
        raise arguments.invalid(
            "SCHEDULED_TIME_RANGE_START", start, "must be within the last 7 days"
        )
    if start is not None and end is not None and end < start:
        raise arguments.invalid("SCHEDULED_TIME_RANGE_END", end, "must not be before the start")
    return query


def _conditions(query: Query) -> list[tuple[str, str, Any]]:
    """(column, sign, value) of each argument that was given; text is compared without case."""
    conditions = [
        ("scheduled_time", ">=", naive(query.scheduled_time_range_start)),
        ("scheduled_time", "<=", naive(query.scheduled_time_range_end)),
        ("name", "=", query.job_name),
        ("schema_name", "=", query.schema_name),
        ("root_task_id", "=", query.root_task_id),
    ]
    return [condition for condition in conditions if condition[2] is not None]


def matches(row: Row, query: Query) -> bool:
    """Does a run that is planned fit a query?"""
    return not query.error_only and all(
        _COMPARE[sign](row[column], value) for column, sign, value in _conditions(query)
    )


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": lambda left, right: left.upper() == right.upper(),
}


# --- times ---------------------------------------------------------------------------------------


def naive(time: datetime | None) -> datetime | None:
    return time and time.astimezone(UTC).replace(tzinfo=None)


def aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value

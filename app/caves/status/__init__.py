"""`caves status`: tasks, streams, rows per hop, and how far the topic has been read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from snowflake.connector.errors import ProgrammingError

from app.caves.deploy import SHOW_STREAMS, SHOW_TASKS, is_true
from app.caves.errors import CommandError
from app.caves.names import STREAMS, TASKS
from app.caves.tabular import as_table
from app.caves.target import Account, Row, is_missing

LAST_RUNS = """
SELECT NAME, STATE, SCHEDULED_TIME, QUERY_START_TIME, COMPLETED_TIME, ERROR_MESSAGE
FROM (
    SELECT h.*, ROW_NUMBER() OVER (PARTITION BY NAME ORDER BY SCHEDULED_TIME DESC) AS PLACE
    FROM TABLE({db}.INFORMATION_SCHEMA.TASK_HISTORY(
        SCHEDULED_TIME_RANGE_START => DATEADD('day', -1, CURRENT_TIMESTAMP()),
        RESULT_LIMIT => 10000
    )) h
    WHERE DATABASE_NAME = '{db}' AND SCHEMA_NAME = 'OPS'
        AND STATE NOT IN ('SCHEDULED', 'SKIPPED')
) r
WHERE PLACE = 1
"""
ROWS_PER_HOP = "SELECT HOP, TABLE_NAME, ROW_COUNT FROM {db}.OPS.ROWS_PER_HOP ORDER BY HOP"
OFFSETS = """
SELECT o.TOPIC, o.PARTITION, o.NEXT_OFFSET, o.UPDATED_AT
FROM {db}.RAW_DATA.INGEST_OFFSETS o
ORDER BY o.TOPIC, o.PARTITION
"""
HAS_DATA = "SELECT SYSTEM$STREAM_HAS_DATA('{{db}}.{stream}') AS HAS_DATA"


@dataclass(frozen=True)
class Status:
    """What an operator looks at first; each part is a list of rows."""

    tasks: list[Row]
    streams: list[Row]
    rows: list[Row]
    offsets: list[Row]


def gather(account: Account) -> Status:
    try:
        return Status(
            tasks=_tasks(account.rows(SHOW_TASKS), account.rows(LAST_RUNS)),
            streams=_streams(account),
            rows=account.rows(ROWS_PER_HOP),
            offsets=account.rows(OFFSETS),
        )
    except ProgrammingError as error:
        if is_missing(error):
            raise CommandError(
                f"the pipeline is not in {account.database}: run `caves deploy` first"
            ) from error
        raise


def _tasks(tasks: Sequence[Row], runs: Sequence[Row]) -> list[Row]:
    last = {row["NAME"]: row for row in runs}
    order = [name.split(".")[1] for name in TASKS]
    known = [row for row in tasks if row["NAME"] in order]
    return [
        {
            "TASK": row["NAME"],
            "STATE": str(row["STATE"]).lower(),
            "SCHEDULE": row["SCHEDULE"],
            "LAST_RUN": last.get(row["NAME"], {}).get("SCHEDULED_TIME"),
            "LAST_STATE": last.get(row["NAME"], {}).get("STATE"),
            "SECONDS": seconds(last.get(row["NAME"], {})),
            "ERROR": last.get(row["NAME"], {}).get("ERROR_MESSAGE"),
        }
        for row in sorted(known, key=lambda row: order.index(row["NAME"]))
    ]


def seconds(run: Row) -> float | None:
    """How long the run took, once it has ended."""
    start, end = run.get("QUERY_START_TIME"), run.get("COMPLETED_TIME")
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    return round((end - start).total_seconds(), 3)


def _streams(account: Account) -> list[Row]:
    stale = {
        f"{row['SCHEMA_NAME']}.{row['NAME']}": is_true(row["STALE"])
        for row in account.rows(SHOW_STREAMS)
    }
    return [
        {
            "STREAM": name,
            "HAS_DATA": is_true(account.row(HAS_DATA.format(stream=name))["HAS_DATA"]),
            "STALE": stale[name],
        }
        for name in STREAMS
        if name in stale
    ]


def show(status: Status, console: Console) -> None:
    console.print(as_table("Tasks", status.tasks))
    console.print(as_table("Streams", status.streams))
    console.print(as_table("Rows per hop", status.rows))
    console.print(as_table("Ingested up to", status.offsets))

"""What `caves status` asks of the account: each answer is a list of rows.

Tables and how new their rows are, streams, partitions, tasks with their last runs, metrics, alerts.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from snowflake.connector.errors import ProgrammingError

from app.caves.flags import in_utc
from app.caves.kafka import Extent
from app.caves.objects import SHOW_STREAMS, SHOW_TASKS, STREAMS, TABLES, TASKS, is_true, parents_of
from app.caves.target import Account, Row, is_missing

NEWEST = """
SELECT
    HOP,
    TABLE_NAME,
    NEWEST_ROW,
    DATEDIFF('millisecond', NEWEST_ROW, SYSDATE()) / 1000 AS AGE_SECONDS
FROM {db}.OPS.TABLE_FRESHNESS
ORDER BY HOP, PLACE
"""
# From the account's metadata: no table is read.
# https://docs.snowflake.com/en/sql-reference/info-schema/tables
SIZES = """
SELECT TABLE_SCHEMA || '.' || TABLE_NAME AS TABLE_NAME, ROW_COUNT, BYTES
FROM {db}.INFORMATION_SCHEMA.TABLES
WHERE TABLE_TYPE = 'BASE TABLE'
"""
# Through a view, so that `caves status` needs no right on the events.
BACKLOG = "SELECT STREAM_NAME, ROWS_WAITING FROM {db}.OPS.STREAM_BACKLOG"
HAS_DATA = "SELECT SYSTEM$STREAM_HAS_DATA('{{db}}.{stream}') AS HAS_DATA"
OFFSETS = """
SELECT
    PARTITION,
    NEXT_OFFSET,
    UPDATED_AT AS LAST_COMMIT,
    DATEDIFF('millisecond', UPDATED_AT, SYSDATE()) / 1000 AS AGE_SECONDS
FROM {db}.RAW_DATA.INGEST_OFFSETS
WHERE TOPIC = ?
ORDER BY PARTITION
"""
# One call for each task: the limit is applied before WHERE, and skipped runs are most of all.
# https://docs.snowflake.com/en/sql-reference/functions/task_history
LAST_RUN = """
SELECT NAME, STATE, SCHEDULED_TIME, QUERY_START_TIME, COMPLETED_TIME, ERROR_MESSAGE
FROM TABLE({{db}}.INFORMATION_SCHEMA.TASK_HISTORY(
    SCHEDULED_TIME_RANGE_START => DATEADD('day', -1, CURRENT_TIMESTAMP()),
    RESULT_LIMIT => 10000,
    DATABASE_NAME => '{{db}}', SCHEMA_NAME => 'OPS', TASK_NAME => '{name}'
))
WHERE STATE NOT IN ('SCHEDULED', 'SKIPPED')
QUALIFY ROW_NUMBER() OVER (ORDER BY SCHEDULED_TIME DESC) = 1
"""
# As many rows as may wait in a stream.
LAG_THRESHOLD = 1000
METRICS = """
SELECT METRIC, VALUE, THRESHOLD, UNIT, STATUS, DETAIL, ACTION
FROM {db}.OPS.PIPELINE_HEALTH
ORDER BY METRIC
"""
OPEN_ALERTS = """
SELECT METRIC, OBJECT, OPENED_AT, LAST_SEEN_AT, VALUE, THRESHOLD, UNIT, DETAIL, ACTION, NOTIFIED_AT
FROM {db}.OPS.ALERT_LOG
WHERE CLOSED_AT IS NULL
ORDER BY OPENED_AT, METRIC, OBJECT
"""
# From the offsets to read from, by partition, to what the topic has.
Ask = Callable[[Mapping[int, int]], Mapping[int, Extent]]


def freshness(account: Account) -> list[Row]:
    """HOP, TABLE_NAME, NEWEST_ROW (UTC), AGE_SECONDS by the account's clock; NULL: no row yet."""
    rows = account.rows(NEWEST)
    for row in rows:
        age = row["AGE_SECONDS"]
        row["AGE_SECONDS"] = None if age is None else round(float(age), 1)
    return rows


def storage(account: Account) -> list[Row]:
    """TABLE_NAME, ROW_COUNT and BYTES of the pipeline's tables, along the way of the data."""
    found = {row["TABLE_NAME"]: row for row in account.rows(SIZES)}
    return [found[name] for name in TABLES if name in found]


def streams(account: Account) -> list[Row]:
    """STREAM, ROWS_WAITING, HAS_DATA, STALE, STALE_AFTER. A stale stream cannot be read,
    and while there is one, ROWS_WAITING of the others is unknown."""
    listed = {f"{row['SCHEMA_NAME']}.{row['NAME']}": row for row in account.rows(SHOW_STREAMS)}
    any_stale = any(is_true(row["STALE"]) for row in listed.values())
    rows = [] if any_stale else account.rows(BACKLOG)
    waiting = {row["STREAM_NAME"]: row["ROWS_WAITING"] for row in rows}
    return [
        _stream(account, name, listed[name], waiting.get(name))
        for name in STREAMS
        if name in listed
    ]


def _stream(account: Account, name: str, row: Row, waiting: int | None) -> Row:
    stale = is_true(row["STALE"])
    found = {} if stale else account.row(HAS_DATA.format(stream=name))
    return {
        "STREAM": name,
        "ROWS_WAITING": waiting,
        "HAS_DATA": is_true(found["HAS_DATA"]) if found else None,
        "STALE": stale,
        "STALE_AFTER": in_utc(row["STALE_AFTER"]),
    }


def partitions(account: Account, topic: str, ask: Ask | None) -> list[Row]:
    """PARTITION, NEXT_OFFSET, END_OFFSET, LAG, LAST_COMMIT (UTC), AGE_SECONDS of the topic.

    `ask` answers for Kafka; without it END_OFFSET and LAG are NULL. A partition that was never
    read has no NEXT_OFFSET, and its lag is all that it holds. A negative lag means that the
    topic is not the one that was read.
    """
    rows = {int(row["PARTITION"]): row for row in account.rows(OFFSETS, (topic,))}
    known = {
        partition: int(row["NEXT_OFFSET"])
        for partition, row in rows.items()
        if row["NEXT_OFFSET"] is not None
    }
    extents = ask(known) if ask else {}
    return [
        _partition(partition, rows.get(partition, {}), extents.get(partition))
        for partition in sorted(rows.keys() | extents.keys())
    ]


def _partition(partition: int, row: Row, extent: Extent | None) -> Row:
    following, age = row.get("NEXT_OFFSET"), row.get("AGE_SECONDS")
    read_from = extent.start if extent and following is None else following
    return {
        "PARTITION": partition,
        "NEXT_OFFSET": following,
        "END_OFFSET": extent.end if extent else None,
        "LAG": extent.end - read_from if extent and read_from is not None else None,
        "LAST_COMMIT": row.get("LAST_COMMIT"),
        "AGE_SECONDS": None if age is None else round(float(age), 1),
    }


def tasks(account: Account) -> list[Row]:
    """TASK, STATE (started, suspended), SCHEDULE (`triggered` where a stream starts a root); of the
    last day's last run that was not skipped LAST_RUN, LAST_STATE, SECONDS, ERROR."""
    listed = _sorted(account.rows(SHOW_TASKS))
    last = _last_runs(account, [str(row["NAME"]) for row in listed])
    return [_described(row, last.get(row["NAME"], {})) for row in listed]


def _last_runs(account: Account, names: Sequence[str]) -> dict[str, Row]:
    """By task, in one statement."""
    if not names:
        return {}
    calls = [LAST_RUN.format(name=name.replace("'", "''")) for name in names]
    return {row["NAME"]: row for row in account.rows("UNION ALL".join(calls))}


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """Along the way of the data; tasks that somebody added come last."""
    order = {name.split(".")[1]: place for place, name in enumerate(TASKS)}
    return sorted(rows, key=lambda row: (order.get(row["NAME"], len(order)), row["NAME"]))


def _described(task: Row, run: Mapping[str, object]) -> Row:
    return {
        "TASK": task["NAME"],
        "STATE": str(task["STATE"]).lower(),
        "SCHEDULE": task["SCHEDULE"] or (None if parents_of(task) else "triggered"),
        "LAST_RUN": in_utc(run.get("SCHEDULED_TIME")),
        "LAST_STATE": run.get("STATE"),
        "SECONDS": seconds(run),
        "ERROR": run.get("ERROR_MESSAGE"),
    }


def seconds(run: Mapping[str, object]) -> float | None:
    """How long the run took, once it has ended."""
    start, end = run.get("QUERY_START_TIME"), run.get("COMPLETED_TIME")
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    return round((end - start).total_seconds(), 3)


def metrics(account: Account) -> list[Row]:
    """Each metric with its status (OK, BREACH, UNKNOWN) and what to do about it."""
    return account.rows(METRICS)


def lag(partitions: Sequence[Row], unknown: str | None) -> Row:
    """What waits in Kafka, as one more metric; `unknown` says why the brokers did not answer."""
    lags = [int(row["LAG"]) for row in partitions if row["LAG"] is not None]
    behind = sum(each for each in lags if each > 0)
    other = any(each < 0 for each in lags)
    detail = "in Kafka, and not yet in RAW"
    if other:
        detail = "a partition ends below what was read: the topic is another one"
    return {
        "METRIC": "INGEST_LAG",
        "VALUE": None if unknown else behind,
        "THRESHOLD": LAG_THRESHOLD,
        "UNIT": "messages",
        "STATUS": "UNKNOWN" if unknown else "BREACH" if other or behind >= LAG_THRESHOLD else "OK",
        "DETAIL": unknown or detail,
        "ACTION": "Start the ingester, or more of them, and read its log",
    }


def open_alerts(account: Account) -> list[Row] | None:
    """The incidents that are not closed; None where the deployment is older than the alert log."""
    try:
        return account.rows(OPEN_ALERTS)
    except ProgrammingError as error:
        if is_missing(error):
            return None
        raise


def healthy(metrics: Sequence[Row], alerts: Sequence[Row] | None) -> bool:
    """Is no metric breached, and no alert open?"""
    return not alerts and all(row["STATUS"] != "BREACH" for row in metrics)

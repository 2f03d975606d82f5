"""Everything that `caves status` shows, at one moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError
from app.caves.flags import now
from app.caves.kafka import Topic, TopicUnknown
from app.caves.objects import SHOW_TASKS
from app.caves.status import readings
from app.caves.target import Account, Row, is_missing

JSON_KEYS = """\
--json prints one object, with --watch one a line; all times are in UTC:
  measured_at  when it was measured
  database     the database's name
  healthy      no metric is a BREACH, and no alert is open
  tasks        TASK, STATE, SCHEDULE (or "triggered"), LAST_RUN, LAST_STATE, SECONDS, ERROR
  streams      STREAM, ROWS_WAITING, HAS_DATA, STALE, STALE_AFTER
  partitions   PARTITION, NEXT_OFFSET, END_OFFSET, LAG, LAST_COMMIT (or sign of life), AGE_SECONDS
  topic        why END_OFFSET and LAG are null, or null
  freshness    HOP, TABLE_NAME, NEWEST_ROW, AGE_SECONDS
  tables       TABLE_NAME, ROW_COUNT, BYTES
  metrics      OPS.PIPELINE_HEALTH: METRIC, VALUE, THRESHOLD, UNIT, STATUS, DETAIL, ACTION;
               and INGEST_LAG, where the brokers are asked
  alerts       OPS.ALERT_LOG, what is open: METRIC, OBJECT, OPENED_AT, LAST_SEEN_AT, VALUE,
               THRESHOLD, UNIT, DETAIL, ACTION, NOTIFIED_AT; null where there is no such table
While the account is away, --watch --json prints measured_at, database and error.
"""
NOT_ASKED = "no --bootstrap-servers: the topic's end offsets and the lag are unknown"


@dataclass(frozen=True)
class Snapshot:
    """Each part is a list of rows; `topic` says why the topic's ends are unknown."""

    measured_at: datetime
    database: str
    tasks: list[Row]
    streams: list[Row]
    partitions: list[Row]
    topic: str | None
    freshness: list[Row]
    tables: list[Row]
    metrics: list[Row]
    alerts: list[Row] | None

    @property
    def healthy(self) -> bool:
        return readings.healthy(self.metrics, self.alerts)

    def as_json(self) -> dict[str, Any]:
        """What JSON_KEYS describes."""
        measured_at, database, *parts = vars(self).items()
        return dict([measured_at, database, ("healthy", self.healthy), *parts])


def gather(account: Account, topic_name: str, topic: Topic | None) -> Snapshot:
    """Ask the account, and Kafka where `topic` is given."""
    try:
        read, unknown = _partitions(account, topic_name, topic)
        return Snapshot(
            now(),
            account.database,
            readings.tasks(account),
            readings.streams(account),
            read,
            unknown,
            readings.freshness(account),
            readings.storage(account),
            _metrics(account, read, unknown),
            readings.open_alerts(account),
        )
    except ProgrammingError as error:
        if is_missing(error):
            raise CommandError(_missing(account)) from error
        raise


def _metrics(account: Account, read: list[Row], unknown: str | None) -> list[Row]:
    """Those that the account knows, and the lag where the brokers are asked."""
    asked = [] if unknown == NOT_ASKED else [readings.lag(read, unknown)]
    return sorted([*readings.metrics(account), *asked], key=lambda row: str(row["METRIC"]))


def _missing(account: Account) -> str:
    try:
        there = bool(account.rows(SHOW_TASKS))
    except ProgrammingError:
        there = False
    if there:
        return f"the pipeline in {account.database} is older than this command: run `caves deploy`"
    return f"the pipeline is not in {account.database}: run `caves deploy` first"


def _partitions(
    account: Account, topic_name: str, topic: Topic | None
) -> tuple[list[Row], str | None]:
    ask: Callable[..., Any] | None = topic.extents if topic else None
    try:
        return readings.partitions(account, topic_name, ask), None if ask else NOT_ASKED
    except TopicUnknown as error:
        return readings.partitions(account, topic_name, None), str(error)

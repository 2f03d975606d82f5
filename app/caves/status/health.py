"""The metrics of OPS.PIPELINE_HEALTH, and the alerts that are open."""

from collections.abc import Sequence

from snowflake.connector.errors import ProgrammingError

from app.caves.target import Account, Row, is_missing

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


def metrics(account: Account) -> list[Row]:
    """Each metric with its status (OK, BREACH, UNKNOWN) and what to do about it."""
    return account.rows(METRICS)


def lag(partitions: Sequence[Row], unknown: str | None) -> Row:
    """What waits in Kafka, as one more metric: the brokers were asked, or `unknown` says why they
    have not answered."""
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

"""What the tables hold, how new it is, what waits in streams, how far each partition was read."""

from collections.abc import Callable, Mapping

from app.caves.flags import in_utc
from app.caves.kafka import Extent
from app.caves.objects import SHOW_STREAMS, STREAMS, TABLES, is_true
from app.caves.target import Account, Row

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
    """STREAM, ROWS_WAITING, HAS_DATA, STALE, STALE_AFTER. Of a stale stream nothing can be read,
    and while there is one it is not known how many rows wait in the others."""
    shown = {f"{row['SCHEMA_NAME']}.{row['NAME']}": row for row in account.rows(SHOW_STREAMS)}
    any_stale = any(is_true(row["STALE"]) for row in shown.values())
    rows = [] if any_stale else account.rows(BACKLOG)
    waiting = {row["STREAM_NAME"]: row["ROWS_WAITING"] for row in rows}
    return [
        _stream(account, name, shown[name], waiting.get(name)) for name in STREAMS if name in shown
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

    `ask` answers for Kafka; without it END_OFFSET and LAG are NULL. A partition that nobody has
    read yet has no NEXT_OFFSET, and its lag is all that it holds. A negative lag means that the
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

"""The streams: what waits in them, and until when they stay readable."""

from app.caves.moments import in_utc
from app.caves.names import STREAMS
from app.caves.shown import SHOW_STREAMS, is_true
from app.caves.target import Account, Row

# Reading a stream in a SELECT does not move it. After a purge STAGING's streams show the deletions
# as well, which nobody waits for.
WAITING = """
SELECT
    (SELECT COUNT(*) FROM {{db}}.{stream} WHERE METADATA$ACTION = 'INSERT') AS ROWS_WAITING,
    SYSTEM$STREAM_HAS_DATA('{{db}}.{stream}') AS HAS_DATA
"""


def streams(account: Account) -> list[Row]:
    """STREAM, ROWS_WAITING, HAS_DATA, STALE, STALE_AFTER; of a stale stream nothing can be read."""
    shown = {f"{row['SCHEMA_NAME']}.{row['NAME']}": row for row in account.rows(SHOW_STREAMS)}
    return [_described(account, name, shown[name]) for name in STREAMS if name in shown]


def _described(account: Account, name: str, row: Row) -> Row:
    stale = is_true(row["STALE"])
    found = {} if stale else account.row(WAITING.format(stream=name))
    return {
        "STREAM": name,
        "ROWS_WAITING": found.get("ROWS_WAITING"),
        "HAS_DATA": is_true(found["HAS_DATA"]) if found else None,
        "STALE": stale,
        "STALE_AFTER": in_utc(row["STALE_AFTER"]),
    }

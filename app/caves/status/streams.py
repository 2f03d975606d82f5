"""The streams: what waits in them, and until when they stay readable."""

from app.caves.moments import in_utc
from app.caves.names import STREAMS
from app.caves.shown import SHOW_STREAMS, is_true
from app.caves.target import Account, Row

# Through a view, so that whoever looks needs no right on the events.
BACKLOG = "SELECT STREAM_NAME, ROWS_WAITING FROM {db}.OPS.STREAM_BACKLOG"
HAS_DATA = "SELECT SYSTEM$STREAM_HAS_DATA('{{db}}.{stream}') AS HAS_DATA"


def streams(account: Account) -> list[Row]:
    """STREAM, ROWS_WAITING, HAS_DATA, STALE, STALE_AFTER. Of a stale stream nothing can be read,
    and while there is one it is not known how many rows wait in the others."""
    shown = {f"{row['SCHEMA_NAME']}.{row['NAME']}": row for row in account.rows(SHOW_STREAMS)}
    any_stale = any(is_true(row["STALE"]) for row in shown.values())
    rows = [] if any_stale else account.rows(BACKLOG)
    waiting = {row["STREAM_NAME"]: row["ROWS_WAITING"] for row in rows}
    return [
        _described(account, name, shown[name], waiting.get(name))
        for name in STREAMS
        if name in shown
    ]


def _described(account: Account, name: str, row: Row, waiting: int | None) -> Row:
    stale = is_true(row["STALE"])
    found = {} if stale else account.row(HAS_DATA.format(stream=name))
    return {
        "STREAM": name,
        "ROWS_WAITING": waiting,
        "HAS_DATA": is_true(found["HAS_DATA"]) if found else None,
        "STALE": stale,
        "STALE_AFTER": in_utc(row["STALE_AFTER"]),
    }

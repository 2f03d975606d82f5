"""How far each partition of the topic has been read."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from app.caves.target import Account, Row

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


class Extent(NamedTuple):
    """The first offset that a partition still has, and the one that its next message will get."""

    start: int
    end: int


# From the offsets to read from, by partition, to what the topic has.
Ask = Callable[[Mapping[int, int]], Mapping[int, Extent]]


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
        _described(partition, rows.get(partition, {}), extents.get(partition))
        for partition in sorted(rows.keys() | extents.keys())
    ]


def _described(partition: int, row: Row, extent: Extent | None) -> Row:
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

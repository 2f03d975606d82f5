"""What a round has come to: pure functions over what was sent and what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Place = tuple[int, int]  # partition, offset


class Row(NamedTuple):
    """A row of RAW or of the rejects: where its message is from, and when it was written."""

    partition: int
    offset: int
    moment: float  # seconds since the epoch


@dataclass(frozen=True)
class Reckoning:
    """The messages of the topic against the rows of RAW and of the rejects, place by place."""

    sent: int = 0
    lost: int = 0
    twice: int = 0
    unfounded: int = 0

    @property
    def is_exact(self) -> bool:
        return not (self.lost or self.twice or self.unfounded)


def reckon(sent: Iterable[Place], stored: Iterable[Row]) -> Reckoning:
    topic = set(sent)
    rows = Counter((row.partition, row.offset) for row in stored)
    return Reckoning(
        sent=len(topic),
        lost=len(topic - rows.keys()),
        twice=sum(count - 1 for count in rows.values()),
        unfounded=len(rows.keys() - topic),
    )


def recovery(stored: Iterable[Row], moment: float, ends: Mapping[int, int]) -> float | None:
    """Seconds from `moment` until every partition had moved on; None: some never did.

    A partition that had been written to its end already has nothing to move on to.
    """
    reached = dict.fromkeys(ends, 0)
    moved: dict[int, float] = {}
    for row in stored:
        if row.moment <= moment:
            reached[row.partition] = max(reached.get(row.partition, 0), row.offset + 1)
        else:
            passed = row.moment - moment
            moved[row.partition] = min(passed, moved.get(row.partition, passed))
    if any(end > reached[each] and each not in moved for each, end in ends.items()):
        return None
    return max(moved.values(), default=0.0)


def ends_of(sent: Iterable[Place]) -> dict[int, int]:
    """The end offset of each partition that has messages."""
    ends: dict[int, int] = {}
    for partition, offset in sent:
        ends[partition] = max(ends.get(partition, 0), offset + 1)
    return ends

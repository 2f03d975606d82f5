"""The seam between the loop and the warehouse."""

from typing import NamedTuple, Protocol

from ingest.batch import Batch, LastMessage


class Stored(NamedTuple):
    """A row of INGEST_OFFSETS. It has no topic id where no broker has given one yet, and no last
    message before the first."""

    offset: int
    topic_id: str | None = None
    last: LastMessage | None = None


class Sink(Protocol):
    def read_places(self, topic: str, partitions: set[int]) -> dict[int, Stored]:
        """What INGEST_OFFSETS holds for those of these partitions that it knows."""

    def create_offsets(
        self, topic: str, offsets: dict[int, int], topic_id: str | None = None
    ) -> None:
        """Add the missing ones of these rows; rows that exist stay as they are."""

    def name_topic(self, topic: str, topic_id: str) -> None:
        """Fill in this id where rows of the topic have none."""

    def write(self, batch: Batch) -> None:
        """Write the batch and move its offsets, all or nothing.

        Raises Transient (nothing is known to be written; the fence decides on the next attempt),
        DataRefused (nothing was written), FenceLost (nothing was written), Fatal.
        """

    def try_out(self, batch: Batch) -> None:
        """Insert the batch's rows and undo it, in any case; offsets are not looked at.

        Raises what `write` raises, except for FenceLost.
        """

    def close(self) -> None:
        """Let go of the warehouse; a transaction that is still open is rolled back."""

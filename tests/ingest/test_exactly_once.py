"""Whatever the messages and the trouble: each message once, in RAW or among the rejects."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.batch import Batch, Stored
from ingest.errors import FenceLost, Transient
from ingest.messages import Message, RawRow, sort_message
from ingest.metrics import Metrics
from ingest.positions import Positions
from ingest.writer import Writer
from tests.ingest.fakes import ORDER, TOPIC, FakeClock, FakeSink, config

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {"event_type": st.sampled_from(["ORDER_CREATED", "INVENTORY_ADJUSTED", "OTHER"]) | JSON},
    optional={
        name: st.text() | JSON
        for name in ("event_id", "event_timestamp", "event_ts", "product_id", "customer_id")
    },
)


@settings(max_examples=300, deadline=None)
@given(st.none() | st.binary() | st.builds(lambda value: json.dumps(value).encode(), EVENTS | JSON))
def test_every_message_becomes_a_row_that_can_be_sent_and_kept(value: bytes | None) -> None:
    row = sort_message(Message(TOPIC, 0, 0, value), 200)
    if isinstance(row, RawRow):
        assert value is not None
        # Untouched, but for quotes around numbers that a VARIANT would not keep.
        assert row.text.replace('"', "") == value.decode().replace('"', "")
        assert numbers_as_texts(row.text) == numbers_as_texts(value.decode())
        assert row.envelope.event_id
        texts = [row.envelope.event_id, row.envelope.product_id, row.envelope.customer_id]
    else:
        assert row.reason and row.status == "OPEN"
        texts = [row.reason, row.payload, row.event_id, row.event_type]
    for text in texts:
        assert text is None or "\x00" not in text.encode().decode()


def numbers_as_texts(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)


class TroubledSink(FakeSink):
    """Each write meets the next of these fates, until they are used up."""

    def __init__(self, offsets: dict[int, int], fates: list[str]) -> None:
        super().__init__(offsets)
        self.fates = fates

    def write(self, batch: Batch) -> None:
        fate = self.fates.pop() if self.fates else "fine"
        if fate == "lost before":
            raise Transient("the line is dead")
        super().write(batch)
        if fate == "lost after":
            raise Transient("the line is dead")


@settings(max_examples=200, deadline=None)
@given(
    partitions=st.lists(st.integers(0, 2), min_size=1, max_size=25),
    refused=st.sets(st.integers(0, 24)),
    fates=st.lists(st.sampled_from(["fine", "lost before", "lost after"]), max_size=12),
    most=st.integers(1, 8),
)
def test_refusals_and_lost_answers_leave_each_message_once(
    partitions: list[int], refused: set[int], fates: list[str], most: int
) -> None:
    sink = TroubledSink({0: 0, 1: 0, 2: 0}, fates)
    log: list[Message] = []
    for number, partition in enumerate(partitions):
        text = ORDER + b" " * number
        offset = sum(each.partition == partition for each in log)
        log.append(Message(TOPIC, partition, offset, text))
        if number in refused:
            sink.refuses.add(text.decode())
    positions = Positions()
    flags = config("--batch-max-bytes", str(1024 * most))
    writer = Writer(flags, sink, positions, Metrics(), FakeClock())
    positions.start_at({0: Stored(0), 1: Stored(0), 2: Stored(0)})
    writer.add(positions.accept(log))
    while writer.held:
        try:
            writer.write_next()
        except Transient:
            continue
        except FenceLost:
            # As the loop does: drop, read INGEST_OFFSETS, read on from there.
            writer.drop({0, 1, 2})
            positions.start_at(sink.read_stored(TOPIC, {0, 1, 2}))
            writer.add(positions.accept(log))
    written = [*sink.rows, *((partition, offset) for partition, offset, _ in sink.rejects)]
    assert sorted(written) == sorted((each.partition, each.offset) for each in log)
    assert len(sink.rejects) == len([number for number in refused if number < len(log)])
    assert all(isinstance(offset, int) for _, offset in written)

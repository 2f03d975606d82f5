"""Whatever bytes come, in batches through the real sink: each message is there once."""

import itertools
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.batch import Stored
from ingest.messages import Message
from ingest.metrics import Metrics
from ingest.positions import Positions
from ingest.snowflake_sink import SnowflakeSink
from ingest.writer import Writer
from tests.conftest import RunningAccount
from tests.ingest.fakes import TOPIC, FakeClock, config
from tests.ingest.hostile import ADJUSTMENT, ORDER
from tests.ingest.test_exactly_once import JSON

SPOILT = st.builds(
    lambda event, name, value: json.dumps({**event, name: value}).encode(),
    st.sampled_from([ORDER, ADJUSTMENT]),
    st.sampled_from([*ORDER, *ADJUSTMENT]) | st.text(),
    JSON,
)
CUT = st.builds(lambda value, end: value[: len(value) * end // 100], SPOILT, st.integers(0, 100))
NAMES = st.text().filter(lambda text: text.encode(errors="replace").decode() == text)
MESSAGES = st.builds(
    lambda value, key, headers: Message(TOPIC, 0, 0, value, key=key, headers=headers),
    st.none() | st.binary() | SPOILT | CUT,
    st.none() | st.binary(),
    st.lists(st.tuples(NAMES, st.none() | st.binary()), max_size=3),
)


def test_any_messages_are_there_once_each(account: RunningAccount, raw_data: str) -> None:
    sink = SnowflakeSink(lambda: account.connect(database=raw_data), raw_data)
    sink.create_offsets(TOPIC, {0: 0})
    positions, clock = Positions(), FakeClock()
    positions.start_at({0: Stored(0)})
    writer = Writer(config(), sink, positions, Metrics(), clock)
    offsets = itertools.count()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(MESSAGES, min_size=10, max_size=60))
    def write(messages: list[Message]) -> None:
        placed = [
            Message(TOPIC, 0, next(offsets), each.value, key=each.key, headers=each.headers)
            for each in messages
        ]
        writer.add(positions.accept(placed))
        while writer.held:
            writer.write_next()

    write()
    sink.close()
    columns = "SELECT KAFKA_OFFSET, REASON FROM"
    with account.connect(database=raw_data) as connection:
        found = (
            connection.cursor()
            .execute(
                "SELECT KAFKA_OFFSET, NULL AS REASON FROM RAW_DATA.RAW_EVENTS_STREAM UNION ALL"
                f" {columns} RAW_DATA.REJECTED_EVENTS ORDER BY 1"
            )
            .fetchall()
        )
    count = next(offsets)
    assert [offset for offset, _ in found] == list(range(count))
    assert [reason for _, reason in found if reason and "warehouse" in reason] == []

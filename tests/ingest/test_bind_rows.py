"""The text that a statement binds says what the rows say."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest.fast.bind_rows import raw_rows, rejected_rows
from ingest.messages import Message, RawRow, Reject, kafka_metadata, sort_message

TEXTS = st.text(max_size=20)
VALUES = TEXTS | st.integers() | st.none() | st.lists(TEXTS, max_size=2)
EVENTS = st.dictionaries(TEXTS | st.sampled_from(("event_id", "product_id")), VALUES, max_size=4)


@given(
    EVENTS,
    st.sampled_from((None, 1, "\t")),
    st.booleans(),
    st.none() | st.binary(max_size=150),
    st.none() | st.integers(0, 2**60),
    st.sampled_from((None, 0, 1, 7)),
    st.lists(st.tuples(TEXTS, st.none() | st.binary(max_size=5)), max_size=2),
)
def test_a_row_of_raw_is_bound_as_it_is(
    event: dict[str, Any],
    indent: int | str | None,
    ascii_only: bool,
    key: bytes | None,
    timestamp: int | None,
    kind: int | None,
    headers: list[tuple[str, bytes | None]],
) -> None:
    written = json.dumps(
        {**event, "event_type": "ORDER_CREATED"}, indent=indent, ensure_ascii=ascii_only
    )
    message = Message("sales", 2, 41, written.encode(), key, timestamp, kind, tuple(headers))
    row = sort_message(message, 1_000_000)
    assert isinstance(row, RawRow)
    fields = row.envelope._asdict()
    assert (
        json.loads(raw_rows([row, row]))
        == [
            {
                **{name: value for name, value in fields.items() if value is not None},
                "message": written,
                "partition": 2,
                "offset": 41,
                "metadata": json.loads(json.dumps(kafka_metadata(message))),
            }
        ]
        * 2
    )


def test_no_rows_are_an_empty_array() -> None:
    assert raw_rows([]) == rejected_rows([]) == "[]"


def test_a_reject_leaves_out_what_it_does_not_know() -> None:
    row = Reject(reason="gap", topic="sales", partition=1, offset=None, status="DISCARDED")
    assert rejected_rows([row]) == '[{"reason":"gap","partition":1,"status":"DISCARDED"}]'

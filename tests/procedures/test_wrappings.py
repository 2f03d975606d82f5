"""Events that tools have wrapped: the reason says what they look like and what to set."""

from __future__ import annotations

from typing import Any

import pytest
from judging import judge

from tests.procedures.conftest import Raw
from tests.procedures.pipeline import Event, order

ORDER = order("o-1")
WRAPPED: list[tuple[Event, str]] = [
    (
        {"schema": {"type": "struct"}, "payload": ORDER},
        "Kafka Connect's JSON with a schema, the event being its payload: set"
        " value.converter.schemas.enable=false there",
    ),
    (
        {"before": None, "after": ORDER, "op": "c", "source": {}, "ts_ms": 1},
        "Debezium's change of a row: unwrap it in the connector (transforms=unwrap,",
    ),
    (
        {"schema": {}, "payload": {"before": ORDER, "after": None, "op": "d"}},
        "Kafka Connect's schema around Debezium's change of a row: unwrap it in the connector",
    ),
    (
        {"specversion": "1.0", "type": "ORDER_CREATED", "id": "E1", "data": ORDER},
        "a CloudEvent in structured mode, the event being its data: send that alone",
    ),
]
HEADERS = {"headers": [{"name": "CE_specversion", "value": "1.0"}]}
LOOKS = "event_type is missing; it looks like "


def fault(raw: Raw, event: Event, metadata: dict[str, Any] | None = None) -> str | None:
    [row] = judge(raw(event, metadata=metadata)).select("FAULT").collect()
    return row[0]


@pytest.mark.parametrize(("event", "looks"), WRAPPED)
def test_an_envelope_is_named_with_what_to_set(raw: Raw, event: Event, looks: str) -> None:
    assert (fault(raw, event) or "").startswith(LOOKS + looks)


def test_what_is_in_no_envelope_lacks_its_type_and_no_more_is_said(raw: Raw) -> None:
    assert fault(raw, {}) == "event_type is missing"


def test_a_cloud_event_in_binary_mode_is_known_by_its_headers(raw: Raw) -> None:
    assert (fault(raw, {}, HEADERS) or "").startswith(LOOKS + "a CloudEvent in binary mode")


@pytest.mark.parametrize(
    "more",
    [{"schema": 1, "payload": 2}, {"op": 1, "after": {}}, {"specversion": 1, "data": 2}],
)
def test_an_event_with_fields_of_an_envelope_is_an_event(raw: Raw, more: Event) -> None:
    assert fault(raw, order("o-1", **more)) is None

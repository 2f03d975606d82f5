"""Events that tools have wrapped: the reason says what they look like and what to set."""

from __future__ import annotations

import json

import raw_to_staging

from tests.procedures.pipeline import Event, Pipeline, order

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
HEADERS = json.dumps({"headers": [{"name": "CE_specversion", "value": "1.0"}]})


def test_an_envelope_is_named_with_what_to_set(pipeline: Pipeline) -> None:
    pipeline.ingest(*(event for event, _ in WRAPPED), {})
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 0, "rejected": len(WRAPPED) + 1}]
    *found, bare = pipeline.rows("RAW_DATA.REJECTED_EVENTS", "REASON", "KAFKA_OFFSET")
    for (reason,), (_, looks) in zip(found, WRAPPED, strict=True):
        assert reason.startswith(f"event_type is missing; it looks like {looks}")
    assert bare == ("event_type is missing",)


def test_a_cloud_event_in_binary_mode_is_known_by_its_headers(pipeline: Pipeline) -> None:
    pipeline.sql(
        "INSERT INTO RAW_DATA.RAW_EVENTS_STREAM (EVENT_ID, EVENT_DATA, INGESTION_TIMESTAMP,"
        " KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, KAFKA_METADATA)"
        " SELECT 'e-1', PARSE_JSON('{}'), SYSDATE(), 'sales_events', 3, 7, PARSE_JSON(?)",
        HEADERS,
    )
    pipeline.run(raw_to_staging.orders)
    [(reason,)] = pipeline.rows("RAW_DATA.REJECTED_EVENTS", "REASON")
    assert reason.startswith("event_type is missing; it looks like a CloudEvent in binary mode")


def test_an_event_with_fields_of_an_envelope_is_an_event(pipeline: Pipeline) -> None:
    more = ({"schema": 1, "payload": 2}, {"op": 1, "after": {}}, {"specversion": 1, "data": 2})
    pipeline.ingest(*(order(f"o-{n}", **each) for n, each in enumerate(more)))
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 3, "rejected": 0}]

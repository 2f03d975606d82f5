"""The reasons of tests/procedures/test_wrappings.py, as an account writes them."""

from __future__ import annotations

import json

import raw_to_staging

from tests.procedures.pipeline import Pipeline, order
from tests.procedures.test_wrappings import HEADERS, LOOKS, WRAPPED


def test_wrapped_events_are_rejected_and_named_each_by_its_own_envelope(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(*(event for event, _ in WRAPPED), {}, order("o-1", schema=1, payload=2))
    pipeline.sql(
        "INSERT INTO RAW_DATA.RAW_EVENTS_STREAM (EVENT_ID, EVENT_DATA, INGESTION_TIMESTAMP,"
        " KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, KAFKA_METADATA)"
        " SELECT 'e-1', PARSE_JSON('{}'), SYSDATE(), 'sales_events', 3, 70, PARSE_JSON(?)",
        json.dumps(HEADERS),
    )
    rejected = len(WRAPPED) + 2
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 1, "rejected": rejected}]
    *found, bare, binary = [
        reason
        for (reason,) in pipeline.sql(
            "SELECT REASON FROM RAW_DATA.REJECTED_EVENTS ORDER BY KAFKA_OFFSET"
        )
    ]
    for reason, (_, looks) in zip(found, WRAPPED, strict=True):
        assert reason.startswith(LOOKS + looks)
    assert bare == "event_type is missing"
    assert binary.startswith(LOOKS + "a CloudEvent in binary mode")

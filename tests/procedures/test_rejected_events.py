from __future__ import annotations

import json
from datetime import datetime

from judging import judge
from rejected_events import beside_rejected, rejected_events
from snowflake.snowpark import functions as F

from tests.procedures.conftest import Raw


def test_a_rejected_event_keeps_its_payload_its_place_and_its_reason(raw: Raw) -> None:
    event = {"event_id": "e-1", "event_type": "ORDER_CREATED", "quantity": 1.5}
    judged = judge(raw(event, event_id="e-1"))
    [row] = rejected_events(judged, F.lit(datetime(2026, 11, 22, 13))).collect()
    assert json.loads(row["PAYLOAD"]) == event
    assert row.as_dict() | {"PAYLOAD": ""} == {
        "REJECTED_AT": datetime(2026, 11, 22, 13),
        "STAGE": "STAGING",
        "REASON": "event_timestamp is missing",
        "EVENT_ID": "e-1",
        "EVENT_TYPE": "ORDER_CREATED",
        "PAYLOAD": "",
        "PAYLOAD_ENCODING": "utf-8",
        "KAFKA_TOPIC": "sales_events",
        "KAFKA_PARTITION": 3,
        "KAFKA_OFFSET": 41,
        "STATUS": "OPEN",
    }


def test_only_a_rejected_event_is_made_a_text(raw: Raw) -> None:
    def row(fault: str | None) -> list[object]:
        judged = judge(raw({"quantity": 2})).with_column("FAULT", F.lit(fault))
        rows = beside_rejected(judged, ("QUANTITY", "REASON"), F.lit(None))
        assert rows.columns[:4] == ["FAULT", "QUANTITY", "REASON", "REJECTED_REJECTED_AT"]
        [found] = rows.collect()
        payload = json.loads(found["REJECTED_PAYLOAD"] or "null")
        return [found["QUANTITY"], found["REJECTED_REASON"], payload]

    assert row("some fault") == [2, "some fault", {"quantity": 2}]
    assert row(None) == [2, None, None]

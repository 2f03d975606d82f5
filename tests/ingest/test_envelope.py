"""The fields that every event shares: synonyms, fallbacks, and None for what does not parse."""

from typing import Any

import pytest

from ingest.envelope import Envelope, identifier, read_envelope, utc_timestamp
from ingest.strict_json import Number

PLACE = "sales-2-17"


def test_a_timestamps_fraction_is_untouched() -> None:
    text = "2026-11-22T10:00:00.123456789+01:00"
    assert utc_timestamp(text) == "2026-11-22 09:00:00.123456789"


@pytest.mark.parametrize(
    "value", [None, True, Number("1795385003"), ["2026-11-22T10:00:00Z"], {"at": "now"}]
)
def test_what_is_no_text_is_no_timestamp(value: Any) -> None:
    assert utc_timestamp(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("W-1", "W-1"),
        (" W-1 ", " W-1 "),
        (Number("7.10"), "7.1"),
        (Number("7.0"), "7"),
        (Number("1e3"), "1e3"),
        ("🍷", "🍷"),
        ("", None),
        ("  ", None),
        ("a\x00b", None),
        (None, None),
        (True, None),
        ({}, None),
        ([], None),
    ],
)
def test_an_id_is_opaque_text_or_none(value: Any, text: str | None) -> None:
    assert identifier(value) == text
    assert text is None or type(identifier(value)) is str


def test_an_envelope_of_todays_names() -> None:
    event = {
        "event_id": "E1",
        "event_type": "ORDER_CREATED",
        "event_timestamp": "2026-11-22T10:00:00+01:00",
        "order_id": "O1",
        "product_id": Number("12"),
        "customer_id": "C1",
    }
    assert read_envelope(event, PLACE) == Envelope(
        "E1", "ORDER_CREATED", "2026-11-22 09:00:00", "12", "C1"
    )


def test_an_order_of_the_first_producer_goes_by_its_order_line() -> None:
    event = {
        "event_type": "ORDER_CREATED",
        "order_line_id": "L1",
        "event_ts": "2026-11-22T10:00:00Z",
        "product_id": "P1",
        "customer_id": "C1",
    }
    assert read_envelope(event, PLACE) == Envelope(
        "L1", "ORDER_CREATED", "2026-11-22 10:00:00", "P1", "C1"
    )


@pytest.mark.parametrize(
    ("event", "event_id"),
    [
        ({"event_type": "ORDER_CREATED", "order_id": "O1", "order_line_id": "L1"}, "O1"),
        ({"event_type": "ORDER_CREATED", "event_id": None, "order_id": Number("5")}, "5"),
        ({"event_type": "ORDER_CREATED", "event_id": {"a": "b"}}, PLACE),
        ({"event_type": "INVENTORY_ADJUSTED", "adjustment_id": "A1"}, PLACE),
        ({"event_type": "INVENTORY_ADJUSTED", "order_id": "O1"}, PLACE),
        ({"event_type": "INVENTORY_ADJUSTED", "event_id": "E1"}, "E1"),
    ],
)
def test_an_event_without_an_id_of_its_own_gets_one(event: dict[str, Any], event_id: str) -> None:
    assert read_envelope(event, PLACE).event_id == event_id


def test_fields_that_do_not_parse_are_none_and_todays_name_of_the_time_goes_first() -> None:
    event = {
        "event_id": "E1",
        "event_type": "ORDER_CREATED",
        "event_timestamp": "soon",
        "event_ts": "2026-11-22T10:00:00Z",
        "product_id": [],
        "customer_id": False,
    }
    assert read_envelope(event, PLACE) == Envelope("E1", "ORDER_CREATED", None, None, None)

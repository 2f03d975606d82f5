"""The fields that every event shares: synonyms, fallbacks, and None for what does not parse."""

from typing import Any

import pytest

from ingest.envelope import Envelope, identifier, read_envelope, utc_timestamp
from ingest.strict_json import Number

PLACE = "sales-2-17"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22 10:00:00"),
        ("2026-11-22T10:00:00z", "2026-11-22 10:00:00"),
        ("2026-11-22T10:00:00", "2026-11-22 10:00:00"),
        ("2026-11-22 10:00", "2026-11-22 10:00:00"),
        ("2026-11-22T10:00:00+01:00", "2026-11-22 09:00:00"),
        ("2026-11-22T00:30:00+0530", "2026-11-21 19:00:00"),
        ("2026-11-22T23:30:00-02", "2026-11-23 01:30:00"),
        ("2026-11-22T10:00:00.1+01:00", "2026-11-22 09:00:00.1"),
        ("2026-11-22T10:00:00.123456789Z", "2026-11-22 10:00:00.123456789"),
        ("0999-01-01T00:00:00Z", "0999-01-01 00:00:00"),
    ],
)
def test_a_timestamp_is_read_as_utc_with_its_fraction_untouched(text: str, utc: str) -> None:
    assert utc_timestamp(text) == utc


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "yesterday",
        "2026-11-22",
        "22/11/2026 10:00",
        "2026-02-30T10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:00:60Z",
        "2026-11-22T10:00:00+25:00",
        "2026-11-22T10:00:00.1234567890Z",
        "2026-11-22T10:00:00Z ",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-11-22T10:00:00Z",
        Number("1795385003"),
        ["2026-11-22T10:00:00Z"],
    ],
)
def test_what_is_no_timestamp_is_none(value: Any) -> None:
    assert utc_timestamp(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("W-1", "W-1"),
        (" W-1 ", " W-1 "),
        (Number("007.10"), "007.10"),
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

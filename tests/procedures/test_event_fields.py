from __future__ import annotations

from typing import Any

import pytest
from event_fields import (
    AMOUNT,
    BOTTLES,
    ID,
    MOMENT,
    PRICE,
    TEXT,
    Field,
    Number,
    Type,
    event_identity,
    read_events,
    with_values,
)
from snowflake.snowpark import Column
from snowflake.snowpark.types import StringType

from tests.procedures.conftest import Raw

WHEN = Field("event_timestamp", MOMENT, ("event_ts",), required=True)


def quantity(type_: Type, required: bool = True) -> Field:
    return Field("quantity", type_, ("amount",), required)


def read(raw: Raw, event: dict[str, Any], field: Field, asked: Column) -> Any:
    """What is asked of the event's one field."""
    events = with_values(read_events(raw(event), [field]), [field])
    [row] = events.select(asked.cast(StringType()).alias("ANSWER")).collect()
    return row["ANSWER"]


def verdict(raw: Raw, event: dict[str, Any], field: Field) -> Any:
    """The fault that is found with the event's one field."""
    fault = field.type.fault(field)
    assert fault is not None
    return read(raw, event, field, fault)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", "3"),
        (3, "3"),
        (3.0, "3"),
        ("+3", "3"),
        ("-3", "-3"),
        ("3.00", "3"),
        ("0", "0"),
        ("0000000007", "7"),
        ("9999999999", "9999999999"),
        ("1e2", "100"),
        ("6E+2", "600"),
        ("1500E-2", "15"),
    ],
)
def test_a_whole_number_is_taken_from_a_number_or_a_text(
    raw: Raw, value: Any, expected: str
) -> None:
    event, field = {"quantity": value}, quantity(BOTTLES)
    assert verdict(raw, event, field) is None
    assert read(raw, event, field, field.value) == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.5, "1.5"),
        ("1.5", "1.5"),
        ("10000000000", "10000000000"),
        ("1e-1", "1e-1"),
        ("1e11", "1e11"),
        ("three", "three"),
        ("", ""),
        (" 3", " 3"),
        (".5", ".5"),
        ("5.", "5."),
        ("1,5", "1,5"),
        ("0x10", "0x10"),
        ("--1", "--1"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        (True, "true"),
        ({"value": 3}, '{"value":3}'),
        ([3], "[3]"),
    ],
)
def test_what_is_no_whole_number_is_a_fault_that_shows_the_value(
    raw: Raw, value: Any, shown: str
) -> None:
    expected = f"quantity is not a whole number of at most 10 digits: {shown}"
    assert verdict(raw, {"quantity": value}, quantity(BOTTLES)) == expected


@pytest.mark.parametrize(
    ("number", "value", "fits"),
    [
        (PRICE, "12.34", True),
        (PRICE, 12.5, True),
        (PRICE, "12.3400", True),
        (PRICE, "12.345", False),
        (PRICE, 12.345, False),
        (PRICE, "99999999.99", True),
        (PRICE, "100000000.00", False),
        (AMOUNT, "9999999999.99", True),
        (AMOUNT, "10000000000", False),
        (AMOUNT, 0.30000000000000004, False),
    ],
)
def test_money_has_two_decimals_and_is_never_rounded(
    raw: Raw, number: Number, value: Any, fits: bool
) -> None:
    assert (verdict(raw, {"quantity": value}, quantity(number)) is None) is fits


@pytest.mark.parametrize("event", [{}, {"quantity": None}])
def test_missing_and_null_are_the_same(raw: Raw, event: dict[str, Any]) -> None:
    for type_ in (BOTTLES, ID, TEXT):
        assert verdict(raw, event, quantity(type_)) == "quantity is missing"


@pytest.mark.parametrize("event", [{}, {"quantity": None}, {"quantity": ""}, {"quantity": "  "}])
def test_an_optional_field_may_be_missing_null_or_blank(raw: Raw, event: dict[str, Any]) -> None:
    for type_ in (BOTTLES, ID):
        assert verdict(raw, event, quantity(type_, required=False)) is None
    assert quantity(TEXT, required=False).faults() == []


def test_a_blank_text_is_neither_an_id_nor_a_text(raw: Raw) -> None:
    assert verdict(raw, {"quantity": "  "}, quantity(ID)) == "quantity is not an id:   "
    assert verdict(raw, {"quantity": ""}, quantity(TEXT)) == "quantity is blank: "


def test_a_synonym_counts_where_the_name_itself_has_no_value(raw: Raw) -> None:
    field = quantity(ID)
    assert read(raw, {"amount": 4}, field, field.text) == "4"
    assert read(raw, {"quantity": None, "amount": 4}, field, field.text) == "4"
    assert read(raw, {"quantity": 3, "amount": 4}, field, field.text) == "3"
    assert read(raw, {"quantity": "3", "amount": True}, field, field.kind) == "VARCHAR"


@pytest.mark.parametrize(
    ("value", "expected"), [(True, "true"), ({"id": 1}, '{"id":1}'), ([1], "[1]")]
)
def test_an_id_is_a_text_or_a_number(raw: Raw, value: Any, expected: str) -> None:
    fault = f"quantity is not an id: {expected}"
    assert verdict(raw, {"quantity": value}, quantity(ID)) == fault
    assert verdict(raw, {"quantity": value}, quantity(ID, required=False)) == fault


@pytest.mark.parametrize(("value", "expected"), [("O'Brien {1}", "O'Brien {1}"), (17, "17")])
def test_an_id_is_opaque_and_a_number_becomes_its_text(raw: Raw, value: Any, expected: str) -> None:
    event, field = {"quantity": value}, quantity(ID)
    assert verdict(raw, event, field) is None
    assert read(raw, event, field, field.value) == expected


def test_a_reason_shows_no_more_than_a_hundred_characters_of_the_value(raw: Raw) -> None:
    shown = verdict(raw, {"quantity": "x" * 500}, quantity(BOTTLES))
    assert shown == "quantity is not a whole number of at most 10 digits: " + "x" * 100


@pytest.mark.parametrize("name", ["event_timestamp", "event_ts"])
def test_a_timestamp_is_a_moment_in_utc(raw: Raw, name: str) -> None:
    event = {name: "2026-11-23T00:15:00+01:00"}
    assert read(raw, event, WHEN, WHEN.value)[:19] == "2026-11-22 23:15:00"
    assert verdict(raw, event, WHEN) is None


@pytest.mark.parametrize(
    "value",
    ["yesterday", "1763806200", 1763806200, "2262-01-01T00:00:00Z", "1969-12-31T23:59:59Z"],
)
def test_what_is_no_timestamp_of_the_range_is_a_fault(raw: Raw, value: Any) -> None:
    expected = f"event_timestamp is not an ISO 8601 timestamp of the years 1970 to 2261: {value}"
    assert verdict(raw, {"event_timestamp": value}, WHEN) == expected


def test_an_event_goes_by_the_envelopes_id_then_its_candidates_then_its_place(raw: Raw) -> None:
    field = quantity(ID)
    identity = event_identity(field.text).alias("ID")

    def id_of(event: dict[str, Any], event_id: str | None) -> str:
        [row] = read_events(raw(event, event_id=event_id), [field]).select(identity).collect()
        return row["ID"]

    assert id_of({"quantity": "q-1"}, "e-1") == "e-1"
    assert id_of({"quantity": "q-1"}, "") == "q-1"
    assert id_of({"quantity": "q-1"}, None) == "q-1"
    assert id_of({"quantity": " "}, None) == "sales_events-3-41"

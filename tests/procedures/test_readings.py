"""Ingester and procedures read a value alike: one table of cases through both of them.

tests/pipeline/test_readings.py puts the same through an account.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from event_fields import (
    BOTTLES,
    MOMENT,
    PRICE,
    Field,
    Type,
    with_values,
)
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark.mock._connection import MockServerConnection
from snowflake.snowpark.types import StringType, StructField, StructType

from ingest.envelope import identifier
from ingest.envelope import utc_timestamp as ingested_timestamp
from ingest.strict_json import parse
from tests.readings import IDS, NUMBER_TEXTS, NUMBERS, TIMESTAMPS

WHEN = Field("event_timestamp", MOMENT)
WRITTEN = [*NUMBERS, *NUMBER_TEXTS]
MOMENTS = [str(value) for value in TIMESTAMPS]


TEXTS = """
SELECT f.value[0]::VARCHAR AS N, f.value[1]::VARCHAR AS {column}
FROM TABLE(FLATTEN(PARSE_JSON(?))) AS f
"""


def texts(session: Session, field: Field, values: Sequence[str]) -> DataFrame:
    """What `read_events` gives: the field's texts, each in a row with its number N."""
    rows = [[str(n), text] for n, text in enumerate(values)]
    if not is_local(session):
        return session.sql(TEXTS.format(column=field.column + "_TEXT"), params=[json.dumps(rows)])
    schema = StructType(
        [StructField("N", StringType()), StructField(field.column + "_TEXT", StringType())]
    )
    return session.create_dataframe(rows, schema=schema)


def read_as(type_: Type, session: Session, values: Sequence[str]) -> list[tuple[Any, Any]]:
    """Each text's reading, and the fault with it."""
    field = Field("quantity", type_, required=True)
    fault = type_.fault(field)
    assert fault is not None
    return read_back(with_values(texts(session, field, values), [field]), field.value, fault)


def is_local(session: Session) -> bool:
    return isinstance(session._conn, MockServerConnection)


def read_back(rows: DataFrame, *columns: Any) -> list[Any]:
    """The columns' values, in the order of the texts."""
    found = rows.select("N", *(each.alias(f"V{n}") for n, each in enumerate(columns))).collect()
    by_number = {int(row[0]): tuple(row)[1:] for row in found}
    return [by_number[n] for n in range(len(by_number))]


def exactly(text: str, digits: int, decimals: int) -> Decimal | None:
    """The number, if it is one and fits; by Python's decimals, and without a word of SQL."""
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        return None
    value = Decimal(text)
    if value == 0:
        return Decimal(0)
    _, found, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    whole = "".join(map(str, found)).rstrip("0")
    exponent += len(found) - len(whole)
    fits = -exponent <= decimals and len(whole) + exponent <= digits - decimals
    return value if fits else None


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.fixture
def engine(local_session: Session) -> Session:
    """Snowpark's local testing session; tests/pipeline has an account for the same tests."""
    return local_session


@pytest.mark.filterwarnings("ignore")
def test_a_number_is_read_exactly_or_not_at_all(engine: Session) -> None:
    written = [each for each in WRITTEN if can_be_matched(engine, each.written)]
    texts_written = [each.written for each in written]
    both = (read_as(number, engine, texts_written) for number in (BOTTLES, PRICE))
    found = [(whole, price) for (whole, _), (price, _) in zip(*both, strict=True)]
    shown = {each.written: as_decimals(values) for each, values in zip(written, found, strict=True)}
    assert shown == {each.written: (decimal(each.whole), decimal(each.price)) for each in written}


def can_be_matched(engine: Session, text: str) -> bool:
    """The local testing session's RLIKE takes a line break at the end for the end itself."""
    return not (is_local(engine) and text.endswith("\n"))


def as_decimals(values: Sequence[Any]) -> tuple[Decimal | None, ...]:
    """The local testing session has NaN or None for a number that is missing beside others."""
    return tuple(None if v is None or v != v else Decimal(str(v)) for v in values)


@pytest.mark.filterwarnings("ignore")
def test_a_timestamp_is_one_moment_in_utc_or_none(engine: Session) -> None:
    values = [value for value in MOMENTS if can_be_matched(engine, value)]
    found = read_back(with_values(texts(engine, WHEN, values), [WHEN]), WHEN.value)
    shown = {value: usual(moment) for value, (moment,) in zip(values, found, strict=True)}
    expected = {str(value): usual(moment) for value, moment in TIMESTAMPS.items()}
    assert {v: m if in_range(m) else None for v, m in shown.items()} == {
        value: expected[value] for value in values
    }


def usual(moment: Any) -> datetime | None:
    if moment is None or moment != moment:
        return None
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def in_range(moment: datetime | None) -> bool:
    """What `bad_timestamp` asks of the moment besides."""
    return moment is not None and 1970 <= moment.year <= 2261


def test_the_ingester_reads_the_same_timestamps_and_ids() -> None:
    assert {value: usual(ingested_timestamp(value)) for value in TIMESTAMPS} == {
        value: usual(moment) for value, moment in TIMESTAMPS.items()
    }
    assert {text: identifier(parse(text)) for text in IDS} == IDS

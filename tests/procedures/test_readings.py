"""Ingester and procedures read a value alike: one table of cases through both of them, on
Snowpark's local testing session and on an account."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import raw_to_staging
from event_fields import (
    AMOUNT,
    BOTTLES,
    MOMENT,
    PRICE,
    Field,
    Number,
    Type,
    with_values,
)
from hypothesis import given
from hypothesis import strategies as st
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark.mock._connection import MockServerConnection
from snowflake.snowpark.types import StringType, StructField, StructType

from ingest.batch import cut_batch
from ingest.envelope import identifier
from ingest.envelope import utc_timestamp as ingested_timestamp
from ingest.messages import Message, RawRow, sort_message
from ingest.snowflake_sink import SnowflakeSink
from ingest.strict_json import parse, plain_number
from tests.procedures.examples import examples
from tests.procedures.pipeline import Pipeline, order
from tests.readings import IDS, NUMBER_TEXTS, NUMBERS, TIMESTAMPS, Digits

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


@pytest.fixture(params=["local_session", "account"])
def engine(request: pytest.FixtureRequest) -> Session:
    """Snowpark's local testing session, and a session on the account."""
    if request.param == "local_session":
        return request.getfixturevalue("local_session")
    return request.getfixturevalue("pipeline").session


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


def test_raw_and_staging_have_the_same_of_every_event(pipeline: Pipeline, account: Any) -> None:
    """Whatever is written in an event: what the ingester makes of it is what the transforms do."""
    events = [order(f"t-{n}", event_timestamp=value) for n, value in enumerate(TIMESTAMPS)]
    written = [json.dumps(event) for event in events]
    written += [spelt(order(f"i-{n}", product_id="?"), text) for n, text in enumerate(IDS)]
    written += [
        spelt(order(f"n-{n}", unit_price="?", total_amount=None), each.written)
        for n, each in enumerate(NUMBERS)
    ]
    messages = [
        Message("sales_events", 0, offset, text.encode()) for offset, text in enumerate(written)
    ]
    rows = [sort_message(message, 1_000_000) for message in messages]
    assert all(isinstance(row, RawRow) for row in rows)
    sink = SnowflakeSink(lambda: account.connect(database=pipeline.database), pipeline.database)
    sink.create_offsets("sales_events", {0: 0})
    sink.write(cut_batch("sales_events", rows, {0: 0}))
    sink.close()
    raw_to_staging.orders(pipeline.session)
    found = pipeline.sql(
        "SELECT r.KAFKA_OFFSET, r.EVENT_TIMESTAMP, r.PRODUCT_ID, s.EVENT_TIMESTAMP, s.PRODUCT_ID,"
        " s.UNIT_PRICE, j.REASON FROM RAW_DATA.RAW_EVENTS_STREAM r"
        " LEFT JOIN STAGING.STG_ORDERS s ON r.KAFKA_OFFSET = s.KAFKA_OFFSET"
        " LEFT JOIN RAW_DATA.REJECTED_EVENTS j ON r.KAFKA_OFFSET = j.KAFKA_OFFSET"
        " ORDER BY 1"
    )
    assert len(found) == len(written)
    outcomes = iter(found)
    for value, moment in TIMESTAMPS.items():
        _, raw, _, staged, _, _, reason = next(outcomes)
        assert raw == usual(moment), value
        assert staged == raw, value
        assert (reason is None) is (raw is not None), value
    for text, id_ in IDS.items():
        _, _, raw, _, staged, _, reason = next(outcomes)
        assert (raw, staged) == (id_, id_), text
        assert (reason is None) is (id_ is not None), text
    for each in NUMBERS:
        _, _, _, _, _, price, reason = next(outcomes)
        assert price == sellable(each), each
        # A VARIANT keeps no zeros at the end of a decimal fraction.
        shown = plain_number(each.written)[:100]
        wanted = f"unit_price is not {PRICE.wanted}: {shown}"
        assert reason in (None, wanted, f"unit_price is negative: {shown}"), each
        assert (reason is None) is (price is not None), each


def sellable(each: Digits) -> Decimal | None:
    """A price is not negative."""
    price = decimal(each.price)
    return None if price is None or price < 0 else price


def spelt(event: dict[str, Any], text: str) -> str:
    """The event's JSON with this text in the place of "?"."""
    return json.dumps(event).replace('"?"', text)


digits = st.text("0123456789", min_size=1, max_size=14)
zeros = st.integers(0, 45).map(lambda n: "0" * n)
numbers = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "-", "+"]),
        st.one_of(
            digits, st.builds(str.__add__, digits, zeros), st.builds(str.__add__, zeros, digits)
        ),
        st.one_of(st.just(""), st.builds(".{}{}".format, digits, zeros)),
        st.one_of(
            st.just(""),
            st.builds("{}{}".format, st.sampled_from(["e", "E", "E+", "e-"]), st.integers(0, 60)),
        ),
    ),
)


def test_a_reason_never_shows_a_number_that_keeps_its_rule(pipeline: Pipeline) -> None:
    """Any number, or nearly one: it is taken exactly, or its reason is true."""

    @examples(3)
    @given(st.lists(numbers | st.text("0123456789+-.eE ", max_size=8), min_size=100, max_size=300))
    def it_never_does(written: list[str]) -> None:
        for number in (BOTTLES, PRICE, AMOUNT):
            found = read_as(number, pipeline.session, written)
            for text, (taken, reason) in zip(written, found, strict=True):
                holds(text, number, taken, reason)

    it_never_does()


def holds(text: str, number: Number, value: Any, reason: str | None) -> None:
    expected = exactly(text, number.precision, number.scale)
    assert value == expected, (text, number)
    assert reason == (
        None if expected is not None else f"quantity is not {number.wanted}: {text[:100]}"
    )

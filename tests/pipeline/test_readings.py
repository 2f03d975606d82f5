"""Ingester and procedures read a value alike: the cases of tests/procedures/test_readings.py on an
account, and those that take one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import raw_to_staging
from event_fields import (
    AMOUNT,
    BOTTLES,
    PRICE,
    Number,
)
from hypothesis import given
from hypothesis import strategies as st
from snowflake.snowpark import Session

from ingest.batch import cut_batch
from ingest.messages import Message, RawRow, sort_message
from ingest.snowflake_sink import SnowflakeSink
from ingest.strict_json import plain_number
from tests.procedures.examples import examples
from tests.procedures.pipeline import Pipeline, order
from tests.procedures.test_readings import (  # noqa: F401  (the tests that are the same here)
    decimal,
    exactly,
    read_as,
    test_a_number_is_read_exactly_or_not_at_all,
    test_a_timestamp_is_one_moment_in_utc_or_none,
    usual,
)
from tests.readings import IDS, NUMBERS, TIMESTAMPS, Digits


@pytest.fixture
def engine(pipeline: Pipeline) -> Session:
    return pipeline.session


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

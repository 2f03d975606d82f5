"""What is declared of events, and everything that is written down of it elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from event_kinds import ARRIVAL, KINDS, ORDER_CREATED, Field, Kind

from tests.procedures import derived
from tests.procedures.deployment import filled

COLUMN = re.compile(r"^    ([A-Z_]+) ((?:VARCHAR|NUMBER|TIMESTAMP_NTZ|DATE)(?:\([\d, ]+\))?)", re.M)
# What the shop's analysts are not to see of an order.
HIDDEN_FROM_SALES = {"SHIPPING_ADDRESS"}
SALES = re.compile(r"VIEW ANALYTICS\.SALES\n.*?^SELECT\n(.*?)^FROM LOCAL_ORDERS;", re.M | re.S)
ADDED = re.compile(
    r"ALTER TABLE (\S+) ADD COLUMN IF NOT EXISTS\s+(\w+) (\w+(?:\([\d, ]+\))?)",
)


def tables() -> dict[str, dict[str, str]]:
    """The columns of every table of app/sql with their types, those that were added included."""
    text = re.sub(r"--.*", "", filled("02_tables.sql", {}))
    made = re.findall(r"CREATE TABLE IF NOT EXISTS (\S+) \((.*?)\n\)", text, re.DOTALL)
    found = {table: dict(COLUMN.findall(body)) for table, body in made}
    for table, column, type_ in ADDED.findall(text):
        found[table].setdefault(column, type_)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.event_type)
def test_staging_has_a_column_for_each_field_and_no_other(kind: Kind) -> None:
    declared = {field.column: field.type.sql for field in kind.fields} | ARRIVAL
    assert tables()[kind.staging] == declared


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.production], ids=lambda kind: kind.event_type
)
def test_production_has_a_column_for_each_field_and_no_other_but_its_own(kind: Kind) -> None:
    assert kind.production is not None
    types = {field.column: field.type.sql for field in kind.fields}
    _, moment = kind.moment
    expected = {name: types.get(name, "DATE") for name in kind.shown}
    expected[moment] = types["EVENT_TIMESTAMP"]
    found = tables()[kind.production.table]
    assert {name: found[name] for name in found if name not in kind.production.own} == expected
    assert set(kind.production.own) <= set(found)
    assert set(kind.settled) <= set(kind.values)


def test_sales_have_every_field_of_an_order_but_those_that_are_hidden() -> None:
    [columns] = SALES.findall(filled("06_analytics.sql", {}))
    shown = set(re.findall(r"(\w+),?$", columns, re.M))
    fields = set(ORDER_CREATED.values) - HIDDEN_FROM_SALES
    assert fields - shown == set()
    assert shown & HIDDEN_FROM_SALES == set()


def test_a_field_is_read_alike_in_every_kind_of_event() -> None:
    read: dict[str, set[tuple[object, ...]]] = {}
    for kind in KINDS:
        for field in kind.fields:
            read.setdefault(field.name, set()).add(how(field))
    assert {name for name, ways in read.items() if len(ways) > 1} == set()


def how(field: Field) -> tuple[object, ...]:
    return field.type, field.synonyms, field.rules


@pytest.mark.parametrize("path", [derived.SQL, derived.DOCS], ids=lambda path: path.name)
def test_what_make_events_writes_is_written(path: Path) -> None:
    assert path.read_text("utf-8") == derived.text_of(path), "run `make events`"

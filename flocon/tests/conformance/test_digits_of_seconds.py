"""TIMESTAMP_…(n) and TIME(n): how many digits of a second a type keeps, and what clients see."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from shared import one, one_database
from snowflake.connector.connection import SnowflakeConnection

database = pytest.fixture(scope="module")(one_database)
Run = Any

_TEXT = "1969-07-31 10:11:12.987654"
_KEPT = (
    "1969-07-31 10:11:12.987",
    "10:11:12.98",
    "1969-07-31 10:11:12",
    "1969-07-31 10:11:12.9",
    "1969-07-31 10:11:12.987654",
)
_COLUMNS = "a timestamp_ntz(3), b time(2), c timestamp_tz(0), d timestamp_ltz(1), e timestamp_ntz"
_VALUES = f"'{_TEXT}', '{_TEXT[11:]}', '{_TEXT}', '{_TEXT}', '{_TEXT}'"
_NAMED = f"'{_TEXT}' a, '{_TEXT[11:]}' b, '{_TEXT}' c, '{_TEXT}' d, '{_TEXT}' e"
_SELECTED = ", ".join(f"'{_TEXT}'::timestamp {name}" for name in "acde").replace(
    " a,", f" a, '{_TEXT[11:]}'::time b,"
)


def _texts(rows: list[tuple[Any, ...]]) -> set[tuple[str, ...]]:
    """Moments without their zones, which are all the session's."""
    return {tuple(str(value).removesuffix("+00:00").rstrip("0") for value in row) for row in rows}


@pytest.mark.parametrize(
    "statements",
    [
        [f"insert into t values ({_VALUES})"],
        [f"insert into t (e, d, c, b, a) select e, d, c, b, a from (select {_SELECTED})"],
        [f"insert into t select {_SELECTED} union all select {_SELECTED}"],
        [f"insert into t select distinct * from (select {_SELECTED})"],
        [f"insert overwrite into t select {_SELECTED}"],
        [f"insert all into t select {_SELECTED}"],
        [
            "insert into t (e) values (null)",
            "update t set a = s.a, b = s.b, c = s.c, d = s.d, e = s.e"
            f" from (select {_SELECTED}) s",
        ],
        [
            f"merge into t using (select {_SELECTED}) s on false"
            " when not matched then insert values (s.a, s.b, s.c, s.d, s.e)"
        ],
        [
            f"copy into @~/digits.csv from (select {_NAMED}) overwrite = true single = true"
            " file_format = (type = csv compression = none)",
            "copy into t from @~/digits.csv file_format = (type = csv) force = true",
        ],
        [f"insert into t values {', '.join([f'({_VALUES})'] * 3)}"],
    ],
    ids=["values", "names", "union", "distinct", "overwrite", "all", "update", "merge", "copy",
         "rows"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["table", "temporary table"])
def test_what_is_stored_has_the_digits_of_its_column(
    run: Run, kind: str, statements: list[str]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    run(f"create or replace {kind} t ({_COLUMNS})")
    for statement in statements:
        run(statement)
    rows = run("select a, b, c, d, e from t")
    assert _texts(rows) == {tuple(text.rstrip("0") for text in _KEPT)}, rows
    run("drop table t")


def test_binds_and_defaults_have_the_digits_of_their_column(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    run(
        "create or replace table told (n int, a timestamp_ntz(1) default"
        " '2026-01-01 00:00:00.99'::timestamp(1), b time(0) default current_time()::time(0),"
        " c timestamp_ltz(2) default '2026-01-01 00:00:00.999'::timestamp_ltz(2))"
    )
    run("insert into told (n) values (1)")
    run("insert into told (n, a) values (?, ?)", 2, datetime(2026, 1, 1, 0, 0, 0, 770000))
    moment = datetime(2026, 1, 1)
    added = moment.replace(microsecond=990_000, tzinfo=UTC)
    assert run("select n, a, c from told order by n") == [
        (1, moment.replace(microsecond=900_000), added),
        (2, moment.replace(microsecond=700_000), added),
    ]
    assert {row[0].microsecond for row in run("select b from told")} == {0}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"'{_TEXT}'::timestamp_ntz(4)", datetime(1969, 7, 31, 10, 11, 12, 987600)),
        (f"'{_TEXT}'::datetime(2)", datetime(1969, 7, 31, 10, 11, 12, 980000)),
        (f"try_cast('{_TEXT}' as timestamp_ntz(0))", datetime(1969, 7, 31, 10, 11, 12)),
        ("try_cast('never' as timestamp_ntz(0))", None),
        ("null::timestamp_tz(3)", None),
        ("'10:11:12.99'::time(0)", time(10, 11, 12)),
        (f"v::timestamp_ntz(1) from (select '{_TEXT}' as v)",
         datetime(1969, 7, 31, 10, 11, 12, 900000)),
        (f"v:t::timestamp_tz(1) from (select parse_json('{{\"t\": \"{_TEXT}\"}}') as v)",
         datetime(1969, 7, 31, 10, 11, 12, 900000, tzinfo=UTC)),
        ("'0001-01-01 00:00:00.55'::timestamp_ntz(1)", datetime(1, 1, 1, 0, 0, 0, 500000)),
        ("'9999-12-31 23:59:59.999999'::timestamp_ntz(3)",
         datetime(9999, 12, 31, 23, 59, 59, 999000)),
    ],
)  # fmt: skip
def test_a_cast_cuts_off_the_digits_that_its_type_does_not_keep(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    assert one(run, f"select {expression}") == expected


def test_a_clock_has_the_digits_that_it_is_asked_for(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_timestamp"""
    [(whole, tenths, full)] = run(
        "select current_timestamp(0), current_time(1), current_timestamp(3) = current_timestamp"
        "::timestamp_ltz(3)"
    )
    assert (whole.microsecond, tenths.microsecond % 100_000, full) == (0, 0, True)


_DESCRIBED = ["TIMESTAMP_NTZ(3)", "TIME(2)", "TIMESTAMP_TZ(0)", "TIMESTAMP_LTZ(1)",
              "TIMESTAMP_NTZ(9)"]  # fmt: skip


def test_types_are_described_with_their_digits(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-table"""
    run(f"create or replace table described ({_COLUMNS})")
    run("create or replace table copied clone described")
    run("create or replace table alike like described")
    run("create or replace table selected as select * from described")
    run("create or replace view seen as select a, b, c, d, e from described")
    for name in ("table described", "table copied", "table alike", "table selected", "view seen"):
        assert [row[1] for row in run(f"describe {name}")] == _DESCRIBED, name
    listed = [row[3] for row in run("show columns in table described")]
    assert listed[1] == '{"type":"TIME","precision":0,"scale":2,"nullable":true}'
    assert listed[3] == '{"type":"TIMESTAMP_LTZ","precision":0,"scale":1,"nullable":true}'
    assert run(
        "select data_type from information_schema.columns where table_name = 'DESCRIBED'"
        " order by ordinal_position"
    ) == [("TIMESTAMP_NTZ",), ("TIME",), ("TIMESTAMP_TZ",), ("TIMESTAMP_LTZ",), ("TIMESTAMP_NTZ",)]
    run("alter table described drop column a")
    run("alter table described rename column b to z")
    assert run("describe table described")[0][:2] == ("Z", "TIME(2)")


_CODES = {"timestamp_ntz": 8, "timestamp_ltz": 6, "timestamp_tz": 7, "time": 12}


def test_clients_see_the_digits_and_the_kind_of_a_moment(
    connection: SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("alter session set timezone = 'Europe/Paris'")
    kinds = [(kind, digits) for kind in _CODES for digits in (0, 2, 3, 5, 6, 9)]
    texts = [_TEXT[11:] if kind == "time" else _TEXT for kind, _ in kinds]
    columns = ", ".join(
        f"'{text}'::{kind}({digits}) as c{place}"
        for place, (text, (kind, digits)) in enumerate(zip(texts, kinds, strict=True))
    )
    expected = []
    for kind, digits in kinds:
        micros = int("987654"[:digits].ljust(6, "0"))
        expected.append(
            time(10, 11, 12, micros) if kind == "time" else
            datetime(1969, 7, 31, 10, 11, 12, micros)
        )  # fmt: skip
    for wire in ("json", "arrow"):
        cursor.execute(f"alter session set python_connector_query_result_format = '{wire}'")
        [row] = cursor.execute(f"select {columns}").fetchall()
        said = [(column.type_code, column.scale) for column in cursor.description]
        assert said == [(_CODES[kind], digits) for kind, digits in kinds], wire
        for (kind, digits), value, wall in zip(kinds, row, expected, strict=True):
            if kind in ("timestamp_ltz", "timestamp_tz"):
                assert value.utcoffset() == timedelta(hours=1), (wire, kind, digits)
                value = value.replace(tzinfo=None)
            assert value == wall, (wire, kind, digits)
    frame = cursor.execute(f"select {columns}").fetch_pandas_all()
    for (kind, digits), value, wall in zip(kinds, frame.iloc[0], expected, strict=True):
        naive = value if kind == "time" else value.tz_localize(None).to_pydatetime()
        assert naive == wall, (kind, digits)

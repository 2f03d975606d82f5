"""Binds by question marks, wherever they stand in a statement."""

from datetime import date, datetime, time
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError


@pytest.mark.parametrize(
    ("sql", "binds", "rows"),
    [
        (
            "SELECT ? AS A, N FROM (SELECT N + ? AS N FROM T WHERE N > ?) WHERE N < ?"
            " ORDER BY N LIMIT ?",
            ("a", 10, 1, 14, 1),
            [("a", 12)],
        ),
        (
            "SELECT N FROM T WHERE (CAST(? AS VARCHAR) IS NULL OR N IN"
            " (SELECT VALUE::NUMBER FROM TABLE(FLATTEN(PARSE_JSON(?))))) AND N <> ?"
            " QUALIFY ROW_NUMBER() OVER (ORDER BY N) = ?",
            ("x", "[2, 3]", 2, 1),
            [(3,)],
        ),
        (
            "WITH C AS (SELECT N, ? AS C FROM T WHERE N = ?) SELECT ?, C, N FROM C WHERE N = ?",
            ("c", 2, "first", 2),
            [("first", "c", 2)],
        ),
        (
            "SELECT CASE WHEN N = ? THEN ? ELSE ? END FROM T WHERE N BETWEEN ? AND ? ORDER BY 1",
            (1, "one", "two", 1, 2),
            [("one",), ("two",)],
        ),
        (
            "SELECT COUNT(*), ? FROM T AS A JOIN T AS B ON A.N = B.N + ? WHERE A.N > ?"
            " GROUP BY 2 HAVING COUNT(*) > ?",
            ("x", 1, 1, 0),
            [(2, "x")],
        ),
    ],
)
def test_a_bind_has_the_place_of_its_mark_in_the_text(
    run: Any, sql: str, binds: tuple[Any, ...], rows: list[Any]
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    run("CREATE TABLE T (N INT) AS SELECT COLUMN1 FROM VALUES (1), (2), (3)")
    assert run(sql, *binds) == rows


def test_binds_of_dml_have_the_places_of_their_marks(run: Any) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    run("CREATE TABLE T (N INT, S VARCHAR)")
    run("INSERT INTO T SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM T WHERE S = ?)", 1, "a", "a")
    run("UPDATE T SET S = ?, N = N + ? WHERE S = ? AND N IN (SELECT N FROM T WHERE N < ?)",
        "b", 10, "a", 5)  # fmt: skip
    run(
        "MERGE INTO T USING (SELECT ? AS N, ? AS S) AS X ON T.N = X.N AND T.S = ?"
        " WHEN MATCHED THEN UPDATE SET S = ? || X.S WHEN NOT MATCHED THEN INSERT VALUES (?, ?)",
        *(11, "c", "b", "new ", 99, "z"),
    )
    assert run("SELECT * FROM T") == [(11, "new c")]
    run("DELETE FROM T USING (SELECT ? AS N) AS D WHERE T.N = D.N AND T.S = ?", 11, "new c")
    assert run("SELECT * FROM T") == []


def test_a_bind_that_is_cast_to_text_is_that_text(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/cast"""
    sql = "SELECT CAST(? AS VARCHAR), TO_CHAR(?), ?::VARCHAR, CAST(? AS VARCHAR)"
    assert run(sql, "x", "{", 12, True) == [("x", "{", "12", "true")]
    assert run("SELECT CAST(? AS VARCHAR) IS NULL", None) == [(True,)]


def test_a_moment_that_is_bound_is_of_its_type(
    run: Any, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    moment, day, hour = datetime(2026, 1, 2, 3, 4), date(2026, 1, 2), time(3, 4)
    texts = ("2026-01-02 03:04:00.000", "2026-01-02", "03:04:00")
    for value, text in zip((moment, day, hour), texts, strict=True):
        assert run("select ?::varchar, to_char(?), 'x' || ?", *[value] * 3) == [
            (text, text, f"x{text}")
        ]
        assert run("select to_variant(?)::varchar, ?", value, value) == [(text, value)]
        # The same statement with another value is another statement.
        assert run("select ?::varchar, to_char(?), 'x' || ?", 1, 2, 3) == [("1", "2", "x3")]
    assert run("select to_char(?, 'DD.MM.YYYY HH24')", moment) == [("02.01.2026 03",)]
    assert run("select year(?), ? + 1, datediff(day, ?, ?)", moment, day, day, moment) == [
        (2026, date(2026, 1, 3), 0)
    ]
    run("create table kept (v varchar, at timestamp, d date)")
    run("insert into kept values (?, ?, ?)", moment, day, moment)
    run("insert into kept select ?, ?, ?", moment, day, moment)
    connection.cursor().executemany("insert into kept values (?, ?, ?)", [(moment, day, day)] * 2)
    run("update kept set v = ? where at = ? and d = ?", day, moment, day)
    assert run("select distinct v, at, d from kept") == [(texts[0], datetime(2026, 1, 2), day)]
    run("create table made as select ? as at, ?::varchar as v", moment, moment)
    assert run("select * from made") == [(moment, texts[0])]


def test_a_table_may_be_made_of_binds_and_a_view_may_not(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/bind-variables"""
    rows = "select column1::int as a, column2 as b from values (?, ?), (?, ?)"
    for kind in ("table", "temporary table", "table made (a int not null, b varchar)"):
        made = kind if "made" in kind else f"{kind} made"
        run(f"create or replace {made} as {rows}", 1, "a", 2, "b")
        assert run("select * from made order by a") == [(1, "a"), (2, "b")]
        run("drop table made")
    with pytest.raises(ProgrammingError, match="Bind variables not allowed in view"):
        run(f"create view made as {rows}", 1, "a", 2, "b")


def test_a_text_that_is_bound_to_a_binary_is_its_hexadecimal_digits(
    run: Any, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    cursor = connection.cursor()
    for kind in ("table", "temporary table"):
        run(f"create or replace {kind} bytes (b binary)")
        for value in ("0102", b"\x01\x02", None):
            run("insert into bytes values (?)", value)
            run("insert into bytes select ?", value)
            cursor.executemany("insert into bytes (b) values (?)", [(value,)] * 2)
        rows = run("select b, count(*) from bytes group by b order by b")
        assert rows == [(b"\x01\x02", 8), (None, 4)]
        run("drop table bytes")

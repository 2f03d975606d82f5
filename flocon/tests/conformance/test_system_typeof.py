"""SYSTEM$TYPEOF: the type of an expression and how wide its values are stored."""

from typing import Any

import pytest
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.fixture(scope="module", autouse=True)
def values(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        cursor = opened.cursor()
        cursor.execute(
            "create table t (n number(4,0), x number(10,2), w number(38,12), i int, s varchar(5),"
            " v varchar, f float, d date, m time, m3 time(3), ntz timestamp_ntz,"
            " ntz3 timestamp_ntz(3), ltz timestamp_ltz, tz timestamp_tz, b boolean, bin binary(10),"
            " arr array, obj object, j variant)"
        )
        cursor.execute("insert into t (n, x, w, i) values (1, 1.5, 1.5, 1)")
        cursor.execute("create table wide (n number(4,0), x number(10,2), w number(38,12))")
        cursor.execute(
            "insert into wide values (1, 1.5, 1.5), (9999, 99999999.99, 100000000000000000000)"
        )
        cursor.execute("create table negative (a number(5,0), b number(5,0), c number(5,0))")
        cursor.execute("insert into negative values (-128, -129, -32769), (null, null, null)")


def typed(run: Run, expression: str, source: str = "") -> Any:
    [(answer,)] = run(f"select system$typeof({expression}) {source}")
    return answer


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("null", "NULL[LOB]"),
        ("1", "NUMBER(1,0)[SB1]"),
        ("1e10", "NUMBER(11,0)[SB8]"),
        ("10000", "NUMBER(5,0)[SB2]"),
        ("'something'", "VARCHAR(9)[LOB]"),
        ("concat('every', 'body')", "VARCHAR(9)[LOB]"),
        ("ifnull(12.3, 0)", "NUMBER(3,1)[SB1]"),
        ("ifnull(null, 0)", "NUMBER(1,0)[SB1]"),
        ("[1, 2, 3]", "ARRAY[LOB]"),
        ("date '2024-05-09'", "DATE[SB4]"),
    ],
)
def test_the_type_of_a_constant_is_told_as_the_page_tells_it(
    run: Run, expression: str, answer: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert typed(run, expression) == answer


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("127", "NUMBER(3,0)[SB1]"),
        ("128", "NUMBER(3,0)[SB2]"),
        ("-128", "NUMBER(3,0)[SB1]"),
        ("32767", "NUMBER(5,0)[SB2]"),
        ("32768", "NUMBER(5,0)[SB4]"),
        ("2147483648", "NUMBER(10,0)[SB8]"),
        ("9223372036854775807", "NUMBER(19,0)[SB8]"),
        ("9223372036854775808", "NUMBER(19,0)[SB16]"),
        ("12345.678", "NUMBER(8,3)[SB4]"),
        ("1000000 * 1000000", "NUMBER(14,0)[SB8]"),
        ("1.00::number(10,2)", "NUMBER(10,2)[SB1]"),
        ("1000.00::number(10,2)", "NUMBER(10,2)[SB4]"),
        ("(1 + 1)::number(10,2)", "NUMBER(10,2)[SB2]"),
        ("'127.5'::number", "NUMBER(38,0)[SB2]"),
        ("to_decimal('5.5', 10, 2)", "NUMBER(10,2)[SB2]"),
        ("null::number(10,2)", "NUMBER(10,2)[SB1]"),
        ("1::number(38,37)", "NUMBER(38,37)[SB16]"),
    ],
)
def test_a_constant_number_is_as_wide_as_its_value_without_the_point(
    run: Run, expression: str, answer: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert typed(run, expression) == answer


@pytest.mark.parametrize(
    ("column", "table", "answer"),
    [
        ("n", "t", "NUMBER(4,0)[SB1]"),
        ("x", "t", "NUMBER(10,2)[SB2]"),
        ("w", "t", "NUMBER(38,12)[SB8]"),
        ("i", "t", "NUMBER(38,0)[SB1]"),
        ("n", "wide where n = 1", "NUMBER(4,0)[SB2]"),
        ("wide.x", "wide where n = 1", "NUMBER(10,2)[SB8]"),
        ("w", "wide where n = 1", "NUMBER(38,12)[SB16]"),
        ("a", "negative limit 1", "NUMBER(5,0)[SB1]"),
        ("b", "negative limit 1", "NUMBER(5,0)[SB2]"),
        ("c", "negative limit 1", "NUMBER(5,0)[SB4]"),
        ("r.n", "t l join wide r on l.n = r.n", "NUMBER(4,0)[SB2]"),
        ("l.n", "t l join wide r on l.n = r.n", "NUMBER(4,0)[SB1]"),
    ],
)
def test_a_column_is_as_wide_as_its_tables_widest_value(
    run: Run, column: str, table: str, answer: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert typed(run, column, f"from {table}") == answer


def test_the_width_of_a_column_follows_its_tables_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    run("create table followed (n number(10,2))")
    assert run("select system$typeof(n) from followed") == []
    asked = "(select system$typeof(n) from followed limit 1)"
    run("insert into followed values (null)")
    assert run(asked) == [("NUMBER(10,2)[SB1]",)]
    run("insert into followed values (1000)")
    assert run(asked) == [("NUMBER(10,2)[SB4]",)]
    run("delete from followed where n = 1000")
    assert run(asked) == [("NUMBER(10,2)[SB1]",)]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("f", "FLOAT[DOUBLE]"),
        ("s", "VARCHAR(5)[LOB]"),
        ("v", "VARCHAR(16777216)[LOB]"),
        ("d", "DATE[SB4]"),
        ("m", "TIME(9)[SB8]"),
        ("m3", "TIME(3)[SB4]"),
        ("ntz", "TIMESTAMP_NTZ(9)[SB16]"),
        ("ntz3", "TIMESTAMP_NTZ(3)[SB8]"),
        ("ltz", "TIMESTAMP_LTZ(9)[SB16]"),
        ("tz", "TIMESTAMP_TZ(9)[SB16]"),
        ("b", "BOOLEAN[SB1]"),
        ("not b", "BOOLEAN[SB1]"),
        ("n = 2", "BOOLEAN[ROWINDEX]"),
        ("bin", "BINARY(10)[LOB]"),
        ("arr", "ARRAY[LOB]"),
        ("obj", "OBJECT[LOB]"),
        ("j", "VARIANT[LOB]"),
        ("j:a", "VARIANT[LOB]"),
        ("j:a::varchar(3)", "VARCHAR(3)[LOB]"),
        ("upper(s)", "VARCHAR(15)[LOB]"),
        ("s || s", "VARCHAR(10)[LOB]"),
        ("v || 'x'", "VARCHAR(16777217)[LOB]"),
        ("upper(v)", "VARCHAR(50331648)[LOB]"),
        ("'a'::varchar", "VARCHAR[LOB]"),
        ("to_char(1)", "VARCHAR[LOB]"),
        ("current_user()", "VARCHAR[LOB]"),
        ("'a'::varchar || 'b'", "VARCHAR(134217728)[LOB]"),
        ("case when b then s end", "VARCHAR(134217728)[LOB]"),
        ("iff(b, null, null::varchar)", "VARCHAR[LOB]"),
        ("null::float", "FLOAT[DOUBLE]"),
        ("null::timestamp_ntz", "TIMESTAMP_NTZ(9)[SB16]"),
        ("system$typeof(1)", "VARCHAR[LOB]"),
    ],
)
def test_other_types_have_a_width_of_their_own(run: Run, expression: str, answer: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert typed(run, expression, "from t") == answer


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("length('abc')", "NUMBER(18,0)[SB8]"),
        ("round(x, 1)", "NUMBER(11,1)[SB8]"),
        ("ceil(n)", "NUMBER(4,0)[SB2]"),
        ("trunc(w)", "NUMBER(38,0)[SB16]"),
        ("datediff(day, d, d)", "NUMBER(9,0)[SB4]"),
        ("s::number(6,1)", "NUMBER(6,1)[SB4]"),
        ("f::number", "NUMBER(38,0)[SB16]"),
        ("row_number() over (order by n)", "NUMBER(18,0)[SB8]"),
        ("count(*) over ()", "NUMBER(18,0)[SB8]"),
        ("hash(n)", "NUMBER(19,0)[SB8]"),
        ("random()", "NUMBER(19,0)[SB8]"),
    ],
)
def test_a_number_without_known_bounds_is_as_wide_as_its_digits(
    run: Run, expression: str, answer: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert typed(run, expression, "from t") == answer


@pytest.mark.parametrize(
    "query",
    [
        "system$typeof(n + 1) from t",
        "system$typeof(sum(n)) from t",
        "system$typeof(count(*)) from t",
        "system$typeof(floor(x)) from t",
        "system$typeof(k) from (select n k from t)",
        "system$typeof(1 / 3)",
        "system$typeof(dateadd(day, 1, ntz3)) from t",
        "system$typeof(bitand(n, 1)) from t",
    ],
)
def test_what_the_account_does_not_know_is_refused(run: Run, query: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert errno(run, f"select {query}") == 2


def test_it_takes_one_argument(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert errno(run, "select system$typeof()") == 938
    assert errno(run, "select system$typeof(1, 2)") == 939


def test_it_stands_wherever_a_text_does(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert run("select count(*) from t where system$typeof(s) = 'VARCHAR(5)[LOB]'") == [(1,)]
    assert run("select split_part(system$typeof(x), '[', 1) from wide group by x") == [
        ("NUMBER(10,2)",),
        ("NUMBER(10,2)",),
    ]
    run("create view kinds as select system$typeof(n) k from t")
    assert run("select k from kinds") == [("NUMBER(4,0)[SB1]",)]
    assert run("select cast(x as varchar(9)) y, system$typeof(y) from t") == [
        ("1.50", "VARCHAR(9)[LOB]")
    ]

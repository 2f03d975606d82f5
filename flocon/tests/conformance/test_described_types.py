"""How many digits and characters clients are told that a column may have, and a table gets that is
made of a query."""

from typing import Any

import pytest
from shared import errno, one_database, shown
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.snowpark import Session
from snowflake.snowpark.types import StringType

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.fixture(scope="module", autouse=True)
def values(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        cursor = opened.cursor()
        cursor.execute(
            "create table t (n number(4,0), x number(10,2), w number(38,12), i int, p number(5,3),"
            " s varchar(5), s9 varchar(9), v varchar, f float, d date, b binary(5), e binary)"
        )
        cursor.execute(
            "insert into t select 17, 17.25, 17.25, 17, 1.125, 'abc', 'abc', 'xyz', 1.5,"
            " '2024-05-09', to_binary('AB'), to_binary('AB')"
        )


def told(connection: SnowflakeConnection, sql: str) -> list[str]:
    """The types of a query's columns as the connector has them."""
    described = []
    for column in connection.cursor().execute(sql).description:
        name = FIELD_ID_TO_NAME[column.type_code]
        if name == "FIXED":
            described.append(f"NUMBER({column.precision},{column.scale})")
        elif name == "TEXT":
            described.append(f"VARCHAR({column.internal_size})")
        elif name == "BINARY":
            described.append(f"BINARY({column.internal_size})")
        else:
            described.append(name)
    return described


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("1", "NUMBER(1,0)"),
        ("-128", "NUMBER(3,0)"),
        ("1.5", "NUMBER(2,1)"),
        (".05", "NUMBER(3,2)"),
        ("1e10", "NUMBER(11,0)"),
        ("1.5e-3", "NUMBER(5,4)"),
        ("12345678901234567890123", "NUMBER(23,0)"),
        ("1 + 1", "NUMBER(2,0)"),
        ("n + 1", "NUMBER(5,0)"),
        ("x - 1", "NUMBER(11,2)"),
        ("x * x", "NUMBER(20,4)"),
        ("n * 2", "NUMBER(5,0)"),
        ("1 / 3", "NUMBER(7,6)"),
        ("n / 2", "NUMBER(10,6)"),
        ("10 / x", "NUMBER(10,6)"),
        ("x / 0.5", "NUMBER(17,8)"),
        ("x % 3", "NUMBER(10,2)"),
        ("mod(x, p)", "NUMBER(11,3)"),
        ("div0(x, 2)", "NUMBER(16,8)"),
        ("i + 1", "NUMBER(38,0)"),
        ("f + 1", "REAL"),
        ("i::number(12, 3)", "NUMBER(12,3)"),
        ("'5'::int", "NUMBER(38,0)"),
        ("coalesce(x, 0)", "NUMBER(10,2)"),
        ("iff(n > 1, n, 1000000)", "NUMBER(7,0)"),
        ("ifnull(12.3, 0)", "NUMBER(3,1)"),
        ("(select sum(x) from t)", "NUMBER(22,2)"),
        ("datediff(day, d, d + 1)", "NUMBER(9,0)"),
        ("datediff(hour, d, d + 1)", "NUMBER(18,0)"),
        ("d - d", "NUMBER(9,0)"),
        ("length(s)", "NUMBER(18,0)"),
        ("hash(n)", "NUMBER(19,0)"),
        ("ascii(s)", "NUMBER(4,0)"),
        ("unicode(s)", "NUMBER(18,0)"),
        ("rtrimmed_length(s)", "NUMBER(18,0)"),
        ("editdistance(s, 'x')", "NUMBER(9,0)"),
        ("charindex('l', s)", "NUMBER(9,0)"),
        ("bit_length(s)", "NUMBER(19,0)"),
        ("month(d)", "NUMBER(2,0)"),
        ("extract(month from d)", "NUMBER(2,0)"),
        ("weekofyear(d)", "NUMBER(2,0)"),
        ("year(d)", "NUMBER(4,0)"),
        ("date_part('year', d)", "NUMBER(4,0)"),
        ("yearofweekiso(d)", "NUMBER(4,0)"),
        ("factorial(5)", "NUMBER(37,0)"),
        ("bitand(i, 3)", "NUMBER(38,0)"),
        ("array_size(array_construct(1, 2))", "NUMBER(9,0)"),
        ("nullif(i, x)", "NUMBER(38,2)"),
        ("nullif(i, f)", "NUMBER(38,0)"),
        ("coalesce(i, 1.5)", "NUMBER(38,1)"),
        ("zeroifnull(p)", "NUMBER(5,3)"),
        ("zeroifnull(1)", "NUMBER(2,0)"),
        ("zeroifnull(f)", "REAL"),
        ("random()", "NUMBER(19,0)"),
        ("seq4()", "NUMBER(10,0)"),
        ("seq8()", "NUMBER(19,0)"),
        ("regexp_count(s, 'a')", "NUMBER(18,0)"),
        ("uniform(1, 1000, random())", "NUMBER(4,0)"),
        ("jarowinkler_similarity('a', 'b')", "NUMBER(4,0)"),
    ],
)
def test_a_number_is_described_with_the_digits_that_its_expression_gives_it(
    connection: SnowflakeConnection, expression: str, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    assert told(connection, f"select {expression} from t") == [kind]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("ceil(x)", "NUMBER(11,0)"),
        ("floor(x, 1)", "NUMBER(11,1)"),
        ("round(x, 1)", "NUMBER(11,1)"),
        ("round(x)", "NUMBER(11,0)"),
        ("round(n, 2)", "NUMBER(4,0)"),
        ("trunc(x, 1)", "NUMBER(11,1)"),
        ("ceil(x, -9)", "NUMBER(12,0)"),
        ("abs(x)", "NUMBER(10,2)"),
        ("abs(-1)", "NUMBER(2,0)"),
        ("sign(n)", "NUMBER(2,0)"),
    ],
)
def test_what_rounds_keeps_a_digit_for_the_carry(
    connection: SnowflakeConnection, expression: str, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    assert told(connection, f"select {expression} from t") == [kind]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("sum(n)", "NUMBER(16,0)"),
        ("sum(x)", "NUMBER(22,2)"),
        ("sum(w)", "NUMBER(38,12)"),
        ("avg(n)", "NUMBER(22,6)"),
        ("avg(x)", "NUMBER(28,8)"),
        ("min(x)", "NUMBER(10,2)"),
        ("max(s)", "VARCHAR(5)"),
        ("any_value(n)", "NUMBER(4,0)"),
        ("median(n)", "NUMBER(7,3)"),
        ("variance(n)", "NUMBER(38,6)"),
        ("var_pop(x)", "NUMBER(38,10)"),
        ("variance(w)", "NUMBER(38,12)"),
        ("stddev(x)", "REAL"),
        ("percentile_cont(0.5) within group (order by x)", "NUMBER(13,5)"),
        ("count(*)", "NUMBER(18,0)"),
        ("count_if(n > 1)", "NUMBER(13,0)"),
        ("sum(x) over ()", "NUMBER(22,2)"),
        ("avg(n) over ()", "NUMBER(19,3)"),
        ("avg(x) over (partition by n)", "NUMBER(25,5)"),
        ("avg(x) over (order by n)", "NUMBER(28,8)"),
        ("avg(x) over (order by n rows between 1 preceding and current row)", "NUMBER(25,5)"),
        ("lag(x) over (order by n)", "NUMBER(10,2)"),
        ("row_number() over (order by n)", "NUMBER(18,0)"),
        ("rank() over (order by n)", "NUMBER(18,0)"),
        ("ratio_to_report(x) over ()", "NUMBER(18,8)"),
    ],
)
def test_an_aggregate_is_described_with_room_for_a_trillion_rows(
    connection: SnowflakeConnection, expression: str, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    assert told(connection, f"select {expression} from t") == [kind]


@pytest.mark.parametrize(
    ("expression", "length"),
    [
        ("'abc'", 3),
        ("''", 1),
        ("null", 0),
        ("'a' || ''", 2),
        ("s", 5),
        ("v", 16777216),
        ("s || s", 10),
        ("concat('every', 'body')", 9),
        ("upper(s)", 15),
        ("lower(s)", 5),
        ("trim(s)", 5),
        ("substr(s, 1, 2)", 5),
        ("left('abc', 2)", 3),
        ("reverse('ab')", 2),
        ("split_part('a,b', ',', 1)", 3),
        ("s::varchar(20)", 20),
        ("'a'::char", 1),
        ("'a'::varchar", 134217728),
        ("md5(s)", 32),
        ("uuid_string()", 36),
        ("iff(n > 1, 'a', 'bcd')", 3),
        ("coalesce(s, 'abcdefg')", 7),
        ("case when n > 1 then 'a' else 'bcde' end", 4),
        ("case when n > 1 then 'a' end", 134217728),
        ("lower(v)", 16777216),
        ("substr(v, 1, 2)", 16777216),
        ("upper(v)", 50331648),
        ("upper(substr(v, 1, 2)) || s", 50331653),
        ("upper(upper(s))", 45),
        ("initcap(s, ' ')", 15),
        ("v || 'x'", 16777217),
        ("v || v", 33554432),
        ("concat(v, v, v, v, v, v, v, v)", 134217728),
        ("concat_ws(',', s, s9)", 15),
        ("concat_ws(',', s, s9, s)", 21),
        ("concat_ws('--', s, s9)", 16),
        ("insert(s, 1, 1, 'x')", 11),
        ("insert(s, 1, 1, s9)", 19),
        ("ltrim(s)", 5),
        ("right(s, 2)", 5),
        ("regexp_substr(s, 'a')", 5),
        ("strtok(s, ',', 1)", 5),
        ("repeat(s, 3)", 134217728),
        ("lpad(s, 10, 'x')", 134217728),
        ("space(3)", 134217728),
        ("replace(s, 'a', 'bb')", 134217728),
        ("translate(s, 'a', 'b')", 134217728),
        ("regexp_replace(s, 'a', 'b')", 134217728),
        ("current_database()", 134217728),
        ("array_to_string(array_construct(s), ',')", 134217728),
        ("listagg(s)", 134217728),
        ("i::varchar", 134217728),
        ("s::varchar", 134217728),
        ("to_char(d)", 134217728),
        ("to_varchar(f)", 134217728),
        ("to_char(i, '999')", 134217728),
        ("s || i", 134217728),
        ("parse_json('{}'):x::varchar", 134217728),
        ("sha1(s)", 40),
        ("sha2(s, 256)", 128),
        ("soundex(s)", 7),
        ("chr(65)", 1),
        ("dayname(d)", 3),
        ("monthname(d)", 3),
        ("hex_encode(b)", 10),
        ("hex_encode(s)", 40),
        ("base64_encode(b)", 8),
        ("base64_encode(s)", 28),
        ("try_hex_decode_string(s9)", 4),
        ("try_base64_decode_string(s9)", 6),
        ("nullif(s, s9)", 9),
        ("nullif(upper(s), s9)", 15),
        ("nullif(null, s)", 0),
        ("nullif(s, null)", 134217728),
        ("min(upper(s))", 15),
        ("iff(n > 1, upper(s), s9)", 15),
        ("coalesce(upper(s), upper(s9))", 27),
        ("coalesce(null, s9)", 134217728),
        ("coalesce(null, null)", 0),
    ],
)
def test_a_text_is_described_with_the_length_that_its_expression_gives_it(
    connection: SnowflakeConnection, expression: str, length: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert told(connection, f"select {expression} from t") == [f"VARCHAR({length})"]


@pytest.mark.parametrize(
    ("expression", "length"),
    [
        ("b", 5),
        ("e", 8388608),
        ("b::binary(10)", 10),
        ("b::binary", 67108864),
        ("b || b", 10),
        ("nullif(b, b)", 5),
        ("coalesce(null, b)", 5),
        ("md5_binary(s)", 16),
        ("sha1_binary(s)", 20),
        ("sha2_binary(s, 224)", 64),
        ("iff(false, hex_decode_binary(s), null)", 2),
        ("try_hex_decode_binary(s9)", 4),
        ("base64_decode_binary('4142')", 3),
        ("hex_decode_binary('414243')", 3),
    ],
)
def test_a_binary_is_described_with_the_bytes_that_its_expression_gives_it(
    connection: SnowflakeConnection, expression: str, length: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    assert told(connection, f"select {expression} from t") == [f"BINARY({length})"]


def test_a_column_that_a_query_makes_is_no_longer_than_one_that_names_no_length(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text: what a query answers may be
    longer than a column, through views as well."""
    query = "select v || v a, upper(s) b, i::varchar c, b::binary d from t"
    kinds = ["VARCHAR(33554432)", "VARCHAR(15)", "VARCHAR(134217728)", "BINARY(67108864)"]
    assert told(connection, query) == kinds
    run(f"create view long_seen as {query}")
    run(f"create table long_made as {query}")
    columns = ["VARCHAR(16777216)", "VARCHAR(15)", "VARCHAR(16777216)", "BINARY(8388608)"]
    for name in ("long_seen", "long_made"):
        assert [row["type"] for row in shown(connection, f"describe table {name}")] == columns
    assert told(connection, "select * from long_made") == columns
    assert told(connection, "select * from long_seen") == kinds
    assert told(connection, "select a || 'x', upper(b) from long_seen") == [
        "VARCHAR(33554433)",
        "VARCHAR(45)",
    ]
    assert told(connection, "with q as (select v || v c from t) select c from q") == kinds[:1]


def test_what_a_query_in_a_query_answers_is_described_as_in_it(
    connection: SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    assert told(
        connection,
        "with c as (select max(s) m, count(*) k from t) select m || 'x', k + 1, j from c,"
        " (select 1 j union all select 100000)",
    ) == ["VARCHAR(6)", "NUMBER(19,0)", "NUMBER(6,0)"]
    rows = "values (1, 'x', 1.5), (22, 'yyy', 200.25), (null, null, null)"
    assert told(connection, f"select * from {rows}") == ["NUMBER(2,0)", "VARCHAR(3)", "NUMBER(5,2)"]


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("w * w", "297.562500000000", "NUMBER(38,12)"),
        ("w * 1.5 * 0.0000001", "0.000002587500", "NUMBER(38,12)"),
        ("1.23456789::number(20,8) * 1.00000001::number(20,8)", "1.234567902346", "NUMBER(36,12)"),
        ("x * p", "19.40625", "NUMBER(15,5)"),
        ("ceil(i)", "17", "NUMBER(38,0)"),
        ("floor(i, 2)", "17", "NUMBER(38,0)"),
        ("ceil(x, 3)", "17.25", "NUMBER(10,2)"),
        ("floor(x, 2.0)", "17.25", "NUMBER(10,2)"),
        ("ceil(x, -(1))", "20", "NUMBER(11,0)"),
        ("round(x, 1 + 0)", "17.30", "NUMBER(18,2)"),
        ("round(sum(x), min(i) - 16)", "17.30", "NUMBER(22,2)"),
        ("nullif(i, x)", "17.00", "NUMBER(38,2)"),
        ("nullif(n, 2.5)", "17.0", "NUMBER(5,1)"),
    ],
)
def test_a_product_and_what_is_rounded_have_these_decimals(
    run: Run, connection: SnowflakeConnection, expression: str, value: str, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    https://docs.snowflake.com/en/sql-reference/functions/ceil"""
    [(answer,)] = run(f"select {expression} from t")
    assert (str(answer), told(connection, f"select {expression} from t")) == (value, [kind])


def test_38_digits_are_rounded_to_a_constant_number_of_places_alone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    assert errno(run, "select round(w, i) from t") == errno(run, "select trunc(w, i) from t") == 2
    assert str(run("select round(w, 1) from t")[0][0]) == "17.3"


def test_a_table_that_is_made_of_a_query_has_columns_of_these_digits_and_lengths(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    query = (
        "select 1 a, 1e10 b, 'abc' c, x + 1 d, count(*) over () e, null f, upper(s) g, i h, f j"
        " from t order by a"
    )
    types = [
        "NUMBER(1,0)", "NUMBER(11,0)", "VARCHAR(3)", "NUMBER(11,2)", "NUMBER(18,0)",
        "VARCHAR(16777216)", "VARCHAR(15)", "NUMBER(38,0)", "FLOAT",
    ]  # fmt: skip
    run(f"create table made as {query}")
    assert [row["type"] for row in shown(connection, "describe table made")] == types
    run(f"create view seen as {query}")
    assert [row["type"] for row in shown(connection, "describe view seen")] == types
    assert run("select * from made") == run("select * from seen")
    digits = run(
        "select column_name, data_type, numeric_precision, numeric_scale"
        " from information_schema.columns where table_name = 'SEEN' and column_name in ('A', 'D')"
        " order by 1"
    )
    assert digits == [("A", "NUMBER", 1, 0), ("D", "NUMBER", 11, 2)]


def test_what_is_longer_than_the_text_that_a_table_was_made_of_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    run("create table short as select 'abc' c, 1 n")
    assert errno(run, "insert into short values ('abcd', 1)") == 100078
    assert errno(run, "insert into short values ('abc', 10)") == 100039
    assert run("select * from short") == [("abc", 1)]


@pytest.mark.parametrize(
    ("column", "width"),
    [
        # By the digits of what a function answers, or of what a text becomes.
        ("count(*)", "int64"),
        ("length(max(s))", "int64"),
        ("year(max(d))", "int16"),
        ("month(max(d))", "int8"),
        ("max(d) - min(d)", "int32"),
        ("'5'::number(2,0)", "int8"),
        ("'5'::number(4,0)", "int16"),
        ("'5'::number(6,0)", "int32"),
        ("'5'::number(18,0)", "int64"),
        # By the values of tables' columns and constants, and of what is calculated of them.
        ("max(i)", "int8"),
        ("100", "int8"),
        ("300", "int16"),
        ("70000", "int32"),
        ("-5000000000", "int64"),
        ("max(i) + 111", "int16"),
        ("max(n) * 4000", "int32"),
        ("max(x)", "float64"),
    ],
)
def test_pandas_has_whole_numbers_in_as_few_bytes_as_snowflake_sends(
    connection: SnowflakeConnection, column: str, width: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    frame = connection.cursor().execute(f"select {column} c from t").fetch_pandas_all()
    assert str(frame.dtypes["C"]) == width


def test_all_of_a_column_has_one_width_and_a_null_makes_it_float(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    run(
        "create table counted as select seq4() % 7 n, iff(n < 3, null, n) m"
        " from table(generator(rowcount => 30000))"
    )
    run("create view seen_counted as select n, count(*) over () c, m from counted")
    cursor = connection.cursor().execute("select *, n + 1000 k from seen_counted")
    frame = cursor.fetch_pandas_all()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "N": "int8", "C": "int64", "M": "float64", "K": "int16",
    }  # fmt: skip
    run("insert into counted values (200, 1)")
    batches = connection.cursor().execute("select n from counted order by n").fetch_pandas_batches()
    assert {str(batch.dtypes["N"]) for batch in batches} == {"int16"}
    empty = connection.cursor().execute("select n from counted where n > 500").fetch_pandas_all()
    assert str(empty.dtypes["N"]) == "int64"


def test_snowpark_knows_the_lengths_of_texts(session: Session, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.types.StringType"""
    query = f"select 'abc' a, 'a'::varchar b, v, upper(v) from {database}.public.t"
    kinds = [field.datatype for field in session.sql(query).schema]
    assert kinds == [StringType(3), StringType(), StringType(16777216), StringType(50331648)]
    # What nothing limits makes a column that takes as much.
    session.create_dataframe(["ab"], schema=["a"]).write.save_as_table("saved")
    assert session.table("saved").schema[0].datatype == StringType()
    assert session.sql("describe table saved").collect()[0]["type"] == "VARCHAR(134217728)"


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (
            "select * from (select 'A'::string as b, 1::number(5, 1) as c) l"
            " join (select 'A'::string as b, 'x'::varchar(7) as e) r using (b)",
            [("B", 134217728, None), ("C", None, 5), ("E", 7, None)],
        ),
        (
            "select * from ((select 1 as a, 'A'::varchar(3) as b, 2 as c) l"
            " left join (select 1 as a, 'A'::varchar(3) as b, 12 as d) r using (b, a))",
            [("B", 3, None), ("A", None, 1), ("C", None, 1), ("D", None, 2)],
        ),
        (
            "select * from (select 'A' as b, 1::number(4, 2) as a) l"
            " natural join (select 'A' as b) r",
            [("B", 1, None), ("A", None, 4)],
        ),
    ],
)
def test_a_join_using_columns_keeps_their_lengths_and_digits(
    connection: SnowflakeConnection, query: str, columns: list[Any]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    described = connection.cursor().describe(query)
    assert [(each.name, each.internal_size, each.precision) for each in described] == columns
    cursor = connection.cursor().execute(query)
    assert [column.name for column in cursor.description] == [name for name, *_ in columns]

"""A statement that fails: number, SQL state, query id."""

import pytest
import snowflake.connector
from shared import one_database

from conformance.shared import Run, error, failure

database = pytest.fixture(scope="module")(one_database)


@pytest.mark.parametrize(
    ("sql", "number", "state"),
    [
        ("selec 1", 1003, "42000"),
        ("select * from nowhere", 2003, "42S02"),
        ("select nothing from values (1)", 904, "42000"),
        ("select nothing(1)", 2140, "42601"),
        ("insert into strict values (null)", 100072, "22000"),
        ("drop table nowhere", 2003, "42S02"),
        ("describe view nowhere", 2003, "42S02"),
        ("alter table nowhere rename to there", 2003, "42S02"),
        ("select * from nowhere.t", 2003, "02000"),
        ("drop stage nowhere", 2003, "02000"),
        ("create table strict (x int)", 2002, "42710"),
        ("alter table strict add column x int", 1430, "42601"),
        ("use schema nowhere", 2043, "02000"),
        ("use warehouse nowhere", 2043, "02000"),
        ("select * from nowhere.public.t", 2003, "02000"),
        ("call nowhere()", 2140, "42601"),
        ("select 1; select 2", 8, "0A000"),
    ],
)
def test_an_error_has_snowflakes_number_state_and_query_id(
    connection: snowflake.connector.SnowflakeConnection, sql: str, number: int, state: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("create table if not exists strict (x int not null)")
    with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
        cursor.execute(sql)
    assert (caught.value.errno, caught.value.sqlstate) == (number, state)
    assert caught.value.sfqid


def test_an_identifier_holds_one_name_and_no_more(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifier-literal"""
    assert error(run, "create table identifier('my table') (a int)") == 904
    assert error(run, "drop stage if exists identifier('public.a b')") == 904
    run("""create table identifier('"my table"') (a int)""")
    assert run("""select * from identifier('public."my table"')""") == []


def test_what_exists_already_is_named_as_the_statement_names_it(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrameWriter.save_as_table"""
    run("create table things (a int)")
    run("create view sight as select 1 as a")
    run("create temporary table passing (a int)")
    run("create stage shelf")
    run("create stream changes on table things")
    for sql, name in (
        ("create table Things (a int)", "THINGS"),
        ("create table public.things as select 1 as a", "PUBLIC.THINGS"),
        (f"create table {database}.public.things (a int)", f"{database.upper()}.PUBLIC.THINGS"),
        ("create view sight as select 2 as a", "SIGHT"),
        ("create temporary table passing (a int)", "PASSING"),
        ("create stage public.shelf", "PUBLIC.SHELF"),
        ("create stream changes on table things", "CHANGES"),
    ):
        number, text = failure(run, sql)
        assert (number, f"Object '{name}' already exists." in text) == (2002, True), text


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select * from nix", "Object 'NIX'"),
        ("select t.nix from Public.Nix t", "Object 'PUBLIC.NIX'"),
        ('select * from "nix"', """Object '"nix"'"""),
        ("insert into {db}.public.nix values (1)", "Object '{DB}.PUBLIC.NIX'"),
        ("update public.nix set nix = 1", "Object 'PUBLIC.NIX'"),
        ("create view v as select * from {db}.public.nix", "Object '{DB}.PUBLIC.NIX'"),
        ("select 1 from values (1) join {db}.nix.t", "Schema '{DB}.NIX'"),
        ("select * from nix.public.t", "Database 'NIX'"),
    ],
)
def test_what_does_not_exist_is_named_as_the_statement_names_it(
    run: Run, database: str, sql: str, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/name-resolution"""
    number, text = failure(run, sql.format(db=database))
    said = f"{name.format(DB=database.upper())} does not exist or not authorized."
    assert (number, said in text) == (2003, True), text


def test_an_insert_has_as_many_values_as_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("create table counted (a int, b int, c int)")
    run("create temporary table passing_by (a int, b int)")
    for sql, counts in (
        ("insert into counted select 1, 2", "3 but got 2"),
        ("insert into counted values (1, 2)", "3 but got 2"),
        ("insert into counted (a, b) select 1", "2 but got 1"),
        ("insert into counted (a) values (1, 2)", "1 but got 2"),
        ("insert into counted select * from passing_by", "3 but got 2"),
        ("insert into passing_by select 1", "2 but got 1"),
    ):
        text = f"Insert value list does not match column list expecting {counts}"
        number, message = failure(run, sql)
        assert (number, text in message) == (2020, True), message


def test_an_unknown_column_is_named_without_quotes_that_it_does_not_need(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    assert "invalid identifier 'ABC'" in failure(run, 'select "ABC" from (select 1 as "abc")')[1]
    assert "'\"abc\"'" in failure(run, 'select "abc" from (select 1 as abc)')[1]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nope from placed", "error line 1 at position 7\ninvalid identifier 'NOPE'"),
        (
            "select a,\n  p.nope + 1\nfrom placed p",
            "error line 2 at position 2\ninvalid identifier 'P.NOPE'",
        ),
        ('select a from placed where "Nope" = 1', "position 27\ninvalid identifier '\"Nope\"'"),
        ("select 'nope', a from placed where nope", "position 35\ninvalid identifier 'NOPE'"),
        ("insert into placed (a) select nope from placed", "position 30\n"),
        ("update placed set nope = 1", "error line 1 at position 18\ninvalid identifier 'NOPE'"),
        ("delete from placed where nope = 1", "position 25\n"),
        ("selec 1", "syntax error line 1 at position 0 unexpected 'selec'."),
        ("select 1 +", "syntax error line 1 at position 10 unexpected '<EOF>'."),
        ("select a b c\nfrom placed", "syntax error line 1 at position 11 unexpected 'c'."),
        ("select a\nfrom placed\nwhere )", "syntax error line 3 at position 6 unexpected ')'."),
    ],
)
def test_an_error_of_compilation_says_its_place(run: Run, sql: str, said: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example#handling-errors"""
    run("create table if not exists placed (a int)")
    assert said in failure(run, sql)[1]


# By statement: the number, and the text behind "SQL compilation error:" where it has that.
_IN_SNOWFLAKES_WORDS = {
    "select abs(current_date())": (1044, "Invalid argument types for function 'ABS': (DATE)"),
    "select true + 1": (1044, "Invalid argument types for function '+': (BOOLEAN, NUMBER)"),
    "select add_months(1, 1)": (1044, "Invalid argument types for function: (NUMBER)"),
    "select to_binary('a') like 'x'": (
        1044, "Invalid argument types for function 'LIKE': (BINARY, VARCHAR(1))",
    ),
    "select listagg(n, n::varchar) from twice": (
        1007, "an argument of LISTAGG needs to be constant",
    ),
    "select avg('10:00:00'::time), avg(current_timestamp()::timestamp_ntz)": (
        1044, "Invalid argument types for function 'AVG': (TIME)",
    ),
    "select avg(current_timestamp()::timestamp_ntz)": (
        1044, "Invalid argument types for function 'AVG': (TIMESTAMP_NTZ)",
    ),
    "select array_size(1)": (1044, "Invalid argument types for function: (NUMBER)"),
    "select 300::number(2, 0)": (100039, "Numeric value '300' is out of range"),
    "insert into filled select 12345": (100039, "Numeric value '12345' is out of range"),
    "select 9223372036854775807 * 9223372036854775807 * 10": (
        100039, "Number out of representable range: 9223372036854775807 * 9223372036854775807",
    ),
    "select cast(current_date() as int)": (
        1065, "invalid type [CAST(DATE AS NUMBER(38,0))] for parameter 'TO_NUMBER'",
    ),
    "select try_cast(1 as date)": (
        1065, "Function TRY_CAST cannot be used with arguments of types NUMBER and DATE",
    ),
    "select (select n from twice)": (90150, "Single-row subquery returns more than one row."),
    "select n, sum(1) from twice": (
        979, "[TWICE.N] is not a valid group by expression",
    ),
    "select n, sum(1) from twice group by n + 1": (
        1104,
        "SQL compilation error: error line 1 at position 7\n'TWICE.N' in select clause is neither"
        " an aggregate nor in the group by clause.",
    ),
    "select n from twice where 1 > current_date()": (
        1038, "Can not convert parameter of type [DATE] into expected type [NUMBER]",
    ),
    "select case when n then 1 end from twice": (
        1038,
        "Can not convert parameter 'TWICE.N' of type [NUMBER(1,0)] into expected type [BOOLEAN]",
    ),
    "select n from twice where n": (2, "Invalid data type [NUMBER(1,0)] for predicate [TWICE.N]"),
    "select abs(1, 2)": (939, "too many arguments for function [ABS(1, 2)] expected 1, got 2"),
    "select 1 + abs()": (938, "not enough arguments for function [ABS()], expected 1, got 0"),
    "select upper(translate('a', 'b'))": (
        938, "not enough arguments for function [TRANSLATE('a', 'b')], expected 3, got 2",
    ),
    "select ?": (2049, "Bind variable :1 not set."),
    "select grouping(n) from twice": (2, "GROUPING function without a GROUP BY."),
    "alter table filled rename to twice": (2002, "Object 'TWICE' already exists."),
    "create table other (a int, primary key (b))": (
        904, "SQL compilation error: error line 1 at position 40\ninvalid identifier 'B'",
    ),
    "select * rename nothing as x from twice": (
        904, "SQL compilation error: error line 1 at position 16\ninvalid identifier 'NOTHING'",
    ),
    "select n from twice where n in ()": (
        1003, "syntax error line 1 at position 32 unexpected ')'.",
    ),
    "select max(n order by n) from twice": (
        1003, "syntax error line 1 at position 13 unexpected 'order'.",
    ),
    "select any_value(n) within group (order by n) from twice": (
        2, "Function ANY_VALUE does not support WITHIN GROUP clause.",
    ),
    "merge into filled using twice on true when not matched then delete": (
        1003, "syntax error line 1 at position 60 unexpected 'delete'.",
    ),
    "merge into filled using twice on true when matched then insert (n) values (1)": (
        1003, "syntax error line 1 at position 56 unexpected 'insert'.",
    ),
    "select to_timestamp(1, 10)": (1007, "Invalid timestamp scale: 10. Must be between 0 and 9."),
    "select approx_percentile(n, -0.5) from twice": (
        1007, "a percentile is between 0 and 1, not -0.5",
    ),
    "select (select n, n from twice)": (
        2, "Unsupported: Scalar subquery with multi-column SELECT clause.",
    ),
    "select 1, 2 union all select 3": (
        1789, "invalid number of result columns for set operator input branches",
    ),
    "create view narrow (a, b) as select 1": (2026, "Invalid column definition list"),
    "create table narrow (a int, b int) as select 1": (2026, "Invalid column definition list"),
    "insert into filled (n, n) values (1, 1)": (2025, "duplicate column name 'N'"),
    "insert into filled values (null)": (100072, "NULL result in a non-nullable column"),
    "alter table filled add column n int": (1430, "column 'N' already exists"),
    "select date_part('fortnight', current_date())": (
        1007, "'FORTNIGHT' is not a valid date/time component for function DATE_PART.",
    ),
    "select dateadd(fortnight, 1, current_date())": (
        1007, "'FORTNIGHT' is not a valid date/time component for function DATEADD.",
    ),
    "select time_slice(current_date(), 2, 'fortnight')": (
        1007, "'FORTNIGHT' is not a valid date/time component for function TIME_SLICE.",
    ),
    "select regexp_substr('a', '*')": (
        100048, "Invalid regular expression: '*', nothing to repeat at position 0",
    ),
    "select hex_decode_string('ff')": (
        100144, "Invalid UTF8 detected while decoding 'ff'",
    ),
    "alter session set timezone = 'Mars/Base'": (
        1481, "Invalid value 'Mars/Base' specified for property 'TIMEZONE'",
    ),
    "select convert_timezone('Mars/Base', current_timestamp())": (
        100035, "Unknown time zone 'Mars/Base'",
    ),
    "select convert_timezone('utc', current_timestamp())": (
        100035, "Unknown time zone 'utc'",
    ),
    "select convert_timezone(zone, current_timestamp()) from (select 'Mars' || '/Base' as zone)": (
        100035, "Unknown time zone 'Mars/Base'",
    ),
    "select current_timestamp(12)": (
        2,
        "Unsupported feature 'CURRENT_TIMESTAMP(12): a time has up to nine digits of a second'.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sql", _IN_SNOWFLAKES_WORDS)
def test_an_error_speaks_of_snowflakes_functions_and_types(run: Run, sql: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("create table if not exists filled (n number(3, 0) not null)")
    run("create view if not exists twice as select 1 as n union all select 2")
    number, text = failure(run, sql)
    said = text.partition("): ")[2].removeprefix("SQL compilation error:\n")
    assert (number, said) == _IN_SNOWFLAKES_WORDS[sql]


def test_a_constant_text_orders_nothing(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    assert run("select 1 order by 'a'") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select sqrt(-1)", "sqrt(-1)"),
        ("select sqrt(a) from (select 1 as a union select -3.63798123e-12)", "sqrt(-3.63798e-12)"),
        ("select ln(0)", "log(e,0)"),
        ("select log(10, -1)", "log(10,-1)"),
        ("select log(1, 10)", "log(1,10)"),
        ("select acos(2)", "acos(2)"),
        ("select acosh(0.5)", "acosh(0.5)"),
        ("select pow(-1, 0.5)", "pow(-1,0.5)"),
        ("select power(0, -1)", "pow(0,-1)"),
    ],
)
def test_an_error_says_what_a_function_of_numbers_was_asked(run: Run, sql: str, said: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sqrt"""
    number, text = failure(run, sql)
    assert (number, text) == (100044, f"100044 (22P01): Invalid floating point operation: {said}")


def test_functions_of_numbers_answer_null_and_nan_for_those(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-numeric"""
    assert run("select sqrt(null), ln(null), log(null, 2), acos(null), pow(null, -1)") == [
        (None,) * 5
    ]
    assert run("select acos('nan'::float)::varchar, sqrt('nan'::float)::varchar") == [
        ("NaN", "NaN")
    ]
    assert run("select sqrt(4), pow(2, -1), ln(1), log(2, 8), asin(0), cot(1) > 0") == [
        (2.0, 0.5, 0.0, 3.0, 0.0, True)
    ]


_OUTSIDE = "appears outside of SELECT, QUALIFY, and ORDER BY clauses."
_WINDOW = "ROW_NUMBER() OVER (ORDER BY T.A ASC NULLS LAST)"
_MISPLACED = {
    "select a from t where sum(b) > 1": (
        2, "Invalid aggregate function in where clause [SUM(T.B)]",
    ),
    "select a from t x where abs(count(*)) > 1": (
        2, "Invalid aggregate function in where clause [COUNT(*)]",
    ),
    "with c as (select a from t where max(t.a) = 1) select * from c": (
        2, "Invalid aggregate function in where clause [MAX(T.A)]",
    ),
    "select x.a from t x join t y on sum(x.a) = y.a": (
        2, "Invalid aggregate function in ON clause [SUM(X.A)]",
    ),
    "select a from t where row_number() over (order by a) = 1": (
        2, f"Window function [{_WINDOW}] {_OUTSIDE}",
    ),
    "select a from t group by row_number() over (order by a)": (
        2, f"Window function [{_WINDOW}] {_OUTSIDE}",
    ),
    "select a from t where rank() over (partition by b order by a desc) = 1": (
        2,
        "Window function [RANK() OVER (PARTITION BY T.B ORDER BY T.A DESC NULLS FIRST)]"
        f" {_OUTSIDE}",
    ),
    "select a from t group by a having row_number() over (order by a) = 1": (
        979, f"[{_WINDOW}] is not a valid group by expression",
    ),
    "select count(*) from t group by sum(b)": (
        979, "[SUM(T.B)] is not a valid group by expression",
    ),
    "select sum(b) as s from t group by s": (979, "[SUM(T.B)] is not a valid group by expression"),
    "select sum(b) from t group by 1": (979, "[SUM(T.B)] is not a valid group by expression"),
    "select sum(row_number() over (order by a)) from t": (
        2, f"Window function [{_WINDOW}] may not appear inside an aggregate function.",
    ),
    "select sum(abs(sum(b))) from t": (
        2, "Aggregate functions cannot be nested: [SUM(T.B)] nested in [SUM(ABS(SUM(T.B)))]",
    ),
    "select a from t group by a having b > 1": (979, "[T.B] is not a valid group by expression"),
    "select a from t group by a order by b": (1007, "[T.B] is not a valid order by expression"),
    "select a from t group by 2": (979, "[2] is not a valid group by expression"),
    "select a from t group by rollup(a, -1)": (979, "[-1] is not a valid group by expression"),
    "select * from t order by 3": (1007, "[3] is not a valid order by expression"),
    "select * from t group by a": (
        1104, "'T.B' in select clause is neither an aggregate nor in the group by clause.",
    ),
    "update t set a = sum(b)": (
        979, "[PSEUDOCOLUMN(VOL_ID)] is not a valid group by expression",
    ),
    "update t set a = row_number() over (order by b)": (
        2, "Analytic function not allowed as target of UPDATE.",
    ),
    "delete from t where sum(a) = 1": (
        2, "Invalid aggregate function in where clause [SUM(T.A)]",
    ),
    "insert into t (a) values (sum(1))": (2014, "Invalid expression [SUM(1)] in VALUES clause"),
    "create view v as select a from t where sum(a) = 1": (
        2, "Invalid aggregate function in where clause [SUM(T.A)]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sql", _MISPLACED)
def test_a_function_where_it_may_not_be_is_named_with_its_columns(run: Run, sql: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-aggregation,
    https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    run("create table if not exists t (a int, b int)")
    number, text = failure(run, sql)
    assert (number, text.partition("\n")[2]) == _MISPLACED[sql]


def test_a_function_is_named_within_a_transaction_which_goes_on(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    run("create table if not exists t (a int, b int)")
    run("begin")
    run("insert into t values (41, 1)")
    assert "[SUM(T.B)]" in failure(run, "delete from t where sum(b) = 1")[1]
    assert run("select b from t where a = 41") == [(1,)]
    run("rollback")
    assert run("select sum(sum(b)) over () from t where a = 41 group by a") == []

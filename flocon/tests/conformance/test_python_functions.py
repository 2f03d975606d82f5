"""Functions in Python (UDFs): CREATE, calls in statements, values, errors, rights."""

import datetime
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shared import one_database, shown
from snowflake.snowpark import Row, Session
from snowflake.snowpark.functions import call_udf, lit, pandas_udf, udf
from snowflake.snowpark.types import FloatType, IntegerType, PandasSeriesType

from conformance.procedure_shared import Cellar
from conformance.task_shared import Ops
from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)

PYTHON = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'run'"


def define(
    cellar: Cellar, signature: str, body: str, returns: str = "VARCHAR", more: str = ""
) -> None:
    """A function whose handler has the given lines."""
    clauses = f"RETURNS {returns} {PYTHON} {more}"
    cellar.rows(f"CREATE OR REPLACE FUNCTION {signature} {clauses} AS $$\n{body}\n$$")


def test_a_function_is_called_wherever_an_expression_stands(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-introduction"""
    define(cellar, "plus1(x INT)", "def run(x):\n    return None if x is None else x + 1", "INT")
    cellar.rows("CREATE TABLE numbers (i INT, s VARCHAR)")
    cellar.rows("INSERT INTO numbers VALUES (1, 'one'), (2, 'two'), (NULL, 'none')")
    place = cellar.value("SELECT CURRENT_DATABASE()")
    assert cellar.rows("SELECT i, plus1(i) + 1 FROM numbers ORDER BY i") == [
        (1, 3),
        (2, 4),
        (None, None),
    ]
    assert cellar.rows(f"SELECT s FROM numbers WHERE {place}.PUBLIC.plus1(plus1(i)) = 3") == [
        ("one",)
    ]
    assert cellar.rows("SELECT plus1(i), COUNT(*) FROM numbers GROUP BY plus1(i) ORDER BY 1") == [
        (2, 1),
        (3, 1),
        (None, 1),
    ]
    assert cellar.value("SELECT plus1(?)", 41) == 42
    assert cellar.value("SELECT SUM(x) FROM (SELECT plus1(i) AS x FROM numbers)") == 5
    cellar.rows("CREATE TABLE copied AS SELECT plus1(i) AS i FROM numbers WHERE i IS NOT NULL")
    cellar.rows("INSERT INTO copied SELECT plus1(i) FROM copied")
    cellar.rows("UPDATE copied SET i = plus1(i) WHERE plus1(i) = 5")
    cellar.rows("DELETE FROM copied WHERE plus1(i) = 3")
    assert cellar.rows("SELECT i FROM copied ORDER BY i") == [(3,), (3,), (5,)]
    cursor = cellar.connection.cursor().execute("SELECT plus1(i), plus1(1) AS n FROM numbers")
    assert cursor is not None
    assert [column.name for column in cursor.description] == ["PLUS1(I)", "N"]


def test_a_view_calls_a_function_by_its_full_name(cellar: Cellar, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    define(cellar, "twice(x INT)", "def run(x):\n    return 2 * x", "INT")
    cellar.rows("CREATE TABLE of_view AS SELECT 4 AS i")
    cellar.rows("CREATE VIEW doubled AS SELECT twice(i) AS n FROM of_view")
    assert cellar.rows("SELECT n FROM doubled") == [(8,)]
    cellar.rows("CREATE SCHEMA elsewhere")
    assert cellar.rows(f"SELECT n FROM {database}.PUBLIC.doubled") == [(8,)]
    cellar.rows("USE SCHEMA PUBLIC")


# A type, an SQL expression of it, the repr that the handler must see, the value that returns.
VALUES: tuple[tuple[str, str, str, Any], ...] = (
    ("NUMBER", "-42", "-42", -42),
    ("NUMBER(38,0)", "9" * 38, "9" * 38, int("9" * 38)),
    ("NUMBER(5,0)", "42", "42", 42),
    ("NUMBER(10,2)", "12.5", "Decimal('12.50')", Decimal("12.50")),
    ("FLOAT", "1.5", "1.5", 1.5),
    ("VARCHAR", "'Pommard – été 🍷'", "'Pommard – été 🍷'", "Pommard – été 🍷"),
    ("VARCHAR(3)", "'abc'", "'abc'", "abc"),
    ("BOOLEAN", "TRUE", "True", True),
    ("BINARY", "X'00FF'", "b'\\x00\\xff'", b"\x00\xff"),
    ("DATE", "'2026-01-02'::DATE", "datetime.date(2026, 1, 2)", datetime.date(2026, 1, 2)),
    ("TIME", "'03:04:05'::TIME", "datetime.time(3, 4, 5)", datetime.time(3, 4, 5)),
    (
        "TIMESTAMP_NTZ",
        "'2026-01-02 03:04:05'::TIMESTAMP_NTZ",
        "datetime.datetime(2026, 1, 2, 3, 4, 5)",
        datetime.datetime(2026, 1, 2, 3, 4, 5),
    ),
    (
        "TIMESTAMP_TZ",
        "'2026-01-02 03:04:05 +0000'::TIMESTAMP_TZ",
        "datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)",
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    ),
    ("VARIANT", "PARSE_JSON('{\"a\": [1, null]}')", "{'a': [1, None]}", {"a": [1, None]}),
    ("VARIANT", "'text'", "'text'", "text"),
    ("OBJECT", "OBJECT_CONSTRUCT('a', 1)", "{'a': 1}", {"a": 1}),
    ("ARRAY", "ARRAY_CONSTRUCT(1, 'b')", "[1, 'b']", [1, "b"]),
)


@pytest.mark.parametrize(
    ("kind", "expression", "seen", "returned"),
    [pytest.param(*case, id=f"{case[0]} {case[1][:20]}") for case in VALUES],
)
def test_values_go_in_and_out_by_their_declared_types(
    cellar: Cellar, kind: str, expression: str, seen: str, returned: Any
) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping"""
    define(cellar, f"seen(a {kind})", "def run(a):\n    return repr(a)")
    define(cellar, f"same(a {kind})", "def run(a):\n    return a", kind)
    text, answer = cellar.rows(f"SELECT seen({expression}), same({expression})")[0]
    assert text == seen
    assert (json.loads(answer) if kind in ("VARIANT", "OBJECT", "ARRAY") else answer) == returned
    assert cellar.value("SELECT same(NULL)") is None
    cellar.rows(f"DROP FUNCTION seen({kind})")
    cellar.rows(f"DROP FUNCTION same({kind})")


def test_a_moment_with_a_local_zone_is_one_of_the_sessions(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-designing"""
    define(cellar, "here(a TIMESTAMP_LTZ)", "def run(a):\n    return repr(a)")
    define(cellar, "back(a TIMESTAMP_LTZ)", "def run(a):\n    return a", "TIMESTAMP_LTZ")
    moment = "'2026-01-02 03:04:05 +0000'::TIMESTAMP_TZ"
    cellar.rows("ALTER SESSION SET TIMEZONE = 'Europe/Paris'")
    try:
        seen, back = cellar.rows(f"SELECT here({moment}), back({moment}) = {moment}")[0]
    finally:
        cellar.rows("ALTER SESSION UNSET TIMEZONE")
    assert (seen, back) == ("datetime.datetime(2026, 1, 2, 4, 4, 5)", True)


def test_null_is_told_from_the_null_of_json(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-designing"""
    define(
        cellar,
        "which(a VARIANT)",
        "def run(a):\n"
        "    return 'JSON' if a is None else 'SQL' if hasattr(a, 'is_sql_null') else 'value'",
    )
    assert cellar.rows("SELECT which(NULL), which(PARSE_JSON('null')), which(0)") == [
        ("SQL", "JSON", "value")
    ]
    define(cellar, "none(a VARIANT)", "def run(a):\n    return None", "VARIANT")
    define(cellar, "back(a VARIANT)", "def run(a):\n    return a", "VARIANT", "STRICT")
    assert cellar.rows("SELECT none(1), back(NULL), back(PARSE_JSON('null'))") == [
        ("null", None, "null")
    ]


def test_a_float_is_a_floating_point_number_in_a_variant(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping"""
    values = (
        "{'f': 2.0, 'l': [0.5, 1, 1e300, 0.0], 'd': decimal.Decimal('12.250'), 's': '2.5',"
        " 'n': None, 'b': True, 'i': 10**17, 'e': '\\u0001\\n\"'}"
    )
    define(cellar, "held()", f"import decimal\ndef run():\n    return {values}", "VARIANT")
    text = (
        '{"b":true,"d":12.25,"e":"\\u0001\\n\\"","f":2.000000000000000e+00,'
        '"i":100000000000000000,"l":[5.000000000000000e-01,1,1.000000000000000e+300,'
        '0.000000000000000e+00],"n":null,"s":"2.5"}'
    )
    assert cellar.value("SELECT TO_JSON(held())") == text
    same = 'v:e = PARSE_JSON(\'"\\\\u0001\\\\n\\\\""\')'
    kinds = f"SELECT TYPEOF(v:f), TYPEOF(v:d), {same} FROM (SELECT held() AS v)"
    assert cellar.rows(kinds) == [("DOUBLE", "DECIMAL", True)]
    define(cellar, "listed()", "def run():\n    return [2.0, 2]", "ARRAY")
    assert cellar.value("SELECT TO_JSON(listed())") == "[2.000000000000000e+00,2]"
    cellar.handler("returned()", "{'f': 2.0, 'i': 2}", "VARIANT")
    assert cellar.value("CALL returned()") == '{\n  "f": 2.000000000000000e+00,\n  "i": 2\n}'
    define(cellar, "endless()", "def run():\n    return [float('inf')]", "ARRAY")
    assert cellar.failure("SELECT endless()")[0] == 100069


def test_a_strict_function_is_not_asked_about_null(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    for clause, answer in (
        ("STRICT", None),
        ("RETURNS NULL ON NULL INPUT", None),
        ("CALLED ON NULL INPUT", "asked"),
        ("IMMUTABLE", "asked"),
    ):
        define(cellar, "ask(a INT, b INT)", "def run(a, b):\n    return 'asked'", more=clause)
        assert cellar.rows("SELECT ask(1, NULL), ask(1, 2)") == [(answer, "asked")]


def test_the_overload_is_chosen_by_the_types_of_the_arguments(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-naming-conventions"""
    for kind in ("NUMBER", "FLOAT", "VARCHAR", "DATE", "VARIANT"):
        define(cellar, f"named(a {kind})", f"def run(a):\n    return '{kind}'")
    define(cellar, "named(a INT, b INT DEFAULT 2)", "def run(a, b):\n    return f'{a} {b}'")
    cellar.rows("CREATE TABLE kinds (n INT, f FLOAT, s VARCHAR, d DATE, v VARIANT)")
    cellar.rows("INSERT INTO kinds SELECT 1, 1, 'a', '2026-01-01', PARSE_JSON('1')")
    assert cellar.rows("SELECT named(n), named(f), named(s), named(d), named(v) FROM kinds") == [
        ("NUMBER", "FLOAT", "VARCHAR", "DATE", "VARIANT")
    ]
    assert cellar.rows("SELECT named(1, 3), named(b => 4, a => 1)") == [("1 3", "1 4")]
    define(cellar, "defaulted(a INT, b INT DEFAULT 2)", "def run(a, b):\n    return f'{a} {b}'")
    assert cellar.rows("SELECT defaulted(1), defaulted(1, b => 5)") == [("1 2", "1 5")]


def test_a_default_may_be_an_array_or_an_object(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-arguments"""
    define(
        cellar,
        "listing(a ARRAY DEFAULT [1, 2], b OBJECT DEFAULT {'k': 3}, c VARCHAR DEFAULT ', x)')",
        "def run(a, b, c):\n    return f'{a} {b} {c}'",
    )
    assert cellar.value("SELECT listing()") == "[1, 2] {'k': 3} , x)"


def test_wrong_calls_fail_with_snowflakes_numbers(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/udf-calling-sql"""
    define(cellar, "count_down(a INT)", "def run(a):\n    return a - 1", "INT")
    define(cellar, "wrong(a INT)", "def run(a):\n    return 'wine'", "INT")
    define(cellar, "long(a INT)", "def run(a):\n    return 'abcd'", "VARCHAR(3)")
    define(cellar, "broken(a INT)", "def run(a):\n    raise ValueError('corked')", "INT")
    define(cellar, "ended(a INT)", "import os\ndef run(a):\n    os._exit(3)", "INT")
    for query, number, text in (
        ("SELECT count_down(1, 2)", 1044, "Invalid argument types for function 'COUNT_DOWN'"),
        ("SELECT count_down(CURRENT_DATE)", 1044, "'COUNT_DOWN': (DATE)"),
        ("SELECT count_down('wine')", 100038, "'wine' is not recognized"),
        ("SELECT wrong(1)", 100038, "'wine' is not recognized"),
        ("SELECT long(1)", 100078, "'abcd' is too long"),
        ("SELECT ended(1)", 100357, "The handler's process ended: exit code 3."),
        ("SELECT count_up(1)", 2140, "Unknown function COUNT_UP"),
    ):
        failed, message = cellar.failure(query)
        assert (failed, text in message) == (number, True), message
    number, text = cellar.failure("SELECT broken(1)")
    assert number == 100357
    assert text.splitlines()[-5:] == [
        "Traceback (most recent call last):",
        '  File "_udf_code.py", line 3, in run',
        "    raise ValueError('corked')",
        "ValueError: corked",
        " in function BROKEN with handler run",
    ]


def test_a_transaction_goes_on_after_a_function_has_failed(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    define(cellar, "inverse(a FLOAT)", "def run(a):\n    return 1 / a", "FLOAT")
    cellar.rows("CREATE TABLE halves (a FLOAT)")
    cellar.rows("BEGIN")
    cellar.rows("INSERT INTO halves SELECT inverse(2)")
    assert cellar.failure("INSERT INTO halves SELECT inverse(0)")[0] == 100357
    assert cellar.rows("SELECT inverse(a) FROM halves") == [(2.0,)]
    cellar.rows("COMMIT")
    assert cellar.rows("SELECT a FROM halves") == [(0.5,)]


def test_a_function_is_cancelled_with_its_statement(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#statement-timeout-in-seconds"""
    define(
        cellar, "slow(a INT)", "import time\ndef run(a):\n    time.sleep(60)\n    return a", "INT"
    )
    cellar.rows("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    started = time.monotonic()
    assert cellar.failure("SELECT slow(1)")[0] == 630
    cellar.rows("ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS")
    cursor = cellar.connection.cursor()
    cursor.execute_async("SELECT slow(1)")
    assert cursor.sfqid
    assert cellar.connection.get_query_status(cursor.sfqid).name == "RUNNING"
    assert cursor.abort_query(cursor.sfqid)
    cellar.rows("SELECT 1")  # takes its turn behind
    assert cellar.connection.get_query_status(cursor.sfqid).name == "FAILED_WITH_ERROR"
    assert time.monotonic() - started < 30


def test_many_rows_go_in_batches_and_keep_their_order(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch"""
    define(cellar, "times3(a INT)", "def run(a):\n    return 3 * a", "INT")
    define(
        cellar,
        "vector3(a INT, b FLOAT)",
        "import pandas\n"
        "from _snowflake import vectorized\n"
        "@vectorized(input=pandas.DataFrame, max_batch_size=100)\n"
        "def run(df):\n"
        "    assert len(df) <= 100\n"
        "    return 3 * df[0] + df[1]",
        "FLOAT",
    )
    cellar.rows("CREATE TABLE many AS SELECT SEQ8() AS i FROM TABLE(GENERATOR(ROWCOUNT => 10000))")
    assert cellar.rows("SELECT COUNT(*) FROM many WHERE times3(i) = 3 * i") == [(10_000,)]
    assert cellar.rows("SELECT COUNT(*) FROM many WHERE vector3(i, 0.5) = 3 * i + 0.5") == [
        (10_000,)
    ]
    assert cellar.rows("SELECT vector3(NULL, 1) IS NULL") == [(True,)]


def test_functions_are_created_replaced_renamed_shown_and_dropped(
    cellar: Cellar, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function
    https://docs.snowflake.com/en/sql-reference/sql/show-user-functions
    https://docs.snowflake.com/en/sql-reference/sql/desc-function"""
    body = (
        f"RETURNS INT {PYTHON} PACKAGES = ('pandas') COMMENT = 'counts' AS 'def run(a): return a'"
    )
    cellar.rows(f"CREATE FUNCTION life(a INT DEFAULT 1) {body}")
    assert cellar.failure(f"CREATE FUNCTION life(a INT) {body}")[0] == 2002
    assert "already exists" in cellar.value(f"CREATE FUNCTION IF NOT EXISTS life(a INT) {body}")
    cellar.rows(f"CREATE OR REPLACE SECURE FUNCTION life(a INT DEFAULT 1) {body}")
    (row,) = shown(cellar.connection, "SHOW USER FUNCTIONS LIKE 'LIFE'")
    assert (row["arguments"], row["description"], row["language"], row["is_secure"]) == (
        "LIFE(DEFAULT NUMBER) RETURN NUMBER",
        "counts",
        "PYTHON",
        "Y",
    )
    assert (row["catalog_name"], row["schema_name"], row["is_builtin"]) == (database, "PUBLIC", "N")
    assert shown(cellar.connection, f"SHOW FUNCTIONS LIKE 'LIFE' IN SCHEMA {database}.PUBLIC") == [
        row
    ]
    described = dict(cellar.rows("DESCRIBE FUNCTION life(INT)"))
    assert described["signature"] == "(A NUMBER DEFAULT 1)"
    assert (described["returns"], described["handler"]) == ("NUMBER(38,0)", "run")
    assert described["body"] == "def run(a): return a"
    assert "execute as" not in described
    listed = "SELECT function_name, argument_signature, data_type, comment FROM"
    assert cellar.rows(f"{listed} INFORMATION_SCHEMA.FUNCTIONS WHERE function_name = 'LIFE'") == [
        ("LIFE", "(A NUMBER DEFAULT 1)", "NUMBER(38,0)", "counts")
    ]
    cellar.rows("ALTER FUNCTION life(INT) SET COMMENT = 'more'")
    cellar.rows("ALTER FUNCTION life(INT) RENAME TO lives")
    assert cellar.value("SELECT lives()") == 1
    assert cellar.failure("SELECT life()")[0] == 2140
    assert cellar.failure(f"CREATE PROCEDURE lives(a INT) {body}")[0] == 1008
    cellar.handler("both(a INT)", "a", "INT")
    assert cellar.failure(f"CREATE OR REPLACE FUNCTION both(a INT) {body}")[0] == 2203
    cellar.rows("DROP FUNCTION lives(INT)")
    assert cellar.failure("DROP FUNCTION lives(INT)")[0] == 2003
    cellar.rows("DROP FUNCTION IF EXISTS lives(INT)")
    assert shown(cellar.connection, "SHOW USER FUNCTIONS LIKE 'LIVES'") == []


def test_a_role_uses_a_function_that_it_was_granted(
    cellar: Cellar, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-privileges"""
    role = f"TASTER_{database}"
    define(cellar, "tasted(a INT)", "def run(a):\n    return a", "INT")
    cellar.rows(f"CREATE ROLE {role}")
    cellar.rows("CREATE WAREHOUSE IF NOT EXISTS TASTING")
    for grant in (
        f"USAGE ON DATABASE {database}",
        f"USAGE, CREATE FUNCTION ON SCHEMA {database}.PUBLIC",
        "USAGE ON WAREHOUSE TASTING",
    ):
        cellar.rows(f"GRANT {grant} TO ROLE {role}")
    cellar.rows(f"GRANT ROLE {role} TO USER {cellar.value('SELECT CURRENT_USER()')}")
    with account.connect(
        database=database, schema="PUBLIC", role=role, warehouse="TASTING"
    ) as opened:
        taster = Cellar(opened)
        assert taster.failure("SELECT tasted(1)")[0] == 2140
        assert shown(opened, "SHOW USER FUNCTIONS LIKE 'TASTED'") == []
        cellar.rows(f"GRANT USAGE ON FUNCTION tasted(INT) TO ROLE {role}")
        assert taster.value("SELECT tasted(1)") == 1
        assert [row["name"] for row in shown(opened, "SHOW USER FUNCTIONS LIKE 'TASTED'")] == [
            "TASTED"
        ]
        assert taster.failure("DROP FUNCTION tasted(INT)")[0] == 3001
        define(taster, "own(a INT)", "def run(a):\n    return -a", "INT")
        assert taster.value("SELECT own(tasted(2))") == -2
        taster.rows("DROP FUNCTION own(INT)")
    cellar.rows(f"DROP ROLE {role}")


def test_a_function_comes_from_a_file_in_a_stage(cellar: Cellar, tmp_path: Any) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-creating"""
    file = tmp_path / "presses.py"
    cellar.rows("CREATE STAGE files")
    for answer in ("first", "second"):
        file.write_text(f"def press(a):\n    return a + ' {answer}'\n")
        cellar.rows(f"PUT 'file://{file}' @files AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        cellar.rows(
            "CREATE OR REPLACE FUNCTION press(a VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON"
            " RUNTIME_VERSION = '3.11' IMPORTS = ('@files/presses.py') HANDLER = 'presses.press'"
        )
        assert cellar.value("SELECT press('the')") == f"the {answer}"
    assert (
        cellar.failure(
            "CREATE FUNCTION lost() RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " IMPORTS = ('@files/lost.py') HANDLER = 'lost.lost'"
        )[0]
        == 2003
    )


def test_get_ddl_makes_the_function_again(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/get_ddl"""
    cellar.rows(
        "CREATE SECURE FUNCTION again(a VARCHAR, b INT DEFAULT 1) RETURNS VARCHAR LANGUAGE PYTHON"
        " STRICT IMMUTABLE RUNTIME_VERSION = '3.11' PACKAGES = ('pandas') HANDLER = 'run'"
        " COMMENT = 'it''s' AS $$\ndef run(a, b):\n    return a + '\\n' * b\n$$"
    )
    text = cellar.value("SELECT GET_DDL('FUNCTION', 'again(VARCHAR, INT)')")
    assert text.splitlines()[:4] == [
        'CREATE OR REPLACE SECURE FUNCTION "AGAIN"(A VARCHAR, B NUMBER DEFAULT 1)',
        "RETURNS VARCHAR",
        "LANGUAGE PYTHON",
        "STRICT",
    ]
    cellar.rows("DROP FUNCTION again(VARCHAR, INT)")
    cellar.rows(text)
    assert cellar.value("SELECT again('x')") == "x\n"
    assert cellar.value("SELECT GET_DDL('FUNCTION', 'again(VARCHAR, INT)')") == text
    assert cellar.failure("SELECT GET_DDL('FUNCTION', 'never(INT)')")[0] == 2003


def test_a_batch_has_the_types_that_pandas_has_for_them(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch"""
    cellar.rows("CREATE TABLE typed (i INT, j INT, b BOOLEAN, s VARCHAR, d DATE, t TIME)")
    cellar.rows(
        "INSERT INTO typed VALUES (4096, NULL, TRUE, 'a', '2026-01-02', '01:02:03'),"
        " (1, 1048576, NULL, NULL, NULL, NULL)"
    )
    batch = (
        "import pandas\ndef run(df):\n    return {}\nrun._sf_vectorized_input = pandas.DataFrame"
    )
    kinds = "a INT, b INT, c BOOLEAN, d VARCHAR, e DATE, f TIME"
    names = "'/'.join(str(each).split('[')[0] for each in df.dtypes)"
    define(cellar, f"dtypes({kinds})", batch.format(f"[{names}] * len(df)"))
    assert cellar.rows("SELECT DISTINCT dtypes(i, j, b, s, d, t) FROM typed") == [
        ("int16/Int32/boolean/string/datetime64/timedelta64",)
    ]
    for kind, column in (
        ("INT", "j"),
        ("BOOLEAN", "b"),
        ("VARCHAR", "s"),
        ("DATE", "d"),
        ("TIME", "t"),
    ):
        define(cellar, f"column_{column}(a {kind})", batch.format("df[0]"), kind)
        assert cellar.rows(
            f"SELECT COUNT(*) FROM typed WHERE EQUAL_NULL(column_{column}({column}), {column})"
        ) == [(2,)]
    define(cellar, "nothing()", batch.format("pandas.Series(['x'])"))
    assert cellar.rows("SELECT nothing() FROM typed") == [("x",), ("x",)]


def test_a_statement_that_failed_finds_the_function_made_since(
    cellar: Cellar, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    query = "SELECT late(8, 9)"
    assert cellar.failure(query)[0] == 2140
    body = f"RETURNS INT {PYTHON} AS 'def run(a, b): return a + b'"
    cellar.rows(f"CREATE TEMPORARY FUNCTION late(a INT, b INT) {body}")
    assert cellar.value(query) == 17
    with account.connect(database=database, schema="PUBLIC") as opened:
        assert Cellar(opened).failure(query)[0] == 2140
    assert cellar.value(query) == 17


def test_snowpark_registers_functions(session: Session, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/creating-udfs"""
    frame = session.create_dataframe([[1, "a"], [2, None]], ["n", "s"])

    @udf(session=session)
    def shouted(text: str, times: int) -> str:
        return "nobody" if text is None else text.upper() + "!" * times

    halves = pandas_udf(
        lambda numbers: numbers / 2,
        session=session,
        return_type=PandasSeriesType(FloatType()),
        input_types=[PandasSeriesType(FloatType())],
    )
    assert frame.select(shouted("s", "n"), halves("n")).collect() == [
        Row("A!", 0.5),
        Row("nobody", 1.0),
    ]
    file = tmp_path / "presses.py"
    file.write_text("def press(a: int, b: int = 3) -> int:\n    return a * b\n")
    session.sql("CREATE STAGE presses").collect()
    press = session.udf.register_from_file(
        str(file), "press", name="press", is_permanent=True, stage_location="@presses"
    )
    assert frame.select(press("n")).collect() == [Row(3), Row(6)]
    for more, answer in (({"replace": True}, 2), ({"if_not_exists": True}, 2)):
        kept = session.udf.register(
            lambda a, b: a - b + 2 if "replace" in more else 0,  # noqa: B023  # it is sent at once
            return_type=IntegerType(),
            input_types=[IntegerType(), IntegerType()],
            name="press",
            is_permanent=True,
            stage_location="@presses",
            **more,
        )
        assert frame.select(kept("n", "n")).collect() == [Row(answer), Row(answer)]
    assert frame.filter(call_udf("press", frame["n"], lit(1)) == 3).select("n").collect() == [
        Row(2)
    ]
    assert len(session.sql("SHOW USER FUNCTIONS LIKE 'PRESS'").collect()) == 1


def test_functions_run_in_procedures_and_tasks(cellar: Cellar, ops: Ops) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/udf-calling-sql"""
    define(cellar, "eighth(a FLOAT)", "def run(a):\n    return a / 8", "FLOAT")
    cellar.rows("CREATE TABLE eighths (a FLOAT)")
    cellar.create(
        "fill()",
        "def run(session):\n"
        "    session.sql('INSERT INTO eighths SELECT eighth(16)').collect()\n"
        "    return session.table('eighths').count()",
        "INT",
    )
    assert cellar.value("CALL fill()") == 1
    cellar.rows("CREATE OR REPLACE WAREHOUSE FUNCTIONS_WH")
    cellar.rows(
        "CREATE TASK filling WAREHOUSE = FUNCTIONS_WH SCHEDULE = '60 MINUTES'"
        " AS INSERT INTO eighths SELECT eighth(8)"
    )
    cellar.rows("EXECUTE TASK filling")
    ops.wait_for(lambda: cellar.value("SELECT COUNT(*) FROM eighths") == 2)
    assert cellar.rows("SELECT a FROM eighths ORDER BY a") == [(1.0,), (2.0,)]

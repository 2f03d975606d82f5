"""Arguments and return values of Python procedures, by their declared types."""

import datetime
import json
from decimal import Decimal
from typing import Any

import pytest
from shared import one_database
from snowflake.snowpark import Row, Session

from conformance.procedure_shared import Cellar

database = pytest.fixture(scope="module")(one_database)

# A type, an SQL expression of it, the repr that the handler must see, the value that returns.
CASES = (
    ("NUMBER", "-42", "-42", -42),
    ("NUMBER(38,0)", "9" * 38, "9" * 38, int("9" * 38)),
    ("NUMBER(10,2)", "12.5", "Decimal('12.50')", Decimal("12.50")),
    ("FLOAT", "1.5", "1.5", 1.5),
    ("VARCHAR", "'it''s'", '"it\'s"', "it's"),
    ("VARCHAR", "'Pommard – été 🍷'", "'Pommard – été 🍷'", "Pommard – été 🍷"),
    ("BOOLEAN", "TRUE", "True", True),
    ("DATE", "'2026-01-02'::DATE", "datetime.date(2026, 1, 2)", datetime.date(2026, 1, 2)),
    ("TIME", "'03:04:05'::TIME", "datetime.time(3, 4, 5)", datetime.time(3, 4, 5)),
    (
        "TIMESTAMP_NTZ",
        "'2026-01-02 03:04:05'::TIMESTAMP_NTZ",
        "datetime.datetime(2026, 1, 2, 3, 4, 5)",
        datetime.datetime(2026, 1, 2, 3, 4, 5),
    ),
    ("BINARY", "X'00FF'", "b'\\x00\\xff'", b"\x00\xff"),
    ("VARIANT", "PARSE_JSON('{\"a\": [1, null]}')", "{'a': [1, None]}", {"a": [1, None]}),
    ("VARIANT", "TO_VARIANT('text')", "'text'", "text"),
    ("VARIANT", "TO_VARIANT(3)", "3", 3),
    ("OBJECT", "OBJECT_CONSTRUCT('a', 1)", "{'a': 1}", {"a": 1}),
    ("ARRAY", "ARRAY_CONSTRUCT(1, 'b')", "[1, 'b']", [1, "b"]),
)


@pytest.mark.parametrize(
    ("kind", "expression", "seen", "returned"),
    [pytest.param(*case, id=f"{case[0]} {case[1][:20]}") for case in CASES],
)
def test_values_go_in_and_out_by_their_declared_types(
    cellar: Cellar, kind: str, expression: str, seen: str, returned: Any
) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping"""
    cellar.handler(f"seen(a {kind})", "repr(a)", "VARCHAR")
    cellar.handler(f"same(a {kind})", "a", kind)
    assert cellar.value(f"CALL seen({expression})") == seen
    answer = cellar.value(f"CALL same({expression})")
    if kind in ("VARIANT", "OBJECT", "ARRAY"):
        answer = json.loads(answer)
    assert answer == returned
    cellar.rows(f"DROP PROCEDURE seen({kind})")
    cellar.rows(f"DROP PROCEDURE same({kind})")


@pytest.mark.parametrize(
    "kind", ["NUMBER", "FLOAT", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP_NTZ", "VARIANT"]
)
def test_null_is_none_both_ways(cellar: Cellar, kind: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping"""
    cellar.handler(f"none(a {kind})", "'none' if a is None else 'some'", "VARCHAR")
    cellar.handler(f"back(a {kind})", "None", kind)
    assert cellar.value("CALL none(NULL)") == "none"
    assert cellar.value("CALL back(NULL)") is None
    cellar.rows(f"DROP PROCEDURE none({kind})")
    cellar.rows(f"DROP PROCEDURE back({kind})")


def test_a_strict_procedure_is_not_run_for_null(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    cellar.rows(
        "CREATE PROCEDURE strict(a INT) RETURNS INT LANGUAGE PYTHON STRICT RUNTIME_VERSION = '3.11'"
        " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS 'def run(s, a): return 1'"
    )
    assert cellar.value("CALL strict(1)") == 1
    assert cellar.value("CALL strict(NULL)") is None


def test_a_variant_keeps_numbers_text_lists_and_nested_objects(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping"""
    value = {"n": 1, "f": 1.5, "t": "l'été", "b": True, "none": None, "l": [{"x": [1, 2]}]}
    cellar.handler("same(a VARIANT)", "a")
    cellar.handler("same(a ARRAY)", "'array'")
    assert cellar.read("CALL same(PARSE_JSON(?))", json.dumps(value)) == value
    assert cellar.value("CALL same(PARSE_JSON('null'))") is None


def test_a_dict_with_dates_and_decimals_becomes_a_variant(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-writing"""
    cellar.create(
        "made()",
        "import datetime, decimal\n"
        "def run(session):\n"
        "    return {'rows': 3, 'price': decimal.Decimal('12.25')}",
    )
    assert cellar.read("CALL made()") == {"rows": 3, "price": 12.25}


def test_the_answer_of_a_call_is_cast_to_the_returned_type(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    cellar.handler("number()", "'12.345'", "NUMBER(10,2)")
    cellar.handler("text()", "[1, None]", "VARCHAR")
    cellar.handler("wrong()", "'wine'", "NUMBER")
    assert cellar.value("CALL number()") == Decimal("12.35")
    assert cellar.value("CALL text()") == "[1, None]"
    assert cellar.failure("CALL wrong()")[0] == 100038


def test_numbers_of_numpy_and_rows_of_a_table_return_as_plain_values(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-writing"""
    cellar.create(
        "stats()",
        "import numpy\n"
        "def run(session):\n"
        "    row = session.sql('SELECT 1 AS A, NULL AS B').collect()[0]\n"
        "    return {'mean': numpy.mean([1, 2]), 'row': row.as_dict()}",
    )
    assert cellar.read("CALL stats()") == {"mean": 1.5, "row": {"A": 1, "B": None}}


def test_arguments_may_be_named_left_to_their_defaults_and_expressions(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-calling-optional-arguments"""
    cellar.create(
        "args(a INT, b VARCHAR DEFAULT 'wine', c INT DEFAULT 1 + 2)",
        "def run(session, *args):\n    return list(args)",
    )
    assert cellar.read("CALL args(1)") == [1, "wine", 3]
    assert cellar.read("CALL args(1, c => 5)") == [1, "wine", 5]
    assert cellar.read("CALL args(b => 'x', a => -1)") == [-1, "x", 3]
    assert cellar.read("CALL args(2 * 3, UPPER('a') || 'b')") == [6, "Ab", 3]


def test_question_marks_are_bound(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/bind-variables"""
    cellar.create(
        "bound(a INT, b VARCHAR, c BOOLEAN, d FLOAT)",
        "def run(session, *args):\n    return list(args)",
    )
    assert cellar.read("CALL bound(?, ?, ?, ?)", 7, "l'été", None, 1.5) == [7, "l'été", None, 1.5]


def test_overloads_are_told_apart_by_their_argument_types(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-naming-conventions"""
    for arguments in ("", "a INT", "a VARCHAR", "a INT, b INT"):
        cellar.create(
            f"which({arguments})", f"def run(session, *a):\n    return '{arguments}'", "VARCHAR"
        )
    calls = ("which()", "which(1)", "which('1')", "which(1, 2)")
    assert [cellar.value(f"CALL {call}") for call in calls] == [
        "", "a INT", "a VARCHAR", "a INT, b INT",
    ]  # fmt: skip
    cellar.rows("DROP PROCEDURE which(INT)")
    assert len(cellar.rows("SHOW PROCEDURES LIKE 'which'")) == 3


def test_a_procedure_returns_the_rows_of_a_data_frame(cellar: Cellar, session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-python"""
    body = (
        "def run(session):\n    return session.create_dataframe([[1, 'a'], [2, None]], ['i', 's'])"
    )
    cellar.create("declared()", body, "TABLE (n NUMBER(5,2), t VARCHAR)")
    cellar.create("open()", body, "TABLE ()")
    cellar.create("none()", "def run(session):\n    return 1", "TABLE (n INT)")
    cellar.create("fewer()", body, "TABLE (n INT)")
    for procedure, names in (("declared()", ["N", "T"]), ("open()", ["I", "S"])):
        cursor = cellar.connection.cursor().execute(f"CALL {procedure}")
        assert cursor is not None
        assert [column.name for column in cursor.description] == names
        assert cursor.fetchall() == [(1, "a"), (2, None)]
    described = dict(cellar.rows("DESCRIBE PROCEDURE declared()"))
    assert described["returns"] == "TABLE (N NUMBER, T VARCHAR)"
    assert cellar.failure("CALL none()")[0] == 100357
    assert cellar.failure("CALL fewer()")[0] == 100357
    place = cellar.value("SELECT CURRENT_DATABASE()")
    assert session.call(f"{place}.PUBLIC.declared").filter("n > 1").collect() == [
        Row(N=Decimal("2.00"), T=None)
    ]

"""Procedures in their caller's transaction and session: scopes, rights, names."""

from typing import Any

import pytest
from shared import one_database

from conformance.procedure_shared import Cellar

database = pytest.fixture(scope="module")(one_database)

INSERT = "    session.sql(\"INSERT INTO t VALUES ('{}')\").collect()\n"
WHERE = "def run(session):\n    return session.sql('SELECT CURRENT_SCHEMA()').collect()[0][0]"


@pytest.fixture
def table(cellar: Cellar) -> Cellar:
    """With an empty table T."""
    cellar.rows("CREATE OR REPLACE TABLE t (a VARCHAR)")
    return cellar


def content(cellar: Cellar) -> list[str]:
    return [row[0] for row in cellar.rows("SELECT a FROM t ORDER BY a")]


def test_a_procedures_statements_are_in_its_callers_transaction(
    table: Cellar, account: Any, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    table.create("add()", "def run(session):\n" + INSERT.format("inside"))
    table.rows("BEGIN")
    table.rows("INSERT INTO t VALUES ('before')")
    table.rows("CALL add()")
    assert content(table) == ["before", "inside"]
    with account.connect(database=database, schema="PUBLIC") as other:
        assert content(Cellar(other)) == []
    table.rows("ROLLBACK")
    assert content(table) == []


def test_without_a_transaction_each_statement_commits_itself(table: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    table.create("add()", "def run(session):\n" + INSERT.format("kept") + "    raise ValueError")
    table.failure("CALL add()")
    assert content(table) == ["kept"]


def test_a_procedures_own_transaction_ends_with_it(table: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    body = "def run(session):\n    session.begin_transaction()\n" + INSERT.format("own")
    table.create("good()", body + "    session.commit()")
    table.create("bad()", body + "    raise ValueError('no')")
    table.create("open()", body)
    table.rows("CALL good()")
    assert content(table) == ["own"]
    assert "ValueError: no" in table.failure("CALL bad()")[1]
    number, text = table.failure("CALL open()")
    assert (number, "is incomplete and it was rolled back" in text) == (90232, True)
    assert content(table) == ["own"]


def test_a_transaction_begun_inside_is_not_undone_by_the_callers_rollback(table: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    table.create(
        "own()",
        "def run(session):\n    session.begin_transaction()\n"
        + INSERT.format("own")
        + "    session.commit()",
    )
    table.rows("CREATE OR REPLACE TABLE callers (a VARCHAR)")
    table.rows("BEGIN")
    table.rows("INSERT INTO callers VALUES ('before')")
    table.rows("CALL own()")
    table.rows("ROLLBACK")
    assert content(table) == ["own"]
    assert table.rows("SELECT a FROM callers") == []


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_procedure_cannot_end_its_callers_transaction(table: Cellar, end: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    table.create("meddle()", f"def run(session):\n    session.{end}()")
    table.rows("BEGIN")
    table.rows("INSERT INTO t VALUES ('before')")
    assert "different scope is not allowed" in table.failure("CALL meddle()")[1]
    table.rows("COMMIT")
    assert content(table) == ["before"]


def test_ddl_in_a_procedure_inside_a_transaction_is_an_error(table: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    table.create("ddl()", "def run(session):\n    session.sql('CREATE TABLE x (a INT)').collect()")
    table.rows("BEGIN")
    table.rows("INSERT INTO t VALUES ('before')")
    assert "different scope is not allowed" in table.failure("CALL ddl()")[1]
    table.rows("ROLLBACK")
    assert content(table) == []


def test_autocommit_cannot_be_changed_inside_a_procedure(table: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    body = "def run(session):\n    session.sql('ALTER SESSION SET AUTOCOMMIT = FALSE').collect()"
    table.create("silent()", body)
    assert "AUTOCOMMIT" in table.failure("CALL silent()")[1]


def test_owners_rights_run_in_the_procedures_schema_callers_in_the_callers(
    cellar: Cellar, database: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights"""
    cellar.rows("CREATE OR REPLACE SCHEMA tools")
    for rights in ("owner", "caller"):
        cellar.create(f"{database}.tools.{rights}_place()", WHERE, "VARCHAR", rights)
    cellar.rows("USE SCHEMA public")
    assert cellar.value("CALL tools.owner_place()") == "TOOLS"
    assert cellar.value("CALL tools.caller_place()") == "PUBLIC"
    assert cellar.value("SELECT CURRENT_SCHEMA()") == "PUBLIC"


def test_what_a_procedure_with_owners_rights_calls_has_owners_rights(
    cellar: Cellar, database: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights"""
    cellar.rows("CREATE OR REPLACE SCHEMA tools")
    cellar.create(f"{database}.tools.caller_place()", WHERE, "VARCHAR")
    outer = f"def run(session):\n    return session.call('{database}.tools.caller_place')"
    cellar.create("public.owner_calls()", outer, "VARCHAR", "OWNER")
    cellar.create("public.caller_calls()", outer, "VARCHAR", "CALLER")
    cellar.rows("USE SCHEMA public")
    assert cellar.value("CALL owner_calls()") == "TOOLS"
    assert cellar.value("CALL caller_calls()") == "PUBLIC"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("USE SCHEMA INFORMATION_SCHEMA", "USE"),
        ("USE WAREHOUSE no_matter", "USE"),
        ("ALTER SESSION SET TIMEZONE = 'Asia/Tokyo'", "ALTER_SESSION"),
        ("SET v = 1", "SET"),
        ("UNSET v", "UNSET"),
    ],
)
def test_a_procedure_with_owners_rights_cannot_change_its_callers_session(
    cellar: Cellar, statement: str, kind: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights"""
    body = f'def run(session):\n    session.sql("{statement}").collect()'
    cellar.create("change()", body, rights="OWNER")
    assert f"Unsupported statement type '{kind}'" in cellar.failure("CALL change()")[1]


_NAMED = [
    ("CREATE TEMPORARY TABLE named (a INT)", "TABLE"),
    ("CREATE OR REPLACE TEMP TABLE named AS SELECT 1 AS a", "TABLE"),
    ("CREATE TEMPORARY VIEW named AS SELECT 1 AS a", "VIEW"),
    ("CREATE TEMPORARY STAGE named", "STAGE"),
    ("CREATE TEMPORARY FILE FORMAT named TYPE = CSV", "FILE_FORMAT"),
    ("CREATE TEMPORARY FUNCTION named() RETURNS INT AS '1'", "FUNCTION"),
]


@pytest.mark.parametrize(("statement", "kind"), _NAMED)
def test_a_procedure_with_owners_rights_names_no_temporary_object(
    cellar: Cellar, statement: str, kind: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-limitations"""
    body = f'def run(session):\n    session.sql("""{statement}""").collect()'
    cellar.create("naming()", body, rights="OWNER")
    refused = (
        "090236 (42601): Stored procedure execution error: Unsupported statement type"
        f" 'temporary {kind}'."
    )
    assert refused in cellar.failure("CALL naming()")[1]
    cellar.create("called()", "def run(session):\n    return session.call('naming')")
    cellar.create("naming()", body, rights="CALLER")
    cellar.rows("CALL called()")
    cellar.create("called()", "def run(session):\n    session.call('naming')", rights="OWNER")
    assert refused in cellar.failure("CALL called()")[1]
    cellar.rows(f"DROP {kind.replace('_', ' ')} IF EXISTS named{'()' * (kind == 'FUNCTION')}")


@pytest.mark.parametrize("rights", ["OWNER", "CALLER"])
@pytest.mark.parametrize(
    ("statement", "kind"),
    [("PUT file:///tmp/one.csv @files", "PUT_FILES"), ("GET @files file:///tmp", "GET_FILES")],
)
def test_a_procedure_moves_no_files_by_statements(
    cellar: Cellar, statement: str, kind: str, rights: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-limitations"""
    cellar.rows("CREATE STAGE IF NOT EXISTS files")
    refused = (
        f"090236 (42601): Stored procedure execution error: Unsupported statement type '{kind}'."
    )
    for run in ("sql('{}').collect()", "connection.cursor().execute('{}')"):
        body = f"def run(session):\n    session.{run.format(statement)}"
        cellar.create("moving()", body, rights=rights)
        assert refused in cellar.failure("CALL moving()")[1]
    assert cellar.rows("LIST @files") == []


def test_what_snowpark_makes_by_itself_is_there_with_owners_rights(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.cache_result"""
    cellar.rows("CREATE STAGE IF NOT EXISTS kept_files")
    body = """
import io
import tempfile

import pandas
from snowflake.snowpark.types import IntegerType, StructField, StructType


def run(session):
    many = session.create_dataframe([[i, str(i)] for i in range(20_000)], schema=["A", "B"])
    cached = many.filter("A < 3").cache_result()
    frame = pandas.DataFrame({"A": [1, 2], "B": ["x", "y"]})
    session.write_pandas(frame, "FROM_PANDAS", auto_create_table=True, overwrite=True)
    session.file.put_stream(io.BytesIO(b"1"), "@kept_files/one.csv", auto_compress=False)
    with session.file.get_stream("@kept_files/one.csv") as found:
        read = found.read().decode()
    columns = StructType([StructField("A", IntegerType())])
    staged = session.read.schema(columns).csv("@kept_files/one.csv").count()
    with tempfile.TemporaryDirectory() as folder:
        session.file.get("@kept_files/one.csv", folder)
        session.file.put(f"{folder}/one.csv", "@kept_files/again", auto_compress=False)
    session.file.get_stream("@kept_files/again/one.csv").close()
    more = session.udf.register(lambda x: x + 1, IntegerType(), [IntegerType()])
    return [many.count(), cached.count(), session.table("FROM_PANDAS").count(), read, staged,
            session.sql("select 1 as a").select(more("a")).collect()[0][0]]
"""
    cellar.create("by_itself()", body, rights="OWNER")
    assert cellar.read("CALL by_itself()") == [20_000, 3, 2, "1", 1, 2]


def test_a_procedure_with_callers_rights_changes_its_callers_session(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights"""
    cellar.rows("CREATE SCHEMA IF NOT EXISTS elsewhere")
    cellar.rows("USE SCHEMA public")
    cellar.create("public.move()", "def run(session):\n    session.use_schema('elsewhere')")
    cellar.rows("CALL move()")
    assert cellar.value("SELECT CURRENT_SCHEMA()") == "ELSEWHERE"

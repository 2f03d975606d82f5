"""Procedures through the real connector and Snowpark, against a running account."""

import datetime
import json
import os
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError
from snowflake.snowpark import Session

from tests.conftest import ROOT, RunningAccount, new_account
from tests.local.test_workers import gone, until

OPTIONS = (
    "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"
    " HANDLER = 'run'"
)


def rows(connection: SnowflakeConnection, sql: str, binds: Any = None) -> list[tuple[Any, ...]]:
    return list(connection.cursor().execute(sql, binds).fetchall())


def value(connection: SnowflakeConnection, sql: str, binds: Any = None) -> Any:
    return rows(connection, sql, binds)[0][0]


def create(
    connection: SnowflakeConnection,
    signature: str,
    body: str,
    returns: str = "VARIANT",
    rights: str = "CALLER",
) -> None:
    rows(
        connection,
        f"CREATE OR REPLACE PROCEDURE {signature} RETURNS {returns} {OPTIONS}"
        f" EXECUTE AS {rights} AS $$\n{body}\n$$",
    )


def test_a_call_answers_one_row_whose_column_has_the_procedures_name(
    connection: SnowflakeConnection,
) -> None:
    create(connection, "hello()", "def run(session):\n    return 'Santé 🍷'", "VARCHAR")
    cursor = connection.cursor().execute("CALL hello()")
    assert [column.name for column in cursor.description] == ["HELLO"]
    assert cursor.fetchall() == [("Santé 🍷",)]


# A type, an SQL expression of it, the repr that the handler must see, the value that returns.
CASES = (
    ("NUMBER", "-42", "-42", -42),
    ("NUMBER(10,2)", "12.5", "Decimal('12.50')", Decimal("12.50")),
    ("FLOAT", "1.5", "1.5", 1.5),
    ("VARCHAR", "'it''s'", '"it\'s"', "it's"),
    ("BOOLEAN", "TRUE", "True", True),
    ("DATE", "'2026-01-02'::DATE", "datetime.date(2026, 1, 2)", datetime.date(2026, 1, 2)),
    (
        "TIMESTAMP_NTZ",
        "'2026-01-02 03:04:05'::TIMESTAMP_NTZ",
        "datetime.datetime(2026, 1, 2, 3, 4, 5)",
        datetime.datetime(2026, 1, 2, 3, 4, 5),
    ),
    ("VARIANT", "PARSE_JSON('{\"a\": [1, null]}')", "{'a': [1, None]}", {"a": [1, None]}),
    ("OBJECT", "OBJECT_CONSTRUCT('a', 1)", "{'a': 1}", {"a": 1}),
    ("ARRAY", "ARRAY_CONSTRUCT(1, 'b')", "[1, 'b']", [1, "b"]),
    ("VARCHAR", "NULL", "None", None),
)


@pytest.mark.parametrize(
    ("kind", "expression", "seen", "returned"),
    [pytest.param(*case, id=f"{case[0]} {case[1]}") for case in CASES],
)
def test_values_go_in_and_out_by_their_declared_types(
    connection: SnowflakeConnection, kind: str, expression: str, seen: str, returned: Any
) -> None:
    create(connection, f"seen(a {kind})", "def run(session, a):\n    return repr(a)", "VARCHAR")
    create(connection, f"same(a {kind})", "def run(session, a):\n    return a", kind)
    assert value(connection, f"CALL seen({expression})") == seen
    answer = value(connection, f"CALL same({expression})")
    if kind in ("VARIANT", "OBJECT", "ARRAY"):
        answer = json.loads(answer)
    assert answer == returned
    rows(connection, f"DROP PROCEDURE seen({kind})")
    rows(connection, f"DROP PROCEDURE same({kind})")


def test_arguments_may_be_named_left_to_their_defaults_and_bound(
    connection: SnowflakeConnection,
) -> None:
    create(
        connection,
        "args(a INT, b VARCHAR DEFAULT 'wine', c INT DEFAULT 1 + 2)",
        "def run(session, *args):\n    return list(args)",
    )
    assert json.loads(value(connection, "CALL args(1)")) == [1, "wine", 3]
    assert json.loads(value(connection, "CALL args(1, c => 5)")) == [1, "wine", 5]
    assert json.loads(value(connection, "CALL args(b => 'x', a => -1)")) == [-1, "x", 3]


def test_question_marks_are_bound(connection: SnowflakeConnection) -> None:
    create(
        connection,
        "bound(a INT, b VARCHAR, c BOOLEAN)",
        "def run(session, *args):\n    return list(args)",
    )
    answer = value(connection, "CALL bound(?, ?, ?)", (7, "l'été", None))
    assert json.loads(answer) == [7, "l'été", None]


def test_overloads_are_told_apart_by_their_argument_types(connection: SnowflakeConnection) -> None:
    for kind in ("", "a INT", "a VARCHAR", "a INT, b INT"):
        create(
            connection, f"which({kind})", f"def run(session, *a):\n    return '{kind}'", "VARCHAR"
        )
    calls = ("which()", "which(1)", "which('1')", "which(1, 2)")
    assert [value(connection, f"CALL {call}") for call in calls] == [
        "", "a INT", "a VARCHAR", "a INT, b INT",
    ]  # fmt: skip
    rows(connection, "DROP PROCEDURE which(INT)")
    assert len(rows(connection, "SHOW PROCEDURES LIKE 'which'")) == 3


@pytest.mark.parametrize(
    ("sql", "errno", "text"),
    [
        pytest.param("CALL nobody()", 2141, "Unknown user-defined function", id="unknown"),
        pytest.param(
            "CALL one('a', 2)", 1044, "Invalid argument types for function 'ONE'", id="arguments"
        ),
        pytest.param("CALL one('wine')", 100038, "'wine' is not recognized", id="value"),
        pytest.param("DESCRIBE PROCEDURE nobody()", 2003, "does not exist", id="describe"),
        pytest.param("DESCRIBE PROCEDURE one(VARCHAR)", 2003, "does not exist", id="types"),
        pytest.param("DROP PROCEDURE nobody()", 2003, "does not exist", id="drop"),
        pytest.param(
            "CREATE PROCEDURE one(a INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS 'x = 1'",
            2002, "already exists", id="create",
        ),
        pytest.param(
            "CREATE PROCEDURE two() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " PACKAGES = ('snowflake-snowpark-python', 'no-such-package') HANDLER = 'run'",
            391546, "Package not supported: no-such-package", id="package",
        ),
        pytest.param(
            "CREATE PROCEDURE two() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'm.f'"
            " IMPORTS = ('@nowhere/m.zip')",
            2003, "does not exist", id="stage",
        ),
        pytest.param(
            "CREATE PROCEDURE two() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END'",
            2, "Unsupported feature 'LANGUAGE SQL'", id="language",
        ),
    ],
)  # fmt: skip
def test_wrong_statements_fail_with_snowflakes_numbers(
    connection: SnowflakeConnection, sql: str, errno: int, text: str
) -> None:
    create(connection, "one(a INT)", "def run(session, a):\n    return a", "INT")
    with pytest.raises(ProgrammingError, match=text) as caught:
        rows(connection, sql)
    assert caught.value.errno == errno


def test_an_exception_carries_the_handlers_traceback(connection: SnowflakeConnection) -> None:
    create(connection, "broken()", "def run(session):\n    raise ValueError('corked')")
    with pytest.raises(ProgrammingError) as caught:
        rows(connection, "CALL broken()")
    assert (caught.value.errno, caught.value.sqlstate) == (100357, "P0000")
    assert 'File "_udf_code.py", line 3, in run' in str(caught.value)
    assert "ValueError: corked\n in function BROKEN with handler run" in str(caught.value)


def test_an_sql_error_inside_keeps_its_number_in_the_text(connection: SnowflakeConnection) -> None:
    create(connection, "broken()", "def run(session):\n    session.table('nope').collect()")
    with pytest.raises(ProgrammingError, match=r"002003 \(42S02\)|002003 \(02000\)") as caught:
        rows(connection, "CALL broken()")
    assert caught.value.errno == 100357


# --- transactions ------------------------------------------------------------------------------

INSERT = "    session.sql(\"INSERT INTO t VALUES ('{}')\").collect()\n"


@pytest.fixture
def table(connection: SnowflakeConnection) -> SnowflakeConnection:
    rows(connection, "CREATE OR REPLACE TABLE t (a VARCHAR)")
    return connection


def content(connection: SnowflakeConnection) -> list[str]:
    return [row[0] for row in rows(connection, "SELECT a FROM t ORDER BY a")]


def test_a_procedures_statements_are_in_its_callers_transaction(
    table: SnowflakeConnection, account: Any, database: str
) -> None:
    create(table, "add()", "def run(session):\n" + INSERT.format("inside"))
    rows(table, "BEGIN")
    rows(table, "INSERT INTO t VALUES ('before')")
    rows(table, "CALL add()")
    assert content(table) == ["before", "inside"]
    with account.connect(database=database, schema="PUBLIC") as other:
        assert content(other) == []
    rows(table, "ROLLBACK")
    assert content(table) == []


def test_without_a_transaction_each_statement_commits_itself(table: SnowflakeConnection) -> None:
    create(table, "add()", "def run(session):\n" + INSERT.format("kept") + "    raise ValueError")
    with pytest.raises(ProgrammingError):
        rows(table, "CALL add()")
    assert content(table) == ["kept"]


def test_a_procedures_own_transaction_ends_with_it(table: SnowflakeConnection) -> None:
    body = "def run(session):\n    session.begin_transaction()\n" + INSERT.format("own")
    create(table, "good()", body + "    session.commit()")
    create(table, "bad()", body + "    raise ValueError('no')")
    create(table, "open()", body)
    rows(table, "CALL good()")
    assert content(table) == ["own"]
    with pytest.raises(ProgrammingError, match="ValueError: no"):
        rows(table, "CALL bad()")
    with pytest.raises(ProgrammingError, match="is incomplete and it was rolled back") as caught:
        rows(table, "CALL open()")
    assert caught.value.errno == 90232
    assert content(table) == ["own"]


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_procedure_cannot_end_its_callers_transaction(
    table: SnowflakeConnection, end: str
) -> None:
    create(table, "meddle()", f"def run(session):\n    session.{end}()")
    rows(table, "BEGIN")
    rows(table, "INSERT INTO t VALUES ('before')")
    with pytest.raises(ProgrammingError, match="different scope is not allowed"):
        rows(table, "CALL meddle()")
    rows(table, "COMMIT")
    assert content(table) == ["before"]


def test_a_procedure_calls_another(table: SnowflakeConnection) -> None:
    create(table, "inner(a VARCHAR)", "def run(session, a):\n    return a + '!'", "VARCHAR")
    create(
        table,
        "outer()",
        "def run(session):\n    return session.call('inner', 'Pommard')",
        "VARCHAR",
    )
    assert value(table, "CALL outer()") == "Pommard!"


# --- rights and names --------------------------------------------------------------------------

WHERE = "def run(session):\n    return session.sql('SELECT CURRENT_SCHEMA()').collect()[0][0]"


def test_owners_rights_run_in_the_procedures_schema_callers_in_the_callers(
    connection: SnowflakeConnection, database: str
) -> None:
    rows(connection, "CREATE OR REPLACE SCHEMA tools")
    for rights in ("owner", "caller"):
        create(connection, f"{database}.tools.{rights}_place()", WHERE, "VARCHAR", rights)
    rows(connection, "USE SCHEMA public")
    assert value(connection, "CALL tools.owner_place()") == "TOOLS"
    assert value(connection, "CALL tools.caller_place()") == "PUBLIC"
    assert value(connection, "SELECT CURRENT_SCHEMA()") == "PUBLIC"


# --- SHOW, DESCRIBE, DROP ----------------------------------------------------------------------


def test_describe_answers_what_the_definition_said(
    connection: SnowflakeConnection, database: str
) -> None:
    create(connection, "told(a INT, b VARCHAR DEFAULT 'x')", "def run(s, a, b):\n    pass", "INT")
    described = dict(rows(connection, "DESCRIBE PROCEDURE told(INT, STRING)"))
    assert described.pop("installed_packages").startswith("['snowflake-snowpark-python==")
    assert described == {
        "signature": "(A NUMBER, B VARCHAR DEFAULT 'x')",
        "returns": "NUMBER(38,0)",
        "language": "PYTHON",
        "null handling": "CALLED ON NULL INPUT",
        "volatility": "VOLATILE",
        "execute as": "CALLER",
        "body": "\ndef run(s, a, b):\n    pass\n",
        "imports": "[]",
        "handler": "run",
        "runtime_version": "3.11",
        "packages": "['snowflake-snowpark-python']",
    }


def test_show_lists_the_procedures_of_a_place(
    connection: SnowflakeConnection, database: str
) -> None:
    create(connection, "listed(a INT, b VARCHAR DEFAULT 'x')", "def run(s, a, b):\n    pass")
    cursor = connection.cursor().execute(f"SHOW PROCEDURES LIKE 'list%' IN DATABASE {database}")
    names = [column.name for column in cursor.description]
    [row] = cursor.fetchall()
    shown = dict(zip(names, row, strict=True))
    assert isinstance(shown.pop("created_on"), datetime.datetime)
    assert shown == {
        "name": "LISTED",
        "schema_name": "PUBLIC",
        "is_builtin": "N",
        "is_aggregate": "N",
        "is_ansi": "N",
        "min_num_arguments": 1,
        "max_num_arguments": 2,
        "arguments": "LISTED(NUMBER, DEFAULT VARCHAR) RETURN VARIANT",
        "description": "user-defined procedure",
        "catalog_name": database,
        "is_table_function": "N",
        "valid_for_clustering": "N",
        "is_secure": "N",
        "secrets": None,
        "external_access_integrations": None,
    }


def test_a_comment_and_a_new_name_are_kept(connection: SnowflakeConnection) -> None:
    create(connection, "before()", "def run(session):\n    return 1", "INT")
    rows(connection, "ALTER PROCEDURE before() SET COMMENT = 'counts'")
    rows(connection, "ALTER PROCEDURE before() RENAME TO after")
    [row] = rows(connection, "SHOW PROCEDURES LIKE 'after'")
    assert row[9] == "counts"
    assert value(connection, "CALL after()") == 1
    assert rows(connection, "SHOW PROCEDURES LIKE 'before'") == []


# --- versions ----------------------------------------------------------------------------------


def upload(connection: SnowflakeConnection, folder: Path, text: str) -> None:
    with zipfile.ZipFile(folder / "cave.zip", "w") as archive:
        archive.writestr("cellar.py", text)
    rows(
        connection,
        f"PUT file://{folder}/cave.zip @code/v AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
    )


def test_the_staged_zip_runs_and_the_next_call_runs_its_next_version(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE code")
    upload(connection, tmp_path, "def age(session):\n    return 1")
    rows(
        connection,
        "CREATE OR REPLACE PROCEDURE age() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = 3.11"
        " PACKAGES = ('snowflake-snowpark-python') IMPORTS = ('@code/v/cave.zip')"
        " HANDLER = 'cellar.age'",
    )
    assert value(connection, "CALL age()") == 1
    upload(connection, tmp_path, "def age(session):\n    return 2")
    assert value(connection, "CALL age()") == 2


def test_a_staged_zip_runs_also_where_the_data_folder_was_named_relatively(tmp_path: Path) -> None:
    account = new_account(Path(os.path.relpath(tmp_path, ROOT)))
    account.home = tmp_path / "home"
    account.start()
    try:
        with account.connect() as connection:
            rows(connection, "CREATE DATABASE shop")
            rows(connection, "CREATE STAGE code")
            upload(connection, tmp_path, "def age(session):\n    return 1")
            rows(
                connection,
                "CREATE PROCEDURE age() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = 3.11"
                " PACKAGES = ('snowflake-snowpark-python') IMPORTS = ('@code/v/cave.zip')"
                " HANDLER = 'cellar.age'",
            )
            assert value(connection, "CALL age()") == 1
    finally:
        account.stop()


def test_a_replaced_body_runs_at_once(connection: SnowflakeConnection) -> None:
    create(connection, "version()", "def run(session):\n    return 1", "INT")
    assert value(connection, "CALL version()") == 1
    create(connection, "version()", "def run(session):\n    return 2", "INT")
    assert value(connection, "CALL version()") == 2


# --- Snowpark ----------------------------------------------------------------------------------


def test_snowpark_registers_a_function_and_calls_it(
    session: Session, connection: SnowflakeConnection
) -> None:
    def double(session: Session, n: int) -> int:
        return n * 2

    session.sproc.register(
        double,
        name="double_it",
        replace=True,
        imports=[],  # None would list the session's stage through RESULT_SCAN
        packages=["snowflake-snowpark-python"],
    )
    assert session.call("double_it", 21) == 42
    assert rows(connection, "SHOW PROCEDURES LIKE 'double_it'") == []


# --- the processes -----------------------------------------------------------------------------


def test_a_cancelled_call_ends_at_once(connection: SnowflakeConnection) -> None:
    create(connection, "nap()", "import time\ndef run(session):\n    time.sleep(60)", "INT")
    started = time.monotonic()
    with pytest.raises(ProgrammingError) as caught:
        connection.cursor().execute("CALL nap()", timeout=2)
    assert caught.value.errno in (604, 100038)  # the connector's own number of a timeout, or ours
    assert time.monotonic() - started < 20
    assert value(connection, "SELECT 1") == 1


def test_many_sessions_call_at_once(account: RunningAccount, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as connection:
        create(
            connection,
            "who(a INT)",
            "def run(session, a):\n"
            "    return [a, session.sql('SELECT CURRENT_USER()').collect()[0][0]]",
        )

    def call(number: int) -> list[Any]:
        with account.connect(
            user=f"user{number}", database=database, schema="PUBLIC"
        ) as connection:
            return json.loads(value(connection, f"CALL who({number})"))

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(call, range(24)))
    assert answers == [[number, f"USER{number}"] for number in range(24)]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_after_kill_9_procedures_are_kept_and_no_process_is_left(tmp_path: Path) -> None:
    account = new_account(tmp_path)
    account.start()
    try:
        lost = account.connect(server_session_keep_alive=True)
        rows(lost, "CREATE DATABASE kept")
        rows(lost, "USE SCHEMA kept.public")
        pids = "import os\ndef run(session):\n    return [os.getpid(), os.getppid()]"
        create(lost, "pids()", pids)
        busy = "import os, time\ndef run(session, path):\n" + (
            "    open(path, 'w').write(str(os.getpid()))\n    time.sleep(60)"
        )
        create(lost, "busy(path VARCHAR)", busy, "INT")
        idle = json.loads(value(lost, "CALL pids()"))
        mark = tmp_path / "busy"
        lost.cursor().execute_async(f"CALL busy('{mark}')")
        until(lambda: mark.exists() and bool(mark.read_text()))
        account.kill()
        for pid in (*idle, int(mark.read_text())):
            until(lambda pid=pid: gone(pid))
        account.start()
        lost.close(retry=False)
        with account.connect(database="KEPT", schema="PUBLIC") as connection:
            assert not set(json.loads(value(connection, "CALL pids()"))) & set(idle)
            assert len(rows(connection, "SHOW PROCEDURES")) == 2
    finally:
        account.stop()

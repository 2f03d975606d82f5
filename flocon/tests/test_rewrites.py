"""Snowflake's SQL as DuckDB's: what is done to a statement's tree, and how often."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.variables import Variables
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.engine import parsing, rewrite
from flocon.engine.connection import Connection
from flocon.engine.cursor import Cursor
from flocon.engine.rendering import render
from flocon.session.session import Session
from sqlglot import Expr

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")

_CONFORMANCE = Path(__file__).parent / "conformance"
_FILES = ("test_arrays", "test_division", "test_documented_functions", "test_moments", "test_views")
_STATEMENT = re.compile(r"\s*(select|with|insert|update|merge)\b", re.I)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = Account(tmp_path_factory.mktemp("account"))
    yield account
    account.close()


@pytest.fixture
def session(account: Account) -> Iterator[Session]:
    """A session in a new database."""
    session = account.open_session(user="TESTER")
    session.execute("CREATE OR REPLACE DATABASE d")
    yield session
    session.close()


def _statements() -> list[str]:
    """Those of some conformance tests, and the expressions that look like calls."""
    found = []
    for file in (path for name in _FILES for path in _CONFORMANCE.glob(f"{name}*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if _STATEMENT.match(node.value):
                    found.append(node.value)
                elif re.fullmatch(r"\w+\(.*\)", node.value):
                    found.append(f"SELECT {node.value}")
    return found


def _rewritten(sql: str) -> str | None:
    """In DuckDB's SQL, or why not; None for what is no statement."""
    try:
        tree = parsing.upper_case(parsing.parse(sql))
    except SnowflakeError:
        return None
    try:
        return render(rewrite.query(tree))
    except (SnowflakeError, NotImplementedError) as error:
        return str(error)


def test_a_rewrite_leaves_nodes_of_other_kinds_than_its_own_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statements = _statements()
    of_kinds = [_rewritten(each) for each in statements]
    everywhere = tuple((each, Expr) for each, _ in rewrite.REWRITES)
    monkeypatch.setattr(rewrite, "REWRITES", everywhere)
    assert [_rewritten(each) for each in statements] == of_kinds
    assert sum(text is not None for text in of_kinds) > 250


def test_a_rewrite_that_replaces_nodes_changes_none_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statements = _statements()
    made = [_rewritten(each) for each in statements]
    monkeypatch.setattr(rewrite, "_REPLACING", frozenset())
    monkeypatch.setattr(rewrite, "_NEEDED", {})
    assert [_rewritten(each) for each in statements] == made


def test_a_tree_does_not_carry_where_its_names_stood_in_the_text() -> None:
    tree = parsing.parse(
        "SELECT t.a, UPPER(b) AS c, 'x' AS x, * FROM d.s.t WHERE a = ? AND b LIKE 'y'"
    )
    assert [node.meta for node in tree.walk() if node.meta] == [{"place": 60}]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the planner is asked about divisions, without quotes."""
    texts: list[str] = []
    ask = Connection._unmatched_call

    def recorded(self: Connection, query: Expr) -> str:
        texts.append(query.sql("duckdb").replace('"', ""))
        return ask(self, query)

    monkeypatch.setattr(Connection, "_unmatched_call", recorded)
    return texts


def test_the_planner_is_asked_of_a_division_in_its_own_query_alone(
    session: Session, asked: list[str]
) -> None:
    session.execute("CREATE TABLE t (a NUMBER(10, 2), k NUMBER(38, 0))")
    answer = session.execute(
        "WITH x AS (SELECT a FROM t), y AS (SELECT 1 AS one),"
        " z AS (SELECT a / 4 AS q FROM x UNION ALL SELECT one FROM y)"
        " SELECT z.q, (SELECT MAX(t.k) FROM t WHERE t.a / 3 > z.q) AS m FROM z, y"
    )
    assert answer.types == ["DECIMAL(38,8)", "BIGINT"]
    first, left, right, second = asked
    # Of what it reads are the types alone there.
    x = "WITH X AS (SELECT CAST(NULL AS DECIMAL(10,2)) AS A)"
    assert first == f"{x} SELECT PI(A, 4) AS Q FROM X"
    # A quotient and a number that is another one are asked for once more.
    assert left.startswith(f"{x} SELECT PI(CAST(")
    assert right == "WITH Y AS (SELECT CAST(NULL AS INTEGER) AS ONE) SELECT PI(ONE) FROM Y"
    # A query that depends on the one around it is asked in that one.
    assert "PI(T.A, 3)" in second
    assert second.endswith("FROM Z, Y")


def test_a_cte_whose_columns_the_planner_does_not_tell_is_asked_of_as_it_is(
    session: Session, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "_columns_of", lambda self, query: [])
    session.execute("CREATE TABLE t (a NUMBER(10, 2))")
    answer = session.execute(
        "WITH x AS (SELECT a FROM t), y AS (SELECT a / 4 AS q FROM x) SELECT q / 2 AS h FROM y"
    )
    assert answer.types == ["DECIMAL(20,12)"]
    x = "WITH X AS (SELECT A FROM D.PUBLIC.T)"
    assert asked[0] == f"{x} SELECT PI(A, 4) AS Q FROM X"
    assert asked[1].startswith(f"{x}, Y AS (SELECT CAST(")
    assert asked[1].endswith("SELECT PI(Q, 2) AS H FROM Y")


def test_what_a_division_reads_is_found_wherever_it_was_named(
    session: Session, asked: list[str]
) -> None:
    session.execute("CREATE TABLE t (a NUMBER(10, 2))")
    session.execute("INSERT INTO t VALUES (1), (2)")
    answer = session.execute(
        "WITH x AS (SELECT a FROM t), y AS (WITH w AS (SELECT a * 10 AS a FROM x)"
        " SELECT a / 4 AS q FROM w), z AS (SELECT q / 2 AS h FROM y)"
        " SELECT MAX(h) / 5, AVG(h) FROM (SELECT h FROM z) GROUP BY ()"
    )
    ((fifth, mean),) = answer.rows()
    assert (str(fifth), str(mean)) == ("0.500000000000", "1.875000000000")
    # Each was answered at once.
    assert len(asked) == 4


def test_a_view_over_a_view_of_a_history_is_created_without_asking_the_history(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.execute(
        "CREATE VIEW runs AS SELECT name, scheduled_time FROM"
        " TABLE(INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 5 + 5))"
    )
    histories = []
    relation = Connection.relation

    def counted(self: Connection, *arguments: Any) -> None:
        histories.append(arguments[0])
        relation(self, *arguments)

    monkeypatch.setattr(Connection, "relation", counted)
    session.execute(
        "CREATE VIEW days AS SELECT scheduled_time::DATE AS day, COUNT(*) / 2 AS half FROM runs"
        " GROUP BY day"
    )
    assert histories == []
    described = session.execute("SELECT * FROM days", describe=True)
    assert (described.names, described.types) == (["DAY", "HALF"], ["DATE", "DECIMAL(38,6)"])
    assert session.execute("SELECT * FROM days").rows() == []
    assert histories == ["ACCOUNT_RELATION_0"] * 2


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL COMMENT 'x''y', c NUMBER(38, 0), d FLOAT)",
        "CREATE TABLE t (a NUMBER(10, 2) DEFAULT -1.5, b BOOLEAN DEFAULT TRUE, c TEXT DEFAULT NULL)"
        " COMMENT = 'it''s'",
        'CREATE OR REPLACE TABLE d.s."t" ("a b" VARIANT, c ARRAY, d OBJECT, e BINARY, f TIME)',
        "CREATE TABLE IF NOT EXISTS t (a TIMESTAMP_NTZ(3), b TIMESTAMP_LTZ, c TIMESTAMP_TZ)",
        "CREATE TABLE t (a DECIMAL, b SMALLINT, c BYTEINT, d REAL, e CHAR(3), f DOUBLE, g STRING)",
        "CREATE TABLE information_schema.columns (a INT)",
        # These are not plain, and go fakesnow's whole way.
        "CREATE TABLE t (a TIMESTAMP_NTZ DEFAULT CURRENT_TIMESTAMP(), b INT DEFAULT 1 + 2)",
        "CREATE TABLE t AS SELECT PARSE_JSON('{}') AS a",
    ],
)
def test_a_plain_table_is_what_all_of_fakesnows_transforms_make_of_it(sql: str) -> None:
    connection = SimpleNamespace(
        variables=Variables(), database="D", schema="S", db_path=None, table_stages={}
    )
    cursor = Cursor(connection, duckdb.connect())
    tree = parsing.upper_case(parsing.parse(sql))
    made, whole = (
        transform(cursor, tree.copy(), [])
        for transform in (Cursor._transform, FakeSnowflakeCursor._transform)
    )
    assert repr(made) == repr(whole)
    assert {key: str(value) for key, value in made.args.items()} == {
        key: str(value) for key, value in whole.args.items()
    }

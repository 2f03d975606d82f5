"""What exists for speed alone: each account has its own, and answers the same without it.

`make test-plain` runs all conformance tests with the switch off.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.engine import TEXT, parsing
from flocon.engine.connection import Connection
from flocon.session import trees
from flocon.session.session import Session
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import defaults

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Account, Account]]:
    """A fast account and a plain one, in one process."""
    opened = tuple(Account(tmp_path_factory.mktemp("account"), fast=fast) for fast in (True, False))
    yield opened  # type: ignore[misc]  # a tuple of two
    for account in opened:
        account.close()


@pytest.fixture(params=["fast", "plain"])
def session(accounts: tuple[Account, Account], request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session of the one and then of the other, in a new database."""
    session = accounts[request.param == "plain"].open_session(user="TESTER")
    session.execute("CREATE OR REPLACE DATABASE d")
    yield session
    session.close()


def rows(session: Session, sql: str, *binds: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(sql, binds).rows()]


def test_two_accounts_in_one_process_do_not_answer_each_others_types(
    accounts: tuple[Account, Account], tmp_path_factory: pytest.TempPathFactory
) -> None:
    one = accounts[0]
    two = Account(tmp_path_factory.mktemp("account"))
    answers = {}
    for kind, account in (("NUMBER(10, 2)", one), ("DOUBLE", two)):
        session = account.open_session(user="TESTER")
        session.execute("CREATE OR REPLACE DATABASE shop")
        session.execute(f"CREATE TABLE shop.public.t (a {kind}, b {kind})")
        session.execute("INSERT INTO shop.public.t VALUES (1, 3)")
        for _ in range(3):
            answer = session.execute("SELECT a / b, a FROM shop.public.t")
            described = session.execute("SELECT a / b, a FROM shop.public.t", describe=True)
            answers[kind] = (answer.types, described.types, [tuple(row) for row in answer.rows()])
    two.close()
    decimal_types = ["DECIMAL(18,8)", "DECIMAL(10,2)"]
    assert answers == {
        "NUMBER(10, 2)": (
            decimal_types,
            decimal_types,
            [(Decimal("0.33333333"), Decimal("1.00"))],
        ),
        "DOUBLE": (["DOUBLE"] * 2, ["DOUBLE"] * 2, [(1 / 3, 1.0)]),
    }


def test_a_question_about_the_accounts_own_answers_is_rendered_once(
    accounts: tuple[Account, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []
    prepare = Connection._coerced

    def counted(self: Connection, *arguments: Any) -> Any:
        rendered.append(self.fast)
        return prepare(self, *arguments)

    monkeypatch.setattr(Connection, "_coerced", counted)
    for account in accounts:
        session = account.open_session(user="TESTER")
        session.execute("CREATE OR REPLACE DATABASE d")
        session.execute(
            "CREATE VIEW v AS SELECT name FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())"
        )
        rendered.clear()
        for _ in range(3):
            assert rows(session, "SELECT COUNT(*) / 3 FROM v") == [(0,)]
        assert rendered == ([True] if account is accounts[0] else [False] * 3)
        session.close()


def test_a_plain_account_remembers_no_statement(accounts: tuple[Account, Account]) -> None:
    known = []
    for account in accounts:
        tree = parsing.parse("SELECT 1")
        tree.meta[TEXT] = "SELECT 1"
        answers = iter(["first", "second"])
        for _ in range(2):
            known.append(
                account.stores.engine.statements.cached("test", tree, lambda a=answers: next(a))
            )
    assert known == ["first", "first", "first", "second"]


def test_the_environment_says_what_an_account_is_that_is_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("FLOCON_PLAIN", "1")
    account = Account(tmp_path)
    try:
        assert not account.stores.engine.fast
    finally:
        account.close()


def test_a_repeated_statement_means_its_tables_of_now(session: Session) -> None:
    for kind, expected in (("INT", "0.333333"), ("NUMBER(10, 4)", "0.3333333333")):
        session.execute(f"CREATE OR REPLACE TABLE t (a {kind})")
        for _ in range(2):
            session.execute("INSERT INTO t VALUES (?)", (1,))
        assert [str(a) for (a,) in rows(session, "SELECT a / 3 FROM t")] == [expected] * 2


def test_flatten_of_a_bound_array(session: Session) -> None:
    elements = [{"a": 1, "b": "x"}, {"a": None}, {"b": "1.0"}, 7, {"a": [1.50, "12"]}]
    assert rows(
        session,
        "SELECT f.VALUE:a::VARCHAR, TYPEOF(f.VALUE:a), f.VALUE:b::VARCHAR"
        " FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f",
        json.dumps(elements),
    ) == [
        ("1", "INTEGER", "x"),
        (None, "NULL_VALUE", None),
        (None, None, "1.0"),
        (None, None, None),
        ('[1.5,"12"]', "ARRAY", None),
    ]


def test_many_paths_into_one_column(session: Session) -> None:
    session.execute("CREATE TABLE t (v VARIANT)")
    for text in (
        '{"a": 1.0, "b": "1.0", "c": {"d": [true]}, "n": 12345678901234567890.5}',
        '{"a": null, "b": "", "c": 1e5}',
        "[1]",
    ):
        session.execute("INSERT INTO t SELECT PARSE_JSON(?)", (text,))
    assert rows(
        session,
        "SELECT v:a::VARCHAR, TYPEOF(v:a), v:b::VARCHAR, v:c.d[0]::VARCHAR, v:n::VARCHAR,"
        " TYPEOF(v:n), TYPEOF(v:c) FROM t WHERE v IS NOT NULL",
    ) == [
        ("1", "INTEGER", "1.0", "true", "12345678901234567890.5", "DECIMAL", "OBJECT"),
        (None, "NULL_VALUE", "", None, None, None, "DOUBLE"),
        (None, None, None, None, None, None, None),
    ]


def test_texts_with_blanks_around_them(session: Session) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    assert rows(
        session, "SELECT TYPEOF(PARSE_JSON(?)), PARSE_JSON(?), PARSE_JSON(?)", " 1 ", " ", ""
    ) == [("INTEGER", None, None)]
    session.execute("CREATE TABLE t AS SELECT column1 AS id FROM VALUES (' '), ('é'), (' a'), ('')")
    assert rows(session, "SELECT id FROM t WHERE TRIM(id) <> '' ORDER BY id") == [(" a",), ("é",)]


def test_texts_as_moments(session: Session) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/try_to_timestamp"""
    texts = ("1704067200", "2024-01-01 00:00:00", " 2024-01-01", "epoch", "infinity", "-1")
    moments = [
        str(rows(session, "SELECT TRY_TO_TIMESTAMP_NTZ(?)::VARCHAR", text)[0][0]) for text in texts
    ]
    first = "2024-01-01 00:00:00.000"
    assert moments == [first, first, first, "None", "None", "1969-12-31 23:59:59.000"]


def test_a_long_insert_of_constants(session: Session) -> None:
    session.execute("CREATE TABLE t (id INT, name VARCHAR, price NUMBER(10, 2))")
    values = ", ".join(f"({n}, 'it''s {n}', {n}.25)" for n in range(4000))
    session.execute(f"INSERT INTO t VALUES {values}")
    assert rows(session, "SELECT COUNT(*), MAX(name), SUM(price) FROM t") == [
        (4000, "it's 999", Decimal("7999000.00"))
    ]


def test_logged_inserts(session: Session) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    session.execute("CREATE TABLE source AS SELECT column1 AS a FROM VALUES (1), (2), (3)")
    for table in ("small", "large"):
        session.execute(f"CREATE TABLE {table} (a INT, b INT)")
        session.execute(f"CREATE STREAM of_{table} ON TABLE {table}")
    session.execute("INSERT INTO small (a) SELECT a * 10 FROM source WHERE a < 2")
    session.execute(
        "INSERT FIRST WHEN a < 2 THEN INTO small (a) VALUES (a) ELSE INTO large (b) VALUES (a)"
        " SELECT a FROM source"
    )
    assert rows(session, "SELECT a, b FROM of_small ORDER BY a") == [(1, None), (10, None)]
    assert rows(session, "SELECT a, b FROM of_large ORDER BY b") == [(None, 2), (None, 3)]


def test_names_are_told_apart_by_case(session: Session) -> None:
    session.execute('CREATE TABLE "t" (a INT)')
    session.execute("CREATE VIEW v AS SELECT 1 AS a")
    kinds = [session.connection.relation_kind("D", "PUBLIC", name) for name in ("t", "T", "V", "v")]
    assert kinds == ["TABLE", None, "VIEW", None]


def test_a_statement_is_resolved_once_beside_temporary_tables_that_it_does_not_name(
    accounts: tuple[Account, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snowpark makes one for each result that it keeps."""
    resolved = []
    qualify = trees.qualify

    def counted(context: Any, tree: Any) -> Any:
        resolved.append(tree)
        return qualify(context, tree)

    session = accounts[0].open_session(user="TESTER")
    session.execute("CREATE OR REPLACE DATABASE d")
    session.execute("CREATE TABLE t AS SELECT 1 AS a")
    monkeypatch.setattr(trees, "qualify", counted)
    for made in ("SNOWPARK_TEMP_TABLE_A", "SNOWPARK_TEMP_TABLE_B"):
        session.execute(f"CREATE SCOPED TEMPORARY TABLE {made} (b INT)")
        assert rows(session, "SELECT a FROM t") == [(1,)]
        session.execute(f"DROP TABLE {made}")
    assert len(resolved) == 1
    session.execute('CREATE SCOPED TEMPORARY TABLE "T" AS SELECT 2 AS a')
    assert rows(session, "SELECT a FROM t") == [(2,)]
    session.close()


def test_a_schema_is_there_under_its_own_spelling_alone(session: Session) -> None:
    session.execute('CREATE SCHEMA "low"')
    session.execute("CREATE SCHEMA up")
    names = ("UP", "up", "low", "LOW", "NOPE", "main", "MAIN", "_FS_INFORMATION_SCHEMA", 'a"b')
    found = [name for name in names if session.connection.schema_exists("D", name)]
    assert found == ["UP", "low"]
    assert not session.connection.schema_exists("NOWHERE", "UP")
    session.execute("DROP SCHEMA up")
    assert not session.connection.schema_exists("D", "UP")


def test_a_tables_defaults_are_read_as_they_were_written(session: Session) -> None:
    session.execute(
        """CREATE TABLE "t x" (a INT, "b" VARCHAR DEFAULT 'it''s', c TEXT DEFAULT '2020-01-01')"""
    )
    session.execute("CREATE TABLE other (a INT DEFAULT 3)")
    found = defaults(session.connection, FullName("D", "PUBLIC", "t x"))
    assert list(found.values()) == ["'it''s'", "'2020-01-01'"]


@pytest.mark.parametrize(
    ("text", "timestamp", "date"),
    [
        ("2026-01-02 03:04:05", "2026-01-02 03:04:05.000", "2026-01-02"),
        ("2026-01-02T03:04:05.123456", "2026-01-02 03:04:05.123", "2026-01-02"),
        ("2026-01-02", "2026-01-02 00:00:00.000", "2026-01-02"),
        ("01/02/2026", "2026-01-02 00:00:00.000", "2026-01-02"),
        ("2026-01-02 03:04", "2026-01-02 03:04:00.000", "2026-01-02"),
        ("1767323045", "2026-01-02 03:04:05.000", "2026-01-02"),
        ("2026-02-30", 100035, 100040),
        ("2026-01-02 25:00:00", 100035, 100040),
        ("soon", 100035, 100040),
    ],
)
def test_a_bound_text_is_the_moment_that_it_says_in_whatever_form(
    session: Session, text: str, timestamp: str | int, date: str | int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    for kind, said in (("TIMESTAMP_NTZ", timestamp), ("DATE", date)):
        for bound in ("2026-06-07", text, "2026-06-07"):
            sql = f"SELECT CAST(? AS {kind})::VARCHAR"
            if bound == text and isinstance(said, int):
                with pytest.raises(SnowflakeError) as raised:
                    session.execute(sql, (bound,))
                assert raised.value.errno == said
            else:
                expected = (
                    said if bound == text else "2026-06-07" + " 00:00:00.000" * (kind != "DATE")
                )
                assert rows(session, sql, bound) == [(expected,)]


def test_what_is_no_number_in_a_bound_array(session: Session) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    query = (
        "SELECT f.VALUE:a::INT, f.VALUE:b::VARCHAR FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f"
    )
    elements = [{"a": True, "b": True}, {"a": "7", "b": "x"}, {"a": False}]
    assert rows(session, query, json.dumps(elements)) == [(1, "true"), (7, "x"), (0, None)]
    with pytest.raises(SnowflakeError) as failed:
        rows(session, query, json.dumps([{"a": "abc", "b": "x"}]))
    assert failed.value.errno == 100071

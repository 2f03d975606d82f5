"""Statements that are too long or too deep, and a data folder that is nobody else's."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import snowflake.connector
from accounts import new_account
from conformance.shared import Run, error
from flocon.account import Account

from flocon import AccountProcess

_MOST = 200_000


@pytest.mark.parametrize(
    "statement",
    [
        "insert into t values " + ",".join(["(1)"] * (_MOST + 1)),
        "select 1 where 1 in (" + ",".join(["1"] * (_MOST + 1)) + ")",
        "select array_construct(" + ",".join(["'a,(b'"] * (_MOST + 1)) + ")",
    ],
    ids=["VALUES", "IN", "arguments"],
)
def test_a_list_of_more_than_200000_expressions_is_refused_at_once(
    run: Run, statement: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/query-size-limits"""
    run("create table t (a int)")
    began = time.monotonic()
    assert error(run, statement) == 1795
    assert time.monotonic() - began < 20
    assert run("select count(*) from t") == [(0,)]


def test_commas_in_texts_and_in_other_lists_do_not_count(run: Run) -> None:
    assert run("select length('" + "," * (_MOST + 1) + "')") == [(_MOST + 1,)]


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("select " + "(" * 200 + "1" + ")" * 200, 1),
        ("select 1" + " union all select 1" * 1000, 1001),
        ("select " + "case when 1 = 1 then " * 100 + "1" + " end" * 100, 1),
        ("select 1 where 1 = 1" + " and 1 = 1" * 500, 1),
    ],
    ids=["200 parentheses", "1,000 UNION ALLs", "100 CASEs", "500 ANDs"],
)
def test_deep_statements_are_answered(run: Run, statement: str, rows: int) -> None:
    assert run(statement) == [(1,)] * rows


@pytest.mark.parametrize(
    "statement",
    ["select " + "(" * 5000 + "1" + ")" * 5000, "select " + "abs(" * 2000 + "1" + ")" * 2000],
    ids=["parentheses", "functions"],
)
def test_a_statement_that_is_too_deep_is_refused_as_that(run: Run, statement: str) -> None:
    assert error(run, statement) == 2
    assert run("select 1") == [(1,)]


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 30_000 + "1" + ")" * 30_000,
        "abs(" * 100_000 + "1" + ")" * 100_000,
        "not " * 100_000 + "true",
    ],
    ids=["parentheses", "functions", "NOTs"],
)
def test_no_depth_ends_the_account(run: Run, expression: str) -> None:
    """Also where sqlglot is compiled: its calls are not counted by Python's own limit."""
    assert error(run, f"select {expression}") == 2
    assert run("select 1") == [(1,)]


def test_a_long_statement_can_be_cancelled_while_it_is_read(
    account: AccountProcess, database: str
) -> None:
    """The cancellation carries the text, too."""
    statement = "select 1 where 1 in (" + ",".join(f"'{i:060}'" for i in range(150_000)) + ")"
    with account.connect(database=database) as connection, ThreadPoolExecutor(1) as pool:
        cursor = connection.cursor()
        asked = pool.submit(cursor.execute, statement, timeout=1)
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
            asked.result(60)
        assert raised.value.errno == 604
        assert connection.cursor().execute("select 1").fetchall() == [(1,)]


def modes(folder: Path) -> set[str]:
    return {
        f"{'folder' if path.is_dir() else 'file'} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in (folder, *folder.rglob("*"))
    }


def test_a_data_folder_is_its_owners_alone_whatever_it_was_before(tmp_path: Path) -> None:
    account = new_account(tmp_path, forked=True)
    (account.data / "logs").mkdir(parents=True)
    account.data.chmod(0o755)
    (account.data / "logs" / "procedures.log").write_text("old")
    (account.data / "logs" / "procedures.log").chmod(0o644)
    with account, account.connect() as connection:
        for statement in (
            "create database d",
            "create table t (a int)",
            "create procedure p() returns int language python runtime_version = '3.11'"
            " packages = ('snowflake-snowpark-python') handler = 'f'"
            " as 'def f(session):\n    print(\"said\")\n    return 1'",
            "call p()",
        ):
            connection.cursor().execute(statement)
        assert modes(account.data) == {"folder 700", "file 600"}
    assert modes(account.data) == {"folder 700", "file 600"}


def test_two_accounts_of_one_process_keep_what_they_know_apart(tmp_path: Path) -> None:
    accounts = [Account(tmp_path / name) for name in ("one", "two")]
    answers = []
    try:
        for account, kind in zip(accounts, ("INT", "VARCHAR"), strict=True):
            session = account.open_session(user="ME")
            for statement in ("CREATE DATABASE d", f"CREATE TABLE t (a {kind})"):
                session.execute(statement)
            answers.append(session.execute("SELECT a FROM t", describe=True).types)
        assert answers == [["BIGINT"], ["VARCHAR"]]
        assert accounts[0].stores.engine.statements is not accounts[1].stores.engine.statements
    finally:
        for account in accounts:
            account.close()

"""How many files a reader opens who follows a statement: those whose functions are given it, as its
text, its tree, or what has been read of them. What lies behind the engine's first functions is the
engine's; a statement that another one runs, or has read, goes a way of its own."""

import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.engine import parsing
from flocon.session.names import ResolvedStatement
from flocon.session.session import Session
from flocon.session.statements import Statement
from flocon.sql.datatypes import DataType
from flocon.sql.tokens import FullName, Name, Tokens
from sqlglot import Expr
from test_architecture import SOURCE, way_of

_READ = (Expr, Statement, ResolvedStatement)
# Words of a statement, which say nothing of what it does.
_PARTS = (DataType, FullName, Name)
_STATEMENTS = {
    "SELECT": "SELECT id FROM plain WHERE id > 1",
    "INSERT": "INSERT INTO {table} VALUES (1, 'one')",
    "CREATE TASK": "CREATE OR REPLACE TASK daily SCHEDULE = '1 MINUTE' AS SELECT 1",
    "CALL": "CALL answer(42)",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = Account(tmp_path_factory.mktemp("account"))
    opened = account.open_session(user="LOCAL")
    for sql in (
        "CREATE DATABASE d",
        "USE DATABASE d",
        "CREATE TABLE plain (id INT, v VARCHAR)",
        "CREATE TABLE logged (id INT, v VARCHAR)",
        "CREATE STREAM changes ON TABLE logged",
        "CREATE PROCEDURE answer(n INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
        " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'answer'"
        " AS $$def answer(session, n): return n$$",
    ):
        opened.execute(sql)
    # Nobody listens on the account's port, so the procedure's process would not get far.
    account.stores.workers.call = lambda *_: 42  # type: ignore[method-assign]
    yield opened
    account.close()


def files(session: Session, sql: str) -> set[str]:
    """The files of flocon with a function that is given the statement while it runs."""
    found: set[str] = set()
    inside: list[FrameType] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "return":
            if inside and inside[-1] is frame:
                inside.pop()
            return
        if event != "call" or inside or not code.co_filename.startswith(f"{SOURCE}/"):
            return
        if _is_another(frame, sql):
            inside.append(frame)
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if not any(_is_statement(frame.f_locals.get(name), sql) for name in names):
            return
        file = str(Path(code.co_filename).relative_to(SOURCE))
        found.add(file)
        if file.startswith("engine/"):
            inside.append(frame)

    sys.setprofile(note)
    try:
        session.execute(sql)
    finally:
        sys.setprofile(None)
    return found


def _is_another(frame: FrameType, sql: str) -> bool:
    reads = frame.f_code in (Session.execute.__code__, parsing.parse.__code__)
    return reads and frame.f_locals["sql"] != sql


def _is_statement(value: Any, sql: str) -> bool:
    if isinstance(value, str):
        return value == sql
    if isinstance(value, Tokens):
        return getattr(value, "text", None) == sql
    of_sql = is_dataclass(value) and type(value).__module__.startswith("flocon.sql.")
    return isinstance(value, _READ) or (of_sql and not isinstance(value, _PARTS))


@pytest.mark.parametrize("table", ["plain", "logged"])
@pytest.mark.parametrize("kind", list(_STATEMENTS))
def test_a_statement_is_followed_in_ten_files_which_the_page_names(
    session: Session, kind: str, table: str
) -> None:
    first, again = (files(session, _STATEMENTS[kind].format(table=table)) for _ in range(2))
    assert again <= first | {"session/names.py"}
    assert 4 < len(first) <= 10, first
    assert first <= way_of(kind), first - way_of(kind)


def test_more_files_than_the_page_names_would_be_noticed(session: Session) -> None:
    with pytest.raises(SnowflakeError):
        files(session, "EXECUTE STREAMLIT x")
    sys.setprofile(None)
    assert "session/dml.py" not in files(session, "SELECT 1")
    assert "session/dml.py" in files(session, "DELETE FROM plain")

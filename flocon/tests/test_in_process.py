"""`flocon.Account`: an account in the program's own process."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import snowflake.connector

import flocon


@pytest.fixture(scope="module")
def here() -> Iterator[flocon.Account]:
    with flocon.Account() as account:
        yield account


def test_the_connector_and_snowpark_reach_an_account_of_this_process(here: flocon.Account) -> None:
    with here.connect() as connection:
        connection.cursor().execute("CREATE DATABASE shop")
        connection.cursor().execute("CREATE TABLE wine AS SELECT 'Pinot noir' AS grape")
    with here.snowpark(database="SHOP", schema="PUBLIC") as session:
        assert session.table("wine").collect() == [("Pinot noir",)]
        assert session.sql("SELECT CURRENT_USER()").collect() == [("LOCAL",)]


def test_a_procedure_of_an_account_in_this_process_runs(here: flocon.Account) -> None:
    with here.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE called")
        cursor.execute(
            "CREATE PROCEDURE twice(n INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"
            ' AS \'def run(session, n):\n    return session.sql("SELECT 2 * ?", [n])'
            ".collect()[0][0]'"
        )
        assert cursor.execute("CALL twice(21)").fetchall() == [(42,)]


def test_an_entry_of_connections_toml_leads_another_program_to_it(
    here: flocon.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "connections.toml").write_text(here.connections_toml("here"))
    (tmp_path / "connections.toml").chmod(0o600)
    program = (
        "import snowflake.connector as c; connection = c.connect(connection_name='here');"
        "print(connection.cursor().execute('SELECT 6 * 7').fetchone())"
    )
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("(42,)\n", 0), done.stderr


def test_two_accounts_of_one_process_do_not_answer_each_others_types() -> None:
    """The same statements over tables of the same name, whose columns have other types."""
    kinds = {"NUMBER(12, 2)": Decimal("0.10"), "DOUBLE": 0.1}
    statements = [
        "SELECT n FROM t",
        "SELECT sum(n) FROM t",
        "SELECT n + n FROM t",
        "SELECT max(n) AS most FROM t GROUP BY n",
    ]
    with flocon.Account() as one_account, flocon.Account() as other:
        assert one_account.port != other.port
        cursors = {}
        for account, kind in zip((one_account, other), kinds, strict=True):
            cursors[kind] = account.connect().cursor()
            cursors[kind].execute("CREATE DATABASE d")
            cursors[kind].execute(f"CREATE TABLE t (n {kind})")
            cursors[kind].execute("INSERT INTO t SELECT 0.1")
        answers: dict[str, list[tuple[type, int]]] = {kind: [] for kind in kinds}
        for statement in statements * 2:
            for kind, cursor in cursors.items():
                ((value,),) = cursor.execute(statement).fetchall()
                answers[kind].append((type(value), cursor.description[0].type_code))
        assert answers == {
            "NUMBER(12, 2)": [(Decimal, 0)] * 8,
            "DOUBLE": [(float, 1)] * 8,
        }


def test_two_accounts_of_one_process_have_their_own_databases_users_and_warehouses() -> None:
    with flocon.Account() as one_account, flocon.Account() as other:
        with one_account.connect() as connection:
            for statement in ("DATABASE d", "WAREHOUSE w", "ROLE r", "USER u"):
                connection.cursor().execute(f"CREATE {statement}")
        with other.connect() as connection:
            for kind in ("DATABASES LIKE 'D'", "WAREHOUSES LIKE 'W'", "ROLES LIKE 'R'", "USERS"):
                shown = connection.cursor().execute(f"SHOW {kind}").fetchall()
                assert [row for row in shown if {"D", "W", "R", "U"} & set(row[:2])] == []


_STOPPED = """
import os, sys, threading
import flocon, snowflake.connector

def stack_size():
    size = threading.stack_size()  # which sets it to 0
    threading.stack_size(size)
    return size

threading.stack_size(1 << 20)
before = sys.getrecursionlimit(), stack_size(), os.umask(0o022), dict(os.environ)
os.umask(before[2])
threads = set(threading.enumerate())
account = flocon.Account().start()
with account.connect() as connection:
    connection.cursor().execute("CREATE DATABASE d")
    connection.cursor().execute("CREATE TABLE t AS SELECT 1 AS n")
folder = account.data
assert folder.is_dir()
account.stop()
account.stop()
assert account.data is None
assert not folder.exists()
assert before == (sys.getrecursionlimit(), stack_size(), os.umask(0o022), dict(os.environ))
for thread in set(threading.enumerate()) - threads:
    thread.join(20)
    assert not thread.is_alive(), thread.name
try:
    account.connect(login_timeout=1)
except snowflake.connector.errors.OperationalError:
    print("as it was")
"""


def test_an_account_that_is_stopped_leaves_the_process_as_it_was() -> None:
    done = subprocess.run([sys.executable, "-c", _STOPPED], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("as it was\n", 0), done.stderr


def test_statements_that_are_nested_deeply_are_read_in_this_process_too(
    here: flocon.Account,
) -> None:
    with here.connect() as connection:
        deep = f"SELECT {'(' * 300}1{')' * 300}"
        assert connection.cursor().execute(deep).fetchall() == [(1,)]


def test_a_named_folder_keeps_what_was_committed(tmp_path: Path) -> None:
    for statements, rows in (
        (["CREATE DATABASE d", "CREATE TABLE t AS SELECT 1 AS n"], []),
        (["USE SCHEMA d.public"], [(1,)]),
    ):
        account = flocon.Account(tmp_path / "data").start()
        with account, account.connect() as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            if rows:
                assert connection.cursor().execute("SELECT n FROM t").fetchall() == rows


def test_with_a_password_only_who_knows_it_gets_in() -> None:
    with flocon.Account(user="albert", password="corked") as account:
        with account.connect() as connection:
            asked = connection.cursor().execute("SELECT CURRENT_USER()")
            assert asked.fetchall() == [("ALBERT",)]
        with pytest.raises(snowflake.connector.errors.DatabaseError, match="Incorrect username"):
            account.connect(password="wrong")


def test_what_keeps_an_account_from_starting_is_said(tmp_path: Path) -> None:
    def failure(account: flocon.Account) -> str:
        with pytest.raises(flocon.StartError) as raised:
            account.start()
        return str(raised.value)

    (tmp_path / "file").write_text("a letter")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert failure(flocon.Account(port=port)) == (
            f"cannot listen on 127.0.0.1:{port}: Address already in use; port 0 takes a free one"
        )
    assert failure(flocon.Account(host="0.0.0.0")) == (
        "0.0.0.0 is open to other machines: set a password, or listen on 127.0.0.1"
    )
    assert failure(flocon.Account(tmp_path)) == (
        f"{tmp_path} has files in it that are no account's: choose an empty one"
    )
    assert failure(flocon.Account(tmp_path / "file")) == (
        f"{tmp_path / 'file'} cannot be the data folder: it is a file"
    )
    assert (tmp_path / "file").read_text() == "a letter"
    with flocon.Account(tmp_path / "data") as account:
        assert failure(account) == "this account runs already"
        assert failure(flocon.Account(tmp_path / "data")) == (
            f"{tmp_path / 'data'} is in use by another account: stop it or choose another folder"
        )

"""Everything at once: threads of one session, procedures, tasks, cancellations, DDL underneath.

Each race is seeded and bounded, and ends with the account as sound as before: no row lost or
twice, no error of the account's own, nobody's session left behind.
"""

import contextlib
import json
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import snowflake.connector
from shared import attempt

from flocon import AccountProcess

Run = Callable[..., list[Any]]
Connection = snowflake.connector.SnowflakeConnection
SqlError = snowflake.connector.errors.ProgrammingError

_MOVE = "INSERT INTO sink SELECT id FROM s WHERE METADATA$ACTION = 'INSERT'"


def procedure(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE PROCEDURE {name} RETURNS VARIANT LANGUAGE PYTHON"
        " RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"
        f" AS $$\n{body}\n$$"
    )


@pytest.fixture(autouse=True)
def sound(account: AccountProcess) -> Iterator[None]:
    """The account found no fault in itself meanwhile."""
    before = account.log().count("internal error")
    yield
    assert account.log().count("internal error") == before, account.log()[-5000:]


def state(account: AccountProcess) -> dict[str, int]:
    with account.connect() as connection:
        assert connection.rest is not None
        request = urllib.request.Request(
            f"http://{account.host}:{account.port}/local/state",
            headers={"Authorization": f'Snowflake Token="{connection.rest.token}"'},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return dict(json.loads(response.read())["data"])


@contextlib.contextmanager
def connections(account: AccountProcess, database: str, count: int) -> Iterator[list[Connection]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(account.connect(database=database, schema="PUBLIC"))
            for _ in range(count)
        ]


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_session_of_many_threads_mixes_up_no_answers(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api: threads
    may share the module and connections (thread safety 2)."""
    run("CREATE TABLE t (id INT, worker INT)")
    run("CREATE TABLE sink (id INT)")
    run("CREATE STREAM s ON TABLE t")

    def work(worker: int) -> None:
        chance = random.Random(worker)
        for index in range(12):
            cursor = connection.cursor()
            number = worker * 1000 + index
            kind = chance.choice(("insert", "many", "ask", "move"))
            if kind == "ask":
                assert cursor.execute("SELECT ?, ?", (number, "x" * worker)).fetchall() == [
                    (number, "x" * worker)
                ]
            if kind == "move":
                cursor.execute(_MOVE)
            rows = [(number, worker)]
            if kind == "many":
                rows.append((number + 500, worker))
            cursor.executemany("INSERT INTO t VALUES (?, ?)", rows)
            assert cursor.rowcount == len(rows)
            found = cursor.execute(
                "SELECT max(id) FROM t WHERE worker = ? AND id = ?", rows[0][::-1]
            )
            assert found is not None and found.fetchone() == (number,)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    run(_MOVE)
    assert run("SELECT id FROM sink ORDER BY id") == run("SELECT id FROM t ORDER BY id")
    assert run("SELECT count(*) - count(DISTINCT id), count(*) >= 96 FROM sink") == [(0, True)]


def test_tasks_and_clients_share_a_stream_and_give_each_row_out_once(
    account: AccountProcess, database: str, run: Run
) -> None:
    """A task's body, a procedure and clients consume one stream while others write."""
    run("CREATE TABLE t (id INT)")
    run("CREATE TABLE sink (id INT)")
    run("CREATE STREAM s ON TABLE t")
    run(procedure("move()", f'def run(session):\n    session.sql("{_MOVE}").collect()'))
    run(f"CREATE TASK by_itself SCHEDULE = '60 MINUTES' AS {_MOVE}")
    run("CREATE TASK by_call AFTER by_itself AS CALL move()")
    run("ALTER TASK by_call RESUME")
    done = threading.Event()

    def write(connection: Connection, writer: int) -> None:
        chance = random.Random(writer)
        for index in range(40):
            connection.cursor().execute("INSERT INTO t VALUES (?)", (writer * 1000 + index,))
            time.sleep(chance.random() * 0.01)

    def consume(connection: Connection, statement: str) -> None:
        while not done.wait(0.01):
            attempt(connection, statement)

    def ask(connection: Connection) -> None:
        while not done.wait(0.05):
            connection.cursor().execute("EXECUTE TASK by_itself")

    with connections(account, database, 6) as own, ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, own[n], n) for n in range(3)]
        others = [
            pool.submit(consume, own[3], _MOVE),
            pool.submit(consume, own[4], "CALL move()"),
            pool.submit(ask, own[5]),
        ]
        try:
            for future in writing:
                future.result()
        finally:
            done.set()
        for future in others:
            future.result()
    history = (
        "SELECT state FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())"
        f" WHERE database_name = '{database}'"
    )
    until(lambda: {row[0] for row in run(history)} <= {"SUCCEEDED", "FAILED", "SKIPPED"})
    run(_MOVE)
    assert run("SELECT id FROM sink ORDER BY id") == [
        (writer * 1000 + index,) for writer in range(3) for index in range(40)
    ]
    # A task that lost a race against a client is a failed run, and nothing worse.
    messages = run(
        "SELECT DISTINCT error_code FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())"
        f" WHERE database_name = '{database}' AND state = 'FAILED'"
    )
    assert set(messages) <= {("000625",), ("100357",)}
    run("ALTER TASK by_itself SUSPEND")


def test_calls_go_on_while_the_procedure_is_replaced(
    account: AccountProcess, database: str, run: Run
) -> None:
    """Each of many calls runs one whole version; none fails."""
    run("CREATE TABLE t (version INT)")
    body = (
        "def run(session):\n    session.sql('INSERT INTO t VALUES ({0})').collect()\n    return {0}"
    )
    run(procedure("versioned()", body.format(0)))

    def call(connection: Connection) -> list[int]:
        cursor = connection.cursor()
        answers = [cursor.execute("CALL versioned()").fetchone() for _ in range(8)]
        return [int(answer[0]) for answer in answers if isinstance(answer, tuple)]

    with connections(account, database, 5) as own, ThreadPoolExecutor(5) as pool:
        calling = [pool.submit(call, connection) for connection in own]
        for version in range(1, 5):
            run(procedure("versioned()", body.format(version)))
        answers = [future.result() for future in calling]
    assert all(versions == sorted(versions) for versions in answers)
    assert sorted(version for versions in answers for version in versions) == [
        row[0] for row in run("SELECT version FROM t ORDER BY version")
    ]
    assert len(run("SELECT * FROM t")) == 40


def test_cancelled_statements_leave_nothing_behind(
    account: AccountProcess, database: str, run: Run
) -> None:
    """Clients are cancelled at any moment: rows are there once or not at all, streams too."""
    run("CREATE TABLE t (id INT)")
    run("CREATE TABLE sink (id INT)")
    run("CREATE STREAM s ON TABLE t")
    before = state(account)
    endless = "table(generator(rowcount => 10000000))"
    done = threading.Event()

    def work(connection: Connection, worker: int) -> set[int]:
        chance = random.Random(worker)
        acknowledged = set()
        for number in range(worker * 1000, worker * 1000 + 10):
            insert = f"INSERT INTO t VALUES ({number})"
            kind = chance.choice(("insert", "transaction", "move", "endless"))
            if kind == "endless":
                with pytest.raises(SqlError, match="canceled"):
                    connection.cursor().execute(
                        f"SELECT count(*) FROM {endless} a, {endless} b", timeout=60
                    )
                continue
            statements = {
                "insert": [insert],
                "transaction": ["BEGIN", insert, "COMMIT"],
                "move": [_MOVE],
            }[kind]
            try:
                for statement in statements:
                    connection.cursor().execute(statement)
                acknowledged |= {number} - ({number} if kind == "move" else set())
            except SqlError as error:
                assert error.errno in (604, 625, 90236), error
                undo(connection)
        return acknowledged

    def cancel(sessions: list[int]) -> None:
        chance = random.Random("cancel")
        with account.connect() as other:
            while not done.wait(chance.uniform(0, 0.05)):
                chosen = chance.choice(sessions)
                other.cursor().execute(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({chosen})")

    with connections(account, database, 3) as own, ThreadPoolExecutor(4) as pool:
        cancelling = pool.submit(cancel, [connection.session_id for connection in own])
        working = [pool.submit(work, connection, n) for n, connection in enumerate(own)]
        try:
            acknowledged = set().union(*(future.result() for future in working))
        finally:
            done.set()
        cancelling.result()
    rows = [row[0] for row in run("SELECT id FROM t")]
    assert len(rows) == len(set(rows))
    assert acknowledged <= set(rows)
    run(_MOVE)
    assert run("SELECT id FROM sink ORDER BY id") == run("SELECT id FROM t ORDER BY id")
    after = state(account)
    for kept in ("sessions", "logins", "passes"):
        assert after[kept] <= before[kept]


def undo(connection: Connection) -> None:
    """ROLLBACK, which may be cancelled, too."""
    while True:
        with contextlib.suppress(SqlError):
            connection.cursor().execute("ROLLBACK")
            return


def test_a_database_dropped_under_its_clients_is_an_error_and_no_accident(
    account: AccountProcess, database: str, run: Run
) -> None:
    """Whatever they were at, they hear that it is gone; the next database is not the worse."""
    told: set[int] = set()

    def work(connection: Connection, worker: int) -> None:
        chance = random.Random(worker)
        statements = (
            "INSERT INTO t VALUES (1)",
            "INSERT INTO sink SELECT id FROM s",
            "SELECT count(*) FROM t, s",
            "CREATE OR REPLACE TABLE u AS SELECT * FROM t",
            "SELECT SYSTEM$STREAM_HAS_DATA('s')",
            "SHOW STREAMS",
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                connection.cursor().execute(chance.choice(statements))
            except SqlError as error:
                told.add(error.errno or 0)
                if error.errno in (2003, 2043, 90105):
                    return
        raise AssertionError("the database is still there")

    for round_ in range(3):
        name = f"{database}_{round_}"
        run(f"CREATE DATABASE {name}")
        run(f"CREATE TABLE {name}.public.t (id INT)")
        run(f"CREATE TABLE {name}.public.sink (id INT)")
        run(f"CREATE STREAM {name}.public.s ON TABLE {name}.public.t")
        with connections(account, name, 4) as own, ThreadPoolExecutor(4) as pool:
            working = [pool.submit(work, c, n) for n, c in enumerate(own)]
            until(lambda name=name: run(f"SELECT count(*) FROM {name}.public.t")[0][0] > 3)
            run(f"DROP DATABASE {name}")
            for future in working:
                future.result()
    assert told <= {2003, 2043, 90105, 625, 604}
    assert run("SELECT 1") == [(1,)]

"""Sessions side by side: whatever their order, each row counts exactly once.

https://docs.snowflake.com/en/user-guide/streams-intro#repeatable-read-isolation
"""

import multiprocessing
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import pytest
import snowflake.connector
from flocon.engine import Conflict, translate
from shared import attempt

from flocon import AccountProcess

Run = Callable[..., list[Any]]
Connection = snowflake.connector.SnowflakeConnection


def write(connection: Connection, writer: int, count: int, seed: int) -> None:
    """Insert the rows writer * 10000 + 0 … count-1 into T, alone or several in a transaction."""
    chance = random.Random(seed * 100 + writer)
    index = 0
    while index < count:
        size = min(chance.randint(1, 4), count - index)
        rows = [f"INSERT INTO t VALUES ({writer * 10000 + index + i}, 'r')" for i in range(size)]
        if size == 1:
            connection.cursor().execute(rows[0])
        else:
            assert attempt(connection, *rows)
        index += size


def consume(connection: Connection, done: threading.Event, seed: int) -> None:
    """Move rows from stream S to SINK until the writers are done and nothing is left."""
    chance = random.Random(seed)
    move = "INSERT INTO sink SELECT id FROM s WHERE METADATA$ACTION = 'INSERT'"
    last = False
    while not last:
        last = done.is_set()
        if chance.random() < 0.5:
            connection.cursor().execute(move)
        else:
            attempted = attempt(connection, move)
            last = last and attempted
        time.sleep(chance.random() * 0.01)


def test_writers_and_racing_consumers_lose_and_repeat_nothing(
    account: AccountProcess, database: str, run: Run
) -> None:
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("CREATE TABLE sink (id INT)")
    run("CREATE STREAM s ON TABLE t")
    each, writers, consumers = 60, 4, 3
    done = threading.Event()
    connections = [
        account.connect(database=database, schema="PUBLIC") for _ in range(writers + consumers)
    ]
    with ThreadPoolExecutor(len(connections)) as pool:
        writing = [pool.submit(write, connections[n], n, each, seed=1) for n in range(writers)]
        consuming = [
            pool.submit(consume, c, done, seed=n) for n, c in enumerate(connections[writers:])
        ]
        try:
            for future in writing:
                future.result()
        finally:
            done.set()
        for future in consuming:
            future.result()
    expected = sorted((w * 10000 + i,) for w in range(writers) for i in range(each))
    assert run("SELECT id FROM sink ORDER BY id") == expected
    assert run("SELECT id FROM t ORDER BY id") == expected
    assert run("SELECT * FROM s") == []
    for connection in connections:
        connection.close()


def _process(parameters: dict[str, Any], writer: int, count: int) -> None:
    with snowflake.connector.connect(**parameters, paramstyle="qmark") as connection:
        write(connection, writer, count, seed=2)


def test_writers_in_processes_of_their_own_feed_a_stream(
    account: AccountProcess, database: str, run: Run, connection: Connection
) -> None:
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("CREATE TABLE sink (id INT)")
    run("CREATE STREAM s ON TABLE t")
    parameters = {**account.connection_parameters(), "database": database, "schema": "PUBLIC"}
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_process, args=(parameters, n, 40)) for n in range(2)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        connection.cursor().execute("INSERT INTO sink SELECT id FROM s")
    assert [process.exitcode for process in processes] == [0, 0]
    run("INSERT INTO sink SELECT id FROM s")
    expected = sorted((w * 10000 + i,) for w in range(2) for i in range(40))
    assert run("SELECT id FROM sink ORDER BY id") == expected


def test_updates_and_deletes_race_with_a_consumer(
    account: AccountProcess, database: str, run: Run
) -> None:
    """A copy that applies a standard stream's changes ends up equal to the source."""
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("CREATE TABLE copy (id INT, v VARCHAR)")
    run("CREATE STREAM s ON TABLE t")
    done = threading.Event()
    apply = (
        "MERGE INTO copy USING (SELECT * FROM s WHERE NOT (METADATA$ACTION = 'DELETE' AND"
        " METADATA$ISUPDATE)) x ON copy.id = x.id"
        " WHEN MATCHED AND x.METADATA$ACTION = 'DELETE' THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET v = x.v"
        " WHEN NOT MATCHED AND x.METADATA$ACTION = 'INSERT' THEN INSERT VALUES (x.id, x.v)"
    )

    def change(seed: int) -> None:
        chance = random.Random(seed)
        with account.connect(database=database, schema="PUBLIC") as opened:
            cursor = opened.cursor()
            mine: list[int] = []
            for index in range(25):
                kind = chance.choice(["insert", "update", "delete"]) if mine else "insert"
                if kind == "insert":
                    mine.append(seed * 1000 + index)
                    cursor.execute("INSERT INTO t VALUES (?, 'new')", (mine[-1],))
                elif kind == "update":
                    cursor.execute(
                        "UPDATE t SET v = ? WHERE id = ?", (f"v{index}", chance.choice(mine))
                    )
                else:
                    cursor.execute("DELETE FROM t WHERE id = ?", (mine.pop(),))

    def follow() -> None:
        with account.connect(database=database, schema="PUBLIC") as opened:
            last = False
            while not last:
                last = done.is_set()
                opened.cursor().execute(apply)

    with ThreadPoolExecutor(4) as pool:
        changing = [pool.submit(change, seed) for seed in (1, 2, 3)]
        following = pool.submit(follow)
        try:
            for future in changing:
                future.result()
        finally:
            done.set()
        following.result()
    assert run("SELECT count(*) > 0 FROM t") == [(True,)]
    assert run("SELECT * FROM copy ORDER BY id") == run("SELECT * FROM t ORDER BY id")


def _stream_made_under_load(
    account: AccountProcess, database: str, run: Run, options: str
) -> tuple[set[int], set[int], list[int]]:
    """(rows given out at first, rows given out next, all rows) of a stream that is made while
    four writers write; half of them to a table that was already tracked."""
    done = threading.Event()
    threads = 4

    def keep_writing(writer: int) -> int:
        chance = random.Random(writer)
        index = 0
        with account.connect(database=database, schema="PUBLIC") as opened:
            while not done.is_set():
                first = writer * 10000 + index
                if chance.random() < 0.5:
                    opened.cursor().execute("INSERT INTO t VALUES (?)", (first,))
                    index += 1
                elif attempt(
                    opened,
                    f"INSERT INTO t VALUES ({first})",
                    f"INSERT INTO t VALUES ({first + 1})",
                ):
                    index += 2
        return index

    with ThreadPoolExecutor(threads) as pool:
        writing = [pool.submit(keep_writing, n) for n in range(threads)]
        try:
            while run("SELECT count(*) FROM t")[0][0] < 20:
                continue
            before = {row[0] for row in run("SELECT id FROM t")}
            run(f"CREATE OR REPLACE STREAM s ON TABLE t {options}")
            reached = run("SELECT count(*) FROM t")[0][0]
            while run("SELECT count(*) FROM t")[0][0] < reached + 20:
                continue
        finally:
            done.set()
        counts = [future.result() for future in writing]
    run("CREATE OR REPLACE TABLE sink (id INT)")
    run("INSERT INTO sink SELECT id FROM s")
    first = [row[0] for row in run("SELECT id FROM sink")]
    run("INSERT INTO sink SELECT id FROM s")
    both = [row[0] for row in run("SELECT id FROM sink")]
    assert len(set(both)) == len(both)
    rows = [row[0] for row in run("SELECT id FROM t ORDER BY id")]
    assert rows == sorted(w * 10000 + i for w, count in enumerate(counts) for i in range(count))
    assert not before & set(first) or "INITIAL" in options
    return set(first), set(both) - set(first), rows


def test_a_stream_made_under_load_starts_at_one_moment(
    account: AccountProcess, database: str, run: Run
) -> None:
    """What a writer wrote before the stream's moment is not in it, all that came later is."""
    for already_tracked in (False, True):
        run("CREATE OR REPLACE TABLE t (id INT)")
        if already_tracked:
            run("CREATE STREAM earlier ON TABLE t")
        given, _, rows = _stream_made_under_load(account, database, run, "")
        for writer in range(4):
            mine = [row for row in rows if row // 10000 == writer]
            missing = [row for row in mine if row not in given]
            assert missing == mine[: len(missing)]
        if already_tracked:
            assert sorted(row[0] for row in run("SELECT id FROM earlier")) == rows


def test_initial_rows_and_later_rows_are_all_rows_once(
    account: AccountProcess, database: str, run: Run
) -> None:
    for already_tracked in (False, True):
        run("CREATE OR REPLACE TABLE t (id INT)")
        if already_tracked:
            run("CREATE STREAM before ON TABLE t")
        initial, later, rows = _stream_made_under_load(
            account, database, run, "SHOW_INITIAL_ROWS = TRUE"
        )
        assert len(initial) >= 20
        assert sorted([*initial, *later]) == rows


def test_ddl_goes_on_beside_dml(account: AccountProcess, database: str, run: Run) -> None:
    """Other tables, other streams and new columns disturb neither the writers nor their stream."""
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("CREATE STREAM s ON TABLE t")
    with ThreadPoolExecutor(4) as pool:
        connections = [account.connect(database=database, schema="PUBLIC") for _ in range(3)]
        writing = [pool.submit(write, c, n, 50, seed=3) for n, c in enumerate(connections)]
        for index in range(6):
            run(f"CREATE TABLE u{index} AS SELECT count(*) AS n FROM t")
            run(f"CREATE STREAM s{index} ON TABLE t APPEND_ONLY = TRUE")
            run(f"CREATE OR REPLACE VIEW w AS SELECT * FROM u{index}")
            run(f"DROP STREAM s{index}")
            run(f"DROP TABLE u{index}")
        for future in writing:
            future.result()
    assert run("SELECT count(*), count(DISTINCT id) FROM s") == [(150, 150)]
    for connection in connections:
        connection.close()


def add_column(run: Run, column: str) -> None:
    """ALTER TABLE, which may lose against a writer, until it has found a gap."""
    deadline = time.monotonic() + 60
    while True:
        try:
            run(f"ALTER TABLE t ADD COLUMN IF NOT EXISTS {column}")
            return
        except snowflake.connector.errors.ProgrammingError:
            if time.monotonic() > deadline:
                raise


@pytest.mark.parametrize(
    "text",
    [
        'Failed to commit: Attempting to modify table "t" but another transaction has altered this'
        " table",
        # Where the other one has come to nothing meanwhile.
        'Failed to commit: Attempting to modify table "t" but another transaction has no changes'
        " this table",
        'Could not commit creation of dependency, subject "t" was dropped and re-created by another'
        " transaction",
        'Transaction conflict: attempting to insert into table "t" but it has been altered by a'
        " different transaction",
    ],
)
def test_what_another_transaction_has_done_is_a_conflict_after_which_the_statement_runs_again(
    text: str,
) -> None:
    """What DuckDB says, word for word."""
    assert isinstance(
        translate(duckdb.TransactionException(f"TransactionContext Error: {text}")), Conflict
    )


def test_a_column_is_added_under_load(account: AccountProcess, database: str, run: Run) -> None:
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("CREATE STREAM s ON TABLE t")
    done = threading.Event()

    def keep_writing(writer: int) -> int:
        index = 0
        with account.connect(database=database, schema="PUBLIC") as opened:
            while not done.is_set():
                opened.cursor().execute(
                    "INSERT INTO t (id, v) VALUES (?, 'x')", (writer * 10000 + index,)
                )
                index += 1
        return index

    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(keep_writing, n) for n in range(3)]
        try:
            for index in range(4):
                add_column(run, f"c{index} INT DEFAULT {index}")
        finally:
            done.set()
        total = sum(future.result() for future in writing)
    assert run("SELECT count(*), count(DISTINCT id), min(c0), max(c3) FROM s") == [
        (total, total, 0, 3)
    ]
    run("UPDATE t SET v = 'y'")
    assert run("SELECT count(*), count_if(METADATA$ISUPDATE) FROM s") == [(total, 0)]


def test_new_databases_beside_writers_mix_up_no_transactions(
    account: AccountProcess, database: str, run: Run
) -> None:
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("CREATE STREAM s ON TABLE t")
    names = [f"{database}_{index}" for index in range(6)]
    with ThreadPoolExecutor(3) as pool:
        connections = [account.connect(database=database, schema="PUBLIC") for _ in range(3)]
        writing = [pool.submit(write, c, n, 50, seed=4) for n, c in enumerate(connections)]
        with account.connect() as other:
            for name in names:
                other.cursor().execute(f"CREATE DATABASE {name}")
        for future in writing:
            future.result()
    assert run("SELECT count(*), count(DISTINCT id) FROM s") == [(150, 150)]
    for name in names:
        run(f"DROP DATABASE {name}")
    for connection in connections:
        connection.close()

"""The change log: what it keeps, and for how long."""

from pathlib import Path
from typing import Any

import pytest
from flocon.account import Account


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_the_log_is_trimmed_below_the_slowest_stream_and_no_further(tmp_path: Path) -> None:
    account = Account(tmp_path)
    session = account.open_session(user="TESTER")

    def run(sql: str) -> list[Any]:
        return [tuple(row) for row in session.execute(sql).rows()]

    def logged() -> int:
        catalog = account.stores.catalog("D")
        account.stores.streams.trim(catalog)
        (tracked,) = account.stores.tracked_tables.all_tracked("D")
        return int(catalog.rows(f"SELECT count(*) AS n FROM {tracked.log}")[0]["n"])

    try:
        run("CREATE DATABASE d")
        run("CREATE TABLE t (id INT)")
        run("CREATE STREAM s ON TABLE t")
        run("CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE")
        run("CREATE TABLE sink (id INT)")
        run("INSERT INTO t SELECT seq4() FROM TABLE(GENERATOR(ROWCOUNT => 500))")
        run("INSERT INTO sink SELECT id FROM s")
        run("INSERT INTO t VALUES (1000)")
        assert logged() == 501
        run("INSERT INTO sink SELECT id FROM a")
        run("INSERT INTO t VALUES (1001)")
        assert logged() == 2
        assert run("SELECT id FROM s ORDER BY id") == [(1000,), (1001,)]
        assert run("SELECT id FROM a") == [(1001,)]
        run("INSERT INTO sink SELECT id FROM s")
        assert logged() == 1
        assert run("SELECT id FROM a") == [(1001,)]
        run("DROP STREAM a")
        run("UPDATE t SET id = 1002 WHERE id = 1001")
        assert logged() == 2
        assert run("SELECT id, METADATA$ACTION FROM s ORDER BY id") == [
            (1001, "DELETE"),
            (1002, "INSERT"),
        ]
    finally:
        account.close()


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_no_name_of_a_column_is_taken_for_one_of_the_logs_own(tmp_path: Path) -> None:
    account = Account(tmp_path)
    session = account.open_session(user="TESTER")
    names = "k, n, op, tx, seq, born, gone, a, b, c, l, p, s, x, id, old, new, offset_, initial"
    columns = names.split(", ")

    def run(sql: str) -> list[Any]:
        return [tuple(row) for row in session.execute(sql).rows()]

    try:
        run("CREATE DATABASE d")
        run(f"CREATE TABLE t ({', '.join(f'{column} VARCHAR' for column in columns)})")
        run(f"INSERT INTO t SELECT {', '.join(repr(column) for column in columns)}")
        run("CREATE STREAM changes ON TABLE t")
        run("CREATE STREAM additions ON TABLE t APPEND_ONLY = TRUE SHOW_INITIAL_ROWS = TRUE")
        run("CREATE TABLE sink LIKE t")
        run(f"INSERT INTO sink SELECT {names} FROM additions")
        assert run("SELECT k, seq, l FROM sink") == [("k", "seq", "l")]
        run("INSERT INTO t (k) VALUES ('second'), ('third')")
        run("UPDATE t SET op = 'changed' WHERE k = 'k'")
        run("UPDATE t SET k = 'changed' WHERE k = 'second'")
        run("DELETE FROM t WHERE k = 'third'")
        assert run(
            "SELECT k, op, x, METADATA$ACTION, METADATA$ISUPDATE FROM changes ORDER BY 1, 2"
        ) == [
            ("changed", None, None, "INSERT", False),
            ("k", "changed", "x", "INSERT", True),
            ("k", "op", "x", "DELETE", True),
        ]
        assert run("SELECT k FROM additions ORDER BY k") == [("second",), ("third",)]
    finally:
        account.close()


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_what_a_merge_only_adds_is_logged_also_where_the_transaction_begins_again(
    tmp_path: Path,
) -> None:
    account = Account(tmp_path)
    session, other = (account.open_session(user="TESTER") for _ in range(2))

    def run(sql: str) -> list[Any]:
        return [tuple(row) for row in session.execute(sql).rows()]

    try:
        run("CREATE DATABASE d")
        other.execute("USE SCHEMA d.public")
        for table in ("streamed", "plain"):
            run(f"CREATE TABLE {table} (id INT)")
            run(f"INSERT INTO {table} VALUES (1)")
        run("CREATE STREAM s ON TABLE streamed")
        run("BEGIN")
        for table in ("streamed", "plain"):
            run(f"INSERT INTO {table} VALUES (2)")
            for highest in (3, 4, 4):
                run(
                    f"MERGE INTO {table} t USING (SELECT seq4() + 1 AS n FROM"
                    f" TABLE(GENERATOR(ROWCOUNT => {highest}))) u ON t.id = u.n"
                    " WHEN NOT MATCHED THEN INSERT (id) VALUES (u.n)"
                )
                # Now the transaction needs another snapshot, and repeats what it has done.
                other.execute(f"INSERT INTO {table} VALUES ({highest * 10})")
        expected = [(1,), (2,), (3,), (4,), (30,), (40,), (40,)]
        for table in ("streamed", "plain"):
            assert run(f"SELECT id FROM {table} ORDER BY id") == expected
        run("COMMIT")
        assert run("SELECT id, METADATA$ACTION FROM s ORDER BY id") == [
            (id_, "INSERT") for (id_,) in expected[1:]
        ]
    finally:
        account.close()

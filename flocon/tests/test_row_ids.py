"""DuckDB's row ids change when a checkpoint moves rows together, even under a transaction that has
only read. What the account builds on them stays right wherever that happens."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from flocon.account import Account
from flocon.engine import Connection
from flocon.session.session import Session

_LAYOUT = (
    "CREATE OR REPLACE TABLE t (n INT, s VARCHAR)",
    "INSERT INTO t SELECT seq4(), 'old' FROM TABLE(GENERATOR(ROWCOUNT => 10))",
    "CHECKPOINT",
    "INSERT INTO t SELECT 100 + seq4(), 'new' FROM TABLE(GENERATOR(ROWCOUNT => 5))",
    "DELETE FROM t WHERE n % 2 = 0",
    "CREATE OR REPLACE STREAM s ON TABLE t",
)
_CHANGES = {
    "DELETE FROM t WHERE n > 100": {("DELETE", 101, "new"), ("DELETE", 103, "new")},
    "MERGE INTO t USING (SELECT 7 AS n UNION SELECT 8) x ON t.n = x.n"
    " WHEN MATCHED THEN UPDATE SET s = 'm' WHEN NOT MATCHED THEN INSERT VALUES (x.n, 'm')": {
        ("DELETE", 7, "old"),
        ("INSERT", 7, "m"),
        ("INSERT", 8, "m"),
    },
    "MERGE INTO t USING (SELECT 7 AS n UNION SELECT 8) x ON t.n = x.n"
    " WHEN NOT MATCHED THEN INSERT VALUES (x.n, 'm')": {("INSERT", 8, "m")},
}
_SHOWN = "SELECT METADATA$ACTION, n, s FROM s"
_ROWS = [(1, "old"), (3, "old"), (5, "old"), (7, "old"), (9, "old"), (101, "new"), (103, "new")]


class Checkpoints:
    """A checkpoint of another connection, before one statement among those of the engine."""

    def __init__(self, account: Account, patch: pytest.MonkeyPatch) -> None:
        self._other = account.stores.engine._root.cursor()
        self._countdown = itertools.count(1)
        values = Connection.values

        def counted(connection: Connection, sql: str, binds: Any = ()) -> Any:
            if next(self._countdown) == 0:
                self.now()
            return values(connection, sql, binds)

        patch.setattr(Connection, "values", counted)

    def before(self, nth: int) -> None:
        """Before the nth statement from here; n = 0 is the next one."""
        self._countdown = itertools.count(-nth)

    def came(self) -> bool:
        """Were there as many statements?"""
        return next(self._countdown) > 0

    def now(self) -> None:
        with contextlib.suppress(duckdb.TransactionException):
            self._other.execute("CHECKPOINT d")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    opened = Account(tmp_path_factory.mktemp("account"))
    session = opened.open_session(user="TESTER")
    session.execute("CREATE DATABASE d")
    session.close()
    yield opened
    opened.close()


@pytest.fixture
def session(account: Account) -> Iterator[Session]:
    opened = account.open_session(user="TESTER")
    opened.execute("USE SCHEMA d.public")
    yield opened
    opened.close()


@pytest.fixture
def checkpoints(account: Account, monkeypatch: pytest.MonkeyPatch) -> Checkpoints:
    return Checkpoints(account, monkeypatch)


def lay(session: Session, checkpoints: Checkpoints) -> None:
    """Deleted rows before those of a second block: a checkpoint moves them together."""
    checkpoints.before(10**9)
    for statement in _LAYOUT:
        if statement == "CHECKPOINT":
            checkpoints.now()
        else:
            session.execute(statement)


def rows(session: Session, sql: str) -> list[Any]:
    return [tuple(row) for row in session.execute(sql).rows()]


def test_a_checkpoint_renumbers_rows_under_a_transaction_that_has_only_read(
    session: Session, checkpoints: Checkpoints
) -> None:
    """DuckDB's own behaviour, without which these tests show nothing."""
    lay(session, checkpoints)
    numbers = 'SELECT rowid, n FROM "D"."PUBLIC"."T" ORDER BY n'
    session.connection.begin()
    before = session.connection.values(numbers)
    checkpoints.now()
    assert session.connection.values(numbers) != before
    session.connection.rollback()


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
@pytest.mark.parametrize("change", _CHANGES)
def test_a_stream_shows_what_a_statement_changed_and_nothing_else(
    session: Session, checkpoints: Checkpoints, change: str
) -> None:
    for nth in itertools.count():
        lay(session, checkpoints)
        checkpoints.before(nth)
        session.execute(change)
        enough = not checkpoints.came()
        assert (set(rows(session, _SHOWN)), nth) == (_CHANGES[change], nth)
        assert len(rows(session, _SHOWN)) == len(_CHANGES[change])
        if enough:
            # There were places enough for it to come.
            assert nth > 2
            return


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_a_merge_changes_the_rows_that_it_has_found_where_no_stream_asks(
    session: Session, checkpoints: Checkpoints
) -> None:
    for nth in itertools.count():
        lay(session, checkpoints)
        session.execute("DROP STREAM s")
        checkpoints.before(nth)
        session.execute(
            "MERGE INTO t USING (SELECT 3 AS n) x ON t.n = x.n WHEN MATCHED THEN UPDATE SET s = 'm'"
        )
        enough = not checkpoints.came()
        changed = [(n, "m" if n == 3 else s) for n, s in _ROWS]
        assert (rows(session, "SELECT n, s FROM t ORDER BY n"), nth) == (changed, nth)
        if enough:
            return


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_a_transaction_that_begins_again_removes_its_own_rows(
    account: Account, session: Session, checkpoints: Checkpoints
) -> None:
    """What another session commits makes it begin again: the same rows go, and only those."""
    with contextlib.closing(account.open_session(user="TESTER")) as other:
        other.execute("USE SCHEMA d.public")
        other.execute("CREATE TABLE u (n INT, s VARCHAR)")
        for nth in itertools.count():
            lay(session, checkpoints)
            other.execute("TRUNCATE TABLE u")
            session.execute("BEGIN")
            session.execute("DELETE FROM t WHERE n IN (1, 3)")
            session.execute("INSERT INTO t VALUES (0, 'own')")
            other.execute("INSERT INTO u VALUES (200, 'other')")
            checkpoints.before(nth)
            seen = rows(session, "SELECT n, s FROM t UNION ALL SELECT n, s FROM u ORDER BY n")
            enough = not checkpoints.came()
            session.execute("COMMIT")
            left = [row for row in _ROWS if row[0] not in (1, 3)]
            assert (seen, nth) == ([(0, "own"), *left, (200, "other")], nth)
            assert set(rows(session, _SHOWN)) == {
                ("DELETE", 1, "old"),
                ("DELETE", 3, "old"),
                ("INSERT", 0, "own"),
            }
            if enough:
                # There were places enough for it to come.
                assert nth > 2
                return


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM t ORDER BY n LIMIT 2",
        "SELECT * FROM t LIMIT 2 OFFSET 1",
        "SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY s ORDER BY n) = 1",
        "SELECT * FROM t QUALIFY row_number() OVER (ORDER BY n) <= 2",
    ],
)
def test_no_query_is_planned_as_a_join_on_row_ids(
    session: Session, checkpoints: Checkpoints, query: str
) -> None:
    """DuckDB 2.0 dies of one beside others' commits, where the transaction has rows of its own."""
    lay(session, checkpoints)
    plan = session.connection.values(f"EXPLAIN {query}")
    assert "rowid" not in str(plan).lower()

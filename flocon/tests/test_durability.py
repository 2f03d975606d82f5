"""All state is in the data folder: what was acknowledged survives kill -9, and nothing else."""

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from accounts import new_account

from flocon import AccountProcess

# Its row and the next are one transaction, made by a procedure in a process of its own.
_PAIR = (
    "CREATE PROCEDURE pair(first INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
    " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS $$\n"
    "def run(session, first):\n"
    "    session.sql('BEGIN').collect()\n"
    "    for row in (first, first + 1):\n"
    "        session.sql(f'INSERT INTO t VALUES ({row})').collect()\n"
    "    session.sql('COMMIT').collect()\n"
    "    return first\n$$"
)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[AccountProcess]:
    """An account of the test's own, with database D, to be killed."""
    running = new_account(tmp_path, forked=True)
    running.start()
    try:
        with running.connect() as connection:
            connection.cursor().execute("CREATE DATABASE d")
        yield running
    finally:
        if running.process and running.process.poll() is None:
            running.stop()


def run(account: AccountProcess, *statements: str) -> list[Any]:
    """Run statements in a session of their own; the rows of the last one."""
    with account.connect(database="D", schema="PUBLIC") as connection:
        for statement in statements:
            rows = connection.cursor().execute(statement).fetchall()
    return rows


def descendants(account: AccountProcess) -> list[int]:
    """The processes that the account has started; none where there is no /proc to tell."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(fields[1])
    assert account.process is not None
    found, generation = [], [account.process.pid]
    while generation:
        generation = [pid for pid, parent in parents.items() if parent in generation]
        found += generation
    return found


def until_gone(pids: list[int]) -> None:
    """A process that has ended may wait as a zombie for somebody to ask."""
    deadline = time.monotonic() + 60
    for pid in pids:
        while is_alive(pid):
            assert time.monotonic() < deadline, f"process {pid} is still there"
            time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Load:
    """Clients in threads, until the account dies; notes what was acknowledged."""

    def __init__(self, account: AccountProcess, generation: int) -> None:
        self._account = account
        self._generation = generation
        self._dead = threading.Event()
        self._faults: list[Exception] = []
        self.acknowledged: set[int] = set()
        self.rolled_back: set[int] = set()
        self._threads = [
            threading.Thread(target=self._until_dead, args=(work,))
            for work in (self._write, self._write_transactions, self._call, self._consume)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def until_acknowledged(self, rows: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < rows:
            assert time.monotonic() < deadline, self._faults
            time.sleep(0.005)

    def end(self) -> None:
        """The account is dead: so are its clients."""
        self._dead.set()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        # What was not answered within a second the connector cancels, in a thread of its own.
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join(timeout=60)
        assert self._faults == []

    def _until_dead(self, work: Callable[[Any, int], None]) -> None:
        try:
            connection = self._account.connect(
                database="D", schema="PUBLIC", network_timeout=1, login_timeout=2
            )
        except snowflake.connector.errors.Error:
            assert self._dead.wait(60)
            return
        index = 0
        while not self._dead.is_set():
            try:
                work(connection.cursor(), index)
            except snowflake.connector.errors.Error as error:
                # Where the machine is slow, a second was too short for an answer: others go on.
                if not self._dead.wait(60):
                    self._faults.append(error)
            index += 1

    def _write(self, cursor: Any, index: int) -> None:
        row = self._generation * 100_000 + index
        cursor.execute("INSERT INTO t VALUES (?)", (row,))
        self.acknowledged.add(row)

    def _write_transactions(self, cursor: Any, index: int) -> None:
        first = self._generation * 100_000 + 50_000 + 2 * index
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (?)", (first,))
        cursor.execute("INSERT INTO t VALUES (?)", (first + 1,))
        if index % 5 == 4:
            cursor.execute("ROLLBACK")
            self.rolled_back |= {first, first + 1}
        else:
            cursor.execute("COMMIT")
            self.acknowledged |= {first, first + 1}

    def _call(self, cursor: Any, index: int) -> None:
        first = self._generation * 100_000 + 80_000 + 2 * index
        cursor.execute("CALL pair(?)", (first,))
        self.acknowledged |= {first, first + 1}

    def _consume(self, cursor: Any, index: int) -> None:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO sink SELECT id FROM s")
        cursor.execute("COMMIT")


# The connector's own timer fails in its thread when it cancels a query of a dead account.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_kill_9_under_load_loses_and_repeats_nothing(mortal: AccountProcess) -> None:
    chance = random.Random(9)
    run(
        mortal,
        "CREATE TABLE t (id INT)",
        "CREATE TABLE sink (id INT)",
        "CREATE STREAM s ON TABLE t",
        _PAIR,
    )
    acknowledged: set[int] = set()
    rolled_back: set[int] = set()
    for generation in range(1, 6):
        load = Load(mortal, generation)
        load.start()
        load.until_acknowledged(chance.randint(5, 25))
        time.sleep(chance.random() * 0.2)
        started = descendants(mortal)
        mortal.kill()
        load.end()
        acknowledged |= load.acknowledged
        rolled_back |= load.rolled_back
        # A procedure does not outlive its account.
        until_gone(started)
        mortal.start()
        rows = [row[0] for row in run(mortal, "SELECT id FROM t")]
        assert len(rows) == len(set(rows))
        assert acknowledged <= set(rows)
        assert not rolled_back & set(rows)
        # Transactions of two rows are there as a whole or not at all.
        pairs = [row for row in rows if row % 100_000 >= 50_000]
        assert {row ^ 1 for row in pairs} == set(pairs)
        given = [row[0] for row in run(mortal, "SELECT id FROM sink UNION ALL SELECT id FROM s")]
        assert sorted(given) == sorted(rows)
    assert len(acknowledged) > 20
    run(mortal, "INSERT INTO sink SELECT id FROM s")
    assert run(mortal, "SELECT count(*), count(DISTINCT id) FROM sink") == run(
        mortal, "SELECT count(*), count(*) FROM t"
    )


def test_a_stream_keeps_its_place_through_kill_9_and_sigterm(mortal: AccountProcess) -> None:
    run(
        mortal,
        "CREATE TABLE t (id INT, v VARCHAR)",
        "INSERT INTO t VALUES (1, 'one')",
        "CREATE STREAM s ON TABLE t COMMENT = 'kept'",
        "CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE SHOW_INITIAL_ROWS = TRUE",
        "CREATE TABLE sink (id INT, v VARCHAR)",
        "INSERT INTO t VALUES (2, 'two')",
        "INSERT INTO sink SELECT id, v FROM s",
        "INSERT INTO t VALUES (3, 'three')",
    )
    for end in (mortal.kill, mortal.stop):
        end()
        mortal.start()
        run(mortal, "UPDATE t SET v = v || '!' WHERE id IN (1, 3)")
    assert run(mortal, "SELECT id, v, METADATA$ACTION FROM s ORDER BY id, v") == [
        (1, "one", "DELETE"),
        (1, "one!!", "INSERT"),
        (3, "three!!", "INSERT"),
    ]
    assert run(mortal, "SELECT id, v FROM a") == [(1, "one")]
    run(mortal, "INSERT INTO sink SELECT id, v FROM a")
    assert run(mortal, "SELECT id FROM a ORDER BY id") == [(2,), (3,)]
    # Identities given out before and after a crash are not the same.
    run(mortal, "CREATE STREAM s2 ON TABLE t", "CREATE TABLE u (id INT)")
    mortal.kill()
    mortal.start()
    run(mortal, "CREATE STREAM of_u ON TABLE u", "INSERT INTO u VALUES (7)")
    assert run(mortal, "SELECT id FROM of_u") == [(7,)]
    assert run(mortal, "SELECT * FROM s2") == []
    run(mortal, "INSERT INTO t VALUES (4, 'four')")
    assert run(mortal, "SELECT id FROM s2") == [(4,)]


def test_an_open_transaction_is_gone_after_kill_9(mortal: AccountProcess) -> None:
    run(mortal, "CREATE TABLE t (id INT)", "CREATE STREAM s ON TABLE t", "CREATE TABLE k (id INT)")
    run(mortal, "INSERT INTO t VALUES (1)")
    opened = mortal.connect(database="D", schema="PUBLIC")
    for statement in ("BEGIN", "INSERT INTO t VALUES (2)", "INSERT INTO k SELECT id FROM s"):
        opened.cursor().execute(statement)
    mortal.kill()
    mortal.start()
    assert run(mortal, "SELECT id FROM t") == [(1,)]
    assert run(mortal, "SELECT * FROM k") == []
    assert run(mortal, "SELECT id FROM s") == [(1,)]


@pytest.mark.parametrize("how", ["kill -9", "SIGTERM"])
def test_everything_in_an_account_survives(
    mortal: AccountProcess, tmp_path: Path, how: str
) -> None:
    (tmp_path / "rows.csv").write_text("1,un\n2,deux\n")
    run(
        mortal,
        "CREATE WAREHOUSE wh WAREHOUSE_SIZE = XSMALL",
        "CREATE SCHEMA ops",
        "CREATE TABLE ops.t (id INT, v VARCHAR)",
        "CREATE VIEW ops.w AS SELECT v FROM ops.t",
        "CREATE STAGE ops.files",
        f"PUT file://{tmp_path}/rows.csv @ops.files",
        "CREATE PROCEDURE ops.p() RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
        " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'f'"
        " AS 'def f(session): return \"alive\"'",
        "CREATE STREAM ops.s ON TABLE ops.t",
        "CREATE TASK ops.root WAREHOUSE = wh SCHEDULE = '60 MINUTE' AS CALL ops.p()",
        "CREATE TASK ops.child WAREHOUSE = wh AFTER ops.root AS SELECT 1",
        "ALTER TASK ops.child RESUME",
        "ALTER TASK ops.root RESUME",
    )
    if how == "SIGTERM":
        assert mortal.stop() == 0
    else:
        mortal.kill()
    mortal.start()
    assert run(mortal, "COPY INTO ops.t FROM @ops.files FILE_FORMAT = (TYPE = CSV)")
    assert run(mortal, "SELECT v FROM ops.w ORDER BY v") == [("deux",), ("un",)]
    assert run(mortal, "SELECT id FROM ops.s ORDER BY id") == [(1,), (2,)]
    assert run(mortal, "CALL ops.p()") == [("alive",)]
    with mortal.connect(database="D", schema="OPS", warehouse="WH") as connection:
        cursor = connection.cursor(snowflake.connector.DictCursor)
        tasks = cursor.execute("SHOW TASKS IN SCHEMA ops").fetchall()
        assert [(task["name"], task["state"]) for task in tasks] == [
            ("CHILD", "started"),
            ("ROOT", "started"),
        ]
        assert connection.cursor().execute("SELECT CURRENT_WAREHOUSE()").fetchall() == [("WH",)]


@pytest.mark.parametrize("how", ["kill -9", "SIGTERM"])
def test_when_rows_have_changed_and_how_busy_a_warehouse_was_survives(
    mortal: AccountProcess, how: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema/tables
    https://docs.snowflake.com/en/sql-reference/functions/warehouse_load_history"""
    moments = (
        "SELECT table_name, last_altered, last_altered > created, last_ddl > created"
        " FROM information_schema.tables ORDER BY 1"
    )
    busy = (
        "SELECT start_time, avg_running FROM TABLE(information_schema.warehouse_load_history("
        "date_range_start => DATEADD(HOUR, -1, CURRENT_TIMESTAMP()),"
        " date_range_end => CURRENT_TIMESTAMP(), warehouse_name => 'WH'))"
    )
    run(
        mortal,
        "CREATE WAREHOUSE wh",
        "CREATE TABLE dropped (id INT)",
        "INSERT INTO dropped VALUES (1)",
        "DROP TABLE dropped",
        *(f"CREATE TABLE {name} (id INT)" for name in ("emptied", "filled", "left_alone")),
        "USE WAREHOUSE wh",
        "INSERT INTO emptied VALUES (1)",
        "INSERT INTO filled VALUES (1)",
        "TRUNCATE TABLE emptied",
        "UPDATE filled SET id = 2",
    )
    known, load = run(mortal, moments), run(mortal, busy)
    assert [(name, *since) for name, _, *since in known] == [
        ("EMPTIED", True, False),
        ("FILLED", True, False),
        ("LEFT_ALONE", False, False),
    ]
    assert sum(seconds for _, seconds in load) > 0
    if how == "SIGTERM":
        assert mortal.stop() == 0
    else:
        mortal.kill()
    mortal.start()
    assert run(mortal, moments) == known
    assert run(mortal, busy) == load
    run(mortal, "INSERT INTO left_alone VALUES (1)", "CREATE TABLE dropped (id INT)")
    again = run(mortal, moments)
    assert [row for row in again if row[0] in ("EMPTIED", "FILLED")] == known[:2]
    assert [(name, *since) for name, _, *since in again if name in ("DROPPED", "LEFT_ALONE")] == [
        ("DROPPED", False, False),
        ("LEFT_ALONE", True, False),
    ]
    # Once more: the file has been tidied up.
    mortal.kill()
    mortal.start()
    assert run(mortal, moments) == again


def test_two_accounts_cannot_open_one_folder(mortal: AccountProcess) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "flocon", "--port", "0", "--data", str(mortal.data)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert second.returncode == 1
    assert second.stderr.strip().splitlines()[-1] == (
        f"flocon: {mortal.data} is in use by another account: stop it or choose another folder"
    )
    assert run(mortal, "SELECT 1") == [(1,)]


def test_swapped_tables_and_numbers_of_columns_stay_what_they_are(mortal: AccountProcess) -> None:
    run(
        mortal,
        "CREATE TABLE one (i INT, gone INT, x VARCHAR(3)) COMMENT = 'one'",
        "ALTER TABLE one DROP COLUMN gone",
        "CREATE TABLE other (z VARCHAR DEFAULT 'q', n INT AUTOINCREMENT, PRIMARY KEY (z))",
        "CREATE STREAM s ON TABLE one",
        "INSERT INTO one VALUES (1, 'a')",
        "INSERT INTO other (z) VALUES ('zed')",
        "CREATE SEQUENCE stepping START 1 INCREMENT 2",
        "ALTER TABLE one SWAP WITH other",
        "ALTER SEQUENCE stepping SET INCREMENT = 10",
        "INSERT INTO other VALUES (2, 'b')",
    )
    for _ in range(2):
        mortal.kill()
        mortal.start()
        assert run(mortal, "SELECT i, x FROM other ORDER BY i") == [(1, "a"), (2, "b")]
        assert run(mortal, "SELECT i, METADATA$ACTION FROM s ORDER BY i") == [
            (1, "INSERT"),
            (2, "INSERT"),
        ]
        numbers = run(
            mortal,
            "SELECT column_name, ordinal_position FROM INFORMATION_SCHEMA.COLUMNS"
            " WHERE table_name = 'OTHER' ORDER BY 2",
        )
        assert numbers == [("I", 1), ("X", 3)]
        assert run(mortal, "SHOW PRIMARY KEYS IN TABLE one")[0][3:5] == ("ONE", "Z")
        assert run(mortal, "SHOW TABLES LIKE 'OTHER'")[0][5] == "one"
    assert run(mortal, "INSERT INTO one (n) VALUES (DEFAULT)", "SELECT * FROM one ORDER BY n") == [
        ("zed", 1),
        ("q", 2),
    ]
    assert run(mortal, "SELECT stepping.NEXTVAL, stepping.NEXTVAL") == [(1, 11)]

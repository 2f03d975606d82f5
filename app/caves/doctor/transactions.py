"""Locks and transactions: what exactly-once rests on."""

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Beside, Environment

TRANSACTIONS = Subject()
holds = TRANSACTIONS.holds
LOCKED = 625
# How long a statement is watched waiting for a lock before the lock is released.
WAITING_SECONDS = 2.0


def _second_update(environment: Environment, statement: str, *before: str) -> int:
    """A row is updated by a transaction, and then, before it commits, by another one, which waits;
    each has done what comes `before`. Returns how many rows the second one changed once the first
    had committed."""
    with environment.open() as first, environment.open() as second:
        first.script("BEGIN TRANSACTION", *before, statement)
        second.script("BEGIN TRANSACTION", *before)
        waiting = Beside(lambda: second.ask(statement).rowcount)
        if waiting.ended_within(WAITING_SECONDS):
            waiting.done()
            raise Broken("the second UPDATE did not wait for the first one's lock")
        first.ask("COMMIT")
        changed = int(waiting.done())
        second.ask("COMMIT")
    return changed


@holds(
    "update-sees-what-it-waited-for",
    "sql-reference/transactions",
    "LAW 1 IS OPEN: two ingesters could both move an offset, and write a batch twice. Run one"
    " ingester only, and report this",
)
def update_sees_what_it_waited_for(environment: Environment) -> str:
    """An UPDATE that waited for a lock sees the row as committed: of two that move an offset from
    0, the second finds it moved and changes nothing, though its transaction inserted rows
    before."""
    table, rows = environment.table("NEXT_OFFSET NUMBER(19, 0)"), environment.table("N NUMBER")
    environment.ask(f"INSERT INTO {table} SELECT 0")
    statement = f"UPDATE {table} o SET NEXT_OFFSET = 5 WHERE o.NEXT_OFFSET = 0"
    insert = f"INSERT INTO {rows} SELECT 1"
    changed = _second_update(environment, statement, insert)
    expect(changed, 0, "rows that the second UPDATE changed")
    return "0 rows"


@holds(
    "update-adds-to-what-it-waited-for",
    "sql-reference/transactions",
    "repairs and incidents do not take turns: two could do the same work",
)
def update_adds_to_what_it_waited_for(environment: Environment) -> str:
    """Two transactions that each add 1 to a row add 2."""
    table = environment.table("TURNS NUMBER(19, 0)")
    environment.ask(f"INSERT INTO {table} SELECT 0")
    changed = _second_update(environment, f"UPDATE {table} SET TURNS = TURNS + 1")
    turns = environment.ask(f"SELECT TURNS FROM {table}").value
    expect((changed, int(turns)), (1, 2), "rows changed, turns")
    return "2"


@holds(
    "lock-timeout-number",
    "sql-reference/parameters",
    "the ingester takes a lock that it waited for too long for a fatal error",
)
def lock_timeout_number(environment: Environment) -> str:
    """A statement that waits for a lock longer than LOCK_TIMEOUT fails with 000625."""
    table = environment.table("N NUMBER(10, 0)")
    environment.ask(f"INSERT INTO {table} SELECT 0")
    with environment.open() as first, environment.open() as second:
        first.script("BEGIN TRANSACTION", f"UPDATE {table} SET N = 1")
        second.ask("ALTER SESSION SET LOCK_TIMEOUT = 1")
        errno = second.refusal(f"UPDATE {table} SET N = 2")
        first.ask("ROLLBACK")
    expect(errno, LOCKED, "error")
    return f"error {errno}"


@holds(
    "insert-does-not-wait",
    "sql-reference/transactions",
    "the tasks stand still while somebody reprocesses",
)
def insert_does_not_wait(environment: Environment) -> str:
    """An INSERT goes on while another transaction has updated rows of the table."""
    table = environment.table("N NUMBER(10, 0)")
    environment.ask(f"INSERT INTO {table} SELECT 0")
    with environment.open() as first, environment.open() as second:
        first.script("BEGIN TRANSACTION", f"UPDATE {table} SET N = 1")
        second.ask("ALTER SESSION SET LOCK_TIMEOUT = 5")
        inserted = second.ask(f"INSERT INTO {table} SELECT 2").rowcount
        first.ask("COMMIT")
    expect(inserted, 1, "rows inserted")
    return "1 row"


@holds(
    "a-failed-statement-undoes-itself-alone",
    "sql-reference/transactions",
    "a refused batch is half written: the ingester and the procedures count on their own ROLLBACK",
)
def a_failed_statement_undoes_itself_alone(environment: Environment) -> str:
    """After a failed statement the transaction is open, and ROLLBACK undoes what came before."""
    table = environment.table("N NUMBER(10, 0)")
    with environment.open() as session:
        session.script("BEGIN TRANSACTION", f"INSERT INTO {table} SELECT 1")
        if session.refusal(f"INSERT INTO {table} SELECT 1 / 0") is None:
            raise Broken("1 / 0 is no error")
        inside = int(session.ask(f"SELECT COUNT(*) FROM {table}").value)
        session.ask("ROLLBACK")
    after = int(environment.ask(f"SELECT COUNT(*) FROM {table}").value)
    expect((inside, after), (1, 0), "rows within, rows after ROLLBACK")
    return "1 row within, none after"


@holds(
    "a-commit-is-seen-at-once",
    "sql-reference/parameters",
    "after a lost answer of COMMIT the ingester could take its batch for not written. Set"
    " READ_CONSISTENCY_MODE = 'GLOBAL'",
)
def a_commit_is_seen_at_once(environment: Environment) -> str:
    """Another session sees what was committed, right after the COMMIT."""
    table = environment.table("N NUMBER(10, 0)")
    with environment.open() as one, environment.open() as other:
        for number in range(1, 6):
            one.script("BEGIN TRANSACTION", f"INSERT INTO {table} SELECT 1", "COMMIT")
            expect(int(other.ask(f"SELECT COUNT(*) FROM {table}").value), number, "rows")
    return "five times of five"


@holds(
    "statements-commit-themselves",
    "sql-reference/parameters",
    "what is written outside of a transaction is lost with its session",
)
def statements_commit_themselves(environment: Environment) -> str:
    """Outside of a transaction each statement is committed: AUTOCOMMIT is on."""
    table = environment.table("N NUMBER(10, 0)")
    with environment.open() as session:
        session.ask(f"INSERT INTO {table} SELECT 1")
    expect(int(environment.ask(f"SELECT COUNT(*) FROM {table}").value), 1, "rows")
    return "1 row"

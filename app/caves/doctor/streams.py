"""What streams give out, and when they move."""

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Environment, Session

STREAMS = Subject()
holds = STREAMS.holds
METADATA = ("METADATA$ACTION", "METADATA$ISUPDATE", "METADATA$ROW_ID")


def _stream(environment: Environment, append_only: bool = False) -> tuple[str, str]:
    """A table and a stream on it, with nothing in either."""
    table = environment.table("N NUMBER(10, 0)")
    stream = f"{table}_STREAM"
    kind = " APPEND_ONLY = TRUE" if append_only else ""
    environment.ask(f"CREATE STREAM {stream} ON TABLE {table}{kind}")
    return table, stream


def _insert(environment: Environment, table: str, *numbers: int) -> None:
    values = ", ".join(f"({number})" for number in numbers)
    environment.ask(f"INSERT INTO {table} SELECT COLUMN1 FROM VALUES {values}")


def _count(session: Session, stream: str) -> int:
    return int(session.ask(f"SELECT COUNT(*) FROM {stream}").value)


def _has_data(session: Session, stream: str) -> bool:
    value = session.ask(f"SELECT SYSTEM$STREAM_HAS_DATA('{stream}')").value
    return str(value).lower() == "true"


@holds(
    "stream-columns",
    "user-guide/streams-intro",
    "the procedures cannot tell insertions from deletions",
)
def stream_columns(environment: Environment) -> str:
    """A stream has its table's columns, and METADATA$ACTION, ISUPDATE and ROW_ID."""
    table, stream = _stream(environment)
    _insert(environment, table, 1)
    answer = environment.ask(f"SELECT * FROM {stream}")
    expect(sorted(answer.names), sorted(("N", *METADATA)), "columns")
    expect(answer.column("METADATA$ACTION"), ["INSERT"], "METADATA$ACTION")
    return ", ".join(METADATA)


@holds(
    "append-only-ignores-deletions",
    "user-guide/streams-intro",
    "a purge of RAW takes events away that were not processed yet",
)
def append_only_ignores_deletions(environment: Environment) -> str:
    """An append-only stream gives out inserted rows, also where they were deleted since."""
    table, stream = _stream(environment, append_only=True)
    _insert(environment, table, 1, 2)
    environment.ask(f"DELETE FROM {table} WHERE N = 1")
    expect(_count(environment.session, stream), 2, "rows")
    return "2 rows"


@holds(
    "standard-stream-shows-updates-twice",
    "user-guide/streams-intro",
    "a row that is corrected in STAGING never reaches production",
)
def standard_stream_shows_updates_twice(environment: Environment) -> str:
    """A standard stream shows an update as a deletion and an insertion, both marked."""
    table, stream = _stream(environment)
    _insert(environment, table, 1)
    sink = environment.table("N NUMBER(10, 0)")
    environment.ask(f"INSERT INTO {sink} SELECT N FROM {stream}")
    environment.ask(f"UPDATE {table} SET N = 2")
    answer = environment.ask(
        f"SELECT METADATA$ACTION, METADATA$ISUPDATE, N FROM {stream} ORDER BY METADATA$ACTION"
    )
    expected = [("DELETE", True, 1), ("INSERT", True, 2)]
    expect([(a, b, int(n)) for a, b, n in answer.rows], expected, "rows")
    return "DELETE 1, INSERT 2"


@holds(
    "insert-first-moves-a-stream",
    "user-guide/streams-intro",
    "RAW_TO_STAGING_* stage the same events at each run, for ever",
)
def insert_first_moves_a_stream(environment: Environment) -> str:
    """INSERT FIRST over a stream moves it, as any DML does."""
    table, stream = _stream(environment, append_only=True)
    good, bad = environment.table("N NUMBER(10, 0)"), environment.table("N NUMBER(10, 0)")
    _insert(environment, table, 1, 2)
    with environment.open() as session:
        session.script(
            "BEGIN TRANSACTION",
            f"INSERT FIRST WHEN N > 1 THEN INTO {good} (N) VALUES (N)"
            f" ELSE INTO {bad} (N) VALUES (N) SELECT N FROM {stream}",
            "COMMIT",
        )
    expect(_count(environment.session, stream), 0, "rows left in the stream")
    return "0 rows left"


@holds(
    "rollback-leaves-a-stream",
    "user-guide/streams-intro",
    "events of a failed run are lost",
)
def rollback_leaves_a_stream(environment: Environment) -> str:
    """A stream moves with COMMIT; neither ROLLBACK nor a SELECT moves it."""
    table, stream = _stream(environment)
    sink = environment.table("N NUMBER(10, 0)")
    _insert(environment, table, 1)
    with environment.open() as session:
        session.script(
            "BEGIN TRANSACTION",
            f"INSERT INTO {sink} SELECT N FROM {stream}",
            "ROLLBACK",
            "BEGIN TRANSACTION",
            f"SELECT * FROM {stream}",
            "COMMIT",
        )
    expect(_count(environment.session, stream), 1, "rows in the stream")
    return "1 row still"


@holds(
    "a-stream-stands-still-in-a-transaction",
    "user-guide/streams-intro",
    "STAGING_TO_PROD_INVENTORY_CURRENT, which reads its stream twice, computes levels from rows"
    " that the history does not have",
)
def a_stream_stands_still_in_a_transaction(environment: Environment) -> str:
    """Within a transaction each statement sees the same rows of a stream; what others commit
    meanwhile comes next time."""
    table, stream = _stream(environment)
    sink = environment.table("N NUMBER(10, 0)")
    _insert(environment, table, 1)
    with environment.open() as session:
        session.script("BEGIN TRANSACTION", f"INSERT INTO {sink} SELECT N FROM {stream}")
        _insert(environment, table, 2)
        again = session.ask(f"INSERT INTO {sink} SELECT N FROM {stream}").rowcount
        session.ask("COMMIT")
    expect((again, _count(environment.session, stream)), (1, 1), "rows again, rows next time")
    return "1 row again, 1 next time"


@holds(
    "has-data-until-consumed",
    "sql-reference/functions/system_stream_has_data",
    "tasks run without data, for ever and billed, or not at all",
)
def has_data_until_consumed(environment: Environment) -> str:
    """SYSTEM$STREAM_HAS_DATA is true after a commit, and false once the rows were consumed."""
    table, stream = _stream(environment)
    sink = environment.table("N NUMBER(10, 0)")
    seen = [_has_data(environment.session, stream)]
    _insert(environment, table, 1)
    seen.append(_has_data(environment.session, stream))
    environment.ask(f"INSERT INTO {sink} SELECT N FROM {stream}")
    seen.append(_has_data(environment.session, stream))
    if seen[1:] != [True, False]:
        raise Broken(f"{seen} before, with and after the row")
    return "true, then false"

"""What the engine cannot do is the account's fault, and never that of the statement's names."""

import resource
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import snowflake.connector
from accounts import new_account
from flocon.engine import translate

from flocon import AccountProcess

_INTERNAL = 300001
_THREE_THOUSAND_ROWS = (
    "INSERT INTO t SELECT 1, md5(random()::varchar) || md5(random()::varchar)"
    " FROM LATERAL FLATTEN(INPUT => SPLIT(REPEAT('x,', 3000), ','))"
)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[AccountProcess]:
    with new_account(tmp_path, forked=True) as made:
        yield made


def limit_files(account: AccountProcess, bytes_: int) -> None:
    """Let no file of the account grow beyond this: a write then fails as on a full disk."""
    assert account.process is not None
    _, hard = resource.prlimit(account.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(account.process.pid, resource.RLIMIT_FSIZE, (bytes_, hard))


def test_a_full_disk_is_300001_until_there_is_room_again(account: AccountProcess) -> None:
    """On 7427901 it was 002043, which ended the ingester for good."""
    with account.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TABLE t (a INT, b VARCHAR)")
        cursor.execute("CREATE STREAM s ON TABLE t")
        largest = max(path.stat().st_size for path in account.data.rglob("*") if path.is_file())
        limit_files(account, largest + 100_000)
        for _ in range(2):
            with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
                cursor.execute(_THREE_THOUSAND_ROWS)
            assert raised.value.errno == _INTERNAL
        assert cursor.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
        limit_files(account, resource.RLIM_INFINITY)
        cursor.execute("INSERT INTO t VALUES (1, 'room')")
    account.stop()
    account.start()
    with account.connect(database="D", schema="PUBLIC") as connection:
        rows = connection.cursor().execute("SELECT a, b FROM s").fetchall()
    assert rows == [(1, "room")]


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("IO Error: Could not write all bytes to file: already exists"),
        duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate, exceeds the limit"),
        duckdb.InternalException("INTERNAL Error: Table with name x does not exist"),
        duckdb.FatalException("FATAL Error: database has been invalidated"),
        duckdb.TransactionException("Failed to commit: Could not write: No space left on device"),
        duckdb.SerializationException("Serialization Error: out of range"),
        duckdb.Error("something that nobody has seen before"),
        OSError(28, "No space left on device"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_wrong_with_the_engine_is_300001(error: Exception) -> None:
    assert translate(error).errno == _INTERNAL


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (duckdb.CatalogException("Catalog Error: Table with name x does not exist!"), 2003),
        (duckdb.BinderException("Binder Error: something about GROUP BY"), 1007),
        (duckdb.NotImplementedException("Not implemented Error: that"), 2),
        (duckdb.ConversionException("Conversion Error: Could not convert string 'x'"), 100038),
        (RecursionError("maximum recursion depth exceeded"), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_wrong_with_the_statement_keeps_its_number(error: Exception, number: int) -> None:
    assert translate(error).errno == number

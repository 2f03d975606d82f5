"""What DDL of temporary objects does to an open transaction."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shared import one_database
from snowflake.connector import SnowflakeConnection
from snowflake.snowpark import Session
from snowflake.snowpark.exceptions import SnowparkSQLException
from snowflake.snowpark.types import IntegerType, StructField, StructType

from conformance.shared import Run

database = pytest.fixture(scope="module")(one_database)


@pytest.fixture
def session(connection: SnowflakeConnection) -> Iterator[Session]:
    """Of the same session of the account as `run`."""
    with Session.builder.configs({"connection": connection}).create() as opened:
        yield opened


def _is_kept(run: Run, work: Callable[[], Any]) -> bool:
    """Does the transaction stay open, with a row of T that ROLLBACK undoes?"""
    run("create or replace table t (a int)")
    run("begin")
    run("insert into t values (1)")
    work()
    [(is_open,)] = run("select current_transaction() is not null")
    run("rollback")
    assert run("select count(*) from t") == [(0 if is_open else 1,)]
    return bool(is_open)


@pytest.mark.parametrize(
    "statement",
    [
        "create or replace temporary table own (a int)",
        "create or replace temporary view own_view as select 1 as a",
        "create or replace temporary stage own_stage",
        "create or replace temporary file format own_format type = csv",
        "create or replace temporary function own_function() returns int as '1'",
    ],
)
def test_temporary_objects_of_ones_own_commit_when_made_and_when_dropped(
    run: Run, statement: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    assert not _is_kept(run, lambda: run(statement))
    kind, name = re.findall(r"temporary (.*) (own\w*(?:\(\))?)", statement)[0]
    assert not _is_kept(run, lambda: run(f"drop {kind} {name}"))


def test_temporary_objects_that_snowpark_makes_do_not_commit(run: Run, session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.cache_result"""
    rows = session.create_dataframe([[1]], schema=["a"])
    assert _is_kept(run, lambda: session.table("t").cache_result().collect())
    assert _is_kept(run, lambda: session.create_dataframe([[1]] * 1000).count())
    assert _is_kept(run, lambda: rows.write.save_as_table("mine", table_type="temp"))
    assert not _is_kept(run, lambda: rows.write.save_as_table("ours"))


def test_a_table_that_copy_into_table_makes_is_refused_in_a_transaction(
    run: Run, session: Session, tmp_path: Path
) -> None:
    """Snowpark asks that the CREATE TABLE leaves the transaction open.

    https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.copy_into_table
    """
    (tmp_path / "one.csv").write_text("1\n2\n")
    run("create or replace stage files")
    session.file.put(f"file://{tmp_path}/one.csv", "@files")
    read = session.read.schema(StructType([StructField("a", IntegerType())])).csv("@files")

    def copy() -> None:
        with pytest.raises(SnowparkSQLException, match="in a transaction that stays open"):
            read.copy_into_table("copied")

    assert _is_kept(run, copy)
    read.copy_into_table("copied")
    assert run("select a from copied order by a") == [(1,), (2,)]

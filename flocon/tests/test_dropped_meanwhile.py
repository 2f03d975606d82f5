"""Databases and tables that others drop while a statement goes through all there are."""

import threading
from pathlib import Path

from snowflake.connector import SnowflakeConnection

import flocon

_LISTINGS = (
    "show databases",
    "show schemas in account",
    "show tables in account",
    "show objects in account",
    "show streams in account",
    "show tasks in account",
    "show alerts in account",
    "show procedures in account",
    "show primary keys in account",
    "select table_name from kept.information_schema.tables",
    "select name from table(kept.information_schema.task_history())",
    "create or replace table kept.public.others (n int)",
)
_ROUNDS = 25


def test_who_lists_the_account_meets_no_error_where_others_drop_databases_and_tables(
    account: flocon.Account,
) -> None:
    """CREATE OR REPLACE looks through all foreign keys, as the scheduler does through all tasks."""
    with account.connect() as listing, account.connect() as dropping, account.connect() as tables:
        listing.cursor().execute("create or replace database kept")
        done, failures = threading.Event(), []

        def until_done(connection: SnowflakeConnection, statements: tuple[str, ...]) -> None:
            while not done.is_set():
                for statement in statements:
                    try:
                        connection.cursor().execute(statement).fetchall()
                    except Exception as error:
                        failures.append((statement, str(error)))

        others = (
            (listing, _LISTINGS),
            (tables, ("create table kept.public.short (n int)", "drop table kept.public.short")),
        )
        threads = [threading.Thread(target=until_done, args=each) for each in others]
        for thread in threads:
            thread.start()
        try:
            for _ in range(_ROUNDS):
                for statement in (
                    "create or replace database gone",
                    "create table gone.public.t (n int)",
                    "create stream gone.public.s on table gone.public.t",
                    "drop database gone",
                ):
                    dropping.cursor().execute(statement)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        listing.cursor().execute("drop database kept")
    assert failures == []


def test_a_database_is_replaced_while_a_transaction_has_read_it(tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-database"""
    with flocon.Account(tmp_path) as own, own.connect() as reading, own.connect() as replacing:
        replace = replacing.cursor().execute
        for round_ in range(3):
            replace("create or replace database cellar")
            replace(f"create table cellar.public.t as select {round_} n")
            reading.cursor().execute("begin")
            (found,) = reading.cursor().execute("select n from cellar.public.t").fetchall()
            assert found == (round_,)
            replace("create or replace database cellar")
            replace("create table cellar.public.t as select 100 n")
            reading.cursor().execute("rollback")
        (found,) = reading.cursor().execute("select n from cellar.public.t").fetchall()
        assert found == (100,)
    with flocon.Account(tmp_path) as own, own.connect() as again:
        assert again.cursor().execute("select n from cellar.public.t").fetchall() == [(100,)]
        again.cursor().execute("drop database cellar")
    assert list((tmp_path / "databases").iterdir()) == []

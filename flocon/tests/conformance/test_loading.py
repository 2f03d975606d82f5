"""COPY INTO <table>: its options, what a file's fields become, and which files were loaded."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from conformance.shared import Run, error

Put = Callable[..., None]


@pytest.fixture
def put(run: Run, tmp_path: Path) -> Put:
    """put(name, text): a file in the stage FILES."""
    run("create stage files")

    def put(name: str, text: str) -> None:
        file = tmp_path / name
        file.write_text(text)
        run(f"put file://{file} @files auto_compress = false overwrite = true")

    return put


def loaded(run: Run, table: str, more: str = "file_format = (type = csv)") -> list[tuple[str, int]]:
    """What COPY INTO says of each file: its status and its rows."""
    rows = run(f"copy into {table} from @files {more}")
    return [(row[1], row[3]) for row in rows if len(row) > 1]


def test_false_is_no(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int)")
    put("a.csv", "1\n2\n")
    csv = "file_format = (type = csv)"
    assert loaded(run, "t", f"{csv} purge = false force = false") == [("LOADED", 2)]
    assert loaded(run, "t", f"{csv} force = false") == [("LOAD_SKIPPED", 0)]
    assert len(run("list @files")) == 1
    assert loaded(run, "t", f"{csv} purge = true force = true") == [("LOADED", 2)]
    assert run("list @files") == []
    assert run("select count(*) from t") == [(4,)]


def test_a_table_that_is_truncated_or_new_has_loaded_nothing(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/truncate-table"""
    run("create table t (a int)")
    put("a.csv", "1\n")
    assert loaded(run, "t") == [("LOADED", 1)]
    run("truncate table t")
    assert loaded(run, "t") == [("LOADED", 1)]
    run("create or replace table t (a int)")
    assert loaded(run, "t") == [("LOADED", 1)]
    run("create or replace table t as select 5 as a")
    assert loaded(run, "t") == [("LOADED", 1)]
    assert loaded(run, "t") == [("LOAD_SKIPPED", 0)]
    assert run("select a from t order by a") == [(1,), (5,)]


def test_a_file_is_loaded_again_once_it_has_changed(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/user-guide/data-load-considerations-load"""
    run("create table t (a int)")
    put("a.csv", "1\n")
    assert loaded(run, "t") == [("LOADED", 1)]
    put("a.csv", "1\n")
    assert loaded(run, "t") == [("LOAD_SKIPPED", 0)]
    put("a.csv", "2\n")
    assert loaded(run, "t") == [("LOADED", 1)]
    assert run("select a from t order by a") == [(1,), (2,)]


def test_fields_are_what_the_columns_make_of_them(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (d date, s varchar, n number(5, 2), x varchar)")
    quoted = "file_format = (type = csv field_optionally_enclosed_by = '\"')"
    put("a.csv", '2024-05-01,"",1.50,\n2024-05-02,007,2,"a,b"\n')
    assert loaded(run, "t", quoted) == [("LOADED", 2)]
    assert [tuple(map(str, row)) for row in run("select * from t order by d")] == [
        ("2024-05-01", "", "1.50", "None"),
        ("2024-05-02", "007", "2.00", "a,b"),
    ]


def test_a_date_is_never_guessed(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (d date)")
    put("a.csv", "01/05/2024\n")
    # Snowflake reads the fifth of January; here it is refused, and never the first of May.
    assert error(run, "copy into t from @files file_format = (type = csv)") in (100038, 100040)
    assert run("select * from t where d = ?", date(2024, 5, 1)) == []


@pytest.mark.parametrize(
    ("option", "kinds"),
    [("", ["ARRAY", "OBJECT"]), ("strip_outer_array = false", ["ARRAY", "OBJECT"])],
)
def test_an_array_is_one_row(run: Run, put: Put, option: str, kinds: list[str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (v variant)")
    put("a.json", '[{"a": 1}, {"a": 2}]\n{"a":\n 3}\n')
    assert loaded(run, "t", f"file_format = (type = json {option})") == [("LOADED", 2)]
    assert run("select typeof(v) from t order by 1") == [(kind,) for kind in kinds]


def test_the_elements_of_an_outer_array_are_rows(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (v variant)")
    put("a.json", '[{"a": 1}, {"a": 2}]')
    run("create file format elements type = json strip_outer_array = true")
    rows: list[Any] = []
    for option in ("type = json strip_outer_array = true", "format_name = 'elements'"):
        rows += loaded(run, "t", f"file_format = ({option}) force = true")
    assert rows == [("LOADED", 2), ("LOADED", 2)]
    assert run("select sum(v:a::int) from t") == [(6,)]
    assert (
        error(run, "copy into t from @files file_format = (type = json strip_null_values = true)")
        == 2
    )


def test_a_file_format_is_named_with_quotes_and_without(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create schema formats")
    run("create file format formats.one type = csv skip_header = 1")
    run("use schema public")
    run("create table t (a int)")
    put("a.csv", "head\n1\n")
    for named in (
        "file_format = (format_name = formats.one)",
        "file_format = (format_name = 'formats.one')",
        "file_format = (type = csv, skip_header = 1)",
    ):
        assert loaded(run, "t", f"{named} force = true") == [("LOADED", 1)]
    assert run("select a from t") == [(1,)] * 3
    assert error(run, "copy into t from @files file_format = (format_name = nothing)") == 2003
    assert error(run, "copy into t from @files file_format = nothing") == 2003

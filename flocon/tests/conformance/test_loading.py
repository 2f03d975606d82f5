"""COPY INTO <table>: its options, what a file's fields become, and which files were loaded."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
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


def test_the_files_that_are_loaded_are_chosen_by_name_and_by_pattern(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int)")
    for number, name in enumerate(("a.csv", "b.csv", "c.txt", "d.txt"), start=1):
        put(name, f"{number}\n")
    csv = "file_format = (type = csv)"
    assert loaded(run, "t", f"files = ('b.csv', 'a.csv') {csv}") == [("LOADED", 1)] * 2
    assert loaded(run, "t", f"pattern = '.*[.]txt' {csv}") == [("LOADED", 1)] * 2
    assert run("select listagg(a, ',') within group (order by a) from t") == [("1,2,3,4",)]
    assert error(run, f"copy into t from @files files = ('no.csv') {csv}") == 91016


def test_rows_that_do_not_fit_are_left_out_where_on_error_says_so(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table#copy-options-copyoptions"""
    run("create table t (a int, d date)")
    put("a.csv", "1,2024-01-01\nx,2024-01-02\n3,never\n4\n")
    csv = "file_format = (type = csv)"
    [row] = run(f"copy into t from @files {csv} on_error = continue")
    assert row[1:4] == ("PARTIALLY_LOADED", 4, 1)
    assert row[5:8] == (3, "Numeric value 'x' is not recognized", 2)
    assert run("select * from t") == [(1, date(2024, 1, 1))]
    assert loaded(run, "t", f"{csv} on_error = 'skip_file' force = true") == [("LOAD_FAILED", 0)]
    for limit, answer in (("4", ("PARTIALLY_LOADED", 1)), ("50%", ("LOAD_FAILED", 0))):
        rows = loaded(run, "t", f"{csv} on_error = 'skip_file_{limit}' force = true")
        assert rows == [answer]
    assert error(run, f"copy into t from @files {csv} force = true") == 100080
    put("a.csv", "x,2024-01-02\n")
    assert error(run, f"copy into t from @files {csv}") == 100038
    assert run("select count(*) from t") == [(2,)]


def test_columns_are_matched_by_name(run: Run, put: Put, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar, z int)")
    put("a.json", '{"a": 1, "b": "x"}\n{"A": 2}\n')
    json = "file_format = (type = json) match_by_column_name"
    assert error(run, "copy into t from @files file_format = (type = json)") == 2019
    assert loaded(run, "t", f"{json} = case_insensitive") == [("LOADED", 2)]
    assert run("select * from t order by a") == [(1, "x", None), (2, None, None)]
    run("remove @files")
    pq.write_table(
        pa.table({"a": [3], "B": ["y"], "d": [date(2024, 1, 1)]}), tmp_path / "p.parquet"
    )
    run(f"put file://{tmp_path}/p.parquet @files")
    parquet = "file_format = (type = parquet)"
    by_name = f"{parquet} match_by_column_name = case_insensitive"
    assert loaded(run, "t", by_name) == [("LOADED", 1)]
    assert run("select * from t where a = 3") == [(3, "y", None)]
    run("create table dates (d date, name varchar)")
    made = "(select $1:d::date, metadata$filename from @files)"
    assert run(f"copy into dates from {made} {parquet}")[0][1] == "LOADED"
    assert run("select * from dates") == [(date(2024, 1, 1), "files/p.parquet")]


def test_staged_files_are_queried(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-stage"""
    put("a.csv", 'id;name\n1;"x;y"\n2;a\\;b\n3;\\N\n4;""\n')
    put("b.json", '{"n": 1, "s": "x"}\n{"n": 2}\n')
    run(
        "create file format semicolons type = csv field_delimiter = ';' skip_header = 1"
        " field_optionally_enclosed_by = '\"'"
    )
    run("create file format documents type = json")
    rows = run(
        "select t.$1::int, $2, $3, metadata$filename, metadata$file_row_number"
        " from @files/a.csv (file_format => semicolons) t order by 1"
    )
    assert [row[:3] for row in rows] == [(1, "x;y", None), (2, "a;b", None), (3, None, None),
                                         (4, "", None)]  # fmt: skip
    assert rows[3][3:] == ("files/a.csv", 4)
    source = "@files (file_format => 'documents', pattern => '.*json')"
    assert run(f"select $1:n::int, $1:s::varchar from {source} order by 1") == [(1, "x"), (2, None)]
    run("create table t as select $1 a, $2 b from @files/a.csv (file_format => semicolons)")
    run(f"insert into t select $1:n, $1:s::varchar from {source}")
    assert run("select count(*), count(b) from t") == [(6, 4)]
    assert run("select $1 from @files/none") == []
    for sql, number in (
        ("select $1 from @nowhere", 2003),
        ("select $1 from @files (file_format => nothing)", 2003),
        ("select * from @files/a.csv", 2),
    ):
        assert error(run, sql) == number


def test_parts_of_a_location_have_quotes_of_their_own(
    run: Run, tmp_path: Path, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/put"""
    run('create table "T" (a int, b varchar)')
    file = tmp_path / "rows.json"
    file.write_text('{"a": 1, "b": "x"}')
    place = '"PUBLIC"."%T"/"17.5"'
    run(f"put 'file://{file}' '@{place}' auto_compress = false")
    assert [row[0] for row in run("list '@%T'")] == ["17.5/rows.json"]
    run(
        f"copy into t from '@{place}/rows.json' match_by_column_name = 'CASE_INSENSITIVE'"
        " file_format = (type = 'JSON', binary_format = 'BASE64')"
    )
    assert run("select * from t") == [(1, "x")]
    run("create stage bytes")
    run(f"put file://{file} @bytes")
    run("create table of_bytes (b binary)")
    assert (
        error(
            run,
            "copy into of_bytes from @bytes match_by_column_name = case_insensitive"
            " file_format = (type = json binary_format = base64)",
        )
        == 2
    )

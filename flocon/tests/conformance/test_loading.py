"""COPY INTO <table>: its options, what a file's fields become, and which files were loaded."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conformance.shared import Run, error, failure

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


def loaded(
    run: Run, table: str, more: str = "file_format = (type = csv)", source: str = "@files"
) -> list[tuple[str, int]]:
    """What COPY INTO says of each file: its status and its rows."""
    rows = run(f"copy into {table} from {source} {more}")
    return [(row[1], row[3]) for row in rows if len(row) > 1]


def test_members_of_a_document_are_what_they_are(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (v variant, a array, o object, s varchar)")
    put("d.json", '{"v": {"x": 1}, "a": [1, 2], "o": {"k": "z"}, "s": {"y": 1}}')
    run("copy into t from @files file_format = (type = json)"
        " match_by_column_name = case_insensitive")  # fmt: skip
    assert run("select typeof(v), typeof(a), typeof(o), v:x, a[1], o:k::varchar, s from t") == [
        ("OBJECT", "ARRAY", "OBJECT", "1", "2", "z", '{"y":1}')
    ]
    put("fields.csv", "1,2,3,4\n")
    csv = "file_format = (type = csv) files = ('fields.csv')"
    assert error(run, f"copy into t from @files {csv}") == 2023


def test_blanks_around_an_enclosed_field_go_and_those_within_stay(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (a varchar, b varchar, c varchar)")
    put("a.csv", ' 1 , "  x, y " ,\t"z"\n')
    enclosed = """file_format = (type = csv field_optionally_enclosed_by = '"' trim_space = %s)"""
    assert loaded(run, "t", enclosed % "true") == [("LOADED", 1)]
    assert run("select a, b, c from t") == [("1", "  x, y ", "z")]
    put("b.csv", '1,"x"y,z\n')
    assert failure(run, f"copy into t from @files/b.csv {enclosed % 'false'}")[0] == 100016


def test_false_is_no(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int)")
    put("a.csv", "1\n2\n")
    csv = "file_format = (type = csv)"
    assert loaded(run, "t", f"{csv} purge = false force = false") == [("LOADED", 2)]
    assert loaded(run, "t", f"{csv} force = false") == []
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
    assert loaded(run, "t") == []
    assert run("select a from t order by a") == [(1,), (5,)]


def test_a_file_is_loaded_again_once_it_has_changed(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/user-guide/data-load-considerations-load"""
    run("create table t (a int)")
    put("a.csv", "1\n")
    assert loaded(run, "t") == [("LOADED", 1)]
    put("a.csv", "1\n")
    assert loaded(run, "t") == []
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


def test_a_date_is_read_in_every_form_that_is_recognized(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format,
    https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run("create table t (d date, n timestamp_ntz, z timestamp_tz, t time)")
    line = "01/05/2024,01/05/2024 10:11:00,2024-01-05 10:11:12 +02:00,10:11 PM\n"
    put("a.csv", f"{line}2024-01-06,2024-01-06 10:11:12.5,,10:11\n31/12/2024,,,\n{line}")
    copy = "copy into t from @files file_format = (type = csv)"
    assert error(run, copy) == 100040
    assert run(f"{copy} on_error = continue")[0][1:4] == ("PARTIALLY_LOADED", 4, 3)
    rows = [tuple(map(str, row)) for row in run("select * from t order by d")]
    first = ("2024-01-05", "2024-01-05 10:11:00", "2024-01-05 10:11:12+02:00", "22:11:00")
    assert rows == [first, first, ("2024-01-06", "2024-01-06 10:11:12.500000", "None", "10:11:00")]


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
    assert error(run, f"copy into t from @files {csv} force = true") == 100038
    put("a.csv", "x,2024-01-02\n")
    assert error(run, f"copy into t from @files {csv}") == 100038
    assert run("select count(*) from t") == [(2,)]


def test_texts_of_a_file_become_what_the_columns_are(run: Run, put: Put, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    columns = {"O": ['{"a": 1}', None], "L": ["[1, 2]", None], "V": ["1", None]}
    small = pa.array([1, 2], type=pa.uint8())
    pq.write_table(pa.table({**columns, "N": small}), tmp_path / "p.parquet")
    run(f"put file://{tmp_path}/p.parquet @files")
    for kind in ("table", "temporary table"):
        run(f"create {kind} t (o object, l array, v variant, n int)")
        by_name = "file_format = (type = parquet) match_by_column_name = case_sensitive"
        assert loaded(run, "t", by_name) == [("LOADED", 2)]
        assert run("select * from t order by n") == [
            ('{\n  "a": 1\n}', '[\n  "[1, 2]"\n]', '"1"', 1),
            (None, None, None, 2),
        ]
        run("drop table t")


def test_a_comment_may_stand_behind_put(run: Run, put: Put, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/put"""
    (tmp_path / "c.csv").write_text("1\n")
    source = f"file://{tmp_path}/c.csv"
    options = "auto_compress = false"
    assert run(f"put /* Python: f() */ '{source}' @files {options}")[0][6] == "UPLOADED"
    assert run("list /* what */ @files")[0][0] == "files/c.csv"
    assert run("remove /* it */@files")[0][1] == "removed"


def test_a_column_of_a_file_may_be_null_and_all_of_its_columns_unknown(
    run: Run, put: Put, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar)")
    pq.write_table(pa.table({"a": [4], "b": pa.array([None])}), tmp_path / "p.parquet")
    run(f"put file://{tmp_path}/p.parquet @files")
    by_name = "file_format = (type = parquet) match_by_column_name"
    assert loaded(run, "t", f"{by_name} = case_insensitive") == [("LOADED", 1)]
    assert loaded(run, "t", f"{by_name} = case_sensitive force = true") == [("LOADED", 1)]
    assert run("select * from t order by a") == [(4, None), (None, None)]


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
    assert run("select * from dates") == [(date(2024, 1, 1), "p.parquet")]


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
    assert rows[3][3:] == ("a.csv", 4)
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


def test_a_query_of_a_stage_gives_as_many_values_as_there_are_columns(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar)")
    put("a.csv", "1,x\n")
    csv = "file_format = (type = csv)"
    assert failure(run, f"copy into t from (select $1 from @files) {csv}") == (
        2020,
        "002020 (21S01): SQL compilation error:\nInsert value list does not match column list"
        " expecting 2 but got 1",
    )
    assert error(run, f"copy into t (a) from (select $1, $2 from @files) {csv}") == 2020
    assert error(run, f"copy into t (a, z) from (select $1, $2 from @files) {csv}") == 904
    assert error(run, f"copy into t (a, z) from @files {csv}") == 904
    assert error(run, f"copy into nowhere (a) from (select $1 from @files) {csv}") == 1757
    assert run("select * from t") == []


def test_places_in_quotes_are_places_unless_a_column_is_called_so(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.copy_into_table"""
    run("create table t (a int, b varchar)")
    put("a.csv", "1,x\n2,y\n")
    made = '(select "$1", s."$2" from @files s)'
    assert loaded(run, "t", "file_format = (type = csv)", made) == [("LOADED", 2)]
    assert run("select * from t order by a") == [(1, "x"), (2, "y")]
    assert run("""select "$2", t."$1" from t where "$1" = 2""") == [("y", 2)]
    assert run("""select "$1" from (select 5 as a, 6 as "$1")""") == [(6,)]
    assert error(run, """select "$3" from t""") == 904
    inner = """select $1::int as "$1", $2 as "$2" from @files"""
    assert run(f"""select "$2" as b, "$1" + 1 from ({inner}) order by 2""") == [("x", 2), ("y", 3)]


def test_a_text_of_a_document_has_no_quotes_in_a_varchar(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("create table t (a varchar, v variant)")
    put("a.json", '{"color": "Red", "n": {"x": 1}}')
    made = "(select $1:color, $1:color from @files)"
    assert loaded(run, "t", "file_format = (type = json)", made) == [("LOADED", 1)]
    run("insert into t (a) select v from t")
    run("insert into t (a) select v from t where v is not null union all select 'x'")
    run("create table w (v variant)")
    run("insert into w select parse_json('{\"a\": 1}') union all select 'hm'::variant")
    run("insert into t (a) select * from w")
    run("insert into t (a) select distinct v from w where typeof(v) = 'VARCHAR'")
    found = [row[0] for row in run("select a from t order by a")]
    assert found == ["Red", "Red", "Red", "hm", "hm", "x", '{"a":1}']
    run("update t set a = v where v is not null")
    assert run("select a from t where v is not null") == [("Red",)]


def test_a_file_with_fewer_fields_than_columns_are_named_leaves_them_null(
    run: Run, put: Put
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar, c int default 7)")
    put("a.csv", "1,x\n")
    assert error(run, "copy into t from @files file_format = (type = csv)") == 100080
    assert loaded(run, "t (a, b, c)", "file_format = (type = csv)") == [("LOADED", 1)]
    assert run("select * from t") == [(1, "x", None)]


def test_columns_are_matched_with_the_names_in_a_files_first_row(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar, file varchar, place int, key varchar)")
    put("a.csv", "B,other,a\nx,-,1\ny,-,2\n")
    named = "error_on_column_count_mismatch = false"
    assert loaded(
        run,
        "t",
        f"file_format = (type = csv parse_header = true {named})"
        " match_by_column_name = case_insensitive include_metadata = (file = metadata$filename,"
        " place = METADATA$FILE_ROW_NUMBER, key = metadata$file_content_key)",
    ) == [("LOADED", 2)]
    rows = run("select * from t order by a")
    assert [row[:4] for row in rows] == [(1, "x", "a.csv", 1), (2, "y", "a.csv", 2)]
    assert rows[0][4] == rows[1][4] != ""
    exact = "match_by_column_name = case_sensitive force = true"
    run("truncate table t")
    assert loaded(run, "t", f"file_format = (type = csv parse_header = true {named}) {exact}") == [
        ("LOADED", 2)
    ]
    assert run("select a, b from t order by b") == [(None, "x"), (None, "y")]
    without = f"copy into t from @files file_format = (type = csv {named})"
    assert error(run, f"{without} match_by_column_name = case_sensitive force = true") == 2
    assert error(run, f"{without} include_metadata = (file = metadata$filename)") == 1008


def test_validation_loads_nothing(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int not null, b varchar)")
    put("a.csv", "1,x\n2,y\nthree,z\n")
    copy = "copy into t from @files file_format = (type = csv) validation_mode ="
    assert run(f"{copy} return_2_rows") == [(1, "x"), (2, "y")]
    assert error(run, f"{copy} return_3_rows") == 100038
    assert error(run, f"{copy} return_errors") == 2
    put("a.csv", "1,x\n,y\n")
    assert run(f"{copy} return_1_rows") == [(1, "x")]
    assert error(run, f"{copy} return_2_rows") == 100072
    put("a.csv", "1,x\n")
    assert run(f"{copy} return_errors") == run(f"{copy} return_all_errors") == []
    [missing] = run(
        "copy into t from @files files = ('b.csv') file_format = (type = csv)"
        " validation_mode = return_errors"
    )
    assert "The file might not exist." in missing[0]
    assert (missing[1], missing[5:7]) == ("b.csv", ("other", 100112))
    assert error(run, f"{copy} nonsense") == 1481
    assert run("select * from t") == []
    assert loaded(run, "t") == [("LOADED", 1)]


def test_a_row_of_parquet_is_an_object(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create stage files")
    run("create table t (v variant)")
    pq.write_table(pa.table({"a": [3], "B": ["y"]}), tmp_path / "p.parquet")
    run(f"put file://{tmp_path}/p.parquet @files")
    made = "(select $1 from @files)"
    assert loaded(run, "t", "file_format = (type = parquet)", made) == [("LOADED", 1)]
    assert run("select v:a::int, v:B::varchar from t") == [(3, "y")]


def test_a_floating_point_number_of_parquet_is_one_in_a_variant(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured
    https://docs.snowflake.com/en/user-guide/querying-stage"""
    run("create stage files")
    run("create file format parquet type = parquet")
    columns = {
        "f": [2.0], "i": [2], "d": [Decimal("1.12345678901234567891")], "l": [[1.5]],
        "s": [{"x": 0.5, "y": "a"}], "n": pa.array([None], pa.list_(pa.float64())),
        "m": pa.array([[("k", 1.0)]], pa.map_(pa.string(), pa.float64())),
        "t": [datetime(2024, 1, 5, 10)],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    run(f"put file://{tmp_path}/p.parquet @files")
    text = (
        '{"d":1.12345678901234567891,"f":2.000000000000000e+00,"i":2,"l":[1.500000000000000e+00],'
        '"m":{"k":1.000000000000000e+00},"n":null,"s":{"x":5.000000000000000e-01,"y":"a"},'
        '"t":"2024-01-05 10:00:00.000"}'
    )
    assert run("select to_json($1), $1:s.x::float from @files (file_format => parquet)") == [
        (text, 0.5)
    ]
    run("create table t (v variant)")
    assert loaded(run, "t", "file_format = (type = parquet)", "(select $1 from @files)") == [
        ("LOADED", 1)
    ]
    run("create table u (f variant, l variant)")
    made = "(select $1:f, $1:l from @files)"
    assert loaded(run, "u", "file_format = (type = parquet)", made) == [("LOADED", 1)]
    assert run("select to_json(v) from t") == [(text,)]
    assert run("select typeof(f), to_json(l) from u") == [("DOUBLE", "[1.500000000000000e+00]")]


def test_a_file_format_is_described_beside_its_defaults(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-file-format"""
    run(
        "create file format f type = csv skip_header = 1 null_if = ('none', 'NA')"
        " field_optionally_enclosed_by = '\"' file_extension = 'txt'"
    )
    rows = {row[0]: row[1:] for row in run("describe file format f")}
    assert rows["SKIP_HEADER"] == ("Integer", "1", "0")
    assert rows["NULL_IF"] == ("List", "[none, NA]", "[\\N]")
    assert rows["FIELD_OPTIONALLY_ENCLOSED_BY"] == ("String", '\\"', "NONE")
    assert rows["FIELD_DELIMITER"] == ("String", ",", ",")
    assert rows["RECORD_DELIMITER"] == ("String", "\\n", "\\n")
    assert rows["EMPTY_FIELD_AS_NULL"] == ("Boolean", "true", "true")
    run("create file format j type = json strip_outer_array = true")
    rows = {row[0]: row[1:] for row in run("desc file format j")}
    assert rows["STRIP_OUTER_ARRAY"] == ("Boolean", "true", "false")
    assert "SKIP_HEADER" not in rows
    assert error(run, "describe file format nothing") == 2003


def test_a_stage_says_how_its_files_are_encrypted(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    run("create stage sealed encryption = (type = 'SNOWFLAKE_SSE') directory = (enable = false)")
    run("create or replace stage sealed encryption = (type = 'SNOWFLAKE_FULL')")
    (tmp_path / "a.csv").write_text("1\n")
    run(f"put 'file://{tmp_path}/a.csv' @sealed auto_compress = false")
    assert run("select $1 from @sealed") == [("1",)]
    for unknown in (
        "encryption = (type = 'AWS_SSE_S3')",
        "directory = (enable = true, auto_refresh = true)",
    ):
        assert error(run, f"create stage elsewhere {unknown}") == 2


def test_the_stage_of_a_user_is_there_without_being_made(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/user-guide/data-load-local-file-system-create-stage"""
    file = tmp_path / "a.csv"
    file.write_text("1,x\n")
    run(f"put file://{file} @~/user_stage/of/this auto_compress = false")
    assert [row[0] for row in run("list @~/user_stage")] == ["user_stage/of/this/a.csv"]
    assert run("select $2, metadata$filename from @~/user_stage") == [
        ("x", "user_stage/of/this/a.csv")
    ]
    run("create table t (a int, b varchar)")
    assert run("copy into t from @~/user_stage/of file_format = (type = csv)")[0][1] == "LOADED"
    file.unlink()
    run(f"get @~/user_stage/of/this file://{tmp_path}")
    assert file.read_text() == "1,x\n"
    assert run("remove @~/user_stage") == [("user_stage/of/this/a.csv", "removed")]
    assert run("list @~/user_stage") == []
    assert error(run, "list @~x") == 1003
    assert error(run, "list @~/../x") == 1003


def test_the_columns_of_staged_files_are_inferred(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/infer_schema"""
    put("a.csv", "Id,name,price,day,at,ok\n1,x,1.5,2024-01-02,2024-01-02 03:04:05,true\n12,y,,,,\n")
    put("b.json", '{"n": 1, "At": "2024-01-02T03:04:05", "o": {}, "mixed": 1}')
    put("c.json", '{"n": 2.25, "late": [], "mixed": "x"}\n{"z": null}')
    run("create file format c type = csv parse_header = true")
    run("create file format plain type = csv skip_header = 1")
    run("create file format j type = json")

    def inferred(arguments: str) -> list[tuple[object, ...]]:
        return run(
            "select column_name, type, expression, filenames, order_id from"
            f" table(infer_schema({arguments})) order by order_id, column_name"
        )

    assert inferred("location => '@files/a.csv', file_format => 'c'") == [
        ("Id", "NUMBER(2, 0)", "$1::NUMBER(2, 0)", "a.csv", 0),
        ("name", "TEXT", "$2::TEXT", "a.csv", 1),
        ("price", "NUMBER(2, 1)", "$3::NUMBER(2, 1)", "a.csv", 2),
        ("day", "DATE", "$4::DATE", "a.csv", 3),
        ("at", "TIMESTAMP_NTZ", "$5::TIMESTAMP_NTZ", "a.csv", 4),
        ("ok", "BOOLEAN", "$6::BOOLEAN", "a.csv", 5),
    ]
    short = "max_records_per_file => 1, file_format => 'plain'"
    assert [row[:2] for row in inferred(f"location => '@files', files => ('a.csv'), {short}")][
        :2
    ] == [("c1", "NUMBER(1, 0)"), ("c2", "TEXT")]
    merged = "location => '@files', files => ('b.json', 'c.json'), file_format => 'j'"
    assert {row[0]: row[1:4] for row in inferred(merged)} == {
        "At": ("TIMESTAMP_NTZ", "$1:At::TIMESTAMP_NTZ", "b.json"),
        "late": ("ARRAY", "$1:late::ARRAY", "c.json"),
        "mixed": ("TEXT", "$1:mixed::TEXT", "b.json, c.json"),
        "n": ("NUMBER(3, 2)", "$1:n::NUMBER(3, 2)", "b.json, c.json"),
        "o": ("OBJECT", "$1:o::OBJECT", "b.json"),
        "z": ("TEXT", "$1:z::TEXT", "c.json"),
    }
    assert ("AT", "GET_IGNORE_CASE ($1, 'AT')::TIMESTAMP_NTZ") in [
        (row[0], row[2]) for row in inferred(f"{merged}, ignore_case => true")
    ]
    assert inferred("location => '@files/nothing', file_format => 'j'") == []
    assert error(run, "select * from table(infer_schema(location => '@files'))") == 2


def test_text_that_is_not_utf8_is_said_to_be_so(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create stage files")
    run("create table t (a varchar)")
    (tmp_path / "a.csv").write_bytes(b"x\xca\n")
    run(f"put file://{tmp_path}/a.csv @files auto_compress = false")
    assert error(run, "copy into t from @files file_format = (type = csv)") == 100144


def test_without_from_the_files_are_those_of_the_tables_stage(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table own (a int)")
    (tmp_path / "own.csv").write_text("1\n2\n")
    run(f"put file://{tmp_path}/own.csv @%own")
    [row] = run("copy into own on_error = 'skip_file'")
    assert row[1:4] == ("LOADED", 2, 2)
    (tmp_path / "noise").write_bytes(bytes(range(128, 256)))
    run(f"put file://{tmp_path}/noise @%own")
    found = {row[0].partition(".")[0]: row[1] for row in run("copy into own on_error = skip_file")}
    assert found == {"noise": "LOAD_FAILED"}
    assert error(run, "copy into own force = false") == 100144
    assert run("select a from own order by a") == [(1,), (2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "copy into bare",
        "copy into bare;",
        'COPY INTO "BARE" (a, b)',
        "copy into public.bare (b)\n ; -- all of it",
        "-- first\ncopy /* x */ into identifier('bare') // so",
    ],
)
def test_without_anything_else_the_tables_stage_is_loaded(
    run: Run, tmp_path: Path, sql: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table bare (a int, b varchar)")
    (tmp_path / "bare.csv").write_text("7\n" if "(b)" in sql else "7,x\n")
    run(f"put file://{tmp_path}/bare.csv @%bare")
    [row] = run(sql)
    assert row[1:4] == ("LOADED", 1, 1)
    assert run("select * from bare") == [(None, "7") if "(b)" in sql else (7, "x")]


@pytest.mark.parametrize("on_error", ["continue", "skip_file"])
def test_a_query_of_a_stage_without_faults_is_loaded_whatever_on_error_says(
    run: Run, put: Put, on_error: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int)")
    put("good.csv", "1\n2\n")
    from_ = "from (select $1 from @files) file_format = (type = csv)"
    assert loaded(run, "t", f"on_error = {on_error}", from_.removeprefix("from ")) == [
        ("LOADED", 2)
    ]
    put("bad.csv", "3\nx\n")
    assert error(run, f"copy into t {from_} on_error = {on_error}") == 2
    assert run("select a from t order by a") == [(1,), (2,)]


def test_a_field_of_a_column_of_numbers_is_a_number_of_snowflakes(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (n int, f float)")
    put("a.csv", "1,1\n1_000,2\n3,0x10\n4, 4.5\n")
    csv = "file_format = (type = csv)"
    assert error(run, f"copy into t from @files {csv}") == 100038
    assert error(run, f"copy into t from (select $1, $2 from @files) {csv}") == 100038
    assert loaded(run, "t", f"{csv} on_error = continue") == [("PARTIALLY_LOADED", 2)]
    assert run("select n, f from t order by n") == [(1, 1.0), (4, 4.5)]


def test_a_member_for_a_column_of_numbers_is_a_number_of_snowflakes(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (n int, f float)")
    json = "file_format = (type = json) match_by_column_name = case_insensitive"
    put("a.json", '{"n": 1, "f": "2.5"}')
    assert loaded(run, "t", json) == [("LOADED", 1)]
    put("b.json", '{"n": "1_000", "f": 2}')
    assert error(run, f"copy into t from @files {json}") == 100038
    assert run("select n, f from t") == [(1, 2.5)]


def test_a_document_with_a_key_twice_is_not_loaded(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (v variant)")
    put("a.json", '{"a": 1}\n{"a": 2, "a": 3}\n')
    assert error(run, "copy into t from @files file_format = (type = json)") == 100069
    run("create file format documents type = json")
    assert error(run, "select $1 from @files (file_format => documents)") == 100069
    assert run("select * from t") == []


def test_a_file_that_was_loaded_is_named_where_the_statement_names_it(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int)")
    put("a.csv", "1\n")
    assert loaded(run, "t") == [("LOADED", 1)]
    assert run("copy into t from @files") == [("Copy executed with 0 files processed.",)]
    [row] = run("copy into t from @files files = ('a.csv')")
    assert row == (
        "files/a.csv", "LOAD_SKIPPED", 0, 0, None, 1, "File was loaded before.", None, None, None,
    )  # fmt: skip
    put("b.csv", "2\n")
    assert loaded(run, "t") == [("LOADED", 1)]


def test_a_file_with_errors_says_its_limit_the_line_and_the_column(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    put("a.csv", "n,m\n1,2\nx,2\n3,4\n5,y\n")
    csv = "file_format = (type = csv skip_header = 1)"
    what = "Numeric value 'x' is not recognized"
    for on_error, status, rows, limit in (
        ("continue", "PARTIALLY_LOADED", 2, 4),
        ("skip_file", "LOAD_FAILED", 0, 1),
        ("skip_file_2", "LOAD_FAILED", 0, 2),
        ("skip_file_3", "PARTIALLY_LOADED", 2, 3),
        ("'skip_file_49%'", "LOAD_FAILED", 0, 1),
        ("'skip_file_70%'", "LOAD_FAILED", 0, 2),
        ("'skip_file_75%'", "PARTIALLY_LOADED", 2, 3),
    ):
        run("create or replace table t (n int, m int)")
        assert run(f"copy into t from @files on_error = {on_error} {csv}") == [
            ("files/a.csv", status, 4, rows, limit, 2, what, 3, 1, '"T"["N":1]')
        ], on_error


def test_a_file_is_compressed_as_its_format_says(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table n (i int)")
    put("one.csv", "1\n")
    copy = "copy into n from @files file_format = (type = csv compression = {}) on_error = {}"
    assert error(run, copy.format("gzip", "abort_statement")) == 2
    assert error(run, copy.format("gzip", "continue")) == 2
    assert run(copy.format("none", "continue"))[0][1] == "LOADED"
    assert run("select * from n") == [(1,)]


def test_unsigned_numbers_and_zoned_nanoseconds_of_parquet_are_inferred(
    run: Run, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/infer_schema"""
    moment = pa.timestamp("ns", "UTC")
    columns = {
        "B": pa.array([200], pa.uint8()),
        "S": pa.array([60000], pa.uint16()),
        "I": pa.array([4000000000], pa.uint32()),
        "M": pa.array([1704100272000001000], moment),
    }
    file = tmp_path / "unsigned.parquet"
    pq.write_table(pa.table(columns), file, version="2.6")
    run("create stage unsigned file_format = (type = parquet)")
    run(f"put file://{file} @unsigned auto_compress = false")
    run("create file format columns_of type = parquet")
    inferred = "infer_schema(location => '@unsigned', file_format => 'columns_of')"
    assert run(f"select column_name, type from table({inferred})") == [
        ("B", "NUMBER(38, 0)"),
        ("S", "NUMBER(38, 0)"),
        ("I", "NUMBER(38, 0)"),
        ("M", "TIMESTAMP_LTZ"),
    ]
    run("create table unsigned_rows (b int, s int, i int, m timestamp_tz)")
    run("copy into unsigned_rows from @unsigned match_by_column_name = case_sensitive")
    [(b, s, i, m)] = run("select * from unsigned_rows")
    assert (b, s, i, m.isoformat()) == (200, 60000, 4000000000, "2024-01-01T09:11:12.000001+00:00")
    columns["M"] = pa.array([1704100272000000001], moment)
    pq.write_table(pa.table(columns), file, version="2.6")
    run(f"put file://{file} @unsigned auto_compress = false overwrite = true")
    assert error(run, "copy into unsigned_rows (m) from (select $1:M from @unsigned)") == 2


def test_where_the_first_wrong_field_of_a_file_begins_is_said(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table

    The line is the file's own, and the character is counted with what encloses fields.
    """
    csv = "file_format = (type = csv skip_header = 2 field_optionally_enclosed_by = '\"')"
    run("create table t (a int, b varchar, c int)")
    put("a.csv", '#\n#\n1,"x\ny",2\n3,"p,q",r\n')
    assert run(f"copy into t from @files {csv} on_error = continue") == [
        ("files/a.csv", "PARTIALLY_LOADED", 2, 1, 2, 1, "Numeric value 'r' is not recognized", 5, 9,
         '"T"["C":3]')
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seen", "what", "line", "character", "column"),
    [
        ("1,x,y\n2,z\n", 1, "(3) does not match", 2, 1, '"T"[3]'),
        ("1\n2,z\n", 1, "(1) does not match", 2, 1, '"T"["A":1]'),
        ("1,xy,y\n", 1, "(3) does not match", 1, 7, '"T"[3]'),
        ("2,z\n1,xy,y\n", 1, "Field delimiter ',' found while expecting record delimiter '\\n'",
         2, 5, '"T"["B":2]'),
        ("2,z\n15\n", 1, "End of record reached while expected to parse column '\"T\"[\"B\":2]'",
         2, 3, '"T"["B":2]'),
        ("2,z\n\nk\n", 2, "End of record reached while expected to parse column '\"T\"[\"B\":2]'",
         2, 1, '"T"["B":2]'),
    ],
)  # fmt: skip
def test_a_record_with_too_many_or_few_fields_is_one_error(
    run: Run, put: Put, text: str, seen: int, what: str, line: int, character: int, column: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table

    The page's example of RETURN_ERRORS has what is said of records but the first.
    """
    run("create table t (a int, b varchar)")
    put("a.csv", text)
    [row] = run("copy into t from @files file_format = (type = csv) on_error = continue")
    assert what in row[6]
    assert (row[5], *row[7:]) == (seen, line, character, column)
    code = 100080 if "match" in what else 100016 if "found" in what else 100068
    assert error(run, "copy into t from @files file_format = (type = csv) force = true") == code


def test_named_columns_take_records_of_any_number_of_fields(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar, c varchar)")
    put("a.csv", "1\n2,x\n3,y,z\n")
    assert loaded(run, "t (a, b)", "file_format = (type = csv)") == [("LOADED", 3)]
    assert run("select * from t order by a") == [(1, None, None), (2, "x", None), (3, "y", None)]


def test_a_row_without_a_value_that_is_needed_is_left_out(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int, b varchar not null)")
    put("a.csv", "1,\n2,x\n")
    csv = "file_format = (type = csv)"
    [row] = run(f"copy into t from @files {csv} on_error = continue")
    assert row[1:4] == ("PARTIALLY_LOADED", 2, 1)
    assert row[5:] == (1, "NULL result in a non-nullable column", 1, 3, '"T"["B":2]')
    assert error(run, f"copy into t from @files {csv} force = true") == 100072


def test_a_file_that_is_named_and_not_there_is_a_row_where_errors_are_passed_over(
    run: Run, put: Put
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (a int)")
    put("a.csv", "1\n")
    copy = "copy into t from @files files = ('no.csv', 'a.csv') file_format = (type = csv)"
    assert error(run, copy) == 91016
    assert run("select * from t") == []
    for on_error, limit in (("continue", 1), ("skip_file", 1), ("skip_file_3", 3)):
        present, missing = run(f"{copy} on_error = {on_error} force = true")
        assert present[:4] == ("files/a.csv", "LOADED", 1, 1)
        assert missing[:6] == ("files/no.csv", "LOAD_FAILED", 0, 0, limit, 1)
        assert missing[6].startswith("Remote file '@files/no.csv' was not found. There are several")
        assert missing[7:] == (None, None, None)


def test_a_pattern_is_of_the_whole_location_and_of_no_file_that_is_named(
    run: Run, put: Put
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table

    "Bulk data load operations apply the regular expression to the entire storage location."
    """
    run("create table t (a int)")
    put("a.csv", "1\n")
    csv = "file_format = (type = csv)"
    for pattern in ("a[.]csv", "files/a[.]csv"):
        rows = run(f"copy into t from @files pattern = '{pattern}' {csv}")
        assert rows == [("Copy executed with 0 files processed.",)]
    assert loaded(run, "t", f"pattern = '.*a[.]csv' {csv}") == [("LOADED", 1)]
    named = f"files = ('a.csv') pattern = '.*other.*' {csv} force = true"
    assert loaded(run, "t", named) == [("LOADED", 1)]


def test_blank_lines_that_are_passed_over_count_as_parsed(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (a int, b varchar)")
    put("a.csv", "1,x\n\n2,y\n\n")
    csv = "file_format = (type = csv skip_blank_lines = true)"
    assert run(f"copy into t from @files {csv}") == [
        ("files/a.csv", "LOADED", 4, 2, 1, 0, None, None, None, None)
    ]


def test_an_empty_field_of_a_variant_is_null_whatever_the_format_says(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    run("create table t (a int, b varchar, v variant)")
    put("a.csv", "1,,\n")
    csv = "file_format = (type = csv empty_field_as_null = false)"
    assert loaded(run, "t", csv) == [("LOADED", 1)]
    assert run("select a, b, v is null from t") == [(1, "", True)]


def test_a_transformation_has_the_functions_that_copy_knows(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/user-guide/data-load-transform"""
    run("create table t (a int, b varchar)")
    put("a.csv", "1,x\n")
    csv = "file_format = (type = csv) force = true"
    for values in (
        "$1::int, nvl($2, 'none') || iff($1 = '1', substr($2, 1, 1), to_char($1))",
        "-1, current_timestamp()::varchar",
        "to_number($1), case when $2 in ('x') and $2 is not null then trim($2) end",
    ):
        assert loaded(run, "t", csv, f"(select {values} from @files)") == [("LOADED", 1)], values
    for name, values in (
        ("UPPER", "$1, upper($2)"),
        ("*", "$1 * 2, $2"),
        ("ARRAY_CAT", "$1, array_cat(to_array($1), to_array($2))"),
    ):
        assert failure(run, f"copy into t from (select {values} from @files) {csv}") == (
            2, "000002 (0A000): SQL Compilation error:"
            f" Function '{name}' not supported within a COPY",
        ), values  # fmt: skip
    for query in (
        "select $1, $2 from @files where $1 > 1",
        "select $1, $2 from @files order by 1",
        "select $1, $2 from @files limit 1",
        "select $1, max($2) from @files group by 1",
        "select $1, (select 'x') from @files",
        "select row_number() over (order by $1), $2 from @files",
    ):
        assert failure(run, f"copy into t from ({query}) {csv}") == (
            2, "000002 (0A000): SQL compilation error:\nCOPY statement only supports simple SELECT"
            " from stage statements for import.",
        ), query  # fmt: skip


def test_a_file_of_files_goes_on_where_the_path_ends(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create stage goes_on")
    run("create table t (a int)")
    run("copy into @goes_on/dir/g from (select 5) file_format = (compression = none) single = true")
    for place in ("di files = ('r/g')", "dir/ files = ('g')", "dir files = ('/g')"):
        [row] = run(f"copy into t from @goes_on/{place} force = true")
        assert row[:2] == ("goes_on/dir/g", "LOADED")
    number, text = failure(run, "copy into t from @goes_on/dir files = ('g')")
    assert number == 91016
    assert "Remote file '@goes_on/dirg' was not found." in text


def test_an_option_is_given_once(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create stage options_once")
    run("create table t (a int)")
    for options, what in (
        ("file_format = (type = csv) file_format = (type = json)", "copy option 'FILE_FORMAT'"),
        ("force = true force = false", "copy option 'FORCE'"),
        ("file_format = (skip_header = 1 skip_header = 2)", "file format parameter 'SKIP_HEADER'"),
    ):
        assert what in failure(run, f"copy into t from @options_once {options}")[1]
    text = failure(run, "create file format twice type = csv type = json")[1]
    assert "conflicting values file format parameter 'TYPE'" in text

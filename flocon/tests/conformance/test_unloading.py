"""COPY INTO <location>: which files are written, and what is in them."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conformance.shared import Run, error, failure

Get = Callable[[str], bytes]


@pytest.fixture
def get(run: Run, tmp_path: Path) -> Get:
    """get(path): what a file in the stage FILES holds."""
    run("create stage files")
    run("create table t (a int, b varchar, d timestamp, v variant)")
    run(
        """insert into t select 1, 'x,"y"', '2024-01-02 03:04:05.6'::timestamp,"""
        """ parse_json('{"k": [1, "q"]}') union all select 2, null, null, null"""
    )

    def get(path: str) -> bytes:
        run(f"get @files/{path} file://{tmp_path}")
        return (tmp_path / path.rpartition("/")[2]).read_bytes()

    return get


def names(run: Run, place: str) -> list[str]:
    return [row[0] for row in run(f"list @files/{place}")]


def test_a_table_is_unloaded_as_packed_csv(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    [(rows, before, after)] = run("copy into @files/out/ from t")
    assert names(run, "out") == ["files/out/data_0_0_0.csv.gz"]
    packed = get("out/data_0_0_0.csv.gz")
    content = gzip.decompress(packed)
    assert content == (
        b'1,x\\,"y",2024-01-02 03:04:05.600,{"k":[1\\,"q"]}\n2,\\N,\\N,\\N\n'
    )  # fmt: skip
    assert (rows, before, after) == (2, len(content), len(packed))


def test_what_is_unloaded_can_be_loaded(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    quoted = "file_format = (type = csv field_optionally_enclosed_by = '\"')"
    run(f"copy into @files/out/ from (select a, b, d from t) {quoted}")
    run("create table again (a int, b varchar, d timestamp)")
    assert run(f"copy into again from @files/out {quoted}")[0][3] == 2
    assert run("select a, b, d from again minus select a, b, d from t") == []


def test_options_say_how_a_file_is_written(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    form = (
        "type = csv compression = none field_delimiter = ';' null_if = ('') "
        "field_optionally_enclosed_by = '\"'"
    )
    run(
        f"copy into @files/p from (select a, b as name from t) file_format = ({form}) header = true"
    )
    assert names(run, "p") == ["files/p_0_0_0.csv"]
    assert get("p_0_0_0.csv") == b'"A";"NAME"\n1;"x,""y"""\n2;\n'
    run(f"copy into @files/one.txt from (select a from t) file_format = ({form}) single = true")
    assert get("one.txt") == b"1\n2\n"
    [detail] = run(
        f"copy into @files/d_ from (select a from t) file_format = ({form}) detailed_output = true"
    )
    assert detail == ("d_0_0_0.csv", 4, 2)
    [detail] = run(
        f"copy into @files/x/y/ from (select a from t) file_format = ({form})"
        " detailed_output = true"
    )
    assert detail == ("data_0_0_0.csv", 4, 2)
    run(f"copy into @files/m from (select a from t) file_format = ({form}) max_file_size = 2")
    assert names(run, "m") == ["files/m_0_0_0.csv", "files/m_0_0_1.csv"]
    rows = run("copy into @files/none from (select a, b from t) validation_mode = return_rows")
    assert rows == [(1, 'x,"y"'), (2, None)]
    assert names(run, "none") == []


def test_a_file_is_replaced_only_on_request(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    single = "file_format = (type = csv compression = none) single = true"
    run(f"copy into @files/f from (select 1) {single}")
    assert error(run, f"copy into @files/f from (select 2) {single}") == 1030
    assert get("f") == b"1\n"
    run(f"copy into @files/f from (select 2) {single} overwrite = true")
    assert get("f") == b"2\n"


def test_documents_are_lines_of_json(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/user-guide/data-unload-considerations"""
    source = "(select object_construct('a', a, 'b', b) from t)"
    run(f"copy into @files/j from {source} file_format = (type = json compression = none)")
    assert get("j_0_0_0.json") == b'{"a":1,"b":"x,\\"y\\""}\n{"a":2}\n'
    floats = "select object_construct('f', 2.5::float, 'long', 123456789012345678.125) as o"
    run(f"copy into @files/f from ({floats}) file_format = (type = json compression = none)")
    assert get("f_0_0_0.json") == (b'{"f":2.500000000000000e+00,"long":123456789012345678.125}\n')
    assert error(run, "copy into @files/k from t file_format = (type = json)") == 2019


def test_parquet_has_names_with_a_header_alone(run: Run, get: Get, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    form = "file_format = (type = parquet)"
    run(f"copy into @files/p from (select a, b from t) {form} header = true")
    get("p_0_0_0.snappy.parquet")
    table = pq.read_table(tmp_path / "p_0_0_0.snappy.parquet")
    assert table.to_pylist() == [{"A": 1, "B": 'x,"y"'}, {"A": 2, "B": None}]
    run(f"copy into @files/q from (select a, b from t) {form}")
    get("q_0_0_0.snappy.parquet")
    assert pq.read_table(tmp_path / "q_0_0_0.snappy.parquet").column_names == ["_COL_0", "_COL_1"]


def test_each_partition_has_a_folder(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    run("copy into @files/parts from t partition by ('b=' || b) file_format = (type = csv)")
    first, second = names(run, "parts")
    assert first.startswith("files/parts/__NULL__/data_") and first.endswith("_0_0_0.csv.gz")
    assert second.startswith('files/parts/b=x,"y"/data_')
    assert error(run, "copy into @files/x from t partition by ('../' || a)") == 2


def test_what_is_not_unloaded_is_refused(run: Run, get: Get) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    for sql, number in (
        ("copy into 's3://bucket/x' from t", 2),
        ("copy into @nowhere/x from t", 2003),
        ("copy into @files/x from nothing", 2003),
        ("copy into @files/x from t file_format = (type = avro)", 2),
        ("copy into @files/x from t file_format = (type = csv compression = brotli)", 2),
        ("copy into @files/x from t nonsense = 1", 2),
    ):
        assert error(run, sql) == number, sql
    assert names(run, "") == []


def test_several_files_mind_what_begins_as_they_do(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-location"""
    run("create stage minds")
    single = "file_format = (compression = none) single = true"
    run(f"copy into @minds/dir/g from (select 5) {single}")
    number, text = failure(run, "copy into @minds/di from (select 1)")
    assert number == 1030
    assert "Files already existing at the unload destination: @minds/di." in text
    run(f"copy into @minds/di from (select 1) {single}")
    run("copy into @minds from (select 1)")
    assert error(run, "copy into @minds from (select 1)") == 1030

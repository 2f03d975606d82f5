"""Dates, times, timestamps and BINARYs inside of VARIANTs, arrays and objects: JSON has them as
texts. What may be one of them is not said to be a VARCHAR, all else is what it is."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shared import errno, one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any

# Values, and their texts in JSON.
_VALUES = {
    "DATE": ("'2026-01-31'::date", "2026-01-31"),
    "TIME": ("'10:11:12'::time", "10:11:12"),
    "TIMESTAMP_NTZ": ("'2026-01-31 10:11:12'::timestamp_ntz", "2026-01-31 10:11:12.000"),
    "TIMESTAMP_LTZ": (
        "'2026-01-31 10:11:12.5 +0000'::timestamp_ltz",
        "2026-01-31 10:11:12.500 +0000",
    ),
    "TIMESTAMP_TZ": (
        "'2026-01-31 10:11:12 -0330'::timestamp_tz",
        "2026-01-31 10:11:12.000 -0330",
    ),
    "BINARY": ("to_binary('00FF')", "00FF"),
}


def _asked(value: str, kind: str) -> tuple[str, ...]:
    functions = (f"is_{kind}", f"as_{kind}", "is_varchar", "as_varchar", "is_char", "as_char")
    return (f"typeof({value})", *(f"{function}({value})" for function in functions))


@pytest.mark.parametrize("kind", _VALUES)
def test_what_may_be_a_date_inside_of_an_object_is_not_said_to_be_a_text(
    run: Run, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof
    https://docs.snowflake.com/en/sql-reference/functions/as_char-varchar"""
    value, text = _VALUES[kind]
    source = f"(select object_construct('at', {value}, 'text', 'ABC', 'n', 5, 'z', null) as o)"
    for asked in _asked("o:at", kind):
        assert errno(run, f"select {asked} from {source}") == 2, asked
    others = "typeof(o:text), is_varchar(o:text), as_varchar(o:text), typeof(o:n), is_char(o:n)"
    assert run(f"select o:at::varchar, {others}, is_{kind}(o:n), as_{kind}(o:n) from {source}") == [
        (text, "VARCHAR", True, "ABC", "INTEGER", False, False, None)
    ]
    assert run(f"select typeof(o), typeof(o:z), is_{kind}(o), is_{kind}(o:z) from {source}") == [
        ("OBJECT", None, False, None)
    ]


@pytest.mark.parametrize(
    "made",
    [
        "array_construct(1, d)[1]",
        "[1, d][1]",
        "array_construct_compact(null, d)[0]",
        "array_append([], d)[0]",
        "array_prepend([], d)[0]",
        "array_insert([], 0, d)[0]",
        "array_cat([1], [d])[1]",
        "array_slice([1, d], 1, 2)[0]",
        "array_agg(d)[0]",
        "array_agg(distinct d)[0]",
        "array_unique_agg(d)[0]",
        "to_array(d)[0]",
        "d::array[0]",
        "max_by(d, 1, 2)[0]",
        "{'at': d}:at",
        "{'a': {'b': [d]}}:a.b[0]",
        "{*}:D",
        "object_construct(*):D",
        "object_construct_keep_null('at', d)['at']",
        "object_agg('at', d):at",
        "object_insert({}, 'at', d):at",
        "object_pick({'at': d}, 'at'):at",
        "get({'at': d}, 'at')",
        "get_path({'at': d}, 'at')",
        "transform([1], x -> d)[0]",
        "filter([d], x -> true)[0]",
        "any_value(to_variant(d))",
        "any_value(d::variant)",
        "iff(true, d::variant, null)::array[0]",
    ],
)
def test_whatever_puts_a_date_into_a_variant_is_known(run: Run, made: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-semistructured"""
    source = "from (select '2026-01-31'::date as d)"
    assert run(f"select {made}::varchar {source}") == [("2026-01-31",)]
    assert errno(run, f"select typeof({made}) {source}") == 2


def test_transform_makes_arrays_of_dates_as_other_functions_do(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/transform"""
    for value, text in _VALUES.values():
        assert run(f"select transform([1], x -> {value})[0]::varchar") == [(text,)]
        assert run(f"select array_construct({value})[0]::varchar") == [(text,)]


def test_a_date_is_one_where_it_becomes_a_variant_as_it_is_asked(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    made = ("current_date()", "'10:11:12'::time", "x'00ff'", "null::date")
    asked = ", ".join(f"typeof({each}::variant)" for each in made)
    assert run(f"select {asked}") == [("DATE", "TIME", "BINARY", None)]
    for each in made:
        assert errno(run, f"select typeof({each})") == 1044, each


def test_a_text_of_the_form_of_another_type_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    made = (
        "object_construct('at', '2026-01-31 10:00:00'::timestamp, 'day', '2026-01-31', 'b', 'AB')"
    )
    assert run(
        f"select typeof(o:day), is_varchar(o:b), is_date(o:day), as_date(o:at), is_binary(o:b)"
        f" from (select {made} as o)"
    ) == [("VARCHAR", True, False, None, False)]


def test_no_json_that_is_read_has_dates_in_it(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/is_date-value
    https://docs.snowflake.com/en/sql-reference/functions/as_date"""
    source = """(select parse_json('{"d": "2026-01-31", "b": "00FF", "z": null}') as v)"""
    no = "is_date(v:d), is_date_value(v:d), is_time(v:d), is_timestamp_ntz(v:d), is_binary(v:b)"
    assert run(f"select typeof(v:d), {no} from {source}") == [
        ("VARCHAR", False, False, False, False, False)
    ]
    none = "as_date(v:d), as_time(v:d), as_timestamp_ltz(v:d), as_timestamp_tz(v:d), as_binary(v:b)"
    assert run(f"select {none}, is_date(v:none), as_varchar(v:d) from {source}") == [
        (None, None, None, None, None, None, "2026-01-31")
    ]


_DATED = "object_construct('at', '2026-01-31 10:00:00'::timestamp, 'who', 'Ada')"
_WRITTEN = [
    f"insert into kept (n, o) select 1, {_DATED}",
    f"insert into kept (n, o) select * from (select 1, {_DATED})",
    f"insert overwrite into kept (n, o) select 1, {_DATED}",
    f"insert all into kept (n, o) values (n, o) select 1 as n, {_DATED} as o",
    f"merge into kept using (select 1 as n, {_DATED} as o) s on kept.n = s.n"
    " when not matched then insert (n, o) values (s.n, s.o)",
    f"merge into kept using (select 0 as n) s on kept.n = s.n"
    f" when matched then update set o = {_DATED}",
    f"update kept set o = {_DATED}",
    f"update kept set o = s.o from (select 0 as n, {_DATED} as o) s where kept.n = s.n",
    "insert into kept (n, v) select 1, '2026-01-31 10:00:00'::timestamp::variant",
    "insert into kept (n, v) values (1, '2026-01-31 10:00:00'::timestamp::variant)",
    f"create or replace table kept as select 1 as n, {_DATED} as o, null::variant as v",
    f"create or replace table kept (n int, o object, v variant) as select 1, {_DATED}, null",
    f"create or replace table kept (n int not null, o object, v variant) as select 1, {_DATED}, 1",
]


@pytest.mark.parametrize("written", _WRITTEN)
@pytest.mark.parametrize("temporary", ["", "temporary"])
def test_a_table_knows_that_it_has_dates_inside(run: Run, written: str, temporary: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run(f"create or replace {temporary} table kept (n int, o object, v variant)")
    run("""insert into kept select 0, {'at': '2026-01-31 10:00:00.000'}, parse_json('"text"')""")
    asked = "select typeof(o:at) from kept where n = 0"
    assert run(asked) == [("VARCHAR",)]
    run(written.replace("or replace table", f"or replace {temporary} table"))
    assert errno(run, "select typeof(coalesce(o:at, v)) from kept") == 2
    flat = "select typeof(f.value) from kept, lateral flatten(input => [o:at, v]) f"
    assert errno(run, flat) == 2
    assert run("select distinct typeof(o:who) from kept where o:who = 'Ada'") in (
        [], [("VARCHAR",)]
    )  # fmt: skip
    run("drop table kept")


def test_rows_of_binds_and_of_files_bring_dates_into_a_table(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create or replace table bound (o array)")
    run("insert into bound select array_construct(?)", date(2026, 1, 31))
    assert errno(run, "select typeof(o[0]) from bound") == 2
    run("create or replace table loaded (v variant, o object)")
    run("create or replace stage days file_format = (type = csv)")
    (tmp_path / "days.csv").write_text("2026-01-31\n")
    run(f"put file://{tmp_path}/days.csv @days")
    run("copy into loaded (o) from (select object_construct('at', $1::date) from @days)")
    assert errno(run, "select typeof(o:at) from loaded") == 2
    run("copy into @days/days.parquet from (select '2026-01-31'::date as v) file_format ="
        " (type = parquet) header = true single = true")  # fmt: skip
    run("create or replace table fields (v variant)")
    run("copy into fields from @days/days.parquet file_format = (type = parquet)"
        " match_by_column_name = case_insensitive")  # fmt: skip
    assert errno(run, "select typeof(v) from fields") == 2


def test_a_default_may_bring_a_date_into_a_table(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create or replace table noted (n int, o object default {'at': current_timestamp()})")
    run("create or replace table later (n int)")
    run("create or alter table later (n int, o object default {'at': current_timestamp(), 'n': 1})")
    run("insert into noted (n) values (1)")
    run("insert into later (n) values (1)")
    assert errno(run, "select typeof(o:at) from noted") == 2
    assert errno(run, "select typeof(o:at) from later") == 2
    assert run("select typeof(o:n) from later") == [("INTEGER",)]


def test_what_a_table_has_inside_goes_where_its_rows_go(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-clone
    https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table first (o object)")
    run("create or replace stream changes on table first")
    run(f"insert into first select {_DATED}")
    run("create or replace table second clone first")
    run("create or replace table third as select o as other from first")
    run("create or replace table fourth (a array)")
    run("insert into fourth select [other] from third")
    run("create or replace view seen as select * from first")
    for asked in (
        "o:at) from second", "other:at) from third", "a[0]:at) from fourth", "o:at) from seen",
        "o:at) from changes", "x.o:at) from (select * from seen) x",
    ):  # fmt: skip
        assert errno(run, f"select typeof({asked}") == 2, asked
    assert run("select typeof(o:who) from changes") == [("VARCHAR",)]
    run("alter table second add column n int")
    run("alter table second rename to renamed")
    assert errno(run, "select typeof(o:at) from renamed") == 2
    run("create or replace table renamed (o object)")
    run("insert into renamed select {'at': '2026-01-31 10:00:00.000'}")
    assert run("select typeof(o:at) from renamed") == [("VARCHAR",)]
    run("drop table third")
    run("create table third (o object)")
    run("insert into third select o from renamed")
    assert run("select typeof(o:at) from third") == [("VARCHAR",)]


def test_a_view_that_did_not_know_of_dates_is_to_be_created_again(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create or replace table base (o object)")
    run("insert into base select {'at': '2026-01-31 10:00:00.000', 'n': 1}")
    view = "create or replace view kinds as select typeof(o:at) as kind, o from base"
    run(view)
    run("create or replace view over_it as select kind from kinds")
    assert run("select kind from over_it") == [("VARCHAR",)]
    run(f"insert into base select {_DATED}")
    assert errno(run, "select kind from over_it") == 2
    assert errno(run, "insert into base select o from kinds") == 2
    run(view)
    assert errno(run, "select kind from over_it") == 2
    run("create or replace view kinds as select typeof(o:n) as kind, o from base")
    assert run("select kind from over_it order by kind") == [("INTEGER",), (None,)]


def test_what_a_query_has_answered_has_dates_inside(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
    run("select array_construct('2026-01-31'::date, 'x') as a")
    run("create or replace table scanned as select a from table(result_scan(last_query_id()))")
    assert errno(run, "select typeof(a[0]) from scanned") == 2
    assert run("select typeof(a[1]) from scanned") == [("VARCHAR",)]


def test_an_account_remembers_which_tables_have_dates_inside(tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    made = (
        "create database kept_one", "create table kept_one.public.t (o object, v variant)",
        f"insert into kept_one.public.t select {_DATED}, 1",
        "create table kept_one.public.u (o object)",
        "insert into kept_one.public.u select {'at': '2026-01-31 10:00:00.000'}",
    )  # fmt: skip
    with AccountProcess(tmp_path / "data") as account, account.connect() as opened:
        for statement in made:
            opened.cursor().execute(statement)
    with AccountProcess(tmp_path / "data") as account, account.connect() as opened:

        def run(sql: str) -> Any:
            return opened.cursor().execute(sql).fetchall()

        assert errno(run, "select typeof(o:at) from kept_one.public.t") == 2
        assert run("select typeof(v) from kept_one.public.t") == [("INTEGER",)]
        assert run("select typeof(o:at) from kept_one.public.u") == [("VARCHAR",)]


@pytest.mark.parametrize(
    "variant",
    [
        "object_construct('at', '2024-01-01 10:00:00 +0200'::timestamp_tz):at",
        "'2024-01-01 10:00:00 +0200'::timestamp_tz::variant",
        """parse_json('"2024-01-01 10:00:00.000 +0200"')""",
        """parse_json('"2024-01-01T10:00:00+02:00"')""",
    ],
)
def test_a_moment_with_an_offset_comes_out_of_a_variant(run: Run, variant: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    [(text, ltz)] = run(f"select v::timestamp_tz::varchar, v::timestamp_ltz::varchar"
                        f" from (select {variant} v)")  # fmt: skip
    assert (text, ltz) == ("2024-01-01 10:00:00.000 +0200", "2024-01-01 08:00:00.000 +0000")


def test_its_reading_is_written_once_where_it_is_long(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    again = "::variant::timestamp_tz" * 2
    assert run(
        f"select z{again}::varchar from (select '2024-01-01 10:00:00 +0200'::timestamp_tz z)"
    ) == [("2024-01-01 10:00:00.000 +0200",)]


def test_a_timestamp_in_a_variant_is_one_again_with_all_its_digits_or_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run("create or replace table moments (o variant)")
    run(
        "insert into moments select {'fine': '2026-01-31 10:00:00.123456'::timestamp,"
        " 'whole': '2026-01-31 10:00:00'::timestamp, 'text': '2026-01-31 10:00:00.123456'}"
    )
    run("create or replace table times (t timestamp_ntz)")
    fine, whole = "'2026-01-31 10:00:00.123456'::timestamp", "'2026-01-31'::timestamp"
    for refused in (
        f"select {fine}::variant::timestamp",
        f"select [{fine}][0]::timestamp",
        f"select as_timestamp_ntz({fine}::variant)",
        f"select iff(true, [{fine}][0], {whole})",
        "select o:fine::timestamp from moments",
        "select to_timestamp(o:fine) from moments",
        f"select o:fine > {whole} from moments",
        "insert into times select o:fine from moments",
        "update times set t = o:fine from moments where t is null",
    ):
        run("insert into times values (null)")
        assert errno(run, refused) == 2, refused
    run("truncate table times")
    run("insert into times select o:whole from moments")
    assert run("select t from times") == [(datetime(2026, 1, 31, 10),)]
    [answers] = run(
        "select o:fine::varchar::timestamp, o:fine::timestamp(3), o:whole::timestamp,"
        f" {whole}::variant::timestamp, o:text::timestamp from moments"
    )
    cut, hour = datetime(2026, 1, 31, 10, 0, 0, 123000), datetime(2026, 1, 31, 10)
    exact = datetime(2026, 1, 31, 10, 0, 0, 123456)
    assert answers == (cut, cut, hour, datetime(2026, 1, 31), exact)


def test_a_timestamp_of_microseconds_alone_does_not_become_one_of_whole_seconds(
    run: Run, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    fine = "'2026-01-31 10:00:00.000123'::timestamp"
    for kind in ("_ntz", "_ltz", "_tz"):
        source = f"(select {fine}{kind} as t, 1 as n)"
        for refused in (
            "t::variant", "to_variant(t)", "[t]", "array_construct(1, t)", "{'at': t}",
            "object_construct('at', t)", "object_construct(*)", "array_agg(t)",
            "array_agg(distinct t) within group (order by t)", "array_append([], t)",
            "object_agg('at', t::variant)", "max_by(t, n, 1)", "transform([1], x -> t)",
        ):  # fmt: skip
            assert errno(run, f"select {refused} from {source}") == 2, (kind, refused)
    for allowed in (f"{fine}(3)", "'2026-01-31 10:00:00'::timestamp"):
        assert run(f"select ({allowed})::variant::varchar") == [("2026-01-31 10:00:00.000",)]
    moments = pa.array([datetime(2026, 1, 31, 10, 0, 0, 100123)], pa.timestamp("us"))
    pq.write_table(pa.table({"t": moments}), tmp_path / "moments.parquet")
    run("create or replace stage of_moments file_format = (type = parquet)")
    run(f"put file://{tmp_path}/moments.parquet @of_moments auto_compress = false")
    run("create or replace table whole (v variant)")
    run("copy into whole from @of_moments")
    shown = "2026-01-31 10:00:00.100"
    assert run("select $1:t::varchar from @of_moments") == [(shown,)]
    assert run("select v:t::varchar, v:t::timestamp(3) from whole") == [
        (shown, datetime(2026, 1, 31, 10, 0, 0, 100000))
    ]
    assert errno(run, "select $1:t::timestamp from @of_moments") == 2
    assert errno(run, "select v:t::timestamp from whole") == 2


def test_a_clock_tells_milliseconds(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_timestamp"""
    clocks = "current_timestamp(), localtimestamp(), sysdate()"
    assert [each.microsecond % 1000 for row in run(f"select {clocks}") for each in row] == [0] * 3
    assert run(
        "select v::timestamp_ltz(3) = t from (select current_timestamp() as t, t::variant v)"
    ) == [(True,)]

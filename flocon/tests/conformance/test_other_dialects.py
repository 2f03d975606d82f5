"""What SQLGlot or DuckDB would read, and Snowflake does not, is an error here, too."""

import datetime
from typing import Any

import pytest
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any
# What a text is that is none of these.
_OF_MOMENTS = {"timestamp_ntz": 100035, "timestamp_ltz": 100035, "date": 100040}


@pytest.mark.parametrize(
    "expression",
    [
        "ucase('a')",
        "ceiling(1.5)",
        "if(true, 1, 2)",
        "strftime('2024-01-01'::date, '%Y')",
        "date_add('2024-01-01'::date, 1)",
        "levenshtein('a', 'b')",
        "instr('abc', 'b')",
        "log10(10)",
        "now()",
        "today()",
        "group_concat('a')",
        "json_extract('{}', '$.a')",
        "current_setting('threads')",
        "version()",
        "bool_and(true)",
        "list_value(1)",
        "sha256('a')",
        "gen_random_uuid()",
        "time_bucket('1 day', '2024-01-01'::timestamp)",
    ],
)
def test_a_function_of_another_dialect_is_unknown(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert errno(run, f"select {expression}") == 2140


def test_a_function_of_a_user_may_have_the_name_of_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    run("create function ucase(x varchar) returns varchar as 'upper(x) || ''!'''")
    assert run("select ucase('a')") == [("A!",)]
    run("create view shouted as select ucase('b') as b")
    assert run("select b from shouted") == [("B!",)]


@pytest.mark.parametrize(
    "expression",
    [
        "5 & 3",
        "5 | 3",
        "2 ^ 3",
        "~5",
        "1 << 3",
        "8 >> 1",
        "1 <=> 1",
        "7 div 2",
        "'abc' similar to 'a.*'",
        "'abc' glob 'a*'",
        "'2024-01-01'::timestamp at time zone 'UTC'",
        "max(1) filter (where true)",
    ],
)
def test_an_operator_of_another_dialect_is_a_syntax_error(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators"""
    assert errno(run, f"select {expression}") == 1003


def test_the_functions_of_bits_are_no_operators(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/bitand"""
    assert run("select bitand(5, 3), bitor(5, 3), bitxor(5, 3), bitnot(5), 'a & b' || '^'") == [
        (1, 7, 6, -6, "a & b^")
    ]


@pytest.mark.parametrize(
    "function",
    [
        "row_number()",
        "rank()",
        "dense_rank()",
        "percent_rank()",
        "cume_dist()",
        "ntile(2)",
        "lag(column1)",
        "lead(column1) ignore nulls",
        "first_value(column1)",
        "last_value(column1) ignore nulls",
        "nth_value(column1, 2)",
    ],
)
def test_a_function_of_a_row_s_place_needs_order_by(run: Run, function: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    source = "from values (1), (2)"
    assert errno(run, f"select {function} over (partition by column1) {source}") == 1007
    assert errno(run, f"select {function} over () {source}") == 1007
    assert len(run(f"select {function} over (order by column1) {source}")) == 2


@pytest.mark.parametrize(
    "expression",
    [
        "'2024-01-02'::timestamp - '2024-01-01'::timestamp",
        "interval '1 day'",
        "(1, 2)",
        "123456789012345678901234567890123456789012",
    ],
)
def test_a_value_of_the_engine_s_own_types_never_leaves(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/intro-summary-data-types"""
    assert errno(run, f"select {expression}") == 2


@pytest.mark.parametrize(
    "expression",
    [
        "s:a",
        "s['a']",
        "get(s, 'a')",
        "get_ignore_case(s, 'a')",
        "object_keys(s)",
        "object_insert(s, 'b', 1)",
        "array_size(s)",
        "array_append(s, 1)",
        "array_cat(s, [1])",
        "array_contains(1::variant, s)",
        "array_distinct(s)",
        "array_to_string(s, ',')",
        "arrays_overlap([1], s)",
        "array_max('[1]')",
        "'{}':a",
        "sum(b)",
        "avg(d)",
        "median(d)",
    ],
)
def test_a_function_takes_no_other_types_than_snowflake_s(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("create or replace table typed (s varchar, b boolean, d date)")
    assert errno(run, f"select {expression} from typed") == 1044
    assert errno(run, f"with q as (select * from typed) select {expression} from q") == 1044


@pytest.mark.parametrize(
    "expression",
    [
        "median(distinct n)",
        "mode(distinct n)",
        "count_if(distinct n > 1)",
        "booland_agg(distinct n > 1)",
        "boolor_agg(distinct n > 1)",
        "boolxor_agg(distinct n > 1)",
        "median(distinct n) over ()",
    ],
)
def test_what_asks_for_each_value_takes_no_distinct(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/median"""
    run("create or replace table numbers as select 1 as n union all select 1")
    assert errno(run, f"select {expression} from numbers") == 1007
    assert run("select count(distinct n), sum(distinct n), min(distinct n) from numbers") == [
        (1, 1, 1)
    ]


def test_a_text_is_flattened_once_it_is_parsed(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    run("create or replace table texts as select '[1, 2]' as s")
    assert errno(run, "select f.value from texts, lateral flatten(input => s) f") == 1065
    parsed = "lateral flatten(input => parse_json(s)) f"
    assert run(f"select f.value::int from texts, {parsed} order by 1") == [(1,), (2,)]


@pytest.mark.parametrize(
    "expression",
    [
        "dateadd(day, 1, '10:00:00'::time)",
        "dateadd(month, 1, t)",
        "t + interval '1 day'",
        "date_trunc('day', t)",
        "date_trunc(year, '10:00:00'::time)",
    ],
)
def test_a_time_has_no_days(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    assert errno(run, f"select {expression} from (select '10:00:00'::time as t)") == 1007


def test_binaries_are_joined_to_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/concat"""
    assert run("select x'ab' || x'cd', concat(x'ab', x'cd')") == [(b"\xab\xcd", b"\xab\xcd")]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-05 10:11:12 PM",
        "2024-01-05 10:11:12 UTC",
        "2024-01-05 10:11:12 Europe/Berlin",
        "2024-01-05 10:11:12 Etc/GMT+10",
        "1/2/24",
        "24/1/2",
    ],
)
def test_a_text_that_the_engine_alone_takes_for_a_moment_is_none(run: Run, text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run(f"create or replace table texts as select '{text}' as s, to_variant('{text}') as v")
    run("create or replace table moments (ntz timestamp_ntz, tz timestamp_tz, day date)")
    for kind, number in _OF_MOMENTS.items():
        for value in (f"'{text}'", "s"):
            assert errno(run, f"select {value}::{kind} from texts") == number
        for value in ("v", f"to_variant('{text}')"):
            assert errno(run, f"select {value}::{kind} from texts") == 100071
    for column in ("ntz", "tz", "day"):
        assert errno(run, f"insert into moments ({column}) select s from texts") in (100035, 100040)
    tried = "try_to_timestamp(s), try_to_date(s), try_cast(s as timestamp_tz)"
    assert run(f"select {tried} from texts") == [(None, None, None)]


def test_digits_of_a_number_have_nothing_between_them(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal"""
    run("create or replace table texts as select '1_000' as s")
    for value in ("'1_000'", "s", "upper(s)"):
        for read in ("{}::int", "{}::float", "to_number({})", "to_double({})"):
            assert errno(run, f"select {read.format(value)} from texts") == 100038
    tried = "try_to_number(s), try_to_double(s), try_cast(s as float), try_cast('-inf' as float)"
    assert run(f"select {tried} from texts") == [(None, None, None, float("-inf"))]


def test_a_sum_of_differences_of_dates_is_one_of_days(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    dates = "from values ('2024-01-04'::date, '2024-01-01'::date)"
    assert run(f"select sum(column1 - column2) {dates}") == [(3,)]
    assert run(f"select sum(days) from (select column1 - column2 as days {dates})") == [(3,)]


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 == 1",
        "select n from numbered where n isnull",
        "select n from numbered where n notnull",
        "select distinct on (n) n from numbered",
        "select n from numbered limit 10 percent",
        "select n from numbered fetch first 3 rows with ties",
        "select * from numbered a left semi join numbered b on a.n = b.n",
        "select * from numbered a anti join numbered b on a.n = b.n",
        "select 'a' 'b'",
        "select 0x1F",
    ],
)
def test_a_clause_of_another_dialect_is_a_syntax_error(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs"""
    run("create or replace table numbered (n int)")
    assert errno(run, statement) == 1003


def test_words_that_other_dialects_reserve_are_names(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/reserved-keywords"""
    assert run("select 1 isnull, 2 as percent, 3 anti") == [(1, 2, 3)]
    run("create or replace table named (byte int, int4 int, long int, positional int)")
    run("insert into named values (1, 2, 3, 4)")
    assert run("select byte, int4, long, positional from named") == [(1, 2, 3, 4)]
    joined = "named semi join (select 1 as n) one on semi.byte = one.n"
    assert run(f"select semi.long, one.n from {joined}") == [(3, 1)]
    assert run("select concat('a', 'b') from named fetch first 3 rows only") == [("ab",)]


@pytest.mark.parametrize(
    "kind",
    [
        "uint",
        "ubigint",
        "hugeint",
        "int2",
        "int4",
        "int8",
        "int16",
        "int64",
        "long",
        "short",
        "byte",
        "blob",
        "bytea",
        "varchar2",
        "json",
    ],
)
def test_a_type_of_another_dialect_is_none(run: Run, kind: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/intro-summary-data-types"""
    unknown = 1003 if kind == "ubigint" else 2040
    assert errno(run, f"select '1'::{kind}") == unknown
    assert errno(run, f"select try_cast('1' as {kind})") == unknown
    assert errno(run, f"create or replace table typed_so (a {kind})") == unknown
    function = "create or replace function typed_so"
    assert errno(run, f"{function} (x {kind}) returns int as 'x'") == 2040
    assert errno(run, f"{function} (x int) returns {kind} as 'x'") == 2040


def test_a_binary_s_constant_has_two_digits_for_each_byte(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    assert errno(run, "select x'abc'") == 100115
    assert run("select x'0abc'") == [(b"\x0a\xbc",)]


@pytest.mark.parametrize(
    "call",
    [
        "object_construct('a')",
        "object_construct('a', 1, 'b')",
        "array_slice([1], 1)",
        "iff(true, 1)",
        "nvl2(1, 2)",
        "nvl(1)",
        "coalesce(1)",
        "zeroifnull()",
        "div0(1)",
        "width_bucket(1, 2)",
        "object_agg(1)",
        "date_trunc('day')",
        "date_from_parts(2024, 1)",
        "as_integer()",
        "is_integer()",
        "ratio_to_report() over ()",
        "to_date()",
        "count()",
        "log(1)",
        "uuid_string('a')",
        "array_cat([1])",
        "lpad('a')",
    ],
)
def test_a_function_takes_no_fewer_arguments(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert errno(run, f"select {call}") == 938


@pytest.mark.parametrize(
    "call",
    [
        "array_slice([1], 1, 2, 3)",
        "iff(true, 1, 2, 3)",
        "nvl(1, 2, 3)",
        "length('a', 'b')",
        "to_date('2024-01-01', 'a', 'b', 'c')",
        "to_number('1', 1, 1, 1, 1)",
        "parse_json('1', 'd', 'x')",
        "max(1, 2)",
        "array_agg(1, 2)",
        "current_timestamp(1, 2)",
        "round(1, 2, 3, 4)",
        "substr('abc', 1, 2, 3)",
        "ceil(1.5, 0, 1)",
        "mod(5, 3, 2)",
        "bitand(1, 2, 3, 4)",
        "position('a', 'b', 1, 2)",
        "max_by(1, 2, 3, 4)",
        "listagg('a', ',', ';')",
        "get_path(parse_json('{}'), 'a', 'b')",
        "current_user(1)",
        "chr(65, 66)",
    ],
)
def test_a_function_takes_no_more_arguments(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert errno(run, f"select {call}") == 939


@pytest.mark.parametrize(
    "call",
    ["ceil()", "floor()", "date_part('day')", "greatest()", "concat()", "decode(1)"],
)
def test_a_function_read_by_its_words_takes_no_fewer_arguments(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert errno(run, f"select {call}") == 938


def test_a_day_has_no_hour_24(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    text = "2024-01-01 24:00:00"
    run(f"create or replace table texts as select '{text}' as s, to_variant('{text}') as v")
    run("create or replace table moments (ntz timestamp_ntz, tz timestamp_tz, day date, t time)")
    for value in (f"'{text}'", "'2024-01-01T24:00'", "s", "v", f"to_variant('{text}')"):
        of_variant = 100071 if value not in (f"'{text}'", "'2024-01-01T24:00'", "s") else 0
        for kind, number in _OF_MOMENTS.items():
            assert errno(run, f"select {value}::{kind} from texts") == (of_variant or number)
        for column, number in (("ntz", 100035), ("tz", 100035), ("day", 100040)):
            insert = f"insert into moments ({column}) select {value} from texts"
            assert errno(run, insert) == (of_variant or number)
    assert errno(run, f"insert into moments (ntz) values ('{text}')") == 100035
    assert run("select try_to_timestamp(s), try_cast(s as date) from texts") == [(None, None)]
    near = "2024-01-24 10:24:30"
    run(f"insert into moments (ntz, day) values ('{near}', '{near}')")
    at = datetime.datetime(2024, 1, 24, 10, 24, 30)
    assert run("select ntz, day from moments") == [(at, at.date())]


def test_a_file_s_day_has_no_hour_24(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create or replace table moments (ntz timestamp_ntz, day date, t time)")
    run("create or replace stage texts")
    plain = "file_format = (type = csv compression = none)"
    run(f"copy into @texts/days.csv from (select '2024-01-01 24:00:00') {plain}")
    run(f"copy into @texts/times.csv from (select '24:00:00') {plain}")
    for column, file, number in (
        ("ntz", "days", 100035),
        ("day", "days", 100040),
        ("t", "times", 100108),
    ):
        load = f"copy into moments ({column}) from @texts/{file}.csv {plain}"
        assert errno(run, load) == number


@pytest.mark.parametrize("text", ["24:00:00", "24:00", "10:00:00 ?", "10:00 PM"])
def test_a_time_in_a_variant_is_a_time_and_nothing_else(run: Run, text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    document = f'parse_json(\'{{"a": "{text}"}}\'):a'
    for value in (f"to_variant('{text}')", document):
        assert errno(run, f"select {value}::time") == 100071
        assert errno(run, f"select to_time({value})") == 100071
    run("create or replace table times (t time)")
    assert errno(run, f"insert into times select {document}") == 100071
    assert run("select to_variant('10:20:30.5')::time, parse_json('null')::time") == [
        (datetime.time(10, 20, 30, 500000), None)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "select sum(column1) from values (true), (null)",
        "select avg(x) from (values (true)) v(x)",
        "with q as (select * from values (true) v(x)) select sum(x) from q",
        "with q as (select true as x) select median(x) from q",
        "select sum(x) from (select true as x union all select false)",
        "select sum(1 = 1)",
        "select sum(not x and x) over () from (values (true)) v(x)",
        "select sum(startswith(x, 'a')) from (select 'abc' as x)",
        "select avg(contains(x, 'a')) from (select 'abc' as x)",
        "select sum(is_null_value(parse_json('null')))",
        "select sum(is_array(parse_json('[]'))), sum(equal_null(1, 2))",
        "select median(booland(1, 2)), sum(regexp_like('a', 'a'))",
    ],
)
def test_there_is_no_sum_of_truths_wherever_they_come_from(run: Run, query: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    assert errno(run, query) == 1044


def test_there_is_no_sum_of_a_functions_truths(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    run("create function is_large(x int) returns boolean as 'x > 1'")
    assert errno(run, "select sum(is_large(column1)) from values (1), (2)") == 1044
    assert run("select count_if(is_large(column1)) from values (1), (2)") == [(1,)]


def test_the_generator_of_uniform_is_a_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/uniform"""
    assert errno(run, "select uniform(1, 10, 'abc')") == 100038
    assert run("select uniform(1, 1, random()), uniform(1, 10, 5) between 1 and 10") == [(1, True)]


def test_truths_are_counted_and_summed_as_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/count_if"""
    values = "from (values (true), (false)) v(x)"
    assert run(f"select count_if(x), sum(iff(x, 1, 0)), sum(x::int), max(x) {values}") == [
        (1, 1, 1, True)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into kept values (2) returning a",
        "insert into kept values (1) on conflict do nothing",
        "insert or replace into kept values (2)",
        "insert or ignore into kept values (2)",
        "insert into kept by name select 2 as a",
        "insert into kept default values",
        "insert kept values (2)",
        "insert overwrite kept values (2)",
        "insert overwrite /* INTO */ kept values (2)",
        "update kept set a = 2 returning a",
        "update kept set a = 2 limit 1",
        "delete from kept returning a",
        "delete from kept order by a limit 1",
        "merge into kept using (select 1 as a) s on kept.a = s.a when matched then delete"
        " returning a",
        "truncate table kept cascade",
        "truncate table kept restart identity",
        "truncate table kept, kept",
        "drop table kept purge",
        "drop temporary table kept",
        "create table other (a int generated always as identity)",
        "create table other (a int auto_increment)",
        "select * into other from kept",
        "select a from kept for update",
        "select a from kept sort by a",
        "select a from kept distribute by a",
        "select a from kept cluster by a",
        "select a from kept with (nolock)",
        "select a from kept where a = 1 is unknown",
        "from kept",
        "from kept select a",
        "select * from (from kept)",
        "with c as (from kept) select * from c",
    ],
)
def test_what_other_dialects_add_to_a_statement_is_a_syntax_error(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-all"""
    run("create or replace table kept (a int primary key) as select 1 as a")
    assert errno(run, statement) == 1003
    assert run("select a from kept") == [(1,)]
    assert errno(run, "select a from other") == 2003


def test_a_statement_that_only_speaks_of_one_is_read(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-all"""
    run("create or replace table spoken (a varchar)")
    run("-- insert it\ninsert /* overwrite */ into spoken values ('(from t)'), ('insert x')")
    run("insert overwrite\ninto spoken select a from spoken where a = '(from t)'")
    assert run("select trim(a, '()'), '(from (from' from spoken") == [("from t", "(from (from")]


def test_check_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constraints-overview"""
    for statement in (
        "create table checked (a int check (a > 1))",
        "create table checked (a int, check (a > 1))",
        "create table checked (a int, constraint above check (a > 1))",
        "alter table checked_not add constraint above check (a > 1)",
    ):
        run("create or replace table checked_not (a int)")
        assert errno(run, statement) == 2, statement
    assert errno(run, "select a from checked") == 2003

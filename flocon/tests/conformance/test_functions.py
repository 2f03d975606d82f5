"""Functions answer as Snowflake's reference says."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from shared import errno, one, one_database

from conformance.shared import wrong_answers

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    "expression",
    [
        "date_trunc('dow', '2026-01-01'::date)",
        "date_trunc('foobar', '2026-01-01'::date)",
        "datediff(epoch_second, '2026-01-01'::date, '2026-01-02'::date)",
        "dateadd(fortnight, 1, '2026-01-01'::date)",
    ],
)
def test_moments_have_the_parts_that_they_have_on_snowflake(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-date-time"""
    assert errno(run, f"select {expression}") == 1007


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("to_binary('00fF')", b"\x00\xff"),
        ("to_binary('c3A9', 'HEX')", b"\xc3\xa9"),
        ("to_binary('é', 'utf-8')", b"\xc3\xa9"),
        ("to_binary('AP8=', 'BASE64')", b"\x00\xff"),
        ("try_to_binary('no hex')", None),
        ("to_binary('00ff')::varchar", "00FF"),
        ("to_varchar(x'00ff')", "00FF"),
        ("to_char(x'c3a9', 'utf-8') || to_varchar(x'00ff', 'HEX')", "é00FF"),
        ("to_char(x'00ff', 'base64')", "AP8="),
        ("system$are_anaconda_terms_acknowledged()", True),
        ("greatest('1.0', 2, 3)", 3.0),
        ("least('1.0', 2)", 1.0),
        ("split_part('a-b-c', '-', 2)", "b"),
        ("split_part('a-b-c', '-', -1)", "c"),
        ("split_part('a-b', '-', 5)", ""),
        ("regexp_like('abc', 'b')", False),
        ("regexp_like('abc', '.*b.*')", True),
        ("'abc' rlike 'a.c'", True),
        ("rlike('abc', 'ABC', 'i')", True),
        ("rlike('abc', 'ABC', 'c')", False),
        ("regexp_replace('a1b2', '[0-9]', 'x')", "axbx"),
        ("regexp_replace('+0200', '([+-][0-9]{2}):?([0-9]{2})$', '\\\\1:\\\\2')", "+02:00"),
        ("regexp_replace('abc', 'b')", "ac"),
        ("regexp_substr('abc123', '[0-9]+')", "123"),
        ("substring('abcdef', 1 + 1.0, to_number('3'))", "bcd"),
        ("left('abc', to_number('2')) || right('abc', to_number('1'))", "abc"),
        ("repeat('ab', to_number('2')) || repeat('x', to_number('-1'))", "abab"),
        ("lpad('7', to_number('3'), '0') || rpad('7', 1 + 1.0, '0')", "00770"),
        ("trim('  a ')", "a"),
        ("trim('xxaxx', 'x')", "a"),
        ("ltrim('000123', '0')", "123"),
        ("concat('a', null, 'b')", None),
        ("'a' || null", None),
        ("concat_ws('-', 'a', null, 'b')", None),
        ("length('🍷é')", 2),
        ("upper('été')", "ÉTÉ"),
        ("lower('ÉTÉ')", "été"),
        ("left('🍷ab', 2)", "🍷a"),
        ("initcap('ÄäÖößÜü')", "Ääöößüü"),
        ("substr('abc', -2)", "bc"),
        ("charindex('b', 'abc')", 2),
        ("lpad('7', 3, '0')", "007"),
        ("replace('a,b', ',', '.')", "a.b"),
        ("'Abc' ilike 'a%'", True),
        ("'a%c' like 'a^%c' escape '^'", True),
        ("'abc' like any ('x%', 'a%')", True),
        ("sha2('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("iff(1 = 1, 'a', 'b')", "a"),
        ("nvl2(null, 1, 2)", 2),
        ("decode(null, null, 'n', 'x')", "n"),
        ("decode(5, 1, 'a')", None),
        ("case when null then 1 else 2 end", 2),
        ("zeroifnull(null)", 0),
        ("equal_null(null, null)", True),
        ("greatest(1, null, 3)", None),
        ("least(1, null, 3)", None),
        ("greatest(1, 2)", 2),
        ("datediff('day', '2026-01-31'::date, '2026-02-01'::date)", 1),
        ("datediff('year', '2025-12-31'::date, '2026-01-01'::date)", 1),
        (
            "date_trunc('ns', '2026-01-01 10:11:12.5'::timestamp)",
            datetime(2026, 1, 1, 10, 11, 12, 500000),
        ),
        ("trunc('2026-05-05'::date, 'mm')", date(2026, 5, 1)),
        ("datediff('week', '2026-01-04'::date, '2026-01-05'::date)", 1),
        ("datediff('hour', '2026-01-01 00:59'::timestamp, '2026-01-01 01:00'::timestamp)", 1),
        (
            "datediff('millisecond', '2026-01-01 00:00:00.1'::timestamp,"
            " '2026-01-01 00:00:01.2'::timestamp)",
            1100,
        ),
        ("dateadd('month', 1, '2026-01-31'::date)", date(2026, 2, 28)),
        ("dateadd('quarter', 1, '2026-01-01'::date)", date(2026, 4, 1)),
        ("dateadd('hour', 1, '2026-01-31'::date)", datetime(2026, 1, 31, 1)),
        ("dateadd(minute, -5, '2026-01-01 00:00'::timestamp)", datetime(2025, 12, 31, 23, 55)),
        ("dateadd(day, 1, '2026-01-01')", datetime(2026, 1, 2)),
        ("date_trunc('hour', '2026-02-03 10:11:12'::timestamp)", datetime(2026, 2, 3, 10)),
        ("date_trunc('week', '2026-02-03 10:11:12'::timestamp)", datetime(2026, 2, 2)),
        ("last_day('2026-02-03'::date)", date(2026, 2, 28)),
        ("dayofweek('2026-02-01'::date)", 0),
        ("dayofweekiso('2026-02-01'::date)", 7),
        ("dayname('2026-02-03'::date)", "Tue"),
        ("time_slice('2026-02-03 10:11:12'::timestamp, 15, 'MINUTE')", datetime(2026, 2, 3, 10)),
    ],
)
def test_a_function_answers_as_the_reference_says(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert run(f"select {expression}") == [(expected,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("count(x)", 4),
        ("sum(x)", 10),
        ("avg(x)", 2.5),
        ("median(x)", 2.5),
        ("percentile_cont(0.95) within group (order by x)", Decimal("3.85")),
        ("percentile_disc(0.5) within group (order by x)", 2),
        ("max_by(k, x)", "d"),
        ("min_by(k, x)", "a"),
        ("count(distinct iff(x > 2, 1, 0))", 2),
        ("count_if(x > 1)", 3),
        ("listagg(k, ',') within group (order by x desc)", "d,c,b,a"),
        ("array_agg(x) within group (order by x desc)::varchar", "[4,3,2,1]"),
    ],
)
def test_an_aggregate_leaves_nulls_out(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-aggregation"""
    rows = "values (1, 'a'), (2, 'b'), (null, null), (3, 'c'), (4, 'd')"
    assert run(f"select {expression} from {rows} t (x, k)") == [(expected,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("count(*)", 0), ("sum(x)", None), ("listagg(x, ',')", ""), ("max(x)", None)],
)
def test_an_aggregate_of_nothing(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-aggregation"""
    assert run(f"select {expression} from values (1) t (x) where x > 5") == [(expected,)]


def test_a_text_of_blanks_is_trimmed_to_nothing(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/trim"""
    texts = "(select column1 t from values (''), ('  '), (' a'), ('a '), ('~'), ('é'), (null))"
    rows = run(f"select t, trim(t) = '', trim(t) <> '', trim(coalesce(t, '')) = '' from {texts}")
    assert rows == [
        ("", True, False, True),
        ("  ", True, False, True),
        *((text, False, True, False) for text in (" a", "a ", "~", "é")),
        (None, None, None, True),
    ]


def test_regular_expressions_take_a_position_an_occurrence_parameters_and_a_group(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-regexp"""
    expected: dict[str, Any] = {
        "regexp_replace('abcabc', 'b', 'X', 1, 0)": "aXcaXc",
        "regexp_replace('abcabc', 'b', 'X', 1, 0, '')": "aXcaXc",
        "regexp_replace('abcabc', 'B', 'X', 1, 2, 'i')": "abcaXc",
        "regexp_replace('abcabc', 'b', 'X', 3, 1)": "abcaXc",
        "regexp_replace('first last', '(.*) (.*)', '\\\\2 \\\\1', 1, 0)": "last first",
        "regexp_replace(column1, column1, 'z')": "z",
        "regexp_replace(null, 'a', 'b', 1, 1)": None,
        "regexp_substr('a1b22', '[0-9]+', 1, 2)": "22",
        "regexp_substr('a1b22', '([a-z])([0-9]+)', 1, 2, 'e', 2)": "22",
        "regexp_substr('a1b22', '([a-z])([0-9]+)', 1, 2, 'e')": "b",
        "regexp_substr('abc', 'Z', 1, 1, 'i')": None,
        "regexp_instr('a1b22', '[0-9]+', 1, 2)": 4,
        "regexp_instr('a1b22', '[0-9]+', 1, 2, 1)": 6,
        "regexp_instr('abc', 'z')": 0,
        "regexp_count('It was the best of times', '\\\\bt', 1, 'i')": 2,
        "regexp_count('a1b22', '[[:digit:]]')": 3,
        "regexp_substr('a1b22', '[a-z]+', 1, 1, 'e')": "a",
        "regexp_instr('a1b22', '[a-z]+', 1, 2, 0, 'e')": 3,
        "regexp_substr_all('a1b22', '[0-9]+', 1, 1, 'e')::varchar": '["1","22"]',
    }
    assert wrong_answers(run, expected, "from values ('ab')") == {}
    assert errno(run, "select regexp_substr('a1b22', '[0-9]+', 1, 0)") == 1007


def test_functions_of_numbers_that_the_engine_lacks(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-numeric"""
    expected: dict[str, Any] = {
        "width_bucket(5, 0, 10, 5)": 3,
        "width_bucket(-1, 0, 10, 5)": 0,
        "width_bucket(10, 0, 10, 5)": 6,
        "round(haversine(40.7127, -74.0059, 34.05, -118.25), 1)": 3936.4,
        "chr(65::int)": "A",
        "factorial(4::int)": 24,
        "trunc(1.55::float, 1::int)": 1.5,
        "cbrt(27)": 3.0,
        "cbrt(-27)": -3.0,
        "round(cbrt(2), 9)": 1.25992105,
        "power(-2, 3)": -8.0,
        "power(2, 0.5) = sqrt(2)": True,
    }
    assert wrong_answers(run, expected) == {}
    for wrong in ("width_bucket(5, 0, 10, 0)", "width_bucket(5, 1, 1, 2)"):
        assert errno(run, f"select {wrong}") == 1007
    assert errno(run, "select power(-2, 0.5)") == 100044
    shares = run("select ratio_to_report(column1) over () from values (1), (3)")
    assert shares == [(Decimal("0.250000"),), (Decimal("0.750000"),)]


def test_what_is_counted_is_0_where_there_is_nothing(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/count_if"""
    source = "from (select 1 as g, null::boolean as b, 2 as n)"
    assert run(f"select count_if(b), count_if(n > 1) {source} where g = 2") == [(0, 0)]
    assert run(f"select g, count_if(b), count_if(n > 1) {source} group by g") == [(1, 0, 1)]
    assert run(f"select count_if(n > 1) over (partition by g) {source}") == [(1,)]


def test_count_of_several_values_counts_rows_without_a_null(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/count"""
    rows = "from values (1, 'a'), (null, 'a'), (1, null), (1, 'a')"
    assert run(f"select count(column1, column2), count(distinct column1, column2) {rows}") == [
        (2, 1)
    ]


def test_texts_of_bytes_are_read_whole_or_not_at_all(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/hex_decode_string"""
    expected: dict[str, Any] = {
        "hex_decode_string('41c3a9')": "Aé",
        "try_hex_decode_string('41')": "A",
        "try_hex_decode_string('5')": None,
        "try_hex_decode_binary('41')::varchar": "41",
        "try_hex_decode_binary('zz')": None,
        "try_base64_decode_string('QQ==')": "A",
        "try_base64_decode_string('Q')": None,
        "try_base64_decode_binary('QQ==')::varchar": "41",
    }
    assert wrong_answers(run, expected) == {}
    assert errno(run, "select hex_decode_string('5')") == 100115


def test_padding_with_an_empty_text_cuts_alone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/lpad"""
    expected: dict[str, Any] = {
        "lpad('hello', 10, '')": "hello",
        "rpad('hello', 3, '')": "hel",
        "lpad('hello', 7, column1)": "hello",
        "lpad('hello', 7, column2)": "xyhello",
        "lpad('hello', 7, column3)": None,
    }
    assert wrong_answers(run, expected, "from values ('', 'xy', null::varchar)") == {}


def test_the_version_is_one_of_snowflake_s(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_version"""
    ((version,),) = run("select current_version()")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("coalesce(1)", 938),
        ("regexp_like('a', '+')", 100048),
        ("regexp_replace('a', '(', 'b')", 100048),
        ("'a' rlike '['", 100048),
    ],
)
def test_a_function_says_what_is_wrong_with_its_arguments(
    run: Run, expression: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/coalesce"""
    assert errno(run, f"select {expression}") == number


def test_a_part_of_a_text_begins_at_1_at_0_or_from_the_end_and_is_never_negative(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/substr"""
    run("CREATE TABLE t AS SELECT 'château' AS a, 0 AS zero, -3 AS back, -1 AS less")
    [row] = run(
        "SELECT SUBSTR(a, 2, 3), SUBSTR(a, 0, 3), SUBSTR(a, -3), SUBSTR(a, 2), SUBSTR(a, 2, -1),"
        " SUBSTR(a, 2, 0), SUBSTR(a, zero, 3), SUBSTR(a, back), SUBSTR(a, 2, less) FROM t"
    )
    assert row == ("hât", "châ", "eau", "hâteau", "", "", "châ", "eau", "")


@pytest.mark.parametrize("two", ["2", "2.0", "2e0", "'2'", "i", "n", "f", "s", "d"])
def test_how_many_is_a_number_of_any_type(run: Run, two: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-string"""
    run("create or replace table counts (i int, n number(10, 2), f float, s varchar)")
    run("insert into counts values (2, 2, 2, '2')")
    expected = {
        "left('abcdef', {})": "ab",
        "substr('abcdef', {}, 2)": "bc",
        "lpad('abc', {}, 'x')": "ab",
        "repeat('ab', {})": "abab",
        "insert('abcdef', {}, 1, 'ZZ')": "aZZcdef",
        "position('c', 'abcabc', {})": 3,
        "charindex('c', 'abcabc', {})": 3,
        "split_part('a,b', ',', {})": "b",
        "strtok('a b c', ' ', {})": "b",
        "regexp_instr('abab', 'b', {})": 2,
        "regexp_substr('abab', 'a.', 1, {})": "ab",
        "regexp_count('abab', 'b', {})": 2,
        "regexp_replace('abab', 'b', 'X', {})": "aXaX",
        "getbit(6, {})": 1,
        "getbit({}, 1)": 1,
        "bitshiftleft(1, {})": 4,
        "bitand({}, 3)": 2,
        "bitand_agg({})": 2,
        "bitor_agg({})": 2,
        "bitxor_agg({})": 2,
        "factorial({})": 2,
    }
    source = "from (select *, i::number(38, 0) as d from counts)"
    wrong = wrong_answers(run, {call.format(two): v for call, v in expected.items()}, source)
    assert wrong == {}


def test_texts_are_compared_by_characters(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/editdistance
    https://docs.snowflake.com/en/sql-reference/functions/jarowinkler_similarity"""
    expected = {
        "editdistance('święta', 'swieta')": 2,
        "editdistance('日本', '日')": 1,
        "editdistance('ñ', '')": 1,
        "editdistance('añb', 'xyz', 1)": 1,
        "editdistance(null, 'ñ')": None,
        "jarowinkler_similarity('święta', 'swieta')": 77,
        "jarowinkler_similarity('Ich weiß nicht', 'Ich wei? nicht')": 97,
        "jarowinkler_similarity('ñ', '')": 0,
    }
    assert wrong_answers(run, expected) == {}


def test_randstr_is_another_text_for_each_row(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/randstr"""
    rows = "from table(generator(rowcount => 100))"
    assert run(f"select count(distinct randstr(20, random())) {rows}") == [(100,)]
    assert run(f"select count(distinct t) from (select randstr(5, 1234) as t {rows})") == [(1,)]
    assert run("select length(randstr(20, random())) = 20") == [(True,)]


def test_hexadecimals_of_a_number_are_those_of_its_text(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/hex_encode"""
    assert run("select hex_encode(2), hex_encode(1.5), hex_encode(true), hex_encode('SNOW')") == [
        ("32", "312E35", "74727565", "534E4F57")
    ]


def test_halves_of_a_digest_are_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/md5_number_lower64"""
    assert run("select md5_number_lower64('Snowflake'), md5_number_upper64('test')") == [
        (9203306159527282910, 688887797400064883)
    ]


def test_what_approx_percentile_keeps_is_of_floating_point_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.approx_percentile_accumulate"""
    kept = "select approx_percentile_accumulate(column1) as k from values (1), (2), (3)"
    assert run(f"select k::varchar, approx_percentile_estimate(k, 0.5) from ({kept})") == [
        ('{"state":[' + ",".join(_STATE) + '],"type":"tdigest","version":1}', 2.0)
    ]
    assert run(f"select typeof(k:state[0]), k:state[1]::float from ({kept})") == [("DOUBLE", 1.0)]


_STATE = [f"{number}.000000000000000e+00" for number in (1, 1, 2, 1, 3, 1)]


def test_no_element_is_removed_at_null(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_remove_at"""
    assert run("select array_remove_at([1, 2], null)") == [(None,)]


@pytest.mark.parametrize(
    "call",
    [
        "contains('abc', null)", "startswith(null, 'a')", "endswith('a', null)", "length(null)",
        "position(null, 'a')", "charindex('a', null)", "reverse(null)", "upper(null)",
        "left(null, 1)", "lpad(null, 2, 'x')", "replace('a', null, 'b')",
        "editdistance('a', null)", "split_part(null, ',', 1)", "repeat(null, 2)", "md5(null)",
        "regexp_count(null, 'a')", "substr(null, 1)", "insert(null, 1, 1, 'a')", "null like 'a'",
    ],
)  # fmt: skip
def test_a_text_that_is_null_makes_null(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-string"""
    assert run(f"select {call}") == [(None,)]


def test_an_address_has_the_parts_that_the_page_shows(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_url"""
    run("create table urls (id int, url varchar)")
    run(
        "insert into urls values (1, 'mailto:abc@xyz.com'), (2, 'https://www.snowflake.com/'),"
        " (3, 'http://USER:PASS@EXAMPLE.INT:4345/HELLO.PHP?USER=1'), (4, null)"
    )
    assert run("select parse_url(url)::varchar from urls order by id") == [
        (
            '{"fragment":null,"host":null,"parameters":null,"path":"abc@xyz.com","port":null,'
            '"query":null,"scheme":"mailto"}',
        ),
        (
            '{"fragment":null,"host":"www.snowflake.com","parameters":null,"path":"","port":null,'
            '"query":null,"scheme":"https"}',
        ),
        (
            '{"fragment":null,"host":"USER:PASS@EXAMPLE.INT","parameters":{"USER":"1"},'
            '"path":"HELLO.PHP","port":"4345","query":"USER=1","scheme":"http"}',
        ),
        (None,),
    ]
    assert run("select id from urls where parse_url(url):host = 'www.snowflake.com'") == [(2,)]
    bare = "'example.int/hello.php?user=12#nofragment'"
    assert errno(run, f"select parse_url({bare}, 0)") == 100139
    assert run(f"select parse_url({bare}, 1)::varchar") == [('{"error":"scheme not specified"}',)]
    for address in ("https://a.b", "http://a.b/?x=1&x=2", "http://a.b/?x", "HTTP://a.b/"):
        assert errno(run, f"select parse_url('{address}')") == 2


def test_events_number_the_rows_behind_them(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/conditional_change_event"""
    run("create table readings (province varchar, o int, o2 int)")
    run(
        "insert into readings values ('Alberta', 0, 10), ('Alberta', 0, 10), ('Alberta', 13, 10),"
        " ('Alberta', 13, 11), ('Alberta', 14, 11), ('Alberta', 15, 12), ('Alberta', null, null),"
        " ('Manitoba', 30, 30)"
    )
    over = "over (partition by province order by o)"
    events = (
        f"conditional_change_event(o) {over}, conditional_change_event(r.o < 15) {over},"
        f" conditional_true_event(o) {over}"
    )
    expected = [
        ("Alberta", 0, 0, 0, 0), ("Alberta", 0, 0, 0, 0), ("Alberta", 13, 1, 0, 1),
        ("Alberta", 13, 1, 0, 2), ("Alberta", 14, 2, 0, 3), ("Alberta", 15, 3, 1, 4),
        ("Alberta", None, 3, 1, 4), ("Manitoba", 30, 0, 0, 1),
    ]  # fmt: skip
    found = run(f"select province, o, {events} from readings r where o2 is null or o2 > 0")
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert run(
        f"with e as (select conditional_change_event(o) {over} as n from readings)"
        " select max(n), count(*) from e"
    ) == [(3, 8)]
    behind = "over (partition by province order by o nulls first)"
    assert errno(run, f"select conditional_change_event(o) {behind} from readings") == 2
    assert errno(run, f"select *, conditional_change_event(o) {over} from readings") == 2
    assert errno(run, "select conditional_true_event(o) over () from readings") == 1007


def test_distinct_rows_of_several_columns_are_counted(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/approx_count_distinct"""
    rows = "from values (1, 'a'), (1, 'a'), (1, 'b'), (2, 'a'), (null, 'a'), (3, null) v (n, s)"
    assert run(f"select approx_count_distinct(n, s), hll(n, s), hll(n), hll(n, s, 1) {rows}") == [
        (3, 3, 3, 3)
    ]
    assert errno(run, f"select hll(*) {rows}") == 2
    assert errno(run, f"select hash_agg(n) {rows}") == 2


def test_a_number_is_written_by_a_format(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    formats = ("$99.0", "B9,999.0", "TME", "TM9", "0XXX", "S0XXX")
    expected = {
        "-12.391": ("-$12.4", "   -12.4", "-1.2391E1", "-12.391", "FFF4", "-000C"),
        "0.000": ("  $0.0", "      .0", "0E0", "0.000", "0000", "+0000"),
        "-1.000": (" -$1.0", "    -1.0", "-1E0", "-1.000", "FFFF", "-0001"),
        "0.100": ("  $0.1", "      .1", "1E-1", "0.100", "0000", "+0000"),
        "0.010": ("  $0.0", "      .0", "1E-2", "0.010", "0000", "+0000"),
        "3987.000": (" $##.#", " 3,987.0", "3.987E3", "3987.000", "0F93", "+0F93"),
        "1.111": ("  $1.1", "     1.1", "1.111E0", "1.111", "0001", "+0001"),
    }
    for number, texts in expected.items():
        value = f"{number}::number(10, 3)"
        calls = (f"""to_char({value}, '">"{each}"<"')""" for each in formats)
        assert run(f"select {', '.join(calls)}") == [tuple(f">{text}<" for text in texts)]


def test_the_sign_of_a_number_stands_where_its_format_says(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-format-models"""
    signs = {
        "99": (" 12", " -7"), "S99": ("+12", " -7"), "99S": ("12+", " 7-"), "MI99": (" 12", "- 7"),
        "99MI": ("12 ", " 7-"), "$99": (" $12", " -$7"), "FM99": ("12", "-7"),
    }  # fmt: skip
    for form, texts in signs.items():
        assert run(f"select to_varchar(12, '{form}'), to_varchar(-7, '{form}')") == [texts]
    run("create or replace table sample_numbers (f float)")
    run("insert into sample_numbers values (1.2), (123.456), (1234.56), (-123456.789)")
    formats = ("999,999.999", "S000,000.000", "S999,999.999", "FM999,999.999")
    calls = ", ".join(f"to_varchar(f, '{each}')" for each in formats)
    assert run(f"select {calls} from sample_numbers order by abs(f)") == [
        ("       1.2  ", "+000,001.200", "      +1.2  ", "1.2"),
        ("     123.456", "+000,123.456", "    +123.456", "123.456"),
        ("   1,234.56 ", "+001,234.560", "  +1,234.56 ", "1,234.56"),
        ("-123,456.789", "-123,456.789", "-123,456.789", "-123,456.789"),
    ]
    assert run("select to_char(null::int, '99')") == [(None,)]
    for call in (
        "to_char(1, '9.9EE')",
        "to_char(1, '%9')",
        "to_char(-0.1, '9')",
        "to_char(1, '9|99')",
        "to_char(f, 'TM9')",
        "to_char('inf'::float, '9')",
    ):
        assert errno(run, f"select {call} from sample_numbers") == 2


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("zeroifnull('7')", 7.0),
        ("zeroifnull(parse_json('7.5'))", 7.5),
        ("zeroifnull(parse_json('null'))", 0.0),
        ("zeroifnull(cast(null as number(10, 2)))", Decimal("0.00")),
        ("nullifzero(parse_json('7'))", "7"),
        ("nullifzero(0.00)", None),
        ("nullifzero(true)", True),
        ("typeof(zeroifnull(parse_json('10'))::variant)", "DOUBLE"),
    ],
)
def test_zeroifnull_converts_and_nullifzero_does_not(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/zeroifnull"""
    value = one(run, f"select {expression}")
    assert (value, type(value)) == (expected, type(expected))


def test_iff_beside_them_stays_what_it_is(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/iff"""
    assert run(
        "select nullifzero(a), iff(b is null, 0, b) / 2, zeroifnull(s), iff(a = 0, null, a)"
        " from (select 0 a, 3 b, '7' s)"
    ) == [(None, Decimal("1.500000"), 7.0, None)]
    assert run(
        "select nullifzero(a), typeof(iff(v is null, 0, v)) from (select 0 a, parse_json('7') v)"
    ) == [(None, "INTEGER")]


@pytest.mark.parametrize("value", ["true", "current_date()", "current_timestamp()", "x'00'"])
def test_zeroifnull_takes_numbers_alone(run: Run, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/zeroifnull"""
    assert errno(run, f"select zeroifnull({value})") == 1044


def test_skew_is_as_on_the_page(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/skew"""
    aggr = "values (1, 10, null), (2, 10, null), (2, 20, 22), (2, 25, null), (2, 30, 35)"
    [skews] = run(f"select skew(column1), skew(column2), skew(column3) from {aggr}")
    assert [skew and f"{skew:.10g}" for skew in skews] == ["-2.236069766", "0.05240788515", None]
    windows = run(f"select distinct skew(column2) over (partition by column1) from {aggr}")
    assert sorted(str(value)[:8] for (value,) in windows) == ["-0.75283", "None"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("greatest(1, least(2, 3), greatest(4, 1))", 4),
        ("greatest(1, least(2, 3), greatest(4, n))", None),
        ("least(100, greatest(0, x))", 7),
        ("least(100, greatest(0, n))", None),
        ("least(5, (greatest(0, x)))", 5),
        ("greatest(coalesce(greatest(x, n), 9), 2)", 9),
        ("greatest_ignore_nulls(x, least(n, 1))", 7),
        ("greatest(x, greatest_ignore_nulls(n, 9))", 9),
    ],
)
def test_what_is_greatest_of_a_null_is_null_however_deep(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/greatest"""
    assert one(run, f"select {expression} from (select 7 x, null::int n)") == expected


def test_thirty_of_them_in_one_another_are_no_long_statement(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/least"""
    nested = "x"
    for n in range(30):
        nested = f"least(100 + {n}, greatest({n} - 100, {nested}))"
    assert one(run, f"select {nested} from (select 7 x)") == 7


def test_regressions_ask_of_one_side_alone_whether_it_is_null(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/regr_count"""
    rows = (
        "(select column1::date as d, column2 as n from values ('2024-01-01', 1), ('2024-01-02', 3),"
    )
    rows += " (null, 5), ('2024-01-04', null))"
    counted = "regr_count(d, n), regr_avgx(d, n), regr_sxx(d, n), regr_avgy(n, d)"
    assert run(f"select {counted}, regr_count('a', n) from {rows}") == [(2, 2.0, 2.0, 2.0, 3)]
    for call in ("regr_count(n, d)", "regr_avgx(n, d)", "regr_sxx(n, d)", "regr_avgy(d, n)"):
        assert errno(run, f"select {call} from {rows}") == 1044

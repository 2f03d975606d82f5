"""Examples of functions, and calls of them whatever way their arguments come.

The examples stand by the page that describes their function, and were not copied from it: where the
page shows something else, it is right. Beside them calls are made at random, of functions with
arguments of the types that they take and with NULLs, and each is asked in several ways: of
constants, of a table's columns, as they are and through what means the same, of binds, and of an
account without what exists for speed alone. All answer the same. FLOCON_EXPRESSIONS_SECONDS=3600
goes on for so long, FLOCON_EXPRESSIONS_SEED=7 begins elsewhere.
"""

import json
import os
import random
import re
import time
from collections.abc import Iterator
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from typing import Any

import pytest
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.session.session import Session

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")

_BEST = "'It was the best of times, it was the worst of times'"
# By page (…/sql-reference/functions/<page>): expressions and their values.
EXAMPLES: dict[str, dict[str, Any]] = {
    "add_months": {"add_months('2016-02-29'::date, 1)": date(2016, 3, 31)},
    "approx_percentile_estimate": {
        "approx_percentile_estimate(approx_percentile_accumulate(4), 0.5)": 4.0,
        "approx_percentile_estimate(approx_percentile_accumulate(null::int), 0.5)": None,
    },
    "array_cat": {"array_cat(array_construct(1, 2), array_construct(3, 4))": [1, 2, 3, 4]},
    "array_flatten": {
        "array_flatten([[1, 2], [3]])": [1, 2, 3],
        "array_flatten([[1], null, [3]])": None,
    },
    "array_position": {
        "array_position('hello'::variant, array_construct('hello', 'hi'))": 0,
        "array_position('hi'::variant, array_construct('hello', 'hi'))": 1,
        "array_position('hello'::variant, array_construct('hola', 'bonjour'))": None,
    },
    "array_slice": {
        "array_slice(array_construct(0, 1, 2, 3, 4, 5, 6), 0, 2)": [0, 1],
        "array_slice(array_construct(0, 1, 2, 3, 4, 5, 6), 0, -2)": [0, 1, 2, 3, 4],
        "array_slice(array_construct(0, 1, 2, 3, 4, 5, 6), 10, 12)": [],
    },
    "ascii": {"ascii('!')": 33, "ascii('A')": 65, "ascii('')": 0},
    "base64_encode": {"base64_encode('Snowflake')": "U25vd2ZsYWtl"},
    "bit_length": {"bit_length('abc')": 24},
    "bitand": {"bitand(1, 1)": 1, "bitand(2, 4)": 0, "bitand(16, 24)": 16},
    "bitor": {"bitor(1, 1)": 1, "bitor(2, 4)": 6, "bitor(16, 24)": 24},
    "bitxor": {"bitxor(1, 1)": 0, "bitxor(2, 4)": 6, "bitxor(16, 24)": 8},
    "booland": {"booland(1, -2)": True, "booland(0, null)": False, "booland(true, false)": False},
    "boolor": {"boolor(1, null)": True, "boolor(0, 0.4)": False, "boolor(false, true)": True},
    "boolxor": {"boolxor(2, 0)": True, "boolxor(1, -1)": False, "boolxor(0, null)": None},
    "cbrt": {"cbrt(0)": 0.0, "cbrt(8)": 2.0, "cbrt(-1000)": -10.0},
    "ceil": {"ceil(135.135, -2)": Decimal(200), "ceil(-975.975, 2)": Decimal("-975.97")},
    "charindex": {"charindex('an', 'banana', 1)": 2, "charindex('an', 'banana', 3)": 4},
    "chr": {"chr(83)": "S", "chr(33)": "!"},
    "concat_ws": {
        "concat_ws(',', 'one', 'two', 'three')": "one,two,three",
        "concat_ws(',', 'one', null)": None,
    },
    "contains": {"contains('coffee ice tea', 'te')": True},
    "convert_timezone": {
        "convert_timezone('America/Los_Angeles', 'America/New_York',"
        " '2024-01-01 14:00:00'::timestamp_ntz)": datetime(2024, 1, 1, 17),
    },
    "date_from_parts": {
        "date_from_parts(1977, 8, 7)": date(1977, 8, 7),
        "date_from_parts(2010, 1, 100)": date(2010, 4, 10),
        "date_from_parts(2004, 1, 0)": date(2003, 12, 31),
        "date_from_parts(2004, 1, -1)": date(2003, 12, 30),
    },
    "date_trunc": {
        "date_trunc('quarter', '2024-05-09'::date)": date(2024, 4, 1),
        "date_trunc('minute', '2024-05-09 12:39:20.123'::timestamp)": datetime(2024, 5, 9, 12, 39),
    },
    "dateadd": {
        "dateadd(month, 1, '2023-01-31'::date)": date(2023, 2, 28),
        "dateadd(year, 2, to_date('2022-05-08'))": date(2024, 5, 8),
    },
    "datediff": {
        "datediff(year, '2020-04-09 14:39:20'::timestamp, '2023-05-08 23:39:20'::timestamp)": 3,
        "datediff(month, '2021-01-01'::date, '2021-02-28'::date)": 1,
        "datediff(month, '2021-01-31'::date, '2021-02-28'::date)": 1,
    },
    "div0": {"div0(1, 2)": Decimal("0.500000"), "div0(1, 0)": Decimal(0)},
    "editdistance": {
        "editdistance('future', 'past')": 6,
        "editdistance('Gute nacht', 'Ich weis nicht')": 8,
    },
    "equal_null": {"equal_null(null, null)": True, "equal_null(0, null)": False},
    "factorial": {"factorial(0)": 1, "factorial(5)": 120, "factorial(10)": 3628800},
    "floor": {"floor(135.135, -2)": Decimal(100), "floor(-975.975, 2)": Decimal("-975.98")},
    "greatest": {"greatest(1, 3, 0, 4)": 4, "greatest('b', 'a')": "b", "greatest(1, null)": None},
    "haversine": {
        "round(haversine(40.7127, -74.0059, 34.0500, -118.2500), 6)": 3936.385096,
    },
    "hex_encode": {"hex_encode('SNOW')": "534E4F57", "hex_encode('SNOW', 0)": "534e4f57"},
    "iff": {"iff(true, 'true', 'false')": "true", "iff(null, 1, 2)": 2},
    "initcap": {
        "initcap('The Quick Gray Fox')": "The Quick Gray Fox",
        "initcap('the sky is blue')": "The Sky Is Blue",
    },
    "insert": {
        "insert('abc', 1, 2, 'Z')": "Zc",
        "insert('abcdef', 3, 2, 'zzz')": "abzzzef",
        "insert('abc', 2, 1, '')": "ac",
        "insert('abc', 1, 2, null)": None,
    },
    "jarowinkler_similarity": {
        "jarowinkler_similarity('Snowflake', 'Oracle')": 61,
        "jarowinkler_similarity('Gute nacht', 'Ich weis nicht')": 56,
    },
    "last_day": {"last_day('2024-05-08'::date)": date(2024, 5, 31)},
    "lpad": {
        "lpad('123.50', 19, '*_')": "*_*_*_*_*_*_*123.50",
        "lpad('hello', 3, ' ')": "hel",
    },
    "ltrim": {"ltrim('#000000123', '0#')": "123"},
    "mod": {"mod(3, 2)": 1, "mod(4.5, 1.2)": Decimal("0.9")},
    "months_between": {
        "months_between('2019-03-15'::date, '2019-02-15'::date)": Decimal("1.000000"),
        "months_between('2019-03-31'::date, '2019-02-28'::date)": Decimal("1.000000"),
        "months_between('2019-03-01'::date, '2019-02-15'::date)": Decimal("0.548387"),
        "months_between('2019-02-01'::date, '2019-03-01'::date)": Decimal("-1.000000"),
    },
    "next_day": {"next_day('2024-05-08'::date, 'Friday')": date(2024, 5, 10)},
    "nvl2": {"nvl2(0, 5, 3)": 5, "nvl2(null, 5, 3)": 3},
    "object_insert": {
        "object_insert(object_construct('a', 1, 'b', 2), 'c', 3)": {"a": 1, "b": 2, "c": 3},
    },
    "octet_length": {"octet_length('abc')": 3, "octet_length('\\u0394')": 2},
    "position": {"position('an', 'banana', 1)": 2, "position('an', 'banana', 3)": 4},
    "previous_day": {"previous_day('2024-05-08'::date, 'Friday')": date(2024, 5, 3)},
    "regexp_count": {f"regexp_count({_BEST}, '\\\\bwas\\\\b', 1)": 2},
    "regexp_replace": {
        f"regexp_replace({_BEST}, '( ){{1,}}', '')": "Itwasthebestoftimes,itwastheworstoftimes",
    },
    "regexp_substr": {"regexp_substr('Hellooo World', 'hello', 1, 1, 'i')": "Hello"},
    "repeat": {"repeat('xy', 5)": "xyxyxyxyxy"},
    "reverse": {"reverse('Hello, world!')": "!dlrow ,olleH"},
    "round": {"round(135.135, -2)": Decimal(100), "round(135.135, 1)": Decimal("135.1"),
              "round(2.5, 0)": 3, "round(-2.5)": -3},
    "rpad": {"rpad('123.50', 19, '*_')": "123.50*_*_*_*_*_*_*"},
    "rtrim": {"rtrim('$125.00', '0.')": "$125"},
    "rtrimmed_length": {"rtrimmed_length(' ABCD ')": 5},
    "sign": {"sign(5)": 1, "sign(-1.35e-10::number(38, 12))": -1},
    "split_part": {
        "split_part('127.0.0.1', '.', 1)": "127",
        "split_part('127.0.0.1', '.', -1)": "1",
        "split_part('|a|b|c|', '|', 1)": "",
        "split_part('aaa--bbb-BBB--ccc', '--', 2)": "bbb-BBB",
    },
    "square": {"square(-2)": 4.0, "square(5.5)": 30.25},
    "startswith": {"startswith('coffee', 'cof')": True},
    "strtok": {"strtok('a.b.c', '.', 1)": "a", "strtok('u@snow.com', '@.', 2)": "snow"},
    "substr": {
        "substr('testing 1 2 3', 9, 5)": "1 2 3",
        "substr('mystring', -3, 2)": "in",
        "substr('mystring', 0)": "mystring",
    },
    "time_from_parts": {"time_from_parts(12, 34, 56)": clock(12, 34, 56)},
    "time_slice": {"time_slice('2019-02-28'::date, 4, 'MONTH', 'START')": date(2019, 1, 1),
                   "time_slice('2019-02-28'::date, 4, 'MONTH', 'END')": date(2019, 5, 1)},
    "timestamp_from_parts": {
        "timestamp_from_parts(2013, 4, 5, 12, 00, 00)": datetime(2013, 4, 5, 12),
    },
    "to_boolean": {"to_boolean('yes')": True, "to_boolean('n')": False, "to_boolean(7)": True},
    "to_decimal": {
        "to_number('12.3456')": 12,
        "to_number('98.76546', 10, 1)": Decimal("98.8"),
    },
    "translate": {"translate('peña', 'ñ', 'n')": "pena", "translate('❄a❄bc❄d❄', '❄', '')": "abcd"},
    "trim": {"trim('❄-❄ABC-❄-', '❄-')": "ABC"},
    "trunc": {"trunc(135.135, -2)": Decimal(100), "trunc(-975.975, 2)": Decimal("-975.97"),
              "trunc('2024-05-08'::date, 'month')": date(2024, 5, 1)},
    "try_to_date": {"try_to_date('2018-05-15')": date(2018, 5, 15), "try_to_date('Invalid')": None},
    "sha2": {
        "sha2('a', 224)": "abd37534c7d9a2efb9465de931cd7055ffdb8879563ae98078d6d6d5",
        "sha2('a', 0) = sha2('a')": True,
        "sha2_hex('a', 384) = sha2_binary('a', 384)::varchar": False,
        "lower(sha2_binary('a', 512)::varchar) = sha2('a', 512)": True,
    },
    "soundex": {
        "soundex('apple')": "a140",
        "soundex('Ashcraft')": "A261",
        "soundex('Tymczak')": "T522",
        "soundex('')": "",
    },
    "soundex_p123": {"soundex('Pfister')": "P236", "soundex_p123('Pfister')": "P123",
                     "soundex_p123('Marks')": "M620"},
    "typeof": {"typeof(parse_json('1.5'))": "DECIMAL", "typeof('x'::variant)": "VARCHAR"},
    "week": {"weekiso('2016-01-02'::date)": 53, "yearofweekiso('2016-01-02'::date)": 2015},
    "width_bucket": {"width_bucket(290000, 200000, 600000, 4)": 1},
    "year": {
        "year('2013-05-08T23:39:20.123-07:00'::timestamp)": 2013,
        "quarter('2013-05-08T23:39:20.123-07:00'::timestamp)": 2,
        "dayofyear('2013-05-08T23:39:20.123-07:00'::timestamp)": 128,
        "dayofweek('2013-05-08T23:39:20.123-07:00'::timestamp)": 3,
    },
    "zeroifnull": {"zeroifnull(null)": 0, "zeroifnull(3.14::float)": 3.14},
}  # fmt: skip


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Session]]:
    """A session of an account, and one of an account without what is there for speed."""
    accounts = {
        name: Account(tmp_path_factory.mktemp(name), fast=name == "fast")
        for name in ("fast", "plain")
    }
    opened = {name: account.open_session(user="TESTER") for name, account in accounts.items()}
    for session in opened.values():
        session.execute("create database d")
        columns = ", ".join(f"{kind} {_TYPES[kind]}" for kind in VALUES)
        session.execute(f"create table given (n int, {columns})")
        for place in range(max(map(len, VALUES.values()))):
            row = [values[place % len(values)] for values in VALUES.values()]
            texts = ", ".join(_literal(kind, each) for kind, each in zip(VALUES, row, strict=True))
            session.execute(f"insert into given select {place}, {texts}")
    yield opened
    for account in accounts.values():
        account.close()


def test_functions_answer_as_the_examples_say(sessions: dict[str, Session]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    expected = {each: shown for page in EXAMPLES.values() for each, shown in page.items()}
    wrong = {}
    for expression, answers in _answers(sessions["fast"], list(expected)).items():
        shown = expected[expression]
        if answers != [_normal(shown, "JSON" if isinstance(shown, list | dict) else "")]:
            wrong[expression] = answers
    assert wrong == {}


def _answers(session: Session, expressions: list[str], source: str = "") -> dict[str, Any]:
    """The answers of expressions, asked together where none fails: a value for each row, or the
    number of the error."""
    try:
        answer = session.execute(f"select {', '.join(expressions)} {source}")
    except SnowflakeError as failed:
        if len(expressions) == 1:
            return {expressions[0]: f"error {failed.errno}"}
        middle = len(expressions) // 2
        parts = (expressions[:middle], expressions[middle:])
        return {k: v for part in parts for k, v in _answers(session, part, source).items()}
    columns = zip(*answer.rows(), strict=True)
    return {
        expression: [_normal(value, kind) for value in column]
        for expression, kind, column in zip(expressions, answer.types, columns, strict=True)
    }


# --- calls at random -----------------------------------------------------------------------------

_TYPES = {
    "whole": "number(38, 0)", "fraction": "number(10, 2)", "real": "float", "text": "varchar",
    "day": "date", "moment": "timestamp_ntz", "truth": "boolean", "variant": "variant",
    "list": "array", "object": "object",
}  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "whole": [7, -3, 0, 255, None, 2],
    "fraction": ["1.50", "-0.25", "12.34", None, "0.00"],
    "real": ["2.5", "-1.25", "1e3", None, "0"],
    "text": ["abc", " Ab-c ", "", "12", None, "a,b,,c", "ñandú", "0012.50"],
    "day": ["2024-02-29", "1999-12-31", None, "1970-01-01"],
    "moment": ["2024-02-29 13:14:15.123", "1969-07-20 20:17:40", None, "2000-01-01 00:00:00"],
    "truth": [True, False, None],
    "variant": ['{"a": 1, "b": [1, 2]}', '"x"', "3", None, "1.5", "true", "[1, null]"],
    "list": ["[1, 2, 3]", "[]", None, '["b", "a"]'],
    "object": ['{"k": "v"}', "{}", None],
}
# Functions, with the types of their arguments. Those after | answer something else than NULL to it.
_CALLS = """
upper text; lower text; initcap text; reverse text; length text; trim text; ltrim text; rtrim text;
md5 text; sha1 text; ascii text; concat text text; contains text text; startswith text text;
endswith text text; position text text; left text whole; right text whole; substr text whole;
substr text whole whole; repeat text whole; lpad text whole text; rpad text whole text;
replace text text text; split text text; split_part text text whole; translate text text text;
charindex text text; regexp_count text text; editdistance text text; hex_encode text;
base64_encode text; to_varchar whole; to_varchar fraction; to_varchar real; to_varchar day;
to_varchar moment; to_varchar truth; to_varchar variant; abs whole; abs fraction; abs real;
sign whole; sign fraction; ceil fraction; floor fraction; ceil real; round fraction; round real;
trunc fraction; mod whole whole; power whole whole; sqrt whole; square whole;
exp whole; bitand whole whole; bitor whole whole; greatest whole whole; least whole whole;
greatest text text; least day day; greatest fraction fraction; year day; month day; day day;
dayofweek day; dayofyear day; week day; quarter moment; hour moment; minute moment; second moment;
dayname day; monthname day; last_day day; to_date moment; to_timestamp_ntz day;
add_months day whole;
months_between day day; to_boolean text; try_to_number text; try_to_date text; try_to_double text;
try_to_boolean text; to_variant whole; to_variant text; to_variant day; to_variant truth;
typeof variant; parse_json text; try_parse_json text; to_json variant; array_size list;
array_size variant; array_append list whole; array_prepend list text; array_cat list list;
array_compact list; array_distinct list; array_reverse list; array_to_string list text;
array_slice list whole whole; array_contains variant list; array_insert list whole text;
array_sort list; array_max list; array_min list; object_keys object; is_array variant;
is_object variant;
is_integer variant; is_varchar variant; as_varchar variant; as_integer variant; get list whole;
get object text; zeroifnull whole; nullif whole whole; equal_null whole whole; nvl whole whole;
coalesce text text; iff truth whole whole; iff truth text text; nvl2 whole text text;
decode whole whole text; array_construct whole text; object_construct text whole;
concat_ws text text text;
booland truth truth; boolor truth truth; boolxor truth truth; div0 fraction whole; div0 whole whole;
round fraction whole; round real whole; trunc fraction whole; nvl fraction whole;
ifnull whole fraction; greatest whole fraction; least fraction whole; iff truth fraction whole;
nvl2 whole fraction whole; decode whole whole fraction; coalesce day moment; to_time text;
try_to_time text; to_date text; to_timestamp_ntz text; try_to_timestamp text; to_timestamp whole;
to_timestamp fraction; to_variant moment; to_variant fraction; add_months moment whole
"""
# Expressions in place of functions.
_OPERATORS = """
{0} + {1}: whole whole; {0} - {1}: fraction whole; {0} * {1}: fraction fraction;
{0} / {1}: whole whole;
{0} / {1}: fraction whole; {0} % {1}: whole whole; -{0}: fraction; {0} || {1}: text text;
{0} || {1}: text whole; {0} || {1}: day text; {0} || {1}: fraction text; {0} = {1}: text text;
{0} < {1}: day day; {0} >= {1}: moment moment; {0} < {1}: whole fraction; {0} = {1}: variant whole;
{0} = {1}: variant text; {0} like {1}: text text; {0} in ({1}, 'abc'): text text;
{0} between {1} and 5: whole whole; {0}::varchar: moment; {0}::varchar: real; {0}::int: fraction;
{0}::number(10, 1): real; {0}::float: fraction; {0}::date: moment; {0}::timestamp_ntz: day;
{0}::variant: fraction; {0}::variant: text; {0}::varchar: variant; {0}::boolean: whole;
try_cast({0} as int): text; try_cast({0} as date): text; try_cast({0} as float): text;
case when {0} then {1} end: truth text; case {0} when {1} then 1 else 2 end: whole whole;
not {0}: truth; {0} and {1}: truth truth; {0} or {1}: truth truth; {0} is null: variant;
dateadd(day, {1}, {0}): day whole; dateadd(month, {1}, {0}): day whole;
dateadd(hour, {1}, {0}): moment whole;
datediff(day, {0}, {1}): day day; datediff(month, {0}, {1}): day day;
datediff(hour, {0}, {1}): moment moment;
date_trunc('month', {0}): day; date_trunc('hour', {0}): moment; to_char({0}, 'YYYY-MM-DD'): day;
to_char({0}, 'HH24:MI:SS'): moment; date_part(epoch, {0}): moment; {0}[0]: variant; {0}:a: variant;
{0}:b[1]::int: variant; {0}[0]::varchar: list; {0}:k::varchar: object;
{0} is distinct from {1}: text text; floor({0}, 1): fraction; ceil({0}, 1): fraction;
{0} % {1}: fraction whole; {0}::date: text; {0}::timestamp_ntz: text;
{0}::time: text; dateadd(second, {1}, {0}): moment fraction; dateadd(quarter, {1}, {0}): day whole;
case when {0} then {1} else {2} end: truth whole fraction; md5({0})::varchar: text;
dateadd(day, {1}, {0})::varchar: day whole; round({0}, 1)::varchar: fraction;
(case when {0} = 1 then {1} when {0} = 2 then {1} when {0} = 3 then {1} else {1} end)::varchar:
whole moment
"""


def _templates() -> list[tuple[str, list[str]]]:
    found = []
    for each in _CALLS.replace("\n", " ").split(";"):
        name, *kinds = each.split()
        marks = ", ".join(f"{{{place}}}" for place in range(len(kinds)))
        found.append((f"{name}({marks})", kinds))
    for each in _OPERATORS.replace("\n", " ").split("; "):
        template, _, kinds = each.rpartition(": ")
        found.append((template.strip(), kinds.split()))
    return found


def _literal(kind: str, value: Any) -> str:
    """A value as SQL writes it, in its type."""
    if value is None:
        return f"null::{_TYPES[kind]}"
    if kind in ("whole", "truth"):
        return f"({value})" if str(value).startswith("-") else str(value)
    text = str(value).replace("'", "''")
    if kind in ("variant", "list", "object"):
        cast = "" if kind == "variant" else f"::{_TYPES[kind]}"
        return f"parse_json('{text}'){cast}"
    return f"'{text}'" if kind == "text" else f"'{text}'::{_TYPES[kind]}"


def _bound(kind: str, value: Any) -> str:
    if kind in ("variant", "list", "object"):
        return f"parse_json(?)::{_TYPES[kind]}"
    return f"?::{_TYPES[kind]}"


def _normal(value: Any, kind: str) -> Any:
    """An answer that compares: JSON by its value, numbers with their scale."""
    if kind == "JSON" and isinstance(value, str):
        return ("JSON", json.loads(value))
    if kind == "JSON":
        return None if value is None else ("JSON", value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return round(value, 9) if isinstance(value, float) else value


def _asked(session: Session, sql: str, binds: tuple[Any, ...] = ()) -> Any:
    """The one value that a statement answers, or its error's number."""
    try:
        answer = session.execute(sql, binds)
    except SnowflakeError as failed:
        return f"error {failed.errno}"
    [(value,)] = answer.rows()
    if " from given" in sql:
        assert session.execute(sql, describe=True).types == answer.types, sql
    return _normal(value, answer.types[0])


# What means its argument: a type has to be known through it.
_WRAPS = ("coalesce(null, {})", "iff(true, {}, null)", "nvl2(1, {}, null)", "({})",
          "case when 1 = 1 then {} end")  # fmt: skip


def _differing(sessions: dict[str, Session], template: str, kinds: list[str],
               places: list[int]) -> dict[str, Any]:  # fmt: skip
    """A call's answers by the way it was asked, where they are not all the same."""
    values = [VALUES[kind][place % len(VALUES[kind])]
              for kind, place in zip(kinds, places, strict=True)]  # fmt: skip
    pairs = list(zip(kinds, values, strict=True))
    # Each argument is a column of a row of its own.
    columns = [f"g{index}.{kind}" for index, kind in enumerate(kinds)]
    sources = ", ".join(f"given g{index}" for index in range(len(kinds)))
    rows = " and ".join(
        f"g{index}.n = {place % len(VALUES[kind])}"
        for index, (kind, place) in enumerate(zip(kinds, places, strict=True))
    )
    literal = f"select {template.format(*(_literal(*pair) for pair in pairs))}"
    column = f"select {template.format(*columns)} from {sources} where {rows}"
    numbers = [int(number) for number in re.findall(r"\{(\d)\}", template)]
    wrapped = [_WRAPS[place % len(_WRAPS)].format(each)
               for place, each in zip(places, columns, strict=True)]  # fmt: skip
    bound = f"select {template.format(*(_bound(*pair) for pair in pairs))}"
    wrapping = f"select {template.format(*wrapped)} from {sources} where {rows}"
    binds = tuple(values[number] for number in numbers)
    answers = {
        literal: _asked(sessions["fast"], literal),
        column: _asked(sessions["fast"], column),
        f"wrapped: {wrapping}": _asked(sessions["fast"], wrapping),
        f"{bound} {binds}": _asked(sessions["fast"], bound, binds),
        f"plain: {column}": _asked(sessions["plain"], column),
    }
    first = next(iter(answers.values()))
    return {} if all(each == first for each in answers.values()) else answers


def test_calls_answer_the_same_however_their_arguments_come(sessions: dict[str, Session]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    choose = random.Random(int(os.environ.get("FLOCON_EXPRESSIONS_SEED", "1")))
    seconds = float(os.environ.get("FLOCON_EXPRESSIONS_SECONDS", "0"))
    end, asked = time.monotonic() + seconds, 0
    templates = _templates()
    found: dict[str, dict[str, Any]] = {}
    while asked < 25 or time.monotonic() < end:
        template, kinds = choose.choice(templates)
        differing = _differing(sessions, template, kinds, [choose.randrange(48) for _ in kinds])
        if differing:
            found.setdefault(template + str(kinds), differing)
        asked += 1
    assert found == {}, f"{len(found)} kinds among {asked} calls: " + json.dumps(
        found, indent=1, default=str, ensure_ascii=False
    )


# What answers something else than NULL where an argument is NULL.
_OF_NULLS = re.compile(
    r"zeroifnull|nullif|ifnull|equal_null|nvl|coalesce|iff|decode|array_construct|object_construct|boola|"
    r"boolo|array_append|array_prepend|array_insert|array_contains|\|\| *\{1\}: day|case|is |is_|"
    r" and | or | in |= .*variant|typeof|to_variant"
)


def test_null_is_answered_where_an_argument_is_null(sessions: dict[str, Session]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    asked = []
    for template, kinds in _templates():
        for place, kind in enumerate([] if _OF_NULLS.search(f"{template}: {kinds}") else kinds):
            written = [_literal(each, VALUES[each][0]) for each in kinds]
            written[place] = _literal(kind, None)
            asked.append(template.format(*written))
    answers = _answers(sessions["fast"], asked)
    assert {each: answer for each, answer in answers.items() if answer != [None]} == {}


# What is true of all values that are not NULL.
_MOVES = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
LAWS = (
    "day = to_date(to_char(day, 'YYYY-MM-DD'), 'YYYY-MM-DD')",
    "day = to_date(to_char(day, 'DD.MM.YYYY'), 'DD.MM.YYYY')",
    "moment = to_timestamp_ntz(moment::varchar)",
    "moment = dateadd(millisecond, 5, dateadd(millisecond, -5, moment))",
    *(f"datediff({unit}, moment, dateadd({unit}, 5, moment)) = 5" for unit in _MOVES),
    *(f"datediff({unit}, day, dateadd({unit}, -7, day)) = -7" for unit in _MOVES[3:]),
    *(f"dateadd({unit}, -5, dateadd({unit}, 5, moment)) = moment" for unit in _MOVES[:5]),
    *(f"date_trunc({unit}, date_trunc({unit}, moment)) = date_trunc({unit}, moment)"
      for unit in _MOVES),
    "date_from_parts(year(day), month(day), day(day)) = day",
    "date_part(epoch, to_timestamp_ntz(date_part(epoch, moment))) = date_part(epoch, moment)",
    "last_day(last_day(day)) = last_day(day)",
    *(f"{name} = {name}::varchar::{kind}" for name, kind in _TYPES.items()
      if name not in ("variant", "list", "object")),
    *(f"{name} = {name}::variant::{kind}" for name, kind in _TYPES.items()
      if name not in ("variant", "list", "moment", "object")),
    # JSON has three digits of a second: what may have had more is refused.
    "moment = moment::variant::timestamp_ntz(3)",
    "variant = parse_json(to_json(variant))",
    "equal_null(variant, variant)",
    "is_null_value(variant) or typeof(variant) <> 'NULL_VALUE'",
    "array_size(array_append(list, 1)) = array_size(list) + 1",
    "array_size(array_cat(list, list)) = 2 * array_size(list)",
    "array_reverse(array_reverse(list)) = list",
    "array_slice(list, 0, array_size(list)) = list",
    "array_contains(7::variant, array_append(list, 7))",
    "array_size(array_compact(array_append(list, parse_json('null')))) = array_size(list)",
    "array_size(array_distinct(array_cat(list, list))) = array_size(array_distinct(list))",
    "object_insert(object, 'n', 1):n = 1",
    "object_delete(object_insert(object, 'n', 1), 'n') = object",
    "array_size(object_keys(object_insert(object, 'n', 1))) = array_size(object_keys(object)) + 1",
    "array_to_string(split(text, ','), ',') = text",
    "reverse(reverse(text)) = text",
    "length(text || text) = 2 * length(text)",
    "left(text, 2) || substr(text, 3) = text",
    "hex_decode_string(hex_encode(text)) = text",
    "base64_decode_string(base64_encode(text)) = text",
    "trim(text) = ltrim(rtrim(text))",
    "upper(lower(upper(text))) = upper(text)",
    "concat(text, '') = text",
    "length(lpad(text, 9, '*')) = 9",
    "contains(text, substr(text, 2, 2))",
    "mod(whole, 3) + 3 * trunc(whole / 3) = whole",
    "abs(whole) = whole * sign(whole)",
    "ceil(fraction) = -floor(-fraction)",
    "greatest(whole, 3) + least(whole, 3) = whole + 3",
    "bitxor(bitxor(whole, 5), 5) = whole",
    "whole between least(whole, 2) and greatest(whole, 2)",
    "not (truth and not truth)",
    "truth or not truth",
    "iff(truth, 1, 0) = truth::int",
)  # fmt: skip


def test_laws_hold_of_all_values(sessions: dict[str, Session]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    wrong = {}
    for law, answers in _answers(sessions["fast"], list(LAWS), "from given order by n").items():
        if set(answers) not in ({True}, {True, None}):
            wrong[law] = answers
    assert wrong == {}


def test_nulls_are_larger_than_values_of_any_type(sessions: dict[str, Session]) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    for kind in ("whole", "fraction", "real", "text", "day", "moment", "truth"):
        for order, place in (("", -1), ("desc", 0), ("nulls first", 0), ("desc nulls last", -1)):
            sql = f"select {kind} from given order by {kind} {order}"
            rows = [value for (value,) in sessions["fast"].execute(sql).rows()]
            assert rows[place] is None and rows[-1 - place] is not None, (sql, rows)

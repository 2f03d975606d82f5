"""FLATTEN(PARSE_JSON(?)): what is read in one pass is what the general way reads."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.engine.fast import bound_arrays
from flocon.session.session import Session

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")

# `? || ''` is no bind any more, and so goes the general way.
_ONE_PASS, _GENERAL = "?", "? || ''"
_FIELDS = """
SELECT f.VALUE:a::VARCHAR AS text, f.VALUE:a AS variant, TYPEOF(f.VALUE:a) AS kind,
    f.VALUE:x::VARCHAR AS plain, f.VALUE:b::VARCHAR AS other,
    f.VALUE:c.d[1]::VARCHAR AS deep, f.VALUE:c.d AS list,
    PARSE_JSON(f.VALUE:m::VARCHAR) AS message, f.VALUE:b IS NULL AS gone
FROM TABLE(FLATTEN(INPUT => PARSE_JSON({}))) f
"""
_VALUES = (
    "null", "true", "0", "-0", "1.0", "1.50", "-0.0", "1e3", "1E-7", "1e25", "0.1",
    "12345678901234567", "123456789012345678901234567890", "1" * 45, "1" * 45 + ".0",
    "18446744073709551616", "-0.0e0", "5.0e-324", "NaN", "-Infinity",
    "0.1234567890123456789", "123456789012345.60", "1.7976931348623157e308",
    '""', '"x"', '"1.0"', '"1e3"', '"null"', '"a\\"b\\\\c\\n\\u00e9\\ud83c\\udf77"', '" "',
    "[]", "{}", '[1, "2", null]', '{"d": [1.0, 2.50]}', '{"d": [null, {"x": 1}]}', '{"d": "\\\\"}',
)  # fmt: skip
_ELEMENTS = ("5", "null", '"text"', "[1, 2]", "{}", '{"A": 1}', '{"a": 1, "a": 2}')
_TEXTS = (
    "[]", " [ ] ", "\t\n[1]", '{"a": {"a": 1}, "x": 2}', "[[{}]]", "null", "5", '"[1]"', "", "  ",
    '[{"a": 1}] ', '[{"a": 1}]\n', "[", "[1,", '[{"a": 01}]', "[1] 2", "['a']", '["\\ud83d"]',
    '[{"m": "{"}]', '[{"m": ""}]', '[{"m": " [1] "}]', "\u00a0[1]", "\ufeff[1]",
)  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = Account(tmp_path_factory.mktemp("account"))
    yield account.open_session(user="TESTER")
    account.close()


def _answer(session: Session, sql: str, bind: str | None) -> Any:
    """The rows with their types, or the error."""
    try:
        answer = session.execute(sql, (bind,))
    except SnowflakeError as error:
        return error.errno, error.message
    return answer.names, answer.types, answer.rows()


def _documents() -> Iterator[str]:
    yield from _TEXTS
    yield f"[{', '.join(_ELEMENTS)}]"
    yield from (f'[{{"a": {value}, "x": {value}, "b": "1", "c": {value}}}]' for value in _VALUES)
    chance = random.Random(7)
    for _ in range(20):
        elements = list(_ELEMENTS[:2])
        for _ in range(chance.randrange(40)):
            names = chance.sample("abcmx", chance.randrange(5))
            fields = [f"{json.dumps(n)}: {chance.choice(_VALUES)}" for n in names if n != "m"]
            elements.append("{" + ", ".join(fields) + "}")
        yield f"[{', '.join(elements)}]"


def test_an_array_is_read_in_one_pass_as_the_general_way_reads_it(session: Session) -> None:
    different = [
        (text, one, general)
        for text in _documents()
        if (one := _answer(session, _FIELDS.format(_ONE_PASS), text))
        != (general := _answer(session, _FIELDS.format(_GENERAL), text))
    ]
    assert different == []


_TEXTS_ALONE = """
SELECT f.VALUE:a::VARCHAR AS a, f.VALUE:b::VARCHAR AS b, f.VALUE:x::VARCHAR AS x,
    TRY_TO_NUMBER(f.VALUE:a::VARCHAR) AS number, f.VALUE:c.d::VARCHAR AS below
FROM TABLE(FLATTEN(INPUT => PARSE_JSON({}))) f
"""


def test_texts_are_the_same_whatever_numbers_an_array_has(session: Session) -> None:
    different = [
        (text, one, general)
        for text in _documents()
        if (one := _answer(session, _TEXTS_ALONE.format(_ONE_PASS), text))
        != (general := _answer(session, _TEXTS_ALONE.format(_GENERAL), text))
    ]
    assert different == []


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("[]", True),
        ('[{"a": 1, "b": -9999999999999999, "c": [1, 2], "d": "x"}]', True),
        ('[{"a": "1.5", "b": "x: 2.5", "c": "\\": 2.5", "d": "09:00:00.5"}]', True),
        ('[{"message": "{\\"price\\": 12.50, \\"tax\\":1e3}"}]', True),
        ('[{"a": 1.5}]', False),
        ('[{"a" :\n-0.0}]', False),
        ('[{"a": 1e3}]', False),
        ('[{"a": 12345678901234567}]', False),
        ('[{"a\\\\": 1.5}]', False),
        ('[{"a\\\\\\"": 1.5}]', False),
        ('[{"\\\\": 1.5}]', False),
        ('[{"": 1.5}]', False),
        ("[1.5]", False),
        ('[{"a": [1, 1.0]}]', False),
    ],
)
def test_an_array_is_plain_where_no_number_of_it_may_be_written_in_another_way(
    text: str, is_plain: bool
) -> None:
    assert bound_arrays.arrays({"b1": text, "b2": 5}) == (("b1", is_plain),)


@pytest.mark.parametrize(
    "text", ["[\ud800]", '[{"a": 1, "a": 2}]', '[{"a\\u003a": "b:c"}]', "['a']"]
)
def test_what_may_be_no_json_or_have_a_key_twice_goes_the_general_way(text: str) -> None:
    assert bound_arrays.arrays({"b1": text}) == ()


def test_a_bind_of_null_gives_no_rows(session: Session) -> None:
    assert _answer(session, _FIELDS.format(_ONE_PASS), None)[2] == []


@pytest.mark.parametrize(
    ("sql", "in_one_pass"),
    [
        ("SELECT f.VALUE:a::INT AS a FROM TABLE(FLATTEN(PARSE_JSON(?))) f", True),
        ("SELECT f.VALUE:a AS a FROM TABLE(FLATTEN(PARSE_JSON(?))) f WHERE f.VALUE:b = 'x'", True),
        ("SELECT f.VALUE:a AS a, f.INDEX FROM TABLE(FLATTEN(PARSE_JSON(?))) f", False),
        ("SELECT f.VALUE:a AS a, f.VALUE:A AS b FROM TABLE(FLATTEN(PARSE_JSON(?))) f", False),
        ("SELECT f.VALUE AS a FROM TABLE(FLATTEN(PARSE_JSON(?))) f", False),
        ("SELECT VALUE:a AS a FROM TABLE(FLATTEN(PARSE_JSON(?)))", False),
        ("SELECT f.VALUE:a AS a FROM TABLE(FLATTEN(PARSE_JSON(?), OUTER => TRUE)) f", False),
        ("SELECT f.VALUE:a AS a FROM TABLE(FLATTEN(PARSE_JSON(?), PATH => 'b')) f", False),
        ("SELECT f.VALUE:a AS a FROM TABLE(FLATTEN(TRY_PARSE_JSON(?))) f", False),
        ("SELECT f.VALUE[0] AS a FROM TABLE(FLATTEN(PARSE_JSON(?))) f", False),
        ("SELECT f.VALUE:a AS a, g.INDEX FROM TABLE(FLATTEN(PARSE_JSON(?))) f,"
         " LATERAL FLATTEN(f.VALUE:b) g", False),
        ("SELECT f.VALUE:a AS a, (SELECT f.VALUE:b::INT) AS b"
         " FROM TABLE(FLATTEN(PARSE_JSON(?))) f", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ['[{"a": 1, "b": "x"}, {"a": 2, "b": ["y"]}]', '{"k": {"a": 3}}'])
def test_only_fields_of_the_elements_of_an_array_are_read_in_one_pass(
    session: Session, monkeypatch: pytest.MonkeyPatch, sql: str, in_one_pass: bool, text: str
) -> None:
    asked = []
    table = session.connection.table
    monkeypatch.setattr(
        session.connection, "table", lambda sql, binds: asked.append(sql) or table(sql, binds)
    )
    one = _answer(session, sql, text)
    assert [each.upper().count("FROM_JSON") > 0 for each in asked] == [
        in_one_pass and text.startswith("[")
    ]
    assert one == _answer(session, sql.replace(_ONE_PASS, _GENERAL), text)

"""Bytes and the texts that they are written as, and functions of texts that get BINARYs."""

import pytest

from conformance.shared import Run, error, failure, wrong_answers


def test_base64_has_lines_and_signs_of_its_own(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/base64_encode"""
    assert not wrong_answers(
        run,
        {
            "base64_encode('flocon')": "ZmxvY29u",
            "base64_encode('flocon', 0)": "ZmxvY29u",
            "base64_encode('flocon', 3)": "Zmx\nvY2\n9u",
            "base64_encode('flocon', '3')": "Zmx\nvY2\n9u",
            "base64_encode('flocon', 2.5)": "Zmx\nvY2\n9u",
            "base64_encode('flocon', 0 - 3)": "ZmxvY29u",
            "base64_encode('flocon', null)": None,
            "base64_encode(x'fbef')": "++8=",
            "base64_encode(x'fbef', 0, '-_')": "--8=",
            "base64_encode(x'fbef', 2, '-_~')": "--\n8~",
            "base64_encode(null)": None,
        },
    )


def test_base64_is_read_with_the_signs_that_it_was_written_with(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/base64_decode_string"""
    assert not wrong_answers(
        run,
        {
            "base64_decode_string('Zmx\nvY2\n9u')": "flocon",
            "base64_decode_string('YWI~', '-_~')": "ab",
            "base64_decode_string('YWI=', '-_')": "ab",
            "try_base64_decode_string('YWI=', '-_~')": None,
            "try_base64_decode_string('YWI~', '-_~')": "ab",
            "hex_encode(base64_decode_binary('--8=', '-_'))": "FBEF",
            "try_base64_decode_binary('abcde')": None,
            "try_base64_decode_string('/w==')": None,
            "try_hex_decode_string('FF')": None,
            "hex_encode(to_binary('++8=', 'base64'))": "FBEF",
            "try_to_binary('abcde', 'base64')": None,
        },
    )


@pytest.mark.parametrize(
    ("expression", "number", "text"),
    [
        ("hex_decode_string('abc')", 100115, "not a legal hex-encoded value: 'abc'"),
        ("hex_decode_binary('abc')", 100115, "not a legal hex-encoded value: 'abc'"),
        ("hex_decode_binary('xy')", 100115, "not a legal hex-encoded value: 'xy'"),
        ("'0x61'::binary", 100115, "not a legal hex-encoded value: '0x61'"),
        ("base64_decode_string('abcde')", 100115, "not a legal base64-encoded value: 'abcde'"),
        ("base64_decode_binary('ab-=')", 100115, "not a legal base64-encoded value: 'ab-='"),
        ("base64_decode_string('YWI=', '-_~')", 100115, "base64-encoded value: 'YWI='"),
        ("to_binary('abcde', 'base64')", 100115, "base64-encoded value: 'abcde'"),
        ("base64_decode_string('/w==')", 100144, "Invalid UTF8 detected while decoding '/w=='"),
        ("hex_decode_string('FF')", 100144, "Invalid UTF8 detected while decoding 'FF'"),
        ("base64_encode('a', 0, 'xyz')", 100115, "alphabet or padding characters: 'xyz'"),
        ("base64_encode('a', 0, '--')", 100115, "alphabet or padding characters: '--'"),
        ("base64_encode('a', 0, '-_~!')", 100078, "String '-_~!' is too long"),
        ("base64_encode('a', -1)", 1007, "unexpected argument [maximum line length] at position 2"),
        ("base64_encode('a', 2147483648)", 1007, "argument [maximum line length] at position 2"),
        ("hex_encode('a', 2)", 100039, "Numeric value is out of range, error: 2"),
    ],
)
def test_what_is_written_otherwise_is_an_error(
    run: Run, expression: str, number: int, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/hex_decode_string
    https://docs.snowflake.com/en/sql-reference/functions/base64_decode_string
    https://docs.snowflake.com/en/sql-reference/functions/base64_encode"""
    found = failure(run, f"select {expression}")
    assert found[0] == number
    assert text in found[1]


def test_the_lines_and_signs_of_base64_are_constants(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/base64_encode"""
    source = "from (select 'ab' as s, 2 as n)"
    for call in ("base64_encode(s, n)", "base64_encode(s, 0, s)", "base64_decode_string(s, s)"):
        assert error(run, f"select {call} {source}") == 1015, call
    assert run(f"select hex_encode(s, n - 2), hex_encode(s, 1.4) {source}") == [("6162", "6162")]


def test_functions_of_texts_take_parts_of_bytes(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/substr
    https://docs.snowflake.com/en/sql-reference/functions/lpad
    https://docs.snowflake.com/en/sql-reference/functions/position"""
    assert not wrong_answers(
        run,
        {
            "hex_encode(substr(b, 2, 2))": "1B2C",
            "hex_encode(substr(b, -2))": "2C3D",
            "hex_encode(substr(b, 0, 2))": "0A1B",
            "hex_encode(substr(b, -9, 2))": "",
            "hex_encode(substr(b, 5, 1))": "",
            "hex_encode(left(b, 3))": "0A1B2C",
            "hex_encode(right(b, 9))": "0A1B2C3D",
            "hex_encode(reverse(b))": "3D2C1B0A",
            "hex_encode(lpad(b, 7, x'0102'))": "0102010A1B2C3D",
            "hex_encode(rpad(b, 5, x'ff'))": "0A1B2C3DFF",
            "hex_encode(rpad(b, 2, x'ff'))": "0A1B",
            "position(x'2c', b)": 3,
            # Half of one byte and half of the next one.
            "position(x'a1', b)": 0,
            "position(x'0a', b, 2)": 0,
            "contains(b, x'1b2c')": True,
            "contains(b, x'b2')": False,
            "startswith(b, x'0a1b')": True,
            "endswith(b, x'0a')": False,
            "bit_length(b)": 32,
            "substr(b, 1, 2) = x'0a1b'": True,
        },
        "from (select x'0a1b2c3d' as b)",
    )


@pytest.mark.parametrize(
    "expression",
    [
        "upper(b)", "lower(b)", "initcap(b)", "trim(b)", "ltrim(b)", "ascii(b)", "unicode(b)",
        "soundex(b)", "split(b, 'a')", "regexp_like(b, 'a')", "regexp_replace(b, 'a')",
        "regexp_substr(b, 'a')", "regexp_count(b, 'a')", "contains(b, 'a')", "startswith(b, 'a')",
        "editdistance(b, b)", "b like 'a'", "lpad(b, 3)", "lpad('a', 3, b)", "replace(b, b, b)",
        "translate(b, 'a', 'b')", "charindex('a', b)", "b || 'a'", "concat('a', b)", "b || 1",
    ],
)  # fmt: skip
def test_what_reads_texts_takes_no_bytes(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    source = "from (select x'6162' as b)"
    assert error(run, f"select {expression} {source}") == 1044
    assert error(run, f"select {expression} {source} where false") == 1044


def test_the_bits_of_binaries_are_those_of_their_bytes(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/bitand
    https://docs.snowflake.com/en/sql-reference/functions/bitnot"""
    assert not wrong_answers(
        run,
        {
            "hex_encode(bitand(b, x'ff30'))": "0F30",
            "hex_encode(bitor(b, x'ff30'))": "FF3C",
            "hex_encode(bitxor(b, x'ff30'))": "F00C",
            "hex_encode(bitnot(b))": "F0C3",
            "hex_encode(bitand(x'', x''))": "",
            "hex_encode(bitor(b, x'f0', 'LEFT'))": "0FFC",
            "hex_encode(bitor(x'f0', b, 'right'))": "FF3C",
            "bitand(b, null)": None,
            "bitxor(null, b)": None,
            "bitand(6, 3)": 2,
        },
        "from (select x'0f3c' as b)",
    )
    number, said = failure(run, "select bitand(b, x'ff') from (select x'0f3c' as b)")
    text = "The lengths of two variable-sized fields do not match: first length 2, second length 1"
    assert (number, text in said) == (100544, True)
    for call in ("bitand(b, 1)", "bitor('ff', b)", "bitxor(b, 1.5)"):
        assert error(run, f"select {call} from (select x'0f' as b)") == 1044, call


def test_a_negative_number_is_shifted_to_the_left(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/bitshiftleft"""
    shifted = "bitshiftleft(-3, 2), bitshiftleft(3, 2), bitshiftleft(0, 5), bitshiftleft(n, 1)"
    assert run(f"select {shifted} from (select -1 as n)") == [(-12, 12, 0, -2)]

"""Bytes and the texts that they are written as: hexadecimal digits, Base64 and UTF-8; and the
functions of texts where they get BINARYs, whose bytes they read.

https://docs.snowflake.com/en/sql-reference/binary-input-output
"""

import base64
import re
from decimal import Decimal

import duckdb
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import argument_types
from flocon.engine import functions as engine_functions

_BINARY_TYPES = (exp.DType.BINARY, exp.DType.VARBINARY)
_MOST = 2**31 - 1
_STANDARD = "+/="


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rewrites call the functions below."""
    blob, text = "BLOB", "VARCHAR"
    connection.create_function("_account_base64", encoded, [blob, "BIGINT", text], text)
    connection.create_function("_account_of_base64", decoded, [text, text], blob)


_DIFFERENT = (
    "'The lengths of two variable-sized fields do not match: first length ' || octet_length(a)"
    " || ', second length ' || octet_length(b)"
)
MACROS = (
    "_account_is_hex(x) AS length(x) % 2 = 0 AND regexp_full_match(x, '[0-9A-Fa-f]*')",
    "_account_try_unhex(x) AS CASE WHEN _account_is_hex(x) THEN unhex(x) END",
    "_account_unhex(x) AS CASE WHEN coalesce(_account_is_hex(x), true) THEN unhex(x)"
    " ELSE CAST(error('The following string is not a legal hex-encoded value: ''' || x || '''')"
    " AS BLOB) END",
    # In lines, as `encoded` writes them.
    "_account_in_one_line(x) AS replace(replace(x, chr(10), ''), chr(13), '')",
    "_account_is_base64(x) AS regexp_full_match(x, '([A-Za-z0-9+/]{{4}})*([A-Za-z0-9+/]{{2}}=="
    "|[A-Za-z0-9+/]{{3}}=)?')",
    "_account_try_unbase64(x) AS CASE WHEN _account_is_base64(_account_in_one_line(x))"
    " THEN from_base64(_account_in_one_line(x)) END",
    "_account_unbase64(x) AS CASE WHEN coalesce(_account_is_base64(_account_in_one_line(x)), true)"
    " THEN from_base64(_account_in_one_line(x)) ELSE CAST(error("
    "'The following string is not a legal base64-encoded value: ''' || x || '''') AS BLOB) END",
    # What was written as x. The engine tries nothing that may be an error of ours.
    "_account_decoded(b, x) AS list_transform([b], lambda each: CASE WHEN each IS NULL"
    " OR TRY(decode(each)) IS NOT NULL THEN decode(each)"
    " ELSE error('Invalid UTF8 detected while decoding ''' || x || '''') END)[1]",
    "_account_rounded(n) AS CAST(round(CAST(n AS DOUBLE)) AS BIGINT)",
    "_account_hex(digits, n) AS CASE _account_rounded(n) WHEN 1 THEN digits"
    " WHEN 0 THEN lower(digits) ELSE CASE WHEN n IS NOT NULL"
    " THEN error('Numeric value is out of range, error: ' || _account_rounded(n)) END END",
    "_account_base64_lines(b, n, signs) AS _account_base64(b, _account_rounded(n), signs)",
    "_account_pairs(h) AS regexp_extract_all(h, '..')",
    "_account_bytes_left(b, n) AS unhex(left(hex(b), CAST(2 * greatest(n, 0) AS BIGINT)))",
    "_account_bytes_right(b, n) AS unhex(right(hex(b), CAST(2 * greatest(n, 0) AS BIGINT)))",
    "_account_bytes_from(b, p) AS CASE WHEN p = 0 THEN 1 WHEN p > 0 THEN p"
    " WHEN p + octet_length(b) >= 0 THEN p + octet_length(b) + 1 ELSE octet_length(b) + 1 END",
    "_account_bytes_part(b, p, n) AS unhex(substr(hex(b),"
    " CAST(2 * _account_bytes_from(b, p) - 1 AS BIGINT), CAST(2 * greatest(n, 0) AS BIGINT)))",
    "_account_bytes_reversed(b) AS"
    " unhex(array_to_string(list_reverse(_account_pairs(hex(b))), ''))",
    # Where it is found from a place on, which is 1 of the first byte; 0 where it is not.
    "_account_bytes_position(p, b, n) AS CASE WHEN p IS NOT NULL AND n IS NOT NULL THEN"
    " coalesce(list_filter(range(CAST(n AS BIGINT), octet_length(b) - octet_length(p) + 2),"
    " lambda i: substr(hex(b), 2 * i - 1, 2 * octet_length(p)) = hex(p))[1], 0) END",
    "_account_bytes_pad(p, n) AS"
    " left(repeat(hex(p), CAST(ceil(n / greatest(octet_length(p), 1)) AS BIGINT)), 2 * n)",
    "_account_bytes_lpad(b, n, p) AS CASE WHEN n <= octet_length(b) THEN _account_bytes_left(b, n)"
    " ELSE unhex(_account_bytes_pad(p, CAST(n AS BIGINT) - octet_length(b)) || hex(b)) END",
    "_account_bytes_rpad(b, n, p) AS CASE WHEN n <= octet_length(b) THEN _account_bytes_left(b, n)"
    " ELSE unhex(hex(b) || _account_bytes_pad(p, CAST(n AS BIGINT) - octet_length(b))) END",
    "_account_bytes_not(b) AS CASE WHEN octet_length(b) = 0 THEN b"
    " ELSE CAST(~CAST(b AS BIT) AS BLOB) END",
    # There are no bits of no bytes to the engine.
    *(
        f"_account_bytes_{name}(a, b) AS CASE WHEN octet_length(a) <> octet_length(b)"
        f" THEN CAST(error({_DIFFERENT}) AS BLOB) WHEN octet_length(a) = 0 THEN b"
        f" ELSE CAST({bits} AS BLOB) END"
        for name, bits in (
            ("and", "CAST(a AS BIT) & CAST(b AS BIT)"),
            ("or", "CAST(a AS BIT) | CAST(b AS BIT)"),
            ("xor", "xor(CAST(a AS BIT), CAST(b AS BIT))"),
        )
    ),
    # As long as the other one.
    *(
        f"_account_bytes_zeros_{side}(b, other) AS CASE WHEN octet_length(b) < octet_length(other)"
        f" THEN unhex({side[0]}pad(hex(b), CAST(2 * octet_length(other) AS INTEGER), '0'))"
        " ELSE b END"
        for side in ("left", "right")
    ),
)


def encoded(data: bytes, length: int, signs: str) -> str:
    """Base64 in lines of so many characters, in one where that is not positive."""
    digits = base64.b64encode(data).decode().translate(str.maketrans(_STANDARD, _alphabet(signs)))
    if length <= 0:
        return digits
    return "\n".join(digits[at : at + length] for at in range(0, len(digits), length))


def decoded(text: str, signs: str) -> bytes:
    """What is written so. Raises ValueError for what is not."""
    alphabet = _alphabet(signs)
    plain = "".join(text.split())
    wanted = f"[A-Za-z0-9{re.escape(alphabet[:2])}]*{re.escape(alphabet[2])}{{0,2}}"
    if not re.fullmatch(wanted, plain, re.ASCII) or len(plain) % 4:
        raise ValueError(f"The following string is not a legal base64-encoded value: '{text}'")
    return base64.b64decode(plain.translate(str.maketrans(alphabet, _STANDARD)))


def _alphabet(signs: str) -> str:
    """What stands for `+`, `/` and `=`: as many of them as are given."""
    if len(signs) > len(_STANDARD):
        raise ValueError(
            f"String '{signs}' is too long and would be truncated in 'Base64 custom characters'"
        )
    alphabet = signs + _STANDARD[len(signs) :]
    if len(set(alphabet)) < len(alphabet) or re.search("[A-Za-z0-9]", alphabet):
        raise ValueError(f"Invalid Base64 custom alphabet or padding characters: '{signs}'")
    return alphabet


# The functions that read a text, and whether what they read is a text again.
_DECODERS: dict[type[Expr], tuple[str, bool]] = {
    exp.Base64DecodeBinary: ("_account_unbase64", False),
    exp.Base64DecodeString: ("_account_unbase64", True),
    exp.HexDecodeString: ("_account_unhex", True),
    exp.TryBase64DecodeBinary: ("_account_try_unbase64", False),
    exp.TryBase64DecodeString: ("_account_try_unbase64", True),
    exp.TryHexDecodeBinary: ("_account_try_unhex", False),
    exp.TryHexDecodeString: ("_account_try_unhex", True),
    exp.Unhex: ("_account_unhex", False),
}
_NAMES = {True: "BASE64_DECODE_STRING", False: "BASE64_DECODE_BINARY"}
# What reads bytes where it gets such: its macro, and the arguments.
_OF_BYTES: dict[type[Expr], tuple[str, tuple[str, ...]]] = {
    exp.BitLength: ("octet_length", ("this",)),
    exp.Contains: ("position", ("expression", "this")),
    exp.EndsWith: ("right", ("this", "expression")),
    exp.Left: ("left", ("this", "expression")),
    exp.Pad: ("pad", ("this", "expression", "fill_pattern")),
    exp.Reverse: ("reversed", ("this",)),
    exp.Right: ("right", ("this", "expression")),
    exp.StartsWith: ("left", ("this", "expression")),
    exp.StrPosition: ("position", ("substr", "this", "position")),
    exp.Substring: ("part", ("this", "start", "length")),
}
_BITS: dict[type[Expr], str] = {
    exp.BitwiseAnd: "and", exp.BitwiseNot: "not", exp.BitwiseOr: "or", exp.BitwiseXor: "xor",
}  # fmt: skip
# What Snowflake makes of bytes here is not to be had.
_REFUSED: dict[type[Expr], str] = {
    exp.ConcatWs: "CONCAT_WS", exp.GroupConcat: "LISTAGG", exp.Stuff: "INSERT",
}  # fmt: skip
KINDS: tuple[type[Expr], ...] = (
    exp.Base64Encode, exp.ByteLength, exp.Hex, *_DECODERS, *_OF_BYTES, *_BITS, *_REFUSED,
)  # fmt: skip


def functions(node: Expr) -> Expr:
    """Texts of bytes, and the other way round."""
    if type(node) in _OF_BYTES:
        made = _of_bytes(node) if _is_binary(node.this) else node
    elif type(node) in _BITS:
        made = _bits(node)
    elif type(node) in _REFUSED:
        if any(map(_is_binary, argument_types.read_texts(node))):
            raise errors.unsupported(f"{_REFUSED[type(node)]} of a BINARY")
        made = node
    elif isinstance(node, exp.Hex):
        made = _hexadecimal(node)
    elif isinstance(node, exp.Base64Encode):
        made = _base64(node)
    elif isinstance(node, exp.ByteLength):
        node.set("this", as_bytes(node.this))
        made = node
    elif type(node) in _DECODERS:
        made = _decoded(node)
    else:
        return node
    made.type = node.type
    return made


def as_bytes(value: Expr) -> Expr:
    """A value's own bytes, or those of its text in UTF-8."""
    if _is_binary(value) or isinstance(value, exp.Anonymous | exp.ToBinary):
        return value
    return _call("encode", exp.cast(value, "VARCHAR", dialect="duckdb"))


def _of_bytes(node: Expr) -> Expr:
    name, keys = _OF_BYTES[type(node)]
    values = [node.args.get(key) for key in keys]
    if isinstance(node, exp.BitLength):
        return exp.Mul(this=_call(name, node.this), expression=exp.Literal.number(8))
    if isinstance(node, exp.Pad):
        name = "lpad" if node.args.get("is_left") else "rpad"
    if isinstance(node, exp.Substring):
        values[2] = values[2] or _call("octet_length", node.this.copy())
    if isinstance(node, exp.StartsWith | exp.EndsWith):
        values[1] = _call("octet_length", node.expression.copy())
    if isinstance(node, exp.Contains | exp.StrPosition):
        values[2:] = [each or exp.Literal.number(1) for each in [*values, None][2:3]]
    made = _call(f"_account_bytes_{name}", *(each for each in values if each is not None))
    if isinstance(node, exp.StartsWith | exp.EndsWith):
        return exp.paren(exp.EQ(this=made, expression=node.expression))
    if isinstance(node, exp.Contains):
        return exp.paren(exp.GT(this=made, expression=exp.Literal.number(0)))
    return made


def _bits(node: Expr) -> Expr:
    """BITAND, BITOR and BITXOR(value, value[, the side where the shorter BINARY has zeros]), BITNOT

    https://docs.snowflake.com/en/sql-reference/functions/bitand
    """
    name, values = f"_account_bytes_{_BITS[type(node)]}", [node.this]
    if isinstance(node, exp.BitwiseNot):
        return _call(name, node.this) if _is_binary(node.this) else node
    values.append(node.expression)
    side = node.args.get("padside")
    if not any(map(_is_binary, values)):
        if side is not None:
            raise errors.unsupported(f"{_BIT_NAMES[type(node)]} of numbers with a side")
        return node
    for each in values:
        if not _is_binary(each) and not isinstance(each, exp.Null):
            raise argument_types.invalid(_BIT_NAMES[type(node)], each)
    values = [
        exp.cast(each, "BLOB", dialect="duckdb") if isinstance(each, exp.Null) else each
        for each in values
    ]
    if side is None:
        return _call(name, *values)
    if side.name.upper() not in ("LEFT", "RIGHT") or not side.is_string:
        raise errors.unsupported(f"the side {side.sql('snowflake')[:100]} of bits")
    zeros = f"_account_bytes_zeros_{side.name.lower()}"
    left, right = values
    return _call(name, _call(zeros, left.copy(), right.copy()), _call(zeros, right, left))


_BIT_NAMES: dict[type[Expr], str] = {
    exp.BitwiseAnd: "BITAND", exp.BitwiseOr: "BITOR", exp.BitwiseXor: "BITXOR",
}  # fmt: skip


def _hexadecimal(node: exp.Hex) -> Expr:
    """HEX_ENCODE(value[, 1 for capital letters or 0 for small ones])

    https://docs.snowflake.com/en/sql-reference/functions/hex_encode
    """
    if not _is_binary(node.this):
        text = engine_functions.as_text(node.this) or node.this
        node.set("this", exp.cast(text, "VARCHAR", dialect="duckdb"))
    case = node.args.get("case")
    if case is None or case == exp.Literal.number(1):
        node.set("case", None)
        return node
    digits = exp.Hex(this=node.this)
    if case == exp.Literal.number(0):
        return exp.Lower(this=digits)
    return _call("_account_hex", digits, case)


def _base64(node: exp.Base64Encode) -> Expr:
    """BASE64_ENCODE(value[, most characters of a line[, signs for + / and =]])

    https://docs.snowflake.com/en/sql-reference/functions/base64_encode
    """
    data, length, signs = as_bytes(node.this), node.args.get("max_line_length"), _signs(node)
    if length is not None:
        _check_constant("BASE64_ENCODE", 2, length)
    if signs is not None:
        _check_constant("BASE64_ENCODE", 3, signs)
    if length is None and signs is None:
        return _call("to_base64", data)
    size = _number(length) if length is not None else Decimal(0)
    if size is not None and size == size.to_integral_value() and not 0 <= size <= _MOST:
        said = "unexpected argument [maximum line length] at position 2,"
        text = f"invalid argument for function [BASE64_ENCODE] {said}"
        raise errors.compilation(errors.COMPILATION, text)
    length, signs = length or exp.Literal.number(0), signs or exp.Literal.string(_STANDARD)
    return _call("_account_base64_lines", data, length, signs)


def _signs(node: Expr) -> Expr | None:
    signs = node.args.get("alphabet")
    return signs if isinstance(signs, Expr) else None


def _number(value: Expr) -> Decimal | None:
    """A number as it is written; None of anything else."""
    sign = -1 if isinstance(value, exp.Neg) else 1
    bare = value.this if isinstance(value, exp.Neg) else value
    return sign * Decimal(bare.name) if bare.is_number and isinstance(bare, exp.Literal) else None


def _check_constant(function: str, place: int, value: Expr) -> None:
    if value.find(exp.Column, exp.Query):
        found = value.sql("snowflake")[:100]
        text = f"argument {place} to function {function} needs to be constant, found '{found}'"
        raise errors.compilation(errors.NOT_CONSTANT, text)


def _decoded(node: Expr) -> Expr:
    """https://docs.snowflake.com/en/sql-reference/functions/hex_decode_string
    https://docs.snowflake.com/en/sql-reference/functions/base64_decode_string"""
    function, is_text = _DECODERS[type(node)]
    text = node.this
    made: Expr = _call(function, text.copy())
    if (signs := _signs(node)) is not None:
        _check_constant(_NAMES[is_text], 2, signs)
        made = _call("_account_of_base64", text.copy(), signs)
    if type(node).__name__.startswith("Try"):
        return _call("TRY", _call("decode", made) if is_text else made)
    return _call("_account_decoded", made, text) if is_text else made


def _is_binary(value: Expr) -> bool:
    return value.type is not None and value.type.this in _BINARY_TYPES


def _call(name: str, *arguments: Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))

"""What a text comes down to: its SHA2 digests of all sizes, and SOUNDEX.

https://docs.snowflake.com/en/sql-reference/functions/sha2
https://docs.snowflake.com/en/sql-reference/functions/soundex
"""

import hashlib
import re

import duckdb
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.objects import call

KINDS = (exp.SHA2, exp.SHA2Digest, exp.Anonymous, exp.Soundex)
_SIZES = {"0": 256, "224": 224, "256": 256, "384": 384, "512": 512}
_CODES = str.maketrans("BFPVCGJKQSXZDTLMNR", "111122222222334556")


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rewrites call the functions below."""
    connection.create_function("_account_sha2", sha2, ["BLOB", "BIGINT"], "VARCHAR")
    connection.create_function("_account_soundex", soundex, ["VARCHAR"], "VARCHAR")


def sha2(data: bytes, size: int) -> str:
    """A digest of so many bits, as hexadecimal digits."""
    return hashlib.new(f"sha{size}", data).hexdigest()


def soundex(text: str) -> str:
    """A text's first letter, and three digits for the consonants behind it. Of letters with one
    digit beside each other, or with H or W between them, the first one counts."""
    letters = re.sub("[^A-Z]", "", text.upper())
    if not letters:
        return ""
    codes = letters[0] + re.sub("[HW]", "", letters[1:])
    digits = re.sub(r"(\d)\1+", r"\1", codes.translate(_CODES))
    rest = re.sub(r"\D", "", digits[1:])
    first = next(each for each in text if each.upper() == letters[0])
    return f"{first}{rest}000"[:4]


def functions(node: Expr) -> Expr:
    """SHA2, SHA2_HEX and SHA2_BINARY of any size, and SOUNDEX."""
    if isinstance(node, exp.Soundex):
        return call("_account_soundex", exp.cast(node.this, "VARCHAR", dialect="duckdb"))
    name = node.name.upper() if isinstance(node, exp.Anonymous) else ""
    if not (isinstance(node, exp.SHA2 | exp.SHA2Digest) or name in ("SHA2_HEX", "SHA2_BINARY")):
        return node
    value, size = [*node.expressions, None][:2] if name else (node.this, node.args.get("length"))
    size = size or exp.Literal.number(256)
    if not isinstance(size, exp.Literal) or size.name not in _SIZES:
        raise errors.unsupported(f"SHA2 with the digest size {size.sql('snowflake')[:100]}")
    if value.type is None or value.type.this not in (exp.DType.BINARY, exp.DType.VARBINARY):
        value = call("encode", exp.cast(value, "VARCHAR", dialect="duckdb"))
    made = call("_account_sha2", value, exp.Literal.number(_SIZES[size.name]))
    is_binary = isinstance(node, exp.SHA2Digest) or name == "SHA2_BINARY"
    return call("unhex", made) if is_binary else made

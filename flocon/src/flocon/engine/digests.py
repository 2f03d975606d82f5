"""What a text comes down to: its SHA2 digests of all sizes, SOUNDEX, how far it is from another.

https://docs.snowflake.com/en/sql-reference/functions/sha2
https://docs.snowflake.com/en/sql-reference/functions/soundex
https://docs.snowflake.com/en/sql-reference/functions/soundex_p123
"""

import hashlib
import re

import duckdb
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.objects import call

KINDS = (
    exp.SHA2, exp.SHA2Digest, exp.Anonymous, exp.MD5NumberLower64, exp.MD5NumberUpper64,
    exp.Soundex, exp.SoundexP123,
)  # fmt: skip
_SIZES = {"0": 256, "224": 224, "256": 256, "384": 384, "512": 512}
_CODES = str.maketrans("BFPVCGJKQSXZDTLMNR", "111122222222334556")


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rewrites call the functions below."""
    connection.create_function("_account_sha2", sha2, ["BLOB", "BIGINT"], "VARCHAR")
    text = "VARCHAR"
    connection.create_function("_account_soundex", soundex, [text, "BOOLEAN"], text)
    connection.create_function("_account_levenshtein", levenshtein, [text, text], "BIGINT")
    connection.create_function("_account_jaro_winkler", jaro_winkler, [text, text], "DOUBLE")


# The engine's count bytes: of other letters than those of ASCII, Python counts characters.
MACROS = tuple(
    f"_account_{name}(a, b) AS CASE WHEN strlen(a) = length(a) AND strlen(b) = length(b)"
    f" THEN {engine}(a, b) ELSE {python}(a, b) END"
    for name, engine, python in (
        ("distance", "levenshtein", "_account_levenshtein"),
        ("similarity", "jaro_winkler_similarity", "_account_jaro_winkler"),
    )
) + tuple(
    f"_account_md5_{half}(x) AS CAST(CAST('0x' || substr(md5(x), {start}, 16) AS UBIGINT)"
    " AS DECIMAL(38, 0))"
    for half, start in (("upper", 1), ("lower", 17))
)


def levenshtein(one: str, other: str) -> int:
    """How many characters have to be put in, taken out or replaced."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        before, row[0] = row[0], place
        for index, each in enumerate(other, start=1):
            changed = before + (letter != each)
            before, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, changed)
    return row[-1]


def jaro_winkler(one: str, other: str) -> float:
    """1 of equal texts, 0 of such as have nothing in common."""
    reach = max(max(len(one), len(other)) // 2 - 1, 0)
    taken: list[int] = []
    matched = []
    for place, letter in enumerate(one):
        near = range(max(0, place - reach), min(len(other), place + reach + 1))
        found = next((i for i in near if i not in taken and other[i] == letter), None)
        if found is not None:
            taken.append(found)
            matched.append(letter)
    if not matched:
        return 0.0
    moved = sum(a != other[i] for a, i in zip(matched, sorted(taken), strict=True)) // 2
    count = len(matched)
    jaro = (count / len(one) + count / len(other) + (count - moved) / count) / 3
    pairs = zip(one[:4], other[:4], strict=False)
    prefix = next((i for i, (a, b) in enumerate(pairs) if a != b), min(4, len(one), len(other)))
    return jaro + prefix * 0.1 * (1 - jaro) if jaro > _SIMILAR else jaro


# Only of such a beginning in common counts.
_SIMILAR = 0.7


def sha2(data: bytes, size: int) -> str:
    """A digest of so many bits, as hexadecimal digits."""
    return hashlib.new(f"sha{size}", data).hexdigest()


def soundex(text: str, keeps_second: bool) -> str:
    """A text's first letter, and three digits for the consonants behind it. Of letters with one
    digit beside each other, or with H or W between them, the first one counts. keeps_second: one
    that has the first letter's digit counts, too, as of SOUNDEX_P123.

    Raises ValueError for letters that are not of ASCII: Snowflake's page takes them, and does not
    say for what.
    """
    if any(each.isalpha() and not each.isascii() for each in text):
        raise ValueError("Unsupported feature 'SOUNDEX of letters that are not of ASCII'.")
    letters = re.sub("[^A-Z]", "", text.upper())
    if not letters:
        return ""
    codes = letters[0] + re.sub("[HW]", "", letters[1:])
    translated = codes.translate(_CODES)
    if keeps_second:
        translated = f" {translated[1:]}"
    digits = re.sub(r"(\d)\1+", r"\1", translated)
    rest = re.sub(r"\D", "", digits[1:])
    first = next(each for each in text if each.upper() == letters[0])
    return f"{first}{rest}000"[:4]


def functions(node: Expr) -> Expr:
    """SHA2, SHA2_HEX and SHA2_BINARY of any size, halves of MD5 as numbers, and SOUNDEX."""
    if isinstance(node, exp.MD5NumberLower64 | exp.MD5NumberUpper64):
        half = "lower" if isinstance(node, exp.MD5NumberLower64) else "upper"
        return call(f"_account_md5_{half}", exp.cast(node.this, "VARCHAR", dialect="duckdb"))
    if isinstance(node, exp.Soundex | exp.SoundexP123):
        keeps_second = exp.Boolean(this=isinstance(node, exp.SoundexP123))
        text = exp.cast(node.this, "VARCHAR", dialect="duckdb")
        return call("_account_soundex", text, keeps_second)
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

"""VARIANTs in order: BOOLEANs, numbers, texts, objects, arrays, the null of JSON, one after the
other.

Of each VARIANT Python makes bytes that are in the order of what they are made of, which the engine
sorts and compares. Of numbers the value tells, with all of its digits, and of texts their code
points. Arrays go element by element; objects member by member, their keys in order, where the
larger key comes first; what is the beginning of another one comes before it.

Snowflake's pages leave it open; it was measured on an account that was live.

https://docs.snowflake.com/en/sql-reference/constructs/order-by
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType
from sqlglot import Expr, exp

from flocon.core import variant_marks as marks

RANK = "_account_rank"
REFUSED = "the order of arrays with a NULL among their elements, or of a text that is no JSON"
INFINITE = (
    "the type or the order of a text in a VARIANT that may be an infinity or NaN: cast it first,"
    " as in x::FLOAT"
)
UNTYPED = "ordering a VARIANT of which no type is known: cast it first, as in x::INT"
MACROS = (
    # The engine knows the type where the statement does not tell it.
    f"_account_no_variant(x) AS CASE WHEN typeof(x) = 'JSON'"
    f" AND CAST('{UNTYPED}' || CAST(x AS VARCHAR) AS TINYINT) = 0 THEN NULL ELSE x END",
    f"{RANK}(x) AS _account_rank_of(CAST(to_json(x) AS VARCHAR))",
    # Of a list, with what stands for its values: NULL where one of them is. A HAVING takes no
    # lambda.
    *(
        f"_account_{name}_of(l, r) AS CASE WHEN list_count(r) = len(r)"
        f" THEN l[list_position(r, list_{name}(r))] END"
        for name in ("max", "min")
    ),
)
_END, _MORE = b"\0", b"\1"
_INVERTED = bytes(range(255, -1, -1))


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the macros ask."""
    connection.create_function(
        "_account_rank_of",
        _ranks,
        ["VARCHAR"],
        "BLOB",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def rank(value: Expr) -> Expr:
    """What stands for a VARIANT where it is compared with another one, or put in order."""
    made = exp.Anonymous(this=RANK, expressions=[value])
    made.type = exp.DataType.build("BINARY")
    return made


def none(value: Expr) -> Expr:
    """What is put in order and has no known type: where it is a VARIANT, it is refused."""
    return exp.Anonymous(this="_account_no_variant", expressions=[value])


def named(query: Expr) -> Iterator[int | str]:
    """What a query's ORDER BY takes from among its columns: their places, from 0, and names."""
    order = query.args.get("order")
    for key in (each.this for each in order.expressions) if order else ():
        if isinstance(key, exp.Literal) and key.is_int:
            yield int(key.name) - 1
        elif isinstance(key, exp.Column) and not key.table:
            yield key.name


def is_rank(node: Expr | None) -> bool:
    return isinstance(node, exp.Anonymous) and node.name == RANK


def extreme(node: Expr) -> Expr:
    """MIN and MAX of VARIANTs."""
    form = exp.ArgMax if isinstance(node, exp.Max) else exp.ArgMin
    value = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    made = form(this=value, expression=rank(value.copy()))
    made.type = node.type
    return made


def chosen(node: Expr) -> Expr:
    """GREATEST and LEAST of VARIANTs."""
    name = "_account_max_of" if isinstance(node, exp.Greatest) else "_account_min_of"
    values = [node.this, *node.expressions]
    lists = (values, [rank(value.copy()) for value in values])
    listed = [exp.Anonymous(this="list_value", expressions=each) for each in lists]
    made = exp.Anonymous(this=name, expressions=listed)
    made.type = exp.DataType.build("VARIANT")
    return made


def _ranks(documents: pa.Array) -> pa.Array:
    return pa.array(
        [None if text is None else rank_of(text) for text in documents.to_pylist()], pa.binary()
    )


def rank_of(document: str) -> bytes:
    """Bytes that are in the order of the VARIANTs that JSON is of. Raises ValueError, with what is
    refused, for an array that holds a NULL and for what may be an infinity."""
    try:
        value = _DECODER.decode(document)
    except (ValueError, RecursionError):
        raise ValueError(REFUSED) from None
    return _rank(value)


def _number(token: str) -> Decimal:
    if token == marks.UNDEFINED:
        raise ValueError(token)
    return Decimal(marks.digits_of(token))


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=Decimal)


def _rank(value: Any) -> bytes:
    if value is None:
        return b"\6"
    if isinstance(value, bool):
        return b"\1\1" if value else b"\1\0"
    if isinstance(value, Decimal):
        return b"\2" + _rank_of_number(value)
    if isinstance(value, str):
        if value in ("inf", "-inf", "NaN"):
            raise ValueError(INFINITE)
        return b"\3" + _rank_of_text(value)
    if isinstance(value, dict):
        members = (_rank_of_key(key) + _rank(value[key]) for key in sorted(value))
        return b"\4" + b"".join(_MORE + each for each in members) + _END
    return b"\5" + b"".join(_MORE + _rank(each) for each in value) + _END


def _rank_of_number(value: Decimal) -> bytes:
    """Its sign, its magnitude, its digits; of negative numbers the larger ones come first."""
    if not value:
        return b"\1"
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0")
    size = (value.adjusted() + (1 << 63)).to_bytes(8) + digits.encode() + _END
    return b"\0" + size.translate(_INVERTED) if value < 0 else b"\2" + size


def _rank_of_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\xff") + b"\0\0"


def _rank_of_key(key: str) -> bytes:
    return _rank_of_text(key).translate(_INVERTED)

"""The sizes that a type may name, in a cast, a column or anywhere else.

https://docs.snowflake.com/en/sql-reference/data-types-numeric
https://docs.snowflake.com/en/sql-reference/data-types-text
https://docs.snowflake.com/en/sql-reference/data-types-datetime
"""

from sqlglot import exp

from flocon.core import errors
from flocon.engine import moments
from flocon.engine.types import TEXT_TYPES

_BINARIES = (exp.DType.BINARY, exp.DType.VARBINARY)
# Of a kind of type, in their order: what the size is called, the least and the most.
_Bounds = tuple[tuple[str, int, int], ...]
_BOUNDS: dict[exp.DType, _Bounds] = {
    exp.DType.DECIMAL: (("number precision", 0, 38), ("number scale", 0, 37)),
    exp.DType.TIME: (("time scale", 0, 9),),
    **dict.fromkeys(TEXT_TYPES, (("character length", 1, 134_217_728),)),
    **dict.fromkeys(_BINARIES, (("binary length", 1, 67_108_864),)),
    **{kind: (("timestamp scale", 0, 9),) for kind in moments.KINDS if kind is not exp.DType.TIME},
}


def check(kind: exp.DataType) -> None:
    """Raise 001007 for a type with a size that there is not, before anything is done."""
    sizes = [int(each.name) for each in kind.expressions if each.name.isdigit()]
    for size, (name, least, most) in zip(sizes, _BOUNDS.get(kind.this, ()), strict=False):
        if not least <= size <= most:
            raise errors.SnowflakeError(
                errors.COMPILATION,
                f"SQL compilation error:\nInvalid {name}: {size:,}."
                f" Must be between {least} and {most:,}.",
            )
    if kind.this == exp.DType.DECIMAL and len(sizes) == 2 and sizes[1] > sizes[0]:
        raise errors.SnowflakeError(
            errors.COMPILATION,
            f"SQL compilation error:\ninvalid data type specification ({sizes[1]}>{sizes[0]})",
        )

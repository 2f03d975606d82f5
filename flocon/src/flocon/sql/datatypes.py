"""Snowflake's data types as written in a procedure's signature, under their one canonical name."""

from dataclasses import dataclass

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql.tokens import Tokens

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "VARCHAR": (
        "CHAR", "CHARACTER", "CHAR VARYING", "NCHAR", "NVARCHAR", "NVARCHAR2", "STRING", "TEXT",
    ),
    "NUMBER": (
        "DECIMAL", "DEC", "NUMERIC", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT",
    ),
    "FLOAT": ("FLOAT4", "FLOAT8", "DOUBLE", "DOUBLE PRECISION", "REAL"),
    "BOOLEAN": (),
    "DATE": (),
    "TIME": (),
    "TIMESTAMP_NTZ": ("TIMESTAMPNTZ", "TIMESTAMP", "DATETIME"),
    "TIMESTAMP_LTZ": ("TIMESTAMPLTZ",),
    "TIMESTAMP_TZ": ("TIMESTAMPTZ",),
    "BINARY": ("VARBINARY",),
    "VARIANT": (),
    "OBJECT": (),
    "ARRAY": (),
}  # fmt: skip
_CANONICAL = {word: base for base, synonyms in _SYNONYMS.items() for word in (base, *synonyms)}
_SIZED = frozenset(
    {"VARCHAR", "NUMBER", "TIME", "BINARY", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}
)
_SEMI_STRUCTURED = frozenset({"VARIANT", "OBJECT", "ARRAY"})
_TIMESTAMPS = frozenset({"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})


@dataclass(frozen=True)
class DataType:
    """A type under its canonical name with its sizes: NUMBER(10,2) is ("NUMBER", (10, 2))."""

    base: str
    sizes: tuple[int, ...] = ()

    @property
    def scale(self) -> int:
        """Digits after the point of a NUMBER."""
        return self.sizes[1] if self.base == "NUMBER" and len(self.sizes) > 1 else 0

    @property
    def precision(self) -> int:
        """Digits of a NUMBER."""
        return self.sizes[0] if self.base == "NUMBER" and self.sizes else 38

    @property
    def semi_structured(self) -> bool:
        return self.base in _SEMI_STRUCTURED

    @property
    def timestamp(self) -> bool:
        return self.base in _TIMESTAMPS

    def __str__(self) -> str:
        if self.base == "NUMBER":
            return f"NUMBER({self.precision},{self.scale})"
        sizes = ",".join(str(size) for size in self.sizes)
        return f"{self.base}({sizes})" if sizes else self.base


def data_type(tokens: Tokens) -> DataType:
    """One data type, any of Snowflake's names for it; a type a procedure cannot have is refused."""
    token = tokens.next()
    word = " ".join(token.text.upper().split())
    if token.token_type == TokenType.STRING:
        raise errors.syntax(token.start, token.text)
    if word not in _CANONICAL:
        raise errors.compilation(errors.DATA_TYPE, f"Unsupported data type '{word}'.")
    base = _CANONICAL[word]
    if word == "DOUBLE":
        tokens.accept("PRECISION")
    return DataType(base, _sizes(tokens, base))


def parse_data_type(text: str) -> DataType:
    """The type that `str` of a DataType wrote."""
    return data_type(Tokens(text))


def _sizes(tokens: Tokens, base: str) -> tuple[int, ...]:
    if not tokens.peek("("):
        return ()
    if base in _SEMI_STRUCTURED:
        raise errors.unsupported(f"structured {base}")
    if base not in _SIZED:
        raise tokens.unexpected()
    tokens.expect("(")
    sizes = [tokens.number()]
    while tokens.accept(","):
        sizes.append(tokens.number())
    tokens.expect(")")
    return tuple(sizes)

"""Functions whose values others compute, outside of DuckDB: it hands over batches of rows.

DuckDB knows a few functions of its own for that, one for each type that values may have: what is
registered later would be missing in a transaction that is open. Their first argument is the number
of the call that they are for.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL
from sqlglot import Expr, exp

from flocon.core.timestamp_tz import ENGINE_TYPE

# The columns of arguments in, the column of values out.
Answer = Callable[[Sequence[pa.Array]], pa.Array]

_PREFIX = "_account_user_function_"
# DuckDB's types of values, and Snowflake's.
_TYPES = {
    "DECIMAL(38,0)": "DECIMAL(38, 0)",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "TEXT",
    "BOOLEAN": "BOOLEAN",
    "BLOB": "BINARY",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMPNTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPLTZ",
    ENGINE_TYPE: "TIMESTAMPTZ",
}


def _name(kind: str) -> str:
    return _PREFIX + kind.partition("(")[0].replace(" ", "_").lower()


_KINDS = {_name(kind): exp.DataType.build(known) for kind, known in _TYPES.items()}


class UserFunctions:
    """The calls that statements make now. Thread-safe: DuckDB asks from several threads."""

    def __init__(self) -> None:
        self._answers: dict[int, Answer] = {}
        self._lock = threading.Lock()

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        for kind in _TYPES:
            connection.create_function(
                _name(kind),
                self._answer,
                None,
                kind,
                type=ARROW,
                null_handling=SPECIAL,
                # A function is called for every row, and not while a statement is planned.
                side_effects=True,
            )

    @contextmanager
    def answered(self, answer: Answer) -> Iterator[int]:
        """The number of a call, until the block's end. It is random: no statement guesses that of
        another one."""
        number = secrets.randbits(62)
        with self._lock:
            self._answers[number] = answer
        try:
            yield number
        finally:
            with self._lock:
                del self._answers[number]

    def _answer(self, *columns: pa.ChunkedArray) -> pa.Array:
        # DuckDB wants as many arguments as are named here.
        call, *columns_of_arguments = columns
        number: int = call[0].as_py() if len(call) else -1
        with self._lock:
            answer = self._answers.get(number)
        if answer is None:
            raise LookupError("no such call")
        return answer([_whole(column) for column in columns_of_arguments or (call,)])


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def call(number: int, arguments: Sequence[Expr], kind: str) -> Expr:
    """The expression of a call; kind: DuckDB's type of its value. Without arguments, the answer
    gets the column of the number, which has as many rows."""
    name = _name(kind)
    made = exp.Anonymous(
        this=name,
        expressions=[exp.Literal.number(number), *arguments],
    )
    made.type = _KINDS[name].copy()
    return made


def kind(node: Expr) -> exp.DataType | None:
    """The type of a call, None for any other expression."""
    return _KINDS.get(node.name) if isinstance(node, exp.Anonymous) else None

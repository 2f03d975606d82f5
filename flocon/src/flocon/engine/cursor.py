"""fakesnow's cursor, for the statements that it does well: DDL, SHOW, DESCRIBE, stages."""

from typing import Any

import duckdb
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import transforms as fs
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import lengths
from flocon.engine.types import compress, strip_lengths, zoned_column
from flocon.sql.tokens import checked_without_quotes

# What a CREATE TABLE mostly consists of, and those of fakesnow's 76 transforms that change it: each
# walks the whole tree.
_PLAIN = frozenset(
    (
        exp.Boolean, exp.ColumnConstraint, exp.ColumnDef, exp.CommentColumnConstraint, exp.Create,
        exp.DataType, exp.DataTypeParam, exp.DefaultColumnConstraint, exp.Identifier, exp.Literal,
        exp.Neg, exp.NotNullColumnConstraint, exp.Null, exp.Properties, exp.Schema,
        exp.SchemaCommentProperty, exp.Table,
    )
)  # fmt: skip
_OF_PLAIN_TABLES = (
    fs.upper_case_unquoted_identifiers,
    fs.extract_comment_on_table,
    fs.information_schema_fs,
    fs.semi_structured_types,
    fs.timestamp_ntz,
    fs.float_to_double,
    fs.integer_precision,
    fs.extract_text_length,
)


class OneAtATime:
    """DuckDB's connection for fakesnow, which puts names and texts into SQL as they are: what ends
    a statement and begins another one is not run."""

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        self._duck = duck

    def execute(self, sql: str, *more: Any) -> Any:
        if len(self._duck.extract_statements(sql)) > 1:
            raise errors.unsupported("a name or text that would be a statement of its own")
        return self._duck.execute(sql, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._duck, name)


class Cursor(FakeSnowflakeCursor):
    """Runs trees instead of texts, and corrects what fakesnow would write wrongly."""

    def __init__(self, connection: Any, duck: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection, OneAtATime(duck))  # type: ignore[arg-type]  # a stand-in

    def run(self, tree: Expr, binds: list[Any]) -> Expr:
        """Execute a parsed statement; returns what fakesnow made of it."""
        _check_names(tree)
        self.check_db_and_schema(tree)
        if isinstance(tree, exp.Create | exp.Alter):
            # A column may have a name that DuckDB reserves.
            for column in tree.find_all(exp.ColumnDef):
                column.this.set("quoted", True)
            lengths.hold_defaults(tree)
            strip_lengths(tree)
        transformed = tree
        for statement in self._transform_explode(tree):
            transformed = self._transform(statement, binds)
            if isinstance(transformed, exp.Create | exp.Alter):
                for column in transformed.find_all(exp.ColumnDef):
                    compress(column)
                    zoned_column(column)
            # Which columns have a length is kept beside (`engine.declared_types`).
            transformed.args.pop("text_lengths", None)
            if (comment := transformed.args.get("table_comment")) and comment[1]:
                # fakesnow puts the text into SQL as it is.
                transformed.args["table_comment"] = (comment[0], comment[1].replace("'", "''"))
            self._execute(transformed, binds or None)
        return transformed

    def _transform(self, expression: Expr, params: Any) -> Expr:
        is_table = isinstance(expression, exp.Create) and expression.kind == "TABLE"
        if not is_table or not _PLAIN.issuperset(map(type, expression.walk())):
            return super()._transform(expression, params)
        for transform in _OF_PLAIN_TABLES:
            expression = expression.transform(transform, copy=False)
        return expression


def _check_names(tree: Expr) -> None:
    """Raises 000002 for a name that would not stay one in fakesnow's SQL."""
    for table in tree.find_all(exp.Table):
        checked_without_quotes(*(part.name for part in table.parts))
    for identifier in tree.find_all(exp.Identifier):
        if "'" in identifier.name:
            raise errors.unsupported(f"a name with a quote: {identifier.name!r}")

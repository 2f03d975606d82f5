"""fakesnow's cursor, for the statements that it does well: DDL, SHOW, DESCRIBE, stages."""

from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import Expr, exp

from local.engine.types import compress


class Cursor(FakeSnowflakeCursor):
    """Runs trees instead of texts, and mends what fakesnow would write wrongly."""

    def run(self, tree: Expr, binds: list[Any]) -> Expr:
        """Execute a parsed statement; returns what fakesnow made of it."""
        self.check_db_and_schema(tree)
        if isinstance(tree, exp.Create | exp.Alter):
            # A column may have a name that DuckDB reserves.
            for column in tree.find_all(exp.ColumnDef):
                column.this.set("quoted", True)
        transformed = tree
        for statement in self._transform_explode(tree):
            transformed = self._transform(statement, binds)
            if isinstance(transformed, exp.Create | exp.Alter):
                for column in transformed.find_all(exp.ColumnDef):
                    compress(column)
            if (comment := transformed.args.get("table_comment")) and comment[1]:
                # fakesnow puts the text into SQL as it is.
                transformed.args["table_comment"] = (comment[0], comment[1].replace("'", "''"))
            self._execute(transformed, binds or None)
        return transformed

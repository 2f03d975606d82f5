"""Comments on tables, views and columns: COMMENT ON, and COMMENT in other statements."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import literal, quoted
from flocon.engine.parsing import name_of
from flocon.objects import table_properties
from flocon.objects.databases import comment
from flocon.session.context import Context
from flocon.sql.tokens import FullName, Name


def comment_on(context: Context, tree: Expr) -> Result:
    """COMMENT ON TABLE | VIEW | COLUMN. https://docs.snowflake.com/en/sql-reference/sql/comment"""
    kind = str(tree.args["kind"]).upper()
    if kind not in ("TABLE", "VIEW", "COLUMN"):
        raise errors.unsupported(f"COMMENT ON {kind}")
    context.transactions.commit_for_ddl()
    target, column = tree.this, ""
    if kind == "COLUMN":
        parts = [part.name for part in target.parts]
        column = parts.pop()
        name = context.resolve(Name(*reversed(parts)))
    else:
        name = context.resolve(name_of(target))
    held = context.connection.temporary.get(name)
    found = held.kind if held else context.relation_kind(name)
    if found is None or (not column and found != kind):
        forgiving = bool(tree.args.get("exists"))
        context.check_missing((found and kind) or "Object", name, if_exists=forgiving)
        return result.done()
    text, place = tree.expression.name, quoted(*context.place(name))
    if column:
        put(context, "COLUMN", f"{place}.{quoted(column)}", text)
    else:
        put(context, kind, place, text)
    table_properties.altered(context, name)
    return result.done()


def of_create(tree: exp.Create) -> tuple[str, dict[str, str]]:
    """The comment of a table or view, and those of its columns."""
    columns = {}
    if isinstance(tree.this, exp.Schema):
        for column in tree.this.find_all(exp.ColumnDef):
            for constraint in column.constraints:
                if isinstance(constraint.kind, exp.CommentColumnConstraint):
                    columns[column.name] = constraint.kind.this.name
    return comment(tree), columns


def put_all(
    context: Context, kind: str, name: FullName, comments: tuple[str, dict[str, str]]
) -> None:
    own, columns = comments
    _put(context, kind, name, [own] if own else [], columns)


def become(
    context: Context,
    table: FullName,
    comments: tuple[str, dict[str, str]],
    columns: Iterable[str],
) -> None:
    """A table of these columns has these comments from now on, and no others."""
    own, texts = comments
    _put(context, "TABLE", table, [own], {name: texts.get(name, "") for name in columns})


def _put(
    context: Context, kind: str, name: FullName, own: list[str], columns: dict[str, str]
) -> None:
    place = context.place(name)
    statements = [_statement(kind, quoted(*place), text) for text in own]
    for column, text in columns.items():
        statements.append(_statement("COLUMN", quoted(*place, column), text))
    if name in context.connection.temporary:
        for statement in statements:
            context.connection.values(statement)
    else:
        context.connection.together(statements)


def put(context: Context, kind: str, name: str, text: str) -> None:
    context.connection.values(_statement(kind, name, text))


def _statement(kind: str, name: str, text: str) -> str:
    return f"COMMENT ON {kind} {name} IS {literal(text) if text else 'NULL'}"


def strip(tree: exp.Create) -> None:
    if not isinstance(tree.this, exp.Schema):
        return
    for column in tree.this.find_all(exp.ColumnDef):
        column.set(
            "constraints",
            [
                constraint
                for constraint in column.constraints
                if not isinstance(constraint.kind, exp.CommentColumnConstraint)
            ],
        )


def full(name: FullName) -> str:
    return quoted(name.database, name.schema, name.name)

"""INSERT ALL and INSERT FIRST: what Snowflake takes, and the plain INSERTs that they come to.

The query is evaluated once, into a table, with columns that tell which WHEN each row has met.

https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import column_names
from flocon.sql.statement_text import StatementText

SOURCE = "$source"
_ELSE = 0


@dataclass(frozen=True)
class Into:
    """An INTO clause, and the number of its WHEN from 1 on: 0 for ELSE, None without WHEN."""

    when: int | None
    insert: exp.Insert


def complete(tree: exp.MultitableInserts, text: StatementText) -> None:
    """Note OVERWRITE, which sqlglot leaves out. Raises 001003 for what sqlglot takes of other
    dialects."""
    if not text.is_multi_insert:
        raise _syntax("INSERT without ALL or FIRST")
    if not isinstance(tree.args.get("source"), exp.Query):
        raise _syntax("a multi-table INSERT needs a subquery")
    if _is_first(tree) and not conditions(tree):
        raise _syntax("INSERT FIRST without WHEN")
    for into in intos(tree):
        values = into.insert.expression
        if values and (not isinstance(values, exp.Values) or len(values.expressions) != 1):
            raise _syntax("VALUES of a multi-table INSERT is one row")
    tree.set("overwrite", text.is_multi_overwrite)


def intos(tree: exp.MultitableInserts) -> list[Into]:
    """The INTO clauses in their order. Raises 001003 where WHEN and ELSE are out of theirs."""
    found: list[Into] = []
    when: int | None = None
    for clause in tree.expressions:
        condition, is_else = clause.args.get("expression"), clause.args.get("else_")
        # ELSE has one INTO, and is the last; an INTO without WHEN does not follow a WHEN.
        if when == _ELSE or (is_else and (condition or when is None)):
            raise _syntax("unexpected INTO or ELSE")
        if condition and when is None and found:
            raise _syntax("unexpected WHEN")
        if condition:
            when = (when or 0) + 1
        elif is_else:
            when = _ELSE
        found.append(Into(when, clause.this))
    return found


def conditions(tree: exp.MultitableInserts) -> list[Expr]:
    """The WHENs' conditions."""
    found = (clause.args.get("expression") for clause in tree.expressions)
    return [condition for condition in found if condition]


def targets(tree: exp.MultitableInserts) -> list[exp.Table]:
    """The tables of all INTO clauses; the same may come again."""
    return [_table(clause.this) for clause in tree.expressions]


def _table(insert: exp.Insert) -> exp.Table:
    target = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
    if not isinstance(target, exp.Table):
        raise errors.unsupported(f"INTO {insert.this}")
    return target


def source(tree: exp.MultitableInserts) -> exp.Select:
    """The subquery, its columns named, and behind them the WHENs that each row has met."""
    query = column_names.name(tree.args["source"].copy())
    if isinstance(query, exp.Subquery):
        query.set("alias", None)
    else:
        query = exp.Subquery(this=query)
    return exp.select("*", *_marks(tree)).from_(query)


def _marks(tree: exp.MultitableInserts) -> Iterator[Expr]:
    asked = [(number, each.copy()) for number, each in enumerate(conditions(tree), start=1)]
    if asked and _is_first(tree):
        yield _case(asked).as_(_mark(None), quoted=True)
    elif asked:
        for number, condition in asked:
            yield _case([(number, condition)]).as_(_mark(number), quoted=True)


def _case(asked: Sequence[tuple[int, Expr]]) -> exp.Case:
    """The number of the first condition that is met, or ELSE's."""
    return exp.Case(
        ifs=[exp.If(this=condition, true=exp.Literal.number(n)) for n, condition in asked],
        default=exp.Literal.number(_ELSE),
    )


def inserts(
    tree: exp.MultitableInserts,
    made: Sequence[str],
    columns: Callable[[exp.Table], Sequence[str]],
) -> list[exp.Insert]:
    """An INSERT from the table of the source for each INTO. made: the columns of that table.
    columns: those of a target."""
    names = list(made[: len(made) - len(list(_marks(tree)))])
    return [_insert(tree, into, names, columns) for into in intos(tree)]


def _insert(
    tree: exp.MultitableInserts,
    into: Into,
    names: Sequence[str],
    columns: Callable[[exp.Table], Sequence[str]],
) -> exp.Insert:
    target, values = into.insert.this.copy(), into.insert.expression
    row: list[Expr] = [_column(name) for name in names]
    if values:
        row = [_positions_named(each.copy(), names) for each in values.expressions[0].expressions]
    if any(_is_default(value) for value in row):
        target, row = _without_defaults(_table(into.insert), target, row, columns)
    elif isinstance(target, exp.Table) and len(every := columns(target)) == len(row):
        target = exp.Schema(this=target, expressions=[exp.to_identifier(n, True) for n in every])
    query = exp.select(*row).from_(exp.Table(this=exp.to_identifier(SOURCE, quoted=True)))
    for condition in _met(tree, into.when):
        query = query.where(condition, copy=False)
    return exp.Insert(this=target, expression=query)


def rows_again(insert: exp.Insert, row_id: str) -> exp.Select | None:
    """A query for the rows that one of these INSERTs adds, but for the defaults of columns that it
    does not name, each with DuckDB's row id under a name. None where they might be others."""
    plain = exp.Column | exp.Literal | exp.Null | exp.Boolean | exp.Placeholder
    query = insert.expression
    if not isinstance(insert.this, exp.Schema):
        return None
    if not all(isinstance(value, plain) for value in query.expressions):
        return None
    rows: exp.Select = query.select(_column("rowid").as_(row_id, quoted=True))
    return rows


def _met(tree: exp.MultitableInserts, when: int | None) -> Iterator[Expr]:
    """What the marks of a row must say for its insertion."""
    if when is None:
        return
    marks = [None] if _is_first(tree) else range(1, len(conditions(tree)) + 1)
    for mark in marks:
        if mark is None or when in (mark, _ELSE):
            yield exp.EQ(this=_column(_mark(mark)), expression=exp.Literal.number(when))


def _without_defaults(
    table: exp.Table,
    target: Expr,
    row: list[Expr],
    columns: Callable[[exp.Table], Sequence[str]],
) -> tuple[exp.Schema, list[Expr]]:
    """A column that gets its DEFAULT is one that is not named."""
    named = (
        [column.name for column in target.expressions]
        if isinstance(target, exp.Schema)
        else list(columns(table))
    )
    if len(named) != len(row):
        raise errors.value_list(len(named), len(row))
    kept = [pair for pair in zip(named, row, strict=True) if not _is_default(pair[1])]
    if not kept:
        raise errors.unsupported("INTO with nothing but DEFAULT values")
    identifiers: list[Expr] = [exp.to_identifier(name, quoted=True) for name, _ in kept]
    return exp.Schema(this=table.copy(), expressions=identifiers), [value for _, value in kept]


def _positions_named(value: Expr, names: Sequence[str]) -> Expr:
    """$1 is the subquery's first column."""

    def named(node: Expr) -> Expr:
        if not (isinstance(node, exp.Parameter) and node.this and node.this.name.isdigit()):
            return node
        place = int(node.this.name)
        if not 1 <= place <= len(names):
            raise errors.compilation(errors.UNKNOWN_COLUMN, f"invalid identifier '${place}'")
        return _column(names[place - 1])

    return value.transform(named, copy=False)


def _is_default(value: Expr) -> bool:
    return isinstance(value, exp.Var) and value.name.upper() == "DEFAULT"


def _is_first(tree: exp.MultitableInserts) -> bool:
    return str(tree.args["kind"]).upper() == "FIRST"


def _mark(number: int | None) -> str:
    return "$when" if number is None else f"$when_{number}"


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _syntax(what: str) -> errors.SnowflakeError:
    return errors.compilation(errors.SYNTAX, f"syntax error: {what}")

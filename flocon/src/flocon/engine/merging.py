"""MERGE as plain statements: its join, evaluated once into a table, and what each row then does.

DuckDB's own MERGE answers with a row for each row that it has changed, which costs more than the
change, and does not tell which rows those were.

https://docs.snowflake.com/en/sql-reference/sql/merge
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import clauses

JOINED = "$joined"
# What a joined row does, and the target's row that it has found: the number of the clause for
# matching rows, from 1 on, or UNMATCHED.
ACTION, ROW = "$action", "$row"
UNMATCHED = 0
_SOURCE = "$merged"


@dataclass(frozen=True)
class Merging:
    """The query for the join, a statement for each clause for matching rows, those for the others.

    joined is None where rows are only added: then the one INSERT contains it.
    """

    joined: exp.Select | None
    changes: tuple[exp.Update | exp.Delete, ...]
    inserts: tuple[exp.Insert, ...]


def merging(tree: exp.Merge, columns: Sequence[str]) -> Merging | None:
    """The statements that a MERGE comes to; None for one that DuckDB has to run itself.

    columns: the target's. Raises 000002, with Snowflake's text, for a clause behind one of its kind
    that takes all rows.
    """
    whens = tree.args["whens"].expressions
    matched = [when for when in whens if when.args["matched"]]
    others = [when for when in whens if not when.args["matched"]]
    for when in (*matched[:-1], *others[:-1]):
        if not when.args.get("condition"):
            raise errors.SnowflakeError(
                errors.UNSUPPORTED, "SQL compilation error:\nUnreachable merge case."
            )
    if not all(map(_is_plain, whens)) or _name(tree.args["using"]) is None:
        return None
    if not matched and len(others) == 1 and not others[0].args.get("condition"):
        return Merging(None, (), (_insert(tree, columns, others[0], _unmatched(tree)),))
    changes = tuple(_change(tree, when, number) for number, when in enumerate(matched, 1))
    return Merging(_joined(tree, matched, others), changes, _inserts(tree, columns, others))


def updating(tree: exp.Update, columns: Sequence[str]) -> Merging | None:
    """The same of an UPDATE … FROM: it is a MERGE of one clause, but for what it makes of a row
    that is found several times."""
    where = tree.args.get("where")
    then = exp.Update(expressions=[each.copy() for each in tree.expressions])
    merge = exp.Merge(
        this=tree.this.copy(),
        using=tree.args["from_"].this.copy(),
        on=where.this.copy() if where else exp.true(),
        whens=exp.Whens(expressions=[exp.When(matched=True, then=then)]),
    )
    return merging(merge, columns)


def _is_plain(when: exp.When) -> bool:
    """Is the clause of Snowflake's grammar, with nothing implied?"""
    then = when.args["then"]
    if when.args.get("source"):
        return False
    if isinstance(then, exp.Insert):
        return isinstance(then.expression, exp.Tuple)
    if isinstance(then, exp.Update):
        return bool(then.expressions)
    return bool(then.name.upper() == "DELETE")


def _name(source: Expr) -> exp.Identifier | None:
    """What the statement calls its source; None where that is no single name."""
    if isinstance(source, exp.Subquery) and not source.alias:
        return exp.to_identifier(_SOURCE, quoted=True)
    if isinstance(source, exp.Table) and (source.args.get("joins") or source.args.get("laterals")):
        return None
    if not isinstance(source, exp.Subquery | exp.Table):
        return None
    alias = source.args.get("alias")
    return alias.this.copy() if alias and alias.this else source.this.copy()


def _source(tree: exp.Merge) -> Expr:
    source = tree.args["using"].copy()
    if isinstance(source, exp.Subquery) and not source.alias:
        source.set("alias", exp.TableAlias(this=_name(source)))
    return source


def _held(tree: exp.Merge) -> exp.Table:
    """The joined rows under the source's name."""
    held = exp.Table(this=exp.to_identifier(JOINED, quoted=True))
    held.set("alias", exp.TableAlias(this=_name(tree.args["using"])))
    return held


def _row(tree: exp.Merge) -> exp.Column:
    target = tree.this
    alias = target.args.get("alias")
    return exp.Column(
        this=exp.to_identifier("rowid", quoted=True),
        table=(alias.this if alias and alias.this else target.this).copy(),
    )


def _of_source(tree: exp.Merge, name: str) -> exp.Column:
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=_name(tree.args["using"]))


def _all_of_source(tree: exp.Merge) -> exp.Column:
    return exp.Column(this=exp.Star(), table=_name(tree.args["using"]))


def _join(tree: exp.Merge, *columns: Expr, side: str) -> exp.Select:
    query = exp.select(*columns, copy=False).from_(_source(tree))
    return query.join(tree.this.copy(), on=tree.args["on"].copy(), join_type=side)


def _joined(tree: exp.Merge, matched: list[exp.When], others: list[exp.When]) -> exp.Select:
    row = _row(tree)
    action = exp.Case()
    if others:
        action = action.when(exp.Is(this=row.copy(), expression=exp.Null()), str(UNMATCHED))
    for number, when in enumerate(matched, 1):
        condition = when.args.get("condition")
        action = action.when(condition.copy() if condition else exp.true(), str(number))
    return _join(
        tree,
        _all_of_source(tree),
        exp.alias_(action, ACTION, quoted=True),
        exp.alias_(row, ROW, quoted=True),
        side="left" if others else "inner",
    )


def _unmatched(tree: exp.Merge) -> exp.Subquery:
    """The source's rows that find no row of the target, under the source's name."""
    missing = exp.Is(this=_row(tree), expression=exp.Null())
    query = _join(tree, _all_of_source(tree), side="left").where(missing)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=_name(tree.args["using"])))


def _does(tree: exp.Merge, action: int) -> exp.EQ:
    return exp.EQ(this=_of_source(tree, ACTION), expression=exp.Literal.number(action))


def _change(tree: exp.Merge, when: exp.When, action: int) -> exp.Update | exp.Delete:
    """The rows that were found, by their row ids: a row of the source may have found several, of
    which not all meet the clause's condition. A bare row id must not be compared
    (docs/manual.md)."""
    found, row = (
        exp.Add(this=each, expression=exp.Literal.number(1))
        for each in (_row(tree), _of_source(tree, ROW))
    )
    where = exp.Where(this=exp.and_(exp.EQ(this=found, expression=row), _does(tree, action)))
    then, target = when.args["then"], tree.this.copy()
    if isinstance(then, exp.Update):
        values = [assignment.copy() for assignment in then.expressions]
        clauses.name_assigned(target, values)
        from_ = exp.From(this=_held(tree))
        return exp.Update(this=target, expressions=values, from_=from_, where=where)
    return exp.Delete(this=target, using=[_held(tree)], where=where)


def _inserts(
    tree: exp.Merge, columns: Sequence[str], others: list[exp.When]
) -> tuple[exp.Insert, ...]:
    """One for each clause: a row goes by the first whose condition it meets."""
    found: list[exp.Insert] = []
    taken: list[Expr] = []
    for when in others:
        condition = when.args.get("condition")
        wanted = (_does(tree, UNMATCHED), *taken, condition)
        insert = _insert(tree, columns, when, _held(tree), *wanted)
        found.append(insert)
        if condition is None:
            break
        met = exp.Coalesce(this=exp.paren(condition.copy()), expressions=[exp.false()])
        taken.append(exp.not_(met))
    return tuple(found)


def _insert(
    tree: exp.Merge, columns: Sequence[str], when: exp.When, rows: Expr, *conditions: Expr | None
) -> exp.Insert:
    """A column whose value is its DEFAULT is left out."""
    then = when.args["then"]
    values = [value.copy() for value in then.expression.expressions]
    names = [column.name for column in then.this.expressions] if then.this else []
    if any(isinstance(value, exp.Var) for value in values):
        pairs = list(zip(names or columns, values, strict=False))
        given = [(name, value) for name, value in pairs if not isinstance(value, exp.Var)]
        if not given or len(pairs) != len(values):
            raise errors.unsupported("MERGE … INSERT of nothing but DEFAULT")
        names, values = ([each[place] for each in given] for place in (0, 1))
    query = exp.select(*values, copy=False).from_(rows)
    wanted = [exp.paren(condition.copy()) for condition in conditions if condition]
    if wanted:
        query = query.where(exp.and_(*wanted))
    target: Expr = tree.this.copy()
    target.set("alias", None)
    if names:
        listed = [exp.to_identifier(name, quoted=True) for name in names]
        target = exp.Schema(this=target, expressions=listed)
    return exp.Insert(this=target, expression=query)

"""What names in a query's clauses may mean: one source, one of its values.

https://docs.snowflake.com/en/sql-reference/constructs/from
https://docs.snowflake.com/en/sql-reference/constructs/order-by
https://docs.snowflake.com/en/sql-reference/constructs/asof-join
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal

from sqlglot import Expr, exp

from flocon.core import errors

# What Snowflake calls a query and VALUES without a name.
_UNNAMED: dict[type[Expr], str] = {exp.Subquery: "values", exp.Values: "VALUES"}
# What SQLGlot calls a FLATTEN without one.
_FLATTENED = "_FLATTENED"


def check_source(source: Expr, others: Collection[Expr]) -> None:
    """Raises 002027 where another source of the same query has this one's name. Two tables of one
    name, of several schemas, are told apart by these."""
    name = source.alias_or_name
    if any(_is_called_as(source, name, other) for other in others):
        shown = "FLATTEN" if name == _FLATTENED else name or _UNNAMED[type(source)]
        raise errors.compilation(errors.DUPLICATE_ALIAS, f"duplicate alias '{shown}'")


def _is_called_as(source: Expr, name: str, other: Expr) -> bool:
    if other.alias_or_name != name:
        return False
    if not name:
        return type(source) is type(other) and type(source) in _UNNAMED
    both = (source, other)
    if all(isinstance(each, exp.Table) and not each.alias for each in both):
        return _place(source) == _place(other)
    return True


def _place(table: Expr) -> tuple[str, ...]:
    return table.text("catalog"), table.text("db"), table.name


def check_values(select: exp.Select, is_column: Callable[[str], bool]) -> None:
    """Raises 002028 where a name means two of a query's values, and no column of what it reads:
    in ORDER BY a value goes first.

    is_column: may a source have a column of that name?
    """
    named = [each for each in select.expressions if isinstance(each, exp.Alias | exp.Column)]
    counts = Counter(each.alias_or_name for each in named if not each.is_star)
    several = {name for name, count in counts.items() if count > 1}
    if not several:
        return
    for node in _names(select.args.get("order")):
        if node.name in several:
            raise ambiguous(node)
    aliases = {each.alias for each in named if isinstance(each, exp.Alias)} & several
    if not aliases:
        return
    for key in ("where", "group", "having", "qualify"):
        for node in _names(select.args.get(key)):
            if node.name in aliases and not is_column(node.name):
                raise ambiguous(node)
    before: Counter[str] = Counter()
    for value in select.expressions:
        for node in _names(value.unalias()):
            if node.name in aliases and before[node.name] > 1 and not is_column(node.name):
                raise ambiguous(node)
        before[value.alias_or_name] += 1


def check_places(select: exp.Select) -> None:
    """Raises 001007 for an ORDER BY of a number that is no place among the columns."""
    order = select.args.get("order")
    for each in order.expressions if order else ():
        value = each.this.unnest()
        if isinstance(value, exp.Literal) and not value.is_string and Decimal(value.name) % 1:
            text = f"[{Decimal(value.name).normalize():f}] is not a valid order by expression"
            raise errors.compilation(errors.COMPILATION, text)


def read_having(select: exp.Select) -> None:
    """A HAVING of a query without groups leaves out rows, as a WHERE does.

    https://docs.snowflake.com/en/sql-reference/constructs/having
    """
    having = select.args.get("having")
    if having is None or select.args.get("group"):
        return
    order = [select.args[key] for key in ("order", "qualify") if select.args.get(key)]
    if any(map(_has_aggregate, (having, *select.expressions, *order))):
        return
    where = select.args.get("where")
    wanted = [exp.paren(each.this, copy=False) for each in (where, having) if each]
    select.set("having", None)
    select.set("where", exp.Where(this=exp.and_(*wanted, copy=False)))


def _has_aggregate(value: Expr) -> bool:
    """Does it aggregate rows of its own query?"""
    nodes = value.walk(prune=lambda each: isinstance(each, exp.Query | exp.Window))
    return any(isinstance(each, exp.AggFunc) for each in nodes)


def _names(clause: Expr | None) -> Iterator[exp.Column]:
    """The columns in it that do not say whose they are."""
    return (node for node in _columns(clause) if not node.table)


def _columns(clause: Expr | None) -> Iterator[exp.Column]:
    if clause is None:
        return
    for node in clause.walk(prune=lambda each: isinstance(each, exp.Query)):
        if isinstance(node, exp.Column) and not node.is_star:
            yield node


def ambiguous(column: exp.Column) -> errors.SnowflakeError:
    return errors.compilation(errors.AMBIGUOUS_COLUMN, f"ambiguous column name '{column.name}'")


def name_assigned(target: Expr, assignments: Sequence[Expr]) -> None:
    """Leave out whose the columns are that an UPDATE or MERGE assigns to: the target's. Raises
    000904 for those of anything else.

    https://docs.snowflake.com/en/sql-reference/sql/update
    """
    for column in (each.this for each in assignments):
        if not isinstance(column, exp.Column) or not column.table:
            continue
        if column.table != target.alias_or_name:
            raise errors.unknown_column(column.sql(dialect="snowflake"))
        for part in ("table", "db", "catalog"):
            column.set(part, None)


def check_match(join: exp.Join, owner: Callable[[exp.Column], str]) -> None:
    """Raises 000002, with Snowflake's text, where a side of an ASOF JOIN's condition has columns of
    the other side."""
    match, joined = join.args["match_condition"].unnest(), join.this.alias_or_name
    sides = ((match.this, False), (match.expression, True))
    for operand, is_joined in sides:
        owners = (column.table or owner(column) for column in operand.find_all(exp.Column))
        if any((name == joined) != is_joined for name in owners if name):
            raise errors.SnowflakeError(
                errors.UNSUPPORTED,
                "SQL compilation error:\nMATCH_CONDITION clause is invalid: The left side allows"
                " only column references from the left side table, and the right side allows only"
                " column references from the right side table.",
            )


def check_united_order(union: exp.SetOperation, names: Collection[str] | None) -> None:
    """Raises 000904 where the order of a UNION goes by what is no column of its own.

    names: of its columns; None where they are not known.

    https://docs.snowflake.com/en/sql-reference/operators-query
    """
    for column in _names(union.args.get("order")):
        if names is not None and column.name not in names:
            raise errors.unknown_column(column.sql(dialect="snowflake"))
    for column in _columns(union.args.get("order")):
        if column.table:
            raise errors.unknown_column(column.sql(dialect="snowflake"))


def check_lateral(join: exp.Join) -> None:
    """Raises 000002 for a table function of another source's columns that is joined by a condition,
    or outside.

    https://docs.snowflake.com/en/sql-reference/constructs/join-lateral
    """
    if not (join.side or join.args.get("on") or join.args.get("using")):
        return
    if any(_columns(join.this.this)):
        raise errors.unsupported(
            "lateral table function called with OUTER JOIN syntax or a join predicate (ON clause)"
        )

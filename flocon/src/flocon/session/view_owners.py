"""A view is read with its owner's rights: what its query names, the owner must be allowed to read
each time that somebody reads the view.

https://docs.snowflake.com/en/user-guide/views-introduction
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import Expr, exp

from flocon.access.securables import inside
from flocon.access.trees import demand_of, selects
from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA
from flocon.session.context import Context
from flocon.sql.tokens import FullName


def check(context: Context, name: FullName) -> None:
    """Raises 002037 where the owner of a view, or of one behind it, may not read what it reads.
    Tables need nothing."""
    if context.access.views_have_owners:
        _check_relation(context, name, ())


def check_temporary(context: Context, name: FullName) -> None:
    """The same for a temporary table or view of the session."""
    held = context.connection.temporary[name]
    if held.kind == "VIEW":
        _check(context, name, held.owner, context.place(name), ())


def check_query(context: Context, view: FullName, query: Expr) -> None:
    """The same for a view by its query, whose names are full. What it reads of other views is
    asked where the query is."""
    if context.access.views_have_owners:
        demand = demand_of(query, context)
        context.access.require_behind(inside("VIEW", view), None, demand.needs if demand else ())


def _check_relation(context: Context, name: FullName, on_the_way: tuple[FullName, ...]) -> None:
    place = (name.database, name.schema, name.name)
    if name not in on_the_way and context.connection.may_be_view(*place):
        _check(context, name, None, place, on_the_way)


def _check(
    context: Context,
    view: FullName,
    owner: str | None,
    place: tuple[str, str, str],
    on_the_way: tuple[FullName, ...],
) -> None:
    read = list(_read(context, place))
    needs = [need for each in read for need in selects(each)]
    context.access.require_behind(inside("VIEW", view), owner, needs)
    if context.access.views_have_owners:
        with errors.expanding(view.name):
            for each in read:
                _check_relation(context, each, (*on_the_way, view))


def _read(context: Context, place: tuple[str, str, str]) -> Iterator[FullName]:
    """The tables, views and streams that a view's query names. What is in an INFORMATION_SCHEMA
    shows nothing else than the role may see."""
    for view in context.connection.views(*place):
        for table in view.expression.find_all(exp.Table):
            name = FullName(table.catalog, table.db, table.name)
            if name.schema == HIDDEN_SCHEMA:
                if stream := context.account.streams.of_view(name):
                    yield stream.name
            elif name.schema:
                yield name

"""SELECT … FROM @stage: staged files as relations.

https://docs.snowflake.com/en/user-guide/querying-stage
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import StagedRows, parsing
from flocon.session.context import Context
from flocon.session.stage_location import stage_location
from flocon.sql.stage_location import StageLocation
from flocon.sql.tokens import FullName, Tokens


def read(context: Context, tree: Expr, source: exp.Table) -> StagedRows:
    """The rows of a source's files; $1 … in the tree become the columns' names. Raises 000002 for
    `*`: how many columns a file has is not known before."""
    select = source.find_ancestor(exp.Select)
    if select is not None and select.is_star:
        raise errors.unsupported("SELECT * FROM a stage")
    pattern = source.args.get("pattern")
    place = stage_location(context, source.this.name)
    named = source.args.get("format")
    options = file_format(context, named) if named else format_of_stage(context, place)
    files = [
        (place.filename(file), file) for _, file in place.files(pattern.name if pattern else None)
    ]
    return context.connection.staged_rows(files, options, _name_columns(tree))


def _name_columns(tree: Expr) -> int:
    """$1 becomes COLUMN1 where a stage is read; returns the highest number that is asked for."""
    highest = 1
    for mark in list(tree.find_all(exp.Parameter)):
        if not re.fullmatch(r"\d+", mark.name) or not _reads_stage(mark):
            continue
        highest = max(highest, int(mark.name))
        column = exp.to_identifier(f"COLUMN{mark.name}", quoted=True)
        parent = mark.parent
        if isinstance(parent, exp.Column):
            parent.set("this", column)
            named: Expr = parent
        else:
            named = exp.Column(this=column)
            mark.replace(named)
        if isinstance(named.parent, exp.Select):
            named.replace(exp.alias_(named.copy(), f"${mark.name}", quoted=True))
    return highest


def _reads_stage(mark: Expr) -> bool:
    """Is it a place of a query that reads a stage itself? Others find it by their columns."""
    select = mark.find_ancestor(exp.Select)
    from_ = select.args.get("from_") if select else None
    sources = [from_, *(select.args.get("joins") or ())] if select and from_ else []
    return any(source is not None and source.this in parsing.staged(source) for source in sources)


def format_of_stage(context: Context, place: StageLocation) -> Mapping[str, Any]:
    """The options of the file format that a stage has of its own; {} where it has none.

    https://docs.snowflake.com/en/sql-reference/sql/create-stage
    """
    options = dict(place.file_format)
    if named := options.pop("FORMAT_NAME", None):
        return {**format_of(context, context.resolve(Tokens(str(named)).name())), **options}
    return options


def file_format(context: Context, named: Expr) -> Mapping[str, Any]:
    """The options of a named file format.

    https://docs.snowflake.com/en/sql-reference/sql/create-file-format
    """
    text = named.name if isinstance(named, exp.Literal) else named.sql(dialect="snowflake")
    name = context.resolve(Tokens(text).name())
    return format_of(context, name)


def format_of(context: Context, name: FullName) -> Mapping[str, Any]:
    held = context.held(FILE_FORMAT, name)
    options = context.connection.file_format(held.database, held.schema, held.name)
    if options is None:
        raise errors.does_not_exist("File format", name.name)
    return options


FILE_FORMAT = "FILE FORMAT"

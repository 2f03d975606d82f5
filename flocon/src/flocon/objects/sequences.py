"""CREATE, ALTER and DROP SEQUENCE."""

from __future__ import annotations

from sqlglot import exp

from flocon.access.demands import owns
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds, parsing, quoted
from flocon.engine.parsing import name_of
from flocon.objects.databases import comment
from flocon.objects.stages import with_fakesnow
from flocon.session.context import Context
from flocon.session.directory import of_duckdb
from flocon.session.statements import Kind
from flocon.sql.sequences import AlterSequence, check_create, read_alter, read_comment
from flocon.sql.tokens import FullName
from flocon.stores import notes
from flocon.stores.notes import Note

# The engine's own bounds depend on the direction.
_LEAST, _MOST = -(2**63), 2**63 - 1


def create_sequence(context: Context, tree: exp.Create, binds: Binds) -> Result:
    if tree.args.get("clone"):
        raise errors.unsupported("CREATE SEQUENCE … CLONE")
    check_create(tree.meta[parsing.WRITTEN])
    is_ordered = False
    if counts := tree.find(exp.SequenceProperties):
        # Without one the engine begins at a bound.
        counts.set("start", counts.args.get("start") or exp.Literal.number(1))
        counts.set("minvalue", exp.Literal.number(_LEAST))
        counts.set("maxvalue", exp.Literal.number(_MOST))
        # The engine's numbers come in order.
        is_ordered = "ORDER" in [option.name for option in counts.args.get("options") or ()]
        counts.set("options", None)
    context.transactions.commit_for_ddl()
    name = context.resolve(name_of(tree.this))
    context.check_schema(name)
    known = _following(context, name) is not None
    context.transactions.reshape(name.database)
    answer = with_fakesnow(context, tree, binds)
    if not (known and tree.args.get("exists")):
        properties = {"ORDER": "TRUE"} if is_ordered else {}
        note = Note(name.name, name.schema, comment(tree), properties)
        notes.put(context.catalog(name.database), "SEQUENCE", note)
    return answer


def alter_sequence(context: Context, statement: AlterSequence) -> Result:
    context.transactions.commit_for_ddl()
    name = context.resolve(statement.name)
    following = _following(context, name)
    if following is None:
        context.check_missing("Sequence", name, if_exists=statement.if_exists)
        return result.done()
    noted = notes.find(context.catalog(name.database), "SEQUENCE", name.schema, name.name)
    if statement.is_ordered and not (noted and noted.properties.get("ORDER")):
        # It cannot be taken back of numbers that are given already; the page leaves it open.
        raise errors.unsupported("ALTER SEQUENCE … SET ORDER")
    if statement.increment is not None:
        context.transactions.reshape(name.database)
        # The number that comes next is there already, and the ones behind it have the new step.
        context.connection.values(
            f"CREATE OR REPLACE SEQUENCE {quoted(name.database, name.schema, name.name)}"
            f" START {following} INCREMENT {statement.increment} MINVALUE {_LEAST} MAXVALUE {_MOST}"
        )
    ordered = {None: {}, True: {"ORDER": "TRUE"}, False: {"ORDER": ""}}[statement.is_ordered]
    catalog = context.catalog(name.database)
    notes.altered(catalog, "SEQUENCE", name.schema, name.name, properties=ordered)
    if statement.comment is not None:
        notes.commented(catalog, "SEQUENCE", name.schema, name.name, text=statement.comment)
    return result.done()


def _following(context: Context, name: FullName) -> int | None:
    """The number that a sequence gives next; None where there is none of that name."""
    rows = context.connection.values(
        "SELECT coalesce(last_value + increment_by, start_value) FROM duckdb_sequences()"
        " WHERE (database_name, schema_name, sequence_name) = (?, ?, ?)",
        [name.database, name.schema, name.name],
    )
    return rows[0][0] if rows else None


def drop_sequence(context: Context, tree: exp.Drop, target: exp.Table, binds: Binds) -> Result:
    name = context.resolve(name_of(target))
    context.check_schema(name)
    context.transactions.reshape(name.database)
    answer = with_fakesnow(context, tree, binds)
    notes.forget(context.catalog(name.database), "SEQUENCE", name.schema, name.name)
    return answer


STATEMENTS = (
    Kind(("ALTER", "SEQUENCE"), read_alter, alter_sequence, owns("SEQUENCE")),
    Kind(("COMMENT", "SEQUENCE"), read_comment, alter_sequence, owns("SEQUENCE")),
)
IN_SCHEMA = {"SEQUENCE": of_duckdb("duckdb_sequences", "sequence_name")}

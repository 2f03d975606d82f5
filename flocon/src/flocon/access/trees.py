"""What the statements that SQLGlot reads need: queries, DML, tables, views, stages, schemas.

The pages of the statements have a section "Access control requirements", which is followed here.
Where they leave open whether UPDATE, DELETE and MERGE need SELECT on the table whose rows they
choose, it is asked for: what runs here then runs on Snowflake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from sqlglot import Expr, exp

from flocon.access.needs import Creation, Demand, Need
from flocon.access.securables import ACCOUNT, RELATION, database, inside, schema
from flocon.core import errors
from flocon.engine import parsing
from flocon.sql.stage_location import named_place
from flocon.sql.tokens import FullName, Name, Tokens

_INFORMATION_SCHEMA = "INFORMATION_SCHEMA"
_SHARED = "SNOWFLAKE"


class Place(Protocol):
    """Where a statement stands: what its names mean."""

    @property
    def database(self) -> str | None: ...

    def resolve(self, name: Name) -> FullName: ...

    def is_private(self, name: Name) -> bool:
        """Is it the session's own: a temporary table, or rows that came with the statement?"""
        ...

    def is_temporary(self, kind: str, path: Sequence[str]) -> bool:
        """Is it a stage or a file format of the session's own?"""
        ...


def demand_of(tree: Expr, place: Place) -> Demand | None:
    """What a statement asks for; None for one that is not known here, which is to be refused."""
    if isinstance(tree, exp.Query):
        return Demand((*_reads(tree, place, ()),), works=_works(tree))
    for kind, classify in _STATEMENTS.items():
        if isinstance(tree, kind):
            return classify(tree, place)
    return None


def _works(tree: Expr) -> bool:
    return any(table.db.upper() != _INFORMATION_SCHEMA for table in parsing.tables(tree))


# --- what is read --------------------------------------------------------------------------------


def _reads(tree: Expr, place: Place, but: tuple[Expr, ...]) -> Iterator[Need]:
    """SELECT on every table, view and stream but these, READ on stages, USAGE on sequences."""
    aliases = set()
    for table in tree.find_all(exp.Table):
        aliases.add(table.alias_or_name)
        if not isinstance(table.this, exp.Identifier):
            yield from _source(table, place)
    for table in parsing.tables(tree):
        if not any(table is each for each in but) and not place.is_private(parsing.name_of(table)):
            yield from selects(place.resolve(parsing.name_of(table)))
    for column in tree.find_all(exp.Column):
        if column.name == "NEXTVAL" and column.table and column.table not in aliases:
            parts = [part.name for part in column.parts[:-1]]
            sequence = place.resolve(Name(*reversed(parts)))
            yield Need(inside("SEQUENCE", sequence), ("USAGE",))
    for call in tree.find_all(exp.Anonymous):
        if call.name == "nextval" and isinstance(call.expressions[0], exp.Literal):
            named = place.resolve(Tokens(call.expressions[0].name).name())
            yield Need(inside("SEQUENCE", named), ("USAGE",))


def selects(name: FullName) -> Iterator[Need]:
    """What reading a table, view or stream needs. What is in an INFORMATION_SCHEMA is anybody's
    who reaches the database, and shows nothing else than he may see."""
    if name.database == _SHARED:
        return
    if name.schema == _INFORMATION_SCHEMA:
        yield Need(database(name.database))
    else:
        yield Need(inside(RELATION, name), ("SELECT",))


def _source(table: exp.Table, place: Place) -> Iterator[Need]:
    """What stands in FROM and is no name: a staged file, a function."""
    written = table.this
    if isinstance(written, exp.DirectoryStage):
        yield from staged(written.this.name, place, "READ")
    elif isinstance(written, exp.Parameter):
        stage = Name(
            written.name.partition("/")[0].upper(), table.db or None, table.catalog or None
        )
        yield Need(inside("STAGE", place.resolve(stage)), ("READ",))
    elif isinstance(written, exp.Var | exp.Literal):
        if not written.name.lower().startswith(("@", "snow://")):
            raise errors.unsupported(f"files outside of stages: {written.name}")
        yield from staged(written.name, place, "READ")
    elif isinstance(written, exp.DynamicIdentifier):
        raise errors.unsupported(f"access control of {table.sql('snowflake')}")


def staged(location: str, place: Place, privilege: str) -> Iterator[Need]:
    """READ or WRITE at a location as PUT and COPY INTO write it. The stage of the user is the
    user's own."""
    named = named_place(location)
    if named is None:
        return
    kind, name = named
    full = place.resolve(name)
    if kind == "STAGE":
        yield Need(inside(kind, full), (privilege,))
    elif kind == "TABLE":
        yield Need(inside(kind, full), ("OWNERSHIP",))
    else:
        yield Need(inside(kind, full), ("USAGE",) if privilege == "READ" else ("OWNERSHIP",))


# --- DML -----------------------------------------------------------------------------------------


def _dml(*privileges: str, chooses: bool = False) -> Callable[[Expr, Place], Demand]:
    """A statement that changes its target's rows. chooses: it reads the target to know which."""

    def classify(tree: Expr, place: Place) -> Demand:
        any_of = (*privileges, *(("SELECT",) if chooses else ()))
        return _changing(tree, any_of, place)

    return classify


def _changing(tree: Expr, privileges: tuple[str, ...], place: Place) -> Demand:
    needs, targets = [], parsing.targets(tree)
    for target in targets:
        if not place.is_private(parsing.name_of(target)):
            changed = inside(RELATION, place.resolve(parsing.name_of(target)))
            needs += [Need(changed, (privilege,)) for privilege in privileges]
    return Demand((*needs, *_reads(tree, place, tuple(targets))), works=True)


def _insert(tree: Expr, place: Place) -> Demand:
    privileges = ("INSERT", "DELETE") if tree.args.get("overwrite") else ("INSERT",)
    return _changing(tree, privileges, place)


_ACTIONS: dict[type, str] = {exp.Insert: "INSERT", exp.Update: "UPDATE"}


def _merge(tree: Expr, place: Place) -> Demand:
    whens = tree.args["whens"].expressions
    # A MERGE's DELETE is a bare word in the tree.
    actions = {_ACTIONS.get(type(when.args["then"]), "DELETE") for when in whens}
    return _changing(tree, ("SELECT", *sorted(actions)), place)


def _copy(tree: Expr, place: Place) -> Demand | None:
    if not tree.args.get("kind"):
        return None
    if parsing.unloads(tree):
        needs = [*_reads(tree, place, (tree.this,)), *staged(tree.this.name, place, "WRITE")]
    else:
        needs = list(_changing(tree, ("INSERT",), place).needs)
    formats = [
        Need(inside("FILE FORMAT", place.resolve(Tokens(_named(item)).name())), ("USAGE",))
        for item in tree.find_all(exp.Property)
        if item.name.upper() == "FORMAT_NAME"
    ]
    return Demand((*needs, *formats), works=True)


def _named(item: exp.Property) -> str:
    value = item.args["value"]
    return value.name if isinstance(value, Expr) else str(value)


# --- DDL -----------------------------------------------------------------------------------------

_IN_SCHEMA = ("TABLE", "VIEW", "STAGE", "FILE FORMAT", "SEQUENCE")


def _create(tree: Expr, place: Place) -> Demand | None:
    kind = str(tree.args.get("kind") or "").upper()
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if kind == "DATABASE":
        need, what = Need(ACCOUNT, ("CREATE DATABASE",)), database(target.name)
    elif kind == "SCHEMA":
        what = schema(*_schema_name(target, place))
        need = Need(database(what.path[0]), ("CREATE SCHEMA",))
    elif kind in _IN_SCHEMA:
        what = inside(kind, place.resolve(parsing.name_of(target)))
        need = Need(schema(*what.path[:2]), (f"CREATE {kind}",))
    else:
        return None
    reads = tuple(_reads(tree, place, (target,)))
    if tree.find(exp.TemporaryProperty):
        return Demand((Need(schema(*what.path[:2])), *reads), works=bool(reads))
    creation = Creation(
        what,
        replaces=bool(tree.args.get("replace")),
        alters=bool(tree.args.get("or_alter")),
        copies_grants=tree.find(exp.CopyGrantsProperty) is not None,
    )
    return Demand((need, *reads), creates=creation, works=bool(reads))


def _schema_name(target: exp.Table, place: Place) -> tuple[str, str]:
    parts = [part.name for part in target.parts if part.name]
    if len(parts) > 1:
        return parts[0], parts[-1]
    # Any name stands for the schema's: only the database is asked for.
    return place.resolve(Name("_", parts[-1])).database, parts[-1]


def _drop(tree: Expr, place: Place) -> Demand | None:
    kind = str(tree.args.get("kind") or "").upper()
    target = tree.args["tables"][0] if tree.args.get("tables") else tree.this
    if kind in ("TABLE", "VIEW") and place.is_private(parsing.name_of(target)):
        return Demand()
    if kind == "DATABASE":
        what = database(target.name)
    elif kind == "SCHEMA":
        what = schema(*_schema_name(target, place))
    elif kind in _IN_SCHEMA:
        what = inside(kind, place.resolve(parsing.name_of(target)))
    else:
        return None
    return Demand((Need(what, ("OWNERSHIP",)),), drops=what)


def _alter(tree: Expr, place: Place) -> Demand | None:
    kind = str(tree.args.get("kind") or "").upper()
    if kind not in ("TABLE", "VIEW"):
        return None
    if place.is_private(parsing.name_of(tree.this)):
        return Demand()
    name = place.resolve(parsing.name_of(tree.this))
    what = inside(kind, name)
    needs = (Need(inside(RELATION, name), ("OWNERSHIP",)),)
    if swapped := next((a for a in tree.args["actions"] if isinstance(a, exp.SwapTable)), None):
        other = place.resolve(parsing.name_of(swapped.this))
        both = (*needs, Need(inside(RELATION, other), ("OWNERSHIP",)))
        return Demand(both, swaps=(what, inside(kind, other)))
    renamed = next((a for a in tree.args["actions"] if isinstance(a, exp.AlterRename)), None)
    if renamed is None:
        return Demand(needs)
    new = inside(kind, place.resolve(parsing.name_of(renamed.this)))
    creating = Need(schema(*new.path[:2]), (f"CREATE {kind}",))
    return Demand((*needs, creating), renames=(what, new))


def _comment(tree: Expr, place: Place) -> Demand | None:
    kind = str(tree.args["kind"]).upper()
    if kind == "COLUMN":
        parts = [part.name for part in tree.this.parts][:-1]
        name = place.resolve(Name(*reversed(parts)))
    elif kind in ("TABLE", "VIEW"):
        name = place.resolve(parsing.name_of(tree.this))
    else:
        return None
    return Demand((Need(inside(RELATION, name), ("OWNERSHIP",)),))


_STATEMENTS: dict[type, Callable[[Expr, Place], Demand | None]] = {
    exp.Insert: _insert,
    exp.MultitableInserts: _insert,
    exp.Update: _dml("UPDATE", chooses=True),
    exp.Delete: _dml("DELETE", chooses=True),
    exp.Merge: _merge,
    exp.TruncateTable: _dml("TRUNCATE"),
    exp.Copy: _copy,
    exp.Create: _create,
    exp.Drop: _drop,
    exp.Alter: _alter,
    exp.Comment: _comment,
}

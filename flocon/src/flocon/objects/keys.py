"""Keys of tables, recorded and not enforced: SHOW PRIMARY, UNIQUE, IMPORTED and EXPORTED KEYS.

https://docs.snowflake.com/en/sql-reference/constraints-overview
https://docs.snowflake.com/en/sql-reference/sql/show-primary-keys
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlglot import Expr, exp

from flocon.access.needs import Demand, Listing
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine.marked_names import unmarked
from flocon.engine.parsing import name_of
from flocon.objects import constraints, table_properties
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.statements import Kind
from flocon.sql.show import ShowScope, scope_place
from flocon.sql.tokens import FullName, Tokens
from flocon.stores import notes

PROPERTY = "KEYS"


@dataclass(frozen=True)
class Key:
    """kind: PRIMARY, UNIQUE or FOREIGN. target: the full name of the table that a foreign key
    refers to. target_columns: its columns; () for those of its primary key."""

    kind: str
    name: str
    columns: tuple[str, ...]
    created_on: str
    target: tuple[str, str, str] | None = None
    target_columns: tuple[str, ...] = ()


def of_create(context: Context, tree: exp.Create) -> list[Key]:
    """The keys that a CREATE TABLE declares, or copies from the table that it clones or is like: a
    foreign key refers to the same table there."""
    if source := (tree.args.get("clone") or tree.find(exp.LikeProperty)):
        copied = of_table(context, context.resolve(name_of(source.this)))
        return [replace(key, name=_name(key.name), created_on=_now()) for key in copied]
    if not isinstance(tree.this, exp.Schema):
        return []
    found = [key for part in tree.this.expressions for key in _of_part(context, part)]
    _check(found, _table_of(tree))
    columns = {_named(part) for part in tree.this.expressions if isinstance(part, exp.ColumnDef)}
    for name in (name for key in found for name in key.columns):
        if columns and name not in columns:
            raise errors.unknown_column(f'"{name}"')
    return found


def _named(column: Expr) -> str:
    return unmarked(column.name)


def kept(had: Sequence[Key], wanted: Sequence[Key]) -> list[Key]:
    """The wanted keys; one that a table has already stays as it is."""
    return [next((key for key in had if _is_same(key, each)), each) for each in wanted]


def _is_same(key: Key, wanted: Key) -> bool:
    named = key.name if wanted.name.startswith(_UNNAMED) else wanted.name
    return replace(wanted, name=named, created_on=key.created_on) == key


def _table_of(tree: exp.Create) -> str:
    return tree.this.this.name if isinstance(tree.this, exp.Schema) else tree.this.name


def _check(keys: Sequence[Key], table: str) -> None:
    """Raises 000002 for two primary keys, and for two unique ones of the same columns."""
    if sum(key.kind == "PRIMARY" for key in keys) > 1:
        text = f"primary key already exists for table '{table}'"
        raise errors.compilation(errors.UNSUPPORTED, text)
    unique = [key.columns for key in keys if key.kind == "UNIQUE"]
    if len(set(unique)) < len(unique):
        text = f"constraint with the same signature already exists on table '{table}'"
        raise errors.compilation(errors.UNSUPPORTED, text)


def _of_part(context: Context, part: Expr, name: str = "") -> Iterator[Key]:
    if isinstance(part, exp.Constraint):
        for inner in part.expressions:
            yield from _of_part(context, inner, part.name)
    elif isinstance(part, exp.ColumnDef):
        named = ""
        for constraint in part.constraints:
            named = constraint.name
            yield from _of_column(context, constraint.kind, part.name, named)
    elif isinstance(part, exp.PrimaryKey):
        yield _key("PRIMARY", name, _names(constraints.columns_of(part)))
    elif isinstance(part, exp.UniqueColumnConstraint) and isinstance(part.this, exp.Schema):
        yield _key("UNIQUE", name, _names(part.this.expressions))
    elif isinstance(part, exp.ForeignKey) and part.args.get("reference"):
        yield _foreign(context, name, _names(part.expressions), part.args["reference"])


def _of_column(context: Context, kind: Expr, column: str, name: str) -> Iterator[Key]:
    column = unmarked(column)
    if isinstance(kind, exp.PrimaryKeyColumnConstraint):
        yield _key("PRIMARY", name, (column,))
    elif isinstance(kind, exp.UniqueColumnConstraint):
        yield _key("UNIQUE", name, (column,))
    elif isinstance(kind, exp.Reference):
        yield _foreign(context, name, (column,), kind)


def _names(parts: Sequence[Expr]) -> tuple[str, ...]:
    return tuple(unmarked(part.name) for part in parts)


def _key(kind: str, name: str, columns: tuple[str, ...], **more: Any) -> Key:
    return Key(kind, _name(name), columns, _now(), **more)


_UNNAMED = "SYS_CONSTRAINT_"


def _name(written: str) -> str:
    """A name of its own for a key that nobody has named."""
    is_named = written and not written.startswith(_UNNAMED)
    return written if is_named else f"{_UNNAMED}{uuid.uuid4()}"


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _foreign(
    context: Context, name: str, columns: tuple[str, ...], reference: exp.Reference
) -> Key:
    written = reference.this
    named = written.expressions if isinstance(written, exp.Schema) else ()
    table = written.this if isinstance(written, exp.Schema) else written
    place = _place(context.resolve(name_of(table)))
    return _key("FOREIGN", name, columns, target=place, target_columns=_names(named))


def add(context: Context, table: FullName, action: exp.AddConstraint) -> None:
    """ALTER TABLE … ADD, of keys."""
    if found := with_added(context, table, action.expressions):
        put(context, table, found)


def with_added(context: Context, table: FullName, parts: Sequence[Expr]) -> list[Key]:
    """A table's keys with those that columns or constraints to be added have; [] if there are none
    in these."""
    added = [key for part in parts for key in _of_part(context, part)]
    found = [*of_table(context, table), *added] if added else []
    _check(found, table.name)
    return found


def put(context: Context, table: FullName, keys: Sequence[Key]) -> None:
    """A table has these keys from now on."""
    table_properties.put(context, table, as_property(keys) or {PROPERTY: ""})


def columns_changed(context: Context, table: FullName, tree: exp.Alter) -> None:
    """A key follows a column's name, as foreign keys that refer to it do, and goes with its
    column."""
    kept = before = of_table(context, table)
    renamed = []
    for action in tree.args["actions"] if before else ():
        if isinstance(action, exp.RenameColumn):
            old, new = unmarked(action.this.name), unmarked(action.args["to"].name)
            renamed.append((old, new))
            kept = [
                replace(key, columns=tuple(new if c == old else c for c in key.columns))
                for key in kept
            ]
        elif isinstance(action, exp.Drop):
            gone = {unmarked(column.name) for column in action.find_all(exp.Column)}
            kept = [key for key in kept if not gone & set(key.columns)]
    if kept != before:
        put(context, table, kept)
    for old, new in renamed:
        _target_renamed(context, table, old, new)


def target_gone(context: Context, table: FullName, new: FullName | None = None) -> None:
    """Foreign keys go with the table that they refer to, or follow its name."""
    place = _place(new) if new else None
    _refer(context, table, lambda key: replace(key, target=place) if place else None)


def _target_renamed(context: Context, table: FullName, old: str, new: str) -> None:
    def follow(key: Key) -> Key:
        columns = tuple(new if column == old else column for column in key.target_columns)
        return replace(key, target_columns=columns)

    _refer(context, table, follow)


def _refer(context: Context, table: FullName, become: Callable[[Key], Key | None]) -> None:
    """What foreign keys that refer to a table become; None for nothing."""
    target = _place(table)
    for database in context.account.databases():
        with context.account.while_there(database):
            for other, known in of_database(context, database).items():
                if any(key.target == target for key in known):
                    found = [become(key) if key.target == target else key for key in known]
                    put(context, other, [key for key in found if key])


def _place(name: FullName) -> tuple[str, str, str]:
    return name.database, name.schema, name.name


def columns_of(context: Context, table: FullName) -> tuple[set[str], set[str]]:
    """The columns of its primary key, and those of its unique ones."""
    known = of_table(context, table)
    primary, unique = (
        {column for key in known if key.kind == kind for column in key.columns}
        for kind in ("PRIMARY", "UNIQUE")
    )
    return primary, unique


def of_table(context: Context, table: FullName) -> list[Key]:
    return _read_all(table_properties.of(context, table))


def as_property(keys: Sequence[Key]) -> dict[str, str]:
    return {PROPERTY: json.dumps([asdict(key) for key in keys])} if keys else {}


def of_database(context: Context, database: str) -> dict[FullName, list[Key]]:
    """Those of all of its tables, the session's temporary ones in the place of others."""
    kept = {
        FullName(database, schema, name): note.properties
        for (schema, name), note in notes.every(context.catalog(database), "TABLE").items()
    }
    held = context.connection.temporary.items()
    kept |= {name: each.properties for name, each in held if name.database == database}
    found = {name: _read_all(properties) for name, properties in kept.items()}
    return {name: keys for name, keys in found.items() if keys}


def _read_all(properties: Mapping[str, str]) -> list[Key]:
    return [_read(each) for each in json.loads(properties.get(PROPERTY) or "[]")]


def _read(document: dict[str, Any]) -> Key:
    target = document.pop("target")
    columns, of_target = document.pop("columns"), document.pop("target_columns")
    place = tuple(target) if target else None
    return Key(**document, columns=tuple(columns), target=place, target_columns=tuple(of_target))


# --- SHOW -----------------------------------------------------------------------------------------

_OWN = ("created_on", "database_name", "schema_name", "table_name", "column_name", "key_sequence",
        "constraint_name", "rely", "comment")  # fmt: skip
_FOREIGN = ("created_on", "pk_database_name", "pk_schema_name", "pk_table_name", "pk_column_name",
            "fk_database_name", "fk_schema_name", "fk_table_name", "fk_column_name",
            "key_sequence", "update_rule", "delete_rule", "fk_name", "pk_name", "deferrability",
            "rely", "comment")  # fmt: skip

_RULE = "NO ACTION"


@dataclass(frozen=True)
class ShowKeys:
    """which: PRIMARY, UNIQUE, IMPORTED or EXPORTED. They are looked for in table, else in scope."""

    which: str
    scope: ShowScope
    table: Any = None

    def without_limit(self) -> tuple[ShowKeys, int | None, str | None]:
        """There is no LIMIT of keys."""
        return self, None, None


def _read_show(tokens: Tokens) -> ShowKeys:
    """SHOW which KEYS [IN {ACCOUNT | DATABASE d | SCHEMA s | [TABLE] t}]"""
    tokens.expect("SHOW")
    tokens.accept("TERSE")
    which = tokens.word()
    tokens.expect("KEYS")
    if tokens.accept("IN", "TABLE") or (
        tokens.peek("IN") and not any(tokens.peek("IN", word) for word in _PLACES)
    ):
        tokens.accept("IN")
        table = tokens.name()
        tokens.end()
        return ShowKeys(which, ShowScope(), table)
    if tokens.accept("IN"):
        kind, name = scope_place(tokens)
        tokens.end()
        return ShowKeys(which, ShowScope(None, kind, name))
    tokens.end()
    return ShowKeys(which, ShowScope())


_PLACES = ("ACCOUNT", "DATABASE", "SCHEMA")


def show(context: Context, statement: ShowKeys) -> Result:
    full: FullName | None = None
    schema: str | None = None
    if statement.table is not None:
        full = context.resolve(statement.table)
        if full not in context.connection.temporary and context.relation_kind(full) is None:
            raise errors.does_not_exist("Table", full)
        databases = [full.database]
    else:
        database, schema = place_of(context, statement.scope)
        databases = [database] if database else list(context.account.databases())
    known: dict[FullName, list[Key]] = {}
    for each in databases:
        with context.account.while_there(each):
            known |= of_database(context, each)
    rows = [
        row
        for table, keys in sorted(known.items(), key=lambda entry: str(entry[0]))
        for key in keys
        for row in _rows(statement.which, table, key, known)
        if _asked(statement.which, row, full, schema)
    ]
    columns = _OWN if statement.which in ("PRIMARY", "UNIQUE") else _FOREIGN
    return result.of(result.columns(*columns), rows, result.SHOW)


def _asked(which: str, row: tuple[Any, ...], table: FullName | None, schema: str | None) -> bool:
    """Own and exported keys are asked for by the table they are of, imported ones by the other."""
    _, *names = row[:8]
    place = names[4:7] if which == "IMPORTED" else names[:3]
    if table is not None:
        return place == [table.database, table.schema, table.name]
    return schema in (None, place[1])


def _rows(
    which: str, table: FullName, key: Key, known: dict[FullName, list[Key]]
) -> Iterator[tuple[Any, ...]]:
    created = datetime.fromisoformat(key.created_on)
    own = (table.database, table.schema, table.name)
    if which in ("PRIMARY", "UNIQUE"):
        if key.kind == which:
            for number, column in enumerate(key.columns, start=1):
                yield (created, *own, column, number, key.name, "false", None)
        return
    if key.kind != "FOREIGN" or key.target is None:
        return
    others = known.get(FullName(*key.target), ())
    primary = next((each for each in others if each.kind == "PRIMARY"), None)
    columns = key.target_columns or (primary.columns if primary else key.columns)
    name = primary.name if primary else None
    for number, (column, other) in enumerate(zip(key.columns, columns, strict=False), start=1):
        rules = (_RULE, _RULE, key.name, name, "NOT DEFERRABLE", "false", None)
        yield (created, *key.target, other, *own, column, number, *rules)


def _lists(statement: ShowKeys, place: Place) -> Demand:
    before = "" if statement.which in ("PRIMARY", "UNIQUE") else "fk_"
    path = tuple(f"{before}{part}_name" for part in ("database", "schema", "table"))
    return Demand((), lists=Listing(("TABLE",), path))


STATEMENTS = tuple(
    Kind(("SHOW", which), _read_show, show, _lists)
    for which in ("PRIMARY", "UNIQUE", "IMPORTED", "EXPORTED")
)

"""What the statements need that are read word by word: streams, tasks, procedures, SHOW, roles.

The pages of the statements have a section "Access control requirements", which is followed here.
"""

from __future__ import annotations

from collections.abc import Callable

from flocon.access.needs import Creation, Demand, Listing, Need
from flocon.access.securables import ACCOUNT, RELATION, Securable, database, inside, schema
from flocon.access.trees import Place, selects, staged
from flocon.core import errors
from flocon.sql import procedures, streamlits, streams
from flocon.sql.datatypes import DataType
from flocon.sql.show import show_scope
from flocon.sql.tokens import FullName, Name, Tokens

# Statements that ask for privileges themselves, once they know on what: an overload, a file's
# place, a grant's objects.
_SELF_CHECKED = {
    "CALL", "GET", "GRANT", "LIST", "LS", "PUT", "REMOVE", "REVOKE", "RM", "USE",
}  # fmt: skip
_MODIFIERS = (
    ("OR", "REPLACE"), ("OR", "ALTER"), ("TEMPORARY",), ("TEMP",), ("TRANSIENT",), ("SECURE",),
)  # fmt: skip
_OF_ACCOUNT = ("COMPUTE POOL", "RESOURCE MONITOR", "WAREHOUSE", "ROLE", "USER")
_IN_SCHEMA = ("ALERT", "PROCEDURE", "STREAMLIT", "STREAM", "TASK")
_INTEGRATIONS = ("NOTIFICATION", "API", "STORAGE", "SECURITY")


def demand_of(tokens: Tokens, place: Place) -> Demand | None:
    """What a statement asks for; None for one that is not known here, which is to be refused."""
    ahead = Tokens(tokens.text)
    verb = ahead.word()
    if verb in _SELF_CHECKED:
        return Demand()
    classify = _VERBS.get(verb)
    return classify(ahead, place) if classify else None


def _kind(tokens: Tokens) -> str | None:
    """The kind of object that comes next, stepped over; None for one that is not known."""
    for kind in (*_OF_ACCOUNT, *_IN_SCHEMA):
        if tokens.accept(*kind.split()):
            return kind
    tokens.accept(*[word for word in _INTEGRATIONS if tokens.peek(word)][:1])
    if tokens.accept("INTEGRATION"):
        return "INTEGRATION"
    return RELATION if tokens.accept("TABLE") or tokens.accept("VIEW") else None


def securable(kind: str, name: Name, place: Place) -> Securable:
    """The object of a name as it is written."""
    if kind in (*_OF_ACCOUNT, "INTEGRATION"):
        return Securable(kind, (name.name,))
    return inside(kind, place.resolve(name))


def procedure(signature: procedures.Signature, place: Place) -> Securable:
    return overload(place.resolve(signature.name), signature.types)


def overload(name: FullName, types: tuple[DataType, ...]) -> Securable:
    """A procedure; its types are part of its name."""
    listed = ", ".join(kind.base for kind in types)
    return Securable("PROCEDURE", (name.database, name.schema, f"{name.name}({listed})"))


def _named(kind: str, tokens: Tokens, place: Place) -> Securable:
    """The object whose name, in a procedure's case with its types, comes next."""
    tokens.accept("IF", "EXISTS")
    if kind == "PROCEDURE":
        return procedure(procedures.procedure_signature(tokens), place)
    return securable(kind, tokens.name(), place)


# --- CREATE --------------------------------------------------------------------------------------


def _create(tokens: Tokens, place: Place) -> Demand | None:
    replaces = tokens.peek("OR", "REPLACE")
    alters = tokens.peek("OR", "ALTER")
    temporary = False
    while modifier := next((words for words in _MODIFIERS if tokens.accept(*words)), None):
        temporary = temporary or modifier[0] in ("TEMPORARY", "TEMP")
    kind = _kind(tokens)
    if kind is None or kind == RELATION:
        return None
    if kind == "PROCEDURE":
        what = _created_procedure(tokens, place)
        # CREATE OR ALTER PROCEDURE is done as a replacement that keeps its grants.
        copies = "COPY GRANTS" in " ".join(tokens.text.upper().split())
    else:
        tokens.accept("IF", "NOT", "EXISTS")
        what = securable(kind, tokens.name(), place)
        copies = False
    if temporary:
        return Demand((Need(schema(*what.path[:2])),))
    needs = (_to_create(what), *_NAMED_IN.get(kind, _nothing)(tokens, place))
    return Demand(needs, creates=Creation(what, replaces, alters, copies))


def _to_create(what: Securable) -> Need:
    if what.kind == "RESOURCE MONITOR":
        return Need(ACCOUNT, ("OWNERSHIP",))
    where = ACCOUNT if len(what.path) == 1 else schema(*what.path[:2])
    return Need(where, (f"CREATE {what.kind}",))


def _created_procedure(tokens: Tokens, place: Place) -> Securable:
    statement = procedures.create_procedure(Tokens(tokens.text))
    types = tuple(argument.type for argument in statement.arguments)
    return overload(place.resolve(statement.name), types)


def _nothing(tokens: Tokens, place: Place) -> tuple[Need, ...]:
    return ()


def _stream_source(tokens: Tokens, place: Place) -> tuple[Need, ...]:
    return tuple(selects(place.resolve(streams.create_stream(Tokens(tokens.text)).source)))


def _warehouse(tokens: Tokens, place: Place) -> tuple[Need, ...]:
    """USAGE on the warehouse that a task or alert names. Its body is a matter of its runs."""
    while not tokens.done and not tokens.peek_any("AS", "IF", "THEN"):
        if tokens.accept("WAREHOUSE", "="):
            return (Need(Securable("WAREHOUSE", (tokens.name().name,)), ("USAGE",)),)
        tokens.next()
    return ()


def _streamlit_sources(tokens: Tokens, place: Place) -> tuple[Need, ...]:
    statement = streamlits.create_streamlit(Tokens(tokens.text))
    needs = [staged(statement.source, place, "READ")] if statement.source else []
    if warehouse := statement.properties.get("query_warehouse"):
        needs.append(Need(Securable("WAREHOUSE", (warehouse,)), ("USAGE",)))
    return tuple(needs)


_NAMED_IN: dict[str, Callable[[Tokens, Place], tuple[Need, ...]]] = {
    "ALERT": _warehouse,
    "STREAM": _stream_source,
    "STREAMLIT": _streamlit_sources,
    "TASK": _warehouse,
}


# --- ALTER, DROP, DESCRIBE, EXECUTE, COMMENT -----------------------------------------------------


def _alter(tokens: Tokens, place: Place) -> Demand | None:
    # A database's LOG_LEVEL takes MODIFY LOG LEVEL on the account, which nobody is granted here.
    if tokens.accept("ACCOUNT") or tokens.accept("DATABASE"):
        return Demand((Need(ACCOUNT, ("OWNERSHIP",)),))
    kind = _kind(tokens)
    if kind is None or kind == RELATION:
        return None
    what = _named(kind, tokens, place)
    if tokens.accept("RENAME", "TO"):
        return _rename(what, tokens, place)
    operated = ("ALERT", "COMPUTE POOL", "TASK", "WAREHOUSE")
    if kind in operated and tokens.peek_any("RESUME", "STOP", "SUSPEND"):
        return Demand((Need(what, ("OPERATE",)),))
    if kind == "WAREHOUSE":
        monitored = "RESOURCE_MONITOR" in tokens.text.upper()
        return Demand((Need(ACCOUNT, ("OWNERSHIP",)) if monitored else Need(what, ("MODIFY",)),))
    if kind in ("COMPUTE POOL", "RESOURCE MONITOR"):
        return Demand((Need(what, ("MODIFY",)),))
    return Demand((Need(what, ("OWNERSHIP",)),))


def _rename(what: Securable, tokens: Tokens, place: Place) -> Demand:
    name = securable(what.kind, tokens.name(), place)
    if what.kind == "PROCEDURE":
        types = what.name.partition("(")[2]
        name = Securable(what.kind, (*name.path[:2], f"{name.name}({types}"))
    return Demand((Need(what, ("OWNERSHIP",)),), renames=(what, name))


def _drop(tokens: Tokens, place: Place) -> Demand | None:
    kind = _kind(tokens)
    if kind is None or kind == RELATION:
        return None
    what = _named(kind, tokens, place)
    return Demand((Need(what, ("OWNERSHIP",)),), drops=what)


def _describe(tokens: Tokens, place: Place) -> Demand | None:
    if tokens.accept("USER"):
        name = tokens.name().name
        return Demand((Need(Securable("USER", (name,)), ("MONITOR",)),))
    kind = _kind(tokens)
    return Demand((Need(_named(kind, tokens, place)),)) if kind else None


def _execute(tokens: Tokens, place: Place) -> Demand | None:
    kind = _kind(tokens)
    if kind not in ("ALERT", "TASK"):
        return None
    return Demand((Need(_named(kind, tokens, place), ("OPERATE",)),))


def _comment(tokens: Tokens, place: Place) -> Demand | None:
    tokens.accept("IF", "EXISTS")
    tokens.expect("ON")
    kind = _kind(tokens)
    return Demand((Need(_named(kind, tokens, place), ("OWNERSHIP",)),)) if kind else None


# --- SHOW ----------------------------------------------------------------------------------------

_PATH = ("database_name", "schema_name", "name")
_LISTINGS: dict[tuple[str, ...], Listing] = {
    **{
        (f"{kind}S",): Listing((kind,), _PATH)
        for kind in ("ALERT", "SEQUENCE", "STAGE", "STREAM", "STREAMLIT", "TABLE", "TASK", "VIEW")
    },
    ("COMPUTE", "POOLS"): Listing(("COMPUTE POOL",), ("name",)),
    ("COLUMNS",): Listing((RELATION,), ("database_name", "schema_name", "table_name")),
    ("DATABASES",): Listing(("DATABASE",), ("name",)),
    ("FILE", "FORMATS"): Listing(("FILE FORMAT",), _PATH),
    ("INTEGRATIONS",): Listing(("INTEGRATION",), ("name",)),
    ("NOTIFICATION", "INTEGRATIONS"): Listing(("INTEGRATION",), ("name",)),
    ("OBJECTS",): Listing((RELATION,), _PATH),
    ("PROCEDURES",): Listing(("PROCEDURE",), ("catalog_name", "schema_name", "arguments")),
    ("RESOURCE", "MONITORS"): Listing(("RESOURCE MONITOR",), ("name",)),
    ("ROLES",): Listing(("ROLE",), ("name",)),
    ("SCHEMAS",): Listing(("SCHEMA",), ("database_name", "name")),
    ("USERS",): Listing(("USER",), ("name",)),
    ("WAREHOUSES",): Listing(("WAREHOUSE",), ("name",)),
}


def _show(tokens: Tokens, place: Place) -> Demand | None:
    if tokens.peek_any("GRANTS", "FUTURE", "PARAMETERS"):
        return Demand()
    tokens.accept("TERSE")
    tokens.accept("USER")
    for words, listing in _LISTINGS.items():
        if tokens.accept(*words):
            return Demand(_scope(words, tokens, place), lists=listing)
    return None


def _scope(words: tuple[str, ...], tokens: Tokens, place: Place) -> tuple[Need, ...]:
    """The database or schema that is looked into must be within reach."""
    if words == ("COLUMNS",):
        return ()
    scope = show_scope(tokens, of_tasks=True)
    if scope.name is None:
        return ()
    if scope.kind == "DATABASE":
        return (Need(database(scope.name.name)),)
    full = place.resolve(Name("_", scope.name.name, scope.name.schema))
    return (Need(schema(full.database, full.schema)),)


def listed(listing: Listing, values: list[str | None]) -> tuple[Securable, ...]:
    """What a row of SHOW may stand for, by the values of the listing's path."""
    path = [value or "" for value in values]
    if listing.kinds == ("PROCEDURE",):
        signature = path[-1].partition(" RETURN ")[0].replace("DEFAULT ", "")
        path = [*path[:-1], signature]
    return tuple(Securable(kind, tuple(path)) for kind in listing.kinds)


_VERBS: dict[str, Callable[[Tokens, Place], Demand | None]] = {
    "ALTER": _alter,
    "COMMENT": _comment,
    "CREATE": _create,
    "DESC": _describe,
    "DESCRIBE": _describe,
    "DROP": _drop,
    "EXECUTE": _execute,
    "SHOW": _show,
}


def refusal(text: str) -> errors.SnowflakeError:
    """For a statement of which it is not known what it needs."""
    return errors.unsupported(f"access control of: {' '.join(text.split())[:200]}")

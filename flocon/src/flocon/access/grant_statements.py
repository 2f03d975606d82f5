"""GRANT and REVOKE: tokens in, dataclasses out."""

from dataclasses import dataclass

from flocon.access.securables import (
    ALERT_VIEWER,
    GRANTABLE,
    PLURALS,
    RELATION,
    WITH_OWNERSHIP,
    Securable,
)
from flocon.core import errors
from flocon.sql.datatypes import DataType
from flocon.sql.procedures import procedure_signature
from flocon.sql.tokens import Name, Tokens

OWNERSHIP = "OWNERSHIP"


@dataclass(frozen=True)
class Target:
    """What is granted on. One object: kind, name and, of a procedure, types. Many of them (which is
    ALL or FUTURE): kind, and the DATABASE or SCHEMA (place) of that name."""

    kind: str
    name: Name | None = None
    types: tuple[DataType, ...] | None = None
    which: str = "ONE"
    place: str = ""


@dataclass(frozen=True)
class GrantPrivileges:
    """privileges: ALL, OWNERSHIP or those that are listed. current: what becomes of the grants
    that are there when the owner changes, COPY or REVOKE. option: WITH GRANT OPTION, or GRANT
    OPTION FOR."""

    privileges: tuple[str, ...]
    target: Target
    role: str
    option: bool = False
    current: str = ""


@dataclass(frozen=True)
class GrantRole:
    """A role, to or from a ROLE or a USER."""

    role: str
    kind: str
    grantee: str


@dataclass(frozen=True)
class GrantDatabaseRole:
    """A database role, to or from a ROLE."""

    role: Securable
    grantee: str


Statement = GrantPrivileges | GrantRole | GrantDatabaseRole


def grant(tokens: Tokens) -> Statement:
    """GRANT privileges ON … TO ROLE r [WITH GRANT OPTION] | GRANT ROLE r TO {ROLE | USER} x
    | GRANT DATABASE ROLE d.r TO ROLE x"""
    tokens.expect("GRANT")
    return _read(tokens, "TO")


def revoke(tokens: Tokens) -> Statement:
    """REVOKE [GRANT OPTION FOR] privileges ON … FROM ROLE r | REVOKE ROLE r FROM {ROLE | USER} x
    | REVOKE DATABASE ROLE d.r FROM ROLE x"""
    tokens.expect("REVOKE")
    return _read(tokens, "FROM")


def _read(tokens: Tokens, preposition: str) -> Statement:
    if tokens.accept("DATABASE", "ROLE"):
        return _database_role(tokens, preposition)
    if tokens.accept("ROLE"):
        role = _single(tokens)
        tokens.expect(preposition)
        kind = tokens.word()
        if kind not in ("ROLE", "USER"):
            raise tokens.unexpected()
        grantee = _single(tokens)
        tokens.end()
        return GrantRole(role, kind, grantee)
    option = preposition == "FROM" and tokens.accept("GRANT", "OPTION", "FOR")
    privileges = _privileges(tokens)
    target = _target(tokens)
    owns = OWNERSHIP in privileges
    if owns:
        _check_ownership(privileges, target)
    tokens.expect(preposition)
    if tokens.peek_any("USER", "SHARE", "DATABASE", "APPLICATION"):
        raise errors.unsupported(f"grants to a {tokens.word()}")
    # GRANT OWNERSHIP is a statement of its own, with clauses that the other has not.
    if not tokens.accept("ROLE") and owns:
        raise tokens.unexpected()
    role = _single(tokens)
    current = _current(tokens) if owns and preposition == "TO" else ""
    if current == "REVOKE" and target.which == "FUTURE":
        raise errors.unsupported("GRANT OWNERSHIP ON FUTURE … REVOKE CURRENT GRANTS")
    if preposition == "TO" and not owns:
        option = tokens.accept("WITH", "GRANT", "OPTION")
    if preposition == "FROM" and not tokens.accept("RESTRICT"):
        tokens.accept("CASCADE")
    tokens.end()
    return GrantPrivileges(privileges, target, role, option, current)


def _database_role(tokens: Tokens, preposition: str) -> GrantDatabaseRole:
    """The one that there is. https://docs.snowflake.com/en/sql-reference/sql/grant-database-role"""
    name = tokens.name()
    if (name.schema, name.name) != ALERT_VIEWER.path or name.database:
        raise errors.unsupported(f"database role {name}")
    tokens.expect(preposition)
    if not tokens.accept("ROLE"):
        raise errors.unsupported(f"database roles granted to a {tokens.word()}")
    grantee = _single(tokens)
    tokens.end()
    return GrantDatabaseRole(ALERT_VIEWER, grantee)


def _check_ownership(privileges: tuple[str, ...], target: Target) -> None:
    """Raises 001003 where it is granted together with others, 000002 for a kind of object that has
    one owner for good. https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"""
    if len(privileges) > 1:
        raise errors.syntax(0, OWNERSHIP)
    if target.kind not in WITH_OWNERSHIP:
        raise errors.unsupported(f"GRANT/REVOKE OWNERSHIP ON {target.kind}")


def _privileges(tokens: Tokens) -> tuple[str, ...]:
    """Up to ON: words apart from commas."""
    if tokens.accept("ALL"):
        tokens.accept("PRIVILEGES")
        tokens.expect("ON")
        return ("ALL",)
    privileges: list[str] = []
    words: list[str] = []
    while not tokens.accept("ON"):
        if tokens.accept(","):
            privileges.append(" ".join(words))
            words = []
        else:
            words.append(tokens.word())
    return (*privileges, " ".join(words))


def _current(tokens: Tokens) -> str:
    for word in ("COPY", "REVOKE"):
        if tokens.accept(word, "CURRENT", "GRANTS"):
            return word
    return ""


def _single(tokens: Tokens) -> str:
    name = tokens.name()
    if name.schema:
        raise errors.unsupported(f"database role {name}")
    return name.name


def _target(tokens: Tokens) -> Target:
    for which in ("ALL", "FUTURE"):
        if tokens.accept(which):
            return _many(tokens, which)
    return one(tokens)


def one(tokens: Tokens) -> Target:
    """KIND name, or ACCOUNT; a name alone is a table's or a view's, as dbt writes it: which one is
    seen when the statement is carried out."""
    if tokens.accept("ACCOUNT"):
        return Target("ACCOUNT")
    tokens.accept("NOTIFICATION") if tokens.peek("NOTIFICATION", "INTEGRATION") else None
    kind = next((each for each in GRANTABLE if _accept_kind(tokens, each)), None)
    if kind is None:
        name = tokens.name()
        if not (tokens.done or tokens.peek_any("TO", "FROM")):
            raise errors.unsupported(f"grants on {name.name}")
        return Target(RELATION, name)
    if kind in ("FUNCTION", "PROCEDURE"):
        signature = procedure_signature(tokens)
        return Target(kind, signature.name, signature.types)
    return Target(kind, tokens.name())


def _accept_kind(tokens: Tokens, kind: str) -> bool:
    """A database or schema may be called as a kind is."""
    words = kind.split()
    return not tokens.peek(*words, ".") and tokens.accept(*words)


def _many(tokens: Tokens, which: str) -> Target:
    plural = "FILE FORMATS" if tokens.accept("FILE", "FORMATS") else tokens.word()
    kind = "SCHEMA" if plural == "SCHEMAS" else PLURALS.get(plural)
    if kind is None:
        raise errors.unsupported(f"grants on {which} {plural}")
    tokens.expect("IN")
    place = tokens.word()
    if place not in ("DATABASE", "SCHEMA") or (kind == "SCHEMA" and place == "SCHEMA"):
        raise tokens.unexpected()
    return Target(kind, tokens.name(), which=which, place=place)

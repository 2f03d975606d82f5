"""What the statements about objects need, by their kinds: streams, tasks, procedures, SHOW, roles.

The pages of the statements have a section "Access control requirements", which is followed here.
Each function makes one that answers for statements: what they are about has a `name`, or is found
by a function.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

from flocon.access.needs import Creation, Demand, Listing, Need
from flocon.access.securables import ACCOUNT, Securable, database, inside, schema
from flocon.access.trees import Place
from flocon.core import errors
from flocon.sql.datatypes import DataType
from flocon.sql.statements import Show
from flocon.sql.tokens import FullName, Name

Needs = Callable[[Any, Place], Demand]
# A kind of object that a statement's `name` is of, or what finds the object.
About = str | Callable[[Any, Place], Securable]

_OF_ACCOUNT = ("COMPUTE POOL", "INTEGRATION", "RESOURCE MONITOR", "ROLE", "USER", "WAREHOUSE")
_PATH = ("database_name", "schema_name", "name")


def securable(kind: str, name: Name | str, place: Place) -> Securable:
    """The object of a name as it is written."""
    if kind in _OF_ACCOUNT:
        return Securable(kind, (name if isinstance(name, str) else name.name,))
    return inside(kind, place.resolve(name if isinstance(name, Name) else Name(name)))


def overload(name: FullName, types: Iterable[DataType], kind: str = "PROCEDURE") -> Securable:
    """A procedure or function (kind); its types are part of its name."""
    listed = ", ".join(each.base for each in types)
    return Securable(kind, (name.database, name.schema, f"{name.name}({listed})"))


def _object(about: About, statement: Any, place: Place) -> Securable:
    return (
        securable(about, statement.name, place)
        if isinstance(about, str)
        else about(statement, place)
    )


def nothing(statement: Any, place: Place) -> Demand:
    """Of one that asks for privileges itself, once it knows on what: an overload, a file's place,
    a grant's objects. Of SHOW, which shows only what is granted to the role."""
    return Demand()


def on_account(statement: Any, place: Place) -> Demand:
    """Of one that only ACCOUNTADMIN may run."""
    return Demand((Need(ACCOUNT, ("OWNERSHIP",)),))


def needs(about: About, *any_of: str) -> Needs:
    """One of these privileges on the object; without names, any privilege."""
    return lambda statement, place: Demand((Need(_object(about, statement, place), any_of),))


def owns(about: About) -> Needs:
    return needs(about, "OWNERSHIP")


def drops(about: About) -> Needs:
    def demand(statement: Any, place: Place) -> Demand:
        what = _object(about, statement, place)
        return Demand((Need(what, ("OWNERSHIP",)),), drops=what)

    return demand


def alters(about: About, privilege: str = "OWNERSHIP", *, operates: Container[str] = ()) -> Needs:
    """operates: the actions for which OPERATE is enough."""

    def demand(statement: Any, place: Place) -> Demand:
        needed = "OPERATE" if getattr(statement, "action", None) in operates else privilege
        return Demand((Need(_object(about, statement, place), (needed,)),))

    return demand


def creates(
    about: About, more: Callable[[Any, Place], Iterable[Need]] = lambda statement, place: ()
) -> Needs:
    """A statement with a mode (CREATE, REPLACE or ALTER), or that replaces or not; more: what it
    needs of others than the object's place."""

    def demand(statement: Any, place: Place) -> Demand:
        what = _object(about, statement, place)
        mode = getattr(statement, "mode", "")
        replaces = mode == "REPLACE" or (not mode and getattr(statement, "replace", False))
        copies = getattr(statement, "copies_grants", False)
        creation = Creation(what, replaces, mode == "ALTER", copies)
        return Demand((_to_create(what), *more(statement, place)), creates=creation)

    return demand


def _to_create(what: Securable) -> Need:
    if what.kind == "RESOURCE MONITOR":
        return Need(ACCOUNT, ("OWNERSHIP",))
    where = ACCOUNT if len(what.path) == 1 else schema(*what.path[:2])
    return Need(where, (f"CREATE {what.kind}",))


def usage_of_warehouse(name: str | None) -> Iterable[Need]:
    """On the warehouse that a statement names. A task's or alert's body is a matter of its runs."""
    if name:
        yield Need(Securable("WAREHOUSE", (name,)), ("USAGE",))


def lists(kind: str, *path: str) -> Needs:
    """SHOW: the columns of its answer that hold each row's path. The database or schema that is
    looked into must be within reach."""
    listing = Listing((kind,), path or _PATH)
    return lambda statement, place: Demand(_scope(statement, place), lists=listing)


def _scope(statement: Show, place: Place) -> tuple[Need, ...]:
    scope = statement.scope
    if scope.name is None:
        return ()
    if scope.kind == "DATABASE":
        return (Need(database(scope.name.name)),)
    full = place.resolve(Name("_", scope.name.name, scope.name.schema))
    return (Need(schema(full.database, full.schema)),)


def listed(listing: Listing, values: list[str | None]) -> tuple[Securable, ...]:
    """What a row of SHOW may stand for, by the values of the listing's path."""
    path = [value or "" for value in values]
    if listing.kinds in (("PROCEDURE",), ("FUNCTION",)):
        signature = path[-1].partition(" RETURN ")[0].replace("DEFAULT ", "")
        path = [*path[:-1], signature]
    return tuple(Securable(kind, tuple(path)) for kind in listing.kinds)


def refusal(text: str) -> errors.SnowflakeError:
    """The error for a statement whose needs are not known."""
    return errors.unsupported(f"access control of: {' '.join(text.split())[:200]}")

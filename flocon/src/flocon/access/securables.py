"""The objects that privileges are granted on, and which privileges each kind has.

https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

from typing import NamedTuple

from flocon.sql.tokens import FullName

# A table, view or stream whose kind a statement's text does not tell.
RELATION = "RELATION"
RELATIONS = ("TABLE", "VIEW", "STREAM")


class Securable(NamedTuple):
    """An object. path: its names from the database on; the only name of an account's object."""

    kind: str
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""

    @property
    def label(self) -> str:
        """The full name as messages and SHOW GRANTS write it."""
        return ".".join(self.path)

    @property
    def containers(self) -> "tuple[Securable, ...]":
        """Its database and schema, as far as it is inside of them."""
        kinds = ("DATABASE", "SCHEMA")[: max(0, len(self.path) - 1)]
        return tuple(Securable(kind, self.path[: n + 1]) for n, kind in enumerate(kinds))


ACCOUNT = Securable("ACCOUNT")
# The database role that calls the functions of an alert's run.
# https://docs.snowflake.com/en/sql-reference/snowflake-db-roles
ALERT_VIEWER = Securable("DATABASE_ROLE", ("SNOWFLAKE", "ALERT_VIEWER"))


def database(name: str) -> Securable:
    return Securable("DATABASE", (name,))


def schema(database: str, name: str) -> Securable:
    return Securable("SCHEMA", (database, name))


def inside(kind: str, name: FullName) -> Securable:
    """An object of a schema."""
    return Securable(kind, (name.database, name.schema, name.name))


# Kinds of objects in a schema, and their plurals as GRANT … ON ALL and FUTURE name them.
PLURALS = {
    "ALERTS": "ALERT",
    "FILE FORMATS": "FILE FORMAT",
    "FUNCTIONS": "FUNCTION",
    "PROCEDURES": "PROCEDURE",
    "SEQUENCES": "SEQUENCE",
    "STAGES": "STAGE",
    "STREAMLITS": "STREAMLIT",
    "STREAMS": "STREAM",
    "TABLES": "TABLE",
    "TASKS": "TASK",
    "VIEWS": "VIEW",
}
IN_SCHEMA = tuple(PLURALS.values())

_ALL: dict[str, tuple[str, ...]] = {
    "ACCOUNT": (
        "CREATE COMPUTE POOL", "CREATE DATABASE", "CREATE INTEGRATION", "CREATE ROLE",
        "CREATE USER", "CREATE WAREHOUSE",
        "EXECUTE ALERT", "EXECUTE MANAGED ALERT", "EXECUTE MANAGED TASK", "EXECUTE TASK",
        "MANAGE GRANTS", "MANAGE WAREHOUSES", "MONITOR EXECUTION", "MONITOR USAGE",
    ),
    "DATABASE": ("CREATE SCHEMA", "MODIFY", "MONITOR", "USAGE"),
    "SCHEMA": (*(f"CREATE {kind}" for kind in IN_SCHEMA), "MODIFY", "MONITOR", "USAGE"),
    "TABLE": ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRUNCATE", "UPDATE"),
    "VIEW": ("REFERENCES", "SELECT"),
    "STREAM": ("SELECT",),
    "TASK": ("MONITOR", "OPERATE"),
    "ALERT": ("MONITOR", "OPERATE"),
    "PROCEDURE": ("USAGE",),
    "FUNCTION": ("USAGE",),
    "STAGE": ("READ", "WRITE"),
    "FILE FORMAT": ("USAGE",),
    "SEQUENCE": ("USAGE",),
    "STREAMLIT": ("USAGE",),
    "WAREHOUSE": ("MODIFY", "MONITOR", "OPERATE", "USAGE"),
    "COMPUTE POOL": ("MODIFY", "MONITOR", "OPERATE", "USAGE"),
    "INTEGRATION": ("USAGE",),
    "RESOURCE MONITOR": ("MODIFY", "MONITOR"),
    "USER": ("MONITOR",),
    "ROLE": (),
}  # fmt: skip


# What GRANT OWNERSHIP takes, of the kinds that there are here. A Streamlit app is not among them:
# it keeps its owner until it is dropped.
# https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
WITH_OWNERSHIP = frozenset(_ALL) - {"ACCOUNT", "STREAMLIT"}


def privileges_of(kind: str) -> tuple[str, ...]:
    """What can be granted on a kind of object besides OWNERSHIP, sorted."""
    return _ALL[kind]


# What GRANT names before an object.
GRANTABLE = tuple(_ALL)


# The owner of what no other role is recorded to own: what ACCOUNTADMIN has made is its own.
# https://docs.snowflake.com/en/user-guide/security-access-control-overview
FIRST_OWNER = "ACCOUNTADMIN"

"""The users that have been created: what they log in with, and which roles are theirs.

Any other name that logs in is that of the machine's own user, an administrator with every role.
https://docs.snowflake.com/en/sql-reference/sql/create-user
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access import key_pairs
from flocon.access.hierarchy import ADMINISTRATOR, PUBLIC
from flocon.access.roles import Roles
from flocon.core import errors
from flocon.core.clock import utc_now
from flocon.core.errors import SnowflakeError
from flocon.engine import StoredObjects, Tables

KEYS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")


@dataclass(frozen=True)
class User:
    """properties: by Snowflake's names, only those that were set; all are text."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)
    created_on: datetime = field(default_factory=utc_now)

    @property
    def disabled(self) -> bool:
        return self.properties.get("DISABLED") == "true"

    @property
    def secondary(self) -> bool:
        """Are all its roles in force, unless it is told otherwise?"""
        return self.properties.get("DEFAULT_SECONDARY_ROLES", "ALL") == "ALL"

    @property
    def keys(self) -> list[str]:
        return [self.properties[name] for name in KEYS if self.properties.get(name)]


_USERS = StoredObjects("USER", lambda fields: User(**fields))


class Users:
    """Thread-safe."""

    def __init__(self, tables: Tables, roles: Roles) -> None:
        self._tables = tables
        self._roles = roles
        self._lock = threading.RLock()
        self._users = _USERS.in_schema(tables)

    def find(self, name: str) -> User | None:
        return self._users.get(name)

    def all(self) -> list[User]:
        return sorted(self._users.values(), key=lambda user: user.name)

    def save(self, user: User) -> None:
        with self._lock:
            _USERS.put(self._tables, user)
            self._users[user.name] = user

    def alter(self, user: User, changes: Mapping[str, str | None]) -> None:
        """Set properties; None unsets one."""
        values = {**user.properties, **changes}
        kept = {name: value for name, value in values.items() if value is not None}
        self.save(replace(user, properties=kept))

    def drop(self, name: str) -> None:
        with self._lock:
            _USERS.delete(self._tables, name)
            self._users.pop(name, None)
        self._roles.user_dropped(name)

    # --- roles -----------------------------------------------------------------------------------

    def roles_of(self, name: str) -> frozenset[str]:
        """The roles that are granted to a user, which secondary roles bring into force."""
        return self._roles.of_user(name) if name in self._users else frozenset({ADMINISTRATOR})

    def available_roles(self, name: str) -> frozenset[str]:
        """The roles that a user may take on."""
        if name in self._users:
            return self._roles.inherited(self._roles.of_user(name))
        return frozenset(role.name for role in self._roles.all())

    # --- logins ----------------------------------------------------------------------------------

    def check_password_login(self, name: str) -> None:
        """Raises 390100: a created user has no password, and logs in with its key."""
        if name in self._users:
            raise SnowflakeError(
                errors.WRONG_PASSWORD, "Incorrect username or password was specified."
            )

    def check_token(self, name: str, token: str) -> None:
        """Raises 390144 unless the user has signed the token with one of its keys, and 390101 for
        a user that is disabled. https://docs.snowflake.com/en/user-guide/key-pair-auth"""
        user = self._users.get(name)
        if user is None or not key_pairs.is_signed(token, name, user.keys):
            raise SnowflakeError(errors.JWT_INVALID, "JWT token is invalid.")
        if user.disabled:
            raise SnowflakeError(
                errors.USER_DISABLED,
                "User access disabled. Contact your local system administrator.",
            )

    def login_role(self, name: str, asked: str | None) -> str:
        """The role of a new session. Raises 390189 for one that the user may not take on."""
        if asked is not None and asked not in self.available_roles(name):
            raise SnowflakeError(
                errors.ROLE_REFUSED,
                f"Role '{asked}' specified in the connect string does not exist or not authorized."
                " Contact your local system administrator, or attempt to login with another role,"
                " e.g. PUBLIC.",
            )
        if asked is not None:
            return asked
        user = self._users.get(name)
        if user is None:
            return ADMINISTRATOR
        default = user.properties.get("DEFAULT_ROLE", PUBLIC)
        return default if default in self.available_roles(name) else PUBLIC

    def has_secondary(self, name: str) -> bool:
        """Do all roles of the user come into force with the login?"""
        user = self._users.get(name)
        return user is not None and user.secondary

    def defaults(self, name: str) -> dict[str, Any]:
        """The warehouse, database and schema of a session whose login does not name them."""
        user = self._users.get(name)
        if user is None:
            return {}
        namespace = user.properties.get("DEFAULT_NAMESPACE", "")
        database, _, schema = namespace.partition(".")
        return {
            "warehouse": user.properties.get("DEFAULT_WAREHOUSE"),
            "database": database or None,
            "schema": schema or None,
        }

"""CREATE, ALTER, DROP, SHOW and DESCRIBE USER. https://docs.snowflake.com/en/sql-reference/sql/create-user"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flocon.access import key_pairs
from flocon.access.demands import creates, drops, lists, needs, owns
from flocon.access.securables import FIRST_OWNER
from flocon.access.users import KEYS, User
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens

_TYPES = ("SERVICE", "PERSON", "LEGACY_SERVICE")


def _name(tokens: Tokens) -> str:
    """A name, as it is or in quotes as text."""
    if tokens.current.token_type.name == "STRING":
        return str(Tokens(tokens.string()).name())
    return str(tokens.name())


def _secondary(tokens: Tokens) -> str:
    """('ALL') or ()."""
    value = "".join(tokens.listed(Tokens.string)).upper()
    if value not in ("", "ALL"):
        raise errors.invalid_value("DEFAULT_SECONDARY_ROLES", value)
    return value


def _key(name: str) -> definitions.Reader:
    def read(tokens: Tokens) -> str:
        text = tokens.string()
        try:
            key_pairs.public_key(text)
        except ValueError as error:
            raise errors.compilation(
                errors.PROPERTY_VALUE, f"New public key rejected for {name}: {error}."
            ) from None
        return text

    return read


# Created users have no passwords here: they log in with keys.
_PROPERTIES: dict[str, definitions.Reader] = {
    **dict.fromkeys(("DEFAULT_ROLE", "DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE"), _name),
    **dict.fromkeys(("COMMENT", "DISPLAY_NAME", "EMAIL"), Tokens.string),
    **{name: _key(name) for name in KEYS},
    "TYPE": definitions.one_of("TYPE", *_TYPES),
    "DISABLED": lambda tokens: str(tokens.boolean()).lower(),
    "DEFAULT_SECONDARY_ROLES": _secondary,
}


def _unknown(name: str) -> errors.SnowflakeError:
    return errors.unsupported(f"USER with {name}")


def _read_create(tokens: Tokens) -> Definition:
    if tokens.peek("CREATE", "OR"):
        raise errors.unsupported("CREATE OR REPLACE USER")
    head = definitions.created(tokens, "USER")
    return replace(head, properties=definitions.properties(tokens, _PROPERTIES, _unknown))


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER USER [IF EXISTS] name {SET … | UNSET …}"""
    head = definitions.altered(tokens, "USER")
    if tokens.accept("UNSET"):
        known = _PROPERTIES.keys() - {"TYPE"}
        return replace(head, properties=definitions.unset(tokens, known, _unknown))
    if tokens.accept("SET"):
        return replace(head, properties=definitions.properties(tokens, _PROPERTIES, _unknown))
    raise errors.unsupported(f"ALTER USER … {tokens.rest()}")


def create_user(context: Context, statement: Definition) -> Result:
    name = statement.name.name
    context.transactions.commit_for_ddl()
    users = context.account.users
    with context.account.lock:
        if users.find(name):
            if statement.forgiving:
                return result.already_exists(name)
            raise errors.already_exists(name)
        # This name was one of the machine's own user: what that was granted is not for the new one.
        context.account.roles.user_dropped(name)
        users.save(User(name, statement.properties))
    return result.status(f"User {name} successfully created.")


def alter_user(context: Context, statement: Definition) -> Result:
    name = statement.name.name
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if not (statement.forgiving and context.account.users.find(name) is None):
            context.account.users.alter(_existing(context, name), statement.properties)
    return result.done()


def _existing(context: Context, name: str) -> User:
    user = context.account.users.find(name)
    if user is None:
        raise errors.does_not_exist("User", name)
    return user


def drop_user(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if if_exists and context.account.users.find(name) is None:
            return result.already_dropped(name)
        _existing(context, name)
        context.account.users.drop(name)
    return result.dropped(name)


_SHOWN = result.columns(
    "name", "created_on", "login_name", "display_name", "email", "comment", "disabled",
    "default_warehouse", "default_namespace", "default_role", "default_secondary_roles",
    "owner", "has_password", "has_rsa_public_key", "type",
)  # fmt: skip


def show_users(context: Context, statement: Show) -> Result:
    """SHOW USERS. https://docs.snowflake.com/en/sql-reference/sql/show-users"""
    found = statement.scope.chosen(context.account.users.all())
    return result.listing(_SHOWN, map(_shown, found), result.SHOW)


def _shown(user: User) -> dict[str, Any]:
    kept = {name.lower(): value for name, value in user.properties.items()}
    return {
        **dict.fromkeys(_SHOWN, ""),
        "disabled": "false",
        "type": "PERSON",
        **kept,
        "name": user.name,
        "login_name": user.name,
        "display_name": kept.get("display_name", user.name),
        "created_on": user.created_on,
        "default_secondary_roles": '["ALL"]' if user.secondary else "[]",
        "owner": FIRST_OWNER,
        "has_password": "false",
        "has_rsa_public_key": str(bool(user.keys)).lower(),
    }


def describe_user(context: Context, statement: Named) -> Result:
    """DESCRIBE USER. https://docs.snowflake.com/en/sql-reference/sql/desc-user"""
    user = _existing(context, statement.name.name)
    shown = _shown(user)
    hidden = ("created_on", "owner", "has_password", "has_rsa_public_key")
    rows = [[name.upper(), shown[name] or None] for name in _SHOWN if name not in hidden]
    for name in KEYS:
        key = user.properties.get(name)
        rows += [[name, key], [f"{name}_FP", key_pairs.fingerprint(key) if key else None]]
    return result.of({"property": "VARCHAR", "value": "VARCHAR"}, rows, result.DESCRIBE)


STATEMENTS = (
    Kind(("CREATE", "USER"), _read_create, create_user, creates("USER")),
    Kind(("ALTER", "USER"), _read_alter, alter_user, owns("USER")),
    Kind(("DROP", "USER"), statements.drop("USER"), drop_user, drops("USER")),
    Kind(("SHOW", "USERS"), statements.show("USERS"), show_users, lists("USER", "name")),
    Kind(
        ("DESCRIBE", "USER"), statements.describe("USER"), describe_user, needs("USER", "MONITOR")
    ),
)

"""CREATE, ALTER, DROP, SHOW and DESCRIBE USER. https://docs.snowflake.com/en/sql-reference/sql/create-user"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flocon.access import key_pairs
from flocon.access.demands import creates, drops, lists, needs, owns
from flocon.access.securables import FIRST_OWNER
from flocon.access.users import KEYS, User
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens

# What a user has besides its keys. Created users have no passwords here: they log in with keys.
_NAMES = ("DEFAULT_ROLE", "DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE")
_TEXTS = ("COMMENT", "DISPLAY_NAME", "EMAIL")
_TYPES = ("SERVICE", "PERSON", "LEGACY_SERVICE")


def _properties(tokens: Tokens) -> dict[str, str | None]:
    """NAME = value …, checked: unknown names are 000002, 001481 for what is no key."""
    found: dict[str, str | None] = {}
    while not tokens.done:
        name = tokens.word()
        tokens.expect("=")
        if name in _NAMES:
            found[name] = _name(tokens)
        elif name in _TEXTS:
            found[name] = tokens.string()
        elif name in KEYS:
            found[name] = _key(name, tokens.string())
        elif name == "TYPE":
            found[name] = _one_of(name, tokens.value().upper(), _TYPES)
        elif name == "DISABLED":
            found[name] = str(tokens.boolean()).lower()
        elif name == "DEFAULT_SECONDARY_ROLES":
            found[name] = _secondary(tokens)
        else:
            raise errors.unsupported(f"USER with {name}")
        tokens.accept(",")
    return found


def _name(tokens: Tokens) -> str:
    """A name, as it is or in quotes as text."""
    if tokens.current.token_type.name == "STRING":
        return str(Tokens(tokens.string()).name())
    return str(tokens.name())


def _one_of(name: str, value: str, values: Sequence[str]) -> str:
    if value not in values:
        raise errors.invalid_value(name, value)
    return value


def _secondary(tokens: Tokens) -> str:
    """('ALL') or ()."""
    tokens.expect("(")
    value = "" if tokens.peek(")") else tokens.string().upper()
    tokens.expect(")")
    return _one_of("DEFAULT_SECONDARY_ROLES", value, ("", "ALL"))


def _key(name: str, text: str) -> str:
    try:
        key_pairs.public_key(text)
    except ValueError as error:
        raise errors.compilation(
            errors.PROPERTY_VALUE, f"New public key rejected for {name}: {error}."
        ) from None
    return text


@dataclass(frozen=True)
class CreateUser:
    name: str
    if_not_exists: bool
    properties: dict[str, str | None]


@dataclass(frozen=True)
class AlterUser:
    """properties: those to change; None for those to unset."""

    name: str
    if_exists: bool
    properties: dict[str, str | None]


def _read_create(tokens: Tokens) -> CreateUser:
    tokens.expect("CREATE")
    if tokens.peek("OR"):
        raise errors.unsupported("CREATE OR REPLACE USER")
    tokens.expect("USER")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    return CreateUser(tokens.name().name, if_not_exists, _properties(tokens))


def _read_alter(tokens: Tokens) -> AlterUser:
    """ALTER USER [IF EXISTS] name {SET … | UNSET …}"""
    tokens.expect("ALTER", "USER")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name().name
    if tokens.accept("UNSET"):
        return AlterUser(name, if_exists, dict.fromkeys(_unset(tokens)))
    if tokens.accept("SET"):
        return AlterUser(name, if_exists, _properties(tokens))
    raise errors.unsupported(f"ALTER USER … {tokens.rest()}")


def create_user(context: Context, statement: CreateUser) -> Result:
    name, given = statement.name, statement.properties
    context.transactions.commit_for_ddl()
    users = context.account.users
    with context.account.lock:
        if users.find(name):
            if statement.if_not_exists:
                return result.already_exists(name)
            raise errors.already_exists(name)
        # This name was one of the machine's own user: what that was granted is not for the new one.
        context.account.roles.user_dropped(name)
        users.save(User(name, {key: value for key, value in given.items() if value is not None}))
    return result.status(f"User {name} successfully created.")


def alter_user(context: Context, statement: AlterUser) -> Result:
    name = statement.name
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if not (statement.if_exists and context.account.users.find(name) is None):
            context.account.users.alter(_existing(context, name), statement.properties)
    return result.done()


def _unset(tokens: Tokens) -> list[str]:
    names = [tokens.word()]
    while tokens.accept(","):
        names.append(tokens.word())
    tokens.end()
    known = (*_NAMES, *_TEXTS, *KEYS, "DISABLED", "DEFAULT_SECONDARY_ROLES")
    for name in names:
        if name not in known:
            raise errors.unsupported(f"ALTER USER UNSET {name}")
    return names


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

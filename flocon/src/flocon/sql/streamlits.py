"""CREATE and ALTER STREAMLIT: tokens in, dataclasses out."""

from dataclasses import dataclass, field

from flocon.core import errors
from flocon.sql.definitions import identifier
from flocon.sql.tokens import Name, Tokens

# https://docs.snowflake.com/en/sql-reference/sql/create-streamlit
_TEXTS = ("ROOT_LOCATION", "MAIN_FILE", "TITLE", "COMMENT", "RUNTIME_NAME")
_NAMES = ("QUERY_WAREHOUSE", "COMPUTE_POOL")


@dataclass(frozen=True)
class CreateStreamlit:
    """properties: by the lower-case name of each; source: the location after FROM."""

    name: Name
    replace: bool
    if_not_exists: bool
    source: str | None
    properties: dict[str, str]


@dataclass(frozen=True)
class AlterStreamlit:
    """One of: properties to set or to unset, a live version to add, a new name."""

    name: Name
    if_exists: bool
    set: dict[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    add_live_version: bool = False
    rename_to: Name | None = None


def create_streamlit(tokens: Tokens) -> CreateStreamlit:
    """CREATE [OR REPLACE] STREAMLIT [IF NOT EXISTS] name [FROM '…'] property = value …"""
    tokens.expect("CREATE")
    replace = tokens.accept("OR", "REPLACE")
    tokens.expect("STREAMLIT")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    name = tokens.name()
    source = tokens.value() if tokens.accept("FROM") else None
    return CreateStreamlit(name, replace, if_not_exists, source, _properties(tokens))


def alter_streamlit(tokens: Tokens) -> AlterStreamlit:
    """ALTER STREAMLIT [IF EXISTS] n {SET … | UNSET … | ADD LIVE VERSION FROM LAST | RENAME TO …}"""
    tokens.expect("ALTER", "STREAMLIT")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    if tokens.accept("ADD", "LIVE", "VERSION", "FROM", "LAST"):
        tokens.end()
        return AlterStreamlit(name, if_exists, add_live_version=True)
    if tokens.accept("RENAME", "TO"):
        new = tokens.name()
        tokens.end()
        return AlterStreamlit(name, if_exists, rename_to=new)
    if tokens.accept("UNSET"):
        return AlterStreamlit(name, if_exists, unset=_unset(tokens))
    if not tokens.accept("SET"):
        raise errors.unsupported(f"ALTER STREAMLIT … {tokens.rest()}")
    return AlterStreamlit(name, if_exists, set=_properties(tokens))


def _properties(tokens: Tokens) -> dict[str, str]:
    found: dict[str, str] = {}
    while not tokens.done:
        word = tokens.word()
        if word in _TEXTS:
            tokens.expect("=")
            found[word.lower()] = tokens.value()
        elif word in _NAMES:
            tokens.expect("=")
            found[word.lower()] = identifier(tokens)
        else:
            raise errors.unsupported(f"STREAMLIT with {word}")
        tokens.accept(",")
    return found


def _unset(tokens: Tokens) -> tuple[str, ...]:
    found = []
    while not tokens.done:
        word = tokens.word()
        if word not in ("QUERY_WAREHOUSE", "TITLE", "COMMENT"):
            raise errors.unsupported(f"ALTER STREAMLIT … UNSET {word}")
        found.append(word.lower())
        tokens.accept(",")
    return tuple(found)

"""CREATE and ALTER RESOURCE MONITOR: tokens in, a dataclass out."""

from dataclasses import dataclass, field

from flocon.core import errors
from flocon.sql.tokens import Tokens

FREQUENCIES = ("MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER")
ACTIONS = ("NOTIFY", "SUSPEND", "SUSPEND_IMMEDIATE")


@dataclass(frozen=True)
class ResourceMonitor:
    """What a statement says of a monitor. properties: by Snowflake's names, only those that were
    said. triggers: percentages of the quota and what is done there; None where nothing is said."""

    name: str
    replace: bool = False
    if_exists: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    triggers: tuple[tuple[int, str], ...] | None = None


def create_resource_monitor(tokens: Tokens) -> ResourceMonitor:
    """CREATE [OR REPLACE] RESOURCE MONITOR [IF NOT EXISTS] n [WITH] property = value … [TRIGGERS …]

    if_exists stands for IF NOT EXISTS here.
    """
    tokens.expect("CREATE")
    replace = tokens.accept("OR", "REPLACE")
    tokens.expect("RESOURCE", "MONITOR")
    known = tokens.accept("IF", "NOT", "EXISTS")
    name = tokens.name().name
    tokens.accept("WITH")
    return _settings(tokens, name, replace, known)


def alter_resource_monitor(tokens: Tokens) -> ResourceMonitor:
    """ALTER RESOURCE MONITOR [IF EXISTS] n [SET property = value …] [TRIGGERS …]"""
    tokens.expect("ALTER", "RESOURCE", "MONITOR")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name().name
    tokens.accept("SET")
    return _settings(tokens, name, False, if_exists)


def _settings(tokens: Tokens, name: str, replace: bool, if_exists: bool) -> ResourceMonitor:
    properties: dict[str, str] = {}
    triggers: tuple[tuple[int, str], ...] | None = None
    while not tokens.done:
        if tokens.accept("TRIGGERS"):
            triggers = _triggers(tokens)
            continue
        key = tokens.word()
        tokens.expect("=")
        properties[key] = _value(key, tokens)
    return ResourceMonitor(name, replace, if_exists, properties, triggers)


def _value(key: str, tokens: Tokens) -> str:
    if key == "CREDIT_QUOTA":
        return str(tokens.number())
    if key == "FREQUENCY":
        frequency = tokens.word()
        if frequency not in FREQUENCIES:
            raise errors.invalid_value(key, frequency)
        return frequency
    if key in ("START_TIMESTAMP", "END_TIMESTAMP"):
        return tokens.value()
    if key == "NOTIFY_USERS":
        return ", ".join(_users(tokens))
    raise errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{key}'")


def _users(tokens: Tokens) -> list[str]:
    """( name, … ), which may be empty."""
    tokens.expect("(")
    names: list[str] = []
    while not tokens.accept(")"):
        if names:
            tokens.expect(",")
        names.append(tokens.name().name)
    return names


def _triggers(tokens: Tokens) -> tuple[tuple[int, str], ...]:
    """ON n PERCENT DO action …: at most five that notify, one of each that suspends.
    https://docs.snowflake.com/en/user-guide/resource-monitors"""
    found: list[tuple[int, str]] = []
    while tokens.accept("ON"):
        percent = tokens.number()
        tokens.expect("PERCENT", "DO")
        action = tokens.word()
        if action not in ACTIONS:
            raise errors.syntax(0, action)
        found.append((percent, action))
    actions = [action for _, action in found]
    if actions.count("NOTIFY") > 5 or any(actions.count(each) > 1 for each in ACTIONS[1:]):
        raise errors.compilation(
            errors.PROPERTY_VALUE, "A resource monitor has too many triggers of a kind."
        )
    return tuple(found)

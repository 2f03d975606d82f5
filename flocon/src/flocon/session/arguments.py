"""The arguments of the account's own functions, checked as Snowflake does."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flocon.core import errors

_MOST_ROWS = 10_000


def only(arguments: Sequence[Any], function: str) -> Any:
    """The argument of a function that takes one."""
    if len(arguments) != 1:
        raise errors.compilation(errors.SYNTAX, f"{function} takes one argument.")
    return arguments[0]


def check_names(arguments: Mapping[str, Any], known: Iterable[str]) -> None:
    """A table function's arguments come by name (=>)."""
    for unknown in arguments.keys() - set(known):
        raise errors.compilation(errors.SYNTAX, f"Invalid named argument {unknown}.")


def result_limit(arguments: Mapping[str, Any], default: int) -> int:
    value = arguments.get("RESULT_LIMIT")
    limit = default if value is None else int(value)
    if not 1 <= limit <= _MOST_ROWS:
        raise invalid("RESULT_LIMIT", limit, f"must be from 1 to {_MOST_ROWS}")
    return limit


def is_true(value: object) -> bool:
    return str(value).upper() == "TRUE"


def timestamp(arguments: Mapping[str, Any], name: str) -> datetime | None:
    """A time in UTC; without a zone it is one already."""
    value = arguments.get(name)
    if value is None:
        return None
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid(name, value, "is not a timestamp") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def invalid(name: str, value: object, reason: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.INVALID_PROPERTY, f"Invalid value [{value}] for {name}: {reason}"
    )

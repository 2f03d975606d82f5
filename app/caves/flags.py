"""Types of the commands' flags, points in time among them; a wrong value is a usage error that
lists the accepted forms."""

import argparse
import math
import re
from datetime import UTC, datetime, timedelta

AGE = re.compile(r"(\d{1,6})([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
TIME_FORMS = "UTC as 2026-11-22T10:00, or an age such as 30m, 2h, 7d"


def integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, such as 5") from None


def whole(text: str) -> int:
    """A whole number from 1 on."""
    value = integer(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1: give a whole number such as 5")
    return value


def port(text: str) -> int:
    value = whole(text)
    if value > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give one from 1 to 65535")
    return value


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, such as 2.5") from None


def above_zero(text: str) -> float:
    value = number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0: give a number such as 2.5")
    return value


def days(text: str) -> str:
    """A number of whole days, with its unit: 28d."""
    if not re.fullmatch(r"[1-9]\d{0,3}d", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, such as 28d")
    return text


def moment(text: str) -> datetime:
    """A point in time, in UTC: ISO 8601 without an offset, or how long ago, such as `2h`."""
    if age := AGE.fullmatch(text):
        try:
            return now() - timedelta(**{UNITS[age[2]]: int(age[1])})
        except OverflowError:
            raise argparse.ArgumentTypeError(
                f"{text} ago is before the year 1: give {TIME_FORMS}"
            ) from None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: give {TIME_FORMS}") from None
    if found.tzinfo is not None:
        raise argparse.ArgumentTypeError(f"{text!r} has an offset: give {TIME_FORMS}")
    return found


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def in_utc(value: object) -> object:
    """A moment with a zone as UTC without one, as all times of the pipeline are; others as is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value

"""Points in time, as people give them: in UTC, or as an age."""

import argparse
import re
from datetime import UTC, datetime, timedelta

AGE = re.compile(r"(\d{1,6})([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
HELP = "UTC as 2026-11-22T10:00, or an age such as 30m, 2h, 7d"


def moment(text: str) -> datetime:
    """A point in time, in UTC: ISO 8601 without an offset, or how long ago, such as `2h`."""
    if age := AGE.fullmatch(text):
        try:
            return now() - timedelta(**{UNITS[age[2]]: int(age[1])})
        except OverflowError:
            raise argparse.ArgumentTypeError(f"{text} ago there was no calendar") from None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give {HELP}") from None
    if found.tzinfo is not None:
        raise argparse.ArgumentTypeError(f"{text!r} has an offset: give UTC without one")
    return found


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def in_utc(value: object) -> object:
    """A moment with a zone as UTC without one, as all times of the pipeline are; others as is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value

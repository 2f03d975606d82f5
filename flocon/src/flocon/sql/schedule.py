"""When a schedule is due: intervals and CRON expressions. Pure; times are aware and in UTC."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flocon.core import errors

_UNITS = {"S": 1, "M": 60, "H": 3600}
_SHORTEST = 10
_LONGEST = 11520 * 60
# Eight years hold a 29th of February, whatever century: past that, an expression never comes true.
_HORIZON = timedelta(days=8 * 366 + 1)

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_WEEKDAYS = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
}


@dataclass(frozen=True)
class Interval:
    """Every so many seconds, counted from a base: the time when the task was resumed."""

    seconds: int

    def next_after(self, after: datetime, base: datetime) -> datetime:
        """The first occurrence later than `after`."""
        step = timedelta(seconds=self.seconds)
        passed = max((after - base) // step, 0)
        return base + step * (passed + 1)


@dataclass(frozen=True)
class Cron:
    """Every minute whose local time matches all fields.

    As in Snowflake, an hour that the clocks skip has no run and an hour they repeat has two, and
    where both day fields are restricted, either one is enough. last_day and last_weekdays are the
    L of the day fields: the month's last day, its last Friday.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    zone: ZoneInfo
    last_day: bool = False
    last_weekdays: frozenset[int] = frozenset()

    def next_after(self, after: datetime, base: datetime | None = None) -> datetime:
        """The first occurrence later than `after`; the base plays no part."""
        found = self._search(after)
        if found is None:
            raise _invalid(f"no time after {after.isoformat()} matches")
        return found

    def comes_true(self) -> bool:
        """Does any time match? None does '0 0 31 2 *'."""
        return self._search(datetime(2024, 1, 1, tzinfo=UTC)) is not None

    def _search(self, after: datetime) -> datetime | None:
        candidate = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = candidate + _HORIZON
        while candidate < end:
            step = self._step(candidate.astimezone(self.zone))
            if not step:
                return candidate
            candidate += step
        return None

    def _step(self, local: datetime) -> timedelta:
        """How far to go on from a local time that does not match; zero from one that does."""
        minutes_left = timedelta(minutes=60 - local.minute)
        if not self._day_matches(local):
            # Stop an hour before midnight: a change of the clocks must not carry past it.
            return max(minutes_left, timedelta(hours=22 - local.hour))
        if local.hour not in self.hours:
            return minutes_left
        return timedelta(minutes=local.minute not in self.minutes)

    def _day_matches(self, local: datetime) -> bool:
        if local.month not in self.months:
            return False
        weekday = local.isoweekday() % 7
        left = monthrange(local.year, local.month)[1] - local.day
        by_day = local.day in self.days or (self.last_day and left == 0)
        by_weekday = weekday in self.weekdays or (left < 7 and weekday in self.last_weekdays)
        if len(self.days) < 31 and len(self.weekdays) < 7:
            return by_day or by_weekday
        return by_day and by_weekday


Schedule = Interval | Cron


def parse(text: str) -> Schedule:
    """'10 SECONDS', '1 MINUTE', '2 HOURS' or 'USING CRON <5 fields> <time zone>'.

    An interval has no space before it, and one between its words."""
    words = text.split()
    if [word.upper() for word in words[:2]] == ["USING", "CRON"]:
        return _cron(words[2:])
    match = re.fullmatch(r"(\d+)\s?(SECONDS?|MINUTES?|HOURS?|[SMH])\s*", text, re.IGNORECASE)
    if match is None:
        raise _invalid(f"'{text}' is neither '<n> SECONDS|MINUTES|HOURS' nor 'USING CRON …'")
    seconds = int(match[1]) * _UNITS[match[2][0].upper()]
    if not _SHORTEST <= seconds <= _LONGEST:
        raise _invalid(f"'{text}' is not between 10 seconds and 8 days")
    return Interval(seconds)


def _cron(words: list[str]) -> Cron:
    if len(words) != 6:
        raise _invalid(f"a CRON schedule has five fields and a time zone, not '{' '.join(words)}'")
    minutes, hours, days, months, weekdays, zone = words
    plain_days, last_days = _apart(days, lambda part: part == "L")
    plain_weekdays, last_weekdays = _apart(weekdays, lambda part: part[1:].endswith("L"))
    cron = Cron(
        _field(minutes, 0, 59),
        _field(hours, 0, 23),
        _field(plain_days, 1, 31),
        _field(months, 1, 12, _MONTHS),
        _field(plain_weekdays, 0, 6, _WEEKDAYS),
        _zone(zone),
        bool(last_days),
        frozenset(_number(part[:-1], 0, 6, _WEEKDAYS) for part in last_weekdays),
    )
    if not cron.comes_true():
        raise _invalid(f"'{' '.join(words)}' never comes true")
    return cron


def _apart(text: str, chosen: Callable[[str], bool]) -> tuple[str | None, list[str]]:
    """A field without the chosen parts of its list, None if nothing is left of it; and those."""
    parts = text.upper().split(",")
    left = [part for part in parts if not chosen(part)]
    return ",".join(left) if left else None, [part for part in parts if chosen(part)]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _invalid(f"'{name}' is not a time zone") from None


def _field(
    text: str | None, low: int, high: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    """The numbers that one field stands for: *, lists, ranges, steps and names."""
    if text is None:
        return frozenset()
    numbers: set[int] = set()
    for part in text.upper().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = low if span == "*" else _number(first, low, high, names or {})
        # A step without a range counts to the field's end, as in every cron.
        stop = _number(last, low, high, names or {}) if dash else start
        if span == "*" or (slash and not dash):
            stop = high
        if stop < start or (slash and (not step.isdigit() or int(step) < 1)):
            raise _invalid(f"'{part}' is not a CRON range")
        numbers.update(range(start, stop + 1, int(step) if slash else 1))
    return frozenset(numbers)


def _number(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if "#" in text:
        raise errors.unsupported(f"CRON expression {text}")
    if not text.isdigit() or not low <= int(text) <= high:
        raise _invalid(f"'{text}' in a CRON field is not from {low} to {high}")
    return int(text)


def _invalid(reason: str) -> errors.SnowflakeError:
    return errors.compilation(errors.INVALID_PROPERTY, f"invalid value for SCHEDULE: {reason}")

"""The settings of snowflake.yml: what each may be, and what a profile makes of them.

They go into SQL as they are: into statements as names and numbers, into texts between quotes. So
nothing passes that is not of the setting's own kind, wherever it comes from: snowflake.yml, one of
its profiles, --env, or an environment variable of the setting's name, which `snow` obeys as well.

A profile is a named set of settings that trades latency for credits. `live` is what `env:` says.
Any other profile is a setting `profile_<name>` there, whose text is `NAME=VALUE; NAME=VALUE`; these
settings take the place of env's own. `profile` names the one that is deployed. What a flag `--env`
says wins over the profile.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from app.caves.errors import UsageError
from app.caves.harmless import harmless

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}", re.ASCII)
QUOTED = re.compile(r'"[^"\x00-\x1f]{1,255}"')
WAREHOUSE_RUNTIME = "SYSTEM$WAREHOUSE_RUNTIME"
CONTAINER_RUNTIME = re.compile(r"SYSTEM\$ST_CONTAINER_RUNTIME_[A-Z0-9_]+", re.ASCII)
INTERVAL = re.compile(r"(\d{1,9})\s+(SECONDS?|MINUTES?|HOURS?|[SMH])", re.ASCII | re.IGNORECASE)
UNITS = {"S": 1, "M": 60, "H": 3600}
# What Snowflake takes for tasks and alerts.
SHORTEST_SECONDS, LONGEST_SECONDS = 10, 8 * 86_400
ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"%]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# A setting that somebody has added for SQL of their own: nothing that ends a text or a statement.
PLAIN = re.compile(r"[\w .,:@/+=-]*")

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Name, first and last number, names of the numbers, and what stands for a last day.
CRON_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], str], ...] = (
    ("minute", 0, 59, (), ""),
    ("hour", 0, 23, (), ""),
    ("day of the month", 1, 31, (), "L"),
    ("month", 1, 12, MONTHS, ""),
    ("day of the week", 0, 6, WEEKDAYS, r"[0-6]?L|(SUN|MON|TUE|WED|THU|FRI|SAT)L"),
)

# None for a value that is right, or else what it should be.
Check = Callable[[str], str | None]


def _name(text: str) -> str | None:
    if IDENTIFIER.fullmatch(text):
        return None
    return "a name in letters, digits, _ and $ that starts with no digit"


def _optional_name(text: str) -> str | None:
    return None if not text else _name(text)


def _whole(low: int, high: int) -> Check:
    def check(text: str) -> str | None:
        right = re.fullmatch(r"\d{1,12}", text, re.ASCII) and low <= int(text) <= high
        return None if right else f"a whole number from {low} to {high}"

    return check


def _number(low: float, high: float) -> Check:
    def check(text: str) -> str | None:
        right = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII) and low <= float(text) <= high
        return None if right else f"a number from {low:g} to {high:g}"

    return check


def _schedule(units: str, example: str) -> Check:
    def check(text: str) -> str | None:
        if re.match(r"USING\s+CRON\b", text, re.IGNORECASE):
            return _cron(text.split()[2:])
        found = INTERVAL.fullmatch(text)
        if found and found[2][0].upper() in units:
            seconds = int(found[1]) * UNITS[found[2][0].upper()]
            if SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
                return None
        return f"{example}, or USING CRON with five fields and a time zone"

    return check


def _cron(words: list[str]) -> str | None:
    if len(words) != 6:
        return "USING CRON with five fields and a time zone"
    for text, (name, low, high, names, last) in zip(words[:5], CRON_FIELDS, strict=True):
        if not all(_in_field(part, low, high, names, last) for part in text.upper().split(",")):
            return f"USING CRON with a {name} from {low} to {high}, not {text}"
    try:
        ZoneInfo(words[5])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"USING CRON with a time zone, not {words[5]}"
    return None


def _in_field(part: str, low: int, high: int, names: tuple[str, ...], last: str) -> bool:
    """Whether this is a part of the list of one field: a number, a range, a step or a last day."""
    if last and re.fullmatch(last, part):
        return True
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return False
    if span == "*":
        return True
    first, dash, end = span.partition("-")
    numbers = [
        names.index(text) + low if text in names else int(text) if text.isdecimal() else -1
        for text in ([first, end] if dash else [first])
    ]
    return all(low <= number <= high for number in numbers) and numbers == sorted(numbers)


def _trigger(text: str) -> str | None:
    """The one setting that is SQL: a schedule, a triggered task's interval, or nothing."""
    found = re.fullmatch(r"SCHEDULE\s*=\s*'([^']*)'", text, re.IGNORECASE)
    if not text or (found and TASK_SCHEDULE(found[1]) is None):
        return None
    seconds = trigger_interval(text)
    if seconds is not None and TRIGGER_SECONDS(seconds) is None:
        return None
    return (
        "empty, SCHEDULE = '<% ctx.env.task_schedule %>', or"
        " USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10 (or more, to 604800)"
    )


def trigger_interval(text: str) -> str | None:
    """The seconds in `USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10`; None for any other
    text."""
    found = re.fullmatch(
        r"USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS\s*=\s*(\d+)", text.strip(), re.IGNORECASE
    )
    return found[1] if found else None


def _time_zone(text: str) -> str | None:
    # "localtime" is the machine's own, which Snowflake cannot know.
    known = text in available_timezones() and text != "localtime"
    return None if known else "a time zone such as Europe/Paris"


def _addresses(text: str) -> str | None:
    addresses = [each.strip(" ") for each in text.split(",")] if text else []
    if all(ADDRESS.fullmatch(each) and each.isprintable() for each in addresses):
        return None
    return "mail addresses with commas between them"


def _one_of(*values: str) -> Check:
    def check(text: str) -> str | None:
        return None if text in values else " or ".join(values)

    return check


def _users(text: str) -> str | None:
    names = [each.strip(" ") for each in text.split(",")] if text else []
    if all(IDENTIFIER.fullmatch(each) or QUOTED.fullmatch(each) for each in names):
        return None
    return "users' names with commas between them"


def _alert_warehouse(text: str) -> str | None:
    """SQL as well: a warehouse, or nothing."""
    found = re.fullmatch(r"WAREHOUSE\s*=\s*(\S+)", text, re.IGNORECASE)
    if not text or (found and IDENTIFIER.fullmatch(found[1])):
        return None
    return "empty, or WAREHOUSE = NAME"


def _runtime(text: str) -> str | None:
    if text == WAREHOUSE_RUNTIME or CONTAINER_RUNTIME.fullmatch(text):
        return None
    return f"{WAREHOUSE_RUNTIME} or SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"


def _plain(text: str) -> str | None:
    return None if PLAIN.fullmatch(text) else "a text without quotes, semicolons and brackets"


TASK_SCHEDULE = _schedule("SMH", "an interval from 10 SECONDS to 8 days, such as 1 MINUTE")
# https://docs.snowflake.com/en/sql-reference/parameters
TRIGGER_SECONDS = _whole(10, 604_800)
COUNT = 9_999_999_999
CHECKS: dict[str, Check] = {
    "database": _name,
    "warehouse": _name,
    "task_schedule": TASK_SCHEDULE,
    "task_trigger": _trigger,
    "batch_max_seconds": _number(0, 86_400),
    "batch_max_events": _whole(1, COUNT),
    "sign_of_life_seconds": _number(0, 86_400),
    "latency_threshold": _whole(1, 31_536_000),
    "warehouse_generation": _one_of("1", "2"),
    "monthly_credits": _whole(1, COUNT),
    "monitor_notify_users": _users,
    "max_event_future_seconds": _whole(0, 31_536_000),
    "low_stock_threshold": _whole(0, COUNT),
    "shop_time_zone": _time_zone,
    "shop_language": _one_of("en", "fr"),
    "mask_customers": _one_of("off", "on"),
    "raw_retention_days": _whole(1, 36_500),
    "staging_retention_days": _whole(1, 36_500),
    "alert_schedule": _schedule("M", "an interval of minutes up to 8 days, such as 5 MINUTE"),
    "alert_warehouse": _alert_warehouse,
    "alert_email_integration": _optional_name,
    "alert_recipients": _addresses,
    "alert_webhook_integration": _optional_name,
    "log_level": _one_of("", "DEBUG", "INFO", "WARN", "ERROR", "OFF"),
    "dashboard_runtime": _runtime,
    "dashboard_compute_pool": _name,
    "profile": _name,
}


def check(values: Mapping[str, str]) -> None:
    """Raise UsageError, with every value that its setting may not have."""
    wrong = [
        f"{name}={harmless(value)}: expected {expected}"
        for name, value in values.items()
        if (expected := CHECKS.get(name, _plain)(value)) is not None
    ]
    if values.get("alert_email_integration") and values.get("alert_recipients") == "":
        wrong.append("alert_email_integration is named, and alert_recipients are not")
    if wrong:
        raise UsageError("; ".join(wrong))


def check_name(name: str, known: Iterable[str]) -> None:
    """Raise UsageError for a setting that there is not, with the one that was perhaps meant."""
    names = [each for each in known if not each.startswith("profile_")]
    if name in names:
        return
    near = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"--env {name}: snowflake.yml has no such setting; {hint}it has {', '.join(names)}"
    )


LIVE = "live"
PREFIX = "profile_"
# How the ingester is to be started; its flags have the same names.
INGESTER = ("batch_max_seconds", "batch_max_events", "sign_of_life_seconds")
PLACEHOLDER = re.compile(r"<%\s*ctx\.env\.(\w+)\s*%>")


def profile_names(env: Mapping[str, str]) -> list[str]:
    """Every profile that `env` has."""
    return [LIVE, *(key.removeprefix(PREFIX) for key in env if key.startswith(PREFIX))]


def effective(env: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """The settings to deploy: env, under its profile, under the overrides; references filled in.

    Raises UsageError for an unknown profile, where the overrides contradict the profile, and for a
    value that its setting may not have.
    """
    name = overrides.get("profile") or env.get("profile", LIVE)
    own = {key: value for key, value in env.items() if not key.startswith(PREFIX)}
    merged = {**own, **_of_profile(env, name), **overrides, "profile": name}
    if "task_schedule" in overrides and "SCHEDULE" not in merged["task_trigger"].upper():
        raise UsageError(
            f"profile {name!r} starts the tasks by their streams and has no schedule: leave out"
            " task_schedule, or choose another profile"
        )
    found = {key: _filled(key, value, merged) for key, value in merged.items()}
    check(found)
    return found


def _of_profile(env: Mapping[str, str], name: str) -> dict[str, str]:
    if name == LIVE:
        return {}
    if PREFIX + name not in env:
        raise UsageError(f"no profile {name!r}: snowflake.yml has {', '.join(profile_names(env))}")
    found = {}
    for part in filter(str.strip, env[PREFIX + name].split(";")):
        key, sign, value = (each.strip() for each in part.partition("="))
        if not sign or key not in env or key.startswith("profile"):
            raise UsageError(
                f"{PREFIX}{name} in snowflake.yml: {part.strip()!r} is not NAME=VALUE with a NAME"
                " of env"
            )
        found[key] = value
    return found


def _filled(name: str, value: str, settings: Mapping[str, str]) -> str:
    """A value may refer to other settings, as in the SQL files."""
    for other in PLACEHOLDER.findall(value):
        if other not in settings:
            raise UsageError(f"{name}={value}: there is no setting {other}")
    return PLACEHOLDER.sub(lambda found: settings[found[1]], value)


def ingester_flags(settings: Mapping[str, str]) -> list[str]:
    """The flags to start the ingester with, for it reads no snowflake.yml."""
    return [
        text
        for name in INGESTER
        if name in settings
        for text in ("--" + name.replace("_", "-"), settings[name])
    ]

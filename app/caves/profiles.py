"""Profiles: named sets of settings in snowflake.yml that trade latency for credits.

`live` is what `env:` says. Any other profile is a setting `profile_<name>` there, whose text is
`NAME=VALUE; NAME=VALUE`; these settings take the place of env's own. `profile` names the one that
is deployed. What a flag `--env` says wins over the profile.
"""

import re
from collections.abc import Mapping

from app.caves.errors import UsageError
from app.caves.settings import check

LIVE = "live"
PREFIX = "profile_"
# How the ingester is to be started; its flags have the same names.
INGESTER = ("batch_max_seconds", "batch_max_events", "sign_of_life_seconds")
PLACEHOLDER = re.compile(r"<%\s*ctx\.env\.(\w+)\s*%>")


def names(env: Mapping[str, str]) -> list[str]:
    """Every profile that `env` has."""
    return [LIVE, *(key.removeprefix(PREFIX) for key in env if key.startswith(PREFIX))]


def effective(env: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """The settings to deploy: env, under its profile, under the overrides; references filled in.

    Raises UsageError for an unknown profile, where the overrides contradict the profile, and for a
    value that its setting may not have.
    """
    name = overrides.get("profile") or env.get("profile", LIVE)
    own = {key: value for key, value in env.items() if not key.startswith(PREFIX)}
    merged = {**own, **_settings(env, name), **overrides, "profile": name}
    if "task_schedule" in overrides and "SCHEDULE" not in merged["task_trigger"].upper():
        raise UsageError(
            f"profile {name!r} starts the tasks by their streams and has no schedule: leave out"
            " task_schedule, or choose another profile"
        )
    found = {key: _filled(key, value, merged) for key, value in merged.items()}
    check(found)
    return found


def _settings(env: Mapping[str, str], name: str) -> dict[str, str]:
    if name == LIVE:
        return {}
    if PREFIX + name not in env:
        raise UsageError(f"no profile {name!r}: snowflake.yml has {', '.join(names(env))}")
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

"""`caves deploy`: everything into the account, through `snow`, and a look at the result."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.caves.errors import CommandError
from app.caves.names import ALERTS, PROCEDURES, STREAMS, TASKS
from app.caves.profiles import effective
from app.caves.project import PROCEDURES_STEP, Project, SqlFile
from app.caves.target import Account, Row, Target

SHOW_STREAMS = "SHOW STREAMS IN DATABASE {db}"
SHOW_TASKS = "SHOW TASKS IN SCHEMA {db}.OPS"
SHOW_ALERTS = "SHOW ALERTS IN SCHEMA {db}.OPS"
SHOW_PROCEDURES = "SHOW PROCEDURES IN SCHEMA {db}.OPS"

DASHBOARD = "dashboard"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One call of `snow`."""

    title: str
    arguments: tuple[str, ...]


def deploy(
    project: Project, target: Target, overrides: Mapping[str, str], progress: Progress
) -> None:
    """Bring the account to what the project says, from nothing or from an older version.

    It can be run at any time: tables and streams that exist stay as they are, rows and offsets
    included. Tasks are suspended while they are altered and started again at the end.
    """
    env = {**effective(project.env, overrides), "database": target.database}
    with project.copy_for_deployment() as copy:
        steps = plan(copy.sql_files(), env)
        for number, step in enumerate(steps, start=1):
            progress(f"[{number}/{len(steps)}] {step.title}")
            target.snow(step.arguments, cwd=copy.root)
    with target.connect() as account:
        if problems := shortcomings(account):
            raise CommandError("deployed, but not fit to run:\n  " + "\n  ".join(problems))


def plan(files: Sequence[SqlFile], env: Mapping[str, str]) -> list[Step]:
    """SQL files by number; the procedures come in at their own number.

    Files that follow one another go through one `snow sql`, since each start of it takes seconds.
    """
    settings = tuple(part for key, value in env.items() for part in ("--env", f"{key}={value}"))
    # `snow snowpark` insists on a warehouse, and not every connection names one.
    context = ("--database", env["database"], "--warehouse", env["warehouse"])
    before = [each.path for each in files if each.number < PROCEDURES_STEP]
    after = [each.path for each in files if each.number > PROCEDURES_STEP]
    return [
        _sql_step(before, settings),
        Step("snow snowpark build", ("snowpark", "build", *context, *settings)),
        Step("snow snowpark deploy", ("snowpark", "deploy", "--replace", *context, *settings)),
        _sql_step(after, settings),
        Step(
            "snow streamlit deploy",
            ("streamlit", "deploy", DASHBOARD, "--replace", *context, *settings),
        ),
    ]


def _sql_step(files: Sequence[Path], settings: tuple[str, ...]) -> Step:
    arguments = tuple(part for path in files for part in ("--filename", str(path)))
    return Step(f"snow sql {' '.join(path.name for path in files)}", ("sql", *arguments, *settings))


def teardown(project: Project, target: Target) -> None:
    """Drop the pipeline with its database."""
    file = project.teardown_file()
    env = ("--env", f"database={target.database}")
    target.snow(("sql", "--filename", str(file.path), *env), cwd=project.root)


def shortcomings(account: Account) -> list[str]:
    """What keeps the deployed pipeline from running; empty when all is well."""
    return [
        *_streams_not_fit(account.rows(SHOW_STREAMS)),
        *_procedures_missing(account.rows(SHOW_PROCEDURES)),
        *_not_started("task", TASKS, account.rows(SHOW_TASKS)),
        *_not_started("alert", ALERTS, account.rows(SHOW_ALERTS)),
    ]


def _streams_not_fit(rows: Sequence[Row]) -> list[str]:
    stale = {f"{row['SCHEMA_NAME']}.{row['NAME']}": is_true(row["STALE"]) for row in rows}
    return [
        f"stream {name} is {'stale' if name in stale else 'missing'}"
        for name in STREAMS
        if stale.get(name, True)
    ]


def _procedures_missing(rows: Sequence[Row]) -> list[str]:
    there = {f"OPS.{row['NAME']}" for row in rows}
    return [f"procedure {name} is missing" for name in PROCEDURES if name not in there]


def _not_started(kind: str, names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    states = {f"OPS.{row['NAME']}": str(row["STATE"]).lower() for row in rows}
    return [
        f"{kind} {name} is {states.get(name, 'missing')}"
        for name in names
        if states.get(name) != "started"
    ]


def is_true(value: object) -> bool:
    """SHOW gives a boolean as a boolean, or as its text."""
    return str(value).lower() == "true"


def parents_of(row: Row) -> list[str]:
    """A task's predecessors by their bare names, from SHOW TASKS."""
    return [name.split(".")[-1].strip('"') for name in json.loads(row["PREDECESSORS"] or "[]")]

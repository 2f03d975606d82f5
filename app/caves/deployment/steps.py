"""The calls of `snow` that a deployment consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.caves.deployment import checks
from app.caves.project import PROCEDURES_STEP, SqlFile

DASHBOARD = "dashboard"


@dataclass(frozen=True)
class Step:
    """One call of `snow`, in this folder of the project."""

    title: str
    arguments: tuple[str, ...]
    folder: str = ""


@dataclass(frozen=True)
class Steps:
    """In this order; `tables` are what holds rows, `tasks` what works on them."""

    tables: Step
    build: Step
    procedures: Step
    tasks: Step
    dashboard: Step


def steps(files: Sequence[SqlFile], env: Mapping[str, str], policies: Sequence[Path] = ()) -> Steps:
    """SQL files by number; the procedures come in at their own number. The masking policies follow
    the tables, where the setting asks for them.

    Files that follow one another go through one `snow sql`, since each start of it takes seconds.
    """
    settings = tuple(part for key, value in env.items() for part in ("--env", f"{key}={value}"))
    # `snow snowpark` insists on a warehouse, and so do statements that write; not every connection
    # names one. The first deployment makes it.
    warehouse = ("--warehouse", env["warehouse"], *settings)
    tables = [each.path for each in files if each.number < PROCEDURES_STEP]
    context = ("--database", env["database"], *warehouse)
    return Steps(
        tables=_sql([*tables, *policies] if checks.masks_customers(env) else tables, warehouse),
        build=Step("snow snowpark build", ("snowpark", "build", *context)),
        procedures=Step("snow snowpark deploy", ("snowpark", "deploy", "--replace", *context)),
        tasks=_sql([each.path for each in files if each.number > PROCEDURES_STEP], warehouse),
        dashboard=Step(
            "snow streamlit deploy",
            ("streamlit", "deploy", DASHBOARD, "--replace", "--prune", *context),
            "app/dashboard",
        ),
    )


def _sql(files: Sequence[Path], settings: tuple[str, ...]) -> Step:
    arguments = tuple(part for path in files for part in ("--filename", str(path)))
    return Step(f"snow sql {' '.join(path.name for path in files)}", ("sql", *arguments, *settings))

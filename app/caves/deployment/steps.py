"""What a deployment does: the calls of `snow`, and what it drops to make room for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from snowflake.connector.errors import ProgrammingError

from app.caves.deployment import checks
from app.caves.project import PROCEDURES_STEP, SqlFile
from app.caves.target import Account, is_missing

DASHBOARD = "dashboard"
# The name that app/dashboard/snowflake.yml gives it, and its entry file there.
DASHBOARD_NAME = "ANALYTICS.DASHBOARD"
MAIN_FILE = "streamlit_app.py"
DASHBOARD_KEY = f"STREAMLIT {DASHBOARD_NAME}"

DESCRIBE_DASHBOARD = f"DESCRIBE STREAMLIT {{db}}.{DASHBOARD_NAME}"
DROP_DASHBOARD = f"DROP STREAMLIT {{db}}.{DASHBOARD_NAME}"


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


def make_room_for_dashboard(account: Account) -> None:
    """Drop an app with another entry file than ours: `snow streamlit deploy --replace` changes an
    app in place, and leaves its entry file as it is. The app holds no data; who may open it gets
    that again by the FUTURE grants of `caves bootstrap`."""
    try:
        [row] = account.rows(DESCRIBE_DASHBOARD)
    except ProgrammingError as error:
        if is_missing(error):
            return
        raise
    if row["MAIN_FILE"] != MAIN_FILE:
        account.run(DROP_DASHBOARD)


def drop(account: Account, key: str) -> None:
    """Drop an object by `KIND NAME`; what runs by itself is suspended first."""
    kind, _, name = key.partition(" ")
    if kind in ("TASK", "ALERT"):
        account.rows(f"ALTER {kind} IF EXISTS {{db}}.{name} SUSPEND")
    account.rows(f"DROP {kind} IF EXISTS {{db}}.{name}")

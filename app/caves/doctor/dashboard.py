"""The dashboard, as far as SQL can tell."""

from app.caves.doctor.assertion import Broken, Subject
from app.caves.doctor.environment import Environment
from app.caves.profiles import effective
from app.caves.statements import fill

DASHBOARD = Subject("deploys")
holds = DASHBOARD.holds
NAME = "{db}.ANALYTICS.DASHBOARD"


@holds(
    "dashboard-is-there",
    "sql-reference/sql/create-streamlit",
    "`caves deploy` left the dashboard out: its message says why; the tasks run all the same",
)
def dashboard_is_there(environment: Environment) -> str:
    """The Streamlit app exists, with an entry file and a warehouse for its queries."""
    values = _described(environment)
    if not values.get("main_file") or not values.get("query_warehouse"):
        raise Broken("without an entry file or a warehouse")
    return str(values["main_file"])


@holds(
    "dashboard-has-the-runtime-that-was-named",
    "developer-guide/streamlit/app-development/runtime-environments",
    "the dashboard does not open: it would look for its packages in another file",
    needs=("dashboard-is-there",),
)
def dashboard_has_the_runtime_that_was_named(environment: Environment) -> str:
    """DESCRIBE STREAMLIT tells the runtime, and it is the one that the project names."""
    runtime = str(_described(environment).get("runtime_name") or "")
    wanted = _named_runtime(environment)
    if wanted and runtime.upper() != wanted.upper():
        raise Broken(f"{runtime or 'no runtime'} instead of {wanted}")
    return runtime or "no runtime is told"


@holds(
    "dashboard-runs",
    "sql-reference/sql/execute-streamlit",
    "everybody who opens the dashboard sees an error: its message says which",
    needs=("dashboard-is-there",),
)
def dashboard_runs(environment: Environment) -> str:
    """EXECUTE STREAMLIT, which runs the app without a browser, ends without an error."""
    environment.ask(f"EXECUTE STREAMLIT {NAME}()")
    return "ran"


def _described(environment: Environment) -> dict[str, object]:
    answer = environment.ask(f"DESCRIBE STREAMLIT {NAME}")
    [row] = answer.rows
    return dict(zip(map(str.lower, answer.names), row, strict=True))


def _named_runtime(environment: Environment) -> str:
    """`runtime_name` in the manifest that the dashboard is deployed by; empty where it has none."""
    for place in ("app/dashboard/snowflake.yml", "snowflake.yml"):
        file = environment.project.root / place
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                name, _, value = line.strip().partition(":")
                if name == "runtime_name":
                    env = effective(environment.project.env, environment.settings)
                    return fill(value.strip().strip("'\""), env)
    return ""

"""The environment's roles, its deployment and its dashboard, by the project's own commands."""

import re

from snowflake.connector.errors import Error

from app.caves.deployment.bootstrap import bootstrap
from app.caves.deployment.deploy import deploy, plan_deployment
from app.caves.doctor.assertion import Broken, NotAsked, Subject, expect
from app.caves.doctor.environment import Environment
from app.caves.errors import CommandError, one_line
from app.caves.settings import effective
from app.caves.statements import fill

INSTALLATION = Subject()
holds = INSTALLATION.holds
DASHBOARD = Subject("deploys")
DASHBOARD_NAME = "{db}.ANALYTICS.DASHBOARD"
PINNED = re.compile(r"^(snowflake-snowpark-python)==(\S+)$", re.MULTILINE)


@holds(
    "bootstraps",
    "user-guide/security-access-control-overview",
    "`caves bootstrap` stops half-way: roles, grants or the monitor of the warehouse are missing",
)
def bootstraps(environment: Environment) -> str:
    """`caves bootstrap` gives the scratch database its roles and grants."""
    if environment.scratch.given_warehouse:
        raise NotAsked("the warehouse was named: bootstrap might put its monitor onto it")
    with environment.account(None) as account:
        try:
            environment.scratch.make_roles(account)
        except Error as error:
            environment.scratch.drop_roles(account)
            raise NotAsked(f"this role may not do it: {one_line(error)}") from error
    try:
        made = bootstrap(
            environment.project,
            environment.target(None),
            environment.settings,
            {},
            environment.progress,
        )
    except CommandError:
        # What the roles own by now becomes this one's again, which deploys instead.
        with environment.account(None) as account:
            environment.scratch.drop_roles(account)
        raise
    return f"{len(made.roles)} roles"


@holds(
    "snowpark-version",
    "developer-guide/udf/python/udf-python-packages",
    "the deployment fails, or the procedures run on another Snowpark than the tests: change the"
    " version in requirements.txt",
)
def snowpark_version(environment: Environment) -> str:
    """Snowflake offers the Snowpark that requirements.txt names, for the procedures' Python."""
    text = (environment.project.root / "requirements.txt").read_text(encoding="utf-8")
    found = PINNED.search(text)
    if not found:
        raise Broken("requirements.txt names no version of snowflake-snowpark-python")
    answer = environment.ask(
        "SELECT COUNT(*) AS FOUND FROM {db}.INFORMATION_SCHEMA.PACKAGES"
        " WHERE LANGUAGE = 'python' AND PACKAGE_NAME = ? AND VERSION = ?",
        *found.groups(),
    )
    if not answer.value:
        raise Broken(f"{found[1]} {found[2]} is not among the packages")
    return f"{found[2]} is there"


@holds(
    "deploys",
    "developer-guide/snowflake-cli/snowpark/deploy",
    "`caves deploy` fails on this account; its message says at which step",
)
def deploys(environment: Environment) -> str:
    """`caves deploy` brings the scratch database up, and its checks afterwards pass."""
    environment.close()
    done = deploy(
        environment.project,
        environment.target("DEPLOYER"),
        environment.settings,
        environment.progress,
    )
    expect(done.kept_suspended, [], "tasks that are suspended")
    return "all steps"


@holds(
    "plan-is-empty",
    "sql-reference/sql/show-tasks",
    "`caves deploy --plan` lists changes where there are none",
    needs=("deploys",),
)
def plan_is_empty(environment: Environment) -> str:
    """What SHOW says of objects just deployed is what a second deployment compares with."""
    target = environment.target("DEPLOYER")
    plan = plan_deployment(environment.project, target, environment.settings)
    names = [f"{each.action} {each.kind} {each.name} {each.detail}" for each in plan.changes]
    expect(names, [], "changes")
    return f"{plan.unchanged} objects unchanged"


@DASHBOARD.holds(
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


@DASHBOARD.holds(
    "dashboard-has-the-runtime-that-was-named",
    "developer-guide/streamlit/app-development/runtime-environments",
    "the dashboard does not open: it would look for its packages in another file",
    needs=("dashboard-is-there",),
)
def dashboard_has_the_runtime_that_was_named(environment: Environment) -> str:
    """DESCRIBE STREAMLIT has the runtime that the project names."""
    runtime = str(_described(environment).get("runtime_name") or "")
    named = _named_runtime(environment)
    if named and runtime.upper() != named.upper():
        raise Broken(f"{runtime or 'no runtime'} instead of {named}")
    return runtime or "DESCRIBE has no runtime"


@DASHBOARD.holds(
    "dashboard-runs",
    "sql-reference/sql/execute-streamlit",
    "everybody who opens the dashboard sees an error: its message says which",
    needs=("dashboard-is-there",),
)
def dashboard_runs(environment: Environment) -> str:
    """EXECUTE STREAMLIT, which runs the app without a browser, ends without an error."""
    environment.ask(f"EXECUTE STREAMLIT {DASHBOARD_NAME}()")
    return "ran"


def _described(environment: Environment) -> dict[str, object]:
    answer = environment.ask(f"DESCRIBE STREAMLIT {DASHBOARD_NAME}")
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

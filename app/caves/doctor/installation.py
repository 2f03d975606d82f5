"""The environment's roles and its deployment, by the project's own commands."""

import re

from snowflake.connector.errors import Error

from app.caves.deployment.bootstrap import bootstrap
from app.caves.deployment.deploy import deploy, plan_deployment
from app.caves.doctor.assertion import Broken, NotAsked, Subject, expect
from app.caves.doctor.environment import Environment
from app.caves.errors import CommandError, one_line

INSTALLATION = Subject()
holds = INSTALLATION.holds
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
    """`caves deploy` brings the scratch database up, and finds all of it fit to run."""
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
    "`caves deploy --plan` shows changes where there are none, and nobody reads it any more",
    needs=("deploys",),
)
def plan_is_empty(environment: Environment) -> str:
    """What SHOW says of objects just deployed is what a second deployment compares with."""
    target = environment.target("DEPLOYER")
    plan = plan_deployment(environment.project, target, environment.settings)
    names = [f"{each.action} {each.kind} {each.name} {each.detail}" for each in plan.changes]
    expect(names, [], "changes")
    return f"{plan.unchanged} objects unchanged"

"""`caves bootstrap`: what an environment needs of an administrator, before its first deployment.

Roles and grants, the warehouse with its resource monitor, service users with their public keys.
Everything can be run again at any time: it adds what is missing and takes nothing away. It changes
a warehouse that the project did not make only with --adopt-warehouse.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.caves.deployment import steps, warehouse
from app.caves.errors import UsageError
from app.caves.operations import tasks
from app.caves.project import Project
from app.caves.settings import WAREHOUSE_RUNTIME, effective
from app.caves.target import Account, Target

ROLES = ("DEPLOYER", "TASK_OWNER", "INGESTER", "ANALYST", "OPERATOR")
# Roles under which programs run. The task owner has no user: its tasks belong to the deployer.
SERVICES = ("DEPLOYER", "INGESTER", "ANALYST", "OPERATOR")
# The deployment's own files that make what single grants name: the schemas and the tables.
TABLES_STEP = 2
MONITOR_STEP = "05_monitor.sql"
INTEGRATIONS = ("alert_email_integration", "alert_webhook_integration")
# https://docs.snowflake.com/en/sql-reference/parameters#allow-bind-values-access
HIDE_BINDS = "ALTER ACCOUNT SET ALLOW_BIND_VALUES_ACCESS = FALSE"
SHOW_APPS = "SHOW STREAMLITS IN SCHEMA {db}.ANALYTICS"

KEY = re.compile(r"[A-Za-z0-9+/]{300,}={0,2}")

OWNED = {"TASKS": "SHOW TASKS IN SCHEMA {db}.OPS", "ALERTS": "SHOW ALERTS IN SCHEMA {db}.OPS"}
CREATE_USER = """
CREATE USER IF NOT EXISTS {{db}}_{role}_SERVICE
TYPE = SERVICE
DEFAULT_ROLE = {{db}}_{role}
DEFAULT_WAREHOUSE = {warehouse}
DEFAULT_NAMESPACE = {{db}}
DEFAULT_SECONDARY_ROLES = ()
COMMENT = 'Runs programs as {{db}}_{role}'
"""


@dataclass(frozen=True)
class Bootstrapped:
    """What was done. adopted: kinds of objects that others had made and that are the deployer's
    now, suspended. notes: what was found, and left as it is."""

    roles: list[str]
    users: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Consent:
    """What bootstrap does only with the administrator's consent: put the monitor on a warehouse
    that the project did not make; hide the bound values of all queries in the account."""

    adopt_warehouse: bool = False
    hide_bind_values: bool = False


def bootstrap(
    project: Project,
    target: Target,
    overrides: Mapping[str, str],
    keys: Mapping[str, Mapping[str, str]],
    progress: Callable[[str], None],
    consent: Consent = Consent(),
) -> Bootstrapped:
    """Prepare the environment of the target's database; the connection's role is ACCOUNTADMIN, or
    has SECURITYADMIN's and SYSADMIN's privileges and may make resource monitors. keys: of the
    service users, by role and property; others get none."""
    env = {**effective(project.env, overrides), "database": target.database}
    monitor = f"{env['warehouse']}_MONITOR"
    with target.connect() as account:
        verdict = warehouse.judge(
            warehouse.find(account, env["warehouse"]), monitor, consent.adopt_warehouse
        )
    files = [each.path for each in project.sql_files() if each.number <= TABLES_STEP]
    files += [
        path for path in project.admin_files() if verdict.monitored or path.name != MONITOR_STEP
    ]
    progress(f"[1/3] roles, warehouse, ownership, grants: {', '.join(each.name for each in files)}")
    target.snow(_sql(files, env), cwd=project.root)
    with target.connect() as account:
        progress("[2/3] tasks, alerts, integrations")
        adopted = adopt(account)
        notes = [*verdict.notes, *_drop_foreign_dashboard(account)]
        if verdict.monitored:
            if mailed := env["monitor_notify_users"]:
                account.run(f"ALTER RESOURCE MONITOR {monitor} SET NOTIFY_USERS = ({mailed})")
            found = warehouse.find(account, env["warehouse"])
            notes += filter(None, [warehouse.too_small(found, env)] if found else [])
        for statement in [*_on_integrations(env), *_on_compute_pool(env), *_log_level(env)]:
            account.run(statement)
        if consent.hide_bind_values:
            account.run(HIDE_BINDS)
        progress(f"[3/3] service users: {', '.join(keys) or 'no public key was given'}")
        users = [_make_user(account, role, keys[role], env["warehouse"]) for role in keys]
    return Bootstrapped([f"{target.database}_{role}" for role in ROLES], users, adopted, notes)


def _sql(files: list[Path], env: Mapping[str, str]) -> list[str]:
    arguments = ["sql", "--warehouse", env["warehouse"]]
    for file in files:
        arguments += ["--filename", str(file)]
    for name, value in env.items():
        arguments += ["--env", f"{name}={value}"]
    return arguments


def public_keys(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The contents of key files, by role and Snowflake's property. files: by `ingester`, or
    `ingester_2` for a second key. Raises UsageError for what is no public key."""
    found: dict[str, dict[str, str]] = {}
    for name, file in files.items():
        role, _, second = name.upper().partition("_")
        if role not in SERVICES or second not in ("", "2"):
            known = ", ".join(SERVICES).lower()
            raise UsageError(f"--public-key {name}: there are {known}, each also with _2")
        suffix = "_2" if second else ""
        found.setdefault(role, {})[f"RSA_PUBLIC_KEY{suffix}"] = _key(Path(file))
    return found


def _key(file: Path) -> str:
    """The base64 between a PEM file's first and last line."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    key = "".join(line.strip() for line in lines if not line.startswith("-----"))
    if any("PRIVATE" in line for line in lines) or not KEY.fullmatch(key):
        raise UsageError(f"{file} holds no public key: give what `openssl rsa -pubout` writes")
    return key


def adopt(account: Account) -> list[str]:
    """Tasks and alerts of other owners become the deployer's, all of a graph together; that
    suspends them. Roots are suspended first: below one that runs nothing can be changed.
    https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    adopted = []
    now = tasks.read(account)
    for plural, show in OWNED.items():
        kind = plural.removesuffix("S")
        if all(row["OWNER"] == f"{account.database}_DEPLOYER" for row in account.rows(show)):
            continue
        of_kind = [task for task in now if task.kind == kind and task.started]
        for task in sorted(of_kind, key=lambda task: (tasks.depth(task.name, now), task.name)):
            account.run(f"ALTER {kind} {{db}}.OPS.{task.name} SUSPEND")
        account.run(
            f"GRANT OWNERSHIP ON ALL {plural} IN SCHEMA {{db}}.OPS"
            " TO ROLE {db}_DEPLOYER COPY CURRENT GRANTS"
        )
        adopted.append(plural.lower())
    return adopted


def _drop_foreign_dashboard(account: Account) -> list[str]:
    """Ownership of a Streamlit app cannot be granted; the deployer makes its own.
    https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"""
    name = steps.DASHBOARD_NAME.split(".")[1]
    owners = [row["OWNER"] for row in account.rows(SHOW_APPS) if row["NAME"] == name]
    if owners in ([], [f"{account.database}_DEPLOYER"]):
        return []
    account.run(steps.DROP_DASHBOARD)
    return [f"the dashboard was {owners[0]}'s and is dropped: `caves deploy` makes it again"]


def _on_integrations(env: Mapping[str, str]) -> list[str]:
    """The alert's procedure sends through these with its owner's rights."""
    names = [env.get(setting, "") for setting in INTEGRATIONS]
    return [f"GRANT USAGE ON INTEGRATION {name} TO ROLE {{db}}_DEPLOYER" for name in names if name]


def _on_compute_pool(env: Mapping[str, str]) -> list[str]:
    """The dashboard's owner needs it where the dashboard runs in a container."""
    if env["dashboard_runtime"] == WAREHOUSE_RUNTIME:
        return []
    pool = env["dashboard_compute_pool"]
    return [f"GRANT USAGE ON COMPUTE POOL {pool} TO ROLE {{db}}_DEPLOYER"]


def _log_level(env: Mapping[str, str]) -> list[str]:
    """It takes a privilege on the account, which no role of the environment needs otherwise.
    https://docs.snowflake.com/en/developer-guide/logging-tracing/telemetry-levels"""
    level = env["log_level"]
    return [f"ALTER DATABASE {{db}} SET LOG_LEVEL = '{level}'"] if level else []


def _make_user(account: Account, role: str, keys: Mapping[str, str], runs_on: str) -> str:
    """The service user with these keys; a key that is not named stays as it is."""
    name = f"{account.database}_{role}_SERVICE"
    account.run(CREATE_USER.format(role=role, warehouse=runs_on))
    for prop, key in keys.items():
        account.run(f"ALTER USER {name} SET {prop} = '{key}'")
    account.run(f"GRANT ROLE {account.database}_{role} TO USER {name}")
    return name

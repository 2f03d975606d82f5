"""What must hold before a deployment changes anything, and after it has."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.caves.errors import CommandError
from app.caves.objects import (
    ALERTS,
    PROCEDURES,
    SHOW_ALERTS,
    SHOW_PROCEDURES,
    SHOW_STREAMS,
    SHOW_TASKS,
    STREAMS,
    TASKS,
    is_true,
)
from app.caves.target import Account, Row

SHOW_DATABASES = "SHOW DATABASES"
SHOW_SCHEMAS = "SHOW SCHEMAS IN DATABASE {db}"
PIPELINE = {"STREAM": STREAMS, "PROCEDURE": PROCEDURES, "TASK": TASKS, "ALERT": ALERTS}


def shortcomings(
    account: Account,
    expected: Mapping[str, Iterable[str]] = PIPELINE,
    suspended_on_purpose: Collection[str] = (),
) -> list[str]:
    """Empty when all is well. `expected`: names by kind, a procedure's with or without its
    arguments; tasks and alerts by their bare names may be suspended on purpose.
    """
    return [
        *_unreadable_streams(account.rows(SHOW_STREAMS), expected["STREAM"]),
        *_missing_procedures(account.rows(SHOW_PROCEDURES), expected["PROCEDURE"]),
        *_suspended("task", account.rows(SHOW_TASKS), expected["TASK"], suspended_on_purpose),
        *_suspended("alert", account.rows(SHOW_ALERTS), expected["ALERT"], suspended_on_purpose),
    ]


def _unreadable_streams(rows: Sequence[Row], expected: Iterable[str]) -> list[str]:
    stale = {f"{row['SCHEMA_NAME']}.{row['NAME']}": is_true(row["STALE"]) for row in rows}
    return [
        f"stream {name} is {'stale' if name in stale else 'missing'}"
        for name in expected
        if stale.get(name, True)
    ]


def _missing_procedures(rows: Sequence[Row], expected: Iterable[str]) -> list[str]:
    there = {f"OPS.{row['NAME']}" for row in rows}
    names = [name.partition("(")[0] for name in expected]
    return [f"procedure {name} is missing" for name in names if name not in there]


def _suspended(
    kind: str, rows: Sequence[Row], expected: Iterable[str], suspended_on_purpose: Collection[str]
) -> list[str]:
    states = {f"OPS.{row['NAME']}": str(row["STATE"]).lower() for row in rows}
    on_purpose = {f"OPS.{name}" for name in suspended_on_purpose}
    return [
        f"{kind} {name} is {states.get(name, 'missing')}"
        for name in expected
        if states.get(name) != "started" and name not in on_purpose
    ]


def check_owner(account: Account, schemas: Collection[str]) -> None:
    """Raise CommandError where another role owns what is to be deployed.

    A role that replaces a view or a procedure owns it afterwards, and a role that inherits the
    owner's privileges may do so. But tasks run with the rights of their own owner, who cannot read
    the new views. So only the owner of database and schemas deploys.
    """
    databases = [row for row in account.rows(SHOW_DATABASES) if row["NAME"] == account.database]
    if not databases:
        return
    rows = [row for row in account.rows(SHOW_SCHEMAS) if row["NAME"] in schemas]
    owners = {f"{account.database}.{row['NAME']}": row["OWNER"] for row in rows}
    if not rows:
        owners = {account.database: databases[0]["OWNER"]}
    role = account.row("SELECT CURRENT_ROLE() AS NAME")["NAME"]
    foreign = {name: str(owner) for name, owner in owners.items() if owner and owner != role}
    if foreign:
        name, owner = next(iter(foreign.items()))
        raise CommandError(
            f"{name} belongs to the role {owner}, and this connection works as {role}: the tasks"
            f" would not see what it deploys. Nothing was changed. Deploy with a connection (-c)"
            f' that has role = "{owner}" (`caves up` writes one called deployer), or set'
            f" SNOWFLAKE_CONNECTIONS_<NAME>_ROLE={owner}; `caves bootstrap` changes the owner"
        )


def masks_customers(env: Mapping[str, str]) -> bool:
    return env.get("mask_customers") == "on"


def check_masking_role(account: Account, env: Mapping[str, str]) -> None:
    """Raise CommandError where another role than the policy's own deploys: procedures run with
    their owner's rights, and would write into ORDERS what the policy leaves for others, nothing."""
    if not masks_customers(env):
        return
    role = account.row("SELECT CURRENT_ROLE() AS NAME")["NAME"]
    deployer = f"{account.database}_DEPLOYER"
    if role != deployer:
        raise CommandError(
            f"mask_customers is on, and the policy shows customers to {deployer} alone: deploy"
            f" under it, not as {role} (`caves bootstrap` makes it)"
        )

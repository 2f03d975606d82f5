"""What is in the account, came from an earlier version of the project, and is in it no more.

Only what holds no rows is ever dropped, and only what the project itself has put there: a
procedure whose code is in the project's folder of the stage; a task, an alert or a view that the
last deployment recorded, and that nobody has replaced since. What people made stays.
"""

import re
from collections.abc import Mapping

from app.caves.deployment.desired_state import DesiredState
from app.caves.deployment.live import CODE, Live
from app.caves.deployment.log import Recorded
from app.caves.target import Account, identifier

# Tasks first: what they call must not go before them.
DROPPED = ("TASK", "ALERT", "VIEW", "PROCEDURE")
DESCRIBE = "DESCRIBE PROCEDURE {{db}}.{name}"


def obsolete_objects(
    account: Account, desired: DesiredState, live: Live, done: Recorded | None
) -> list[str]:
    """`KIND NAME` of what a deployment drops, in the order in which it does."""
    names = {each.key for each in desired.objects}
    left = [key for key in live.objects if key not in names]
    recorded = done.objects if done else {}
    ours = [
        key
        for key in left
        if (_is_procedure(key) and _has_our_code(account, key.partition(" ")[2]))
        or (not _is_procedure(key) and _is_as_recorded(live, recorded, key))
    ]
    return sorted(ours, key=lambda key: DROPPED.index(key.split(" ")[0]))


def _is_procedure(key: str) -> bool:
    return key.startswith("PROCEDURE ")


def _is_as_recorded(live: Live, recorded: Mapping[str, dict[str, object]], key: str) -> bool:
    kind = key.split(" ")[0]
    return kind in DROPPED and key in recorded and recorded[key]["shown"] == live.objects[key]


def _has_our_code(account: Account, name: str) -> bool:
    schema, _, rest = name.partition(".")
    bare, _, arguments = rest.rpartition("(")
    procedure = f"{schema}.{identifier(bare)}({arguments}"
    rows = account.rows(DESCRIBE.format(name=procedure))
    values = {str(row["PROPERTY"]).lower(): str(row["VALUE"] or "") for row in rows}
    return is_our_code(values.get("imports", ""), account.database)


def is_our_code(imports: str, database: str) -> bool:
    """Whether DESCRIBE PROCEDURE's imports are of the folder that `snow snowpark deploy` fills."""
    place = rf"@({re.escape(database)}\.)?{re.escape(CODE)}"
    return re.search(place, imports.replace('"', ""), re.IGNORECASE) is not None


def drop(account: Account, key: str) -> None:
    kind, _, name = key.partition(" ")
    if kind in ("TASK", "ALERT"):
        account.rows(f"ALTER {kind} IF EXISTS {{db}}.{name} SUSPEND")
    account.rows(f"DROP {kind} IF EXISTS {{db}}.{name}")

"""What a deployment would change: the project against the account and the last deployment.

Obsolete is what came from an earlier version of the project and has left it since. Only what holds
no rows is ever dropped, and only what the project itself has put there: a procedure whose code is
in the project's folder of the stage; a task, an alert or a view that the last deployment recorded,
and that was not replaced since. What people made by hand stays.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.caves.deployment.desired_state import DesiredState
from app.caves.deployment.live import CODE, Live
from app.caves.deployment.live import read as read_live
from app.caves.deployment.log import DONE, FAILED, History, Recorded
from app.caves.deployment.log import read as read_history
from app.caves.errors import UsageError
from app.caves.operations.tasks import Task, to_start
from app.caves.operations.tasks import read as read_tasks
from app.caves.statements import Declared
from app.caves.target import Account, identifier

# Tasks first: what they call must not go before them.
DROPPED = ("TASK", "ALERT", "VIEW", "PROCEDURE")
DESCRIBE = "DESCRIBE PROCEDURE {{db}}.{name}"
TASK_PROPERTIES = {"SCHEDULE": r"\bSCHEDULE = '([^']*)'", "WAREHOUSE": r"\bWAREHOUSE = (\S+)"}


@dataclass(frozen=True)
class Change:
    """One thing that a deployment would do. Actions: create, add, change, restore, start, drop."""

    action: str
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True)
class Plan:
    """The changes, in the order of the deployment; settings (old, new) that lead to some of them;
    notes on what will not change although one might expect it.
    """

    changes: list[Change]
    unchanged: int
    settings: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """The account as it is: read once, before anything is changed."""

    live: Live
    history: History
    tasks: list[Task]
    obsolete: list[str]

    @property
    def before(self) -> dict[str, bool]:
        return running_before(self.tasks, self.history.last)


def look(account: Account, desired: DesiredState) -> Found:
    """By SHOW, LIST, DESCRIBE and SELECT alone. Raises UsageError where the project would make a
    column narrower than it is."""
    history = read_history(account)
    recorded = history.done.objects if history.done else {}
    kinds = [each.kind for each in desired.objects] + [key.split(" ")[0] for key in recorded]
    live = read_live(account, kinds)
    refuse_narrower(desired, live)
    return Found(
        live, history, read_tasks(account), obsolete_objects(account, desired, live, history.done)
    )


def refuse_narrower(desired: DesiredState, live: Live) -> None:
    for (table, column), (digits, decimals) in desired.retyped.items():
        old_digits, old_decimals = live.numbers.get((table, column), (digits, decimals))
        if digits < old_digits or decimals != old_decimals:
            raise UsageError(
                f"{table}.{column} is NUMBER({old_digits}, {old_decimals}), and app/sql makes it"
                f" NUMBER({digits}, {decimals}): values would be too long, or be rounded"
                " (docs/how-to-change.md, Change a column)"
            )


def running_before(now: Sequence[Task], last: Recorded | None) -> dict[str, bool]:
    """For each task: shall it run after the deployment? Tasks that are new are not in it.

    After a deployment that was cut off, the state before that one counts: what it had suspended
    starts again. One that FAILED has restarted its tasks itself. Either may have made tasks
    without starting them: these count as new.
    """
    before = {task.name: task.started for task in now}
    if last is None or last.outcome == DONE:
        return before
    known = {name: started for name, started in before.items() if name in last.tasks or started}
    if last.outcome == FAILED:
        return known
    return {name: started or last.tasks.get(name, False) for name, started in known.items()}


def kept_suspended(now: Sequence[Task], before: Mapping[str, bool]) -> list[Task]:
    """What an operator, or ten failures in a row, had suspended before the deployment."""
    return [task for task in now if not task.started and not before.get(task.name, True)]


def plan(desired: DesiredState, found: Found, env: Mapping[str, str], resume: bool = False) -> Plan:
    changes = [
        change
        for each in desired.objects
        for change in changes_of(each, desired, found.live, found.history.done)
    ]
    touched = {change.name for change in changes}
    changes += [
        Change("start", task.kind, f"OPS.{task.name}", "suspended now")
        for task in to_start(found.tasks, found.before, resume)
    ]
    changes += [
        Change("drop", key.partition(" ")[0], key.partition(" ")[2], "no longer in the project")
        for key in found.obsolete
    ]
    return Plan(
        changes=changes,
        unchanged=sum(each.name not in touched for each in desired.objects),
        settings=_settings(found.history.done, env),
        notes=_notes(desired, found, resume),
    )


def changes_of(
    each: Declared, desired: DesiredState, live: Live, done: Recorded | None
) -> list[Change]:
    """What a deployment does with one object; nothing where it is as it should be."""
    facts = live.objects.get(each.key)
    if facts is None:
        return [Change("create", each.kind, each.name)]
    if each.kind == "TABLE":
        missing = [
            name for name in desired.columns[each.name] if _is_added(each, name, desired, live)
        ]
        added = [Change("add", "COLUMN", f"{each.name}.{name}") for name in missing]
        return added + _widened(each, desired, live)
    if not each.replaced:
        return []
    recorded = done.objects.get(each.key) if done else None
    if recorded is None:
        return [Change("change", each.kind, each.name, "the log does not know this version")]
    if recorded["digest"] != each.digest:
        return [Change("change", each.kind, each.name, _difference(each, facts))]
    if recorded["shown"] != facts:
        detail = f"changed in the account since {done.started_at:%Y-%m-%d %H:%M}" if done else ""
        return [Change("restore", each.kind, each.name, detail)]
    return []


def _widened(table: Declared, desired: DesiredState, live: Live) -> list[Change]:
    found = []
    for (name, column), (digits, decimals) in desired.retyped.items():
        old = live.numbers.get((name, column))
        if name == table.name and old and old != (digits, decimals):
            detail = f"NUMBER({old[0]}, {old[1]}) → NUMBER({digits}, {decimals})"
            found.append(Change("change", "COLUMN", f"{name}.{column}", detail))
    return found


def _is_added(table: Declared, column: str, desired: DesiredState, live: Live) -> bool:
    return column not in live.columns.get(table.name, ()) and (table.name, column) in desired.added


def _difference(each: Declared, facts: Mapping[str, str]) -> str:
    """What of a task has changed, as far as its properties show it."""
    if each.kind != "TASK":
        return ""
    found = []
    for name, pattern in TASK_PROPERTIES.items():
        match = re.search(pattern, each.text)
        new = match[1] if match else ""
        if new != facts[name]:
            found.append(f"{name.lower()} {facts[name] or 'none'} → {new or 'none'}")
    return ", ".join(found) or "definition"


def _settings(done: Recorded | None, env: Mapping[str, str]) -> dict[str, tuple[str | None, str]]:
    if done is None:
        return {}
    return {
        name: (done.settings.get(name), value)
        for name, value in env.items()
        if done.settings.get(name) != value
    }


def _notes(desired: DesiredState, found: Found, resume: bool) -> list[str]:
    last = found.history.last
    notes = [
        f"stream {name} is stale: a deployment does not replace it, see docs/operations.md"
        for name in found.live.stale_streams
    ]
    notes += [
        f"column {table}.{name} is missing, and no ALTER TABLE of app/sql adds it"
        for table, names in desired.columns.items()
        for name in names
        if f"TABLE {table}" in found.live.objects
        and name not in found.live.columns.get(table, ())
        and (table, name) not in desired.added
    ]
    notes += [
        f"column {table}.{name} is in the database and not in the project: it stays"
        for table, names in desired.columns.items()
        for name in sorted(found.live.columns.get(table, set()) - set(names))
    ]
    if not resume:
        notes += suspended(kept_suspended(found.tasks, found.before))
    if last and last.outcome != DONE:
        notes.append(
            f"the deployment of {last.started_at:%Y-%m-%d %H:%M} by {last.deployed_by}"
            f" is {last.outcome}"
        )
    return notes


def suspended(tasks: Sequence[Task]) -> list[str]:
    return [
        f"{task.kind.lower()} {task.name} stays suspended"
        + (f" ({task.reason})" if task.reason else "")
        + ": --resume starts it"
        for task in tasks
    ]


def recorded_objects(desired: DesiredState, live: Live) -> dict[str, dict[str, object]]:
    """What the log keeps of each object that deployments replace."""
    return {
        each.key: {"digest": each.digest, "shown": live.objects.get(each.key, {})}
        for each in desired.objects
        if each.replaced
    }


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

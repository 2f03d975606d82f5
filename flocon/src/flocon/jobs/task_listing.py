"""SHOW TASKS and DESCRIBE TASK."""

import json
from collections.abc import Sequence
from typing import Any

from flocon.core import errors, result
from flocon.jobs import task_graph, task_store
from flocon.jobs.task_store import Task
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.sql.show import show_scope
from flocon.sql.tokens import Tokens

_SHOWN = {
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "name": "VARCHAR",
    "id": "VARCHAR",
    "database_name": "VARCHAR",
    "schema_name": "VARCHAR",
    "owner": "VARCHAR",
    "comment": "VARCHAR",
    "warehouse": "VARCHAR",
    "schedule": "VARCHAR",
    "predecessors": "VARCHAR",
    "state": "VARCHAR",
    "definition": "VARCHAR",
    "condition": "VARCHAR",
    "allow_overlapping_execution": "VARCHAR",
    "error_integration": "VARCHAR",
    "last_committed_on": "TIMESTAMP WITH TIME ZONE",
    "last_suspended_on": "TIMESTAMP WITH TIME ZONE",
    "owner_role_type": "VARCHAR",
    "config": "VARCHAR",
    "budget": "VARCHAR",
    "task_relations": "VARCHAR",
    "last_suspended_reason": "VARCHAR",
    "overlap_policy": "VARCHAR",
}


def _shown(database: str, task: Task) -> list[Any]:
    parents = [f"{database}.{task.schema}.{name}" for name in task.predecessors]
    values: dict[str, Any] = {
        "created_on": task.created_on,
        "name": task.name,
        "id": task.id,
        "database_name": database,
        "schema_name": task.schema,
        "owner": task.owner,
        "comment": task.properties.get("COMMENT"),
        "warehouse": task.warehouse,
        "schedule": task.properties.get("SCHEDULE"),
        "predecessors": json.dumps(parents, indent=2),
        "state": task.state,
        "definition": task.definition,
        "condition": task.condition,
        "allow_overlapping_execution": "false",
        "last_committed_on": task.last_committed_on,
        "last_suspended_on": task.last_suspended_on,
        "owner_role_type": "ROLE",
        "task_relations": json.dumps({"Predecessors": parents}),
        "last_suspended_reason": task.last_suspended_reason,
        "overlap_policy": "NO_OVERLAP" if task.is_root else None,
    }
    return [values.get(name) for name in _SHOWN]


_DEPENDENTS = (
    "created_on", "name", "database_name", "schema_name", "owner", "comment", "warehouse",
    "schedule", "predecessors", "state", "definition", "condition",
)  # fmt: skip


def task_dependents(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.TASK_DEPENDENTS(TASK_NAME => '…' [, RECURSIVE => FALSE])): the task
    and what runs after it. https://docs.snowflake.com/en/sql-reference/functions/task_dependents
    """
    if unknown := set(arguments) - {"TASK_NAME", "RECURSIVE"}:
        raise errors.compilation(errors.SYNTAX, f"Invalid named argument {unknown.pop()}.")
    if "TASK_NAME" not in arguments:
        raise errors.compilation(errors.SYNTAX, "TASK_DEPENDENTS needs TASK_NAME.")
    full = context.resolve(Tokens(str(arguments["TASK_NAME"])).name())
    tasks = task_store.schema_tasks(context.catalog(full.database), full.schema)
    if full.name not in tasks:
        raise errors.does_not_exist("Task", full)
    below = task_graph.descendants(tasks, full.name)
    if str(arguments.get("RECURSIVE", True)).upper() == "FALSE":
        below = [name for name in below if full.name in tasks[name].predecessors]
    shown = [_shown(full.database, tasks[name]) for name in (full.name, *below)]
    places = [list(_SHOWN).index(name) for name in _DEPENDENTS]
    columns = {name.upper(): _SHOWN[name] for name in _DEPENDENTS}
    return result.of(columns, [[row[place] for place in places] for row in shown], result.SELECT)


def show_tasks(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    tokens.expect("SHOW")
    tokens.accept("TERSE")
    tokens.expect("TASKS")
    scope = show_scope(tokens, of_tasks=True)
    database, schema = place_of(context, scope)
    databases = context.account.databases() if database is None else [database]
    found = [
        (name, task)
        for name in databases
        for task in task_store.all_tasks(context.catalog(name))
        if schema in (None, task.schema)
        and scope.admits(task.name)
        and (task.is_root or not scope.root_only)
    ]
    found.sort(key=lambda pair: pair[1].name)
    kept = found[scope.cut([task.name for _, task in found])]
    return result.of(_SHOWN, [_shown(name, task) for name, task in kept], result.SHOW)


def describe_task(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    tokens.next()
    tokens.expect("TASK")
    name = tokens.name()
    tokens.end()
    full = context.resolve(name)
    task = task_store.find(context.catalog(full.database), full.schema, full.name)
    if task is None:
        raise errors.does_not_exist("Task", full)
    return result.of(_SHOWN, [_shown(full.database, task)], result.DESCRIBE)

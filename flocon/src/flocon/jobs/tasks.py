"""CREATE, ALTER, DROP and EXECUTE TASK, and what else of tasks is routed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flocon.access.hierarchy import ADMINISTRATOR
from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.jobs import task_graph, task_graph_runs, task_history, task_listing, task_store
from flocon.jobs.task_store import STARTED, SUSPENDED, Task
from flocon.session import parameters
from flocon.session.context import Context
from flocon.session.schema_names import of_catalog
from flocon.sql import tasks as parser
from flocon.sql.tokens import FullName, Name, Tokens
from flocon.stores.documents import Catalog

DDL = task_store.DDL + task_history.DDL

_ROOT_ONLY = (
    "SCHEDULE",
    "OVERLAP_POLICY",
    "ALLOW_OVERLAPPING_EXECUTION",
    "TASK_AUTO_RETRY_ATTEMPTS",
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS",
)


class Place:
    """The task that a statement names, and the tasks around it."""

    def __init__(self, context: Context, name: Name) -> None:
        self.full: FullName = context.resolve(name)
        self.catalog: Catalog = context.catalog(self.full.database)
        self.tasks = task_store.schema_tasks(self.catalog, self.full.schema)

    @property
    def name(self) -> str:
        return self.full.name

    @property
    def task(self) -> Task:
        """The named task, or Snowflake's error."""
        if self.name not in self.tasks:
            raise errors.does_not_exist("Task", self.full)
        return self.tasks[self.name]

    def check_editable(self, names: Iterable[str]) -> None:
        task_graph.check_editable(self.tasks, names, self.full.database)


def create_task(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    statement = parser.create_task(tokens)
    _check_parameters(statement.parameters)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = Place(context, statement.name)
        context.check_schema(place.full)
        current = place.tasks.get(place.name)
        if current and statement.if_not_exists:
            return result.status(f"{place.name} already exists, statement succeeded.")
        if current and statement.mode == "CREATE":
            raise errors.already_exists(place.full)
        task = _defined(context, place, statement)
        _check(context, place, task, current, statement.mode)
        if current is None:
            task_store.insert(place.catalog, task)
        else:
            task_store.update(place.catalog, _successor(task, current, statement.mode))
    context.account.tasks_changed()
    return result.status(f"Task {place.name} successfully created.")


def _defined(context: Context, place: Place, statement: parser.CreateTask) -> Task:
    return Task(
        schema=place.full.schema,
        name=place.name,
        definition=statement.definition,
        owner=context.access.role,
        properties=statement.properties,
        parameters=statement.parameters,
        predecessors=_parents(context, place, statement.predecessors),
        condition=statement.condition,
    )


def _successor(task: Task, current: Task, mode: str) -> Task:
    """What takes an existing task's place: REPLACE makes a new task, ALTER keeps the old one."""
    if mode == "REPLACE":
        return task
    current = _cut(current, set(current.predecessors) - set(task.predecessors))
    return replace(
        current,
        definition=task.definition,
        properties=task.properties,
        parameters=task.parameters,
        predecessors=task.predecessors,
        condition=task.condition,
    )


def _check(context: Context, place: Place, task: Task, current: Task | None, mode: str) -> None:
    """A definition must fit its graph, and the graph's root be suspended.

    A root itself may be replaced while it is started: that suspends it.
    """
    _check_properties(context, task)
    task_graph.check_links(place.tasks, task.schema, task.name, task.predecessors)
    place.check_editable(task.predecessors)
    if current and not (mode == "REPLACE" and current.is_root):
        place.check_editable([current.name])


def _check_properties(context: Context, task: Task) -> None:
    if task.warehouse and not context.directory.exists(Securable("WAREHOUSE", (task.warehouse,))):
        raise errors.does_not_exist("Warehouse", task.warehouse)
    if not task.is_root:
        for name in _ROOT_ONLY:
            if name in task.properties:
                raise errors.compilation(
                    errors.INVALID_PROPERTY,
                    f"Task {task.name} has predecessors: {name} belongs to its root task.",
                )
    if "WAREHOUSE" in task.properties and (
        "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE" in task.properties
    ):
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            "WAREHOUSE and USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE exclude one another.",
        )


def _parents(context: Context, place: Place, names: Iterable[Name]) -> tuple[str, ...]:
    """The names of predecessors, which live in the task's own schema."""
    parents = []
    for name in names:
        full = context.resolve(
            name if name.schema else Name(name.name, place.full.schema, place.full.database)
        )
        if (full.database, full.schema) != (place.full.database, place.full.schema):
            raise errors.compilation(
                errors.COMPILATION,
                f"Task {place.full} and its predecessor {full} must be in the same schema.",
            )
        parents.append(full.name)
    return tuple(dict.fromkeys(parents))


def alter_task(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    statement = parser.alter_task(tokens)
    _check_parameters(statement.parameters)
    return _altered(context, statement)


def comment_on_task(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    """https://docs.snowflake.com/en/sql-reference/sql/comment"""
    return _altered(context, parser.comment_on_task(tokens))


def _altered(context: Context, statement: parser.AlterTask) -> result.Result:
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = Place(context, statement.name)
        if statement.if_exists and place.name not in place.tasks:
            return result.status("Statement executed successfully.")
        changed = _ACTIONS[statement.action](context, place, statement)
        # What has become wrong since (a dropped warehouse) must not keep a task from stopping.
        if statement.action != "SUSPEND":
            _check_properties(context, changed)
        task_store.update(place.catalog, changed)
    context.account.tasks_changed()
    return result.status("Statement executed successfully.")


_Action = Callable[[Context, Place, parser.AlterTask], Task]


def _resume(context: Context, place: Place, statement: parser.AlterTask) -> Task:
    task = place.task
    if not task.is_root:
        place.check_editable([task.name])
    check_owner(context, task)
    return resumed(task, task_store.utc_now())


def check_owner(context: Context, task: Task) -> None:
    """A task runs as its owner, who must be allowed to."""
    with context.access.acting_as(task.owner or ADMINISTRATOR):
        context.access.require_execution("TASK", task.warehouse)


def resumed(task: Task, now: datetime) -> Task:
    """The task, started; a root needs something that starts its runs."""
    if task.started:
        return task
    if task.is_root and task.schedule is None and not task.triggered:
        raise errors.compilation(
            errors.COMPILATION,
            f"Task {task.name} cannot be resumed: it has neither a SCHEDULE nor predecessors nor "
            "a stream in WHEN.",
        )
    return replace(
        task,
        state=STARTED,
        schedule_base=now,
        last_committed_on=now,
        failures={},
        graph_version=task.graph_version + 1,
    )


def _suspend(context: Context, place: Place, statement: parser.AlterTask) -> Task:
    task = place.task
    if not task.is_root:
        place.check_editable([task.name])
    return suspended(task, "USER_SUSPENDED") if task.started else task


def suspended(task: Task, reason: str) -> Task:
    return replace(
        task,
        state=SUSPENDED,
        last_suspended_on=task_store.utc_now(),
        last_suspended_reason=reason,
    )


def _edited(change: Callable[[Task, parser.AlterTask], Task]) -> _Action:
    """An action that edits a definition, for which the root must be suspended."""

    def act(context: Context, place: Place, statement: parser.AlterTask) -> Task:
        place.check_editable([place.task.name])
        return change(place.task, statement)

    return act


def _check_parameters(given: Mapping[str, Any]) -> None:
    """Raises 000002 for a session parameter that would change what a task does, and does not
    here."""
    for name, value in given.items():
        parameters.check_parameter(name, str(value), "TASK …")


def _set(task: Task, statement: parser.AlterTask) -> Task:
    return replace(
        task,
        properties={**task.properties, **statement.properties},
        parameters={**task.parameters, **statement.parameters},
    )


def _unset(task: Task, statement: parser.AlterTask) -> Task:
    return replace(
        task,
        properties=_without(task.properties, statement.unset),
        parameters=_without(task.parameters, statement.unset),
    )


def _without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _add_after(context: Context, place: Place, statement: parser.AlterTask) -> Task:
    task = place.task
    parents = _parents(context, place, statement.predecessors)
    together = tuple(dict.fromkeys([*task.predecessors, *parents]))
    task_graph.check_links(place.tasks, task.schema, task.name, together)
    place.check_editable([task.name, *parents])
    return replace(task, predecessors=together)


def _remove_after(context: Context, place: Place, statement: parser.AlterTask) -> Task:
    task = place.task
    parents = _parents(context, place, statement.predecessors)
    for parent in parents:
        if parent not in task.predecessors:
            raise errors.does_not_exist("Predecessor", parent)
    place.check_editable([task.name])
    return _cut(task, parents)


def _cut(task: Task, parents: Iterable[str]) -> Task:
    """The task without these predecessors; left with none, it is a root, and suspended."""
    left = tuple(name for name in task.predecessors if name not in parents)
    task = replace(task, predecessors=left)
    return task if left or not task.started else suspended(task, "CHILD_BECAME_ROOT")


_ACTIONS: dict[str, _Action] = {
    "RESUME": _resume,
    "SUSPEND": _suspend,
    "SET": _edited(_set),
    "UNSET": _edited(_unset),
    "MODIFY AS": _edited(lambda task, statement: replace(task, definition=statement.text)),
    "MODIFY WHEN": _edited(lambda task, statement: replace(task, condition=statement.text)),
    "REMOVE WHEN": _edited(lambda task, statement: replace(task, condition=None)),
    "ADD AFTER": _add_after,
    "REMOVE AFTER": _remove_after,
}


def drop_task(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    """Drops a task; children that it leaves without a predecessor become suspended roots."""
    name, if_exists = parser.drop_task(tokens)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = Place(context, name)
        if if_exists and place.name not in place.tasks:
            return result.status(
                f"Drop statement executed successfully ({place.name} already dropped)."
            )
        children = [t for t in place.tasks.values() if place.name in t.predecessors]
        # A task that stands alone may go while it is started.
        if children or not place.task.is_root:
            place.check_editable([place.name])
        for child in children:
            task_store.update(place.catalog, _cut(child, [place.name]))
        task_store.delete(place.catalog, place.task)
    context.account.tasks_changed()
    return result.status(f"{place.name} successfully dropped.")


def execute_task(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    """Asks for a run of a graph now. Asked for again while one runs, one more will follow."""
    name = parser.execute_task(tokens)
    with context.account.lock:
        place = Place(context, name)
        check_owner(context, place.task)
        if not place.task.is_root:
            raise errors.compilation(
                errors.COMPILATION,
                f"EXECUTE TASK needs a root task; {place.full} has predecessors.",
            )
        task_store.update(place.catalog, replace(place.task, requested_at=task_store.utc_now()))
    context.account.tasks_changed()
    return result.status(f"Task {place.name} is scheduled to run immediately.")


ROUTES = {
    ("CREATE", "TASK"): create_task,
    ("ALTER", "TASK"): alter_task,
    ("COMMENT", "TASK"): comment_on_task,
    ("DROP", "TASK"): drop_task,
    ("EXECUTE", "TASK"): execute_task,
    ("SHOW", "TASKS"): task_listing.show_tasks,
    ("DESCRIBE", "TASK"): task_listing.describe_task,
}

TABLE_FUNCTIONS = {
    "COMPLETE_TASK_GRAPHS": task_graph_runs.complete_task_graphs,
    "CURRENT_TASK_GRAPHS": task_graph_runs.current_task_graphs,
    "TASK_DEPENDENTS": task_listing.task_dependents,
    "TASK_HISTORY": task_history.task_history,
}


def _owner_changed(context: Context, what: Securable, role: str) -> None:
    """A task is suspended by that, because it would run as somebody else.

    https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
    """
    database, schema, name = what.path
    catalog = context.catalog(database)
    with context.account.lock:
        task = task_store.find(catalog, schema, name)
        if task and task.owner != role:
            task_store.update(catalog, replace(task, owner=role, state=SUSPENDED))
    context.account.tasks_changed()


OF_SCHEMA = ("_account_tasks", "schema")
IN_SCHEMA = {"TASK": of_catalog(*OF_SCHEMA)}
OWNER_CHANGED = {"TASK": _owner_changed}

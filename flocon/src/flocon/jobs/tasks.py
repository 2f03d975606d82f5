"""Tasks: what their statements do to a graph, and the functions about them.

https://docs.snowflake.com/en/user-guide/tasks-intro
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.engine import parsing
from flocon.jobs import definitions, statements, task_graph, task_graph_runs, task_history
from flocon.jobs.definitions import STARTED, SUSPENDED, Task
from flocon.jobs.statements import Statements
from flocon.session.arguments import check_names, only
from flocon.session.context import Context
from flocon.sql import jobs as grammar
from flocon.sql.jobs import AlterJob, CreateJob
from flocon.sql.statement_text import StatementText
from flocon.sql.tokens import Name, Tokens

DDL = task_history.DDL

Place = statements.Place[Task]

_ROOT_ONLY = (
    "SCHEDULE",
    "OVERLAP_POLICY",
    "ALLOW_OVERLAPPING_EXECUTION",
    "TASK_AUTO_RETRY_ATTEMPTS",
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS",
)


def _check_editable(place: Place, *names: str) -> None:
    task_graph.check_editable(place.jobs, names, place.full.database)


# --- what becomes of a task ----------------------------------------------------------------------


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


def suspended(task: Task, reason: str) -> Task:
    return replace(task, state=SUSPENDED, last_suspended_on=utc_now(), last_suspended_reason=reason)


def _without_parents(task: Task, parents: Iterable[str]) -> Task:
    """The task without these predecessors. If it has no other, it becomes a suspended root."""
    left = tuple(name for name in task.predecessors if name not in parents)
    task = replace(task, predecessors=left)
    return task if left or not task.started else suspended(task, "CHILD_BECAME_ROOT")


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


# --- ALTER TASK ----------------------------------------------------------------------------------


def _resume(context: Context, place: Place, statement: AlterJob) -> Task:
    task = place.job
    if not task.is_root:
        _check_editable(place, task.name)
    TASKS.check_owner(context, task)
    return resumed(task, utc_now())


def _suspend(context: Context, place: Place, statement: AlterJob) -> Task:
    task = place.job
    if not task.is_root:
        _check_editable(place, task.name)
    return suspended(task, "USER_SUSPENDED") if task.started else task


def _edited(change: Callable[[Task, AlterJob], Task]) -> statements.Action[Task]:
    """An action that edits a definition, for which the root must be suspended."""

    def act(context: Context, place: Place, statement: AlterJob) -> Task:
        _check_editable(place, place.job.name)
        return change(place.job, statement)

    return act


def _add_after(context: Context, place: Place, statement: AlterJob) -> Task:
    task = place.job
    parents = _parents(context, place, statement.predecessors)
    together = tuple(dict.fromkeys([*task.predecessors, *parents]))
    task_graph.check_links(place.jobs, task.schema, task.name, together)
    _check_editable(place, task.name, *parents)
    return replace(task, predecessors=together)


def _remove_after(context: Context, place: Place, statement: AlterJob) -> Task:
    task = place.job
    parents = _parents(context, place, statement.predecessors)
    for parent in parents:
        if parent not in task.predecessors:
            raise errors.does_not_exist("Predecessor", parent)
    _check_editable(place, task.name)
    return _without_parents(task, parents)


def _body(text: str) -> str:
    """A task's statement. Raises 001003 where it is none; what is wrong with it besides is told
    when it runs."""
    statement = StatementText.of(text)
    if statement.is_query_or_dml and not (statement.may_have_variables or statement.may_have_flow):
        try:
            parsing.parse(text)
        except errors.SnowflakeError as error:
            if error.errno == errors.SYNTAX.errno:
                raise
    return text


class _Tasks(Statements[Task]):
    noun = "Task"
    grammar = grammar.TASK
    store = definitions.TASKS
    shown: Mapping[str, str] = result.columns(
        "created_on", "name", "id", "database_name", "schema_name", "owner", "comment",
        "warehouse", "schedule", "predecessors", "state", "definition", "condition",
        "allow_overlapping_execution", "error_integration", "last_committed_on",
        "last_suspended_on", "owner_role_type", "config", "task_relations",
        "last_suspended_reason", "success_integration", "scheduling_mode",
        "target_completion_interval", "execute_as_user", "overlap_policy",
    )  # fmt: skip
    actions: Mapping[str, statements.Action[Task]] = {
        "RESUME": _resume,
        "SUSPEND": _suspend,
        "SET": _edited(statements.with_settings),
        "UNSET": _edited(statements.without_settings),
        "MODIFY AS": _edited(
            lambda task, statement: replace(task, definition=_body(statement.text))
        ),
        "MODIFY WHEN": _edited(lambda task, statement: replace(task, condition=statement.text)),
        "REMOVE WHEN": _edited(lambda task, statement: replace(task, condition=None)),
        "ADD AFTER": _add_after,
        "REMOVE AFTER": _remove_after,
    }

    def defined(self, context: Context, place: Place, statement: CreateJob) -> Task:
        return Task(
            schema=place.full.schema,
            name=place.name,
            definition=_body(statement.body),
            owner=context.access.role,
            properties=statement.properties,
            parameters=statement.parameters,
            predecessors=_parents(context, place, statement.predecessors),
            condition=statement.condition,
        )

    def redefined(self, current: Task, job: Task) -> Task:
        current = _without_parents(current, set(current.predecessors) - set(job.predecessors))
        return replace(
            current,
            definition=job.definition,
            properties=job.properties,
            parameters=job.parameters,
            predecessors=job.predecessors,
            condition=job.condition,
        )

    def check(
        self, context: Context, place: Place, job: Task, current: Task | None, mode: str
    ) -> None:
        """A definition must fit its graph, and the graph's root be suspended.

        A root itself may be replaced while it is started: that suspends it.
        """
        self.check_properties(context, job)
        task_graph.check_links(place.jobs, job.schema, job.name, job.predecessors)
        _check_editable(place, *job.predecessors)
        if current and not (mode == "REPLACE" and current.is_root):
            _check_editable(place, current.name)

    def check_properties(self, context: Context, job: Task) -> None:
        super().check_properties(context, job)
        if not job.is_root:
            for name in _ROOT_ONLY:
                if name in job.properties:
                    raise errors.compilation(
                        errors.INVALID_PROPERTY,
                        f"Task {job.name} has predecessors: {name} belongs to its root task.",
                    )
        if job.warehouse and "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE" in job.properties:
            raise errors.compilation(
                errors.INVALID_PROPERTY,
                "WAREHOUSE and USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE exclude one another.",
            )

    def check_executable(self, place: Place) -> None:
        if not place.job.is_root:
            raise errors.compilation(
                errors.COMPILATION,
                f"EXECUTE TASK needs a root task; {place.full} has predecessors.",
            )

    def leave(self, place: Place) -> None:
        """Children that a task leaves without a predecessor become suspended roots."""
        children = [task for task in place.jobs.values() if place.name in task.predecessors]
        # A task that stands alone may go while it is started.
        if children or not place.job.is_root:
            _check_editable(place, place.name)
        for child in children:
            self.store.put(place.catalog, _without_parents(child, [place.name]))

    def row(self, database: str, job: Task) -> dict[str, Any]:
        parents = [f"{database}.{job.schema}.{name}" for name in job.predecessors]
        return {
            **super().row(database, job),
            "id": job.id,
            "predecessors": json.dumps(parents, separators=(",", ":")),
            "definition": job.definition,
            "condition": job.condition,
            "allow_overlapping_execution": "false" if job.is_root else "null",
            "last_committed_on": job.last_committed_on,
            "last_suspended_on": job.last_suspended_on,
            "task_relations": json.dumps({"Predecessors": parents}, separators=(",", ":")),
            "last_suspended_reason": job.last_suspended_reason,
            "overlap_policy": "NO_OVERLAP" if job.is_root else None,
        }


TASKS = _Tasks()


# --- functions -----------------------------------------------------------------------------------


_DEPENDENTS = (
    "created_on", "name", "database_name", "schema_name", "owner", "comment", "warehouse",
    "schedule", "predecessors", "state", "definition", "condition",
)  # fmt: skip


def _named(context: Context, name: object) -> Place:
    return TASKS.place(context, Tokens(str(name)).name())


def task_dependents(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.TASK_DEPENDENTS(TASK_NAME => '…' [, RECURSIVE => FALSE])): the task
    and what runs after it. https://docs.snowflake.com/en/sql-reference/functions/task_dependents
    """
    check_names(arguments, ("TASK_NAME", "RECURSIVE"))
    if "TASK_NAME" not in arguments:
        raise errors.compilation(errors.SYNTAX, "TASK_DEPENDENTS needs TASK_NAME.")
    place = _named(context, arguments["TASK_NAME"])
    tasks = [place.job]
    for name in task_graph.descendants(place.jobs, place.name):
        task = place.jobs[name]
        is_recursive = str(arguments.get("RECURSIVE", True)).upper() != "FALSE"
        if is_recursive or place.name in task.predecessors:
            tasks.append(task)
    rows = [TASKS.row(place.full.database, task) for task in tasks]
    columns = {name.upper(): TASKS.shown[name] for name in _DEPENDENTS}
    return result.of(columns, [[row[n] for n in _DEPENDENTS] for row in rows], result.SELECT)


def task_dependents_enable(context: Context, arguments: list[Any]) -> bool:
    """SYSTEM$TASK_DEPENDENTS_ENABLE: resumes a root and all below it, the root last."""
    name = only(arguments, "SYSTEM$TASK_DEPENDENTS_ENABLE")
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = _named(context, name)
        now = utc_now()
        TASKS.check_owner(context, place.job)
        below = task_graph.descendants(place.jobs, place.name)
        for task in [resumed(place.jobs[name], now) for name in [*reversed(below), place.name]]:
            TASKS.store.put(place.catalog, task)
    context.account.tasks_changed()
    return True


def cancel_ongoing_executions(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS: ends the task's run, if there is one. Its graph
    goes on without it. https://docs.snowflake.com/en/sql-reference/functions/system_user_task_cancel_ongoing_executions
    """
    place = _named(context, only(arguments, "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS"))
    task = place.job
    for graph_run in context.account.graph_runs():
        if graph_run.database == place.full.database:
            graph_run.cancel_task(task.id)
    return f"Cancellation of the ongoing executions of task {place.name} is requested."


def _refused(name: str) -> Callable[[Context, list[Any]], Any]:
    def refuse(context: Context, arguments: list[Any]) -> Any:
        raise errors.unsupported(name)

    return refuse


# Functions of a running task, which go with return values, CONFIG and FINALIZE.
_LEFT_OUT = (
    "SYSTEM$CURRENT_USER_TASK_NAME",
    "SYSTEM$GET_PREDECESSOR_RETURN_VALUE",
    "SYSTEM$GET_TASK_GRAPH_CONFIG",
    "SYSTEM$PREDECESSORS_STATE",
    "SYSTEM$SET_RETURN_VALUE",
    "SYSTEM$TASK_COMPLETION_STATE",
    "SYSTEM$TASK_RUNTIME_INFO",
)

STATEMENTS = (*TASKS.kinds(), TASKS.comments())

FUNCTIONS = {
    "SYSTEM$TASK_DEPENDENTS_ENABLE": task_dependents_enable,
    "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS": cancel_ongoing_executions,
    **{name: _refused(name) for name in _LEFT_OUT},
}

TABLE_FUNCTIONS = {
    "COMPLETE_TASK_GRAPHS": task_graph_runs.complete_task_graphs,
    "CURRENT_TASK_GRAPHS": task_graph_runs.current_task_graphs,
    "TASK_DEPENDENTS": task_dependents,
    "TASK_HISTORY": task_history.task_history,
}

STORED = definitions.TASKS
OWNER_CHANGED = {"TASK": TASKS.owner_changed}

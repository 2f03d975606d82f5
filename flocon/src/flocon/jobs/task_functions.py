"""The functions about tasks that statements may call."""

from collections.abc import Callable
from typing import Any

from flocon.core import errors
from flocon.jobs import task_graph, task_store
from flocon.jobs.tasks import Place, check_owner, resumed
from flocon.session.context import Context
from flocon.sql.tokens import Tokens


def task_dependents_enable(context: Context, arguments: list[Any]) -> bool:
    """SYSTEM$TASK_DEPENDENTS_ENABLE: resumes a root and all below it, the root last."""
    if len(arguments) != 1:
        raise errors.compilation(
            errors.COMPILATION, "SYSTEM$TASK_DEPENDENTS_ENABLE takes one argument."
        )
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = Place(context, Tokens(str(arguments[0])).name())
        now = task_store.utc_now()
        check_owner(context, place.task)
        below = task_graph.descendants(place.tasks, place.task.name)
        started = [resumed(place.tasks[name], now) for name in [*reversed(below), place.name]]
        for task in started:
            task_store.update(place.catalog, task)
    context.account.tasks_changed()
    return True


def cancel_ongoing_executions(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS: ends the task's run, if there is one. Its graph
    goes on without it. https://docs.snowflake.com/en/sql-reference/functions/system_user_task_cancel_ongoing_executions
    """
    if len(arguments) != 1:
        raise errors.compilation(
            errors.COMPILATION, "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS takes one argument."
        )
    place = Place(context, Tokens(str(arguments[0])).name())
    task = place.task
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

FUNCTIONS = {
    "SYSTEM$TASK_DEPENDENTS_ENABLE": task_dependents_enable,
    "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS": cancel_ongoing_executions,
    **{name: _refused(name) for name in _LEFT_OUT},
}

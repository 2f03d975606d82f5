"""What a graph of tasks allows and what comes next in a run of it. Pure."""

from collections.abc import Iterable, Mapping
from enum import Enum

from flocon.core import errors
from flocon.jobs.definitions import Task

NOT_SUSPENDED = errors.Code(91421, "22000")

Tasks = Mapping[str, Task]


class State(Enum):
    """Where a task of a graph run stands.

    PASSED: suspended, so the run went past it as if it had succeeded. BLOCKED: what it waits for
    did not succeed.
    """

    RUNNING = "EXECUTING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    PASSED = "PASSED"
    BLOCKED = "BLOCKED"


States = dict[str, State]


def roots_above(tasks: Tasks, *names: str) -> set[str]:
    """The roots of the graphs that these tasks belong to; a root is its own."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += tasks[name].predecessors
    return {name for name in seen if tasks[name].is_root}


def descendants(tasks: Tasks, root: str) -> list[str]:
    """The tasks below a root, each behind all of its predecessors, without the root."""
    below: set[str] = set()
    while more := {n for n in tasks if {root, *below}.intersection(tasks[n].predecessors)} - below:
        below |= more
    ordered: list[str] = []
    waiting = sorted(below)
    while waiting:
        free = [name for name in waiting if not set(waiting).intersection(tasks[name].predecessors)]
        ordered += free
        waiting = [name for name in waiting if name not in free]
    return ordered


def check_links(tasks: Tasks, schema: str, name: str, predecessors: Iterable[str]) -> None:
    """May the task come after these? They must exist, share one root, and not come after it."""
    for parent in predecessors:
        if parent not in tasks:
            raise errors.does_not_exist("Task", f"{schema}.{parent}")
        if parent == name or (name in tasks and parent in descendants(tasks, name)):
            raise errors.compilation(
                errors.COMPILATION, f"Graph with task {name} has a cycle through {parent}."
            )
    if len(roots := roots_above(tasks, *predecessors)) > 1:
        raise errors.compilation(
            errors.COMPILATION, f"A task graph has one root task, not {', '.join(sorted(roots))}."
        )


def check_editable(tasks: Tasks, names: Iterable[str], database: str) -> None:
    """A graph may change only while its root is suspended."""
    for root in sorted(roots_above(tasks, *names)):
        if tasks[root].started:
            raise errors.SnowflakeError(
                NOT_SUSPENDED,
                f"Unable to update graph with root task {database}.{tasks[root].schema}."
                f"{root} since that root task is not suspended.",
            )


def frozen(tasks: Tasks, root: str) -> dict[str, Task]:
    """A graph as a run will know it to its end, the root first."""
    return {name: tasks[name] for name in [root, *descendants(tasks, root)]}


def advance(graph: Tasks, states: States) -> list[str]:
    """The tasks that may start now; settles in `states` those that will not run.

    A task runs when all resumed predecessors have succeeded, and at least one is resumed if it has
    several. The root runs whether it is resumed or not.
    """
    ready = []
    for name, task in graph.items():
        if name in states:
            continue
        above = [states.get(parent) for parent in task.predecessors if parent in graph]
        if any(state in (None, State.RUNNING) for state in above):
            continue
        if not _may_run(above):
            states[name] = State.BLOCKED
        elif above and not task.started:
            states[name] = State.PASSED
        else:
            ready.append(name)
    return ready


def _may_run(above: list[State | None]) -> bool:
    resumed = [state for state in above if state != State.PASSED]
    if len(above) > 1 and not resumed:
        return False
    return all(state == State.SUCCEEDED for state in resumed)


def failed(states: States) -> list[str]:
    return [name for name, state in states.items() if state == State.FAILED]


def counted(failures: Mapping[str, int], states: States) -> dict[str, int]:
    """Each task's failed runs in a row after one more run of the graph. What was skipped or
    cancelled does not count, neither way."""
    after = {name: count for name, count in failures.items() if name in states}
    for name, state in states.items():
        if state == State.FAILED:
            after[name] = after.get(name, 0) + 1
        elif state == State.SUCCEEDED:
            after.pop(name, None)
    return after


def to_retry(states: States) -> States:
    """The states to go on from after a failure: what failed and what it blocked is open again."""
    again = (State.FAILED, State.BLOCKED)
    return {name: state for name, state in states.items() if state not in again}

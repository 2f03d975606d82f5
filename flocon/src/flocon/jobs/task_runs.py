"""Runs of task graphs: each task an ordinary session, in parallel where the graph allows."""

import logging
import math
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from flocon.core import errors
from flocon.jobs import task_graph, task_history
from flocon.jobs.definitions import Task
from flocon.jobs.runs import USER, RunEnvironment, snowflake_error
from flocon.jobs.task_graph import State, States
from flocon.jobs.task_history import HISTORY, Entry, Run
from flocon.session.session import OpenSession, Session

log = logging.getLogger(__name__)

_FALSE = "0040003"
_FALSE_MESSAGE = "Conditional expression for task evaluated to false."
_CANCEL_AGAIN_SECONDS = 0.5
_TIMEOUT = errors.Code(630, "57014")


def condition_holds(open_session: OpenSession, database: str, task: Task) -> bool:
    """Is the task's WHEN true? Asked by a session of its own, which has no warehouse."""
    if task.condition is None:
        return True
    session = open_session(
        user=USER,
        role=task.owner,
        database=database,
        schema=task.schema,
        parameters=dict(task.parameters),
    )
    try:
        (value,) = session.execute(f"SELECT {task.condition}").rows()[0]
    finally:
        session.close()
    return str(value).upper() in ("TRUE", "1")


@dataclass(frozen=True)
class Outcome:
    """How a graph run ended."""

    states: States
    attempt: int


class GraphRun:
    """One run of a graph, on the definitions that it had when the run began.

    1 start what may start, in parallel; 2 wait for one to end; 3 when nothing is left and a task
    failed, start again from there while attempts are left; 4 record what never ran.
    """

    def __init__(
        self,
        environment: RunEnvironment,
        database: str,
        graph: dict[str, Task],
        run: Run,
        on_recorded: Callable[[], None],
    ) -> None:
        self._open_session = environment.open_session
        self._clock = environment.clock
        self._slots = environment.slots
        self._catalog = environment.stores.catalog(database)
        self.database = database
        self.run = run
        self._graph = graph
        self._on_recorded = on_recorded
        self._sessions: dict[str, Session] = {}
        self._guard = threading.Lock()
        self._cancelled = False
        # The ids of tasks whose run alone was cancelled.
        self._cancelled_tasks: set[str] = set()
        self._ended: queue.Queue[tuple[str, State]] = queue.Queue()
        self._deadline: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The ids by which its history knows the run: its root's and its group's."""
        return self.run.root.id, self.run.group_id

    def execute(self) -> Outcome:
        """Runs the graph to its end; never raises for what a task does."""
        states: States = {}
        attempt = 1
        self._run_attempt(states, attempt)
        while task_graph.failed(states) and self._may_retry(attempt):
            attempt += 1
            states = task_graph.to_retry(states)
            self._run_attempt(states, attempt)
        self._record_blocked(states, attempt)
        return Outcome(states, attempt)

    def cancel(self) -> None:
        """Interrupts what runs, and starts nothing more."""
        with self._guard:
            self._cancelled = True
            for session in self._sessions.values():
                session.cancel()

    def cancel_task(self, task_id: str) -> None:
        """Interrupts one task, if it runs now."""
        with self._guard:
            for name, session in self._sessions.items():
                if self._graph[name].id == task_id:
                    self._cancelled_tasks.add(task_id)
                    session.cancel()

    def _may_retry(self, attempt: int) -> bool:
        return attempt <= self.run.root.retries and not self._cancelled

    def _run_attempt(self, states: States, attempt: int) -> None:
        """Steps 1 and 2, until no task runs and no further one may start: one attempt."""
        if limit := self.run.root.timeout_ms:
            self._deadline = self._clock.now() + timedelta(milliseconds=limit)
        running = 0
        while True:
            for name in task_graph.advance(self._graph, states):
                states[name] = State.RUNNING
                running += 1
                threading.Thread(
                    target=self._end_with_state,
                    args=(self._graph[name], attempt),
                    name=f"task {name}",
                    daemon=True,
                ).start()
            if not running:
                return
            name, state = self._ended.get()
            states[name] = state
            running -= 1

    def _end_with_state(self, task: Task, attempt: int) -> None:
        """A task's thread: whatever happens, the graph hears of its end."""
        state = State.FAILED
        try:
            with self._slots:
                state = self._run_task(task, attempt)
        except errors.SnowflakeError as error:
            # Its history cannot be written: the database was dropped under it.
            log.error("task %s.%s.%s is lost: %s", self.database, task.schema, task.name, error)
        except Exception:
            log.exception("task %s.%s.%s could not be run", self.database, task.schema, task.name)
        finally:
            self._ended.put((task.name, state))

    def _run_task(self, task: Task, attempt: int) -> State:
        if self._cancelled:
            return State.CANCELLED
        entry = Entry(self.run, task, self._scheduled_time(task, attempt), attempt)
        try:
            skipped = not condition_holds(self._open_session, self.database, task)
        except Exception as error:
            self._begin(entry)
            return self._fail(entry, error)
        if skipped:
            task_history.not_run(self._catalog, entry, self._clock.now(), _FALSE, _FALSE_MESSAGE)
            self._on_recorded()
            return State.SKIPPED
        self._begin(entry)
        return self._execute_body(entry)

    def _scheduled_time(self, task: Task, attempt: int) -> datetime:
        """A root's first attempt was due when the run was; all else is due now."""
        return self.run.scheduled_time if task.is_root and attempt == 1 else self._clock.now()

    def _begin(self, entry: Entry) -> None:
        task_history.started(self._catalog, entry, self._clock.now())
        self._on_recorded()

    def _execute_body(self, entry: Entry) -> State:
        task = entry.task
        limit = self._time_limit(task)
        over = threading.Event()
        try:
            with self._session(task) as session, _limited(session, limit, over):
                session.execute(task.definition, query_id=entry.entry_id)
        except Exception as error:
            return self._fail(entry, _timeout(limit or 0) if over.is_set() else error)
        self._finish(entry, State.SUCCEEDED)
        return State.SUCCEEDED

    @contextmanager
    def _session(self, task: Task) -> Iterator[Session]:
        """An ordinary session for the body, within cancel()'s reach."""
        session = self._open_session(
            user=USER,
            role=task.owner,
            warehouse=task.warehouse,
            database=self.database,
            schema=task.schema,
            parameters=dict(task.parameters),
        )
        with self._guard:
            self._sessions[task.name] = session
        try:
            if self._cancelled:
                raise errors.SnowflakeError(errors.CANCELLED, "SQL execution canceled")
            session.context.access.serverless = task.warehouse is None
            session.context.access.require_execution("TASK", task.warehouse)
            yield session
        finally:
            with self._guard:
                del self._sessions[task.name]
            session.close()

    def _time_limit(self, task: Task) -> float | None:
        """Seconds that the body may take: the task's own limit or what is left to the graph, and
        not more than its STATEMENT_TIMEOUT_IN_SECONDS. Zero stands for no limit."""
        limits = [float(task.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS", 0)) or math.inf]
        if not task.is_root and task.timeout_ms is not None:
            limits.append(task.timeout_ms / 1000 or math.inf)
        elif self._deadline is not None:
            limits.append(max((self._deadline - self._clock.now()).total_seconds(), 0.0))
        return None if min(limits) == math.inf else min(limits)

    def _fail(self, entry: Entry, error: Exception) -> State:
        alone = entry.task.id in self._cancelled_tasks
        state = State.CANCELLED if self._cancelled or alone else State.FAILED
        explanation = snowflake_error(error, f"task {entry.task.name}")
        self._finish(entry, state, f"{explanation.errno:06d}", explanation.message)
        return state

    def _finish(
        self, entry: Entry, state: State, code: str | None = None, message: str | None = None
    ) -> None:
        now = self._clock.now()
        HISTORY.finished(self._catalog, entry.entry_id, now, state.value, code, message)
        log.info(
            "task %s.%s.%s attempt %d %s%s",
            self.database,
            entry.task.schema,
            entry.task.name,
            entry.attempt,
            state.value,
            ": " + " ".join(message.split()) if message else "",
        )

    def _record_blocked(self, states: States, attempt: int) -> None:
        """Step 4. The tasks of a graph whose root was skipped leave no trace at all."""
        if states[self.run.root.name] == State.SKIPPED:
            return
        now = self._clock.now()
        for name, state in states.items():
            task = self._graph[name]
            if state == State.BLOCKED and task.started:
                passed = (State.SUCCEEDED, State.PASSED)
                above = [p for p in task.predecessors if states.get(p) not in passed]
                message = (
                    f"Skipped: predecessor {', '.join(above or task.predecessors)} did not succeed."
                )
                entry = Entry(self.run, task, now, attempt)
                task_history.not_run(self._catalog, entry, now, None, message)


@contextmanager
def _limited(session: Session, seconds: float | None, over: threading.Event) -> Iterator[None]:
    """Cancels the session's statement when the time is over, and sets `over`."""
    done = threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        over.set()
        session.cancel()
        # A statement that began just after it was cancelled is cancelled again.
        while not done.wait(_CANCEL_AGAIN_SECONDS):
            session.cancel()

    watcher = threading.Thread(target=watch, name="task timeout", daemon=True)
    if seconds is not None:
        watcher.start()
    try:
        yield
    finally:
        done.set()
        if seconds is not None:
            watcher.join()


def _timeout(seconds: float) -> errors.SnowflakeError:
    return errors.SnowflakeError(
        _TIMEOUT,
        f"Statement reached its statement or warehouse timeout of {math.ceil(seconds)} second(s) "
        "and was canceled.",
    )

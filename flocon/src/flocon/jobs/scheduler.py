"""Starts task graphs: when they are due, when their streams have data, when they are asked for.

Alerts are started by the same thread, in `flocon.jobs.alert_scheduler`.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from flocon.core import errors
from flocon.core.turns import Key, Turns
from flocon.jobs import task_graph, task_history, task_store
from flocon.jobs.alert_scheduler import AlertScheduler
from flocon.jobs.task_history import Run
from flocon.jobs.task_runs import Clock, GraphRun, Outcome, holds
from flocon.jobs.task_store import Task
from flocon.jobs.tasks import suspended
from flocon.session.session import OpenSession
from flocon.stores.stores import Stores

log = logging.getLogger(__name__)

# A warehouse runs eight statements at once; the others wait in its queue.
_SLOTS = 8
# The loop looks at least this often, so that a clock that was set forward is noticed.
_LONGEST_WAIT = timedelta(seconds=60)
_TRIGGER_WAIT = timedelta(seconds=1)
_TRIM_EVERY = timedelta(hours=1)
_CLOSE_SECONDS = 5.0
_CLOSE_TRIES = 10


class SystemClock:
    def now(self) -> datetime:
        return task_store.utc_now()


class Scheduler:
    """One thread that starts graph runs, at most one per root at a time.

    A root that is still running when it is due again misses that turn; an EXECUTE TASK waits for
    its end instead. `tick` is one look at all tasks; the thread does nothing but call it.
    """

    def __init__(
        self, stores: Stores, open_session: OpenSession, clock: Clock | None = None
    ) -> None:
        self._stores = stores
        self._open_session = open_session
        self._clock = clock or SystemClock()
        self._condition = threading.Condition()
        self._woken = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._slots = threading.BoundedSemaphore(_SLOTS)
        self._trimmed = self._clock.now()
        self._turns = Turns(self._trimmed)
        self._alerts = AlertScheduler(stores, open_session, self._clock, self._slots, self.wake)
        self._triggered: dict[Key, datetime] = {}
        self._running: dict[Key, GraphRun] = {}

    def start(self) -> None:
        """Settles what a crash left behind, then begins."""
        self.recover()
        self._stores.tasks_changed = self.wake
        self._stores.graph_runs = self.graph_runs
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something changed: look again now."""
        with self._condition:
            self._woken = True
            self._condition.notify_all()

    def graph_runs(self) -> list[GraphRun]:
        """The graphs that run now."""
        with self._condition:
            return list(self._running.values())

    def close(self) -> None:
        """Starts nothing more, cancels what runs, and waits a little for it to end."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread:
            self._thread.join(_CLOSE_SECONDS)
        for _ in range(_CLOSE_TRIES):
            for run in self.graph_runs():
                run.cancel()
            self._alerts.cancel()
            if self.wait_idle(_CLOSE_SECONDS / _CLOSE_TRIES):
                return

    def wait_idle(self, seconds: float) -> bool:
        """Waits until no graph and no alert runs; False if one still does."""
        with self._condition:
            idle = self._condition.wait_for(lambda: not self._running, seconds)
        return self._alerts.wait_idle(seconds) and idle

    def recover(self) -> None:
        """Fails the runs that were cut off."""
        now = self._clock.now()
        for database in self._stores.databases():
            try:
                if lost := task_history.recover(self._stores.catalog(database), now):
                    log.warning("%d task runs in %s were cut off by a restart", lost, database)
                self._alerts.recover(database, now)
            except Exception:
                log.exception("the histories of %s could not be settled", database)

    def tick(self) -> datetime | None:
        """Starts every run that is due, and answers when the next one will be."""
        now = self._clock.now()
        # Before the tasks are read: a run that ends in between has already changed its root.
        with self._condition:
            busy = set(self._running)
        upcoming: list[datetime] = []
        roots = dict(self._roots())
        self._turns.keep(roots)
        for key, task in roots.items():
            try:
                if run := self._due(key, task, now, key in busy):
                    self._start(key, run)
                if task.started and (following := self._next(task, now)):
                    upcoming.append(following)
            except Exception:
                log.exception("task %s could not be scheduled", ".".join(key))
        upcoming += self._alerts.tick(now)
        if now >= self._trimmed + _TRIM_EVERY:
            self._trim(now)
        return min(upcoming, default=None)

    def _trim(self, now: datetime) -> None:
        self._trimmed = now
        for database in self._stores.databases():
            try:
                task_history.trim(self._stores.catalog(database), now)
                self._alerts.trim(database, now)
            except Exception:
                log.exception("the histories of %s could not be trimmed", database)

    def _loop(self) -> None:
        while True:
            following = None
            try:
                following = self.tick()
            except Exception:
                log.exception("the scheduler's look at the tasks failed")
            with self._condition:
                if not self._closed:
                    self._condition.wait_for(self._called, self._pause(following))
                if self._closed:
                    return
                self._woken = False

    def _called(self) -> bool:
        return self._woken or self._closed

    def _pause(self, following: datetime | None) -> float:
        until = following or self._clock.now() + _LONGEST_WAIT
        return max(min(until - self._clock.now(), _LONGEST_WAIT).total_seconds(), 0.0)

    def _roots(self) -> Iterator[tuple[Key, Task]]:
        for database in self._stores.databases():
            try:
                tasks = task_store.all_tasks(self._stores.catalog(database))
            except Exception:
                # A database that is dropped at this moment must not hold up the others.
                log.exception("the tasks of %s could not be read", database)
                continue
            for task in tasks:
                if task.is_root:
                    yield (database, task.schema, task.name), task

    def _next(self, task: Task, now: datetime) -> datetime | None:
        return now + _TRIGGER_WAIT if task.triggered else task.next_run(now)

    def _due(self, key: Key, task: Task, now: datetime, busy: bool) -> Run | None:
        """The run that should begin now, if any."""
        scheduled = self._turns.due(key, task, now)
        if busy:
            if scheduled:
                log.warning("task %s is still running and misses its turn", ".".join(key))
            return None
        if task.requested_at:
            return Run(task, task.requested_at, "EXECUTE_TASK")
        if scheduled:
            return Run(task, scheduled, "SCHEDULE")
        if task.started and task.triggered and self._has_data(key, task, now):
            return Run(task, now, "TRIGGER")
        return None

    def _has_data(self, key: Key, task: Task, now: datetime) -> bool:
        last = self._triggered.get(key)
        if last and now < last + timedelta(seconds=task.trigger_seconds):
            return False
        try:
            if not holds(self._open_session, key[0], task):
                return False
        except Exception as error:
            # The run meets the same error, and its history tells the owner.
            log.warning("WHEN of task %s failed: %s", ".".join(key), error)
        self._triggered[key] = now
        return True

    def _start(self, key: Key, run: Run) -> None:
        database, schema, name = key
        catalog = self._stores.catalog(database)
        graph = task_graph.frozen(task_store.schema_tasks(catalog, schema), name)
        graph_run = GraphRun(
            self._stores,
            self._open_session,
            self._clock,
            database,
            graph,
            run,
            lambda: self._forget_request(key, run),
            self._slots,
        )
        with self._condition:
            if self._closed:
                return
            self._running[key] = graph_run
        threading.Thread(
            target=self._run, args=(key, graph_run, run), name=f"graph {name}", daemon=True
        ).start()

    def _run(self, key: Key, graph_run: GraphRun, run: Run) -> None:
        """A graph run's thread. If the run broke, the loop is not woken: it would break again."""
        whole = False
        try:
            outcome = graph_run.execute()
            self._count(key, run, outcome)
            if not self._closed:
                self._forget_request(key, run)
            whole = True
        except errors.SnowflakeError as error:
            log.error("the run of task %s is lost: %s", ".".join(key), error)
        except Exception:
            log.exception("the run of task %s broke", ".".join(key))
        finally:
            with self._condition:
                del self._running[key]
                self._woken = self._woken or whole
                self._condition.notify_all()

    def _forget_request(self, key: Key, run: Run) -> None:
        """The run is in the history: an EXECUTE TASK that asked for it is served.

        Not earlier, so that a crash in between leaves one of the two.
        """
        if run.source != "EXECUTE_TASK":
            return
        with self._stores.lock:
            catalog = self._stores.catalog(key[0])
            task = task_store.find(catalog, key[1], key[2])
            if task and task.requested_at == run.moment:
                task_store.update(catalog, replace(task, requested_at=None))

    def _count(self, key: Key, run: Run, outcome: Outcome) -> None:
        """One task's failures in a row suspend the root; its success begins anew."""
        with self._stores.lock:
            catalog = self._stores.catalog(key[0])
            task = task_store.find(catalog, key[1], key[2])
            if task is None or task.id != run.root.id:
                return
            counted = replace(task, failures=task_graph.counted(task.failures, outcome.states))
            most = max(counted.failures.values(), default=0)
            if counted.started and 0 < counted.suspend_after <= most:
                log.warning("task %s failed too often and is suspended", ".".join(key))
                task_history.mark_auto_suspended(catalog, run, outcome.attempt)
                counted = suspended(counted, "SUSPENDED_DUE_TO_ERRORS")
            if counted != task:
                task_store.update(catalog, counted)

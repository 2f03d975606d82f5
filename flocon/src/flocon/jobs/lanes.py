"""Which jobs run now: when they are due, when they are asked for, when a task's streams have data.

A lane is the scheduler's part for one kind of job.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from flocon.core import errors
from flocon.engine import StoredObjects
from flocon.jobs import alert_history, task_graph, task_history
from flocon.jobs.alert_history import Entry
from flocon.jobs.alert_runs import AlertRun
from flocon.jobs.definitions import ALERTS, SUSPENDED, TASKS, Alert, Job, Task
from flocon.jobs.history import History
from flocon.jobs.runs import RunEnvironment
from flocon.jobs.task_history import Run
from flocon.jobs.task_runs import GraphRun, Outcome, condition_holds
from flocon.jobs.tasks import suspended

log = logging.getLogger(__name__)

# The database, schema and name of a job.
Key = tuple[str, str, str]

_TRIGGER_WAIT = timedelta(seconds=1)
_ALERT_SUCCEEDED = ("CONDITION_FALSE", "TRIGGERED")


class Runnable(Protocol):
    """One run of a job."""

    def execute(self) -> Any:
        """Runs it to its end; answers how it ended."""
        ...

    def cancel(self) -> None: ...


class Turns:
    """Which scheduled times of jobs have come, each told once: by job up to when they are told, for
    the present base of its schedule.

    Times that passed before `since`, or between two looks, give one turn at most.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._told_until: dict[Key, tuple[datetime | None, datetime]] = {}

    def keep(self, keys: Container[Key]) -> None:
        """Forget all others: they were dropped."""
        self._told_until = {key: told for key, told in self._told_until.items() if key in keys}

    def due(self, key: Key, job: Job, now: datetime) -> datetime | None:
        """The scheduled time that has come since the last look."""
        if not job.started:
            self._told_until.pop(key, None)
            return None
        base, told_until = self._told_until.get(key, (None, self._since))
        if base != job.schedule_base:
            told_until = max(job.schedule_base or told_until, self._since)
        following = job.next_run(told_until)
        is_due = following is not None and following <= now
        self._told_until[key] = (job.schedule_base, now if is_due else told_until)
        return following if is_due else None


J = TypeVar("J", bound=Job)
R = TypeVar("R", bound=Runnable)


class Lane(ABC, Generic[J, R]):
    """The jobs of one kind: at most one run of each at a time.

    One that is still running when it is due again misses that turn; an EXECUTE waits for its end
    instead. `tick` is one look at all of them. wake: makes the scheduler look again.
    """

    noun: str
    store: StoredObjects[J]
    history: History

    # What an EXECUTE is called in the history.
    requested: str

    def __init__(self, environment: RunEnvironment, wake: Callable[[], None]) -> None:
        self._environment = environment
        self._stores = environment.stores
        self._wake = wake
        self._condition = threading.Condition()
        self._closed = False
        self._turns = Turns(environment.clock.now())
        self._running: dict[Key, R] = {}

    # --- what a kind has of its own ----------------------------------------------------------

    @abstractmethod
    def _run(
        self, key: Key, job: J, due: datetime, source: str, on_recorded: Callable[[], None]
    ) -> R:
        """A run that has not begun. due: its scheduled time. on_recorded: to be called when the
        history has it."""

    @abstractmethod
    def _counted(self, key: Key, job: J, run: R, outcome: Any) -> J:
        """The job after a run: too many failures in a row suspend it, a success resets them."""

    def _is_triggered(self, key: Key, job: J, now: datetime) -> bool:
        """Does something else than its schedule start it now?"""
        return False

    def _next(self, job: J, now: datetime) -> datetime | None:
        """When to look at it again."""
        return job.next_run(now)

    # --- the scheduler's looks ---------------------------------------------------------------

    def tick(self, now: datetime) -> list[datetime]:
        """Starts every run that is due, and answers when the next ones will be."""
        # Before the jobs are read: a run that ends in between has already changed its job.
        with self._condition:
            busy = set(self._running)
        upcoming: list[datetime] = []
        jobs = dict(self._jobs())
        self._turns.keep(jobs)
        for key, job in jobs.items():
            try:
                if due := self._due(key, job, now, key in busy):
                    self._start(key, job, *due)
                if following := self._next(job, now):
                    upcoming.append(following)
            except Exception:
                log.exception("%s %s could not be scheduled", self.noun, ".".join(key))
        return upcoming

    def recover(self, database: str, now: datetime) -> None:
        """Fails the runs that were cut off."""
        if lost := self.history.recover(self._stores.catalog(database), now):
            log.warning("%d %s runs in %s were cut off by a restart", lost, self.noun, database)

    def trim(self, database: str, now: datetime) -> None:
        self.history.trim(self._stores.catalog(database), now)

    def running(self) -> list[R]:
        with self._condition:
            return list(self._running.values())

    def close(self) -> None:
        """Starts nothing more."""
        with self._condition:
            self._closed = True

    def cancel(self) -> None:
        """Cancels what runs."""
        for run in self.running():
            run.cancel()

    def wait_idle(self, seconds: float) -> bool:
        """Waits until nothing runs; False if something still does."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._running, seconds)

    def _jobs(self) -> Iterator[tuple[Key, J]]:
        for database in self._stores.databases():
            jobs: list[J] = []
            try:
                with self._stores.while_there(database):
                    jobs = self.store.all(self._stores.catalog(database))
            except Exception:
                # What is wrong with one database must not hold up the others.
                log.exception("the %ss of %s could not be read", self.noun, database)
            for job in jobs:
                if job.is_root:
                    yield (database, job.schema, job.name), job

    def _due(self, key: Key, job: J, now: datetime, busy: bool) -> tuple[datetime, str] | None:
        """The run that should begin now, if any: its scheduled time and what asks for it."""
        scheduled = self._turns.due(key, job, now)
        if busy:
            if scheduled:
                name = ".".join(key)
                log.warning("%s %s is still running and misses its turn", self.noun, name)
            return None
        if job.requested_at:
            return job.requested_at, self.requested
        if scheduled:
            return scheduled, "SCHEDULE"
        return (now, "TRIGGER") if self._is_triggered(key, job, now) else None

    # --- runs --------------------------------------------------------------------------------

    def _start(self, key: Key, job: J, scheduled_time: datetime, source: str) -> None:
        def forget_request() -> None:
            if source == self.requested:
                self._forget_request(key, scheduled_time)

        run = self._run(key, job, scheduled_time, source, forget_request)
        with self._condition:
            if self._closed:
                return
            self._running[key] = run
        threading.Thread(
            target=self._execute,
            args=(key, job, run, forget_request),
            name=f"{self.noun} {key[2]}",
            daemon=True,
        ).start()

    def _execute(self, key: Key, job: J, run: R, forget_request: Callable[[], None]) -> None:
        """A run's thread. If the run broke, the loop is not woken: it would break again."""
        whole = False
        try:
            self._count(key, job, run, run.execute())
            if not self._closed:
                forget_request()
            whole = True
        except errors.SnowflakeError as error:
            log.error("the run of %s %s is lost: %s", self.noun, ".".join(key), error)
        except Exception:
            log.exception("the run of %s %s broke", self.noun, ".".join(key))
        finally:
            with self._condition:
                del self._running[key]
                self._condition.notify_all()
            if whole:
                self._wake()

    def _forget_request(self, key: Key, scheduled_time: datetime) -> None:
        """The run is in the history: an EXECUTE that asked for it is served.

        Not earlier, so that a crash in between leaves one of the two.
        """
        with self._stores.lock:
            catalog = self._stores.catalog(key[0])
            job = self.store.find(catalog, key[1], key[2])
            if job and job.requested_at == scheduled_time:
                self.store.put(catalog, replace(job, requested_at=None))

    def _count(self, key: Key, ran: J, run: R, outcome: Any) -> None:
        with self._stores.lock:
            catalog = self._stores.catalog(key[0])
            job = self.store.find(catalog, key[1], key[2])
            if job is None or job.id != ran.id:
                return
            counted = self._counted(key, job, run, outcome)
            if counted != job:
                self.store.put(catalog, counted)


class TaskLane(Lane[Task, GraphRun]):
    """Roots of graphs."""

    noun = "task"
    store = TASKS
    history = task_history.HISTORY
    requested = "EXECUTE_TASK"

    def __init__(self, environment: RunEnvironment, wake: Callable[[], None]) -> None:
        super().__init__(environment, wake)
        self._triggered: dict[Key, datetime] = {}

    def _next(self, job: Task, now: datetime) -> datetime | None:
        return now + _TRIGGER_WAIT if job.started and job.triggered else job.next_run(now)

    def _is_triggered(self, key: Key, job: Task, now: datetime) -> bool:
        """Has its stream data, and was it not started too short a time ago?"""
        if not (job.started and job.triggered):
            return False
        last = self._triggered.get(key)
        if last and now < last + timedelta(seconds=job.trigger_seconds):
            return False
        try:
            if not condition_holds(self._environment.open_session, key[0], job):
                return False
        except Exception as error:
            # The run meets the same error, and its history tells the owner.
            log.warning("WHEN of task %s failed: %s", ".".join(key), error)
        self._triggered[key] = now
        return True

    def _run(
        self, key: Key, job: Task, due: datetime, source: str, on_recorded: Callable[[], None]
    ) -> GraphRun:
        database, schema, name = key
        tasks = TASKS.in_schema(self._stores.catalog(database), schema)
        graph = task_graph.frozen(tasks, name)
        return GraphRun(self._environment, database, graph, Run(job, due, source), on_recorded)

    def _counted(self, key: Key, job: Task, run: GraphRun, outcome: Outcome) -> Task:
        """One task's failures in a row suspend the root; its success resets the count."""
        counted = replace(job, failures=task_graph.counted(job.failures, outcome.states))
        most = max(counted.failures.values(), default=0)
        if not (counted.started and 0 < counted.suspend_after <= most):
            return counted
        log.warning("task %s failed too often and is suspended", ".".join(key))
        catalog = self._stores.catalog(key[0])
        task_history.mark_auto_suspended(catalog, run.run, outcome.attempt)
        return suspended(counted, "SUSPENDED_DUE_TO_ERRORS")


class AlertLane(Lane[Alert, AlertRun]):
    noun = "alert"
    store = ALERTS
    history = alert_history.HISTORY
    requested = "EXECUTE ALERT"

    def _run(
        self, key: Key, job: Alert, due: datetime, source: str, on_recorded: Callable[[], None]
    ) -> AlertRun:
        return AlertRun(self._environment, key[0], Entry(job, due, source), on_recorded)

    def _counted(self, key: Key, job: Alert, run: AlertRun, outcome: str) -> Alert:
        if outcome in _ALERT_SUCCEEDED:
            return replace(job, failures=0, last_successful=run.entry.scheduled_time)
        if outcome not in alert_history.FAILED:
            return job
        counted = replace(job, failures=job.failures + 1)
        if not (counted.started and 0 < counted.suspend_after <= counted.failures):
            return counted
        log.warning("alert %s failed too often and is suspended", ".".join(key))
        alert_history.mark_auto_suspended(self._stores.catalog(key[0]), run.entry)
        return replace(counted, state=SUSPENDED, auto_suspended=True)

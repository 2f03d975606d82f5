"""The thread that starts tasks and alerts. The lanes say what is due (`flocon.jobs.lanes`)."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from flocon.core.clock import utc_now
from flocon.jobs.lanes import AlertLane, TaskLane
from flocon.jobs.runs import Clock, RunEnvironment
from flocon.jobs.task_runs import GraphRun
from flocon.session.session import OpenSession
from flocon.stores.stores import Stores

log = logging.getLogger(__name__)

# A warehouse runs eight statements at once; the others wait in its queue.
_SLOTS = 8
# The loop looks at least this often, so that a clock that was set forward is noticed.
_LONGEST_WAIT = timedelta(seconds=60)
_TRIM_EVERY = timedelta(hours=1)
_CLOSE_SECONDS = 2.0
_CANCEL_AGAIN_SECONDS = 0.25


class SystemClock:
    def now(self) -> datetime:
        return utc_now()


class Scheduler:
    """`tick` is one look at all tasks and alerts; the thread does nothing but call it."""

    def __init__(
        self, stores: Stores, open_session: OpenSession, clock: Clock | None = None
    ) -> None:
        self._stores = stores
        self._clock = clock or SystemClock()
        self._condition = threading.Condition()
        self._woken = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._trimmed = self._clock.now()
        slots = threading.BoundedSemaphore(_SLOTS)
        environment = RunEnvironment(stores, open_session, self._clock, slots)
        self._tasks = TaskLane(environment, self.wake)
        self._lanes = (self._tasks, AlertLane(environment, self.wake))

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

    def graph_runs(self) -> Sequence[GraphRun]:
        """The graphs that run now."""
        return self._tasks.running()

    def close(self) -> None:
        """Starts nothing more, cancels what runs, and waits two seconds at most for it to end."""
        deadline = time.monotonic() + _CLOSE_SECONDS
        for lane in self._lanes:
            lane.close()
            lane.cancel()
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread:
            self._thread.join(_CLOSE_SECONDS)
        while not self.wait_idle(_CANCEL_AGAIN_SECONDS) and time.monotonic() < deadline:
            for lane in self._lanes:
                lane.cancel()

    def wait_idle(self, seconds: float) -> bool:
        """Waits until no task and no alert runs; False if one still does."""
        return all(lane.wait_idle(seconds) for lane in self._lanes)

    def recover(self) -> None:
        """Fails the runs that were cut off."""
        now = self._clock.now()
        for database in self._stores.databases():
            try:
                with self._stores.while_there(database):
                    for lane in self._lanes:
                        lane.recover(database, now)
            except Exception:
                log.exception("the histories of %s could not be settled", database)

    def tick(self) -> datetime | None:
        """Starts every run that is due, and answers when the next one will be."""
        now = self._clock.now()
        upcoming = [time for lane in self._lanes for time in lane.tick(now)]
        if now >= self._trimmed + _TRIM_EVERY:
            self._trim(now)
        return min(upcoming, default=None)

    def _trim(self, now: datetime) -> None:
        self._trimmed = now
        for database in self._stores.databases():
            try:
                with self._stores.while_there(database):
                    for lane in self._lanes:
                        lane.trim(database, now)
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

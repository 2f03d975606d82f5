"""How each fault is done. A fault is a generator that is stepped until it is over.

What it did is in its `Injection`: a fault counts only once it is confirmed that it struck.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from app.caves.machine.supervision import Process
from tests.chaos.plan import Fault, Kind
from tests.chaos.supervised_programs import (
    READY_SECONDS,
    Slot,
    SupervisedPrograms,
    is_suspended,
    resume,
    suspend,
)

# No statement comes while the broker is silent, or the account down.
TRAP_SECONDS = 120.0
JOIN_SECONDS = 180.0
BATCH_SECONDS = 8.0

Steps = Iterator[None]


@dataclass
class Injection:
    """A fault that was begun. Moments are seconds since the epoch."""

    fault: Fault
    began: float
    confirmed: bool = False
    over: float | None = None
    recovered: float | None = None  # seconds from its end until all partitions moved on


def inject(supervised: SupervisedPrograms, injection: Injection) -> Steps:
    """Step the fault; when the steps are used up, the fault is over."""
    yield from STEPS[injection.fault.kind](supervised, injection)
    injection.over = time.time()


def kill_ingester(supervised: SupervisedPrograms, injection: Injection) -> Steps:
    slot = supervised.ingesters[injection.fault.target or 0]
    yield from _strike(slot)
    yield from _runs(slot)
    injection.confirmed = supervised.kill(slot)
    yield from _pause(injection.fault.seconds)
    supervised.launch(slot)
    slot.struck = False


def freeze_ingester(word: str) -> Callable[[SupervisedPrograms, Injection], Steps]:
    """It sleeps in the middle of a batch: it was told that `word` took effect, and hears it only
    after others were given its partitions. Should it have no batch to write, it sleeps anyway."""

    def steps(supervised: SupervisedPrograms, injection: Injection) -> Steps:
        target = injection.fault.target or 0
        slot = supervised.ingesters[target]
        yield from _strike(slot)
        yield from _runs(slot)
        trap = supervised.proxy.set_trap(word, target, loses=False)
        yield from _until(trap.sprung.is_set, BATCH_SECONDS)
        supervised.proxy.remove_trap(trap)
        yield from _runs(slot)
        assert slot.process is not None
        suspend(slot.process)
        trap.released.set()
        injection.confirmed = yield from _suspended(slot.process, injection.fault.seconds)
        slot.struck = False

    return steps


def silence_broker(supervised: SupervisedPrograms, injection: Injection) -> Steps:
    assert supervised.broker is not None
    suspend(supervised.broker)
    injection.confirmed = yield from _suspended(supervised.broker, injection.fault.seconds)


def end_broker(number: signal.Signals) -> Callable[[SupervisedPrograms, Injection], Steps]:
    """Its topics are on disk: it comes back with them."""

    def steps(supervised: SupervisedPrograms, injection: Injection) -> Steps:
        injection.confirmed = supervised.end_broker(number)
        yield from _pause(injection.fault.seconds)
        supervised.launch_broker()
        yield from _until(supervised.broker_listens, READY_SECONDS)

    return steps


def kill_account(supervised: SupervisedPrograms, injection: Injection) -> Steps:
    yield from _account_is_up(supervised)
    injection.confirmed = supervised.kill(supervised.account)
    yield from _start_account(supervised, injection.fault.seconds)


def kill_account_at_commit(supervised: SupervisedPrograms, injection: Injection) -> Steps:
    """The COMMIT took effect, nobody was told, and the session that asked is gone."""
    trap = supervised.proxy.set_trap("COMMIT")
    yield from _until(trap.sprung.is_set, TRAP_SECONDS)
    supervised.proxy.remove_trap(trap)
    if trap.sprung.is_set():
        injection.confirmed = supervised.kill(supervised.account)
        yield from _start_account(supervised, injection.fault.seconds)
    trap.released.set()


def lose_answer(word: str) -> Callable[[SupervisedPrograms, Injection], Steps]:
    """The statement took effect, and the connection breaks instead of an answer."""

    def steps(supervised: SupervisedPrograms, injection: Injection) -> Steps:
        trap = supervised.proxy.set_trap(word)
        yield from _until(trap.sprung.is_set, TRAP_SECONDS)
        supervised.proxy.remove_trap(trap)
        injection.confirmed = trap.sprung.is_set()
        trap.released.set()

    return steps


def rebalance(supervised: SupervisedPrograms, injection: Injection) -> Steps:
    """One ingester more joins the group, gets partitions, works, and leaves in an orderly way."""
    slot, start = supervised.guest, len(supervised.log(supervised.guest))
    deadline = time.monotonic() + JOIN_SECONDS
    while not supervised.assigned_since(slot, start) and time.monotonic() < deadline:
        if slot.process is None or not slot.process.running:
            _forget(supervised, slot)
            supervised.launch(slot)
        yield
    injection.confirmed = supervised.assigned_since(slot, start)
    yield from _pause(injection.fault.seconds)
    assert slot.process is not None
    slot.process.popen.terminate()
    process = slot.process
    yield from _until(lambda: not process.running, READY_SECONDS)
    process.kill()
    _forget(supervised, slot)


STEPS: dict[Kind, Callable[[SupervisedPrograms, Injection], Steps]] = {
    Kind.KILL_INGESTER: kill_ingester,
    Kind.FREEZE_BEFORE_FENCE: freeze_ingester("BEGIN"),
    Kind.FREEZE_BEHIND_FENCE: freeze_ingester("UPDATE"),
    Kind.KILL_ACCOUNT: kill_account,
    Kind.KILL_ACCOUNT_AT_COMMIT: kill_account_at_commit,
    Kind.LOSE_COMMIT: lose_answer("COMMIT"),
    Kind.LOSE_INSERT: lose_answer("INSERT"),
    Kind.LOSE_PUT: lose_answer("PUT"),
    Kind.LOSE_COPY: lose_answer("COPY"),
    Kind.SILENCE_BROKER: silence_broker,
    Kind.REBALANCE: rebalance,
    Kind.KILL_BROKER: end_broker(signal.SIGKILL),
    Kind.RESTART_BROKER: end_broker(signal.SIGTERM),
}


def _strike(slot: Slot) -> Steps:
    """Wait until no other fault has it: one that waits for a batch may last longer than planned."""
    yield from _until(lambda: not slot.struck, READY_SECONDS)
    slot.struck = True


def _runs(slot: Slot) -> Steps:
    """Wait until it runs: perhaps it left by itself, and the supervisor starts it again."""
    yield from _until(lambda: slot.process is not None and slot.process.running, READY_SECONDS)


def _suspended(process: Process, seconds: float) -> Generator[None, None, bool]:
    """Leave it so for so long; whether it was seen suspended, and at the end still was."""
    try:
        yield from _until(lambda: is_suspended(process), READY_SECONDS)
        yield from _pause(seconds)
        return is_suspended(process)
    finally:
        resume(process)


def _account_is_up(supervised: SupervisedPrograms) -> Steps:
    account = supervised.account
    yield from _until(lambda: not account.held_down and supervised.account_listens(), READY_SECONDS)


def _start_account(supervised: SupervisedPrograms, after: float) -> Steps:
    """Nothing to start where another fault has killed it, and starts it, already."""
    yield from _pause(after)
    if not supervised.account.process or not supervised.account.process.running:
        supervised.launch(supervised.account)
    yield from _until(supervised.account_listens, READY_SECONDS)


def _forget(supervised: SupervisedPrograms, slot: Slot) -> None:
    if slot.process in supervised.stack.processes:
        supervised.stack.release(slot.process)


def _pause(seconds: float) -> Steps:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def _until(condition: Callable[[], bool], timeout: float) -> Steps:
    """Step until the condition holds, or the time is over."""
    end = time.monotonic() + timeout
    while not condition() and time.monotonic() < end:
        yield

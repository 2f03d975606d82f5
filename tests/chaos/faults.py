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
from tests.chaos.world import READY_SECONDS, Slot, World, is_suspended, resume, suspend

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


def inject(world: World, injection: Injection) -> Steps:
    """Step the fault; when the steps are used up, the fault is over."""
    yield from STEPS[injection.fault.kind](world, injection)
    injection.over = time.time()


def kill_ingester(world: World, injection: Injection) -> Steps:
    slot = world.ingesters[injection.fault.target or 0]
    yield from _strike(slot)
    yield from _runs(slot)
    injection.confirmed = world.kill(slot)
    yield from _pause(injection.fault.seconds)
    world.launch(slot)
    slot.struck = False


def freeze_ingester(word: str) -> Callable[[World, Injection], Steps]:
    """It sleeps in the middle of a batch: it was told that `word` took effect, and hears it only
    after others were given its partitions. Should it have no batch to write, it sleeps anyway."""

    def steps(world: World, injection: Injection) -> Steps:
        target = injection.fault.target or 0
        slot = world.ingesters[target]
        yield from _strike(slot)
        yield from _runs(slot)
        trap = world.proxy.set_trap(word, target, loses=False)
        yield from _until(trap.sprung.is_set, BATCH_SECONDS)
        world.proxy.remove_trap(trap)
        yield from _runs(slot)
        assert slot.process is not None
        suspend(slot.process)
        trap.released.set()
        injection.confirmed = yield from _suspended(slot.process, injection.fault.seconds)
        slot.struck = False

    return steps


def silence_broker(world: World, injection: Injection) -> Steps:
    assert world.broker is not None
    suspend(world.broker)
    injection.confirmed = yield from _suspended(world.broker, injection.fault.seconds)


def end_broker(number: signal.Signals) -> Callable[[World, Injection], Steps]:
    """Its topics are on disk: it comes back with them."""

    def steps(world: World, injection: Injection) -> Steps:
        injection.confirmed = world.end_broker(number)
        yield from _pause(injection.fault.seconds)
        world.launch_broker()
        yield from _until(world.broker_listens, READY_SECONDS)

    return steps


def kill_account(world: World, injection: Injection) -> Steps:
    yield from _account_is_up(world)
    injection.confirmed = world.kill(world.account)
    yield from _start_account(world, injection.fault.seconds)


def kill_account_at_commit(world: World, injection: Injection) -> Steps:
    """The COMMIT took effect, nobody was told, and the session that asked is gone."""
    trap = world.proxy.set_trap("COMMIT")
    yield from _until(trap.sprung.is_set, TRAP_SECONDS)
    world.proxy.remove_trap(trap)
    if trap.sprung.is_set():
        injection.confirmed = world.kill(world.account)
        yield from _start_account(world, injection.fault.seconds)
    trap.released.set()


def lose_answer(word: str) -> Callable[[World, Injection], Steps]:
    """The statement took effect, and the connection breaks instead of an answer."""

    def steps(world: World, injection: Injection) -> Steps:
        trap = world.proxy.set_trap(word)
        yield from _until(trap.sprung.is_set, TRAP_SECONDS)
        world.proxy.remove_trap(trap)
        injection.confirmed = trap.sprung.is_set()
        trap.released.set()

    return steps


def rebalance(world: World, injection: Injection) -> Steps:
    """One ingester more joins the group, gets partitions, works, and leaves in an orderly way."""
    slot, start = world.guest, len(world.log(world.guest))
    deadline = time.monotonic() + JOIN_SECONDS
    while not world.assigned_since(slot, start) and time.monotonic() < deadline:
        if slot.process is None or not slot.process.running:
            _forget(world, slot)
            world.launch(slot)
        yield
    injection.confirmed = world.assigned_since(slot, start)
    yield from _pause(injection.fault.seconds)
    assert slot.process is not None
    slot.process.popen.terminate()
    process = slot.process
    yield from _until(lambda: not process.running, READY_SECONDS)
    process.kill()
    _forget(world, slot)


STEPS: dict[Kind, Callable[[World, Injection], Steps]] = {
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


def _account_is_up(world: World) -> Steps:
    account = world.account
    yield from _until(lambda: not account.held_down and world.account_listens(), READY_SECONDS)


def _start_account(world: World, after: float) -> Steps:
    """Nothing to start where another fault has killed it, and starts it, already."""
    yield from _pause(after)
    if not world.account.process or not world.account.process.running:
        world.launch(world.account)
    yield from _until(world.account_listens, READY_SECONDS)


def _forget(world: World, slot: Slot) -> None:
    if slot.process in world.stack.processes:
        world.stack.release(slot.process)


def _pause(seconds: float) -> Steps:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def _until(condition: Callable[[], bool], timeout: float) -> Steps:
    """Step until the condition holds, or the time is over."""
    end = time.monotonic() + timeout
    while not condition() and time.monotonic() < end:
        yield

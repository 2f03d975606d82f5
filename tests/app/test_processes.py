import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.caves.interrupts import Interrupts
from app.caves.machine.supervision import (
    QUIET_PORTS,
    Process,
    ProcessError,
    ProcessStack,
    free_port,
    listens,
)
from app.caves.machine.watchdog import Watchdog

FOREVER = "import time\nprint('started', flush=True)\ntime.sleep(600)"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER
WITH_CHILD = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\n" + FOREVER
)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def started(log: Path) -> Callable[[], bool]:
    return lambda: log.exists() and "started" in log.read_text()


def gone(pid: int) -> bool:
    """Whether the process has ended; one that only waits to be reaped has."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_a_program_that_dies_early_is_reported_at_once_with_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    code = "import sys; print('no such port', file=sys.stderr); sys.exit(3)"
    process = Process.start("broker", python(code), tmp_path / "broker.log")

    begun = time.monotonic()
    with pytest.raises(ProcessError) as caught:
        process.wait_until(lambda: False, timeout=60)

    assert time.monotonic() - begun < 30
    assert "broker ended with code 3 before it was ready" in str(caught.value)
    assert "| no such port" in str(caught.value)


def test_a_program_that_is_never_ready_is_reported_on_the_deadline(tmp_path: Path) -> None:
    process = Process.start("account", python(FOREVER), tmp_path / "account.log")
    try:
        with pytest.raises(ProcessError, match=r"account was not ready after 0\.2 s"):
            process.wait_until(lambda: False, timeout=0.2)
    finally:
        process.stop()


def test_stop_asks_first_and_returns_the_exit_code(tmp_path: Path) -> None:
    code = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n" + FOREVER
    process = Process.start("x", python(code), tmp_path / "x.log")
    process.wait_until(started(process.log), 10)

    assert process.stop() == 7


def test_stop_ends_by_force_what_does_not_listen(tmp_path: Path) -> None:
    process = Process.start("x", python(STUBBORN), tmp_path / "x.log")
    process.wait_until(started(process.log), 10)

    assert process.stop(timeout=0.3) == -signal.SIGKILL


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_a_program_has_started_ends_with_it(tmp_path: Path, end: str) -> None:
    process = Process.start("x", python(WITH_CHILD), tmp_path / "x.log")
    process.wait_until(started(process.log), 10)
    child = int(process.log.read_text().splitlines()[0])

    getattr(process, end)()

    assert wait_for(lambda: gone(child))


def test_the_stack_ends_the_last_first_also_when_the_block_fails(tmp_path: Path) -> None:
    ended: list[str] = []
    stack = ProcessStack(lambda process: ended.append(process.name))
    with pytest.raises(ZeroDivisionError), stack:
        pids = [
            stack.start(name, python(FOREVER), tmp_path / f"{name}.log").pid
            for name in ("broker", "account", "ingester")
        ]
        raise ZeroDivisionError

    assert ended == ["ingester", "account", "broker"]
    assert all(gone(pid) for pid in pids)


def test_check_reports_a_program_that_has_ended_by_itself(tmp_path: Path) -> None:
    with ProcessStack() as stack:
        stack.start("lasting", python(FOREVER), tmp_path / "lasting.log")
        ended = stack.start("ingester", python("raise SystemExit(4)"), tmp_path / "ingester.log")
        assert wait_for(lambda: not ended.running)

        with pytest.raises(ProcessError, match="ingester ended with code 4"):
            stack.check()

        stack.release(ended)
        stack.check()


def test_an_interrupt_between_two_starts_ends_what_had_been_started(tmp_path: Path) -> None:
    pids = []
    with pytest.raises(KeyboardInterrupt), ProcessStack() as stack:
        pids.append(stack.start("broker", python(FOREVER), tmp_path / "broker.log").pid)
        signal.raise_signal(signal.SIGTERM)
        pids.append(stack.start("account", python(FOREVER), tmp_path / "account.log").pid)

    assert len(pids) == 1
    assert gone(pids[0])


def test_an_interrupt_while_a_program_is_started_waits_until_the_stack_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_start = Process.start
    made: list[Process] = []

    def interrupted_start(*arguments: object, **more: object) -> Process:
        process = real_start(*arguments, **more)  # type: ignore[arg-type]  # passed through
        made.append(process)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(Process, "start", interrupted_start)
    with pytest.raises(KeyboardInterrupt), ProcessStack() as stack:
        stack.start("broker", python(FOREVER), tmp_path / "broker.log")

    assert [gone(process.pid) for process in made] == [True]


def test_a_second_interrupt_does_not_stop_the_end(tmp_path: Path) -> None:
    def interrupt_again(process: Process) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), ProcessStack(interrupt_again) as stack:
        pids = [stack.start(name, python(FOREVER), tmp_path / f"{name}.log").pid for name in "ab"]
        raise KeyboardInterrupt

    assert all(gone(pid) for pid in pids)


def test_signals_are_as_before_once_the_stack_is_left() -> None:
    before = [signal.getsignal(number) for number in Interrupts.SIGNALS]
    with ProcessStack():
        assert signal.getsignal(signal.SIGTERM) != before[1]

    assert [signal.getsignal(number) for number in Interrupts.SIGNALS] == before


def test_the_stack_works_outside_the_main_thread_too(tmp_path: Path) -> None:
    pids: list[int] = []

    def use() -> None:
        with ProcessStack() as stack:
            pids.append(stack.start("x", python(FOREVER), tmp_path / "x.log").pid)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(30)

    assert gone(pids[0])


def test_a_program_is_not_reached_by_the_interrupts_of_our_terminal(tmp_path: Path) -> None:
    process = Process.start("x", python(FOREVER), tmp_path / "x.log")
    try:
        assert os.getpgid(process.pid) == process.pid != os.getpgrp()
    finally:
        process.stop()


def test_stdout_can_go_to_a_file_of_its_own(tmp_path: Path) -> None:
    code = "import sys; print('counts'); print('noise', file=sys.stderr)"
    log, out = tmp_path / "producer.log", tmp_path / "out"
    process = Process.start("producer", python(code), log, stdout=out)

    assert process.wait(30) == 0
    assert (out.read_text(), log.read_text()) == ("counts\n", "noise\n")


def test_nothing_listens_on_a_free_port_which_the_system_gives_to_nobody_else() -> None:
    port = free_port()
    assert not listens("127.0.0.1", port)
    assert port in QUIET_PORTS


PARENT = """
import sys, time
from pathlib import Path
from app.caves.machine.supervision import ProcessStack

with ProcessStack() as stack:
    for number, code in enumerate(sys.argv[2:]):
        process = stack.start(f"p{number}", [sys.executable, "-c", code], Path(sys.argv[1], "log"))
        print(process.pid, flush=True)
    time.sleep(600)
"""


def test_kill_9_of_the_parent_ends_its_programs_and_what_they_started(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [*python(PARENT), str(tmp_path), FOREVER, WITH_CHILD],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert parent.stdout
    pids = [int(parent.stdout.readline()) for _ in range(2)]
    log = tmp_path / "log"
    assert wait_for(lambda: log.exists() and log.read_text().count("started") == 2)
    child = next(int(line) for line in log.read_text().splitlines() if line.isdigit())

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert wait_for(lambda: all(gone(pid) for pid in [*pids, child]), 30)


def test_what_has_ended_is_no_business_of_the_watchdog(tmp_path: Path) -> None:
    """Its number may be another program's by then."""
    bystander = Process.start("x", python(FOREVER), tmp_path / "x.log")
    try:
        watchdog = Watchdog()
        watchdog.watch(bystander.pid)
        watchdog.forget(bystander.pid)
        watchdog.close()
        assert bystander.running
    finally:
        bystander.stop()

"""A run of tests that is killed leaves no program behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT

STARTS_A_BROKER_AND_A_PRODUCER = """
import os, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from tests.ingest import programs
from tests.support import broker
folder = Path(sys.argv[1])
if __name__ == "__main__":
    started = []
    start = broker.Process.start
    broker.Process.start = lambda *given: started.append(start(*given)) or started[-1]
    programs.prepare(folder)
    with broker.running_broker() as servers:
        flags = ("--bootstrap-servers", servers, "--rate", "5")
        producer = programs.Program.start(programs.PRODUCER, flags, os.environ, folder, "producer")
        while "topic" not in producer.log:
            time.sleep(0.02)
        print(started[0].pid, producer.process.pid, flush=True)
        time.sleep(600)
"""


def test_kill_9_of_a_run_ends_its_brokers_and_its_programs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_A_BROKER_AND_A_PRODUCER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout
        pids = run.stdout.readline().split()
        assert len(pids) == 2
        assert all(map(runs, map(int, pids)))
        run.kill()
    deadline = time.monotonic() + 30
    while any(map(runs, map(int, pids))):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Neither ended nor a zombie that nobody asks for."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"

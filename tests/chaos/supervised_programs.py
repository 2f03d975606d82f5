"""The pipeline's programs, as a round strikes them, and how an operator's supervisor keeps them up.

Everything is stepped from one thread. A program that ends without being told to is started again,
and counted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from app.caves.machine.programs import HOST, Machine, Place, write_home
from app.caves.machine.supervision import Process, ProcessStack, free_port, listens
from app.caves.objects import TOPIC
from app.caves.project import Project
from tests.chaos.plan import Scale
from tests.chaos.proxy import Proxy

BATCHES = ("--batch-max-events", "100", "--batch-max-seconds", "1", "--metrics-port", "0")
SHARES = ("--duplicate-share=0.04", "--late-share=0.05", "--bad-share=0.03", "--legacy-share=0.08")
FILES, NO_FILES = ("--file-min-bytes", "1"), ("--file-max-bytes", "0")
RESTART_SECONDS = 1.0
READY_SECONDS = 60.0
TICK_SECONDS = 0.05


@dataclass
class Slot:
    """A program that is to run, and runs again after it has ended."""

    name: str
    command: list[str]
    environ: dict[str, str]
    process: Process | None = None
    held_down: bool = False
    struck: bool = False  # by a fault that is not over
    restarts: list[str] = field(default_factory=list)  # why it had ended, each time
    ended_at: float = 0.0


class SupervisedPrograms:
    """Start it with `start`, step it with `tick`; the stack ends it."""

    def __init__(
        self,
        folder: Path,
        scale: Scale,
        proxy: Proxy,
        stack: ProcessStack,
        deploy: Callable[[Machine, str], None],
    ) -> None:
        self.scale = scale
        self.proxy = proxy
        self.stack = stack
        self.place = Place(folder, proxy.account_port, free_port(HOST), scale.broker)
        self.machine = Machine(Project.find(), self.place, stack, lambda text: None)
        self._deploy = deploy
        self._kafka = {
            "CAVES_KAFKA_SESSION_TIMEOUT_MS": str(int(scale.session * 1000)),
            "CAVES_KAFKA_HEARTBEAT_INTERVAL_MS": str(int(scale.session * 1000 / 6)),
            "PYTHONUNBUFFERED": "1",
        }
        self.account = self._slot("account", self._account_command())
        self.ingesters = [
            self._slot(f"ingester-{number}", self._ingester_command(number), self._home(number))
            for number in range(scale.ingesters)
        ]
        home = self._home(scale.ingesters)
        guest = self._ingester_command(scale.ingesters)
        self.guest = self._slot("ingester-guest", guest, home)
        self.producer: Process | None = None
        self.broker: Process | None = None
        self.broker_is_down = False

    def start(self) -> None:
        """Broker, account, deployment, ingesters; returns once each ingester has partitions."""
        self.broker = self.machine.start_broker()
        write_home(self.place.home, HOST, self.place.account_port, self.machine.target.database)
        for client, port in enumerate(self.proxy.ports):
            write_home(self._home(client), HOST, port, self.machine.target.database)
        self.launch(self.account)
        self.await_true(self.account_listens, READY_SECONDS, "account")
        self._deploy(self.machine, self.scale.task_schedule)
        for slot in self.ingesters:
            self.launch(slot)
        self.await_true(
            lambda: all(self.assigned_since(slot, 0) for slot in self.ingesters),
            READY_SECONDS,
            "partitions for every ingester",
        )

    def launch(self, slot: Slot) -> Process:
        slot.process = self.stack.start(
            slot.name,
            slot.command,
            self.log_path(slot),
            cwd=Project.find().root,
            environ=slot.environ,
        )
        slot.held_down = False
        return slot.process

    def kill(self, slot: Slot) -> bool:
        """kill -9; nobody starts it again but `launch`. Whether it ran and died of it."""
        slot.held_down = True
        process = slot.process
        if process is None or not process.running:
            return False
        process.kill()
        self.stack.release(process)
        return process.popen.returncode == -signal.SIGKILL

    def end_broker(self, number: int) -> bool:
        """By this signal; nobody starts it again but `launch_broker`. Whether it ran, and ended of
        it."""
        assert self.broker is not None
        self.broker_is_down = True
        if not self.broker.running:
            return False
        self.broker.popen.send_signal(number)
        code = self.broker.wait(READY_SECONDS)
        self.broker.kill()
        self.stack.release(self.broker)
        # Java ends so by itself after SIGTERM.
        return code in (-number, 128 + number)

    def launch_broker(self) -> None:
        """On its data."""
        self.broker = self.machine.launch_broker()
        self.broker_is_down = False

    def start_producer(self, seed: int) -> None:
        flags = (f"--seed={seed}", f"--rate={self.scale.rate:g}", *SHARES)
        self.producer = self.machine.start_producer(*flags)

    def stop_producer(self) -> int:
        """End it, as people do with SIGTERM; how many messages it says it has sent."""
        assert self.producer is not None
        if self.producer.running:
            self.producer.popen.terminate()
        code = self.producer.wait(READY_SECONDS)
        if code:
            raise self.producer.error(f"ended with code {code}")
        self.stack.release(self.producer)
        return self.machine.produced()["messages"]

    def tick(self) -> None:
        """What a supervisor does: an ingester that left is started again."""
        for slot in self.ingesters:
            process = slot.process
            if slot.held_down or process is None or process.running:
                continue
            if process in self.stack.processes:
                self.stack.release(process)
                slot.restarts.append(_last_line(self.log(slot)))
                slot.ended_at = time.monotonic()
            elif time.monotonic() - slot.ended_at > RESTART_SECONDS:
                self.launch(slot)
        for needed in (
            self.broker if not self.broker_is_down else None,
            self.account.process if not self.account.held_down else None,
        ):
            if needed and not needed.running:
                raise needed.error(f"ended with code {needed.popen.returncode}")
        time.sleep(TICK_SECONDS)

    def await_true(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout:g} s for {what}")
            self.tick()

    def leave(self) -> list[str]:
        """SIGTERM to every ingester; what is wrong with how they left, if anything."""
        processes = [slot.process for slot in self.ingesters if slot.process]
        for slot in self.ingesters:
            slot.held_down = True
        for process in processes:
            process.popen.terminate()
        complaints = []
        for process in processes:
            code = process.wait(READY_SECONDS)
            self.stack.release(process)
            if code:
                complaints.append(f"{process.name} left with code {code}")
        return complaints

    # What can be seen.

    def account_listens(self) -> bool:
        return listens(HOST, self.place.account_port)

    def broker_listens(self) -> bool:
        return listens(HOST, self.place.broker_port)

    def log_path(self, slot: Slot) -> Path:
        return self.place.log(slot.name)

    def log(self, slot: Slot) -> str:
        path = self.log_path(slot)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def assigned_since(self, slot: Slot, start: int) -> bool:
        """Has it been given partitions, by what its log says from the character `start` on?"""
        return "assigned partitions [" in self.log(slot)[start:].replace("partitions []", "")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with self.machine.target.connect() as account:
            return account.rows(sql)

    def sent(self) -> list[tuple[int, int]]:
        """Partition and offset of every message of the topic, read from the broker."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.place.bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        with contextlib.closing(consumer):
            found: list[tuple[int, int]] = []
            partitions = [
                TopicPartition(TOPIC, each) for each in consumer.partitions_for_topic(TOPIC) or ()
            ]
            consumer.assign(partitions)
            deadline = time.monotonic() + READY_SECONDS
            while not _at_the_end(consumer, partitions):
                for records in consumer.poll(timeout_ms=200).values():
                    found.extend((each.partition, each.offset) for each in records)
                if time.monotonic() > deadline:
                    raise TimeoutError("the topic's end was not reached")
            return found

    # How the programs are started.

    def _home(self, client: int) -> Path:
        """SNOWFLAKE_HOME of a client of the proxy."""
        return self.place.folder / f"through-proxy-{client}"

    def _slot(self, name: str, command: list[str], home: Path | None = None) -> Slot:
        environ = {**self.machine.target.environ(), **self._kafka}
        if home:
            environ["SNOWFLAKE_HOME"] = str(home)
        return Slot(name, command, environ)

    def _account_command(self) -> list[str]:
        where = ["--port", str(self.place.account_port), "--data", str(self.place.data)]
        return [sys.executable, "-m", "flocon", "--host", HOST, *where]

    def _ingester_command(self, number: int) -> list[str]:
        command = [sys.executable, "-m", "ingest.ingester", *BATCHES]
        command += FILES if number < self.scale.file_ingesters else NO_FILES
        command += ["--bootstrap-servers", self.place.bootstrap_servers, "--topic", TOPIC]
        return [*command, "--connection", "local", "--database", self.machine.target.database]


def suspend(process: Process) -> None:
    os.killpg(process.pid, signal.SIGSTOP)


def resume(process: Process) -> None:
    os.killpg(process.pid, signal.SIGCONT)


def is_suspended(process: Process) -> bool:
    """Does the system show the process as stopped?"""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process.pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip().startswith("T")


def _at_the_end(consumer: KafkaConsumer, partitions: Iterable[TopicPartition]) -> bool:
    ends = [(consumer.highwater(each), consumer.position(each)) for each in partitions]
    return all(end is not None and end == position for end, position in ends)


def _last_line(log: str) -> str:
    lines = log.strip().splitlines()
    return lines[-1] if lines else "(no log)"

"""Apache Kafka for a test: a broker that can be stopped, killed, frozen and started again."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.caves.machine import apache_kafka, broker
from app.caves.machine.apache_kafka import HOST, Listener, Node
from app.caves.machine.supervision import Process, ProcessError, free_port
from tests.support.left_behind import watchdog

PLAINTEXT = "PLAINTEXT"
READY_SECONDS = 60.0
ATTEMPTS = 3


@dataclass
class KafkaBroker:
    """One node. `servers` is where clients without security reach it, `address(name)` any other
    of its listeners."""

    node: Node
    libraries: Path
    process: Process | None = None

    @property
    def servers(self) -> str:
        return self.address(PLAINTEXT)

    def address(self, listener: str) -> str:
        [found] = [each for each in self.node.listeners if each.name == listener]
        return found.address

    def start(self) -> None:
        """Start it, for the first time or on its data; returns when it can be used."""
        self.node.prepare(self.libraries)
        process = Process.start("kafka", self.node.command(self.libraries), self.log_path)
        self.process = process
        watchdog().watch(process.pid)
        process.wait_until(lambda: broker.is_ready(self.node.internal_port, HOST), READY_SECONDS)

    def stop(self) -> None:
        """SIGTERM: it says goodbye to its clients and closes its files."""
        if self.process:
            self.process.stop(READY_SECONDS)
            self._ended()

    def kill(self) -> None:
        """kill -9"""
        if self.process:
            self.process.kill()
            self._ended()

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block it holds its connections, and answers nothing."""
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def tool(self, name: str, *arguments: str) -> str:
        """What one of Kafka's own commands says: its class is org.apache.kafka.tools.<name>."""
        servers = ("--bootstrap-server", f"{HOST}:{self.node.internal_port}")
        return self.run_class(f"org.apache.kafka.tools.{name}", *servers, *arguments)

    def run_class(self, name: str, *arguments: str) -> str:
        """What a program of Kafka's says."""
        command = [*apache_kafka.java(self.libraries), name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=READY_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def log_path(self) -> Path:
        return self.node.folder / "kafka.log"

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def _ended(self) -> None:
        assert self.process
        watchdog().forget(self.process.pid)
        self.process = None

    def close(self) -> None:
        """Its end, and that of its data."""
        self.kill()
        shutil.rmtree(self.node.folder, ignore_errors=True)


def start_kafka(
    *listeners: Listener,
    users: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    node_id: int = 1,
    controller: KafkaBroker | None = None,
) -> KafkaBroker:
    """A broker that is ready, with these listeners beside PLAINTEXT. A listener's port 0 is a free
    one. `controller` makes it a second broker of that one's cluster. The caller closes it."""
    libraries = apache_kafka.libraries(lambda text: None)
    for attempt in range(1, ATTEMPTS + 1):
        folder = Path(tempfile.mkdtemp(prefix="caves-kafka-"))
        node = Node(
            folder,
            _with_ports((Listener(PLAINTEXT, PLAINTEXT, 0), *listeners)),
            free_port(HOST),
            free_port(HOST),
            users or {},
            node_id,
            controller.node.quorum_voter if controller else None,
            settings=settings or {},
        )
        result = KafkaBroker(node, libraries)
        try:
            result.start()
        except ProcessError:
            # Somebody else may have taken a port between finding and binding it.
            in_use = "Address already in use" in result.log
            result.close()
            if not in_use or attempt == ATTEMPTS:
                raise
        except BaseException:
            result.close()
            raise
        else:
            return result
    raise AssertionError("unreachable")


def _with_ports(listeners: Sequence[Listener]) -> list[Listener]:
    return [
        Listener(
            each.name, each.protocol, each.port or free_port(HOST), each.mechanisms, each.settings
        )
        for each in listeners
    ]

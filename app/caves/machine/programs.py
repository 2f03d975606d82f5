"""The whole pipeline on this machine: broker, account, deployment, ingester, producer.

They are programs of their own, started as anybody would start them by hand; this module imports
none of them.
"""

import functools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.caves.deployment.bootstrap import bootstrap
from app.caves.deployment.deploy import deploy
from app.caves.kafka import read_settings
from app.caves.machine import apache_kafka, broker
from app.caves.machine.apache_kafka import Node, plain_node
from app.caves.machine.supervision import Process, ProcessStack, listens
from app.caves.objects import TOPIC
from app.caves.project import Project
from app.caves.screen import Progress
from app.caves.settings import LIVE
from app.caves.target import Target

HOST = "127.0.0.1"
PARTITIONS = 6
READY_SECONDS = 30
# Java starts slowly, and after kill -9 the node waits until its own last session has ended.
KAFKA_READY_SECONDS = 60
# A member joins its group after half of this, and one that was killed blocks the group for all of
# it; the defaults are made for clusters.
KAFKA_ENVIRON = {
    "CAVES_KAFKA_SESSION_TIMEOUT_MS": "6000",
    "CAVES_KAFKA_HEARTBEAT_INTERVAL_MS": "1000",
}

CONNECTIONS = """\
[local]
account = "local"
user = "albert"
password = "local"
host = "{host}"
port = {port}
protocol = "http"
database = "{database}"
warehouse = "COMPUTE_WH"
"""
# The same under each role, once `caves bootstrap` has made them.
ROLES = ("deployer", "ingester", "analyst", "operator")
CONFIG = """\
default_connection_name = "local"

[cli]
ignore_new_version_warning = true

[cli.logs]
save_logs = false
"""


@dataclass(frozen=True)
class Place:
    """Where everything is: a folder for data and logs, and two ports.

    kind: of the broker that is started.
    servers: brokers that are there already, in its place.
    """

    folder: Path
    account_port: int
    broker_port: int
    kind: str = broker.TANSU
    servers: str | None = None
    topic: str = TOPIC
    group: str | None = None

    @property
    def home(self) -> Path:
        """What SNOWFLAKE_HOME is for the clients of this account."""
        return self.folder / "snowflake"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def bootstrap_servers(self) -> str:
        return self.servers or f"{HOST}:{self.broker_port}"

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"


class Machine:
    """Starts the programs in a stack that will end them. Each method returns when it is done."""

    def __init__(
        self, project: Project, place: Place, stack: ProcessStack, progress: Progress
    ) -> None:
        self.project = project
        self.place = place
        self.stack = stack
        self.progress = progress
        self.target = Target(project.env["database"], "local", place.home)
        self.bootstrapped = False

    def start_broker(self) -> Process | None:
        """None where the brokers are there already. The topic exists when it returns."""
        place = self.place
        process = None
        if place.servers is None:
            port = place.broker_port
            process = self.launch_broker()
            seconds = READY_SECONDS if place.kind == broker.TANSU else KAFKA_READY_SECONDS
            process.wait_until(lambda: broker.is_ready(port, HOST), seconds)
        broker.create_topic(place.bootstrap_servers, place.topic, PARTITIONS, self.kafka_settings())
        self.progress(f"broker at {place.bootstrap_servers}, topic {place.topic}")
        return process

    def launch_broker(self) -> Process:
        """The broker, for the first time or again, perhaps on its data; it may not listen yet."""
        return self._start("broker", self._broker_command())

    def kafka_settings(self) -> dict[str, Any]:
        """How the brokers are reached, if they are not of this machine's making."""
        return read_settings(None, os.environ) if self.place.servers else {}

    def _broker_command(self) -> list[str]:
        if self.place.kind == broker.TANSU:
            return broker.command(self.place.broker_port, HOST)
        libraries = apache_kafka.libraries(self.progress)
        self._kafka_node.prepare(libraries)
        return self._kafka_node.command(libraries)

    @functools.cached_property
    def _kafka_node(self) -> Node:
        return plain_node(self.place.folder / "kafka", self.place.broker_port)

    def start_account(self) -> Process:
        port = self.place.account_port
        write_home(self.place.home, HOST, port, self.target.database)
        arguments = ["--host", HOST, "--port", str(port), "--data", str(self.place.data)]
        process = self._start("account", [sys.executable, "-m", "flocon", *arguments])
        process.wait_until(lambda: listens(HOST, port), READY_SECONDS)
        self.progress(f"account at http://{HOST}:{port}, data in {self.place.data}")
        return process

    def bootstrap(self) -> None:
        """As the account's administrator; what follows is done under the roles made here."""
        bootstrap(self.project, self.target, {"log_level": "INFO"}, {}, self.progress)
        self.bootstrapped = True

    def connection(self, role: str) -> str:
        """The connection of a role, or the administrator's where there are no roles."""
        return role if self.bootstrapped else "local"

    def deploy(self, task_schedule: str | None, profile: str = LIVE) -> None:
        """With a schedule of this machine's own, or, where it is None, the profile's."""
        settings = {"profile": profile}
        if task_schedule is not None:
            settings["task_schedule"] = task_schedule
        target = replace(self.target, connection=self.connection("deployer"))
        deploy(self.project, target, settings, self.progress)

    def start_ingester(self, *arguments: str) -> Process:
        command = [sys.executable, "-m", "ingest.ingester"]
        command += ["--bootstrap-servers", self.place.bootstrap_servers]
        command += ["--topic", self.place.topic]
        command += ["--group", self.place.group] if self.place.group else []
        command += ["--connection", self.connection("ingester")]
        command += ["--database", self.target.database]
        process = self._start("ingester", [*command, "--metrics-port", "0", *arguments])
        self.progress(f"ingester runs: {self.place.log('ingester')}")
        return process

    def start_producer(self, *arguments: str) -> Process:
        command = [sys.executable, "-m", "ingest.producer"]
        command += ["--bootstrap-servers", self.place.bootstrap_servers]
        command += ["--topic", self.place.topic]
        return self._start(
            "producer", [*command, *arguments], stdout=self.place.log("producer-counts")
        )

    def start_dashboard(self, port: int) -> Process:
        """The Streamlit app, at dashboard_url(port)."""
        flags = [f"--server.address={HOST}", f"--server.port={port}", "--server.headless=true"]
        server = "app.caves.machine.dashboard_server"
        command = [sys.executable, "-m", server, "run", "app/dashboard/streamlit_app.py"]
        process = self._start("dashboard", [*command, *flags])
        process.wait_until(lambda: listens(HOST, port), READY_SECONDS)
        self.progress(f"dashboard at {dashboard_url(port)}")
        return process

    def produced(self) -> dict[str, int]:
        """What the producer says it sent, once it has ended."""
        lines = self.place.log("producer-counts").read_text(encoding="utf-8").splitlines()
        counts: dict[str, int] = json.loads(lines[-1])
        return counts

    def _start(self, name: str, command: Sequence[str], stdout: Path | None = None) -> Process:
        return self.stack.start(
            name,
            command,
            self.place.log(name),
            cwd=self.project.root,
            environ={**self.target.environ(), **KAFKA_ENVIRON, "PYTHONUNBUFFERED": "1"},
            stdout=stdout,
        )


def dashboard_url(port: int) -> str:
    return f"http://{HOST}:{port}"


def write_home(home: Path, host: str, port: int, database: str) -> None:
    """Write a SNOWFLAKE_HOME with the connection `local`, and one for each role; `snow` wants it
    private."""
    home.mkdir(parents=True, exist_ok=True)
    local = CONNECTIONS.format(host=host, port=port, database=database)
    connections = local + "".join(
        f'\n{local.replace("[local]", f"[{role}]")}role = "{database}_{role.upper()}"\n'
        for role in ROLES
    )
    for name, text in (("connections.toml", connections), ("config.toml", CONFIG)):
        file = home / name
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(text, encoding="utf-8")

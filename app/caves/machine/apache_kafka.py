"""Apache Kafka on this machine: one node, broker and controller in one process of Java.

Maven fetches it once into a cache outside of the project; from then on no network is needed. Beside
it lies an archive of its classes, as this machine's Java has read them once: with it, a start takes
half of the time. The node keeps its topics in a folder: started again there, also after kill -9, it
goes on with them.
"""

import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.caves.machine.broker import BrokerMissing, is_ready
from app.caves.machine.supervision import ProcessError, ProcessStack, free_port
from app.caves.screen import Progress

VERSION = "4.3.1"
OLDEST_JAVA = 17
FETCH_SECONDS = 600
FORMAT_SECONDS = 120
ARCHIVE_SECONDS = 120
HOST = "127.0.0.1"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# What brokers and controllers say to each other, on addresses that only this machine reaches.
INTERNAL = "INTERNAL"
CONTROLLER = "CONTROLLER"

# kafka-tools by itself, for the commands such as ConsumerGroupCommand; what else it depends on is
# Kafka Connect.
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>caves</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>{VERSION}</version>
      <exclusions>
        <exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

# Made for one small machine: little memory, one copy of everything, rebalances at once.
DEFAULTS = {
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": "8388608",
    # One that was killed is missed sooner, and so is let in again sooner; a single
    # controller elects itself and need not wait.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "controller.quorum.election.timeout.ms": "100",
    "controller.quorum.election.backoff.max.ms": "100",
    "num.network.threads": "2",
    "num.io.threads": "2",
}
JVM = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)


@dataclass(frozen=True)
class Listener:
    """An address for clients.

    name: unique in the node; the prefix `listener.name.<name>.` in Kafka's own settings.
    protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    mechanisms: how a SASL client may prove who it is.
    settings: of this listener alone, such as ssl.client.auth.
    """

    name: str
    protocol: str
    port: int
    mechanisms: Sequence[str] = MECHANISMS
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"


@dataclass(frozen=True)
class Node:
    """What one node is, and where.

    folder: its settings and data; no other node may use it.
    internal_port, controller_port: of brokers and controllers among themselves.
    users: the passwords of SASL users by name, known from the first start on.
    voter: the controller of another node, as ID@HOST:PORT; None: this node is its own controller.
    settings: of the broker; they win over DEFAULTS.
    """

    folder: Path
    listeners: Sequence[Listener]
    internal_port: int
    controller_port: int
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    node_id: int = 1
    voter: str | None = None
    cluster_id: str = "Y2F2ZXMtZC1hbGJlcnQtMQ"
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def quorum_voter(self) -> str:
        return self.voter or f"{self.node_id}@{HOST}:{self.controller_port}"

    @property
    def properties_file(self) -> Path:
        return self.folder / "server.properties"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def properties(self) -> dict[str, str]:
        """The node's server.properties."""
        addresses = {each.name: (each.protocol, each.port) for each in self.listeners}
        addresses[INTERNAL] = ("PLAINTEXT", self.internal_port)
        urls = ",".join(f"{name}://{HOST}:{port}" for name, (_, port) in addresses.items())
        controller = "" if self.voter else f",{CONTROLLER}://{HOST}:{self.controller_port}"
        protocols = {name: protocol for name, (protocol, _) in addresses.items()}
        protocols[CONTROLLER] = "PLAINTEXT"
        return {
            "process.roles": "broker" if self.voter else "broker,controller",
            "node.id": str(self.node_id),
            "controller.quorum.voters": self.quorum_voter,
            "controller.listener.names": CONTROLLER,
            "inter.broker.listener.name": INTERNAL,
            "listeners": urls + controller,
            "advertised.listeners": urls,
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in protocols.items()
            ),
            "log.dirs": str(self.data),
            **DEFAULTS,
            **self.settings,
            **{
                f"listener.name.{each.name.lower()}.{name}": value
                for each in self.listeners
                for name, value in self._of_listener(each).items()
            },
        }

    def _of_listener(self, listener: Listener) -> dict[str, str]:
        result = dict(listener.settings)
        if listener.protocol.startswith("SASL"):
            result["sasl.enabled.mechanisms"] = ",".join(listener.mechanisms)
            for mechanism in listener.mechanisms:
                result[f"{mechanism.lower()}.sasl.jaas.config"] = self._jaas(mechanism)
        return result

    def _jaas(self, mechanism: str) -> str:
        """Who may log in: PLAIN users are listed here, SCRAM's are kept by Kafka itself."""
        package = "org.apache.kafka.common.security"
        if mechanism != "PLAIN":
            return f"{package}.scram.ScramLoginModule required;"
        users = "".join(
            f" user_{name}={_quoted(password)}" for name, password in self.users.items()
        )
        return f"{package}.plain.PlainLoginModule required{users};"

    def prepare(self, libraries: Path) -> None:
        """Write the settings; format the data folder, if that has not been done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.properties_file.touch(mode=0o600)
        self.properties_file.write_text(
            "".join(f"{name}={_escaped(value)}\n" for name, value in self.properties().items()),
            encoding="utf-8",
        )
        if (self.data / "meta.properties").exists():
            return
        # What a format that was cut short has left is not a data folder.
        shutil.rmtree(self.data, ignore_errors=True)
        command = [*java(libraries), "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        command += ["--cluster-id", self.cluster_id, "--config", str(self.properties_file)]
        for mechanism in MECHANISMS[1:]:
            for name, password in self.users.items() if not self.voter else ():
                user = f"{mechanism}=[name={name},password={_quoted(password)}]"
                command += ["--add-scram", user]
        _run(command, FORMAT_SECONDS, "the storage of Apache Kafka cannot be formatted")

    def command(self, libraries: Path) -> list[str]:
        """The command line that runs the prepared node in the foreground; SIGTERM ends it."""
        return self.command_by(java(libraries))

    def command_by(self, java: Sequence[str]) -> list[str]:
        return [*java, "kafka.Kafka", str(self.properties_file)]


def plain_node(folder: Path, port: int) -> Node:
    """One that listens there, without security."""
    listener = Listener("PLAINTEXT", "PLAINTEXT", port)
    return Node(folder, [listener], free_port(HOST), free_port(HOST))


def java(libraries: Path) -> list[str]:
    """The command line of a program of Kafka's, up to the name of its class."""
    archive = _class_archive(libraries)
    # An empty one stands for a Java that makes none.
    shared = archive.exists() and archive.stat().st_size
    return _java(libraries, f"-XX:SharedArchiveFile={archive}" if shared else None)


def _java(libraries: Path, option: str | None) -> list[str]:
    options = [option] if option else []
    return [_program("java"), *JVM, *options, "-cp", str(libraries / "*")]


def missing() -> str | None:
    """What this machine lacks to run Apache Kafka, as one line; None where it lacks nothing."""
    try:
        _java_found()
        if not _jars(cache_folder()):
            _program("mvn")
    except BrokerMissing as error:
        return str(error)
    return None


def libraries(progress: Progress) -> Path:
    """The folder of Kafka's jars, fetched by Maven if they are not there yet, with an archive of
    their classes beside it. May raise BrokerMissing."""
    _java_found()
    folder = cache_folder()
    if _jars(folder) and _class_archive(folder).exists():
        return folder
    if not _jars(folder):
        _program("mvn")
    with _locked(folder.parent / f"{folder.name}.lock"):
        if not _jars(folder):
            progress(f"fetching Apache Kafka {VERSION} by Maven, once, into {folder}")
            _fetch(folder)
        if not _class_archive(folder).exists():
            progress("keeping its classes for quicker starts, once")
            _archive_classes(folder)
    return folder


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as temporary:
        pom = Path(temporary) / "pom.xml"
        pom.write_text(POM, encoding="utf-8")
        jars = Path(temporary) / "jars"
        command = [_program("mvn"), "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        _run(command, FETCH_SECONDS, f"Maven cannot fetch Apache Kafka {VERSION}")
        jars.rename(folder)


def _class_archive(folder: Path) -> Path:
    """Java reads an archive that the same Java has made of the same jars, and no other."""
    maker = " ".join([_version(_program("java")), *JVM])
    content = uuid.uuid5(uuid.NAMESPACE_URL, maker).hex[:8]
    return folder.parent / f"{folder.name}-{content}.jsa"


def _archive_classes(folder: Path) -> None:
    """Write the archive of what a node loads until it is ready; an empty one where Java cannot,
    which is no reason to start no broker."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="archiving-") as temporary:
        made = Path(temporary) / "classes.jsa"
        made.touch()
        command = _java(folder, f"-XX:ArchiveClassesAtExit={made}")
        node = plain_node(Path(temporary) / "node", free_port(HOST))
        node.prepare(folder)
        with ProcessStack() as stack, contextlib.suppress(ProcessError):
            process = stack.start("kafka", node.command_by(command), Path(temporary) / "log")
            process.wait_until(lambda: is_ready(node.internal_port, HOST), ARCHIVE_SECONDS)
            process.stop(ARCHIVE_SECONDS)
        made.rename(_class_archive(folder))


def cache_folder() -> Path:
    """Named by what is in it, so that another version, or other jars, get a folder of their own."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    content = uuid.uuid5(uuid.NAMESPACE_URL, POM).hex[:8]
    return base / "caves-albert" / f"kafka-{VERSION}-{content}"


def _jars(folder: Path) -> bool:
    """Renamed into place as a whole, so a folder that is there is complete."""
    return folder.is_dir()


def _java_found() -> None:
    """Raise BrokerMissing where there is no Java, or one that is too old."""
    said = _version(_program("java"))
    found = re.search(r'version "(\d+)', said)
    if not found or int(found[1]) < OLDEST_JAVA:
        seen = (said.splitlines() or ["nothing"])[0]
        raise BrokerMissing(f"Apache Kafka needs Java {OLDEST_JAVA} or newer; `java` says: {seen}")


@functools.cache
def _version(java: str) -> str:
    """What this program says of itself."""
    return subprocess.run([java, "-version"], capture_output=True, text=True).stderr


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        title = {"java": f"Java {OLDEST_JAVA} or newer", "mvn": "Maven"}[name]
        raise BrokerMissing(f"Apache Kafka needs {title}, and there is no `{name}` on PATH")
    return found


def _run(command: Sequence[str], timeout: float, failure: str) -> None:
    """Run to the end; BrokerMissing with what it said last, where it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise BrokerMissing(f"{failure}: it still ran after {timeout:g} s") from None
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        errors = [line for line in said if "ERROR" in line or "Exception" in line] or said[-1:]
        raise BrokerMissing(f"{failure}: {' '.join(errors[:1]) or f'code {done.returncode}'}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _quoted(text: str) -> str:
    """A value within sasl.jaas.config and --add-scram."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(value: str) -> str:
    """A value as a file of Java properties holds it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")

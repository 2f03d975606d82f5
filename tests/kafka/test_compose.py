"""Apache Kafka as compose.yaml runs it, without the image: its certificates, its settings, the
command that starts it, and the client's file are the ones of the folder compose/."""

import contextlib
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.caves.machine import apache_kafka
from app.caves.machine.apache_kafka import HOST, Listener, Node
from app.caves.machine.supervision import free_port
from tests.conftest import RunningAccount
from tests.ingest.ingestion import PROMPT, Ingestion
from tests.ingest.programs import PRODUCER
from tests.support.kafka import KafkaBroker

COMPOSE = Path(__file__).parents[2] / "compose"
# Characters that a shell, --add-scram or a file of properties might take for its own.
PASSWORD = r"""a "b" 'c' \d $HOME:e=[f];#{g}"""
PROGRAMS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
}

pytestmark = pytest.mark.timeout(180)


class ComposeNode(Node):
    """A node on compose/kafka.properties, with other ports and folders, started by
    compose/start-kafka.sh."""

    def prepare(self, libraries: Path) -> None:
        # The image has Kafka's programs in bin/; Maven brings their classes alone.
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name, of_java in PROGRAMS.items():
            command = shlex.join([*apache_kafka.java(libraries), of_java])
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o700)
        [clients] = self.listeners
        self.properties_file.write_text(
            replaced(
                (COMPOSE / "kafka.properties").read_text(),
                {
                    "0.0.0.0:": f"{HOST}:",
                    ":9094": f":{clients.port}",
                    ":29092": f":{self.internal_port}",
                    ":29093": f":{self.controller_port}",
                    "/etc/kafka/secrets": str(self.folder),
                    "/var/lib/kafka/data": str(self.data),
                },
            )
        )

    def command(self, libraries: Path) -> list[str]:
        environment = [f"CAVES_KAFKA_SASL_PLAIN_PASSWORD={PASSWORD}", f"KAFKA_HOME={self.folder}"]
        script = str(COMPOSE / "start-kafka.sh")
        return ["env", *environment, "bash", script, str(self.properties_file)]


def replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def broker(apache: None, tmp_path: Path) -> Iterator[KafkaBroker]:
    folder = tmp_path / "kafka"
    folder.mkdir()
    certificates(folder)
    node = ComposeNode(
        folder,
        [Listener("CLIENTS", "SASL_SSL", free_port(HOST))],
        free_port(HOST),
        free_port(HOST),
    )
    libraries = apache_kafka.libraries(lambda text: None)
    with contextlib.closing(KafkaBroker(node, libraries)) as result:
        result.start()
        yield result


def certificates(folder: Path) -> None:
    script = ["sh", str(COMPOSE / "certificates.sh"), str(folder)]
    subprocess.run(script, check=True, capture_output=True, timeout=60)


def test_messages_go_through_the_secured_kafka_of_compose(
    broker: KafkaBroker, account: RunningAccount, raw_data: str, programs: None, tmp_path: Path
) -> None:
    address = broker.address("CLIENTS")
    file = tmp_path / "client.properties"
    changes = {"127.0.0.1:9094": address, "compose/ca.pem": str(broker.node.folder / "ca.pem")}
    file.write_text(replaced((COMPOSE / "client.properties").read_text(), changes))
    ingestion = Ingestion(account, address, raw_data, tmp_path)
    flags = ("--kafka-config", str(file))
    known = {"CAVES_KAFKA_SASL_PLAIN_PASSWORD": PASSWORD}
    try:
        producer = ingestion.start(PRODUCER, "--count", "20", "--rate", "0", *flags, **known)
        assert ingestion.left(producer) == 0, producer.log
        # The tests' usual one is shorter than this broker, as any, allows.
        patient = {"CAVES_KAFKA_SESSION_TIMEOUT_MS": "10000"}
        ingester = ingestion.ingester(*PROMPT, *flags, **known, **patient)
        ingestion.wait_for_rows(20, ingester)
        # On its data it starts again, and its user is still there.
        broker.restart()
        more = ingestion.start(PRODUCER, "--count", "10", "--rate", "0", *flags, **known)
        assert ingestion.left(more) == 0, more.log
        ingestion.wait_for_rows(30, ingester)
        ingester.terminate()
        assert ingestion.left(ingester) == 0, ingester.log

        wrong = {"CAVES_KAFKA_SASL_PLAIN_PASSWORD": "another"}
        stranger = ingestion.start(PRODUCER, "--count", "1", *flags, **wrong)
        assert stranger.wait(25) == 1
        assert "user or password is wrong" in stranger.log
    finally:
        ingestion.kill_all()


def test_certificates_that_are_there_are_kept(tmp_path: Path) -> None:
    certificates(tmp_path)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert before.keys() == {"broker.crt", "broker.key", "broker.pem", "ca.pem"}
    certificates(tmp_path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
    assert (tmp_path / "broker.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("script", "password", "reason"),
    [
        ("start-kafka.sh", "", "set it"),
        ("start-kafka.sh", "a,b", "Kafka takes no comma in it"),
        ("start-redpanda.sh", "", "set it"),
        ("start-redpanda.sh", "a:b", "Redpanda takes no colon in it"),
    ],
)
def test_a_secured_broker_says_which_password_it_needs(
    script: str, password: str, reason: str
) -> None:
    environment = {"PATH": os.environ["PATH"], "CAVES_KAFKA_SASL_PLAIN_PASSWORD": password}
    command = ["bash", str(COMPOSE / script), "/nowhere"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert f"CAVES_KAFKA_SASL_PLAIN_PASSWORD: {reason}" in done.stderr

"""`caves broker`, `up` and `demo` on Apache Kafka."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from app.caves import cli
from app.caves.machine import broker
from app.caves.machine.supervision import free_port, listens
from tests.conftest import ROOT
from tests.ingest.ingestion import wait_for
from tests.support.caves import forked_snow

HOST = "127.0.0.1"
READY_SECONDS = 60

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("apache")]


class Command:
    """`caves …` as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.output_path = folder / "caves.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "-m", "app.caves.cli", *arguments]
        with self.output_path.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        return self.process

    @property
    def output(self) -> str:
        return self.output_path.read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def caves(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.terminate()
        made.process.wait(timeout=60)


def produce(servers: str, settings: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ingest.producer", "--bootstrap-servers", servers]
    command += ["--kafka-config", str(settings), "--count", "3", "--rate", "0"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_broker_has_listeners_with_tls_and_sasl_and_writes_settings_for_each(
    caves: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "kafka"
    ports = [str(free_port(HOST)) for _ in range(4)]
    plain, tls, sasl, sasl_tls = ports
    process = caves.start(
        *("broker", "--kind", "kafka", "--folder", str(folder), "--port", plain),
        *("--tls-port", tls, "--mutual-tls"),
        *("--sasl-port", sasl, "--sasl-tls-port", sasl_tls, "--user", "albert:se:cr=t#1"),
    )
    wait_for(lambda: process.poll() is not None or broker.is_ready(int(plain)), "the broker")

    for port, name in ((tls, "tls"), (sasl, "sasl"), (sasl_tls, "sasl-tls")):
        done = produce(f"{HOST}:{port}", folder / f"{name}.properties")
        assert done.returncode == 0, done.stderr + caves.output
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert not any(listens(HOST, int(port)) for port in ports)
    assert [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077] == ["data"]


def test_up_starts_kafka_and_ends_it(caves: Command, tmp_path: Path) -> None:
    account, kafka, dashboard = (free_port(HOST) for _ in range(3))
    process = caves.start(
        *("up", "--broker", "kafka", "--folder", str(tmp_path / "up"), "--no-browser"),
        *("--account-port", str(account), "--broker-port", str(kafka)),
        *("--dashboard-port", str(dashboard)),
    )
    wait_for(lambda: process.poll() is not None or listens(HOST, account), "broker and account")

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=60) == 0, caves.output
    assert f"broker at {HOST}:{kafka}, topic sales_events" in caves.output
    assert not listens(HOST, kafka)
    assert not listens(HOST, account)


def test_a_demo_on_brokers_of_others_holds_every_law_and_leaves_no_topic(
    kafka_servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with forked_snow():
        code = cli.main(
            ["demo", "--bootstrap-servers", kafka_servers, "--count", "60", "--rate", "60"]
        )

    output = capsys.readouterr()
    assert code == 0, output.err
    assert "Every law holds." in output.out
    admin = KafkaAdminClient(bootstrap_servers=kafka_servers)
    try:
        assert [name for name in admin.list_topics() if "demo" in name] == []
    finally:
        admin.close()

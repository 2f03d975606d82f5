"""What `caves broker` and its kin say where they cannot do what they were asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.caves import cli
from app.caves.machine import apache_kafka
from app.caves.machine.supervision import free_port
from tests.conftest import ROOT


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, on a machine that has never fetched Kafka."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
JAVA_11 = "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2"


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "Apache Kafka needs Java 17 or newer, and there is no `java` on PATH"),
        (
            {"java": JAVA_11},
            'Apache Kafka needs Java 17 or newer; `java` says: openjdk version "11.0.2" 2019-01-15',
        ),
        ({"java": JAVA_17}, "Apache Kafka needs Maven, and there is no `mvn` on PATH"),
        (
            {"java": JAVA_17, "mvn": "echo '[ERROR] no such host'; exit 1"},
            f"Maven cannot fetch Apache Kafka {apache_kafka.VERSION}: [ERROR] no such host",
        ),
    ],
)
def test_what_kafka_lacks_is_said_in_one_line(
    on_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    programs: dict[str, str],
    said: str,
) -> None:
    for name, script in programs.items():
        program(on_path, name, script)
    port = str(free_port())

    code = cli.main(
        ["broker", "--kind", "kafka", "--port", port, "--folder", str(tmp_path / "kafka")]
    )

    assert code == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith(said)


MAVEN = 'for each; do case $each in -DoutputDirectory=*) /bin/mkdir "${each#*=}";; esac; done'


def test_kafka_starts_where_java_makes_no_archive_of_its_classes_too(on_path: Path) -> None:
    program(on_path, "java", JAVA_17)
    program(on_path, "mvn", MAVEN)
    said: list[str] = []

    libraries = apache_kafka.libraries(said.append)
    assert apache_kafka.libraries(said.append) == libraries

    assert [each.split()[0] for each in said] == ["fetching", "keeping"]
    command = apache_kafka.java(libraries)
    assert command[0] == str(on_path / "java")
    assert [each for each in command if "Archive" in each] == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tls-port", "9093"], "tansu has a port and nothing else: say --kind kafka"),
        (["--kind", "kafka", "--sasl-port", "9094"], "give --user NAME:PASSWORD"),
        (["--kind", "kafka", "--user", "a:b"], "--user needs a SASL listener"),
        (["--kind", "kafka", "--mutual-tls"], "--mutual-tls needs --tls-port"),
    ],
)
def test_flags_that_make_no_sense_together_are_wrong_use(
    capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    assert cli.main(["broker", *flags]) == 2
    assert said in capsys.readouterr().err


def test_brokers_that_are_not_there_are_named(tmp_path: Path) -> None:
    servers = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-W", "ignore", "-m", "app.caves.cli", "up"]
    command += ["--bootstrap-servers", servers, "--folder", str(tmp_path / "up"), "--no-browser"]
    command += ["--account-port", str(free_port()), "--dashboard-port", str(free_port())]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert (
        "cannot create the topic 'sales_events': "
        f"cannot reach Kafka at {servers}: nothing listens there\n"
    ) in done.stderr
    assert "Traceback" not in done.stderr

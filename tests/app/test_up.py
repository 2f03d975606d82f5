import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.caves.machine.programs import HOST
from app.caves.machine.supervision import free_port, listens

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(240)


class Up:
    """`caves up` in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = (free_port(HOST), free_port(HOST), free_port(HOST))
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        account, broker, dashboard = self.ports
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "app.caves.cli", "up"),
                *("--folder", str(self.folder)),
                *("--account-port", str(account), "--broker-port", str(broker)),
                *("--dashboard-port", str(dashboard), "--no-browser"),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.process

    def both_listen(self) -> bool:
        return all(listens(HOST, port) for port in self.ports[:2])


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path / "run")
    yield made
    if made.process and made.process.poll() is None:
        made.process.terminate()
        made.process.communicate(timeout=60)


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_the_middle_of_the_start_ends_everything(
    up: Up, number: signal.Signals
) -> None:
    process = up.start()
    assert wait_for(up.both_listen), process.communicate(timeout=60)

    process.send_signal(number)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert "everything has ended" in output
    assert output.index("stopping account") < output.index("stopping broker")
    assert [listens(HOST, port) for port in up.ports] == [False] * 3


def test_everything_runs_until_the_interrupt_the_dashboard_too(up: Up) -> None:
    process = up.start()
    assert wait_for(lambda: all(listens(HOST, port) for port in up.ports), 150)
    with urllib.request.urlopen(f"http://{HOST}:{up.ports[2]}/_stcore/health", timeout=30) as page:
        assert page.read() == b"ok"

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert f"dashboard  http://{HOST}:{up.ports[2]}" in output
    assert [listens(HOST, port) for port in up.ports] == [False] * 3


def test_a_folder_with_other_things_in_it_is_left_alone(up: Up) -> None:
    up.folder.mkdir()
    (up.folder / "novel.txt").write_text("chapter one")

    output, _ = up.start().communicate(timeout=60)

    assert up.process is not None
    assert up.process.returncode == 2
    assert "is not empty and not of an earlier `caves up`" in output
    assert [path.name for path in up.folder.iterdir()] == ["novel.txt"]


def test_a_port_that_is_taken_is_named(up: Up) -> None:
    with socket.socket() as other:
        other.bind((HOST, up.ports[1]))
        other.listen()
        output, _ = up.start().communicate(timeout=60)

    assert up.process is not None
    assert up.process.returncode == 2
    assert f"port {up.ports[1]} is taken: choose another with --broker-port" in output

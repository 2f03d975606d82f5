"""What benchmarks share: an account of their own, figures of its processes, tables, slopes."""

import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The connector looks for cloud hosts at login; without a network that takes seconds.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

import snowflake.connector
from rich.console import Console
from rich.table import Table

_ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 30.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class BenchAccount:
    """An account in a process of its own, which ends with the benchmark."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    options: tuple[str, ...] = ()
    module: str = "flocon"
    environ: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "account": "local",
            "user": "bench",
            "password": "bench",
            "host": "127.0.0.1",
            "port": self.port,
            "protocol": "http",
        }

    def connect(self, **parameters: Any) -> snowflake.connector.SnowflakeConnection:
        return snowflake.connector.connect(
            **{**self.parameters, "paramstyle": "qmark", **parameters}
        )

    def kill_and_restart(self) -> float:
        """kill -9; returns the seconds from the start to the first answer."""
        self.process.kill()
        self.process.wait(30)
        started = time.perf_counter()
        self.process = _start(
            self.port, self.data, self.options, self.module, self.environ, self.log
        )
        with self.connect() as connection:
            connection.cursor().execute("SELECT 1")
        return time.perf_counter() - started

    def state(self) -> dict[str, int]:
        """What the account keeps in memory and in its change logs, by its own count."""
        connection = self.connect()
        try:
            rest = connection.rest
            assert rest is not None
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/local/state",
                headers={"Authorization": f'Snowflake Token="{rest.token}"'},
            )
            with urllib.request.urlopen(request, timeout=30) as response:
                state: dict[str, int] = json.loads(response.read())["data"]
                return state
        finally:
            connection.close()


@contextlib.contextmanager
def account(
    *options: str,
    module: str = "flocon",
    environ: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[BenchAccount]:
    """Start an account on a folder that goes when the benchmark ends.

    module: what is started, for an account with an instrument in it.
    log: where its standard error goes.
    """
    environ = environ or {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder) / "data"
        port = _free_port()
        process = _start(port, data, options, module, environ, log)
        running = BenchAccount(process, port, data, options, module, environ, log)
        try:
            yield running
        finally:
            running.process.terminate()
            running.process.wait(30)


def _start(
    port: int,
    data: Path,
    options: tuple[str, ...],
    module: str,
    environ: Mapping[str, str],
    log: Path | None,
) -> subprocess.Popen[bytes]:
    with contextlib.ExitStack() as opened:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", str(port), "--data", str(data), *options],
            cwd=_ROOT,
            env={**os.environ, **environ},
            stdout=subprocess.DEVNULL,
            stderr=opened.enter_context(log.open("ab")) if log else None,
        )
    _wait_for(process, port)
    return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the account does not start; its standard error says why")


# --- processes, as /proc shows them --------------------------------------------------------------


def resident_mb(pid: int) -> float:
    """Resident memory of a process; 0 where it has gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
    except OSError:
        return 0.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of the children it has waited for; 0 where it has
    gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def threads(pid: int) -> int:
    return _counted(f"/proc/{pid}/task")


def open_files(pid: int) -> int:
    return _counted(f"/proc/{pid}/fd")


def _counted(folder: str) -> int:
    try:
        return sum(1 for _ in Path(folder).iterdir())
    except OSError:
        return 0


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
    found, generation = [], [pid]
    while generation:
        generation = [child for child, parent in parents.items() if parent in generation]
        found += generation
    return found


def folder_mb(folder: Path) -> float:
    """The size of all files below a folder."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total / 1e6


# --- figures -------------------------------------------------------------------------------------


def slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The least-squares slope of y over x, and its standard error."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if count < 3 or not spread:
        return 0.0, math.inf
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in points)
    return rise, math.sqrt(rest / (count - 2) / spread)


def means(points: Sequence[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """The means of all whole blocks, of this width in x: of what rises and falls within one, the
    points themselves are no independent samples."""
    blocks: dict[int, list[tuple[float, float]]] = {}
    for x, y in points:
        blocks.setdefault(int(x / width), []).append((x, y))
    whole = [blocks[number] for number in sorted(blocks)[: int(points[-1][0] / width)]]
    return [
        (sum(x for x, _ in block) / len(block), sum(y for _, y in block) / len(block))
        for block in whole
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 without values."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def show(title: str, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """One table, or one JSON array."""
    if as_json:
        sys.stdout.write(json.dumps({"title": title, "rows": list(rows)}) + "\n")
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*[str(value) for value in row.values()])
    # A terminal has its width; a file takes what there is.
    Console(width=None if sys.stdout.isatty() else 240).print(table)

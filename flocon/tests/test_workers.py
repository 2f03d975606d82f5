"""The pool of procedure processes, against a server that knows nothing but logins."""

import json
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from flocon.core.errors import SnowflakeError
from flocon.workers import batches
from flocon.workers.pool import Workers
from flocon.workers.versions import Code

# A busy machine takes its time: what is waited for comes long before.
PATIENCE = 60.0


class _Logins(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        data = {"token": "t", "masterToken": "m", "parameters": [], "sessionInfo": {}}
        body = json.dumps({"success": True, "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output for the test."""


@dataclass
class _Account:
    data: Path
    host: str
    port: int
    passes: list[str] = field(default_factory=list)

    def issue_pass(self, session: Any) -> str:
        self.passes.append(f"pass {len(self.passes)}")
        return self.passes[-1]

    def withdraw_pass(self, password: str) -> None:
        self.passes.remove(password)


@dataclass
class _Session:
    id: str = "1"
    user: str = "ANNE"


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Logins)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def account(server: ThreadingHTTPServer, tmp_path: Path) -> _Account:
    """For the tests that make a pool of their own."""
    return _Account(tmp_path, "127.0.0.1", server.server_address[1])


@pytest.fixture(scope="module")
def shared(
    server: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[_Account, Workers]]:
    """One pool with its account: a pool's first process takes a second."""
    account = _Account(tmp_path_factory.mktemp("pool"), "127.0.0.1", server.server_address[1])
    workers = Workers(account, account.data, account.host, account.port)
    yield account, workers
    workers.close()


@pytest.fixture
def workers(shared: tuple[_Account, Workers]) -> Workers:
    return shared[1]


@pytest.fixture
def pool_account(shared: tuple[_Account, Workers]) -> _Account:
    """The account of `workers`."""
    return shared[0]


def inline(body: str, returns: str = "VARIANT", procedure: str = "D.S.P()") -> Code:
    return Code(procedure, "run", returns, body=body)


def zipped(path: Path, **modules: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in modules.items():
            archive.writestr(f"{name}.py", text)
    return path


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


PID = "import os\ndef run(session):\n    return os.getpid()\n"
SLEEP = "import time\ndef run(session):\n    time.sleep(600)\n"


def test_every_kind_of_value_goes_in_and_comes_back_as_it_was(workers: Workers) -> None:
    import datetime
    from decimal import Decimal

    values = [
        None,
        True,
        42,
        1.5,
        "Pommard – été 🍷",
        Decimal("10.20"),
        datetime.date(2026, 1, 2),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
        datetime.time(23, 59),
        b"\x00\xff",
        {"a": [1, {"$type": "dict"}], "b": None},
    ]
    body = "def run(session, *values):\n    return values\n"
    assert workers.call(_Session(), inline(body), values) == values


def test_the_first_parameter_is_a_snowpark_session(workers: Workers) -> None:
    body = "def run(session):\n    return [type(session).__module__, type(session).__name__]\n"
    assert workers.call(_Session(), inline(body), []) == ["snowflake.snowpark.session", "Session"]


def test_the_zip_is_what_runs_and_the_repository_is_out_of_reach(
    workers: Workers, tmp_path: Path
) -> None:
    main = "import sister, importlib.util\ndef main(session):\n" + (
        "    folders = ('local', 'ingest', 'app')\n"
        "    return [sister.NAME, *[bool(importlib.util.find_spec(name)) for name in folders]]\n"
    )
    archive = zipped(tmp_path / "p.zip", main=main, sister="NAME = 'sister'")
    code = Code("D.S.P()", "main.main", "VARIANT", files=(archive,))
    assert workers.call(_Session(), code, []) == ["sister", False, False, False]


def test_an_overwritten_zip_runs_from_the_next_call_on(workers: Workers, tmp_path: Path) -> None:
    archive = tmp_path / "p.zip"
    code = Code("D.S.P()", "m.f", "VARCHAR", files=(archive,))
    zipped(archive, m="def f(session):\n    return 'old'\n")
    assert workers.call(_Session(), code, []) == "old"
    zipped(archive, m="def f(session):\n    return 'new'\n")
    assert workers.call(_Session(), code, []) == "new"


def test_a_running_version_imports_late_from_the_files_it_started_with(
    workers: Workers, pool_account: _Account, tmp_path: Path
) -> None:
    archive, go = tmp_path / "p.zip", tmp_path / "go"
    wait = "import os, time\ndef f(session, go):\n" + (
        "    while not os.path.exists(go):\n        time.sleep(0.01)\n"
        "    import late\n    return late.VERSION\n"
    )
    zipped(archive, m=wait, late="VERSION = 1")
    code = Code("D.S.LATE(VARCHAR)", "m.f", "NUMBER", files=(archive,))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(workers.call, _Session("a"), code, [str(go)])
        until(lambda: len(pool_account.passes) == 1)
        zipped(archive, m=wait, late="VERSION = 2")
        go.touch()
        assert first.result(PATIENCE) == 1
    assert workers.call(_Session("b"), code, [str(go)]) == 2


def test_calls_in_a_row_are_served_by_one_process(workers: Workers) -> None:
    assert len({workers.call(_Session(), inline(PID), []) for _ in range(3)}) == 1


def test_two_procedures_never_share_a_process(workers: Workers) -> None:
    one = workers.call(_Session(), inline(PID, procedure="D.S.ONE()"), [])
    two = workers.call(_Session(), inline(PID, procedure="D.S.TWO()"), [])
    assert one != two


def test_concurrent_calls_run_side_by_side_up_to_the_bound(
    account: _Account, tmp_path: Path
) -> None:
    workers = Workers(account, account.data, account.host, account.port, per_version=2)
    go = tmp_path / "go"
    body = "import os, time\ndef run(session):\n" + (
        f"    while not os.path.exists({str(go)!r}):\n        time.sleep(0.01)\n"
        "    return os.getpid()\n"
    )
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(workers.call, _Session(str(n)), inline(body), []) for n in range(5)]
        until(lambda: len(account.passes) == 2)
        go.touch()
        pids = {call.result(PATIENCE) for call in calls}
    workers.close()
    assert len(pids) == 2


def test_a_nested_call_does_not_wait_for_its_caller(account: _Account, tmp_path: Path) -> None:
    workers = Workers(account, account.data, account.host, account.port, per_version=1, total=1)
    go = tmp_path / "go"
    body = "import os, time\ndef run(session):\n" + (
        f"    while not os.path.exists({str(go)!r}):\n        time.sleep(0.01)\n    return 1\n"
    )
    with ThreadPoolExecutor(2) as pool:
        outer = pool.submit(workers.call, _Session("same"), inline(body), [])
        until(lambda: len(account.passes) == 1)
        inner = pool.submit(workers.call, _Session("same"), inline(body), [])
        until(lambda: len(account.passes) == 2)
        go.touch()
        assert (outer.result(PATIENCE), inner.result(PATIENCE)) == (1, 1)
    workers.close()


def test_a_batch_of_rows_waits_for_no_call_and_leaves_room(
    account: _Account, tmp_path: Path
) -> None:
    workers = Workers(account, account.data, account.host, account.port, total=1)
    go = tmp_path / "go"
    waits = "import os, time\ndef run(session):\n" + (
        f"    while not os.path.exists({str(go)!r}):\n        time.sleep(0.01)\n    return 1\n"
    )
    body = "import os\ndef run(number):\n    return os.getpid()\n"
    shape = {
        "arguments": [["NUMBER", 0]],
        "returns": ["NUMBER", True],
        "strict": False,
        "time_zone": "UTC",
    }
    rows = batches.written(pa.table({"0": [1, 2]}))
    seen = []
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(workers.call, _Session("other"), inline(waits), [])
        until(lambda: len(account.passes) == 1)
        for name in ("F", "G", "G", "H"):
            code = inline(body, procedure=f"D.S.{name}(NUMBER)")
            with workers.batches(_Session(), code, shape) as run:
                answer = batches.read(run(rows)["rows"]).column("value").to_pylist()
            assert answer[0] == answer[1]
            seen.append(answer[0])
        go.touch()
        assert call.result(PATIENCE) == 1
    assert seen[1] == seen[2]
    assert len(set(seen)) == 3
    until(lambda: sum(not gone(pid) for pid in set(seen)) == 1)
    workers.close()


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        pytest.param("os._exit(3)", "exit code 3", id="exit"),
        pytest.param("os.kill(os.getpid(), 9)", "signal 9", id="kill"),
    ],
)
def test_a_process_that_dies_in_a_call_is_an_error_and_the_next_call_works(
    workers: Workers, statement: str, text: str
) -> None:
    body = f"import os\ndef run(session, die):\n    if die:\n        {statement}\n    return 1\n"
    with pytest.raises(SnowflakeError, match=text):
        workers.call(_Session(), inline(body), [True])
    assert workers.call(_Session(), inline(body), [False]) == 1


def test_what_a_handler_prints_and_logs_goes_to_the_log_alone(
    workers: Workers, pool_account: _Account
) -> None:
    body = "import logging, os\ndef run(session):\n" + (
        "    print('printed')\n    logging.getLogger('shop').warning('logged')\n"
        "    os.system('echo from a child')\n    return 'value'\n"
    )
    assert workers.call(_Session(), inline(body, procedure="D.S.LOUD()"), []) == "value"
    log = pool_account.data / "logs" / "procedures.log"

    def lines() -> list[str]:
        texts = [line.partition(" ")[2] for line in log.read_text().splitlines()]
        return sorted(text for text in texts if text.startswith("D.S.LOUD()"))

    until(lambda: log.exists() and len(lines()) == 3)
    assert lines() == [
        "D.S.LOUD() WARNING shop: logged",
        "D.S.LOUD() from a child",
        "D.S.LOUD() printed",
    ]


def test_what_a_handler_printed_is_in_the_log_although_it_was_ended(
    workers: Workers, pool_account: _Account
) -> None:
    body = "import time\ndef run(session):\n    print('so far')\n    time.sleep(600)\n"
    log = pool_account.data / "logs" / "procedures.log"
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(workers.call, _Session("cut"), inline(body, procedure="D.S.CUT()"), [])
        until(lambda: log.exists() and "D.S.CUT() so far" in log.read_text())
        workers.cancel("cut")
        with pytest.raises(SnowflakeError, match="canceled"):
            call.result(PATIENCE)


def test_cancel_ends_the_sessions_calls_and_no_others(
    workers: Workers, pool_account: _Account, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    waits = "import os, time\ndef run(session):\n" + (
        f"    while not os.path.exists({str(go)!r}):\n        time.sleep(0.01)\n    return 1\n"
    )
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(workers.call, _Session("slow"), inline(SLEEP), [])
        other = pool.submit(workers.call, _Session("other"), inline(waits), [])
        until(lambda: len(pool_account.passes) == 2)
        workers.cancel("slow")
        with pytest.raises(SnowflakeError, match="SQL execution canceled") as caught:
            slow.result(PATIENCE)
        assert caught.value.errno == 604
        go.touch()
        assert other.result(PATIENCE) == 1


def test_cancel_reaches_a_call_that_waits_for_a_process(account: _Account) -> None:
    workers = Workers(account, account.data, account.host, account.port, per_version=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(workers.call, _Session("first"), inline(SLEEP), [])
        until(lambda: len(account.passes) == 1)
        second = pool.submit(workers.call, _Session("second"), inline(SLEEP), [])
        workers.cancel("first")
        with pytest.raises(SnowflakeError, match="canceled"):
            first.result(PATIENCE)
        until(lambda: len(account.passes) == 1 or second.done())
        workers.close()
        with pytest.raises(SnowflakeError):
            second.result(PATIENCE)


def test_a_timeout_ends_the_call(workers: Workers) -> None:
    with pytest.raises(
        SnowflakeError, match="reached its statement or warehouse timeout"
    ) as caught:
        workers.call(_Session(), inline(SLEEP), [], timeout=0.5)
    assert caught.value.errno == 630


def test_idle_processes_end(account: _Account) -> None:
    workers = Workers(account, account.data, account.host, account.port, idle_seconds=0.2)
    pid = workers.call(_Session(), inline(PID), [])
    until(lambda: gone(pid))
    workers.close()


def test_a_process_ends_after_its_share_of_calls(account: _Account) -> None:
    workers = Workers(account, account.data, account.host, account.port, most_calls=2)
    first, second, third = (workers.call(_Session(), inline(PID), []) for _ in range(3))
    assert first == second != third
    until(lambda: gone(first))
    workers.close()


def test_the_processes_of_a_replaced_version_end_and_its_files_go(
    workers: Workers, pool_account: _Account
) -> None:
    def folders() -> set[Path]:
        return {path for path in (pool_account.data / "workers").iterdir() if path.is_dir()}

    before = folders()
    old = workers.call(_Session(), inline(PID, procedure="D.S.NEW()"), [])
    (first,) = folders() - before
    workers.call(_Session(), inline(f"{PID}# changed\n", procedure="D.S.NEW()"), [])
    until(lambda: gone(old))
    assert len(folders() - before) == 1
    assert not first.exists()


def test_close_ends_every_process_even_in_a_call(account: _Account) -> None:
    workers = Workers(account, account.data, account.host, account.port)
    pid = workers.call(_Session(), inline(PID), [])
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(workers.call, _Session(), inline(SLEEP), [])
        until(lambda: len(account.passes) == 1)
        workers.close()
        with pytest.raises(SnowflakeError, match="shutting down"):
            slow.result(PATIENCE)
    assert gone(pid)


def test_a_pass_is_withdrawn_after_its_call(workers: Workers, pool_account: _Account) -> None:
    workers.call(_Session(), inline(PID), [])
    assert pool_account.passes == []


def test_the_processes_are_copies_of_one_that_a_new_one_replaces(workers: Workers) -> None:
    parent = "import os\ndef run(session):\n    return os.getppid()\n"
    calls = [inline(f"{parent}# {number}\n", procedure=f"D.S.C{number}()") for number in range(3)]
    template = workers.call(_Session(), calls[0], [])
    assert workers.call(_Session(), calls[1], []) == template
    os.kill(template, 9)
    until(lambda: gone(template))
    another = workers.call(_Session(), calls[2], [])
    assert another not in (template, 1)
    assert workers.call(_Session(), calls[0], []) == another


def test_a_call_whose_idle_process_was_killed_a_moment_ago_runs_in_another(
    workers: Workers,
) -> None:
    for _ in range(5):
        idle = workers.call(_Session(), inline(PID), [])
        os.kill(idle, 9)
        assert workers.call(_Session(), inline(PID), []) != idle


def test_a_call_right_after_the_end_of_the_template_runs_whatever_its_copies_do(
    workers: Workers,
) -> None:
    for number in range(3):
        body = f"import os\ndef run(session):\n    return os.getppid()\n# {number}\n"
        template = workers.call(_Session(), inline(body), [])
        os.kill(template, 9)
        assert workers.call(_Session(), inline(PID), []) not in (None, template)


def test_a_call_outlives_the_template_that_its_process_is_a_copy_of(
    workers: Workers, tmp_path: Path
) -> None:
    begun, go_on = tmp_path / "begun", tmp_path / "go_on"
    body = (
        "import os, pathlib, time\n"
        "def run(session):\n"
        f"    pathlib.Path({str(begun)!r}).write_text(str(os.getppid()))\n"
        f"    while not pathlib.Path({str(go_on)!r}).exists():\n"
        "        time.sleep(0.02)\n"
        "    return os.getpid()\n"
    )
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(workers.call, _Session(), inline(body), [])
        until(lambda: begun.exists() and begun.read_text() != "")
        template = int(begun.read_text())
        os.kill(template, 9)
        until(lambda: gone(template))
        assert workers.call(_Session(), inline(PID), []) > 0
        go_on.touch()
        pid = call.result(PATIENCE)
    until(lambda: gone(pid))


def test_random_numbers_differ_from_process_to_process(workers: Workers) -> None:
    body = "import random, numpy\ndef run(session):\n" + (
        "    return [random.random(), float(numpy.random.random())]\n"
    )
    one, other = (workers.call(_Session(), inline(body, procedure=f"D.S.R{n}()"), []) for n in "12")
    assert not set(one) & set(other)

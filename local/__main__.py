"""A Snowflake account on this machine: `python -m local --port 8084 --data DIR`."""

import argparse
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# The connector, which procedures use, looks for cloud hosts at login; without a network that waits.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

import uvicorn

from local.account import Account
from local.scheduler import Scheduler
from local.server import Server, lifespan_of

_HOW_TO_CONNECT = """\
A Snowflake account is listening on http://{host}:{port}, its data in {data}.
Connect with snowflake-connector-python, Snowpark or snow through this entry of connections.toml:

    [local]
    account = "local"
    user = "local"
    password = "local"
    host = "{host}"
    port = {port}
    protocol = "http"

Stop it with Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="A Snowflake account on this machine, made of DuckDB and fakesnow: tables,"
        " streams, tasks and Python procedures for the connector, Snowpark and the snow command.",
        epilog="example: python -m local --port 8084 --data .local",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8084, help="port, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--data", type=Path, default=Path(".local"), help="folder of all state (%(default)s)"
    )
    parser.add_argument(
        "--log-statements", action="store_true", help="one line per statement on standard error"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0, or 1 when the folder or the port is taken."""
    options = parser().parse_args(argv)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    # One line a statement is an option of this program, not of its HTTP server.
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "snowflake"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # What sqlglot cannot say in DuckDB's SQL is an error here, or harmless (comments).
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        listener = _listen(options.host, options.port)
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
    port = listener.getsockname()[1]
    try:
        account = Account(options.data, options.host, port)
    except BlockingIOError:
        return _fail(f"{options.data} is in use by another account: stop it or choose --data")
    _serve(account, listener, options.log_statements)
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """asyncio sends small answers at once only on a socket that says that it is TCP."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(512)
    return listener


class _HttpServer(uvicorn.Server):
    """uvicorn, except that a signal that ended it is not raised again: the exit code is 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield


def _serve(account: Account, listener: socket.socket, log_statements: bool) -> None:
    scheduler = Scheduler(account)

    def start() -> None:
        scheduler.start()
        text = _HOW_TO_CONNECT.format(host=account.host, port=account.port, data=account.data)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def stop() -> None:
        scheduler.close()
        account.close()

    application = Server(account, log_statements=log_statements).application(
        lifespan_of(start, stop)
    )
    config = uvicorn.Config(
        application, log_config=None, timeout_graceful_shutdown=5, lifespan="on"
    )
    _HttpServer(config).run(sockets=[listener])


def _fail(message: str) -> int:
    sys.stderr.write(f"local: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

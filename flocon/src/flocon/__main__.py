"""A Snowflake account on this machine: `python -m flocon --port 8084 --data DIR`."""

import argparse
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

# The connector, which procedures use, looks for cloud hosts at login; without a network that waits.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

import uvicorn

from flocon.account import Account
from flocon.core import heap, privacy
from flocon.http.app import App, lifespan_of
from flocon.http.logins import Credentials
from flocon.jobs.scheduler import Scheduler

_HOW_TO_CONNECT = """\
A Snowflake account is listening on http://{host}:{port}, its data in {data}.
Connect with snowflake-connector-python, Snowpark or snow through this entry of connections.toml:

    [local]
    account = "local"
    user = "{user}"
    password = "{password}"
    host = "{host}"
    port = {port}
    protocol = "http"

Stop it with Ctrl-C."""

_DEEPEST = 50_000
_STACK_BYTES = 64 * 1024 * 1024

# Taken out of the environment at the start: procedures do not inherit it.
_PASSWORD_VARIABLE = "LOCAL_ACCOUNT_PASSWORD"


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flocon",
        description="A Snowflake account on this machine, made of DuckDB and fakesnow: tables,"
        " streams, tasks and Python procedures for the connector, Snowpark and the snow command.",
        epilog="example: python -m flocon --port 8084 --data .local",
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
    parser.add_argument(
        "--user", default="local", help="who may log in where a password is set (%(default)s)"
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        help=f"file whose first line is the password; or set {_PASSWORD_VARIABLE}. Without one any"
        " user and password will do, on the loopback address only",
    )
    parser.add_argument(
        "--idle-minutes",
        type=_positive,
        default=240,
        help="a client that sends nothing for so long is logged out (%(default)s)",
    )
    parser.add_argument(
        "--max-request-mb",
        type=_positive,
        default=128,
        help="larger requests are refused, packed or unpacked (%(default)s)",
    )
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is no positive number")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0, 1 when the folder or the port is taken, 2 when it
    would be open to strangers."""
    options = parser().parse_args(argv)
    try:
        credentials = Credentials(options.user, _password(options.password_file))
    except (OSError, ValueError) as error:
        return _fail(f"no password in {options.password_file}: {error}", 2)
    try:
        listener = _listen(options.host, options.port)
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
    address, port = listener.getsockname()[:2]
    if not (credentials.required or ipaddress.ip_address(address).is_loopback):
        listener.close()
        return _fail(
            f"--host {options.host} is open to other machines: set a password by"
            f" {_PASSWORD_VARIABLE} or --password-file, or listen on 127.0.0.1",
            2,
        )
    _set_up_logging()
    heap.bound()
    _allow_deep_statements()
    privacy.keep_new_files_private()
    try:
        account = Account(options.data, _reachable(options.host, address), port)
    except BlockingIOError:
        listener.close()
        return _fail(f"{options.data} is in use by another account: stop it or choose --data")
    account.chores.append(heap.trim)
    app = App(
        account,
        credentials=credentials,
        idle_seconds=options.idle_minutes * 60,
        largest_request=int(options.max_request_mb * 1024 * 1024),
        log_statements=options.log_statements,
    )
    _serve(account, app, listener, credentials)
    return 0


def _allow_deep_statements() -> None:
    """Statements are read recursively, some twenty calls for each parenthesis."""
    sys.setrecursionlimit(_DEEPEST)
    threading.stack_size(_STACK_BYTES)


def _set_up_logging() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    # One line a statement is an option of this program, not of its HTTP server.
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "snowflake"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # What sqlglot cannot say in DuckDB's SQL is an error here, or harmless (comments).
    logging.getLogger("sqlglot").setLevel(logging.ERROR)


def _password(file: Path | None) -> str | None:
    """The password that clients must know; never an option, which everyone on the machine sees."""
    password = os.environ.pop(_PASSWORD_VARIABLE, None)
    if file is not None:
        password = file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    if password == "":
        raise ValueError("it is empty")
    return password


def _reachable(host: str, address: str) -> str:
    """Where procedures of this machine find the account: 0.0.0.0 is nobody's address."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified:
        host = "127.0.0.1" if parsed.version == 4 else "::1"
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    """asyncio sends small answers at once only on a socket that says that it is TCP."""
    kind = socket.SOCK_STREAM
    family, *_, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(512)
    return listener


class _HttpServer(uvicorn.Server):
    """uvicorn, except that a signal that ended it is not raised again: the exit code is 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield


def _serve(account: Account, app: App, listener: socket.socket, credentials: Credentials) -> None:
    scheduler = Scheduler(account.stores, account.open_session)

    def start() -> None:
        scheduler.start()
        text = _HOW_TO_CONNECT.format(
            host=account.stores.host,
            port=account.stores.port,
            data=account.stores.data,
            user=credentials.user.lower(),
            password="…" if credentials.required else "local",
        )
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def stop() -> None:
        app.close()
        scheduler.close()
        if not account.close():
            # Its thread would keep the process alive.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    config = uvicorn.Config(
        app.routed(lifespan_of(start, stop)),
        log_config=None,
        timeout_graceful_shutdown=5,
        lifespan="on",
    )
    _HttpServer(config).run(sockets=[listener])


def _fail(message: str, code: int = 1) -> int:
    sys.stderr.write(f"flocon: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

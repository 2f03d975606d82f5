"""The `flocon` command: a Snowflake account on this machine, until Ctrl-C."""

import argparse
import contextlib
import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

# The connector, which procedures use, looks for cloud hosts at login; without a network that waits.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

if "snowflake.connector" not in sys.modules:
    # Imports make objects that stay, and a statement's trees are some ten thousand: with Python's
    # 700, looking for cycles takes a tenth of the start, and of statements that are new. What is
    # there is not frozen: a library would say at the end that it has leaked.
    gc.set_threshold(50_000)

    class _Absent:
        """What the connector, which comes with fakesnow, and pyarrow import where it is installed.
        An account never reaches a cloud, and makes no DataFrames; its procedures are processes of
        their own."""

        NAMES = ("boto3", "botocore", "pandas")

        @classmethod
        def find_spec(cls, name: str, *_: object) -> None:
            if name in cls.NAMES:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, _Absent)

import uvicorn

import flocon
from flocon.connectable import connections_toml
from flocon.core import heap, privacy
from flocon.service import (
    STOP_SECONDS,
    Options,
    Service,
    StartError,
    deep_statements_allowed,
    quieten_libraries,
)

_HOW_TO_CONNECT = """\
A Snowflake account is listening on http://{host}:{port}, its data in {data}.
Connect with snowflake-connector-python, Snowpark or snow through this entry of connections.toml:

{entry}
Stop it with Ctrl-C.
"""
_EXAMPLES = """\
examples:
  flocon                                  port 8084, data in .flocon
  flocon --port 0 --data /tmp/shop        a free port, which it prints
  flocon --log-statements                 one line per statement on standard error
  FLOCON_PASSWORD=… flocon --host 0.0.0.0 open to other machines, with a password

Delete the data folder to begin with an empty account. SIGTERM and Ctrl-C end the account with exit
code 0, a second Ctrl-C ends it at once; 1 says that the port or the folder is taken, or that it did
not end in 18 seconds and was left where standard error says, 2 that it was called wrongly.
"""
# Taken out of the environment at the start: procedures do not inherit it.
_PASSWORD_VARIABLE = "FLOCON_PASSWORD"


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flocon",
        description="A Snowflake account on this machine, made of DuckDB and fakesnow: tables,"
        " streams, tasks and Python procedures for the connector, Snowpark and the snow command.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"flocon {flocon.__version__}")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8084, help="port, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--data",
        type=_folder,
        default=Path(".flocon"),
        help="folder of all state, created if it does not exist (%(default)s)",
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
    parser.add_argument(
        "--end-with-input",
        action="store_true",
        help="end when standard input does, as it does when a program that holds it is killed",
    )
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0, 1 when the folder or the port is taken, 2 when it
    was called wrongly: also when it would be open to strangers."""
    given = parser().parse_args(argv)
    try:
        password = _password(given.password_file)
    except (OSError, ValueError) as error:
        return _fail(f"no password in {given.password_file or _PASSWORD_VARIABLE}: {error}", 2)
    if given.end_with_input:
        threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    _set_up_logging()
    heap.bound()
    privacy.keep_new_files_private()
    options = Options(
        data=given.data,
        host=given.host,
        port=given.port,
        user=given.user,
        password=password,
        idle_minutes=given.idle_minutes,
        max_request_mb=given.max_request_mb,
        log_statements=given.log_statements,
    )
    with deep_statements_allowed():
        try:
            service = Service(options)
        except StartError as error:
            return _fail(str(error), 1 if error.taken else 2)
        service.account.chores.append(heap.trim)
        service.run(
            service.http_server(lambda: _say_how_to_connect(service), _leave_at_once, _HttpServer)
        )
    return 0


def _end_with_input() -> None:
    """Read standard input to its end, and then stop like after SIGTERM."""
    while os.read(0, 4096):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def _say_how_to_connect(service: Service) -> None:
    entry = connections_toml(service.connection_parameters())
    sys.stdout.write(
        _HOW_TO_CONNECT.format(
            host=service.host,
            port=service.port,
            data=service.account.stores.data,
            entry="".join(f"    {line}\n" for line in entry.splitlines()),
        )
    )
    sys.stdout.flush()


def _set_up_logging() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    # One line a statement is an option of this program, not of its HTTP server.
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "snowflake"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    quieten_libraries()


def _password(file: Path | None) -> str | None:
    """The password that clients must know; never an option, which everyone on the machine sees."""
    password = os.environ.pop(_PASSWORD_VARIABLE, None)
    if file is not None:
        password = file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    if password == "":
        raise ValueError("it is empty")
    return password


class _HttpServer(uvicorn.Server):
    """uvicorn, except that a signal that ended it is not raised again: the exit code is 0; and that
    the process ends in time, wherever it then is. What is committed is in the files."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            # A thread that needs nothing of Python's.
            faulthandler.dump_traceback_later(STOP_SECONDS, exit=True, file=2)
        elif sig == signal.SIGINT:
            _leave_at_once()
        super().handle_exit(sig, frame)


def _leave_at_once() -> None:
    """Wait for nothing more, not for Python's own end either."""
    os._exit(0)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"flocon: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

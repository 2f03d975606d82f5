"""The program of the procedures' processes: each runs one version of one procedure, call by call.

Started by `worker_template` as a script of its own, away from the repository: it imports
nothing of it, and the procedure finds nothing but its imports and the installed packages. The
first process, the template, imports Snowpark and then makes a copy of itself for each procedure
version that is called. It ends with its control socket, a copy with its standard input, whatever
the handler is at: none outlives the account.

Messages come to a copy on standard input and answers go out on standard output, each a JSON object
behind its length (four bytes, big-endian): {"begun": true} when a call has come, then its answer;
between them {"log": …} for each message that the handler logs, from log_level on. A procedure is
called with a Snowpark session, a function with a batch of rows (`batches`). What it prints goes to
standard error, which the account writes to its log.
"""

import base64
import contextlib
import contextvars
import datetime
import decimal
import functools
import gc
import importlib
import importlib.util
import json
import linecache
import logging
import os
import queue
import select
import signal
import socket
import struct
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

INLINE_MODULE = "_udf_code"
_BATCHES = str(Path(__file__).with_name("batches.py"))

_LENGTH = struct.Struct(">I")
# A process id, then an exit code.
STATUS = struct.Struct(">i")
# Snowpark, and what it imports only when it is used.
_USED_BY_A_CALL = (
    "snowflake.snowpark",
    "snowflake.snowpark._internal.compiler.plan_compiler",
    "pyarrow.pandas_compat",
)
_TAG = "$type"
# Above every level.
_NOTHING = logging.CRITICAL + 1


def send(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message: its length, then its JSON."""
    text = json.dumps(message).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one message; None at the end of the stream, also in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    text = stream.read(length)
    return json.loads(text) if len(text) == length else None


def pack(value: Any) -> Any:
    """A Python value as JSON: what JSON does not know travels in a tagged object.

    An object of another class has no JSON: TypeError.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {_TAG: "float", "value": repr(float(value))}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {_TAG: "dict", "value": [[str(key), pack(item)] for key, item in value.items()]}
    for name, (kind, write, _) in _CODECS.items():
        if isinstance(value, kind):
            return {_TAG: name, "value": write(value)}
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return pack(value.tolist())
    raise TypeError(f"a value of type {type(value).__name__} cannot leave a procedure")


def unpack(value: Any) -> Any:
    """The Python value that `pack` wrote."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    name, inner = value[_TAG], value["value"]
    if name == "float":
        return float(inner)
    if name == "dict":
        return {key: unpack(item) for key, item in inner}
    return _CODECS[name][2](inner)


# datetime before date: every datetime is a date.
_CODECS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "decimal": (decimal.Decimal, str, decimal.Decimal),
    "datetime": (
        datetime.datetime,
        datetime.datetime.isoformat,
        datetime.datetime.fromisoformat,
    ),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "time": (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    "bytes": (
        bytes,
        lambda value: base64.b64encode(value).decode(),
        lambda text: base64.b64decode(text),
    ),
}


def run(message: dict[str, Any], handlers: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """One call: {"value": packed} or {"error": traceback of the procedure's own frames}."""
    try:
        handler = load(message, handlers)
        if "rows" in message:
            return _batches().run(message, handler, returned)
        session = connected(message["connection"])
        try:
            value = handler(session, *[unpack(item) for item in message["arguments"]])
            return {"value": returned(value, message["returns"])}
        finally:
            type(session).close(session)
    except BaseException as error:
        return {"error": own_traceback(error)}


@functools.cache
def _batches() -> Any:
    """The module beside this program."""
    specification = importlib.util.spec_from_file_location("_batches", _BATCHES)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    sys.modules["_snowflake"] = module.snowflake_module()
    return module


def load(message: dict[str, Any], handlers: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The handler function, imported at the first call."""
    name = message["handler"]
    if name not in handlers:
        import_imports(message["directory"], message["paths"])
        module, function = inline(message) if message["body"] is not None else staged(name)
        handlers[name] = getattr(module, function)
    return handlers[name]


def import_imports(directory: str, paths: list[str]) -> None:
    """The imports come first on the module path, as in Snowflake, and nothing of the account."""
    sys._xoptions["snowflake_import_directory"] = f"{directory}/"
    sys.path[:0] = [directory, *paths]
    importlib.invalidate_caches()


def inline(message: dict[str, Any]) -> tuple[types.ModuleType, str]:
    """The module of a body given in CREATE PROCEDURE, with its lines for tracebacks."""
    module = types.ModuleType(INLINE_MODULE)
    sys.modules[INLINE_MODULE] = module
    body, filename = message["body"], f"{INLINE_MODULE}.py"
    linecache.cache[filename] = (len(body), None, body.splitlines(keepends=True), filename)
    exec(compile(body, filename, "exec"), module.__dict__)
    return module, message["handler"].rpartition(".")[2]


def staged(handler: str) -> tuple[types.ModuleType, str]:
    """The module 'm' and function name 'f' of a handler 'm.f' in an imported file."""
    module, _, function = handler.rpartition(".")
    if not module:
        raise ValueError(f"a staged handler is 'module.function', not '{handler}'")
    return importlib.import_module(module), function


def connected(settings: dict[str, Any]) -> Any:
    """A Snowpark session of the caller's own session: its statements are in the caller's
    transaction. Its pass is for this call: closing it leaves the caller's session open."""
    import snowflake.connector
    from snowflake.snowpark import Session

    # As Session.builder connects: Snowpark's `params` are binds for question marks.
    connection: Any = snowflake.connector.connect(**{"paramstyle": "qmark", **settings})
    _tell_transfers(connection)
    session: Any = Session.builder.configs({"connection": connection}).create()
    # A handler cannot close its session, and the end of a call cancels nothing of the caller's.
    session.close = session.cancel_all = lambda: None
    return session


# Does Snowpark itself move a file, and no statement of the handler's?
_transfers = contextvars.ContextVar("transfers", default=False)


def _tell_transfers(connection: Any) -> None:
    """Snowpark's own PUT and GET go out as internal, as the connector's do: on Snowflake its
    functions move files in a procedure, and statements do not."""
    from snowflake.snowpark._internal.server_connection import ServerConnection
    from snowflake.snowpark.file_operation import FileOperation

    for owner, names in (
        (FileOperation, ("get", "get_stream", "put", "put_stream")),
        (ServerConnection, ("upload_file", "upload_stream")),
    ):
        for name in names:
            function = getattr(owner, name)
            if not hasattr(function, "transfers"):
                setattr(owner, name, _transferring(function))
    run = connection.cmd_query

    def cmd_query(*arguments: Any, **options: Any) -> Any:
        options["is_internal"] = options.get("is_internal") or _transfers.get()
        return run(*arguments, **options)

    connection.cmd_query = cmd_query


def _transferring(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def transfer(*arguments: Any, **options: Any) -> Any:
        token = _transfers.set(True)
        try:
            return function(*arguments, **options)
        finally:
            _transfers.reset(token)

    transfer.transfers = True  # type: ignore[attr-defined]
    return transfer


def returned(value: Any, kind: str) -> Any:
    """The return value on its way out: text for VARCHAR whatever it was, as in Snowflake; for TABLE
    the id of the query that has the rows."""
    if kind == "TABLE":
        if not hasattr(value, "_plan"):
            raise TypeError(f"a Snowpark DataFrame must be returned, not {type(value).__name__}")
        return value.session._conn.get_result_query_id(value._plan)
    if kind == "VARCHAR" and value is not None and not isinstance(value, str):
        return str(value)
    return pack(value)


def own_traceback(error: BaseException) -> str:
    """The traceback without the frames of this program and of the import machinery."""
    frames = error.__traceback__
    while frames is not None and _foreign(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def _foreign(filename: str) -> bool:
    own = (__file__, _BATCHES, importlib.__file__)
    return filename in own or filename.startswith("<frozen importlib")


def main(repository: str, control: socket.socket) -> None:
    """The template: warm up, then fork at each request until the account closes the socket.

    A request is one byte with four descriptors: a copy's standard input, output and error, and
    the pipe that tells its process id and, at its end, its exit code.
    """
    _forget_repository(repository)
    _warm_up()
    copies: dict[int, int] = {}
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    while True:
        ready, _, _ = select.select([control, ended], [], [])
        if ended in ready:
            ended.recv(4_096)
            _report_ends(copies)
        if control in ready:
            request, descriptors, _, _ = socket.recv_fds(control, 1, 4)
            if not request:
                os._exit(0)
            if not _fork(copies, *descriptors):
                _become_copy([control, ended, wake], descriptors, copies)
                return


def _fork(copies: dict[int, int], *descriptors: int) -> int:
    """The copy's process id; 0 in the copy itself. A fork that fails shows as a closed pipe."""
    *streams, status = descriptors
    try:
        with warnings.catch_warnings(action="ignore"):  # the threads of numpy survive a fork
            pid = os.fork()
    except OSError:
        traceback.print_exc()
        pid = -1
    if pid == 0:
        return 0
    for stream in streams:
        os.close(stream)
    if pid > 0:
        _lead_a_group(pid)
        copies[pid] = status
        os.write(status, STATUS.pack(pid))
    else:
        os.close(status)
    return pid


def _lead_a_group(pid: int) -> None:
    """The copy and what it starts can be ended together. Said on both sides of the fork, as a
    shell does, so that it is true as soon as the account knows the process id."""
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)


def _report_ends(copies: dict[int, int]) -> None:
    """Tell the account of each copy that has ended: its exit code, or minus its signal."""
    for pid, status in list(copies.items()):
        ended, code = os.waitpid(pid, os.WNOHANG)
        if ended:
            del copies[pid]
            with contextlib.suppress(BrokenPipeError):
                os.write(status, STATUS.pack(os.waitstatus_to_exitcode(code)))
            os.close(status)


def _become_copy(own: list[socket.socket], descriptors: list[int], others: dict[int, int]) -> None:
    """Leave the template behind: a group of its own, its own streams, numbers of its own."""
    _lead_a_group(0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for end in own:
        end.close()
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in (*descriptors, *others.values()):
        os.close(descriptor)
    if "numpy" in sys.modules:  # `random` sees to this itself
        sys.modules["numpy"].random.seed()


def serve() -> None:
    """A copy: answer messages until standard input ends."""
    requests, answers = _private_streams()
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(requests, inbox), daemon=True).start()
    handlers: dict[str, Callable[..., Any]] = {}
    telemetry = Telemetry(answers)
    while True:
        message = inbox.get()
        telemetry.follow(message["log_level"])
        # From here on the handler may have had effects; before, the account may ask another copy.
        telemetry.answer({"begun": True})
        answer = run(message, handlers)
        sys.stdout.flush()
        sys.stderr.flush()
        telemetry.answer(answer)


class Telemetry(logging.Handler):
    """Sends what is logged to the account, between the answers of the same stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(_NOTHING)
        self._stream = stream
        root = logging.getLogger()
        root.addHandler(self)
        for handler in root.handlers:
            handler.addFilter(_is_handlers_own)

    def follow(self, level: int | None) -> None:
        """From this level on; None for nothing. Warnings go to standard error whatever it is."""
        self.setLevel(_NOTHING if level is None else level)
        logging.getLogger().setLevel(min(self.level, logging.WARNING))

    def emit(self, record: logging.LogRecord) -> None:
        exception = record.exc_info[1] if record.exc_info else None
        message = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "path": record.pathname,
            "function": record.funcName,
            "line": record.lineno,
            "exception": None if exception is None else own_traceback(exception),
        }
        send(self._stream, {"log": message})

    def answer(self, message: dict[str, Any]) -> None:
        """Not in the middle of what another thread logs."""
        with self.lock or contextlib.nullcontext():
            send(self._stream, message)


def _is_handlers_own(record: logging.LogRecord) -> bool:
    """What the connection to the account says is not the handler's, as long as all is well."""
    own = not record.name.startswith(("snowflake.", "urllib3", "botocore", "boto3"))
    return own or record.levelno >= logging.WARNING


def _private_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The message streams on descriptors of their own; 0 is empty and 1 goes where 2 goes."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(2, 1)
    os.close(empty)
    return requests, answers


def _forget_repository(repository: str) -> None:
    """An editable installation of the project must not reach the procedures."""
    sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) != repository]
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if not getattr(finder, "__module__", "").startswith("__editable__")
    ]


def _read(requests: IO[bytes], inbox: "queue.Queue[dict[str, Any]]") -> None:
    """Pass messages on; end the process with the account, even in the middle of a call, and what
    its handlers have started."""
    while (message := receive(requests)) is not None:
        inbox.put(message)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _warm_up() -> None:
    """What takes the time of a first call: Snowpark. Its warnings are no handler's output."""
    # What is printed shows at once, also when the handler is ended later.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # files, here
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    with warnings.catch_warnings(action="ignore"):
        for module in _USED_BY_A_CALL:
            # Without one, a call imports it itself, or says that it cannot.
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(module)
        with contextlib.suppress(ModuleNotFoundError):
            _batches()
    # What is here stays: the copies need not look through it for garbage.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
    serve()

"""The `caves` program: its parser, and what becomes of errors, signals and closed streams.

A command's module is imported when that command is run: the connector, which most of them need,
takes a second to import, and `caves --help` needs nothing of it.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, Any, NoReturn

from app.caves.errors import CommandError, UsageError, one_line
from app.caves.interrupts import Interrupts
from connections.light import without_pandas
from connections.proxies import keep_loopback_direct

if TYPE_CHECKING:
    from app.caves.screen import Screen

# Each kind of failure, with its exit code.
USAGE, FAILED, INTERRUPTED = ("usage", 2), ("failed", 1), ("interrupted", 1)

EPILOG = """\
Connections are those of connections.toml; SNOWFLAKE_CONNECTIONS_<NAME>_<KEY> and SNOWFLAKE_<KEY>
change them as they do for `snow`.
Exit codes: 0 done, 1 failed, 2 wrong use. Results go to stdout, progress and errors to stderr; with
--json stdout gets {"error", "kind", "exit_code"} as well, on one line: kind is usage, failed or
interrupted.

  caves deploy -c prod
  caves verify -c prod --json
  caves rejected retry -c prod --all-open
  caves reprocess -c prod --since 2h
  caves demo
"""

# Those of shtab's shells for which the epilog knows a place.
SHELLS = ("bash", "zsh", "fish", "tcsh")
COMPLETION_EPILOG = """\
  bash  caves completion bash > ~/.local/share/bash-completion/completions/caves
  zsh   caves completion zsh > "${fpath[1]}/_caves"
  fish  caves completion fish > ~/.config/fish/completions/caves.fish
  tcsh  caves completion tcsh > /etc/profile.d/caves.completion.csh
"""

# In the order of `caves --help`: each command, its module (none: this one), what it is for.
COMMANDS = {
    "bootstrap": (
        "bootstrap",
        "by an administrator: roles, grants, resource monitor, service users",
    ),
    "deploy": ("deploy", "bring an account up to this project"),
    "status": ("status", "tasks, streams, lag, freshness, tables, metrics, open alerts"),
    "logs": ("logs", "the last runs of the tasks, with what their procedures logged"),
    "doctor": (
        "doctor",
        "prove on your account what the pipeline takes for granted",
    ),
    "verify": ("verify", "check the five laws of the data"),
    "rejected": ("rejected", "events that could not be taken: list, show, retry, discard"),
    "reprocess": ("reprocess", "today's transforms over a window of RAW"),
    "void": ("corrections", "an adjustment that was wrong counts no longer"),
    "withdraw": ("corrections", "an order goes by its other events, without a wrong one"),
    "forget": (
        "forget",
        "a customer's id and address leave every table, for good",
    ),
    "cost": ("cost", "credits a day and a month, of each profile, by measured run times"),
    "pause": (
        "tasks",
        "suspend all tasks and alerts, and wait for running ones",
    ),
    "resume": ("tasks", "start all tasks and alerts again"),
    "run": ("tasks", "run both task graphs now, and wait"),
    "teardown": ("teardown", "drop the database, with its rows"),
    "demo": (
        "local",
        "everything on this machine, to the end, with the laws",
    ),
    "up": ("local", "everything on this machine, until Ctrl-C"),
    "broker": ("broker", "a Kafka broker in the foreground"),
    "completion": ("", "a script with which the shell completes commands and flags"),
}

Command = Callable[[argparse.Namespace, "Screen"], int]


class WrongArguments(SystemExit):
    """The arguments make no sense; `usage` is the command's. Where it is not caught, the program
    ends with 2, as argparse itself does."""

    def __init__(self, usage: str, message: str) -> None:
        super().__init__(USAGE[1])
        self.usage = usage
        self.message = message


class Parser(argparse.ArgumentParser):
    """Leaves it to `main` to print what is wrong; the parsers of commands are of this kind, too."""

    def error(self, message: str) -> NoReturn:
        raise WrongArguments(self.format_usage(), message)


def parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands; where one is chosen, with the flags of that one alone."""
    result = Parser(
        prog="caves",
        description="Les Caves d'Albert: deploy, watch, check and try the pipeline.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"caves {version('caves-albert')}")
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, help) in COMMANDS.items():
        if not module:
            _add_completion(commands, name, help)
        elif chosen in (None, name):
            with without_pandas():
                found = import_module(f"app.caves.commands.{module}")
            found.add_to(_Chosen(commands, name), _account_command)
        else:
            commands.add_parser(name, help=help, description=help)
    return result


def _add_completion(commands: Any, name: str, help: str) -> None:
    """It is about this parser, so it stands here and not among the commands."""
    each = commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=COMPLETION_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    each.set_defaults(function=_run_completion, json=False)
    each.add_argument("shell", choices=SHELLS, help="the shell")


def _run_completion(arguments: argparse.Namespace, screen: "Screen") -> int:
    """The script is written once, with all flags in it: completing starts no Python."""
    import shtab

    sys.stdout.write(shtab.complete(parser(), shell=arguments.shell) + "\n")
    return 0


class _Chosen:
    """Takes from a module that adds several commands the one of this name, and its help."""

    def __init__(self, commands: Any, name: str) -> None:
        self._commands = commands
        self._name = name

    def add_parser(self, name: str, **settings: Any) -> Any:
        if name != self._name:
            return argparse.ArgumentParser(add_help=False)
        help = COMMANDS[name][1]
        return self._commands.add_parser(name, **{**settings, "help": help, "description": help})


def _account_command(
    commands: Any, name: str, function: Command, help: str = ""
) -> argparse.ArgumentParser:
    each: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    each.set_defaults(function=function)
    each.add_argument(
        "-c",
        "--connection",
        metavar="NAME",
        help="named connection (default: SNOWFLAKE_DEFAULT_CONNECTION_NAME, or the default one)",
    )
    each.add_argument("--database", help="the database (default: snowflake.yml's)")
    each.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a setting of snowflake.yml: database=CAVES_DEV is another environment",
    )
    each.add_argument("--project", type=Path, metavar="DIR", help="the project (default: this one)")
    each.add_argument("--json", action="store_true", help="the result as JSON")
    each.add_argument(
        "--debug",
        action="store_true",
        help="with an error, the traceback behind it",
    )
    return each


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. With --json an error is an object on stdout as well."""
    keep_loopback_direct(os.environ)
    given = sys.argv[1:] if argv is None else list(argv)
    with standard_streams():
        try:
            arguments = parser(_chosen(given)).parse_args(given)
        except WrongArguments as error:
            sys.stderr.write(error.usage)
            screen = _screen("--json" in given)
            raise SystemExit(failed(screen, USAGE, error.message)) from None
        return _run(arguments, _screen(arguments.json))


def _chosen(given: Sequence[str]) -> str:
    """The command among the arguments; one that there is not has no flags."""
    return next((each for each in given if not each.startswith("-")), "")


def _screen(as_json: bool) -> "Screen":
    from app.caves.screen import Screen  # rich takes a tenth of a second

    return Screen(as_json)


def _run(arguments: argparse.Namespace, screen: "Screen") -> int:
    function: Command = arguments.function
    try:
        with Interrupts(), _heartbeat(arguments, screen):
            code = function(arguments, screen)
            sys.stdout.flush()
            return code
    except UsageError as error:
        return failed(screen, USAGE, str(error))
    except CommandError as error:
        if getattr(arguments, "debug", False):
            screen.details("".join(format_exception(error)))
        return failed(screen, FAILED, str(error))
    except BrokenPipeError:
        # The reader has seen enough, as `head` has.
        return cut_off()
    except UnicodeError as error:
        return failed(screen, FAILED, one_line(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return failed(screen, FAILED, f"{where}{error.strerror or one_line(error)}")
    except EOFError:
        return failed(screen, FAILED, "there was no answer: nothing was done")
    except KeyboardInterrupt:
        return failed(screen, INTERRUPTED, "interrupted")
    except Exception as error:
        if not _is_connectors(error):
            raise
        return failed(screen, FAILED, one_line(error))


def _heartbeat(
    arguments: argparse.Namespace, screen: "Screen"
) -> contextlib.AbstractContextManager[None]:
    """What runs until it is stopped has a voice of its own."""
    endless = arguments.command == "broker" or getattr(arguments, "watch", None) is not None
    return contextlib.nullcontext() if endless else screen.heartbeat(f"caves {arguments.command}")


def _is_connectors(error: Exception) -> bool:
    """Whether Snowflake's connector raised it; if so, it has been imported."""
    errors = sys.modules.get("snowflake.connector.errors")
    return errors is not None and isinstance(error, errors.Error)


def failed(screen: "Screen", kind: tuple[str, int], text: str) -> int:
    """Print what stopped the command; returns the exit code."""
    name, code = kind
    screen.error(text)
    if screen.as_json:
        # The reader of standard output may be gone; the line above and the exit code remain.
        with contextlib.suppress(OSError):
            screen.json({"error": text, "kind": name, "exit_code": code}, indent=None)
            sys.stdout.flush()
    return code


def cut_off() -> int:
    """The reader has closed the pipe: what is left of the output is thrown away."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED[1]


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Streams to which any text can be written: what an encoding lacks shows as an escape, and one
    that was closed when the program started takes everything and keeps nothing."""
    with contextlib.ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None:
                # It also keeps the descriptor from becoming another file's, by chance.
                opened = stack.enter_context(open(os.devnull, "w"))  # noqa: PTH123 - os.devnull
                setattr(sys, name, opened)
                stack.callback(setattr, sys, name, None)
            elif reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace")
        yield


if __name__ == "__main__":
    sys.exit(main())

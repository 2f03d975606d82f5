"""The `caves` command: deploy, watch, check and try the pipeline."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from snowflake.connector.errors import Error

from app.caves import (
    bootstrap_command,
    broker,
    broker_command,
    corrections_commands,
    cost_command,
    demo,
    deploy_command,
    doctor_command,
    forget_command,
    logs_command,
    pause_commands,
    rejected_commands,
    reprocess_command,
    run_command,
    status_command,
    up,
    verify,
)
from app.caves.errors import CommandError, UsageError
from app.caves.failures import (
    FAILED,
    INTERRUPTED,
    USAGE,
    Parser,
    WrongArguments,
    cut_off,
    failed,
    standard_streams,
)
from app.caves.flags import above_zero, port, whole
from app.caves.moments import moment
from app.caves.processes import Interrupts, ProcessError
from app.caves.project import Project
from app.caves.screen import Screen
from app.caves.target import one_line, project_and_target
from connections.proxies import keep_loopback_direct

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

Command = Callable[[argparse.Namespace, Screen], int]


def parser() -> argparse.ArgumentParser:
    result = Parser(
        prog="caves",
        description="Les Caves d'Albert: deploy, watch, check and try the pipeline.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_account_commands(commands)
    _add_machine_commands(commands)
    return result


def _add_account_commands(commands: Any) -> None:
    bootstrap_command.add_to(commands, _account_command)
    deploy_command.add_to(commands, _account_command)
    status_command.add_to(commands, _account_command)
    logs_command.add_to(commands, _account_command)
    doctor_command.add_to(commands, _account_command)
    each = _account_command(commands, "verify", run_verify, "check the five laws of the data")
    each.epilog, each.formatter_class = verify.JSON_KEYS, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="leave out what is older (UTC, or an age such as 30d): perhaps deleted by hand",
    )
    help = "events that could not be taken: list, show, retry, discard"
    nested = commands.add_parser("rejected", help=help, description=help)
    rejected_commands.add_to(nested, _account_command)
    reprocess_command.add_to(commands, _account_command)
    corrections_commands.add_to(commands, _account_command)
    forget_command.add_to(commands, _account_command)
    cost_command.add_to(commands, _account_command)
    pause_commands.add_to(commands, _account_command)
    run_command.add_to(commands, _account_command)
    deploy_command.add_teardown_to(commands, _account_command)


def _account_command(
    commands: Any, name: str, function: Command, help: str
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
    return each


def _add_machine_commands(commands: Any) -> None:
    help = "everything on this machine, to the end, with a summary and the laws"
    each = _machine_command(commands, "demo", run_demo, help)
    plan = demo.Plan()
    each.add_argument("--count", type=whole, default=plan.count, help=f"messages ({plan.count})")
    each.add_argument(
        "--rate", type=above_zero, default=plan.rate, help=f"a second ({plan.rate:g})"
    )
    each.add_argument("--seed", type=int, default=plan.seed, help=f"of the shop ({plan.seed})")
    each.add_argument(
        "--timeout",
        type=above_zero,
        default=plan.timeout,
        metavar="SECONDS",
        help=f"how long the last message may take to production ({plan.timeout:g})",
    )
    each = _machine_command(commands, "up", run_up, "everything on this machine, until Ctrl-C")
    each.add_argument("--folder", type=Path, default=Path(".caves"), help="data and logs (.caves)")
    each.add_argument("--account-port", type=port, default=8084, help="(8084)")
    each.add_argument("--broker-port", type=port, default=9092, help="(9092)")
    each.add_argument("--dashboard-port", type=port, default=8501, help="(8501)")
    each.add_argument(
        "--no-browser", action="store_true", help="do not open the dashboard in the browser"
    )
    each.add_argument("--rate", type=above_zero, default=1.0, help="messages per second (1)")
    each.add_argument("--profile", metavar="NAME", help="as deployed; default: faster than any")
    broker_command.add_to(commands)


def _machine_command(
    commands: Any, name: str, function: Command, help: str
) -> argparse.ArgumentParser:
    each: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    each.set_defaults(function=function, json=False)
    each.add_argument("--project", type=Path, metavar="DIR", help="the project (default: this one)")
    each.add_argument(
        "--broker",
        choices=broker.KINDS,
        default=broker.TANSU,
        help="which broker is started: kafka needs Java and Maven (tansu)",
    )
    each.add_argument(
        "--bootstrap-servers",
        metavar="HOST:PORT,…",
        help="brokers that are there already; CAVES_KAFKA_CONFIG names their settings",
    )
    return each


def run_verify(arguments: argparse.Namespace, screen: Screen) -> int:
    _, target = project_and_target(arguments)
    with target.connect() as account:
        verdicts = verify.verify(account, arguments.since)
    if screen.as_json:
        screen.json(verify.as_json(verdicts, target.database, arguments.since))
    else:
        verify.show(verdicts, screen.results)
    return 0 if verify.all_hold(verdicts) else 1


def run_demo(arguments: argparse.Namespace, screen: Screen) -> int:
    project = Project.find(arguments.project)
    plan = demo.Plan(
        arguments.count,
        arguments.rate,
        arguments.seed,
        arguments.timeout,
        arguments.broker,
        arguments.bootstrap_servers,
    )
    return 0 if demo.demo(project, plan, screen.results, screen.progress) else 1


def run_up(arguments: argparse.Namespace, screen: Screen) -> int:
    project = Project.find(arguments.project)
    plan = up.Plan(
        arguments.folder,
        arguments.account_port,
        arguments.broker_port,
        arguments.dashboard_port,
        arguments.rate,
        arguments.profile,
        browser=not arguments.no_browser,
        broker=arguments.broker,
        bootstrap_servers=arguments.bootstrap_servers,
    )
    try:
        up.up(project, plan, screen.results, screen.progress)
    except KeyboardInterrupt:
        screen.progress("everything has ended")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. With --json an error is an object on stdout as well."""
    keep_loopback_direct(os.environ)
    given = sys.argv[1:] if argv is None else list(argv)
    with standard_streams():
        screen = Screen("--json" in given)
        try:
            arguments = parser().parse_args(given)
        except WrongArguments as error:
            sys.stderr.write(error.usage)
            raise SystemExit(failed(screen, USAGE, error.message)) from None
        screen.as_json = arguments.json
        return _run(arguments, screen)


def _run(arguments: argparse.Namespace, screen: Screen) -> int:
    function: Command = arguments.function
    try:
        with Interrupts():
            code = function(arguments, screen)
            sys.stdout.flush()
            return code
    except UsageError as error:
        return failed(screen, USAGE, str(error))
    except (CommandError, ProcessError, broker.BrokerMissing) as error:
        return failed(screen, FAILED, str(error))
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` has.
        return cut_off()
    except (Error, UnicodeError) as error:
        return failed(screen, FAILED, one_line(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return failed(screen, FAILED, f"{where}{error.strerror or one_line(error)}")
    except EOFError:
        return failed(screen, FAILED, "there was no answer: nothing was done")
    except KeyboardInterrupt:
        return failed(screen, INTERRUPTED, "interrupted")


if __name__ == "__main__":
    sys.exit(main())

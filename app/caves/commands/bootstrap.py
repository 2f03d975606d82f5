"""`caves bootstrap`: flags and output."""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from app.caves.deployment.bootstrap import Bootstrapped, Consent, bootstrap, public_keys
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import overrides, project_and_target, settings

EPILOG = """\
Once per environment, with ACCOUNTADMIN; it can be repeated at any time, before and after a
deployment. What each role may do, and how keys are made and rotated, is in docs/roles.md.

  caves bootstrap -c admin --public-key ingester=ingester.pub
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "bootstrap", run_bootstrap)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="ROLE=FILE",
        help="make the service user of deployer, ingester, analyst or operator, and give it this"
        " key; ROLE_2 is its second one, for a rotation",
    )
    each.add_argument(
        "--adopt-warehouse",
        action="store_true",
        help="put the resource monitor also on a warehouse that this project did not make, or that"
        " has another monitor",
    )
    each.add_argument(
        "--hide-bind-values",
        action="store_true",
        help="ALTER ACCOUNT SET ALLOW_BIND_VALUES_ACCESS = FALSE: query history then hides the"
        " values that statements bind, events among them, from everybody in the account",
    )


def run_bootstrap(arguments: argparse.Namespace, screen: Screen) -> int:
    project, target = project_and_target(arguments)
    keys = public_keys(settings(arguments.public_key))
    consent = Consent(arguments.adopt_warehouse, arguments.hide_bind_values)
    given = overrides(arguments, project)
    done = bootstrap(project, target, given, keys, screen.progress, consent)
    if screen.as_json:
        screen.json({"database": target.database, **asdict(done)})
        return 0
    screen.results.print(as_table("Bootstrapped", rows(done)))
    if done.adopted:
        screen.results.print(
            f"{' and '.join(done.adopted)} changed their owner and are suspended: `caves deploy"
            " --resume` starts them"
        )
    for note in done.notes:
        screen.results.print(escape(note))
    return 0


def rows(done: Bootstrapped) -> list[dict[str, str]]:
    return [
        *({"WHAT": "role", "NAME": name} for name in done.roles),
        *({"WHAT": "service user", "NAME": name} for name in done.users),
    ]

"""`caves completion`: the shell completes commands and flags."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from app.caves.screen import Screen

SHELLS = ("bash", "zsh", "tcsh")
EPILOG = """\
  bash  caves completion bash > ~/.local/share/bash-completion/completions/caves
  zsh   caves completion zsh > "${fpath[1]}/_caves"
  tcsh  caves completion tcsh > /etc/profile.d/caves.completion.csh
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = commands.add_parser("completion")
    each.set_defaults(function=run_completion, json=False)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument("shell", choices=SHELLS, help="the shell")


def run_completion(arguments: argparse.Namespace, screen: Screen) -> int:
    """The script is written once, of all flags; completing starts no Python."""
    import shtab

    from app.caves.cli import parser

    sys.stdout.write(shtab.complete(parser(), shell=arguments.shell) + "\n")
    return 0

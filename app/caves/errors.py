"""What stops a command, and how it is told: one line for people, one object for programs, an exit
code; no traceback.
"""

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Iterator
from itertools import dropwhile
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from app.caves.screen import Screen

# Each kind with its exit code.
USAGE, FAILED, INTERRUPTED = ("usage", 2), ("failed", 1), ("interrupted", 1)

# What Snowflake puts around the exception of a procedure in Python.
TRACEBACK = "Traceback (most recent call last):\n"
HANDLER = re.compile(r" in function \S+ with handler \S+$")


class CommandError(Exception):
    """The command could not do what it is for (exit code 1)."""


class UsageError(Exception):
    """The command was asked for something that makes no sense (exit code 2)."""


def one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def python_reason(text: str) -> str:
    """What a procedure or task failed with: the exception alone of a text that holds Python's
    traceback, any other text as it is."""
    _, found, trace = text.rpartition(TRACEBACK)
    lines = trace.split("\n")
    frames = [number for number, line in enumerate(lines) if line.startswith("  File ")]
    if not found or not frames:
        return text
    rest = [*dropwhile(lambda line: not line or line[0] == " ", lines[frames[-1] :])]
    reason = " ".join(" ".join(rest).split())
    return HANDLER.sub("", reason) or text


class WrongArguments(SystemExit):
    """The arguments make no sense; `usage` is the command's. It ends the program with 2, as
    argparse itself does, where nobody tells what is wrong."""

    def __init__(self, usage: str, message: str) -> None:
        super().__init__(USAGE[1])
        self.usage = usage
        self.message = message


class Parser(argparse.ArgumentParser):
    """Leaves it to `main` to tell what is wrong; parsers of commands are of this kind, too."""

    def error(self, message: str) -> NoReturn:
        raise WrongArguments(self.format_usage(), message)


def failed(screen: "Screen", kind: tuple[str, int], text: str) -> int:
    """Tell it; the exit code."""
    name, code = kind
    screen.error(text)
    if screen.as_json:
        with contextlib.suppress(OSError):
            screen.json({"error": text, "kind": name, "exit_code": code}, indent=None)
            sys.stdout.flush()
    return code


def cut_off() -> int:
    """Nobody reads the output any longer: what is left of it goes nowhere."""
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

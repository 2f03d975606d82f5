"""What stops a command: errors that the user sees as one line, without a traceback."""

import re
from itertools import dropwhile

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

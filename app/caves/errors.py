"""What can stop a command: each is one line for the user, without a traceback."""


class CommandError(Exception):
    """The command could not do what it is for (exit code 1)."""


class UsageError(Exception):
    """The command was asked for something that makes no sense (exit code 2)."""


def one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

"""Types of the commands' flags; what does not fit is wrong use."""

import argparse


def whole(text: str) -> int:
    """A whole number from 1 on."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def port(text: str) -> int:
    value = whole(text)
    if value > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: they end at 65535")
    return value


def above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value

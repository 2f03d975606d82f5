"""Types of the commands' flags; what does not fit is wrong use, and says what would."""

import argparse
import math
import re


def integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, such as 5") from None


def whole(text: str) -> int:
    """A whole number from 1 on."""
    value = integer(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def port(text: str) -> int:
    value = whole(text)
    if value > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: they end at 65535")
    return value


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, such as 2.5") from None


def above_zero(text: str) -> float:
    value = number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def days(text: str) -> str:
    """A number of whole days, with its unit: 28d."""
    if not re.fullmatch(r"[1-9]\d{0,3}d", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, such as 28d")
    return text

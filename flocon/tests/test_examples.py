"""The examples in the docstrings of what users import."""

import doctest
import importlib
import os
from pathlib import Path

import pytest

import flocon

MODULES = (
    "flocon",
    "flocon.account_process",
    "flocon.connectable",
    "flocon.in_process",
    "flocon.named_account",
    "flocon.testing.keys",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_public_modules_are_right(
    name: str, flocon_account: flocon.AccountProcess, tmp_path: Path
) -> None:
    module = importlib.import_module(name)
    names = {"account": flocon_account, "folder": tmp_path, "os": os}
    result = doctest.testmod(module, extraglobs=names, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
    assert result.attempted > 0


@pytest.mark.parametrize("name", flocon.__all__)
def test_what_the_package_gives_out_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(flocon, name).__doc__

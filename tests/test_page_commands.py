"""Each command that a page tells its reader to type is one that its program accepts.

What programs need to be run at all is elsewhere: docs/operations.md in
tests/app/test_operations_manual.py, docs/how-to-change.md, README's change and the tutorial in
tests/change/, the order of a deployment in tests/procedures/.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from connections.key_files import private_key
from tests.test_documents import (
    CODE_BLOCK,
    CODE_SPAN,
    INDENTED_CODE,
    PARSERS,
    ROOT,
    pages,
    text_of,
    without_code,
)

SHELLS = ("bash", "console", "sh", "shell")
# Programs of others, which this machine need not have: their commands, by their own pages.
# https://docs.redpanda.com/current/reference/rpk/
FOREIGN: dict[str, dict[str, tuple[str, ...]]] = {
    "git": {"checkout": (), "clone": ()},
    "pre-commit": {"install": ()},
    "rpk": {
        "security user create": ("--password", "--mechanism"),
        "security acl create": ("--allow-principal", "--operation", "--topic", "--group"),
    },
}
# Commands of snowflake-cli 3.30 with their flags; asking its --help takes two seconds for each.
# Tests of deployments and of stages run all but `connection` and `object`.
SNOW: dict[str, tuple[str, ...]] = {
    "connection add": ("-n", "-a", "-u", "-p", "-h", "-P", "--protocol", "--no-interactive"),
    "connection test": ("--connection",),
    "object create": (),
    "snowpark": (),
    "snowpark build": (),
    "snowpark deploy": ("--replace",),
    "sql": ("-f", "-q"),
    "stage copy": (),
    "stage create": ("--enable-directory",),
    "stage describe": (),
    "stage execute": (),
    "streamlit deploy": ("--replace",),
}
SHELL_WORDS = {"chmod", "export", "source", "kill"}
SETTING = re.compile(r"^(?:\w+=\S+ +)+")


def typed(text: str) -> Iterator[str]:
    """The lines of a page's shells, continued ones joined: indented, or in a block of a shell."""
    blocks = [match[3] for match in CODE_BLOCK.finditer(text) if match[2] in SHELLS]
    indented = INDENTED_CODE.findall(CODE_BLOCK.sub("", text))
    for line in "\n".join([*blocks, *indented]).replace("\\\n", " ").splitlines():
        command = SETTING.sub("", " ".join(re.sub(r" +# .*$", "", line).split()))
        if command and not re.match(r"[A-Z]|\w+ +=|-- ", command):  # SQL, a grammar's line
            yield command


def told(text: str) -> Iterator[str]:
    """The commands within a sentence or a table that begin with one of these programs."""
    for span in CODE_SPAN.findall(CODE_BLOCK.sub("", text)):
        command = SETTING.sub("", " ".join(span.split()))
        if re.match(
            r"(?:snow|pip|docker compose|pytest|streamlit|\.venv/bin/\w+|python -m) ", command
        ):
            yield command


def refused(command: str, page: str = "") -> str | None:
    """Why its program would not accept a command of a page; None if it would."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return str(error)
    if not words:
        return None
    program, arguments = words[0].removeprefix(".venv/bin/"), words[1:]
    if program in ("python", "python3") and arguments[:1] == ["-m"] and arguments[1:]:
        program, arguments = arguments[1], arguments[2:]
    elif program == "python" and arguments and arguments[0].startswith("ingest/"):
        program, arguments = arguments[0].removesuffix(".py").replace("/", "."), arguments[1:]
    if program in FOREIGN:
        return by_table(FOREIGN[program], arguments)
    if program in SHELL_WORDS or "…" in command or program in ("make", "python"):
        return None  # make and modules: tests/test_documents.py
    if program in PARSERS:
        return by_argparse(program, arguments)
    if program == "pytest":
        return by_pytest(arguments, page)
    check = CHECKS.get(program)
    return check(arguments) if check else f"nobody checks {program!r}"


def by_argparse(program: str, arguments: list[str]) -> str | None:
    if "--help" in arguments or "--version" in arguments or "[" in arguments:
        return None
    try:
        parser_of(program).parse_args(
            [each.replace("HOST:PORT", "127.0.0.1:9092") for each in arguments]
        )
    except SystemExit:
        return "its parser refuses it"
    return None


@functools.cache
def parser_of(program: str) -> argparse.ArgumentParser:
    return PARSERS[program]()


def by_snow(arguments: list[str]) -> str | None:
    """The words before the flags are a command of `snow`, and the flags are flags of it."""
    words = list(itertools.takewhile(lambda word: re.fullmatch("[a-z]+", word), arguments))
    command = " ".join(words[: 1 if words[:1] == ["sql"] else 2])
    if command not in SNOW:
        return f"{command!r} is no command of snow that the pages know"
    flags = {word for word in arguments if re.match(r"--?[a-zA-Z]", word)}
    unknown = sorted(flags - {"-c", "--env", *SNOW[command]})
    return f"no flags of snow: {unknown}" if unknown else None


def by_table(commands: dict[str, tuple[str, ...]], arguments: list[str]) -> str | None:
    """It begins with one of the commands, and has flags of that one alone."""
    for command, flags in commands.items():
        words = command.split()
        if arguments[: len(words)] == words:
            unknown = sorted({word for word in arguments if word.startswith("-")} - {*flags})
            return f"no flags of {command}: {unknown}" if unknown else None
    return f"{arguments} are no command that the pages know"


def by_pytest(arguments: list[str], page: str) -> str | None:
    """Its files exist, and the word of -k is in their tests, or in those that the page adds."""
    files = [word for word in arguments if "/" in word and not word.startswith("-")]
    if missing := [name for name in files if not (ROOT / name).exists()]:
        return f"there is no {missing}"
    if "-k" in arguments:
        word = arguments[arguments.index("-k") + 1]
        text = page + "".join((ROOT / name).read_text("utf-8") for name in files)
        if not re.search(rf"def test_\w*{word}|: {word}\b", text):
            return f"no test of {files} has {word!r}"
    return None


def by_pip(arguments: list[str]) -> str | None:
    match arguments:
        case ["install", "-r", name]:
            return None if (ROOT / name).is_file() else f"there is no {name}"
        case ["install", *targets]:
            for target in targets:
                folder, _, extra = target.rstrip("]").partition("[")
                project = ROOT / folder / "pyproject.toml"
                if folder.startswith("."):
                    text = project.read_text("utf-8") if project.exists() else ""
                    if not text or (extra and not re.search(rf"^{extra} = \[", text, re.MULTILINE)):
                        return f"{target} cannot be installed"
            return None
    return None


def by_docker(arguments: list[str]) -> str | None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    profiles = {name for each in services.values() for name in each.get("profiles", [])}
    named = [after for word, after in itertools.pairwise(arguments) if word == "--profile"]
    return f"no profiles: {named}" if set(named) - profiles else None


def by_streamlit(arguments: list[str]) -> str | None:
    if arguments[:1] != ["run"]:
        return "no command of streamlit"
    return None if all((ROOT / name).is_file() for name in arguments[1:2]) else "no such page"


def installed(arguments: list[str]) -> str | None:
    return None


CHECKS: dict[str, Callable[[list[str]], str | None]] = {
    "docker": by_docker,
    "openssl": installed,  # run below
    "pip": by_pip,
    "snow": by_snow,
    "sqlfluff": installed,  # make check runs it
    "streamlit": by_streamlit,
    "tests.procedures.derived": installed,  # make events runs it
    "bench.ingest": installed,  # tests/bench
    "bench.latency": installed,
    "bench.scale_out": installed,
    "kafka-acls.sh": installed,  # tests/kafka/test_rights.py
    "kafka-configs.sh": installed,
    "local": installed,  # tests/test_local.py
}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_is_accepted_by_its_program(page: Path) -> None:
    text = text_of(page)
    found = {each: refused(each, text) for each in (*typed(text), *told(text))}

    assert {command: why for command, why in found.items() if why} == {}


@pytest.mark.parametrize(
    "command",
    [
        "caves deploy --profile",
        "caves up --dashboard-port much",
        "python ingest/ingester.py --batch-max-events few",
        "snow snowpark deplore",
        "snow snowpark deploy --gone",
        "pytest -q tests/procedures/test_gone.py",
        "pytest -q tests/procedures/test_orders_transforms.py -k no_such_test",
        "pip install -r gone.txt",
        "pip install '.[gone]'",
        "docker compose --profile gone up",
        "streamlit run app/gone.py",
        "unheard-of --flag",
        "rpk security user destroy",
        "rpk security user create --loud",
        "caves 'deploy",
    ],
)
def test_a_command_that_no_program_accepts_is_found(command: str) -> None:
    assert refused(command)


def test_a_page_is_read_as_its_reader_reads_it() -> None:
    page = "\n".join(
        [
            "",
            "",
            "    A=1 caves verify --since 2h   # the younger ones",
            "    caves deploy \\",
            "        -c prod",
            "    SELECT 1;",
            "",
            "`snow sql -q x` and `caves status`",
            "```python",
            "caves()",
            "```",
        ]
    )
    assert list(typed(page + "\n")) == ["caves verify --since 2h", "caves deploy -c prod"]
    assert list(told(page)) == ["snow sql -q x"]
    assert "caves()" not in without_code(page)


def test_the_keys_of_the_page_on_roles_are_made_by_its_commands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "roles.md").read_text("utf-8")
    make, publish = [each for each in typed(page) if each.startswith("openssl")]
    passphrase = {"PASSPHRASE": "château", "PATH": "/usr/bin:/bin"}
    for command in (f"{make} -passout env:PASSPHRASE", f"{publish} -passin env:PASSPHRASE"):
        subprocess.run(command, shell=True, cwd=tmp_path, env=passphrase, check=True)

    assert "BEGIN PUBLIC KEY" in (tmp_path / "ingester.pub").read_text()
    assert "BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "ingester.p8").read_text()
    key = {"private_key_file": str(tmp_path / "ingester.p8")}
    assert private_key("ingester", key, "château")

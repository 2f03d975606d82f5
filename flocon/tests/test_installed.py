"""In a fresh environment, with nothing but what the package declares: the pages' examples."""

import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import FreshEnvironment

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
FIRST, IN_A_PROGRAM, ORDERS, TEST_ORDERS = EXAMPLES


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> FreshEnvironment:
    return FreshEnvironment(tmp_path_factory.mktemp("fresh"))


@pytest.fixture
def home(fresh: FreshEnvironment, tmp_path: Path) -> Iterator[Path]:
    """`flocon` runs as the page says, and the entry that it prints is in connections.toml."""
    process = subprocess.Popen(
        [str(fresh.bin / "flocon"), "--port", "0", "--data", str(tmp_path / "shop")],
        cwd=tmp_path,
        env=fresh.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    printed = ""
    while "Stop it with" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    entry = "".join(line[4:] for line in printed.splitlines(True) if line.startswith("    "))
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "connections.toml").write_text(entry)
    (folder / "connections.toml").chmod(0o600)
    yield folder
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_the_first_example_of_the_readme_moves_rows(
    fresh: FreshEnvironment, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "first.py").write_text(FIRST)
    done = fresh.run("python", "first.py", cwd=tmp_path, SNOWFLAKE_HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^\|(\d+) +\|(.*?) +\|$", done.stdout, re.MULTILINE) == [
        ("1", "Pinot noir"),
        ("2", "Riesling"),
    ]


def test_the_example_in_a_program_greets(fresh: FreshEnvironment, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(IN_A_PROGRAM)
    done = fresh.run("python", "program.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[('hello',)]\n")
    assert done.stdout.count("|2     |") == 1


def test_the_example_of_a_project_is_a_project_whose_tests_pass(
    fresh: FreshEnvironment, tmp_path: Path
) -> None:
    fresh.install(["pytest"])
    (tmp_path / "orders.py").write_text(ORDERS)
    (tmp_path / "test_orders.py").write_text(TEST_ORDERS)
    done = fresh.run("python", "-m", "pytest", "-q", cwd=tmp_path)
    assert re.search(r"^2 passed", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_nothing_of_the_pipeline_is_there_or_asked_for(
    fresh: FreshEnvironment, tmp_path: Path
) -> None:
    program = (
        "import importlib, importlib.util, pkgutil, flocon\n"
        "for each in pkgutil.walk_packages(flocon.__path__, 'flocon.'):\n"
        "    if each.name not in ('flocon.pytest_plugin', 'flocon.testing.snow'):\n"
        "        importlib.import_module(each.name)\n"
        "names = ['app', 'ingest', 'procedures', 'connections', 'local', 'kafka', 'streamlit']\n"
        "print([name for name in names if importlib.util.find_spec(name)])\n"
    )
    (tmp_path / "everything.py").write_text(program)
    done = fresh.run("python", "everything.py", cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_the_wheel_has_the_licence_the_types_and_its_programs(fresh: FreshEnvironment) -> None:
    names = zipfile.ZipFile(fresh.wheel).namelist()
    (info,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    for name in ("licenses/LICENSE", "licenses/NOTICE", "entry_points.txt"):
        assert f"{info}/{name}" in names
    assert "flocon/py.typed" in names
    assert {name.partition("/")[0] for name in names} == {"flocon", info}


def test_the_command_says_its_version(fresh: FreshEnvironment, tmp_path: Path) -> None:
    done = fresh.run("flocon", "--version", cwd=tmp_path)
    assert re.fullmatch(r"flocon \d+\.\d+\.\d+\n", done.stdout)
    assert fresh.wheel.name.startswith(f"flocon-{done.stdout.split()[1]}-")

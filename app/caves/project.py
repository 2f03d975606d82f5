"""The project on disk: what is deployed, and the settings in snowflake.yml."""

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from app.caves.errors import UsageError

NUMBERED = re.compile(r"(\d\d)_\w+\.sql")
PROCEDURES_STEP = 4
START = 9
TEARDOWN = 99
# Of libyaml, where PyYAML was built with it: a sixth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class SqlFile:
    """One file of app/sql; its number is its place in the deployment."""

    number: int
    path: Path


@dataclass(frozen=True)
class Project:
    """A checkout of this repository."""

    root: Path

    @classmethod
    def find(cls, root: Path | None = None) -> "Project":
        """The project at `root`, by default the one that this package belongs to."""
        found = (root or Path(__file__).parents[2]).resolve()
        if not (found / "snowflake.yml").is_file():
            raise UsageError(
                f"{found} has no snowflake.yml: give the project's folder as --project"
            )
        return cls(found)

    @cached_property
    def definition(self) -> dict[str, Any]:
        """snowflake.yml, with its placeholders as they are."""
        file = self.root / "snowflake.yml"
        try:
            found: Any = yaml.load(file.read_text("utf-8"), _LOADER)
        except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
            raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())}") from error
        if not isinstance(found, dict) or not isinstance(found.get("env", {}), dict):
            raise UsageError(f"{file} is no project definition with a section env")
        return found

    @property
    def dashboard(self) -> Path:
        """The folder of the dashboard, a `snow` project of its own."""
        return self.root / "app" / "dashboard"

    @property
    def dashboard_definition(self) -> dict[str, Any]:
        """Its snowflake.yml, with its placeholders as they are."""
        found: dict[str, Any] = yaml.load(
            (self.dashboard / "snowflake.yml").read_text("utf-8"), _LOADER
        )
        return found

    @property
    def env(self) -> dict[str, str]:
        """The `env:` section of snowflake.yml, which the SQL files use."""
        env = self.definition.get("env", {})
        return {str(key): "" if value is None else str(value) for key, value in env.items()}

    @property
    def revision(self) -> str | None:
        """What git calls this version; None outside a repository."""
        command = ["git", "-C", str(self.root), "describe", "--tags", "--always", "--dirty"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return None
        return done.stdout.strip() or None

    def sql_files(self) -> list[SqlFile]:
        """The files of the deployment, in order; neither the start of the tasks, which the
        deployment does itself, nor the teardown is one of them.
        """
        return [each for each in self._numbered() if each.number not in (START, TEARDOWN)]

    def admin_files(self) -> list[Path]:
        """What an administrator runs once per environment, in order."""
        return sorted((self.root / "app" / "sql" / "admin").glob("*.sql"))

    def masking_files(self) -> list[Path]:
        """What hides customers from those who read tables, where the setting asks for it."""
        return sorted((self.root / "app" / "sql" / "masking").glob("*.sql"))

    def teardown_file(self) -> SqlFile:
        [file] = [each for each in self._numbered() if each.number == TEARDOWN]
        return file

    def _numbered(self) -> list[SqlFile]:
        found = []
        for path in sorted((self.root / "app" / "sql").glob("*.sql")):
            if match := NUMBERED.fullmatch(path.name):
                found.append(SqlFile(int(match[1]), path))
        return found

    @contextlib.contextmanager
    def copy_for_deployment(self) -> Iterator["Project"]:
        """A copy of what is deployed, in a folder that vanishes.

        `snow snowpark build` writes its archives beside snowflake.yml: in a copy two deployments
        never meet, and the checkout stays as it was.
        """
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "*.zip")
        with tempfile.TemporaryDirectory(prefix="caves-build-") as folder:
            root = Path(folder)
            for name in ("snowflake.yml", "requirements.txt"):
                shutil.copy(self.root / name, root / name)
            for name in ("app", "procedures"):
                shutil.copytree(self.root / name, root / name, ignore=ignored)
            yield Project(root)

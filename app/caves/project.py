"""The project on disk: what is deployed, and the settings in snowflake.yml."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from app.caves.errors import UsageError

NUMBERED = re.compile(r"(\d\d)_\w+\.sql")
PROCEDURES_STEP = 4
TEARDOWN = 99


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

    @property
    def env(self) -> dict[str, str]:
        """The `env:` section of snowflake.yml, which the SQL files use."""
        definition = yaml.safe_load((self.root / "snowflake.yml").read_text(encoding="utf-8"))
        return {key: str(value) for key, value in definition.get("env", {}).items()}

    def sql_files(self) -> list[SqlFile]:
        """The files of the deployment, in order; the teardown is none of them."""
        return [each for each in self._numbered() if each.number != TEARDOWN]

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
            for name in (".streamlit", "app", "procedures"):
                shutil.copytree(self.root / name, root / name, ignore=ignored)
            yield Project(root)

"""What a procedure's process runs: one version of its definition and files, copied aside."""

import hashlib
import shutil
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

_UPLOAD_PATIENCE = 2.0


@dataclass(frozen=True)
class Code:
    """What runs: a procedure's or function's definition and its files, as they are at the moment of
    the call.

    procedure: its full name with argument types, for the log and to tell versions from others.
    returns: the base of the type, TABLE for rows.
    """

    procedure: str
    handler: str
    returns: str
    body: str | None = None
    files: tuple[Path, ...] = ()


@dataclass
class Version:
    """A version in use: its copied files, and whether a newer one has taken its place."""

    digest: str
    procedure: str
    folder: Path
    paths: list[str] = field(default_factory=list)
    calls: int = 0
    replaced: bool = False


class Versions:
    """The versions in use, each with its files in a folder of its own: a process that imports late
    finds what it started with. Not thread-safe: `hold` and `release` go under the pool's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions: dict[str, Version] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def hold(self, code: Code, contents: dict[str, bytes]) -> tuple[Version, list[Version]]:
        """The version of this code for one more call, and those that it replaces."""
        digest = _digest(code, contents)
        version = self._versions.get(digest)
        if version is None:
            version = Version(digest, code.procedure, self._folder / digest)
            version.paths = _copied(contents, version.folder)
            self._versions[digest] = version
        version.calls += 1
        version.replaced = False
        others = [
            other
            for other in self._versions.values()
            if other.procedure == version.procedure and other is not version
        ]
        for other in others:
            other.replaced = True
            self._forget_if_unused(other)
        return version, others

    def release(self, version: Version) -> None:
        """A call of the version is over; the files of a replaced one go with its last call."""
        version.calls -= 1
        self._forget_if_unused(version)

    def _forget_if_unused(self, version: Version) -> None:
        if version.replaced and not version.calls:
            self._versions.pop(version.digest, None)
            shutil.rmtree(version.folder, ignore_errors=True)


def contents(code: Code) -> dict[str, bytes]:
    """The code's files as they are now."""
    return {path.name: _stable_bytes(path) for path in code.files}


def _digest(code: Code, contents: dict[str, bytes]) -> str:
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    parts = (code.procedure, code.handler, code.returns, code.body, files)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _copied(contents: dict[str, bytes], folder: Path) -> list[str]:
    """Write the files into the folder; returns those that are module paths themselves."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents if name.endswith((".zip", ".whl", ".egg"))]


def _stable_bytes(path: Path) -> bytes:
    """A staged file's content; of a zip in the middle of its upload the whole, a moment later."""
    deadline = time.monotonic() + _UPLOAD_PATIENCE
    while path.suffix == ".zip" and not zipfile.is_zipfile(path) and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.read_bytes()

"""Where staged files lie: a folder of the data folder for each stage, table and app.

A name of Snowflake's may hold anything: no name becomes a path as it is, and nothing outside of
the folder is ever removed.
"""

import contextlib
import hashlib
import re
import shutil
from pathlib import Path

from fakesnow.transforms import stage

_PLAIN = re.compile(r"[A-Z0-9_$]")
_ENCODED = re.compile(r"(?:[A-Z0-9_$]|\+[0-9a-f]{2})+|\+\+[0-9a-f]{64}")
_TABLE = "%"
_APP = "$streamlit"
# A file system takes 255 bytes for a name.
_LONGEST = 200

# fakesnow makes a folder for stages of its own where it is imported, and never removes it.
with contextlib.suppress(OSError):
    Path(stage.LOCAL_BUCKET_PATH).rmdir()


def folder_name(name: str) -> str:
    """The name of an object's folder: upper-case letters, digits, _ and $ as they are, all other
    bytes as +xx, and of a name that is too long for that its digest. Two names never share a
    folder, even where the file system does not tell upper case from lower."""
    encoded = "".join(
        chr(byte) if _PLAIN.match(chr(byte)) else f"+{byte:02x}"
        for byte in name.encode("utf-8", "surrogatepass")
    )
    if len(encoded) > _LONGEST:
        return "++" + hashlib.sha256(encoded.encode()).hexdigest()
    return encoded


class StageFiles:
    """The folder `stages` of a data folder: DATABASE/SCHEMA/STAGE, DATABASE/SCHEMA/%TABLE and
    DATABASE/SCHEMA/APP$streamlit. Beside it `user_stages`, with a folder for each user's."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self._root = root.resolve()
        self._users = self._root.with_name("user_stages")
        self._take_over()

    def stage(self, database: str, schema: str, name: str) -> Path:
        return self._schema(database, schema) / folder_name(name)

    def table(self, database: str, schema: str, name: str) -> Path:
        return self._schema(database, schema) / f"{_TABLE}{folder_name(name)}"

    def app(self, database: str, schema: str, name: str) -> Path:
        return self._schema(database, schema) / f"{folder_name(name)}{_APP}"

    def user(self, name: str) -> Path:
        return self._users / folder_name(name)

    def remove(self, folder: Path) -> None:
        """Delete a stage's, table's or app's folder, with what is in it."""
        inside = folder.parent.resolve() / folder.name
        if not inside.is_relative_to(self._root) or inside == self._root:
            raise ValueError(f"{folder} is not a folder of the stages")
        if inside.is_symlink():
            inside.unlink()
        else:
            shutil.rmtree(inside, ignore_errors=True)

    def move(self, old: Path, new: Path) -> None:
        """A folder of the stages becomes that of another name."""
        self.remove(new)
        if old.is_dir() and not old.is_symlink():
            old.rename(new)

    def remove_schema(self, database: str, schema: str) -> None:
        self.remove(self._schema(database, schema))

    def remove_database(self, database: str) -> None:
        self.remove(self._root / folder_name(database))

    def _schema(self, database: str, schema: str) -> Path:
        return self._root / folder_name(database) / folder_name(schema)

    def _take_over(self) -> None:
        """Folders that an earlier version of the account has named by the names themselves."""
        for database in _folders(self._root):
            _rename(database, folder_name(database.name))
        for database in _folders(self._root):
            for schema in _folders(database):
                _rename(schema, folder_name(schema.name))
            for schema in _folders(database):
                for files in _folders(schema):
                    _rename(files, _taken_over(files.name))


def _folders(place: Path) -> list[Path]:
    return [each for each in place.iterdir() if each.is_dir() and not each.is_symlink()]


def _taken_over(name: str) -> str:
    if name.startswith(_TABLE):
        return f"{_TABLE}{_kept(name[len(_TABLE) :])}"
    if name.endswith(_APP):
        return f"{_kept(name.removesuffix(_APP))}{_APP}"
    return _kept(name)


def _kept(name: str) -> str:
    return name if _ENCODED.fullmatch(name) else folder_name(name)


def _rename(folder: Path, name: str) -> None:
    name = folder.name if _ENCODED.fullmatch(folder.name) else name
    if name != folder.name and not (folder.parent / name).exists():
        folder.rename(folder.parent / name)

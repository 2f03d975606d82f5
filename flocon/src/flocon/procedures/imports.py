"""The IMPORTS of a procedure: staged files, by names that hold in every session."""

import re
from pathlib import Path

from flocon.core import errors
from flocon.session.context import Context
from flocon.session.stage_location import stage_location
from flocon.sql.tokens import Tokens

_LOCATION = re.compile(r'@(?P<stage>(?:"[^"]*"|[^/"])+)(?P<path>/.+)')


def qualified(context: Context, location: str) -> str:
    """@[[database.]schema.]stage/file with nothing left to the session's current names."""
    match = _LOCATION.fullmatch(location)
    if match is None:
        raise errors.compilation(
            errors.INVALID_PROPERTY, f"Invalid import '{location}': it must be '@stage/file'."
        )
    if match["stage"][0] in "~%":
        raise errors.unsupported("imports from user and table stages")
    full = context.resolve(Tokens(match["stage"]).name())
    parts = (full.database, full.schema, full.name)
    return f"@{'.'.join(identifier(part) for part in parts)}{match['path']}"


def staged_file(context: Context, location: str) -> Path:
    """The file at a location. Raises 002003 if there is no such file."""
    place = stage_location(context, location)
    file = place.folder / place.path
    if file.is_symlink() or not file.is_file():
        raise errors.does_not_exist("Stage file", location)
    return file


def identifier(name: str) -> str:
    """A name as SQL: quoted where it must be."""
    plain = re.fullmatch(r"[A-Z_][A-Z0-9_$]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'

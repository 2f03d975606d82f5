"""The data folder is its owner's alone: other users of the machine read nothing of it."""

import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)

_OTHERS = 0o077


def keep_new_files_private() -> None:
    """For all that this process and those that it starts make: folders 0700, files 0600."""
    os.umask(_OTHERS)


def make_private(folder: Path) -> None:
    """The folder and all in it, which may have come about otherwise. A folder that is another
    user's is left as it is, with a warning."""
    if not folder.stat().st_mode & _OTHERS:
        return
    try:
        for place, _, files in os.walk(folder):
            for path in (Path(place), *(Path(place, name) for name in files)):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode & ~_OTHERS)
    except OSError as error:
        logger.warning("%s is open to other users of this machine: %s", folder, error)

"""The ingester's files in its stage: uploaded before a transaction, removed behind it, and swept
where a crash has left them.

A file has a name that nobody else gives, and is loaded by nobody but the ingester that uploaded it,
once: by the statement that names it, whose transaction has the fence. So a file that is left is
only in the way, and one that is missing fails its COPY INTO: nothing rests on either.
"""

import logging
import re
import uuid
from collections.abc import Callable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from io import BytesIO
from typing import Any

log = logging.getLogger(__name__)

STAGE = "{database}.RAW_DATA.INGEST_FILES"
PUT = "PUT 'file:///{file}' @" + STAGE + " AUTO_COMPRESS = FALSE OVERWRITE = TRUE"
LIST = "LIST @" + STAGE
REMOVE = "REMOVE @" + STAGE + "/{file}"
NOW = "SELECT SYSDATE()"

# The one part of a file's name that is in SQL text, and it is made here.
_OURS = re.compile(r"(?:.*/)?([0-9a-f]{32}\.parquet)", re.S)
# A file is loaded within minutes of its upload, or never.
STALE = timedelta(hours=1)
SWEEP_SECONDS = 3600.0
# After trouble in this lane the other one is taken for so long, and twice as long each time that
# it is met again: a firewall before the stage's storage stays where it is.
FIRST_REST_SECONDS = 2.0
LONGEST_REST_SECONDS = 600.0

# Runs a statement, with a file to upload if there is one; returns its rows. Raises IngestError.
Run = Callable[[str, str, BytesIO | None], list[Any]]


class StagedFiles:
    """`run` must not be used by anybody else meanwhile."""

    def __init__(self, run: Run, clock: Callable[[], float]) -> None:
        self._run = run
        self._clock = clock
        self._has_pyarrow = find_spec("pyarrow") is not None
        self._rest_seconds = FIRST_REST_SECONDS
        self._rests_until = 0.0
        self._sweep_at = 0.0
        # What this ingester has uploaded and not removed.
        self._uploaded: set[str] = set()

    @property
    def usable(self) -> bool:
        return self._has_pyarrow and self._clock() >= self._rests_until

    def rest(self, error: Exception) -> None:
        """Take no files for a while."""
        self._rests_until = self._clock() + self._rest_seconds
        log.warning("no files for %.0f s, statements alone: %s", self._rest_seconds, error)
        self._rest_seconds = min(LONGEST_REST_SECONDS, 2 * self._rest_seconds)

    def upload(self, content: BytesIO) -> str:
        """Returns the file's name."""
        name = f"{uuid.uuid4().hex}.parquet"
        self._uploaded.add(name)
        self._run(PUT.replace("{file}", name), "uploading a file", content)
        return name

    def remove_own(self) -> None:
        """Remove what this ingester has uploaded: one file was loaded, and others may be left of
        attempts before. What cannot be removed now is tried again the next time."""
        for name in sorted(self._uploaded):
            self._remove(name)
            self._uploaded.discard(name)
            self._rest_seconds = FIRST_REST_SECONDS

    def sweep(self) -> None:
        """Once in SWEEP_SECONDS: remove what ingesters have left that did not come back for it."""
        if not self._has_pyarrow or self._clock() < self._sweep_at:
            return
        self._sweep_at = self._clock() + SWEEP_SECONDS
        found = self._run(LIST, "looking for files that were left", None)
        if not found:
            return
        [[now]] = self._run(NOW, "asking for the time", None)
        for path, _, _, changed, *_ in found:
            match = _OURS.fullmatch(str(path))
            age = now.replace(tzinfo=UTC) - parsedate_to_datetime(str(changed))
            if match is not None and age > STALE:
                self._remove(match[1])
                log.info("removed %s, which was left %s ago", match[1], age)

    def _remove(self, name: str) -> None:
        self._run(REMOVE.replace("{file}", name), "removing a file", None)

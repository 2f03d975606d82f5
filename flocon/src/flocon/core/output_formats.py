"""How a session writes dates, times, timestamps and bytes as texts, and has its client write them.

https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class OutputFormats(NamedTuple):
    """The parameters of that name; a kind of timestamp without a format of its own has ''."""

    date: str = "YYYY-MM-DD"
    time: str = "HH24:MI:SS"
    timestamp: str = "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"
    timestamp_ntz: str = "YYYY-MM-DD HH24:MI:SS.FF3"
    timestamp_ltz: str = ""
    timestamp_tz: str = ""
    binary: str = "HEX"

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> OutputFormats:
        """Those of a session; None for the default."""
        told = ((each, parameters.get(f"{each.upper()}{_NAME}")) for each in cls._fields)
        return cls(**{each: str(value) for each, value in told if value is not None})

    def parameters(self) -> Iterator[tuple[str, str]]:
        """Each with the parameter's name."""
        for each, value in self._asdict().items():
            yield f"{each.upper()}{_NAME}", value

    def in_force(self, kind: str) -> str:
        """The format of a field's values, which for a kind of timestamp may be that of all."""
        own: str = getattr(self, kind)
        return own or self.timestamp


_NAME = "_OUTPUT_FORMAT"
DEFAULT = OutputFormats()

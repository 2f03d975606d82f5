"""The values of session variables, and how a statement's text says them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE

# Snowflake's names of types, by Python's.
_TYPES = (
    (bool, "boolean"),
    (int | Decimal, "fixed"),
    (float, "real"),
    (datetime, "timestamp_ntz"),
    (date, "date"),
    (time, "time"),
    (bytes, "binary"),
)


@dataclass(frozen=True)
class Variable:
    """kind: the engine's type of its value."""

    value: Any
    kind: str
    created_on: datetime
    updated_on: datetime

    @property
    def type_name(self) -> str:
        return next((name for kind, name in _TYPES if isinstance(self.value, kind)), "text")

    @property
    def text(self) -> str | None:
        if self.value is None or isinstance(self.value, str):
            return self.value
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return self.value.hex().upper() if isinstance(self.value, bytes) else str(self.value)

    @property
    def literal(self) -> str:
        """The value in Snowflake's SQL."""
        if self.value is None:
            return "NULL"
        text = str(self.text)
        if isinstance(self.value, bool | int | Decimal):
            return text.upper()
        quoted = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
        if isinstance(self.value, float):
            return f"{quoted}::FLOAT"
        if isinstance(self.value, bytes):
            return f"TO_BINARY({quoted}, 'HEX')"
        if isinstance(self.value, datetime):
            zone = "TZ" if self.kind == ENGINE_TYPE else "LTZ" if self.value.tzinfo else "NTZ"
            return f"{quoted}::TIMESTAMP_{zone}"
        if isinstance(self.value, date | time):
            return f"{quoted}::{'DATE' if isinstance(self.value, date) else 'TIME'}"
        return quoted


def unknown(name: str) -> errors.SnowflakeError:
    return errors.compilation(errors.UNKNOWN_VARIABLE, f"Session variable '${name}' does not exist")

"""Settings of the Kafka client beyond the brokers' addresses: security, timeouts.

The same file and the same variables as the ingester's: lines of `name=value` (Java's dotted names
are taken as well), and CAVES_KAFKA_<NAME> in the environment, which wins.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.caves.errors import UsageError

PREFIX = "CAVES_KAFKA_"
FILE_VARIABLE = "CAVES_KAFKA_CONFIG"
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_settings(path: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that a consumer knows, typed; those of a producer alone are passed over."""
    texts = _from_file(path or environ.get(FILE_VARIABLE))
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE:
            texts[variable.removeprefix(PREFIX).lower()] = value
    defaults = _defaults()
    return {
        name: _typed(name, text, defaults[name]) for name, text in texts.items() if name in defaults
    }


def _defaults() -> Mapping[str, Any]:
    """Imported here: only who asks for a topic's end needs a Kafka client."""
    try:
        from kafka import KafkaConsumer
    except ModuleNotFoundError:
        raise UsageError("--bootstrap-servers needs kafka-python, which is not installed") from None
    return KafkaConsumer.DEFAULT_CONFIG


def _from_file(path: str | None) -> dict[str, str]:
    if not path:
        return {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the Kafka settings in {path!r}: {error}") from error
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith(("#", "!")))
    return {
        name.strip().replace(".", "_").lower(): value.strip() for name, sign, value in pairs if sign
    }


def _typed(name: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return WORDS[text.lower()]
        if isinstance(default, int | float):
            return type(default)(text)
    except (KeyError, ValueError):
        raise UsageError(f"{text!r} is no value for the Kafka setting {name!r}") from None
    return text

"""INFORMATION_SCHEMA.PACKAGES: what procedures may import is what is installed here."""

import sys
from collections.abc import Iterable
from email import message_from_string
from functools import cache
from importlib.metadata import Distribution, distributions

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from flocon.core import errors, result

COLUMNS = result.columns("PACKAGE_NAME", "VERSION", "LANGUAGE", "RUNTIME_VERSION")
_UNRESOLVED = errors.Code(391546, "22023")


@cache
def installed() -> dict[str, str]:
    """Package name → version. Read once: the account's environment does not change under it."""
    found: dict[str, str] = {}
    for distribution in distributions():
        name, version = _named(distribution)
        found.setdefault(canonicalize_name(name), version)
    return dict(sorted(found.items()))


def _named(distribution: Distribution) -> tuple[str, str]:
    """A package's name and version, without reading its description, which may be a book."""
    written = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    headers = message_from_string(written.partition("\n\n")[0])
    if headers["Name"] and headers["Version"]:
        return headers["Name"], headers["Version"]
    return distribution.metadata["Name"], distribution.version


def packages() -> result.Result:
    """The relation INFORMATION_SCHEMA.PACKAGES."""
    runtime = f"{sys.version_info.major}.{sys.version_info.minor}"
    rows = [(name, version, "python", runtime) for name, version in installed().items()]
    return result.of(COLUMNS, rows, result.SELECT)


def resolved(requirements: Iterable[str]) -> list[str]:
    """The PACKAGES clause with the installed versions; Snowflake's error for what is missing."""
    return [_resolved(text) for text in requirements]


def check(kind: str, requirements: Iterable[str]) -> None:
    """The PACKAGES of a procedure or function: all of them installed, a procedure's Snowpark among
    them."""
    names = [text.partition("==")[0] for text in resolved(requirements)]
    if kind == "PROCEDURE" and not any(
        canonicalize_name(name) == "snowflake-snowpark-python" for name in names
    ):
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            "A Python stored procedure needs the package 'snowflake-snowpark-python' in PACKAGES.",
        )


def _resolved(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise _unresolved(text) from None
    version = installed().get(canonicalize_name(requirement.name))
    if version is None or not requirement.specifier.contains(version, prereleases=True):
        raise _unresolved(text)
    return f"{requirement.name}=={version}"


def _unresolved(text: str) -> errors.SnowflakeError:
    return errors.compilation(
        _UNRESOLVED,
        "Cannot create a Python function with the specified packages. Please check your packages "
        f"specification and try again. 'Package not supported: {text}'.",
    )

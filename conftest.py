"""The order in which test files begin: those that took longest last time come first, so that none
of them runs alone at the end.

`pytest --store-durations` writes what each file took to tests/durations.json.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent
_FILE = _ROOT / "tests" / "durations.json"
_NEW_FILE_SECONDS = 30.0
_seconds: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store-durations",
        action="store_true",
        help="write the seconds that each file took to tests/durations.json",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = known_seconds()
    # Sorting is stable: the tests of a file stay together and in their order. A new file is
    # begun early, for nobody knows yet.
    files = {file_of(item): None for item in items}
    first = {file: (-known.get(file, _NEW_FILE_SECONDS), place) for place, file in enumerate(files)}
    items.sort(key=lambda item: first[file_of(item)])


def known_seconds() -> dict[str, float]:
    return json.loads(_FILE.read_text("utf-8")) if _FILE.exists() else {}


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid.partition("::")[0]] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")
    if session.config.getoption("--store-durations") and not is_worker:
        measured = {file: round(taken, 1) for file, taken in _seconds.items()}
        kept = {file: s for file, s in known_seconds().items() if (_ROOT / file).exists()}
        text = json.dumps({**kept, **measured}, indent=0, sort_keys=True)
        _FILE.write_text(text + "\n", "utf-8")

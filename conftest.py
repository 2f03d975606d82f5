"""The order in which test files begin: those that took longest last time come first, so that none
of them runs alone at the end. Files that share what takes long to make (an account's plans of the
same statements, a Kafka) follow one another, in one process.

`pytest --store-durations` writes what each file took to tests/durations.json.
"""

import gc
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parent
_FILE = _ROOT / "tests" / "durations.json"
_NEW_FILE_SECONDS = 30.0
# An account plans a statement once, until a table or view is made anywhere in it; a Kafka takes
# seconds to start.
_GROUPS = {
    "transforms": (
        "pipeline/staging_to_production",
        "pipeline/raw_to_staging",
        "pipeline/faults",
        "pipeline/fixed_cases",
        "pipeline/laws",
        "pipeline/readings",
        "pipeline/wrappings",
        "pipeline/future_events",
    ),
    "repairs": (
        "pipeline/reprocessing",
        "pipeline/rejections",
        "pipeline/corrections",
        "pipeline/forgetting",
        "pipeline/retention",
    ),
    "kafka": (
        "kafka/apache_kafka",
        "kafka/offsets",
        "kafka/groups",
        "kafka/records",
        "kafka/recreated_topics",
        "kafka/commands",
        "kafka/faults",
    ),
    "secured": ("kafka/security", "kafka/rights"),
}
_GROUP_OF = {
    f"tests/{folder}/test_{name}.py": group
    for group, files in _GROUPS.items()
    for folder, name in (file.split("/") for file in files)
}
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
    files = {file_of(item.nodeid): None for item in items}
    taken: Counter[str] = Counter()
    for file in files:
        taken[group_of(file)] += known.get(file, _NEW_FILE_SECONDS)
    place = {file: n for n, file in enumerate([*files, *_GROUP_OF])}
    items.sort(key=lambda item: rank(taken, place, file_of(item.nodeid)))
    # All modules and thousands of tests stay: the collector need not look through them so often. It
    # does not pass over them for good: a library would say at the end that it has leaked.
    gc.set_threshold(50_000)


def rank(taken: Counter[str], place: dict[str, int], file: str) -> tuple[float, str, int]:
    group = group_of(file)
    return -taken[group], group, place[file]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadfile`, but that a group goes to one process as a file does."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class GroupScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(file_of(nodeid))

    return GroupScheduling(config, log)


def known_seconds() -> dict[str, float]:
    return json.loads(_FILE.read_text("utf-8")) if _FILE.exists() else {}


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def group_of(file: str) -> str:
    """The name of the file's group: its own, if no other file belongs to it."""
    return _GROUP_OF.get(file, file)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[file_of(report.nodeid)] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")
    if session.config.getoption("--store-durations") and not is_worker:
        measured = {file: round(taken, 1) for file, taken in _seconds.items()}
        kept = {file: s for file, s in known_seconds().items() if (_ROOT / file).exists()}
        text = json.dumps({**kept, **measured}, indent=0, sort_keys=True)
        _FILE.write_text(text + "\n", "utf-8")

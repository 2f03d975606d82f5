"""The ingester with Kafka's client and Snowflake's connector alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ingest import optional

ROOT = Path(__file__).parents[2]
# Imports of these fail, as where they are not installed.
WITHOUT = """
import runpy, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""
START = """
sys.argv = ["ingest/ingester.py", "--help"]
runpy.run_path("ingest/ingester.py", run_name="__main__")
"""
COUNT = """
from ingest.fast import connector_gzip
from ingest.metrics import Metrics
metrics = Metrics()
with metrics.served("127.0.0.1", 1):
    metrics.set_lags({0: 5})
    metrics.forget_lags({0})
    metrics.retries.inc()
    metrics.batch_events.observe(3)
    metrics.events.labels("raw").inc(2)
print(connector_gzip.install())
"""


def run_without(code: str, *missing: str) -> subprocess.CompletedProcess[str]:
    program = WITHOUT.format(missing=set(missing)) + code
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_it_starts_without_any_of_the_optional_packages_nor_the_projects_others() -> None:
    others = ("rich", "yaml", "pandas", "pyarrow", "streamlit", "flocon", "typer", "fakesnow")
    done = run_without(START, *optional.COSTS, *others)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")
    assert "--batch-max-events" in done.stdout


def test_it_counts_for_nobody_and_leaves_the_connectors_gzip_alone() -> None:
    done = run_without(COUNT, *optional.COSTS)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_the_start_up_line_says_what_is_missing_and_what_that_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert optional.missing() == []
    monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "crc32c" else object())
    [told] = optional.missing()
    assert (
        told
        == "crc32c (checksums of messages are computed in Python, most of Kafka's client's time)"
    )

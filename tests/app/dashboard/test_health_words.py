"""The pipeline's metrics and incidents in words: no account, no browser."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import health
import pytest
from health import Clock, Verdict

NOW = datetime(2026, 11, 28, 17, 3, 12)
PARIS = Clock(ZoneInfo("Europe/Paris"), NOW)
OK = {"METRIC": "STREAM_LAG", "STATUS": "OK", "VALUE": 3.0, "THRESHOLD": 1000, "DETAIL": ""}


def incident(metric: str, thing: str, minutes: float, closed: float | None = None) -> Any:
    ended = None if closed is None else NOW - timedelta(minutes=closed)
    return {
        "METRIC": metric,
        "OBJECT": thing,
        "OPENED_AT": NOW - timedelta(minutes=minutes),
        "CLOSED_AT": ended,
    }


@pytest.mark.parametrize(
    ("metric", "value", "threshold", "text"),
    [
        ("PIPELINE_LATENCY", 81.2, 300, "p95 81 s of at most 300 s"),
        ("PIPELINE_LATENCY", 3600 * 26, 300, "p95 26 h of at most 300 s"),
        ("INGEST_STALLED", 4.04, 420, "last sign of life 4 s ago, of at most 420 s"),
        ("TASK_FAILURES", 0.5, 0, "0.5 % of the last day's runs failed, none should"),
        ("STREAM_LAG", 1234, 1000, "1,234 rows wait in the fullest stream, of fewer than 1,000"),
        ("WAREHOUSE_UTILISATION", 3.21, 80, "busy 3.2 % of ten minutes, of at most 80 %"),
        ("LOW_STOCK", 2, 0, "products below their threshold: 2, and none should be"),
    ],
)
def test_a_metric_is_a_figure_with_its_unit_and_its_promise(
    metric: str, value: float, threshold: int, text: str
) -> None:
    row = {"METRIC": metric, "STATUS": "OK", "VALUE": value, "THRESHOLD": threshold}
    assert health.words(row) == text


def test_without_a_sign_of_an_ingester_nobody_says_that_all_is_well() -> None:
    unknown = {**OK, "METRIC": "INGEST_STALLED", "STATUS": "UNKNOWN", "VALUE": None}
    assert health.verdict([OK, unknown], [], None, PARIS) == Verdict(
        "poor", "No ingester is known, as of 18:03:12. What is known is well."
    )


def test_what_cannot_be_measured_says_so() -> None:
    for metric, (_, unknown) in health.WORDS.items():
        row = {"METRIC": metric, "STATUS": "UNKNOWN", "VALUE": None, "THRESHOLD": 1}
        assert health.words(row) == unknown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0 s"), (9.96, "10 s"), (599, "599 s"), (600, "10 min"), (7200, "2 h"), (2e5, "2.3 d")],
)
def test_durations_are_told_in_the_unit_in_which_they_are_short(seconds: float, text: str) -> None:
    assert health.duration(seconds) == text


def test_all_is_well_until_when_that_is_known_on_the_viewers_clock() -> None:
    newest = NOW - timedelta(seconds=20)
    assert health.verdict([OK], [], newest, PARIS) == Verdict(
        "good", "All is well, as of 18:03:12; the newest row in production came at 18:02:52."
    )
    tokyo = Clock(ZoneInfo("Asia/Tokyo"), NOW)
    assert health.verdict([OK], [], None, tokyo).text == "All is well, as of 02:03:12."


def test_what_is_wrong_is_told_since_when_the_first_of_it_was_open() -> None:
    found = health.verdict(
        [OK],
        [
            incident("TASK_FAILED", "TASK_PURGE", 5),
            incident("INGEST_STALLED", "sales_events", 60),
            incident("LOW_STOCK", "p-1", 3000),
        ],
        NOW,
        PARIS,
    )
    assert found == Verdict(
        "bad",
        "Since 17:03:12: TASK_PURGE fails; nothing arrives from sales_events (as of 18:03:12).",
    )


def test_a_breach_that_no_incident_tells_of_yet_is_wrong_too() -> None:
    stalled = {
        "METRIC": "INGEST_STALLED",
        "STATUS": "BREACH",
        "VALUE": 500.0,
        "THRESHOLD": 420,
        "DETAIL": "sales_events: last sign of life …",
    }
    assert health.verdict([stalled], [], None, PARIS) == Verdict(
        "bad", "Just now: nothing arrives from sales_events; no incident yet (as of 18:03:12)."
    )


def test_low_stock_is_the_shops_affair() -> None:
    found = health.verdict([OK], [incident("LOW_STOCK", "p-1", 3000)], None, PARIS)
    assert found == Verdict("poor", "Events arrive, as of 18:03:12. To look at: low stock.")


def test_a_moment_of_another_day_has_its_day() -> None:
    assert PARIS.moment(datetime(2026, 11, 27, 23, 30)) == "00:30:00"
    assert PARIS.moment(datetime(2026, 11, 27, 22, 30)) == "27 Nov 23:30"
    assert PARIS.moment(None) == ""


def test_incidents_of_the_last_day_are_parts_of_it() -> None:
    found = [
        incident("STREAM_LAG", "a", 60 * 30, 60 * 18),
        incident("STREAM_LAG", "b", 60 * 20, 60 * 12),
        incident("STREAM_LAG", "c", 60 * 6),
        incident("LOW_STOCK", "p", 60),
        incident("STREAM_LAG", "d", 60 * 50, 60 * 40),
    ]
    assert health.open_spans(found, "STREAM_LAG", NOW) == [(0.0, 0.5), (0.75, 1.0)]
    assert health.open_spans(found, "INGEST_STALLED", NOW) == []

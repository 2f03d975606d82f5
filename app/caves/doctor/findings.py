"""What became of the assertions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.caves.doctor.assertion import Assertion

HOLDS, FAILS, NOT_ASKED = "holds", "fails", "not asked"


@dataclass(frozen=True)
class Finding:
    """`seen`: what Snowflake answered, or why it was not asked."""

    assertion: Assertion
    result: str
    seen: str
    seconds: float = 0.0


def of(findings: Sequence[Finding], result: str) -> list[Finding]:
    return [each for each in findings if each.result == result]


def verdict(findings: Sequence[Finding]) -> str:
    """`41 of 43 assertions hold, 1 fails, 1 was not asked`"""
    hold, fail, other = (len(of(findings, each)) for each in (HOLDS, FAILS, NOT_ASKED))
    parts = [f"{hold} of {len(findings)} assertions hold"]
    parts += [f"{fail} {'fails' if fail == 1 else 'fail'}"] if fail else []
    parts += [f"{other} {'was' if other == 1 else 'were'} not asked"] if other else []
    return ", ".join(parts)


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "holds": not of(findings, FAILS),
        "verdict": verdict(findings),
        "assertions": [
            {
                "name": each.assertion.name,
                "says": each.assertion.says,
                "result": each.result,
                "seen": each.seen,
                "otherwise": each.assertion.otherwise,
                "page": each.assertion.page,
                "seconds": round(each.seconds, 2),
            }
            for each in findings
        ],
    }

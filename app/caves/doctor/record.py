"""What Snowflake answered, as a file that can be sent to others, and how two of them differ.

It holds statements as they stand in this code, with placeholders for names; of answers, the columns
with their types and the number of rows; of errors, the number, the SQL state and the text. It never
holds values, nor names of the account, its users or its objects. A word that a message quotes stays
only if the statement, or this code, contains it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
HIDDEN = "'…'"
WORD_BEGINS, WORD_ENDS = r"(?<![A-Za-z0-9_$])", r"(?![A-Za-z0-9_$])"
# Ids of queries and sessions, addresses, hosts, long numbers.
IDENTIFYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\S+@\S+|\d{1,3}(?:\.\d{1,3}){3}"
    r"|\S+\.snowflakecomputing\.\w+|\b\d{10,}\b",
    re.IGNORECASE,
)
LISTING = re.compile(r"\s*(?:SHOW|LIST|DESCRIBE)\b|.*INFORMATION_SCHEMA", re.IGNORECASE | re.DOTALL)
SPACES = re.compile(r"\s+")

Columns = Sequence[tuple[str, str]]


@dataclass
class Record:
    """The answers by assertion. `names` must never appear, and `prefixes` are what the run's own
    names begin with, each with its placeholder."""

    names: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    results: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    current: str = ""

    def begin(self, assertion: str) -> None:
        self.current = assertion

    def answered(self, statement: str, columns: Columns, rows: int | None) -> None:
        """How many objects or runs an account has is its own affair: no rows of listings."""
        named = [[self.redacted(name, statement), kind] for name, kind in columns]
        counted = {} if LISTING.match(statement) else {"rows": rows}
        self._add(statement, {"columns": named, **counted})

    def refused(self, statement: str, errno: int | None, state: str | None, message: str) -> None:
        safe = self.redacted(message, statement)
        self._add(statement, {"errno": errno, "sqlstate": state, "message": safe})

    def judged(self, assertion: str, result: str, seen: str, is_own_text: bool) -> None:
        """is_own_text: the check has put it together, of what was in the scratch database."""
        said = [each["statement"] for each in self.answers.get(assertion, [])]
        safe = self.redacted(seen) if is_own_text else self.redacted(seen, " ".join([*said, " "]))
        self.results[assertion] = {"result": result, "seen": safe}

    def _add(self, statement: str, answer: dict[str, Any]) -> None:
        text = SPACES.sub(" ", statement).strip()
        self.answers.setdefault(self.current, []).append({"statement": text, **answer})

    def redacted(self, text: str, statement: str = "") -> str:
        """The text without what identifies the account."""
        for names, end in ((self.prefixes, ""), (self.names, WORD_ENDS)):
            for name in sorted(names, key=len, reverse=True):
                pattern = f"{WORD_BEGINS}{re.escape(name)}{end}"
                text = re.sub(pattern, names[name], text, flags=re.IGNORECASE)
        text = IDENTIFYING.sub("…", text)
        known = statement.upper()

        def redact(found: re.Match[str]) -> str:
            inside = found[0][1:-1]
            own = inside.upper() in known or "{" in inside
            return found[0] if own else HIDDEN

        return QUOTED.sub(redact, text) if statement else text

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **self.facts,
            "assertions": {
                name: {**result, "answers": self.answers.get(name, [])}
                for name, result in self.results.items()
            },
        }


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """How `found` differs from `expected`, a line each; both are what a run recorded."""
    if expected.get("format") != found.get("format"):
        return [f"format {expected.get('format')} cannot be compared with {found.get('format')}"]
    lines: list[str] = []
    mine, others = expected["assertions"], found["assertions"]
    for name in dict.fromkeys([*mine, *others]):
        if name not in others or name not in mine:
            lines.append(f"{name}: only in the {'first' if name in mine else 'second'}")
            continue
        lines += [f"{name}: {each}" for each in _of_assertion(mine[name], others[name])]
    return lines


def _of_assertion(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    lines = []
    if mine["result"] != other["result"]:
        lines.append(
            f"{mine['result']} ({mine['seen']}), {other['result']} ({other['seen']}) in the second"
        )
    if "not asked" in (mine["result"], other["result"]):
        return lines
    for one, two in zip(mine["answers"], other["answers"], strict=False):
        if one["statement"] != two["statement"]:
            return [*lines, f"statements part at {one['statement'][:80]!r}"]
        lines += [f"{_short(one['statement'])}: {each}" for each in _of_answer(one, two)]
    more = len(mine["answers"]) - len(other["answers"])
    return [*lines, f"{abs(more)} statements more in one of them"] if more else lines


def _of_answer(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[str]:
    lines = []
    for key in ("errno", "sqlstate", "message", "rows"):
        if one.get(key) != two.get(key):
            lines.append(f"{key} {one.get(key)!r}, {two.get(key)!r} in the second")
    mine, other = dict(one.get("columns", [])), dict(two.get("columns", []))
    for name in dict.fromkeys([*mine, *other]):
        if mine.get(name) != other.get(name):
            lines.append(
                f"column {name!r}: {mine.get(name, 'missing')},"
                f" {other.get(name, 'missing')} in the second"
            )
    if not lines and list(mine) != list(other):
        lines.append("columns in another order")
    return lines


def _short(statement: str) -> str:
    return statement if len(statement) <= 60 else f"{statement[:57]}…"

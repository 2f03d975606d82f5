"""MERGE beside a model of what its page says, on random rows and clauses."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
import snowflake.connector
from shared import one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any
Target = tuple[int | None, int, str]
Source = tuple[int | None, int]

CASES = 12


class Condition(NamedTuple):
    """In SQL, and of a target's row (id, x, n) and a source's (id, v)."""

    sql: str
    holds: Callable[[Any, Source], bool]


def _both(t: Any, s: Source) -> bool:
    return t[0] is not None and s[0] is not None


ON = (
    Condition("t.id = s.id", lambda t, s: _both(t, s) and t[0] == s[0]),
    Condition("t.id >= s.id", lambda t, s: _both(t, s) and t[0] >= s[0]),
    Condition("t.id = s.id AND t.x < 3", lambda t, s: _both(t, s) and t[0] == s[0] and t[1] < 3),
)
ALWAYS = Condition("", lambda t, s: True)
MATCHED = (
    ALWAYS,
    Condition("s.v > 2", lambda t, s: s[1] > 2),
    Condition("t.x > 1", lambda t, s: bool(t[1] > 1)),
    Condition("t.x < s.v", lambda t, s: bool(t[1] < s[1])),
)
UNMATCHED = (
    ALWAYS,
    Condition("s.v > 2", lambda t, s: s[1] > 2),
    Condition("s.id IS NULL", lambda t, s: s[0] is None),
)
UPDATE, DELETE = "UPDATE SET x = s.v + 10, n = n || '!'", "DELETE"


@dataclass
class Merge:
    on: Condition
    matched: list[tuple[Condition, str]]
    unmatched: list[Condition]

    @classmethod
    def random(cls, choose: random.Random) -> "Merge":
        """Only the last clause of a kind may be without a condition; one clause there is."""
        count = choose.randrange(1, 6)
        matched = [
            (choose.choice(MATCHED[place > 0 :]), choose.choice((UPDATE, DELETE)))
            for place in reversed(range(count % 3))
        ]
        unmatched = [choose.choice(UNMATCHED[place > 0 :]) for place in reversed(range(count // 2))]
        return cls(choose.choice(ON), matched, unmatched)

    @property
    def sql(self) -> str:
        clauses = [f" WHEN MATCHED{_and(when)} THEN {then}" for when, then in self.matched] + [
            f" WHEN NOT MATCHED{_and(when)} THEN INSERT VALUES (s.id, s.v, 'new {place}')"
            for place, when in enumerate(self.unmatched)
        ]
        return f"MERGE INTO t USING s ON {self.on.sql}{''.join(clauses)}"


def _and(condition: Condition) -> str:
    return f" AND {condition.sql}" if condition.sql else ""


@dataclass
class Outcome:
    """The target's rows after it, and the answer; or that it contradicts itself."""

    rows: list[Target] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    contradicts: bool = False


def outcome(merge: Merge, targets: list[Target], sources: list[Source]) -> Outcome:
    new = [row for each in sources if (row := _inserted(merge, targets, each))]
    found = Outcome()
    changed: Counter[str] = Counter()
    for row in targets:
        done = [
            (then, each)
            for each in sources
            if merge.on.holds(row, each) and (then := _done(merge, row, each))
        ]
        if not done:
            found.rows.append(row)
        elif {then for then, _ in done} == {DELETE}:
            changed[DELETE] += 1
        elif len(done) == 1:
            changed[UPDATE] += 1
            found.rows.append((row[0], done[0][1][1] + 10, row[2] + "!"))
        else:
            return Outcome(contradicts=True)
    found.rows += new
    kinds = {then for _, then in merge.matched}
    found.counts = {"inserted": len(new)} if merge.unmatched else {}
    found.counts |= {"updated": changed[UPDATE]} if UPDATE in kinds else {}
    found.counts |= {"deleted": changed[DELETE]} if DELETE in kinds else {}
    return found


def _done(merge: Merge, row: Target, source: Source) -> str | None:
    return next((then for when, then in merge.matched if when.holds(row, source)), None)


def _inserted(merge: Merge, targets: list[Target], source: Source) -> Target | None:
    if any(merge.on.holds(row, source) for row in targets):
        return None
    places = (p for p, when in enumerate(merge.unmatched) if when.holds(None, source))
    place = next(places, None)
    return None if place is None else (source[0], source[1], f"new {place}")


@pytest.fixture(scope="module", autouse=True)
def tables(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE s (id INT, v INT)")
        cursor.execute("CREATE TABLE logged (id INT, x INT, n VARCHAR)")
        cursor.execute("CREATE TABLE plain LIKE logged")
        cursor.execute("CREATE STREAM changes ON TABLE logged")


def _fill(run: Run, table: str, rows: list[Any]) -> None:
    run(f"DELETE FROM {table}")
    marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
    run(f"INSERT INTO {table} VALUES {marks}", *(value for row in rows for value in row))


@pytest.mark.parametrize("table", ["logged", "plain"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_merge_does_what_its_clauses_say_and_a_stream_shows_it(
    run: Run, seed: int, table: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    choose = random.Random(seed)
    for _ in range(CASES):
        merge = Merge.random(choose)
        ids = (1, 2, 3, None)
        targets = [(choose.choice(ids), choose.randrange(5), f"t{n}") for n in range(4)]
        sources = [
            (choose.choice((*ids, 4)), choose.randrange(5)) for _ in range(choose.choice((1, 4)))
        ]
        _fill(run, table, targets)
        _fill(run, "s", sources)
        run("CREATE OR REPLACE STREAM changes ON TABLE logged")
        _check(run, table, merge, targets, outcome(merge, targets, sources))


def _check(run: Run, table: str, merge: Merge, targets: list[Target], wanted: Outcome) -> None:
    sql = merge.sql.replace("INTO t ", f"INTO {table} AS t ")
    if wanted.contradicts:
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
            run(sql)
        assert caught.value.errno == 100090, sql
        wanted = Outcome(targets)
    else:
        assert run(sql) == [tuple(wanted.counts.values())], sql
    assert Counter(run(f"SELECT * FROM {table}")) == Counter(wanted.rows), sql
    if table == "logged":
        shown = run("SELECT id, x, n, METADATA$ACTION FROM changes")
        assert _shown(shown, "INSERT") == Counter(wanted.rows) - Counter(targets), sql
        assert _shown(shown, "DELETE") == Counter(targets) - Counter(wanted.rows), sql


def _shown(changes: list[Any], action: str) -> Counter[Any]:
    return Counter(tuple(row) for *row, done in changes if done == action)

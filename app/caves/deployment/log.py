"""OPS.DEPLOYMENT_LOG: what earlier deployments did, and what this one does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.target import Account, Row, is_missing

DONE, FAILED = "DONE", "FAILED"

LAST = """
SELECT STARTED_AT, DEPLOYED_BY, OUTCOME, SETTINGS, TASKS_BEFORE, OBJECTS_AFTER
FROM {db}.OPS.DEPLOYMENT_LOG
WHERE OUTCOME = ? OR ? IS NULL
ORDER BY STARTED_AT DESC
LIMIT 1
"""
BEGIN = """
INSERT INTO {db}.OPS.DEPLOYMENT_LOG
    (DEPLOYMENT_ID, STARTED_AT, DEPLOYED_BY, REVISION, OUTCOME, SETTINGS, TASKS_BEFORE)
SELECT ?, SYSDATE(), CURRENT_USER(), ?, 'RUNNING', PARSE_JSON(?), PARSE_JSON(?)
"""
FINISH = """
UPDATE {db}.OPS.DEPLOYMENT_LOG
SET FINISHED_AT = SYSDATE(), OUTCOME = 'DONE', OBJECTS_AFTER = PARSE_JSON(?), FAILURE = ?
WHERE DEPLOYMENT_ID = ?
"""
FAIL = """
UPDATE {db}.OPS.DEPLOYMENT_LOG
SET FINISHED_AT = SYSDATE(), OUTCOME = 'FAILED', FAILURE = ?
WHERE DEPLOYMENT_ID = ?
"""


@dataclass(frozen=True)
class Recorded:
    """One earlier deployment. `tasks`: which ran before it; `objects`: `KIND NAME` to its digest
    and to what SHOW said of it afterwards.
    """

    outcome: str
    started_at: Any
    deployed_by: str
    settings: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, bool] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """The last deployment, also one that failed, and the last one that succeeded."""

    last: Recorded | None = None
    done: Recorded | None = None


def read(account: Account) -> History:
    """Nothing where there was no deployment, or only of a version that kept no log."""
    try:
        last, done = account.rows(LAST, (None, None)), account.rows(LAST, (DONE, DONE))
    except ProgrammingError as error:
        if is_missing(error):
            return History()
        raise
    return History(*(_recorded(rows[0]) if rows else None for rows in (last, done)))


def _recorded(row: Row) -> Recorded:
    return Recorded(
        outcome=row["OUTCOME"],
        started_at=row["STARTED_AT"],
        deployed_by=row["DEPLOYED_BY"],
        settings=json.loads(row["SETTINGS"] or "{}"),
        tasks=json.loads(row["TASKS_BEFORE"] or "{}"),
        objects=json.loads(row["OBJECTS_AFTER"] or "{}"),
    )


def begin(
    account: Account,
    deployment: str,
    revision: str | None,
    settings: Mapping[str, str],
    tasks: Mapping[str, bool],
) -> None:
    values = (deployment, revision, json.dumps(dict(settings)), json.dumps(dict(tasks)))
    account.rows(BEGIN, values)


def finish(
    account: Account, deployment: str, objects: Mapping[str, Any], failure: str | None = None
) -> None:
    """The pipeline runs; failure: of what it runs without."""
    account.rows(FINISH, (json.dumps(dict(objects)), failure, deployment))


def fail(account: Account, deployment: str, failure: str) -> None:
    """Called once the tasks run as before. Where they do not, the row stays RUNNING, and the next
    deployment starts them.
    """
    account.rows(FAIL, (failure, deployment))

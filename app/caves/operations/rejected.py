"""Rejected events: finding them, and the procedures that retry and discard them.

An event goes by its Kafka coordinates, `topic/partition/offset`. The row of a gap that an operator
accepted has no offset: its id ends in `-`.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError, UsageError
from app.caves.operations.procedures import ACCEPT_FUTURE, DISCARD, RETRY, call, user
from app.caves.target import Account, Row, is_missing

ID = re.compile(r"[A-Za-z0-9._-]{1,249}/\d+/(\d+|-)")
# What the reason of an event says that is too far in the future.
TOO_LATE = "max_event_future_seconds"
STAGES = ("INGEST", "STAGING")
STATUSES = ("OPEN", "RETRIED", "DISCARDED")

COORDINATES = """
    CONCAT(r.KAFKA_TOPIC, '/', r.KAFKA_PARTITION::VARCHAR, '/',
        COALESCE(r.KAFKA_OFFSET::VARCHAR, '-'))
"""
# One value: what is missing in it chooses everything.
FOUND = f"""
SELECT {COORDINATES} AS ID, r.*, COUNT(*) OVER () AS TOTAL
FROM {{db}}.RAW_DATA.REJECTED_EVENTS r
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) c
WHERE (c.CHOICE:events IS NULL
        OR CONTAINS(c.CHOICE:events::VARCHAR, CONCAT(' ', {COORDINATES}, ' ')))
    AND (c.CHOICE:stage IS NULL OR r.STAGE = c.CHOICE:stage::VARCHAR)
    AND (c.CHOICE:status IS NULL OR r.STATUS = c.CHOICE:status::VARCHAR)
    AND (c.CHOICE:reason IS NULL
        OR CONTAINS(LOWER(r.REASON), LOWER(c.CHOICE:reason::VARCHAR)))
    AND (c.CHOICE:since IS NULL OR r.REJECTED_AT >= c.CHOICE:since::TIMESTAMP_NTZ)
    AND (c.CHOICE:until IS NULL OR r.REJECTED_AT < c.CHOICE:until::TIMESTAMP_NTZ)
QUALIFY ROW_NUMBER() OVER (
    ORDER BY r.REJECTED_AT DESC, r.KAFKA_TOPIC, r.KAFKA_PARTITION, r.KAFKA_OFFSET
) <= COALESCE(c.CHOICE:limit::NUMBER(10, 0), 1000000)
ORDER BY r.REJECTED_AT DESC, r.KAFKA_TOPIC, r.KAFKA_PARTITION, r.KAFKA_OFFSET
"""


@dataclass(frozen=True)
class Choice:
    """Which rejected events; None is any."""

    ids: tuple[str, ...] | None = None
    stage: str | None = None
    status: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        for each in self.ids or ():
            if not ID.fullmatch(each):
                raise UsageError(f"{each!r} is not an id: give topic/partition/offset")

    @property
    def value(self) -> str:
        """What FOUND reads."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if (ids := given.pop("ids", None)) is not None:
            given["events"] = f" {' '.join(ids)} "
        return json.dumps(given, default=lambda moment: moment.isoformat(sep=" "))

    @property
    def array(self) -> str | None:
        """What the procedures take for the ids."""
        return None if self.ids is None else json.dumps(self.ids)


def find(account: Account, choice: Choice) -> list[Row]:
    """The rejected events that are chosen, the newest first; TOTAL is their number, unlimited."""
    try:
        return account.rows(FOUND, (choice.value,))
    except ProgrammingError as error:
        if is_missing(error):
            raise CommandError(
                f"the pipeline is not in {account.database}: run `caves deploy` first"
            ) from error
        raise


def show(account: Account, event: str) -> Row:
    """The one rejection with this id: the undecided, or else the newest."""
    rows = find(account, Choice((event,)))
    if not rows:
        raise CommandError(unknown([event]))
    return next((row for row in rows if row["STATUS"] == "OPEN"), rows[0])


def retry(account: Account, choice: Choice) -> dict[str, int]:
    """Today's transforms for the chosen; raises before anything is done if one of the ids cannot
    be retried."""
    _check(account, choice, for_retry=True)
    return call(account, RETRY, (choice.array, choice.reason))


def accept_future(account: Account, choice: Choice, why: str | None) -> dict[str, int]:
    """As `retry`, for events that are named, however far in the future they are. The
    rejections record who decided that, and why."""
    _check(account, choice, for_retry=True)
    note = f"its future moment accepted by {user(account)}" + (f": {why}" if why else "")
    return call(account, ACCEPT_FUTURE, (choice.array, note))


def discard(account: Account, choice: Choice, note: str | None) -> dict[str, int]:
    """Give the chosen up; raises before anything is done if one of the ids cannot be discarded."""
    _check(account, choice, for_retry=False)
    return call(account, DISCARD, (choice.array, choice.reason, note))


def _check(account: Account, choice: Choice, for_retry: bool) -> None:
    """Raise unless every id is an OPEN rejection, and, for_retry, one that can be retried."""
    if choice.ids is None:
        return
    found: dict[str, Row] = {}
    for row in find(account, Choice(choice.ids)):
        if row["ID"] not in found or row["STATUS"] == "OPEN":
            found[row["ID"]] = row
    if missing := [each for each in choice.ids if each not in found]:
        raise CommandError(unknown(missing))
    for each, row in found.items():
        if row["STATUS"] != "OPEN":
            raise CommandError(f"{each} is {row['STATUS']} already: nothing was changed")
        if for_retry and row["STAGE"] == "INGEST":
            raise CommandError(f"{each} was rejected by the ingester ({row['REASON']}). {RESEND}")


RESEND = (
    "It never became a row of RAW, so there is nothing to transform again: fix the source, send"
    " the message again with its key and headers (`caves rejected show ID` has them, --payload"
    " prints the message), then discard this one"
)


def unknown(ids: Sequence[str]) -> str:
    return f"no rejected event {', '.join(ids)}: `caves rejected list` shows what there is"


def payload(row: Row) -> bytes:
    """The message as it came, as far as it was recorded."""
    text = row["PAYLOAD"] or ""
    if row["PAYLOAD_ENCODING"] == "base64":
        return base64.b64decode(text)
    return bytes(text, "utf-8")


def readable(row: Row) -> str:
    """The payload for people: JSON with indentation, other text as it is, bytes as Python has them.

    A payload cut off at the ingester's limit may be anything.
    """
    if row["PAYLOAD"] is None:
        return "(none)"
    try:
        content = payload(row)
        text = content.decode()
    except (binascii.Error, UnicodeDecodeError):
        return repr(content)
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text if text.isprintable() else repr(text)


def advice(row: Row) -> str:
    """What can be done about the rejection."""
    event = row["ID"]
    if row["STATUS"] != "OPEN":
        return f"nothing: it is {row['STATUS']}"
    if row["STAGE"] == "INGEST":
        return RESEND.replace("ID", event)
    if TOO_LATE in row["REASON"]:
        return (
            f"once its moment is near: `caves rejected retry {event}`. A wrong clock: have the shop"
            " set it and send the event again under the same id, then `caves rejected discard"
            f" {event}`. The moment is right: `caves rejected retry {event} --accept-future`"
        )
    return (
        "have the shop send a right event under the same id, or fix the rule and `caves deploy`;"
        f" then `caves rejected retry {event}`, or `caves rejected discard {event}`"
    )
